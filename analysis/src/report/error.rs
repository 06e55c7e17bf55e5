//! Why no report could be made: what, where, what was expected, what to do.

use std::path::{Path, PathBuf};

/// Why no report could be made. An older report is left as it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder holds no results.
    #[error("{}: no `manifest.json`, so this is no folder of results\n  {hint}", path.display())]
    NotResults {
        /// The folder.
        path: PathBuf,
        /// What to do.
        hint: String,
    },
    /// A file or folder could not be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file or folder could not be written.
    #[error("{}: cannot be written: {source}\n  an older report there is left as it was", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `manifest.json` is not what the runner writes.
    #[error("{}:{line}:{column}: {found}\n  the file was cut short or changed; run the scenario again, or restore it", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
        /// What is wrong.
        found: String,
    },
    /// The results are of a newer format.
    #[error("{}: the results are of format {found}, this version reads up to {known}\n  use the version that wrote them, or a newer one", path.display())]
    Format {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// `runs.csv` or `summary.csv` is not what the runner writes.
    #[error("{}:{line}: {found}\n  {hint}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: u64,
        /// What was found, and what was expected.
        found: String,
        /// What to do.
        hint: &'static str,
    },
    /// A log is not what the runner writes.
    #[error(transparent)]
    Log(#[from] crate::log::LogError),
    /// A mapping of another program's columns that cannot be read.
    #[error("--map: {0}")]
    Mapping(#[from] crate::log::MappingError),
    /// Results that cannot go into one report.
    #[error(
        "{given} folders of results were given, one was expected\n  merging shards and comparing results is not built yet: make a report of each"
    )]
    Several {
        /// How many.
        given: usize,
    },
    /// There is nothing to report.
    #[error("{}: no run is recorded in `runs.csv`\n  the runner was stopped before its first run ended; run the scenario again", path.display())]
    NoRuns {
        /// The folder.
        path: PathBuf,
    },
}

impl Error {
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::Write {
            path: path.to_owned(),
            source,
        }
    }
}
