//! What a run came to, as the journal keeps it and as a process that did the run
//! tells it: everything that the tables, the summary and the report to a CI need.

use std::collections::BTreeMap;

use analysis::metrics::{Remembered, remember};
use analysis::results::{Judgement, RunRow};
use serde::{Deserialize, Serialize};

use crate::plan::{Plan, RunSpec};
use crate::results::run_result::RunResult;
use crate::results::sums::FileSum;

/// A run that is over. Fields may be added, with a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its row in `runs.csv`.
    pub row: RunRow,
    /// What was measured, to the last digit: a line for each node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    /// What the checks and expectations made of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judgements: Vec<Judgement>,
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
            judgements: result.judgements.clone(),
            failure: result.failure.clone(),
            warnings: result.warnings.clone(),
            difference: result.difference.clone(),
            lasting: result.lasting,
            files: result.files.clone(),
        }
    }
}

/// Makes results of a plan's runs out of their entries.
#[derive(Debug)]
pub struct Reader<'a> {
    plan: &'a Plan,
    /// By case: the names behind the metrics.
    cases: BTreeMap<usize, Remembered>,
}

impl<'a> Reader<'a> {
    /// For runs of this plan.
    pub fn new(plan: &'a Plan) -> Reader<'a> {
        Reader {
            plan,
            cases: BTreeMap::new(),
        }
    }

    /// The run of an entry; none if it is no such run of the plan.
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
