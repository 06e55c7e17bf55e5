//! How long a program has gone on: by its own processor time, so that a machine that is busy or
//! was suspended does not end a program that would have rested; and by the wall clock, for one
//! that waits for what never comes.

use std::time::{Duration, Instant};

use crate::{Fault, kernel};

/// So many times the bound for processor time is the bound for the wall clock. Chosen, not tuned.
const WALL: u32 = 6;

/// A point in a program's life.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    process: i32,
    wall: Instant,
    /// The processor time until then; none if the kernel does not say it.
    processor: Option<Duration>,
}

impl Since {
    /// Now, for this process.
    pub fn now(process: i32) -> Since {
        Since {
            process,
            wall: Instant::now(),
            processor: kernel::processor_time(process),
        }
    }

    /// Which bound the program has exceeded, if it has: this for processor time; or [`WALL`]
    /// times as much for the wall clock, unless it is on its way to the first one.
    pub fn exceeded(&self, bound: Duration) -> Option<Fault> {
        // The wall clock is read without a system call, and all tasks share one processor.
        let wall = self.wall.elapsed();
        if wall <= bound {
            return None;
        }
        let computed = self.computed();
        if computed > bound {
            return Some(Fault::NoRest(bound));
        }
        let is_idle = wall > bound * WALL && computed < bound / 2;
        is_idle.then_some(Fault::Stuck(bound * WALL))
    }

    /// The processor time since then, of all tasks.
    fn computed(&self) -> Duration {
        let now = kernel::processor_time(self.process);
        let computed = now
            .zip(self.processor)
            .map(|(now, then)| now.saturating_sub(then));
        // A process that has just ended has no clock.
        computed.unwrap_or_default()
    }
}
