//! A plugin that panics, refuses or breaks a rule fails its own run only. The error names
//! node, callback and time, and the command that repeats the run.

use crate::harness::Lab;

/// A node that panics in a callback, and a node that works.
fn panics(callback: &str, at: u32) -> String {
    format!(
        "name = \"panics\"\nruns = 2\nduration = \"3s\"\n\
         [nodes.well]\nbehavior = \"clock.machine\"\ntick_rate = 4\n\
         config = {{ encoding = \"text\", faces = 3 }}\n\
         [nodes.ill]\nbehavior = \"misbehaving.panics\"\ntick_rate = 10\n\
         config = {{ in = \"{callback}\", at = {at} }}\n\
         [[links]]\nfrom = \"well\"\nto = \"ill\"\n"
    )
}

/// Three of these six runs draw a rate at which the third tick, which panics, is within the
/// duration.
pub const SOME_FAIL: &str = "\
name = \"some fail\"
runs = 6
seed = 3
duration = \"1s\"
[nodes.well]
behavior = \"clock.machine\"
tick_rate = 9
config = { faces = 4, script = [4] }
[nodes.ill]
behavior = \"misbehaving.panics\"
tick_rate = { choice = [2, 4] }
config = { in = \"tick\", at = 3 }
[[links]]
from = \"well\"
to = \"ill\"
";

#[test]
fn a_panic_is_reported_with_node_callback_time_and_step() {
    let places = [
        ("new", 1, "at 0 s (step 0): told to panic at call 1"),
        ("start", 1, "at 0 s (step 0): told to panic at call 1"),
        ("message", 3, "told to panic at call 3"),
        ("timer", 2, "at 200 ms (step 3): told to panic at call 2"),
        ("tick", 2, "told to panic at call 2"),
        ("stop", 1, "at 3 s (step "),
        ("drop", 1, "at 3 s (step "),
    ];
    for (callback, at, place) in places {
        let lab = Lab::with(&panics(callback, at));
        let told = format!("error: run 1: node `ill` panicked in `{callback}` ");
        lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
            .ends(3)
            .says(&[&told, place, "misbehaving/src/panics.rs:"])
            .says(&["\n  repeat: runner scenario.toml --seed 1 --run 1\n"])
            .says(&["error: run 2: ", "--run 2\n"]);
        let runs = lab.table("out/runs.csv");
        assert_eq!(runs.texts("status"), ["failed"; 2], "{callback}");
        assert!(!lab.path("out/runs/0001").exists());
        if callback != "new" {
            let log = lab.table("out/runs/0001.partial/well.csv");
            assert_eq!(log.texts("event")[0], "start");
        }
    }
}

#[test]
fn the_other_runs_go_on_and_are_kept() {
    let lab = Lab::with(&SOME_FAIL.replace("some fail", "some-fail"));
    lab.runner(&["scenario.toml", "--out", "out"]).ends(3);
    let runs = lab.table("out/runs.csv");
    assert_eq!(runs.rows.len(), 6);
    let failed: Vec<&str> = runs
        .only("status", "failed")
        .rows
        .iter()
        .map(|_| "x")
        .collect();
    let complete = runs.only("status", "complete");
    assert!(!failed.is_empty() && complete.rows.len() > 1, "{runs:?}");
    let mut measured: Vec<String> = Vec::new();
    for row in &runs.rows {
        let name = format!("out/runs/{:04}", row[0].parse::<u32>().unwrap());
        let whole = row[runs.column("status")] == "complete";
        assert_eq!(lab.path(&name).exists(), whole);
        assert_eq!(lab.path(&format!("{name}.partial")).exists(), !whole);
        if whole {
            measured.extend([row[0].clone(), row[0].clone()]);
        }
    }
    // The summary has no row of a failed run.
    assert_eq!(lab.table("out/summary.csv").texts("run"), measured);
    let report = lab.read("out/report.md");
    assert!(report.contains("failed"), "{report}");
}

#[test]
fn the_command_that_is_printed_repeats_the_run() {
    let lab = Lab::new();
    lab.write("my scenarios/it's.toml", &panics("tick", 2));
    let arguments = [
        "my scenarios/it's.toml",
        "--set",
        "nodes.well.tick_rate={ uniform = [3, 8] }",
        "--set",
        "description=it's \"quoted\"",
        "--seed=77",
        "--duration=1m30s",
        "--runs=3",
        "--time=virtual",
    ];
    let first = lab
        .runner(&[&arguments[..], &["--out", "first"]].concat())
        .ends(3);
    let command = first
        .err
        .lines()
        .filter_map(|line| line.strip_prefix("  repeat: runner "))
        .find(|line| line.ends_with("--run 2"))
        .expect("the second run has failed");
    let again = lab
        .shell(&format!("\"$RUNNER\" {command} --out again"))
        .ends(3);
    let why = again.err.lines().next().unwrap();
    assert!(first.err.contains(why) && why.contains("run 2"), "{why}");
    let (first, again) = (lab.files("first"), lab.files("again"));
    let mut logs = 0;
    for (name, bytes) in again.iter().filter(|(name, _)| name.starts_with("runs/")) {
        assert!(name.starts_with("runs/0002.partial/"));
        assert_eq!(first.get(name), Some(bytes));
        logs += 1;
    }
    assert_eq!(logs, 2);
    assert!(command.contains("--time virtual"), "{command}");
}

#[test]
fn a_behavior_that_fails_in_new_fails_the_run() {
    let lab = Lab::with(
        "name = \"refuses\"\nduration = \"1s\"\n[nodes.a]\nbehavior = \"misbehaving.refuses\"\n",
    );
    lab.runner(&["scenario.toml", "--out", "out"])
        .ends(3)
        .says(&["run 1: node `a` failed in `new` at 0 s (step 0): a will not be a node\n"]);
    assert_eq!(lab.table("out/runs.csv").texts("status"), ["failed"]);
}

#[test]
fn sending_to_a_node_without_a_link_is_the_behaviors_error() {
    for config in ["", "config = { ignore = true }\n"] {
        let lab = Lab::with(&format!(
            "name = \"nobody\"\nduration = \"1s\"\n[nodes.a]\n{config}\
             behavior = \"misbehaving.sends_to_nobody\"\n"
        ));
        // The run fails even if the behavior ignores the error.
        lab.runner(&["scenario.toml", "--no-report", "--out", "out"])
            .ends(3)
            .says(&["run 1: node `a` failed in `start` at 0 s (step 0): sent to "])
            .says(&["to which it has no link"]);
        assert_eq!(lab.table("out/runs.csv").texts("status"), ["failed"]);
    }
}

#[test]
fn a_message_that_is_no_clock_fails_the_run_of_a_clock_machine() {
    let lab = Lab::with(
        "name = \"strange\"\nduration = \"5s\"\n[nodes.ill]\n\
         behavior = \"misbehaving.panics\"\nconfig = { in = \"new\", at = 2 }\n\
         [nodes.well]\nbehavior = \"clock.machine\"\ntick_rate = 1\n",
    );
    lab.runner(&["scenario.toml", "--no-report", "--out", "out"])
        .ends(3)
        .says(&["node `well` failed in `message` at 1 s (step 1): "]);
}

#[test]
fn a_failure_is_reported_without_logs_too() {
    let lab = Lab::with(&panics("tick", 2));
    lab.runner(&["scenario.toml", "--log", "off", "-q", "--out", "out"])
        .ends(3)
        .says(&["node `ill` panicked in `tick`", "repeat: "]);
    assert_eq!(lab.table("out/runs.csv").texts("status"), ["failed"; 2]);
    assert!(lab.table("out/summary.csv").rows.is_empty());
}
