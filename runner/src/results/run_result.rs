//! The result of one run: everything that the tables, the summary and JUnit show.

use analysis::metrics::NodeMetrics;
use analysis::results::{Judgement, RunRow, RunStatus, Verdict};

use crate::plan::RunSpec;
use crate::results::sums::FileSum;

/// The result of one run.
#[derive(Debug)]
pub struct RunResult {
    /// The run.
    pub spec: RunSpec,
    /// Its row in `runs.csv`.
    pub row: RunRow,
    /// The metrics of each node; empty unless the run is complete.
    pub metrics: Vec<NodeMetrics>,
    /// The judgements of checks, expectations and the runner itself.
    pub judgements: Vec<Judgement>,
    /// Why the run failed.
    pub failure: Option<String>,
    /// What makes the result doubtful: late ticks, a program that ended early.
    pub warnings: Vec<String>,
    /// The first difference that the determinism check found.
    pub difference: Option<String>,
    /// Whether another execution would have the same result. `--resume` repeats a
    /// run that is not lasting.
    pub lasting: bool,
    /// The sums of its files.
    pub files: Vec<FileSum>,
}

impl RunResult {
    /// The failure and the difference, if any: texts of one or more lines.
    pub fn errors(&self) -> impl Iterator<Item = &str> {
        let all = self.failure.iter().chain(&self.difference);
        all.map(String::as_str)
    }

    /// Whether the run failed, or its verdict is `failed`.
    pub fn has_failed(&self) -> bool {
        self.row.status == RunStatus::Failed || self.row.verdict == Some(Verdict::Failed)
    }
}
