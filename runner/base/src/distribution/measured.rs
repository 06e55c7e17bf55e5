//! Values that were measured: drawn at random, or one after another.

use std::sync::Arc;

/// Measured values of which each draw is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Empirical {
    /// In ascending order; never empty.
    sorted: Arc<[f64]>,
}

impl Empirical {
    /// The distribution of these values, in any order; there is at least one.
    pub fn new(values: Arc<[f64]>) -> Empirical {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Empirical {
            sorted: sorted.into(),
        }
    }

    /// The values in ascending order.
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// The value below which a share `u` of the values is; `u` in `[0, 1)`. A draw by
    /// inversion: a greater `u` gives no smaller value.
    pub fn quantile(&self, u: f64) -> f64 {
        let last = self.sorted.len() - 1;
        let at = (u * self.sorted.len() as f64) as usize;
        self.sorted[at.min(last)]
    }
}

/// Measured values that are drawn one after another.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The values, never empty.
    pub values: Arc<[f64]>,
    /// What follows the last value.
    pub at_end: AtEnd,
}

/// What follows the last value of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtEnd {
    /// The first value again.
    #[default]
    Repeat,
    /// The last value, for ever.
    Hold,
}

impl AtEnd {
    /// The words that a file writes for them.
    pub const WORDS: [(&str, AtEnd); 2] = [("repeat", AtEnd::Repeat), ("hold", AtEnd::Hold)];
}

impl Trace {
    /// The values, in their order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The value that is drawn after `drawn` others.
    pub fn at(&self, drawn: u64) -> f64 {
        let count = self.values.len() as u64;
        let index = match self.at_end {
            AtEnd::Repeat => drawn % count,
            AtEnd::Hold => drawn.min(count - 1),
        };
        self.values[index as usize]
    }
}
