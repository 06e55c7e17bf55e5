//! A results folder: what the runner writes and the report reads.
//!
//! The folder's tables of contents are defined here once, for both sides:
//! [`Manifest`] (`manifest.json`: what was run, enough to repeat it) and
//! [`RunRow`] (a row of `runs.csv`: how one run went); beside them each [`Judgement`]
//! (`verdicts.csv`, `evidence.csv`). The logs inside the run
//! folders are [`crate::log`]'s, the numbers in `summary.csv`
//! [`crate::metrics`]'.

mod judgement;
mod manifest;
mod runs;

pub use judgement::{
    EVIDENCE_FILE, EVIDENCE_HEADER, Evidence, Judge, Judgement, MAX_EVIDENCE, VERDICTS_FILE,
    VERDICTS_HEADER, gravest, verdict_of,
};
pub use manifest::{
    CaseInfo, CheckInfo, ColumnInfo, EventInfo, FORMAT, GroupInfo, LogMode, Manifest, PluginInfo,
    ScenarioInfo, Versions,
};
pub(crate) use runs::RUN_COLUMNS;
pub use runs::{RunRow, RunStatus, Verdict, runs_header};
