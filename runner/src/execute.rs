//! Runs a plan: whole runs side by side, one per core.
//!
//! Workers take the next run, make it whole on disk, enter it into the journal and
//! hand its result over; one thread takes the results, puts them back into the
//! order of the plan, those of earlier together with those of now, and keeps the
//! tables. So the number of workers changes nothing but the time it takes.

mod commit;
pub mod isolate;
mod limit;
pub mod node;
mod processes;
mod twice;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use analysis::log::{LogError, WriteError};
use analysis::metrics::NodeMetrics;
use analysis::results::{Judgement, LogMode, RunRow, RunStatus, Verdict, gravest, verdict_of};
use crossbeam::channel::{self, RecvTimeoutError};

pub use commit::Books;
use commit::{commit, is_whole};
use isolate::{Booth, Isolation};
use limit::{Guard, Halt};
pub use processes::Processes;

use crate::driver::lag::{LATE, Lag};
use crate::driver::real_time::RealTime;
use crate::driver::setup::SetupError;
use crate::engine::run::{EndReason, Outcome, Run};
use crate::host::cell::Cell;
use crate::host::instance::Instances;
use crate::judge::checks::{Checks, of_a_part};
use crate::judge::expectations::{self, Tallies};
use crate::plan::{Case, Nodes, Plan, RunSpec};
use crate::results::folder::Folder;
use crate::results::ledger::{BookError, FLUSH_EVERY, Ledger, RunResult};
use crate::results::record::Recorder;
use crate::results::sums::sums;
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
    /// The runs that were selected, in the order of their numbers.
    pub runs: Vec<RunSpec>,
    /// Who is told at once of what happens in real time: where nodes listen,
    /// what they print.
    pub say: Option<fn(&str)>,
    /// Whether each node has a process of its own, in real time.
    pub processes: Option<Processes>,
    /// Whether no run is begun after one that failed.
    pub fail_fast: bool,
    /// How long a run may take by the wall clock.
    pub timeout: Option<Duration>,
    /// Whether runs have processes of their own.
    pub isolation: Option<Isolation>,
    /// Whether each run is done twice, and compared, in virtual time.
    pub twice: bool,
    /// Where each callback is noted, in such a process.
    pub cell: Option<Arc<Cell>>,
}

/// Results that could not be written. Runs that were whole before are kept.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// A log.
    #[error("{0}\n  runs that were complete before are kept: --resume does the others")]
    Log(#[from] WriteError),
    /// A log of this run, read back.
    #[error("{0}\n  runs that were complete before are kept")]
    Read(#[from] LogError),
    /// The run could not begin; nothing was run.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A folder, or one of the tables.
    #[error("{0}\n  runs that were complete before are kept: --resume does the others")]
    Write(#[from] BookError),
    /// A process that does runs.
    #[error("{0}\n  runs that were complete before are kept: --resume does the others")]
    Process(String),
    /// A run that was done before came out differently.
    #[error("run {run} came out differently than before: {file} differs\n  what it is now is in {}; look for the reason with --check-determinism", folder.display())]
    Conflict {
        /// The number of the run.
        run: u32,
        /// The first file that differs.
        file: String,
        /// Where the later one lies.
        folder: PathBuf,
    },
}

/// Runs a plan into a folder, with `each` told of every run in the order of the
/// plan, those that were done before included. Setting `stop` ends it early: what
/// runs is interrupted, the rest is not begun. Answers what was judged over the
/// runs of each case, by its index.
///
/// # Errors
///
/// When results cannot be written.
pub fn execute(
    plan: &Plan,
    folder: &Folder,
    books: Books,
    options: &Options,
    stop: &AtomicBool,
    mut each: impl FnMut(&RunResult),
) -> Result<Vec<(usize, Judgement)>, ExecuteError> {
    let mut tallies = Tallies::new(plan);
    let mut ledger = Ledger::create(folder, plan)?;
    let Books { journal, resumed } = books;
    let (mut kept, again) = (resumed.kept, resumed.again);
    let runs: Vec<RunSpec> = wanted(plan, &options.runs, |run| {
        kept.contains_key(&run) || again.contains_key(&run)
    });
    let missing: Vec<usize> = (0..runs.len())
        .filter(|&index| !kept.contains_key(&runs[index].number))
        .collect();
    let journal = Mutex::new(journal);
    let next = AtomicUsize::new(0);
    let enough = AtomicBool::new(options.fail_fast && kept.values().any(RunResult::has_failed));
    let workers = options.jobs.clamp(1, missing.len().max(1));
    let guards: Vec<Guard> = (0..workers).map(|_| Guard::default()).collect();
    let done = AtomicBool::new(false);
    thread::scope(|scope| -> Result<(), ExecuteError> {
        let (sender, results) = channel::bounded(2 * workers);
        for guard in &guards {
            let sender = sender.clone();
            let (runs, missing, next, enough) = (&runs, &missing, &next, &enough);
            let (journal, again) = (&journal, &again);
            let halt = Halt {
                stop,
                guard: options.timeout.map(|limit| (guard, limit)),
            };
            scope.spawn(move || {
                let mut booth = options
                    .isolation
                    .as_ref()
                    .map(|how| Booth::new(plan, folder, options, how));
                loop {
                    let quit = stop.load(Ordering::Relaxed) || enough.load(Ordering::Relaxed);
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&index) = missing.get(place).filter(|_| !quit) else {
                        return;
                    };
                    let spec = runs[index];
                    let before = again.get(&spec.number).map(Vec::as_slice);
                    let done = match &mut booth {
                        Some(booth) => booth.run(spec, stop),
                        None => run_one(plan, spec, folder, options, halt),
                    };
                    let result = done
                        .and_then(|run| commit(plan, folder, journal, before, &run).map(|()| run));
                    if options.fail_fast && result.as_ref().is_ok_and(RunResult::has_failed) {
                        enough.store(true, Ordering::Relaxed);
                    }
                    if sender.send((index, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let watcher = options
            .timeout
            .map(|_| scope.spawn(|| limit::watch(&guards, stop, &done)));
        let mut broken = None;
        let mut early = BTreeMap::new();
        let mut expected = 0;
        let mut keep =
            |ledger: &mut Ledger, result: RunResult, broken: &mut Option<ExecuteError>| {
                // The runs under way still end, and are in the journal; a table that
                // could not be written is not tried again.
                if broken.is_none() {
                    let schema = &plan.nodes(result.spec.case).schema;
                    tallies.add(plan, &result);
                    match ledger.add(&result, schema) {
                        Ok(()) => each(&result),
                        Err(error) => *broken = Some(error.into()),
                    }
                }
            };
        let mut take = |early: &mut BTreeMap<usize, RunResult>, index: usize| {
            let spec: Option<&RunSpec> = runs.get(index);
            spec.and_then(|spec| kept.remove(&spec.number))
                .or_else(|| early.remove(&index))
        };
        loop {
            match results.recv_timeout(FLUSH_EVERY) {
                Ok((index, Ok(result))) => drop(early.insert(index, result)),
                Ok((_, Err(error))) => drop(broken.get_or_insert(error)),
                Err(RecvTimeoutError::Timeout) if broken.is_none() => {
                    broken = ledger.flush().err().map(ExecuteError::from);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            while let Some(result) = take(&mut early, expected) {
                keep(&mut ledger, result, &mut broken);
                expected += 1;
            }
            if broken.is_some() {
                enough.store(true, Ordering::Relaxed);
            }
        }
        done.store(true, Ordering::Release);
        if let Some(watcher) = watcher {
            watcher.thread().unpark();
        }
        // After a stop there may be gaps.
        for index in expected..runs.len() {
            if let Some(result) = take(&mut early, index) {
                keep(&mut ledger, result, &mut broken);
            }
        }
        // What was collected before something broke is worth having.
        let flushed = ledger.flush().map_err(ExecuteError::from);
        broken.map_or(flushed, Err)
    })?;
    let over_runs = tallies.judge(plan);
    for (case, judgement) in &over_runs {
        let id = &plan.cases[*case].id;
        ledger.judged(None, id, std::slice::from_ref(judgement));
    }
    ledger.flush()?;
    Ok(over_runs)
}

/// The runs that were selected, and those that are known from before, in the order
/// of the plan.
pub fn wanted(plan: &Plan, selected: &[RunSpec], known: impl Fn(u32) -> bool) -> Vec<RunSpec> {
    let number = |run: &RunSpec| run.number;
    plan.runs()
        .filter(|run| {
            known(run.number) || selected.binary_search_by_key(&run.number, number).is_ok()
        })
        .collect()
}

/// One run, whole on disk under its preliminary name before this returns.
fn run_one(
    plan: &Plan,
    spec: RunSpec,
    folder: &Folder,
    options: &Options,
    halt: Halt<'_>,
) -> Result<RunResult, ExecuteError> {
    let began = Instant::now();
    let case = plan.case(spec);
    let Nodes {
        schema,
        description,
    } = plan.nodes(spec.case);
    let partial = folder.partial_run(spec.number);
    let keeps_files = options.log != LogMode::Off;
    // What is to be compared has to be written.
    let log = match options.log {
        LogMode::Off if options.twice => LogMode::PerNode,
        log => log,
    };
    if log != LogMode::Off {
        make(&partial)?;
    }
    halt.begin();
    let kept = keeps_files.then_some(&*partial);
    let perform = || {
        let say = options.say.filter(|_| plan.is_real());
        let checks = || {
            let some = !case.checks.is_empty();
            some.then(|| Checks::begin(&case.checks, description, schema, kept))
        };
        let begin = || {
            let mut recorder = Recorder::new(schema, &partial, log, say);
            if let Some(checks) = checks() {
                recorder = recorder.judged_by(checks);
            }
            assemble(plan, spec, kept, recorder, options.cell.clone())
        };
        let stop = halt.flag();
        match (case.scenario.time, &options.processes) {
            (TimeMode::Virtual, _) => in_virtual_time(begin(), stop),
            (TimeMode::Real { speed }, None) => {
                let rules = &case.scenario.links;
                in_real_time(begin(), rules, speed, options, stop)
            }
            (TimeMode::Real { .. }, Some(how)) => {
                let nodes = (&**schema, checks());
                processes::run(plan, spec, &partial, how, options, nodes, stop)
            }
        }
    };
    let mut ended = perform()?;
    let mut difference = None;
    if options.twice && ended.status != RunStatus::Interrupted {
        difference = twice::again(&mut ended, &partial, perform)?;
    }
    if options.twice && !keeps_files {
        commit::remove(&partial)?;
    }
    if ended.status == RunStatus::Interrupted
        && let Some(limit) = halt.exceeded()
    {
        ended.expire(case, limit);
    }
    if let (Some(lag), true) = (&ended.lag, keeps_files) {
        let path = partial.join(LAG_FILE);
        fs::write(&path, lag.to_csv()).map_err(BookError::at(&path))?;
    }
    let status = ended.status;
    let whole = is_whole(plan, status);
    // What a behavior did wrong in virtual time it would do again.
    let lasting = whole || status == RunStatus::Failed && !plan.is_real() && !ended.expired;
    let metrics = if whole { ended.metrics } else { Vec::new() };
    let mut judgements = match (status, whole) {
        // What was stopped half-way is not judged: it is done again.
        (RunStatus::Interrupted, false) => Vec::new(),
        (_, true) => ended.judgements,
        (_, false) => of_a_part(ended.judgements),
    };
    if whole || status == RunStatus::Failed {
        let expectations = &case.scenario.expectations;
        judgements.extend(expectations::of_run(expectations, schema, &metrics));
    }
    // That it differed when it was done twice outweighs what it came to.
    let differs = difference.as_ref().map(|_| Verdict::Failed);
    tracing::debug!(
        run = spec.number,
        ?status,
        events = ended.events,
        "has ended"
    );
    let row = RunRow {
        run: u64::from(spec.number),
        case: case.id.clone(),
        seed: plan.streams(spec).run_seed(),
        status,
        verdict: gravest(verdict_of(&judgements).into_iter().chain(differs)),
        duration_s: seconds(ended.end),
        wall_s: began.elapsed().as_secs_f64(),
        events: ended.events,
        messages: ended.messages,
        axes: case.axes(),
    };
    Ok(RunResult {
        spec,
        row,
        metrics,
        judgements,
        failure: ended.failure,
        warnings: ended.warnings,
        difference,
        lasting,
        files: match keeps_files && lasting {
            true => sums(&partial)?,
            false => Vec::new(),
        },
    })
}

/// Makes the folder of a run; what an earlier try has left in it goes.
fn make(folder: &Path) -> Result<(), BookError> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            commit::remove(folder)?;
            fs::create_dir(folder).map_err(BookError::at(folder))
        }
        result => result.map_err(BookError::at(folder)),
    }
}

/// A run of a plan, ready to go; behaviors may write files into `folder`, and
/// each callback is noted in `cell`.
fn assemble(
    plan: &Plan,
    spec: RunSpec,
    folder: Option<&Path>,
    recorder: Recorder,
    cell: Option<Arc<Cell>>,
) -> Run<Instances, Recorder> {
    let case = plan.case(spec);
    let scenario = &case.scenario;
    let groups: Vec<_> = case
        .configs
        .iter()
        .zip(&scenario.groups)
        .map(|(config, group)| (config.clone(), group.count))
        .collect();
    Run::new(
        case.roster.clone(),
        &scenario.links,
        scenario.duration,
        plan.streams(spec),
        Instances::new(&groups, folder).noted(cell),
        recorder,
    )
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
    judgements: Vec<Judgement>,
    warnings: Vec<String>,
    /// How late it was, in real time.
    lag: Option<Lag>,
    /// The node that acted last, and its step.
    last: Option<(u32, u64)>,
    /// Whether it was ended because it took too long.
    expired: bool,
}

impl Ended {
    fn new(outcome: Outcome, recorder: Recorder) -> Result<Ended, ExecuteError> {
        let findings = recorder.finish(outcome.end)?;
        let (mut status, mut failure) = status(outcome.reason);
        if let Some(broken) = findings.broken_check {
            status = RunStatus::Failed;
            failure.get_or_insert(broken);
        }
        Ok(Ended {
            end: outcome.end,
            status,
            failure,
            events: outcome.events,
            messages: outcome.messages,
            metrics: findings.metrics,
            judgements: findings.judgements,
            warnings: Vec::new(),
            lag: None,
            last: Some(outcome.last),
            expired: false,
        })
    }

    /// It was stopped because it took too long.
    fn expire(&mut self, case: &Case, limit: Duration) {
        self.expired = true;
        self.status = RunStatus::Failed;
        let place = match self.last {
            Some((node, step)) => format!(
                "; last was node `{}` at {} (step {step})",
                case.roster.name(node).unwrap_or_default(),
                self.end
            ),
            None => format!("; it was stopped at {}", self.end),
        };
        self.failure = Some(limit::told(limit) + &place);
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
    Ok(Ended {
        warnings,
        lag: Some(lag),
        ..Ended::new(outcome, real.into_sink())?
    })
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
