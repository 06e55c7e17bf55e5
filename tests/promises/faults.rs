//! Faults that a scenario injects show in the logs, in `faults.csv` and in the report, in
//! virtual and in real time. (The engine's own tests cover what each fault does to nodes
//! and links.)

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::harness::{Lab, Table};
use crate::real_live::{Live, echo_server};
use crate::waiting::{PATIENCE, is_running, until};

fn shipped(name: &str, more: &[&str]) -> Lab {
    let lab = Lab::new();
    let file = format!("{}/../scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let mut arguments = vec![file.as_str(), "--quiet", "--out", "out"];
    arguments.extend(more);
    lab.runner(&arguments).passes();
    lab
}

fn log(lab: &Lab, run: u32, node: &str) -> Table {
    lab.table(&format!("out/runs/{run:04}/{node}.csv"))
}

/// The longest queue of a node during the partition, without the first 3 s, in which the
/// node handles earlier messages.
fn queue_apart(log: &Table) -> f64 {
    let rows = log.numbers("time_ns").into_iter().zip(log.numbers("queue"));
    let apart = rows.filter(|(ns, _)| (23e9..40e9).contains(ns));
    apart.map(|(_, queue)| queue).fold(0.0, f64::max)
}

#[test]
fn a_partition_shows_in_drift_and_queues_and_counts_what_it_cut() {
    let cut = shipped("clock-partition", &[]);
    let whole = shipped(
        "clock-partition",
        &["--set", "faults=[]", "--set", "expect=[]", "--no-report"],
    );
    let drift = |lab: &Lab| {
        let slow = lab.table("out/summary.csv").only("node", "slow");
        slow.numbers("clock_drift_max")
    };
    for (run, (apart, together)) in drift(&cut).into_iter().zip(drift(&whole)).enumerate() {
        // For 20 s, the slow machine ticks 4 times a second less than the fastest.
        assert!(apart > 75.0, "run {}: {apart}", run + 1);
        assert!(together < 25.0, "run {}: {together}", run + 1);
    }
    for run in 1..=5 {
        let (heard, alone) = (log(&whole, run, "slow"), log(&cut, run, "slow"));
        assert!(queue_apart(&heard) > 0.0, "run {run}");
        assert_eq!(queue_apart(&alone), 0.0, "run {run}: it receives nothing");

        let account = cut.table(&format!("out/runs/{run:04}/faults.csv"));
        assert_eq!(account.texts("kind"), ["partition"]);
        assert_eq!(account.texts("from_ns"), ["20000000000"]);
        assert_eq!(account.texts("until_ns"), ["40000000000"]);
        let mut dropped = 0;
        for node in ["slow", "middle", "fast"] {
            let drops = log(&cut, run, node).only("event", "drop");
            let within = |ns: &f64| (20e9..40e9).contains(ns);
            assert!(drops.numbers("time_ns").iter().all(within));
            dropped += drops.texts("peer").len();
        }
        assert_eq!(account.numbers("touched"), [dropped as f64]);
        assert!(dropped > 10);
    }
    let report = cut.read("out/report.md");
    assert!(report.contains("## What broke?"));
    assert!(report.contains("Fault 1 (partition) held from 20 s to 40 s; messages cut: "));
}

const MACHINES: &str = "\
name = \"broken\"
duration = \"10s\"
[nodes.machine]
count = 2
behavior = \"clock.machine\"
tick_rate = 4
";

#[test]
fn a_fault_that_touches_nothing_is_warned_of() {
    // It sends no message in its first quarter of a second.
    let lab = Lab::with(&format!(
        "{MACHINES}[[faults]]\nat = \"0s\"\nfor = \"200ms\"\npartition = [[\"machine-1\"]]\n\
         [[faults]]\nat = \"1s\"\npause = \"machine-2\"\nfor = \"1s\"\n"
    ));
    let said = lab.runner(&["scenario.toml", "--out", "out"]).ends(0);
    said.says(&["fault 1 (partition) touched nothing: no messages cut"]);
    let report = lab.read("out/report.md");
    assert!(report.contains("Fault 1 (partition) touched nothing: no messages cut."));
    let account = lab.table("out/runs/0001/faults.csv");
    assert_eq!(account.texts("fault"), ["1", "2"]);
    assert_eq!(account.numbers("touched"), [0.0, 4.0], "four ticks went by");
}

#[test]
fn a_machine_that_crashes_restarts_with_new_state_and_new_draws() {
    let fault = "[[faults]]\nat = \"5s\"\nfor = \"1s\"\ncrash = [\"machine-1\"]\n";
    let lab = Lab::with(&format!("{MACHINES}{fault}"));
    lab.run_into("out", &[]);
    let rows = log(&lab, 1, "machine-1");
    let (events, clocks, times) = (
        rows.texts("event"),
        rows.texts("clock"),
        rows.numbers("time_ns"),
    );
    let at = |event: &str| events.iter().position(|it| *it == event).unwrap();
    let (crash, restart) = (at("crash"), at("restart"));
    assert_eq!((times[crash], times[restart]), (5e9, 6e9));
    assert!(clocks[crash].parse::<u64>().unwrap() >= 19, "as it was");
    assert_eq!(clocks[restart], "0", "a fresh state");
    let between = crash + 1..restart;
    assert!(events[between.clone()].iter().all(|it| *it == "drop"));
    assert!(clocks[between].iter().all(|it| it.is_empty()), "no state");
    // Ticks count from the restart; step numbers continue. At one instant, faults come
    // before ticks.
    let steps = rows.numbers("step");
    assert_eq!((times[restart + 1], steps[restart + 1]), (6.25e9, 20.0));

    // After the restart the machine draws other numbers than after the start. It receives
    // no messages here, so only its draws can make the two lives differ.
    let alone = format!(
        "{MACHINES}{}[[links]]\nfrom = \"machine-1\"\nto = \"machine-2\"\n",
        fault.replace("5s", "4s").replace("\"1s\"", "\"2s\"")
    );
    let lab = Lab::with(&alone);
    lab.run_into("out", &[]);
    let rows = log(&lab, 1, "machine-1");
    let (events, times) = (rows.texts("event"), rows.numbers("time_ns"));
    let life = |from: f64| -> Vec<&str> {
        let steps = times.iter().zip(&events);
        let steps = steps.filter(|(ns, event)| {
            (from..from + 4e9).contains(*ns) && matches!(**event, "send" | "internal")
        });
        steps.map(|(_, event)| *event).collect()
    };
    assert!(life(0.0).len() >= 15 && life(6.0e9).len() >= 15);
    assert_ne!(life(0.0), life(6.0e9));
}

#[test]
fn a_fault_changes_nothing_before_it_begins() {
    let plain = Lab::with(MACHINES);
    plain.run_into("out", &[]);
    let head = |lab: &Lab| -> Vec<String> {
        let text = lab.read("out/runs/0001/machine-2.csv");
        let early = |line: &&str| {
            let time = line.split(',').next().unwrap_or_default();
            time.parse::<u64>().is_ok_and(|ns| ns < 3_000_000_000)
        };
        text.lines().filter(early).map(str::to_owned).collect()
    };
    let expected = head(&plain);
    assert!(expected.len() > 10);
    for kind in [
        "partition = [[\"machine-1\"]]",
        "crash = \"machine-2\"",
        "pause = \"machine-2\"",
        "link = { between = [\"machine\", \"machine\"], latency = { exponential = { mean = \"2s\" } }, loss = 0.5 }",
        "tick_rate = { nodes = \"machine-2\", to = { uniform = [1, 9] } }",
        "drift = { nodes = \"*\", ppm = { uniform = [-500, 500] } }",
    ] {
        let fault =
            format!("{MACHINES}[[faults]]\nat = \"3s\"\nfor = \"2s\"\nevery = \"3s\"\n{kind}\n");
        let lab = Lab::with(&fault);
        lab.run_into("out", &[]);
        assert_eq!(head(&lab), expected, "{kind}");
        let again = Lab::with(&fault);
        again.run_into("out", &["--jobs", "2"]);
        assert_eq!(lab.files("out/runs"), again.files("out/runs"), "{kind}");
        let held = lab.table("out/runs/0001/faults.csv");
        assert_eq!(held.texts("from_ns").len(), 3, "{kind}");
    }
}

/// Every kind of fault that real time has. No fault begins or ends near a tick.
const BROKEN: &str = "\
name = \"broken\"
time = \"real\"
speed = 2.0
duration = \"10s\"
[nodes.machine]
count = 3
behavior = \"clock.machine\"
tick_rate = 4
config = { faces = 3 }
[[faults]]
at = \"1.1s\"
for = \"2s\"
partition = [[\"machine-1\"]]
[[faults]]
at = \"4.1s\"
for = \"1s\"
crash = \"machine-2\"
[[faults]]
at = \"6.1s\"
for = \"1s\"
pause = \"machine-3\"
[[faults]]
at = \"8.1s\"
for = \"1s\"
link = { between = [\"machine\", \"machine\"], latency = \"300ms\", loss = 0.5 }
[[faults]]
at = \"9.9s\"
for = \"50ms\"
partition = [[\"machine-3\"]]
";

#[test]
fn faults_do_the_same_in_virtual_and_in_real_time() {
    for how in [&["--time", "virtual"][..], &[], &["--processes"]] {
        let lab = Lab::with(BROKEN);
        let arguments = ["scenario.toml", "--out", "out", "--no-report"];
        lab.runner(&[&arguments[..], how].concat()).ends(0);
        let account = lab.table("out/runs/0001/faults.csv");
        let touched = account.numbers("touched");
        assert!(touched[0] > 0.0 && touched[3] > 0.0, "{how:?}: {touched:?}");
        assert_eq!(touched[1..3], [1.0, 4.0], "{how:?}: a node, and four ticks");
        assert_eq!(touched[4], 0.0, "{how:?}: it held between two ticks");
        let due = [
            "1100000000",
            "4100000000",
            "6100000000",
            "8100000000",
            "9900000000",
        ];
        assert_eq!(account.texts("from_ns"), due, "{how:?}");

        let crashed = log(&lab, 1, "machine-2");
        for (event, due) in [("crash", 4.1e9), ("restart", 5.1e9)] {
            let times = crashed.only("event", event).numbers("time_ns");
            assert_eq!(times.len(), 1, "{how:?}: {event}");
            assert!(times[0] >= due, "{how:?}: {event} at {times:?}");
        }
        // 16 ticks before the crash, none until the restart, 19 after it.
        let last = crashed.numbers("step").into_iter().fold(0.0, f64::max);
        assert_eq!(last, 35.0, "{how:?}");
    }
}

#[test]
fn clients_of_a_node_that_crashes_are_disconnected_and_may_connect_again() {
    let scenario = format!(
        "{}[[faults]]\nat = \"1s\"\nfor = \"500ms\"\nevery = \"2s\"\ncrash = \"server\"\n",
        echo_server("line", "")
    );
    let mut live = Live::start(&scenario);
    let address = live.address("server");
    let ask = || -> Option<BufReader<TcpStream>> {
        let mut socket = TcpStream::connect(&address).ok()?;
        socket.set_read_timeout(Some(PATIENCE)).ok()?;
        socket.write_all(b"hello\n").ok()?;
        let mut socket = BufReader::new(socket);
        let mut answer = String::new();
        socket.read_line(&mut answer).ok()?;
        (answer == "hello\n").then_some(socket)
    };
    for life in 1..=2 {
        let mut client = None;
        until("it answers", || {
            client = ask();
            client.is_some()
        });
        // The server sends nothing more; the crash closes the connection.
        let mut rest = Vec::new();
        let _ = client.unwrap().read_to_end(&mut rest);
        assert_eq!(rest, b"", "life {life}");
    }
    live.stop();
    let rows = log(&live.lab, 1, "server");
    let crashes = rows.only("event", "crash").rows.len();
    assert!(crashes >= 2, "{crashes}");
    assert!(!rows.only("event", "restart").rows.is_empty());
    assert!(rows.only("event", "receive").rows.len() >= 2);
}

/// A program that prints its process id and then sleeps, and a node.
fn with_program(fault: &str) -> Live {
    Live::start(&format!(
        "name = \"broken\"\ntime = \"real\"\n[nodes.here]\nbehavior = \"echo.server\"\n\
         [nodes.program]\ncommand = [\"sh\", \"-c\", \"echo pid $$; exec sleep 1000\"]\n\
         [[faults]]\nat = \"300ms\"\nfor = \"300ms\"\nevery = \"1s\"\n{fault}\n"
    ))
}

#[test]
fn a_program_that_crashes_is_started_again() {
    let mut live = with_program("crash = \"program\"");
    let lives = [(); 3].map(|()| live.runner.told("program | pid "));
    assert!(lives[0] != lives[1] && lives[1] != lives[2], "{lives:?}");
    until("the first is gone", || !is_running(&lives[0]));
    let said = live.stop();
    assert!(!said.err.contains("ended early"), "{}", said.err);
    until("the last is gone", || !is_running(&lives[2]));
}

#[test]
fn a_program_that_is_paused_stops_and_goes_on() {
    let mut live = with_program("pause = \"program\"");
    let pid = live.runner.told("program | pid ");
    let is_stopped = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        status.rsplit(')').next().unwrap().starts_with(" T")
    };
    for _ in 0..2 {
        until("it stops", is_stopped);
        until("it goes on", || !is_stopped());
    }
    until("it stops", is_stopped);
    live.stop();
    until("it is gone", || !is_running(&pid));
}

#[test]
fn links_duplicate_corrupt_and_limit_bandwidth_in_both_times() {
    let lab = Lab::with(
        "name = \"links\"\nduration = \"1s\"\n\
         [nodes.producer]\nbehavior = \"echo.producer\"\n\
         config = { interval = \"1ms\", count = 20 }\n\
         [nodes.consumer]\nbehavior = \"echo.consumer\"\nconfig = { stop = false }\n\
         [[links]]\nfrom = \"producer\"\nto = \"consumer\"\n\
         duplicate = 1\ncorrupt = 1\nbandwidth = \"1kB/s\"\n",
    );
    for (out, how) in [
        ("virtual", &[][..]),
        ("real", &["--time", "real"]),
        ("apart", &["--time", "real", "--processes"]),
    ] {
        // On a busy machine the run may be late, and a warning says so.
        let arguments = ["scenario.toml", "--no-report", "--quiet", "--out", out];
        lab.runner(&[&arguments[..], how].concat()).ends(0);
        let rows = |node: &str| lab.table(&format!("{out}/runs/0001/{node}.csv"));
        let consumer = rows("consumer");
        let received = consumer.only("event", "receive");
        assert_eq!(received.rows.len(), 2 * 21, "{out}: each of them twice");
        // The end marker arrives corrupted, so the consumer does not end the run.
        assert_eq!(consumer.only("event", "end").rows.len(), 0, "{out}");
        assert_eq!(consumer.texts("items").last(), Some(&"42"), "{out}");
        // 34 bytes take 34 ms at 1 kB/s.
        let first = rows("producer").only("event", "send").numbers("time_ns")[0];
        let last = received.numbers("time_ns")[41];
        assert!(last - first >= 34e6, "{out}: {}", last - first);
    }
}
