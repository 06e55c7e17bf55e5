//! The tables of a results folder: names, headers, rows, each written and read
//! through the one definition here.
//!
//! [`RunRow`] is a row of `runs.csv`; each [`Judgement`] is one of `verdicts.csv`,
//! its [`Evidence`] rows of `evidence.csv`.

mod judgement;
mod runs;

pub use judgement::{
    EVIDENCE_FILE, EVIDENCE_HEADER, Evidence, Judge, Judgement, MAX_EVIDENCE, VERDICTS_FILE,
    VERDICTS_HEADER, gravest, verdict_of,
};
pub use runs::{RUN_COLUMNS, RunRow, RunStatus, Verdict, runs_header};
