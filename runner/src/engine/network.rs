//! What links do to messages: each sent message gets a verdict.
//!
//! An ideal link and one of constant latency need no memory. A link that draws,
//! or that must keep an order that its latencies would break, has a state per
//! direction, made when its first message comes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::engine::roster::Roster;
use crate::engine::topology::{LinkEnd, NO_RULE, Topology};
use crate::random::distribution::Distribution;
use crate::random::{Random, Streams};
use crate::scenario::{Link, LinkRule, Order};
use crate::time::{SimDuration, SimTime};

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
}

/// What a link rule asks for.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The same latency for every message, none lost.
    Constant(SimDuration),
    /// Anything else: the pair has a state.
    Stateful,
}

/// One direction of a link.
#[derive(Debug)]
struct Pair {
    random: Random,
    last_arrival: SimTime,
}

impl Network {
    /// The links that `rules` make between the nodes of a run.
    pub fn new(roster: &Roster, rules: &[LinkRule], streams: &Streams) -> Network {
        let kind = |link: &Link| match link.latency {
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
            Some(Kind::Stateful) => None,
        }
    }

    fn draw(&mut self, roster: &Roster, from: u32, to: LinkEnd, now: SimTime) -> Verdict {
        let link = &self.links[to.rule as usize];
        let pair = self
            .pairs
            .entry(u64::from(from) << 32 | u64::from(to.node))
            .or_insert_with(|| {
                let name = |node| roster.stream_name(node).unwrap_or_default();
                Pair {
                    random: self.streams.link(&name(from), &name(to.node)),
                    last_arrival: SimTime::ZERO,
                }
            });
        // Both are drawn for every message, so that a change of `loss` alone
        // leaves the latencies as they were.
        let lost = pair.random.unit() < link.loss;
        let latency = link.latency.sample_span(&mut pair.random);
        if lost {
            return Verdict::Lost;
        }
        let mut arrival = now + latency;
        if link.order == Order::Fifo {
            arrival = arrival.max(pair.last_arrival);
        }
        pair.last_arrival = arrival.max(pair.last_arrival);
        Verdict::Arrives(arrival)
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
