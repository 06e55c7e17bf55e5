//! Faults that hold when a node starts hold for it.

use super::faults::{broken, fault, nodes, times, touched};
use super::*;
use model::{FaultKind, LocalClock};

fn late(name: &str, start: u64, timing: Timing) -> Group {
    Group {
        start_at: SimDuration(start * MS),
        ..group(name, 1, timing)
    }
}

/// Node 0 sends to node 1 at each tick of 100 ms; node 1 starts at 500 ms.
fn late_receiver(faults: &[model::Fault]) -> Tried {
    let groups = [
        group("a", 1, clocked(10.0)),
        late("b", 500, Timing::EventDriven),
    ];
    broken(&groups, &[], faults, 1000, |node, call, _| {
        match (node, call) {
            (0, Call::Tick) => vec![Act::Send(0, b"m")],
            _ => vec![],
        }
    })
}

#[test]
fn a_node_that_would_start_in_a_crash_starts_when_the_crash_ends() {
    let tried = late_receiver(&[fault(100, 650, FaultKind::Crash(nodes(1..2)))]);
    assert_eq!(times(&tried, EventId::START, 1), [750]);
    assert_eq!(tried.of(EventId::CRASH), []);
    assert_eq!(tried.of(EventId::RESTART), []);
    assert_eq!(times(&tried, EventId::RECEIVE, 1), [800, 900, 1000]);
    assert_eq!(touched(&tried), [1]);
}

#[test]
fn a_clocked_node_that_starts_after_a_crash_ticks_from_there() {
    let groups = [late("a", 500, clocked(5.0))];
    let faults = [fault(100, 650, FaultKind::Crash(nodes(0..1)))];
    let tried = broken(&groups, &[], &faults, 1400, |_, _, _| vec![]);
    assert_eq!(times(&tried, EventId::TICK, 0), [950, 1150, 1350]);
}

#[test]
fn a_crash_without_an_end_keeps_a_node_from_starting() {
    let mut crash = fault(100, 0, FaultKind::Crash(nodes(1..2)));
    crash.span = None;
    let tried = late_receiver(&[crash]);
    assert!(
        tried
            .rows
            .iter()
            .all(|row| row.node == 0 || row.event == EventId::DROP)
    );
    assert_eq!(touched(&tried), [1]);
}

#[test]
fn each_window_of_a_fault_counts_the_nodes_that_start_within_it() {
    let groups = [
        late("a", 150, Timing::EventDriven),
        late("b", 450, Timing::EventDriven),
        late("c", 300, Timing::EventDriven),
    ];
    let mut crash = fault(100, 100, FaultKind::Crash(nodes(0..3)));
    crash.every = Some(SimDuration(300 * MS));
    let tried = broken(&groups, &[], &[crash], 600, |_, _, _| vec![]);
    let starts: Vec<_> = (0..3)
        .map(|node| times(&tried, EventId::START, node))
        .collect();
    assert_eq!(starts, [[200], [500], [300]]);
    let windows = &tried.outcome.faults[0].windows;
    let counts: Vec<u64> = windows.iter().map(|it| it.touched).collect();
    assert_eq!(
        counts,
        [1, 3],
        "in the second, two are up and one would start"
    );
}

#[test]
fn a_node_that_would_start_in_a_pause_starts_when_the_pause_ends() {
    let tried = late_receiver(&[fault(100, 650, FaultKind::Pause(nodes(1..2)))]);
    assert_eq!(times(&tried, EventId::START, 1), [750]);
    // It is there from 500 on, so two messages wait. At 500, ticks are after the start.
    let handled = [750, 750, 750, 800, 900, 1000];
    assert_eq!(times(&tried, EventId::RECEIVE, 1), handled);
    assert_eq!(touched(&tried), [4], "its start and three messages");
    let first = tried
        .rows
        .iter()
        .find(|row| row.node == 1 && row.event != EventId::DROP);
    assert_eq!(first.map(|row| row.event), Some(EventId::START));
}

#[test]
fn a_pause_of_the_runs_beginning_holds_up_the_start() {
    let groups = [group("a", 2, Timing::EventDriven)];
    let pause = fault(0, 300, FaultKind::Pause(nodes(1..2)));
    let send = |_: u32, call: Call<'_>, _: SimTime| match call {
        Call::Start => vec![Act::Send(0, b"m")],
        _ => vec![],
    };
    let tried = broken(&groups, &[], &[pause], 1000, send);
    assert_eq!(tried.of(EventId::START), [(0, 0, 0), (300, 1, 0)]);
    assert_eq!(tried.of(EventId::RECEIVE), [(300, 1, 1), (300, 0, 1)]);
    let ended = fault(0, 2000, FaultKind::Pause(nodes(1..2)));
    let tried = broken(&groups, &[], &[ended], 1000, send);
    assert!(
        tried.rows.iter().all(|row| row.node == 0),
        "it has not begun"
    );
    assert_eq!(touched(&tried), [2]);
}

#[test]
fn crash_and_pause_that_overlap_hold_one_after_the_other() {
    let crash = |at, span| fault(at, span, FaultKind::Crash(nodes(1..2)));
    let pause = |at, span| fault(at, span, FaultKind::Pause(nodes(1..2)));
    for (faults, start) in [
        ([crash(100, 500), pause(100, 700)], 800),
        ([pause(100, 500), crash(100, 700)], 800),
        // The crash ends the pause.
        ([pause(100, 800), crash(550, 50)], 600),
        // The pause begins while the node is down.
        ([crash(100, 600), pause(550, 350)], 900),
    ] {
        let tried = late_receiver(&faults);
        assert_eq!(times(&tried, EventId::START, 1), [start], "{faults:?}");
        assert_eq!(tried.of(EventId::RESTART), []);
        assert!(touched(&tried).iter().any(|&it| it > 0));
    }
}

#[test]
fn a_pause_that_begins_while_a_node_is_down_holds_when_it_restarts() {
    let groups = [group("a", 1, Timing::EventDriven)];
    let faults = [
        fault(100, 300, FaultKind::Crash(nodes(0..1))),
        fault(200, 400, FaultKind::Pause(nodes(0..1))),
    ];
    let tried = broken(&groups, &[], &faults, 1000, |_, _, _| vec![]);
    assert_eq!(times(&tried, EventId::RESTART, 0), [600]);
    assert_eq!(touched(&tried), [1, 1]);
}

#[test]
fn a_node_that_starts_ticks_at_the_rate_of_the_fault_that_holds() {
    let groups = [late("a", 500, clocked(2.0))];
    let rate = |at, span| {
        let kind = FaultKind::TickRate {
            nodes: nodes(0..1),
            to: Distribution::Constant(10.0),
        };
        fault(at, span, kind)
    };
    let tried = broken(&groups, &[], &[rate(100, 600)], 1400, |_, _, _| vec![]);
    // At 700, a whole interval is left, which is five times as long.
    assert_eq!(times(&tried, EventId::TICK, 0), [600, 700, 1200]);
    let over = broken(&groups, &[], &[rate(100, 300)], 1400, |_, _, _| vec![]);
    assert_eq!(times(&over, EventId::TICK, 0), [1000]);
    assert_eq!(touched(&over), [0]);
}

#[test]
fn a_node_that_starts_while_its_clock_drifts_is_counted() {
    let mut node = late("a", 500, Timing::EventDriven);
    node.clock = Some(LocalClock {
        offset: Distribution::Constant(0.0),
        drift: Distribution::Constant(0.0),
    });
    let drift = |at, span| {
        let kind = FaultKind::Drift {
            nodes: nodes(0..1),
            ppm: Distribution::Constant(1e6),
        };
        fault(at, span, kind)
    };
    let timer = |_: u32, call: Call<'_>, _: SimTime| match call {
        Call::Start => vec![Act::SetTimer(1, 200 * MS)],
        _ => vec![],
    };
    let groups = [node];
    let tried = broken(&groups, &[], &[drift(100, 600)], 1000, timer);
    assert_eq!(touched(&tried), [1]);
    assert_eq!(times(&tried, EventId::TIMER, 0), [600], "twice as fast");
    let over = broken(&groups, &[], &[drift(100, 300)], 1000, timer);
    assert_eq!(touched(&over), [0]);
    let crash = fault(550, 50, FaultKind::Crash(nodes(0..1)));
    let again = broken(&groups, &[], &[drift(100, 600), crash], 1000, timer);
    assert_eq!(
        touched(&again),
        [1, 1],
        "a node that restarts is counted once"
    );
}

#[test]
fn a_partition_and_a_changed_link_hold_for_a_node_that_starts() {
    let cut = fault(
        100,
        700,
        FaultKind::Partition {
            sides: vec![nodes(0..1)],
            cut: false,
        },
    );
    let tried = late_receiver(&[cut]);
    assert_eq!(times(&tried, EventId::RECEIVE, 1), [800, 900, 1000]);
    let settings = model::LinkSettings {
        latency: Some(Distribution::Constant(50.0 * MS as f64)),
        ..model::LinkSettings::default()
    };
    let slow = fault(100, 600, super::faults::link_change(0, 1, settings));
    let tried = late_receiver(&[slow]);
    assert_eq!(
        times(&tried, EventId::RECEIVE, 1),
        [550, 650, 700, 800, 900, 1000]
    );
}
