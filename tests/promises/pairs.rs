//! With `streams = "common"`, all cases of a repetition draw the same numbers, and the
//! report compares them in pairs.

use serde_json::Value;

use crate::harness::Lab;

/// Three clock machines; the axes follow.
const MACHINES: &str = "\
name = \"pairs\"
runs = 6
duration = \"20s\"
seed = 7
[nodes.machine]
count = 3
behavior = \"clock.machine\"
tick_rate = { uniform_int = [1, 6] }
config = { faces = 10 }
";

/// Latencies of the links; the middle one is that of the file.
const LATENCIES: &str = "\
[[links]]
between = [\"machine\", \"machine\"]
latency = \"100ms\"
[matrix]
streams = \"common\"
[matrix.axes.latency]
path = \"links.0.latency\"
values = [\"10ms\", \"100ms\", \"500ms\"]
";

/// The file of two service times, with so many runs of so many items.
fn queues(lab: &Lab, out: &str, more: &[&str]) {
    let file = format!(
        "{}/../scenarios/queue-pair.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let fixed = [
        &file,
        "--quiet",
        "--no-report",
        "--log",
        "off",
        "--out",
        out,
    ];
    lab.runner(&[&fixed[..], more].concat()).passes();
}

/// The section about the pairs in the report of these results.
fn section(lab: &Lab, out: &str) -> String {
    lab.runner(&["report", out]).ends(0);
    let report = lab.read(&format!("{out}/report.md"));
    let from = report.find("## How do the cases differ?");
    let text = &report[from.expect("the section about pairs")..];
    let end = text[3..].find("\n## ").map_or(text.len(), |at| at + 3);
    text[..end].to_owned()
}

fn variance(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    values.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (count - 1.0)
}

#[test]
fn all_cases_of_a_repetition_draw_the_numbers_of_the_file_without_its_matrix() {
    let lab = Lab::with(&format!("{MACHINES}{LATENCIES}"));
    lab.run_into("out", &[]);
    let runs = lab.table("out/runs.csv");
    let seeds = |case: &str| {
        let seeds = runs.only("case", case).texts("seed").join(" ");
        assert_eq!(seeds.split(' ').count(), 6);
        seeds
    };
    assert_eq!(seeds("latency=10ms"), seeds("latency=100ms"));
    assert_eq!(seeds("latency=10ms"), seeds("latency=500ms"));
    let file = format!("{MACHINES}{LATENCIES}");
    lab.write("alone.toml", &file[..file.find("[matrix]").unwrap()]);
    let alone = ["alone.toml", "--quiet", "--no-report", "--out", "alone"];
    lab.runner(&alone).passes();
    // The second case has the latency of the file: runs 7 to 12.
    for run in 1..=6 {
        let of_case = lab.files(&format!("out/runs/{:04}", run + 6));
        assert_eq!(of_case, lab.files(&format!("alone/runs/{run:04}")), "{run}");
    }
    // The rates that are drawn are the same in all cases, so the steps are.
    let summary = lab.table("out/summary.csv");
    let steps = |case: &str| summary.only("case", case).texts("steps").join(" ");
    assert_eq!(steps("latency=10ms"), steps("latency=500ms"));
    // By default, each case draws numbers of its own.
    lab.write("scenario.toml", &file.replace("streams = \"common\"\n", ""));
    lab.run_into("own", &[]);
    let own = lab.table("own/summary.csv");
    let steps = |case: &str| own.only("case", case).texts("steps").join(" ");
    assert_ne!(steps("latency=10ms"), steps("latency=500ms"));
    lab.runner(&["report", "own"]).passes();
    let report = lab.read("own/report.md");
    assert!(!report.contains("How do the cases differ?"));
    assert!(!lab.read("own/manifest.json").contains("pairing"));
}

#[test]
fn pairing_makes_the_variance_of_a_difference_five_times_smaller() {
    let lab = Lab::new();
    queues(&lab, "out", &["--runs", "100"]);
    let summary = lab.table("out/summary.csv").only("node", "consumer");
    for metric in ["latency_mean", "queue_time_mean"] {
        let of = |case: &str| summary.only("case", case).numbers(metric);
        let (slow, fast) = (of("service=8ms"), of("service=7.5ms"));
        let differences: Vec<f64> = slow.iter().zip(&fast).map(|(a, b)| b - a).collect();
        let ratio = (variance(&slow) + variance(&fast)) / variance(&differences);
        assert!(ratio >= 5.0, "{metric}: {ratio}");
        // The report has the same, and what it is worth.
        let section = section(&lab, "out");
        let runs = (100.0 * ratio).round();
        let said = format!("100 pairs are as exact as about {runs} unpaired runs of each case");
        assert!(section.contains(&said), "{said}: {section}");
        assert!(section.contains(&format!("| {ratio:.1} |")), "{section}");
    }
    assert!(
        section(&lab, "out").contains(
            "latency_mean \\[ms\\] of consumer is lower in service=7.5ms than in service=8ms"
        ),
        "{}",
        section(&lab, "out")
    );
    // Without common numbers, the difference varies as it does of unrelated runs.
    queues(
        &lab,
        "own",
        &[
            "--runs",
            "100",
            "--set",
            "matrix={ axes = { service = { path = \"nodes.consumer.service_time.exponential.mean\", values = [\"8ms\", \"7.5ms\"] } } }",
        ],
    );
    let summary = lab.table("own/summary.csv").only("node", "consumer");
    let of = |case: &str| summary.only("case", case).numbers("latency_mean");
    let (slow, fast) = (of("service=8ms"), of("service=7.5ms"));
    let differences: Vec<f64> = slow.iter().zip(&fast).map(|(a, b)| b - a).collect();
    let ratio = (variance(&slow) + variance(&fast)) / variance(&differences);
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
}

#[test]
fn the_pairs_are_the_same_in_shards_resumed_and_isolated() {
    let lab = Lab::with(&format!("{MACHINES}{LATENCIES}"));
    lab.run_into("whole", &[]);
    let whole = section(&lab, "whole");
    assert!(whole.contains("**Differences to latency=10ms**"), "{whole}");
    lab.run_into("isolated", &["--isolate"]);
    assert_eq!(section(&lab, "isolated"), whole);
    for shard in ["1/2", "2/2"] {
        let out = format!("shard-{}", &shard[..1]);
        lab.run_into(&out, &["--shard", shard]);
    }
    lab.runner(&["report", "shard-1", "shard-2", "--out", "merged"])
        .passes();
    assert_eq!(section(&lab, "merged"), whole);
    // One case, then all of it.
    lab.run_into("resumed", &["--case", "latency=100ms"]);
    let part = section(&lab, "resumed");
    assert!(
        part.contains(
            "no case has a complete run of the same repetition as the baseline, latency=10ms"
        ),
        "{part}"
    );
    lab.run_into("resumed", &["--resume"]);
    assert_eq!(section(&lab, "resumed"), whole);
}

#[test]
fn the_baseline_is_the_case_that_is_named() {
    let file = format!("{MACHINES}{LATENCIES}");
    let lab = Lab::with(&file);
    let named = |baseline: &str| {
        let out = format!("out-{baseline}");
        lab.run_into(&out, &["--set", &format!("matrix.baseline=\"{baseline}\"")]);
        let told: Value = serde_json::from_str(&lab.read(&format!("{out}/manifest.json"))).unwrap();
        (told["pairing"]["baseline"].clone(), section(&lab, &out))
    };
    // By its id, and by its value.
    let (by_id, section) = named("latency=500ms");
    assert_eq!(by_id, "latency=500ms");
    assert!(section.contains("**Differences to latency=500ms**"));
    let (by_value, again) = named("500ms");
    assert_eq!((by_value, again), (by_id, section));
}

#[test]
fn the_number_of_comparisons_and_what_few_pairs_cannot_tell_are_said() {
    let lab = Lab::with(&format!("{MACHINES}{LATENCIES}"));
    lab.run_into("out", &[]);
    let section = section(&lab, "out");
    let metrics = section
        .lines()
        .find(|it| it.contains("comparisons were made"));
    let metrics = metrics.expect("the number of comparisons");
    // Of each metric, two cases against the first.
    let number = |end: &str| -> u64 {
        let before = metrics.split(end).next().unwrap();
        before.rsplit(['(', ' ']).next().unwrap().parse().unwrap()
    };
    assert_eq!(number(" comparisons"), 2 * number(" metrics"), "{metrics}");
    assert!(metrics.contains("(Holm)"), "{metrics}");
    // 2 / 2^6 of each is more than 5 % of so many.
    assert!(
        section.contains("6 pairs cannot tell one of so many comparisons"),
        "{section}"
    );
    assert!(!section.contains(" is lower in "), "{section}");
    lab.run_into("more", &["--runs", "20"]);
    let section = self::section(&lab, "more");
    assert!(
        section.contains("in latency=500ms than in latency=10ms: by"),
        "{section}"
    );
}

#[test]
fn what_is_not_paired_is_said_before_and_after() {
    let counts = "\
[matrix]
streams = \"common\"
[matrix.axes.count]
path = \"nodes.machine.count\"
values = [3, 4, 6]
";
    let lab = Lab::with(&format!("{MACHINES}{counts}"));
    lab.runner(&["check", "scenario.toml"]).ends(0).says(&[
        "scenario.toml:11:1: warning: not all nodes are paired: machine-4 is only in `count=4`; and 1 more case has other nodes",
        "nodes of the same name",
    ]);
    let run = ["run", "scenario.toml", "-q", "--no-report", "--out", "out"];
    lab.runner(&run).ends(0);
    let section = section(&lab, "out");
    assert!(
        section.contains("Not all nodes are paired: machine-4 is only in `count=4`."),
        "{section}"
    );
    // The nodes that both have draw the same rates.
    let summary = lab.table("out/summary.csv").only("node", "machine-3");
    let steps = |case: &str| summary.only("case", case).texts("steps").join(" ");
    assert_eq!(steps("count=3"), steps("count=6"));
    // A single case has no pairs.
    let one = format!("{MACHINES}{}", counts.replace("[3, 4, 6]", "[3]"));
    lab.write("one.toml", &one);
    lab.runner(&["check", "one.toml"]).ends(0).says(&[
        "one.toml:11:1: warning: the matrix has one case, so no cases can be compared in pairs",
    ]);
}

#[test]
fn one_repetition_says_how_many_would_do_and_equal_cases_do_not_differ() {
    let lab = Lab::with(&format!("{MACHINES}{LATENCIES}"));
    lab.run_into("one", &["--runs", "1"]);
    let one = section(&lab, "one");
    assert!(
        one.contains("there is one repetition, and two are the least"),
        "{one}"
    );
    // No inbox ever holds so many messages.
    let silent = "\
[[expect]]
metric = \"clock_final\"
at_least = 1
[matrix]
streams = \"common\"
[matrix.axes.limit]
path = \"nodes.machine.inbox_limit\"
values = [100000, 200000]
";
    lab.write("scenario.toml", &format!("{MACHINES}{silent}"));
    lab.run_into("same", &["--runs", "8"]);
    let same = section(&lab, "same");
    assert!(
        same.contains("Everything that was compared is the same as in limit=100000 in each pair."),
        "{same}"
    );
    assert!(!same.contains("as exact as about"), "{same}");
}
