//! How often a node ticks, and the offsets of its ticks.

use base::distribution::Distribution;
use base::exact::Decimal;
use base::random::Random;
use base::time::SimDuration;

/// The span between two ticks of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Period {
    /// Ticks per second, as they are written `[1/s]`; above 0, at most 10^9.
    Exact(Decimal),
    /// Ticks per second, drawn `[1/s]`; above 0, at most 10^9.
    Rate(f64),
    /// The same span from each tick to the next; above 0.
    Interval(SimDuration),
}

/// The number of nanoseconds of a second.
const SECOND: u128 = 1_000_000_000;

impl Period {
    /// The period of a rate `[1/s]` of this distribution.
    pub fn of_rate(rate: &Distribution, random: &mut Random) -> Period {
        match rate.constant() {
            Some(rate) => Period::Exact(rate),
            None => Period::drawn(rate, random),
        }
    }

    /// The period of a rate `[1/s]` that is drawn from this distribution.
    pub fn drawn(rate: &Distribution, random: &mut Random) -> Period {
        Period::Rate(rate.sample(random).min(1e9))
    }

    /// A key to sort by: equal for equal periods. Long numbers may share one, which costs
    /// lanes and nothing else.
    pub(super) fn key(self) -> (u8, u64) {
        match self {
            Period::Rate(rate) => (0, rate.to_bits()),
            Period::Interval(span) => (1, span.0),
            Period::Exact(rate) => (2, rate.digits() as u64),
        }
    }

    /// The span between two ticks as a fraction `[ns]`; none for a drawn rate, which
    /// need not be one of 128 bits.
    fn fraction(self) -> Option<(u128, u128)> {
        match self {
            Period::Exact(rate) => Some(span_of(rate)),
            Period::Interval(span) => Some((span.0.into(), 1)),
            Period::Rate(_) => None,
        }
    }

    /// The mean span between two ticks `[ns]`.
    fn mean_ns(self) -> f64 {
        match self {
            Period::Exact(rate) => 1e9 / rate.to_f64(),
            Period::Rate(rate) => 1e9 / rate,
            Period::Interval(span) => span.0 as f64,
        }
    }

    /// The least span between two ticks `[ns]`, floor rounding included.
    pub(super) fn least_ns(self) -> u64 {
        match (self, self.fraction()) {
            (_, Some((span, parts))) => u64::try_from(span / parts).unwrap_or(u64::MAX),
            (period, None) => period.mean_ns() as u64,
        }
    }

    /// What is left of an interval between two ticks if the period becomes `new` when
    /// `left` is left of it `[ns]`: the same share.
    pub(super) fn share_left(self, left: u64, new: Period) -> u64 {
        let exact = self.fraction().zip(new.fraction());
        let exact = exact.and_then(|((old, old_parts), (new, new_parts))| {
            let left = u128::from(left).checked_mul(new)?.checked_mul(old_parts)?;
            Some(left / old.checked_mul(new_parts)?)
        });
        match exact {
            Some(left) => u64::try_from(left).unwrap_or(u64::MAX),
            // Floating-point products and quotients are the same on every machine.
            None => (left as f64 * (new.mean_ns() / self.mean_ns())) as u64,
        }
    }
}

/// The span between two ticks at a rate, as a fraction `[ns]`.
fn span_of(rate: Decimal) -> (u128, u128) {
    let (digits, ten) = rate.ratio();
    (SECOND * ten, digits.unsigned_abs().max(1))
}

/// The offsets of a period's successive ticks, without a division for each.
#[derive(Debug)]
pub(super) struct TickOffsets {
    /// The current offset `[ns]`; `u64::MAX` if that is beyond 64 bits.
    pub(super) offset: u64,
    rule: OffsetRule,
}

#[derive(Debug)]
enum OffsetRule {
    /// A fraction of `parts` parts each `[ns]`: `quotient`, and `remainder` parts.
    /// Exact at any count.
    Ratio {
        parts: u64,
        quotient: u64,
        remainder: u64,
        carried: u64,
    },
    /// As `Ratio`, with more digits.
    LongRatio(Box<LongRatio>),
    /// A drawn rate that is not whole, computed from the number of the tick; exact to
    /// the nanosecond while count * 10^9 fits in 53 bits, and deterministic beyond.
    Fraction {
        rate: f64,
        count: u64,
    },
    Interval {
        span: u64,
    },
}

#[derive(Debug)]
struct LongRatio {
    parts: u128,
    quotient: u64,
    remainder: u128,
    carried: u128,
}

impl LongRatio {
    /// The offset of the next tick after this one `[ns]`.
    fn after(&mut self, offset: u64) -> u64 {
        self.carried += self.remainder;
        let carry = self.carried >= self.parts;
        if carry {
            self.carried -= self.parts;
        }
        let span = self.quotient.saturating_add(carry.into());
        offset.saturating_add(span)
    }
}

impl OffsetRule {
    fn ratio((span, parts): (u128, u128)) -> OffsetRule {
        let quotient = u64::try_from(span / parts).unwrap_or(u64::MAX);
        // There is room for one more, and for a sum of two remainders.
        match u64::try_from(parts) {
            Ok(parts) if parts < 1 << 63 && quotient < u64::MAX => OffsetRule::Ratio {
                parts,
                quotient,
                remainder: (span % u128::from(parts)) as u64,
                carried: 0,
            },
            _ => OffsetRule::LongRatio(Box::new(LongRatio {
                parts,
                quotient,
                remainder: span % parts,
                carried: 0,
            })),
        }
    }
}

impl TickOffsets {
    /// Begins at offset 0.
    pub(super) fn new(period: Period) -> TickOffsets {
        let rule = match period {
            Period::Exact(rate) => OffsetRule::ratio(span_of(rate)),
            Period::Rate(rate) if rate.fract() == 0.0 => OffsetRule::ratio((SECOND, rate as u128)),
            Period::Rate(rate) => OffsetRule::Fraction { rate, count: 0 },
            Period::Interval(span) => OffsetRule::Interval { span: span.0 },
        };
        TickOffsets { offset: 0, rule }
    }

    /// How many ticks are needed until the offsets repeat, and the span of these ticks
    /// `[ns]`; none if that is not known.
    pub(super) fn cycle(&self) -> Option<(u64, u64)> {
        match self.rule {
            OffsetRule::Ratio {
                parts,
                quotient,
                remainder,
                ..
            } => {
                let common = greatest_common_divisor(parts, remainder);
                let ticks = parts / common;
                let span = quotient.checked_mul(ticks)?;
                Some((ticks, span.checked_add(remainder / common)?))
            }
            OffsetRule::Interval { span } => Some((1, span)),
            OffsetRule::LongRatio(_) | OffsetRule::Fraction { .. } => None,
        }
    }

    /// Moves on to the next tick.
    pub(super) fn advance(&mut self) {
        match &mut self.rule {
            OffsetRule::Ratio {
                parts,
                quotient,
                remainder,
                carried,
            } => {
                *carried += *remainder;
                let mut span = *quotient;
                if *carried >= *parts {
                    *carried -= *parts;
                    span += 1;
                }
                self.offset = self.offset.saturating_add(span);
            }
            OffsetRule::LongRatio(ratio) => self.offset = ratio.after(self.offset),
            OffsetRule::Fraction { rate, count } => {
                *count += 1;
                self.offset = (*count as f64 * 1e9 / *rate) as u64;
            }
            OffsetRule::Interval { span } => self.offset = self.offset.saturating_add(*span),
        }
    }
}

/// Euclid's algorithm; `a` is not 0.
pub(super) fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
