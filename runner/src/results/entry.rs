//! The result of a run as the journal keeps it and as a child process sends it:
//! everything that the tables, the summary and JUnit need.

use std::collections::BTreeMap;

use analysis::metrics::{NodeMetrics, Remembered, push_line};
use analysis::results::{Judgement, RunRow};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};

use crate::plan::{Plan, RunSpec};
use crate::results::run_result::RunResult;
use crate::results::sums::FileSum;

/// The result of a run, read back. It has the fields of [`NewEntry`]; a new field needs a
/// default, for older journals.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Entry {
    /// Its row in `runs.csv`.
    pub row: RunRow,
    /// The metrics with all digits: a line for each node.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// The judgements.
    #[serde(default)]
    pub judgements: Vec<Judgement>,
    /// Why the run failed.
    #[serde(default)]
    pub failure: Option<String>,
    /// What makes the result doubtful.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The first difference that the determinism check found.
    #[serde(default)]
    pub difference: Option<String>,
    /// Whether another execution would have the same result.
    pub lasting: bool,
    /// The sums of its files.
    #[serde(default)]
    pub files: Vec<FileSum>,
}

/// The result of a run, to be written. Its metrics become text node by node: the text of all
/// nodes would take several times as much memory as is left of the run.
#[derive(Debug, Serialize)]
pub struct NewEntry<'a> {
    row: &'a RunRow,
    #[serde(skip_serializing_if = "is_empty", serialize_with = "lines")]
    metrics: &'a [NodeMetrics],
    #[serde(skip_serializing_if = "is_empty")]
    judgements: &'a [Judgement],
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    #[serde(skip_serializing_if = "is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<&'a str>,
    lasting: bool,
    #[serde(skip_serializing_if = "is_empty")]
    files: &'a [FileSum],
}

impl NewEntry<'_> {
    /// Number of nodes whose metrics it has.
    pub fn nodes(&self) -> usize {
        self.metrics.len()
    }
}

fn is_empty<T>(slice: &&[T]) -> bool {
    slice.is_empty()
}

fn lines<S: Serializer>(nodes: &&[NodeMetrics], serializer: S) -> Result<S::Ok, S::Error> {
    let mut lines = serializer.serialize_seq(Some(nodes.len()))?;
    let mut line = String::new();
    for node in *nodes {
        line.clear();
        push_line(node, &mut line);
        lines.serialize_element(&line)?;
    }
    lines.end()
}

impl Entry {
    /// Returns the entry of a result.
    pub fn of(result: &RunResult) -> NewEntry<'_> {
        NewEntry {
            row: &result.row,
            metrics: &result.metrics,
            judgements: &result.judgements,
            failure: result.failure.as_deref(),
            warnings: &result.warnings,
            difference: result.difference.as_deref(),
            lasting: result.lasting,
            files: &result.files,
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
