//! Queues agree with their closed forms: the runner's one claim that can be held
//! against mathematics.
//!
//! M/M/1 and M/D/1 (Kleinrock, "Queueing Systems", vol. 1, 1975, sections 3.2 and
//! 5.6) at a utilisation u, service time s in the mean, items coming at u / s:
//!
//! - number left behind by a departing item, which is the number there at any time:
//!   L = u / (1 - u), or u + u^2 / (2 (1 - u)) with a constant service time
//!   (`queue_mean`: the inbox once an item was handled and taken off);
//! - waiting: W = L s / u - s (`latency_mean`, from sending an item to having handled
//!   it, less the service).
//!
//! The test: of the 40 runs' means, each run begun with an empty queue and long
//! enough that this does not show, the 95 % interval (Student's t, 39 degrees of
//! freedom) holds the closed form. The seed is fixed, so that the answer is the same
//! each time; of a hundred seeds about five would miss, at each load.

use crate::harness::Lab;

const RUNS: usize = 40;
/// The 97.5th percentile of Student's t with 39 degrees of freedom.
const T: f64 = 2.022_690_9;

/// The 95 % interval of a mean: its middle and half its width.
fn interval(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = |value: &f64| (value - mean).powi(2);
    let variance = values.iter().map(square).sum::<f64>() / (count - 1.0);
    (mean, T * (variance / count).sqrt())
}

/// Runs a scenario of the repository at a service time `[ms]`, items coming every
/// 10 ms in the mean, and holds queue and waiting against the number `there`.
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
        // The scenario's own expectations are for its own load.
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

/// Utilisation, and items in a run: more where the queue remembers longer.
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
