//! The same scenario, seed and plugins give the same bytes, with any number of jobs and
//! any kind of log. Each node draws from its own random streams, so a change to one node
//! leaves the draws of the others as they are.

use crate::harness::{LAB, Lab};

/// The files whose bytes must be the same: the logs and `summary.csv`. (`runs.csv` and
/// the manifest hold wall times.)
fn bytes(lab: &Lab, out: &str) -> Vec<(String, Vec<u8>)> {
    let wanted = |name: &str| name == "summary.csv" || name.starts_with("runs/");
    let files = lab.files(out).into_iter().filter(|(name, _)| wanted(name));
    files.collect()
}

/// Four machines in two pairs. Only the machines of a pair are linked.
const PAIRS: &str = "\
name = \"pairs\"
duration = \"30s\"
runs = 2
[nodes.left]
count = 2
behavior = \"clock.machine\"
tick_rate = { uniform_int = [1, 6] }
[nodes.right]
count = 2
behavior = \"clock.machine\"
tick_rate = { uniform_int = [1, 6] }
[[links]]
between = [\"left\", \"left\"]
latency = { exponential = { mean = \"100ms\" } }
loss = 0.1
order = \"any\"
[[links]]
between = [\"right\", \"right\"]
latency = { uniform = [\"1ms\", \"2s\"] }
loss = 0.2
";

#[test]
fn two_runs_are_byte_identical() {
    for scenario in [LAB, PAIRS] {
        let lab = Lab::with(scenario);
        lab.run_into("a", &[]);
        lab.run_into("b", &[]);
        assert!(bytes(&lab, "a").len() > 6);
        assert_eq!(bytes(&lab, "a"), bytes(&lab, "b"));
    }
}

#[test]
fn the_number_of_jobs_changes_no_byte() {
    let lab = Lab::with(LAB);
    let runs = ["--runs", "8", "--duration", "10s"];
    lab.run_into("one", &[&runs[..], &["--jobs", "1"]].concat());
    lab.run_into("four", &[&runs[..], &["--jobs", "4"]].concat());
    assert_eq!(bytes(&lab, "one"), bytes(&lab, "four"));
    let runs = |out: &str| lab.table(&format!("{out}/runs.csv"));
    let order: Vec<String> = (1..=8).map(|run| run.to_string()).collect();
    assert_eq!(runs("four").texts("run"), order);
    for column in ["seed", "status", "duration_s", "events", "messages"] {
        assert_eq!(runs("one").texts(column), runs("four").texts(column));
    }
}

#[test]
fn another_seed_gives_other_logs() {
    let lab = Lab::with(LAB);
    lab.run_into("a", &["--seed", "7"]);
    lab.run_into("b", &["--seed", "8"]);
    let (a, b) = (lab.files("a"), lab.files("b"));
    for run in 1..=3 {
        let log = |node| format!("runs/{run:04}/machine-{node}.csv");
        assert!((1..=3).any(|node| a[&log(node)] != b[&log(node)]), "{run}");
    }
    assert_ne!(a["summary.csv"], b["summary.csv"]);
}

#[test]
fn the_runs_of_a_case_differ() {
    let lab = Lab::with(LAB);
    lab.run_into("a", &[]);
    let files = lab.files("a");
    let runs: Vec<Vec<&Vec<u8>>> = (1..=3)
        .map(|run| {
            let log = |node| &files[&format!("runs/{run:04}/machine-{node}.csv")];
            (1..=3).map(log).collect()
        })
        .collect();
    assert!(runs[0] != runs[1] && runs[1] != runs[2] && runs[0] != runs[2]);
    let seeds = lab.table("a/runs.csv");
    let mut seeds = seeds.texts("seed");
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), 3);
}

#[test]
fn a_run_is_the_same_alone_and_among_others() {
    let lab = Lab::with(LAB);
    lab.run_into("all", &[]);
    lab.run_into("second", &["--run", "2"]);
    lab.run_into("more", &["--runs", "4"]);
    let (all, second, more) = (lab.files("all"), lab.files("second"), lab.files("more"));
    let logs = all.keys().filter(|name| name.starts_with("runs/"));
    for log in logs {
        assert_eq!(all[log], more[log], "{log}");
        let picked = log.starts_with("runs/0002/");
        assert_eq!(second.get(log), picked.then(|| &all[log]), "{log}");
    }
    assert_eq!(lab.table("second/runs.csv").texts("run"), ["2"]);
}

#[test]
fn the_kind_of_log_changes_no_metric() {
    for scenario in [LAB, PAIRS] {
        let lab = Lab::with(scenario);
        for kind in ["per-node", "combined", "off"] {
            lab.run_into(kind, &["--log", kind]);
        }
        let summary = |kind: &str| lab.read(&format!("{kind}/summary.csv"));
        assert_eq!(summary("per-node"), summary("combined"));
        assert_eq!(summary("per-node"), summary("off"));
        let names: Vec<String> = lab.files("off").into_keys().collect();
        let tables = [
            "manifest.json",
            "runs.csv",
            "runs.journal",
            "samples.csv",
            "summary.csv",
            "verdicts.csv",
        ];
        assert_eq!(names, tables);
    }
}

#[test]
fn a_combined_log_has_the_rows_of_the_nodes_logs() {
    let lab = Lab::with(PAIRS);
    lab.run_into("nodes", &[]);
    lab.run_into("one", &["--log", "combined"]);
    for run in ["0001", "0002"] {
        let combined = lab.table(&format!("one/runs/{run}/events.csv"));
        let place = combined.column("node");
        for node in ["left-1", "left-2", "right-1", "right-2"] {
            let own = lab.table(&format!("nodes/runs/{run}/{node}.csv"));
            let mut rows = combined.only("node", node);
            rows.header.remove(place);
            for row in &mut rows.rows {
                row.remove(place);
            }
            assert_eq!(rows, own, "{run} {node}");
        }
        let times = combined.numbers("time_ns");
        assert!(times.is_sorted());
    }
}

#[test]
fn renaming_an_unrelated_node_leaves_the_others_logs() {
    let lab = Lab::with(PAIRS);
    lab.run_into("a", &[]);
    lab.write("scenario.toml", &PAIRS.replace("left", "other"));
    lab.run_into("b", &[]);
    let (a, b) = (lab.files("a"), lab.files("b"));
    for run in 1..=2 {
        for node in 1..=2 {
            let log = |group| format!("runs/{run:04}/{group}-{node}.csv");
            assert_eq!(a[&log("right")], b[&log("right")]);
            // Another name gives other draws.
            assert_ne!(a[&log("left")], b[&log("other")]);
        }
    }
}

#[test]
fn adding_an_unrelated_node_leaves_the_others_logs() {
    let lab = Lab::with(PAIRS);
    lab.run_into("a", &[]);
    let third = "[nodes.alone]\nbehavior = \"clock.machine\"\ntick_rate = 5\n[nodes.left]";
    lab.write("scenario.toml", &PAIRS.replace("[nodes.left]", third));
    lab.run_into("b", &[]);
    let (a, mut b) = (lab.files("a"), lab.files("b"));
    b.retain(|name, _| !name.ends_with("/alone.csv"));
    let logs = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        let mut files = files.clone();
        files.retain(|name, _| name.starts_with("runs/"));
        files
    };
    assert_eq!(logs(&a).len(), 8);
    assert_eq!(logs(&a), logs(&b));
}

#[test]
fn rng_id_keeps_the_draws_of_a_renamed_node() {
    let alone = |name: &str, more: &str| {
        let lab = Lab::with(&format!(
            "name = \"alone\"\nduration = \"20s\"\n[nodes.{name}]\n{more}\
             behavior = \"clock.machine\"\ntick_rate = {{ uniform = [1, 6] }}\n\
             config = {{ faces = 5 }}\n[nodes.other]\nrng_id = \"other\"\n\
             behavior = \"clock.machine\"\ntick_rate = 2\n"
        ));
        lab.run_into("out", &[]);
        lab.read(&format!("out/runs/0001/{name}.csv"))
    };
    let before = alone("before", "");
    assert!(before.lines().count() > 20);
    assert_ne!(alone("after", ""), before);
    assert_eq!(alone("after", "rng_id = \"before\"\n"), before);
}
