//! Queues agree with the closed forms of queueing theory.
//!
//! M/M/1 and M/D/1 (Kleinrock, "Queueing Systems", vol. 1, 1975, sections 3.2 and 5.6), with
//! utilization u, mean service time s and arrival rate u / s:
//!
//! - The mean number of items in the system, which is also the mean number that a departing
//!   item leaves behind: L = u / (1 - u), or u + u^2 / (2 (1 - u)) if the service time is
//!   constant. The runner measures it as `queue_mean`, the inbox after each item was
//!   handled and removed.
//! - The mean time in the queue: W = L s / u - s. The runner measures `latency_mean`, from
//!   the send of an item until it was handled; the service time is subtracted.
//!
//! The test takes the means of 40 runs. Each run begins with an empty queue and is so long
//! that the empty start does not matter. The 95 % confidence interval (Student's t, 39
//! degrees of freedom) must contain the closed form. The seed is fixed, so the result is
//! always the same; about five of a hundred seeds would fail, at each load.

use crate::harness::Lab;

const RUNS: usize = 40;
/// The 97.5th percentile of Student's t with 39 degrees of freedom.
const T: f64 = 2.022_690_9;

/// The 95 % confidence interval of a mean: its center and half its width.
fn interval(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = |value: &f64| (value - mean).powi(2);
    let variance = values.iter().map(square).sum::<f64>() / (count - 1.0);
    (mean, T * (variance / count).sqrt())
}

/// Runs a scenario of the repository with a service time `[ms]` and a mean of 10 ms between
/// items, and compares queue and time in the queue with the closed form; `there` is the mean
/// number of items in the system.
fn agrees(scenario: &str, service_key: &str, service: f64, items: u32, there: f64) {
    let lab = Lab::new();
    let file = format!(
        "{}/../scenarios/{scenario}.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    lab.runner(&[
        &file,
        "--no-report",
        "--quiet",
        "--out",
        "out",
        "--log",
        "off",
        "--runs",
        &RUNS.to_string(),
        "--set",
        &format!("nodes.producer.config.count={items}"),
        "--set",
        &format!("{service_key}={service}ms"),
        // The expectations of the scenario are for another load.
        "--set",
        "expect=[]",
    ])
    .passes();
    let summary = lab.table("out/summary.csv").only("node", "consumer");
    let queue = summary.numbers("queue_mean");
    assert_eq!(queue.len(), RUNS);
    let latency = summary.numbers("latency_mean");
    let waiting: Vec<f64> = latency.iter().map(|ns| ns / 1e6 - service).collect();
    for (what, measured, closed) in [
        ("items there", queue, there),
        ("waiting [ms]", waiting, there * 10.0 - service),
    ] {
        let (mean, half) = interval(&measured);
        assert!(
            (mean - closed).abs() <= half,
            "{scenario} at {}: {what} {mean} +- {half}, closed form {closed}",
            service / 10.0
        );
    }
}

/// Utilization, and items in a run: at a high load a queue needs more items to settle.
const LOADS: [(f64, u32); 3] = [(0.5, 5_000), (0.8, 10_000), (0.95, 30_000)];

#[test]
fn random_service_times_agree_with_m_m_1() {
    let key = "nodes.consumer.service_time.exponential.mean";
    for (load, items) in LOADS {
        let there = load / (1.0 - load);
        agrees("queue-mm1", key, load * 10.0, items, there);
    }
}

#[test]
fn constant_service_times_agree_with_m_d_1() {
    for (load, items) in LOADS {
        let there = load + load * load / (2.0 * (1.0 - load));
        agrees(
            "queue-md1",
            "nodes.consumer.service_time",
            load * 10.0,
            items,
            there,
        );
    }
}
