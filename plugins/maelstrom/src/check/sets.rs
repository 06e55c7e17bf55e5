//! The checks `maelstrom.broadcast` and `maelstrom.g-set`: what was added is read by all, in the end.
//!
//! A value is *known* from the moment when its addition was acknowledged, or when a read had it. It
//! is *lost* at a node if the node's last read, which began later, does not have it. This is judged
//! after the quiet time alone: before, a value may be on its way. How long it took to be there for
//! good is its *stable latency*: from when it was known to the beginning of the last read, of any
//! node, that did not have it (the idea of the set-full checker of Jepsen, by Kyle Kingsbury).

use super::Nothing;
use crate::history::{History, Judge, Operation};
use runner_sdk::Verdict;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// All that was broadcast reaches all nodes.
pub struct Broadcast;

impl Judge for Broadcast {
    type Config = Nothing;
    const NAME: &'static str = "broadcast";
    const DOCS: &'static str = "Every message whose `broadcast` was acknowledged, or that a read had, is in \
        the last read of each node, after the quiet time; and nobody reads what nobody broadcast. A \
        message may be read more than once. The verdict tells how long messages took to be everywhere. \
        Unknown if no last read came, or if a node that lacks a message still changed.";

    fn judge(_: &Nothing, history: &History) -> Verdict {
        judge(history, "broadcast", "message", true)
    }
}

/// All that was added stays in the set.
pub struct GSet;

impl Judge for GSet {
    type Config = Nothing;
    const NAME: &'static str = "g-set";
    const DOCS: &'static str = "Every element whose `add` was acknowledged, or that a read had, is in the \
        last read of each node, after the quiet time; nobody reads what nobody added, and no read has \
        an element twice. Unknown if no last read came, or if a node that lacks an element still changed.";

    fn judge(_: &Nothing, history: &History) -> Verdict {
        judge(history, "add", "element", false)
    }
}

/// A value that was added.
struct Added<'a> {
    text: &'a str,
    by: &'a Operation,
    /// The operation since whose end it is known.
    known: Option<&'a Operation>,
}

/// A read that came back.
struct Read<'a> {
    operation: &'a Operation,
    values: HashSet<&'a str>,
}

fn judge(history: &History, add: &str, noun: &str, duplicates: bool) -> Verdict {
    let texts: Vec<String> = history.of(add).map(|it| it.value.to_string()).collect();
    let mut added: Vec<Added<'_>> = Vec::new();
    let mut index_of: HashMap<&str, usize> = HashMap::new();
    for (by, text) in history.of(add).zip(&texts) {
        if let Some(earlier) = index_of.insert(text, added.len()) {
            let (one, other) = (&added[earlier].by.client, &by.client);
            return Verdict::unknown(format!(
                "{one} and {other} both add {text}, so nobody can tell whose it is: give each client a \
                 `number` of its own"
            ));
        }
        let known = by.is_ok().then_some(by);
        added.push(Added { text, by, known });
    }
    let mut reads = Vec::new();
    for operation in history.of("read") {
        let Some(Value::Array(values)) = operation.result() else {
            continue;
        };
        let mut own = HashSet::new();
        for value in values {
            let text = value.to_string();
            let Some(&index) = index_of.get(text.as_str()) else {
                return Verdict::fail(format!(
                    "{} has the {noun} {text}, which nobody added",
                    operation.asked
                ))
                .row(operation.completion());
            };
            let by = added[index].by;
            if operation.ended_ns < Some(by.began_ns) {
                return Verdict::fail(format!(
                    "{} has the {noun} {text} before it was added",
                    operation.asked
                ))
                .row(operation.completion())
                .row(by.invocation());
            }
            if !own.insert(added[index].text) && !duplicates {
                return Verdict::fail(format!("{} has the {noun} {text} twice", operation.asked))
                    .row(operation.completion());
            }
            let known = added[index].known;
            if known.is_none_or(|it| it.ended_ns > operation.ended_ns) {
                added[index].known = Some(operation);
            }
        }
        reads.push(Read {
            operation,
            values: own,
        });
    }
    lost(&added, &reads, noun).unwrap_or_else(|| passed(&added, &reads, noun))
}

/// A verdict other than passed, from the last reads of each node.
fn lost(added: &[Added<'_>], reads: &[Read<'_>], noun: &str) -> Option<Verdict> {
    let mut last: BTreeMap<&str, Vec<&Read<'_>>> = BTreeMap::new();
    for read in reads.iter().filter(|it| it.operation.is_last) {
        last.entry(&read.operation.asked).or_default().push(read);
    }
    if last.is_empty() {
        return Some(Verdict::unknown(
            "no last read came back: let the run last longer than `time_limit`, `quiet` and a timeout together",
        ));
    }
    let mut silent = reads.iter().map(|it| it.operation.asked.as_str());
    if let Some(silent) = silent.find(|asked| !last.contains_key(asked)) {
        return Some(Verdict::unknown(format!(
            "no last read of {silent} came back"
        )));
    }
    let mut changing = None;
    for (asked, reads) in last {
        let read = reads[reads.len() - 1];
        let missing: Vec<&Added<'_>> = added
            .iter()
            .filter(|it| {
                it.known
                    .is_some_and(|known| known.ended_ns <= Some(read.operation.began_ns))
            })
            .filter(|it| !read.values.contains(it.text))
            .collect();
        let Some(first) = missing.first() else {
            continue;
        };
        let is_stable = reads
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|it| it.values == read.values);
        if !is_stable {
            changing.get_or_insert_with(|| {
                Verdict::unknown(format!(
                    "{asked} lacked the {noun} {} in its last read, and still changed: let `quiet` or \
                     `last_reads` be longer",
                    first.text
                ))
            });
            continue;
        }
        let others = match missing.len() {
            1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let how = match first.by.is_ok() {
            true => "was acknowledged",
            false => "was read",
        };
        let mut verdict = Verdict::fail(format!(
            "{asked} has lost the {noun} {}{others}, which {how}",
            first.text
        ))
        .row(first.by.invocation());
        if let Some(known) = first.known {
            verdict = verdict.row(known.completion());
        }
        let (client, count) = (&read.operation.client, read.values.len());
        let note = format!("{client} gets {count} values, without {}", first.text);
        return Some(verdict.row(read.operation.completion().note(note)));
    }
    changing
}

/// What was seen of a run in which nothing was lost.
fn passed(added: &[Added<'_>], reads: &[Read<'_>], noun: &str) -> Verdict {
    let acknowledged = added.iter().filter(|it| it.by.is_ok()).count();
    if acknowledged == 0 {
        return Verdict::unknown(format!(
            "no {noun} was acknowledged: there is nothing to judge"
        ));
    }
    let nodes: HashSet<&str> = reads.iter().map(|it| it.operation.asked.as_str()).collect();
    let mut latencies: Vec<u64> = added
        .iter()
        .filter_map(|it| stable_latency(it, reads))
        .collect();
    latencies.sort_unstable();
    let stale = latencies.iter().filter(|&&it| it > 0).count();
    let at = |share: f64| {
        let index = ((latencies.len() - 1) as f64 * share).round() as usize;
        format!("{} ms", latencies[index] / 1_000_000)
    };
    Verdict::passed(format!(
        "{acknowledged} acknowledged, all in the last reads of {} nodes; {stale} were stale at first, stable \
         latency p50 {}, p95 {}, p99 {}, max {}",
        nodes.len(),
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0)
    ))
}

/// The time from when a value was known to the last read without it `[ns]`; 0 if all reads after
/// that have it.
fn stable_latency(added: &Added<'_>, reads: &[Read<'_>]) -> Option<u64> {
    let known_ns = added.known?.ended_ns?;
    let without = reads
        .iter()
        .rev()
        .find(|it| !it.values.contains(added.text))?;
    Some(without.operation.began_ns.saturating_sub(known_ns))
}
