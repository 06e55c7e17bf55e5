//! The engine's promises, tried with behaviors that are closures: no plugin, no
//! file, no clock.

mod conservation;
mod faults;
mod links;

use std::sync::atomic::AtomicBool;

use analysis_log::{Columns, EventId, Row};

use crate::behaviors::{Behaviors, Call, CallError};
use crate::run::{EndReason, Limits, Outcome, Run};
use crate::sink::Sink;
use crate::world::World;
use base::distribution::Distribution;
use base::random::{Random, Streams};
use base::time::{SimDuration, SimTime};
use model::roster::Roster;
use model::{BehaviorName, Group, Link, LinkRule, Order, TickRule, Timing};

const MS: u64 = 1_000_000;

/// What a closure has its node do.
enum Act {
    Send(u32, &'static [u8]),
    SetTimer(u64, u64),
    CancelTimer(u64),
    StopRun,
    Fail,
}

struct Closure<F>(F);

impl<F: FnMut(u32, Call<'_>, SimTime) -> Vec<Act>> Behaviors for Closure<F> {
    fn create<S: Sink>(&mut self, _: u32, _: Random, _: &mut World<S>) -> Result<(), CallError> {
        Ok(())
    }

    fn call<S: Sink>(
        &mut self,
        node: u32,
        call: Call<'_>,
        world: &mut World<S>,
    ) -> Result<(), CallError> {
        for act in (self.0)(node, call, world.now()) {
            match act {
                Act::Send(peer, bytes) => world.send(peer, bytes).expect("a link"),
                Act::SetTimer(tag, ns) => world.set_timer(tag, SimDuration(ns)),
                Act::CancelTimer(tag) => world.cancel_timer(tag),
                Act::StopRun => world.stop_run("enough"),
                Act::Fail => {
                    return Err(CallError {
                        panicked: false,
                        reason: "no more".to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    fn columns(&self, _: u32) -> Columns<'_> {
        Columns::default()
    }
}

#[derive(Default)]
struct Rows(Vec<Row>);

impl Sink for Rows {
    fn row(&mut self, row: &Row, _: Columns<'_>) {
        self.0.push(*row);
    }

    fn print(&mut self, _: SimTime, _: u32, _: &str) {}
}

fn group(name: &str, count: u32, timing: Timing) -> Group {
    Group {
        name: name.to_owned(),
        count,
        numbered: true,
        behavior: Some(BehaviorName {
            plugin: "test".to_owned(),
            behavior: "closure".to_owned(),
        }),
        config: String::new(),
        timing,
        start_at: SimDuration::ZERO,
        rng_id: None,
        inbox_limit: None,
        clock: None,
        listen: Vec::new(),
        stdin: None,
        program: None,
    }
}

fn clocked(rate: f64) -> Timing {
    Timing::Clocked {
        every: TickRule::Rate(Distribution::Constant(rate)),
        phase: None,
    }
}

fn server(span: Distribution) -> Timing {
    Timing::Server { service_time: span }
}

fn all_linked(count: u32, latency: Distribution, loss: f64, order: Order) -> Vec<LinkRule> {
    vec![LinkRule {
        from: std::iter::once(0..count).collect(),
        to: std::iter::once(0..count).collect(),
        both: true,
        link: Link {
            latency,
            loss,
            order,
            ..Link::IDEAL
        },
    }]
}

struct Tried {
    outcome: Outcome,
    rows: Vec<Row>,
}

impl Tried {
    /// (time `[ms]`, node, message) of each row with this event.
    fn of(&self, event: EventId) -> Vec<(u64, u32, u64)> {
        self.rows
            .iter()
            .filter(|row| row.event == event)
            .map(|row| (row.time_ns / MS, row.node, row.message))
            .collect()
    }
}

fn run_with(
    groups: &[Group],
    rules: &[LinkRule],
    duration: Option<u64>,
    limits: Limits,
    behavior: impl FnMut(u32, Call<'_>, SimTime) -> Vec<Act>,
) -> Tried {
    let mut run = Run::new(
        Roster::new(groups),
        rules,
        duration.map(|ms| SimDuration(ms * MS)),
        Streams::new(1, "default", 1),
        Closure(behavior),
        Rows::default(),
    )
    .with_limits(limits);
    let outcome = run.go(&AtomicBool::new(false));
    Tried {
        outcome,
        rows: run.world.sink.0,
    }
}

fn run(
    groups: &[Group],
    rules: &[LinkRule],
    duration: Option<u64>,
    behavior: impl FnMut(u32, Call<'_>, SimTime) -> Vec<Act>,
) -> Tried {
    run_with(groups, rules, duration, Limits::default(), behavior)
}

#[test]
fn same_instant_messages_deliver_in_send_order() {
    let groups = [group("a", 3, Timing::EventDriven)];
    let mut heard = Vec::new();
    run(&groups, &[], None, |node, call, _| match call {
        Call::Start if node < 2 => vec![Act::Send(1 - node, b"x"), Act::Send(1 - node, b"y")],
        Call::Message { peer, bytes } => {
            heard.push((node, peer, bytes.to_vec()));
            vec![]
        }
        _ => vec![],
    });
    let said = |peer, text: &[u8]| (2, peer, text.to_vec());
    assert_eq!(
        heard,
        [said(0, b"x"), said(0, b"y"), said(1, b"x"), said(1, b"y")]
    );
}

#[test]
fn arrivals_come_before_ticks_even_those_caused_at_that_instant() {
    // Node 0 ticks and sends; node 1 ticks at the same instant, after it, and so
    // finds the message; node 2 relays in between, without time passing.
    let groups = [
        group("a", 1, clocked(1.0)),
        group("b", 1, clocked(1.0)),
        group("c", 1, Timing::EventDriven),
    ];
    let tried = run(&groups, &[], Some(1000), |node, call, _| {
        match (node, call) {
            (0, Call::Tick) => vec![Act::Send(1, b"to the relay")],
            (2, Call::Message { .. }) => vec![Act::Send(1, b"on to b")],
            _ => vec![],
        }
    });
    assert_eq!(tried.of(EventId::RECEIVE), [(1000, 2, 1), (1000, 1, 1)]);
    assert!(
        tried.of(EventId::TICK).is_empty(),
        "b had a message on its only tick"
    );
}

#[test]
fn nodes_tick_in_the_order_of_the_file() {
    let groups = [
        group("a", 2, clocked(2.0)),
        group("b", 2, clocked(1.0)),
        group("c", 1, clocked(2.0)),
    ];
    let tried = run(&groups, &[], Some(1000), |_, _, _| vec![]);
    let order: Vec<_> = tried.of(EventId::TICK).iter().map(|t| (t.0, t.1)).collect();
    assert_eq!(
        order,
        [
            (500, 0),
            (500, 1),
            (500, 4),
            (1000, 0),
            (1000, 1),
            (1000, 2),
            (1000, 3),
            (1000, 4)
        ]
    );
}

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
fn fifo_keeps_the_order_of_sending_and_any_does_not() {
    let groups = [
        group("a", 1, clocked(1000.0)),
        group("b", 1, Timing::EventDriven),
    ];
    let latency = Distribution::Uniform {
        low: 0.0,
        high: 50.0 * MS as f64,
    };
    for (order, sorted) in [(Order::Fifo, true), (Order::Any, false)] {
        let rules = all_linked(2, latency.clone(), 0.0, order);
        let tried = run(&groups, &rules, Some(1000), |_, call, _| match call {
            Call::Tick => vec![Act::Send(0, b"m")],
            _ => vec![],
        });
        let numbers: Vec<u64> = tried.of(EventId::RECEIVE).iter().map(|r| r.2).collect();
        assert!(numbers.len() > 900);
        assert_eq!(numbers.is_sorted(), sorted, "{order:?}");
    }
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
        events_at_once: 20_000,
    };
    let ping_pong = |_: u32, call: Call<'_>, _: SimTime| match call {
        Call::Start | Call::Message { .. } => vec![Act::Send(0, b"ball")],
        _ => vec![],
    };
    let groups = [group("a", 2, Timing::EventDriven)];
    for duration in [Some(1000), None] {
        let still = run_with(&groups, &[], duration, limits, ping_pong);
        assert!(
            matches!(&still.outcome.reason, EndReason::Endless(why) if why.ends_with("time stands still")),
            "{:?}",
            still.outcome
        );
    }
    let rules = all_linked(2, Distribution::Constant(1000.0), 0.0, Order::Fifo);
    let slow = run_with(&groups, &rules, None, limits, ping_pong);
    assert!(
        matches!(&slow.outcome.reason, EndReason::Endless(why) if why.ends_with("without `duration`")),
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
