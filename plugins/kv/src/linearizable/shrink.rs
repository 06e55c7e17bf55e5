//! Reduces a history without an explanation to the operations that prove it.
//!
//! Not every part of such a history is a proof: if a write is removed, a read of its value has no
//! explanation, although the store is correct. Operations may be removed only if every
//! history that *has* an explanation still has one without them. `sound` says when; in short, a
//! write may be removed if no remaining operation can have seen its value.
//!
//! First, the past is cut off at a write that returned, together with the reads that overlap
//! this write. Then groups of operations are removed as long as the rest has no explanation,
//! from half of the operations down to single ones (the method of Zeller and Hildebrandt,
//! "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002).
//!
//! One write of each value that is read always remains, also if the proof does not need it:
//! without the write, the reader of "off was set, then on was read" does not know that `on` was
//! ever a value.

mod sound;

use super::Evidence;
use super::item::{Effect, Item, MISSING, Operation, items, without_settled};
use super::search::{Outcome, search};
use sound::{closed, with_sources};
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
            1 if !changed && !proof.try_without_readers() => break,
            _ => chunk = (chunk / 2).max(1),
        }
    }
    proof.add_sources();
    let settled = proof.needed_settled(operations, at_ns);
    let mut kept: Vec<usize> = proof.kept.into_iter().collect();
    kept.sort_by_key(|&index| (operations[index].sent_ns[0], index));
    kept.into_iter()
        .map(|index| operations[index].evidence(at_ns, settled.contains(&index)))
        .collect()
}

/// Up to so many operations are compared each with each. Arbitrary.
const FEW: usize = 64;

/// A history without an explanation that is being reduced.
struct Proof {
    all: Vec<Item>,
    /// The remaining operations.
    kept: HashSet<usize>,
    /// The remaining steps.
    left: u64,
}

impl Proof {
    /// Cuts the past off at the latest write after which there is still no explanation. Spends
    /// at most half of the steps.
    fn cut_past(&mut self) {
        let mut writes: Vec<Item> = self.all.clone();
        writes.retain(|item| item.required && matches!(item.effect, Effect::Write(_)));
        writes.sort_by_key(|item| std::cmp::Reverse((item.start_ns, item.operation)));
        let least = self.left / 2;
        for write in writes {
            let rest = closed(&self.all, since(&self.all, &write));
            if self.left < least + self.all.len() as u64 {
                return;
            }
            if self.is_proof(&rest) {
                self.kept = rest;
                return;
            }
        }
    }

    /// Removes these operations if the rest is still a proof. Returns whether it is.
    fn try_without(&mut self, some: &HashSet<usize>) -> bool {
        let fewer = closed(&self.all, &self.kept - some);
        let shorter = fewer.len() < self.kept.len() && self.is_proof(&fewer);
        if shorter {
            self.kept = fewer;
        }
        shorter
    }

    /// Removes an operation together with all that depends on it, if the rest is still a proof.
    /// Returns whether one was removed.
    fn try_without_readers(&mut self) -> bool {
        let mut ordered: Vec<usize> = self.kept.iter().copied().collect();
        ordered.sort_unstable();
        if ordered.len() > FEW {
            return false;
        }
        for operation in ordered {
            let fewer = sound::without(&self.all, &self.kept, operation);
            if fewer.len() < self.kept.len() && self.is_proof(&fewer) {
                self.kept = fewer;
                return true;
            }
        }
        false
    }

    /// Whether these operations have no explanation; false also if the steps do not suffice.
    fn is_proof(&mut self, kept: &HashSet<usize>) -> bool {
        let items = self.all.iter().copied();
        let items: Vec<Item> = items.filter(|it| kept.contains(&it.operation)).collect();
        // A search takes at least one step for each item, and so does its preparation.
        let Some(left) = self.left.checked_sub(self.all.len() as u64) else {
            return false;
        };
        self.left = left;
        matches!(search(&items, left), Outcome::Unexplained { .. })
    }

    /// The remaining operations of which the proof needs to know that they were settled. What
    /// was settled later, or is not needed, is forgotten: it may then still happen, which
    /// makes more explanations possible.
    fn needed_settled<R>(&mut self, operations: &[Operation<R>], at_ns: u64) -> HashSet<usize> {
        let mut settled: Vec<usize> = self.kept.iter().copied().collect();
        settled.retain(|&index| {
            operations[index]
                .settled_ns
                .is_some_and(|time| time <= at_ns)
        });
        settled.sort_unstable();
        let mut needed: HashSet<usize> = settled.iter().copied().collect();
        for index in settled {
            let before = self.all.clone();
            without_settled(&mut self.all, index, &operations[index]);
            let kept = self.kept.clone();
            match before == self.all || self.is_proof(&kept) {
                true => drop(needed.remove(&index)),
                false => self.all = before,
            }
        }
        needed
    }

    /// Adds the writes that show why each operation is needed. "1 was set, 1 was read, the key was
    /// missing" seems to need no read, but a delete was going on when 1 was set: without the
    /// read, it explains the missing key.
    fn add_sources(&mut self) {
        let mut ordered: Vec<usize> = self.kept.iter().copied().collect();
        ordered.sort_unstable();
        for operation in ordered {
            let mut rest = self.kept.clone();
            rest.remove(&operation);
            if !self.is_proof(&rest) {
                continue;
            }
            let shown = with_sources(&self.all, rest);
            // Without the operation, the rest would be a proof only by mistake.
            if shown.contains(&operation) {
                continue;
            }
            // With these writes the proof needs the operation, or it does not need it at all.
            match self.is_proof(&shown) {
                true => self.kept = closed(&self.all, shown),
                false => self.kept.extend(shown),
            }
        }
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

/// The operations of a history from this write on, without the reads that overlap it: they may
/// have seen the state before the write.
fn since(all: &[Item], write: &Item) -> HashSet<usize> {
    let overlaps = |item: &Item| item.start_ns <= write.end_ns && item.operation != write.operation;
    let stays = |item: &&Item| match item.effect {
        _ if item.end_ns < write.start_ns => false,
        Effect::Write(_) | Effect::Remove => true,
        Effect::Read(..) => !overlaps(item),
    };
    all.iter()
        .filter(stays)
        .map(|item| item.operation)
        .collect()
}
