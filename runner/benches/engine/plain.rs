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
        None => simulate(size, run, Ideal { nodes: size.nodes }),
        Some(latency) => simulate(size, run, Slow::new(size, run, latency)),
    }
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

struct Machines {
    machines: Vec<Machine>,
    slab: Vec<Place>,
    free: u32,
    events: u64,
    messages: u64,
}

/// The links between the machines.
trait Links {
    /// The number of machines that a machine can send to.
    fn peers(&self) -> u64;
    /// Sends a clock to the machine that is `peer + 1` places after `from`.
    fn send(&mut self, machines: &mut Machines, from: u32, peer: u64, clock: u64, now: u64);
    /// Handles all arrivals up to and including `time`.
    fn deliver(&mut self, machines: &mut Machines, time: u64);
}

/// The machines of one rate: they tick together.
struct Lane {
    rate: u64,
    machines: Vec<u32>,
    round: u64,
    next: u64,
    cursor: usize,
}

fn simulate(size: &Size, run: u32, mut links: impl Links) -> Outcome {
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
        machines: Vec::with_capacity(size.nodes as usize),
        slab: Vec::new(),
        free: NONE,
        events: 0,
        messages: 0,
    };
    for node in 0..size.nodes {
        let name = Size::name(node);
        let rate = Size::rate().sample(&mut streams.node(Purpose::Tick, &name)) as i64;
        lanes[(rate - RATES.0) as usize].machines.push(node);
        all.machines.push(Machine {
            random: streams.node(Purpose::Behavior, &name).0,
            clock: 0,
            head: NONE,
            tail: NONE,
        });
    }
    lanes.retain(|lane| !lane.machines.is_empty());

    let end = size.seconds * 1_000_000_000;
    loop {
        let now = lanes.iter().map(|lane| lane.next).min().unwrap_or(u64::MAX);
        if now > end {
            break;
        }
        lanes.sort_by_key(|lane| lane.next != now);
        let due = lanes.iter().take_while(|lane| lane.next == now).count();
        match &lanes[..due] {
            [lane] => {
                for &node in &lane.machines {
                    links.deliver(&mut all, now);
                    all.step(&mut links, node, now);
                }
            }
            // Several rates tick at this instant: their machines in order.
            _ => {
                while let Some(lane) = lanes[..due]
                    .iter_mut()
                    .filter(|lane| lane.cursor < lane.machines.len())
                    .min_by_key(|lane| lane.machines[lane.cursor])
                {
                    links.deliver(&mut all, now);
                    let node = lane.machines[lane.cursor];
                    lane.cursor += 1;
                    all.step(&mut links, node, now);
                }
            }
        }
        for lane in &mut lanes[..due] {
            lane.cursor = 0;
            lane.round += 1;
            lane.next = lane.round * 1_000_000_000 / lane.rate;
        }
    }
    links.deliver(&mut all, end);
    Outcome {
        events: all.events,
        messages: all.messages,
        clocks: all.machines.iter().map(|machine| machine.clock).collect(),
    }
}

impl Machines {
    #[inline]
    fn step(&mut self, links: &mut impl Links, node: u32, now: u64) {
        self.events += 1;
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
    fn arrive(&mut self, node: u32, clock: u64) {
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
struct Slow {
    latency: Distribution,
    size: Size,
    run: u32,
    /// By sender and peer.
    pairs: Vec<Option<Pair>>,
    /// Time, order of sending, destination, clock: the earliest on top.
    pending: BinaryHeap<Reverse<(u64, u64, u32, u64)>>,
    sequence: u64,
}

struct Pair {
    random: Random,
    last_arrival: u64,
}

impl Slow {
    fn new(size: &Size, run: u32, latency: Distribution) -> Slow {
        let pairs = size.nodes as usize * (CLUSTER - 1) as usize;
        Slow {
            latency,
            size: *size,
            run,
            pairs: std::iter::repeat_with(|| None).take(pairs).collect(),
            pending: BinaryHeap::new(),
            sequence: 0,
        }
    }
}

impl Links for Slow {
    fn peers(&self) -> u64 {
        u64::from(CLUSTER - 1)
    }

    #[inline]
    fn send(&mut self, machines: &mut Machines, from: u32, peer: u64, clock: u64, now: u64) {
        machines.messages += 1;
        let place = from % CLUSTER;
        let to = from - place + (place + 1 + peer as u32) % CLUSTER;
        let index = from as usize * (CLUSTER - 1) as usize + peer as usize;
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
        let event = (pair.last_arrival, self.sequence, to, clock);
        self.pending.push(Reverse(event));
        self.sequence += 1;
    }

    #[inline]
    fn deliver(&mut self, machines: &mut Machines, time: u64) {
        while let Some(&Reverse((due, _, to, clock))) = self.pending.peek() {
            if due > time {
                break;
            }
            self.pending.pop();
            machines.arrive(to, clock);
        }
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
