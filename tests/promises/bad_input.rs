//! Bad input gives an error with a place and a way out, and the right exit code. No
//! finished run is lost, and the runner never panics. Covers files, options, results
//! folders and full disks. (`scenario_errors` covers the mistakes inside a scenario file.)

use std::fs;

use proptest::prelude::*;

use crate::harness::{LAB, Lab};

/// `check` and `run` refuse the scenario with exit code 2 and these words, and nothing
/// runs.
fn refused(scenario: &str, parts: &[&str]) {
    let lab = Lab::with(scenario);
    lab.runner(&["check", "scenario.toml"]).ends(2).says(parts);
    lab.runner(&["scenario.toml"]).ends(2).says(parts);
    assert!(!lab.path("results").exists());
}

fn machine(lines: &str) -> String {
    format!("name = \"a\"\nduration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\n{lines}\n")
}

#[test]
fn a_missing_or_empty_file_is_named() {
    let lab = Lab::new();
    lab.runner(&["nowhere/a.toml"])
        .ends(2)
        .says(&["nowhere/a.toml: there is no such file"]);
    refused(
        "",
        &["scenario.toml: the file is empty, expected a scenario"],
    );
    refused("# nothing\n", &["scenario.toml"]);
}

#[test]
fn a_syntax_error_is_reported_with_its_place() {
    refused("name = \"a\"\n[nodes.a\n", &["scenario.toml:2:"]);
    refused("name = = 1\n", &["scenario.toml:1:8"]);
}

#[test]
fn unknown_keys_and_contradictions_are_reported_with_their_place() {
    let both = machine("tick_rate = 1\nservice_time = \"1s\"");
    refused(&both, &["scenario.toml:6:1: ", "service_time", "tick_rate"]);
    refused(
        &machine("tick_rat = 1"),
        &["scenario.toml:5:1: ", "did you mean `tick_rate`?"],
    );
    let endless = machine("tick_rate = 1").replace("duration = \"1s\"\n", "");
    refused(&endless, &["duration"]);
}

#[test]
fn counts_and_rates_have_bounds() {
    for (lines, place) in [
        ("tick_rate = 0", "scenario.toml:5:13: "),
        ("tick_rate = -1", "scenario.toml:5:13: "),
        ("tick_rate = 1e300", "scenario.toml:5:13: "),
        ("tick_rate = nan", "scenario.toml:5:13: "),
        ("tick_rate = 1\ncount = 0", "scenario.toml:6:9: "),
        ("tick_rate = 1\ncount = -3", "scenario.toml:6:9: "),
        (
            "tick_rate = 1\ncount = 9223372036854775807",
            "scenario.toml:6:9: ",
        ),
        (
            "tick_rate = 1\ncount = 99999999999999999999",
            "scenario.toml:6:9: ",
        ),
        ("tick_interval = \"0s\"", "scenario.toml:5:17: "),
        ("tick_interval = \"-1s\"", "scenario.toml:5:17: "),
        ("tick_interval = \"99999999999h\"", "scenario.toml:5:17: "),
    ] {
        refused(&machine(lines), &[place]);
    }
    for (option, value) in [
        ("--runs", "0"),
        ("--runs", "4294967295"),
        ("--duration", "0s"),
        ("--duration", "-1s"),
        ("--duration", "10"),
        ("--duration", "soon"),
        ("--set", "runs"),
        ("--set", "nodes.b.count=2"),
    ] {
        let lab = Lab::with(&machine("tick_rate = 1"));
        let option = format!("{option}={value}");
        let flag = &option[..5];
        lab.runner(&["scenario.toml", &option])
            .ends(2)
            .says(&[flag]);
        assert!(!lab.path("results").exists());
    }
}

#[test]
fn a_config_that_the_behavior_rejects_is_reported_with_its_place() {
    let said = [
        (
            "config = { faces = 0 }",
            "6:20: `faces`: expected a whole number of at least 1, found 0",
        ),
        ("config = { faces = 1.5 }", "6:20: "),
        ("config = { faces = 99999999999 }", "6:20: "),
        ("config = { face = 6 }", "6:12: unknown key `face`\n"),
        (
            "config = { script = [1, 99] }",
            "6:25: `script[1]`: a roll of 99 with a die of 10 faces",
        ),
        ("config = { script = [1, \"2\"] }", "6:25: "),
        (
            "config = { encoding = \"utf8\" }",
            "6:23: `encoding`: expected one of \"bincode\"",
        ),
        ("config.broadcast = 3", "6:20: "),
        ("config = 3", "6:10: "),
    ];
    for (line, place) in said {
        let place = format!("scenario.toml:{place}");
        refused(&machine(&format!("tick_rate = 1\n{line}")), &[&place]);
    }
    let odd = "name = \"a\"\n[nodes.a]\nbehavior = \"misbehaving.refuses\"\nconfig.even = 3\n";
    refused(
        odd,
        &["scenario.toml:4:15: `even`: expected an even number, found 3"],
    );
    // From the command line, the place is the option.
    let lab = Lab::with(&machine("tick_rate = 1"));
    lab.runner(&["check", "scenario.toml", "--set", "nodes.a.config.faces=0"])
        .ends(2)
        .says(&[
            "--set nodes.a.config.faces=0: `faces`: expected a whole number of at least 1, found 0",
        ]);
}

#[test]
fn a_results_folder_that_cannot_be_created_is_an_error() {
    let lab = Lab::with(LAB);
    for out in ["scenario.toml", "scenario.toml/below", "/proc/nowhere"] {
        lab.runner(&["scenario.toml", "--out", out]).ends(2).says(&[
            &format!("error: cannot make the results folder {out}"),
            "--out DIR",
        ]);
    }
    assert_eq!(lab.read("scenario.toml"), LAB);
    // A file is where the results folder would be.
    lab.write("results", "mine");
    lab.runner(&["scenario.toml"]).ends(2).says(&[
        "error: cannot make the results folder results/lab",
        "--out DIR",
    ]);
    assert_eq!(lab.read("results"), "mine");
}

/// Runs with a limit on the size of each file, in kibibytes: a write beyond the limit
/// fails, as on a full disk.
fn cramped(lab: &Lab, kibibytes: u32, options: &str) -> crate::harness::Answer {
    // `ulimit -f` of a POSIX shell counts blocks of 512 bytes.
    let blocks = 2 * kibibytes;
    lab.shell(&format!(
        "trap '' XFSZ; ulimit -f {blocks}; exec \"$RUNNER\" scenario.toml --out out {options}"
    ))
}

#[test]
fn a_full_disk_loses_no_finished_run() {
    // The journal is the first file to reach the limit.
    let lab = Lab::with(LAB);
    cramped(&lab, 40, "--runs 200 --duration 5s --jobs 1")
        .ends(3)
        .says(&[
            "out/runs.journal: cannot write the results: ",
            "File too large",
        ])
        .says(&["finished runs are kept"]);
    let runs = lab.table("out/runs.csv");
    let count = runs.rows.len();
    assert!((10..200).contains(&count), "{count}");
    assert_eq!(runs.texts("status"), vec!["complete"; count]);
    let free = Lab::with(LAB);
    free.run_into("out", &["--runs", "200", "--duration", "5s"]);
    let expected = free.files("out");
    for run in 1..=count {
        let log = format!("runs/{run:04}/machine-1.csv");
        assert_eq!(
            fs::read(lab.path("out").join(&log)).unwrap(),
            expected[&log]
        );
    }
    // No table ends within a line, so `report` can still read the tables.
    assert!(lab.read("out/summary.csv").ends_with('\n'));
    let missing = format!("{} of 200 runs are missing: ", 200 - count);
    lab.runner(&["report", "out"]).ends(4).says(&[&missing]);
    assert!(lab.read("out/report.md").contains("lab"));
}

#[test]
fn a_log_that_cannot_be_written_leaves_a_mark() {
    let lab = Lab::with(LAB);
    let limits = "--runs 3 --duration 20m --jobs 1";
    cramped(&lab, 64, limits).ends(3).says(&[
        "error: out/runs/0001.partial/machine-",
        "File too large",
        "finished runs are kept",
    ]);
    assert!(!lab.path("out/runs/0001").exists());
    assert!(lab.path("out/runs/0001.partial").exists());
    assert!(lab.table("out/runs.csv").rows.is_empty());
}

#[test]
fn a_report_that_cannot_be_written_leaves_the_results() {
    let lab = Lab::with(LAB);
    // The report is one file, larger than each table of so few runs.
    cramped(&lab, 24, "--runs 2 --duration 10s")
        .ends(3)
        .says(&["error: the report could not be built: ", "File too large"]);
    assert_eq!(lab.table("out/runs.csv").texts("status"), ["complete"; 2]);
    assert!(!lab.path("out/report.html").exists());
    lab.runner(&["report", "out"]).passes();
    assert!(lab.path("out/report.html").exists());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// A scenario with changed bytes is run or refused; the runner does not panic.
    #[test]
    fn a_damaged_scenario_never_panics(
        cuts in prop::collection::vec((0usize..LAB.len(), any::<u8>()), 1..4)
    ) {
        let mut bytes = LAB.as_bytes().to_vec();
        for (at, byte) in cuts {
            bytes[at] = byte;
        }
        let lab = Lab::new();
        fs::write(lab.path("scenario.toml"), bytes).unwrap();
        let answer = lab.runner(&["check", "scenario.toml"]);
        prop_assert!(matches!(answer.code, Some(0 | 2)), "{answer:?}");
        prop_assert_eq!(answer.code == Some(0), answer.err.is_empty());
    }
}
