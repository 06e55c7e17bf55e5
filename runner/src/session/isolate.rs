//! Runs in child processes (`--isolate`): a plugin that crashes its process costs
//! one run and no other.
//!
//! Each worker of [`execute`](crate::execute) has one child process, which runs run
//! after run ([`serve`]): starting a process takes longer than most runs. The child
//! makes the plan again from the scenario's text and uses a
//! [`Session`](super::Session), up to the sums of the run's files. It sends the
//! result as the [`Entry`] that the journal keeps. The parent adds the run to the
//! journal and renames its folder, so a child that dies leaves only its own
//! `NNNN.partial`.
//!
//! A child dies of a crash, an abort or its memory limit. The parent kills it if it
//! does not end a run that exceeds `--timeout`, or if one callback takes longer than
//! [`CALLBACK_MAX`]. The parent reads the last callback from the child's progress
//! page ([`ProgressPage`](host::progress_page::ProgressPage)). The next run gets a new
//! child. If a child dies that has run other runs before, the run is retried once in a
//! new child.

mod child;
pub(crate) mod death;
mod memory;
mod serve;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use analysis::results::LogMode;
use serde::{Deserialize, Serialize};

pub use memory::share;
pub use serve::serve;

use super::{Options, Processes, RunError};
use crate::plan::{Plan, RunSpec};
use crate::results::entry::{Entry, NewEntry, Reader};
use crate::results::folder::Folder;
use crate::results::run_result::RunResult;
use crate::results::shared::Token;
use child::{ChildProcess, Message};
use host::build::GivenBuild;
use os::patience::Patience;
use realtime::setup::SetupError;

/// The subcommand that a process is started with.
pub const SUBCOMMAND: &str = "run-process";

/// The limit of one callback in a child process: far longer than any correct callback
/// takes. Arbitrary.
pub const CALLBACK_MAX: Duration = Duration::from_secs(60);

/// How long a child may take to end its run after it was told to stop.
const END_PATIENCE: Duration = Duration::from_secs(1);

/// The same in real time, where programs have to end, too.
const END_PATIENCE_REAL: Duration = Duration::from_secs(10);

/// How to start child processes.
#[derive(Clone, Debug)]
pub struct Isolation {
    /// What they need to make the plan again.
    pub plan: Processes,
    /// The memory limit of each `[bytes]`.
    pub memory: Option<u64>,
    /// Prints their standard error.
    pub errors: ErrorPrinter,
}

/// Prints the standard error of child processes, above a progress bar if there is one.
#[derive(Clone)]
pub struct ErrorPrinter(Arc<dyn Fn(&str) + Send + Sync>);

impl ErrorPrinter {
    /// Prints with this function, which workers call from their threads.
    pub fn new(print: impl Fn(&str) + Send + Sync + 'static) -> ErrorPrinter {
        ErrorPrinter(Arc::new(print))
    }
}

impl fmt::Debug for ErrorPrinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErrorPrinter")
    }
}

/// A message from the parent to a child.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToChild {
    /// The first message: the plan, and how to run it.
    Job(Box<ChildJob>),
    /// Run the run with this number.
    Run(u32),
    /// End the current run.
    Stop,
}

/// A message from a child to the parent.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromChild {
    /// The child has made the plan.
    Ready,
    /// The result of a run: its [`Entry`], as the JSON of its journal line. An entry
    /// leaves out what is empty, and could not be read back from bincode.
    Over(String),
    /// A line that a node has printed, in real time.
    Line(String),
    /// A run cannot begin, for this reason.
    Refused(String),
    /// Results cannot be written, for this reason.
    Broken(String),
    /// The files of this run were changed by somebody else.
    Lost(String),
}

impl FromChild {
    /// The message that a run has this result.
    fn over(entry: &NewEntry<'_>) -> FromChild {
        match serde_json::to_string(entry) {
            Ok(line) => FromChild::Over(line),
            Err(error) => FromChild::Broken(error.to_string()),
        }
    }
}

/// The plan of a child, and how to run it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChildJob {
    path: String,
    text: String,
    settings: Vec<realtime::processes::Setting>,
    plugins: Vec<GivenBuild>,
    folder: PathBuf,
    /// The name of this runner, if other runners may write the same results.
    token: Option<Token>,
    log: LogMode,
    print_lines: bool,
    /// Whether lines that nodes print keep their colors.
    pub color: bool,
    /// The verbosity of the log, as the number of `-v`.
    pub verbosity: u8,
    check_determinism: bool,
    timeout: Option<Duration>,
    memory: Option<u64>,
    progress_page: PathBuf,
}

/// Runs runs in a child process, and replaces a child that dies.
#[derive(Debug)]
pub(super) struct IsolatedRuns<'a> {
    plan: &'a Plan,
    folder: &'a Folder,
    options: &'a Options,
    isolation: &'a Isolation,
    reader: Reader<'a>,
    child: Option<ChildProcess>,
}

/// Why a child was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Killed {
    /// A signal stopped the runner, and the child did not end its run.
    Stopped,
    /// The run exceeded this limit, and the child did not end it.
    Late(Duration),
    /// A callback exceeded [`CALLBACK_MAX`].
    Stuck,
}

/// The result of one attempt.
enum Attempt {
    /// The result is final.
    Final(Box<RunResult>),
    /// The child died.
    Died(Box<RunResult>),
}

impl<'a> IsolatedRuns<'a> {
    /// Without a child yet.
    pub fn new(
        plan: &'a Plan,
        folder: &'a Folder,
        options: &'a Options,
        isolation: &'a Isolation,
    ) -> IsolatedRuns<'a> {
        IsolatedRuns {
            plan,
            folder,
            options,
            isolation,
            reader: Reader::new(plan),
            child: None,
        }
    }

    /// Runs a run.
    ///
    /// # Errors
    ///
    /// Fails if no child can be started, or if results cannot be written.
    pub fn run(&mut self, spec: RunSpec, stop: &AtomicBool) -> Result<RunResult, RunError> {
        loop {
            let reused = self.child.is_some();
            match self.attempt(spec, stop)? {
                Attempt::Final(result) => return Ok(*result),
                Attempt::Died(result) => {
                    self.child = None;
                    if !reused {
                        return Ok(*result);
                    }
                    tracing::info!("the child process died; the run is retried in a new one");
                }
            }
        }
    }

    fn attempt(&mut self, spec: RunSpec, stop: &AtomicBool) -> Result<Attempt, RunError> {
        let began = Instant::now();
        let mut child = match self.child.take() {
            Some(child) => child,
            None => match ChildProcess::start(|page| self.job(page), &self.isolation.errors, stop)?
            {
                Some(child) => child,
                None => {
                    let result = death::blank(self.plan, spec, began);
                    return Ok(Attempt::Final(Box::new(result)));
                }
            },
        };
        child.order(&ToChild::Run(spec.number));
        let mut watch = Watch::new(self.options.timeout, self.plan.is_real());
        loop {
            match child.listen()? {
                Some(Message::Over(entry)) => {
                    child.forward();
                    if let Some(why) = death::missing(self.folder, spec, &entry) {
                        let result = death::lost(self.plan, spec, began, &mut child, why);
                        return Ok(Attempt::Died(Box::new(result)));
                    }
                    // A child that was told to stop may read that after this run.
                    self.child = (!watch.is_ending()).then_some(child);
                    return Ok(Attempt::Final(Box::new(self.result(*entry, spec)?)));
                }
                Some(Message::Refused(why)) => return Err(SetupError::Refused(why).into()),
                Some(Message::Lost(why)) => {
                    let why = self.shown(&why);
                    let result = death::lost(self.plan, spec, began, &mut child, why);
                    return Ok(Attempt::Died(Box::new(result)));
                }
                Some(Message::Broken(why)) => return Err(RunError::Process(self.shown(&why))),
                Some(Message::Line(line)) => {
                    if let Some(print) = self.options.print_line {
                        print(&line);
                    }
                }
                Some(Message::Ready) | None => {}
                Some(Message::Dead) => {
                    let killed = watch.killed;
                    let result = death::died(self.plan, spec, began, &mut child, killed);
                    // A child that was made to end did not die of an earlier run.
                    return Ok(match watch.is_ending() {
                        true => Attempt::Final(Box::new(result)),
                        false => Attempt::Died(Box::new(result)),
                    });
                }
            }
            watch.look(&mut child, stop);
        }
    }

    /// The folder of the results for a child, whose plugins may change its folder.
    fn absolute_folder(&self) -> PathBuf {
        let folder = self.folder.path();
        std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
    }

    /// A text of a child, with the folder of the results as the user knows it.
    fn shown(&self, text: &str) -> String {
        let absolute = self.absolute_folder();
        let folder = self.folder.path().to_string_lossy();
        text.replace(&*absolute.to_string_lossy(), &folder)
    }

    fn result(&mut self, mut entry: Entry, spec: RunSpec) -> Result<RunResult, RunError> {
        entry.failure = entry.failure.map(|text| self.shown(&text));
        entry.difference = entry.difference.map(|text| self.shown(&text));
        for warning in &mut entry.warnings {
            *warning = self.shown(warning);
        }
        self.reader.result(entry, spec).ok_or_else(|| {
            let run = spec.number;
            RunError::Process(format!("the process of run {run} has another plan"))
        })
    }

    fn job(&self, progress_page: PathBuf) -> ChildJob {
        let source = &self.plan.loaded.source;
        let how = &self.isolation.plan;
        ChildJob {
            path: source.path.clone(),
            text: source.text.clone(),
            settings: how.settings.clone(),
            plugins: self.plan.builds(),
            folder: self.absolute_folder(),
            token: self.folder.token().cloned(),
            log: self.options.log,
            print_lines: self.options.print_line.is_some(),
            color: how.color,
            verbosity: how.verbosity,
            check_determinism: self.options.check_determinism,
            timeout: self.options.timeout,
            memory: self.isolation.memory,
            progress_page,
        }
    }
}

/// Watches one run of a child, and kills a child that does not end.
struct Watch {
    begun: Instant,
    limit: Option<Duration>,
    /// How long the child may take to end its run.
    patience: Duration,
    /// When the child was told to stop.
    stopped: Option<Instant>,
    /// Number of callbacks at the last change, and a clock of the child since then.
    last_callback: Option<(u64, Patience)>,
    killed: Option<Killed>,
}

impl Watch {
    fn new(limit: Option<Duration>, real: bool) -> Watch {
        let begun = Instant::now();
        Watch {
            begun,
            limit,
            patience: if real {
                END_PATIENCE_REAL
            } else {
                END_PATIENCE
            },
            stopped: None,
            last_callback: None,
            killed: None,
        }
    }

    /// Whether the child was told to stop, or killed.
    fn is_ending(&self) -> bool {
        self.stopped.is_some() || self.killed.is_some()
    }

    /// Passes a signal on to the child, and kills it if it exceeds a limit.
    fn look(&mut self, child: &mut ChildProcess, stop: &AtomicBool) {
        if self.killed.is_some() {
            return;
        }
        let now = Instant::now();
        if self.stopped.is_none() && stop.load(Ordering::Relaxed) {
            child.order(&ToChild::Stop);
            self.stopped = Some(now);
        }
        let note = child.page.read();
        match &mut self.last_callback {
            Some((calls, patience)) if note.callback.is_some() && note.calls == *calls => {
                patience.look();
            }
            last => *last = Some((note.calls, child.patience())),
        }
        self.killed = self.exceeded(now);
        if self.killed.is_some() {
            child.kill();
        }
    }

    fn exceeded(&self, now: Instant) -> Option<Killed> {
        let overdue = |limit| now - self.begun > limit + self.patience;
        match (self.limit, self.stopped) {
            (_, Some(since)) if now - since > self.patience => Some(Killed::Stopped),
            (Some(limit), _) if overdue(limit) => Some(Killed::Late(limit)),
            _ => {
                let patience = self.last_callback.as_ref().map(|it| &it.1);
                let is_stuck = patience.is_some_and(|it| it.is_over(CALLBACK_MAX));
                is_stuck.then_some(Killed::Stuck)
            }
        }
    }
}
