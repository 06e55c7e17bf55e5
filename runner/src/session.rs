//! A session runs runs, one after another: [`Session::run`] is the only way to
//! run a run.
//!
//! The run is in this process (`local`) or, with `--isolate`, in a child process
//! ([`isolate`]), which itself uses a session. In this process, `drive` selects
//! how time passes: virtual time, real time, or real time with a process per node
//! (`processes` on the runner's side, [`node`] on the other, and [`joined`] if that is
//! elsewhere). `held` are nodes in virtual time that are programs. [`recorded`] keeps a run event by event for the debugger. `timeout` ends a
//! run that takes too long, and `determinism` runs it twice and compares.
//!
//! The result is on disk under the run's preliminary name. `execute` adds it to
//! the journal and to the tables.

mod determinism;
mod drive;
mod ended;
mod held;
pub mod isolate;
pub mod joined;
mod local;
pub mod node;
mod processes;
pub mod recorded;
mod state;
pub(crate) mod timeout;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use analysis::log::{LogError, WriteError};
use analysis::results::{LogMode, RunStatus};
use base::time::SimTime;

use debug::live::ToView;
use isolate::{IsolatedRuns, Isolation};
pub use processes::{Processes, to_override};
use timeout::Limits;

use crate::plan::{Plan, RunSpec};
use crate::results::error::ResultsError;
use crate::results::folder::Folder;
use crate::results::run_result::RunResult;
use host::progress_page::ProgressPage;
use realtime::setup::SetupError;

/// How to run a run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which logs to keep.
    pub log: LogMode,
    /// Prints a line at once, in real time: listening addresses, lines that nodes
    /// print. None: such lines are not shown.
    pub print_line: Option<fn(&str)>,
    /// In real time: a process for each node.
    pub processes: Option<Processes>,
    /// The limit of a run by the wall clock.
    pub timeout: Option<Duration>,
    /// Run runs in child processes.
    pub isolation: Option<Isolation>,
    /// Run each run twice and compare, in virtual time.
    pub check_determinism: bool,
    /// The most events of a run in virtual time; none: no limit. Not for child processes.
    pub max_events: Option<u64>,
    /// Other random numbers from a time on, in virtual time. Not for child processes.
    pub reseed: Option<Reseed>,
    /// Shows runs in real time while they happen.
    pub live: Option<ToView>,
    /// Whether a run has a second core to itself: in virtual time its records are taken on
    /// another thread.
    pub spare_core: bool,
    /// In a child process: the page on which each callback is noted.
    pub progress_page: Option<Arc<ProgressPage>>,
}

/// Which random numbers a run goes on with, and from when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reseed {
    /// The last instant that is as it was; none: nothing is.
    pub after: Option<SimTime>,
    /// The number of the other streams.
    pub number: u64,
}

/// Why a run has no result. The results of other runs are kept.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A log cannot be written.
    #[error("{0}\n  finished runs are kept: --resume runs the others")]
    Log(#[from] WriteError),
    /// A log of this run cannot be read back.
    #[error("{0}\n  finished runs are kept")]
    Read(#[from] LogError),
    /// The run cannot begin.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A folder or a table cannot be written.
    #[error("{0}\n  finished runs are kept: --resume runs the others")]
    Write(#[from] ResultsError),
    /// A child process cannot be started or sends something unexpected.
    #[error("{0}\n  finished runs are kept: --resume runs the others")]
    Process(String),
    /// A run has another result than it had before.
    #[error("run {run} has another result than before: {file} differs\n  the new files are in {}; --check-determinism finds the first difference", folder.display())]
    Conflict {
        /// The number of the run.
        run: u32,
        /// The first file that differs.
        file: String,
        /// The folder of the new files.
        folder: PathBuf,
    },
}

impl RunError {
    /// Whether the reason is this run's alone: its files were removed or changed while it
    /// wrote them. A full disk or a folder that nobody may write stops every run.
    pub(crate) fn is_of_one_run(&self) -> bool {
        let source = match self {
            RunError::Log(error) => &error.source,
            RunError::Write(error) => &error.source,
            RunError::Read(_) => return true,
            _ => return false,
        };
        use std::io::ErrorKind;
        let of_all = [
            ErrorKind::StorageFull,
            ErrorKind::QuotaExceeded,
            ErrorKind::FileTooLarge,
            ErrorKind::ReadOnlyFilesystem,
            ErrorKind::PermissionDenied,
        ];
        !of_all.contains(&source.kind())
    }
}

/// Runs the runs of one worker.
#[derive(Debug)]
pub struct Session<'a> {
    plan: &'a Plan,
    folder: &'a Folder,
    options: &'a Options,
    limits: Limits<'a>,
    /// With `--isolate`: the child process.
    isolated: Option<IsolatedRuns<'a>>,
}

impl<'a> Session<'a> {
    /// A session that runs runs of `plan` into `folder`.
    pub fn new(
        plan: &'a Plan,
        folder: &'a Folder,
        options: &'a Options,
        limits: Limits<'a>,
    ) -> Session<'a> {
        let isolation = options.isolation.as_ref();
        Session {
            plan,
            folder,
            options,
            limits,
            isolated: isolation.map(|how| IsolatedRuns::new(plan, folder, options, how)),
        }
    }

    /// Runs a run to its end.
    ///
    /// # Errors
    ///
    /// Fails if the run cannot begin, or if its results cannot be written.
    pub fn run(&mut self, spec: RunSpec) -> Result<RunResult, RunError> {
        let _run = tracing::info_span!("run", number = spec.number).entered();
        match &mut self.isolated {
            Some(isolated) => isolated.run(spec, self.limits.stop),
            None => local::run(self.plan, spec, self.folder, self.options, self.limits),
        }
    }
}

/// Whether a run with this status is finished. In real time an interrupted run is
/// finished; in virtual time the rest of it is missing.
pub(crate) fn is_whole(plan: &Plan, status: RunStatus) -> bool {
    match status {
        RunStatus::Complete => true,
        RunStatus::Interrupted => plan.is_real(),
        RunStatus::Failed => false,
    }
}

/// Removes the folder of a run, if there is one.
///
/// # Errors
///
/// Fails if the folder cannot be removed.
pub(crate) fn remove(folder: &Path) -> Result<(), ResultsError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(ResultsError::at(folder)),
    }
}
