//! The plain loop on two cores, by windows of the smallest latency.
//!
//! # The idea
//!
//! A message takes at least the *lookahead*, here the lower end of the latencies. Let the next
//! event of the whole run be due at T. What is sent from then on arrives at T + lookahead or
//! later. So all events before that time, the *window*, are known where they happen, and the
//! machines can be cut into parts which do the window side by side. At its end the parts meet,
//! exchange what was sent, and agree on the next window. (Conservative synchronization:
//! Chandy and Misra 1979; windows: Fujimoto, Parallel and Distributed Simulation Systems, 2000,
//! chapter 3.)
//!
//! # One order
//!
//! Two messages that arrive at one instant are handled in the order in which they were sent.
//! The plain loop numbers them as they are sent. A part knows the order of its own messages
//! alone; so at the end of a window both parts merge their lists by (time of the event that
//! sent, its place at its instant), and every message gets the number that it has in the plain
//! loop. Each part does the whole merge for itself, which saves a second meeting.
//!
//! Here all messages are sent by ticks, whose place is the machine. Where messages cause
//! messages, the place is the number of the event that sent: it was given at the end of an
//! earlier window, or, for what a node caused for itself in this window, earlier in this merge.
//!
//! # What is measured
//!
//! [`run`] gives the processor time of both parts at work and in the merge, and that of the part
//! that comes last to each meeting, summed up. The latter is the time of a run in which each part
//! has a core: it can be had on a machine that is busy with other work. With a witness, every event is also
//! passed on in the one order of the run, on one thread, as records are passed to a log.
//!
//! What two cores could share of a run of the engine is measured in [`shares`].

// With a path: the program that compares recorded ratios has this file as a module, too.
#[path = "windows/meeting.rs"]
mod meeting;
#[path = "windows/shares.rs"]
pub mod shares;
#[path = "windows/table.rs"]
pub mod table;

use std::cmp::Reverse;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::model::{CLUSTER, Latency, Outcome, Size};
use crate::plain::{self, Lanes, Links, Machines, Pairs, Pending, TICK, Witness};
use meeting::Meeting;

/// Number of parts, each with a thread.
const PARTS: usize = 2;

/// Which machines are a part.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// The first half and the second: no cluster is cut, and no message crosses.
    Halves,
    /// Every second machine: 5 of the 9 peers of a machine are in the other part.
    Alternate,
}

/// A run on two cores.
#[derive(Debug, Default)]
pub struct Parallel {
    pub outcome: Outcome,
    /// Number of windows.
    pub windows: u64,
    /// Number of messages that crossed to the other part.
    pub crossed: u64,
    /// Number of times that a part went to sleep at a meeting.
    pub slept: u64,
    /// Processor time of both parts: before the first window, handling events, exchanging and
    /// numbering messages, and passing events to the witness.
    pub prepare: Duration,
    pub work: Duration,
    pub merge: Duration,
    pub witness: Duration,
    /// Processor time of the part that comes last to each meeting: the time of a run in which
    /// both parts have a core all the time, and to meet costs nothing.
    pub critical: Duration,
}

/// Runs the experiment once, which must have a least latency.
pub fn run<W: Witness>(size: &Size, run: u32, cut: Cut, mut witness: W) -> (Parallel, W) {
    let shared = Shared::default();
    let part = |index| Part::new(size, run, index, cut, W::SEES);
    let (first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| part(1).go::<W>(&shared, None));
        let first = part(0).go(&shared, Some(&mut witness));
        (first, second.join().expect("the second part ends"))
    });
    let mut all = Parallel {
        windows: first.spent.len() as u64,
        slept: shared.meeting.slept(),
        critical: longer(first.between_meetings(), second.between_meetings()),
        ..Parallel::default()
    };
    all.outcome.clocks = vec![0; size.nodes as usize];
    for part in [first, second] {
        all.outcome.events += part.machines.events;
        all.outcome.messages += part.machines.messages;
        for (here, clock) in (0..).zip(part.machines.clocks()) {
            all.outcome.clocks[part.links.place.node(here) as usize] = clock;
        }
        all.crossed += part.links.crossed;
        all.prepare += part.prepared;
        for spent in &part.spent {
            all.work += spent.work;
            all.merge += spent.merge;
            all.witness += spent.witness;
        }
    }
    (all, witness)
}

/// The processor time of a part in one window.
#[derive(Clone, Copy)]
struct Spent {
    work: Duration,
    merge: Duration,
    witness: Duration,
}

/// The sum of the longer of two times, meeting by meeting.
fn longer(one: impl Iterator<Item = Duration>, other: impl Iterator<Item = Duration>) -> Duration {
    one.zip(other).map(|(a, b)| a.max(b)).sum()
}

/// Processor time of this thread: on a busy machine, what it would take alone.
pub fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// What the parts exchange. Each window uses the other half of everything: a part may still
/// read that of the last window while the other part writes that of the next.
#[derive(Default)]
struct Shared {
    meeting: Meeting,
    /// By window (even, odd) and part.
    sent: [[RwLock<Vec<Sent>>; PARTS]; 2],
    seen: [[RwLock<Vec<Seen>>; PARTS]; 2],
    /// When the next event of each part is due.
    next: [[AtomicU64; PARTS]; 2],
}

/// A message that was sent in a window.
#[derive(Clone, Copy)]
struct Sent {
    time: u64,
    arrival: u64,
    clock: u64,
    from: u32,
    to: u32,
}

/// An event that was handled in a window.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    time: u64,
    sequence: u64,
    node: u32,
}

/// Which machine is where.
#[derive(Clone, Copy)]
struct Place {
    cut: Cut,
    part: u32,
    half: u32,
}

impl Place {
    /// The part and the number there of a machine.
    #[inline]
    fn of(self, node: u32) -> (u32, u32) {
        match self.cut {
            Cut::Halves => {
                let part = u32::from(node >= self.half);
                (part, node - part * self.half)
            }
            Cut::Alternate => (node % 2, node / 2),
        }
    }

    /// The machine of this number here.
    #[inline]
    fn node(self, here: u32) -> u32 {
        match self.cut {
            Cut::Halves => here + self.part * self.half,
            Cut::Alternate => here * 2 + self.part,
        }
    }
}

/// The links of a part.
struct PartLinks {
    place: Place,
    pairs: Pairs,
    pending: Pending,
    /// What was sent in this window.
    sent: Vec<Sent>,
    /// The events of this window, if they are asked for.
    seen: Vec<Seen>,
    sees: bool,
    crossed: u64,
}

impl Links for PartLinks {
    fn peers(&self) -> u64 {
        u64::from(CLUSTER - 1)
    }

    #[inline]
    fn send(&mut self, machines: &mut Machines, here: u32, peer: u64, clock: u64, now: u64) {
        machines.messages += 1;
        let from = self.place.node(here);
        let (to, arrival) = self.pairs.send(from, here, peer, now);
        self.sent.push(Sent {
            time: now,
            arrival,
            clock,
            from,
            to,
        });
    }

    #[inline]
    fn deliver(&mut self, machines: &mut Machines, time: u64) {
        while let Some(&Reverse((due, sequence, here, clock))) = self.pending.peek() {
            if due > time {
                break;
            }
            self.pending.pop();
            if self.sees {
                self.seen.push(Seen {
                    time: due,
                    sequence,
                    node: self.place.node(here),
                });
            }
            machines.arrive(here, clock);
        }
    }

    #[inline]
    fn ticks(&mut self, here: u32, now: u64) {
        if self.sees {
            self.seen.push(Seen {
                time: now,
                sequence: TICK,
                node: self.place.node(here),
            });
        }
    }
}

/// Some of the machines, on a thread of their own.
struct Part {
    machines: Machines,
    lanes: Lanes,
    links: PartLinks,
    /// `[ns]`
    lookahead: u64,
    end: u64,
    /// The number of the next message of the run.
    sequence: u64,
    prepared: Duration,
    /// By window.
    spent: Vec<Spent>,
}

impl Part {
    fn new(size: &Size, run: u32, part: u32, cut: Cut, sees: bool) -> Part {
        let begin = processor_time();
        let place = Place {
            cut,
            part,
            half: size.nodes / 2,
        };
        let count = match part {
            0 => size.nodes.div_ceil(2),
            _ => size.nodes / 2,
        };
        let Some(Latency::Uniform(least, _)) = size.latency else {
            panic!("no least latency");
        };
        let latency = size.latency().expect("links with latency");
        let (machines, lanes) = plain::prepare(size, run, (0..count).map(|it| place.node(it)));
        Part {
            machines,
            lanes,
            links: PartLinks {
                place,
                pairs: Pairs::new(size, run, latency, count as usize),
                pending: Pending::new(),
                sent: Vec::new(),
                seen: Vec::new(),
                sees,
                crossed: 0,
            },
            lookahead: least * 1_000_000,
            end: size.seconds * 1_000_000_000,
            sequence: 0,
            prepared: processor_time() - begin,
            spent: Vec::new(),
        }
    }

    /// The processor time from each meeting to the next: what follows a meeting, and the next
    /// window. The first is from the beginning, the last to the end.
    fn between_meetings(&self) -> impl Iterator<Item = Duration> {
        let before = std::iter::once(self.prepared);
        let after = self.spent.iter().map(|it| it.merge + it.witness);
        let work = self.spent.iter().map(|it| it.work);
        let work = work.chain(std::iter::once(Duration::ZERO));
        before.chain(after).zip(work).map(|(a, b)| a + b)
    }

    /// Does all windows.
    fn go<W: Witness>(mut self, shared: &Shared, mut witness: Option<&mut W>) -> Part {
        let part = self.links.place.part as usize;
        let seat = shared.meeting.sit(part);
        let mut from = 0;
        while from <= self.end {
            let begin = processor_time();
            let next = self.window(from.saturating_add(self.lookahead));
            let at = self.spent.len() % 2;
            shared.next[at][part].store(next, Ordering::Relaxed);
            self.exchange(&shared.sent[at][part], &shared.seen[at][part]);
            let worked = processor_time();
            seat.meet();
            let met = processor_time();
            self.number(&shared.sent[at]);
            let merged = processor_time();
            let mut passed = merged;
            if let Some(witness) = &mut witness
                && W::SEES
            {
                pass_on(&shared.seen[at], *witness);
                passed = processor_time();
            }
            let nexts = shared.next[at].iter().map(|it| it.load(Ordering::Relaxed));
            from = nexts.min().unwrap_or(u64::MAX);
            self.spent.push(Spent {
                work: worked - begin,
                merge: merged - met,
                witness: passed - merged,
            });
        }
        drop(seat);
        self
    }

    /// Does all that happens before `until`, and returns when the next event is due, that of
    /// the messages which it sent included.
    fn window(&mut self, until: u64) -> u64 {
        let last = self.end.min(until - 1);
        while self.lanes.next() <= last {
            self.lanes.instant(&mut self.machines, &mut self.links);
        }
        self.links.deliver(&mut self.machines, last);
        let pending = self.links.pending.peek();
        let due = pending.map_or(u64::MAX, |Reverse((due, ..))| *due);
        let sent = self.links.sent.iter().map(|it| it.arrival);
        let sent = sent.min().unwrap_or(u64::MAX);
        assert!(sent >= until, "a message takes at least the lookahead");
        due.min(sent).min(self.lanes.next())
    }

    /// Lays down the lists of this window, and takes those of the last but one to be filled.
    fn exchange(&mut self, sent: &RwLock<Vec<Sent>>, seen: &RwLock<Vec<Seen>>) {
        std::mem::swap(
            &mut self.links.sent,
            &mut *sent.write().expect("not poisoned"),
        );
        self.links.sent.clear();
        if self.links.sees {
            std::mem::swap(
                &mut self.links.seen,
                &mut *seen.write().expect("not poisoned"),
            );
            self.links.seen.clear();
        }
    }

    /// Numbers the messages of both parts in their order, and takes those that are for here.
    fn number(&mut self, sent: &[RwLock<Vec<Sent>>; PARTS]) {
        let [first, second] = sent.each_ref().map(|it| it.read().expect("not poisoned"));
        let (mut one, mut other) = (first.iter().peekable(), second.iter().peekable());
        loop {
            let message = match (one.peek(), other.peek()) {
                (Some(a), Some(b)) if (a.time, a.from) < (b.time, b.from) => one.next(),
                (Some(_), None) => one.next(),
                _ => other.next(),
            };
            let Some(&message) = message else {
                return;
            };
            let (part, here) = self.links.place.of(message.to);
            if part == self.links.place.part {
                let event = (message.arrival, self.sequence, here, message.clock);
                self.links.pending.push(Reverse(event));
                let sender = self.links.place.of(message.from).0;
                self.links.crossed += u64::from(sender != part);
            }
            self.sequence += 1;
        }
    }
}

/// Shows the events of both parts in their order.
fn pass_on<W: Witness>(seen: &[RwLock<Vec<Seen>>; PARTS], witness: &mut W) {
    let [first, second] = seen.each_ref().map(|it| it.read().expect("not poisoned"));
    let (mut one, mut other) = (first.iter().peekable(), second.iter().peekable());
    loop {
        let event = match (one.peek(), other.peek()) {
            (Some(a), Some(b)) if a < b => one.next(),
            (Some(_), None) => one.next(),
            _ => other.next(),
        };
        let Some(event) = event else {
            return;
        };
        witness.sees(event.time, event.sequence, event.node);
    }
}

/// The order of the events as one number, and how many events share their instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Order {
    pub hash: u64,
    pub events: u64,
    /// Number of arrivals at the instant of another arrival.
    pub at_once: u64,
    /// Number of those that are for the same machine.
    pub same_node: u64,
    last: (u64, bool, u32),
}

impl Witness for Order {
    #[inline]
    fn sees(&mut self, time: u64, sequence: u64, node: u32) {
        for word in [time, sequence, u64::from(node)] {
            let mixed = (self.hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.hash = mixed ^ (mixed >> 32);
        }
        self.events += 1;
        let arrives = sequence != TICK;
        let together = arrives && self.last.0 == time && self.last.1;
        self.at_once += u64::from(together);
        self.same_node += u64::from(together && self.last.2 == node);
        self.last = (time, arrives, node);
    }
}
