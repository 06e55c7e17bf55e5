//! The search for an explanation, through time, depth first.
//!
//! An explanation is the state of the key and, for each pending item, how it stands.
//! It says nothing of items that are over, so that most explanations that differ in the past become
//! one. Five things keep their number small, none of which loses an explanation:
//!
//! 1. *Nothing happens before it must.* Only when an item ends is it decided in which
//!    order things came up to it.
//! 2. *A read happens as soon as it can*: it changes nothing, and one that has happened
//!    asks for nothing more.
//! 3. *A write that nobody saw needs no place.* It may have happened right before any other write
//!    that happened while it was pending, and was overwritten at once. Such a write is *free*: it
//!    may still happen, and need not.
//! 4. *A value that nobody will read is like any other such.*
//! 5. *A value that somebody will read must not be lost*: gone, and nobody there to write it again.
//!
//! By the third, what comes before the item that ends, in one burst, is short: only
//! writes whose value somebody reads right then, deletes that were answered `ok`, and a
//! write that such a delete needs.

use super::item::{Effect, Item, MISSING, NEVER, State};
use std::collections::{HashMap, HashSet};

/// What the search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There is an explanation.
    Explained,
    /// There is none. There is one for what had ended before then `[ns]`, or
    /// later: the search looks ahead.
    Unexplained { at_ns: u64 },
    /// Too many steps.
    OutOfBudget,
}

/// A value that nobody will read any more.
const OTHER: State = State::MAX;

/// How a pending item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Standing {
    /// It has not happened.
    Open,
    /// A write that may have happened unseen, and may still happen.
    Free,
    /// It has happened.
    Done,
}
use Standing::{Done, Free, Open};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Explanation {
    state: State,
    /// Of each pending item.
    standings: Vec<Standing>,
}

/// The search for one key.
struct Search<'items> {
    items: &'items [Item],
    /// Until when each value may be read `[ns]`.
    read_until: HashMap<State, u64>,
    /// Until when a delete that was answered `ok` may happen `[ns]`.
    take_until: Option<u64>,
    /// When the last read of each value begins, and the last item that makes it the
    /// state `[ns]`.
    last: HashMap<State, Last>,
    /// Indexes of the items that have begun and not ended.
    pending: Vec<usize>,
    now_ns: u64,
    budget: u64,
}

/// When the last of something begins `[ns]`; none: there is none.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    read: Option<u64>,
    write: Option<u64>,
}

/// Too many steps were taken.
struct OutOfBudget;

/// Looks for an explanation in so many steps.
pub(super) fn search(items: &[Item], budget: u64) -> Outcome {
    let mut read_until = HashMap::new();
    let mut take_until = None;
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
            Effect::Take => {
                take_until = take_until.max(Some(end));
                let last = last.entry(MISSING).or_default();
                last.write = start.max(last.write);
            }
        }
    }
    let mut search = Search {
        items,
        read_until,
        take_until,
        last,
        pending: Vec::new(),
        now_ns: 0,
        budget,
    };
    search.walk().unwrap_or(Outcome::OutOfBudget)
}

/// Beginnings and ends in the order of time; what touches, overlaps.
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
    /// Depth first: of the explanations that an end leaves open the first is followed
    /// until it fails. None is followed twice.
    fn walk(&mut self) -> Result<Outcome, OutOfBudget> {
        let events = events(self.items);
        let pending = self.pending_at(&events);
        let mut stack = vec![(
            0,
            Explanation {
                state: MISSING,
                standings: Vec::new(),
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
                    after.standings.remove(slot);
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

    /// An item may happen from now on.
    fn begin(&mut self, index: usize, explanation: &mut Explanation) {
        if !self.is_worth_keeping(index) {
            return;
        }
        let item = self.items[index];
        explanation.standings.push(match item.effect {
            Effect::Read(one, other) if [one, other].contains(&explanation.state) => Done,
            Effect::Write(_) if !item.required => Free,
            _ => Open,
        });
    }

    fn is_worth_keeping(&self, index: usize) -> bool {
        let item = self.items[index];
        item.required || self.is_of_use(item.effect)
    }

    /// Whether a write that need not happen may explain anything.
    fn is_of_use(&self, effect: Effect) -> bool {
        let Effect::Write(state) = effect else {
            return true;
        };
        self.is_read(state) || state != MISSING && self.is_taken()
    }

    /// Whether a value may still be read.
    fn is_read(&self, state: State) -> bool {
        let until = self.read_until.get(&state);
        until.is_some_and(|&until| until >= self.now_ns)
    }

    /// Whether a delete that was answered `ok` may still happen.
    fn is_taken(&self) -> bool {
        self.take_until.is_some_and(|until| until >= self.now_ns)
    }

    fn canonical(&self, state: State) -> State {
        match state == MISSING || self.is_read(state) {
            true => state,
            false => OTHER,
        }
    }

    /// The item in this slot must have happened by now, if it must at all.
    fn end(
        &mut self,
        slot: usize,
        explanation: Explanation,
        next: &mut Distinct,
    ) -> Result<(), OutOfBudget> {
        match explanation.standings[slot] {
            Done => next.add(explanation),
            Open => self.happen(slot, explanation, next)?,
            Free => {
                // Unseen, or last of all so that somebody may see it.
                let mut unseen = explanation.clone();
                unseen.standings[slot] = Done;
                if let Effect::Write(state) = self.items[self.pending[slot]].effect
                    && !self.is_lost(state, &unseen)
                {
                    next.add(unseen);
                }
                if self.is_of_use(self.items[self.pending[slot]].effect) {
                    self.happen(slot, explanation, next)?;
                }
            }
        }
        Ok(())
    }

    /// Every burst of happenings that ends with the item in this slot.
    fn happen(
        &mut self,
        slot: usize,
        explanation: Explanation,
        next: &mut Distinct,
    ) -> Result<(), OutOfBudget> {
        let mut seen = HashSet::new();
        let mut stack = vec![explanation];
        while let Some(before) = stack.pop() {
            for happening in 0..self.pending.len() {
                if before.standings[happening] == Done {
                    continue;
                }
                self.step()?;
                let Some((after, reads)) = self.after(&before, happening) else {
                    continue;
                };
                if after.standings[slot] == Done {
                    next.add(after);
                } else if self.is_worth(&before, happening, reads) && seen.insert(after.clone()) {
                    stack.push(after);
                }
            }
        }
        Ok(())
    }

    /// What is so after a pending write or delete has happened, and how many reads
    /// that explains; none where it cannot happen.
    fn after(&self, before: &Explanation, happening: usize) -> Option<(Explanation, usize)> {
        let (state, takes) = match self.items[self.pending[happening]].effect {
            Effect::Read(..) => return None,
            Effect::Take if before.state == MISSING => return None,
            Effect::Take => (MISSING, true),
            Effect::Write(state) => (state, false),
        };
        let mut after = Explanation {
            state: self.canonical(state),
            standings: before.standings.clone(),
        };
        after.standings[happening] = Done;
        let mut reads = 0;
        for (standing, &index) in after.standings.iter_mut().zip(&self.pending) {
            match (self.items[index].effect, *standing) {
                // Before a delete that was answered `ok` there was something.
                (Effect::Write(MISSING), Open) if takes => {}
                (Effect::Write(_), Open) => *standing = Free,
                (Effect::Read(one, other), Open) if [one, other].contains(&state) => {
                    *standing = Done;
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

    /// Whether somebody is still to read a value that can never be the state again.
    fn is_lost(&self, value: State, explanation: &Explanation) -> bool {
        if value == explanation.state || value == OTHER {
            return false;
        }
        let last = self.last.get(&value).copied().unwrap_or_default();
        // What begins now has begun: beginnings come before ends.
        let to_come = |last: Option<u64>| last.is_some_and(|start| start > self.now_ns);
        if to_come(last.write) {
            return false;
        }
        let mut is_read = to_come(last.read);
        for (&index, &standing) in self.pending.iter().zip(&explanation.standings) {
            match self.items[index].effect {
                Effect::Read(one, other) => {
                    is_read |= standing == Open && one == value && other == value;
                }
                Effect::Write(state) if state == value && standing != Done => return false,
                Effect::Take if value == MISSING && standing != Done => return false,
                _ => {}
            }
        }
        is_read
    }

    /// Whether it may be needed before something else in the same burst.
    fn is_worth(&self, before: &Explanation, happening: usize, reads: usize) -> bool {
        match self.items[self.pending[happening]].effect {
            Effect::Take => true,
            Effect::Write(state) if state != MISSING && before.state == MISSING => {
                let mut pending = self.pending.iter().zip(&before.standings);
                let is_open_take = |(index, standing): (&usize, &Standing)| {
                    self.items[*index].effect == Effect::Take && *standing == Open
                };
                reads > 0 || pending.any(is_open_take)
            }
            _ => reads > 0,
        }
    }
}

/// Explanations, each once, in the order of their finding.
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
