//! What a person or a CI service sees of a plan while it runs, and afterwards.
//!
//! The code that runs things prints nothing: it sends [`Event`]s to a [`Reporter`].
//! [`quiet`] prints only what is wrong, [`terminal`] also progress and a summary,
//! [`junit`] writes a file, [`live`] draws on the whole terminal. Add a reporter by implementing the trait, and an event by
//! adding a variant: a reporter ignores the events that it does not show.
//!
//! [`console`] is standard error and standard output, [`logging`] the log of
//! `-v` and `RUNNER_LOG`.

pub mod console;
pub mod junit;
pub mod live;
pub mod logging;
pub mod progress;
pub mod quiet;
pub mod summary;
pub mod terminal;
pub mod verdicts;

use std::io;
use std::path::Path;
use std::time::{Instant, SystemTime};

use analysis::results::{Judgement, Manifest, RepeatCommand};

use crate::plan::{Plan, RunSpec};
use crate::results::error::ResultsError;
use crate::results::folder::Folder;
use crate::results::run_result::RunResult;
use crate::shrink::Shrunk;

/// The plan that events are about.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The manifest of its results.
    pub manifest: &'a Manifest,
    /// The folder of its results.
    pub folder: &'a Folder,
    /// The runs to report, in the order of the plan: the selected ones, and those of an
    /// earlier process.
    pub runs: &'a [RunSpec],
    /// The time at which the plan began.
    pub started: SystemTime,
    /// The same instant, for durations.
    pub began: Instant,
    /// The command that repeats a run.
    pub repeat: &'a RepeatCommand,
}

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Something makes the results doubtful.
    Warning(&'a str),
    /// Something failed, so the exit code is not 0.
    Error(&'a str),
    /// Earlier results are continued.
    Resumed {
        /// Number of runs that are kept.
        kept: usize,
    },
    /// The runs begin.
    PlanBegins,
    /// Runs are to be done.
    Scheduled {
        /// Their number.
        runs: usize,
        /// What the runs before have come to, if they were looked at.
        look: Option<&'a str>,
    },
    /// A run ended. These events have the order of the plan.
    RunEnded(&'a RunResult),
    /// An expectation over all runs of a case was judged.
    CaseJudged {
        /// The index of the case.
        case: usize,
        /// The judgement.
        judgement: &'a Judgement,
    },
    /// A failure was cut down to what it needs.
    Shrunk {
        /// The number of the run.
        run: u32,
        /// What the search came to.
        shrunk: &'a Shrunk,
    },
    /// No more runs will end.
    PlanEnded {
        /// Why runs may be missing.
        ending: Ending,
        /// The runs that were not begun.
        not_begun: &'a [RunSpec],
    },
    /// The report was built.
    ReportBuilt {
        /// The HTML page.
        html: &'a Path,
    },
}

/// How a plan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All runs were run, or a run failed and `--fail-fast` ended the plan.
    Finished,
    /// A signal stopped the runner.
    Stopped,
    /// Runs cannot begin, or results cannot be written.
    Broken,
}

/// Why an event cannot be reported.
#[derive(Debug, thiserror::Error)]
pub enum ReporterError {
    /// Standard output cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] ResultsError),
}

/// Shows or writes events.
pub trait Reporter {
    /// Reports an event.
    ///
    /// # Errors
    ///
    /// Fails if standard output or a file cannot be written.
    fn event(&mut self, context: &Context<'_>, event: &Event<'_>) -> Result<(), ReporterError>;
}

/// Reporters that all report each event, in this order.
#[derive(Default)]
pub struct Reporters(pub Vec<Box<dyn Reporter>>);

impl Reporter for Reporters {
    fn event(&mut self, context: &Context<'_>, event: &Event<'_>) -> Result<(), ReporterError> {
        let mut first = Ok(());
        for reporter in &mut self.0 {
            let result = reporter.event(context, event);
            first = first.and(result);
        }
        first
    }
}

/// `1 run`, `5 runs`.
pub fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}
