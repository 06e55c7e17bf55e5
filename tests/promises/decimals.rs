//! Rates and times are the decimal numbers that are written, not the binary fractions next
//! to them: tick k is at start + floor(k * 10^9 / rate) ns, to the last digit.

use crate::harness::{Lab, case};

/// The times of a node's ticks, from the log of a machine that ticks and does nothing else.
fn ticks(scenario: &str, node: &str, more: &[&str]) -> Vec<u64> {
    let lab = Lab::with(scenario);
    lab.run_into("out", more);
    let log = lab.table(&format!("out/runs/0001/{node}.csv"));
    let rows = log.texts("time_ns").into_iter().zip(log.texts("event"));
    let mut times: Vec<u64> = rows
        .filter(|(_, event)| !matches!(*event, "start" | "stop" | "drop"))
        .map(|(time, _)| time.parse().unwrap())
        .collect();
    // A step has a row for each message that it sends.
    times.dedup();
    times
}

/// One machine; `keys` set its timing.
fn machine(keys: &str, duration: &str) -> String {
    format!(
        "name = \"m\"\nduration = \"{duration}\"\n[nodes.a]\nbehavior = \"clock.machine\"\n{keys}\n"
    )
}

/// floor(k * 10^9 * per / ticks) for a rate of `ticks` in `per` seconds.
fn at(k: u128, ticks: u128, per: u128) -> u64 {
    (k * 1_000_000_000 * per / ticks) as u64
}

#[test]
fn tick_33_of_one_point_one_per_second_is_at_30_s_sharp() {
    let times = ticks(&case("tick-1.1"), "a", &[]);
    assert_eq!(times[32], 30_000_000_000);
    let all: Vec<u64> = (1..=34).map(|k| at(k, 11, 10)).collect();
    assert_eq!(times, all);
}

#[test]
fn each_written_rate_is_exact_at_every_tick() {
    for (rate, per_ticks, per) in [
        ("0.7", 7, 10),
        ("2.3", 23, 10),
        ("3.3", 33, 10),
        ("33.3", 333, 10),
        ("12.7", 127, 10),
        ("1.1e1", 11, 1),
        ("0.003", 3, 1000),
        (
            "33.333333333333333333",
            33_333_333_333_333_333_333,
            1_000_000_000_000_000_000,
        ),
    ] {
        let times = ticks(&machine(&format!("tick_rate = {rate}"), "1000s"), "a", &[]);
        let all: Vec<u64> = (1..)
            .map(|k| at(k, per_ticks, per))
            .take(times.len())
            .collect();
        assert_eq!(times, all, "{rate}");
        let next = at(times.len() as u128 + 1, per_ticks, per);
        assert!(next > 1_000_000_000_000, "{rate}: {next}");
    }
}

#[test]
fn options_and_axes_are_decimals_too() {
    let plain = machine("tick_rate = 1", "31s");
    let times = ticks(&plain, "a", &["--set", "nodes.a.tick_rate=1.1"]);
    assert_eq!(times[32], 30_000_000_000);
    let axis = "[matrix.axes.rate]\npath = \"nodes.a.tick_rate\"\nvalues = [1, 1.1]\n";
    let lab = Lab::with(&format!("{plain}{axis}"));
    lab.run_into("out", &[]);
    let log = lab.table("out/runs/0002/a.csv");
    assert!(log.texts("time_ns").contains(&"30000000000"));
    assert!(!log.texts("time_ns").contains(&"29999999999"));
}

#[test]
fn a_rate_with_a_phase_counts_from_the_phase() {
    let keys = "tick_rate = 1.1\ntick_phase = \"0.3s\"\nstart_at = \"1.1s\"";
    let times = ticks(&machine(keys, "40s"), "a", &[]);
    let all: Vec<u64> = (0..times.len() as u128)
        .map(|k| 1_400_000_000 + at(k, 11, 10))
        .collect();
    assert_eq!(times, all);
    assert_eq!(times[33], 31_400_000_000);
}

#[test]
fn the_rate_of_a_fault_is_exact() {
    let fault = "[[faults]]\nat = \"0s\"\ntick_rate = { nodes = \"a\", to = 1.1 }\n";
    let times = ticks(
        &format!("{}{fault}", machine("tick_rate = 4", "31s")),
        "a",
        &[],
    );
    assert_eq!(times[32], 30_000_000_000);
    // From 10 s on: a whole interval is left of the tick at 10 s.
    let later = fault.replace("0s", "10s");
    let times = ticks(
        &format!("{}{later}", machine("tick_rate = 4", "41s")),
        "a",
        &[],
    );
    let base = 10_000_000_000;
    // The tick at 10 s comes after the fault, so nothing is left of its interval.
    let all: Vec<u64> = (0..)
        .map(|k| base + at(k, 11, 10))
        .take(times.len() - 39)
        .collect();
    assert_eq!(times[39..], all);
    assert_eq!(times[39 + 33], 40_000_000_000);
}

#[test]
fn times_are_exact_beyond_what_a_float_holds() {
    // 2^53 ns is 104 days.
    let keys = "tick_interval = \"200d1ns\"\ntick_phase = \"150d3ns\"";
    let times = ticks(&machine(keys, "1000d"), "a", &[]);
    let day = 86_400_000_000_000;
    let all: Vec<u64> = (0..5)
        .map(|k| 150 * day + 3 + k * (200 * day + 1))
        .collect();
    assert_eq!(times, all);
    let lab = Lab::with(
        "name = \"far\"\n[nodes.producer]\nbehavior = \"echo.producer\"\n\
         config = { interval = \"110d1ns\", count = 2 }\n\
         [nodes.consumer]\nbehavior = \"echo.consumer\"\n\
         [[links]]\nfrom = \"producer\"\nto = \"consumer\"\nlatency = \"120d7ns\"\n",
    );
    lab.run_into("out", &[]);
    let arrived = lab
        .table("out/runs/0001/consumer.csv")
        .only("event", "receive");
    let sent = lab
        .table("out/runs/0001/producer.csv")
        .only("event", "send");
    let ns = |text: &str| text.parse::<u64>().unwrap();
    for (sent, arrived) in sent
        .texts("time_ns")
        .into_iter()
        .zip(arrived.texts("time_ns"))
    {
        assert_eq!(ns(arrived) - ns(sent), 120 * day + 7);
    }
    assert!(
        sent.texts("time_ns")
            .iter()
            .all(|it| ns(it) % (110 * day + 1) == 0)
    );
}

#[test]
fn a_rate_of_more_digits_than_can_be_kept_is_refused() {
    let lab = Lab::with(&machine("tick_rate = 1e-29", "10s"));
    lab.runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&["`tick_rate` is 1e-29, expected a number of at most 28 digits"]);
}
