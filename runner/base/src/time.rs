//! Instants and spans of simulated time: whole nanoseconds since the run began.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// An instant: nanoseconds since the run began `[ns]`. 64 bits are 584 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(pub u64);

/// A span of simulated time `[ns]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimDuration(pub u64);

impl SimTime {
    /// The beginning of a run.
    pub const ZERO: SimTime = SimTime(0);
    /// Later than everything that happens.
    pub const NEVER: SimTime = SimTime(u64::MAX);
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: SimDuration = SimDuration(0);
    /// One second.
    pub const SECOND: SimDuration = SimDuration(1_000_000_000);

    /// The span in seconds, for people; never for arithmetic that reaches a log.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl From<Duration> for SimDuration {
    /// Saturates at 2^64 ns.
    fn from(duration: Duration) -> SimDuration {
        SimDuration(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<SimDuration> for Duration {
    fn from(duration: SimDuration) -> Duration {
        Duration::from_nanos(duration.0)
    }
}

impl Add<SimDuration> for SimTime {
    type Output = SimTime;
    /// Saturates at [`SimTime::NEVER`].
    fn add(self, span: SimDuration) -> SimTime {
        SimTime(self.0.saturating_add(span.0))
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, span: SimDuration) {
        *self = *self + span;
    }
}

impl Sub for SimTime {
    type Output = SimDuration;
    /// The span since an earlier instant; zero if it is later.
    fn sub(self, earlier: SimTime) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for SimTime {
    /// As errors show it: `1.25 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SimDuration(self.0).fmt(f)
    }
}

impl fmt::Display for SimDuration {
    /// As errors show it: the largest unit that keeps the number at 1 or more,
    /// exact: `1.25 s`, `20 ms`, `0 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0 | 1_000_000_000.. => (1_000_000_000, "s"),
            1_000_000.. => (1_000_000, "ms"),
            1_000.. => (1_000, "us"),
            _ => (1, "ns"),
        };
        let (whole, mut rest, mut place) = (self.0 / unit, self.0 % unit, unit);
        write!(f, "{whole}")?;
        if rest > 0 {
            f.write_str(".")?;
            while rest > 0 {
                place /= 10;
                write!(f, "{}", rest / place)?;
                rest %= place;
            }
        }
        write!(f, " {name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_print_exactly_in_the_largest_unit() {
        let cases = [
            (0, "0 s"),
            (1_250_000_000, "1.25 s"),
            (20_000_000, "20 ms"),
            (1_000_000_001, "1.000000001 s"),
            (999, "999 ns"),
            (60_000_000_000, "60 s"),
        ];
        for (ns, text) in cases {
            assert_eq!(SimDuration(ns).to_string(), text);
        }
    }

    #[test]
    fn time_saturates_instead_of_wrapping() {
        assert_eq!(SimTime::NEVER + SimDuration::SECOND, SimTime::NEVER);
        assert_eq!(SimTime::ZERO - SimTime(5), SimDuration::ZERO);
    }
}
