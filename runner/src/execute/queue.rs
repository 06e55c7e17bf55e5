//! The runs that remain to be run. Workers take them in the order of the plan.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::plan::RunSpec;

/// The queue of runs.
pub(super) struct Queue<'a> {
    runs: &'a [RunSpec],
    /// Indices of the remaining runs.
    missing: Vec<usize>,
    next: AtomicUsize,
    closed: AtomicBool,
    /// Set by a signal; closes the queue, too.
    pub stop: &'a AtomicBool,
}

impl<'a> Queue<'a> {
    /// The runs with these indices but those that are done.
    pub fn new(
        runs: &'a [RunSpec],
        batch: Range<usize>,
        is_done: impl Fn(u32) -> bool,
        stop: &'a AtomicBool,
    ) -> Queue<'a> {
        Queue {
            runs,
            missing: batch
                .filter(|&index| !is_done(runs[index].number))
                .collect(),
            next: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            stop,
        }
    }

    /// Number of runs, including those that were taken.
    pub fn len(&self) -> usize {
        self.missing.len()
    }

    /// Number of runs that were not taken.
    pub fn remaining(&self) -> usize {
        let taken = self.next.load(Ordering::Relaxed);
        self.missing.len().saturating_sub(taken)
    }

    /// Takes the next run and its index; none if the queue is empty or closed.
    pub fn next(&self) -> Option<(usize, RunSpec)> {
        if self.stop.load(Ordering::Relaxed) || self.closed.load(Ordering::Relaxed) {
            return None;
        }
        let place = self.next.fetch_add(1, Ordering::Relaxed);
        let index = *self.missing.get(place)?;
        Some((index, self.runs[index]))
    }

    /// From now on no run can be taken.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}
