//! External clients that misbehave (thousands at once, idle, resetting, never reading, or
//! sending garbage) do no harm: the node serves a good client meanwhile, and the runner gives
//! back every socket.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::real_live::{Live, PATIENCE, echo_server, python, until};

/// A server that takes messages of at most 1000 bytes.
fn small() -> Live {
    Live::start(&echo_server("decimal10", "max_message = \"1000B\""))
}

#[test]
fn large_messages_are_accounted_for_when_they_leave_at_once() {
    let mut live = Live::start(&echo_server("u32be", ""));
    let mut client = TcpStream::connect(live.address("server")).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let frame = [&100_000_u32.to_be_bytes()[..], &[7; 100_000]].concat();
    for _ in 0..5 {
        client.write_all(&frame).unwrap();
        let mut reply = vec![0; frame.len()];
        client.read_exact(&mut reply).unwrap();
        assert_eq!(reply, frame);
    }
    drop(client);
    live.stop();
    let account = live
        .lab
        .table("out/verdicts.csv")
        .only("judge", "conservation");
    assert_eq!(account.texts("verdict"), ["passed"]);
    let measured = account.texts("measured")[0].to_owned();
    assert!(
        measured.contains("5 sent") && measured.contains("5 to wires"),
        "{measured}"
    );
}

#[test]
fn with_max_peers_1_a_second_client_waits_until_the_first_closes() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", "max_peers = 1"));
    let address = live.address("server");
    assert_eq!(live.client("queue", &address, ""), "in turn\n");
    live.stop();
}

#[test]
fn thousands_of_connections_leave_nothing_behind() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", ""));
    let address = live.address("server");
    live.client("in-a-row", &address, "10");
    let (sockets, threads) = live.holds();
    live.client("in-a-row", &address, "3000");
    live.client("resets", &address, "500");
    live.client("vanishes", &address, "500");
    // The runner may not have noticed the last ones yet.
    until("every socket is given back", || live.holds().0 <= sockets);
    assert_eq!(live.holds().1, threads);
    live.client("in-a-row", &address, "2");
    live.stop();
    let log = live.lab.table("out/runs/0001/server.csv");
    // In a row, every second client sends a message; of 500 that reset, 166 have sent a whole
    // message.
    let received = log.only("event", "receive").rows.len();
    assert!((1506..=1506 + 166).contains(&received), "{received}");
}

#[test]
fn incomplete_frames_are_reported() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", ""));
    let address = live.address("server");
    live.client("vanishes", &address, "10");
    live.client("in-a-row", &address, "2");
    live.stop();
    let told = live.lab.read("out/runs/0001/server.log");
    let within = told.matches("the stream ended within a `decimal10` frame");
    assert_eq!(within.count(), 10, "{told}");
}

#[test]
fn the_first_of_many_framing_errors_are_reported_and_the_rest_are_counted() {
    let mut live = small();
    let address = live.address("server");
    for _ in 0..300 {
        let mut client = TcpStream::connect(&address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.write_all(b"not a length at all").unwrap();
        // The node closes: with a reset, if bytes of the client are unread.
        let _ = client.read(&mut [0; 10]);
    }
    let answer = live.stop();
    let told = live.lab.read("out/runs/0001/server.log");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 12, "{told}");
    assert!(lines[..10].iter().all(|line| line.contains("header is ")));
    assert_eq!(
        lines[10..],
        [
            "disconnected others, too: they are counted until the end",
            "disconnected 290 others, 300 in all"
        ]
    );
    assert!(answer.out.matches("disconnected").count() <= 12);
}

#[test]
fn idle_connections_are_kept_and_other_clients_are_served() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", ""));
    let address = live.address("server");
    let mut idle = python(&["clients.py", "idle", &address, "300"]);
    idle.told("idle");
    live.client("in-a-row", &address, "100");
    let (held, _) = live.holds();
    assert!(held >= 300, "{held}");
    assert!(idle.ends_well().ends_with("served\n"));
    until("the sockets are given back", || {
        live.holds().0 <= held - 300
    });
    live.stop();
}

#[test]
fn a_client_that_never_reads_takes_no_memory() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", ""));
    let address = live.address("server");
    live.client("in-a-row", &address, "2");
    let before = live.memory();
    let total = 200_000_000_u64;
    let mut deaf = python(&["clients.py", "never-reads", &address, &total.to_string()]);
    let sent: u64 = deaf.told("sent ").parse().unwrap();
    // Some fits in the buffers of the system and of the runner.
    assert!(sent < total / 2, "{sent} bytes were taken");
    live.client("in-a-row", &address, "100");
    let grown = live.memory().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    // Once the client reads, it gets every reply.
    let heard = deaf.ends_well();
    assert!(heard.contains("heard "), "{heard}");
    live.stop();
}

#[test]
fn an_invalid_length_closes_that_connection_only() {
    crate::harness::needs_python!();
    let mut live = small();
    let address = live.address("server");
    let mut good = python(&["clients.py", "good", &address]);
    good.told("good");
    assert_eq!(live.client("bad-lengths", &address, ""), "6\n");
    assert!(good.ends_well().contains("served "));
    live.stop();
    let told = live.lab.read("out/runs/0001/server.log");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 6, "{told}");
    for (line, reason) in lines.iter().zip([
        "takes 1001 bytes, expected at most 1000",
        "takes 9999999999 bytes, expected at most 1000",
        "length is negative",
        "header is b\"     hello\"",
        "header is ",
        "header is ",
    ]) {
        assert!(line.starts_with("disconnected 127.0.0.1:"), "{line}");
        assert!(line.contains(reason), "no {reason:?} in {line}");
    }
}

#[test]
fn a_good_client_is_served_among_hundreds_that_send_garbage() {
    crate::harness::needs_python!();
    let mut live = small();
    let address = live.address("server");
    let (before, _) = live.holds();
    let mut good = python(&["clients.py", "good", &address]);
    good.told("good");
    let mut crowd: Vec<_> = (0..3)
        .map(|_| python(&["clients.py", "garbage", &address, "200"]))
        .collect();
    crowd.iter_mut().for_each(|it| drop(it.told("garbage")));
    until("the sockets of the crowd are given back", || {
        live.holds().0 <= before + 1 + 150
    });
    let out = good.ends_well();
    assert!(out.contains("served "), "{out}");
    crowd.iter_mut().for_each(|it| drop(it.ends_well()));
    until("all sockets are given back", || live.holds().0 <= before);
    live.stop();
}
