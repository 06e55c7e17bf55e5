//! The clocks that a program sees: all show the node's own time.

/// What the monotonic clock shows at time 0 `[ns]`. Programs take 0 for "never".
const MONOTONIC_BASE: u64 = 1_000_000_000_000;
/// The time of day at time 0 `[ns]`: 2020-09-13 12:26:40 UTC. Arbitrary, and not today, so
/// that nobody takes it for the time of the run.
const TIME_OF_DAY_BASE: u64 = 1_600_000_000_000_000_000;

/// How often a clock may be read at one instant before a program counts as waiting for it.
const READS: u32 = 10_000;
/// From then on each reading is so much later `[ns]`.
const SPIN: u64 = 1_000;

/// Which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The time since some instant.
    Monotonic,
    /// The time of day.
    TimeOfDay,
    /// The time that a processor has worked for the program. It shows the time since the
    /// run began: how fast the machine is must not be seen.
    Processor,
}

impl Kind {
    /// The clock of this number (`clock_gettime(2)`).
    pub fn of(number: i32) -> Kind {
        match number {
            libc::CLOCK_REALTIME
            | libc::CLOCK_REALTIME_COARSE
            | libc::CLOCK_REALTIME_ALARM
            | libc::CLOCK_TAI => Kind::TimeOfDay,
            libc::CLOCK_PROCESS_CPUTIME_ID | libc::CLOCK_THREAD_CPUTIME_ID | i32::MIN..0 => {
                Kind::Processor
            }
            _ => Kind::Monotonic,
        }
    }

    fn base(self) -> u64 {
        match self {
            Kind::Monotonic => MONOTONIC_BASE,
            Kind::TimeOfDay => TIME_OF_DAY_BASE,
            Kind::Processor => 0,
        }
    }
}

/// The clocks of one program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// The node's time now `[ns]`.
    now: u64,
    /// What was shown last, ahead of `now` if the program spins.
    shown: u64,
    /// Readings since the program last waited.
    reads: u32,
}

impl Clock {
    /// It is later; clocks never go back.
    pub fn set(&mut self, now: u64) {
        self.now = self.now.max(now);
        self.shown = self.shown.max(self.now);
    }

    /// The time, as the program knows it `[ns]`.
    pub fn time(&self) -> u64 {
        self.shown
    }

    /// The program waits: it does not spin.
    pub fn rest(&mut self) {
        self.reads = 0;
    }

    /// A reading of a clock, as seconds and nanoseconds.
    pub fn read(&mut self, kind: Kind) -> (i64, i64) {
        self.reads = self.reads.saturating_add(1);
        if self.reads > READS {
            self.shown += SPIN;
        }
        let time = self.shown.saturating_add(kind.base());
        (
            (time / 1_000_000_000).cast_signed(),
            (time % 1_000_000_000).cast_signed(),
        )
    }

    /// The node's time at which a clock shows this `[ns]`.
    pub fn when(kind: Kind, shown: u64) -> u64 {
        shown.saturating_sub(kind.base())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_spins_sees_time_pass_and_one_that_rests_does_not() {
        let mut clock = Clock::default();
        clock.set(5);
        for _ in 0..READS {
            assert_eq!(clock.read(Kind::Processor), (0, 5));
        }
        assert_eq!(clock.read(Kind::Processor), (0, 1_005));
        clock.rest();
        assert_eq!(clock.read(Kind::Processor), (0, 1_005));
        clock.set(900);
        assert_eq!(clock.time(), 1_005, "it never goes back");
        clock.set(2_000);
        assert_eq!(clock.read(Kind::Monotonic), (1_000, 2_000));
        assert_eq!(clock.read(Kind::TimeOfDay), (1_600_000_000, 2_000));
    }

    #[test]
    fn a_clock_is_known_by_its_number() {
        assert_eq!(Kind::of(libc::CLOCK_BOOTTIME), Kind::Monotonic);
        assert_eq!(Kind::of(libc::CLOCK_REALTIME_COARSE), Kind::TimeOfDay);
        assert_eq!(Kind::of(-6), Kind::Processor, "of another process");
        assert_eq!(Clock::when(Kind::Monotonic, MONOTONIC_BASE + 7), 7);
        assert_eq!(Clock::when(Kind::TimeOfDay, 0), 0, "long past");
    }
}
