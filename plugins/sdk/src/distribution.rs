//! A config value that may vary: a constant, or a distribution to draw from.
//!
//! The draws are those of the scenario file's own values: the same stream gives the
//! same numbers here as it gives the runner for a latency or a service time.

mod written;

pub use written::Quantity;

use crate::{Random, Span};
use base::distribution::Distribution as Law;
use std::marker::PhantomData;

/// A value that may vary, for a config's fields: `T` is [`Span`] or `f64`.
///
/// In the file it is the value itself, or a table with one of
/// `{ uniform = [a, b] }`, `{ uniform_int = [a, b] }`, `{ choice = [..] }`,
/// `{ normal = { mean, std } }` (cut at 0), `{ exponential = { mean } }`,
/// `{ lognormal = { median, sigma } }`, `{ pareto = { min, shape } }`,
/// `{ gamma = { shape, scale } }`, `{ erlang = { phases, mean } }`,
/// `{ weibull = { shape, scale } }`, `{ triangular = { min, mode, max } }`,
/// `{ empirical = { file, column, unit } }` or `{ empirical = { values } }`.
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
    law: Law,
    quantity: PhantomData<fn() -> T>,
}

/// A [`Distribution`] whose values may also be a `trace`: measured values that are drawn
/// in their order. The node keeps count of its draws, from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct InOrder<T>(Distribution<T>);

impl<T> InOrder<T> {
    /// Whether every draw is the same.
    pub fn is_constant(&self) -> bool {
        self.0.is_constant()
    }
}

impl InOrder<Span> {
    /// One draw, as [`Distribution::sample`]; `drawn` is the number of those before it.
    pub fn next(&self, random: &mut Random, drawn: &mut u64) -> Span {
        Span::from_ns(self.0.law.next_span(random, drawn).0)
    }
}

impl From<Span> for InOrder<Span> {
    /// Always this span.
    fn from(span: Span) -> InOrder<Span> {
        InOrder(span.into())
    }
}

impl Distribution<f64> {
    /// One draw.
    pub fn sample(&self, random: &mut Random) -> f64 {
        self.law.sample(random)
    }
}

impl Distribution<Span> {
    /// One draw, in whole nanoseconds; at least 0, at most 2^64 - 1 (584 years).
    pub fn sample(&self, random: &mut Random) -> Span {
        Span::from_ns(self.law.sample_span(random).0)
    }
}

impl<T> Distribution<T> {
    /// Whether every draw is the same; then none takes anything from the stream.
    pub fn is_constant(&self) -> bool {
        self.law.is_constant()
    }
}

impl From<f64> for Distribution<f64> {
    /// Always this number.
    fn from(number: f64) -> Distribution<f64> {
        Law::Constant(number).into()
    }
}

impl From<Span> for Distribution<Span> {
    /// Always this span.
    fn from(span: Span) -> Distribution<Span> {
        Law::of_span(base::time::SimDuration(span.ns())).into()
    }
}

impl<T> From<Law> for Distribution<T> {
    fn from(law: Law) -> Distribution<T> {
        Distribution {
            law,
            quantity: PhantomData,
        }
    }
}

#[cfg(test)]
mod tests;
