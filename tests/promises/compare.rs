//! Two results, or two runs, side by side: the keys that differ, what held, how the numbers
//! differ, and where the runs part.

use crate::harness::{LAB, Lab};

/// Two results of the lab: ten faces, and four.
fn two() -> Lab {
    let lab = Lab::with(LAB);
    lab.runner(&["scenario.toml", "--out", "ten", "--quiet"])
        .passes();
    let four = [
        "scenario.toml",
        "--out",
        "four",
        "--quiet",
        "--set",
        "nodes.machine.config.faces=4",
    ];
    lab.runner(&four).passes();
    lab
}

/// The report of these, in a folder of their own.
fn compared(lab: &Lab, arguments: &[&str]) -> String {
    let out = arguments.join("-").replace(':', "-run-");
    let options = [&["report"], arguments, &["--out", &out]].concat();
    lab.runner(&options).passes();
    lab.read(&format!("{out}/report.md"))
}

#[test]
fn keys_differ_by_their_path_and_options_count_as_keys() {
    let lab = two();
    let text = LAB
        .replace("seed = 7", "# a line more\nseed = 7")
        .replace("[1, 6]", "[3, 4]");
    lab.write(
        "narrow.toml",
        &format!("{text}[[expect]]\nmetric = \"steps\"\nat_least = 1\n"),
    );
    lab.runner(&["narrow.toml", "--out", "narrow", "--quiet"])
        .passes();
    let report = compared(&lab, &["ten", "four", "narrow"]);
    for row in [
        "| lab (four) | `nodes.machine.config.faces` |  | `4` |  |",
        "| lab (narrow) | `expect.steps` |  | `{ at_least = 1, metric = \"steps\" }` |  |",
        "| `nodes.machine.tick_rate.uniform_int` | `[1, 6]` | `[3, 4]` |",
    ] {
        assert!(report.contains(row), "{row}\n{report}");
    }
    assert!(!report.contains("a line more"));
    let first = report.lines().find(|line| line.starts_with("- "));
    let said =
        "- lab (four) against lab (ten): `nodes.machine.config.faces` is 4 instead of absent.";
    assert_eq!(first, Some(said));
}

#[test]
fn metrics_differ_in_pairs_of_runs_with_the_same_seed() {
    let lab = two();
    let report = compared(&lab, &["ten", "four"]);
    let section = &report[report.find("## How do the numbers differ?").unwrap()..];
    assert!(
        section.contains("| `clock_jump_mean` | 3 pairs |"),
        "{section}"
    );
    // The numbers, from `summary.csv` of both: the mean over nodes, then over runs.
    let mean = |folder: &str| {
        let values = lab
            .table(&format!("{folder}/summary.csv"))
            .numbers("queue_max");
        values.iter().sum::<f64>() / values.len() as f64
    };
    let row = format!(
        "| `queue_max` | 3 pairs | {:.2} | {:.2} |",
        mean("ten"),
        mean("four")
    );
    assert!(section.contains(&row), "{row}\n{section}");
    // Another seed makes no pairs.
    lab.runner(&["scenario.toml", "--out", "nine", "--quiet", "--seed", "9"])
        .passes();
    let report = compared(&lab, &["ten", "--compare", "nine"]);
    assert!(report.contains("| 3 and 3 runs |"), "{report}");
}

#[test]
fn runs_part_at_a_record_with_the_way_to_it_in_both_diagrams() {
    let lab = two();
    let report = compared(&lab, &["ten:2", "four:2"]);
    let section = &report[report.find("## Where do the runs part?").unwrap()..];
    assert!(section.contains("Run 2 of lab"), "{section}");
    // The first record of a node that says something else, by the logs.
    let at = section
        .find("](<../ten/report.html#run=2&at=")
        .unwrap_or_else(|| panic!("{section}"));
    let place = section[at..]
        .split("&step=")
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    let (node, step) = place.split_once(':').unwrap();
    let of = |folder: &str| lab.table(&format!("{folder}/runs/0002/{node}.csv"));
    let (ten, four) = (of("ten"), of("four"));
    let rows = ten.texts("event").into_iter().zip(ten.texts("peer"));
    let others: Vec<_> = four
        .texts("event")
        .into_iter()
        .zip(four.texts("peer"))
        .collect();
    let first = rows.zip(&others).position(|(a, b)| a != *b).unwrap();
    assert_eq!(ten.texts("step")[first], step);
    assert!(
        lab.read("ten-run-2-four-run-2/report.html")
            .contains("href=\"../four/report.html#run=2&amp;at=")
    );
}

#[test]
fn two_runs_of_one_result_are_compared() {
    let lab = two();
    let report = compared(&lab, &["ten:1", "ten:3"]);
    assert!(
        report.starts_with("# lab run 1 and lab run 3 compared"),
        "{report}"
    );
    assert!(report.contains("nothing: the plans are the same"));
    assert!(report.contains("of different seeds, part at"), "{report}");
    // The same plan again is the same, and not merged.
    lab.runner(&["scenario.toml", "--out", "again", "--quiet"])
        .passes();
    let report = compared(&lab, &["ten", "--compare", "again"]);
    assert!(
        report.contains("of the same seed, say the same in"),
        "{report}"
    );
}

#[test]
fn what_held_and_what_failed_stands_side_by_side() {
    let strict = format!(
        "{LAB}[[expect]]\nmetric = \"sent\"\nat_least = 1\n[[property]]\nname = \"small\"\nnodes = \"machine\"\nalways = \"clock < 1000\"\n"
    );
    let lab = Lab::with(&strict);
    lab.runner(&["scenario.toml", "--out", "ten", "--quiet"])
        .passes();
    lab.write("small.toml", &strict.replace("clock < 1000", "clock < 100"));
    lab.runner(&["small.toml", "--out", "small", "--quiet"])
        .ends(1);
    lab.runner(&["report", "ten", "small", "--out", "both"])
        .ends(1);
    let report = lab.read("both/report.md");
    assert!(
        report.contains("| small | 3 passed | 3 of 3 failed |"),
        "{report}"
    );
    assert!(
        report.contains("| `property.small.always` | `\"clock < 1000\"` | `\"clock < 100\"` |")
    );
    assert!(report.contains("**Why runs failed**"));
}

#[test]
fn a_run_that_is_not_there_or_alone_is_refused() {
    let lab = two();
    lab.runner(&["report", "ten:9", "four:1", "--out", "both"])
        .ends(2)
        .says(&["has no run 9", "1 to 3"]);
    lab.runner(&["report", "ten:1", "--out", "both"])
        .ends(2)
        .says(&["is one run"]);
    lab.runner(&["report", "ten", "--compare", "four"]).ends(2);
    assert!(!lab.path("both").exists());
}
