//! The bound of an expectation, and whether a measured value is within it.

use serde::{Deserialize, Serialize};

use crate::metrics::Value;

/// A bound of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// Exactly this, to the digits of `summary.csv`.
    Equals(f64),
    /// From the first to the second, both included.
    Between(f64, f64),
}

/// The numbers that a measured value may be: one, or those of a bucket if it is a
/// percentile of very many samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub low: f64,
    pub high: f64,
}

impl Bound {
    /// Whether a value is within the bound.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Bound::AtLeast(low) => value >= low,
            Bound::AtMost(high) => value <= high,
            Bound::Equals(exact) => value == exact,
            Bound::Between(low, high) => (low..=high).contains(&value),
        }
    }

    /// Whether a value is within the bound that may be any of these; `None` if some of
    /// them are and some are not.
    pub(super) fn holds_for(self, range: Range) -> Option<bool> {
        // The values from `first` to `last` are within the bound.
        let (first, last) = match self {
            Bound::AtLeast(low) => (low, f64::INFINITY),
            Bound::AtMost(high) => (f64::NEG_INFINITY, high),
            Bound::Equals(exact) => (exact, exact),
            Bound::Between(low, high) => (low, high),
        };
        if first <= range.low && range.high <= last {
            Some(true)
        } else if first <= range.high && range.low <= last {
            None
        } else {
            Some(false)
        }
    }

    /// The distance of a value from the bound: positive outside, negative inside.
    pub(super) fn excess(self, value: f64) -> f64 {
        match self {
            Bound::AtLeast(low) => low - value,
            Bound::AtMost(high) => value - high,
            Bound::Equals(exact) => (value - exact).abs(),
            Bound::Between(low, high) => (low - value).max(value - high),
        }
    }
}

/// A value as `summary.csv` has it: the report judges by the same digits.
pub(super) fn as_written(value: Value) -> Range {
    let value = match value {
        Value::Real(_) => Value::parse(&value.to_string()).unwrap_or(value),
        exact => exact,
    };
    let (low, high) = value.bounds();
    Range { low, high }
}
