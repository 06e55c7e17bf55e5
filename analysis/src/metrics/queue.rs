//! The number of messages that wait in a node's inbox.

use super::definition::Definition;
use super::histogram::Histogram;
use super::samples::Finishing;
use super::value::Value;

/// The metrics of this family.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "queue_mean",
        unit: "messages",
        text: "Mean of `queue` over the `receive` rows, as seen by departures: the messages in the inbox once one was taken. Not a mean over time, which is `queue_time_mean`.",
    },
    Definition {
        name: "queue_p50",
        unit: "messages",
        text: "Median of `queue` over the `receive` rows (nearest rank; exact up to 16,384 distinct values, beyond as the middle of a bucket).",
    },
    Definition {
        name: "queue_p90",
        unit: "messages",
        text: "90th percentile of `queue` over the `receive` rows (nearest rank).",
    },
    Definition {
        name: "queue_p95",
        unit: "messages",
        text: "95th percentile of `queue` over the `receive` rows (nearest rank).",
    },
    Definition {
        name: "queue_p99",
        unit: "messages",
        text: "99th percentile of `queue` over the `receive` rows (nearest rank).",
    },
    Definition {
        name: "queue_p999",
        unit: "messages",
        text: "99.9th percentile of `queue` over the `receive` rows (nearest rank).",
    },
    Definition {
        name: "queue_max",
        unit: "messages",
        text: "Greatest `queue` of any `receive` row.",
    },
    Definition {
        name: "queue_time_mean",
        unit: "messages",
        text: "Mean over time, from the beginning (or the end of `warmup`) to the end of the run, of the number of messages that wait: from the arrival of each message until the node takes it, or until the service of the message begins. Computed from every arrival and departure, which logs alone do not have (`waited` in `samples.csv`).",
    },
    Definition {
        name: "queue_final",
        unit: "messages",
        text: "`queue` at the node's last step.",
    },
];

/// The inbox of one node.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    /// Lengths at the `receive` rows.
    pub(super) lengths: Histogram,
    /// The length at the last step.
    last: Option<u64>,
}

impl Queue {
    /// Adds a `receive` row.
    pub(super) fn receive(&mut self, queue: u64) {
        self.lengths.record(queue);
    }

    /// Adds a step.
    pub(super) fn step(&mut self, queue: u64) {
        self.last = Some(queue);
    }

    /// The values, in the order of [`DEFINITIONS`].
    /// `span_ns` is the measured part of the run; `waited_ns` for how long messages waited in
    /// it, summed over them [messages x ns], if that is known.
    pub(super) fn finish(
        &self,
        span_ns: u64,
        waited_ns: Option<u128>,
        samples: &mut Finishing,
        values: &mut Vec<Option<Value>>,
    ) {
        let lengths = samples.queue(&self.lengths);
        let waited_ns = waited_ns.filter(|_| span_ns > 0);
        let time_mean = waited_ns.map(|waited_ns| Value::Real(waited_ns as f64 / span_ns as f64));
        values.push(lengths.mean().map(Value::Real));
        values.extend(lengths.percentiles());
        values.extend([
            lengths.max().map(Value::Unsigned),
            time_mean,
            self.last.map(Value::Unsigned),
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_mean_is_the_time_that_messages_waited_over_the_time_of_the_run() {
        let mut queue = Queue::default();
        queue.step(4);
        queue.step(2);
        // 4 messages for 20 ns and 2 for 10, in a run of 80 ns.
        let mut values = Vec::new();
        queue.finish(80, Some(100), &mut Finishing::default(), &mut values);
        assert_eq!(values[7], Some(Value::Real(1.25)));
        assert_eq!(values[8], Some(Value::Unsigned(2)));
        assert_eq!(values[..7], [None; 7], "nothing was received");
    }

    #[test]
    fn nothing_measured_is_missing_and_not_zero() {
        let mut values = Vec::new();
        Queue::default().finish(1, None, &mut Finishing::default(), &mut values);
        assert_eq!(values, [None; 9]);
        // It is known that nothing waited.
        let queue = Queue::default();
        values.clear();
        queue.finish(1, Some(0), &mut Finishing::default(), &mut values);
        assert_eq!(values[7], Some(Value::Real(0.0)));
    }
}
