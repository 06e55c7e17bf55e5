//! `--check-determinism` does each run twice, and reports the first record that differs.

use crate::harness::{LAB, Lab};

/// A node that records the wall clock from its fifth tick on, and a deterministic node.
const READS_CLOCK: &str = "\
name = \"looks\"
runs = 2
duration = \"3s\"
[nodes.well]
behavior = \"clock.machine\"
tick_rate = 7
config = { faces = 4, script = [4] }
[nodes.ill]
behavior = \"misbehaving.reads_clock\"
tick_rate = 2
config = { from = 5 }
[[links]]
from = \"well\"
to = \"ill\"
";

const INTO_OUT: [&str; 5] = [
    "scenario.toml",
    "--no-report",
    "--check-determinism",
    "--out",
    "out",
];

#[test]
fn a_deterministic_plan_passes_with_the_same_results() {
    let lab = Lab::with(LAB);
    lab.run_into("once", &[]);
    for more in [
        &[][..],
        &["--log", "combined"],
        &["--log", "off"],
        &["--isolate"],
    ] {
        let out = format!("out{}", more.concat());
        lab.run_into(&out, &[&["--check-determinism"], more].concat());
        assert_eq!(
            lab.read(&format!("{out}/summary.csv")),
            lab.read("once/summary.csv")
        );
        // Nothing is left of the second execution.
        let names: Vec<String> = lab.files(&out).into_keys().collect();
        let odd = |name: &&String| name.contains(".first") || name.contains(".again");
        assert_eq!(names.iter().find(odd), None);
        assert!(!names.iter().any(|name| name.contains(".partial")));
    }
    let logs = |out: &str| {
        let mut files = lab.files(out);
        files.retain(|name, _| name.starts_with("runs/"));
        files
    };
    assert_eq!(logs("once"), logs("out"));
    assert!(logs("out--logoff").is_empty());
}

#[test]
fn the_first_record_that_differs_is_reported() {
    for more in [&[][..], &["--isolate"]] {
        let lab = Lab::with(READS_CLOCK);
        let answer = lab.runner(&[&INTO_OUT[..], more].concat()).ends(1);
        let told = "error: run 1: done twice, it differs: node `ill`, row 6 of ill.csv, \
                    column `seen`\n  first:  2500000000,5,tick,,,,0,";
        assert!(answer.err.contains(told), "{}", answer.err);
        assert!(answer.err.contains("\n  second: 2500000000,5,tick,,,,0,"));
        assert!(
            answer
                .err
                .contains("\n  the second is kept in out/runs/0001.")
        );
        assert!(answer.err.contains("--run 1"), "{}", answer.err);
        assert!(
            answer.err.contains(" --check-determinism\n"),
            "{}",
            answer.err
        );
        let runs = lab.table("out/runs.csv");
        assert_eq!(runs.texts("status"), ["complete"; 2]);
        assert_eq!(runs.texts("verdict"), ["failed"; 2]);
        assert!(lab.path("out/runs/0001/ill.csv").exists());
        assert!(lab.path("out/runs/0001.again/ill.csv").exists());
    }
}

#[test]
fn the_difference_is_found_without_logs_too() {
    let lab = Lab::with(READS_CLOCK);
    lab.runner(&[&INTO_OUT[..], &["--log", "off"]].concat())
        .ends(1)
        .says(&["node `ill`, row 6 of ill.csv, column `seen`"]);
    let lab = Lab::with(READS_CLOCK);
    lab.runner(&[&INTO_OUT[..], &["--log", "combined"]].concat())
        .ends(1)
        .says(&["node `ill`, row ", " of events.csv, column `seen`"]);
}

#[test]
fn a_run_that_fails_the_same_way_twice_is_only_a_failed_run() {
    let lab = Lab::with(
        "name = \"ill\"\nduration = \"3s\"\n[nodes.a]\nbehavior = \"misbehaving.panics\"\n\
         tick_rate = 4\nconfig = { in = \"tick\", at = 3 }\n",
    );
    let answer = lab.runner(&INTO_OUT).ends(3);
    assert!(!answer.err.contains("done twice"), "{}", answer.err);
}

#[test]
fn real_time_is_refused() {
    let lab = Lab::with(LAB);
    lab.runner(&[&INTO_OUT[..], &["--time", "real"]].concat())
        .ends(2)
        .says(&["`lab` runs in real time, where no two runs are equal"]);
    assert!(!lab.path("out").exists());
}
