//! From a history that cannot be explained to the operations that make it so.
//!
//! Not every part of a history that cannot be explained proves something: without the
//! write, any read of its value is a riddle. An operation may be left out only if the rest of a history that
//! *can* be explained could be explained without it, too. So:
//!
//! - reads may be left out;
//! - a write may, if nothing that is left reads its value, and nothing that is left is a delete that
//!   was answered `ok` (which needs something to delete);
//! - a delete may, if nothing that is left found the key missing.
//!
//! Before that, the past is cut off at a write that was answered: whatever had ended when
//! it was sent happened before it, and it left nothing of that. Reads that overlap it may see what
//! was before, and go with the past; what began after its answer stays, and so does every write
//! that may still come after it.
//!
//! Within these rules, chunks of operations are left out as long as what is left
//! cannot be explained, from halves down to single ones (the manner of Zeller and
//! Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002).

use super::Evidence;
use super::item::{Effect, Item, MISSING, Operation, items};
use super::search::{Outcome, search};
use std::collections::HashSet;

/// The time `[ns]` of the first return that leaves nothing that explains what had
/// returned by then. It is not before `from_ns`, and all that returned is known not to
/// have an explanation.
pub(super) fn shortest<R>(operations: &[Operation<R>], from_ns: u64, budget: u64) -> u64 {
    let returns = operations
        .iter()
        .filter_map(|it| Some(it.returned.as_ref()?.0));
    let mut times: Vec<u64> = returns.filter(|&time| time >= from_ns).collect();
    times.sort_unstable();
    times.dedup();
    // Once there is none, more returns do not bring one back.
    let explained = times.partition_point(|&time| {
        let found = search(&items(operations, time), budget);
        !matches!(found, Outcome::Unexplained { .. })
    });
    times.get(explained).copied().unwrap_or(u64::MAX - 1)
}

/// The operations that prove it, given that nothing explains what had ended at a
/// time `[ns]`. `budget` bounds the steps; when they run out the proof is right but longer
/// than it needs to be.
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
    // Whatever found nothing, or left nothing, hangs together: one by one, none of it
    // can be left out.
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

/// A history that cannot be explained, on its way to its core.
struct Proof {
    all: Vec<Item>,
    /// The operations that are left.
    kept: HashSet<usize>,
    /// Steps that are left.
    left: u64,
}

impl Proof {
    /// Begins at the latest write from which on there is still no explanation.
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

    /// Leaves out these operations, if what is left then is still a proof.
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
        // A search takes a step for each item at the least.
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

    /// The operations that found the key missing, or made it so.
    fn about_missing(&self) -> impl Iterator<Item = usize> {
        let about = self.all.iter().filter(|item| match item.effect {
            Effect::Read(one, other) => one == MISSING || other == MISSING,
            Effect::Write(state) => state == MISSING,
            Effect::Take => true,
        });
        about.map(|item| item.operation)
    }
}

/// What is left of a history that begins with this write; none if a delete that needs
/// something to delete overlaps it, which may have found what was before.
fn since(all: &[Item], write: &Item) -> Option<Vec<Item>> {
    let past = |item: &Item| item.end_ns < write.start_ns;
    let overlaps = |item: &Item| item.start_ns <= write.end_ns && item.operation != write.operation;
    let mut read = HashSet::new();
    for item in all.iter().filter(|item| !past(item)) {
        match item.effect {
            Effect::Take if overlaps(item) => return None,
            Effect::Read(one, other) if !overlaps(item) => read.extend([one, other]),
            _ => {}
        }
    }
    let stays = |item: &&Item| match item.effect {
        // Where a value that is read later came from belongs to the proof.
        Effect::Write(state) => !past(item) || state != MISSING && read.contains(&state),
        Effect::Read(..) => !past(item) && !overlaps(item),
        Effect::Take => !past(item),
    };
    Some(all.iter().filter(stays).copied().collect())
}

/// These operations, and those that may not be left out without them.
fn closed(all: &[Item], mut kept: HashSet<usize>) -> HashSet<usize> {
    loop {
        let mut read = HashSet::new();
        let mut takes = false;
        for item in all.iter().filter(|item| kept.contains(&item.operation)) {
            match item.effect {
                Effect::Read(one, other) => read.extend([one, other]),
                Effect::Take => takes = true,
                Effect::Write(_) => {}
            }
        }
        let before = kept.len();
        kept.extend(all.iter().filter_map(|item| {
            let needed = match item.effect {
                Effect::Write(state) => read.contains(&state) || takes && state != MISSING,
                Effect::Take => read.contains(&MISSING),
                Effect::Read(..) => false,
            };
            needed.then_some(item.operation)
        }));
        if kept.len() == before {
            return kept;
        }
    }
}
