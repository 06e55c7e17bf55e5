//! The books of a plan: `runs.csv` and `summary.csv`, a run at a time, in the
//! order of the plan. Each run is on disk before the next is added.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use analysis::log::RunSchema;
use analysis::metrics::summary::SummaryColumns;
use analysis::results::runs_header;

use crate::execute::{ExecuteError, RunResult};
use crate::results::folder::Folder;

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
    pub fn create(folder: &Folder, schema: &Arc<RunSchema>) -> Result<Ledger, ExecuteError> {
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
    pub fn add(&mut self, result: &RunResult) -> Result<(), ExecuteError> {
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
    fn create(folder: &Folder, name: &str, header: &[u8]) -> Result<Table, ExecuteError> {
        let path = folder.path().join(name);
        let file = File::create_new(&path).map_err(write_error(&path))?;
        let mut table = Table {
            path,
            file,
            length: 0,
        };
        table.append(header)?;
        Ok(table)
    }

    /// Adds lines: all of them, or none if the disk is full.
    fn append(&mut self, lines: &[u8]) -> Result<(), ExecuteError> {
        match self.file.write_all(lines) {
            Ok(()) => self.length += lines.len() as u64,
            Err(error) => {
                // A table that ends within a line could not be read back. If not
                // even that can be mended, the first error says enough.
                let _ = self.file.set_len(self.length);
                return Err(write_error(&self.path)(error));
            }
        }
        Ok(())
    }
}

fn write_error(path: &std::path::Path) -> impl FnOnce(io::Error) -> ExecuteError {
    let path = path.to_owned();
    move |source| ExecuteError::Write { path, source }
}
