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
//! A process dies of a crash, an abort or its memory limit; it is killed when its
//! run takes longer than `--timeout` and does not end when asked to, or when one
//! callback does not come back within [`CALLBACK_MAX`]. How far it was is read
//! from its [`Cell`](crate::host::cell::Cell). The next run gets a new process. So
//! does a run in whose process others had been before it: it is done once more,
//! and answers for itself alone.

mod death;
mod memory;
mod serve;
mod worker;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use analysis::log::RunSchema;
use analysis::metrics::Remembered;
use analysis::results::{LogMode, RunStatus};
use serde::{Deserialize, Serialize};

pub use memory::share;
pub use serve::serve;

use super::limit;
use super::{ExecuteError, Options, Processes};
use crate::driver::setup::SetupError;
use crate::plan::{Plan, RunSpec};
use crate::results::entry::Entry;
use crate::results::folder::Folder;
use crate::results::ledger::RunResult;
use worker::{Said, Worker};

/// The subcommand that a process is started with.
pub const SUBCOMMAND: &str = "run-process";

/// How long one callback may take in a process of its own: no honest one takes as
/// long, and whoever waits for one that does not come back learns of it.
pub const CALLBACK_MAX: Duration = Duration::from_secs(60);

/// How long a process has to end its run after it was asked to.
const END_PATIENCE: Duration = Duration::from_secs(1);

/// The same, when the runner is stopped in real time: programs end, too.
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
    /// A run is over.
    Over(Box<Entry>),
    /// A run could not begin, for this reason.
    Refused(String),
    /// Results could not be written.
    Broken(String),
}

/// What a process is there for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    path: String,
    text: String,
    settings: Vec<crate::driver::processes::Setting>,
    plugin_path: Vec<PathBuf>,
    folder: PathBuf,
    log: LogMode,
    say: bool,
    /// Whether to say what is done, too.
    pub verbose: bool,
    twice: bool,
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
    reader: Remembered,
    worker: Option<Worker>,
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
        schema: &RunSchema,
    ) -> Booth<'a> {
        Booth {
            plan,
            folder,
            options,
            isolation,
            reader: Remembered::new(schema),
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
                    let mut result = death::blank(self.plan, spec, began);
                    result.row.status = RunStatus::Interrupted;
                    return Ok(Went::Over(Box::new(result)));
                }
            },
        };
        worker.order(&Order::Run(spec.number));
        let deadline = self
            .options
            .timeout
            .and_then(|limit| began.checked_add(limit));
        // Since when it has been asked to end, and because of which limit.
        let mut asked: Option<(Instant, Option<Duration>)> = None;
        let mut still = (0, Instant::now());
        loop {
            match worker.listen()? {
                Some(Said::Over(entry)) => {
                    worker.forward();
                    return self.over(spec, *entry, worker, asked);
                }
                Some(Said::Refused(why)) => return Err(SetupError::Refused(why).into()),
                Some(Said::Broken(why)) => return Err(ExecuteError::Process(why)),
                Some(Said::Ready) => {}
                Some(Said::Dead) => {
                    let (how, said) = worker.bury();
                    let limit = asked.and_then(|(_, limit)| limit);
                    let mut result =
                        death::died(self.plan, spec, began, &worker, &how, &said, limit);
                    if asked.is_some() && limit.is_none() && !worker.stuck {
                        // The runner is stopped: this says nothing of the run.
                        result.row.status = RunStatus::Interrupted;
                        result.failure = None;
                    }
                    // It was made to end: that is not the fault of runs before it.
                    return Ok(match asked {
                        Some(_) => Went::Over(Box::new(result)),
                        None => Went::Died(Box::new(result)),
                    });
                }
                None => {}
            }
            let now = Instant::now();
            let late = deadline.is_some_and(|deadline| now >= deadline);
            if asked.is_none() && (late || stop.load(Ordering::Relaxed)) {
                worker.order(&Order::Stop);
                asked = Some((now, self.options.timeout.filter(|_| late)));
            }
            let note = worker.cell.read();
            if note.inside.is_none() || note.calls != still.0 {
                still = (note.calls, now);
            }
            let patience = match self.plan.is_real() {
                true => END_PATIENCE_REAL,
                false => END_PATIENCE,
            };
            let overdue = asked.is_some_and(|(since, _)| now - since > patience);
            if overdue {
                worker.kill();
            } else if now - still.1 > CALLBACK_MAX {
                asked = Some((now, None));
                worker.stuck = true;
                worker.kill();
            }
        }
    }

    /// A run whose process has told what it came to.
    fn over(
        &mut self,
        spec: RunSpec,
        entry: Entry,
        worker: Worker,
        asked: Option<(Instant, Option<Duration>)>,
    ) -> Result<Went, ExecuteError> {
        let Some(mut result) = entry.into_result(spec, &self.reader) else {
            let why = format!("the process of run {} tells of another plan", spec.number);
            return Err(ExecuteError::Process(why));
        };
        if let Some((_, limit)) = asked {
            // The order to end may reach it after this run: it gets no other.
            if let Some(limit) = limit
                && result.row.status == RunStatus::Interrupted
            {
                death::expire(&mut result, limit::told(limit), self.plan, &worker);
            }
        } else {
            self.worker = Some(worker);
        }
        Ok(Went::Over(Box::new(result)))
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
            memory: self.isolation.memory,
            cell,
        }
    }
}
