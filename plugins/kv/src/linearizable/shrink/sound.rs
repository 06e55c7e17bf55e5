//! Which operations may be removed from a history, so that what remains is a proof: if the
//! remaining operations have no explanation, the whole history has none.
//!
//! # The rule
//! Take an explanation of the whole history: an order of its items. Leave out those that are
//! removed, and keep the order of the others. The result explains the others if each of them
//! still finds the state that it needs. A read finds the state that the last write before it has
//! left, and a delete with the reply `ok` needs one to delete; call them *readers*, and that last
//! write their *source*. A delete is a write of the missing key, and at the beginning the key is
//! missing. So:
//!
//! - a read may be removed: it is no source;
//! - a write may be removed if each remaining reader of its state
//!   - ended before the write began; or
//!   - began after the end of a remaining item that began after the write ended, and that
//!     writes or reads another value: then the write is not the source; or
//!   - finds the same state without it: all remaining writes that may have happened before this
//!     one left that state, and one of them certainly happened, or the state is the missing key.
//!
//! Besides, one write of each value that is read remains, which only makes the proof longer.

use super::super::item::{Effect, Item, MISSING, NEVER, State};
use std::collections::{HashMap, HashSet};

/// These operations, all operations that may not be removed if these remain, and a write of each
/// value that is read.
pub(super) fn closed(all: &[Item], kept: HashSet<usize>) -> HashSet<usize> {
    with_needed(all, kept, true)
}

/// These operations, and all operations that may not be removed if these remain.
pub(super) fn with_sources(all: &[Item], kept: HashSet<usize>) -> HashSet<usize> {
    with_needed(all, kept, false)
}

fn with_needed(all: &[Item], mut kept: HashSet<usize>, witnessed: bool) -> HashSet<usize> {
    loop {
        let remaining = all.iter().filter(|item| kept.contains(&item.operation));
        let readers = Readers::of(remaining.clone());
        let writes = Writes::of(remaining.clone());
        let separators = Separators::of(remaining);
        let is_needed = |item: &&Item| {
            !kept.contains(&item.operation)
                && writes_of(item.effect).is_some_and(|state| {
                    let mut readers = readers.of_state(state);
                    readers.any(|spans| {
                        let first = spans.partition_point(|(end, _)| *end < item.start_ns);
                        let Some((_, earliest)) = spans.get(first) else {
                            return false;
                        };
                        separators.first_end(item.end_ns, state) >= *earliest
                            && !writes.same_without(item, state, *earliest)
                    })
                })
        };
        let needed = all.iter().filter(is_needed);
        let mut needed: Vec<usize> = needed.map(|item| item.operation).collect();
        if needed.is_empty() && witnessed {
            needed = witnesses(all, &readers, &writes);
        }
        if needed.is_empty() {
            return kept;
        }
        kept.extend(needed);
    }
}

/// The rest of these operations once one of them is removed together with all that may have seen
/// what it wrote, and so on.
pub(super) fn without(all: &[Item], kept: &HashSet<usize>, first: usize) -> HashSet<usize> {
    let mut rest = kept.clone();
    rest.remove(&first);
    loop {
        let remaining = all.iter().filter(|item| rest.contains(&item.operation));
        let writes = Writes::of(remaining.clone());
        let separators = Separators::of(remaining.clone());
        let gone = |item: &&Item| kept.contains(&item.operation) && !rest.contains(&item.operation);
        let sees = |reader: &&Item| {
            let readers = Readers::of([*reader].into_iter());
            let mut sources = all.iter().filter(gone);
            sources.any(|item| {
                writes_of(item.effect).is_some_and(|state| {
                    let spans = readers.of_state(state).flatten();
                    let mut spans = spans.filter(|(end, _)| *end >= item.start_ns);
                    spans.any(|(_, start)| {
                        separators.first_end(item.end_ns, state) >= *start
                            && !writes.same_without(item, state, *start)
                    })
                })
            })
        };
        let follow: Vec<usize> = remaining.filter(sees).map(|it| it.operation).collect();
        if follow.is_empty() {
            return closed(all, rest);
        }
        rest.retain(|operation| !follow.contains(operation));
    }
}

/// The state that an effect leaves; `None` if it leaves all states as they are.
fn writes_of(effect: Effect) -> Option<State> {
    match effect {
        Effect::Write(state) => Some(state),
        Effect::Remove => Some(MISSING),
        Effect::Read(..) => None,
    }
}

/// Ends and beginnings `[ns]` of readers, sorted by their ends. Each has the earliest beginning of
/// itself and all later ones.
type Spans = Vec<(u64, u64)>;

/// The items that need a state.
struct Readers {
    /// By the state that they read.
    reads: HashMap<State, Spans>,
    /// Deletes with the reply `ok`: they need any state but the missing key.
    removes: Spans,
}

impl Readers {
    fn of<'a>(items: impl Iterator<Item = &'a Item>) -> Readers {
        let mut readers = Readers {
            reads: HashMap::new(),
            removes: Vec::new(),
        };
        for item in items {
            let span = (item.end_ns, item.start_ns);
            match item.effect {
                Effect::Read(one, other) => {
                    readers.reads.entry(one).or_default().push(span);
                    if other != one {
                        readers.reads.entry(other).or_default().push(span);
                    }
                }
                Effect::Remove => readers.removes.push(span),
                Effect::Write(_) => {}
            }
        }
        for spans in readers.reads.values_mut().chain([&mut readers.removes]) {
            spans.sort_unstable();
            let mut earliest = NEVER;
            for (_, start) in spans.iter_mut().rev() {
                earliest = earliest.min(*start);
                *start = earliest;
            }
        }
        readers
    }

    /// The readers that may find this state.
    fn of_state(&self, state: State) -> impl Iterator<Item = &Spans> {
        let reads = self.reads.get(&state);
        let removes = (state != MISSING).then_some(&self.removes);
        reads.into_iter().chain(removes)
    }
}

/// The items that leave a state.
struct Writes {
    /// For each state, the earliest beginning of an item `[ns]`, and the earliest end of one that
    /// must happen.
    of_state: HashMap<State, (u64, u64)>,
    /// The two states with the earliest beginnings.
    earliest: [Option<(u64, State)>; 2],
}

impl Writes {
    fn of<'a>(items: impl Iterator<Item = &'a Item>) -> Writes {
        let mut of_state = HashMap::new();
        for item in items {
            let Some(state) = writes_of(item.effect) else {
                continue;
            };
            let (start, end) = of_state.entry(state).or_insert((NEVER, NEVER));
            *start = item.start_ns.min(*start);
            if item.required {
                *end = item.end_ns.min(*end);
            }
        }
        let mut starts: Vec<_> = of_state.iter().map(|(state, it)| (it.0, *state)).collect();
        starts.sort_unstable();
        Writes {
            earliest: [starts.first().copied(), starts.get(1).copied()],
            of_state,
        }
    }

    /// Whether a reader that begins at this time `[ns]` finds the same state without its source.
    fn same_without(&self, source: &Item, state: State, reader_start_ns: u64) -> bool {
        let mut earliest = self.earliest.iter().flatten();
        let other = earliest.find(|(_, other)| *other != state);
        if other.is_some_and(|(start, _)| *start <= source.end_ns) {
            return false;
        }
        let written = self.of_state.get(&state);
        state == MISSING || written.is_some_and(|(_, end)| *end < reader_start_ns)
    }
}

/// A write of each value that is read, and one for the deletes with the reply `ok`, where there
/// was one before and none remains: the latest one.
fn witnesses(all: &[Item], readers: &Readers, writes: &Writes) -> Vec<usize> {
    let last_end = |spans: &Spans| spans.last().map_or(0, |(end, _)| *end);
    let mut ends: HashMap<State, u64> = HashMap::new();
    for (state, spans) in &readers.reads {
        if *state != MISSING && !writes.of_state.contains_key(state) {
            ends.insert(*state, last_end(spans));
        }
    }
    let has_value = writes.of_state.keys().any(|state| *state != MISSING);
    let mut removed = (!has_value).then(|| last_end(&readers.removes));
    let mut found: Vec<&Item> = all.iter().filter(|item| item.required).collect();
    found.sort_by_key(|item| std::cmp::Reverse((item.start_ns, item.operation)));
    found.retain(|item| {
        let Effect::Write(state) = item.effect else {
            return false;
        };
        let of_value = ends.get(&state).is_some_and(|end| item.end_ns < *end);
        let of_remove = removed.is_some_and(|end| item.end_ns < end);
        if of_value || of_remove {
            ends.remove(&state);
            removed = None;
        }
        of_value || of_remove
    });
    found.into_iter().map(|item| item.operation).collect()
}

/// The end of an item `[ns]`, and the state that it reads; `None`: it is no read.
type End = (u64, Option<State>);

/// The items after which an earlier item is not the source of a later one.
struct Separators {
    /// Beginnings, sorted. Each has the two earliest ends of itself and of all later ones, with
    /// different states that were read; `None`: the item is no read.
    ends: Vec<(u64, [End; 2])>,
}

impl Separators {
    fn of<'a>(items: impl Iterator<Item = &'a Item>) -> Separators {
        let mut ends: Vec<_> = items
            .filter(|item| item.required && item.end_ns != NEVER)
            .filter_map(|item| {
                let read = match item.effect {
                    Effect::Write(_) | Effect::Remove => None,
                    Effect::Read(one, other) if one == other => Some(one),
                    Effect::Read(..) => return None,
                };
                Some((item.start_ns, [(item.end_ns, read), (NEVER, None)]))
            })
            .collect();
        ends.sort_unstable_by_key(|(start, _)| *start);
        let mut least = [(NEVER, None); 2];
        for (_, ends) in ends.iter_mut().rev() {
            least = two_least(least, ends[0]);
            *ends = least;
        }
        Separators { ends }
    }

    /// The earliest end `[ns]` of an item that began after this time and is not a read of this
    /// state; [`NEVER`] if there is none.
    fn first_end(&self, after_ns: u64, state: State) -> u64 {
        let first = self.ends.partition_point(|(start, _)| *start <= after_ns);
        let Some((_, ends)) = self.ends.get(first) else {
            return NEVER;
        };
        let other = ends.iter().find(|(_, read)| *read != Some(state));
        other.map_or(NEVER, |(end, _)| *end)
    }
}

/// Adds an end to the two earliest ones with different states.
fn two_least([first, second]: [End; 2], new: End) -> [End; 2] {
    match new {
        _ if new.0 < first.0 && new.1 == first.1 => [new, second],
        _ if new.0 < first.0 => [new, first],
        _ if new.0 < second.0 && new.1 != first.1 => [first, new],
        _ => [first, second],
    }
}
