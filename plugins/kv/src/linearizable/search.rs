//! The search for an explanation: depth first, in the order of time.
//!
//! An explanation is the state of the key, and the status of each pending item. It does not
//! contain items that have ended, so explanations that differ only in the past become
//! equal. Five rules keep the number of explanations small. None of them loses an explanation:
//!
//! 1. *Nothing happens before it must.* The order of items is decided only when one of them
//!    ends.
//! 2. *A read happens as soon as it can*: it changes nothing, and after it has happened it
//!    restricts nothing.
//! 3. *A write that no read sees needs no position.* It may have happened directly before another
//!    write that happened while it was pending, and been overwritten. Such a write is
//!    *free*: it may still happen, but need not.
//! 4. *All values that no later item reads are equivalent.*
//! 5. *A value that a later item reads must not be lost*: an explanation is dropped if the state
//!    has changed and no item can write the value again.
//!
//! By the third rule, few items happen directly before the item that ends: only writes
//! whose value is read at that moment, deletes with the reply `ok`, and a write that such
//! a delete needs.

use super::item::{Effect, Item, MISSING, NEVER, State};
use std::collections::{HashMap, HashSet};

/// The result of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There is an explanation.
    Explained,
    /// There is none. The items that ended before `at_ns` `[ns]` have an explanation; perhaps
    /// those of a later time have one, too, since the search looks ahead.
    Unexplained { at_ns: u64 },
    /// The steps did not suffice.
    OutOfBudget,
}

/// Stands for all values that no later item reads.
const OTHER: State = State::MAX;

/// The status of a pending item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Status {
    /// The item has not happened.
    Open,
    /// A write that may have happened without being read, and may still happen.
    Free,
    /// The item has happened.
    Done,
}
use Status::{Done, Free, Open};

/// A possible course of events up to now, without its past.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Explanation {
    state: State,
    /// The status of each pending item.
    statuses: Vec<Status>,
}

/// The search for one key.
struct Search<'items> {
    items: &'items [Item],
    /// For each value, the latest end of an item that reads it `[ns]`.
    read_until: HashMap<State, u64>,
    /// The latest end of a delete with the reply `ok` `[ns]`.
    remove_until: Option<u64>,
    /// For each value, the latest beginnings of the items that read and write it.
    last: HashMap<State, Last>,
    /// Indexes of the items that have begun and not ended.
    pending: Vec<usize>,
    now_ns: u64,
    budget: u64,
}

/// The latest beginnings of the items that read and write a value `[ns]`; `None`: no such item.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    read: Option<u64>,
    write: Option<u64>,
}

/// The steps did not suffice.
struct OutOfBudget;

/// Searches for an explanation in at most `budget` steps.
pub(super) fn search(items: &[Item], budget: u64) -> Outcome {
    let mut read_until = HashMap::new();
    let mut remove_until = None;
    let mut last: HashMap<State, Last> = HashMap::new();
    for item in items {
        let (start, end) = (Some(item.start_ns), item.end_ns);
        match item.effect {
            Effect::Read(one, other) => {
                for value in [one, other] {
                    let until = read_until.entry(value).or_insert(end);
                    *until = end.max(*until);
                }
                if one == other {
                    let last = last.entry(one).or_default();
                    last.read = start.max(last.read);
                }
            }
            Effect::Write(state) => {
                let last = last.entry(state).or_default();
                last.write = start.max(last.write);
            }
            Effect::Remove => {
                remove_until = remove_until.max(Some(end));
                let last = last.entry(MISSING).or_default();
                last.write = start.max(last.write);
            }
        }
    }
    let mut search = Search {
        items,
        read_until,
        remove_until,
        last,
        pending: Vec::new(),
        now_ns: 0,
        budget,
    };
    search.walk().unwrap_or(Outcome::OutOfBudget)
}

/// Beginnings and ends in the order of time. At equal times, beginnings precede ends.
fn events(items: &[Item]) -> Vec<(u64, bool, usize)> {
    let mut events = Vec::with_capacity(2 * items.len());
    for (index, item) in items.iter().enumerate() {
        events.push((item.start_ns, false, index));
        if item.end_ns != NEVER {
            events.push((item.end_ns, true, index));
        }
    }
    events.sort_unstable();
    events
}

impl Search<'_> {
    /// Depth first: of the explanations that are possible after an end, the first is continued
    /// until it fails, then the next. No explanation is continued twice.
    fn walk(&mut self) -> Result<Outcome, OutOfBudget> {
        let events = events(self.items);
        let pending = self.pending_at(&events);
        let mut stack = vec![(
            0,
            Explanation {
                state: MISSING,
                statuses: Vec::new(),
            },
        )];
        let mut seen = HashSet::new();
        let mut at_ns = 0;
        while let Some((mut at, mut explanation)) = stack.pop() {
            self.step()?;
            loop {
                let Some(&(time, is_end, index)) = events.get(at) else {
                    return Ok(Outcome::Explained);
                };
                (self.now_ns, self.pending) = (time, pending[at].clone());
                at += 1;
                if !is_end {
                    self.begin(index, &mut explanation);
                    continue;
                }
                let Some(slot) = self.pending.iter().position(|&it| it == index) else {
                    continue;
                };
                at_ns = time.max(at_ns);
                let mut next = Distinct::default();
                self.end(slot, explanation, &mut next)?;
                for mut after in next.list.into_iter().rev() {
                    after.statuses.remove(slot);
                    after.state = self.canonical(after.state);
                    if seen.insert((at, after.clone())) {
                        stack.push((at, after));
                    }
                }
                break;
            }
        }
        Ok(Outcome::Unexplained { at_ns })
    }

    /// The pending items before each event.
    fn pending_at(&mut self, events: &[(u64, bool, usize)]) -> Vec<Vec<usize>> {
        let mut pending = Vec::new();
        let mut at = Vec::with_capacity(events.len());
        for &(time, is_end, index) in events {
            at.push(pending.clone());
            self.now_ns = time;
            if is_end {
                pending.retain(|&it| it != index);
            } else if self.is_worth_keeping(index) {
                pending.push(index);
            }
        }
        at
    }

    fn step(&mut self) -> Result<(), OutOfBudget> {
        self.budget = self.budget.checked_sub(1).ok_or(OutOfBudget)?;
        Ok(())
    }

    /// Adds an item that may happen from now on.
    fn begin(&mut self, index: usize, explanation: &mut Explanation) {
        if !self.is_worth_keeping(index) {
            return;
        }
        let item = self.items[index];
        explanation.statuses.push(match item.effect {
            Effect::Read(one, other) if [one, other].contains(&explanation.state) => Done,
            Effect::Write(_) if !item.required => Free,
            _ => Open,
        });
    }

    fn is_worth_keeping(&self, index: usize) -> bool {
        let item = self.items[index];
        item.required || self.is_useful(item.effect)
    }

    /// Whether a write that need not happen can contribute to an explanation.
    fn is_useful(&self, effect: Effect) -> bool {
        let Effect::Write(state) = effect else {
            return true;
        };
        self.is_read(state) || state != MISSING && self.is_removed()
    }

    /// Whether an item that has not ended reads a value.
    fn is_read(&self, state: State) -> bool {
        let until = self.read_until.get(&state);
        until.is_some_and(|&until| until >= self.now_ns)
    }

    /// Whether a delete with the reply `ok` may still happen.
    fn is_removed(&self) -> bool {
        self.remove_until.is_some_and(|until| until >= self.now_ns)
    }

    fn canonical(&self, state: State) -> State {
        match state == MISSING || self.is_read(state) {
            true => state,
            false => OTHER,
        }
    }

    /// Adds the explanations in which the item in this slot has happened, if it must happen.
    fn end(
        &mut self,
        slot: usize,
        explanation: Explanation,
        next: &mut Distinct,
    ) -> Result<(), OutOfBudget> {
        match explanation.statuses[slot] {
            Done => next.add(explanation),
            Open => self.happen(slot, explanation, next)?,
            Free => {
                // The write happened without being read, or happens now as the last item.
                let mut unseen = explanation.clone();
                unseen.statuses[slot] = Done;
                if let Effect::Write(state) = self.items[self.pending[slot]].effect
                    && !self.is_lost(state, &unseen)
                {
                    next.add(unseen);
                }
                if self.is_useful(self.items[self.pending[slot]].effect) {
                    self.happen(slot, explanation, next)?;
                }
            }
        }
        Ok(())
    }

    /// Adds the explanations after every sequence of items that ends with the item in the slot `last`.
    fn happen(
        &mut self,
        last: usize,
        explanation: Explanation,
        next: &mut Distinct,
    ) -> Result<(), OutOfBudget> {
        let mut seen = HashSet::new();
        let mut stack = vec![explanation];
        while let Some(before) = stack.pop() {
            for slot in 0..self.pending.len() {
                if before.statuses[slot] == Done {
                    continue;
                }
                self.step()?;
                let Some((after, reads)) = self.after(&before, slot) else {
                    continue;
                };
                if after.statuses[last] == Done {
                    next.add(after);
                } else if self.is_needed(&before, slot, reads) && seen.insert(after.clone()) {
                    stack.push(after);
                }
            }
        }
        Ok(())
    }

    /// The explanation after a pending write or delete has happened, and the number of reads
    /// that happen with it; `None` if it cannot happen.
    fn after(&self, before: &Explanation, slot: usize) -> Option<(Explanation, usize)> {
        let (state, removes) = match self.items[self.pending[slot]].effect {
            Effect::Read(..) => return None,
            Effect::Remove if before.state == MISSING => return None,
            Effect::Remove => (MISSING, true),
            Effect::Write(state) => (state, false),
        };
        let mut after = Explanation {
            state: self.canonical(state),
            statuses: before.statuses.clone(),
        };
        after.statuses[slot] = Done;
        let mut reads = 0;
        for (status, &index) in after.statuses.iter_mut().zip(&self.pending) {
            match (self.items[index].effect, *status) {
                // This delete found a value: no other delete happened directly before it.
                (Effect::Write(MISSING), Open) if removes => {}
                (Effect::Write(_), Open) => *status = Free,
                (Effect::Read(one, other), Open) if [one, other].contains(&state) => {
                    *status = Done;
                    reads += 1;
                }
                _ => {}
            }
        }
        match self.is_lost(before.state, &after) {
            true => None,
            false => Some((after, reads)),
        }
    }

    /// Whether an item must still read a value that can never be the state again.
    fn is_lost(&self, value: State, explanation: &Explanation) -> bool {
        if value == explanation.state || value == OTHER {
            return false;
        }
        let last = self.last.get(&value).copied().unwrap_or_default();
        // An item that begins now has begun: beginnings precede ends.
        let to_come = |last: Option<u64>| last.is_some_and(|start| start > self.now_ns);
        if to_come(last.write) {
            return false;
        }
        let mut is_read = to_come(last.read);
        for (&index, &status) in self.pending.iter().zip(&explanation.statuses) {
            match self.items[index].effect {
                Effect::Read(one, other) => {
                    is_read |= status == Open && one == value && other == value;
                }
                Effect::Write(state) if state == value && status != Done => return false,
                Effect::Remove if value == MISSING && status != Done => return false,
                _ => {}
            }
        }
        is_read
    }

    /// Whether another item of the same sequence may need this item before it.
    fn is_needed(&self, before: &Explanation, slot: usize, reads: usize) -> bool {
        match self.items[self.pending[slot]].effect {
            Effect::Remove => true,
            Effect::Write(state) if state != MISSING && before.state == MISSING => {
                let mut pending = self.pending.iter().zip(&before.statuses);
                let is_open_remove = |(index, status): (&usize, &Status)| {
                    self.items[*index].effect == Effect::Remove && *status == Open
                };
                reads > 0 || pending.any(is_open_remove)
            }
            _ => reads > 0,
        }
    }
}

/// Explanations without duplicates, in the order in which they were found.
#[derive(Default)]
struct Distinct {
    list: Vec<Explanation>,
    seen: HashSet<Explanation>,
}

impl Distinct {
    fn add(&mut self, explanation: Explanation) {
        if self.seen.insert(explanation.clone()) {
            self.list.push(explanation);
        }
    }
}
