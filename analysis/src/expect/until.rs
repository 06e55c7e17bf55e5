//! `[until]`: whether the interval of a mean over runs is narrow.
//!
//! Runs are added to a case, and looked at whenever their number has doubled, until the
//! interval of each node's mean is as narrow as asked for (Chow and Robbins, "On the
//! Asymptotic Theory of Fixed-Width Sequential Confidence Intervals for the Mean", 1965).
//! To stop by the width of the interval favors samples with a small deviation; few looks,
//! and the rule that withholds intervals of few or skewed runs
//! ([`mean`](crate::statistics::mean)), keep the coverage. It is measured with that of the
//! other intervals (`tests/promises/until.rs`).

use serde::{Deserialize, Serialize};

use super::mean::{Estimate, NodeMean};
use super::{Bound, Expectation, Over};
use crate::metrics::Value;
use crate::results::{Judgement, Verdict};
use crate::statistics::Withheld;
use crate::statistics::distributions::normal_quantile;

/// No scenario has more runs.
const MOST: u64 = 1_000_000;

/// When a case has enough runs. The half width is the bound of the expectation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Until {
    /// Whether the half width is a share of the mean.
    pub is_share: bool,
    /// Confidence of the interval.
    pub confidence: f64,
    /// Number of runs at the first look.
    pub at_least: u32,
    /// Number of runs at the last look.
    pub at_most: u32,
}

impl Until {
    /// Whether so many runs are looked at.
    pub fn is_look(&self, runs: u32) -> bool {
        let mut looks = std::iter::successors(Some(self.at_least), |runs| runs.checked_mul(2));
        runs == self.at_most || looks.any(|look| look == runs)
    }
}

/// How wide the interval of a node is.
struct Width<'a> {
    estimate: Estimate<'a>,
    /// The farther end from the mean: a share of the mean, or a value of the metric. `None`
    /// without an interval.
    half: Option<f64>,
}

impl Expectation {
    /// `[until]`, if the expectation is that.
    pub fn until(&self) -> Option<Until> {
        match self.over {
            Over::Until(until) => Some(until),
            _ => None,
        }
    }

    /// How wide the interval may be.
    fn half_width(&self) -> f64 {
        match self.bound {
            Bound::AtMost(width) => width,
            _ => 0.0,
        }
    }

    /// A half width as text: `5 %`, `2.1 ms`.
    fn width_text(&self, until: &Until, half: f64) -> String {
        match until.is_share {
            true => format!("{} %", Value::Real(half * 100.0)),
            false => self.shown(half),
        }
    }

    /// `mean latency_mean of consumer known within 5 %`.
    pub(super) fn until_text(&self, until: &Until) -> String {
        let nodes = self
            .nodes
            .as_ref()
            .map_or(String::new(), |it| format!(" of {it}"));
        let width = self.width_text(until, self.half_width());
        format!("mean {}{nodes} known within {width}", self.metric)
    }
}

/// The widths of the intervals of these nodes; one per node with values.
fn widths<'a>(expectation: &Expectation, until: &Until, nodes: &'a [NodeMean]) -> Vec<Width<'a>> {
    let estimates = nodes
        .iter()
        .filter_map(|node| node.estimate(&expectation.metric, until.confidence));
    let width = |estimate: Estimate<'a>| {
        let half = estimate.interval.ok().map(|interval| {
            let (low, high) = (
                estimate.mean.low - interval.low,
                interval.high - estimate.mean.high,
            );
            let half = low.max(high);
            match until.is_share {
                true if half == 0.0 => 0.0,
                true => half / estimate.mean.low.abs().min(estimate.mean.high.abs()),
                false => half,
            }
        });
        Width { estimate, half }
    };
    estimates.map(width).collect()
}

/// The node that is farthest from a narrow interval.
fn widest<'w, 'a>(widths: &'w [Width<'a>]) -> Option<&'w Width<'a>> {
    let rank = |it: &Width<'_>| it.half.unwrap_or(f64::INFINITY);
    widths.iter().max_by(|a, b| rank(a).total_cmp(&rank(b)))
}

/// Whether the intervals of all nodes are narrow.
pub(super) fn is_narrow(expectation: &Expectation, until: &Until, nodes: &[NodeMean]) -> bool {
    let widths = widths(expectation, until, nodes);
    let narrow = |it: &Width<'_>| it.half.is_some_and(|half| half <= expectation.half_width());
    !widths.is_empty() && widths.len() == nodes.len() && widths.iter().all(narrow)
}

/// About how many runs would make the interval of a node narrow. As long as it has none, the
/// number that would give it one, or, where that is more, the number by the deviation.
fn runs_needed(expectation: &Expectation, until: &Until, width: &Width<'_>) -> Option<u64> {
    let estimate = &width.estimate;
    let wanted = expectation.half_width();
    match (width.half, estimate.interval) {
        (Some(half), _) => {
            let ratio = half / wanted;
            Some((estimate.count as f64 * ratio * ratio).ceil() as u64)
        }
        (None, Err(Withheld::TooFew(runs))) => {
            let unit = match until.is_share {
                true => estimate.mean.low.abs().min(estimate.mean.high.abs()),
                false => 1.0,
            };
            let deviations = normal_quantile(0.5 + until.confidence / 2.0);
            let ratio = deviations * estimate.deviation.unwrap_or(0.0) / (wanted * unit);
            Some(runs?.max((ratio * ratio).ceil() as u64))
        }
        (None, _) => None,
    }
}

/// What a look has found: `20 runs, latency_mean of consumer is known within 7.1 %, about
/// 41 runs would do`.
pub(super) fn look(expectation: &Expectation, until: &Until, nodes: &[NodeMean]) -> String {
    let widths = widths(expectation, until, nodes);
    let Some(width) = widest(&widths) else {
        return format!("{} has no samples yet", expectation.metric);
    };
    let estimate = &width.estimate;
    let known = match width.half {
        Some(half) => format!("known within {}", expectation.width_text(until, half)),
        None => "not known within an interval yet".to_owned(),
    };
    let guess = match runs_needed(expectation, until, width) {
        Some(runs) if runs > u64::from(until.at_most) => {
            format!(
                "about {runs} runs would do, and at most {} are allowed",
                until.at_most
            )
        }
        Some(runs) => format!("about {runs} runs would do"),
        None => "how many runs would do is not known".to_owned(),
    };
    format!(
        "{} runs: mean {} of {} is {known}, {guess}",
        estimate.count, expectation.metric, estimate.node
    )
}

/// Judges the runs of a case that has all its runs.
pub(super) fn judge(expectation: &Expectation, until: &Until, nodes: &[NodeMean]) -> Judgement {
    let widths = widths(expectation, until, nodes);
    let wanted = expectation.width_text(until, expectation.half_width());
    let Some(width) = widest(&widths) else {
        let reason = format!("{} has no samples", expectation.metric);
        return expectation.judgement(Verdict::Unknown, String::new(), reason);
    };
    let estimate = &width.estimate;
    let known = match width.half {
        Some(half) => format!("within {}", expectation.width_text(until, half)),
        None => "no interval".to_owned(),
    };
    let measured = format!(
        "{} ({}), {known}, {} runs",
        expectation.range(estimate.mean),
        estimate.node,
        estimate.count
    );
    if is_narrow(expectation, until, nodes) {
        return expectation.judgement(Verdict::Passed, measured, String::new());
    }
    let guess = match runs_needed(expectation, until, width) {
        Some(runs) if runs > MOST => {
            format!(
                "more than {MOST} runs, the most that there can be, would do: raise `half_width`"
            )
        }
        Some(runs) => format!(
            "about {runs} runs would do: raise `at_most` ({}), or `half_width`",
            until.at_most
        ),
        None => {
            "the metric is the same in all runs, or too skewed for any number of runs".to_owned()
        }
    };
    let reason = format!(
        "mean {} of {} is not known within {wanted} after {} runs: {guess}",
        expectation.metric, estimate.node, estimate.count
    );
    expectation.judgement(Verdict::Unknown, measured, reason)
}
