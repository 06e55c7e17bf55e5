//! The result of a run as the journal keeps it and as a child process sends it:
//! everything that the tables, the summary and JUnit need.

use std::collections::BTreeMap;

use analysis::metrics::{Remembered, remember};
use analysis::results::{Judgement, RunRow};
use serde::{Deserialize, Serialize};

use crate::plan::{Plan, RunSpec};
use crate::results::run_result::RunResult;
use crate::results::sums::FileSum;

/// The result of a run. A new field needs a default, for older journals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its row in `runs.csv`.
    pub row: RunRow,
    /// The metrics with all digits: a line for each node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    /// The judgements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judgements: Vec<Judgement>,
    /// Why the run failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What makes the result doubtful.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The first difference that the determinism check found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// Whether another execution would have the same result.
    pub lasting: bool,
    /// The sums of its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileSum>,
}

impl Entry {
    /// Returns the entry of a result.
    pub fn of(result: &RunResult) -> Entry {
        Entry {
            row: result.row.clone(),
            metrics: remember(&result.metrics),
            judgements: result.judgements.clone(),
            failure: result.failure.clone(),
            warnings: result.warnings.clone(),
            difference: result.difference.clone(),
            lasting: result.lasting,
            files: result.files.clone(),
        }
    }
}

/// Makes results out of entries.
#[derive(Debug)]
pub struct Reader<'a> {
    plan: &'a Plan,
    /// The names of the metrics, by case.
    cases: BTreeMap<usize, Remembered>,
}

impl<'a> Reader<'a> {
    /// For entries of this plan.
    pub fn new(plan: &'a Plan) -> Reader<'a> {
        Reader {
            plan,
            cases: BTreeMap::new(),
        }
    }

    /// Returns the result of an entry; none if it is not the entry of this run.
    pub fn result(&mut self, entry: Entry, spec: RunSpec) -> Option<RunResult> {
        let names = self
            .cases
            .entry(spec.case)
            .or_insert_with(|| Remembered::new(&self.plan.nodes(spec.case).schema));
        let metrics = names.read(&entry.metrics)?;
        let same =
            entry.row.run == u64::from(spec.number) && entry.row.case == self.plan.case(spec).id;
        same.then_some(RunResult {
            spec,
            row: entry.row,
            metrics,
            judgements: entry.judgements,
            failure: entry.failure,
            warnings: entry.warnings,
            difference: entry.difference,
            lasting: entry.lasting,
            files: entry.files,
        })
    }
}
