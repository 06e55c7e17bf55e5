//! A run in virtual time that has a second core to itself has its logs written on another
//! thread, or all records taken there if there are no logs: its files are the same, and so is
//! how it ends.

use crate::harness::{Answer, Lab};

/// Machines whose messages take time, one that crashes, a property that fails.
const MACHINES: &str = "\
name = \"machines\"
duration = \"300s\"
[nodes.machine]
count = 4
behavior = \"clock.machine\"
tick_rate = { uniform_int = [1, 6] }
drift = { uniform = [-100.0, 100.0] }
[[links]]
between = [\"machine\", \"machine\"]
latency = { uniform = [\"1ms\", \"2s\"] }
loss = 0.1
[[faults]]
at = \"20s\"
for = \"10s\"
crash = [\"machine-2\"]
[[property]]
name = \"small\"
always = \"clock < 1000\"
";

/// Lights print lines, and have columns of text.
const CROSSING: &str = "\
name = \"crossing\"
duration = \"8h\"
[nodes.controller]
behavior = \"traffic.controller\"
[nodes.east_west]
behavior = \"traffic.light\"
[nodes.north_south]
behavior = \"traffic.light\"
[nodes.button]
behavior = \"traffic.button\"
config = { gap = { exponential = { mean = \"1m\" } } }
[[links]]
between = [\"controller\", \"*\"]
";

/// It fails after some thousand rows.
const PANICS: &str = "\
name = \"panics\"
duration = \"10s\"
[nodes.well]
behavior = \"clock.machine\"
tick_rate = 1000
config = { faces = 4, script = [4] }
[nodes.ill]
behavior = \"misbehaving.panics\"
tick_rate = 1000
config = { in = \"tick\", at = 3000 }
";

fn run(lab: &Lab, out: &str, more: &[&str]) -> Answer {
    let arguments = ["scenario.toml", "--no-report", "--quiet", "--out", out];
    let mut command = lab.command(&[&arguments[..], more].concat());
    lab.answer(command.env("RUNNER_LOG", "runner::session=debug"))
}

fn is_on_two_threads(answer: &Answer) -> bool {
    let said = [
        "another thread takes the records",
        "another thread writes the logs",
    ];
    said.iter().any(|it| answer.err.contains(it))
}

/// All that must be the same of two runs.
fn files(lab: &Lab, out: &str) -> Vec<(String, Vec<u8>)> {
    let wanted = |name: &str| name == "summary.csv" || name.starts_with("runs/");
    let files = lab.files(out).into_iter().filter(|(name, _)| wanted(name));
    let mut files: Vec<_> = files.collect();
    for table in ["runs.csv", "verdicts.csv"] {
        if lab.path(&format!("{out}/{table}")).exists() {
            let table = lab.table(&format!("{out}/{table}"));
            let columns = table.header.iter().filter(|name| *name != "wall_s");
            let cells: Vec<String> = columns.map(|name| table.texts(name).join(",")).collect();
            files.push(("table".to_owned(), cells.join("\n").into_bytes()));
        }
    }
    files
}

#[test]
fn records_taken_on_another_thread_are_the_same() {
    let limited = "max_log=\"60kB\"";
    for (scenario, code, more) in [
        (MACHINES, 1, &[][..]),
        (MACHINES, 1, &["--log", "combined"]),
        (MACHINES, 1, &["--log", "off"]),
        (MACHINES, 3, &["--set", limited]),
        (MACHINES, 3, &["--set", limited, "--log", "combined"]),
        (CROSSING, 0, &[]),
        (&checked(), 0, &[]),
        (&checked(), 3, &["--set", limited]),
        (PANICS, 3, &[]),
    ] {
        let lab = Lab::with(scenario);
        let one = run(&lab, "one", &[more, &["--jobs", "1"]].concat()).ends(code);
        let two = run(&lab, "two", &[more, &["--jobs", "2"]].concat()).ends(code);
        assert!(!is_on_two_threads(&one), "{more:?}: {}", one.err);
        assert!(is_on_two_threads(&two), "{more:?}: {}", two.err);
        assert_eq!(files(&lab, "one"), files(&lab, "two"), "{more:?}");
    }
}

/// The crossing with a check of its lights.
fn checked() -> String {
    format!("{CROSSING}[[check]]\ncheck = \"traffic.safe\"\n")
}

#[test]
fn runs_side_by_side_and_checks_without_logs_have_a_thread_each() {
    let lab = Lab::with(CROSSING);
    let short = ["--duration", "60s", "--jobs", "2"];
    let side_by_side = run(&lab, "two", &[&short[..], &["--runs", "2"]].concat()).ends(0);
    assert!(!is_on_two_threads(&side_by_side), "{}", side_by_side.err);
    let lab = Lab::with(&checked());
    let checked = run(&lab, "checked", &[&short[..], &["--log", "off"]].concat()).ends(0);
    assert!(!is_on_two_threads(&checked), "{}", checked.err);
}
