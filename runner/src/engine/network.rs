//! What links do to messages: each sent message gets a verdict.
//!
//! An ideal link and one of constant latency need no memory. A link that draws,
//! or that must keep an order that its latencies would break, has a state per
//! direction, made when its first message comes.
//!
//! # The way of a message
//!
//! It waits for the link until those before it are on their way ([`bandwidth`]);
//! its size over the bandwidth later it has left, and its latency after that it
//! arrives. On the way it may be lost, changed, or doubled: the copy says the
//! same, and has a latency of its own. What is lost took its time on the link.
//!
//! Whatever a link does is drawn for every message that is handed to it, from a
//! stream for each: a change of `loss` alone leaves latencies, copies and
//! changes as they were.
//!
//! [`bandwidth`]: Link::bandwidth

mod transmitter;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::engine::roster::Roster;
use crate::engine::topology::{LinkEnd, NO_RULE, Topology};
use crate::random::distribution::Distribution;
use crate::random::{Purpose, Random, Streams};
use crate::scenario::{Link, LinkRule, Order};
use crate::time::{SimDuration, SimTime};
use transmitter::Transmitter;

/// The links of one run.
#[derive(Debug)]
pub struct Network {
    /// Who is linked to whom.
    pub topology: Topology,
    kinds: Vec<Kind>,
    links: Vec<Link>,
    pairs: HashMap<u64, Pair, BuildHasherDefault<PairHasher>>,
    streams: Streams,
}

/// What becomes of a message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It arrives then.
    Arrives(SimTime),
    /// It is lost on the way.
    Lost,
    /// The link may do more to it than that: ask [`Network::pass`].
    Elaborate,
}

/// What becomes of a message on a link that does more than delay and lose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// When it arrives; none: it is lost, and so are the others.
    pub arrival: Option<SimTime>,
    /// When its copy arrives, if there is one.
    pub copy: Option<SimTime>,
    /// How it is changed, if it is.
    pub change: Option<Change>,
}

/// One byte that arrives as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where, as a share of the message [2^-64].
    place: u64,
    /// What its bits are flipped by; not 0.
    flip: u8,
}

impl Change {
    /// Changes a message; one without bytes stays as it is.
    pub fn apply(self, bytes: &mut [u8]) {
        let place = (u128::from(self.place) * bytes.len() as u128) >> 64;
        if let Some(byte) = bytes.get_mut(place as usize) {
            *byte ^= self.flip;
        }
    }
}

/// What a link rule asks for.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The same latency for every message, none lost.
    Constant(SimDuration),
    /// Latency and loss, for which the pair has a state.
    Stateful,
    /// Anything else.
    Elaborate,
}

/// One direction of a link.
#[derive(Debug)]
struct Pair {
    random: Random,
    last_arrival: SimTime,
    /// What an elaborate link needs beside that.
    more: Option<Box<More>>,
}

#[derive(Debug)]
struct More {
    duplicate: Random,
    corrupt: Random,
    transmitter: Transmitter,
}

impl Network {
    /// The links that `rules` make between the nodes of a run.
    pub fn new(roster: &Roster, rules: &[LinkRule], streams: &Streams) -> Network {
        let kind = |link: &Link| match link.latency {
            _ if link.is_elaborate() => Kind::Elaborate,
            Distribution::Constant(_) if link.loss == 0.0 => {
                // A constant draws nothing from the stream that it is given.
                let latency = link.latency.sample_span(&mut Random([0; 4]));
                Kind::Constant(latency)
            }
            _ => Kind::Stateful,
        };
        Network {
            topology: Topology::new(roster.len(), rules),
            kinds: rules.iter().map(|rule| kind(&rule.link)).collect(),
            links: rules.iter().map(|rule| rule.link.clone()).collect(),
            pairs: HashMap::default(),
            streams: streams.clone(),
        }
    }

    /// The verdict on a message that `from` hands to its link to `to` now.
    #[inline]
    pub fn send(&mut self, roster: &Roster, from: u32, to: LinkEnd, now: SimTime) -> Verdict {
        if to.rule == NO_RULE {
            return Verdict::Arrives(now);
        }
        match self.kinds[to.rule as usize] {
            Kind::Constant(latency) => Verdict::Arrives(now + latency),
            Kind::Stateful => self.draw(roster, from, to, now),
            Kind::Elaborate => Verdict::Elaborate,
        }
    }

    /// When the far end of a link learns that `from` closes it: after everything
    /// that was sent before.
    pub fn closes(&self, from: u32, to: LinkEnd, now: SimTime) -> SimTime {
        match self.constant(to) {
            Some(latency) => now + latency,
            None => {
                let pair = self
                    .pairs
                    .get(&(u64::from(from) << 32 | u64::from(to.node)));
                pair.map_or(now, |pair| pair.last_arrival.max(now))
            }
        }
    }

    /// When the far end of a link learns that it is open again: before anything
    /// that is sent from now on.
    pub fn opens(&self, to: LinkEnd, now: SimTime) -> SimTime {
        now + self.constant(to).unwrap_or_default()
    }

    fn constant(&self, to: LinkEnd) -> Option<SimDuration> {
        match self.kinds.get(to.rule as usize) {
            None => Some(SimDuration::ZERO),
            Some(Kind::Constant(latency)) => Some(*latency),
            Some(Kind::Stateful | Kind::Elaborate) => None,
        }
    }

    fn draw(&mut self, roster: &Roster, from: u32, to: LinkEnd, now: SimTime) -> Verdict {
        let link = &self.links[to.rule as usize];
        let pair = self
            .pairs
            .entry(pair_key(from, to.node))
            .or_insert_with(|| Pair::new(&self.streams, roster, from, to.node));
        // Both are drawn for every message, so that a change of `loss` alone
        // leaves the latencies as they were.
        let lost = pair.random.unit() < link.loss;
        let latency = link.latency.sample_span(&mut pair.random);
        if lost {
            return Verdict::Lost;
        }
        Verdict::Arrives(pair.arrives(now + latency, link.order))
    }

    /// What becomes of a message of `size` bytes that `from` hands to an
    /// elaborate link to `to` now.
    pub fn pass(
        &mut self,
        roster: &Roster,
        from: u32,
        to: LinkEnd,
        size: u64,
        now: SimTime,
    ) -> Passage {
        let link = &self.links[to.rule as usize];
        let pair = self
            .pairs
            .entry(pair_key(from, to.node))
            .or_insert_with(|| Pair::new(&self.streams, roster, from, to.node));
        let more = pair
            .more
            .get_or_insert_with(|| Box::new(More::new(&self.streams, roster, from, to.node)));
        let lost = pair.random.unit() < link.loss;
        let latency = link.latency.sample_span(&mut pair.random);
        let copied = more.copy(link);
        let change = more.change(link);
        let left = more.transmitter.send(link, size, now);
        let Some(left) = left.filter(|_| !lost) else {
            return Passage::default();
        };
        Passage {
            arrival: Some(pair.arrives(left + latency, link.order)),
            copy: copied.map(|latency| pair.arrives(left + latency, link.order)),
            change,
        }
    }
}

fn pair_key(from: u32, to: u32) -> u64 {
    u64::from(from) << 32 | u64::from(to)
}

impl Pair {
    fn new(streams: &Streams, roster: &Roster, from: u32, to: u32) -> Pair {
        let name = |node| roster.stream_name(node).unwrap_or_default();
        Pair {
            random: streams.link(Purpose::Link, &name(from), &name(to)),
            last_arrival: SimTime::ZERO,
            more: None,
        }
    }

    /// When a message arrives that would at `arrival` if it were alone.
    fn arrives(&mut self, mut arrival: SimTime, order: Order) -> SimTime {
        if order == Order::Fifo {
            arrival = arrival.max(self.last_arrival);
        }
        self.last_arrival = arrival.max(self.last_arrival);
        arrival
    }
}

impl More {
    fn new(streams: &Streams, roster: &Roster, from: u32, to: u32) -> More {
        let name = |node| roster.stream_name(node).unwrap_or_default();
        let stream = |purpose| streams.link(purpose, &name(from), &name(to));
        More {
            duplicate: stream(Purpose::Duplicate),
            corrupt: stream(Purpose::Corrupt),
            transmitter: Transmitter::default(),
        }
    }

    /// The latency of the next message's copy, if it has one.
    fn copy(&mut self, link: &Link) -> Option<SimDuration> {
        if link.duplicate == 0.0 {
            return None;
        }
        let copied = self.duplicate.unit() < link.duplicate;
        let latency = link.latency.sample_span(&mut self.duplicate);
        copied.then_some(latency)
    }

    /// How the next message is changed, if it is.
    fn change(&mut self, link: &Link) -> Option<Change> {
        if link.corrupt == 0.0 {
            return None;
        }
        let changed = self.corrupt.unit() < link.corrupt;
        let place = self.corrupt.next_u64();
        // One in 255 values of a byte that are not 0; that some are more likely
        // by one in 2^56 is nobody's concern.
        let flip = 1 + (self.corrupt.next_u64() % 255) as u8;
        changed.then_some(Change { place, flip })
    }
}

/// Fibonacci hashing of one pair of node indices. The table is never iterated,
/// so nothing depends on its order; the standard hasher costs 20 ns a message.
#[derive(Default)]
struct PairHasher(u64);

impl Hasher for PairHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, pair: u64) {
        let mixed = (self.0 ^ pair).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
