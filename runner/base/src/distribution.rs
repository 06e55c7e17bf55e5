//! A number that may vary: a constant or a distribution, and draws from it.
//!
//! Draws use inverse functions over the crate `libm`, whose results are the same on
//! every machine; those of the system's `ln` and `exp` are not.

mod form;

pub use form::{ArrayError, FORMS, Form, NAMES, Rule, Takes, ends};

use crate::exact::Decimal;
use crate::random::Random;
use crate::time::SimDuration;

/// A number that may vary. Its unit is that of the key it is written for: durations
/// are in nanoseconds, rates per second.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always this number; draws nothing.
    Constant(f64),
    /// Always this number, which is no `f64`: 1.1, or a duration of more than 2^53 ns
    /// (104 days). Draws nothing.
    Exact(Decimal),
    /// Uniform in `[low, high)`.
    Uniform {
        /// Lowest, included.
        low: f64,
        /// Highest, excluded.
        high: f64,
    },
    /// Uniform over the whole numbers from `low` to `high`, both included. For
    /// durations: whole nanoseconds.
    UniformInt {
        /// Lowest, included.
        low: i64,
        /// Highest, included.
        high: i64,
    },
    /// One of these, each with the same probability; never empty.
    Choice(Vec<f64>),
    /// The normal distribution, cut at 0: a draw below 0 is 0.
    Normal {
        /// Mean before the cut.
        mean: f64,
        /// Standard deviation before the cut.
        std: f64,
    },
    /// The exponential distribution with this mean.
    Exponential {
        /// Its mean.
        mean: f64,
    },
    /// The log-normal distribution: `median * exp(sigma * z)`, `z` standard normal.
    LogNormal {
        /// Half of the draws are below it.
        median: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// The Pareto distribution (type I): at least `min`, tail exponent `shape`.
    Pareto {
        /// The least value.
        min: f64,
        /// The tail exponent; the mean is infinite up to 1.
        shape: f64,
    },
}

impl Distribution {
    /// One draw. A constant takes nothing from the generator, each distribution a
    /// fixed count of numbers (`UniformInt` and `Choice` may reject a number and take
    /// one more).
    pub fn sample(&self, random: &mut Random) -> f64 {
        match *self {
            Distribution::Constant(value) => value,
            Distribution::Exact(value) => value.to_f64(),
            Distribution::Uniform { low, high } => low + (high - low) * random.unit(),
            Distribution::UniformInt { low, high } => {
                let above = match (high.wrapping_sub(low) as u64).checked_add(1) {
                    Some(count) => random.below(count),
                    None => random.next_u64(),
                };
                low.wrapping_add(above as i64) as f64
            }
            Distribution::Choice(ref values) => values[random.index(values.len())],
            Distribution::Normal { mean, std } => (mean + std * standard_normal(random)).max(0.0),
            Distribution::Exponential { mean } => -mean * libm::log(random.unit_above_zero()),
            Distribution::LogNormal { median, sigma } => {
                median * libm::exp(sigma * standard_normal(random))
            }
            Distribution::Pareto { min, shape } => {
                min * libm::pow(random.unit_above_zero(), -1.0 / shape)
            }
        }
    }

    /// One draw of a number that may be negative: as [`Distribution::sample`],
    /// but `normal` is not cut.
    pub fn sample_signed(&self, random: &mut Random) -> f64 {
        match *self {
            Distribution::Normal { mean, std } => mean + std * standard_normal(random),
            _ => self.sample(random),
        }
    }

    /// One draw of a duration, in whole nanoseconds; at least 0. A draw of more than
    /// 2^64 - 1 is that: whatever is due after such a span is beyond the end of time.
    pub fn sample_span(&self, random: &mut Random) -> SimDuration {
        SimDuration(match self {
            Distribution::Exact(value) => u64::try_from(value.round().max(0)).unwrap_or(u64::MAX),
            // The conversion goes to the nearest number that there is.
            _ => self.sample(random).round() as u64,
        })
    }

    /// One draw of a duration that may be negative, in whole nanoseconds.
    pub fn sample_signed_span(&self, random: &mut Random) -> i128 {
        match self {
            Distribution::Exact(value) => value.round(),
            _ => self.sample_signed(random).round() as i128,
        }
    }

    /// Whether every draw is the same, so that none needs to be made.
    pub fn is_constant(&self) -> bool {
        matches!(self, Distribution::Constant(_) | Distribution::Exact(_))
    }

    /// The number that every draw is, as it is written; `None` if it varies, or cannot
    /// be written with [`MAX_DIGITS`](crate::exact::MAX_DIGITS) digits.
    pub fn constant(&self) -> Option<Decimal> {
        match self {
            Distribution::Constant(value) => Decimal::of(*value),
            Distribution::Exact(value) => Some(*value),
            _ => None,
        }
    }

    /// Always this number, exactly.
    pub fn exactly(number: Decimal) -> Distribution {
        let (digits, _) = number.ratio();
        match number.is_whole() && digits.unsigned_abs() <= 1 << 53 {
            true => Distribution::Constant(digits as f64),
            false => Distribution::Exact(number),
        }
    }

    /// Always this duration, exactly.
    pub fn of_span(span: SimDuration) -> Distribution {
        Distribution::exactly(Decimal::whole(span.0.into()))
    }
}

/// A draw from the standard normal distribution (Box and Muller, "A Note on the
/// Generation of Random Normal Deviates", 1958), of which only the first of the
/// pair is used, so that a stream has no state beside the generator's.
fn standard_normal(random: &mut Random) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(random.unit_above_zero()));
    radius * libm::cos(2.0 * std::f64::consts::PI * random.unit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and standard deviation of many draws.
    fn moments(distribution: &Distribution) -> (f64, f64) {
        const DRAWS: usize = 200_000;
        let mut random = Random::from_seed(1);
        let draws: Vec<f64> = (0..DRAWS)
            .map(|_| distribution.sample(&mut random))
            .collect();
        let mean = draws.iter().sum::<f64>() / DRAWS as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / DRAWS as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn draws_have_the_moments_of_their_distribution() {
        let e = std::f64::consts::E;
        let cases = [
            (Distribution::Constant(3.0), 3.0, 0.0),
            (
                Distribution::Uniform {
                    low: 1.0,
                    high: 3.0,
                },
                2.0,
                2.0 / 12f64.sqrt(),
            ),
            (
                Distribution::UniformInt { low: 1, high: 6 },
                3.5,
                (35f64 / 12.0).sqrt(),
            ),
            (Distribution::Choice(vec![1.0, 1.0, 4.0]), 2.0, 2f64.sqrt()),
            (
                Distribution::Normal {
                    mean: 20.0,
                    std: 5.0,
                },
                20.0,
                5.0,
            ),
            (Distribution::Exponential { mean: 4.0 }, 4.0, 4.0),
            (
                Distribution::LogNormal {
                    median: 2.0,
                    sigma: 0.5,
                },
                2.0 * e.powf(0.125),
                2.0 * e.powf(0.125) * (e.powf(0.25) - 1.0).sqrt(),
            ),
            (
                Distribution::Pareto {
                    min: 1.0,
                    shape: 5.0,
                },
                1.25,
                (5f64 / 48.0).sqrt(),
            ),
        ];
        for (distribution, mean, std) in cases {
            let (m, s) = moments(&distribution);
            assert!(
                (m - mean).abs() <= 0.02 * mean,
                "{distribution:?}: mean {m}, not {mean}"
            );
            assert!(
                (s - std).abs() <= 0.05 * std,
                "{distribution:?}: deviation {s}, not {std}"
            );
        }
    }

    #[test]
    fn a_normal_span_is_cut_at_zero() {
        let far_below = Distribution::Normal {
            mean: -1e9,
            std: 1.0,
        };
        assert_eq!(
            far_below.sample_span(&mut Random::from_seed(1)),
            SimDuration::ZERO
        );
    }

    #[test]
    fn a_span_without_bound_saturates() {
        let heavy = Distribution::Pareto {
            min: 1e18,
            shape: 0.001,
        };
        let span = heavy.sample_span(&mut Random::from_seed(1));
        assert_eq!(span.0, u64::MAX);
    }

    #[test]
    fn a_constant_is_exact_beyond_what_an_f64_holds() {
        let mut random = Random::from_seed(1);
        for ns in [0, 1, (1 << 53) + 1, (1 << 60) + 7, u64::MAX] {
            let span = SimDuration(ns);
            assert_eq!(Distribution::of_span(span).sample_span(&mut random), span);
        }
        let whole = Distribution::exactly(Decimal::whole(5));
        assert_eq!(whole, Distribution::Constant(5.0));
        let back = Distribution::exactly(Decimal::whole(-(1 << 60) - 1));
        assert_eq!(back.sample_signed_span(&mut random), -(1 << 60) - 1);
        assert_eq!(back.sample_span(&mut random), SimDuration::ZERO);
        let written = Distribution::Constant(1.1).constant().unwrap();
        assert_eq!(written.ratio(), (11, 10));
    }

    #[test]
    fn uniform_int_covers_its_whole_range_once() {
        let all = Distribution::UniformInt {
            low: i64::MIN,
            high: i64::MAX,
        };
        assert!(all.sample(&mut Random::from_seed(3)).is_finite());
        let one = Distribution::UniformInt { low: 5, high: 5 };
        assert_eq!(one.sample(&mut Random::from_seed(3)), 5.0);
    }
}
