//! Runs a plan: whole runs side by side, one per core.
//!
//! Workers take the next run, make it whole on disk and hand its result over; one
//! thread takes the results, puts them back into the order of the plan and keeps
//! the books. So the number of workers changes nothing but the time it takes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use analysis::log::{RunSchema, WriteError};
use analysis::metrics::NodeMetrics;
use analysis::results::{LogMode, RunRow, RunStatus};
use crossbeam::channel;

use crate::driver::lag::{LATE, Lag};
use crate::driver::real_time::RealTime;
use crate::driver::setup::SetupError;
use crate::engine::run::{EndReason, Outcome, Run};
use crate::host::instance::Instances;
use crate::plan::{Plan, RunSpec};
use crate::results::folder::Folder;
use crate::results::ledger::Ledger;
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
}

/// What one run came to.
#[derive(Debug)]
pub struct RunResult {
    /// Which run.
    pub spec: RunSpec,
    /// Its row in `runs.csv`.
    pub row: RunRow,
    /// What was measured, node by node; nothing unless it is complete.
    pub metrics: Vec<NodeMetrics>,
    /// Why it failed.
    pub failure: Option<String>,
    /// What makes it doubtful: it was late, a program ended early.
    pub warnings: Vec<String>,
}

/// Results that could not be written. Runs that were whole before are kept.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// A log.
    #[error("{0}\n  runs that were complete before are kept")]
    Log(#[from] WriteError),
    /// The run could not begin; nothing was run.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A folder, or one of the tables.
    #[error("{}: cannot write the results: {source}\n  runs that were complete before are kept", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
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
    let write_error = |path: &PathBuf| {
        let path = path.clone();
        move |source| ExecuteError::Write { path, source }
    };
    tracing::debug!(run = spec.number, folder = %partial.display(), "begins");
    if keeps_files {
        fs::create_dir(&partial).map_err(write_error(&partial))?;
    }
    let scenario = &plan.loaded.scenario;
    let groups: Vec<_> = plan
        .configs
        .iter()
        .zip(&scenario.groups)
        .map(|(config, group)| (config.clone(), group.count))
        .collect();
    let streams = plan.streams(spec);
    let seed = streams.run_seed();
    let run = Run::new(
        plan.roster.clone(),
        &scenario.links,
        scenario.duration,
        streams,
        Instances::new(&groups, keeps_files.then_some(&*partial)),
        Recorder::new(
            schema,
            &partial,
            log,
            options.say.filter(|_| plan.is_real()),
        ),
    );
    let (outcome, sink, warnings) = match scenario.time {
        TimeMode::Virtual => in_virtual_time(run, stop),
        TimeMode::Real { speed } => {
            let (outcome, sink, warnings, lag) =
                in_real_time(run, &scenario.links, speed, options, stop)?;
            if keeps_files {
                let path = partial.join(LAG_FILE);
                fs::write(&path, lag.to_csv()).map_err(write_error(&path))?;
            }
            (outcome, sink, warnings)
        }
    };
    let metrics = sink.finish(outcome.end)?;
    let (status, failure) = match outcome.reason {
        EndReason::Duration | EndReason::Idle | EndReason::Stopped(_) => {
            (RunStatus::Complete, None)
        }
        EndReason::Interrupted => (RunStatus::Interrupted, None),
        EndReason::Failed(failure) => (RunStatus::Failed, Some(failure.to_string())),
        EndReason::Endless(why) => (RunStatus::Failed, Some(why)),
    };
    // In real time being stopped is an end like any other; in virtual time the
    // rest of the run is missing.
    let whole = status == RunStatus::Complete || status == RunStatus::Interrupted && plan.is_real();
    if keeps_files && whole {
        let path = folder.run(spec.number);
        fs::rename(&partial, &path).map_err(write_error(&path))?;
    }
    tracing::debug!(
        run = spec.number,
        ?status,
        events = outcome.events,
        "has ended"
    );
    let row = RunRow {
        run: u64::from(spec.number),
        case: plan.cases[spec.case].id.clone(),
        seed,
        status,
        verdict: None,
        duration_s: seconds(outcome.end),
        wall_s: began.elapsed().as_secs_f64(),
        events: outcome.events,
        messages: outcome.messages,
        axes: Vec::new(),
    };
    Ok(RunResult {
        spec,
        row,
        metrics: if whole { metrics } else { Vec::new() },
        failure,
        warnings,
    })
}

type Ended = (Outcome, Recorder, Vec<String>);

fn in_virtual_time(mut run: Run<Instances, Recorder>, stop: &AtomicBool) -> Ended {
    let outcome = run.go(stop);
    (outcome, run.into_sink(), Vec::new())
}

fn in_real_time(
    run: Run<Instances, Recorder>,
    rules: &[LinkRule],
    speed: f64,
    options: &Options,
    stop: &AtomicBool,
) -> Result<(Outcome, Recorder, Vec<String>, Lag), ExecuteError> {
    let mut real = RealTime::new(run, rules, speed)?;
    if let Some(say) = options.say {
        real.remarks.drain(..).for_each(|remark| say(&remark));
    }
    real.remarks.clear();
    let outcome = real.go(stop);
    let mut warnings = std::mem::take(&mut real.remarks);
    let lag = std::mem::take(&mut real.lag);
    if let (true, Some(p99)) = (lag.is_late(), lag.percentile(99)) {
        warnings.push(format!(
            "ticks and timers were late: one in a hundred by {p99} or more, the bound is {LATE}"
        ));
    }
    Ok((outcome, real.into_sink(), warnings, lag))
}

fn seconds(time: SimTime) -> f64 {
    (time - SimTime::ZERO).as_secs_f64()
}
