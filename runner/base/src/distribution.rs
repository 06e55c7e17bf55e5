//! A number that may vary: a constant or a distribution, and draws from it.
//!
//! Draws use inverse functions over the crate `libm`, whose results are the same on
//! every machine; those of the system's `ln` and `exp` are not.

mod form;
mod measured;

pub use form::{FORMS, Form, FormError, NAMES, Rule, Takes, drawn_names, ends};
pub use measured::{AtEnd, Empirical, Trace};

use crate::exact::Decimal;
use crate::gamma;
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
    /// The gamma distribution; its mean is `shape * scale`.
    Gamma {
        /// The shape, more than 0.
        shape: f64,
        /// The scale.
        scale: f64,
    },
    /// The Erlang distribution: the sum of `phases` exponential spans with the same mean.
    Erlang {
        /// Number of phases, a whole number of at least 1.
        phases: f64,
        /// The mean of the sum.
        mean: f64,
    },
    /// The Weibull distribution; shape 1 is the exponential distribution.
    Weibull {
        /// The shape, more than 0.
        shape: f64,
        /// The scale: 63.2 % of the draws are below it.
        scale: f64,
    },
    /// The triangular distribution.
    Triangular {
        /// The least value.
        min: f64,
        /// The most likely value.
        mode: f64,
        /// The greatest value.
        max: f64,
    },
    /// One of measured values, each with the same probability.
    Empirical(Empirical),
    /// Measured values, one after another.
    Trace(Trace),
}

impl Distribution {
    /// One draw. A constant takes nothing from the generator, each distribution a
    /// fixed count of numbers (`UniformInt` and `Choice` may reject a number and take
    /// one more). Of a trace it is the first value; see [`Distribution::next`].
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
            Distribution::Gamma { shape, scale } => scale * gamma::quantile(shape, random.unit()),
            Distribution::Erlang { phases, mean } => {
                mean / phases * gamma::quantile(phases, random.unit())
            }
            Distribution::Weibull { shape, scale } => {
                scale * libm::pow(-libm::log(random.unit_above_zero()), 1.0 / shape)
            }
            Distribution::Triangular { min, mode, max } => {
                triangular(min, mode, max, random.unit())
            }
            Distribution::Empirical(ref values) => values.quantile(random.unit()),
            Distribution::Trace(ref trace) => trace.at(0),
        }
    }

    /// One draw, where the draws before it are counted: a trace gives its value number
    /// `drawn`, every other distribution is as in [`Distribution::sample`].
    pub fn next(&self, random: &mut Random, drawn: &mut u64) -> f64 {
        match self {
            Distribution::Trace(trace) => {
                let value = trace.at(*drawn);
                *drawn += 1;
                value
            }
            _ => self.sample(random),
        }
    }

    /// One draw of a duration; see [`Distribution::next`] and
    /// [`Distribution::sample_span`].
    pub fn next_span(&self, random: &mut Random, drawn: &mut u64) -> SimDuration {
        match self {
            Distribution::Trace(_) => SimDuration(self.next(random, drawn).round() as u64),
            _ => self.sample_span(random),
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

    /// Whether a draw depends on the number of those before it.
    pub fn is_trace(&self) -> bool {
        matches!(self, Distribution::Trace(_))
    }

    /// The mean of its draws, cut at 0 where they are; infinite for a Pareto distribution
    /// of shape 1 or less, and that of the values for a trace.
    pub fn mean(&self) -> f64 {
        match *self {
            Distribution::Constant(value) => value,
            Distribution::Exact(value) => value.to_f64(),
            Distribution::Uniform { low, high } => (low + high) / 2.0,
            Distribution::UniformInt { low, high } => (low as f64 + high as f64) / 2.0,
            Distribution::Choice(ref values) => mean(values),
            Distribution::Normal { mean, std } => mean_cut_at_zero(mean, std),
            Distribution::Exponential { mean } | Distribution::Erlang { mean, .. } => mean,
            Distribution::LogNormal { median, sigma } => median * libm::exp(sigma * sigma / 2.0),
            Distribution::Pareto { shape, .. } if shape <= 1.0 => f64::INFINITY,
            Distribution::Pareto { min, shape } => min * shape / (shape - 1.0),
            Distribution::Gamma { shape, scale } => shape * scale,
            Distribution::Weibull { shape, scale } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Distribution::Triangular { min, mode, max } => (min + mode + max) / 3.0,
            Distribution::Empirical(ref values) => mean(values.sorted()),
            Distribution::Trace(ref trace) => mean(trace.values()),
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

/// The mean of a normal variable of which what is below 0 is put to 0:
/// mean * Phi(mean / std) + std * phi(mean / std).
fn mean_cut_at_zero(mean: f64, std: f64) -> f64 {
    if std <= 0.0 {
        return mean.max(0.0);
    }
    let z = mean / std;
    let below = 0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2);
    let density = libm::exp(-0.5 * z * z) / libm::sqrt(2.0 * std::f64::consts::PI);
    mean * below + std * density
}

/// The value of a triangular distribution below which a share `u` of the draws is.
fn triangular(min: f64, mode: f64, max: f64, u: f64) -> f64 {
    let width = max - min;
    if width <= 0.0 {
        return min;
    }
    match u * width < mode - min {
        true => min + libm::sqrt(u * width * (mode - min)),
        false => max - libm::sqrt((1.0 - u) * width * (max - mode)),
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests;
