//! A run whose nodes have processes of their own, as the runner sees it: who does
//! what, and what is measured once all have written their logs.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use analysis::log::{RunLog, RunSchema};
use analysis::metrics::RunMetrics;
use analysis::results::RunStatus;

use super::one::{self, Ended};
use super::{ExecuteError, Options};
use crate::judge::checks::Checks;
use crate::plan::{Plan, RunSpec};
use crate::results::faults;
use crate::results::record::Findings;
use crate::scenario::{Override, Scenario};
use base::time::SimTime;
use engine::faults::{FaultEffect, Window};
use engine::run::EndReason;
use model::roster::Roster;
use realtime::processes::{FaultTime, FaultTimes, NodeJob, Setting, supervisor};

/// What the processes need beside the plan, to make it anew.
#[derive(Clone, Debug)]
pub struct Processes {
    /// What overrides the scenario.
    pub settings: Vec<Setting>,
    /// Where to look for plugins first.
    pub plugin_path: Vec<PathBuf>,
    /// Whether they say what they do.
    pub verbose: bool,
    /// Whether what nodes print is shown in color.
    pub color: bool,
}

/// What a setting does to a scenario; none if it is no `PATH=VALUE`.
pub fn to_override(setting: &Setting) -> Option<Override> {
    match setting {
        Setting::Set(text) => Override::parse(text).ok(),
        Setting::Option { flag, key, value } => Some(Override::option(flag, key, value)),
    }
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
    (schema, checks): (&RunSchema, Option<Checks>),
    stop: &AtomicBool,
) -> Result<Ended, ExecuteError> {
    let token = supervisor::token();
    let source = &plan.loaded.source;
    let jobs = shares(&plan.case(spec).roster)
        .into_iter()
        .map(|(nodes, who)| {
            let job = NodeJob {
                path: source.path.clone(),
                text: source.text.clone(),
                settings: processes.settings.clone(),
                plugin_path: processes.plugin_path.clone(),
                run: spec.number,
                nodes,
                token,
                folder: folder.to_owned(),
                say: options.say.is_some(),
                color: processes.color,
                verbose: processes.verbose,
            };
            (job, who)
        })
        .collect();
    let sum = supervisor::run(jobs, stop, options.say)?;
    let (reason, begun) = match sum.reason {
        Some(reason) => (reason, true),
        None => (EndReason::Interrupted, false),
    };
    let (mut status, mut failure) = one::status(reason);
    if !sum.failures.is_empty() {
        status = RunStatus::Failed;
        failure = Some(sum.failures.join("\n"));
    }
    let faults = effects(&plan.case(spec).scenario, &sum.faults);
    let mut warnings = sum.remarks;
    warnings.extend(faults::warnings(&faults));
    warnings.extend(one::lateness(&sum.lag));
    let mut findings = match status {
        RunStatus::Failed => Findings::default(),
        _ if !begun => Findings {
            metrics: RunMetrics::new(schema).finish(0),
            ..Findings::default()
        },
        _ => measure(folder, schema, sum.end, checks)?,
    };
    if let Some(broken) = findings.broken_check.take() {
        status = RunStatus::Failed;
        failure.get_or_insert(broken);
    }
    Ok(Ended {
        end: sum.end,
        status,
        failure,
        events: sum.events,
        messages: sum.messages,
        metrics: findings.metrics,
        judgements: findings.judgements,
        warnings,
        lag: Some(sum.lag),
        last: None,
        expired: false,
        faults,
        conservation: begun.then_some(sum.conservation),
    })
}

/// What the faults did in all processes together.
fn effects(scenario: &Scenario, shares: &[Vec<FaultTimes>]) -> Vec<FaultEffect> {
    let rules = scenario.faults.iter().enumerate();
    rules
        .map(|(index, rule)| {
            let mut effect = FaultEffect::new(index, rule, Vec::new());
            for windows in shares.iter().filter_map(|share| share.get(index)) {
                let window = |held: &FaultTime| Window {
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
fn shares(roster: &Roster) -> Vec<(Vec<u32>, String)> {
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
    mut checks: Option<Checks>,
) -> Result<Findings, ExecuteError> {
    let mut metrics = RunMetrics::new(schema);
    let mut log = RunLog::open(folder, Some(schema))?;
    let mut strangers = 0;
    while let Some((row, columns, names)) = log.next_named()? {
        metrics.row(&row, columns);
        let Some(checks) = &mut checks else { continue };
        for name in &names.external_peers[strangers..] {
            checks.stranger(name);
        }
        strangers = names.external_peers.len();
        checks.row(&row, columns);
    }
    let judged = checks.map(Checks::finish).transpose();
    let (judgements, broken_check) = match judged {
        Ok(judgements) => (judgements.unwrap_or_default(), None),
        Err(broken) => (Vec::new(), Some(broken)),
    };
    Ok(Findings {
        metrics: metrics.finish(end.0),
        judgements,
        broken_check,
    })
}
