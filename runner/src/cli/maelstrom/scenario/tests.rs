//! The scenario of each option.

use clap::Parser;

use super::*;
use crate::cli::arguments::maelstrom::MaelstromCommand;
use crate::cli::arguments::{Arguments, Command};

fn test(words: &[&str]) -> Result<MaelstromTest, String> {
    let all = [&["runner", "maelstrom", "test"], words].concat();
    let parsed = Arguments::try_parse_from(all).map_err(|error| error.to_string())?;
    let Command::Maelstrom(options) = parsed.command else {
        panic!("another command");
    };
    let MaelstromCommand::Test(test) = options.what;
    Ok(*test)
}

fn scenario(words: &[&str]) -> toml::Table {
    let command = vec![
        "/usr/bin/runner".to_owned(),
        "maelstrom".to_owned(),
        "it's".to_owned(),
    ];
    let text = of(&test(words).unwrap(), &command).unwrap();
    assert!(text.contains("\n# runner maelstrom 'it'\\''s'\n"), "{text}");
    text.parse().unwrap()
}

fn float(value: &toml::Value) -> f64 {
    value.as_float().unwrap()
}

#[test]
fn the_defaults_are_those_of_maelstrom() {
    let found = scenario(&["--bin", "sh"]);
    assert_eq!(found["name"].as_str(), Some("maelstrom-lin-kv"));
    assert_eq!(found["duration"].as_str(), Some("61s"));
    let client = &found["nodes"]["client"];
    assert_eq!(
        (
            client["count"].as_integer(),
            float(&client["config"]["rate"])
        ),
        (Some(5), 1.0)
    );
    assert_eq!(client["config"]["timeout"].as_str(), Some("1s"));
    assert_eq!(found["nodes"]["node"]["command"][0].as_str(), Some("sh"));
    assert!(found.get("faults").is_none());
    let links = found["links"].as_array().unwrap();
    assert_eq!(links.len(), 6);
    assert!(links.iter().all(|link| link.get("latency").is_none()));
}

#[test]
fn each_option_is_in_the_scenario() {
    let found = scenario(&[
        "-w",
        "broadcast",
        "--bin",
        "sh",
        "--node-count",
        "3",
        "--concurrency",
        "4n",
        "--rate",
        "30",
        "--time-limit",
        "2.5",
        "--latency",
        "100",
        "--latency-dist",
        "exponential",
        "--topology",
        "tree",
        "--nemesis",
        "partition,kill",
        "--nemesis-interval",
        "1",
        "--availability",
        "total",
        "--seed",
        "7",
        "--recovery",
        "3",
        "--",
        "-c",
        "a \"b\"",
    ]);
    let node = &found["nodes"]["node"];
    let words: Vec<_> = node["command"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it.as_str())
        .collect();
    assert_eq!(words, ["sh", "-c", "a \"b\""]);
    assert_eq!(node["topology"].as_str(), Some("tree2"));
    let client = &found["nodes"]["client"];
    assert_eq!(
        (
            client["count"].as_integer(),
            float(&client["config"]["rate"])
        ),
        (Some(12), 2.5)
    );
    assert_eq!(found["duration"].as_str(), Some("10500ms"));
    let mean = &found["links"][1]["latency"]["exponential"]["mean"];
    assert_eq!(mean.as_str(), Some("100ms"));
    let faults = found["faults"].as_array().unwrap();
    assert!(faults.iter().any(|it| it.get("partition").is_some()));
    assert!(faults.iter().any(|it| it.get("crash").is_some()));
    assert_eq!(float(&found["check"][1]["config"]["at_least"]), 1.0);
    let other = scenario(&[
        "-w",
        "broadcast",
        "--bin",
        "sh",
        "--nemesis",
        "partition",
        "--seed",
        "8",
    ]);
    assert_ne!(other["faults"], found["faults"]);
    let found = scenario(&[
        "-w",
        "txn-list-append",
        "--bin",
        "sh",
        "--consistency-models",
        "serializable,read-committed",
        "--key-count",
        "3",
    ]);
    assert_eq!(
        found["check"][0]["config"]["consistency_models"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        found["nodes"]["client"]["config"]["key_count"].as_integer(),
        Some(3)
    );
    assert_eq!(
        found["nodes"]["client"]["config"]["max_txn_length"].as_integer(),
        Some(4)
    );
    let slow = scenario(&["--bin", "sh", "--latency", "500"]);
    assert_eq!(
        slow["nodes"]["client"]["config"]["timeout"].as_str(),
        Some("5s")
    );
}

#[test]
fn faults_stay_within_the_time_limit_and_leave_a_majority_together() {
    for seed in 0..50 {
        let test = test(&[
            "--bin",
            "sh",
            "--time-limit",
            "20",
            "--nemesis",
            "partition,kill",
            "--nemesis-interval",
            "3",
            "--seed",
            &seed.to_string(),
        ])
        .unwrap();
        let text: String = faults::of(&test)
            .iter()
            .map(|it| format!("[[faults]]\n{it}"))
            .collect();
        let table: toml::Table = text.parse().unwrap();
        for fault in table["faults"].as_array().unwrap() {
            let ns = |key: &str| {
                base::duration::parse(fault[key].as_str().unwrap())
                    .map(std::time::Duration::from)
                    .unwrap()
            };
            assert!(
                ns("at") + ns("for") <= std::time::Duration::from_millis(20_001),
                "{fault}"
            );
            if let Some(sides) = fault.get("partition") {
                let size = |side: usize| sides[side].as_array().unwrap().len();
                assert!(size(0) + size(1) == 5 && size(1) >= 3, "{fault}");
            }
        }
    }
}

#[test]
fn what_is_wrong_with_an_argument_is_said() {
    for (words, told) in [
        (
            &["--bin", "sh", "--concurrency", "n4"][..],
            "as 4n for four for each node",
        ),
        (
            &["--bin", "sh", "--rate", "-1"],
            "a number from 0 to 1000000",
        ),
        (&["--bin", "sh", "--rate=-1"], "a number from 0 to 1000000"),
        (&["--bin", "sh", "--time-limit", "0"], "a number above 0"),
        (
            &["--bin", "sh", "--topology", "ring"],
            "expected one of links, grid",
        ),
        (
            &["--bin", "sh", "--availability", "1.5"],
            "`total`, or a number from 0 to 1",
        ),
        (&["-w", "brodcast", "--bin", "sh"], "broadcast"),
        (&["--nemesis", "flood", "--bin", "sh"], "partition"),
        (
            &["--node-count", "0", "--bin", "sh"],
            "whole number of 1 or more",
        ),
        (&["-w", "echo"], "--bin"),
    ] {
        let found = test(words).unwrap_err();
        assert!(found.contains(told), "{words:?}: {found}");
    }
    let found = of(&test(&["--bin", "./no-such-node"]).unwrap(), &[]).unwrap_err();
    assert!(found.contains("there is no such file"), "{found}");
}
