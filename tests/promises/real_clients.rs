//! External clients of the runner's nodes in real time: plain Python, written from the
//! description of the framings, without the runner's code.

use std::time::SystemTime;

use crate::harness::Lab;
use crate::real_live::{Live, echo_server, listen, python};

/// The framings that the Python client knows.
const FRAMINGS: [&str; 7] = [
    "decimal10",
    "decimal12",
    "u32be",
    "u64be",
    "typed-u32be",
    "digits-colon",
    "line",
];

/// Runs a client; returns the number of replies that it has verified.
#[track_caller]
fn verified(address: &str, framing: &str, manner: &str) -> u64 {
    let mut client = python(&["echo_client.py", address, framing, manner]);
    client.ends_well().trim().parse().unwrap()
}

#[test]
fn a_client_in_python_gets_messages_of_every_size_back() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", ""));
    let address = live.address("server");
    assert_eq!(verified(&address, "decimal10", "sizes"), 9);
    live.stop();
    let log = live.lab.table("out/runs/0001/server.csv");
    let sizes = [
        "0", "1", "10", "100", "1000", "10000", "100000", "1000000", "10000000",
    ];
    for event in ["receive", "send"] {
        assert_eq!(log.only("event", event).texts("bytes"), sizes);
    }
    let received = log.only("event", "receive");
    let numbers: Vec<String> = (1..=9).map(|number: u32| number.to_string()).collect();
    assert_eq!(received.texts("message"), numbers);
    // The name of the peer is its address.
    let peers = received.texts("peer");
    assert!(
        peers.iter().all(|it| it.starts_with("127.0.0.1:")),
        "{peers:?}"
    );
}

#[test]
fn frames_may_arrive_byte_by_byte_or_many_at_once_in_every_framing() {
    crate::harness::needs_python!();
    let more: String = FRAMINGS[1..]
        .iter()
        .map(|it| listen("server", it))
        .collect();
    let mut live = Live::start(&echo_server(FRAMINGS[0], &more));
    for framing in FRAMINGS {
        let address = live.address("server");
        let expected = if framing == "typed-u32be" { 59 } else { 60 };
        assert_eq!(
            verified(&address, framing, "bytewise"),
            expected,
            "{framing}"
        );
        assert_eq!(verified(&address, framing, "coalesced"), 3000, "{framing}");
    }
    live.stop();
}

#[test]
fn a_client_that_closes_its_sending_side_gets_all_replies() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", ""));
    let address = live.address("server");
    assert_eq!(verified(&address, "decimal10", "half-closes"), 3);
    // Even if most of a reply is not written yet when the client closes its sending side.
    for size in ["100000", "900000", "5000000"] {
        live.client("late-listener", &address, size);
    }
    live.stop();
}

#[test]
fn a_slow_node_replies_to_clients_that_closed_their_sending_side() {
    crate::harness::needs_python!();
    let more = "max_peers = 2\n[nodes.server.service_time]\nuniform = [\"1ms\", \"20ms\"]";
    let mut live = Live::start(&echo_server("decimal10", more));
    let address = live.address("server");
    live.client("impatient", &address, "");
    live.client("patient", &address, "10");
    // Clients that closed no longer count for `max_peers`.
    (0..3).for_each(|_| drop(live.client("impatient", &address, "")));
    live.client("patient", &address, "3");
    live.stop();
    let log = live.lab.table("out/runs/0001/server.csv");
    assert_eq!(log.only("event", "receive").rows.len(), 10 + 3 + 4 * 2);
}

#[test]
fn runner_send_gets_raw_bytes_and_redis_values_back() {
    crate::harness::needs_python!();
    let more = listen("server", "resp");
    let mut live = Live::start(&echo_server("raw", &more));
    for (framing, reply) in [("raw", "get a\n"), ("resp", "get a\r\n\n")] {
        let address = format!("tcp://{}", live.address("server"));
        let arguments = ["send", &address, "get a", "--framing", framing];
        assert_eq!(live.lab.runner(&arguments).passes().out, reply);
    }
    live.stop();
}

#[test]
fn each_source_of_datagrams_is_a_peer() {
    crate::harness::needs_python!();
    let scenario = "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"echo.server\"\n\
         [[nodes.server.listen]]\nudp = \"127.0.0.1:0\"\n";
    let mut live = Live::start(scenario);
    let address = live.address("server");
    assert_eq!(live.client("datagrams", &address, ""), "two sources\n");
    live.stop();
    let log = live.lab.table("out/runs/0001/server.csv");
    let received = log.only("event", "receive");
    let mut peers = received.texts("peer");
    assert_eq!(peers.len(), 20);
    peers.sort_unstable();
    peers.dedup();
    assert_eq!(peers.len(), 2);
    let numbers: Vec<String> = (1..=10).map(|number: u32| number.to_string()).collect();
    for peer in peers {
        assert_eq!(received.only("peer", peer).texts("message"), numbers);
    }
}

#[test]
fn nodes_listen_on_ipv6_too() {
    crate::harness::needs_python!();
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        // A machine without IPv6.
        return;
    }
    let scenario = echo_server("line", "").replace("127.0.0.1:0", "[::1]:0");
    let mut live = Live::start(&scenario);
    let address = live.address("server");
    assert!(address.starts_with("[::1]:"), "{address}");
    assert_eq!(verified(&address, "line", "coalesced"), 3000);
    live.stop();
}

/// The time of day, as the time server tells it with `%s.%N`.
fn since_1970() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs_f64()
}

#[test]
fn by_default_the_time_server_tells_the_time_of_day_as_ctime_does() {
    let scenario = "name = \"day\"\ntime = \"real\"\n\
         [nodes.client]\nbehavior = \"echo.client\"\n\
         config = { texts = [\"x\"], expect = \"any\", stop = true }\n\
         [nodes.server]\nbehavior = \"echo.time\"\n";
    for (more, what) in [
        (&[][..], "one process"),
        (&["--processes"], "a process per node"),
    ] {
        let lab = Lab::with(scenario);
        let arguments = ["scenario.toml", "--no-report", "--out", "out"];
        lab.runner(&[&arguments[..], more].concat()).passes();
        let told = lab.read("out/runs/0001/client.log");
        // C's `ctime` in the same zone: of the second before, that of the end, or between.
        let words: Vec<&str> = told.split_whitespace().collect();
        let [_, month, day, time, year] = words[..] else {
            panic!("{what}: {told:?}");
        };
        assert_eq!(told.trim_end().len(), "Thu Nov 26 16:02:39 2026".len());
        let date = std::process::Command::new("date").arg("+%b %e %Y").output();
        let today = String::from_utf8(date.unwrap().stdout).unwrap();
        let today: Vec<&str> = today.split_whitespace().collect();
        // Close to midnight, the day may differ by one.
        if !time.starts_with("23:59") && !time.starts_with("00:0") {
            assert_eq!([month, day, year], today[..], "{what}");
        }
    }
    let lab = Lab::with(scenario);
    let virtual_time = [
        "scenario.toml",
        "--time",
        "virtual",
        "--no-report",
        "--out",
        "out",
    ];
    lab.runner(&virtual_time).passes();
    assert_eq!(lab.read("out/runs/0001/client.log"), "0.000000000\n");
}

#[test]
fn the_time_server_sends_the_time_and_closes() {
    crate::harness::needs_python!();
    let scenario = format!(
        "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"echo.time\"\n\
         config = {{ format = \"%s.%N\" }}\n{}",
        listen("server", "line")
    );
    let before = since_1970();
    let mut live = Live::start(&scenario);
    let address = live.address("server");
    let times: Vec<f64> = (0..3)
        .map(|_| live.client("time", &address, "").trim().parse().unwrap())
        .collect();
    assert!(times.is_sorted() && times[0] < times[2], "{times:?}");
    assert!(
        before < times[0] && times[2] < since_1970(),
        "{before}, then {times:?}"
    );
    live.stop();
    let log = live.lab.table("out/runs/0001/server.csv");
    assert_eq!(log.only("event", "connect").rows.len(), 3);
    assert_eq!(log.only("event", "send").rows.len(), 3);
    // A node that closes a connection gets no `disconnect`.
    assert_eq!(log.only("event", "disconnect").rows.len(), 0);
}
