//! Results in the order of the plan, whatever the order in which runs end: into the
//! tables, the tallies over runs, and to the caller.

use std::collections::BTreeMap;
use std::ops::Range;

use analysis::results::Judgement;

use super::Happening;
use crate::judge::activity::IdleRuns;
use crate::judge::expectations::Tallies;
use crate::judge::properties::OverRuns;
use crate::plan::{Plan, RunSpec};
use crate::results::folder::Folder;
use crate::results::run_result::RunResult;
use crate::results::writer::ResultsWriter;
use crate::session::RunError;

/// Takes results in any order and passes them on in the order of the plan.
pub(super) struct InOrder<'a> {
    plan: &'a Plan,
    runs: &'a [RunSpec],
    /// Results of an earlier process, by run number.
    kept: BTreeMap<u32, RunResult>,
    /// Results that an unfinished run precedes, by index.
    early: BTreeMap<usize, RunResult>,
    /// The indices of the runs that are to be done, in the order of the plan.
    scheduled: Vec<usize>,
    /// The place among them of the next result to pass on.
    next: usize,
    tallies: Tallies,
    properties: OverRuns,
    idle: IdleRuns,
    /// Whether the runs are a shard of the plan.
    is_part: bool,
    writer: ResultsWriter,
    each: &'a mut dyn FnMut(Happening<'_>),
    /// The first error.
    error: Option<RunError>,
}

impl<'a> InOrder<'a> {
    /// Before the first result.
    pub fn new(
        plan: &'a Plan,
        folder: &Folder,
        runs: &'a [RunSpec],
        kept: BTreeMap<u32, RunResult>,
        is_part: bool,
        each: &'a mut dyn FnMut(Happening<'_>),
    ) -> Result<InOrder<'a>, RunError> {
        Ok(InOrder {
            plan,
            runs,
            kept,
            early: BTreeMap::new(),
            scheduled: Vec::new(),
            next: 0,
            tallies: Tallies::new(plan),
            properties: OverRuns::new(plan),
            idle: IdleRuns::new(plan),
            is_part,
            writer: ResultsWriter::create(folder, plan)?,
            each,
            error: None,
        })
    }

    /// More runs are to be done: those with these indices.
    pub fn schedule(&mut self, batch: Range<usize>) {
        let look = batch.clone().next().and_then(|first| {
            let case = self.runs[first].case;
            self.tallies.look(self.plan, case)
        });
        let runs = &self.runs[batch.clone()];
        self.scheduled.extend(batch);
        (self.each)(Happening::Scheduled { runs, look });
    }

    /// Whether all runs that were to be done are done.
    pub fn is_complete(&mut self) -> bool {
        self.pass_on();
        self.error.is_none() && self.next == self.scheduled.len()
    }

    /// Whether the case with this index has enough runs.
    pub fn is_decided(&self, case: usize) -> bool {
        self.tallies.is_decided(self.plan, case)
    }

    /// Adds the result of the run with this index.
    pub fn add(&mut self, index: usize, result: Result<RunResult, RunError>) {
        match result {
            Ok(result) => drop(self.early.insert(index, result)),
            Err(error) => drop(self.error.get_or_insert(error)),
        }
        self.pass_on();
    }

    /// Writes the lines that the tables hold back.
    pub fn flush(&mut self) {
        if self.error.is_none() {
            self.error = self.writer.flush().err().map(RunError::from);
        }
        self.pass_on();
    }

    /// Whether results could not be made or written.
    pub fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    /// Passes the remaining results on and judges the cases over their runs.
    pub fn finish(mut self) -> Result<Vec<(usize, Judgement)>, RunError> {
        self.pass_on_all();
        // Lines are written even after an error of another file.
        let flushed = self.writer.flush().map_err(RunError::from);
        self.error.map_or(flushed, Err)?;
        let mut judged = self.tallies.judge(self.plan);
        let is_whole = |case| self.tallies.is_whole(self.plan, case);
        judged.extend(self.properties.judge(self.plan, is_whole));
        judged.extend(self.idle.judge(self.plan, self.is_part));
        for (case, judgement) in &judged {
            let id = &self.plan.cases[*case].id;
            self.writer
                .judged(None, id, std::slice::from_ref(judgement));
        }
        self.writer.flush()?;
        let is_complete = self.next == self.scheduled.len();
        self.writer.publish(is_complete)?;
        Ok(judged)
    }

    /// Reports a callback that does not return.
    pub fn stuck(&mut self, text: &str) {
        (self.each)(Happening::Stuck(text));
    }

    /// Passes the remaining results on and ends the process. Workers may still be in a
    /// callback, so nothing that they use may go away.
    pub fn abandon(mut self, text: &str) {
        self.pass_on_all();
        // A table that cannot be written is made again from the journal.
        let flushed = self.writer.flush();
        let _ = flushed.and_then(|()| self.writer.publish(false));
        (self.each)(Happening::Abandoned(text));
    }

    /// Passes the remaining results on. After a stop, runs may be missing between them.
    fn pass_on_all(&mut self) {
        for place in self.next..self.scheduled.len() {
            if let Some(result) = self.take(place) {
                self.keep(&result);
            }
        }
    }

    fn pass_on(&mut self) {
        while let Some(result) = self.take(self.next) {
            self.keep(&result);
            self.next += 1;
        }
    }

    fn take(&mut self, place: usize) -> Option<RunResult> {
        let index = *self.scheduled.get(place)?;
        let spec = self.runs[index];
        let kept = self.kept.remove(&spec.number);
        kept.or_else(|| self.early.remove(&index))
    }

    fn keep(&mut self, result: &RunResult) {
        // After an error the tables are not written any more. Current runs still end
        // and are in the journal.
        if self.error.is_some() {
            return;
        }
        self.tallies.add(self.plan, result);
        self.properties.add(self.plan, result);
        self.idle.add(result);
        let schema = &self.plan.nodes(result.spec.case).schema;
        match self.writer.add(result, schema) {
            Ok(()) => (self.each)(Happening::RunEnded(result)),
            Err(error) => self.error = Some(error.into()),
        }
    }
}
