//! The clock machines on NexoSim: `peer-nexosim NODES SECONDS` prints the number
//! of events (ticks and arrivals) and the seconds that they took.
//!
//! The model is written as NexoSim's users write theirs: a machine is a model, its
//! ticks are a periodic event that it schedules for itself, and it has an output port
//! to each other machine, so that a message goes to one receiver only. It runs on one
//! thread, the fastest mode for steps as short as these. The time to connect the
//! ports is not measured.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::Output;
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

const FACES: u64 = 10;
const SEED: u64 = 262;

/// Ticks and arrivals, of all machines.
static EVENTS: AtomicU64 = AtomicU64::new(0);

#[derive(Serialize, Deserialize)]
struct Machine {
    /// A port to each other machine, the next machine first.
    others: Vec<Output<u64>>,
    inbox: VecDeque<u64>,
    clock: u64,
    /// Ticks per second.
    rate: u64,
    random: Random,
}

#[Model]
impl Machine {
    fn new(random: Random) -> Machine {
        let mut random = random;
        Machine {
            others: Vec::new(),
            inbox: VecDeque::new(),
            clock: 0,
            rate: 1 + random.below(6),
            random,
        }
    }

    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        let period = Duration::from_nanos(1_000_000_000 / self.rate);
        cx.schedule_periodic_event(period, period, schedulable!(Self::tick), ())
            .expect("a period above 0");
    }

    /// A message arrives and waits in the inbox.
    fn receive(&mut self, clock: u64) {
        EVENTS.fetch_add(1, Ordering::Relaxed);
        self.inbox.push_back(clock);
    }

    /// One step.
    #[nexosim(schedulable)]
    async fn tick(&mut self) {
        EVENTS.fetch_add(1, Ordering::Relaxed);
        if let Some(received) = self.inbox.pop_front() {
            self.clock = self.clock.max(received) + 1;
            return;
        }
        self.clock += 1;
        let others = self.others.len() as u64;
        match self.random.below(FACES) {
            0..=1 => {
                let to = self.random.below(others);
                self.others[to as usize].send(self.clock).await;
            }
            2 => {
                let first = self.random.below(others);
                let second = self.random.below(others - 1);
                let second = second + u64::from(second >= first);
                self.others[first as usize].send(self.clock).await;
                self.others[second as usize].send(self.clock).await;
            }
            _ => {}
        }
    }
}

fn main() {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .map(|word| word.parse().expect("NODES SECONDS"))
        .collect();
    let [nodes, seconds] = numbers[..] else {
        panic!("usage: peer-nexosim NODES SECONDS");
    };

    let mailboxes: Vec<Mailbox<Machine>> = (0..nodes).map(|_| Mailbox::new()).collect();
    let mut bench = SimInit::with_num_threads(1);
    let machines: Vec<Machine> = (0..nodes as usize)
        .map(|node| {
            let mut machine = Machine::new(Random::new(SEED + node as u64));
            for step in 1..mailboxes.len() {
                let mut output = Output::new();
                output.connect(Machine::receive, &mailboxes[(node + step) % mailboxes.len()]);
                machine.others.push(output);
            }
            machine
        })
        .collect();
    for (node, (machine, mailbox)) in machines.into_iter().zip(mailboxes).enumerate() {
        bench = bench.add_model(machine, mailbox, &format!("machine-{}", node + 1));
    }
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("a simulation");

    let start = Instant::now();
    simulation
        .step_until(Duration::from_secs(seconds))
        .expect("a whole run");
    let time = start.elapsed();
    println!("{} {:.6}", EVENTS.load(Ordering::Relaxed), time.as_secs_f64());
}

/// xoshiro256++, seeded by SplitMix64.
#[derive(Serialize, Deserialize)]
struct Random([u64; 4]);

impl Random {
    fn new(seed: u64) -> Random {
        let mut counter = seed;
        Random(std::array::from_fn(|_| {
            counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let word = (counter ^ (counter >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^ (word >> 31)
        }))
    }

    /// A whole number below `count`, with a bias of at most 2^-60.
    fn below(&mut self, count: u64) -> u64 {
        let s = &mut self.0;
        let draw = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        ((u128::from(draw) * u128::from(count)) >> 64) as u64
    }
}
