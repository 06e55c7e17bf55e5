//! The tasks (threads) of a program, and what each does now. One at a time has the turn:
//! the others are held, or sleep in the kernel.

use std::collections::VecDeque;

use base::random::Random;

/// What a task does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It computes, or has just begun a call.
    Running,
    /// Its call is held.
    Held,
    /// It sleeps in a call that the kernel does, and was seen so.
    Asleep(String),
    /// It has called `exit`.
    Ending,
}

/// A task.
#[derive(Debug)]
pub struct Task {
    /// The kernel's number of it.
    pub id: u32,
    /// 0 for the first, in the order in which they were seen.
    pub number: u32,
    pub state: State,
    /// Its place in the order of held calls when it first calls; none once it has.
    pub first_order: Option<u64>,
    /// Its random bytes.
    pub random: Random,
    /// Number of waits without time in a row that found nothing.
    pub idle: u32,
    /// What was seen of it when it did not call for a while.
    pub seen: Option<String>,
}

/// All tasks of a program.
#[derive(Debug)]
pub struct Tasks {
    all: Vec<Task>,
    /// Makes the streams of random bytes.
    seed: u64,
    next: u32,
    /// Places in the order for tasks that were begun and not seen.
    reserved: VecDeque<u64>,
}

impl Tasks {
    /// The first task of a program.
    pub fn new(first: u32, seed: u64) -> Tasks {
        let mut tasks = Tasks {
            all: Vec::new(),
            seed,
            next: 0,
            reserved: VecDeque::new(),
        };
        tasks.add(first, 0).first_order = None;
        tasks
    }

    /// A task that was not seen before.
    pub fn add(&mut self, id: u32, order: u64) -> &mut Task {
        let number = self.next;
        self.next += 1;
        let first_order = Some(self.reserved.pop_front().unwrap_or(order));
        // A stream of its own: which task draws first does not matter.
        let seed = self.seed ^ u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.all.push(Task {
            id,
            number,
            state: State::Running,
            first_order,
            random: Random::from_seed(seed),
            idle: 0,
            seen: None,
        });
        let last = self.all.len() - 1;
        &mut self.all[last]
    }

    /// A task will begin; its first call has this place in the order.
    pub fn reserve(&mut self, order: u64) {
        self.reserved.push_back(order);
    }

    /// The task of this number of the kernel's.
    pub fn find(&mut self, id: u32) -> Option<&mut Task> {
        self.all.iter_mut().find(|task| task.id == id)
    }

    /// The task that the program knows by this number.
    pub fn by_number(&self, number: u32) -> Option<u32> {
        let found = self.all.iter().find(|task| task.number == number);
        found.map(|task| task.id)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// Whether one computes.
    pub fn any_running(&self) -> bool {
        self.all.iter().any(|task| task.state == State::Running)
    }

    /// Adds those that are there and not known, in order; drops those that have ended.
    pub fn refresh(&mut self, there: &[u32], order: u64) {
        self.all.retain(|task| there.contains(&task.id));
        for &id in there {
            if self.find(id).is_none() {
                self.add(id, order);
            }
        }
        self.reserved.clear();
    }

    /// Drops a task that has ended.
    pub fn remove(&mut self, id: u32) {
        self.all.retain(|task| task.id != id);
    }

    /// All of them.
    pub fn all_mut(&mut self) -> &mut [Task] {
        &mut self.all
    }
}
