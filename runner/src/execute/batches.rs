//! Which runs are done next. Without `[until]`, all at once.
//!
//! With `[until]`, the runs of a case are done in batches, and the cases one after another:
//! the least number of runs first, then as many as there are until then, so that their
//! number doubles. After each batch the interval is looked at. So which runs are done
//! depends on their results alone, whatever the number of workers, and results that are
//! continued come to the same.

use std::ops::Range;

use crate::plan::{Plan, RunSpec};

/// The runs of a plan, batch by batch.
pub(super) struct Batches<'a> {
    plan: &'a Plan,
    runs: &'a [RunSpec],
    /// The runs of the present case, as indices.
    case: Range<usize>,
    /// The first of them that is not in a batch.
    next: usize,
}

impl<'a> Batches<'a> {
    /// Of these runs, in the order of the plan.
    pub fn new(plan: &'a Plan, runs: &'a [RunSpec]) -> Batches<'a> {
        Batches {
            plan,
            runs,
            case: 0..0,
            next: 0,
        }
    }

    /// The next batch, as indices; none if there is none. `is_decided` says whether a case
    /// has enough runs, of which all so far are done.
    pub fn next(&mut self, is_decided: impl Fn(usize) -> bool) -> Option<Range<usize>> {
        if self.next < self.case.end && is_decided(self.runs[self.case.start].case) {
            self.next = self.case.end;
        }
        if self.next == self.case.end {
            self.case = self.case_from(self.case.end)?;
        }
        let done = self.next - self.case.start;
        let count = match (self.at_least(), done) {
            (None, _) => self.case.len(),
            (Some(at_least), 0) => at_least,
            (Some(_), done) => done,
        };
        let end = (self.next + count).min(self.case.end);
        let batch = self.next..end;
        self.next = end;
        Some(batch)
    }

    /// The runs that are done together or looked at together, from this index on: those of
    /// a case, or all without `[until]`.
    fn case_from(&self, start: usize) -> Option<Range<usize>> {
        let first = self.runs.get(start)?;
        let rest = &self.runs[start..];
        let count = match self.plan.until() {
            None => rest.len(),
            Some(_) => rest.iter().take_while(|it| it.case == first.case).count(),
        };
        Some(start..start + count)
    }

    /// The size of the first batch of the present case; none if all its runs are to be
    /// done: single runs were selected.
    fn at_least(&self) -> Option<usize> {
        let until = self.plan.until()?;
        let is_whole = self.case.len() == until.at_most as usize;
        is_whole.then_some(until.at_least as usize)
    }
}
