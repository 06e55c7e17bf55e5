//! Runs in which nothing happened: no node did a step, and no program exchanged a message
//! with a node. Such a run breaks no expectation, and proves nothing.
//!
//! A single one is counted and told: with messages lost at random it may happen. A case of
//! which every run is such a run is unknown.

use analysis::results::{Judge, Judgement, RunStatus, idle_case};

pub use analysis::results::idle_run;

use crate::plan::{Case, Plan};
use crate::results::run_result::RunResult;
use model::Timing;

/// The runs of a plan in which nothing happened, by case.
#[derive(Clone, Debug)]
pub struct IdleRuns(Vec<OfCase>);

/// The idle runs of one case.
#[derive(Clone, Debug, Default)]
struct OfCase {
    runs: u64,
    idle: u64,
    /// Number of the first idle run.
    first: u64,
}

impl IdleRuns {
    /// Before the first run.
    pub fn new(plan: &Plan) -> IdleRuns {
        IdleRuns(vec![OfCase::default(); plan.cases.len()])
    }

    /// Adds a run.
    pub fn add(&mut self, result: &RunResult) {
        let case = &mut self.0[result.spec.case];
        case.runs += 1;
        if is_idle(result) {
            if case.idle == 0 {
                case.first = result.row.run;
            }
            case.idle += 1;
        }
    }

    /// Returns the judgements of the cases of which all runs were idle, with the index of
    /// the case. `is_part`: the runs are a shard of the plan, so a case of which some runs
    /// are elsewhere is judged when the parts are merged.
    pub fn judge(&self, plan: &Plan, is_part: bool) -> Vec<(usize, Judgement)> {
        let mut judged = Vec::new();
        for (index, (case, found)) in plan.cases.iter().zip(&self.0).enumerate() {
            let some_elsewhere = found.runs < u64::from(case.scenario.runs);
            if found.idle > 0 && found.idle == found.runs && !(is_part && some_elsewhere) {
                judged.push((index, idle_case(found.runs)));
            }
        }
        judged
    }

    /// Returns a sentence for each case of which some runs were idle, but not all, and
    /// what may be the reason.
    pub fn remarks(&self, plan: &Plan) -> Vec<String> {
        let mut remarks = Vec::new();
        for (case, found) in plan.cases.iter().zip(&self.0) {
            if found.idle > 0 {
                for hint in hints(case) {
                    if !remarks.contains(&hint) {
                        remarks.push(hint);
                    }
                }
            }
            if found.idle > 0 && found.idle < found.runs {
                let id = match plan.cases.len() {
                    1 => String::new(),
                    _ => format!("{}: ", case.id),
                };
                remarks.push(format!(
                    "{id}in {} of {} runs {}, first in run {}",
                    found.idle,
                    found.runs,
                    idle_run().reason,
                    found.first
                ));
            }
        }
        remarks
    }
}

/// Whether nothing happened in a run that reached its end.
fn is_idle(result: &RunResult) -> bool {
    let mut judgements = result.judgements.iter();
    result.row.status == RunStatus::Complete && judgements.any(|it| it.judge == Judge::Activity)
}

/// What in a scenario may be the reason that nothing happens.
fn hints(case: &Case) -> impl Iterator<Item = String> {
    let groups = case.configs.iter().zip(&case.scenario.groups);
    groups.filter_map(|(config, group)| {
        let clocked = matches!(group.timing, Timing::Clocked { .. });
        // Of a program nobody knows whether it acts on ticks.
        let behavior = config.as_ref().map(|it| it.behavior());
        let takes_ticks = behavior.is_some_and(|it| it.ticks() && !it.is_shaped());
        let behavior = group
            .behavior
            .as_ref()
            .filter(|_| takes_ticks && !clocked)?;
        Some(format!(
            "`{behavior}` acts on ticks, and group `{}` has no `tick_rate`",
            group.name
        ))
    })
}
