//! Expectations over the runs of a case: means and shares, run by run.

use std::collections::BTreeMap;

use super::{Expectation, Measure, Over, as_written};
use crate::metrics::Value;
use crate::results::{Judgement, Verdict};

/// The runs of a case so far, for one expectation that is not judged run by run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// By node, in the order of the first run: sum and count of its values.
    means: Vec<(String, f64, u64)>,
    places: BTreeMap<String, usize>,
    /// Number of runs that passed, that failed, and that had no samples.
    held: u64,
    broke: u64,
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
            Over::Mean => {
                for (node, value) in nodes {
                    self.add_value(node, value.map(as_written));
                }
            }
            Over::Fraction(_) => match expectation.judge_run(nodes).verdict {
                Verdict::Passed => self.held += 1,
                Verdict::Failed => self.broke += 1,
                Verdict::Unknown => self.silent += 1,
            },
        }
    }

    fn add_value(&mut self, node: &str, value: Option<f64>) {
        let place = match self.places.get(node) {
            Some(place) => *place,
            None => {
                self.places.insert(node.to_owned(), self.means.len());
                self.means.push((node.to_owned(), 0.0, 0));
                self.means.len() - 1
            }
        };
        if let (Some(value), (_, sum, count)) = (value, &mut self.means[place]) {
            *sum += value;
            *count += 1;
        }
    }

    /// The judgement of the case; `None` if the expectation is judged run by run.
    pub fn judge(&self, expectation: &Expectation) -> Option<Judgement> {
        match expectation.over {
            Over::EveryRun => None,
            Over::Mean => {
                let measures: Vec<Measure<'_>> = self
                    .means
                    .iter()
                    .map(|(node, sum, count)| Measure {
                        node,
                        value: (*count > 0).then(|| as_written(Value::Real(sum / *count as f64))),
                    })
                    .collect();
                Some(expectation.judge(&measures))
            }
            Over::Fraction(share) => Some(self.share(expectation, share)),
        }
    }

    fn share(&self, expectation: &Expectation, least: f64) -> Judgement {
        let judged = self.held + self.broke;
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
        match found >= least {
            true => expectation.judgement(Verdict::Passed, measured, String::new()),
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
        let found = tallied(Over::Mean, &runs).unwrap();
        assert_eq!(found.verdict, Verdict::Failed);
        assert_eq!(found.measured, "4.5 (b)");
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
    fn what_is_judged_in_every_run_has_no_tally() {
        assert_eq!(tallied(Over::EveryRun, &[&[("a", Some(9))]]), None);
    }
}
