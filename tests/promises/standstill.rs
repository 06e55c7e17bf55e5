//! A run whose time stands still ends early, and says which nodes keep it there and what to
//! set. Many events at one instant that are no chain of causes pass.

use crate::harness::{Answer, Lab, case};

/// The runner's answer to a scenario, and the size of all files of its run `[bytes]`.
fn run(scenario: &str, more: &[&str]) -> (Answer, usize) {
    let lab = Lab::with(scenario);
    let arguments = ["scenario.toml", "--no-report", "--quiet", "--out", "out"];
    let answer = lab.runner(&[&arguments[..], more].concat());
    let size = lab.files("out/runs").values().map(Vec::len).sum();
    (answer, size)
}

/// Fails unless the run ends as one whose time stands still, with a small log.
#[track_caller]
fn stands_still(scenario: &str, time: &str, cycle: &str) {
    let (answer, size) = run(scenario, &[]);
    answer.ends(3).says(&[
        &format!("time stands still at {time}: more than 10000 events"),
        cycle,
        "`latency`",
        "`max_events_at_once`",
    ]);
    assert!(size < 5_000_000, "{size}");
}

#[test]
fn a_ring_of_links_without_latency_is_named() {
    let ring = case("zero-latency-ring");
    stands_still(&ring, "1 ms", "`a` -> `b` -> `c` -> `a`");
    let (answer, size) = run(&ring, &["--set", "max_events_at_once=100"]);
    answer.ends(3).says(&["more than 100 events"]);
    assert!(size < 50_000, "{size}");
}

#[test]
fn a_longer_ring_is_named_from_its_first_node_on() {
    let longer = case("zero-latency-ring").replace("next=\"a\"", "next=\"d\"")
        + "\n[nodes.d]\nbehavior=\"echo.stage\"\nconfig={next=\"e\"}\n\
           [nodes.e]\nbehavior=\"echo.stage\"\nconfig={next=\"a\"}\n";
    stands_still(&longer, "1 ms", "`a` -> `b` -> `c` -> `d` -> `e` -> `a`");
}

const ANSWERS: &str = "\
name = \"answers\"
[nodes.server]
behavior = \"echo.server\"
[nodes.client]
behavior = \"echo.client\"
config = { texts = [\"a\"], repeat = 6000 }
";

#[test]
fn two_nodes_that_answer_each_other_are_named_and_may_do_so_if_told() {
    stands_still(ANSWERS, "0 s", "`server` -> `client` -> `server`");
    let option = ["--set", "max_events_at_once=20000"];
    run(ANSWERS, &option).0.passes();
    let linked = format!("{ANSWERS}[[links]]\nbetween = [\"*\", \"*\"]\nlatency = \"1us\"\n");
    run(&linked, &[]).0.passes();
}

#[test]
fn a_timer_without_delay_is_named() {
    let producer = "\
name = \"producer\"
[nodes.producer]
behavior = \"echo.producer\"
config = { interval = \"0s\", count = 20000 }
[nodes.consumer]
behavior = \"echo.consumer\"
";
    stands_still(producer, "0 s", "in a cycle, of `producer` alone");
}

#[test]
fn a_server_in_the_ring_is_named_too() {
    let served = case("zero-latency-ring").replace(
        "config={next=\"c\"}",
        "config={next=\"c\"}\nservice_time=\"0s\"",
    );
    stands_still(&served, "1 ms", "`a` -> `b` -> `c` -> `a`");
}

#[test]
fn a_link_with_latency_in_the_ring_lets_time_pass() {
    let slow = format!(
        "{}\n[[links]]\nbetween = [\"*\", \"*\"]\n[[links]]\nfrom = \"c\"\nto = \"a\"\nlatency = \"10ms\"\n",
        case("zero-latency-ring")
    );
    run(&slow, &[]).0.passes();
}

#[test]
fn a_million_ticks_at_once_pass() {
    let scenario = "\
name = \"many\"
duration = \"1s\"
[nodes.m]
count = 200000
behavior = \"clock.machine\"
tick_rate = 1
";
    let few = ["--log", "off", "--set", "max_events_at_once=1"];
    run_without_log(scenario, &few);
}

#[test]
fn a_large_broadcast_that_does_not_cycle_passes() {
    // Every request is sent at the same instant, and answered at it.
    let scenario = "\
name = \"many\"
duration = \"1s\"
[nodes.server]
behavior = \"echo.server\"
[nodes.client]
count = 20000
behavior = \"echo.client\"
config = { texts = [\"hello\"] }
[[links]]
between = [\"client\", \"server\"]
";
    run_without_log(scenario, &["--log", "off"]);
}

fn run_without_log(scenario: &str, more: &[&str]) {
    let lab = Lab::with(scenario);
    let arguments = ["scenario.toml", "--no-report", "--quiet", "--out", "out"];
    lab.runner(&[&arguments[..], more].concat()).passes();
}

#[test]
fn the_longest_chain_is_a_key_with_bounds() {
    let ring = case("zero-latency-ring");
    for wrong in ["0", "-1", "5000000", "\"many\""] {
        let lab = Lab::with(&format!("max_events_at_once = {wrong}\n{ring}"));
        lab.runner(&["check", "scenario.toml"])
            .ends(2)
            .says(&["scenario.toml:1:22: `max_events_at_once` is"]);
    }
}
