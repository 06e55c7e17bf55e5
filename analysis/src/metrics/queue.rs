//! The number of messages that wait in a node's inbox.

use super::definition::Definition;
use super::histogram::Histogram;
use super::value::Value;

/// The metrics of this family.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "queue_mean",
        unit: "messages",
        text: "Mean of `queue` over the `receive` rows: the messages still waiting once one was taken.",
    },
    Definition {
        name: "queue_p50",
        unit: "messages",
        text: "Median of `queue` over the `receive` rows (nearest rank).",
    },
    Definition {
        name: "queue_p99",
        unit: "messages",
        text: "99th percentile of `queue` over the `receive` rows (nearest rank).",
    },
    Definition {
        name: "queue_max",
        unit: "messages",
        text: "Greatest `queue` of any `receive` row.",
    },
    Definition {
        name: "queue_time_mean",
        unit: "messages",
        text: "Mean of `queue` weighted by time: a step's value holds until the node's next step, the last one's until the end of the run.",
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
    lengths: Histogram,
    /// Times of the first and of the last step `[ns]`, and the length since the last.
    first_ns: u64,
    last_ns: u64,
    last: Option<u64>,
    /// Sum of length times span, from `first_ns` to `last_ns` [messages x ns].
    area: u128,
}

impl Queue {
    /// Adds a `receive` row.
    pub(super) fn receive(&mut self, queue: u64) {
        self.lengths.record(queue);
    }

    /// Adds a step.
    pub(super) fn step(&mut self, time_ns: u64, queue: u64) {
        match self.last {
            None => self.first_ns = time_ns,
            Some(last) => {
                let span = time_ns.saturating_sub(self.last_ns);
                self.area += u128::from(last) * u128::from(span);
            }
        }
        // A log whose time goes back must not count a span twice.
        self.last_ns = self.last_ns.max(time_ns);
        self.last = Some(queue);
    }

    /// The values, in the order of [`DEFINITIONS`].
    pub(super) fn finish(&self, end_ns: u64, values: &mut Vec<Option<Value>>) {
        let end_ns = end_ns.max(self.last_ns);
        let time_mean = self.last.and_then(|last| {
            let rest = u128::from(last) * u128::from(end_ns - self.last_ns);
            let span = end_ns.saturating_sub(self.first_ns);
            (span > 0).then(|| Value::Real((self.area + rest) as f64 / span as f64))
        });
        values.extend([
            self.lengths.mean().map(Value::Real),
            self.lengths.percentile(50).map(Value::Unsigned),
            self.lengths.percentile(99).map(Value::Unsigned),
            self.lengths.max().map(Value::Unsigned),
            time_mean,
            self.last.map(Value::Unsigned),
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_mean_weighs_each_length_by_how_long_it_held() {
        let mut queue = Queue::default();
        queue.step(10, 4);
        queue.step(30, 0);
        queue.step(60, 2);
        let mut values = Vec::new();
        queue.finish(70, &mut values);
        // 4 for 20 ns, 0 for 30, 2 for 10.
        assert_eq!(values[4], Some(Value::Real(100.0 / 60.0)));
        assert_eq!(values[5], Some(Value::Unsigned(2)));
        assert_eq!(values[..4], [None; 4], "nothing was received");
    }

    #[test]
    fn nothing_measured_is_missing_and_not_zero() {
        let mut values = Vec::new();
        Queue::default().finish(1, &mut values);
        assert_eq!(values, [None; 6]);
    }
}
