//! The clock machines on SimCore: `peer-simcore NODES SECONDS` prints the number of events
//! (ticks and arrivals) and the seconds that they took.
//!
//! The model is written as SimCore's users write theirs: a machine is a component with a context,
//! a tick is an event that it emits to itself, and a message is an event without delay.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;
use simcore::{Event, EventHandler, Id, Simulation, SimulationContext, cast};

const FACES: u64 = 10;
const SEED: u64 = 262;

#[derive(Clone, Serialize)]
struct Tick {}

#[derive(Clone, Serialize)]
struct Message {
    clock: u64,
}

struct Machine {
    context: SimulationContext,
    /// The other machines, the next one first, are the others from the first on.
    number: u64,
    machines: Rc<RefCell<Vec<Id>>>,
    inbox: VecDeque<u64>,
    clock: u64,
    /// Time from tick to tick `[s]`.
    period: f64,
    random: Pcg64Mcg,
    events: u64,
}

impl Machine {
    fn tick(&mut self) {
        self.context.emit_self(Tick {}, self.period);
        if let Some(received) = self.inbox.pop_front() {
            self.clock = self.clock.max(received) + 1;
            return;
        }
        self.clock += 1;
        let others = self.machines.borrow().len() as u64 - 1;
        match self.random.gen_range(0..FACES) {
            0..=1 => {
                let to = self.random.gen_range(0..others);
                self.send(to);
            }
            2 => {
                let first = self.random.gen_range(0..others);
                let second = self.random.gen_range(0..others - 1);
                self.send(first);
                self.send(second + u64::from(second >= first));
            }
            _ => {}
        }
    }

    fn send(&self, peer: u64) {
        let machines = self.machines.borrow();
        let to = (self.number + 1 + peer) % machines.len() as u64;
        let clock = self.clock;
        self.context
            .emit_now(Message { clock }, machines[to as usize]);
    }
}

impl EventHandler for Machine {
    fn on(&mut self, event: Event) {
        self.events += 1;
        cast!(match event.data {
            Tick {} => {
                self.tick()
            }
            Message { clock } => {
                self.inbox.push_back(clock)
            }
        })
    }
}

fn main() {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .map(|word| word.parse().expect("NODES SECONDS"))
        .collect();
    let [nodes, seconds] = numbers[..] else {
        panic!("usage: peer-simcore NODES SECONDS");
    };
    let mut simulation = Simulation::new(SEED);
    let ids = Rc::new(RefCell::new(Vec::new()));
    let mut machines = Vec::new();
    for number in 0..nodes {
        let name = format!("machine-{number}");
        let context = simulation.create_context(&name);
        let mut random = Pcg64Mcg::seed_from_u64(SEED + number);
        let machine = Rc::new(RefCell::new(Machine {
            context,
            number,
            machines: ids.clone(),
            inbox: VecDeque::new(),
            clock: 0,
            period: 1.0 / random.gen_range(1..=6_u32) as f64,
            random,
            events: 0,
        }));
        ids.borrow_mut()
            .push(simulation.add_handler(&name, machine.clone()));
        machines.push(machine);
    }
    for machine in &machines {
        let machine = machine.borrow();
        machine.context.emit_self(Tick {}, machine.period);
    }
    let start = Instant::now();
    simulation.step_until_time(seconds as f64);
    let time = start.elapsed();
    let events: u64 = machines.iter().map(|machine| machine.borrow().events).sum();
    println!("{events} {:.6}", time.as_secs_f64());
}
