//! The same experiment as one plain program: no plugin, no engine, no records, no choice
//! at run time.
//!
//! It is written for this experiment only, and to be fast: a machine is one cache line,
//! messages are in one slab with a linked list per inbox, and machines of one rate tick
//! together. With latency, pending messages are in the standard library's `BinaryHeap`.
//! It draws from the same random streams, so its machines end with the same clocks as the
//! engine's.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use base::distribution::Distribution;
use base::random::{Purpose, Random};
use base::time::SimTime;

use crate::model::{CLUSTER, FACES, Outcome, RATES, Size};

/// Runs the experiment once.
pub fn run(size: &Size, run: u32) -> Outcome {
    match size.latency() {
        None => simulate(size, run, &mut Ideal { nodes: size.nodes }),
        Some(latency) => simulate(size, run, &mut Slow::new(size, run, latency, ())),
    }
}

/// Sees the events in their order.
pub trait Witness {
    /// Whether it looks.
    const SEES: bool = true;

    /// A machine ticks; or a message arrives there, the one that was sent as the
    /// `sequence`-th.
    fn sees(&mut self, _time: u64, _sequence: u64, _node: u32) {}
}

/// The sequence of a tick: ticks come after all arrivals of their instant.
pub const TICK: u64 = u64::MAX;

impl Witness for () {
    const SEES: bool = false;
}

/// Runs an experiment with latency once, and shows its events to a witness.
pub fn run_seen<W: Witness>(size: &Size, run: u32, witness: W) -> (Outcome, W) {
    let latency = size.latency().expect("links with latency");
    let mut links = Slow::new(size, run, latency, witness);
    let outcome = simulate(size, run, &mut links);
    (outcome, links.witness)
}

/// 64 bytes, aligned: a step touches one cache line and its message's.
#[repr(align(64))]
struct Machine {
    random: [u64; 4],
    clock: u64,
    head: u32,
    tail: u32,
}

struct Place {
    clock: u64,
    /// The next message in the same inbox, or the next free entry.
    next: u32,
}

const NONE: u32 = u32::MAX;

/// Machines, with the messages in their inboxes.
pub struct Machines {
    machines: Vec<Machine>,
    slab: Vec<Place>,
    free: u32,
    pub events: u64,
    pub messages: u64,
}

/// The links between the machines.
pub trait Links {
    /// The number of machines that a machine can send to.
    fn peers(&self) -> u64;
    /// Sends a clock to the machine that is `peer + 1` places after `from`.
    fn send(&mut self, machines: &mut Machines, from: u32, peer: u64, clock: u64, now: u64);
    /// Handles all arrivals up to and including `time`.
    fn deliver(&mut self, machines: &mut Machines, time: u64);
    /// A machine ticks.
    fn ticks(&mut self, _node: u32, _now: u64) {}
}

/// The machines of one rate: they tick together.
struct Lane {
    rate: u64,
    machines: Vec<u32>,
    round: u64,
    next: u64,
    cursor: usize,
}

/// The machines of all rates.
pub struct Lanes(Vec<Lane>);

fn simulate(size: &Size, run: u32, links: &mut impl Links) -> Outcome {
    let (mut all, mut lanes) = prepare(size, run, 0..size.nodes);
    let end = size.seconds * 1_000_000_000;
    while lanes.next() <= end {
        lanes.instant(&mut all, links);
    }
    links.deliver(&mut all, end);
    Outcome {
        events: all.events,
        messages: all.messages,
        clocks: all.clocks().collect(),
    }
}

/// Some of the machines of a run. Here they are numbered from 0.
pub fn prepare(size: &Size, run: u32, nodes: impl Iterator<Item = u32>) -> (Machines, Lanes) {
    let streams = size.streams(run);
    let mut lanes: Vec<Lane> = (RATES.0 as u64..=RATES.1 as u64)
        .map(|rate| Lane {
            rate,
            machines: Vec::new(),
            round: 1,
            next: 1_000_000_000 / rate,
            cursor: 0,
        })
        .collect();
    let mut all = Machines {
        machines: Vec::with_capacity(nodes.size_hint().0),
        slab: Vec::new(),
        free: NONE,
        events: 0,
        messages: 0,
    };
    for (here, node) in (0..).zip(nodes) {
        let name = Size::name(node);
        let rate = Size::rate().sample(&mut streams.node(Purpose::Tick, &name)) as i64;
        lanes[(rate - RATES.0) as usize].machines.push(here);
        all.machines.push(Machine {
            random: streams.node(Purpose::Behavior, &name).0,
            clock: 0,
            head: NONE,
            tail: NONE,
        });
    }
    lanes.retain(|lane| !lane.machines.is_empty());
    (all, Lanes(lanes))
}

impl Lanes {
    /// When a machine ticks next `[ns]`.
    pub fn next(&self) -> u64 {
        let lanes = self.0.iter();
        lanes.map(|lane| lane.next).min().unwrap_or(u64::MAX)
    }

    /// All that happens until the next ticks, and these.
    #[inline]
    pub fn instant(&mut self, all: &mut Machines, links: &mut impl Links) {
        let lanes = &mut self.0;
        let now = lanes.iter().map(|lane| lane.next).min().unwrap_or(u64::MAX);
        lanes.sort_by_key(|lane| lane.next != now);
        let due = lanes.iter().take_while(|lane| lane.next == now).count();
        match &lanes[..due] {
            [lane] => {
                for &node in &lane.machines {
                    links.deliver(all, now);
                    all.step(links, node, now);
                }
            }
            // Several rates tick at this instant: their machines in order.
            _ => {
                while let Some(lane) = lanes[..due]
                    .iter_mut()
                    .filter(|lane| lane.cursor < lane.machines.len())
                    .min_by_key(|lane| lane.machines[lane.cursor])
                {
                    links.deliver(all, now);
                    let node = lane.machines[lane.cursor];
                    lane.cursor += 1;
                    all.step(links, node, now);
                }
            }
        }
        for lane in &mut lanes[..due] {
            lane.cursor = 0;
            lane.round += 1;
            lane.next = lane.round * 1_000_000_000 / lane.rate;
        }
    }
}

impl Machines {
    /// Each machine's clock.
    pub fn clocks(&self) -> impl Iterator<Item = u64> {
        self.machines.iter().map(|machine| machine.clock)
    }

    #[inline]
    fn step(&mut self, links: &mut impl Links, node: u32, now: u64) {
        self.events += 1;
        links.ticks(node, now);
        let machine = &mut self.machines[node as usize];
        if machine.head != NONE {
            let id = machine.head;
            let place = &mut self.slab[id as usize];
            machine.clock = machine.clock.max(place.clock) + 1;
            machine.head = place.next;
            if machine.head == NONE {
                machine.tail = NONE;
            }
            place.next = self.free;
            self.free = id;
            return;
        }
        let roll = below(&mut machine.random, FACES) + 1;
        machine.clock += 1;
        let clock = machine.clock;
        let others = links.peers();
        match roll {
            1..=2 if others == 2 => links.send(self, node, roll - 1, clock, now),
            3 if others == 2 => {
                links.send(self, node, 0, clock, now);
                links.send(self, node, 1, clock, now);
            }
            1..=2 => {
                let peer = below(&mut machine.random, others);
                links.send(self, node, peer, clock, now);
            }
            3 => {
                let first = below(&mut machine.random, others);
                let second = below(&mut machine.random, others - 1);
                let second = second + u64::from(second >= first);
                links.send(self, node, first, clock, now);
                links.send(self, node, second, clock, now);
            }
            _ => {}
        }
    }

    #[inline]
    pub fn arrive(&mut self, node: u32, clock: u64) {
        self.events += 1;
        let place = Place { clock, next: NONE };
        let id = self.free;
        let id = if id == NONE {
            self.slab.push(place);
            self.slab.len() as u32 - 1
        } else {
            self.free = self.slab[id as usize].next;
            self.slab[id as usize] = place;
            id
        };
        let machine = &mut self.machines[node as usize];
        if machine.tail == NONE {
            machine.head = id;
        } else {
            self.slab[machine.tail as usize].next = id;
        }
        machine.tail = id;
    }
}

/// Every machine is linked to every other, without latency.
struct Ideal {
    nodes: u32,
}

impl Links for Ideal {
    fn peers(&self) -> u64 {
        u64::from(self.nodes - 1)
    }

    #[inline]
    fn send(&mut self, machines: &mut Machines, from: u32, peer: u64, clock: u64, _: u64) {
        machines.messages += 1;
        let to = from + 1 + peer as u32;
        let to = if to >= self.nodes {
            to - self.nodes
        } else {
            to
        };
        machines.arrive(to, clock);
    }

    fn deliver(&mut self, _: &mut Machines, _: u64) {}
}

/// Machines in clusters, with links of random latency.
struct Slow<W> {
    pairs: Pairs,
    pending: Pending,
    sequence: u64,
    witness: W,
}

/// The links of some machines: each draws from a stream of its own.
pub struct Pairs {
    latency: Distribution,
    size: Size,
    run: u32,
    /// By sender and peer.
    pairs: Vec<Option<Pair>>,
}

/// Messages on their way: time, order of sending, destination, clock; the earliest on top.
pub type Pending = BinaryHeap<Reverse<(u64, u64, u32, u64)>>;

struct Pair {
    random: Random,
    last_arrival: u64,
}

impl Pairs {
    /// The links of `senders` machines.
    pub fn new(size: &Size, run: u32, latency: Distribution, senders: usize) -> Pairs {
        let pairs = senders * (CLUSTER - 1) as usize;
        Pairs {
            latency,
            size: *size,
            run,
            pairs: std::iter::repeat_with(|| None).take(pairs).collect(),
        }
    }

    /// The destination of a message to `peer`, and when it arrives. `here` is the number of
    /// the sender among those whose links these are.
    #[inline]
    pub fn send(&mut self, from: u32, here: u32, peer: u64, now: u64) -> (u32, u64) {
        let place = from % CLUSTER;
        let to = from - place + (place + 1 + peer as u32) % CLUSTER;
        let index = here as usize * (CLUSTER - 1) as usize + peer as usize;
        let (size, run) = (&self.size, self.run);
        let pair = self.pairs[index].get_or_insert_with(|| Pair {
            random: size
                .streams(run)
                .link(Purpose::Link, &Size::name(from), &Size::name(to)),
            last_arrival: 0,
        });
        pair.random.next_u64(); // the draw for loss, of which there is none
        let arrival = SimTime(now) + self.latency.sample_span(&mut pair.random);
        pair.last_arrival = pair.last_arrival.max(arrival.0);
        (to, pair.last_arrival)
    }
}

impl<W> Slow<W> {
    fn new(size: &Size, run: u32, latency: Distribution, witness: W) -> Slow<W> {
        Slow {
            pairs: Pairs::new(size, run, latency, size.nodes as usize),
            pending: BinaryHeap::new(),
            sequence: 0,
            witness,
        }
    }
}

impl<W: Witness> Links for Slow<W> {
    fn peers(&self) -> u64 {
        u64::from(CLUSTER - 1)
    }

    #[inline]
    fn send(&mut self, machines: &mut Machines, from: u32, peer: u64, clock: u64, now: u64) {
        machines.messages += 1;
        let (to, arrival) = self.pairs.send(from, from, peer, now);
        self.pending
            .push(Reverse((arrival, self.sequence, to, clock)));
        self.sequence += 1;
    }

    #[inline]
    fn deliver(&mut self, machines: &mut Machines, time: u64) {
        while let Some(&Reverse((due, sequence, to, clock))) = self.pending.peek() {
            if due > time {
                break;
            }
            self.pending.pop();
            self.witness.sees(due, sequence, to);
            machines.arrive(to, clock);
        }
    }

    #[inline]
    fn ticks(&mut self, node: u32, now: u64) {
        self.witness.sees(now, TICK, node);
    }
}

/// xoshiro256++ and Lemire's method, as the engine's streams are.
#[inline]
fn below(s: &mut [u64; 4], count: u64) -> u64 {
    let mut next = || {
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    };
    let mut wide = u128::from(next()) * u128::from(count);
    if (wide as u64) < count {
        let threshold = count.wrapping_neg() % count;
        while (wide as u64) < threshold {
            wide = u128::from(next()) * u128::from(count);
        }
    }
    (wide >> 64) as u64
}
