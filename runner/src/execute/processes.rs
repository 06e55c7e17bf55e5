//! A run whose nodes have processes of their own, as the runner sees it: who does
//! what, and what is measured once all have written their logs.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use analysis::log::{RunLog, RunSchema};
use analysis::metrics::{NodeMetrics, RunMetrics};
use analysis::results::RunStatus;

use super::{Ended, ExecuteError, Options};
use crate::driver::processes::{FaultShare, Held, Job, Setting, crew};
use crate::engine::faults::{FaultEffect, Window};
use crate::engine::run::EndReason;
use crate::plan::{Plan, RunSpec};
use crate::results::faults;
use crate::time::SimTime;

/// What the processes need beside the plan, to make it anew.
#[derive(Clone, Debug)]
pub struct Processes {
    /// What overrides the scenario.
    pub settings: Vec<Setting>,
    /// Where to look for plugins first.
    pub plugin_path: Vec<PathBuf>,
    /// Whether they say what they do.
    pub verbose: bool,
}

/// Runs a run in processes, to its end.
///
/// # Errors
///
/// When it could not begin, or its logs cannot be read back.
pub fn run(
    plan: &Plan,
    spec: RunSpec,
    folder: &Path,
    processes: &Processes,
    options: &Options,
    schema: &RunSchema,
    stop: &AtomicBool,
) -> Result<Ended, ExecuteError> {
    let token = crew::token();
    let source = &plan.loaded.source;
    let jobs = shares(plan)
        .into_iter()
        .map(|(nodes, who)| {
            let job = Job {
                path: source.path.clone(),
                text: source.text.clone(),
                settings: processes.settings.clone(),
                plugin_path: processes.plugin_path.clone(),
                run: spec.number,
                nodes,
                token,
                folder: folder.to_owned(),
                say: options.say.is_some(),
                verbose: processes.verbose,
            };
            (job, who)
        })
        .collect();
    let sum = crew::run(jobs, stop, options.say)?;
    let (reason, begun) = match sum.reason {
        Some(reason) => (reason, true),
        None => (EndReason::Interrupted, false),
    };
    let (mut status, mut failure) = super::status(reason);
    if !sum.failures.is_empty() {
        status = RunStatus::Failed;
        failure = Some(sum.failures.join("\n"));
    }
    let faults = effects(plan, &sum.faults);
    let mut warnings = sum.remarks;
    warnings.extend(faults::warnings(&faults));
    warnings.extend(super::lateness(&sum.lag));
    let metrics = match status {
        RunStatus::Failed => Vec::new(),
        _ if !begun => RunMetrics::new(schema).finish(0),
        _ => measure(folder, schema, sum.end)?,
    };
    Ok(Ended {
        end: sum.end,
        status,
        failure,
        events: sum.events,
        messages: sum.messages,
        metrics,
        warnings,
        lag: Some(sum.lag),
        faults,
        conservation: begun.then_some(sum.conservation),
    })
}

/// What the faults did in all processes together.
fn effects(plan: &Plan, shares: &[Vec<FaultShare>]) -> Vec<FaultEffect> {
    let rules = plan.loaded.scenario.faults.iter().enumerate();
    rules
        .map(|(index, rule)| {
            let mut effect = FaultEffect::new(index, rule, Vec::new());
            for windows in shares.iter().filter_map(|share| share.get(index)) {
                let window = |held: &Held| Window {
                    from: SimTime(held.from_ns),
                    until: SimTime(held.until_ns),
                    touched: held.touched,
                };
                let windows: Vec<Window> = windows.0.iter().map(window).collect();
                effect.add(&windows);
            }
            effect
        })
        .collect()
}

/// Which nodes share a process, and whose it is: one for each behavior, one for
/// all programs of others.
fn shares(plan: &Plan) -> Vec<(Vec<u32>, String)> {
    let roster = &plan.roster;
    let is_program = |node: &u32| roster.groups()[roster.group_of(*node)].program.is_some();
    let (programs, own): (Vec<u32>, Vec<u32>) = (0..roster.len()).partition(is_program);
    let mut shares = Vec::with_capacity(own.len() + 1);
    for node in own {
        let name = roster.name(node).unwrap_or_default();
        shares.push((vec![node], format!("node `{name}`")));
    }
    if !programs.is_empty() {
        shares.push((programs, "the programs".to_owned()));
    }
    shares
}

/// What the logs of a run tell, up to its end.
fn measure(
    folder: &Path,
    schema: &RunSchema,
    end: SimTime,
) -> Result<Vec<NodeMetrics>, ExecuteError> {
    let mut metrics = RunMetrics::new(schema);
    let mut log = RunLog::open(folder, Some(schema))?;
    while let Some((row, columns)) = log.next()? {
        metrics.row(&row, columns);
    }
    Ok(metrics.finish(end.0))
}
