//! Processes that join over a network that is no loopback: it stalls, it stays silent, and the
//! clocks of its machines differ.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::joined::{ENDLESS, Together, node};
use crate::real_live::Beside;
use crate::waiting::{until, whole_lines};

/// A network between a process and its coordinator.
struct Network {
    address: String,
    stalls: Arc<AtomicBool>,
}

impl Network {
    /// A network to this address.
    fn to(target: &str) -> Network {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let network = Network {
            address: listener.local_addr().unwrap().to_string(),
            stalls: Arc::default(),
        };
        let (target, stalls) = (target.to_owned(), network.stalls.clone());
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let far = TcpStream::connect(&target).unwrap();
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let stalls = stalls.clone();
                    thread::spawn(move || carry(from, to, &stalls));
                }
            }
        });
        network
    }

    fn stall(&self, stalls: bool) {
        self.stalls.store(stalls, Ordering::Relaxed);
    }
}

/// Carries bytes one way, as long as nothing stalls.
fn carry(mut from: TcpStream, mut to: TcpStream, stalls: &AtomicBool) {
    from.set_read_timeout(Some(Duration::from_millis(10)))
        .unwrap();
    let mut buffer = [0; 1 << 14];
    loop {
        if stalls.load(Ordering::Relaxed) {
            thread::park_timeout(Duration::from_millis(3));
            continue;
        }
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
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

/// Rows of a node that have come.
fn rows(together: &Together, node: &str) -> usize {
    let log = format!("out/runs/0001.partial/{node}.csv");
    whole_lines(&together.live.lab.path(&log))
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
    let (near_rows, far_rows) = (rows(&together, "machine-2"), rows(&together, "machine-1"));
    // At 20 ticks a second, and a row or more each.
    until("another node has rows of ten more seconds", || {
        tick_seconds(&together, "machine-2") > 10.0 + near_rows as f64 / 20.0
    });
    assert!(rows(&together, "machine-1") <= far_rows + 20);
    network.stall(false);
    until("the rows of the stall have come", || {
        rows(&together, "machine-1") > far_rows + 150
    });
    together.live.runner.signal(rustix::process::Signal::INT);
    let (lab, answer) = together.end();
    answer.ends(130);
    far.end().passes();
    let log = lab.table("out/runs/0001/machine-1.csv");
    assert_eq!(log.texts("event").last(), Some(&"stop"));
    let mut steps: Vec<f64> = log.numbers("step");
    steps.dedup();
    let all: Vec<f64> = (0..steps.len()).map(|step| step as f64).collect();
    assert_eq!(steps, all, "no step is missing");
    assert!(steps.len() > 200);
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
    let before = rows(&together, "machine-2");
    until("another node has more rows", || {
        rows(&together, "machine-2") > before + 20
    });
    together.live.runner.signal(rustix::process::Signal::INT);
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

#[test]
fn times_of_processes_with_different_clocks_are_on_one_axis() {
    let Some(mut command) = with_other_clock(5000) else {
        eprintln!("there are no time namespaces: the test with another clock is skipped");
        return;
    };
    let mut together = Together::begin(ENDLESS, &["--duration", "2s"]);
    let runner = env!("CARGO_BIN_EXE_runner");
    command.args([
        runner,
        "node",
        "--join",
        &together.address,
        "--name",
        "machine-1",
    ]);
    let mut far = Beside::start(command.current_dir(together.live.lab.path(".")));
    together.live.runner.told("machine-1 joined from ");
    together.groups(&["machine", "machine"]);
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
