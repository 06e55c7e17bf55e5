//! What a run came to, as the journal keeps it and as a process that did the run
//! tells it: everything that the tables, the summary and the report to a CI need.

use analysis::metrics::{Remembered, remember};
use analysis::results::RunRow;
use serde::{Deserialize, Serialize};

use crate::plan::RunSpec;
use crate::results::ledger::RunResult;
use crate::results::sums::FileSum;

/// A run that is over. Fields may be added, with a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its row in `runs.csv`.
    pub row: RunRow,
    /// What was measured, to the last digit: a line for each node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What makes it doubtful.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Where it differed when it was done twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// Whether doing it again would come to the same.
    pub lasting: bool,
    /// The sums of its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileSum>,
}

impl Entry {
    /// The entry of a run.
    pub fn of(result: &RunResult) -> Entry {
        Entry {
            row: result.row.clone(),
            metrics: remember(&result.metrics),
            failure: result.failure.clone(),
            warnings: result.warnings.clone(),
            difference: result.difference.clone(),
            lasting: result.lasting,
            files: result.files.clone(),
        }
    }

    /// The run again; none if this is no run of the plan that `reader` is for.
    pub fn into_result(self, spec: RunSpec, reader: &Remembered) -> Option<RunResult> {
        let metrics = reader.read(&self.metrics)?;
        (self.row.run == u64::from(spec.number)).then_some(RunResult {
            spec,
            row: self.row,
            metrics,
            failure: self.failure,
            warnings: self.warnings,
            difference: self.difference,
            lasting: self.lasting,
            files: self.files,
        })
    }
}
