//! The time of messages from `send` to `receive`.
//!
//! The sender and the sender's number identify a message in the logs of both ends.
//! A message is kept until it is received or lost, so memory is bounded by the
//! messages in flight.
//!
//! A node numbers its messages one after the other. So the messages of a sender that are
//! in flight are kept as a queue of the times at which they were sent, from the oldest
//! number on: a message is found by arithmetic. Messages that wait for long while many
//! others pass, and numbers that do not follow each other (in the logs of other programs),
//! are kept in a table.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use super::definition::Definition;
use super::histogram::Histogram;
use super::samples::Finishing;
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
pub(super) fn finish(
    latencies: &Histogram,
    samples: &mut Finishing,
    values: &mut Vec<Option<Value>>,
) {
    let latencies = samples.latency(latencies);
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
    /// By sender.
    recent: Vec<Recent>,
    /// When each message was sent that is not among the recent ones of its sender `[ns]`.
    others: HashMap<MessageKey, u64, BuildHasherDefault<KeyHasher>>,
    /// Messages that ended at `now_ns` before their `send` was read: a message without
    /// latency is sent and received in one instant, whose rows come in any order.
    early: HashMap<MessageKey, Ending, BuildHasherDefault<KeyHasher>>,
    now_ns: u64,
}

/// The recent messages of one sender.
#[derive(Clone, Debug)]
struct Recent {
    /// The number of the first, which has not ended.
    first: u64,
    /// When it was sent `[ns]`; [`ENDED`] without messages. Most senders have one, and it takes
    /// no other place of the memory.
    first_ns: u64,
    /// When each of the others was sent `[ns]`, or [`ENDED`].
    more_ns: VecDeque<u64>,
    /// How many have not ended.
    live: u32,
}

/// The time of a message that has ended. A message that is sent at the end of time is in
/// the table.
const ENDED: u64 = u64::MAX;

/// The most recent messages of a sender, in any case and for each that has not ended.
const MOST_RECENT: usize = 16;
const MOST_PER_LIVE: usize = 4;

impl InFlight {
    /// Sets the time. An ending without a `send` at its instant has none: it was a
    /// second copy of a message, or its sender has no log.
    #[inline]
    pub(super) fn advance(&mut self, time_ns: u64) {
        if time_ns != self.now_ns {
            self.now_ns = time_ns;
            if !self.early.is_empty() {
                self.early.clear();
            }
        }
    }

    /// Adds a `send`. Returns the node that received the message at this instant.
    #[inline]
    pub(super) fn send(&mut self, sender: u32, message: u64) -> Option<u32> {
        if !self.early.is_empty() {
            match self.early.remove(&(sender, message)) {
                Some(Ending::Received(node)) => return Some(node),
                Some(Ending::Dropped) => return None,
                None => {}
            }
        }
        let now_ns = self.now_ns;
        if let Some(recent) = self.recent.get_mut(sender as usize)
            && now_ns != ENDED
            && recent.push(message, now_ns)
        {
            if recent.is_sparse() {
                self.thin(sender);
            }
        } else {
            self.send_other(sender, message);
        }
        None
    }

    /// Adds a message that does not follow the last one of its sender.
    #[cold]
    fn send_other(&mut self, sender: u32, message: u64) {
        if self.now_ns == ENDED {
            self.others.insert((sender, message), self.now_ns);
            return;
        }
        let place = sender as usize;
        if place >= self.recent.len() {
            self.recent.resize_with(place + 1, Recent::default);
        }
        let recent = &mut self.recent[place];
        if recent.push(message, self.now_ns) {
            return;
        }
        match recent.sent_ns_mut(message) {
            Some(sent_ns) => {
                let old = std::mem::replace(sent_ns, self.now_ns);
                recent.live += u32::from(old == ENDED);
            }
            None => {
                self.others.insert((sender, message), self.now_ns);
            }
        }
    }

    /// Keeps the oldest messages of a sender in the table, since most after them have ended.
    #[cold]
    fn thin(&mut self, sender: u32) {
        let recent = &mut self.recent[sender as usize];
        while recent.is_sparse()
            && let first = recent.first
            && let Some(sent_ns) = recent.take(first)
        {
            self.others.insert((sender, first), sent_ns);
        }
    }

    /// Adds a `receive` at `node`. Returns the time since the `send` `[ns]`.
    #[inline]
    pub(super) fn receive(&mut self, sender: u32, message: u64, node: u32) -> Option<u64> {
        match self.take(sender, message) {
            Some(sent_ns) => Some(self.now_ns.saturating_sub(sent_ns)),
            None => {
                let ending = Ending::Received(node);
                self.early.insert((sender, message), ending);
                None
            }
        }
    }

    /// Adds a `drop`.
    pub(super) fn drop(&mut self, sender: u32, message: u64) {
        if self.take(sender, message).is_none() {
            self.early.insert((sender, message), Ending::Dropped);
        }
    }

    /// Takes a message, and returns when it was sent `[ns]`.
    #[inline]
    fn take(&mut self, sender: u32, message: u64) -> Option<u64> {
        let recent = self.recent.get_mut(sender as usize);
        let sent_ns = recent.and_then(|recent| recent.take(message));
        match sent_ns {
            Some(sent_ns) => Some(sent_ns),
            None if self.others.is_empty() => None,
            None => self.others.remove(&(sender, message)),
        }
    }

    /// Reads what is known of a sender.
    #[inline]
    pub(super) fn touch(&self, sender: u32) -> u64 {
        self.recent.get(sender as usize).map_or(0, |it| it.first)
    }

    /// When a recent message was sent; none if it is not among those, or has ended.
    #[inline]
    pub(super) fn sent_ns(&self, sender: u32, message: u64) -> Option<u64> {
        let recent = self.recent.get(sender as usize)?;
        let sent_ns = match recent.place_of(message)? {
            0 => recent.first_ns,
            place => recent.more_ns[place - 1],
        };
        (sent_ns != ENDED).then_some(sent_ns)
    }

    /// Whether no message is in flight.
    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.others.is_empty() && self.recent.iter().all(|it| it.is_empty())
    }
}

impl Default for Recent {
    fn default() -> Recent {
        Recent {
            first: 0,
            first_ns: ENDED,
            more_ns: VecDeque::new(),
            live: 0,
        }
    }
}

impl Recent {
    #[inline]
    fn is_empty(&self) -> bool {
        self.first_ns == ENDED
    }

    #[inline]
    fn len(&self) -> u64 {
        match self.is_empty() {
            true => 0,
            false => 1 + self.more_ns.len() as u64,
        }
    }

    /// Adds a message if it is the next one after the last of these, or there is none.
    #[inline]
    fn push(&mut self, message: u64, now_ns: u64) -> bool {
        if self.is_empty() {
            (self.first, self.first_ns) = (message, now_ns);
        } else if message == self.first.wrapping_add(self.len()) {
            self.more_ns.push_back(now_ns);
        } else {
            return false;
        }
        self.live += 1;
        true
    }

    /// Whether most of these have ended.
    #[inline]
    fn is_sparse(&self) -> bool {
        let most = (self.live as usize * MOST_PER_LIVE).max(MOST_RECENT);
        self.len() > most as u64
    }

    #[inline]
    fn place_of(&self, message: u64) -> Option<usize> {
        let place = message.wrapping_sub(self.first);
        (place < self.len()).then_some(place as usize)
    }

    #[inline]
    fn sent_ns_mut(&mut self, message: u64) -> Option<&mut u64> {
        match self.place_of(message)? {
            0 => Some(&mut self.first_ns),
            place => Some(&mut self.more_ns[place - 1]),
        }
    }

    /// Takes a message that has not ended, and returns when it was sent `[ns]`.
    #[inline]
    fn take(&mut self, message: u64) -> Option<u64> {
        let sent_ns = std::mem::replace(self.sent_ns_mut(message)?, ENDED);
        if sent_ns == ENDED {
            return None;
        }
        self.live -= 1;
        if message == self.first {
            self.next_first();
        }
        Some(sent_ns)
    }

    /// The first message has ended: the next one that has not is the first.
    #[inline]
    fn next_first(&mut self) {
        while self.first_ns == ENDED {
            self.first = self.first.wrapping_add(1);
            match self.more_ns.pop_front() {
                Some(sent_ns) => self.first_ns = sent_ns,
                None => return,
            }
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
        assert!(flight.is_empty());
    }

    #[test]
    fn messages_are_matched_whatever_their_numbers_and_their_order() {
        let mut random = base::random::Random::from_seed(5);
        for round in 0..40u64 {
            let mut flight = InFlight::default();
            let mut waiting: Vec<(u32, u64, u64)> = Vec::new();
            let mut last = [round % 3 * 1_000; 4];
            for now in 1..4_000 {
                flight.advance(now);
                let sender = random.below(4) as usize;
                last[sender] = match random.below(40) {
                    0 if round % 4 == 0 => random.below(5_000) * 7,
                    1 if round % 4 == 1 => last[sender] + 3,
                    _ => last[sender] + 1,
                };
                let key = (sender as u32, last[sender]);
                waiting.retain(|it| (it.0, it.1) != key);
                let kept = |flight: &InFlight| {
                    let recent = flight.recent.get(sender);
                    recent.map_or(0, |recent| recent.len() as usize)
                };
                let before = kept(&flight);
                assert_eq!(flight.send(key.0, key.1), None);
                let grows = kept(&flight) > before;
                assert!(!grows || !flight.recent[sender].is_sparse());
                waiting.push((key.0, key.1, now));
                // Some wait for long.
                let most = if round % 2 == 0 { 5 } else { 200 };
                while waiting.len() > most {
                    let rest = (waiting.len() as u64)
                        .saturating_sub(3 * (now / 1_000))
                        .max(1);
                    let place = waiting.len() - 1 - random.below(rest) as usize;
                    let (sender, number, sent) = waiting.remove(place);
                    assert_eq!(flight.receive(sender, number, 9), Some(now - sent));
                    assert_eq!(flight.receive(sender, number, 9), None);
                    flight.early.clear();
                }
            }
            flight.advance(5_000);
            for (sender, number, sent) in waiting {
                assert_eq!(flight.receive(sender, number, 9), Some(5_000 - sent));
            }
            assert!(flight.is_empty());
        }
    }

    #[test]
    fn at_one_instant_the_receive_may_come_first() {
        let mut flight = InFlight::default();
        flight.advance(10);
        assert_eq!(flight.receive(0, 1, 2), None);
        flight.drop(0, 2);
        assert_eq!(flight.send(0, 1), Some(2));
        assert_eq!(flight.send(0, 2), None);
        assert!(flight.is_empty() && flight.early.is_empty());
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
