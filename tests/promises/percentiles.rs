//! Percentiles are exact up to 10,000 samples of a node, and beyond they are judged as what
//! they are: known to lie between two values. A metric that is a time is bounded by a
//! duration.

use crate::harness::Lab;

/// A path in `tests/fixtures/cases`.
fn case(name: &str) -> String {
    format!(
        "{}/../tests/fixtures/cases/{name}.toml",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// A producer that sends `count` items, one each millisecond, over a link to a consumer.
fn items(count: u32, latency: &str, more: &str) -> Lab {
    Lab::with(&format!(
        "name = \"items\"\nduration = \"1h\"\n\
         [nodes.producer]\nbehavior = \"echo.producer\"\n\
         config = {{ interval = \"1ms\", count = {count} }}\n\
         [nodes.consumer]\nbehavior = \"echo.consumer\"\nconfig = {{ stop = false }}\n\
         [[links]]\nfrom = \"producer\"\nto = \"consumer\"\nlatency = {latency}\n\
         order = \"any\"\n{more}"
    ))
}

const SPREAD: &str = "{ uniform = [\"1s\", \"9s\"] }";
const ENDS: [(&str, u64); 5] = [
    ("p50", 500),
    ("p90", 900),
    ("p95", 950),
    ("p99", 990),
    ("p999", 999),
];

/// The latencies of the consumer by the logs of a run, ascending `[ns]`.
fn latencies(lab: &Lab, run: u64) -> Vec<u64> {
    let number = |text: &str| text.parse::<u64>().unwrap();
    let sent = lab
        .table(&format!("out/runs/{run:04}/producer.csv"))
        .only("event", "send");
    let times = sent.texts("time_ns").into_iter().map(number);
    let numbers = sent.texts("message").into_iter().map(number);
    let sent: std::collections::BTreeMap<u64, u64> = numbers.zip(times).collect();
    let log = lab
        .table(&format!("out/runs/{run:04}/consumer.csv"))
        .only("event", "receive");
    let times = log.texts("time_ns").into_iter().map(number);
    let numbers = log.texts("message").into_iter().map(number);
    let mut spans: Vec<u64> = times.zip(numbers).map(|(at, it)| at - sent[&it]).collect();
    spans.sort_unstable();
    spans
}

/// The value of nearest rank.
fn nearest(sorted: &[u64], per_mille: u64) -> u64 {
    let rank = (sorted.len() as u64 * per_mille).div_ceil(1000);
    sorted[rank as usize - 1]
}

#[test]
fn one_late_message_leaves_the_others_exact() {
    let lab = Lab::new();
    let case = case("percentile-1ms");
    lab.runner(&[&case, "--no-report", "--quiet", "--out", "out"])
        .passes();
    let consumer = lab.table("out/summary.csv").only("node", "consumer");
    assert_eq!(consumer.texts("latency_p99"), ["1000000"]);
    assert_eq!(consumer.texts("latency_max"), ["2500000"]);
}

#[test]
fn ten_thousand_distinct_latencies_have_exact_percentiles() {
    for count in [999, 9_999] {
        let lab = items(count, SPREAD, "");
        lab.run_into("out", &[]);
        let consumer = lab.table("out/summary.csv").only("node", "consumer");
        let spans = latencies(&lab, 1);
        assert_eq!(spans.len() as u32, count + 1, "and the end marker");
        for (end, per_mille) in ENDS {
            let expected = nearest(&spans, per_mille).to_string();
            assert_eq!(
                consumer.texts(&format!("latency_{end}")),
                [expected],
                "{end}"
            );
        }
    }
}

#[test]
fn a_bound_within_the_bucket_of_a_percentile_is_unknown() {
    let lab = items(40_000, SPREAD, "");
    lab.run_into("out", &[]);
    let spans = latencies(&lab, 1);
    let exact = nearest(&spans, 990);
    let judged = |bound: u64, code: i32| {
        let more = format!(
            "[[expect]]\nmetric = \"latency_p99\"\nnodes = \"consumer\"\nat_most = \"{bound}ns\"\n"
        );
        let lab = items(40_000, SPREAD, &more);
        let answer = lab.runner(&[
            "scenario.toml",
            "--no-report",
            "--log",
            "off",
            "--out",
            "out",
        ]);
        let answer = answer.ends(code);
        (
            answer,
            lab.table("out/verdicts.csv").texts("reason")[0].to_owned(),
        )
    };
    // Buckets are narrower than 0.1 %.
    judged(exact + exact / 1000, 0);
    judged(exact - exact / 1000, 1);
    let (_, reason) = judged(exact, 4);
    assert!(
        reason.contains("is known to be") && reason.contains("too many distinct samples"),
        "{reason}"
    );
}

#[test]
fn a_merge_judges_shares_of_percentiles_by_their_buckets() {
    let lab = items(40_000, SPREAD, "");
    lab.run_into("out", &[]);
    let exact = nearest(&latencies(&lab, 1), 500);
    // The same latency in both runs.
    for (bound, code) in [
        (exact, 4),
        (exact + exact / 1000, 0),
        (exact - exact / 1000, 1),
    ] {
        let more = format!(
            "[[expect]]\nmetric = \"latency_p50\"\nnodes = \"consumer\"\nat_most = \"{bound}ns\"\nover = \"fraction\"\nshare = 1\n"
        );
        let lab = items(40_000, SPREAD, &more);
        let options = ["scenario.toml", "--no-report", "--log", "off"];
        lab.runner(&[&options[..], &["--out", "whole"]].concat())
            .ends(code);
        lab.runner(&[&options[..], &["--out", "part", "--shard", "1/1"]].concat())
            .ends(code);
        lab.runner(&["report", "part", "--out", "merged"])
            .ends(code);
        let samples = lab.read("whole/samples.csv");
        assert!(
            samples.starts_with("run,case,node,family,samples\n1,default,consumer,queue,1 63 0*")
        );
    }
}

#[test]
fn percentiles_over_runs_are_those_of_all_samples() {
    let lab = items(99, SPREAD, "");
    lab.runner(&["scenario.toml", "--runs", "5", "--quiet", "--out", "out"])
        .ends(0);
    let runs = 1..=5;
    let mut all: Vec<u64> = runs.flat_map(|run| latencies(&lab, run)).collect();
    all.sort_unstable();
    let report = lab.read("out/report.md");
    for (end, per_mille) in ENDS {
        let head = format!("| `latency_{end} [ms]` | consumer |");
        let row = report.lines().find(|line| line.starts_with(&head)).unwrap();
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let shown: f64 = cells[cells.len() - 2].replace(',', "").parse().unwrap();
        let expected = nearest(&all, per_mille) as f64 / 1e6;
        assert!((shown - expected).abs() <= 0.5, "{row}: {expected}");
    }

    // The same after a merge of parts, and from a journal that is continued.
    let shard = |part: &str| {
        let options = [
            "scenario.toml",
            "--runs",
            "5",
            "--quiet",
            "--no-report",
            "--log",
            "off",
        ];
        let out = format!("part-{}", &part[..1]);
        lab.runner(&[&options[..], &["--shard", part, "--out", &out]].concat())
            .ends(0);
    };
    shard("1/2");
    shard("2/2");
    lab.runner(&["report", "part-1", "part-2", "--out", "merged"])
        .ends(0);
    assert_eq!(lab.read("merged/samples.csv"), lab.read("out/samples.csv"));
    std::fs::remove_file(lab.path("out/samples.csv")).unwrap();
    lab.runner(&[
        "scenario.toml",
        "--runs",
        "5",
        "--quiet",
        "--out",
        "out",
        "--resume",
    ])
    .ends(0);
    assert_eq!(lab.read("merged/samples.csv"), lab.read("out/samples.csv"));
}

#[test]
fn a_time_is_bounded_by_a_duration() {
    let metric = |metric: &str, bound: &str| {
        format!("[[expect]]\nmetric = \"{metric}\"\nnodes = \"consumer\"\n{bound}\n")
    };
    for (bound, wrong) in [
        (
            "at_most = 3",
            "17:11: `latency_mean` is a time, and 3 has no unit, expected a duration",
        ),
        (
            "at_least = 0",
            "17:12: `latency_mean` is a time, and 0 has no unit",
        ),
        (
            "between = [\"1ms\", 3]",
            "17:11: `latency_mean` is a time, and 3 has no unit",
        ),
        (
            "equals = 1.5",
            "17:10: `latency_mean` is a time, and 1.5 has no unit",
        ),
    ] {
        let lab = items(1, "\"1ms\"", &metric("latency_mean", bound));
        lab.runner(&["check", "scenario.toml"])
            .ends(2)
            .says(&[wrong, "ns\"`"]);
    }
    let lab = items(1, "\"1ms\"", &metric("latency_mean", "at_most = \"3ms\""));
    lab.runner(&["check", "scenario.toml"]).ends(0);
}

#[test]
fn a_share_of_the_runs_is_a_key_of_its_own() {
    let some = |keys: &str| {
        items(
            5,
            "\"1ms\"",
            &format!("[[expect]]\nmetric = \"received\"\nnodes = \"consumer\"\n{keys}\n"),
        )
    };
    let old = some("over = \"fraction\"\nat_most = 6\nat_least = 0.9");
    old.runner(&["check", "scenario.toml"]).ends(2).says(&[
        "scenario.toml:19:1: with `over = \"fraction\"` the share of runs is `share`, not `at_least`",
        "write `share = 0.9` in its place",
    ]);
    let missing = some("over = \"fraction\"\nat_most = 6");
    missing
        .runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&["needs `share`"]);
    let alone = some("share = 0.9\nat_most = 6");
    alone
        .runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&["`share` without `over = \"fraction\"`"]);
    // `at_least` is a bound like any other.
    for (least, code) in [(6, 0), (7, 1)] {
        let lab = some(&format!(
            "over = \"fraction\"\nat_least = {least}\nshare = 0.9"
        ));
        lab.runner(&["scenario.toml", "--no-report", "--out", "out"])
            .ends(code);
    }
}
