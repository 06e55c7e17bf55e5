//! The time of messages from `send` to `receive`.
//!
//! The sender and the sender's number identify a message in the logs of both ends.
//! A message is kept until it is received or lost, so memory is bounded by the
//! messages in flight.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::definition::Definition;
use super::histogram::Histogram;
use super::value::Value;

/// The metrics of this family.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "latency_mean",
        unit: "ns",
        text: "Mean time from a message's `send` to its first `receive` at this node, the wait in the inbox included.",
    },
    Definition {
        name: "latency_p50",
        unit: "ns",
        text: "Median of the time from a message's `send` to its first `receive` at this node (nearest rank; exact up to 16,384 distinct values, beyond as the middle of a bucket).",
    },
    Definition {
        name: "latency_p90",
        unit: "ns",
        text: "90th percentile of the time from a message's `send` to its first `receive` at this node (nearest rank).",
    },
    Definition {
        name: "latency_p95",
        unit: "ns",
        text: "95th percentile of the time from a message's `send` to its first `receive` at this node (nearest rank).",
    },
    Definition {
        name: "latency_p99",
        unit: "ns",
        text: "99th percentile of the time from a message's `send` to its first `receive` at this node (nearest rank).",
    },
    Definition {
        name: "latency_p999",
        unit: "ns",
        text: "99.9th percentile of the time from a message's `send` to its first `receive` at this node (nearest rank).",
    },
    Definition {
        name: "latency_max",
        unit: "ns",
        text: "Greatest time from a message's `send` to its first `receive` at this node.",
    },
];

/// The values of one node, in the order of [`DEFINITIONS`].
pub(super) fn finish(latencies: &Histogram, values: &mut Vec<Option<Value>>) {
    values.push(latencies.mean().map(Value::Real));
    values.extend(latencies.percentiles());
    values.push(latencies.max().map(Value::Unsigned));
}

/// Sender and its number for the message.
type MessageKey = (u32, u64);

/// The end of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// At this node.
    Received(u32),
    Dropped,
}

/// The messages in flight.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlight {
    /// When each was sent `[ns]`.
    sent: HashMap<MessageKey, u64, BuildHasherDefault<KeyHasher>>,
    /// Messages that ended at `now_ns` before their `send` was read: a message without
    /// latency is sent and received in one instant, whose rows come in any order.
    early: HashMap<MessageKey, Ending, BuildHasherDefault<KeyHasher>>,
    now_ns: u64,
}

impl InFlight {
    /// Sets the time. An ending without a `send` at its instant has none: it was a
    /// second copy of a message, or its sender has no log.
    pub(super) fn advance(&mut self, time_ns: u64) {
        if time_ns != self.now_ns {
            self.now_ns = time_ns;
            if !self.early.is_empty() {
                self.early.clear();
            }
        }
    }

    /// Adds a `send`. Returns the node that received the message at this instant.
    pub(super) fn send(&mut self, sender: u32, message: u64) -> Option<u32> {
        let key = (sender, message);
        if !self.early.is_empty() {
            match self.early.remove(&key) {
                Some(Ending::Received(node)) => return Some(node),
                Some(Ending::Dropped) => return None,
                None => {}
            }
        }
        self.sent.insert(key, self.now_ns);
        None
    }

    /// Adds a `receive` at `node`. Returns the time since the `send` `[ns]`.
    pub(super) fn receive(&mut self, sender: u32, message: u64, node: u32) -> Option<u64> {
        let key = (sender, message);
        match self.sent.remove(&key) {
            Some(sent_ns) => Some(self.now_ns.saturating_sub(sent_ns)),
            None => {
                self.early.insert(key, Ending::Received(node));
                None
            }
        }
    }

    /// Adds a `drop`.
    pub(super) fn drop(&mut self, sender: u32, message: u64) {
        let key = (sender, message);
        if self.sent.remove(&key).is_none() {
            self.early.insert(key, Ending::Dropped);
        }
    }
}

/// A multiplicative hash (Knuth, TAOCP 3, 6.4) of the two numbers of a key. They
/// come from our own counters, so an attack by collisions is not possible.
#[derive(Clone, Copy, Debug, Default)]
struct KeyHasher(u64);

/// 2^64 divided by the golden ratio, made odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(29) ^ number).wrapping_mul(GOLDEN);
    }

    fn finish(&self) -> u64 {
        // The table uses the low bits; the high bits of the product are better mixed.
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_matched_once() {
        let mut flight = InFlight::default();
        flight.advance(10);
        assert_eq!(flight.send(0, 1), None);
        assert_eq!(flight.send(1, 1), None);
        flight.advance(35);
        assert_eq!(flight.receive(0, 1, 2), Some(25));
        assert_eq!(flight.receive(0, 1, 2), None, "a second copy");
        flight.advance(36);
        assert_eq!(flight.receive(1, 1, 2), Some(26));
        assert!(flight.sent.is_empty());
    }

    #[test]
    fn at_one_instant_the_receive_may_come_first() {
        let mut flight = InFlight::default();
        flight.advance(10);
        assert_eq!(flight.receive(0, 1, 2), None);
        flight.drop(0, 2);
        assert_eq!(flight.send(0, 1), Some(2));
        assert_eq!(flight.send(0, 2), None);
        assert!(flight.sent.is_empty() && flight.early.is_empty());
    }

    #[test]
    fn what_is_received_without_a_send_is_forgotten() {
        let mut flight = InFlight::default();
        flight.advance(10);
        assert_eq!(flight.receive(0, 1, 2), None);
        flight.advance(11);
        assert!(flight.early.is_empty());
    }
}
