//! The results writer: `runs.csv`, `summary.csv`, `samples.csv`, `verdicts.csv`,
//! `evidence.csv` and `failures.csv`, a run at a time, in the order of the plan. These
//! tables are
//! derived: each run is in the journal first. Lines are collected and written
//! several at a time.
//!
//! While other runners may write the same results (`--shared`), the tables have names of
//! this runner's own until they are complete: [`ResultsWriter::publish`].

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use analysis::log::RunSchema;
use analysis::log::tables::{
    FAILURES_FILE, FAILURES_HEADER, FailureRow, RUNS_FILE, SAMPLES_FILE, SUMMARY_FILE,
};
use analysis::metrics::summary::{SummaryColumns, push_samples, samples_header};
use analysis::results::{
    EVIDENCE_FILE, EVIDENCE_HEADER, Judgement, VERDICTS_FILE, VERDICTS_HEADER, runs_header,
};

use crate::plan::Plan;
use crate::results::error::ResultsError;
use crate::results::folder::Folder;
use crate::results::run_result::RunResult;

/// Writes the tables of a plan.
#[derive(Debug)]
pub struct ResultsWriter {
    folder: Folder,
    runs: Table,
    summary: Table,
    samples: Table,
    verdicts: Table,
    evidence: LateTable,
    failures: LateTable,
    columns: SummaryColumns,
    flushed: Instant,
}

/// The interval of writes, so that the tables can be read while runs go on. Arbitrary.
pub const FLUSH_EVERY: Duration = Duration::from_millis(100);

/// Maximum size of the lines that are collected `[bytes]`. Arbitrary.
const HELD_MAX: usize = 256 << 10;

/// Number of nodes whose lines are made before they are written, if there are many: the lines
/// of a million nodes are longer than all else that is left of their run. Arbitrary.
const NODES_AT_ONCE: usize = 1_000;

#[derive(Debug)]
struct Table {
    /// What is written.
    path: PathBuf,
    /// Its final name.
    place: PathBuf,
    file: File,
    /// Complete lines that are not written yet.
    held: Vec<u8>,
    /// Size of what was written `[bytes]`.
    length: u64,
}

impl ResultsWriter {
    /// Creates the tables of a plan with their headers, which are the same for all its
    /// shards. Tables of results that are continued are overwritten.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be written.
    pub fn create(folder: &Folder, plan: &Plan) -> Result<ResultsWriter, ResultsError> {
        let columns = SummaryColumns::new(&plan.samples());
        let mut header = Vec::new();
        columns.header(&mut header);
        if folder.token().is_none() {
            for late in [EVIDENCE_FILE, FAILURES_FILE] {
                // Fails if there is no such file.
                let _ = fs::remove_file(folder.path().join(late));
            }
        }
        let axes = plan.axes.iter().map(|axis| axis.name.as_str());
        let header_of_runs = runs_header(plan.has_warmup(), axes);
        Ok(ResultsWriter {
            folder: folder.clone(),
            verdicts: Table::create(folder, VERDICTS_FILE, VERDICTS_HEADER.as_bytes())?,
            evidence: LateTable::new(EVIDENCE_FILE, EVIDENCE_HEADER),
            failures: LateTable::new(FAILURES_FILE, FAILURES_HEADER),
            runs: Table::create(folder, RUNS_FILE, header_of_runs.as_bytes())?,
            summary: Table::create(folder, SUMMARY_FILE, &header)?,
            samples: Table::create(folder, SAMPLES_FILE, samples_header().as_bytes())?,
            columns,
            flushed: Instant::now(),
        })
    }

    /// Adds the lines of a run. [`ResultsWriter::flush`] writes them, if not before.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be written.
    pub fn add(&mut self, result: &RunResult, schema: &RunSchema) -> Result<(), ResultsError> {
        let (run, case) = (result.row.run, &*result.row.case);
        for nodes in result.metrics.chunks(NODES_AT_ONCE) {
            let (summary, samples) = (&mut self.summary, &mut self.samples);
            self.columns
                .rows(run, case, schema, nodes, &mut summary.held);
            push_samples(run, case, schema, nodes, &mut samples.held);
            for table in [summary, samples] {
                if table.held.len() > HELD_MAX {
                    table.write()?;
                }
            }
        }
        let row = &result.row;
        self.judged(Some(row.run), &row.case, &result.judgements);
        for error in result.errors() {
            FailureRow::line(row.run, &row.case, error, &mut self.failures.lines);
        }
        self.runs.held.extend_from_slice(row.to_string().as_bytes());
        let held = self.summary.held.len() + self.samples.held.len();
        if held > HELD_MAX || self.flushed.elapsed() > FLUSH_EVERY {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the collected lines.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be written.
    pub fn flush(&mut self) -> Result<(), ResultsError> {
        self.flushed = Instant::now();
        // Metrics first: they are there for every run that is in `runs.csv`.
        self.summary.write()?;
        self.samples.write()?;
        self.evidence.write(&self.folder)?;
        self.failures.write(&self.folder)?;
        self.verdicts.write()?;
        self.runs.write()
    }

    /// Gives the tables their final names, in results that other runners may write at once.
    /// Tables that are not complete do so only if there are none.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be renamed.
    pub fn publish(&mut self, is_complete: bool) -> Result<(), ResultsError> {
        if self.folder.token().is_none() {
            return Ok(());
        }
        let late = [&self.evidence, &self.failures].map(|it| it.table.as_ref());
        let [evidence, failures] = late;
        let first = [&self.summary, &self.samples, &self.verdicts];
        // The table of runs is the last one: for every run in it, the others have what they
        // have.
        let tables = first.into_iter().chain(evidence).chain(failures);
        let keeps = !is_complete && self.runs.place.exists();
        for table in tables.chain([&self.runs]) {
            let done = match keeps {
                true => fs::remove_file(&table.path),
                false => fs::rename(&table.path, &table.place),
            };
            done.map_err(ResultsError::at(&table.place))?;
        }
        Ok(())
    }

    /// Adds the judgements of a run, or over all runs of a case.
    pub fn judged(&mut self, run: Option<u64>, case: &str, judgements: &[Judgement]) {
        let mut lines = String::new();
        for judgement in judgements {
            judgement.line(run, case, &mut lines);
            judgement.evidence_lines(run, case, &mut self.evidence.lines);
        }
        self.verdicts.held.extend_from_slice(lines.as_bytes());
    }
}

/// A table that is created with its first line.
#[derive(Debug)]
struct LateTable {
    name: &'static str,
    header: &'static str,
    table: Option<Table>,
    /// Lines that are not written yet.
    lines: String,
}

impl LateTable {
    fn new(name: &'static str, header: &'static str) -> LateTable {
        LateTable {
            name,
            header,
            table: None,
            lines: String::new(),
        }
    }

    fn write(&mut self, folder: &Folder) -> Result<(), ResultsError> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let table = match &mut self.table {
            Some(table) => table,
            none => none.insert(Table::create(folder, self.name, self.header.as_bytes())?),
        };
        table.held.extend_from_slice(self.lines.as_bytes());
        self.lines.clear();
        table.write()
    }
}

impl Table {
    fn create(folder: &Folder, name: &str, header: &[u8]) -> Result<Table, ResultsError> {
        let place = folder.path().join(name);
        let path = match folder.token() {
            None => place.clone(),
            Some(token) => token.beside(&place),
        };
        let file = File::create(&path).map_err(ResultsError::at(&path))?;
        let mut table = Table {
            path,
            place,
            file,
            held: header.to_vec(),
            length: 0,
        };
        table.write()?;
        Ok(table)
    }

    /// Writes the collected lines: all of them, or none if the disk is full.
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
                // A table must not end within a line. If this fails, too, the first
                // error is reported.
                let _ = self.file.set_len(self.length);
                Err(ResultsError::at(&self.path)(error))
            }
        }
    }
}
