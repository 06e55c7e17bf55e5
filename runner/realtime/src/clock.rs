//! The wall clock of a run in real time.
//!
//! Every time is measured from one start on the monotonic clock, so lateness
//! does not add up: tick 360 at 6 Hz is due at 60 s, however late the ticks before
//! it were. With a `speed` of 10, ten simulated seconds pass in one second.
//!
//! The start is a number that all processes of a run on a machine are given, so their
//! clocks are the same to the nanosecond. An [`Instant`](std::time::Instant) would have to
//! be found by reading two clocks, and a process that is interrupted between the two would
//! be ahead of the others for the whole run.

use std::time::Duration;

use base::exact::Decimal;
use base::time::{SimDuration, SimTime};
use os::clock::monotonic_ns;

/// The time since a run began, `speed` times as fast as real time.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    /// When the run began, on the monotonic clock `[ns]`.
    start_ns: u64,
    speed: f64,
    /// The speed as it is written: numerator and denominator; none if it has too many
    /// digits.
    exact: Option<(u128, u128)>,
}

impl WallClock {
    /// The clock of a run that begins at `start_ns` of the monotonic clock; `speed` is above 0.
    pub fn new(start_ns: u64, speed: f64) -> WallClock {
        let exact = Decimal::of(speed).map(|speed| {
            let (digits, ten) = speed.ratio();
            (digits.unsigned_abs(), ten)
        });
        WallClock {
            start_ns,
            speed,
            exact: exact.filter(|&(digits, _)| digits > 0),
        }
    }

    /// The clock of a run that has not begun: it shows 0.
    pub fn not_begun(speed: f64) -> WallClock {
        WallClock::new(u64::MAX, speed)
    }

    /// True time now; zero before the start.
    pub fn now(&self) -> SimTime {
        self.at(monotonic_ns())
    }

    /// True time when the monotonic clock shows this `[ns]`.
    pub fn at(&self, monotonic_ns: u64) -> SimTime {
        let passed = monotonic_ns.saturating_sub(self.start_ns);
        let exact = self.exact.and_then(|(digits, ten)| {
            let product = u128::from(passed).checked_mul(digits)?;
            Some(u64::try_from(product / ten).unwrap_or(u64::MAX))
        });
        SimTime(exact.unwrap_or((passed as f64 * self.speed) as u64))
    }

    /// A span of true time, as it passes on the wall.
    pub fn wall_span(&self, span: SimDuration) -> SimDuration {
        let exact = self.exact.and_then(|(digits, ten)| {
            let product = u128::from(span.0).checked_mul(ten)?;
            Some(u64::try_from(product / digits).unwrap_or(u64::MAX))
        });
        SimDuration(exact.unwrap_or((span.0 as f64 / self.speed) as u64))
    }

    /// The wait until an instant; zero if it has passed, none for
    /// [`SimTime::NEVER`].
    pub fn until(&self, time: SimTime) -> Option<Duration> {
        if time == SimTime::NEVER {
            return None;
        }
        // Rounded up: waking early would mean a second wait.
        let exact = self.exact.and_then(|(digits, ten)| {
            let product = u128::from(time.0).checked_mul(ten)?;
            Some(u64::try_from(product.div_ceil(digits)).unwrap_or(u64::MAX))
        });
        let real = exact.unwrap_or((time.0 as f64 / self.speed).ceil() as u64);
        let due_ns = self.start_ns.checked_add(real)?;
        Some(Duration::from_nanos(due_ns.saturating_sub(monotonic_ns())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_runs_from_the_start_at_the_given_speed() {
        let start = monotonic_ns();
        for (speed, passed) in [
            (1.0, 1_500_000_000),
            (10.0, 15_000_000_000),
            (1.1, 1_650_000_000),
            (0.3, 450_000_000),
            (1e-40, 0),
        ] {
            let clock = WallClock::new(start, speed);
            let later = start + 1_500_000_000;
            assert_eq!(clock.at(later), SimTime(passed));
            assert_eq!(clock.at(start), SimTime::ZERO);
            if passed > 0 {
                assert_eq!(clock.wall_span(SimDuration(passed)).0, 1_500_000_000);
            }
        }
        assert_eq!(
            WallClock::new(start, 1.0).until(SimTime::ZERO),
            Some(Duration::ZERO)
        );
        assert_eq!(WallClock::new(start, 1.0).until(SimTime::NEVER), None);
    }
}
