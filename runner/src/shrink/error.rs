//! Why there is no smaller scenario.

use std::io;
use std::path::{Path, PathBuf};

use crate::session::RunError;

/// Why there is no smaller scenario.
#[derive(Debug, thiserror::Error)]
pub enum ShrinkError {
    /// In real time no two runs are equal.
    #[error(
        "`{0}` runs in real time, where no two runs are equal, so nothing can be left out one by one\n  add --time virtual, if its nodes are behaviors"
    )]
    Real(String),
    /// The run does not fail.
    #[error("run {run} of `{scenario}` does not fail, so there is nothing to shrink\n  {hint}")]
    Passes {
        /// The number of the run.
        run: u32,
        /// The name of the scenario.
        scenario: String,
        /// What to do.
        hint: &'static str,
    },
    /// The run fails in other ways.
    #[error("run {run} has no failure with `{check}` in its name\n  failures there: {}", .others.join("; "))]
    Other {
        /// The number of the run.
        run: u32,
        /// What was asked for.
        check: String,
        /// The failures of the run.
        others: Vec<String>,
    },
    /// The run fails, and does not fail again.
    #[error(
        "run {run} fails, and does not fail again when it is repeated: {text}\n  a run that is not the same twice cannot be shrunk by what it said; --check-determinism finds the first difference, and shrinks that"
    )]
    Flaky {
        /// The number of the run.
        run: u32,
        /// What it said.
        text: String,
    },
    /// The file cannot be edited.
    #[error("the scenario cannot be edited: {0}")]
    Edit(String),
    /// The result would be written over a file.
    #[error("{} exists already, and nothing is ever overwritten\n  name another file with --out FILE", .0.display())]
    Exists(PathBuf),
    /// A run cannot be done.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The file cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A signal stopped it before the search began.
    #[error("stopped before anything was left out")]
    Stopped,
}

/// The error that a file cannot be written.
pub fn written(path: &Path) -> impl FnOnce(io::Error) -> ShrinkError {
    let path = path.to_owned();
    |source| ShrinkError::Write { path, source }
}
