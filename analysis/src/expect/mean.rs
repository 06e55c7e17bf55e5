//! Means over the runs of a case, judged by their intervals.
//!
//! A mean over some runs is not the mean over all: it may lie within the bound by chance.
//! So the whole interval of the mean must lie within the bound to pass, and outside to
//! fail. Everything else is unknown, with the number of runs that would do.

use super::{Expectation, Range};
use crate::metrics::range_end;
use crate::results::{Judgement, Verdict};
use crate::statistics::mean::CONSTANT;
use crate::statistics::{CONFIDENCE, Sample, Withheld, mean_interval};

/// More runs than this are not named: no plan has so many.
const MOST: f64 = 10_000_000.0;

/// The values of a node over the runs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NodeMean {
    node: String,
    /// Of each value, the least number that it may be.
    low: Sample,
    /// Of each value, the greatest number; `None` while all are the same as the least.
    high: Option<Sample>,
}

/// The mean of a node, and what is known of it.
pub(super) struct Estimate<'a> {
    pub(super) node: &'a str,
    pub(super) count: u64,
    /// The mean of the runs themselves.
    pub(super) mean: Range,
    pub(super) interval: Result<Range, Withheld>,
    /// The standard deviation of the runs; `None` with a single run.
    pub(super) deviation: Option<f64>,
}

impl NodeMean {
    /// Of a node without values so far.
    pub fn new(node: &str) -> NodeMean {
        NodeMean {
            node: node.to_owned(),
            low: Sample::default(),
            high: None,
        }
    }

    /// Adds the value of a run.
    pub fn add(&mut self, value: Range) {
        if self.high.is_none() && value.low < value.high {
            self.high = Some(self.low.clone());
        }
        self.low.add(value.low);
        if let Some(high) = &mut self.high {
            high.add(value.high);
        }
    }

    /// The mean and its interval; `None` without values.
    pub(super) fn estimate(&self, metric: &str, confidence: f64) -> Option<Estimate<'_>> {
        let (low, high) = (&self.low, self.high.as_ref().unwrap_or(&self.low));
        if low.count() == 0 {
            return None;
        }
        let mean = Range {
            low: low.mean(),
            high: high.mean(),
        };
        let of = |sample| mean_interval(sample, range_end(metric), confidence);
        let interval = match (of(low), of(high)) {
            (Ok(low), Ok(high)) => Ok(Range {
                low: low.low,
                high: high.high,
            }),
            (Err(Withheld::Constant), Err(Withheld::Constant)) if low.count() >= CONSTANT => {
                Ok(mean)
            }
            (Err(withheld), _) | (_, Err(withheld)) => Err(withheld),
        };
        Some(Estimate {
            node: &self.node,
            count: low.count(),
            mean,
            interval,
            deviation: high.deviation(),
        })
    }
}

/// Judges the means of these nodes.
pub(super) fn judge(expectation: &Expectation, nodes: &[NodeMean]) -> Judgement {
    let metric = &expectation.metric;
    let estimates: Vec<Estimate<'_>> = nodes
        .iter()
        .filter_map(|it| it.estimate(metric, CONFIDENCE))
        .collect();
    let holds = |it: &Estimate<'_>| {
        let interval = it.interval.as_ref().ok()?;
        expectation.bound.holds_for(*interval)
    };
    let broken: Vec<&str> = estimates
        .iter()
        .filter(|it| holds(it) == Some(false))
        .map(|it| it.node)
        .collect();
    let excess = |it: &&Estimate<'_>| {
        let ends = [it.mean.low, it.mean.high].map(|end| expectation.bound.excess(end));
        ends[0].max(ends[1])
    };
    let worst = estimates
        .iter()
        .max_by(|a, b| excess(a).total_cmp(&excess(b)));
    let measured = worst.map_or_else(String::new, |it| expectation.measured(it));
    let judged = |verdict, reason| expectation.judgement(verdict, measured.clone(), reason);
    if !broken.is_empty() {
        let nodes = super::named(&broken);
        let bound = expectation.bound();
        return judged(
            Verdict::Failed,
            format!("mean {metric} is not {bound} at {nodes}"),
        );
    }
    // Of several nodes, the one that needs the most runs.
    let open = estimates.iter().filter(|it| holds(it).is_none());
    let wanting = open.max_by(|a, b| {
        let runs = |it: &Estimate<'_>| expectation.runs_needed(it).unwrap_or(f64::INFINITY);
        runs(a).total_cmp(&runs(b))
    });
    if let Some(estimate) = wanting {
        return judged(Verdict::Unknown, expectation.undecided(estimate));
    }
    let silent = nodes.iter().find(|it| it.low.count() == 0);
    match silent.filter(|_| expectation.nodes.is_some() || estimates.is_empty()) {
        Some(it) => {
            let reason = format!("{metric} has no samples at `{}`", it.node);
            judged(Verdict::Unknown, reason)
        }
        None if nodes.is_empty() => judged(Verdict::Unknown, format!("no node has {metric}")),
        None => judged(Verdict::Passed, String::new()),
    }
}

impl Expectation {
    /// `2.4 (consumer), 95 % interval 2.2 to 2.6`.
    fn measured(&self, estimate: &Estimate<'_>) -> String {
        let mean = format!("{} ({})", self.range(estimate.mean), estimate.node);
        match estimate.interval {
            Ok(interval) if interval == estimate.mean => {
                format!("{mean}, the same in all {} runs", estimate.count)
            }
            Ok(interval) => format!(
                "{mean}, 95 % interval {} to {}",
                self.shown(interval.low),
                self.shown(interval.high)
            ),
            Err(_) => format!("{mean}, no interval"),
        }
    }

    /// About how many runs would decide; `None` if that is not known.
    fn runs_needed(&self, estimate: &Estimate<'_>) -> Option<f64> {
        let interval = match estimate.interval {
            Err(Withheld::TooFew(runs)) => return runs.map(|it| it as f64),
            Err(Withheld::Constant) => return Some(CONSTANT as f64),
            Ok(interval) => interval,
        };
        // Half the interval must become as narrow as the mean is far from the bound.
        let distance = self.bound.excess(estimate.mean.low).abs();
        let half = (interval.high - interval.low) / 2.0;
        let runs = (estimate.count as f64 * (half / distance).powi(2)).ceil();
        (runs <= MOST).then(|| runs.max(estimate.count as f64 + 1.0))
    }

    /// The reason for a verdict that these runs do not decide.
    fn undecided(&self, estimate: &Estimate<'_>) -> String {
        let (metric, node) = (&self.metric, estimate.node);
        let of = format!("mean {metric} at `{node}`");
        match estimate.interval {
            Err(Withheld::Constant) => format!(
                "{of} has no 95 % interval: {metric} is the same in all of too few runs ({}): about {CONSTANT} would do, or expect it of every run",
                estimate.count
            ),
            Err(withheld) => {
                format!(
                    "{of} has no 95 % interval: {withheld}, there are {}",
                    estimate.count
                )
            }
            Ok(interval) => {
                let more = match self.runs_needed(estimate) {
                    Some(runs) => format!("; about {runs} runs would tell"),
                    None => String::new(),
                };
                format!(
                    "{of} lies between {} and {} (95 % interval), which is partly {} and partly not{more}",
                    self.shown(interval.low),
                    self.shown(interval.high),
                    self.bound()
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Bound, Over};
    use super::*;

    /// So many values around 100, from 95 to 105.
    fn around(count: u32) -> Vec<f64> {
        (0..count)
            .map(|it| 95.0 + 10.0 * f64::from(it) / f64::from(count - 1))
            .collect()
    }

    fn judged(bound: Bound, values: &[f64]) -> Judgement {
        let expectation = Expectation {
            metric: "queue_mean".to_owned(),
            nodes: None,
            bound,
            over: Over::Mean,
        };
        let mut node = NodeMean::new("a");
        for &value in values {
            node.add(Range {
                low: value,
                high: value,
            });
        }
        judge(&expectation, &[node])
    }

    #[test]
    fn the_whole_interval_decides() {
        let values = around(20);
        for (bound, verdict) in [
            (Bound::AtMost(105.0), Verdict::Passed),
            (Bound::AtMost(95.0), Verdict::Failed),
            (Bound::AtMost(101.0), Verdict::Unknown),
            (Bound::AtMost(99.0), Verdict::Unknown),
            (Bound::Between(97.0, 103.0), Verdict::Passed),
            (Bound::Between(100.0, 103.0), Verdict::Unknown),
            (Bound::Equals(100.0), Verdict::Unknown),
            (Bound::Equals(90.0), Verdict::Failed),
        ] {
            assert_eq!(judged(bound, &values).verdict, verdict, "{bound:?}");
        }
        let found = judged(Bound::AtMost(101.0), &values);
        assert!(
            found.measured.starts_with("100 (a), 95 % interval 98."),
            "{}",
            found.measured
        );
        assert!(found.reason.contains("runs would tell"), "{}", found.reason);
    }

    #[test]
    fn too_few_runs_are_unknown_and_name_how_many_would_do() {
        let found = judged(Bound::AtMost(1e9), &around(5));
        assert_eq!(found.verdict, Verdict::Unknown);
        assert_eq!(
            found.reason,
            "mean queue_mean at `a` has no 95 % interval: too few runs: about 10 would do, there are 5"
        );
        let found = judged(Bound::AtMost(1e9), &[1.0, 50.0, 2.0, 3.0, 4.0]);
        assert!(
            found.reason.contains("about 2000 would do"),
            "{}",
            found.reason
        );
        assert_eq!(judged(Bound::AtMost(1e9), &[]).verdict, Verdict::Unknown);
    }

    #[test]
    fn equal_values_decide_if_they_are_many() {
        let bound = Bound::Equals(360.0);
        let found = judged(bound, &[360.0; 58]);
        assert_eq!(found.verdict, Verdict::Unknown);
        assert!(
            found
                .reason
                .ends_with("about 59 would do, or expect it of every run")
        );
        let found = judged(bound, &[360.0; 59]);
        assert_eq!(found.verdict, Verdict::Passed);
        assert_eq!(found.measured, "360 (a), the same in all 59 runs");
        assert_eq!(judged(bound, &[361.0; 59]).verdict, Verdict::Failed);
    }
}
