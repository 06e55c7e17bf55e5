//! An interval that is printed holds what it says: at least as often as its confidence
//! says, less two points, counted over the samples for which it is printed.
//!
//! A model is run many times; the mean and median over all these runs are taken as the
//! true ones. Samples of 5, 10, 15, 30 and 100 runs are drawn of them, and it is counted how
//! often an interval is printed, and how often it then holds the true value. The models
//! are the hard ones: clocks whose rates are drawn (skewed, of several clusters, with many
//! ties), M/M/1 at several loads, an exponential of known mean, and the differences of cases
//! that are compared in pairs.
//!
//! `COVERAGE=20000` draws so many samples instead of 2000, of ten times the runs, and judges
//! each interval that is printed in 0.5 % of them, instead of 2 %: samples that seldom have an
//! interval have it by chance, and are the ones whose interval is the most often wrong.

use std::collections::BTreeMap;

use analysis::statistics::{
    CONFIDENCE, MeanInterval, Sample, difference_interval, mean_interval, median_interval,
};
use base::random::Random;

use crate::harness::Lab;

/// The sizes of the samples.
const SIZES: [usize; 5] = [5, 10, 15, 30, 100];

/// Number of samples of each size.
fn samples() -> usize {
    let long = std::env::var("COVERAGE").ok();
    long.map_or(2000, |it| it.parse().expect("COVERAGE is a number"))
}

/// An interval that is printed in a smaller share of the samples is not judged: these are too
/// few to count.
fn counted() -> f64 {
    match samples() >= 20_000 {
        true => 0.005,
        false => 0.02,
    }
}

/// How often the intervals of samples of this size are printed, and how often those hold.
struct Coverage {
    printed: usize,
    held: usize,
    of: usize,
}

impl Coverage {
    /// Counts whether intervals hold the true value; `None`: not printed.
    fn of(size: usize, values: &[f64], mut holds: impl FnMut(&[f64]) -> Option<bool>) -> Coverage {
        let mut random = Random::from_seed(size as u64);
        let of = samples();
        let mut coverage = Coverage {
            printed: 0,
            held: 0,
            of,
        };
        let mut sample = vec![0.0; size];
        for _ in 0..of {
            sample.fill_with(|| values[random.index(values.len())]);
            if let Some(held) = holds(&sample) {
                coverage.printed += 1;
                coverage.held += usize::from(held);
            }
        }
        coverage
    }

    /// What is wrong with it: it holds less than this, by more than counting explains.
    fn problem(&self, least: f64) -> Option<String> {
        let printed = self.printed as f64;
        let share = self.held as f64 / printed;
        let error = (least * (1.0 - least) / printed).sqrt();
        let counts = printed >= counted() * self.of as f64;
        (counts && share < least - 2.0 * error).then(|| {
            format!(
                "{} of {} printed of {} hold it: {share:.3}",
                self.held, self.printed, self.of
            )
        })
    }
}

/// The median interval and the mean interval of each sample hold the true values.
fn problems(
    name: &str,
    values: &[f64],
    mean: impl Fn(&Sample) -> Option<MeanInterval>,
) -> (Vec<String>, [usize; 5]) {
    let truth = Sample::of(values.iter().copied()).mean();
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let mut found = Vec::new();
    let printed = SIZES.map(|size| {
        let mut claimed = 0.0;
        let medians = Coverage::of(size, values, |sample| {
            let it = median_interval(sample, CONFIDENCE)?;
            claimed = it.coverage;
            Some(it.low <= median && median <= it.high)
        });
        let means = Coverage::of(size, values, |sample| {
            let it = mean(&Sample::of(sample.iter().copied()))?;
            Some(it.low <= truth && truth <= it.high)
        });
        let problem = medians.problem(claimed - 0.02);
        found.extend(problem.map(|it| format!("{name}, {size} runs, median: {it}")));
        let problem = means.problem(CONFIDENCE - 0.02);
        found.extend(problem.map(|it| format!("{name}, {size} runs, mean: {it}")));
        means.printed
    });
    (found, printed)
}

/// Every metric of every node over many runs of a scenario of the repository.
fn metrics(scenario: &str, runs: usize, more: &[&str]) -> BTreeMap<String, Vec<f64>> {
    let lab = Lab::new();
    let file = format!(
        "{}/../scenarios/{scenario}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let runs = (runs * samples() / 2000).to_string();
    let fixed = [
        &file,
        "--no-report",
        "--quiet",
        "--out",
        "out",
        "--log",
        "off",
        "--runs",
        &runs,
    ];
    let judges = ["--set", "expect=[]"];
    lab.runner(&[&fixed[..], &judges, more].concat()).passes();
    let table = lab.table("out/summary.csv");
    let nodes = table.texts("node");
    let mut metrics: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (column, metric) in table.header.iter().enumerate().skip(3) {
        for (row, node) in table.rows.iter().zip(&nodes) {
            if let Ok(value) = row[column].parse() {
                metrics
                    .entry(format!("{scenario} {metric} of {node}"))
                    .or_default()
                    .push(value);
            }
        }
    }
    metrics.retain(|_, values| values.len() * 10 > table.rows.len());
    metrics
}

/// By metric and node, the differences between two cases that draw the same numbers, in so many
/// pairs.
fn differences(scenario: &str, pairs: usize, more: &[&str]) -> BTreeMap<String, Vec<f64>> {
    let mut metrics = metrics(scenario, pairs, more);
    let pairs = pairs * samples() / 2000;
    metrics.retain(|_, values| values.len() == 2 * pairs);
    for values in metrics.values_mut() {
        // The runs of the first case come first.
        let second = values.split_off(pairs);
        let each = values.iter_mut().zip(second);
        each.for_each(|(value, second)| *value = second - *value);
    }
    assert!(!metrics.is_empty(), "{scenario} has no pairs");
    metrics
}

/// An interval of a metric that is never below 0.
fn of_metric(sample: &Sample) -> Option<MeanInterval> {
    let it = mean_interval(sample, None, CONFIDENCE).ok()?;
    assert!(it.low >= 0.0, "{it:?} leaves the range");
    Some(it)
}

/// An interval of differences.
fn of_difference(sample: &Sample) -> Option<MeanInterval> {
    Some(difference_interval(sample, CONFIDENCE).ok()?.interval)
}

/// Returns in how many samples of 5, 10, 15, 30 and 100 runs the metrics with this in their
/// name have an interval of the mean.
fn all_hold(
    metrics: &BTreeMap<String, Vec<f64>>,
    counted: &str,
    mean: fn(&Sample) -> Option<MeanInterval>,
) -> [usize; 5] {
    let mut all = Vec::new();
    let mut sums = [0; 5];
    for (name, values) in metrics {
        let (found, printed) = problems(name, values, mean);
        all.extend(found);
        if name.contains(counted) {
            sums = std::array::from_fn(|at| sums[at] + printed[at]);
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
    sums
}

#[test]
fn intervals_over_runs_of_clocks_hold_what_they_say() {
    // Clocks whose rates are drawn say too little in five or ten runs.
    let printed = all_hold(
        &metrics("clock-5runs", 2000, &[]),
        "latency_mean of",
        of_metric,
    );
    assert!(
        printed[0] == 0 && printed[1] * 1000 < samples(),
        "{printed:?}"
    );
}

#[test]
fn intervals_over_runs_of_queues_hold_what_they_say() {
    let printed = |mean: &str| {
        let service = format!("nodes.consumer.service_time.exponential.mean={mean}");
        let count = "nodes.producer.config.count=1000";
        let metrics = metrics("queue-mm1", 2000, &["--set", &service, "--set", count]);
        all_hold(&metrics, "queue_mean of consumer", of_metric)
    };
    // Ten runs are enough where the queue is short, and a hundred where it is long.
    let (short, long) = (printed("4ms"), printed("8ms"));
    let (some, most) = (samples() * 4 / 10, samples() * 8 / 10);
    assert!(short[1] > some && short[3] > most, "{short:?}");
    assert!(long[4] > most, "{long:?}");
}

#[test]
fn intervals_of_an_exponential_hold_its_known_mean() {
    let mut random = Random::from_seed(1);
    let values: Vec<f64> = (0..200_000)
        .map(|_| -random.unit_above_zero().ln())
        .collect();
    let metrics = BTreeMap::from([("exponential".to_owned(), values)]);
    // No 100 runs of it are enough for an interval of the mean.
    assert_eq!(all_hold(&metrics, "exponential", of_metric), [0; 5]);
    // Of means of 100 of them, ten are.
    let of_100 = |_| {
        (0..100)
            .map(|_| -random.unit_above_zero().ln())
            .sum::<f64>()
            / 100.0
    };
    let values: Vec<f64> = (0..100_000).map(of_100).collect();
    let metrics = BTreeMap::from([("mean of 100".to_owned(), values)]);
    assert!(all_hold(&metrics, "mean of 100", of_metric)[1] > samples() / 2);
}

#[test]
fn intervals_of_differences_in_pairs_hold_what_they_say() {
    let count = "nodes.producer.config.count=500";
    let pairs = differences("queue-pair", 1000, &["--set", count]);
    let printed = all_hold(&pairs, "latency_mean of consumer", of_difference);
    // From 30 pairs on, there is an interval of the mean.
    assert_eq!(printed[..3], [0; 3]);
    assert!(printed[4] > samples() / 4, "{printed:?}");
    let faces = "matrix={ streams = \"common\", axes = { faces = { path = \"nodes.machine.config.faces\", values = [10, 5] } } }";
    let pairs = differences("clock-5runs", 1000, &["--set", faces]);
    all_hold(&pairs, "latency_mean of", of_difference);
}
