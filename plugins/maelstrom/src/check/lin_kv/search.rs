//! The search for an order of the operations on one register.
//!
//! It goes through beginnings and ends in the order of time, and keeps all *explanations*: the value of
//! the register, and which of the operations under way have happened. At the end of an operation, those
//! explanations remain in which it has happened, or in which it happens now after others that are under
//! way ("just-in-time linearization": Lowe, "Testing for linearizability", CCPE 29(4), 2017). If none
//! remains, there is no order.
//!
//! An operation that is left open never ends, so it may happen at any later end. Of two that do the
//! same, the one that began first may as well be the first to happen: an explanation counts how many of
//! each kind have happened, not which. And of two explanations that differ in that count alone, the one
//! with less used explains all that the other does.
//!
//! A read happens as soon as it can: it changes nothing, so nothing is gained by waiting.

use std::collections::{BTreeMap, BTreeSet};

/// The end of an operation that is left open.
pub(super) const NEVER: u64 = u64::MAX;

/// The value of a key that does not exist.
pub(super) const MISSING: u32 = 0;

/// An operation on the register.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub start_ns: u64,
    pub end_ns: u64,
    pub effect: Effect,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// Finds this value.
    Read(u32),
    /// Sets this value.
    Write(u32),
    /// Finds the first value, and sets the second.
    Cas(u32, u32),
}

impl Effect {
    /// The value afterwards; `None` if it cannot happen with this one.
    pub(super) fn after(self, state: u32) -> Option<u32> {
        match self {
            Effect::Read(value) => (value == state).then_some(state),
            Effect::Write(value) => Some(value),
            Effect::Cas(from, to) => (from == state).then_some(to),
        }
    }
}

/// The result of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Searched {
    /// There is an order.
    Explained,
    /// There is none of the operations up to the end of this item.
    Unexplained(usize),
    /// The steps did not suffice.
    OutOfBudget,
}

/// A possible course of events up to now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Explanation {
    state: u32,
    /// The operations under way that have happened, in the order of their indexes.
    done: Vec<usize>,
    /// How many of the open operations of each kind have happened.
    used: Vec<u16>,
}

/// Searches for an order of the items, which are in the order of their beginnings, in so many steps.
/// Effects that are `free` may happen at any time, as often as it takes.
pub(super) fn search(items: &[Item], free: &[Effect], budget: u64) -> Searched {
    let mut search = Search::new(items, free, budget);
    let mut explanations = BTreeSet::from([search.beginning()]);
    for (is_end, index) in events(items) {
        if !is_end {
            search.begin(index);
            continue;
        }
        let Some(next) = search.end(index, &explanations) else {
            return Searched::OutOfBudget;
        };
        if next.is_empty() {
            return Searched::Unexplained(index);
        }
        explanations = next;
    }
    Searched::Explained
}

/// Beginnings and ends in the order of time; of one instant, beginnings first.
fn events(items: &[Item]) -> Vec<(bool, usize)> {
    let mut events: Vec<(u64, bool, usize)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        events.push((item.start_ns, false, index));
        if item.end_ns != NEVER {
            events.push((item.end_ns, true, index));
        }
    }
    events.sort_unstable();
    events
        .into_iter()
        .map(|(_, is_end, index)| (is_end, index))
        .collect()
}

struct Search<'a> {
    items: &'a [Item],
    free: &'a [Effect],
    /// The items under way that will end.
    pending: Vec<usize>,
    /// The effects of open items, and how many of each have begun.
    open: BTreeMap<Effect, usize>,
    effects: Vec<Effect>,
    begun: Vec<u16>,
    budget: u64,
}

impl<'a> Search<'a> {
    fn new(items: &'a [Item], free: &'a [Effect], budget: u64) -> Search<'a> {
        let (mut open, mut effects) = (BTreeMap::new(), Vec::new());
        for item in items.iter().filter(|it| it.end_ns == NEVER) {
            open.entry(item.effect).or_insert_with(|| {
                effects.push(item.effect);
                effects.len() - 1
            });
        }
        Search {
            items,
            free,
            pending: Vec::new(),
            begun: vec![0; effects.len()],
            open,
            effects,
            budget,
        }
    }

    fn beginning(&self) -> Explanation {
        Explanation {
            state: MISSING,
            done: Vec::new(),
            used: vec![0; self.effects.len()],
        }
    }

    fn begin(&mut self, index: usize) {
        let item = self.items[index];
        match self.open.get(&item.effect) {
            Some(&kind) if item.end_ns == NEVER => {
                self.begun[kind] = self.begun[kind].saturating_add(1)
            }
            _ => self.pending.push(index),
        }
    }

    /// The explanations in which the item has happened at its end; `None` if the steps did not suffice.
    fn end(
        &mut self,
        ending: usize,
        before: &BTreeSet<Explanation>,
    ) -> Option<BTreeSet<Explanation>> {
        let mut after = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut stack: Vec<Explanation> = before
            .iter()
            .map(|one| self.with_reads(one.clone()))
            .collect();
        while let Some(one) = stack.pop() {
            self.budget = self.budget.checked_sub(1)?;
            if let Some(at) = one.done.iter().position(|&it| it == ending) {
                let mut one = one;
                one.done.remove(at);
                after.insert(one);
                continue;
            }
            for next in self.next(&one) {
                let next = self.with_reads(next);
                if seen.insert(next.clone()) {
                    stack.push(next);
                }
            }
        }
        self.pending.retain(|&it| it != ending);
        Some(least_used(after))
    }

    /// The explanation after all reads under way that find its value.
    fn with_reads(&self, mut one: Explanation) -> Explanation {
        for &index in &self.pending {
            if self.items[index].effect == Effect::Read(one.state)
                && let Err(place) = one.done.binary_search(&index)
            {
                one.done.insert(place, index);
            }
        }
        one
    }

    /// The explanations in which one more operation has happened that is no read.
    fn next(&self, one: &Explanation) -> Vec<Explanation> {
        let mut all = Vec::new();
        for &index in &self.pending {
            let Err(place) = one.done.binary_search(&index) else {
                continue;
            };
            if matches!(self.items[index].effect, Effect::Read(_)) {
                continue;
            }
            if let Some(state) = self.items[index].effect.after(one.state) {
                let mut next = Explanation {
                    state,
                    ..one.clone()
                };
                next.done.insert(place, index);
                all.push(next);
            }
        }
        for (kind, effect) in self.effects.iter().enumerate() {
            let changed = effect.after(one.state).filter(|&state| state != one.state);
            if let Some(state) = changed.filter(|_| one.used[kind] < self.begun[kind]) {
                let mut next = Explanation {
                    state,
                    ..one.clone()
                };
                next.used[kind] += 1;
                all.push(next);
            }
        }
        for effect in self.free {
            if let Some(state) = effect.after(one.state).filter(|&state| state != one.state) {
                all.push(Explanation {
                    state,
                    ..one.clone()
                });
            }
        }
        all
    }
}

/// Leaves out the explanations that use more open operations than another one, and else are the same.
fn least_used(all: BTreeSet<Explanation>) -> BTreeSet<Explanation> {
    if all.iter().all(|one| one.used.is_empty()) {
        return all;
    }
    let mut groups: BTreeMap<(u32, Vec<usize>), Vec<Vec<u16>>> = BTreeMap::new();
    for one in all {
        let least = groups.entry((one.state, one.done)).or_default();
        let is_more =
            |used: &[u16], than: &[u16]| used.iter().zip(than).all(|(it, other)| it >= other);
        if !least.iter().any(|other| is_more(&one.used, other)) {
            least.retain(|other| !is_more(other, &one.used));
            least.push(one.used);
        }
    }
    let each = groups.into_iter().flat_map(|((state, done), least)| {
        least.into_iter().map(move |used| Explanation {
            state,
            done: done.clone(),
            used,
        })
    });
    each.collect()
}
