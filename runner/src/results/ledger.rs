//! The books of a plan: `runs.csv`, `summary.csv` and `verdicts.csv`, a run at a
//! time, in the order of the plan. They are derived: each run is in the journal
//! before it comes here, so lines are collected and written some at a time.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use analysis::log::RunSchema;
use analysis::log::tables::{RUNS_FILE, SUMMARY_FILE};
use analysis::metrics::NodeMetrics;
use analysis::metrics::summary::SummaryColumns;
use analysis::results::{
    EVIDENCE_FILE, EVIDENCE_HEADER, Judgement, RunRow, RunStatus, VERDICTS_FILE, VERDICTS_HEADER,
    Verdict, runs_header,
};

use crate::plan::{Plan, RunSpec};
use crate::results::folder::Folder;
use crate::results::sums::FileSum;

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
    /// Where it differed when it was done twice.
    pub difference: Option<String>,
    /// Whether doing it again would come to the same: else it is not over for
    /// `--resume`.
    pub lasting: bool,
    /// The sums of its files.
    pub files: Vec<FileSum>,
}

impl RunResult {
    /// What is wrong with it, a text of one line or more each.
    pub fn wrong(&self) -> impl Iterator<Item = &str> {
        let told = self.failure.iter().chain(&self.difference);
        told.map(String::as_str)
    }

    /// Whether it failed, or what it came to was found wrong.
    pub fn has_failed(&self) -> bool {
        self.row.status == RunStatus::Failed || self.row.verdict == Some(Verdict::Failed)
    }
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
    /// Lines for it that are not there yet.
    proofs: Vec<u8>,
    columns: SummaryColumns,
    flushed: Instant,
}

/// From flush to flush, where runs follow one another: who looks on sees them
/// soon.
pub const FLUSH_EVERY: Duration = Duration::from_millis(100);

/// What is collected at most `[bytes]`.
const HELD_MAX: usize = 256 << 10;

#[derive(Debug)]
struct Table {
    path: PathBuf,
    file: File,
    /// Whole lines that are not written yet.
    held: Vec<u8>,
    /// What has been written whole `[bytes]`.
    length: u64,
}

impl Ledger {
    /// New tables with their headers, for the runs of a plan: shards of it have
    /// the same. Those of results that are continued are written anew.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn create(folder: &Folder, plan: &Plan) -> Result<Ledger, BookError> {
        let columns = SummaryColumns::new(&plan.samples());
        let mut header = Vec::new();
        columns.header(&mut header);
        // Of results that are continued; it is written anew if there is any.
        let _ = fs::remove_file(folder.path().join(EVIDENCE_FILE));
        let header_of_runs = runs_header(plan.axes.iter().map(|axis| axis.name.as_str()));
        Ok(Ledger {
            folder: folder.clone(),
            verdicts: Table::create(folder, VERDICTS_FILE, VERDICTS_HEADER.as_bytes())?,
            evidence: None,
            proofs: Vec::new(),
            runs: Table::create(folder, RUNS_FILE, header_of_runs.as_bytes())?,
            summary: Table::create(folder, SUMMARY_FILE, &header)?,
            columns,
            flushed: Instant::now(),
        })
    }

    /// Adds a run, whose nodes are these; what is written of it at the latest with
    /// [`Ledger::flush`].
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn add(&mut self, result: &RunResult, schema: &RunSchema) -> Result<(), BookError> {
        let row = &result.row;
        self.columns.rows(
            row.run,
            &row.case,
            schema,
            &result.metrics,
            &mut self.summary.held,
        );
        self.judged(Some(row.run), &row.case, &result.judgements);
        self.runs.held.extend_from_slice(row.to_string().as_bytes());
        if self.summary.held.len() > HELD_MAX || self.flushed.elapsed() > FLUSH_EVERY {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is held.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn flush(&mut self) -> Result<(), BookError> {
        self.flushed = Instant::now();
        // The metrics first: a run that `runs.csv` calls complete has them.
        self.summary.write()?;
        if !self.proofs.is_empty() {
            let evidence = match &mut self.evidence {
                Some(evidence) => evidence,
                none => {
                    let header = EVIDENCE_HEADER.as_bytes();
                    none.insert(Table::create(&self.folder, EVIDENCE_FILE, header)?)
                }
            };
            evidence.held.append(&mut self.proofs);
            evidence.write()?;
        }
        self.verdicts.write()?;
        self.runs.write()
    }

    /// Adds what was judged of a run, or over all runs of a case.
    pub fn judged(&mut self, run: Option<u64>, case: &str, judgements: &[Judgement]) {
        let (mut lines, mut rows) = (String::new(), String::new());
        for judgement in judgements {
            judgement.line(run, case, &mut lines);
            judgement.evidence_lines(run, case, &mut rows);
        }
        self.proofs.extend_from_slice(rows.as_bytes());
        self.verdicts.held.extend_from_slice(lines.as_bytes());
    }
}

impl Table {
    fn create(folder: &Folder, name: &str, header: &[u8]) -> Result<Table, BookError> {
        let path = folder.path().join(name);
        let file = File::create(&path).map_err(BookError::at(&path))?;
        let mut table = Table {
            path,
            file,
            held: header.to_vec(),
            length: 0,
        };
        table.write()?;
        Ok(table)
    }

    /// Writes the lines that are held: all of them, or none if the disk is full.
    fn write(&mut self) -> Result<(), BookError> {
        if self.held.is_empty() {
            return Ok(());
        }
        match self.file.write_all(&self.held) {
            Ok(()) => {
                self.length += self.held.len() as u64;
                self.held.clear();
                Ok(())
            }
            Err(error) => {
                // A table that ends within a line could not be read back. If not
                // even that can be mended, the first error says enough.
                let _ = self.file.set_len(self.length);
                Err(BookError::at(&self.path)(error))
            }
        }
    }
}
