//! The counts of a node: messages in, out and lost, bytes, steps, and rates.

use super::definition::Definition;
use super::value::Value;

/// The metrics of this family.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "received",
        unit: "messages",
        text: "Messages that the node took from its inbox (`receive` rows).",
    },
    Definition {
        name: "sent",
        unit: "messages",
        text: "Messages that the node handed to its links (`send` rows).",
    },
    Definition {
        name: "dropped",
        unit: "messages",
        text: "Messages to the node that were lost on the way or at its inbox, and those of its own that somebody outside could not be given any more (`drop` rows).",
    },
    Definition {
        name: "bytes_sent",
        unit: "bytes",
        text: "Sum of the sizes of the messages that the node sent.",
    },
    Definition {
        name: "messages_per_s",
        unit: "1/s",
        text: "Messages that the node received, per second of the run (of its measured part, with `warmup`).",
    },
    Definition {
        name: "steps",
        unit: "steps",
        text: "Steps that the node did.",
    },
    Definition {
        name: "steps_per_s",
        unit: "1/s",
        text: "Steps that the node did, per second of the run (of its measured part, with `warmup`).",
    },
];

/// The counts of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) dropped: u64,
    pub(super) bytes_sent: u64,
    pub(super) steps: u64,
    /// Steps that were timers.
    pub(super) timers: u64,
}

impl Traffic {
    /// The steps that were ticks, of a clocked node.
    pub(super) fn ticks(&self) -> u64 {
        self.steps - self.timers
    }

    /// Adds the counts of another part of the run.
    pub(super) fn add(&mut self, other: &Traffic) {
        self.received += other.received;
        self.sent += other.sent;
        self.dropped += other.dropped;
        self.bytes_sent = self.bytes_sent.saturating_add(other.bytes_sent);
        self.steps += other.steps;
        self.timers += other.timers;
    }

    /// The values, in the order of [`DEFINITIONS`].
    /// `span_ns` is the time in which they were counted.
    pub(super) fn finish(&self, span_ns: u64, values: &mut Vec<Option<Value>>) {
        let per_s =
            |count: u64| (span_ns > 0).then(|| Value::Real(count as f64 / (span_ns as f64 / 1e9)));
        values.extend([
            Some(Value::Unsigned(self.received)),
            Some(Value::Unsigned(self.sent)),
            Some(Value::Unsigned(self.dropped)),
            Some(Value::Unsigned(self.bytes_sent)),
            per_s(self.received),
            Some(Value::Unsigned(self.steps)),
            per_s(self.steps),
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_per_second_of_the_run() {
        let traffic = Traffic {
            received: 3,
            steps: 12,
            ..Traffic::default()
        };
        let mut values = Vec::new();
        traffic.finish(2_000_000_000, &mut values);
        assert_eq!(values[4], Some(Value::Real(1.5)));
        assert_eq!(values[6], Some(Value::Real(6.0)));
        values.clear();
        traffic.finish(0, &mut values);
        assert_eq!((values[4], values[6]), (None, None));
    }
}
