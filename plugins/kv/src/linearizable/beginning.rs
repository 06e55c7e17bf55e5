//! The values that a key may have had before the first operation.
//!
//! A store of this run begins empty. A store that is a program may have been used before, and no
//! record tells with what. So a history of such a store is a violation only if no value that the
//! key had at the beginning explains it. A value that matters is seen by one of the first
//! replies, so few values have to be tried.

use super::item::Operation;
use super::{Evidence, Unjudged, judge_key, model};
use crate::unescaped;

/// Maximum number of values to try; more clients than that hardly read a key at the same time.
const TRIED: usize = 16;

/// Maximum size of a value that only its size is known of `[bytes]`; arbitrary.
const LONGEST: usize = 1 << 16;

/// The proof that no value that the key had at the beginning explains the results; `None` if one
/// does, or may. Each value has a proof of its own, and this is all of them together, with `empty`,
/// the proof for a key that did not exist.
pub(super) fn proof<R: Clone>(
    operations: &[Operation<R>],
    empty: Vec<Evidence<R>>,
    budget: u64,
) -> Option<Vec<Evidence<R>>> {
    let mut proof = empty;
    for value in values(operations) {
        let before = Operation {
            client: String::new(),
            command: "set".to_owned(),
            value,
            sent_ns: vec![0],
            returned: Some((0, "ok".to_owned())),
            settled_ns: None,
            rows: Vec::new(),
            settled_row: None,
        };
        let all = [&[before], operations].concat();
        let Ok(Some(Unjudged::Violation(evidence))) = judge_key(&all, budget) else {
            return None;
        };
        let id = |it: &Evidence<R>| (it.invoked_ns, it.client.clone());
        for it in evidence.into_iter().filter(|it| !it.client.is_empty()) {
            match proof.iter_mut().find(|known| id(known) == id(&it)) {
                None => proof.push(it),
                Some(known) if known.returned.is_none() => *known = it,
                Some(_) => {}
            }
        }
    }
    proof.sort_by_key(|it| it.invoked_ns);
    Some(proof)
}

/// The values that replies tell of what they found, the earliest replies first, and one that no
/// reply tells.
fn values<R>(operations: &[Operation<R>]) -> Vec<String> {
    let told = operations
        .iter()
        .filter_map(|it| Some((it.returned.as_ref()?.0, found(it)?)));
    let mut told: Vec<(u64, String)> = told.collect();
    told.sort_by_key(|(time, _)| *time);
    let mut values = vec!["?".to_owned()];
    for (_, value) in told {
        if values.len() == TRIED {
            break;
        }
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// The value that an operation found, as its reply tells it; `None` if it tells none.
fn found<R>(operation: &Operation<R>) -> Option<String> {
    let (_, result) = operation.returned.as_ref()?;
    if result == "not found" || result.starts_with("error: ") {
        return None;
    }
    let number = || result.parse::<i64>().ok();
    let argument = || operation.value.parse::<i64>().ok();
    let sum = match operation.command.as_str() {
        "incr" => number()?.checked_sub(1)?,
        "decr" => number()?.checked_add(1)?,
        "incrby" => number()?.checked_sub(argument()?)?,
        "decrby" => number()?.checked_add(argument()?)?,
        "strlen" => return some_value(number()?),
        "append" => return some_value(number()? - unescaped(&operation.value)?.len() as i64),
        command if model::replies_with_value(command) => return Some(result.clone()),
        _ => return None,
    };
    Some(sum.to_string())
}

/// A value of this size; `None` if it is too long to try, or if there is no such value to find.
fn some_value(size: i64) -> Option<String> {
    let size = usize::try_from(size).ok()?;
    (1..=LONGEST).contains(&size).then(|| "?".repeat(size))
}
