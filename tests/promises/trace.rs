//! A run as a trace: programs that know the formats from their documents find the records,
//! messages, faults and failures of the CSV logs in it.

use std::fs;

use crate::harness::{LAB, Lab, needs_python};

const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/programs");

/// A message without a delay to a node that is earlier in the file, a fault, and a failure.
const MIXED: &str = "\
name = \"mixed\"
duration = \"3s\"
[nodes.server]
behavior = \"echo.server\"
[nodes.client]
behavior = \"echo.client\"
config = { sizes = [10, 1000], repeat = 3 }
[nodes.machine]
count = 3
behavior = \"clock.machine\"
tick_rate = 5
[[links]]
between = [\"client\", \"server\"]
[[links]]
between = [\"machine\", \"machine\"]
latency = \"100ms\"
duplicate = 0.2
loss = 0.1
[[faults]]
at = \"1s\"
for = \"500ms\"
crash = [\"machine-2\"]
[[property]]
name = \"clocks stay small\"
nodes = \"machine\"
always = \"clock < 12\"
";

fn checked(lab: &Lab, program: &str, folder: &str, file: &str) -> serde_json::Value {
    let mut command = lab.program("python3");
    command
        .arg(format!("{PROGRAMS}/{program}"))
        .args([folder, file]);
    let said = lab.answer(&mut command).passes().out;
    serde_json::from_str(&said).unwrap()
}

#[test]
fn a_trace_has_the_records_messages_faults_and_failures_of_the_logs() {
    needs_python!();
    let lab = Lab::with(MIXED);
    lab.runner(&["scenario.toml", "--out", "out", "--quiet"])
        .ends(1);
    // The run that failed is the one that is meant.
    let said = lab.runner(&["export", "trace", "out"]).passes().out;
    assert!(said.starts_with("trace: mixed-run-1.json\n"), "{said}");
    assert!(said.contains("ui.perfetto.dev"), "{said}");
    let found = checked(&lab, "check_trace.py", "out/runs/0001", "mixed-run-1.json");
    assert_eq!(found["faults"], 1);
    assert_eq!(found["failures"], serde_json::json!(["clocks stay small"]));
    assert!(found["arrows"].as_u64().unwrap() > 15, "{found}");
    let again = ["export", "trace", "out", "--out", "-"];
    assert_eq!(
        lab.runner(&again).passes().out,
        lab.read("mixed-run-1.json")
    );
}

#[test]
fn a_trace_for_shiviz_has_the_vector_clocks_of_happens_before() {
    needs_python!();
    let lab = Lab::with(MIXED);
    lab.runner(&["scenario.toml", "--out", "out", "--quiet"])
        .ends(1);
    let export = ["export", "trace", "out", "--format", "shiviz"];
    let said = lab.runner(&export).passes().out;
    assert!(said.starts_with("trace: mixed-run-1.shiviz\n"), "{said}");
    let found = checked(
        &lab,
        "check_shiviz.py",
        "out/runs/0001",
        "mixed-run-1.shiviz",
    );
    assert_eq!(found["hosts"], 5);
    assert!(found["compared"].as_u64().unwrap() > 30, "{found}");
}

#[test]
fn a_trace_of_which_it_is_not_clear_which_run_is_refused() {
    let lab = Lab::with(LAB);
    lab.runner(&["scenario.toml", "--out", "out", "--quiet"])
        .passes();
    lab.runner(&["export", "trace", "out"])
        .ends(2)
        .says(&["3 runs, 1 to 3", "--run N"]);
    lab.runner(&["export", "trace", "out", "--run", "4"])
        .ends(2)
        .says(&["has no run 4"]);
    let export = ["export", "trace", "out", "--run", "2", "--out", "to/a.json"];
    lab.runner(&export).passes();
    lab.runner(&export)
        .ends(2)
        .says(&["to/a.json exists", "--force"]);
    lab.runner(&[&export[..], &["--force"]].concat()).passes();
    lab.runner(&["scenario.toml", "--out", "bare", "--quiet", "--log", "off"])
        .passes();
    lab.runner(&["export", "trace", "bare", "--run", "1"])
        .ends(2)
        .says(&["has no logs"]);
}

#[test]
fn a_run_of_many_nodes_is_for_perfetto_alone() {
    let many = LAB.replace("count = 3", "count = 300").replace("60s", "1s");
    let lab = Lab::with(&many.replace("runs = 3", "runs = 1"));
    lab.runner(&["scenario.toml", "--out", "out", "--quiet"])
        .passes();
    lab.runner(&["export", "trace", "out", "--format", "shiviz"])
        .ends(2)
        .says(&["300 nodes", "at most 256"]);
    assert!(
        !lab.path("lab-run-1.shiviz").exists() && !lab.path("lab-run-1.shiviz.partial").exists()
    );
    lab.runner(&["export", "trace", "out"]).passes();
    assert!(fs::metadata(lab.path("lab-run-1.json")).unwrap().len() > 10_000);
}
