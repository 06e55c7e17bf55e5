//! The event queue: the pending events, in one total order.
//!
//! # The order
//!
//! Events are ordered by (time, sequence). The sequence numbers events as they are
//! scheduled: of two events at one instant, the one that was scheduled first is first.
//! Ticks are not in the queue (see [`super::ticks`]); they come after every queued event
//! of their instant, even one that is scheduled at that instant. So two runs handle the
//! same events in the same order, on every machine.
//!
//! Faults are not caused by other events: at one instant, faults that end come first,
//! then faults that begin, each in the order of the scenario, then all other events
//! ([`EventQueue::push_fault`]).
//!
//! What an event causes at its own instant is a chain of causes, which is bounded (`chains`).

mod chains;

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::message::MessageId;
use base::time::SimTime;
use chains::STEP;
pub use chains::{Chains, MAX_DEPTH};

/// What happens at its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A node starts.
    Start {
        /// The node.
        node: u32,
    },
    /// A message reaches its destination.
    Arrival {
        /// The destination.
        node: u32,
        /// The message.
        message: MessageId,
    },
    /// A timer of a node is due.
    Timer {
        /// The node.
        node: u32,
        /// The timer's tag.
        tag: u64,
    },
    /// A peer's connection opens.
    Connect {
        /// The node that is notified.
        node: u32,
        /// The other end, a node.
        other: u32,
    },
    /// A peer's connection closes.
    Disconnect {
        /// The node that is notified.
        node: u32,
        /// The other end, a node.
        other: u32,
    },
    /// Something leaves the process, after the latency of its link.
    Depart {
        /// Its index among the delayed ones.
        delayed: u32,
    },
    /// A server has handled the first message of its inbox.
    Served {
        /// The server.
        node: u32,
    },
    /// A fault begins to hold, or ends.
    Fault {
        /// Its index in the scenario.
        fault: u32,
        /// Whether it begins.
        begins: bool,
    },
}

impl Event {
    /// The node that the event is for, if it is for one.
    pub fn node(self) -> Option<u32> {
        match self {
            Event::Start { node }
            | Event::Arrival { node, .. }
            | Event::Timer { node, .. }
            | Event::Connect { node, .. }
            | Event::Disconnect { node, .. }
            | Event::Served { node } => Some(node),
            Event::Depart { .. } | Event::Fault { .. } => None,
        }
    }
}

/// The rank of an event among those of one instant; unique in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub u64);

/// The sequence of the first event; those of faults are below.
const FIRST: u64 = 1 << 33;

/// The pending events of a run.
#[derive(Debug)]
pub struct EventQueue {
    heap: BinaryHeap<Entry>,
    next: u64,
    /// When the current event is due.
    now: SimTime,
    /// The event that is being handled; 0 while a node ticks.
    current: Sequence,
    /// Number of events that were scheduled for the instant at which they were.
    at_once: u64,
    /// Chains of causes within the current instant.
    pub chains: Chains,
}

impl Default for EventQueue {
    fn default() -> EventQueue {
        EventQueue {
            heap: BinaryHeap::new(),
            next: FIRST,
            now: SimTime::ZERO,
            current: Sequence(0),
            at_once: 0,
            chains: Chains::default(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    time: SimTime,
    sequence: Sequence,
    event: Event,
}

impl Ord for Entry {
    /// Reversed: the heap's greatest entry is the earliest event.
    fn cmp(&self, other: &Entry) -> Ordering {
        (other.time, other.sequence).cmp(&(self.time, self.sequence))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl EventQueue {
    /// Schedules an event and returns its sequence. The current event causes it.
    #[inline]
    pub fn push(&mut self, time: SimTime, event: Event) -> Sequence {
        self.push_deeper(time, event, 1)
    }

    /// As [`EventQueue::push`], but this event causes it if the causes of events are kept.
    pub fn push_after(&mut self, cause: Option<Sequence>, time: SimTime, event: Event) -> Sequence {
        let current = self.current;
        self.current = cause.filter(|&it| self.chains.knows(it)).unwrap_or(current);
        let sequence = self.push(time, event);
        self.current = current;
        sequence
    }

    /// The event that is being handled, if the causes of events are kept.
    #[inline]
    pub fn traced(&self) -> Option<Sequence> {
        self.chains
            .traces(self.current.depth())
            .then_some(self.current)
    }

    /// As [`EventQueue::push`], for an event that was caused before, and waited: its chain
    /// of causes is no longer than that of the current event.
    pub fn push_waiting(&mut self, time: SimTime, event: Event) -> Sequence {
        self.push_deeper(time, event, 0)
    }

    #[inline]
    fn push_deeper(&mut self, time: SimTime, event: Event, by: u32) -> Sequence {
        let mut sequence = Sequence(self.next);
        self.next += STEP;
        if time == self.now {
            self.at_once += 1;
            let depth = (self.current.depth() + by).min(MAX_DEPTH + 1);
            sequence.0 += u64::from(depth);
            if self.chains.traces(depth) {
                self.chains.trace(sequence, event, self.current);
            }
        }
        self.heap.push(Entry {
            time,
            sequence,
            event,
        });
        sequence
    }

    /// Number of events so far that were scheduled for the instant at which they were.
    pub fn scheduled_at_once(&self) -> u64 {
        self.at_once
    }

    /// Whether there are no numbers for more events.
    pub fn is_exhausted(&self) -> bool {
        self.next > u64::MAX / 2
    }

    /// A node ticks: what it causes begins new chains.
    #[inline(always)]
    pub fn begin_tick(&mut self) {
        self.current = Sequence(0);
    }

    /// Schedules the beginning or the end of a fault. A fault may have one beginning and
    /// one end pending.
    pub fn push_fault(&mut self, time: SimTime, fault: u32, begins: bool) {
        self.heap.push(Entry {
            time,
            sequence: Sequence(u64::from(begins) << 32 | u64::from(fault)),
            event: Event::Fault { fault, begins },
        });
    }

    /// When the first event is due; [`SimTime::NEVER`] if none is pending.
    pub fn next_time(&self) -> SimTime {
        self.heap.peek().map_or(SimTime::NEVER, |entry| entry.time)
    }

    /// Whether an event is due at this time or before.
    #[inline]
    pub fn is_due(&self, now: SimTime) -> bool {
        self.heap.peek().is_some_and(|entry| entry.time <= now)
    }

    /// The node that the first event is for, if it is for one.
    pub fn next_node(&self) -> Option<u32> {
        self.heap.peek().and_then(|entry| entry.event.node())
    }

    /// Takes the first event.
    pub fn pop(&mut self) -> Option<(SimTime, Sequence, Event)> {
        let entry = self.heap.pop()?;
        if entry.time > self.now {
            self.chains.next_instant();
        }
        (self.now, self.current) = (entry.time, entry.sequence);
        Some((entry.time, entry.sequence, entry.event))
    }

    /// Removes the events for which `is_removed` says so, and returns them in their order.
    /// Takes time in proportion to the number of pending events.
    pub fn remove(&mut self, mut is_removed: impl FnMut(Event) -> bool) -> Vec<Event> {
        let mut removed = Vec::new();
        self.heap.retain(|entry| {
            let stays = !is_removed(entry.event);
            if !stays {
                removed.push(*entry);
            }
            stays
        });
        removed.sort_unstable_by_key(|entry| (entry.time, entry.sequence));
        removed.into_iter().map(|entry| entry.event).collect()
    }

    /// Removes the first event for which `is_wanted` says so, and returns it. Takes time in
    /// proportion to the number of pending events.
    pub fn remove_first(&mut self, is_wanted: impl Fn(Event) -> bool) -> Option<Event> {
        let wanted = self.heap.iter().filter(|entry| is_wanted(entry.event));
        // The order of entries is reversed.
        let first = *wanted.max()?;
        self.heap.retain(|entry| entry.sequence != first.sequence);
        Some(first.event)
    }

    /// Number of pending events.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether no event is pending.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::random::Random;

    #[test]
    fn events_leave_by_time_and_then_by_sequence() {
        let mut queue = EventQueue::default();
        let mut random = Random::from_seed(1);
        let mut expected: Vec<(u64, u64)> = (0..1000)
            .map(|i| {
                let time = random.below(50);
                let sequence = queue.push(SimTime(time), Event::Start { node: i });
                assert_eq!(sequence.0 / STEP, FIRST / STEP + u64::from(i));
                (time, sequence.0)
            })
            .collect();
        expected.sort();
        assert_eq!(queue.next_time(), SimTime(expected[0].0));
        for (time, sequence) in expected {
            let (t, s, event) = queue.pop().unwrap();
            assert_eq!((t.0, s.0), (time, sequence));
            assert_eq!(
                Event::Start {
                    node: ((s.0 - FIRST) / STEP) as u32
                },
                event
            );
        }
        assert!(queue.is_empty());
        assert_eq!(queue.next_time(), SimTime::NEVER);
    }

    #[test]
    fn a_chain_within_an_instant_has_a_limit_and_a_tick_begins_a_new_one() {
        let mut queue = EventQueue::default();
        queue.chains.set_limit(4);
        let start = |node| Event::Start { node };
        queue.push(SimTime(5), start(0));
        for node in 1..5 {
            queue.pop();
            queue.push(SimTime(5), start(node));
        }
        assert!(!queue.chains.is_too_deep(), "a chain of four");
        queue.pop();
        queue.push(SimTime(6), start(9));
        assert!(!queue.chains.is_too_deep(), "a later instant");
        queue.push_waiting(SimTime(5), start(7));
        assert!(!queue.chains.is_too_deep(), "it waited");
        queue.begin_tick();
        queue.push(SimTime(5), start(8));
        assert!(!queue.chains.is_too_deep(), "a tick");
        queue.pop();
        queue.push(SimTime(5), start(5));
        assert!(queue.chains.is_too_deep());
        assert_eq!(queue.chains.nodes(), [5, 7, 4, 3]);
    }

    #[test]
    fn faults_end_and_begin_before_all_other_events() {
        let mut queue = EventQueue::default();
        queue.push(SimTime(1), Event::Start { node: 0 });
        for (fault, begins) in [(1, true), (0, true), (7, false)] {
            queue.push_fault(SimTime(1), fault, begins);
        }
        queue.push_fault(SimTime(0), 9, true);
        let order: Vec<Event> = std::iter::from_fn(|| Some(queue.pop()?.2)).collect();
        let fault = |fault, begins| Event::Fault { fault, begins };
        let start = Event::Start { node: 0 };
        let faults = [
            fault(9, true),
            fault(7, false),
            fault(0, true),
            fault(1, true),
        ];
        assert_eq!(order[..4], faults);
        assert_eq!(order[4], start);
    }
}
