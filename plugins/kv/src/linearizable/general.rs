//! The search for keys with commands beyond `set`, `get` and `delete`: it executes them.
//!
//! All orders are tried that respect time: next may happen what began before the earliest end
//! of what must still happen (Wing and Gong, 1993). A set of operations that have happened,
//! with the value that they left, is not tried twice (Lowe, 2017). These sets are kept as
//! hashes of 128 bits.
//!
//! The proof of a violation is the history up to the first return without an order, without its
//! past and without the reads that the rest does not need.
//!
//! The past is cut off at an instant. The value at that instant is what the last write before it
//! left, and the reply to a write tells that value (`incr` returns it, `set` wrote it). Often it
//! is not known which of a few overlapping writes was the last. So the rest is a proof if it has
//! no order from any of their values. An operation that was under way at the instant may have
//! happened before it; then the rest need not explain its reply.

use super::Evidence;
use super::doubt::is_known;
use super::item::{NEVER, Operation};
use super::model::{self, Value};
use super::search::Outcome;
use crate::unescaped;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// An execution of an operation that must or may happen.
#[derive(Clone, Debug)]
struct Execution {
    /// The earliest and the latest time at which it can happen `[ns]`.
    start_ns: u64,
    end_ns: u64,
    /// Whether it must happen.
    required: bool,
    /// The reply that it had if it happened; `None`: any.
    reply: Option<Vec<u8>>,
    /// Index of the operation from which it is derived.
    operation: usize,
    argument: Vec<u8>,
}

/// Why a key cannot be judged: a log has only the beginning and a hash of a long value.
#[derive(Debug)]
pub(super) struct TooLong;

/// Judges the operations up to a time `[ns]`.
pub(super) fn search<R>(
    operations: &[Operation<R>],
    at_ns: u64,
    budget: u64,
) -> Result<Outcome, TooLong> {
    let all = executions(operations, at_ns)?;
    Ok(find(operations, &all, &None, budget))
}

/// The proof that the operations have no order. The caller knows that there is none.
pub(super) fn proof<R: Clone>(operations: &[Operation<R>], budget: u64) -> Vec<Evidence<R>> {
    let unexplained = |all: &[Execution], value: &Value| {
        let found = find(operations, all, value, budget);
        matches!(found, Outcome::Unexplained { .. })
    };
    // The shortest prefix: if one has no order, no longer one has.
    let returns = operations
        .iter()
        .filter_map(|it| Some(it.returned.as_ref()?.0));
    let mut times: Vec<u64> = returns.collect();
    times.sort_unstable();
    times.dedup();
    let prefix = |at_ns| executions(operations, at_ns).unwrap_or_default();
    let ordered = times.partition_point(|&time| !unexplained(&prefix(time), &None));
    let at_ns = times.get(ordered).copied().unwrap_or(u64::MAX - 1);
    let mut rest = Rest {
        all: prefix(at_ns),
        values: vec![None],
        writers: Vec::new(),
    };
    let is_proof = |rest: &Rest| {
        rest.values
            .iter()
            .all(|value| unexplained(&rest.all, value))
    };
    let mut starts: Vec<u64> = rest.all.iter().map(|it| it.start_ns).collect();
    starts.dedup();
    let later = starts.into_iter().rev().take(CUTS);
    let mut cuts = later.filter_map(|time| rest_after(operations, &rest.all, time));
    if let Some(cut) = cuts.find(is_proof) {
        rest = cut;
    }
    // A read changes nothing, so the rest is a proof without it, too.
    let mut reads: Vec<usize> = rest.all.iter().map(|it| it.operation).collect();
    reads.retain(|&operation| model::is_read(&operations[operation].command));
    for read in reads {
        let mut fewer = rest.clone();
        fewer.all.retain(|it| it.operation != read);
        if is_proof(&fewer) {
            rest = fewer;
        }
    }
    let operations_of_rest = rest.all.iter().map(|it| it.operation);
    let mut kept: Vec<usize> = operations_of_rest.chain(rest.writers).collect();
    kept.sort_unstable_by_key(|&index| (operations[index].sent_ns[0], index));
    kept.dedup();
    kept.into_iter()
        .map(|index| operations[index].evidence(at_ns, false))
        .collect()
}

/// Number of instants at which a cut of the past is tried; arbitrary.
const CUTS: usize = 200;

/// A history without its past.
#[derive(Clone)]
struct Rest {
    all: Vec<Execution>,
    /// The values that the key may have had at the cut.
    values: Vec<Value>,
    /// The operations that may have left these values.
    writers: Vec<usize>,
}

/// The history from an instant on `[ns]`; `None` if it is not known what values the key may have
/// had then.
fn rest_after<R>(operations: &[Operation<R>], all: &[Execution], time_ns: u64) -> Option<Rest> {
    let command = |it: &Execution| operations[it.operation].command.as_str();
    let writes = || {
        all.iter()
            .filter(|it| it.start_ns < time_ns && !model::is_read(command(it)))
    };
    let last_start = writes()
        .filter(|it| it.required && it.end_ns < time_ns)
        .map(|it| it.start_ns)
        .max();
    let mut rest = Rest {
        all: Vec::new(),
        // Without a write that has happened for certain, the key may be as it was.
        values: if last_start.is_none() {
            vec![None]
        } else {
            Vec::new()
        },
        writers: Vec::new(),
    };
    // A write that ended before another one began is not the last one.
    for it in writes().filter(|it| last_start.is_none_or(|start| it.end_ns >= start)) {
        let value = match &it.reply {
            Some(reply) => model::told(command(it), &it.argument, reply),
            None => model::left(command(it), &it.argument),
        };
        match value {
            model::Told::Value(value) if !rest.values.contains(&value) => rest.values.push(value),
            model::Told::Value(_) => {}
            model::Told::Unchanged => continue,
            model::Told::Nothing => return None,
        }
        rest.writers.push(it.operation);
    }
    let stays = all.iter().filter(|it| it.end_ns >= time_ns).cloned();
    rest.all = stays
        .map(|it| Execution {
            required: it.required && it.start_ns >= time_ns,
            ..it
        })
        .collect();
    Some(rest)
}

/// The executions of operations, as far as they are known at a time `[ns]`, by their start.
fn executions<R>(operations: &[Operation<R>], at_ns: u64) -> Result<Vec<Execution>, TooLong> {
    let mut all = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let sendings = operation.sent_ns.iter().copied();
        let sent: Vec<u64> = sendings.filter(|&sent| sent <= at_ns).collect();
        let Some(&start_ns) = sent.first() else {
            continue;
        };
        let argument = unescaped(&operation.value).ok_or(TooLong)?;
        let returned = operation
            .returned
            .as_ref()
            .filter(|(time, _)| *time <= at_ns);
        let settled = operation.settled_ns.filter(|&time| time <= at_ns);
        let mut optional = &sent[..];
        if let Some((end_ns, result)) = returned
            && !result.starts_with("error: ")
            && is_known(&operation.command, result)
        {
            all.push(Execution {
                start_ns,
                end_ns: *end_ns,
                required: true,
                reply: Some(unescaped(result).ok_or(TooLong)?),
                operation: index,
                argument: argument.clone(),
            });
            optional = match operation.command.as_str() {
                // The reply is always the same, so it is that of the first one that took effect.
                "set" => &optional[1..],
                // To which sending the reply belongs is unknown: any other one may be earlier.
                _ => &optional[..optional.len() - 1],
            };
        }
        if model::is_read(&operation.command) {
            continue;
        }
        let end_ns = match returned {
            Some((end_ns, _)) if sent.len() == 1 => *end_ns,
            _ => settled.unwrap_or(NEVER),
        };
        all.extend(optional.iter().map(|&start_ns| Execution {
            start_ns,
            end_ns,
            required: false,
            reply: None,
            operation: index,
            argument: argument.clone(),
        }));
    }
    all.sort_by_key(|it| (it.start_ns, it.operation));
    Ok(all)
}

/// What has happened so far on a path of the search.
struct Path {
    done: Vec<bool>,
    /// Hash of the executions that have happened.
    hash: u128,
    /// All required executions before this index have happened.
    from: usize,
    /// The executions that need not happen.
    optional: Vec<usize>,
}

/// A choice on the path: the executions that may be next, and how many were tried.
struct Choice {
    value: Value,
    /// The latest start of what has happened: nothing that ended before can happen any more.
    latest_ns: u64,
    next: Vec<usize>,
    tried: usize,
    /// `Path::from` before the choice.
    from: usize,
}

/// Looks for an order, depth first, in at most `budget` steps.
fn find<R>(operations: &[Operation<R>], all: &[Execution], value: &Value, budget: u64) -> Outcome {
    let mut path = Path {
        done: vec![false; all.len()],
        hash: 0,
        from: 0,
        optional: (0..all.len())
            .filter(|&index| all[index].reply.is_none())
            .collect(),
    };
    let (mut seen, mut steps, mut at_ns) = (HashSet::new(), 0, 0);
    let mut stack = vec![choice(all, &mut path, value.clone(), 0)];
    loop {
        let Some(top) = stack.last_mut() else {
            return Outcome::Unexplained { at_ns };
        };
        if path.from == all.len() {
            return Outcome::Explained;
        }
        let Some(&index) = top.next.get(top.tried) else {
            path.from = top.from;
            stack.pop();
            // The choice before led here by its last try.
            if let Some(before) = stack.last() {
                let undone = before.next[before.tried - 1];
                path.done[undone] = false;
                path.hash ^= token(undone);
            }
            continue;
        };
        top.tried += 1;
        steps += 1;
        if steps > budget {
            return Outcome::OutOfBudget;
        }
        let it = &all[index];
        let command = &operations[it.operation].command;
        let Some((after, reply)) = model::execute(command, &it.argument, &top.value) else {
            continue;
        };
        if it.reply.as_ref().is_some_and(|expected| *expected != reply) {
            continue;
        }
        let hash = path.hash ^ token(index);
        if !seen.insert((hash, fingerprint(&after))) {
            continue;
        }
        let latest_ns = top.latest_ns.max(it.start_ns);
        path.done[index] = true;
        path.hash = hash;
        if it.required {
            at_ns = at_ns.max(it.end_ns);
        }
        let next = choice(all, &mut path, after, latest_ns);
        stack.push(next);
    }
}

/// What may happen next.
fn choice(all: &[Execution], path: &mut Path, value: Value, latest_ns: u64) -> Choice {
    let from = path.from;
    while all
        .get(path.from)
        .is_some_and(|it| path.done[path.from] || !it.required)
    {
        path.from += 1;
    }
    let mut first_end_ns = NEVER;
    let mut next = Vec::new();
    for (index, it) in all.iter().enumerate().skip(path.from) {
        if it.start_ns > first_end_ns {
            break;
        }
        if !path.done[index] && it.required {
            first_end_ns = first_end_ns.min(it.end_ns);
            next.push(index);
        }
    }
    next.sort_by_key(|&index| all[index].end_ns);
    let optional = path.optional.iter().copied();
    let begun = optional.take_while(|&index| all[index].start_ns <= first_end_ns);
    next.extend(begun.filter(|&index| !path.done[index] && all[index].end_ns >= latest_ns));
    Choice {
        value,
        latest_ns,
        next,
        tried: 0,
        from,
    }
}

/// A number of 128 bits for an execution: SplitMix64, twice.
fn token(index: usize) -> u128 {
    let mix = |seed: u64| {
        let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    };
    let seed = 2 * index as u64 + 1;
    u128::from(mix(seed)) << 64 | u128::from(mix(seed + 1))
}

/// A hash of a value. Within a set of what has happened there are few values.
fn fingerprint(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
