//! The warm-up: which part of a run enters the metrics.
//!
//! A queue that begins empty is shorter at first than later on, and a mean over the whole
//! run is too small. To leave the beginning out, one has to know where it ends. With a
//! duration (`warmup = "5s"`), the author says it. With `"auto"`, each run finds it by
//! MSER-5, from its own numbers.
//!
//! # MSER-5
//!
//! The marginal standard error rule (White, "An effective truncation heuristic for bias
//! reduction in simulation output", Simulation 69, 1997; Franklin and White, "Stationarity
//! tests and MSER-5", WSC 2008) cuts where the standard error of the mean of what remains is
//! smallest: of n numbers, after the first d, it is the least d for which
//!
//! ```text
//! MSER(d) = sum over i > d of (x_i - mean)^2 / (n - d)^2
//! ```
//!
//! does not fall any further. MSER-5 takes means of five samples for the x_i. Here the
//! samples are averages over 1,000 equal parts of the run (up to 1,995 if it ends before its
//! `duration`), and the x_i are those over five parts, the slices of [`base::slices`]; the
//! mean of five averages over equal times is the average over all of it, so that the
//! samples themselves are not kept.
//!
//! The minimum is the leftmost local one (MSER-LLM; Pasupathy and Schmeiser, "The initial
//! transient in steady-state point estimation", WSC 2010), and not the least of all. The
//! global minimum often lies behind a burst that came early by chance, since without it the
//! rest varies less. Then the mean of the rest is too small: with an M/M/1 of utilization
//! 0.95, in 400 experiments of 20 runs with 50,000 services each, 95 % intervals after the
//! global minimum hold the truth in 60 % of cases, and after the leftmost local one in 93 %.
//!
//! If MSER falls throughout the first half of a run, the run is no steady state with a
//! warm-up, or is too short: then nothing is cut, nothing is measured, and the reason is
//! told.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use base::slices::Slices;

/// Least number of slices with a value, and of steps of a node, for MSER-5: one step in a
/// slice. Arbitrary; with fewer, the samples say nothing.
pub(super) const LEAST_STEPS: u64 = base::slices::LEAST;

/// What is left out at the beginning of each run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Warmup {
    /// Nothing.
    #[default]
    None,
    /// Everything up to this time `[ns]`.
    Until(u64),
    /// What MSER-5 finds in each run.
    Auto,
}

/// Which part of a run is measured, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// What is left out at the beginning.
    pub warmup: Warmup,
    /// Whether a run is one observation of a steady state, so that it has batch means.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub steady: bool,
    /// When a run ends at the latest `[ns]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ns: Option<u64>,
    /// The metrics that expectations name, with their nodes (`None`: all). If there are
    /// none, the series is that of the queue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<(String, Option<Vec<Range<u32>>>)>,
}

impl Window {
    /// Whether all of each run is measured, and nothing else asked for.
    pub fn is_whole(&self) -> bool {
        self.warmup == Warmup::None && !self.steady
    }

    /// The slices in which a run is counted; none if it is counted as a whole.
    pub fn slices(&self) -> Option<Slices> {
        match (self.warmup, self.steady) {
            (Warmup::None, false) => None,
            (Warmup::None, true) | (Warmup::Auto, _) => Some(Slices::after(0, self.end_ns)),
            (Warmup::Until(ns), true) => Some(Slices::after(ns, self.end_ns)),
            (Warmup::Until(ns), false) => Some(Slices::endless(ns)),
        }
    }
}

/// Where the measured part of a run begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cut {
    /// After this time `[ns]`.
    At(u64),
    /// It is not known, for this reason; nothing of the run is measured.
    Unknown(String),
}

impl Cut {
    /// The time, if it is known `[ns]`.
    pub fn ns(&self) -> Option<u64> {
        match self {
            Cut::At(ns) => Some(*ns),
            Cut::Unknown(_) => None,
        }
    }
}

/// The number of values that MSER-5 cuts; `None` if there is no minimum within the first
/// half of them.
pub(super) fn mser(values: &[f64]) -> Option<usize> {
    let count = values.len();
    // From the end on: mean and sum of squares of what remains (Welford 1962).
    let mut statistic = vec![0.0; count];
    let (mut mean, mut squares) = (0.0, 0.0);
    for (index, &value) in values.iter().enumerate().rev() {
        let remaining = (count - index) as f64;
        let delta = value - mean;
        mean += delta / remaining;
        squares += delta * (value - mean);
        statistic[index] = squares / (remaining * remaining);
    }
    (0..=count / 2).find(|&cut| match statistic.get(cut + 1) {
        Some(next) => *next >= statistic[cut],
        None => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers between 0 and 1.
    fn noise(count: usize, seed: u64) -> Vec<f64> {
        let mut state = seed;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn what_is_unlike_the_rest_is_cut() {
        for transient in [5, 20, 60] {
            let mut values = noise(200, 7);
            for (index, value) in values.iter_mut().enumerate().take(transient) {
                *value -= 20.0 * (1.0 - index as f64 / transient as f64);
            }
            let cut = mser(&values).unwrap();
            assert!(
                cut + 3 >= transient * 9 / 10 && cut <= transient + 5,
                "{cut} of {transient}"
            );
        }
    }

    #[test]
    fn a_steady_series_loses_next_to_nothing() {
        for seed in 1..50 {
            let cut = mser(&noise(200, seed)).unwrap();
            assert!(cut <= 6, "{cut}");
        }
        assert_eq!(mser(&[3.0; 200]), Some(0));
    }

    #[test]
    fn a_series_that_never_settles_has_no_cut() {
        let growing: Vec<f64> = noise(200, 3)
            .iter()
            .enumerate()
            .map(|(index, noise)| index as f64 + noise)
            .collect();
        assert_eq!(mser(&growing), None);
    }

    #[test]
    fn the_statistic_is_that_of_its_definition() {
        let values = [9.0, 1.0, 2.0, 1.0, 2.0, 1.0];
        let by_hand = |cut: usize| {
            let rest = &values[cut..];
            let mean = rest.iter().sum::<f64>() / rest.len() as f64;
            let squares: f64 = rest.iter().map(|it| (it - mean) * (it - mean)).sum();
            squares / (rest.len() * rest.len()) as f64
        };
        assert!(by_hand(1) < by_hand(0) && by_hand(2) > by_hand(1));
        assert_eq!(mser(&values), Some(1));
    }
}
