//! How often a node ticks, and the offsets of its ticks.

use base::time::SimDuration;

/// The span between two ticks of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Period {
    /// Ticks per second `[1/s]`; above 0, at most 10^9.
    Rate(f64),
    /// The same span from each tick to the next; above 0.
    Interval(SimDuration),
}

impl Period {
    /// A key to sort by: equal exactly for equal periods.
    pub(super) fn key(self) -> (u8, u64) {
        match self {
            Period::Rate(rate) => (0, rate.to_bits()),
            Period::Interval(span) => (1, span.0),
        }
    }

    /// The mean span between two ticks `[ns]`.
    pub(super) fn mean_ns(self) -> f64 {
        match self {
            Period::Rate(rate) => 1e9 / rate,
            Period::Interval(span) => span.0 as f64,
        }
    }

    /// The least span between two ticks `[ns]`, floor rounding included.
    pub(super) fn least_ns(self) -> u64 {
        match self {
            Period::Rate(rate) => (1e9 / rate) as u64,
            Period::Interval(span) => span.0,
        }
    }
}

/// The offsets of a period's successive ticks, without a division for each.
#[derive(Debug)]
pub(super) struct TickOffsets {
    /// The current offset `[ns]`.
    pub(super) offset: u64,
    rule: OffsetRule,
}

#[derive(Debug)]
enum OffsetRule {
    /// A whole number of ticks per second: exact at any count.
    Whole {
        rate: u64,
        quotient: u64,
        remainder: u64,
        carried: u64,
    },
    /// Any other rate, computed from the number of the tick; exact to the
    /// nanosecond while count * 10^9 fits in 53 bits, and deterministic beyond.
    Fraction {
        rate: f64,
        count: u64,
    },
    Interval {
        span: u64,
    },
}

impl TickOffsets {
    /// Begins at offset 0.
    pub(super) fn new(period: Period) -> TickOffsets {
        let rule = match period {
            Period::Interval(span) => OffsetRule::Interval { span: span.0 },
            Period::Rate(rate) if rate.fract() == 0.0 => {
                let rate = rate as u64;
                OffsetRule::Whole {
                    rate,
                    quotient: 1_000_000_000 / rate,
                    remainder: 1_000_000_000 % rate,
                    carried: 0,
                }
            }
            Period::Rate(rate) => OffsetRule::Fraction { rate, count: 0 },
        };
        TickOffsets { offset: 0, rule }
    }

    /// Moves on to the next tick.
    pub(super) fn advance(&mut self) {
        match &mut self.rule {
            OffsetRule::Whole {
                rate,
                quotient,
                remainder,
                carried,
            } => {
                *carried += *remainder;
                self.offset = self.offset.saturating_add(*quotient);
                if *carried >= *rate {
                    *carried -= *rate;
                    self.offset += 1;
                }
            }
            OffsetRule::Fraction { rate, count } => {
                *count += 1;
                self.offset = (*count as f64 * 1e9 / *rate) as u64;
            }
            OffsetRule::Interval { span } => self.offset = self.offset.saturating_add(*span),
        }
    }
}
