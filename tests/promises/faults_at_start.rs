//! A fault that holds when a node starts holds for the node, and counts it: in virtual time,
//! in real time, and with a process for each node.

use crate::harness::{Lab, Table, case};

/// The ways to run a scenario.
const WAYS: [(&str, &[&str]); 3] = [
    ("virtual", &[]),
    ("real", &["--time", "real", "--set", "speed=4"]),
    (
        "apart",
        &["--time", "real", "--set", "speed=4", "--processes"],
    ),
];

/// A scenario's runs, one for each way.
struct Ran {
    lab: Lab,
    out: &'static str,
}

impl Ran {
    fn all(scenario: &str) -> Vec<Ran> {
        let run = |(out, how): (&'static str, &[&str])| {
            let lab = Lab::with(scenario);
            // On a busy machine the run may be late, and a warning says so.
            let arguments = ["scenario.toml", "--no-report", "--quiet", "--out", out];
            lab.runner(&[&arguments[..], how].concat()).ends(0);
            Ran { lab, out }
        };
        WAYS.into_iter().map(run).collect()
    }

    fn log(&self, node: &str) -> Table {
        self.lab
            .table(&format!("{}/runs/0001/{node}.csv", self.out))
    }

    /// What the node did itself: every row but those of lost messages.
    fn acts(&self, node: &str) -> Vec<(String, f64)> {
        let log = self.log(node);
        let events = log.texts("event").into_iter().map(str::to_owned);
        let acts = events.zip(log.numbers("time_ns"));
        acts.filter(|(event, _)| event != "drop").collect()
    }

    fn touched(&self) -> Vec<f64> {
        let faults = self
            .lab
            .table(&format!("{}/runs/0001/faults.csv", self.out));
        faults.numbers("touched")
    }

    /// Whether times are to the nanosecond.
    fn is_virtual(&self) -> bool {
        self.out == "virtual"
    }
}

#[test]
fn a_node_that_would_start_in_a_crash_starts_after_it() {
    for ran in Ran::all(&case("start-in-crash")) {
        let acts = ran.acts("m");
        assert_eq!(acts[0].0, "start", "{}: its first start", ran.out);
        assert!(acts[0].1 >= 2.5e9, "{}: {acts:?}", ran.out);
        assert!(acts[1].1 >= 2.7e9, "{}: ticks count from there", ran.out);
        assert!(
            acts.iter()
                .all(|(event, _)| event != "restart" && event != "crash")
        );
        assert_eq!(ran.touched(), [1.0], "{}", ran.out);
        if ran.is_virtual() {
            assert_eq!((acts[0].1, acts[1].1), (2.5e9, 2.7e9));
        }
    }
}

#[test]
fn a_node_that_starts_ticks_at_the_rate_of_the_fault() {
    for ran in Ran::all(
        &case("tick-before-start")
            .replace("12s", "11s")
            .replace("10s", "9s"),
    ) {
        let acts = ran.acts("m");
        assert_eq!(acts[0].0, "start");
        assert!(acts[1].1 >= 9.1e9, "{}: {acts:?}", ran.out);
        assert_eq!(
            ran.touched(),
            [20.0],
            "{}: two seconds of ten ticks",
            ran.out
        );
        if ran.is_virtual() {
            assert_eq!((acts[0].1, acts[1].1), (9e9, 9.1e9));
        }
    }
}

#[test]
fn a_clock_that_drifts_before_its_node_starts_counts() {
    for ran in Ran::all(&case("drift-before-start")) {
        assert_eq!(ran.touched(), [1.0], "{}", ran.out);
        let runs = ran.lab.table(&format!("{}/runs.csv", ran.out));
        assert_eq!(runs.texts("verdict"), ["passed"], "{}", ran.out);
    }
}

#[test]
fn a_node_that_would_start_in_a_pause_starts_after_it() {
    let scenario = case("start-in-crash").replace("crash=", "pause=");
    for ran in Ran::all(&scenario) {
        let acts = ran.acts("m");
        assert_eq!(acts[0].0, "start", "{}", ran.out);
        assert!(acts[0].1 >= 2.5e9, "{}: {acts:?}", ran.out);
        // Its start, and the ticks at 2.2 and 2.4 s; or a message that waits.
        assert!(ran.touched()[0] >= 3.0, "{}: {:?}", ran.out, ran.touched());
    }
}

#[test]
fn a_crash_that_comes_again_holds_for_the_node_that_starts_in_its_second_window() {
    let scenario = case("start-in-crash")
        .replace("duration=\"3s\"", "duration=\"5s\"")
        .replace("for=\"1500ms\"", "for=\"500ms\"\nevery=\"1100ms\"")
        .replace("start_at=\"2s\"", "start_at=\"2300ms\"");
    for ran in Ran::all(&scenario) {
        let acts = ran.acts("m");
        // The windows begin at 1, 2.1, 3.2 and 4.3 s.
        assert!(acts[0].1 >= 2.6e9, "{}: {acts:?}", ran.out);
        assert_eq!(ran.touched(), [0.0, 1.0, 1.0, 1.0], "{}", ran.out);
        let restarts = acts.iter().filter(|(event, _)| event == "restart").count();
        assert_eq!(restarts, 2, "{}", ran.out);
    }
}

#[test]
fn peers_hear_of_a_node_that_starts_after_a_crash_once() {
    let scenario = "\
name = \"chat\"
duration = \"4s\"
[nodes.server]
behavior = \"echo.server\"
start_at = \"1500ms\"
[nodes.client]
behavior = \"echo.client\"
start_at = \"3s\"
[[faults]]
at = \"1s\"
for = \"1s\"
crash = \"server\"
";
    for ran in Ran::all(scenario) {
        let acts = ran.acts("server");
        assert_eq!(acts[0].0, "start", "{}: {acts:?}", ran.out);
        assert!(acts[0].1 >= 2e9, "{}", ran.out);
        let client = ran.log("client").only("event", "connect");
        let server = ran.log("server").only("event", "connect");
        assert!(
            client.rows.len() <= 1 && server.rows.len() <= 1,
            "{}",
            ran.out
        );
        assert!(
            !ran.log("client").only("event", "receive").rows.is_empty(),
            "{}",
            ran.out
        );
    }
}
