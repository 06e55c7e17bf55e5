//! The files and tables of a results folder. Names, headers and rows are defined
//! here once, for the runner that writes them and for the report that reads them.
//!
//! [`files`] names everything in the folder. A table is read with [`TableReader`].
//! [`RunRow`] is a row of `runs.csv`; each [`Judgement`] is a row of `verdicts.csv`,
//! its [`Evidence`] rows of `evidence.csv`; [`FailureRow`] is a row of `failures.csv`;
//! [`LagRow`], [`FaultRow`] and [`JoinedRow`] are the rows of `lag.csv`, `faults.csv` and
//! `joined.csv`. The metrics
//! of `summary.csv` belong to the crate `analysis`.

mod failures;
mod faults;
pub mod files;
mod joined;
mod judgement;
mod lag;
mod reader;
mod runs;

pub use failures::{FAILURES_HEADER, FailureRow};
pub use faults::{FAULT_COLUMNS, FaultRow};
pub use files::{
    COMBINED_FILE, EVIDENCE_FILE, FAILURES_FILE, FAULTS_FILE, JOINED_FILE, JOURNAL_FILE, LAG_FILE,
    MANIFEST_FILE, REPORT_FILES, RESULT_FILES, RUNS_FILE, RUNS_FOLDER, SAMPLES_FILE, SUMMARY_FILE,
    VERDICTS_FILE,
};
pub use joined::{ClockRow, JOINED_COLUMNS, JoinedRow};
pub use judgement::{
    EVIDENCE_HEADER, Evidence, EvidenceRow, Judge, Judgement, MAX_EVIDENCE, VERDICTS_HEADER,
    VerdictRow, gravest, idle_case, idle_run, verdict_of,
};
pub use lag::{LAG_COLUMNS, LagRow};
pub use reader::{TableError, TableReader, TableRow};
pub use runs::{RUN_COLUMNS, RunRow, RunStatus, Verdict, WARMUP_COLUMN, runs_header};

/// The columns of `summary.csv` before the metrics.
pub const SUMMARY_COLUMNS: [&str; 3] = ["run", "case", "node"];

/// The columns of `samples.csv`. A family is the name of percentiles before `_p50`, or
/// `waited`; the form of its samples is defined by the crate `analysis`.
pub const SAMPLES_COLUMNS: [&str; 5] = ["run", "case", "node", "family", "samples"];
