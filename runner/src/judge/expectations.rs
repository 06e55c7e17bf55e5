//! The expectations of a plan: of each run, and over all runs of a case.

use analysis::expect::{Over, Tally};
use analysis::log::RunSchema;
use analysis::metrics::{NodeMetrics, Value};
use analysis::results::Judgement;

use crate::plan::Plan;
use crate::results::run_result::RunResult;
use crate::scenario::ExpectRule;

/// Returns the judgements of the expectations about each run. `metrics` are empty if
/// the run did not reach its end.
pub fn of_run(rules: &[ExpectRule], schema: &RunSchema, metrics: &[NodeMetrics]) -> Vec<Judgement> {
    rules
        .iter()
        .filter(|rule| rule.expectation.over == Over::EveryRun)
        .map(|rule| match metrics.is_empty() {
            true => rule.expectation.unjudged(),
            false => rule.expectation.judge_run(values(rule, schema, metrics)),
        })
        .collect()
}

/// The expectations over the runs of each case of a plan.
#[derive(Clone, Debug)]
pub struct Tallies {
    /// By case: number of runs, and their tallies.
    cases: Vec<(u32, CaseTallies)>,
}

impl Tallies {
    /// Before the first run.
    pub fn new(plan: &Plan) -> Tallies {
        Tallies {
            cases: vec![Default::default(); plan.cases.len()],
        }
    }

    /// Adds a run.
    pub fn add(&mut self, plan: &Plan, result: &RunResult) {
        let case = result.spec.case;
        let (count, tallies) = &mut self.cases[case];
        *count += 1;
        if !result.metrics.is_empty() {
            let rules = &plan.cases[case].scenario.expectations;
            tallies.add(rules, &plan.nodes(case).schema, &result.metrics);
        }
    }

    /// Whether all runs of a case are there.
    pub fn is_whole(&self, plan: &Plan, case: usize) -> bool {
        let (count, _) = self.cases[case];
        count > 0 && count == plan.cases[case].scenario.runs || self.is_decided(plan, case)
    }

    /// Whether a case has enough runs for its `[until]`.
    pub fn is_decided(&self, plan: &Plan, case: usize) -> bool {
        let (count, tallies) = &self.cases[case];
        let rule = plan.until_rule(case);
        let rule = rule.filter(|(_, until)| until.is_look(*count));
        rule.is_some_and(|(index, until)| {
            *count == until.at_most
                || tallies.tally(index).is_some_and(|tally| {
                    let expectation = &plan.cases[case].scenario.expectations[index].expectation;
                    tally.is_narrow(expectation, &until)
                })
        })
    }

    /// What the runs of a case have come to so far, for people; none without `[until]`, or
    /// before the first run.
    pub fn look(&self, plan: &Plan, case: usize) -> Option<String> {
        let (count, tallies) = &self.cases[case];
        let (index, until) = plan.until_rule(case)?;
        let tally = tallies.tally(index).filter(|_| *count > 0)?;
        let expectation = &plan.cases[case].scenario.expectations[index].expectation;
        Some(tally.look(expectation, &until))
    }

    /// Returns the judgements over all runs of each case, with the index of the case. A
    /// case of which only a part is run is judged when the parts are merged.
    pub fn judge(&self, plan: &Plan) -> Vec<(usize, Judgement)> {
        let whole = (0..)
            .zip(&self.cases)
            .filter(|(case, _)| self.is_whole(plan, *case));
        whole
            .flat_map(|(case, (_, tallies))| {
                let rules = &plan.cases[case].scenario.expectations;
                tallies.judge(rules).into_iter().map(move |it| (case, it))
            })
            .collect()
    }
}

/// The expectations over the runs of one case.
#[derive(Clone, Debug, Default)]
struct CaseTallies(Vec<Tally>);

impl CaseTallies {
    /// The tally of the expectation with this index, if a run was added.
    fn tally(&self, index: usize) -> Option<&Tally> {
        self.0.get(index)
    }

    /// Adds a run that reached its end.
    fn add(&mut self, rules: &[ExpectRule], schema: &RunSchema, metrics: &[NodeMetrics]) {
        self.0.resize_with(rules.len(), Tally::default);
        for (rule, tally) in rules.iter().zip(&mut self.0) {
            if rule.expectation.over != Over::EveryRun {
                tally.add(&rule.expectation, values(rule, schema, metrics));
            }
        }
    }

    /// Returns the judgements of the case.
    fn judge(&self, rules: &[ExpectRule]) -> Vec<Judgement> {
        let none = Tally::default();
        let tallies = self.0.iter().chain(std::iter::repeat(&none));
        rules
            .iter()
            .zip(tallies)
            .filter_map(|(rule, tally)| tally.judge(&rule.expectation))
            .collect()
    }
}

/// The values of the nodes that an expectation selects, with their names.
fn values<'a>(
    rule: &'a ExpectRule,
    schema: &'a RunSchema,
    metrics: &'a [NodeMetrics],
) -> impl Iterator<Item = (&'a str, Option<Value>)> {
    let selected = |node: u32| {
        let ranges = rule.nodes.as_ref();
        ranges.is_none_or(|ranges| ranges.iter().any(|range| range.contains(&node)))
    };
    let metric = rule.expectation.metric.as_str();
    metrics
        .iter()
        .filter(move |node| selected(node.node))
        .filter_map(move |node| {
            let (_, value) = node.iter().find(|(name, _)| *name == metric)?;
            Some((schema.nodes[node.node as usize].name.as_str(), value))
        })
}
