//! A message that a program outside of the scenario sends, and that a behavior does not
//! understand, is a recorded drop with a reason, and never the end of the run.

use std::io::Write;
use std::net::{TcpStream, UdpSocket};

use crate::harness::Lab;
use crate::real_live::{Live, until};

/// A clock machine that listens; `more` is TOML for its config, its listener and the rest.
fn machine(encoding: &str, listener: &str) -> Live {
    Live::start(&format!(
        "name = \"live\"\ntime = \"real\"\n[nodes.machine]\nbehavior = \"clock.machine\"\n\
         tick_rate = 200\nconfig = {{ encoding = \"{encoding}\" }}\n\
         [[nodes.machine.listen]]\n{listener}\n"
    ))
}

/// Sends bytes in one segment over a connection of their own, and waits until the machine
/// has said `reason` of its first message.
#[track_caller]
fn rejected(live: &mut Live, address: &str, bytes: &[u8], reason: &str) {
    let mut client = TcpStream::connect(address).unwrap();
    client.set_nodelay(true).unwrap();
    client.write_all(bytes).unwrap();
    let name = client.local_addr().unwrap();
    let said = format!("machine | dropped message 1 of {name}: ");
    let found = live.runner.told(&said);
    assert!(found.contains(reason), "no {reason:?} in {found:?}");
}

/// Stops the machine. Its steps must be exactly its ticks, numbered without a gap, and the
/// account of messages must balance. Returns the numbers of rows `receive` and `drop`.
#[track_caller]
fn received_and_dropped(mut live: Live) -> (usize, usize) {
    live.stop();
    let log = live.lab.table("out/runs/0001/machine.csv");
    let steps = |it: &crate::harness::Table| it.numbers("step");
    let acts = ["receive", "internal", "send", "tick"];
    let counted: usize = acts.iter().map(|it| log.only("event", it).rows.len()).sum();
    let last = steps(&log).last().copied().unwrap_or_default();
    assert_eq!(counted as f64, last, "a step for each row that is one");
    let of = |event| log.only("event", event).rows.len();
    let summary = live.lab.table("out/summary.csv").only("node", "machine");
    assert_eq!(summary.numbers("dropped"), [of("drop") as f64]);
    (of("receive"), of("drop"))
}

#[test]
fn what_is_no_clock_is_dropped_with_its_reason_and_the_machine_goes_on() {
    let mut live = machine("bincode", "tcp = \"127.0.0.1:0\"\nframing = \"raw\"");
    let address = live.address("machine");
    rejected(&mut live, &address, b"abc", "found 3 bytes: \"abc\"");
    let garbage = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    rejected(&mut live, &address, garbage, "found 27 bytes");
    // Two messages in one segment.
    let two = [7_u64.to_le_bytes(), 9_u64.to_le_bytes()].concat();
    rejected(
        &mut live,
        &address,
        &two,
        "`framing = \"fixed:8\"` tells apart",
    );
    assert_eq!(received_and_dropped(live), (0, 3));
}

#[test]
fn every_encoding_drops_what_it_does_not_understand() {
    for (encoding, framing, bytes, reason) in [
        ("text", "line", &b"ten\n"[..], "found 3 bytes: \"ten\""),
        ("text", "line", b"\xff\xfe\n", "found 2 bytes"),
        (
            "text",
            "line",
            b"99999999999999999999999\n",
            "found 23 bytes",
        ),
        ("text", "line", b"18446744073709551615\n", "near the end"),
        ("text", "line", b"18446744073709551614\n", "near the end"),
        ("i32le", "fixed:4", b"\xff\xff\xff\xff", "not negative"),
        ("i32le", "fixed:4", b"\xff\xff\xff\x7f", "near the end"),
        ("u64be", "u32be", b"\0\0\0\x02hi", "found 2 bytes: \"hi\""),
        ("bincode", "u32be", b"\0\0\0\0", "found 0 bytes"),
    ] {
        let listener = format!("tcp = \"127.0.0.1:0\"\nframing = \"{framing}\"");
        let mut live = machine(encoding, &listener);
        let address = live.address("machine");
        rejected(&mut live, &address, bytes, reason);
        assert_eq!(received_and_dropped(live), (0, 1), "{encoding} {bytes:?}");
    }
}

#[test]
fn a_malformed_datagram_is_dropped() {
    let mut live = machine("u64be", "udp = \"127.0.0.1:0\"");
    let address = live.address("machine");
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.send_to(b"12345", &address).unwrap();
    let name = client.local_addr().unwrap();
    live.runner
        .told(&format!("machine | dropped message 1 of {name}: "));
    assert_eq!(received_and_dropped(live), (0, 1));
}

#[test]
fn messages_of_one_size_are_told_apart_by_a_fixed_framing() {
    let mut live = machine("u64be", "tcp = \"127.0.0.1:0\"\nframing = \"fixed:8\"");
    let address = live.address("machine");
    let mut client = TcpStream::connect(&address).unwrap();
    client.set_nodelay(true).unwrap();
    let five: Vec<u8> = (1000..1005_u64).flat_map(u64::to_be_bytes).collect();
    client.write_all(&five[..21]).unwrap();
    client.write_all(&five[21..]).unwrap();
    let log = live.lab.path("out/runs/0001.partial/machine.csv");
    until("all five are in the log", || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        text.matches(",receive,").count() == 5
    });
    drop(client);
    assert_eq!(received_and_dropped(live), (5, 0));
}

#[test]
fn a_flood_of_malformed_messages_says_ten_and_counts_the_others() {
    let mut live = machine("text", "tcp = \"127.0.0.1:0\"\nframing = \"line\"");
    let address = live.address("machine");
    let mut client = TcpStream::connect(&address).unwrap();
    client.write_all(&b"x\n".repeat(3000)).unwrap();
    let others = "machine | dropped other messages, too: they are counted until the end";
    live.runner.told(others);
    // A message that is understood is taken at the next tick, whatever was before it.
    client.write_all(b"41\n").unwrap();
    let log = live.lab.path("out/runs/0001.partial/machine.csv");
    until("the clock is in the log", || {
        std::fs::read_to_string(&log).is_ok_and(|text| text.contains(",receive,"))
    });
    live.stop();
    let said = live.lab.read("out/runs/0001/machine.log");
    assert_eq!(said.matches("dropped message").count(), 10, "{said}");
    assert!(
        said.ends_with("dropped 2990 other messages, 3000 in all\n"),
        "{said}"
    );
}

#[test]
fn a_malformed_message_of_a_node_of_the_scenario_still_fails_the_run() {
    let lab = Lab::with(
        "name = \"mixed\"\nduration = \"2s\"\n\
         [nodes.machine]\nbehavior = \"clock.machine\"\ntick_rate = 10\n\
         config = { encoding = \"text\", faces = 1 }\n\
         [nodes.other]\nbehavior = \"clock.machine\"\ntick_rate = 10\ntick_phase = \"50ms\"\n\
         config = { encoding = \"u64be\", faces = 1 }\n",
    );
    let answer = lab.runner(&["scenario.toml", "--out", "out"]).ends(3);
    answer.says(&["failed in `message`", "expected a clock as"]);
}

#[test]
fn a_size_that_no_message_can_have_is_a_mistake_with_its_place() {
    let scenario = |framing: &str, more: &str| {
        format!(
            "name = \"a\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"echo.server\"\n\
             [[nodes.server.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"{framing}\"\n{more}\n"
        )
    };
    for (framing, more, says) in [
        (
            "fixed:9",
            "max_message = 8",
            "is longer than `max_message`, 8 bytes",
        ),
        ("fixed:0", "", "expected the name of a framing"),
        ("fixed:", "", "expected the name of a framing"),
        ("fixed:N", "", "fixed:N"),
        ("fixed:99999999999", "", "expected the name of a framing"),
    ] {
        let lab = Lab::with(&scenario(framing, more));
        let answer = lab.runner(&["check", "scenario.toml"]).ends(2);
        answer.says(&["scenario.toml:7:", says]);
    }
    let lab = Lab::with(&scenario("fixed:9", "max_message = 9"));
    lab.runner(&["check", "scenario.toml"]).passes();
}
