//! Guests of a listening node that come in thousands, hold on, break off, reset,
//! never read, or talk nonsense; and a good one that is served meanwhile.

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
    let mut guest = TcpStream::connect(live.address("server")).unwrap();
    guest.set_read_timeout(Some(PATIENCE)).unwrap();
    let frame = [&100_000_u32.to_be_bytes()[..], &[7; 100_000]].concat();
    for _ in 0..5 {
        guest.write_all(&frame).unwrap();
        let mut reply = vec![0; frame.len()];
        guest.read_exact(&mut reply).unwrap();
        assert_eq!(reply, frame);
    }
    drop(guest);
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
fn one_guest_at_a_time_is_served_and_the_next_when_it_leaves() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", "max_peers = 1"));
    let address = live.address("server");
    assert_eq!(live.guest("queue", &address, ""), "in turn\n");
    live.stop();
}

#[test]
fn thousands_of_connections_leave_nothing_behind() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", ""));
    let address = live.address("server");
    live.guest("in-a-row", &address, "10");
    let (sockets, threads) = live.holds();
    live.guest("in-a-row", &address, "3000");
    live.guest("resets", &address, "500");
    live.guest("vanishes", &address, "500");
    // The last ones may not have been seen to go yet.
    until("every socket is given back", || live.holds().0 <= sockets);
    assert_eq!(live.holds().1, threads);
    live.guest("in-a-row", &address, "2");
    live.stop();
    let log = live.lab.table("out/runs/0001/server.csv");
    // In a row, every second one asks; of 500 that reset, 166 have sent a message whole.
    let received = log.only("event", "receive").rows.len();
    assert!((1506..=1506 + 166).contains(&received), "{received}");
}

#[test]
fn frames_that_are_broken_off_are_told() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", ""));
    let address = live.address("server");
    live.guest("vanishes", &address, "10");
    live.guest("in-a-row", &address, "2");
    live.stop();
    let told = live.lab.read("out/runs/0001/server.log");
    let within = told.matches("the stream ended within a `decimal10` frame");
    assert_eq!(within.count(), 10, "{told}");
}

#[test]
fn of_a_flood_of_garbage_the_first_are_told_and_the_rest_are_counted() {
    let mut live = small();
    let address = live.address("server");
    for _ in 0..300 {
        let mut guest = TcpStream::connect(&address).unwrap();
        guest.set_read_timeout(Some(PATIENCE)).unwrap();
        guest.write_all(b"not a length at all").unwrap();
        // It is let go: in good order, or reset for what it said beyond.
        let _ = guest.read(&mut [0; 10]);
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
fn idle_and_half_open_connections_are_kept_and_cost_nobody_else() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", ""));
    let address = live.address("server");
    let mut idle = python(&["guests.py", "idle", &address, "300"]);
    idle.told("idle");
    live.guest("in-a-row", &address, "100");
    let (held, _) = live.holds();
    assert!(held >= 300, "{held}");
    assert!(idle.ends_well().ends_with("served\n"));
    until("they are let go", || live.holds().0 <= held - 300);
    live.stop();
}

#[test]
fn who_never_reads_is_not_listened_to_and_takes_no_memory() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", ""));
    let address = live.address("server");
    live.guest("in-a-row", &address, "2");
    let before = live.memory();
    let total = 200_000_000_u64;
    let mut deaf = python(&["guests.py", "never-reads", &address, &total.to_string()]);
    let sent: u64 = deaf.told("sent ").parse().unwrap();
    // The buffers of the system take some, and ours.
    assert!(sent < total / 2, "{sent} bytes were taken");
    live.guest("in-a-row", &address, "100");
    let grown = live.memory().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    // Once it listens, it is owed no less than all.
    let heard = deaf.ends_well();
    assert!(heard.contains("heard "), "{heard}");
    live.stop();
}

#[test]
fn lengths_that_cannot_be_are_the_end_of_that_connection_alone() {
    crate::harness::needs_python!();
    let mut live = small();
    let address = live.address("server");
    let mut good = python(&["guests.py", "good", &address]);
    good.told("good");
    assert_eq!(live.guest("bad-lengths", &address, ""), "6\n");
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
fn hundreds_that_talk_nonsense_keep_a_good_one_from_nothing() {
    crate::harness::needs_python!();
    let mut live = small();
    let address = live.address("server");
    let (before, _) = live.holds();
    let mut good = python(&["guests.py", "good", &address]);
    good.told("good");
    let mut crowd: Vec<_> = (0..3)
        .map(|_| python(&["guests.py", "garbage", &address, "200"]))
        .collect();
    crowd.iter_mut().for_each(|it| drop(it.told("garbage")));
    until("the crowd is let go", || live.holds().0 <= before + 1 + 150);
    let out = good.ends_well();
    assert!(out.contains("served "), "{out}");
    crowd.iter_mut().for_each(|it| drop(it.ends_well()));
    until("all are let go", || live.holds().0 <= before);
    live.stop();
}
