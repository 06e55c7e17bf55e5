//! Small logs counted by hand, and properties of all logs.

use proptest::prelude::*;

use super::*;
use crate::log::{NO_PEER, NodeSchema};

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
    };
    RunSchema {
        nodes: (0..count).map(node).collect(),
        external_peers: vec![],
    }
}

/// Takes the rows (time `[ns]`, node, step, event, peer, message, queue, clock).
type Given = (u64, u32, u64, EventId, u32, u64, u64, u64);

fn measured(count: usize, rows: &[Given], end_ns: u64) -> Vec<NodeMetrics> {
    let mut metrics = RunMetrics::new(&schema(count));
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
        metrics.row(&row, columns);
    }
    metrics.finish(end_ns)
}

fn text(metrics: &NodeMetrics, name: &str) -> String {
    metrics
        .get(name)
        .map_or(String::new(), |value| value.to_string())
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
    let names = metric_names(&[]);
    assert!(names.iter().all(|name| !name.starts_with("clock")));
    let names = metric_names(&schema(1).nodes[0].columns);
    assert_eq!(names[0], "clock_final");
    assert!(!names.contains(&"clock_mean".to_owned()));
}

proptest! {
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
