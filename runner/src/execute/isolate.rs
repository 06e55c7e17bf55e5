//! Runs in processes of their own: whatever a plugin does to its process costs
//! the run under way, and no other.
//!
//! Each worker of [`execute`](super::execute) has a process that serves it run
//! after run ([`serve`]): starting one takes longer than most runs. It makes the
//! plan anew from the scenario's text, does each run as it would be done without,
//! up to the sums of its files, and tells what it came to, as the journal keeps
//! it. Into the journal and to its final name a run gets here, so a process that
//! dies leaves nothing half done but its own `NNNN.partial`.
//!
//! A process dies of a crash, an abort or its memory limit; it is killed when it
//! does not end a run that takes longer than `--timeout`, or when one callback does
//! not come back within [`CALLBACK_MAX`]. How far it was is read
//! from its [`ProgressPage`](host::progress_page::ProgressPage). The next run gets a new process. So
//! does a run in whose process others had been before it: it is done once more,
//! and answers for itself alone.

mod death;
mod memory;
mod serve;
mod worker;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use analysis::results::LogMode;
use serde::{Deserialize, Serialize};

pub use memory::share;
pub use serve::serve;

use super::{ExecuteError, Options, Processes};
use crate::plan::{Plan, RunSpec};
use crate::results::entry::{Entry, Reader};
use crate::results::folder::Folder;
use crate::results::ledger::RunResult;
use realtime::setup::SetupError;
use worker::{Said, Worker};

/// The subcommand that a process is started with.
pub const SUBCOMMAND: &str = "run-process";

/// How long one callback may take in a process of its own: no honest one takes as
/// long, and whoever waits for one that does not come back learns of it.
pub const CALLBACK_MAX: Duration = Duration::from_secs(60);

/// How long a process has to end its run once it should.
const END_PATIENCE: Duration = Duration::from_secs(1);

/// The same in real time: programs end, too.
const END_PATIENCE_REAL: Duration = Duration::from_secs(10);

/// What the processes need beside the plan.
#[derive(Clone, Debug)]
pub struct Isolation {
    /// How they make the plan anew.
    pub plan: Processes,
    /// The most memory that each may take `[bytes]`.
    pub memory: Option<u64>,
}

/// What the runner tells a process.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// What it is there for.
    Job(Box<Job>),
    /// Do the run of this number.
    Run(u32),
    /// End the run under way.
    Stop,
}

/// What a process tells the runner.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Report {
    /// It has made the plan.
    Ready,
    /// A run is over. Its [`Entry`], as the JSON of its journal line: an entry
    /// leaves out what is empty, and then does not come back from bincode.
    Over(String),
    /// A run could not begin, for this reason.
    Refused(String),
    /// Results could not be written.
    Broken(String),
}

impl Report {
    /// A run is over.
    fn over(entry: &Entry) -> Report {
        match serde_json::to_string(entry) {
            Ok(line) => Report::Over(line),
            Err(error) => Report::Broken(error.to_string()),
        }
    }
}

/// What a process is there for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    path: String,
    text: String,
    settings: Vec<realtime::processes::Setting>,
    plugin_path: Vec<PathBuf>,
    folder: PathBuf,
    log: LogMode,
    say: bool,
    /// Whether to say what is done, too.
    pub verbose: bool,
    twice: bool,
    timeout: Option<Duration>,
    memory: Option<u64>,
    cell: PathBuf,
}

/// Does runs in a process, and gets a new one when it dies.
#[derive(Debug)]
pub(super) struct Booth<'a> {
    plan: &'a Plan,
    folder: &'a Folder,
    options: &'a Options,
    isolation: &'a Isolation,
    reader: Reader<'a>,
    worker: Option<Worker>,
}

/// Why a process was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Killed {
    /// The runner is stopped, and it did not end its run.
    Stopped,
    /// Its run took longer than this, and it did not end it.
    Late(Duration),
    /// A callback did not come back.
    Stuck,
}

/// How a run in a process went.
enum Went {
    Over(Box<RunResult>),
    /// Its process is gone.
    Died(Box<RunResult>),
}

impl<'a> Booth<'a> {
    /// A booth without a process yet.
    pub fn new(
        plan: &'a Plan,
        folder: &'a Folder,
        options: &'a Options,
        isolation: &'a Isolation,
    ) -> Booth<'a> {
        Booth {
            plan,
            folder,
            options,
            isolation,
            reader: Reader::new(plan),
            worker: None,
        }
    }

    /// Does a run.
    ///
    /// # Errors
    ///
    /// When no process can be started, or results cannot be written.
    pub fn run(&mut self, spec: RunSpec, stop: &AtomicBool) -> Result<RunResult, ExecuteError> {
        loop {
            let used = self.worker.is_some();
            match self.attempt(spec, stop)? {
                Went::Over(result) => return Ok(*result),
                Went::Died(result) => {
                    self.worker = None;
                    if !used {
                        return Ok(*result);
                    }
                    tracing::debug!(
                        run = spec.number,
                        "its process died: once more in a fresh one"
                    );
                }
            }
        }
    }

    fn attempt(&mut self, spec: RunSpec, stop: &AtomicBool) -> Result<Went, ExecuteError> {
        let began = Instant::now();
        let mut worker = match self.worker.take() {
            Some(worker) => worker,
            None => match Worker::start(|cell| self.job(cell), stop)? {
                Some(worker) => worker,
                None => {
                    let result = death::blank(self.plan, spec, began);
                    return Ok(Went::Over(Box::new(result)));
                }
            },
        };
        worker.order(&Order::Run(spec.number));
        let patience = match self.plan.is_real() {
            true => END_PATIENCE_REAL,
            false => END_PATIENCE,
        };
        let begun = Instant::now();
        let limit = self.options.timeout;
        let overdue = limit.and_then(|limit| begun.checked_add(limit + patience));
        let mut stopped: Option<Instant> = None;
        let mut still = (0, begun);
        let mut killed: Option<Killed> = None;
        loop {
            match worker.listen()? {
                Some(Said::Over(entry)) => {
                    worker.forward();
                    // The order to end may reach it after this run: no other for it.
                    self.worker = (stopped.is_none() && killed.is_none()).then_some(worker);
                    let result = self.reader.result(*entry, spec).ok_or_else(|| {
                        let run = spec.number;
                        ExecuteError::Process(format!(
                            "the process of run {run} tells of another plan"
                        ))
                    })?;
                    return Ok(Went::Over(Box::new(result)));
                }
                Some(Said::Refused(why)) => return Err(SetupError::Refused(why).into()),
                Some(Said::Broken(why)) => return Err(ExecuteError::Process(why)),
                Some(Said::Ready) | None => {}
                Some(Said::Dead) => {
                    let result = death::died(self.plan, spec, began, &mut worker, killed);
                    // One that was made to end is not the fault of runs before it.
                    return Ok(match killed.is_some() || stopped.is_some() {
                        true => Went::Over(Box::new(result)),
                        false => Went::Died(Box::new(result)),
                    });
                }
            }
            if killed.is_some() {
                continue;
            }
            let now = Instant::now();
            if stopped.is_none() && stop.load(Ordering::Relaxed) {
                worker.order(&Order::Stop);
                stopped = Some(now);
            }
            let note = worker.cell.read();
            if note.callback.is_none() || note.calls != still.0 {
                still = (note.calls, now);
            }
            killed = match (limit, stopped) {
                (_, Some(since)) if now - since > patience => Some(Killed::Stopped),
                (Some(limit), _) if overdue.is_some_and(|overdue| now > overdue) => {
                    Some(Killed::Late(limit))
                }
                _ if now - still.1 > CALLBACK_MAX => Some(Killed::Stuck),
                _ => None,
            };
            if killed.is_some() {
                worker.kill();
            }
        }
    }

    fn job(&self, cell: PathBuf) -> Job {
        let source = &self.plan.loaded.source;
        let how = &self.isolation.plan;
        Job {
            path: source.path.clone(),
            text: source.text.clone(),
            settings: how.settings.clone(),
            plugin_path: how.plugin_path.clone(),
            folder: self.folder.path().to_owned(),
            log: self.options.log,
            say: self.options.say.is_some(),
            verbose: how.verbose,
            twice: self.options.twice,
            timeout: self.options.timeout,
            memory: self.isolation.memory,
            cell,
        }
    }
}
