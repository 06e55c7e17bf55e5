//! How long a program has gone on, by a clock that a busy machine does not move: it counts the
//! time in which the program computes, and the time in which it waits. While the program would
//! compute and other programs have the processors, it stands still; so it does while this
//! process does not get to look. A limit by this clock ends a program that hangs, and none that
//! would have gone on.
//!
//! The wall clock alone says nothing of a program: at the lowest priority, beside programs that
//! compute, it has one 68th of a processor, and an interpreter that starts in 0.1 s takes 7 s.

use std::time::{Duration, Instant};

use crate::family;

/// The span between two looks at the program. Chosen, not tuned: a look reads some files of each
/// process that the program has started; on a few kernels, of all processes.
pub const EVERY: Duration = Duration::from_millis(100);

/// A program that waits for a device is not counted; so many times a limit by the wall clock,
/// it is over nevertheless. Chosen, not tuned.
const WALL: u32 = 60;

/// The clock of a program and all that it has started.
#[derive(Clone, Debug)]
pub struct Patience {
    process: u32,
    begun: Instant,
    looked: Instant,
    /// The processor time of the program at the last look, if there was one.
    processor: Option<Duration>,
    computed: Duration,
    waited: Duration,
}

impl Patience {
    /// The clock of a process and all that it has started, at 0. It does not look yet.
    pub fn with(process: u32) -> Patience {
        let now = Instant::now();
        Patience {
            process,
            begun: now,
            looked: now,
            processor: None,
            computed: Duration::ZERO,
            waited: Duration::ZERO,
        }
    }

    /// Looks at the program, if it is time to. To be called more often than [`EVERY`]: at
    /// most so much is counted as waiting between two calls.
    pub fn look(&mut self) {
        self.look_at(true);
    }

    /// Looks at a program that is known to go on: if it waits just now, then for this process.
    pub fn look_while_it_goes_on(&mut self) {
        self.look_at(false);
    }

    fn look_at(&mut self, may_wait: bool) {
        let passed = self.looked.elapsed();
        if passed < EVERY {
            return;
        }
        self.looked = Instant::now();
        // Of a program that is gone, or without `/proc`, the wall clock is all there is.
        let Some(load) = family::load(self.process) else {
            self.waited += passed;
            return;
        };
        // Less than before, if one that had no parent has ended.
        let before = self.processor.replace(load.processor);
        let before = before.unwrap_or(load.processor);
        self.computed += load.processor.saturating_sub(before);
        if may_wait && !load.is_ready {
            self.waited += EVERY.min(passed);
        }
    }

    /// The time that counts.
    pub fn spent(&self) -> Duration {
        self.computed + self.waited
    }

    /// The part of it in which the program has computed.
    pub fn computed(&self) -> Duration {
        self.computed
    }

    /// Whether a limit is over.
    pub fn is_over(&self, limit: Duration) -> bool {
        self.spent() > limit || self.begun.elapsed() > limit.saturating_mul(WALL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command, Stdio};
    use std::thread;

    struct Ended(Child);

    impl Ended {
        fn shell(script: &str) -> Ended {
            let mut command = Command::new("sh");
            let command = command.args(["-c", script]).stdin(Stdio::piped());
            Ended(command.spawn().unwrap())
        }
    }

    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    fn until_over(program: &Ended, limit: Duration) -> Patience {
        let mut patience = Patience::with(program.0.id());
        while !patience.is_over(limit) {
            patience.look();
            thread::yield_now();
        }
        patience
    }

    #[test]
    fn a_program_that_waits_is_counted_by_the_wall_clock() {
        let waits = Ended::shell("read line");
        let begun = Instant::now();
        let patience = until_over(&waits, Duration::from_millis(400));
        assert!(begun.elapsed() >= Duration::from_millis(400));
        assert!(
            patience.computed() < Duration::from_millis(200),
            "{patience:?}"
        );
    }

    #[test]
    fn a_program_that_computes_or_has_started_one_is_counted_by_processor_time() {
        for script in [
            "while :; do :; done",
            "(while kill -0 $$ 2>/dev/null; do :; done) & wait",
        ] {
            let computes = Ended::shell(script);
            let patience = until_over(&computes, Duration::from_millis(400));
            assert!(
                patience.computed() >= Duration::from_millis(300),
                "{script}: {patience:?}"
            );
        }
    }

    #[test]
    fn while_nobody_looks_next_to_nothing_is_counted() {
        let waits = Ended::shell("read line");
        let mut patience = Patience::with(waits.0.id());
        patience.looked -= EVERY * 5;
        patience.look();
        assert!(patience.spent() < EVERY * 2, "{patience:?}");
    }
}
