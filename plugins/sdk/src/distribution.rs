//! A config value that may vary: a constant, or a distribution to draw from.
//!
//! The forms, and the draws, are those of a scenario file's own values: the same
//! stream gives the same numbers here as it gives the runner for a latency or a
//! service time. Inverse functions over the crate `libm`, whose results are the
//! same on every machine; the system's `ln` and `exp` are not.

mod written;

pub use written::Quantity;

use crate::{Random, Span};
use std::marker::PhantomData;

/// A value that may vary, for a config's fields: `T` is [`Span`] or `f64`.
///
/// In the file it is the value itself, or a table with one of
/// `{ uniform = [a, b] }`, `{ uniform_int = [a, b] }`, `{ choice = [..] }`,
/// `{ normal = { mean, std } }` (cut at 0), `{ exponential = { mean } }`,
/// `{ lognormal = { median, sigma } }`, `{ pareto = { min, shape } }`.
///
/// ```
/// use runner_sdk::{Distribution, Span};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// #[serde(default)]
/// struct Config {
///     /// From one item to the next.
///     interval: Distribution<Span>,
/// }
///
/// impl Default for Config {
///     fn default() -> Config {
///         Config { interval: Span::from_secs(1).into() }
///     }
/// }
/// // In a callback: config.interval.sample(node.random())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution<T> {
    kind: Kind,
    quantity: PhantomData<fn() -> T>,
}

/// How it varies. Spans are in nanoseconds.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Constant(f64),
    /// `[low, high)`.
    Uniform {
        low: f64,
        high: f64,
    },
    /// Both ends included; for spans: whole nanoseconds.
    UniformInt {
        low: i64,
        high: i64,
    },
    /// Never empty.
    Choice(Vec<f64>),
    /// Cut at 0: below is 0.
    Normal {
        mean: f64,
        std: f64,
    },
    Exponential {
        mean: f64,
    },
    /// `median * exp(sigma * z)`, `z` standard normal.
    LogNormal {
        median: f64,
        sigma: f64,
    },
    /// Type I: at least `min`, tail exponent `shape`.
    Pareto {
        min: f64,
        shape: f64,
    },
}

impl Distribution<f64> {
    /// One draw.
    pub fn sample(&self, random: &mut Random) -> f64 {
        self.kind.sample(random)
    }
}

impl Distribution<Span> {
    /// One draw, in whole nanoseconds; at least 0, at most 2^63 (292 years).
    pub fn sample(&self, random: &mut Random) -> Span {
        let ns = self.kind.sample(random).round().clamp(0.0, MAX_SPAN_NS);
        Span::from_ns(ns as u64)
    }
}

impl<T> Distribution<T> {
    /// Whether every draw is the same; then none takes anything from the stream.
    pub fn is_constant(&self) -> bool {
        matches!(self.kind, Kind::Constant(_))
    }
}

impl From<f64> for Distribution<f64> {
    /// Always this number.
    fn from(number: f64) -> Distribution<f64> {
        Kind::Constant(number).into()
    }
}

impl From<Span> for Distribution<Span> {
    /// Always this span.
    fn from(span: Span) -> Distribution<Span> {
        Kind::Constant(span.ns() as f64).into()
    }
}

impl<T> From<Kind> for Distribution<T> {
    fn from(kind: Kind) -> Distribution<T> {
        Distribution {
            kind,
            quantity: PhantomData,
        }
    }
}

/// 2^63 ns, 292 years: keeps a sum of an instant and a span within 64 bits.
const MAX_SPAN_NS: f64 = 9_223_372_036_854_775_808.0;

impl Kind {
    /// One draw. Every kind but a constant takes a fixed number of draws from
    /// the stream (whole numbers and choices may reject, and then take more).
    fn sample(&self, random: &mut Random) -> f64 {
        match *self {
            Kind::Constant(value) => value,
            Kind::Uniform { low, high } => low + (high - low) * random.unit(),
            Kind::UniformInt { low, high } => {
                let above = match high.wrapping_sub(low).cast_unsigned().checked_add(1) {
                    Some(count) => random.below(count),
                    None => random.next_u64(),
                };
                low.wrapping_add(above.cast_signed()) as f64
            }
            Kind::Choice(ref values) => values[random.index(values.len())],
            Kind::Normal { mean, std } => (mean + std * standard_normal(random)).max(0.0),
            Kind::Exponential { mean } => -mean * libm::log(random.unit_above_zero()),
            Kind::LogNormal { median, sigma } => {
                median * libm::exp(sigma * standard_normal(random))
            }
            Kind::Pareto { min, shape } => min * libm::pow(random.unit_above_zero(), -1.0 / shape),
        }
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
mod tests;
