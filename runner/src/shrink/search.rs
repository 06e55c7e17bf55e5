//! The search: candidates are tried in a fixed order, and the first that still fails in the
//! same way becomes the best.
//!
//! Candidates run side by side, but they are looked at in their order, as if each were run
//! only after the one before it was refused; what was run beyond that is forgotten. So neither the result nor the number of tries depends on the
//! number of cores.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Instant;

use analysis::results::FailureIdentity;

use super::draft::{Draft, Step};
use super::minimize::ddmin;
use super::trial::{Failing, Trials};

/// What a search has come to so far.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// The pass, for people: `faults`.
    pub pass: &'a str,
    /// Candidates so far.
    pub tries: u64,
    /// Events of the best.
    pub events: u64,
    /// Lines of the best.
    pub lines: usize,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing can be left out any more.
    Minimal,
    /// `--tries` were done.
    Tries,
    /// `--budget` was over.
    Budget,
    /// A signal stopped it.
    Stopped,
}

/// A search for a smaller scenario.
pub struct Search<'a> {
    trials: &'a Trials<'a>,
    target: &'a FailureIdentity,
    /// The smallest scenario that fails so far.
    pub best: Draft,
    /// How it fails.
    pub failing: Failing,
    /// The candidates that were looked at and refused.
    refused: BTreeSet<String>,
    tries: u64,
    most_tries: Option<u64>,
    deadline: Option<Instant>,
    pass: &'static str,
    progress: &'a mut dyn FnMut(&Standing<'_>),
}

/// When a search ends before it is done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds {
    /// The most candidates.
    pub tries: Option<u64>,
    /// When it is over.
    pub deadline: Option<Instant>,
}

impl<'a> Search<'a> {
    /// A search that begins with a scenario that fails.
    pub fn new(
        trials: &'a Trials<'a>,
        target: &'a FailureIdentity,
        best: Draft,
        failing: Failing,
        bounds: Bounds,
        progress: &'a mut dyn FnMut(&Standing<'_>),
    ) -> Search<'a> {
        Search {
            trials,
            target,
            best,
            failing,
            refused: BTreeSet::new(),
            tries: 0,
            most_tries: bounds.tries,
            deadline: bounds.deadline,
            pass: "",
            progress,
        }
    }

    /// Names the pass that begins.
    pub fn begin(&mut self, pass: &'static str) {
        self.pass = pass;
    }

    /// Number of candidates that were looked at.
    pub fn tries(&self) -> u64 {
        self.tries
    }

    /// Why the search is over, if it is.
    pub fn ended(&self) -> Option<End> {
        if self.deadline.is_some_and(|it| Instant::now() >= it) {
            return Some(End::Budget);
        }
        if self.trials.stop.load(Ordering::Relaxed) {
            return Some(End::Stopped);
        }
        let done = self.most_tries.is_some_and(|most| self.tries() >= most);
        done.then_some(End::Tries)
    }

    /// Tries candidates in their order. The first that still fails becomes the best; returns
    /// its index.
    pub fn first(&mut self, candidates: impl IntoIterator<Item = Draft>) -> Option<usize> {
        self.first_that(self.most_events(), |_| true, candidates)
    }

    /// As [`Search::first`], for candidates that run for longer: the failure must show as soon,
    /// and what comes after it can be cut off later.
    pub fn first_longer(&mut self, candidates: impl IntoIterator<Item = Draft>) -> Option<usize> {
        let most = self.most_events();
        let longer = most.saturating_mul(10).saturating_add(1000);
        self.first_that(longer, |failing| failing.needed() <= most, candidates)
    }

    /// As [`Search::first`], but the failure must show after half of the events at most.
    pub fn first_half(&mut self, candidates: impl IntoIterator<Item = Draft>) -> Option<usize> {
        let half = self.failing.needed() / 2;
        let most = self.most_events();
        self.first_that(most, |failing| failing.needed() <= half, candidates)
    }

    fn first_that(
        &mut self,
        most: u64,
        is_wanted: impl Fn(&Failing) -> bool,
        candidates: impl IntoIterator<Item = Draft>,
    ) -> Option<usize> {
        let before = self.best.text();
        let refused = self.refused.clone();
        let candidates = candidates.into_iter().enumerate();
        let candidates = candidates.map(|(index, draft)| (index, draft.text(), draft));
        let mut candidates =
            candidates.filter(|(_, text, _)| *text != before && !refused.contains(text));
        loop {
            let chunk: Vec<_> = candidates.by_ref().take(self.trials.jobs).collect();
            if chunk.is_empty() || self.ended().is_some() {
                return None;
            }
            let texts: Vec<String> = chunk.iter().map(|(_, text, _)| text.clone()).collect();
            let found = self.trials.failing(&texts, self.target, most);
            if self.trials.stop.load(Ordering::Relaxed) {
                return None;
            }
            for ((index, text, draft), failing) in chunk.into_iter().zip(found) {
                if self.ended().is_some() {
                    return None;
                }
                self.tries += 1;
                self.show();
                match failing.filter(&is_wanted) {
                    Some(failing) => {
                        self.best = draft;
                        self.failing = failing;
                        return Some(index);
                    }
                    None => drop(self.refused.insert(text)),
                }
            }
        }
    }

    /// Tries to leave out what is at a path. Returns whether the scenario still fails without.
    pub fn without(&mut self, at: &[Step]) -> bool {
        let mut draft = self.best.clone();
        draft.remove(at) && self.first([draft]).is_some()
    }

    /// Makes a set smaller; `with` makes the scenario in which only these elements of the
    /// set are left.
    pub fn set<T: Clone>(&mut self, set: Vec<T>, with: impl Fn(&Draft, &[T]) -> Draft) -> Vec<T> {
        let base = self.best.clone();
        ddmin(set, |sets| {
            let drafts: Vec<Draft> = sets.iter().map(|kept| with(&base, kept)).collect();
            self.first(drafts)
        })
    }

    /// A simpler scenario may have somewhat more events: those that a removed loss let through.
    /// One that has many more is no simplification, or does not end.
    fn most_events(&self) -> u64 {
        let events = self.failing.events;
        events.saturating_add((events / 2).max(50))
    }

    fn show(&mut self) {
        let standing = Standing {
            pass: self.pass,
            tries: self.tries(),
            events: self.failing.events,
            lines: self.best.text().lines().count(),
        };
        (self.progress)(&standing);
    }
}
