//! `[until]`: runs are added until the interval of a mean is narrow. Which runs are done
//! depends on their results alone: not on the number of workers, nor on an interruption.
//! An interval at which the runs end holds the mean as often as it says.

use analysis::expect::{Bound, Expectation, Over, Tally, Until};
use analysis::metrics::Value;
use analysis::statistics::{Sample, mean_interval};
use base::distribution::Distribution;
use base::random::Random;

use crate::harness::{Lab, Table};

/// A queue whose mean latency is to be known within 6 %, in two cases.
const QUEUE: &str = "\
name = \"queue\"
seed = 3
[until]
metric = \"latency_mean\"
nodes = \"consumer\"
half_width = \"6%\"
at_most = 160
[nodes.producer]
behavior = \"echo.producer\"
config = { interval = { exponential = { mean = \"10ms\" } }, count = 500 }
[nodes.consumer]
behavior = \"echo.consumer\"
service_time = { exponential = { mean = \"5ms\" } }
[[links]]
from = \"producer\"
to = \"consumer\"
";

/// The service times as an axis: one spreads little, the other much.
const CASES: &str = "\
[matrix.axes.service]
path = \"nodes.consumer.service_time\"
values = [\"3ms\", { exponential = { mean = \"4ms\" } }]
labels = [\"even\", \"uneven\"]
";

/// Number of runs of each case, in the order of the results.
fn runs_by_case(lab: &Lab, out: &str) -> Vec<(String, usize)> {
    let table = lab.table(&format!("{out}/runs.csv"));
    let mut cases: Vec<(String, usize)> = Vec::new();
    for case in table.texts("case") {
        match cases.last_mut() {
            Some((last, count)) if last == case => *count += 1,
            _ => cases.push((case.to_owned(), 1)),
        }
    }
    cases
}

/// The judgements over all runs.
fn over_runs(lab: &Lab, out: &str) -> Table {
    lab.table(&format!("{out}/verdicts.csv")).only("run", "")
}

#[test]
fn each_case_has_as_many_runs_as_its_interval_needs() {
    let lab = Lab::with(&(QUEUE.to_owned() + CASES));
    lab.run_into("out", &["--log", "off"]);
    let cases = runs_by_case(&lab, "out");
    let [(even, few), (uneven, many)] = &cases[..] else {
        panic!("{cases:?}");
    };
    assert_eq!([&**even, uneven], ["service=even", "service=uneven"]);
    assert_eq!(*few, 10, "{cases:?}");
    assert!([20, 40, 80].contains(many), "{cases:?}");
    let judged = over_runs(&lab, "out");
    assert_eq!(judged.texts("verdict"), ["passed", "passed"]);
    for measured in judged.texts("measured") {
        let (_, within) = measured.split_once("within ").unwrap();
        let percent: f64 = within.split(' ').next().unwrap().parse().unwrap();
        assert!(percent <= 6.0, "{measured}");
    }
    // At the look before, the interval was wider.
    let fewer = format!("until.at_most={}", many / 2);
    let arguments = [
        "scenario.toml",
        "--set",
        &fewer,
        "--log",
        "off",
        "--out",
        "fewer",
    ];
    lab.runner(&arguments).ends(4);
    let judged = over_runs(&lab, "fewer");
    assert_eq!(judged.texts("verdict"), ["passed", "unknown"]);
    assert!(judged.texts("reason")[1].contains("is not known within 6 %"));
}

#[test]
fn the_runs_are_the_same_for_any_number_of_workers_and_in_any_report() {
    let lab = Lab::with(&(QUEUE.to_owned() + CASES));
    for (out, jobs) in [("one", "1"), ("four", "4")] {
        lab.run_into(out, &["--jobs", jobs, "--log", "off"]);
    }
    for table in ["summary.csv", "verdicts.csv"] {
        let of = |out: &str| lab.read(&format!("{out}/{table}"));
        assert_eq!(of("one"), of("four"), "{table}");
    }
    lab.runner(&["report", "one", "--out", "again"]).ends(0);
    let report = lab.read("again/report.md");
    assert!(report.contains("until an interval is narrow"), "{report}");
    assert!(!report.contains("missing: "), "nothing is missing");
}

#[test]
fn a_killed_plan_is_continued_to_the_same_results() {
    let lab = Lab::with(QUEUE);
    lab.run_into("calm", &["--jobs", "1", "--log", "off"]);
    let runs = runs_by_case(&lab, "calm")[0].1;
    assert!(runs > 10, "there is more than one batch: {runs}");
    // What a kill leaves: some lines of the journal, one of them cut.
    let journal = lab.read("calm/runs.journal");
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    assert!(lines.len() > runs, "a line for each run: {}", lines.len());
    for kept in [3, 10, 12] {
        let out = format!("torn-{kept}");
        lab.shell(&format!("cp -a calm {out}"));
        let whole: String = lines[..=kept].concat();
        let cut = &lines[kept + 1][..20];
        lab.write(&format!("{out}/runs.journal"), &(whole + cut));
        let arguments = [
            "scenario.toml",
            "--resume",
            "--log",
            "off",
            "--no-report",
            "--out",
            &out,
        ];
        let resumed = lab.runner(&arguments).ends(0);
        let said = format!("{kept} of 10 to 160 runs were finished before");
        assert!(resumed.out.contains(&said), "{}", resumed.out);
        for table in ["summary.csv", "verdicts.csv"] {
            let of = |out: &str| lab.read(&format!("{out}/{table}"));
            assert_eq!(of("calm"), of(&out), "{table}");
        }
    }
}

#[test]
fn an_interval_that_does_not_get_narrow_is_unknown_and_says_what_would_do() {
    let lab = Lab::with(&QUEUE.replace("at_most = 160", "at_most = 20"));
    let set = "until.half_width=\"1%\"";
    lab.runner(&[
        "scenario.toml",
        "--set",
        set,
        "--log",
        "off",
        "--out",
        "out",
    ])
    .ends(4)
    .says(&[
        "is not known within 1 % after 20 runs",
        "runs would do",
        "raise `at_most` (20)",
    ]);
    assert_eq!(runs_by_case(&lab, "out")[0].1, 20);
    assert_eq!(over_runs(&lab, "out").texts("verdict"), ["unknown"]);
}

#[test]
fn the_runs_that_would_do_are_those_of_the_width_though_there_is_no_interval_yet() {
    // Of the greatest queue, ten runs have no interval: it has many equal values.
    let few = QUEUE.replace("at_most = 160", "at_most = 10");
    let lab = Lab::with(&few.replace("latency_mean", "queue_max"));
    let needed = |width: &str| {
        let set = format!("until.half_width={width}");
        let out = format!("out-{}", width.trim_matches('"'));
        let fixed = ["scenario.toml", "--log", "off", "--no-report"];
        let more = ["--set", &set, "--out", &out];
        lab.runner(&[&fixed[..], &more].concat()).ends(4);
        let judged = over_runs(&lab, &out);
        assert!(judged.texts("measured")[0].contains("no interval"));
        judged.texts("reason")[0].to_owned()
    };
    let runs = |reason: &str| -> u64 {
        let (_, after) = reason.split_once("about ").expect(reason);
        let (runs, _) = after.split_once(" runs would do").expect(reason);
        runs.parse().expect(reason)
    };
    // A width that each interval has needs as many runs as an interval does.
    let wide = runs(&needed("100.0"));
    assert_eq!(wide, runs(&needed("\"90%\"")));
    assert!(runs(&needed("0.1")) > 10 * wide);
    // A tenth of the width takes a hundred times the runs.
    let (one, tenth) = (runs(&needed("\"2%\"")), runs(&needed("\"0.2%\"")));
    assert!((99 * one..101 * one).contains(&tenth), "{one}, {tenth}");
    let none = needed("\"0.0001%\"");
    assert!(
        none.ends_with(
            "more than 1000000 runs, the most that there can be, would do: raise `half_width`"
        ),
        "{none}"
    );
}

#[test]
fn what_is_asked_over_all_runs_is_judged_when_the_last_run_is_done() {
    let asked = "\
[[property]]
name = \"a queue of five\"
nodes = \"consumer\"
sometimes = \"queue >= 5\"
[[expect]]
metric = \"latency_mean\"
nodes = \"consumer\"
at_most = \"1h\"
over = \"fraction\"
share = 1.0
";
    let lab = Lab::with(&(QUEUE.to_owned() + asked));
    lab.run_into("out", &["--log", "off"]);
    let judged = over_runs(&lab, "out");
    assert_eq!(judged.texts("verdict"), ["passed"; 3], "{judged:?}");
    let runs = runs_by_case(&lab, "out")[0].1;
    let sometimes = judged.only("name", "a queue of five");
    let measured = &sometimes.texts("measured")[0];
    assert!(measured.contains(&format!("of {runs} runs")), "{measured}");
}

#[test]
fn single_runs_are_repeated_and_shards_refused() {
    let lab = Lab::with(QUEUE);
    lab.run_into("out", &["--log", "off"]);
    lab.run_into("single", &["--run", "7", "--log", "off"]);
    let row = |out: &str| lab.table(&format!("{out}/summary.csv")).only("run", "7");
    assert_eq!(
        row("out").texts("latency_mean"),
        row("single").texts("latency_mean")
    );
    lab.runner(&["scenario.toml", "--shard", "1/2", "--out", "part"])
        .ends(2)
        .says(&["--shard 1/2", "has [until]", "--jobs"]);
    assert!(!lab.path("part").exists());
    let jobs = lab.runner(&[
        "list",
        "scenario.toml",
        "--format",
        "github",
        "--shards",
        "4",
    ]);
    let jobs = jobs.ends(0);
    assert_eq!(jobs.out.matches("\"scenario\"").count(), 1, "{}", jobs.out);
}

#[test]
fn mistakes_have_their_places() {
    let lab = Lab::new();
    for (from, to, said) in [
        (
            "seed = 3",
            "seed = 3\nruns = 5",
            "scenario.toml:3:1: both `runs` and `[until]`",
        ),
        (
            "\"6%\"",
            "0.1",
            "`latency_mean` is a time, and 0.1 has no unit",
        ),
        (
            "\"6%\"",
            "\"0%\"",
            "expected more than 0 % and at most 100 %",
        ),
        ("\"6%\"", "\"10\"", "half_width"),
        (
            "latency_mean",
            "latency_men",
            "`latency_men` is no metric that `consumer` has",
        ),
        (
            "at_most = 160",
            "at_most = 5",
            "`at_least` is 10 and `at_most` is 5",
        ),
        ("at_most = 160", "confidence = 95", "95 % is 0.95"),
        (
            "nodes = \"consumer\"",
            "nodes = \"consumr\"",
            "did you mean `consumer`?",
        ),
    ] {
        lab.write("scenario.toml", &QUEUE.replace(from, to));
        lab.runner(&["check", "scenario.toml"])
            .ends(2)
            .says(&[said]);
    }
    lab.write("scenario.toml", QUEUE);
    let checked = lab.runner(&["check", "scenario.toml"]).ends(0);
    assert!(checked.out.contains("10 to 160 runs"), "{}", checked.out);
    lab.runner(&[
        "check",
        "scenario.toml",
        "--set",
        "until.half_width=\"2ms\"",
    ])
    .ends(0);
}

/// How often the runs end at an interval that holds the mean, and the mean number of runs.
fn coverage(law: &Distribution, half_width: f64) -> (f64, f64) {
    const PLANS: u32 = 250;
    let until = Until {
        is_share: true,
        confidence: 0.95,
        at_least: 10,
        at_most: 1 << 20,
    };
    let expectation = Expectation {
        metric: "queue_mean".to_owned(),
        nodes: None,
        bound: Bound::AtMost(half_width),
        over: Over::Until(until),
    };
    let mut random = Random::from_seed(11);
    let (mut held, mut runs) = (0, 0_u64);
    for _ in 0..PLANS {
        let mut tally = Tally::default();
        let mut values = Vec::new();
        loop {
            let value = law.sample(&mut random);
            tally.add(&expectation, [("node", Some(Value::Real(value)))]);
            values.push(value);
            if until.is_look(values.len() as u32) && tally.is_narrow(&expectation, &until) {
                break;
            }
        }
        let sample = Sample::of(values.iter().copied());
        let interval = mean_interval(&sample, None, until.confidence).unwrap();
        held += u32::from(interval.low <= law.mean() && law.mean() <= interval.high);
        runs += values.len() as u64;
    }
    (
        f64::from(held) / f64::from(PLANS),
        runs as f64 / f64::from(PLANS),
    )
}

#[test]
fn an_interval_at_which_the_runs_end_holds_the_mean() {
    let laws = [
        Distribution::Exponential { mean: 3.0 },
        Distribution::LogNormal {
            median: 1.0,
            sigma: 0.5,
        },
        Distribution::Normal {
            mean: 10.0,
            std: 1.0,
        },
        Distribution::Gamma {
            shape: 4.0,
            scale: 1.0,
        },
        Distribution::Uniform {
            low: 1.0,
            high: 2.0,
        },
    ];
    let mut fewest = f64::INFINITY;
    for law in &laws {
        for half_width in [0.3, 0.15] {
            let (held, runs) = coverage(law, half_width);
            // Nominal less two points, and less three deviations of the count.
            assert!(
                held >= 0.93 - 0.04,
                "{law:?}, {half_width}: {held}, {runs} runs"
            );
            fewest = fewest.min(runs);
        }
    }
    assert!(fewest < 30.0, "few runs are among these: {fewest}");
}
