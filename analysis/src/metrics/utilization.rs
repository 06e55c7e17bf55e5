//! How busy a node is.

use super::definition::Definition;
use super::traffic::Traffic;
use super::value::Value;
use crate::log::Driving;

/// The metrics of this family.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "utilization",
        unit: "",
        text: "Of a server, the share of the time in which it served a message; a pause in a service counts. Of a clocked node, the share of its ticks that took a message. Near 1, the queue grows without bound.",
    },
    Definition {
        name: "unhandled",
        unit: "messages",
        text: "Messages that had reached the node and were not handled at the end of the run, with the one in service. They have no latency, so the latencies are of the others alone; the longest may be missing.",
    },
];

/// The values, in the order of [`DEFINITIONS`]. `served_ns` and `unhandled` are `None` if
/// they are not known.
pub(super) fn finish(
    driving: Driving,
    traffic: &Traffic,
    served_ns: Option<u64>,
    unhandled: Option<u64>,
    span_ns: u64,
    values: &mut Vec<Option<Value>>,
) {
    let share = |part: u64, of: u64| (of > 0).then(|| Value::Real(part as f64 / of as f64));
    values.push(match driving {
        Driving::Ticks => share(traffic.received, traffic.ticks()),
        _ => served_ns.and_then(|served_ns| share(served_ns, span_ns)),
    });
    values.push(unhandled.map(Value::Unsigned));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clocked_node_is_busy_at_the_ticks_that_take_a_message() {
        let traffic = Traffic {
            received: 3,
            steps: 14,
            timers: 2,
            ..Traffic::default()
        };
        let mut values = Vec::new();
        finish(Driving::Ticks, &traffic, Some(9), None, 100, &mut values);
        assert_eq!(values, [Some(Value::Real(0.25)), None]);
    }

    #[test]
    fn a_server_is_busy_while_it_serves() {
        let mut values = Vec::new();
        let traffic = Traffic::default();
        finish(
            Driving::Services,
            &traffic,
            Some(25),
            Some(2),
            100,
            &mut values,
        );
        finish(Driving::Services, &traffic, None, None, 100, &mut values);
        let known = [Some(Value::Real(0.25)), Some(Value::Unsigned(2))];
        assert_eq!(values, [&known[..], &[None, None]].concat());
    }
}
