//! `queue_time_mean` is the mean over time of the messages that wait, whatever the service
//! times: held to the closed forms of queueing theory.
//!
//! With utilization u and a mean service time s (Kleinrock, "Queueing Systems", vol. 1,
//! 1975, sections 3.2, 5.6, 6.4):
//!
//! - M/G/1: u^2 (1 + c^2) / (2 (1 - u)) messages wait, where c is the coefficient of
//!   variation of the service time (Pollaczek and Khinchine); c = 0 is M/D/1, c = 1 M/M/1.
//! - D/M/1: u x / (1 - x) messages wait, where x is the root of x = exp(-(1 - x) / u).
//!
//! Each test takes the means of runs with seeds of their own. The closed form must lie
//! within four standard errors; a wrong definition is tens of them away. Seeds are fixed,
//! so the result is always the same.

use crate::harness::{LAB, Lab};

const RUNS: usize = 20;

/// Runs a producer (mean interval 10 ms) and a consumer; returns the table of the consumer.
fn measured(interval: &str, consumer: &str, items: u32) -> Vec<f64> {
    let lab = Lab::with(&format!(
        "name = \"queue\"\nruns = {RUNS}\nduration = \"1h\"\n\
         [nodes.producer]\nbehavior = \"echo.producer\"\n\
         config = {{ interval = {interval}, count = {items} }}\n\
         [nodes.consumer]\nbehavior = \"echo.consumer\"\n{consumer}\n\
         [[links]]\nfrom = \"producer\"\nto = \"consumer\"\n"
    ));
    let options = ["--no-report", "--quiet", "--out", "out", "--log", "off"];
    lab.runner(&[&["scenario.toml"], &options[..]].concat())
        .passes();
    let summary = lab.table("out/summary.csv").only("node", "consumer");
    summary.numbers("queue_time_mean")
}

/// Holds the mean of these runs to a closed form.
fn agrees(what: &str, values: &[f64], closed: f64) {
    assert_eq!(values.len(), RUNS);
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let error = (squares / (count - 1.0) / count).sqrt();
    assert!(
        (mean - closed).abs() <= 4.0 * error && error < closed / 20.0,
        "{what}: {mean}, standard error {error}; closed form {closed}"
    );
}

const POISSON: &str = "{ exponential = { mean = \"10ms\" } }";

/// Messages that wait in M/G/1.
fn pollaczek_khinchine(load: f64, variation_squared: f64) -> f64 {
    load * load * (1.0 + variation_squared) / (2.0 * (1.0 - load))
}

#[test]
fn constant_service_times_agree_with_m_d_1() {
    for (load, items) in [(0.2, 4_000), (0.5, 4_000), (0.8, 8_000)] {
        let consumer = format!("service_time = \"{}ms\"", load * 10.0);
        let values = measured(POISSON, &consumer, items);
        agrees("M/D/1", &values, pollaczek_khinchine(load, 0.0));
    }
}

#[test]
fn exponential_service_times_agree_with_m_m_1() {
    let consumer = "service_time = { exponential = { mean = \"6ms\" } }";
    let values = measured(POISSON, consumer, 8_000);
    agrees("M/M/1", &values, pollaczek_khinchine(0.6, 1.0));
}

#[test]
fn uniform_service_times_agree_with_pollaczek_and_khinchine() {
    // From a to b: variance (b - a)^2 / 12.
    for (low, high) in [(0.0, 10.0), (4.0, 10.0)] {
        let mean: f64 = (low + high) / 2.0;
        let variation = (high - low) * (high - low) / 12.0 / (mean * mean);
        let consumer = format!("service_time = {{ uniform = [\"{low}ms\", \"{high}ms\"] }}");
        let values = measured(POISSON, &consumer, 4_000);
        agrees(
            "M/U/1",
            &values,
            pollaczek_khinchine(mean / 10.0, variation),
        );
    }
}

#[test]
fn lognormal_service_times_agree_with_pollaczek_and_khinchine() {
    // Mean median x exp(sigma^2 / 2), squared variation exp(sigma^2) - 1.
    for (median, sigma) in [(4.0_f64, 0.5_f64), (3.0, 0.9)] {
        let mean = median * (sigma * sigma / 2.0).exp();
        let variation = (sigma * sigma).exp() - 1.0;
        let consumer = format!(
            "service_time = {{ lognormal = {{ median = \"{median}ms\", sigma = {sigma} }} }}"
        );
        let values = measured(POISSON, &consumer, 8_000);
        agrees(
            "M/LN/1",
            &values,
            pollaczek_khinchine(mean / 10.0, variation),
        );
    }
}

#[test]
fn items_at_a_constant_interval_agree_with_d_m_1() {
    for (load, items) in [(0.5_f64, 4_000), (0.8, 8_000)] {
        let mut root = 0.5_f64;
        for _ in 0..1000 {
            root = (-(1.0 - root) / load).exp();
        }
        let mean = load * 10.0;
        let consumer = format!("service_time = {{ exponential = {{ mean = \"{mean}ms\" }} }}");
        let values = measured("\"10ms\"", &consumer, items);
        agrees("D/M/1", &values, load * root / (1.0 - root));
    }
}

#[test]
fn at_clocked_nodes_the_latency_without_that_of_the_links_is_the_wait() {
    // By Little's law, in the runs in which no message is left: the links have no latency.
    let lab = Lab::with(&LAB.replace("runs = 3", "runs = 100"));
    lab.run_into("out", &["--log", "off"]);
    let summary = lab.table("out/summary.csv");
    let mut whole_runs = 0;
    for run in 1..=100 {
        let nodes = summary.only("run", &run.to_string());
        let sum = |metric: &str| nodes.numbers(metric).iter().sum::<f64>();
        if sum("sent") != sum("received") {
            continue;
        }
        whole_runs += 1;
        for node in ["machine-1", "machine-2", "machine-3"] {
            let node = nodes.only("node", node);
            let of = |metric: &str| node.numbers(metric)[0];
            let waited = of("latency_mean") / 1e9 * of("received") / 60.0;
            let found = of("queue_time_mean");
            assert!((found - waited).abs() < 2e-6, "{found}, expected {waited}");
        }
    }
    assert!(whole_runs > 3, "{whole_runs}");
}

#[test]
fn at_an_event_driven_node_nothing_waits() {
    assert_eq!(measured(POISSON, "", 100), [0.0; RUNS]);
}

#[test]
fn a_node_that_never_receives_has_a_time_mean_too() {
    // The first item is in service when the run ends. Those of 20 and 30 ms wait, and so
    // does the end marker, which is sent with the last.
    let lab = Lab::with(
        "name = \"never\"\nduration = \"100ms\"\n\
         [nodes.producer]\nbehavior = \"echo.producer\"\n\
         config = { interval = \"10ms\", count = 3 }\n\
         [nodes.consumer]\nbehavior = \"echo.consumer\"\nservice_time = \"1s\"\n\
         [[links]]\nfrom = \"producer\"\nto = \"consumer\"\n",
    );
    lab.run_into("out", &[]);
    let summary = lab.table("out/summary.csv");
    let consumer = summary.only("node", "consumer");
    assert_eq!(consumer.numbers("received"), [0.0]);
    assert_eq!(consumer.numbers("queue_time_mean"), [0.8 + 0.7 + 0.7]);
    let producer = summary.only("node", "producer");
    assert_eq!(producer.numbers("queue_time_mean"), [0.0]);
}

/// A path in `tests/fixtures/cases`.
fn case(name: &str) -> String {
    format!(
        "{}/../tests/fixtures/cases/{name}.toml",
        env!("CARGO_MANIFEST_DIR")
    )
}

#[test]
fn m_d_1_at_a_low_load_is_as_the_textbook_has_it() {
    let lab = Lab::new();
    let case = case("queue-time-mean-md1");
    lab.runner(&[
        &case,
        "--no-report",
        "--quiet",
        "--log",
        "off",
        "--out",
        "out",
    ])
    .passes();
}

#[test]
fn what_a_server_serves_takes_no_place_in_its_inbox() {
    // Items at 1, 2, .. 100 ms and 10 ms for each: while one is served, one waits.
    for (limit, served, waits) in [(0, 10, 0.0), (1, 11, 1.0), (2, 12, 2.0)] {
        let lab = Lab::new();
        let limit = format!("nodes.consumer.inbox_limit={limit}");
        let options = ["--no-report", "--quiet", "--out", "out", "--set", &limit];
        let case = case("inbox-limit-server");
        lab.runner(&[&[case.as_str()], &options[..]].concat())
            .passes();
        let consumer = lab.table("out/summary.csv").only("node", "consumer");
        let of = |metric: &str| consumer.numbers(metric)[0];
        assert_eq!(
            (of("queue_max"), of("received")),
            (waits, f64::from(served))
        );
        assert_eq!(
            of("received") + of("dropped"),
            101.0,
            "100 items, an end marker"
        );
    }
}

#[test]
fn only_a_server_may_let_nothing_wait() {
    let lab = Lab::with(
        "name = \"zero\"\nduration = \"1s\"\n\
         [nodes.server]\nbehavior = \"echo.server\"\ninbox_limit = 0\n\
         [nodes.client]\nbehavior = \"echo.client\"\n",
    );
    let wrong = "scenario.toml:5:15: `inbox_limit` is 0, expected 1 to 4294967295";
    lab.runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&[wrong]);
    lab.runner(&[
        "check",
        "scenario.toml",
        "--set",
        "nodes.server.service_time=1ms",
    ])
    .ends(0);
}

#[test]
fn a_report_from_logs_has_the_same_time_mean_and_none_without_the_arrivals() {
    let lab = Lab::with(
        "name = \"logs\"\nruns = 2\nduration = \"10s\"\n\
         [nodes.producer]\nbehavior = \"echo.producer\"\n\
         config = { interval = { exponential = { mean = \"10ms\" } }, count = 500 }\n\
         [nodes.consumer]\nbehavior = \"echo.consumer\"\nservice_time = \"8ms\"\n\
         [[links]]\nfrom = \"producer\"\nto = \"consumer\"\n",
    );
    lab.run_into("out", &[]);
    let table = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with('|'));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let report = || {
        lab.runner(&["report", "out"]).ends(0);
        lab.read("out/report.md")
    };
    let measured = report();
    std::fs::remove_file(lab.path("out/summary.csv")).unwrap();
    let again = report();
    let has = |text: &str| {
        table(text)
            .iter()
            .any(|line| line.contains("queue_time_mean"))
    };
    assert!(has(&measured));
    assert_eq!(table(&again), table(&measured));
    std::fs::remove_file(lab.path("out/samples.csv")).unwrap();
    assert!(!has(&report()));
}
