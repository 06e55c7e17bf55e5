//! The properties of one run, which see each record when it is written; and `sometimes`,
//! which is judged over the runs of a case.

use std::sync::Arc;

use analysis::log::{Columns, Row, RunSchema};
use analysis::properties::{self, Happenings, is_sometimes};
use analysis::results::{Judge, Judgement};

use crate::plan::{BoundProperty, Plan};
use crate::results::run_result::RunResult;
use base::time::SimTime;

/// All properties of one run.
#[derive(Debug)]
pub struct Properties {
    bound: Vec<BoundProperty>,
    running: properties::Properties,
}

impl Properties {
    /// Before the first record of a run.
    pub fn begin(bound: &[BoundProperty], schema: &Arc<RunSchema>) -> Properties {
        let all: Vec<_> = bound.iter().map(|it| it.property.clone()).collect();
        Properties {
            bound: bound.to_vec(),
            running: properties::Properties::begin(&all, schema),
        }
    }

    /// Passes on the next record.
    #[inline]
    pub fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        self.running.row(row, columns);
    }

    /// Adds an external peer.
    pub fn external_peer(&mut self, name: &str) {
        self.running.external_peer(name);
    }

    /// Returns the judgements of a run that ended at this time.
    pub fn finish(self, end: SimTime) -> Vec<Judgement> {
        let bound = &self.bound;
        self.running.finish(end.0, |property, expression, span| {
            bound[property].place_of(expression, span)
        })
    }
}

/// In which runs of each case happened what `sometimes` asks for.
#[derive(Clone, Debug)]
pub struct OverRuns {
    /// By case: number of runs, and by property in how many it happened.
    cases: Vec<(u32, Vec<Happenings>)>,
}

impl OverRuns {
    /// Before the first run.
    pub fn new(plan: &Plan) -> OverRuns {
        let of_case = |case: &crate::plan::Case| {
            let properties = case.scenario.properties.len();
            (0, vec![Happenings::default(); properties])
        };
        OverRuns {
            cases: plan.cases.iter().map(of_case).collect(),
        }
    }

    /// Adds a run.
    pub fn add(&mut self, plan: &Plan, result: &RunResult) {
        let case = result.spec.case;
        let (count, happenings) = &mut self.cases[case];
        *count += 1;
        let parts = plan.cases[case].scenario.properties.iter();
        for (part, happenings) in parts.zip(happenings) {
            let is_own = |it: &&Judgement| it.judge == Judge::Happened && it.name == part.rule.name;
            if let Some(judgement) = result.judgements.iter().find(is_own) {
                happenings.add(result.row.run, judgement);
            }
        }
    }

    /// Returns the judgements over all runs of each case, with the index of the case. A
    /// case of which only a part is run is judged when the parts are merged.
    pub fn judge(&self, plan: &Plan, is_whole: impl Fn(usize) -> bool) -> Vec<(usize, Judgement)> {
        let mut judged = Vec::new();
        for (index, (count, happenings)) in self.cases.iter().enumerate() {
            let scenario = &plan.cases[index].scenario;
            if !is_whole(index) {
                continue;
            }
            for (part, happenings) in scenario.properties.iter().zip(happenings) {
                if is_sometimes(&part.rule) {
                    let claim = part.rule.to_string();
                    let runs = u64::from(*count);
                    judged.push((index, happenings.judge(&part.rule.name, &claim, runs)));
                }
            }
        }
        judged
    }
}
