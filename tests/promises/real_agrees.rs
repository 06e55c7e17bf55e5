//! Virtual and real time agree: the same events in the same order, the same number of ticks,
//! the same latency, loss and order of links, and the same distributions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Lab, Table};
use crate::real_live::{Live, until};

/// Machines with scripted rolls. Any two ticks are at least 16 ms apart.
const SCRIPTED: &str = "
name = \"scripted\"
duration = \"20s\"
[nodes.a]
behavior = \"clock.machine\"
tick_interval = \"200ms\"
tick_phase = \"10ms\"
config = { script = [1, 4, 2, 3, 5, 1, 6] }
[nodes.b]
behavior = \"clock.machine\"
tick_interval = \"250ms\"
tick_phase = \"37ms\"
config = { script = [3, 4, 1, 2] }
[nodes.c]
behavior = \"clock.machine\"
tick_interval = \"300ms\"
tick_phase = \"71ms\"
config = { script = [7, 2, 1, 5, 3] }
";

/// The rows of each node in the first run, without their times.
fn sequences(lab: &Lab, out: &str) -> BTreeMap<&'static str, Vec<Vec<String>>> {
    let wanted = [
        "step", "event", "peer", "message", "bytes", "queue", "clock",
    ];
    let of_node = |node| {
        let log = lab.table(&format!("{out}/runs/0001/{node}.csv"));
        let columns = wanted.map(|name| log.column(name));
        let cells = |row: &Vec<String>| columns.map(|column| row[column].clone()).to_vec();
        (node, log.rows.iter().map(cells).collect())
    };
    ["a", "b", "c"].map(of_node).into_iter().collect()
}

/// Links between all nodes, with this transport.
fn linked(transport: &str) -> String {
    format!("[[links]]\nbetween = [\"*\", \"*\"]\ntransport = \"{transport}\"\n")
}

#[test]
fn scripted_machines_do_the_same_in_both_times_over_each_transport() {
    for transport in ["tcp", "udp", "channel"] {
        let lab = Lab::with(&format!("{SCRIPTED}{}", linked(transport)));
        let run = |out, more: &[&str]| {
            let arguments = ["scenario.toml", "--no-report", "-q", "--out", out];
            lab.runner(&[&arguments[..], more].concat()).ends(0);
        };
        run("virtual", &[]);
        run("real", &["--time", "real", "--set", "speed=20.0"]);
        let (a, b) = (sequences(&lab, "virtual"), sequences(&lab, "real"));
        assert!(a["a"].len() > 100);
        assert_eq!(a, b, "{transport}");
    }
}

#[test]
fn a_runner_that_was_stopped_catches_up_in_the_right_order() {
    let lab = Lab::with(SCRIPTED);
    lab.run_into("virtual", &[]);
    let mut live = Live::with(SCRIPTED, &["--time", "real", "--set", "speed=5.0"]);
    let begun = live.lab.path("out/runs/0001.partial");
    until("the run has begun", || begun.exists());
    // Each time, some forty ticks become due before the runner can send a message.
    for _ in 0..3 {
        live.runner.signal(Signal::STOP);
        pass(Duration::from_millis(600));
        live.runner.signal(Signal::CONT);
        pass(Duration::from_millis(100));
    }
    live.end().ends(0);
    assert_eq!(sequences(&lab, "virtual"), sequences(&live.lab, "out"));
    let lag = live.lab.table("out/runs/0001/lag.csv");
    // 600 ms by the wall clock, which are 3 s of the run.
    let latest = lag.numbers("lag_max_ns")[0];
    assert!(latest > 1e8 && latest < 2.9e9, "{latest}");
    assert_eq!(lag.numbers("due"), [247.0, 100.0, 80.0, 67.0]);
    assert_eq!(lag.texts("node"), ["", "a", "b", "c"]);
    // Each node has ticks of the time when the runner was stopped.
    assert!(
        lag.numbers("late").iter().all(|&late| late > 0.0),
        "{lag:?}"
    );
}

/// Lets a span of time pass. (The runner is stopped for that long; the test waits for nothing.)
fn pass(span: Duration) {
    let until = Instant::now() + span;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

/// The rows of a node in the first run, of these columns.
fn rows(lab: &Lab, out: &str, node: &str, columns: &[&str]) -> Vec<String> {
    let log = lab.table(&format!("{out}/runs/0001/{node}.csv"));
    let columns: Vec<usize> = columns.iter().map(|name| log.column(name)).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<&str> = columns.iter().map(|&column| &*row[column]).collect();
        cells.join(" ").trim_end().to_owned()
    };
    log.rows.iter().map(line).collect()
}

#[test]
fn connections_between_nodes_close_and_open_in_the_same_order_in_both_times() {
    // At each connect the server sends the time and closes. The client sends the time back,
    // which opens a new connection.
    let lab = Lab::with(
        "name = \"connections\"\nduration = \"90ms\"\n\
         [nodes.client]\nbehavior = \"echo.stage\"\n\
         [nodes.server]\nbehavior = \"echo.time\"\n\
         [[links]]\nbetween = [\"client\", \"server\"]\nlatency = \"20ms\"\n",
    );
    lab.run_into("virtual", &[]);
    let columns = ["time_ns", "event", "peer", "message"];
    assert_eq!(
        rows(&lab, "virtual", "server", &columns),
        [
            "0 start",
            "0 connect client",
            "0 send client 1",
            "40000000 connect client",
            "40000000 send client 2",
            "40000000 receive client 1",
            "80000000 connect client",
            "80000000 send client 3",
            "80000000 receive client 2",
            "90000000 stop",
        ]
    );
    assert_eq!(
        rows(&lab, "virtual", "client", &columns),
        [
            "0 start",
            "0 connect server",
            "20000000 receive server 1",
            "20000000 send server 1",
            // The server has closed the connection, and the reply opens a new one.
            "20000000 disconnect server",
            "20000000 connect server",
            "60000000 receive server 2",
            "60000000 send server 2",
            "60000000 disconnect server",
            "60000000 connect server",
            "90000000 stop",
        ]
    );
    let longer = ["scenario.toml", "--no-report", "-q", "--out", "real"];
    let more = ["--time", "real", "--duration", "2s"];
    lab.runner(&[&longer[..], &more].concat()).ends(0);
    for node in ["client", "server"] {
        let [real, expected] = ["real", "virtual"].map(|out| rows(&lab, out, node, &columns[1..]));
        // The real run is longer: it begins with the same rows, without the last one, `stop`.
        let count = expected.len() - 1;
        assert!(real.len() > count, "{real:?}");
        assert_eq!(real[..count], expected[..count], "{node}");
    }
}

/// Received messages, by receiver and sender.
type Taken = BTreeMap<(String, String), Vec<String>>;

/// The messages that each node received from each other, by number and size; without
/// numbers they are sorted by size.
fn taken(lab: &Lab, out: &str, numbered: bool) -> Taken {
    let mut taken = Taken::new();
    for (name, bytes) in lab.files(&format!("{out}/runs/0001")) {
        let Some(node) = name.strip_suffix(".csv").filter(|it| *it != "lag") else {
            continue;
        };
        let log = Table::parse(std::str::from_utf8(&bytes).unwrap());
        let [peer, message, bytes] = ["peer", "message", "bytes"].map(|it| log.column(it));
        for row in log.only("event", "receive").rows {
            let number = if numbered { &row[message] } else { "" };
            taken
                .entry((node.to_owned(), row[peer].clone()))
                .or_default()
                .push(format!("{number}:{}", row[bytes]));
        }
    }
    if !numbered {
        taken.values_mut().for_each(|it| it.sort_unstable());
    }
    taken
}

/// Runs a scenario of the repository in both times; returns the messages received in
/// virtual time.
fn both(name: &str, numbered: bool) -> (Lab, Taken) {
    let file = format!("{}/../scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let lab = Lab::new();
    let run = |out, more: &[&str]| {
        // Long enough for all messages on a slow machine; the scenarios stop by themselves.
        let whole = [&file, "--run", "1", "--no-report", "-q", "--duration", "1h"];
        lab.runner(&[&whole[..], &["--out", out], more].concat())
            .ends(0);
    };
    run("virtual", &[]);
    run("real", &["--time", "real", "--set", "speed=20"]);
    let expected = taken(&lab, "virtual", numbered);
    (lab, expected)
}

#[test]
fn the_echo_scenarios_send_the_same_in_both_times() {
    // If many clients share a server, the order of their requests depends on nanoseconds, and
    // so do the server's message numbers. The time server sends its time, which differs.
    for (name, numbered) in [
        ("echo-sizes", true),
        ("echo-chain", false),
        ("echo-many-clients", false),
        ("echo-producer-consumer", true),
    ] {
        let (lab, expected) = both(name, numbered);
        assert!(!expected.is_empty());
        assert_eq!(taken(&lab, "real", numbered), expected, "{name}");
    }
    let (lab, expected) = both("echo-time", false);
    for client in ["client-1", "client-2", "client-3"] {
        let told = lab.read(&format!("real/runs/0001/{client}.log"));
        assert_eq!(told.lines().count(), 5);
        let asked = &expected[&("server".to_owned(), client.to_owned())];
        let real = taken(&lab, "real", false);
        assert_eq!(&real[&("server".to_owned(), client.to_owned())], asked);
    }
}

#[test]
fn no_tick_is_lost_or_early() {
    let scenario = "name = \"ticks\"\nduration = \"60s\"\ntime = \"real\"\nspeed = 20.0\n\
         [nodes.one]\nbehavior = \"clock.machine\"\ntick_rate = 1\n\
         [nodes.three]\nbehavior = \"clock.machine\"\ntick_rate = 3\n\
         [nodes.six]\nbehavior = \"clock.machine\"\ntick_rate = 6\n";
    let lab = Lab::with(scenario);
    lab.runner(&["scenario.toml", "--no-report", "-q", "--out", "out"])
        .ends(0);
    for (node, ticks) in [("one", 60), ("three", 180), ("six", 360)] {
        let log = lab.table(&format!("out/runs/0001/{node}.csv"));
        let times = log.numbers("time_ns");
        let steps = log.numbers("step");
        assert_eq!(steps.last(), Some(&f64::from(ticks)), "{node}");
        assert!(times.is_sorted());
        // No tick is early: tick k is k periods after the start.
        let period = 60e9 / f64::from(ticks);
        for (step, time) in steps.iter().zip(&times) {
            assert!(
                *time >= (step * period).floor(),
                "{node}: step {step} at {time}"
            );
        }
    }
}

#[test]
fn latency_loss_and_order_of_a_link_hold_in_real_time() {
    let scenario = |link: &str| {
        format!(
            "name = \"link\"\nduration = \"60s\"\ntime = \"real\"\nspeed = 10.0\n\
             [nodes.producer]\nbehavior = \"echo.producer\"\n\
             config = {{ interval = \"10ms\", count = 1000 }}\n\
             [nodes.consumer]\nbehavior = \"echo.consumer\"\n\
             [[links]]\nfrom = \"producer\"\nto = \"consumer\"\n{link}\n"
        )
    };
    for transport in ["tcp", "udp", "channel"] {
        let link = format!(
            "transport = \"{transport}\"\nloss = 0.2\n\
             latency = {{ uniform = [\"50ms\", \"150ms\"] }}"
        );
        let lab = Lab::with(&scenario(&link));
        let arguments = ["scenario.toml", "--no-report", "-q", "--out"];
        lab.runner(&[&arguments[..], &["out"]].concat()).ends(0);
        let log = lab.table("out/runs/0001/consumer.csv");
        let received = log.only("event", "receive").numbers("message");
        assert!(received.is_sorted(), "first in, first out");
        // A binomial share: 200 of 1001 within four standard deviations of 12.7.
        let lost = log.only("event", "drop").rows.len();
        assert!(lost.abs_diff(200) < 51, "{lost}");
        // Loopback loses no datagram here.
        assert_eq!(received.len() + lost, 1001, "{transport}");
        let summary = lab.table("out/summary.csv").only("node", "consumer");
        // The mean is 100 ms, and more because a message waits for the one before it.
        let mean = summary.numbers("latency_mean")[0];
        let lag = lab.table("out/runs/0001/lag.csv").numbers("lag_p99_ns")[0];
        assert!(
            (90e6..200e6 + 2.0 * lag).contains(&mean),
            "{transport}: {mean}"
        );

        let lab = Lab::with(&scenario(&format!("{link}\norder = \"any\"")));
        lab.runner(&[&arguments[..], &["out"]].concat()).ends(0);
        let log = lab.table("out/runs/0001/consumer.csv");
        let received = log.only("event", "receive").numbers("message");
        assert!(!received.is_sorted(), "{transport}: none overtakes");
    }
}

/// The two-sample statistic of Kolmogorov and Smirnov: the greatest distance between the
/// empirical distributions of two samples.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let share = |sample: &[f64], x: f64| {
        sample.iter().filter(|it| **it <= x).count() as f64 / sample.len() as f64
    };
    let all = a.iter().chain(b);
    all.map(|&x| (share(a, x) - share(b, x)).abs())
        .fold(0.0, f64::max)
}

#[test]
fn random_machines_have_the_same_distributions_in_both_times() {
    let scenario = "name = \"random\"\nruns = 60\nduration = \"3s\"\nseed = 262\n\
         [nodes.machine]\nbehavior = \"clock.machine\"\ncount = 3\n\
         tick_rate = { uniform_int = [1, 6] }\ntick_phase = { uniform = [\"0s\", \"1s\"] }\n\
         config = { faces = 5 }\n";
    let lab = Lab::with(scenario);
    // Another seed: the distributions agree, not the draws.
    lab.run_into(
        "virtual",
        &["--runs", "1000", "--seed", "7", "--log", "off"],
    );
    let arguments = [
        "scenario.toml",
        "--no-report",
        "-q",
        "--out",
        "real",
        "--time",
        "real",
        "--set",
        "speed=30",
        "--jobs",
        "4",
    ];
    lab.runner(&arguments).ends(0);
    let [real, simulated] = ["real", "virtual"].map(|out| lab.table(&format!("{out}/summary.csv")));
    // 1.949 is the 0.999 quantile of Kolmogorov's distribution (Smirnov 1948). For discrete
    // values, as here, the test rejects less often than its level of 0.001.
    let critical = 1.949 * f64::sqrt((60.0 + 1000.0) / (60.0 * 1000.0));
    for node in ["machine-1", "machine-2", "machine-3"] {
        for metric in ["clock_final", "received", "sent"] {
            let [a, b] = [&real, &simulated].map(|it| it.only("node", node).numbers(metric));
            assert_eq!((a.len(), b.len()), (60, 1000));
            let found = distance(&a, &b);
            assert!(found < critical, "{node} {metric}: {found} of {critical}");
        }
    }
    // The test does reject machines that are a third faster.
    let fast = real.only("node", "machine-1").numbers("clock_final");
    let fast: Vec<f64> = fast.iter().map(|it| it * 4.0 / 3.0).collect();
    let slow = simulated.only("node", "machine-1").numbers("clock_final");
    assert!(distance(&fast, &slow) > critical);
}
