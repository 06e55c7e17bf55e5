//! Runs a plan: whole runs side by side, one per core.
//!
//! Workers take the next run, make it whole on disk and hand its result over; one
//! thread takes the results, puts them back into the order of the plan and keeps
//! the books. So the number of workers changes nothing but the time it takes.

pub mod node;
mod processes;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use analysis::log::{LogError, RunSchema, WriteError};
use analysis::metrics::NodeMetrics;
use analysis::results::{LogMode, RunRow, RunStatus};
use crossbeam::channel;

pub use processes::Processes;

use crate::driver::lag::{LATE, Lag};
use crate::driver::real_time::RealTime;
use crate::driver::setup::SetupError;
use crate::engine::conservation::Conservation;
use crate::engine::faults::FaultEffect;
use crate::engine::run::{EndReason, Outcome, Run};
use crate::host::instance::Instances;
use crate::plan::{Plan, RunSpec};
use crate::results::faults::{self, FAULTS_FILE};
use crate::results::folder::Folder;
use crate::results::ledger::{BookError, Ledger, RunResult};
use crate::results::manifest::run_schema;
use crate::results::record::Recorder;
use crate::scenario::{LinkRule, TimeMode};
use crate::time::SimTime;

/// How late things were in a run in real time, beside its logs.
const LAG_FILE: &str = "lag.csv";

/// How to run a plan.
#[derive(Clone, Debug)]
pub struct Options {
    /// Runs side by side, at least 1.
    pub jobs: usize,
    /// Which logs to keep.
    pub log: LogMode,
    /// Only the run of this number.
    pub only: Option<u32>,
    /// Who is told at once of what happens in real time: where nodes listen,
    /// what they print.
    pub say: Option<fn(&str)>,
    /// Whether each node has a process of its own, in real time.
    pub processes: Option<Processes>,
}

/// Results that could not be written. Runs that were whole before are kept.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// A log.
    #[error("{0}\n  runs that were complete before are kept")]
    Log(#[from] WriteError),
    /// A log of this run, read back.
    #[error("{0}\n  runs that were complete before are kept")]
    Read(#[from] LogError),
    /// The run could not begin; nothing was run.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A folder, or one of the tables.
    #[error("{0}\n  runs that were complete before are kept")]
    Write(#[from] BookError),
}

/// Runs a plan into a folder, with `each` told of every run in the order of the
/// plan. Setting `stop` ends it early: what runs is interrupted, the rest is not
/// begun.
///
/// # Errors
///
/// When results cannot be written.
pub fn execute(
    plan: &Plan,
    folder: &Folder,
    options: &Options,
    stop: &AtomicBool,
    mut each: impl FnMut(&RunResult),
) -> Result<(), ExecuteError> {
    let schema = Arc::new(run_schema(plan));
    let mut ledger = Ledger::create(folder, &schema)?;
    let runs: Vec<RunSpec> = plan
        .runs()
        .filter(|run| options.only.is_none_or(|only| only == run.number))
        .collect();
    let next = AtomicUsize::new(0);
    let broken = AtomicBool::new(false);
    thread::scope(|scope| {
        let (sender, results) = channel::bounded(2 * options.jobs);
        for _ in 0..options.jobs.clamp(1, runs.len().max(1)) {
            let sender = sender.clone();
            let (runs, next, broken, schema) = (&runs, &next, &broken, &schema);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let quit = stop.load(Ordering::Relaxed) || broken.load(Ordering::Relaxed);
                    let Some(&spec) = runs.get(index).filter(|_| !quit) else {
                        return;
                    };
                    let result = run_one(plan, spec, folder, options, schema, stop);
                    if sender.send((index, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut expected = 0;
        let mut keep = |result: Result<RunResult, ExecuteError>| {
            let result = result?;
            ledger.add(&result)?;
            each(&result);
            Ok(())
        };
        for (index, result) in results {
            early.insert(index, result);
            while let Some(result) = early.remove(&expected) {
                if let Err(error) = keep(result) {
                    broken.store(true, Ordering::Relaxed);
                    return Err(error);
                }
                expected += 1;
            }
        }
        // After a stop there may be gaps.
        early.into_values().try_for_each(keep)
    })
}

/// One run, whole on disk before this returns.
fn run_one(
    plan: &Plan,
    spec: RunSpec,
    folder: &Folder,
    options: &Options,
    schema: &Arc<RunSchema>,
    stop: &AtomicBool,
) -> Result<RunResult, ExecuteError> {
    let began = Instant::now();
    let partial = folder.partial_run(spec.number);
    let log = options.log;
    let keeps_files = log != LogMode::Off;
    if keeps_files {
        fs::create_dir(&partial).map_err(BookError::at(&partial))?;
    }
    let kept = keeps_files.then_some(&*partial);
    let say = options.say.filter(|_| plan.is_real());
    let begin = || {
        let recorder = Recorder::new(schema, &partial, log, say);
        assemble(plan, spec, kept, recorder)
    };
    let ended = match (plan.loaded.scenario.time, &options.processes) {
        (TimeMode::Virtual, _) => in_virtual_time(begin(), stop)?,
        (TimeMode::Real { speed }, None) => {
            let rules = &plan.loaded.scenario.links;
            in_real_time(begin(), rules, speed, options, stop)?
        }
        (TimeMode::Real { .. }, Some(how)) => {
            processes::run(plan, spec, &partial, how, options, schema, stop)?
        }
    };
    if let (Some(lag), true) = (&ended.lag, keeps_files) {
        let path = partial.join(LAG_FILE);
        fs::write(&path, lag.to_csv()).map_err(BookError::at(&path))?;
    }
    if !ended.faults.is_empty() && keeps_files {
        let path = partial.join(FAULTS_FILE);
        fs::write(&path, faults::to_csv(&ended.faults)).map_err(BookError::at(&path))?;
    }
    let status = ended.status;
    // In real time being stopped is an end like any other; in virtual time the
    // rest of the run is missing.
    let whole = status == RunStatus::Complete || status == RunStatus::Interrupted && plan.is_real();
    if keeps_files && whole {
        let path = folder.run(spec.number);
        fs::rename(&partial, &path).map_err(BookError::at(&path))?;
    }
    tracing::debug!(
        run = spec.number,
        ?status,
        events = ended.events,
        "has ended"
    );
    let row = RunRow {
        run: u64::from(spec.number),
        case: plan.cases[spec.case].id.clone(),
        seed: plan.streams(spec).run_seed(),
        status,
        verdict: None,
        duration_s: seconds(ended.end),
        wall_s: began.elapsed().as_secs_f64(),
        events: ended.events,
        messages: ended.messages,
        axes: Vec::new(),
    };
    Ok(RunResult {
        spec,
        row,
        metrics: if whole { ended.metrics } else { Vec::new() },
        failure: ended.failure,
        warnings: ended.warnings,
        faults: ended.faults,
        conservation: ended.conservation,
    })
}

/// A run of a plan, ready to go; behaviors may write files into `folder`.
fn assemble(
    plan: &Plan,
    spec: RunSpec,
    folder: Option<&Path>,
    recorder: Recorder,
) -> Run<Instances, Recorder> {
    let scenario = &plan.loaded.scenario;
    let groups: Vec<_> = plan
        .configs
        .iter()
        .zip(&scenario.groups)
        .map(|(config, group)| (config.clone(), group.count))
        .collect();
    Run::new(
        plan.roster.clone(),
        &scenario.links,
        scenario.duration,
        plan.streams(spec),
        Instances::new(&groups, folder),
        recorder,
    )
    .with_faults(&scenario.faults)
}

/// What a run came to, whoever drove it.
#[derive(Debug)]
struct Ended {
    end: SimTime,
    status: RunStatus,
    failure: Option<String>,
    events: u64,
    messages: u64,
    metrics: Vec<NodeMetrics>,
    warnings: Vec<String>,
    /// How late it was, in real time.
    lag: Option<Lag>,
    /// What each fault did.
    faults: Vec<FaultEffect>,
    /// What became of its messages, where one process knows.
    conservation: Option<Conservation>,
}

impl Ended {
    fn new(outcome: Outcome, recorder: Recorder) -> Result<Ended, ExecuteError> {
        let metrics = recorder.finish(outcome.end)?;
        let (status, failure) = status(outcome.reason);
        Ok(Ended {
            end: outcome.end,
            status,
            failure,
            events: outcome.events,
            messages: outcome.messages,
            metrics,
            warnings: faults::warnings(&outcome.faults),
            lag: None,
            faults: outcome.faults,
            conservation: Some(outcome.conservation),
        })
    }
}

/// What becomes of a run that ended for this reason, and why it failed if so.
fn status(reason: EndReason) -> (RunStatus, Option<String>) {
    match reason {
        EndReason::Duration | EndReason::Idle | EndReason::Stopped(_) => {
            (RunStatus::Complete, None)
        }
        EndReason::Interrupted => (RunStatus::Interrupted, None),
        EndReason::Failed(failure) => (RunStatus::Failed, Some(failure.to_string())),
        EndReason::Endless(why) => (RunStatus::Failed, Some(why)),
    }
}

fn in_virtual_time(
    mut run: Run<Instances, Recorder>,
    stop: &AtomicBool,
) -> Result<Ended, ExecuteError> {
    let outcome = run.go(stop);
    Ended::new(outcome, run.into_sink())
}

fn in_real_time(
    run: Run<Instances, Recorder>,
    rules: &[LinkRule],
    speed: f64,
    options: &Options,
    stop: &AtomicBool,
) -> Result<Ended, ExecuteError> {
    let mut real = RealTime::new(run, rules, speed)?;
    if let Some(say) = options.say {
        real.remarks.drain(..).for_each(|remark| say(&remark));
    }
    real.remarks.clear();
    let outcome = real.go(stop);
    let mut warnings = std::mem::take(&mut real.remarks);
    let lag = std::mem::take(&mut real.lag);
    warnings.extend(lateness(&lag));
    let mut ended = Ended::new(outcome, real.into_sink())?;
    ended.warnings.splice(..0, warnings);
    ended.lag = Some(lag);
    Ok(ended)
}

/// What is to be said of a run that was late.
fn lateness(lag: &Lag) -> Option<String> {
    let p99 = lag.percentile(99).filter(|_| lag.is_late())?;
    Some(format!(
        "ticks and timers were late: one in a hundred by {p99} or more, the bound is {LATE}"
    ))
}

fn seconds(time: SimTime) -> f64 {
    (time - SimTime::ZERO).as_secs_f64()
}
