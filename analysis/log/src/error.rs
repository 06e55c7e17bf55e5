//! The errors and warnings of reading a log: what is wrong, where, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

/// A log could not be read.
#[derive(Debug)]
pub struct LogError {
    /// The file or folder.
    pub path: PathBuf,
    /// The line, from 1; 0 for the whole file.
    pub line: u64,
    /// What is wrong.
    pub problem: Problem,
}

impl LogError {
    /// A problem with a whole file or folder.
    pub(crate) fn of(path: &Path, problem: Problem) -> LogError {
        LogError {
            path: path.to_owned(),
            line: 0,
            problem,
        }
    }
}

impl fmt::Display for LogError {
    /// `runs/0001/machine-1.csv:17: ...`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for LogError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// What is wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file or folder cannot be read.
    #[error("cannot read: {0}")]
    Io(std::io::Error),
    /// A run's folder holds no log.
    #[error(
        "no log here, expected `NODE.csv` files or `events.csv`\n  run the scenario with `--log per-node` or `--log combined`"
    )]
    NoLogs,
    /// An empty file.
    #[error(
        "the file is empty, expected a header line\n  the run was stopped before anything was written: repeat it, or remove the file"
    )]
    NoHeader,
    /// The header is not that of a log.
    #[error(
        "expected the header `{expected}`, found `{found}`\n  a log of another program is read with a format: analysis guess FILE... proposes one"
    )]
    ForeignHeader {
        /// The header that was found.
        found: String,
        /// The standard columns.
        expected: String,
    },
    /// The columns after the standard ones are not those of the behavior.
    #[error(
        "expected the columns `{expected}` after the standard ones, found `{found}`\n  the log and its manifest belong to different runs: repeat the run"
    )]
    OtherColumns {
        /// The columns that were found.
        found: String,
        /// The columns in the manifest.
        expected: String,
    },
    /// More columns than a record can hold.
    #[error(
        "{count} columns, expected at most {} after the standard ones",
        super::run::MAX_COLUMNS
    )]
    TooManyColumns {
        /// Number of columns.
        count: usize,
    },
    /// A mapped column that the header does not have.
    #[error("`--map {role}={name}`: no such column{}\n  columns here: {}", nearest(name, columns), columns.join(", "))]
    NoSuchColumn {
        /// Our name for the column.
        role: String,
        /// The name of the column.
        name: String,
        /// The names in the header.
        columns: Vec<String>,
    },
    /// A column that is mapped to two of ours.
    #[error("column `{column}` is mapped twice")]
    ColumnTwice {
        /// The name of the column.
        column: String,
    },
    /// A row with more or fewer cells than the header.
    #[error(
        "{found} cells, expected {expected} as in the header\n  the row is damaged: repeat the run, or remove the row"
    )]
    CellCount {
        /// Number of cells of the row.
        found: usize,
        /// Number of cells of the header.
        expected: usize,
    },
    /// A cell that does not hold what its column holds.
    #[error("column `{column}`: found `{found}`, expected {expected}")]
    Cell {
        /// The header of the column.
        column: String,
        /// The text of the cell, shortened.
        found: String,
        /// What the column holds.
        expected: &'static str,
    },
    /// An event word that the node does not have.
    #[error(
        "column `event`: found `{found}`, which is no event of this node\n  the log and its manifest belong to different runs: repeat the run"
    )]
    UnknownEvent {
        /// The word.
        found: String,
    },
    /// A node that the run does not have.
    #[error(
        "column `node`: found `{found}`, which is no node of this run{}",
        nearest(found, nodes)
    )]
    UnknownNode {
        /// The name.
        found: String,
        /// The nodes of the run.
        nodes: Vec<String>,
    },
    /// More event words than an event id can number.
    #[error(
        "more than {limit} different words in column `event`\n  is it the right column? `--map event=COLUMN` names another"
    )]
    TooManyEvents {
        /// Maximum number of words.
        limit: usize,
    },
    /// The file ends within a line.
    #[error(
        "the last line is cut off: `{found}`\n  the run was stopped while writing: repeat it, or remove the line"
    )]
    CutOff {
        /// The part of the line that is there.
        found: String,
    },
    /// A quoted cell that does not end.
    #[error("a quoted cell begins in this row and does not end")]
    OpenQuote,
    /// A row without a line end.
    #[error("a row of more than {limit} bytes: this is no log")]
    EndlessRow {
        /// Maximum length of a row `[bytes]`.
        limit: usize,
    },
}

/// Why a log is doubtful. Reading continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Rows are not in time order. They are read in the order of the file.
    TimeGoesBack {
        /// The file.
        path: PathBuf,
        /// The first such line.
        line: u64,
        /// Number of rows that are earlier than a row before them.
        count: u64,
    },
    /// A log without any row.
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// No log has a `receive` row, so there are no queue lengths and no latencies.
    NoReceiveRows,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::TimeGoesBack { path, line, count } => write!(
                f,
                "{}:{line}: time goes back here, and in {count} rows in all; they are taken in the order of the file",
                path.display()
            ),
            Warning::NoRows { path } => write!(f, "{}: no rows", path.display()),
            Warning::NoReceiveRows => f.write_str(
                "no `receive` rows in any log: nothing is known about queues and latencies",
            ),
        }
    }
}

/// ` (did you mean `x`?)` with the known name that is most like `name`; empty if
/// no known name is like it.
pub fn nearest<S: AsRef<str>>(name: &str, known: &[S]) -> String {
    let best = known
        .iter()
        .map(|known| (edit_distance(name, known.as_ref()), known.as_ref()))
        .min_by_key(|&(distance, _)| distance);
    match best {
        Some((distance, known)) if distance <= 1 + name.chars().count() / 3 => {
            format!(" (did you mean `{known}`?)")
        }
        _ => String::new(),
    }
}

/// The edit distance of Levenshtein (1966), without regard to case.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in b.iter().enumerate() {
            let replace = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Bytes of a log as an error shows them: shortened, control characters escaped.
pub fn shown(bytes: &[u8]) -> String {
    const SHOWN: usize = 60;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN)]).into_owned();
    let mut shown = String::new();
    for letter in text.chars().take(SHOWN) {
        match letter {
            _ if letter.is_control() => shown.extend(letter.escape_debug()),
            _ => shown.push(letter),
        }
    }
    if text.chars().count() > SHOWN {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_one_that_could_be_meant() {
        assert_eq!(
            nearest("tiem", &["time", "node"]),
            " (did you mean `time`?)"
        );
        assert_eq!(
            nearest("machine-l", &["machine-1"]),
            " (did you mean `machine-1`?)"
        );
        assert_eq!(nearest("zebra", &["time", "node"]), "");
    }

    #[test]
    fn what_is_shown_is_short_and_printable() {
        assert_eq!(shown(b"a\x00\n"), "a\\0\\n");
        assert_eq!(shown(&[b'x'; 500]).len(), 63);
        assert_eq!(shown(b"\xff"), "\u{fffd}");
    }
}
