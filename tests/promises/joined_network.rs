//! Processes that join over a network that is no loopback: it stalls, it stays silent, it
//! closes connections, and the clocks of its machines differ.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::Lab;
use crate::joined::{ENDLESS, Node, Together, node};
use crate::real_live::Beside;
use crate::sent_first::all_received_later;
use crate::waiting::until;

/// A network between a process and its coordinator.
struct Network {
    address: String,
    stalls: Arc<AtomicBool>,
    /// Whether nothing comes from the coordinator.
    holds: Arc<AtomicBool>,
    /// Whether it closes connections as soon as they are made.
    closes: Arc<AtomicBool>,
    /// Whether nobody answers connections that are made from now on.
    is_deaf: Arc<AtomicBool>,
    /// How long what comes from the coordinator takes `[ms]`.
    late_ms: Arc<AtomicU64>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Network {
    /// A network to this address.
    fn to(target: &str) -> Network {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let network = Network {
            address: listener.local_addr().unwrap().to_string(),
            stalls: Arc::default(),
            holds: Arc::default(),
            closes: Arc::default(),
            is_deaf: Arc::default(),
            late_ms: Arc::default(),
            open: Arc::default(),
        };
        let (target, stalls) = (target.to_owned(), network.stalls.clone());
        let (closes, open) = (network.closes.clone(), network.open.clone());
        let (holds, is_deaf) = (network.holds.clone(), network.is_deaf.clone());
        let late_ms = network.late_ms.clone();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if closes.load(Ordering::Relaxed) {
                    continue;
                }
                open.lock().unwrap().push(near.try_clone().unwrap());
                if is_deaf.load(Ordering::Relaxed) {
                    continue;
                }
                let far = TcpStream::connect(&target).unwrap();
                let in_time = Arc::default();
                for (from, to, holds, late_ms) in [
                    (&near, &far, None, &in_time),
                    (&far, &near, Some(&holds), &late_ms),
                ] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let waits = [Some(&stalls), holds].map(|it| it.cloned());
                    let late_ms = late_ms.clone();
                    thread::spawn(move || carry(from, to, &waits, &late_ms));
                }
            }
        });
        network
    }

    fn stall(&self, stalls: bool) {
        self.stalls.store(stalls, Ordering::Relaxed);
    }

    /// Closes the connections that are open.
    fn close_all(&self) {
        for connection in self.open.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Closes all connections, and new ones, until it is told otherwise.
    fn cut(&self, is_cut: bool) {
        self.closes.store(is_cut, Ordering::Relaxed);
        if is_cut {
            self.close_all();
        }
    }
}

/// Carries bytes one way, as long as nothing is to wait; what has come is late.
fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    waits: &[Option<Arc<AtomicBool>>],
    late_ms: &AtomicU64,
) {
    let is_to_wait = |it: &Arc<AtomicBool>| it.load(Ordering::Relaxed);
    from.set_read_timeout(Some(Duration::from_millis(10)))
        .unwrap();
    let mut buffer = [0; 1 << 14];
    loop {
        if waits.iter().flatten().any(is_to_wait) {
            thread::park_timeout(Duration::from_millis(3));
            continue;
        }
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                // The latency of this network, and no wait for anything.
                thread::sleep(Duration::from_millis(late_ms.load(Ordering::Relaxed)));
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn a_network_that_stalls_for_ten_seconds_loses_nothing() {
    let mut together = Together::begin(ENDLESS, &[]);
    let network = Network::to(&together.address);
    let mut far = node(
        &together.live.lab,
        &["--join", &network.address, "--name", "machine-1"],
    );
    together.live.runner.told("machine-1 joined from ");
    together.groups(&["machine", "machine"]);
    together.is_under_way(&["machine-1", "machine-2"]);
    network.stall(true);
    let (near_rows, far_rows) = (together.rows("machine-2"), together.rows("machine-1"));
    // At 20 ticks a second, and a row or more each.
    until("another node has rows of ten more seconds", || {
        tick_seconds(&together, "machine-2") > 10.0 + near_rows as f64 / 20.0
    });
    assert!(together.rows("machine-1") <= far_rows + 20);
    network.stall(false);
    until("the rows of the stall have come", || {
        together.rows("machine-1") > far_rows + 150
    });
    together.live.runner.signal(Signal::INT);
    let (lab, answer) = together.end();
    answer.ends(130);
    far.end().passes();
    assert!(steps_to_the_end(&lab, "machine-1") > 200);
}

/// Number of steps of a node, of which none may be missing, up to its stop.
#[track_caller]
fn steps_to_the_end(lab: &Lab, node: &str) -> usize {
    let log = lab.table(&format!("out/runs/0001/{node}.csv"));
    assert_eq!(log.texts("event").last(), Some(&"stop"));
    let mut steps: Vec<f64> = log.numbers("step");
    steps.dedup();
    let all: Vec<f64> = (0..steps.len()).map(|step| step as f64).collect();
    assert_eq!(steps, all, "no step is missing");
    steps.len()
}

/// A coordinator, and three machines, of which the first is behind a network.
fn behind_a_network(more: &[&str]) -> (Together, Network, Node) {
    let mut together = Together::begin(ENDLESS, more);
    let network = Network::to(&together.address);
    let join = ["--join", &network.address, "--name", "machine-1"];
    let far = node(&together.live.lab, &[&join[..], more].concat());
    together.live.runner.told("machine-1 joined from ");
    together.groups(&["machine", "machine"]);
    together.is_under_way(&["machine-1", "machine-2", "machine-3"]);
    (together, network, far)
}

#[test]
fn a_connection_that_something_closes_is_made_again_and_nothing_is_lost() {
    let (mut together, network, mut far) = behind_a_network(&[]);
    for _ in 0..3 {
        network.close_all();
        together
            .live
            .runner
            .told("machine-1 is connected again, from ");
    }
    // For longer, while there is something to hand over.
    network.cut(true);
    let before = tick_seconds(&together, "machine-2");
    until("another node has gone on", || {
        tick_seconds(&together, "machine-2") > before + 2.0
    });
    let (log, behind) = (
        together.rows("machine-1"),
        tick_seconds(&together, "machine-1"),
    );
    assert!(behind < before + 1.5, "{behind} {before}");
    network.cut(false);
    together
        .live
        .runner
        .told("machine-1 is connected again, from ");
    until("the rows of the cut have come", || {
        together.rows("machine-1") > log + 20
    });
    together.live.runner.signal(Signal::INT);
    let (lab, answer) = together.end();
    answer.ends(130);
    let said = far.end().passes();
    assert_eq!(said.out.matches("machine-1 is connected again").count(), 4);
    assert!(steps_to_the_end(&lab, "machine-1") > 40);
    let joined = lab.table("out/runs/0001/joined.csv");
    assert_eq!(joined.texts("status"), ["complete"; 3]);
    // The nodes have connections of their own.
    let log = lab.table("out/runs/0001/machine-2.csv");
    assert!(!log.texts("event").contains(&"disconnect"));
}

#[test]
fn a_process_that_a_signal_ends_while_it_is_cut_off_hands_over_its_records_afterwards() {
    let (together, network, mut far) = behind_a_network(&[]);
    network.cut(true);
    let before = tick_seconds(&together, "machine-2");
    far.process.signal(Signal::TERM);
    until("another node has gone on", || {
        tick_seconds(&together, "machine-2") > before + 1.0
    });
    network.cut(false);
    far.end().ends(143);
    together.live.runner.signal(Signal::INT);
    let (lab, answer) = together.end();
    answer.ends(130);
    steps_to_the_end(&lab, "machine-1");
    let joined = lab.table("out/runs/0001/joined.csv");
    assert_eq!(joined.texts("status"), ["stopped", "complete", "complete"]);
}

#[test]
fn a_process_that_a_signal_ends_does_not_look_for_a_coordinator_that_has_ended_meanwhile() {
    let together = Together::begin(&ENDLESS.replace("count = 3", "count = 1"), &[]);
    let network = Network::to(&together.address);
    let join = ["--join", &network.address, "--group", "machine"];
    let mut far = node(&together.live.lab, &join);
    together.is_under_way(&["machine-1"]);
    // What the coordinator says arrives with its end.
    network.holds.store(true, Ordering::Relaxed);
    network.is_deaf.store(true, Ordering::Relaxed);
    far.process.signal(Signal::TERM);
    let (_lab, answer) = together.end();
    answer
        .ends(0)
        .says(&["a signal ended the process of node `machine-1`"]);
    let since = Instant::now();
    network.holds.store(false, Ordering::Relaxed);
    let answer = far.end().ends(143);
    assert!(
        answer
            .out
            .ends_with("machine-1 stopped: its records are handed over\n")
    );
    assert!(
        since.elapsed() < Duration::from_secs(10),
        "{:?}",
        since.elapsed()
    );
}

#[test]
fn a_process_that_is_cut_off_for_too_long_is_a_failed_node_and_ends_itself() {
    let (together, network, mut far) = behind_a_network(&["--silence", "2s"]);
    network.cut(true);
    let lost = format!(
        "the coordinator at {} was lost: the connection has closed, and then: ",
        network.address
    );
    far.end().ends(3).says(&[&lost]);
    together.goes_on("machine-2", 20);
    together.live.runner.signal(Signal::INT);
    let (lab, answer) = together.end();
    answer
        .ends(130)
        .says(&["the process of node `machine-1` was lost: "]);
    let joined = lab.table("out/runs/0001.partial/joined.csv");
    assert_eq!(joined.texts("status"), ["failed", "complete", "complete"]);
}

/// The time of the last row of a node that has come `[s]`.
fn tick_seconds(together: &Together, node: &str) -> f64 {
    let log = format!("out/runs/0001.partial/{node}.csv");
    let text = std::fs::read_to_string(together.live.lab.path(&log)).unwrap_or_default();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let last = whole.lines().last().unwrap_or_default();
    let time = last.split(',').next().unwrap_or_default();
    time.parse::<f64>().unwrap_or(0.0) * 1e-9
}

#[test]
fn a_process_that_falls_silent_is_a_failed_node_and_ends_itself() {
    let mut together = Together::begin(ENDLESS, &["--silence", "2s"]);
    let network = Network::to(&together.address);
    let far = [
        "--join",
        &network.address,
        "--name",
        "machine-1",
        "--silence",
        "2s",
    ];
    let mut far = node(&together.live.lab, &far);
    together.live.runner.told("machine-1 joined from ");
    together.groups(&["machine", "machine"]);
    together.is_under_way(&["machine-1", "machine-2", "machine-3"]);
    network.stall(true);
    let lost = format!(
        "the coordinator at {} was lost: nothing came from it for 2s",
        network.address
    );
    far.end().ends(3).says(&[&lost]);
    // The others go on.
    together.goes_on("machine-2", 20);
    together.live.runner.signal(Signal::INT);
    let (lab, answer) = together.end();
    answer
        .ends(130)
        .says(&["the process of node `machine-1` was lost: nothing came from it for 2s"]);
    assert_eq!(lab.table("out/runs.csv").texts("status"), ["failed"]);
    let joined = lab.table("out/runs/0001.partial/joined.csv");
    assert_eq!(joined.texts("status"), ["failed", "complete", "complete"]);
}

/// `unshare` with a clock that is this far from the machine's, if the system lets us.
fn with_other_clock(offset_s: i64) -> Option<Command> {
    let mut command = Command::new("unshare");
    let offset = offset_s.to_string();
    command.args(["-r", "-T", "-f", "--kill-child", "--monotonic", &offset]);
    let mut probe = Command::new("unshare");
    probe.args(["-r", "-T", "-f", "--monotonic", &offset, "true"]);
    let works = probe.output().is_ok_and(|it| it.status.success());
    assert!(
        works || std::env::var_os("CI").is_none(),
        "unshare makes no time namespace, and CI is set: no test may be skipped"
    );
    works.then_some(command)
}

/// The process of `machine-1`, which joins at this address with a clock that is this far from
/// the machine's, and then those of the other two machines. None if the system makes no such
/// clocks.
fn join_with_other_clock(together: &mut Together, offset_s: i64, address: &str) -> Option<Beside> {
    let Some(mut command) = with_other_clock(offset_s) else {
        eprintln!("there are no time namespaces: the test with another clock is skipped");
        return None;
    };
    let runner = env!("CARGO_BIN_EXE_runner");
    command.args([runner, "node", "--join", address, "--name", "machine-1"]);
    let far = Beside::start(command.current_dir(together.live.lab.path(".")));
    together.live.runner.told("machine-1 joined from ");
    together.groups(&["machine", "machine"]);
    Some(far)
}

#[test]
fn times_of_processes_with_different_clocks_are_on_one_axis() {
    let mut together = Together::begin(ENDLESS, &["--duration", "2s"]);
    let address = together.address.clone();
    let Some(mut far) = join_with_other_clock(&mut together, 5000, &address) else {
        return;
    };
    let (lab, answer) = together.end();
    answer.ends(0);
    far.ends_well();
    let joined = lab.table("out/runs/0001/joined.csv");
    let offsets = joined.numbers("clock_offset_start_ns");
    assert!((offsets[0] - 5e12).abs() < 1e9, "{offsets:?}");
    assert_eq!(offsets[1..], [0.0, 0.0]);
    // The clock runs as fast as the machine's: only the exchanges differ.
    let column = |name: &str| joined.numbers(name)[0];
    let drift = (column("clock_offset_end_ns") - offsets[0]).abs();
    let uncertain = column("clock_uncertainty_start_ns") + column("clock_uncertainty_end_ns");
    assert!(
        uncertain > 0.0 && drift <= uncertain,
        "{drift} of {uncertain}"
    );
    for node in ["machine-1", "machine-2"] {
        let log = lab.table(&format!("out/runs/0001/{node}.csv"));
        let times = log.numbers("time_ns");
        assert!(
            times[0] < 1e9 && times.iter().all(|it| *it < 4e9),
            "{times:?}"
        );
    }
}

#[test]
fn a_clock_that_is_set_wrong_puts_no_message_before_its_sending() {
    let mut together = Together::begin(ENDLESS, &["--duration", "2s"]);
    let network = Network::to(&together.address);
    // The way back takes longer than the way there, which an exchange cannot know: the clock
    // is wrong by half of that.
    network.late_ms.store(60, Ordering::Relaxed);
    let Some(mut far) = join_with_other_clock(&mut together, 7000, &network.address) else {
        return;
    };
    let (lab, answer) = together.end();
    answer.ends(0);
    far.ends_well();
    let joined = lab.table("out/runs/0001/joined.csv");
    let uncertain = joined.numbers("clock_uncertainty_start_ns")[0];
    assert!(uncertain >= 30e6, "{uncertain}");
    let nodes = ["machine-1", "machine-2", "machine-3"];
    let received = all_received_later(&lab, "out/runs/0001", &nodes);
    assert!(received > 10, "{received}");
}
