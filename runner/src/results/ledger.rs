//! The books of a plan: `runs.csv` and `summary.csv`, a run at a time, in the
//! order of the plan. Each run is on disk before the next is added.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use analysis::log::RunSchema;
use analysis::metrics::NodeMetrics;
use analysis::metrics::summary::SummaryColumns;
use analysis::results::{RunRow, runs_header};

use crate::engine::conservation::Conservation;
use crate::engine::faults::FaultEffect;
use crate::plan::RunSpec;
use crate::results::folder::Folder;

/// What one run came to.
#[derive(Debug)]
pub struct RunResult {
    /// Which run.
    pub spec: RunSpec,
    /// Its row in `runs.csv`.
    pub row: RunRow,
    /// What was measured, node by node; nothing unless it is complete.
    pub metrics: Vec<NodeMetrics>,
    /// Why it failed.
    pub failure: Option<String>,
    /// What makes it doubtful: it was late, a program ended early.
    pub warnings: Vec<String>,
    /// What each fault of the scenario did to it.
    pub faults: Vec<FaultEffect>,
    /// What became of its messages, where one process knows.
    pub conservation: Option<Conservation>,
}

/// A folder or a table of the results that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot write the results: {source}", path.display())]
pub struct BookError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl BookError {
    /// For a file or folder.
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> BookError {
        let path = path.to_owned();
        move |source| BookError { path, source }
    }
}

/// Both tables, open.
#[derive(Debug)]
pub struct Ledger {
    runs: Table,
    summary: Table,
    columns: SummaryColumns,
    schema: Arc<RunSchema>,
}

#[derive(Debug)]
struct Table {
    path: PathBuf,
    file: File,
    /// What has been written whole `[bytes]`.
    length: u64,
}

impl Ledger {
    /// New tables with their headers, for runs of this schema.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn create(folder: &Folder, schema: &Arc<RunSchema>) -> Result<Ledger, BookError> {
        let columns = SummaryColumns::new([&**schema]);
        let mut header = Vec::new();
        columns.header(&mut header);
        Ok(Ledger {
            runs: Table::create(folder, "runs.csv", runs_header([]).as_bytes())?,
            summary: Table::create(folder, "summary.csv", &header)?,
            columns,
            schema: schema.clone(),
        })
    }

    /// Adds a run.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn add(&mut self, result: &RunResult) -> Result<(), BookError> {
        let mut lines = Vec::new();
        let row = &result.row;
        self.columns.rows(
            row.run,
            &row.case,
            &self.schema,
            &result.metrics,
            &mut lines,
        );
        // The metrics first: a run that `runs.csv` calls complete has them.
        self.summary.append(&lines)?;
        self.runs.append(row.to_string().as_bytes())
    }
}

impl Table {
    fn create(folder: &Folder, name: &str, header: &[u8]) -> Result<Table, BookError> {
        let path = folder.path().join(name);
        let file = File::create_new(&path).map_err(BookError::at(&path))?;
        let mut table = Table {
            path,
            file,
            length: 0,
        };
        table.append(header)?;
        Ok(table)
    }

    /// Adds lines: all of them, or none if the disk is full.
    fn append(&mut self, lines: &[u8]) -> Result<(), BookError> {
        match self.file.write_all(lines) {
            Ok(()) => self.length += lines.len() as u64,
            Err(error) => {
                // A table that ends within a line could not be read back. If not
                // even that can be mended, the first error says enough.
                let _ = self.file.set_len(self.length);
                return Err(BookError::at(&self.path)(error));
            }
        }
        Ok(())
    }
}
