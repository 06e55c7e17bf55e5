//! For how long messages wait, with each kind of node, and after faults and limits.

use super::faults::{fault, nodes};
use super::*;
use model::{Fault, FaultKind};

/// Runs a sender and a receiver (node 1) with these faults. The sender sends a
/// message at each of `sends` `[ms]`; the links have no latency.
fn received(
    timing: Timing,
    inbox_limit: Option<u32>,
    faults: &[Fault],
    sends: &'static [u64],
    duration: u64,
) -> Tried {
    let mut receiver = group("b", 1, timing);
    receiver.inbox_limit = inbox_limit;
    let groups = [group("a", 1, Timing::EventDriven), receiver];
    let behavior = |node: u32, call: Call<'_>, _| match (node, call) {
        (0, Call::Start) => {
            let timer = |&at: &u64| Act::SetTimer(at, at * MS);
            sends.iter().map(timer).collect()
        }
        (0, Call::Timer { .. }) => vec![Act::Send(0, b"m")],
        _ => vec![],
    };
    let mut run = Run::new(
        Roster::new(&groups),
        &[],
        Some(SimDuration(duration * MS)),
        Streams::new(1, "default", 1),
        Closure(behavior),
        Rows::default(),
    )
    .with_faults(faults);
    let outcome = run.go(&AtomicBool::new(false));
    Tried {
        outcome,
        rows: run.world.sink.0,
    }
}

/// For how long messages waited at the receiver, summed over them `[ms]`.
fn waited(tried: &Tried) -> u128 {
    let all = &tried.outcome.occupancy;
    assert!(all.iter().all(|it| it.node == 1), "{all:?}");
    let Some(it) = all.first() else { return 0 };
    assert_eq!(it.waited, it.own_waits, "Little's law");
    it.waited / u128::from(MS)
}

/// For how long the receiver was busy `[ms]`.
fn busy(tried: &Tried) -> u64 {
    tried.outcome.occupancy.first().map_or(0, |it| it.served) / MS
}

fn constant(ms: u64) -> Timing {
    server(Distribution::Constant((ms * MS) as f64))
}

#[test]
fn what_a_server_serves_does_not_wait() {
    // Served from 10, 30, 50 and 100 to 120; the second waits 15, the third 30.
    let tried = received(constant(20), None, &[], &[10, 15, 20, 100], 1000);
    assert_eq!(waited(&tried), 15 + 30);
    assert_eq!(busy(&tried), 4 * 20);
}

#[test]
fn what_still_waits_counts_until_the_end_of_the_run() {
    // Served until 50; the second waits from 20 to 50, the third from 40 to 90.
    let tried = received(constant(40), None, &[], &[10, 20, 40], 80);
    assert_eq!(tried.of(EventId::RECEIVE).len(), 1);
    assert_eq!(waited(&tried), 30 + 40);
    // Two are in the inbox, one of them in service.
    assert_eq!(busy(&tried), 70);
    assert_eq!(tried.outcome.occupancy[0].unhandled, 2);
}

#[test]
fn a_message_waits_for_the_tick_of_a_clocked_node() {
    let tried = received(clocked(10.0), None, &[], &[10, 20, 100, 550], 600);
    // Taken at 100, 200, 300 and 600; what arrives at a tick is taken by it.
    assert_eq!(
        tried.of(EventId::RECEIVE),
        [(100, 1, 1), (200, 1, 2), (300, 1, 3), (600, 1, 4)]
    );
    assert_eq!(waited(&tried), 90 + 180 + 200 + 50);
}

#[test]
fn nothing_waits_at_an_event_driven_node_that_is_not_paused() {
    let tried = received(Timing::EventDriven, None, &[], &[10, 20], 100);
    assert_eq!(waited(&tried), 0);
    let paused = [fault(15, 30, FaultKind::Pause(nodes(1..2)))];
    let tried = received(Timing::EventDriven, None, &paused, &[10, 20, 30], 100);
    assert_eq!(waited(&tried), 25 + 15);
}

#[test]
fn in_a_pause_of_a_server_messages_wait_and_the_one_in_service_does_not() {
    let paused = [fault(15, 100, FaultKind::Pause(nodes(1..2)))];
    // The first is in service from 10 to 130. The second waits from 12 to 130, the third
    // from 50 to 150.
    let tried = received(constant(20), None, &paused, &[10, 12, 50], 1000);
    let served = tried.of(EventId::RECEIVE);
    assert_eq!(served, [(130, 1, 1), (150, 1, 2), (170, 1, 3)]);
    assert_eq!(waited(&tried), 118 + 100);
    // The pause counts: the message occupies the server.
    assert_eq!(busy(&tried), 160);
}

#[test]
fn what_a_crash_destroys_has_waited_until_then() {
    let crashed = [fault(50, 30, FaultKind::Crash(nodes(1..2)))];
    // In service: the first. Lost while down: the one of 60.
    for (timing, expected) in [
        // The others wait from 20 and 30 to 50; that of 90 is served at once.
        (constant(100), 30 + 20),
        // All three wait until the crash. The node ticks again from 180 on.
        (clocked(10.0), 40 + 30 + 20 + 90),
    ] {
        let tried = received(timing, None, &crashed, &[10, 20, 30, 60, 90], 300);
        assert_eq!(tried.of(EventId::DROP).len(), 4);
        assert_eq!(waited(&tried), expected);
    }
    let tried = received(constant(100), None, &crashed, &[10, 20, 30, 60, 90], 300);
    assert_eq!(busy(&tried), 40 + 100, "until the crash, and once again");
}

#[test]
fn an_inbox_limit_counts_the_messages_that_wait() {
    let sends = &[10, 11, 12, 13];
    for (limit, dropped) in [(0, 3), (1, 2), (2, 1), (3, 0)] {
        let tried = received(constant(100), Some(limit), &[], sends, 1000);
        assert_eq!(tried.of(EventId::DROP).len(), dropped, "limit {limit}");
        let waits: u128 = [99, 198, 297][..limit as usize].iter().sum();
        assert_eq!(waited(&tried), waits, "limit {limit}");
    }
    // In a pause, an idle server serves nothing.
    let paused = [fault(5, 50, FaultKind::Pause(nodes(1..2)))];
    let tried = received(constant(1), Some(2), &paused, sends, 1000);
    assert_eq!(tried.of(EventId::DROP).len(), 2);
    // The first waits from 10 to 55, the second from 11 to 56.
    assert_eq!(waited(&tried), 45 + 45);
}
