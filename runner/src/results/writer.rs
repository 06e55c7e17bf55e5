//! The results writer: `runs.csv`, `summary.csv`, `verdicts.csv` and
//! `evidence.csv`, a run at a time, in the order of the plan. These tables are
//! derived: each run is in the journal first. Lines are collected and written
//! several at a time.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use analysis::log::RunSchema;
use analysis::metrics::summary::SummaryColumns;
use analysis::results::{
    EVIDENCE_FILE, EVIDENCE_HEADER, Judgement, VERDICTS_FILE, VERDICTS_HEADER, runs_header,
};

use crate::plan::Plan;
use crate::results::error::ResultsError;
use crate::results::folder::Folder;
use crate::results::run_result::RunResult;

/// The tables, open.
#[derive(Debug)]
pub struct ResultsWriter {
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

impl ResultsWriter {
    /// New tables with their headers, for the runs of a plan: shards of it have
    /// the same. Those of results that are continued are written anew.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn create(folder: &Folder, plan: &Plan) -> Result<ResultsWriter, ResultsError> {
        let columns = SummaryColumns::new(&plan.samples());
        let mut header = Vec::new();
        columns.header(&mut header);
        // Of results that are continued; it is written anew if there is any.
        let _ = fs::remove_file(folder.path().join(EVIDENCE_FILE));
        let header_of_runs = runs_header(plan.axes.iter().map(|axis| axis.name.as_str()));
        Ok(ResultsWriter {
            folder: folder.clone(),
            verdicts: Table::create(folder, VERDICTS_FILE, VERDICTS_HEADER.as_bytes())?,
            evidence: None,
            proofs: Vec::new(),
            runs: Table::create(folder, "runs.csv", header_of_runs.as_bytes())?,
            summary: Table::create(folder, "summary.csv", &header)?,
            columns,
            flushed: Instant::now(),
        })
    }

    /// Adds a run, whose nodes are these; what is written of it at the latest with
    /// [`ResultsWriter::flush`].
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn add(&mut self, result: &RunResult, schema: &RunSchema) -> Result<(), ResultsError> {
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
    pub fn flush(&mut self) -> Result<(), ResultsError> {
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
    fn create(folder: &Folder, name: &str, header: &[u8]) -> Result<Table, ResultsError> {
        let path = folder.path().join(name);
        let file = File::create(&path).map_err(ResultsError::at(&path))?;
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
    fn write(&mut self) -> Result<(), ResultsError> {
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
                Err(ResultsError::at(&self.path)(error))
            }
        }
    }
}
