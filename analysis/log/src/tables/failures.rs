//! `failures.csv`: why runs failed that failed themselves: a plugin's panic, the end
//! of a program, a difference between two executions. A check or an expectation that
//! failed is in `verdicts.csv`.

use std::path::Path;

use super::reader::{TableError, TableReader, TableRow};
use crate::quoting::line;

/// The header line of `failures.csv`, with its line end.
pub const FAILURES_HEADER: &str = "run,case,failure\n";

/// A row of `failures.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureRow {
    /// The number of the run.
    pub run: u64,
    /// The id of its case.
    pub case: String,
    /// Why it failed: one line or more.
    pub text: String,
}

impl FailureRow {
    /// Appends the line of a failure.
    pub fn line(run: u64, case: &str, text: &str, out: &mut String) {
        out.push_str(&line([&*run.to_string(), case, text]));
    }

    /// Opens a `failures.csv`.
    ///
    /// # Errors
    /// The file cannot be read, or has another header.
    pub fn open(path: &Path) -> Result<TableReader, TableError> {
        let columns: Vec<&str> = FAILURES_HEADER.trim_end().split(',').collect();
        TableReader::open(path, &columns)
    }

    /// Reads a row.
    ///
    /// # Errors
    /// A cell holds something else.
    pub fn from_row(row: &TableRow<'_>) -> Result<FailureRow, TableError> {
        Ok(FailureRow {
            run: row.number(0)?,
            case: row.text(1)?.to_owned(),
            text: row.text(2)?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_several_lines_reads_back_as_written() {
        let text = "node `a` panicked in `tick`: \"no\", said it\n  it said: bye";
        let mut lines = FAILURES_HEADER.to_owned();
        FailureRow::line(7, "faces=10,rates=low", text, &mut lines);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failures.csv");
        std::fs::write(&path, lines).unwrap();
        let mut table = FailureRow::open(&path).unwrap();
        let row = FailureRow::from_row(&table.next_row().unwrap().unwrap()).unwrap();
        assert_eq!((row.run, row.case.as_str()), (7, "faces=10,rates=low"));
        assert_eq!(row.text, text);
        assert!(table.next_row().unwrap().is_none());
    }
}
