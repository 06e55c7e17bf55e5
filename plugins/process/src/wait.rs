//! A limit on how long a program may take.

use runner_sdk::Program;
use std::time::{Duration, Instant};

/// So many times the limit is the limit by the wall clock, for a program that waits for a device:
/// its own clock does not count this. Chosen, not tuned.
pub const WALL: u32 = 60;

/// A program that answers within this is not looked at, which takes as long as many answers.
const AT_ONCE: Duration = Duration::from_millis(20);

/// A wait for a program.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    limit: Duration,
    begun: Instant,
    /// What the program's clock showed at the first look.
    first: Option<Duration>,
}

impl Wait {
    /// A wait that begins, with this limit.
    pub fn new(limit: Duration) -> Wait {
        let begun = Instant::now();
        let first = None;
        Wait {
            limit,
            begun,
            first,
        }
    }

    /// How long it has taken so far.
    pub fn taken(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Whether the limit is over: by the clock of the program, which stands still while other
    /// programs have the processors; or by the wall clock, if there is no such clock. To be
    /// called again and again, also long before the end: only then does that clock go on.
    pub fn is_over(&mut self, program: Option<&Program>) -> bool {
        let passed = self.begun.elapsed();
        if passed < AT_ONCE.min(self.limit) {
            return false;
        }
        match program.and_then(Program::time) {
            None => passed > self.limit,
            Some(time) => {
                let first = *self.first.get_or_insert(time);
                time.saturating_sub(first) > self.limit || passed > self.limit.saturating_mul(WALL)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_clock_of_the_program_the_wall_clock_counts() {
        assert!(!Wait::new(Duration::from_secs(600)).is_over(None));
        let mut over = Wait::new(Duration::ZERO);
        while !over.is_over(None) {}
    }
}
