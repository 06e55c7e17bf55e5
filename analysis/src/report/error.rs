//! The errors of building a report.

use std::path::{Path, PathBuf};

use crate::foreign::Mistake;

/// A report cannot be built. An older report stays as it was.
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
        /// The error of the system.
        source: std::io::Error,
    },
    /// A file or folder could not be written.
    #[error("{}: cannot be written: {source}\n  an older report there is left as it was", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// `manifest.json` is not what the runner writes.
    #[error("{}:{line}:{column}: {found}\n  the file was cut short or changed; run the scenario again, or restore it", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
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
        /// The newest format that this version reads.
        known: u32,
    },
    /// The file of `--notes` cannot be read.
    #[error("--notes {}: {}", path.display(), notes(source))]
    Notes {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A table is not what the runner writes.
    #[error(transparent)]
    Table(#[from] crate::log::tables::TableError),
    /// A log is not what the runner writes.
    #[error(transparent)]
    Log(#[from] crate::log::LogError),
    /// A mapping of another program's columns that cannot be read.
    #[error("--map: {0}")]
    Mapping(#[from] crate::log::MappingError),
    /// Several results, and no folder for the report.
    #[error(
        "{given} folders of results were given, and no folder for the report\n  name one with --out DIR"
    )]
    NoOut {
        /// Number of folders.
        given: usize,
    },
    /// A database cannot be written.
    #[error("--sqlite: {}: cannot be written: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// The file for a database is something else.
    #[error("--sqlite: {}: it is no database of results, and nothing else is ever overwritten\n  name another file with --sqlite FILE, or move it away", path.display())]
    NoDatabase {
        /// The file.
        path: PathBuf,
    },
    /// A comparison has no database.
    #[error(
        "--sqlite writes the results of one plan\n  write one database for each of the results that are compared"
    )]
    SqliteOfSeveral,
    /// Results have no run of this number.
    #[error("{}: has no run {run}\n  runs here: {here}", path.display())]
    NoRun {
        /// The results.
        path: PathBuf,
        /// The number.
        run: u64,
        /// The runs that there are.
        here: String,
    },
    /// A run alone makes no report.
    #[error("{}: is one run, and a report of one run is that of its results\n  name another run to compare it with, as in RESULTS:1 RESULTS:2 --out DIR", path.display())]
    OneRun {
        /// What was given.
        path: PathBuf,
    },
    /// The same folder was given twice.
    #[error("{}: was given twice\n  name each folder of results once", path.display())]
    Twice {
        /// The folder.
        path: PathBuf,
    },
    /// The folder for merged results holds results.
    #[error("{} holds results already, and results are never overwritten\n  name another folder with --out DIR, or move it away", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The folder for the report holds other files.
    #[error("{}: {found}, and nothing is ever overwritten\n  name another folder with --out DIR, or move it away", path.display())]
    OtherReport {
        /// The file or folder.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// Parts of different plans.
    #[error("{}: of another plan than {}, so these are no parts of one whole\n{}\n  parts (of --shard, --case, --run) are merged with those of the same plan; to compare plans, merge the parts of each first", path.display(), first.display(), lines(differences))]
    OtherPlan {
        /// The folder.
        path: PathBuf,
        /// The first folder that was given.
        first: PathBuf,
        /// What differs.
        differences: Vec<String>,
    },
    /// Two parts have different results of the same run.
    #[error("run {run} came out differently in {} and in {}: {file} differs\n  the same run of the same plan is the same everywhere, so one of the two is not what it says; look for the reason with --check-determinism", one.display(), other.display())]
    Conflict {
        /// The number of the run.
        run: u64,
        /// A folder with the run.
        one: PathBuf,
        /// Another folder with the run.
        other: PathBuf,
        /// The file that differs.
        file: String,
    },
    /// Logs of another program cannot be read.
    #[error("{0}")]
    Foreign(String),
    /// Mistakes in a format file, each with its place.
    #[error("{}", mistakes(.0))]
    Mistakes(Vec<Mistake>),
    /// Files of runs are not what the runner wrote.
    #[error(
        "runs whose files are not what was written: {count}\n{}\n  continue these results with --resume, which does such runs again, then merge again",
        lines(damages)
    )]
    Damaged {
        /// Number of such runs.
        count: u64,
        /// Each run, its folder of results, and what is wrong.
        damages: Vec<String>,
    },
    /// The results have no run.
    #[error("{}: no run is recorded in `runs.csv`\n  the runner was stopped before its first run ended; run the scenario again, or continue it with --resume", path.display())]
    NoRuns {
        /// The folder.
        path: PathBuf,
    },
}

fn lines(differences: &[String]) -> String {
    let lines: Vec<String> = differences.iter().map(|it| format!("  - {it}")).collect();
    lines.join("\n")
}

fn notes(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::InvalidData => "is not UTF-8 text\n  save the file as UTF-8".to_owned(),
        _ => format!("cannot be read: {error}\n  name a Markdown file"),
    }
}

fn mistakes(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl Error {
    pub(crate) fn foreign(error: impl ToString) -> Error {
        Error::Foreign(error.to_string())
    }

    pub(crate) fn mistakes(mistakes: Vec<Mistake>) -> Error {
        Error::Mistakes(mistakes)
    }

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
