//! How nodes handle messages and timers, and how runs end.

use super::*;

#[test]
fn what_is_due_at_the_end_still_happens() {
    let groups = [group("a", 1, clocked(6.0))];
    let tried = run(&groups, &[], Some(60_000), |_, _, _| vec![]);
    assert_eq!(tried.of(EventId::TICK).len(), 360);
    assert_eq!(tried.outcome.end, SimTime(60_000 * MS));
    assert_eq!(tried.outcome.reason, EndReason::Duration);
    assert_eq!(tried.rows.last().map(|row| row.event), Some(EventId::STOP));
}

#[test]
fn a_run_ends_when_nothing_is_left_to_happen() {
    let groups = [group("a", 2, Timing::EventDriven)];
    let tried = run(&groups, &[], None, |node, call, _| match (node, call) {
        (0, Call::Start) => vec![Act::SetTimer(7, 250 * MS)],
        _ => vec![],
    });
    assert_eq!(tried.outcome.reason, EndReason::Idle);
    assert_eq!(tried.outcome.end, SimTime(250 * MS));
    assert_eq!(tried.of(EventId::TIMER), [(250, 0, 0)]);
}

#[test]
fn a_server_handles_one_message_at_a_time() {
    let groups = [
        group("client", 1, Timing::EventDriven),
        group(
            "server",
            1,
            server(Distribution::Constant(100.0 * MS as f64)),
        ),
    ];
    let tried = run(&groups, &[], None, |node, call, _| match (node, call) {
        (0, Call::Start) => vec![
            Act::Send(0, b"1"),
            Act::Send(0, b"2"),
            Act::Send(0, b"3"),
            Act::SetTimer(0, 500 * MS),
        ],
        (0, Call::Timer { .. }) => vec![Act::Send(0, b"4")],
        _ => vec![],
    });
    assert_eq!(
        tried.of(EventId::RECEIVE),
        [(100, 1, 1), (200, 1, 2), (300, 1, 3), (600, 1, 4)]
    );
    let queues: Vec<u64> = tried
        .rows
        .iter()
        .filter(|row| row.event == EventId::RECEIVE)
        .map(|row| row.queue)
        .collect();
    assert_eq!(
        queues,
        [2, 1, 0, 0],
        "what waits when a message is taken off"
    );
}

#[test]
fn a_full_inbox_drops_what_comes() {
    let mut slow = group("slow", 1, clocked(1.0));
    slow.inbox_limit = Some(2);
    let groups = [group("a", 1, Timing::EventDriven), slow];
    let tried = run(&groups, &[], Some(5000), |node, call, _| {
        match (node, call) {
            (0, Call::Start) => (0..5).map(|_| Act::Send(0, b"m")).collect(),
            _ => vec![],
        }
    });
    assert_eq!(tried.of(EventId::RECEIVE), [(1000, 1, 1), (2000, 1, 2)]);
    assert_eq!(tried.of(EventId::DROP), [(0, 1, 3), (0, 1, 4), (0, 1, 5)]);
}

#[test]
fn a_timer_set_again_replaces_the_pending_one_and_a_cancelled_one_is_forgotten() {
    let groups = [group("a", 1, Timing::EventDriven)];
    let tried = run(&groups, &[], None, |_, call, _| match call {
        Call::Start => vec![
            Act::SetTimer(1, 100 * MS),
            Act::SetTimer(2, 150 * MS),
            Act::SetTimer(1, 300 * MS),
            Act::SetTimer(3, 200 * MS),
            Act::CancelTimer(3),
        ],
        _ => vec![],
    });
    assert_eq!(tried.of(EventId::TIMER), [(150, 0, 0), (300, 0, 0)]);
}

#[test]
fn a_lossy_link_loses_its_share_and_says_so() {
    let groups = [
        group("a", 1, clocked(1000.0)),
        group("b", 1, Timing::EventDriven),
    ];
    let rules = all_linked(2, Distribution::Constant(0.0), 0.25, Order::Fifo);
    let tried = run(&groups, &rules, Some(10_000), |_, call, _| match call {
        Call::Tick => vec![Act::Send(0, b"m")],
        _ => vec![],
    });
    let (sent, lost) = (tried.of(EventId::SEND).len(), tried.of(EventId::DROP).len());
    assert_eq!(sent, 10_000);
    assert_eq!(tried.of(EventId::RECEIVE).len() + lost, sent);
    // Binomial: mean 2500, deviation 43; five deviations.
    assert!((2284..=2716).contains(&lost), "lost {lost} of {sent}");
}

#[test]
fn a_node_that_has_not_started_loses_what_is_sent_to_it() {
    let mut late = group("late", 1, Timing::EventDriven);
    late.start_at = SimDuration(1000 * MS);
    let groups = [group("a", 1, clocked(1.0)), late];
    let tried = run(&groups, &[], Some(3000), |node, call, _| {
        match (node, call) {
            (0, Call::Start | Call::Tick) => vec![Act::Send(0, b"m")],
            _ => vec![],
        }
    });
    assert_eq!(tried.of(EventId::START), [(0, 0, 0), (1000, 1, 0)]);
    assert_eq!(tried.of(EventId::DROP), [(0, 1, 1)]);
    assert_eq!(
        tried.of(EventId::RECEIVE),
        [(1000, 1, 2), (2000, 1, 3), (3000, 1, 4)]
    );
}

#[test]
fn stopping_ends_the_run_after_the_step() {
    let groups = [group("a", 2, clocked(1.0))];
    let tried = run(&groups, &[], Some(10_000), |node, call, now| match call {
        Call::Tick if node == 0 && now == SimTime(3000 * MS) => {
            vec![Act::StopRun, Act::Send(0, b"still")]
        }
        _ => vec![],
    });
    assert_eq!(
        tried.outcome.reason,
        EndReason::Stopped("enough".to_owned())
    );
    assert_eq!(tried.of(EventId::SEND), [(3000, 0, 1)]);
    assert_eq!(tried.of(EventId::TICK).last(), Some(&(2000, 1, 0)));
}

#[test]
fn a_failure_says_where() {
    let groups = [group("a", 2, clocked(4.0))];
    let tried = run(&groups, &[], Some(10_000), |node, call, now| match call {
        Call::Tick if node == 1 && now == SimTime(1250 * MS) => vec![Act::Fail],
        _ => vec![],
    });
    let EndReason::Failed(failure) = tried.outcome.reason else {
        panic!("{:?}", tried.outcome)
    };
    assert_eq!(
        failure.to_string(),
        "node `a-2` failed in `tick` at 1.25 s (step 5): no more"
    );
}

#[test]
fn a_run_that_cannot_end_is_ended() {
    let limits = Limits {
        events: 50_000,
        ..Limits::default()
    };
    let ping_pong = |_: u32, call: Call<'_>, _: SimTime| match call {
        Call::Start | Call::Message { .. } => vec![Act::Send(0, b"ball")],
        _ => vec![],
    };
    let groups = [group("a", 2, Timing::EventDriven)];
    for duration in [Some(1000), None] {
        let still = run_with(&groups, &[], duration, limits, ping_pong);
        assert!(
            matches!(&still.outcome.reason, EndReason::Limit(why) if why.starts_with("time stands still")),
            "{:?}",
            still.outcome
        );
    }
    let rules = all_linked(2, Distribution::Constant(1000.0), 0.0, Order::Fifo);
    let slow = run_with(&groups, &rules, None, limits, ping_pong);
    assert!(
        matches!(&slow.outcome.reason, EndReason::Limit(why) if why.ends_with("without `duration`")),
        "{:?}",
        slow.outcome
    );
}

#[test]
fn messages_are_received_lost_or_still_under_way() {
    let mut receiver = group("b", 3, clocked(20.0));
    receiver.inbox_limit = Some(5);
    let groups = [group("a", 2, clocked(100.0)), receiver];
    let rules = all_linked(
        5,
        Distribution::Exponential {
            mean: 30.0 * MS as f64,
        },
        0.1,
        Order::Any,
    );
    let mut random = Random::from_seed(3);
    let mut run = Run::new(
        Roster::new(&groups),
        &rules,
        Some(SimDuration(20_000 * MS)),
        Streams::new(1, "default", 1),
        Closure(|_: u32, call: Call<'_>, _| match call {
            Call::Tick => vec![Act::Send(random.below(4) as u32, b"m")],
            _ => vec![],
        }),
        Rows::default(),
    );
    let outcome = run.go(&AtomicBool::new(false));
    let count = |event| {
        run.world
            .sink
            .0
            .iter()
            .filter(|row| row.event == event)
            .count()
    };
    let (received, dropped) = (count(EventId::RECEIVE), count(EventId::DROP));
    assert!(received > 100 && dropped > 100);
    assert_eq!(
        outcome.messages as usize,
        received + dropped + run.world.messages.len()
    );
}

#[test]
fn a_reseeded_run_is_the_same_up_to_its_time_and_another_one_after_it() {
    let drawn = |ms: u64| Distribution::Exponential {
        mean: (ms * MS) as f64,
    };
    let fixed = |ms: u64| Distribution::Constant((ms * MS) as f64);
    // What draws: a server; links; links over which nothing was sent before.
    for (service, latency, sends_from) in [
        (drawn(2), fixed(3), 0),
        (fixed(2), drawn(3), 0),
        (fixed(2), drawn(3), 1_000),
    ] {
        let rows = |reseed: Option<(u64, u64)>| {
            let server = Timing::Server {
                service_time: service.clone(),
            };
            let groups = [group("a", 2, clocked(100.0)), group("b", 1, server)];
            let rules = all_linked(3, latency.clone(), 0.0, Order::Any);
            let streams = Streams::new(1, "default", 1);
            let mut run = Run::new(
                Roster::new(&groups),
                &rules,
                Some(SimDuration(2_000 * MS)),
                streams.clone(),
                // Peers begin after the node itself: node 1 sends to the server.
                Closure(|node: u32, call: Call<'_>, now: SimTime| match call {
                    Call::Tick if node == 1 && now.0 >= sends_from * MS => {
                        vec![Act::Send(0, b"m")]
                    }
                    _ => vec![],
                }),
                Rows::default(),
            );
            if let Some((after, number)) = reseed {
                run = run.with_reseed(SimTime(after * MS), streams.reseeded(number));
            }
            run.go(&AtomicBool::new(false));
            run.into_sink().0
        };
        let whole = rows(None);
        let split = |rows: &[Row], after: u64| {
            let at = rows.partition_point(|row| row.time_ns <= after * MS);
            (rows[..at].to_vec(), rows[at..].to_vec())
        };
        for after in [0, 1, 700] {
            let one = rows(Some((after, 1)));
            assert_eq!(one, rows(Some((after, 1))));
            assert_eq!(split(&one, after).0, split(&whole, after).0);
            assert_ne!(split(&one, after).1, split(&whole, after).1);
            let other = rows(Some((after, 2)));
            assert_eq!(split(&other, after).0, split(&whole, after).0);
            assert_ne!(split(&one, after).1, split(&other, after).1);
        }
        assert_eq!(rows(Some((2_000, 1))), whole, "nothing is left to draw");
    }
}
