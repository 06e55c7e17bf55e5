//! The books of a plan: `runs.csv`, `summary.csv` and `verdicts.csv`, a run at a
//! time, in the order of the plan. Each run is on disk before the next is added.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use analysis::log::RunSchema;
use analysis::metrics::NodeMetrics;
use analysis::metrics::summary::SummaryColumns;
use analysis::results::{
    EVIDENCE_FILE, EVIDENCE_HEADER, Judgement, RunRow, VERDICTS_FILE, VERDICTS_HEADER, runs_header,
};

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
    /// What the checks and expectations made of it.
    pub judgements: Vec<Judgement>,
    /// Why it failed.
    pub failure: Option<String>,
    /// What makes it doubtful: it was late, a program ended early.
    pub warnings: Vec<String>,
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

/// The tables, open.
#[derive(Debug)]
pub struct Ledger {
    folder: Folder,
    runs: Table,
    summary: Table,
    verdicts: Table,
    /// Made when there is any.
    evidence: Option<Table>,
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
            folder: folder.clone(),
            verdicts: Table::create(folder, VERDICTS_FILE, VERDICTS_HEADER.as_bytes())?,
            evidence: None,
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
        self.judged(Some(row.run), &row.case, &result.judgements)?;
        self.runs.append(row.to_string().as_bytes())
    }

    /// Adds what was judged of a run, or over all runs of a case.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn judged(
        &mut self,
        run: Option<u64>,
        case: &str,
        judgements: &[Judgement],
    ) -> Result<(), BookError> {
        let (mut lines, mut rows) = (String::new(), String::new());
        for judgement in judgements {
            judgement.line(run, case, &mut lines);
            judgement.evidence_lines(run, case, &mut rows);
        }
        if !rows.is_empty() {
            let evidence = match &mut self.evidence {
                Some(evidence) => evidence,
                none => {
                    let header = EVIDENCE_HEADER.as_bytes();
                    none.insert(Table::create(&self.folder, EVIDENCE_FILE, header)?)
                }
            };
            evidence.append(rows.as_bytes())?;
        }
        self.verdicts.append(lines.as_bytes())
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
