//! What links do to messages: whether and when a message arrives.
//!
//! An ideal link and one of constant latency need no memory. A link that draws, or that
//! must keep an order that its latencies would break, has a state per direction, which
//! is created with its first message.
//!
//! # The way of a message
//!
//! A message waits until those before it have left; it has left after its size over the
//! bandwidth ([`Link::bandwidth`]); it arrives after its latency. It may be lost,
//! corrupted, or duplicated; the copy has the same bytes and a latency of its own. A
//! message that is lost has used the bandwidth.
//!
//! Every draw is made for every message, from a stream for each kind of draw: a change
//! of `loss` alone leaves latencies, copies and corruptions as they were.
//!
//! # Faults
//!
//! A message that a partition cuts never enters its link; with `cut`, a message that is
//! under way when the partition begins is dropped, too. While a fault changes a link,
//! all draws for it are from the fault's own streams; afterwards the link continues with
//! its own streams where it was. The order of messages and the queue for the link belong
//! to the link, and continue.

mod link_faults;
mod transmitter;

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::topology::{LinkEnd, NO_RULE, Topology};
use base::distribution::Distribution;
use base::random::{Purpose, Random, Streams};
use base::time::{SimDuration, SimTime};
use link_faults::{Extra, LinkFaults};
use model::roster::Roster;
use model::{FaultKind, Link, LinkRule, Loss, Order};
use transmitter::Transmitter;

/// The links of one run.
#[derive(Debug)]
pub struct Network {
    /// The links.
    pub topology: Topology,
    kinds: Vec<LinkKind>,
    links: Vec<Link>,
    pairs: HashMap<u64, Pair, BuildHasherDefault<PairHasher>>,
    streams: Streams,
    /// Whether a fault of this run may cut or change links. If so, every message is
    /// [`Verdict::Elaborate`].
    expects_faults: bool,
    faults: LinkFaults,
}

/// What a link does to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It arrives at this time.
    Arrives(SimTime),
    /// It is lost on the way.
    Lost,
    /// The link may do more: call [`Network::pass`].
    Elaborate,
}

/// What a link does to a message, if it does more than delay and lose it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// When it arrives; none: it is lost, and has no copy.
    pub arrival: Option<SimTime>,
    /// When its copy arrives, if there is one.
    pub copy: Option<SimTime>,
    /// How it is changed, if it is.
    pub change: Option<Change>,
}

/// A corruption: one byte that is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The byte's position, as a share of the message `[2^-64]`.
    position: u64,
    /// The bits to flip; not 0.
    flip: u8,
}

impl Change {
    /// Corrupts a message, unless it is empty.
    pub fn apply(self, bytes: &mut [u8]) {
        let position = (u128::from(self.position) * bytes.len() as u128) >> 64;
        if let Some(byte) = bytes.get_mut(position as usize) {
            *byte ^= self.flip;
        }
    }
}

/// How much work the links of a rule are.
#[derive(Clone, Copy, Debug)]
enum LinkKind {
    /// The same latency for every message, and no loss.
    Constant(SimDuration),
    /// Drawn latency and loss, with this probability: each direction has a state.
    Stateful { loss: f64 },
    /// Anything else.
    Elaborate,
}

/// One direction of a link.
#[derive(Debug)]
struct Pair {
    random: Random,
    last_arrival: SimTime,
    /// What an elaborate link needs in addition.
    more: Option<Box<More>>,
}

#[derive(Debug)]
struct More {
    extra: Extra,
    transmitter: Transmitter,
}

impl Network {
    /// The links that `rules` make between the nodes of a run.
    pub fn new(roster: &Roster, rules: &[LinkRule], streams: &Streams) -> Network {
        let kind = |link: &Link| match (&link.latency, link.loss) {
            _ if link.is_elaborate() => LinkKind::Elaborate,
            (Distribution::Constant(_) | Distribution::Exact(_), Loss::NONE) => {
                // A constant draws nothing from the stream that it is given.
                let latency = link.latency.sample_span(&mut Random([0; 4]));
                LinkKind::Constant(latency)
            }
            (_, Loss::Independent(loss)) => LinkKind::Stateful { loss },
            _ => LinkKind::Elaborate,
        };
        Network {
            topology: Topology::new(roster.len(), rules, &roster.listeners()),
            kinds: rules.iter().map(|rule| kind(&rule.link)).collect(),
            links: rules.iter().map(|rule| rule.link.clone()).collect(),
            pairs: HashMap::default(),
            streams: streams.clone(),
            expects_faults: false,
            faults: LinkFaults::default(),
        }
    }

    /// Draws from these streams from now on.
    pub fn reseed(&mut self, streams: &Streams, roster: &Roster) {
        let name = |node: u32| roster.stream_name(node).unwrap_or_default();
        // In any order: each stream depends on its name alone.
        for (&key, pair) in &mut self.pairs {
            let (from, to) = (name((key >> 32) as u32), name(key as u32));
            pair.random = streams.link(Purpose::Link, &from, &to);
            if let Some(more) = &mut pair.more {
                more.extra
                    .reseed(|purpose| streams.link(purpose, &from, &to));
            }
        }
        self.faults.reseed(streams, roster);
        self.streams = streams.clone();
    }

    /// Announces faults that cut or change links.
    pub fn expect_faults(&mut self) {
        self.expects_faults = true;
    }

    /// Begins the window of a fault if it is one of links. Returns whether it is.
    pub fn begin_fault(&mut self, fault: usize, window: u64, kind: &FaultKind) -> bool {
        self.faults.begin(fault, window, kind)
    }

    /// Ends the window of a fault of links. Returns the number of messages that it touched.
    pub fn end_fault(&mut self, fault: usize) -> u64 {
        self.faults.end(fault)
    }

    /// Whether a partition cuts a message that comes from a program.
    pub fn cuts(&mut self, from: u32, to: u32) -> bool {
        self.expects_faults && self.faults.cut(from, to)
    }

    /// Whether a partition drops a message that is under way.
    pub fn cuts_under_way(&mut self, from: u32, to: u32) -> bool {
        self.expects_faults && self.faults.cut_under_way(from, to)
    }

    /// What happens to a message that `from` sends over its link to `to` now.
    #[inline]
    pub fn send(&mut self, roster: &Roster, from: u32, to: LinkEnd, now: SimTime) -> Verdict {
        if self.expects_faults {
            return Verdict::Elaborate;
        }
        if to.rule == NO_RULE {
            return Verdict::Arrives(now);
        }
        match self.kinds[to.rule as usize] {
            LinkKind::Constant(latency) => Verdict::Arrives(now + latency),
            LinkKind::Stateful { loss } => self.draw(roster, from, to, loss, now),
            LinkKind::Elaborate => Verdict::Elaborate,
        }
    }

    /// When the far end of a link is notified that `from` closes it: after everything
    /// that was sent before.
    pub fn closes(&self, from: u32, to: LinkEnd, now: SimTime) -> SimTime {
        let constant = now + self.constant(to).unwrap_or_default();
        let pair = self.pairs.get(&pair_key(from, to.node));
        pair.map_or(constant, |pair| pair.last_arrival.max(constant))
    }

    /// When the far end of a link is notified that it is open again: before everything
    /// that is sent from now on.
    pub fn opens(&self, to: LinkEnd, now: SimTime) -> SimTime {
        now + self.constant(to).unwrap_or_default()
    }

    fn constant(&self, to: LinkEnd) -> Option<SimDuration> {
        match self.kinds.get(to.rule as usize) {
            None => Some(SimDuration::ZERO),
            Some(LinkKind::Constant(latency)) => Some(*latency),
            Some(LinkKind::Stateful { .. } | LinkKind::Elaborate) => None,
        }
    }

    fn draw(
        &mut self,
        roster: &Roster,
        from: u32,
        to: LinkEnd,
        loss: f64,
        now: SimTime,
    ) -> Verdict {
        let link = &self.links[to.rule as usize];
        let pair = self
            .pairs
            .entry(pair_key(from, to.node))
            .or_insert_with(|| Pair::new(&self.streams, roster, from, to.node));
        // Both are drawn for every message, so that a change of `loss` alone
        // leaves the latencies as they were.
        let lost = pair.random.unit() < loss;
        let latency = link.latency.sample_span(&mut pair.random);
        if lost {
            return Verdict::Lost;
        }
        let arrival = now + latency;
        Verdict::Arrives(arrives(&mut pair.last_arrival, arrival, link.order))
    }

    /// What happens to a message of `size` bytes that `from` sends over its link to `to`
    /// now, for every kind of link and with faults.
    pub fn pass(
        &mut self,
        roster: &Roster,
        from: u32,
        to: LinkEnd,
        size: u64,
        now: SimTime,
    ) -> Passage {
        if self.faults.cut(from, to.node) {
            return Passage::default();
        }
        let ends = (from, to.node);
        let names = || {
            let name = |node| roster.stream_name(node).unwrap_or_default();
            (name(from), name(to.node))
        };
        let (base, kind) = match to.rule {
            NO_RULE => (&Link::IDEAL, LinkKind::Constant(SimDuration::ZERO)),
            rule => (&self.links[rule as usize], self.kinds[rule as usize]),
        };
        let changed = self.faults.change(base, ends, names, &self.streams);
        let streams = &self.streams;
        let pair = match (&changed, kind) {
            (None, LinkKind::Constant(latency)) => {
                // No state is needed, unless a fault has created one.
                match self.pairs.get_mut(&pair_key(from, to.node)) {
                    Some(pair) => pair,
                    None => return Passage::arriving(now + latency),
                }
            }
            _ => self
                .pairs
                .entry(pair_key(from, to.node))
                .or_insert_with(|| Pair::new(streams, roster, from, to.node)),
        };
        let Pair {
            random,
            last_arrival,
            more,
        } = pair;
        let more = more.get_or_insert_with(|| Box::new(More::new(streams, names)));
        let (link, drawn) = match changed {
            Some((link, draws)) => {
                let drawn = Drawn::new(&link, &mut draws.link, &mut draws.extra);
                (Cow::Owned(link), drawn)
            }
            None => {
                let drawn = Drawn::new(base, random, &mut more.extra);
                (Cow::Borrowed(base), drawn)
            }
        };
        let left = more.transmitter.send(&link, size, now);
        let Some(left) = left.filter(|_| !drawn.lost) else {
            return Passage::default();
        };
        let mut arrives = |latency| arrives(last_arrival, left + latency, link.order);
        Passage {
            arrival: Some(arrives(drawn.latency)),
            copy: drawn.copy.map(&mut arrives),
            change: drawn.change,
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
}

/// When a message arrives, given when it would arrive without an order.
fn arrives(last_arrival: &mut SimTime, mut arrival: SimTime, order: Order) -> SimTime {
    if order == Order::Fifo {
        arrival = arrival.max(*last_arrival);
    }
    *last_arrival = arrival.max(*last_arrival);
    arrival
}

impl More {
    fn new(streams: &Streams, names: impl Fn() -> (String, String)) -> More {
        let (from, to) = names();
        More {
            extra: Extra::new(|purpose| streams.link(purpose, &from, &to)),
            transmitter: Transmitter::default(),
        }
    }
}

impl Passage {
    /// A message that arrives at this time, without copy or corruption.
    fn arriving(time: SimTime) -> Passage {
        Passage {
            arrival: Some(time),
            ..Passage::default()
        }
    }
}

/// The draws for one message.
struct Drawn {
    lost: bool,
    latency: SimDuration,
    /// The latency of its copy, if it has one.
    copy: Option<SimDuration>,
    change: Option<Change>,
}

impl Drawn {
    fn new(link: &Link, random: &mut Random, extra: &mut Extra) -> Drawn {
        let loss = extra.loss(link.loss);
        let (copies, changes) = (&mut extra.duplicate, &mut extra.corrupt);
        Drawn {
            lost: random.unit() < loss,
            latency: link.latency.next_span(random, &mut extra.latencies),
            copy: (link.duplicate > 0.0)
                .then(|| {
                    let copied = copies.unit() < link.duplicate;
                    let latency = link.latency.next_span(copies, &mut extra.copies);
                    copied.then_some(latency)
                })
                .flatten(),
            change: (link.corrupt > 0.0)
                .then(|| {
                    let changed = changes.unit() < link.corrupt;
                    let position = changes.next_u64();
                    // Some of the 255 values are more likely by 2^-56: negligible.
                    let flip = 1 + (changes.next_u64() % 255) as u8;
                    changed.then_some(Change { position, flip })
                })
                .flatten(),
        }
    }
}

/// Fibonacci hashing of one pair of node indices. The table is never iterated, so
/// nothing depends on its order. The standard hasher would cost 20 ns a message.
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
