//! Reduces a history without an explanation to the operations that prove it.
//!
//! Not every part of such a history is a proof: if a write is removed, a read of its value has no
//! explanation, although the store is correct. An operation may be removed only if every
//! history that *has* an explanation still has one without this operation. So:
//!
//! - a read may be removed;
//! - a write may be removed if no remaining operation reads its value, and none is a delete with
//!   the reply `ok` (which needs something to delete);
//! - a delete may be removed if no remaining operation found the key missing.
//!
//! First, the past is cut off at a write that returned. All operations that ended before this
//! write was sent happened before it, and it replaced their state. Reads that overlap the write
//! may have seen the earlier state, so they are removed with the past. Operations that
//! began after its return remain, and so does every write that may take effect after it.
//!
//! Then groups of operations are removed by these rules as long as the rest has no explanation,
//! from half of the operations down to single ones (the method of Zeller and Hildebrandt,
//! "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002).

use super::Evidence;
use super::item::{Effect, Item, MISSING, Operation, items};
use super::search::{Outcome, search};
use std::collections::HashSet;

/// The time `[ns]` of the first return at which the operations that had returned have no
/// explanation. The caller knows that it is not before `from_ns`, and that the
/// whole history has no explanation.
pub(super) fn shortest<R>(operations: &[Operation<R>], from_ns: u64, budget: u64) -> u64 {
    let returns = operations
        .iter()
        .filter_map(|it| Some(it.returned.as_ref()?.0));
    let mut times: Vec<u64> = returns.filter(|&time| time >= from_ns).collect();
    times.sort_unstable();
    times.dedup();
    // If a prefix has no explanation, no longer prefix has one.
    let explained = times.partition_point(|&time| {
        let found = search(&items(operations, time), budget);
        !matches!(found, Outcome::Unexplained { .. })
    });
    times.get(explained).copied().unwrap_or(u64::MAX - 1)
}

/// The operations that prove that the history up to a time `[ns]` has no explanation, which the
/// caller knows. `budget` limits the steps; if they do not suffice, the proof is correct but
/// longer than necessary.
pub(super) fn shrink<R: Clone>(
    operations: &[Operation<R>],
    at_ns: u64,
    budget: u64,
) -> Vec<Evidence<R>> {
    let all = items(operations, at_ns);
    let mut proof = Proof {
        kept: all.iter().map(|item| item.operation).collect(),
        all,
        left: budget,
    };
    proof.cut_past();
    // The operations about a missing key need each other: none of them can be removed
    // alone, but perhaps all together.
    let missing: HashSet<usize> = proof.about_missing().collect();
    proof.try_without(&missing);
    let mut chunk = proof.kept.len().div_ceil(2).max(1);
    loop {
        let mut changed = false;
        let mut ordered: Vec<usize> = proof.kept.iter().copied().collect();
        ordered.sort_unstable();
        for some in ordered.chunks(chunk) {
            changed |= proof.try_without(&some.iter().copied().collect());
        }
        match chunk {
            1 if !changed => break,
            _ => chunk = (chunk / 2).max(1),
        }
    }
    let kept = proof.kept;
    let mut kept: Vec<usize> = kept.into_iter().collect();
    kept.sort_by_key(|&index| (operations[index].sent_ns[0], index));
    kept.into_iter()
        .map(|index| operations[index].evidence(at_ns))
        .collect()
}

/// A history without an explanation that is being reduced.
struct Proof {
    all: Vec<Item>,
    /// The remaining operations.
    kept: HashSet<usize>,
    /// The remaining steps.
    left: u64,
}

impl Proof {
    /// Cuts the past off at the latest write after which there is still no explanation.
    fn cut_past(&mut self) {
        let mut writes: Vec<Item> = self.all.clone();
        writes.retain(|item| item.required && matches!(item.effect, Effect::Write(_)));
        writes.sort_by_key(|item| std::cmp::Reverse((item.start_ns, item.operation)));
        for write in writes {
            let Some(rest) = since(&self.all, &write) else {
                continue;
            };
            let Some(left) = self.left.checked_sub(rest.len() as u64) else {
                return;
            };
            self.left = left;
            if matches!(search(&rest, left), Outcome::Unexplained { .. }) {
                self.kept = rest.iter().map(|item| item.operation).collect();
                self.all = rest;
                return;
            }
        }
    }

    /// Removes these operations if the rest is still a proof. Returns whether it is.
    fn try_without(&mut self, some: &HashSet<usize>) -> bool {
        let fewer = closed(&self.all, &self.kept - some);
        if fewer.len() >= self.kept.len() {
            return false;
        }
        let mine = self
            .all
            .iter()
            .filter(|item| fewer.contains(&item.operation));
        let rest: Vec<Item> = mine.copied().collect();
        // A search takes at least one step for each item.
        let Some(left) = self.left.checked_sub(rest.len() as u64) else {
            return false;
        };
        self.left = left;
        let shorter = matches!(search(&rest, left), Outcome::Unexplained { .. });
        if shorter {
            self.kept = fewer;
        }
        shorter
    }

    /// The operations that found the key missing, or deleted it.
    fn about_missing(&self) -> impl Iterator<Item = usize> {
        let about = self.all.iter().filter(|item| match item.effect {
            Effect::Read(one, other) => one == MISSING || other == MISSING,
            Effect::Write(state) => state == MISSING,
            Effect::Remove => true,
        });
        about.map(|item| item.operation)
    }
}

/// The rest of a history from this write on; `None` if a delete with the reply `ok` overlaps the
/// write, since it may have deleted the earlier value.
fn since(all: &[Item], write: &Item) -> Option<Vec<Item>> {
    let past = |item: &Item| item.end_ns < write.start_ns;
    let overlaps = |item: &Item| item.start_ns <= write.end_ns && item.operation != write.operation;
    let mut read = HashSet::new();
    for item in all.iter().filter(|item| !past(item)) {
        match item.effect {
            Effect::Remove if overlaps(item) => return None,
            Effect::Read(one, other) if !overlaps(item) => read.extend([one, other]),
            _ => {}
        }
    }
    let stays = |item: &&Item| match item.effect {
        // The proof needs the write of each value that is read later.
        Effect::Write(state) => !past(item) || state != MISSING && read.contains(&state),
        Effect::Read(..) => !past(item) && !overlaps(item),
        Effect::Remove => !past(item),
    };
    Some(all.iter().filter(stays).copied().collect())
}

/// These operations, and all operations that may not be removed if these remain.
fn closed(all: &[Item], mut kept: HashSet<usize>) -> HashSet<usize> {
    loop {
        let mut read = HashSet::new();
        let mut removes = false;
        for item in all.iter().filter(|item| kept.contains(&item.operation)) {
            match item.effect {
                Effect::Read(one, other) => read.extend([one, other]),
                Effect::Remove => removes = true,
                Effect::Write(_) => {}
            }
        }
        let before = kept.len();
        kept.extend(all.iter().filter_map(|item| {
            let needed = match item.effect {
                Effect::Write(state) => read.contains(&state) || removes && state != MISSING,
                Effect::Remove => read.contains(&MISSING),
                Effect::Read(..) => false,
            };
            needed.then_some(item.operation)
        }));
        if kept.len() == before {
            return kept;
        }
    }
}
