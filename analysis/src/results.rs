//! A results folder: what the runner writes and the report reads.
//!
//! The folder's tables of contents are defined here once, for both sides:
//! [`Manifest`] (`manifest.json`: what was run, enough to repeat it) and
//! [`RunRow`] (a row of `runs.csv`: how one run went); beside them each [`Judgement`]
//! (`verdicts.csv`, `evidence.csv`). The logs inside the run
//! folders are [`crate::log`]'s, the numbers in `summary.csv`
//! [`crate::metrics`]'.

mod identity;
mod manifest;
mod population;

pub use identity::{Identity, differences};
pub use manifest::{
    AxisInfo, CaseInfo, CheckInfo, ColumnInfo, EventInfo, FORMAT, GroupInfo, LogMode, Manifest,
    PartInfo, PluginInfo, ScenarioInfo, Selected, Versions,
};
pub use population::{Population, percent, wilson};

pub use crate::log::tables::{
    EVIDENCE_FILE, EVIDENCE_HEADER, Evidence, Judge, Judgement, MAX_EVIDENCE, RUN_COLUMNS, RunRow,
    RunStatus, VERDICTS_FILE, VERDICTS_HEADER, Verdict, gravest, runs_header, verdict_of,
};
