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
mod one;
mod processes;
mod twice;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use analysis::log::{LogError, WriteError};
use analysis::results::{Judgement, LogMode};
use crossbeam::channel::{self, RecvTimeoutError};

pub use commit::Books;
use commit::commit;
use isolate::{Booth, Isolation};
use limit::{Guard, Halt};
use one::run_one;
pub use processes::{Processes, to_override};

use crate::judge::expectations::Tallies;
use crate::plan::{Plan, RunSpec};
use crate::results::folder::Folder;
use crate::results::ledger::{BookError, FLUSH_EVERY, Ledger, RunResult};
use host::progress_page::ProgressPage;
use realtime::setup::SetupError;

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
    pub cell: Option<Arc<ProgressPage>>,
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
