//! What faults do while they hold, and afterwards.

use super::*;
use crate::faults::FaultEffect;
use model::{Fault, FaultKind, LinkChange, LinkSettings, LocalClock, NodeRanges};

pub(super) fn nodes(range: std::ops::Range<u32>) -> NodeRanges {
    std::iter::once(range).collect()
}

/// A fault that holds from `at` for `span` `[ms]`.
pub(super) fn fault(at: u64, span: u64, kind: FaultKind) -> Fault {
    Fault {
        at: SimDuration(at * MS),
        span: Some(SimDuration(span * MS)),
        every: None,
        required: false,
        kind,
    }
}

pub(super) fn link_change(from: u32, to: u32, settings: LinkSettings) -> FaultKind {
    FaultKind::Link(LinkChange {
        from: nodes(from..from + 1),
        to: nodes(to..to + 1),
        both: false,
        settings,
    })
}

fn ms(span: u64) -> Distribution {
    Distribution::Constant((span * MS) as f64)
}

pub(super) fn broken(
    groups: &[Group],
    rules: &[LinkRule],
    faults: &[Fault],
    duration: u64,
    behavior: impl FnMut(u32, Call<'_>, SimTime) -> Vec<Act>,
) -> Tried {
    let mut run = Run::new(
        Roster::new(groups),
        rules,
        Some(SimDuration(duration * MS)),
        Streams::new(1, "default", 1),
        Closure(behavior),
        Rows::default(),
    )
    .with_faults(faults);
    let outcome = run.go(&AtomicBool::new(false));
    assert!(outcome.conservation.holds(), "{}", outcome.conservation);
    Tried {
        outcome,
        rows: run.world.sink.0,
    }
}

/// Node 0 sends to node 1 at each tick of 100 ms, which handles it at once.
fn ticking(rules: &[LinkRule], faults: &[Fault]) -> Tried {
    let groups = [
        group("a", 1, clocked(10.0)),
        group("b", 1, Timing::EventDriven),
    ];
    broken(&groups, rules, faults, 1000, |_, call, _| match call {
        Call::Tick => vec![Act::Send(0, b"m")],
        _ => vec![],
    })
}

pub(super) fn times(tried: &Tried, event: EventId, node: u32) -> Vec<u64> {
    let of = tried.of(event).into_iter();
    of.filter(|row| row.1 == node).map(|row| row.0).collect()
}

pub(super) fn touched(tried: &Tried) -> Vec<u64> {
    tried.outcome.faults.iter().map(|it| it.touched).collect()
}

/// (from, until) `[ms]` and what was touched, of each window of a fault.
fn windows(effect: &FaultEffect) -> Vec<(u64, u64, u64)> {
    let window = |it: &crate::faults::Window| (it.from.0 / MS, it.until.0 / MS, it.touched);
    effect.windows.iter().map(window).collect()
}

#[test]
fn a_partition_cuts_what_is_sent_while_it_holds() {
    let partition = FaultKind::Partition {
        sides: vec![nodes(0..1), nodes(1..2)],
        cut: false,
    };
    let tried = ticking(&[], &[fault(300, 300, partition)]);
    assert_eq!(times(&tried, EventId::DROP, 1), [300, 400, 500]);
    let heard = [100, 200, 600, 700, 800, 900, 1000];
    assert_eq!(times(&tried, EventId::RECEIVE, 1), heard);
    let effect = &tried.outcome.faults[0];
    assert_eq!((effect.kind, effect.what), ("partition", "messages cut"));
    assert_eq!(windows(effect), [(300, 600, 3)]);
}

#[test]
fn what_is_under_way_arrives_all_the_same() {
    let rules = all_linked(2, ms(150), 0.0, Order::Fifo);
    let partition = FaultKind::Partition {
        sides: vec![nodes(0..1)],
        cut: false,
    };
    let tried = ticking(&rules, &[fault(250, 300, partition)]);
    let heard = [250, 350, 750, 850, 950];
    assert_eq!(times(&tried, EventId::RECEIVE, 1), heard);
}

#[test]
fn a_partition_with_cut_drops_what_is_under_way_when_it_begins() {
    let rules = all_linked(2, ms(150), 0.0, Order::Fifo);
    let sides = vec![nodes(0..1)];
    let partition = FaultKind::Partition { sides, cut: true };
    let tried = ticking(&rules, &[fault(250, 300, partition)]);
    // Of 100 and 200 both are under way at 250: the first would arrive at that instant.
    assert_eq!(times(&tried, EventId::RECEIVE, 1), [750, 850, 950]);
    let dropped = times(&tried, EventId::DROP, 1);
    assert_eq!(dropped, [250, 250, 300, 400, 500]);
    let numbers: Vec<u64> = tried.of(EventId::DROP).iter().map(|row| row.2).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5], "in the order of their arrival");
    assert_eq!(touched(&tried), [5]);
}

#[test]
fn a_partition_with_cut_leaves_what_is_under_way_on_one_side() {
    let rules = all_linked(2, ms(150), 0.0, Order::Fifo);
    let sides = vec![nodes(0..2), nodes(2..2)];
    let partition = FaultKind::Partition { sides, cut: true };
    let tried = ticking(&rules, &[fault(250, 300, partition)]);
    assert!(times(&tried, EventId::DROP, 1).is_empty());
    assert_eq!(touched(&tried), [0]);
}

#[test]
fn a_fault_comes_again_and_again_until_the_run_ends() {
    let partition = FaultKind::Partition {
        sides: vec![nodes(0..1)],
        cut: false,
    };
    let faults = [Fault {
        every: Some(SimDuration(400 * MS)),
        ..fault(100, 200, partition)
    }];
    let tried = ticking(&[], &faults);
    let effect = &tried.outcome.faults[0];
    let expected = [(100, 300, 2), (500, 700, 2), (900, 1000, 2)];
    assert_eq!(windows(effect), expected);
    assert_eq!(effect.touched, 6);
    assert_eq!(times(&tried, EventId::RECEIVE, 1), [300, 400, 700, 800]);
}

#[test]
fn a_fault_of_the_runs_beginning_is_there_before_the_first_node_starts() {
    let groups = [group("a", 2, Timing::EventDriven)];
    let behavior = |_: u32, call: Call<'_>, _: SimTime| match call {
        Call::Start => vec![Act::Send(0, b"m")],
        _ => vec![],
    };
    let partition = FaultKind::Partition {
        sides: vec![nodes(0..1)],
        cut: false,
    };
    let tried = broken(&groups, &[], &[fault(0, 10, partition)], 100, behavior);
    assert_eq!(touched(&tried), [2]);
    let crash = FaultKind::Crash(nodes(1..2));
    let tried = broken(&groups, &[], &[fault(0, 10, crash)], 100, behavior);
    assert_eq!(tried.of(EventId::CRASH), [(0, 1, 0)]);
    assert_eq!(tried.of(EventId::START), [(0, 0, 0)]);
    assert_eq!(tried.of(EventId::RESTART), [(10, 1, 0)]);
    assert_eq!(tried.of(EventId::RECEIVE), [(10, 0, 1)]);
}

#[test]
fn a_link_that_changes_goes_back_and_keeps_its_order() {
    let rules = all_linked(2, ms(10), 0.0, Order::Fifo);
    let latency = LinkSettings {
        latency: Some(ms(450)),
        ..LinkSettings::default()
    };
    let slow = link_change(0, 1, latency);
    let tried = ticking(&rules, &[fault(200, 150, slow)]);
    // Sent at 200 and 300 they take 450 ms; those after them do not overtake.
    let heard = [110, 650, 750, 750, 750, 750, 750, 810, 910];
    assert_eq!(times(&tried, EventId::RECEIVE, 1), heard);
    assert_eq!(touched(&tried), [2]);
}

#[test]
fn a_links_own_draws_go_on_where_they_were() {
    let random = Distribution::Exponential {
        mean: 20.0 * MS as f64,
    };
    let rules = all_linked(2, random, 0.3, Order::Any);
    let fate = |tried: &Tried| {
        let mut fate = tried.of(EventId::RECEIVE);
        fate.extend(tried.of(EventId::DROP));
        fate.sort_by_key(|row| row.2);
        fate
    };
    let plain = fate(&ticking(&rules, &[]));
    // A fault of the other direction changes nothing; one of this direction draws
    // for three messages of ten.
    let loss = |from, to| {
        let all = LinkSettings {
            loss: Some(Loss::Independent(1.0)),
            ..LinkSettings::default()
        };
        link_change(from, to, all)
    };
    let other = ticking(&rules, &[fault(300, 300, loss(1, 0))]);
    assert_eq!(fate(&other), plain);
    assert_eq!(touched(&other), [0]);
    let tried = ticking(&rules, &[fault(300, 300, loss(0, 1))]);
    assert_eq!(touched(&tried), [3]);
    let changed = fate(&tried);
    assert_eq!(changed[..2], plain[..2]);
    assert_eq!(changed[2..5], [(300, 1, 3), (400, 1, 4), (500, 1, 5)]);
    let spans = |rows: &[(u64, u32, u64)]| -> Vec<u64> {
        rows.iter().map(|row| row.0 - 100 * row.2).collect()
    };
    let after = spans(&changed[5..]);
    assert_eq!(
        after,
        spans(&plain[2..])[..after.len()],
        "the sixth takes the third's"
    );
}

#[test]
fn a_node_that_crashes_loses_its_inbox_and_its_timers_and_begins_anew() {
    let groups = [group("a", 1, clocked(10.0)), group("b", 1, clocked(4.0))];
    let faults = [fault(510, 300, FaultKind::Crash(nodes(1..2)))];
    let tried = broken(&groups, &[], &faults, 1400, |node, call, _| {
        match (node, call) {
            (0, Call::Tick) => vec![Act::Send(0, b"m")],
            (1, Call::Start) => vec![Act::SetTimer(7, 600 * MS)],
            _ => vec![],
        }
    });
    assert_eq!(tried.of(EventId::CRASH), [(510, 1, 0)]);
    assert_eq!(tried.of(EventId::RESTART), [(810, 1, 0)]);
    // Three waited when it crashed, three came while it was down.
    let dropped = times(&tried, EventId::DROP, 1);
    assert_eq!(dropped, [510, 510, 510, 600, 700, 800]);
    // Ticks at 250 and 500 took one each; then they count from 810.
    let handled = times(&tried, EventId::RECEIVE, 1);
    assert_eq!(handled, [250, 500, 1060, 1310]);
    assert_eq!(
        times(&tried, EventId::TIMER, 1),
        [1410; 0],
        "600 ms from 810"
    );
    let steps: Vec<u64> = tried
        .rows
        .iter()
        .filter(|row| row.node == 1 && row.event == EventId::RECEIVE)
        .map(|row| row.step)
        .collect();
    assert_eq!(steps, [1, 2, 3, 4], "the numbers of its steps go on");
    assert_eq!(windows(&tried.outcome.faults[0]), [(510, 810, 1)]);
}

#[test]
fn a_node_that_does_not_come_back_stays_down() {
    let mut crash = fault(250, 0, FaultKind::Crash(nodes(1..2)));
    crash.span = None;
    let tried = ticking(&[], &[crash]);
    assert_eq!(times(&tried, EventId::RECEIVE, 1), [100, 200]);
    assert_eq!(times(&tried, EventId::DROP, 1).len(), 8);
    assert_eq!(times(&tried, EventId::STOP, 1), [0; 0]);
    assert_eq!(windows(&tried.outcome.faults[0]), [(250, 1000, 1)]);
}

#[test]
fn a_crash_of_a_node_that_is_down_touches_nothing() {
    let mut late = group("late", 1, Timing::EventDriven);
    late.start_at = SimDuration(500 * MS);
    let groups = [group("a", 1, clocked(1.0)), late];
    let faults = [fault(100, 100, FaultKind::Crash(nodes(1..2)))];
    let tried = broken(&groups, &[], &faults, 1000, |_, _, _| vec![]);
    assert_eq!(touched(&tried), [0]);
    assert_eq!(tried.of(EventId::RESTART), []);
    assert_eq!(times(&tried, EventId::START, 1), [500]);
}

#[test]
fn a_server_that_crashes_leaves_its_work() {
    let groups = [
        group("a", 1, Timing::EventDriven),
        group("b", 1, server(ms(100))),
    ];
    let faults = [fault(150, 10, FaultKind::Crash(nodes(1..2)))];
    let tried = broken(&groups, &[], &faults, 1000, |node, call, now| {
        match (node, call) {
            (0, Call::Start) => vec![
                Act::Send(0, b"1"),
                Act::Send(0, b"2"),
                Act::Send(0, b"3"),
                Act::SetTimer(0, 170 * MS),
            ],
            (0, Call::Timer { .. }) if now.0 == 170 * MS => vec![Act::Send(0, b"4")],
            _ => vec![],
        }
    });
    assert_eq!(tried.of(EventId::RECEIVE), [(100, 1, 1), (270, 1, 4)]);
    assert_eq!(tried.of(EventId::DROP), [(150, 1, 2), (150, 1, 3)]);
}

#[test]
fn a_paused_node_catches_up_when_it_goes_on() {
    let groups = [
        group("a", 1, clocked(10.0)),
        group("b", 1, Timing::EventDriven),
    ];
    let faults = [fault(250, 300, FaultKind::Pause(nodes(1..2)))];
    let tried = broken(&groups, &[], &faults, 1000, |node, call, _| {
        match (node, call) {
            (0, Call::Tick) => vec![Act::Send(0, b"m")],
            (1, Call::Start) => vec![
                Act::SetTimer(1, 400 * MS),
                Act::SetTimer(2, 300 * MS),
                Act::SetTimer(3, 700 * MS),
            ],
            _ => vec![],
        }
    });
    let handled = [100, 200, 550, 550, 550, 600, 700, 800, 900, 1000];
    assert_eq!(times(&tried, EventId::RECEIVE, 1), handled);
    assert_eq!(times(&tried, EventId::TIMER, 1), [550, 550, 700]);
    // Three messages and two timers.
    assert_eq!(touched(&tried), [5]);
}

#[test]
fn ticks_of_a_paused_node_go_by() {
    let groups = [group("a", 1, clocked(10.0))];
    let faults = [fault(250, 300, FaultKind::Pause(nodes(0..1)))];
    let tried = broken(&groups, &[], &faults, 1000, |_, _, _| vec![]);
    let ticks = [100, 200, 600, 700, 800, 900, 1000];
    assert_eq!(times(&tried, EventId::TICK, 0), ticks);
    assert_eq!(touched(&tried), [3]);
}

#[test]
fn a_paused_server_goes_on_with_what_is_left() {
    let groups = [
        group("a", 1, Timing::EventDriven),
        group("b", 1, server(ms(100))),
    ];
    let faults = [fault(130, 300, FaultKind::Pause(nodes(1..2)))];
    let tried = broken(&groups, &[], &faults, 1000, |node, call, _| {
        match (node, call) {
            (0, Call::Start) => vec![Act::Send(0, b"1"), Act::Send(0, b"2"), Act::Send(0, b"3")],
            _ => vec![],
        }
    });
    assert_eq!(times(&tried, EventId::RECEIVE, 1), [100, 500, 600]);
}

#[test]
fn a_node_that_crashes_is_paused_no_more() {
    let faults = [
        fault(150, 600, FaultKind::Pause(nodes(1..2))),
        fault(250, 100, FaultKind::Crash(nodes(1..2))),
    ];
    let tried = ticking(&[], &faults);
    let handled = [100, 400, 500, 600, 700, 800, 900, 1000];
    assert_eq!(times(&tried, EventId::RECEIVE, 1), handled);
}

#[test]
fn a_fault_of_ticks_changes_their_rate_for_a_while() {
    let groups = [group("a", 2, clocked(10.0))];
    let faults = [fault(
        250,
        250,
        FaultKind::TickRate {
            nodes: nodes(1..2),
            to: Distribution::Constant(5.0),
        },
    )];
    let tried = broken(&groups, &[], &faults, 1000, |_, _, _| vec![]);
    // Half an interval is left at 250: half of 200 ms. At 500 it is a quarter.
    let ticks = [100, 200, 350, 525, 625, 725, 825, 925];
    assert_eq!(times(&tried, EventId::TICK, 1), ticks);
    assert_eq!(times(&tried, EventId::TICK, 0).len(), 10);
    assert_eq!(touched(&tried), [1]);
}

#[test]
fn timers_are_spans_of_the_nodes_own_clock() {
    let mut fast = group("fast", 1, Timing::EventDriven);
    fast.clock = Some(LocalClock {
        offset: ms(5_000),
        drift: Distribution::Constant(1e6),
    });
    let faults = [fault(
        300,
        400,
        FaultKind::Drift {
            nodes: nodes(0..1),
            ppm: Distribution::Constant(-500_000.0),
        },
    )];
    let groups = [fast];
    let timers = |_: u32, call: Call<'_>, _: SimTime| match call {
        Call::Start => vec![
            Act::SetTimer(1, 400 * MS),
            Act::SetTimer(2, 700 * MS),
            Act::SetTimer(3, 1_000 * MS),
        ],
        _ => vec![],
    };
    let plain = broken(&groups, &[], &[], 2000, timers);
    assert_eq!(times(&plain, EventId::TIMER, 0), [200, 350, 500]);
    // From 300 to 700 the clock advances by 200 instead of 800.
    let tried = broken(&groups, &[], &faults, 2000, timers);
    assert_eq!(times(&tried, EventId::TIMER, 0), [200, 500, 800]);
    assert_eq!(touched(&tried), [1]);
}

/// As [`Closure`], and handles connections.
struct Listener<F>(Closure<F>);

impl<F: FnMut(u32, Call<'_>, SimTime) -> Vec<Act>> Behaviors for Listener<F> {
    fn create<S: Sink>(
        &mut self,
        node: u32,
        random: Random,
        world: &mut World<S>,
    ) -> Result<(), crate::behaviors::CallError> {
        self.0.create(node, random, world)
    }

    fn call<S: Sink>(
        &mut self,
        node: u32,
        call: Call<'_>,
        world: &mut World<S>,
    ) -> Result<(), crate::behaviors::CallError> {
        self.0.call(node, call, world)
    }

    fn handles_connections(&self, _: u32) -> bool {
        true
    }

    fn columns(&self, _: u32) -> Columns<'_> {
        Columns::default()
    }
}

#[test]
fn peers_are_notified_of_a_crash_and_of_the_restart() {
    let groups = [group("a", 2, Timing::EventDriven)];
    let rules = all_linked(2, ms(20), 0.0, Order::Fifo);
    let faults = [
        fault(100, 200, FaultKind::Crash(nodes(1..2))),
        fault(500, 100, FaultKind::Pause(nodes(0..1))),
        fault(510, 30, FaultKind::Crash(nodes(1..2))),
    ];
    let mut run = Run::new(
        Roster::new(&groups),
        &rules,
        Some(SimDuration(1000 * MS)),
        Streams::new(1, "default", 1),
        Listener(Closure(|_: u32, _: Call<'_>, _: SimTime| vec![])),
        Rows::default(),
    )
    .with_faults(&faults);
    let outcome = run.go(&AtomicBool::new(false));
    let tried = Tried {
        outcome,
        rows: run.world.sink.0,
    };
    let (opens, closes) = (EventId::CONNECT, EventId::DISCONNECT);
    assert_eq!(times(&tried, opens, 0), [0, 300, 600]);
    assert_eq!(
        times(&tried, closes, 0),
        [120, 600],
        "a paused node is notified late"
    );
    assert_eq!(times(&tried, opens, 1), [0, 300, 540]);
    assert_eq!(times(&tried, closes, 1), [0; 0]);
}
