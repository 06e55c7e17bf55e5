//! Simulated time ends at 2^64 ns, after 584 years. What would happen later does not vanish:
//! the scenario is refused, or the run fails and says what is missing.

use crate::harness::{Lab, case};

const BEYOND: &str = "the run goes beyond the end of time, 2^64 ns (584 years)";

#[test]
fn a_message_that_would_arrive_beyond_the_end_of_time_fails_the_run() {
    let lab = Lab::with(&case("time-past-584y"));
    lab.runner(&["scenario.toml", "--out", "out"])
        .ends(3)
        .says(&[BEYOND, "a message to `consumer` arrives after it"]);
    assert_eq!(lab.table("out/runs.csv").texts("status"), ["failed"]);
    // With a duration, all that happens later is after the end.
    let ends = ["scenario.toml", "--out", "ends", "--duration", "150000d"];
    lab.runner(&[&ends[..], &["-q", "--no-report"]].concat())
        .passes();
}

#[test]
fn a_timer_and_a_service_beyond_the_end_of_time_fail_the_run() {
    let timer = case("time-past-584y")
        .replace("latency=\"100000d\"", "latency=\"1d\"")
        .replace("count=3", "count=5");
    Lab::with(&timer)
        .runner(&["scenario.toml"])
        .ends(3)
        .says(&[BEYOND, "a timer of `producer` is due after it"]);
    let service = "\
name = \"slow\"
[nodes.producer]
behavior = \"echo.producer\"
config = { interval = \"1ms\", count = 9 }
[nodes.consumer]
behavior = \"echo.consumer\"
service_time = \"90000d\"
";
    Lab::with(service)
        .runner(&["scenario.toml"])
        .ends(3)
        .says(&[BEYOND, "`consumer` has served a message after it"]);
}

#[test]
fn times_that_are_known_to_be_beyond_are_refused() {
    let scenario = |fault: &str| {
        format!(
            "name = \"x\"\n[nodes.s]\nbehavior = \"echo.server\"\n\
             [nodes.c]\nbehavior = \"echo.client\"\n[[faults]]\n{fault}\npause = \"s\"\n"
        )
    };
    let lab = Lab::with(&scenario("at = \"150000d\"\nfor = \"150000d\""));
    lab.runner(&["check", "scenario.toml"]).ends(2).says(&[
        "scenario.toml:8:7: the fault ends after 584 years (2^64 ns), beyond the end of time",
    ]);
    let lab = Lab::with(&scenario("at = \"1s\"\nfor = \"300000d\""));
    lab.runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&["expected less than 584 years (2^64 ns)"]);
    let lab = Lab::with(&scenario("at = \"1s\"\nfor = \"1s\""));
    let option = "duration=18446744073709551615ns";
    lab.runner(&["check", "scenario.toml", "--set", option])
        .ends(2)
        .says(&["expected less than 584 years (2^64 ns)"]);
    let option = "duration=18446744073709551614ns";
    lab.runner(&["check", "scenario.toml", "--set", option])
        .passes();
}
