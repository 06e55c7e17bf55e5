//! A results folder: what the runner writes and the report reads.
//!
//! [`Manifest`] is `manifest.json`: what was run, enough to repeat it. [`Identity`]
//! decides whether results are of one plan. [`Population`] counts how often the runs
//! of a case fail. Logs and tables are defined in [`crate::log`], the numbers in
//! `summary.csv` in [`crate::metrics`].
//!
//! [`Wanted`] says which runs results must have, [`FailureIdentity`] when two runs
//! fail in the same way, [`Journaled`] whether the files of a run are those that were written, and [`RepeatCommand`] how a run is repeated.

mod described;
mod failure;
mod identity;
mod journal;
mod manifest;
mod population;
mod repeat;
mod streams;
mod sums;
mod wanted;

pub use described::{described, sentence};
pub use failure::{FailureGroup, FailureGroups, FailureIdentity, failures_of};
pub use identity::{Identity, TEXT_DIFFERS, differences, differences_as};
pub use journal::{Journaled, journals, read_journal_line, write_journal_line};
pub use manifest::{
    AxisInfo, CaseInfo, CheckInfo, ColumnInfo, EventInfo, FORMAT, GroupInfo, ImportInfo, InputInfo,
    LogMode, Manifest, PairingInfo, PartInfo, PluginInfo, PropertyInfo, ScenarioInfo, Selected,
    Versions,
};
pub use population::{Population, percent};
pub use repeat::RepeatCommand;
pub use streams::{SharedStreams, StreamNames};
pub use sums::{FileSum, Summer, damage};
pub use wanted::{MissingRuns, Wanted};

pub use crate::log::tables::{
    EVIDENCE_FILE, EVIDENCE_HEADER, Evidence, Judge, Judgement, MAX_EVIDENCE, RUN_COLUMNS, RunRow,
    RunStatus, VERDICTS_FILE, VERDICTS_HEADER, Verdict, WARMUP_COLUMN, gravest, idle_case,
    idle_run, runs_header, verdict_of,
};
