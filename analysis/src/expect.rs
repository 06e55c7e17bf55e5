//! Expectations: bounds on metrics, judged per run or over the runs of a case.
//!
//! Expectations are judged by the metrics as `summary.csv` has them. The runner judges
//! when a run ends; a report judges again from the file, with the same result. An
//! expectation with nothing measured is unknown, never passed. A judgement has the
//! measured value.

mod bound;
mod mean;
mod selection;
mod tally;
mod until;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::metrics::{Value, definition};
use crate::results::{Judge, Judgement, Verdict};

pub use bound::Bound;
use bound::{Range, as_written};
pub use selection::{matches_glob, selects};
pub use tally::Tally;
pub use until::Until;

/// One `[[expect]]` of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// The metric, by its name in `summary.csv`.
    pub metric: String,
    /// The nodes: a group, a node or a glob; `None`: all nodes that have the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<String>,
    /// The bound of the metric.
    pub bound: Bound,
    /// The runs.
    #[serde(default)]
    pub over: Over,
}

/// The runs that must be within the bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Each run.
    #[default]
    EveryRun,
    /// The interval of the mean over the runs of a case, node by node.
    Mean,
    /// At least this share of the runs of a case, 0 to 1.
    Fraction(f64),
    /// The width of the interval of the mean, node by node: the bound is half of it. Runs
    /// are added until it is narrow.
    Until(Until),
}

/// Whether a metric is a time in nanoseconds, so that a duration may bound it.
pub fn is_time(metric: &str) -> bool {
    let own = |end: &str| {
        metric
            .strip_suffix(end)
            .is_some_and(|it| it.ends_with("_ns"))
    };
    definition(metric).is_some_and(|it| it.unit == "ns")
        || ["_mean", "_min", "_max", "_final"].into_iter().any(own)
}

impl fmt::Display for Expectation {
    /// `queue_max of machine at most 500`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Over::Until(until) = &self.over {
            return f.write_str(&self.until_text(until));
        }
        if self.over == Over::Mean {
            f.write_str("mean ")?;
        }
        f.write_str(&self.metric)?;
        if let Some(nodes) = &self.nodes {
            write!(f, " of {nodes}")?;
        }
        write!(f, " {}", self.bound())?;
        if let Over::Fraction(share) = self.over {
            let percent = Value::Real(share * 100.0);
            write!(f, " in at least {percent} % of the runs")?;
        }
        Ok(())
    }
}

/// A node's value of the metric, in one run or over several.
#[derive(Clone, Debug, PartialEq)]
struct Measure<'a> {
    node: &'a str,
    /// `None`: nothing was measured.
    value: Option<Range>,
}

/// Whether nodes are within the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    /// All are.
    Kept,
    /// At least one is not.
    Broken,
    /// It depends on where in its bucket a value lies.
    Open,
    /// Nothing was measured at a node, or at all.
    Silent,
}

impl Expectation {
    /// The bound as text.
    fn bound(&self) -> String {
        let shown = |value| self.shown(value);
        match self.bound {
            Bound::AtLeast(low) => format!("at least {}", shown(low)),
            Bound::AtMost(high) => format!("at most {}", shown(high)),
            Bound::Equals(exact) => format!("equal to {}", shown(exact)),
            Bound::Between(low, high) => format!("{} to {}", shown(low), shown(high)),
        }
    }

    /// A value of the metric, a time with its unit.
    fn shown(&self, value: f64) -> String {
        const UNITS: [(f64, &str); 4] = [(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns")];
        if !is_time(&self.metric) {
            return Value::Real(value).to_string();
        }
        let fits = |(scale, _): &(f64, &str)| value.abs() >= *scale;
        let (scale, unit) = UNITS.into_iter().find(fits).unwrap_or(UNITS[3]);
        format!("{} {unit}", Value::Real(value / scale))
    }

    /// Judges one run. `nodes` are the nodes that have the metric and that
    /// [`nodes`](Expectation::nodes) selects, with their values; `None` if nothing was
    /// measured.
    pub fn judge_run<'a>(
        &self,
        nodes: impl IntoIterator<Item = (&'a str, Option<Value>)>,
    ) -> Judgement {
        let measures: Vec<Measure<'_>> = nodes
            .into_iter()
            .map(|(node, value)| Measure {
                node,
                value: value.map(as_written),
            })
            .collect();
        self.judge(&measures)
    }

    /// A range of values of the metric as text.
    fn range(&self, range: Range) -> String {
        match range.low == range.high {
            true => self.shown(range.low),
            false => format!("{} to {}", self.shown(range.low), self.shown(range.high)),
        }
    }

    /// What these values show, one per node, and a node that shows it.
    fn finding<'a>(&self, measures: &[Measure<'a>]) -> (Finding, Option<&'a str>) {
        let first = |wanted: Option<bool>| {
            let is = |it: &&Measure<'_>| {
                it.value
                    .is_some_and(|value| self.bound.holds_for(value) == wanted)
            };
            measures.iter().find(is).map(|it| it.node)
        };
        if let Some(node) = first(Some(false)) {
            return (Finding::Broken, Some(node));
        }
        if let Some(node) = first(None) {
            return (Finding::Open, Some(node));
        }
        // Each node that the expectation names must have a value.
        let all_silent = measures.iter().all(|it| it.value.is_none());
        let silent = measures.iter().find(|it| it.value.is_none());
        match silent.filter(|_| self.nodes.is_some() || all_silent) {
            Some(silent) => (Finding::Silent, Some(silent.node)),
            None if measures.is_empty() => (Finding::Silent, None),
            None => (Finding::Kept, None),
        }
    }

    /// Judges values, one per node.
    fn judge(&self, measures: &[Measure<'_>]) -> Judgement {
        let seen = || measures.iter().filter_map(|it| Some((it.node, it.value?)));
        let excess = |range: Range| {
            let ends = [range.low, range.high].map(|end| self.bound.excess(end));
            ends[0].max(ends[1])
        };
        let worst = seen().max_by(|a, b| excess(a.1).total_cmp(&excess(b.1)));
        let measured = worst.map_or_else(String::new, |(node, value)| {
            format!("{} ({node})", self.range(value))
        });
        let (finding, node) = self.finding(measures);
        let node = node.unwrap_or_default();
        let (verdict, reason) = match finding {
            Finding::Kept => (Verdict::Passed, String::new()),
            Finding::Broken => (Verdict::Failed, self.broken(measures)),
            Finding::Open => (Verdict::Unknown, self.open(measures, node)),
            Finding::Silent if measures.is_empty() => {
                (Verdict::Unknown, format!("no node has {}", self.metric))
            }
            Finding::Silent => {
                let reason = format!("{} has no samples at `{node}`", self.metric);
                (Verdict::Unknown, reason)
            }
        };
        self.judgement(verdict, measured, reason)
    }

    /// The reason for a failure.
    fn broken(&self, measures: &[Measure<'_>]) -> String {
        let broken: Vec<&str> = measures
            .iter()
            .filter(|it| {
                it.value
                    .is_some_and(|value| self.bound.holds_for(value) == Some(false))
            })
            .map(|it| it.node)
            .collect();
        let nodes = named(&broken);
        format!("{} is not {} at {nodes}", self.metric, self.bound())
    }

    /// The reason for a verdict that depends on where in its bucket a value lies.
    fn open(&self, measures: &[Measure<'_>], node: &str) -> String {
        let value = measures.iter().find(|it| it.node == node);
        let range = value.and_then(|it| it.value);
        format!(
            "{} at `{node}` is known to be {}, which is partly {} and partly not: there are too many distinct samples to count each of them",
            self.metric,
            range.map_or_else(String::new, |range| self.range(range)),
            self.bound()
        )
    }

    fn judgement(&self, verdict: Verdict, measured: String, reason: String) -> Judgement {
        Judgement {
            judge: Judge::Expect,
            name: self.to_string(),
            verdict,
            measured,
            reason,
            evidence: Vec::new(),
        }
    }

    /// The judgement of a run without metrics: the run did not reach its end.
    pub fn unjudged(&self) -> Judgement {
        let reason = "the run did not come to its end, so nothing was measured".to_owned();
        self.judgement(Verdict::Unknown, String::new(), reason)
    }
}

/// Nodes in a sentence.
fn named(nodes: &[&str]) -> String {
    match nodes.len() {
        1..=3 => format!("`{}`", nodes.join("`, `")),
        more => format!("{more} nodes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Bucket;

    fn expect(bound: Bound, nodes: Option<&str>) -> Expectation {
        Expectation {
            metric: "queue_max".to_owned(),
            nodes: nodes.map(str::to_owned),
            bound,
            over: Over::EveryRun,
        }
    }

    fn judged(expectation: &Expectation, values: &[(&str, Option<u64>)]) -> Judgement {
        let values = values
            .iter()
            .map(|(node, value)| (*node, value.map(Value::Unsigned)));
        expectation.judge_run(values)
    }

    #[test]
    fn the_node_nearest_to_the_bound_is_named() {
        let most = expect(Bound::AtMost(10.0), None);
        let found = judged(&most, &[("a", Some(3)), ("b", Some(9))]);
        assert_eq!(found.verdict, Verdict::Passed);
        assert_eq!(found.measured, "9 (b)");
        let found = judged(&most, &[("a", Some(11)), ("b", Some(9))]);
        assert_eq!(found.verdict, Verdict::Failed);
        assert_eq!(found.measured, "11 (a)");
        assert_eq!(found.reason, "queue_max is not at most 10 at `a`");
    }

    #[test]
    fn nothing_measured_is_unknown() {
        let least = expect(Bound::AtLeast(0.0), None);
        assert_eq!(judged(&least, &[]).verdict, Verdict::Unknown);
        let found = judged(&least, &[("a", None)]);
        assert_eq!(found.verdict, Verdict::Unknown);
        assert_eq!(found.reason, "queue_max has no samples at `a`");
        // Without a selection, nodes without a value are ignored.
        let some = [("a", None), ("b", Some(1))];
        assert_eq!(judged(&least, &some).verdict, Verdict::Passed);
        // Each selected node must have a value.
        let named = expect(Bound::AtLeast(0.0), Some("*"));
        assert_eq!(judged(&named, &some).verdict, Verdict::Unknown);
        // A failure counts more than an unknown value.
        let named = expect(Bound::AtLeast(2.0), Some("*"));
        assert_eq!(judged(&named, &some).verdict, Verdict::Failed);
    }

    #[test]
    fn every_bound_includes_its_ends() {
        for (bound, inside, outside) in [
            (Bound::AtLeast(2.0), [2, 3], [0, 1]),
            (Bound::AtMost(2.0), [0, 2], [3, 4]),
            (Bound::Between(1.0, 2.0), [1, 2], [0, 3]),
            (Bound::Equals(2.0), [2, 2], [1, 3]),
        ] {
            let one = expect(bound, None);
            for value in inside {
                let found = judged(&one, &[("a", Some(value))]);
                assert_eq!(found.verdict, Verdict::Passed, "{bound:?} {value}");
            }
            for value in outside {
                let found = judged(&one, &[("a", Some(value))]);
                assert_eq!(found.verdict, Verdict::Failed, "{bound:?} {value}");
            }
        }
    }

    #[test]
    fn what_is_judged_is_what_the_summary_shows() {
        let third = Value::Real(1.0 / 3.0);
        let equal = expect(Bound::Equals(0.333_333), None);
        let found = equal.judge_run([("a", Some(third))]);
        assert_eq!(found.verdict, Verdict::Passed);
    }

    #[test]
    fn a_bound_within_a_bucket_is_unknown() {
        // 1024 to 1031.
        let bucket = Some(Value::Within(Bucket::new(1024, 3)));
        for (bound, verdict) in [
            (Bound::AtMost(1031.0), Verdict::Passed),
            (Bound::AtMost(1030.0), Verdict::Unknown),
            (Bound::AtMost(1024.0), Verdict::Unknown),
            (Bound::AtMost(1023.0), Verdict::Failed),
            (Bound::AtLeast(1024.0), Verdict::Passed),
            (Bound::AtLeast(1025.0), Verdict::Unknown),
            (Bound::AtLeast(1032.0), Verdict::Failed),
            (Bound::Equals(1027.0), Verdict::Unknown),
            (Bound::Equals(1032.0), Verdict::Failed),
            (Bound::Between(1000.0, 1031.0), Verdict::Passed),
            (Bound::Between(1025.0, 1026.0), Verdict::Unknown),
            (Bound::Between(1031.0, 2000.0), Verdict::Unknown),
            (Bound::Between(1.0, 2.0), Verdict::Failed),
        ] {
            let one = expect(bound, None);
            let found = one.judge_run([("a", bucket)]);
            assert_eq!(found.verdict, verdict, "{bound:?}");
            assert_eq!(found.measured, "1024 to 1031 (a)");
            // A node that breaks the bound fails it, whatever the other one does.
            let far = Some(Value::Unsigned(100_000));
            let broken = !bound.holds(100_000.0);
            let found = one.judge_run([("a", bucket), ("b", far)]);
            assert_eq!(
                found.verdict == Verdict::Failed,
                broken || verdict == Verdict::Failed
            );
        }
        let one = expect(Bound::AtMost(1030.0), Some("a"));
        let reason = "queue_max at `a` is known to be 1024 to 1031, which is partly at most 1030 and partly not: there are too many distinct samples to count each of them";
        assert_eq!(one.judge_run([("a", bucket)]).reason, reason);
    }

    #[test]
    fn an_expectation_reads_as_a_sentence() {
        let mut one = expect(Bound::Between(1.0, 2.5), Some("machine-*"));
        assert_eq!(one.to_string(), "queue_max of machine-* 1 to 2.5");
        one.metric = "latency_p99".to_owned();
        one.bound = Bound::AtMost(12.5e6);
        assert_eq!(one.to_string(), "latency_p99 of machine-* at most 12.5 ms");
        one = expect(Bound::Between(1.0, 2.5), Some("machine-*"));
        one.over = Over::Mean;
        assert_eq!(one.to_string(), "mean queue_max of machine-* 1 to 2.5");
        one.over = Over::Fraction(0.95);
        assert_eq!(
            one.to_string(),
            "queue_max of machine-* 1 to 2.5 in at least 95 % of the runs"
        );
    }
}
