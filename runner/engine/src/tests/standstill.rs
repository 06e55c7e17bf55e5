//! Time that stands still, and time that has an end.

use super::*;

fn why(tried: &Tried) -> &str {
    match &tried.outcome.reason {
        EndReason::Limit(why) => why,
        other => panic!("{other:?}"),
    }
}

fn still(
    groups: &[Group],
    behavior: impl FnMut(u32, Call<'_>, SimTime) -> Vec<Act>,
) -> (String, usize) {
    let tried = run(groups, &[], Some(1000), behavior);
    (why(&tried).to_owned(), tried.rows.len())
}

#[test]
fn nodes_that_answer_each_other_are_named() {
    let groups = [
        group("a", 2, Timing::EventDriven),
        group("idle", 1, Timing::EventDriven),
    ];
    let (why, rows) = still(&groups, |node, call, _| match (node, call) {
        (0, Call::Start) => vec![Act::SetTimer(1, 5 * MS)],
        (0, Call::Timer { .. }) => vec![Act::Send(0, b"ball")],
        (0 | 1, Call::Message { peer, .. }) => vec![Act::Send(peer, b"ball")],
        _ => vec![],
    });
    assert_eq!(
        why,
        "time stands still at 5 ms: more than 10000 events, each caused by the one before it, \
         in a cycle, `a-1` -> `a-2` -> `a-1`; give a link of these nodes a `latency`, or a timer \
         a delay; if the chain ends, set `max_events_at_once` to more than its length"
    );
    assert!(rows < 25_000);
}

#[test]
fn a_timer_without_delay_that_sets_itself_is_one_node() {
    let groups = [group("a", 2, Timing::EventDriven)];
    let (why, _) = still(&groups, |node, call, _| match (node, call) {
        (1, Call::Start | Call::Timer { .. }) => vec![Act::SetTimer(1, 0)],
        _ => vec![],
    });
    assert!(why.contains("in a cycle, of `a-2` alone;"), "{why}");
}

#[test]
fn timers_and_messages_in_turn_are_a_cycle() {
    let groups = [
        group("a", 1, Timing::EventDriven),
        group("b", 2, Timing::EventDriven),
    ];
    let (why, _) = still(&groups, |_, call, _| match call {
        Call::Start => vec![Act::SetTimer(1, 0)],
        Call::Message { .. } => vec![Act::SetTimer(2, 0)],
        Call::Timer { tag: 2 } => vec![Act::Send(0, b"next")],
        Call::Timer { .. } => vec![Act::Send(1, b"next")],
        _ => vec![],
    });
    assert!(why.contains("`a-1` -> `b-1` -> `b-2` -> `a-1`"), "{why}");
}

#[test]
fn a_server_without_service_time_may_be_in_a_cycle() {
    let groups = [
        group("a", 1, Timing::EventDriven),
        group("s", 1, server(Distribution::Constant(0.0))),
    ];
    let (why, _) = still(&groups, |node, call, _| match (node, call) {
        (0, Call::Start) => (0..50).map(|_| Act::Send(0, b"m")).collect(),
        (_, Call::Message { .. }) => vec![Act::Send(0, b"m")],
        _ => vec![],
    });
    assert!(why.contains("`a-1` -> `s-1` -> `a-1`"), "{why}");
}

#[test]
fn messages_that_multiply_end_before_the_memory_does() {
    let groups = [group("a", 3, Timing::EventDriven)];
    let limits = Limits {
        at_once: 100_000,
        ..Limits::default()
    };
    let tried = run_with(&groups, &[], Some(1000), limits, |_, call, _| match call {
        // Two of each: a chain of 30 would be 10^9 events.
        Call::Start | Call::Message { .. } => vec![Act::Send(0, b"m"), Act::Send(1, b"m")],
        _ => vec![],
    });
    assert!(why(&tried).starts_with("time stands still at 0 s: more than 100000 events"));
}

#[test]
fn many_events_at_once_that_are_no_chain_pass() {
    const NODES: u32 = 30_000;
    let ticking = [
        group("t", NODES, clocked(1.0)),
        group("sink", 1, Timing::EventDriven),
    ];
    let tried = run(&ticking, &[], Some(1000), |node, call, _| match call {
        Call::Tick => vec![Act::Send(NODES - node - 1, b"m")],
        _ => vec![],
    });
    assert_eq!(tried.outcome.reason, EndReason::Duration);
    assert_eq!(tried.of(EventId::RECEIVE).len(), NODES as usize);

    let all = [group("a", NODES, Timing::EventDriven)];
    let tried = run(&all, &[], Some(1000), |node, call, _| match (node, call) {
        (0, Call::Start) => (0..NODES - 1).map(|peer| Act::Send(peer, b"m")).collect(),
        (0, Call::Message { .. }) => vec![],
        (_, Call::Message { peer, .. }) => vec![Act::Send(peer, b"reply")],
        _ => vec![],
    });
    assert_eq!(tried.outcome.reason, EndReason::Idle);
    assert_eq!(tried.of(EventId::RECEIVE).len(), 2 * (NODES as usize - 1));

    // A chain through all nodes and back.
    let tried = run(&all, &[], Some(1000), |node, call, _| match call {
        Call::Start if node == 0 => vec![Act::Send(0, b"on")],
        Call::Message { bytes: b"on", .. } if node + 1 < NODES => vec![Act::Send(0, b"on")],
        Call::Message { .. } if node > 0 => vec![Act::Send(NODES - 2, b"back")],
        _ => vec![],
    });
    assert_eq!(tried.outcome.reason, EndReason::Idle);
    assert_eq!(tried.of(EventId::RECEIVE).len(), 2 * (NODES as usize - 1));
}

#[test]
fn messages_that_wait_for_a_server_are_no_chain() {
    let groups = [
        group("a", 1, Timing::EventDriven),
        group("s", 1, server(Distribution::Constant(0.0))),
    ];
    let tried = run(&groups, &[], Some(1000), |node, call, _| {
        match (node, call) {
            (0, Call::Start) => (0..40_000).map(|_| Act::Send(0, b"m")).collect(),
            _ => vec![],
        }
    });
    assert_eq!(tried.outcome.reason, EndReason::Idle);
    assert_eq!(tried.of(EventId::RECEIVE).len(), 40_000);
}

#[test]
fn a_chain_may_be_as_long_as_its_limit() {
    let groups = [group("a", 2, Timing::EventDriven)];
    for (chain, ends) in [(99, true), (100, false)] {
        let mut left = 100;
        let limits = Limits {
            chain: Some(chain),
            ..Limits::default()
        };
        let tried = run_with(
            &groups,
            &[],
            None,
            limits,
            move |node, call, _| match call {
                Call::Start if node == 0 => vec![Act::Send(0, b"m")],
                Call::Message { peer, .. } if left > 1 => {
                    left -= 1;
                    vec![Act::Send(peer, b"m")]
                }
                _ => vec![],
            },
        );
        let limited = matches!(tried.outcome.reason, EndReason::Limit(_));
        assert_eq!(limited, ends, "{chain}: {:?}", tried.outcome.reason);
    }
}

const YEARS_300: u64 = 300 * 365 * 86_400 * 1_000_000_000;

#[test]
fn what_is_due_beyond_the_end_of_time_is_a_failure() {
    let groups = [group("a", 2, Timing::EventDriven)];
    let twice = |node: u32, call: Call<'_>, _: SimTime| match (node, call) {
        (0, Call::Start | Call::Timer { .. }) => vec![Act::SetTimer(1, YEARS_300)],
        _ => vec![],
    };
    let timer = run(&groups, &[], None, twice);
    assert_eq!(timer.of(EventId::TIMER).len(), 1);
    assert_eq!(
        why(&timer),
        "the run goes beyond the end of time, 2^64 ns (584 years): a timer of `a-1` is due after \
         it; shorten the times, or set a `duration` before it"
    );
    let rules = all_linked(
        2,
        Distribution::Constant(YEARS_300 as f64),
        0.0,
        Order::Fifo,
    );
    let answers = |node: u32, call: Call<'_>, _: SimTime| match (node, call) {
        (0, Call::Start) | (_, Call::Message { .. }) => vec![Act::Send(0, b"m")],
        _ => vec![],
    };
    let message = run(&groups, &rules, None, answers);
    assert!(why(&message).contains("a message to `a-1` arrives after it"));
    let slow = [
        group("a", 1, Timing::EventDriven),
        group("b", 1, server(Distribution::Constant(YEARS_300 as f64))),
    ];
    let served = run(&slow, &[], None, |node, call, _| match (node, call) {
        (0, Call::Start) => vec![Act::Send(0, b"m"), Act::Send(0, b"m")],
        _ => vec![],
    });
    assert!(why(&served).contains("`b-1` has served a message after it"));
}

#[test]
fn a_timer_beyond_the_end_of_time_that_nobody_waits_for_is_none() {
    let groups = [group("a", 1, Timing::EventDriven)];
    let never = |_: u32, call: Call<'_>, _: SimTime| match call {
        Call::Start => vec![Act::SetTimer(1, u64::MAX), Act::SetTimer(2, 5 * MS)],
        Call::Timer { .. } => vec![Act::CancelTimer(1)],
        _ => vec![],
    };
    assert_eq!(
        run(&groups, &[], None, never).outcome.reason,
        EndReason::Idle
    );
    let kept = |_: u32, call: Call<'_>, _: SimTime| match call {
        Call::Start => vec![Act::SetTimer(1, u64::MAX)],
        _ => vec![],
    };
    let ended = run(&groups, &[], Some(1000), kept).outcome.reason;
    assert_eq!(ended, EndReason::Idle, "the run ends before");
}
