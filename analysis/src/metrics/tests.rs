//! Small logs counted by hand, and properties of all logs.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::log::{ColumnKind, ColumnSchema, Driving, NO_PEER, NodeSchema};

const SECOND: u64 = 1_000_000_000;

fn schema(count: usize) -> RunSchema {
    let clock = ColumnSchema {
        name: CLOCK_COLUMN.to_owned(),
        kind: ColumnKind::U64,
        docs: String::new(),
    };
    let columns: Arc<[ColumnSchema]> = vec![clock].into();
    let node = |index| NodeSchema {
        name: format!("m-{index}"),
        columns: Arc::clone(&columns),
        events: vec!["internal".to_owned()].into(),
        program: false,
        driving: Default::default(),
    };
    RunSchema {
        nodes: (0..count).map(node).collect(),
        external_peers: vec![],
    }
}

/// Takes the rows (time `[ns]`, node, step, event, peer, message, queue, clock).
type Given = (u64, u32, u64, EventId, u32, u64, u64, u64);

fn measured(count: usize, rows: &[Given], end_ns: u64) -> Vec<NodeMetrics> {
    within(count, rows, end_ns, &Window::default(), &[]).nodes
}

/// Measures a part of a run in which messages waited as in `held`.
fn within(
    count: usize,
    rows: &[Given],
    end_ns: u64,
    window: &Window,
    held: &[Occupancy],
) -> Finished {
    let schema = schema(count);
    let mut metrics = RunMetrics::new(&schema).within(window, &schema);
    if !held.is_empty() {
        metrics.occupied(held);
    }
    for &(time_ns, node, step, event, peer, message, queue, clock) in rows {
        let row = Row {
            time_ns,
            step,
            node,
            event,
            peer,
            message,
            bytes: 8,
            queue,
        };
        let columns = Columns {
            present: 1,
            cells: &[clock],
            texts: &[],
        };
        metrics.row(&row, &columns);
    }
    metrics.finish_window(end_ns)
}

fn text(metrics: &NodeMetrics, name: &str) -> String {
    metrics
        .get(name)
        .map_or(String::new(), |value| value.to_string())
}

#[test]
fn rows_that_are_expected_and_two_cores_give_the_same_numbers() {
    use EventId as E;
    let nodes = 2 * ahead::FAR as u32;
    let schema = schema(nodes as usize);
    // Each node sends to the next one, which takes the message a little later, or never.
    let mut rows: Vec<Row> = Vec::new();
    for round in 1..=8 {
        for sent in [true, false] {
            for node in 0..nodes {
                let (event, peer) = match sent {
                    true => (E::SEND, (node + 1) % nodes),
                    false => (E::RECEIVE, (node + nodes - 1) % nodes),
                };
                if !sent && (node + round) % 7 == 0 {
                    continue;
                }
                rows.push(Row {
                    time_ns: u64::from(round) * SECOND + u64::from(!sent) * u64::from(node + 9),
                    step: 2 * u64::from(round) - u64::from(sent),
                    node,
                    event,
                    peer,
                    message: round.into(),
                    bytes: 8,
                    queue: u64::from(node % 3),
                });
            }
        }
    }
    let one = RunMetrics::new(&schema);
    let mut all = [one.clone(), one.on_cores(2)];
    for group in rows.chunks(GROUP) {
        all[1].expect(group.iter());
        for row in group {
            let columns = Columns {
                present: 1,
                cells: &[row.step + u64::from(row.node % 5)],
                texts: &[],
            };
            all.iter_mut().for_each(|it| it.row(row, &columns));
        }
    }
    let [plain, expected] = all.map(|it| it.finish(9 * SECOND));
    assert_eq!(text(&plain[0], "received"), "7");
    assert_eq!(plain, expected);
}

#[test]
fn a_small_run_is_as_counted_by_hand() {
    use EventId as E;
    let internal = E::own(0);
    let rows = [
        (0, 0, 0, E::START, NO_PEER, 0, 0, 0),
        (0, 1, 0, E::START, NO_PEER, 0, 0, 0),
        (SECOND / 2, 0, 1, internal, NO_PEER, 0, 0, 1),
        // One step with two rows counts once.
        (SECOND, 0, 2, E::SEND, 1, 1, 0, 2),
        (SECOND, 0, 2, E::SEND, 1, 2, 0, 2),
        (SECOND + 50, 1, 1, E::RECEIVE, 0, 1, 1, 3),
        (SECOND + 70, 1, 1, E::DROP, 0, 2, 1, 3),
        (2 * SECOND, 0, 3, internal, NO_PEER, 0, 0, 3),
        (3 * SECOND, 0, 4, internal, NO_PEER, 0, 0, 10),
        (4 * SECOND, 0, 4, E::STOP, NO_PEER, 0, 0, 10),
        (4 * SECOND, 1, 1, E::STOP, NO_PEER, 0, 0, 3),
    ];
    let metrics = measured(2, &rows, 4 * SECOND);
    for (node, name, expected) in [
        (0, "clock_final", "10"),
        (0, "clock_jump_mean", "3"),
        (0, "clock_jump_p50", "1"),
        (0, "clock_jump_max", "7"),
        (0, "clock_gap_total", "6"),
        // On the seconds: 2, 0, 7, 7.
        (0, "clock_drift_max", "7"),
        (0, "clock_drift_final", "7"),
        (0, "queue_mean", ""),
        (0, "queue_final", "0"),
        (0, "sent", "2"),
        (0, "bytes_sent", "16"),
        (0, "steps", "4"),
        (0, "steps_per_s", "1"),
        (1, "clock_jump_mean", ""),
        (1, "clock_gap_total", "0"),
        (1, "queue_mean", "1"),
        // The rows do not have it.
        (1, "queue_time_mean", ""),
        (1, "received", "1"),
        (1, "dropped", "1"),
        (1, "latency_mean", "50"),
        (1, "latency_max", "50"),
        (1, "messages_per_s", "0.25"),
        (1, "steps", "1"),
    ] {
        assert_eq!(
            text(&metrics[node], name),
            expected,
            "{name} of node {node}"
        );
    }
}

#[test]
fn a_restart_begins_the_clock_anew() {
    use EventId as E;
    let rows = [
        (1, 0, 1, E::TICK, NO_PEER, 0, 0, 100),
        (2, 0, 2, E::TICK, NO_PEER, 0, 0, 101),
        (3, 0, 2, E::CRASH, NO_PEER, 0, 0, 101),
        (5, 0, 2, E::RESTART, NO_PEER, 0, 0, 0),
        (6, 0, 3, E::TICK, NO_PEER, 0, 0, 1),
        (7, 0, 4, E::TICK, NO_PEER, 0, 0, 3),
    ];
    let metrics = measured(1, &rows, 8);
    assert_eq!(text(&metrics[0], "clock_jump_mean"), "1.5");
    assert_eq!(text(&metrics[0], "clock_final"), "3");
    assert_eq!(text(&metrics[0], "clock_drift_max"), "", "alone");
}

#[test]
fn a_node_without_a_clock_has_no_clock_metrics() {
    let names = metric_names(&[], &[], Driving::Arrivals);
    assert!(names.iter().all(|name| !name.starts_with("clock")));
    let names = metric_names(&schema(1).nodes[0].columns, &[], Driving::Ticks);
    assert!(names.contains(&"utilization".to_owned()));
    assert_eq!(names[0], "clock_final");
    assert!(!names.contains(&"clock_mean".to_owned()));
}

fn until(ns: u64) -> Window {
    Window {
        warmup: Warmup::Until(ns),
        ..Window::default()
    }
}

fn auto(named: &[&str]) -> Window {
    let name = |name: &&str| ((*name).to_owned(), None);
    Window {
        warmup: Warmup::Auto,
        named: named.iter().map(name).collect(),
        ..Window::default()
    }
}

#[test]
fn what_happens_in_the_warm_up_enters_no_metric() {
    use EventId as E;
    let internal = E::own(0);
    let rows = [
        (SECOND / 2, 0, 1, internal, NO_PEER, 0, 0, 50),
        (SECOND, 0, 2, E::SEND, 1, 1, 0, 90),
        // At the end of the warm-up: still in it.
        (2 * SECOND, 1, 1, E::RECEIVE, 0, 1, 9, 91),
        (2 * SECOND + 1, 0, 3, E::SEND, 1, 2, 0, 92),
        (2 * SECOND + 41, 1, 2, E::RECEIVE, 0, 2, 3, 93),
        (4 * SECOND, 1, 3, E::SEND, 0, 1, 3, 94),
    ];
    // 4 messages wait from 1 to 3 s.
    let held = Occupancy {
        node: 1,
        waited: 8 * u128::from(SECOND),
        curve: vec![(4 * u128::from(SECOND), 0)],
        ..Occupancy::default()
    };
    let found = within(2, &rows, 6 * SECOND, &until(2 * SECOND), &[held]);
    assert_eq!(found.cut, Some(Cut::At(2 * SECOND)));
    for (node, name, expected) in [
        (0, "clock_final", "92"),
        (0, "clock_jump_mean", "2"),
        (0, "clock_jump_max", "2"),
        (0, "clock_gap_total", "1"),
        // From the third second on; on the first it was 40, at the end it is 2.
        (0, "clock_drift_max", "2"),
        (0, "sent", "1"),
        (0, "bytes_sent", "8"),
        (0, "steps", "1"),
        (0, "steps_per_s", "0.25"),
        (1, "received", "1"),
        (1, "queue_max", "3"),
        (1, "latency_max", "40"),
        (1, "messages_per_s", "0.25"),
        (1, "queue_time_mean", "1"),
        (1, "queue_final", "3"),
    ] {
        let found = text(&found.nodes[node], name);
        assert_eq!(found, expected, "{name} of node {node}");
    }
}

#[test]
fn a_run_that_rests_after_its_warm_up_is_not_idle() {
    let rows = [
        (5, 0, 1, EventId::TICK, NO_PEER, 0, 0, 1),
        (900, 0, 1, EventId::STOP, NO_PEER, 0, 0, 1),
    ];
    let schema = schema(1);
    let mut metrics = RunMetrics::new(&schema).within(&until(100), &schema);
    for (time_ns, node, step, event, peer, message, queue, _) in rows {
        assert_eq!(metrics.is_idle(), time_ns == 5);
        let row = Row {
            time_ns,
            step,
            node,
            event,
            peer,
            message,
            bytes: 0,
            queue,
        };
        metrics.row(&row, &Columns::default());
    }
    assert!(!metrics.is_idle());
}

#[test]
fn a_run_that_ends_within_its_warm_up_measures_nothing_and_says_why() {
    let rows = [(5, 0, 1, EventId::TICK, NO_PEER, 0, 0, 1)];
    let found = within(1, &rows, SECOND, &until(2 * SECOND), &[]);
    assert!(found.nodes[0].iter().all(|(_, value)| value.is_none()));
    let Some(Cut::Unknown(why)) = found.cut else {
        panic!("{:?}", found.cut);
    };
    assert!(why.contains("ended at 1 s"), "{why}");
}

/// The steps of a node whose clock is `clock` after each step, a millisecond apart.
fn steps(clocks: impl Iterator<Item = u64>) -> Vec<Given> {
    (1..)
        .zip(clocks)
        .map(|(step, clock)| {
            (
                step * 1_000_000,
                0,
                step,
                EventId::TICK,
                NO_PEER,
                0,
                0,
                clock,
            )
        })
        .collect()
}

#[test]
fn auto_cuts_the_transient_of_the_metric_that_is_asked_for() {
    // Jumps of 100 at first, then of 1 and 2.
    let mut clock = 0;
    let clocks = (0..10_000u64).map(|step| {
        clock += if step < 1500 {
            100
        } else {
            1 + step * 7919 % 13 % 2
        };
        clock
    });
    let rows = steps(clocks);
    let found = within(1, &rows, 10 * SECOND, &auto(&["clock_jump_p99"]), &[]);
    let cut = found.cut.unwrap().ns().unwrap();
    assert!((1_500_000_000..1_700_000_000).contains(&cut), "{cut}");
    assert_eq!(text(&found.nodes[0], "clock_jump_max"), "2");
}

#[test]
fn auto_without_a_steady_state_or_with_too_few_rows_is_unknown() {
    for (window, count, reason) in [
        (auto(&["clock_mean", "steps_per_s"]), 100, "did 100 steps"),
        (auto(&[]), 100, "no node did 200 steps"),
    ] {
        let rows = steps(0..count);
        let found = within(1, &rows, count * 1_000_000, &window, &[]);
        match found.cut {
            Some(Cut::Unknown(why)) => assert!(why.contains(reason), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    // Jumps that grow for ever.
    let rows = steps((0..5000).map(|step| step * step));
    let found = within(1, &rows, 5 * SECOND, &auto(&["clock_jump_mean"]), &[]);
    match found.cut {
        Some(Cut::Unknown(why)) => assert!(why.contains("`clock_jump_mean` of `m-0`"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(text(&found.nodes[0], "clock_jump_mean"), "");
}

#[test]
fn a_steady_state_has_the_means_of_twenty_batches() {
    let mut clock = 0;
    let rows = steps((0..4000u64).map(|step| {
        clock += 1 + step / 400;
        clock
    }));
    let window = Window {
        steady: true,
        end_ns: Some(4 * SECOND),
        named: vec![("clock_jump_max".to_owned(), None)],
        ..Window::default()
    };
    let found = within(1, &rows, 4 * SECOND, &window, &[]);
    let samples = found.nodes[0].samples();
    let mut families = samples.families();
    let (family, means) = families
        .find(|(family, _)| family.starts_with(BATCHED))
        .unwrap();
    assert_eq!(family, "batches:clock_jump_mean");
    let means: Vec<f64> = means.split(' ').map(|it| it.parse().unwrap()).collect();
    assert_eq!(means.len(), BATCHES);
    assert_eq!((means[0], means[19]), (1.0, 10.0));
}

proptest! {
    /// However a run is cut into slices, and however often they became wider: together
    /// they are the whole.
    #[test]
    fn the_slices_of_a_run_together_are_the_whole(
        messages in prop::collection::vec((0u64..90_000, 0u64..2_000, 0u32..3, 0u32..3), 0..400),
        end in prop::option::of(1u64..200_000),
    ) {
        use EventId as E;
        let mut rows: Vec<Given> = Vec::new();
        for (index, &(sent, span, from, to)) in messages.iter().enumerate() {
            let message = index as u64 + 1;
            rows.push((sent, from, 0, E::SEND, to, message, index as u64 % 7, message));
            rows.push((sent + span, to, 0, E::RECEIVE, from, message, span % 5, message));
        }
        rows.sort_by_key(|row| row.0);
        let mut steps = [0; 3];
        for row in &mut rows {
            steps[row.1 as usize] += 1;
            row.2 = steps[row.1 as usize];
        }
        let window = Window { steady: true, end_ns: end, ..Window::default() };
        let whole = measured(3, &rows, 100_000);
        let slices = within(3, &rows, 100_000, &window, &[]);
        prop_assert_eq!(slices.cut, Some(Cut::At(0)));
        for (one, other) in whole.iter().zip(&slices.nodes) {
            for ((name, value), (_, sliced)) in one.iter().zip(other.iter()) {
                prop_assert_eq!(value, sliced, "{}", name);
            }
        }
    }

    /// Messages that are sent, and each received, lost or still on its way.
    #[test]
    fn messages_are_conserved_and_rows_of_an_instant_come_in_any_order(
        messages in prop::collection::vec((0u64..50, 0u64..20, 0u32..3, 0u32..3, 0u8..3), 0..60),
        order in any::<u64>(),
    ) {
        use EventId as E;
        let mut rows: Vec<Given> = Vec::new();
        let (mut latencies, mut ended) = (0, 0);
        for (index, &(sent, span, from, to, fate)) in messages.iter().enumerate() {
            let message = index as u64 + 1;
            rows.push((sent, from, 0, E::SEND, to, message, 0, 0));
            let ending = [E::RECEIVE, E::DROP, E::STOP][usize::from(fate)];
            if ending != E::STOP {
                rows.push((sent + span, to, 0, ending, from, message, 0, 0));
                ended += 1;
            }
            if ending == E::RECEIVE {
                latencies += span;
            }
        }
        // Any order within an instant.
        rows.sort_by_key(|row| (row.0, (row.5 * 7 + u64::from(row.3.0)).wrapping_mul(order)));
        let metrics = measured(3, &rows, 100);
        let sum = |name: &str| metrics.iter().map(|node| node.get(name).map_or(0.0, Value::as_f64)).sum::<f64>();
        prop_assert_eq!(sum("sent"), messages.len() as f64);
        prop_assert_eq!(sum("received") + sum("dropped"), f64::from(ended));
        prop_assert!(sum("received") + sum("dropped") <= sum("sent"));
        let found: f64 = metrics.iter().map(|node| {
            let mean = node.get("latency_mean").map_or(0.0, Value::as_f64);
            mean * node.get("received").map_or(0.0, Value::as_f64)
        }).sum();
        prop_assert!((found - latencies as f64).abs() < 1e-6, "{} {}", found, latencies);
    }
}

#[test]
fn a_node_takes_few_bytes_beside_its_samples() {
    // A node with a clock: all of it is in one place.
    assert!(size_of::<NodeState>() <= 432);
    assert!(size_of::<Column>() <= 64);
}
