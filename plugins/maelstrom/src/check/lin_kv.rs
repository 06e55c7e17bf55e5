//! The check `maelstrom.lin-kv`: each register can be explained by one that does one operation after
//! the other, each between its request and its reply.
//!
//! Linearizability is local (Herlihy and Wing, "Linearizability: A Correctness Condition for Concurrent
//! Objects", ACM TOPLAS 12(3), 1990): each key is judged alone. [`search`] looks for an order of the
//! operations on a key. If there is none, [`proof`] takes from the history what the contradiction does
//! not need.
//!
//! What the replies say: a read with error 20 found no value (Maelstrom ignores such reads, and so does
//! not see a store that forgets everything); a `cas` that failed says nothing, since nodes use errors 20
//! and 22 for many reasons; an operation that is left open may happen at any later time, or never.

mod proof;
mod search;
#[cfg(test)]
mod tests;

use crate::body::MISSING;
use crate::history::{History, Judge, Operation, Outcome};
use runner_sdk::Verdict;
use schemars::JsonSchema;
use search::{Effect, Item, NEVER, Searched};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Each register is linearizable.
pub struct LinKv;

/// The config of `maelstrom.lin-kv`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LinKvConfig {
    /// Maximum number of search steps for each key. If they do not suffice, the verdict is unknown.
    #[schemars(range(min = 1))]
    pub budget: u64,
}

impl Default for LinKvConfig {
    fn default() -> LinKvConfig {
        // Arbitrary: it takes about a second.
        LinKvConfig { budget: 2_000_000 }
    }
}

impl Judge for LinKv {
    type Config = LinKvConfig;
    const NAME: &'static str = "lin-kv";
    const DOCS: &'static str = "For each key there is an order of its reads, writes and compare-and-sets, each \
        between its request and its reply, in which a register gives the results that the clients saw \
        (linearizability). A failure names the operations that contradict each other. Unknown if no read \
        succeeded, or if a search takes more than `budget` steps.";

    fn judge(config: &LinKvConfig, history: &History) -> Verdict {
        let mut keys: BTreeMap<String, Vec<&Operation>> = BTreeMap::new();
        let known = |it: &&Operation| ["read", "write", "cas"].contains(&it.f.as_str());
        for operation in history.operations.iter().filter(known) {
            keys.entry(operation.value[0].to_string())
                .or_default()
                .push(operation);
        }
        let mut unfinished = Vec::new();
        let (mut count, mut reads) = (0, 0);
        for (key, operations) in &keys {
            count += operations.iter().filter(|it| it.is_ok()).count();
            reads += operations
                .iter()
                .filter(|it| it.f == "read" && it.is_ok())
                .count();
            let (items, of_item) = items(operations);
            match search::search(&items, &[], config.budget) {
                Searched::Explained => {}
                Searched::OutOfBudget => unfinished.push(key),
                Searched::Unexplained(last) => {
                    let needed = proof::needed(&items, last, config.budget);
                    let needed: Vec<&Operation> =
                        needed.iter().map(|&item| of_item[item]).collect();
                    return failed(key, &needed);
                }
            }
        }
        match unfinished.first() {
            Some(key) => Verdict::unknown(format!(
                "{} of {} keys not judged within {} steps, the first {key}: allow more with `budget`, or use \
                 more keys",
                unfinished.len(),
                keys.len(),
                config.budget
            )),
            None if reads == 0 => Verdict::unknown("no read succeeded: there is nothing to judge"),
            None => Verdict::passed(format!(
                "{count} operations on {} keys, {reads} of them reads",
                keys.len()
            )),
        }
    }
}

/// The verdict about operations on a key that no order explains.
fn failed(key: &str, needed: &[&Operation]) -> Verdict {
    let told: Vec<String> = needed.iter().map(|it| told(it)).collect();
    let reason = format!("key {key}: no order explains these: {}", told.join("; "));
    needed.iter().fold(Verdict::fail(reason), |verdict, it| {
        let verdict = verdict.row(it.invocation());
        match it.ended {
            Some(_) => verdict.row(it.completion()),
            None => verdict,
        }
    })
}

/// An operation in words: `c0 reads 3`.
fn told(operation: &Operation) -> String {
    let (client, value) = (&operation.client, &operation.value[1]);
    let open = if operation.is_open() {
        " (left open)"
    } else {
        ""
    };
    match (operation.f.as_str(), operation.result()) {
        ("read", Some(Value::Null)) => format!("{client} reads that there is no value"),
        ("read", Some(result)) => format!("{client} reads {result}"),
        ("read", None) => format!("{client} reads that there is no value"),
        ("write", _) => format!("{client} writes {value}{open}"),
        _ => format!("{client} sets {} to {}{open}", value[0], value[1]),
    }
}

/// What the search needs of the operations on a key, and the operation of each item.
fn items<'a>(operations: &[&'a Operation]) -> (Vec<Item>, Vec<&'a Operation>) {
    let mut states: BTreeMap<String, u32> = BTreeMap::new();
    let mut state = |value: &Value| {
        // Some nodes say null for a key that does not exist.
        if value.is_null() {
            return search::MISSING;
        }
        let next = states.len() as u32 + 1;
        *states.entry(value.to_string()).or_insert(next)
    };
    let (mut items, mut of_item) = (Vec::new(), Vec::new());
    for &operation in operations {
        let value = &operation.value[1];
        let effect = match (operation.f.as_str(), &operation.outcome) {
            ("read", Outcome::Ok(result)) => Effect::Read(state(result)),
            ("read", Outcome::Fail(Some(MISSING))) => Effect::Read(search::MISSING),
            ("read", _) | (_, Outcome::Fail(_)) => continue,
            ("write", _) => Effect::Write(state(value)),
            _ => Effect::Cas(state(&value[0]), state(&value[1])),
        };
        items.push(Item {
            start_ns: operation.began_ns,
            end_ns: match operation.is_open() {
                true => NEVER,
                false => operation.ended_ns.unwrap_or(NEVER),
            },
            effect,
        });
        of_item.push(operation);
    }
    (items, of_item)
}
