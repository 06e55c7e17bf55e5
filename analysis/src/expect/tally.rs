//! Expectations over the runs of a case: means and shares, run by run.

use std::collections::BTreeMap;

use super::mean::{self, NodeMean};
use super::until::{self, Until};
use super::{Expectation, Finding, Measure, Over, Range, as_written};
use crate::metrics::Value;
use crate::results::{Judgement, Verdict};

/// The runs of a case so far, for one expectation that is not judged run by run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// By node, in the order of the first run.
    means: Vec<NodeMean>,
    places: BTreeMap<String, usize>,
    /// Number of runs that passed, that failed, that depend on where in its bucket a value
    /// lies, and that had no samples.
    held: u64,
    broke: u64,
    open: u64,
    silent: u64,
}

impl Tally {
    /// Adds a run by the values of its nodes, as for
    /// [`Expectation::judge_run`].
    pub fn add<'a>(
        &mut self,
        expectation: &Expectation,
        nodes: impl IntoIterator<Item = (&'a str, Option<Value>)>,
    ) {
        let nodes: Vec<_> = nodes.into_iter().collect();
        match expectation.over {
            Over::EveryRun => {}
            Over::Mean | Over::Until(_) => {
                for (node, value) in nodes {
                    self.add_value(node, value.map(as_written));
                }
            }
            Over::Fraction(_) => {
                let measure = |(node, value): (&'a str, Option<Value>)| Measure {
                    node,
                    value: value.map(as_written),
                };
                let measures: Vec<_> = nodes.into_iter().map(measure).collect();
                *match expectation.finding(&measures).0 {
                    Finding::Kept => &mut self.held,
                    Finding::Broken => &mut self.broke,
                    Finding::Open => &mut self.open,
                    Finding::Silent => &mut self.silent,
                } += 1;
            }
        }
    }

    fn add_value(&mut self, node: &str, value: Option<Range>) {
        let place = match self.places.get(node) {
            Some(place) => *place,
            None => {
                self.places.insert(node.to_owned(), self.means.len());
                self.means.push(NodeMean::new(node));
                self.means.len() - 1
            }
        };
        if let Some(value) = value {
            self.means[place].add(value);
        }
    }

    /// The judgement of the case; `None` if the expectation is judged run by run.
    pub fn judge(&self, expectation: &Expectation) -> Option<Judgement> {
        match expectation.over {
            Over::EveryRun => None,
            Over::Mean => Some(mean::judge(expectation, &self.means)),
            Over::Fraction(share) => Some(self.share(expectation, share)),
            Over::Until(until) => Some(until::judge(expectation, &until, &self.means)),
        }
    }

    /// Whether the intervals of all nodes are narrow.
    pub fn is_narrow(&self, expectation: &Expectation, until: &Until) -> bool {
        until::is_narrow(expectation, until, &self.means)
    }

    /// How wide the intervals are, for people.
    pub fn look(&self, expectation: &Expectation, until: &Until) -> String {
        until::look(expectation, until, &self.means)
    }

    fn share(&self, expectation: &Expectation, least: f64) -> Judgement {
        let judged = self.held + self.broke + self.open;
        if judged == 0 {
            let reason = format!("no run has samples of {}", expectation.metric);
            return expectation.judgement(Verdict::Unknown, String::new(), reason);
        }
        let found = self.held as f64 / judged as f64;
        let mut measured = format!(
            "{} % ({} of {judged} runs)",
            Value::Real(found * 100.0),
            self.held
        );
        if self.silent > 0 {
            measured.push_str(&format!(", {} without samples", self.silent));
        }
        if self.open > 0 {
            measured.push_str(&format!(", {} within the bucket of the bound", self.open));
        }
        let at_most = (self.held + self.open) as f64 / judged as f64;
        match found >= least {
            true => expectation.judgement(Verdict::Passed, measured, String::new()),
            false if at_most >= least => {
                let reason = format!(
                    "in {} runs, {} is known only to lie in a bucket that is partly {} and partly not",
                    self.open,
                    expectation.metric,
                    expectation.bound()
                );
                expectation.judgement(Verdict::Unknown, measured, reason)
            }
            false => {
                let reason = format!(
                    "{} is {} in too few runs",
                    expectation.metric,
                    expectation.bound()
                );
                expectation.judgement(Verdict::Failed, measured, reason)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bound;
    use super::*;
    use crate::metrics::Bucket;

    fn tallied(over: Over, runs: &[&[(&str, Option<u64>)]]) -> Option<Judgement> {
        let expectation = Expectation {
            metric: "queue_max".to_owned(),
            nodes: None,
            bound: Bound::AtMost(4.0),
            over,
        };
        let mut tally = Tally::default();
        for run in runs {
            let values = run.iter().map(|(n, v)| (*n, v.map(Value::Unsigned)));
            tally.add(&expectation, values);
        }
        tally.judge(&expectation)
    }

    #[test]
    fn a_mean_is_taken_node_by_node() {
        let runs: [&[_]; 2] = [
            &[("a", Some(2)), ("b", Some(8))],
            &[("a", Some(3)), ("b", Some(1))],
        ];
        // Two runs decide nothing.
        let found = tallied(Over::Mean, &runs).unwrap();
        assert_eq!(found.verdict, Verdict::Unknown);
        assert_eq!(found.measured, "4.5 (b), no interval");
        let many: Vec<[_; 2]> = (0..100)
            .map(|it| [("a", Some(it % 2)), ("b", Some(1000 + it))])
            .collect();
        let many: Vec<&[_]> = many.iter().map(|run| &run[..]).collect();
        let found = tallied(Over::Mean, &many).unwrap();
        assert_eq!(found.verdict, Verdict::Failed);
        assert_eq!(found.reason, "mean queue_max is not at most 4 at `b`");
        let found = tallied(Over::Mean, &[&[("a", None)]]).unwrap();
        assert_eq!(found.verdict, Verdict::Unknown);
    }

    #[test]
    fn a_share_counts_the_runs_that_have_samples() {
        let runs: [&[_]; 4] = [
            &[("a", Some(2))],
            &[("a", Some(9))],
            &[("a", Some(3))],
            &[("a", None)],
        ];
        let found = tallied(Over::Fraction(0.6), &runs).unwrap();
        assert_eq!(found.verdict, Verdict::Passed);
        assert_eq!(
            found.measured,
            "66.666667 % (2 of 3 runs), 1 without samples"
        );
        let found = tallied(Over::Fraction(0.7), &runs).unwrap();
        assert_eq!(found.verdict, Verdict::Failed);
        let found = tallied(Over::Fraction(0.5), &[&[("a", None)]]).unwrap();
        assert_eq!(found.verdict, Verdict::Unknown);
    }

    #[test]
    fn runs_whose_bucket_holds_the_bound_leave_it_open() {
        let expectation = |over| Expectation {
            metric: "latency_p99".to_owned(),
            nodes: None,
            bound: Bound::AtMost(1027.0),
            over,
        };
        let judged = |over, values: &[Value]| {
            let expectation = expectation(over);
            let mut tally = Tally::default();
            for value in values {
                tally.add(&expectation, [("a", Some(*value))]);
            }
            tally.judge(&expectation).unwrap()
        };
        let open = Value::Within(Bucket::new(1024, 3));
        let (kept, broken) = (Value::Unsigned(5), Value::Unsigned(5000));
        for (share, verdict) in [
            (0.3, Verdict::Passed),
            (0.5, Verdict::Unknown),
            (0.7, Verdict::Failed),
        ] {
            let found = judged(Over::Fraction(share), &[kept, open, broken]);
            assert_eq!(found.verdict, verdict, "{share}");
            assert!(
                found
                    .measured
                    .ends_with("(1 of 3 runs), 1 within the bucket of the bound")
            );
        }
        // The bucket is 1024 to 1031; its values 64 times over leave the mean within it.
        for (values, verdict) in [
            ([open; 64], Verdict::Unknown),
            ([Value::Unsigned(1027); 64], Verdict::Passed),
            ([Value::Within(Bucket::new(1032, 3)); 64], Verdict::Failed),
        ] {
            assert_eq!(judged(Over::Mean, &values).verdict, verdict);
        }
    }

    #[test]
    fn what_is_judged_in_every_run_has_no_tally() {
        assert_eq!(tallied(Over::EveryRun, &[&[("a", Some(9))]]), None);
    }
}
