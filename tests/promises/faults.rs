//! Faults as a user meets them: in a scenario, in the logs, in `faults.csv` and in
//! the report. What each does to nodes and links is tried in the engine's own tests.

use crate::harness::{Lab, Table};

fn shipped(name: &str, more: &[&str]) -> Lab {
    let lab = Lab::new();
    let file = format!("{}/../scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let mut arguments = vec![file.as_str(), "--quiet", "--out", "out"];
    arguments.extend(more);
    lab.runner(&arguments).passes();
    lab
}

fn log(lab: &Lab, run: u32, node: &str) -> Table {
    lab.table(&format!("out/runs/{run:04}/{node}.csv"))
}

/// The longest queue of a node while it is cut off, once it has handled what it
/// had heard before.
fn queue_apart(log: &Table) -> f64 {
    let rows = log.numbers("time_ns").into_iter().zip(log.numbers("queue"));
    let apart = rows.filter(|(ns, _)| (23e9..40e9).contains(ns));
    apart.map(|(_, queue)| queue).fold(0.0, f64::max)
}

#[test]
fn a_partition_shows_in_drift_and_queues_and_counts_what_it_cut() {
    let cut = shipped("clock-partition", &[]);
    let whole = shipped("clock-partition", &["--set", "faults=[]", "--no-report"]);
    let drift = |lab: &Lab| {
        let slow = lab.table("out/summary.csv").only("node", "slow");
        slow.numbers("clock_drift_max")
    };
    for (run, (apart, together)) in drift(&cut).into_iter().zip(drift(&whole)).enumerate() {
        // Twenty seconds at four ticks a second less than the fastest.
        assert!(apart > 75.0, "run {}: {apart}", run + 1);
        assert!(together < 25.0, "run {}: {together}", run + 1);
    }
    for run in 1..=5 {
        let (heard, alone) = (log(&whole, run, "slow"), log(&cut, run, "slow"));
        assert!(queue_apart(&heard) > 0.0, "run {run}");
        assert_eq!(queue_apart(&alone), 0.0, "run {run}: it hears nothing");

        let account = cut.table(&format!("out/runs/{run:04}/faults.csv"));
        assert_eq!(account.texts("kind"), ["partition"]);
        assert_eq!(account.texts("from_ns"), ["20000000000"]);
        assert_eq!(account.texts("until_ns"), ["40000000000"]);
        let mut dropped = 0;
        for node in ["slow", "middle", "fast"] {
            let drops = log(&cut, run, node).only("event", "drop");
            let within = |ns: &f64| (20e9..40e9).contains(ns);
            assert!(drops.numbers("time_ns").iter().all(within));
            dropped += drops.texts("peer").len();
        }
        assert_eq!(account.numbers("touched"), [dropped as f64]);
        assert!(dropped > 10);
    }
    let report = cut.read("out/report.md");
    assert!(report.contains("## What broke?"));
    assert!(report.contains("Fault 1 (partition) held from 20 s to 40 s; messages cut: "));
}

const MACHINES: &str = "\
name = \"broken\"
duration = \"10s\"
[nodes.machine]
count = 2
behavior = \"clock.machine\"
tick_rate = 4
";

#[test]
fn a_fault_that_touches_nothing_is_warned_of() {
    // It sends no message in its first quarter of a second.
    let lab = Lab::with(&format!(
        "{MACHINES}[[faults]]\nat = \"0s\"\nfor = \"200ms\"\npartition = [[\"machine-1\"]]\n\
         [[faults]]\nat = \"1s\"\npause = \"machine-2\"\nfor = \"1s\"\n"
    ));
    let said = lab.runner(&["scenario.toml", "--out", "out"]).ends(0);
    said.says(&["fault 1 (partition) touched nothing: no messages cut"]);
    let report = lab.read("out/report.md");
    assert!(report.contains("Fault 1 (partition) touched nothing: no messages cut."));
    let account = lab.table("out/runs/0001/faults.csv");
    assert_eq!(account.texts("fault"), ["1", "2"]);
    assert_eq!(account.numbers("touched"), [0.0, 4.0], "four ticks went by");
}

#[test]
fn a_machine_that_crashes_begins_anew_with_draws_of_its_own() {
    let fault = "[[faults]]\nat = \"5s\"\nfor = \"1s\"\ncrash = [\"machine-1\"]\n";
    let lab = Lab::with(&format!("{MACHINES}{fault}"));
    lab.run_into("out", &[]);
    let rows = log(&lab, 1, "machine-1");
    let (events, clocks, times) = (
        rows.texts("event"),
        rows.texts("clock"),
        rows.numbers("time_ns"),
    );
    let at = |event: &str| events.iter().position(|it| *it == event).unwrap();
    let (crash, restart) = (at("crash"), at("restart"));
    assert_eq!((times[crash], times[restart]), (5e9, 6e9));
    assert!(clocks[crash].parse::<u64>().unwrap() >= 19, "as it was");
    assert_eq!(clocks[restart], "0", "a fresh state");
    let between = crash + 1..restart;
    assert!(events[between.clone()].iter().all(|it| *it == "drop"));
    assert!(clocks[between].iter().all(|it| it.is_empty()), "no state");
    // Ticks count from the restart, steps go on; faults come before ticks.
    let steps = rows.numbers("step");
    assert_eq!((times[restart + 1], steps[restart + 1]), (6.25e9, 20.0));

    // What it drew in its first life it does not draw again: the lives of a
    // machine that hears nothing differ.
    let alone = format!(
        "{MACHINES}{}[[links]]\nfrom = \"machine-1\"\nto = \"machine-2\"\n",
        fault.replace("5s", "4s").replace("\"1s\"", "\"2s\"")
    );
    let lab = Lab::with(&alone);
    lab.run_into("out", &[]);
    let rows = log(&lab, 1, "machine-1");
    let (events, times) = (rows.texts("event"), rows.numbers("time_ns"));
    let life = |from: f64| -> Vec<&str> {
        let steps = times.iter().zip(&events);
        let steps = steps.filter(|(ns, event)| {
            (from..from + 4e9).contains(*ns) && matches!(**event, "send" | "internal")
        });
        steps.map(|(_, event)| *event).collect()
    };
    assert!(life(0.0).len() >= 15 && life(6.0e9).len() >= 15);
    assert_ne!(life(0.0), life(6.0e9));
}

#[test]
fn faults_leave_the_rest_of_a_run_as_it_was() {
    // Up to the fault nothing is different, whatever kind it is.
    let plain = Lab::with(MACHINES);
    plain.run_into("out", &[]);
    let head = |lab: &Lab| -> Vec<String> {
        let text = lab.read("out/runs/0001/machine-2.csv");
        let early = |line: &&str| {
            let time = line.split(',').next().unwrap_or_default();
            time.parse::<u64>().is_ok_and(|ns| ns < 3_000_000_000)
        };
        text.lines().filter(early).map(str::to_owned).collect()
    };
    let expected = head(&plain);
    assert!(expected.len() > 10);
    for kind in [
        "partition = [[\"machine-1\"]]",
        "crash = \"machine-2\"",
        "pause = \"machine-2\"",
        "link = { between = [\"machine\", \"machine\"], latency = { exponential = { mean = \"2s\" } }, loss = 0.5 }",
        "tick_rate = { nodes = \"machine-2\", to = { uniform = [1, 9] } }",
        "drift = { nodes = \"*\", ppm = { uniform = [-500, 500] } }",
    ] {
        let fault =
            format!("{MACHINES}[[faults]]\nat = \"3s\"\nfor = \"2s\"\nevery = \"3s\"\n{kind}\n");
        let lab = Lab::with(&fault);
        lab.run_into("out", &[]);
        assert_eq!(head(&lab), expected, "{kind}");
        let again = Lab::with(&fault);
        again.run_into("out", &["--jobs", "2"]);
        assert_eq!(lab.files("out/runs"), again.files("out/runs"), "{kind}");
        let held = lab.table("out/runs/0001/faults.csv");
        assert_eq!(held.texts("from_ns").len(), 3, "{kind}");
    }
}
