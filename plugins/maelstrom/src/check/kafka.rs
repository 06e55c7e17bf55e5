//! The check `maelstrom.kafka`: logs in which each message has one offset, and each reader sees all of
//! them in their order.
//!
//! What it finds, each from two or three records alone:
//!
//! - *inconsistent offsets*: two messages at one offset of a key;
//! - *duplicates*: one message at two offsets;
//! - *garbage*: a message that nobody sent to that key;
//! - *nonmonotonic polls*: offsets of a reply that do not grow, or that are below the one asked for;
//! - *nonmonotonic sends*: a client's later message at a lower offset than its earlier one;
//! - *lost messages*: a poll has an offset from before a message and one from after it, and not the
//!   message, whose sending was acknowledged before the poll began, or that an earlier poll had;
//! - *committed offsets* above all that anybody committed.
//!
//! Nodes may show a message as late as they like, so a message that no poll had, and no poll went past,
//! is no failure: with such messages the verdict is unknown.

#[cfg(test)]
mod tests;

use super::Nothing;
use crate::history::{History, Judge, Operation};
use runner_sdk::Verdict;
use serde_json::Value;
use std::collections::BTreeMap;

/// Each log is one sequence.
pub struct Kafka;

impl Judge for Kafka {
    type Config = Nothing;
    const NAME: &'static str = "kafka";
    const DOCS: &'static str = "Each message that was sent to a key has one offset there, each offset one message; polls \
        have growing offsets from the one asked for, and pass over no message that was acknowledged before; offsets of one \
        client's messages grow; nobody has committed less than what is said to be committed. Unknown if \
        nothing was polled, or if an acknowledged message is in no poll and no poll went past it.";

    fn judge(_: &Nothing, history: &History) -> Verdict {
        let logs = Logs::new(history);
        logs.places()
            .or_else(|| sends(history))
            .or_else(|| committed(history))
            .or_else(|| logs.lost())
            .unwrap_or_else(|| logs.passed())
    }
}

/// A message at its offset, as somebody saw it.
struct Seen<'a> {
    offset: i64,
    message: String,
    /// The poll that had it, or the sending that was acknowledged.
    by: &'a Operation,
}

/// A poll of one key.
struct Poll<'a> {
    from: i64,
    offsets: Vec<i64>,
    by: &'a Operation,
}

/// What was seen of the logs, by key.
#[derive(Default)]
struct Logs<'a> {
    seen: BTreeMap<&'a str, Vec<Seen<'a>>>,
    polls: BTreeMap<&'a str, Vec<Poll<'a>>>,
    /// By key and message: the sending.
    sent: BTreeMap<(&'a str, String), &'a Operation>,
}

impl<'a> Logs<'a> {
    fn new(history: &'a History) -> Logs<'a> {
        let mut logs = Logs::default();
        for by in history.of("send") {
            let (key, message) = (by.value[0].as_str().unwrap_or(""), by.value[1].to_string());
            if let Some(offset) = by.result().and_then(Value::as_i64) {
                let message = message.clone();
                logs.seen.entry(key).or_default().push(Seen {
                    offset,
                    message,
                    by,
                });
            }
            logs.sent.insert((key, message), by);
        }
        for by in history.of("poll") {
            for (key, pairs) in by.result().and_then(Value::as_object).into_iter().flatten() {
                let mut offsets = Vec::new();
                for pair in pairs.as_array().into_iter().flatten() {
                    let (offset, message) = (pair[0].as_i64().unwrap_or(0), pair[1].to_string());
                    offsets.push(offset);
                    logs.seen.entry(key).or_default().push(Seen {
                        offset,
                        message,
                        by,
                    });
                }
                let from = by
                    .value
                    .get(key)
                    .and_then(Value::as_i64)
                    .unwrap_or(i64::MIN);
                logs.polls
                    .entry(key)
                    .or_default()
                    .push(Poll { from, offsets, by });
            }
        }
        logs
    }

    /// Messages and offsets that contradict each other, and polls that go back.
    fn places(&self) -> Option<Verdict> {
        for (key, seen) in &self.seen {
            let (mut at, mut of) = (BTreeMap::new(), BTreeMap::new());
            for one in seen {
                let Seen {
                    offset,
                    message,
                    by,
                } = one;
                if !self.sent.contains_key(&(*key, message.clone())) {
                    let reason = format!(
                        "garbage: key {key} has {message} at offset {offset}, which nobody sent to it"
                    );
                    return Some(Verdict::fail(reason).row(by.completion()));
                }
                let other: &Seen<'_> = at.entry(offset).or_insert(one);
                if other.message != *message {
                    let reason = format!(
                        "inconsistent offsets: key {key} has {} and {message} at offset {offset}",
                        other.message
                    );
                    return Some(both(reason, other.by, by));
                }
                let other: &Seen<'_> = of.entry(message).or_insert(one);
                if other.offset != *offset {
                    let reason = format!(
                        "duplicate: key {key} has {message} at the offsets {} and {offset}",
                        other.offset
                    );
                    return Some(both(reason, other.by, by));
                }
            }
        }
        for (key, polls) in &self.polls {
            for Poll { from, offsets, by } in polls {
                let back = offsets.windows(2).find(|pair| pair[0] >= pair[1]);
                if let Some(pair) = back {
                    let reason = format!(
                        "nonmonotonic poll: key {key} has offset {} after {}",
                        pair[1], pair[0]
                    );
                    return Some(
                        Verdict::fail(reason)
                            .row(by.invocation())
                            .row(by.completion()),
                    );
                }
                if let Some(below) = offsets.iter().find(|offset| *offset < from) {
                    let reason = format!(
                        "nonmonotonic poll: key {key} has offset {below}, asked for was {from} and later"
                    );
                    return Some(
                        Verdict::fail(reason)
                            .row(by.invocation())
                            .row(by.completion()),
                    );
                }
            }
        }
        None
    }

    /// A message that a poll passes over.
    fn lost(&self) -> Option<Verdict> {
        for (key, seen) in &self.seen {
            // By offset: who knew of the message first.
            let mut known: BTreeMap<i64, &Seen<'_>> = BTreeMap::new();
            for one in seen {
                let first = known.entry(one.offset).or_insert(one);
                if one.by.ended_ns < first.by.ended_ns {
                    *first = one;
                }
            }
            for poll in self.polls.get(key).into_iter().flatten() {
                let (Some(&last), from) = (poll.offsets.last(), poll.from) else {
                    continue;
                };
                // Which offset was asked for is not known of a key that was not asked for.
                let first = if from == i64::MIN {
                    poll.offsets[0]
                } else {
                    from
                };
                let between = known.range(first..=last.max(first));
                let passed = between
                    .map(|(_, one)| *one)
                    .filter(|one| one.by.ended_ns <= Some(poll.by.began_ns))
                    .find(|one| poll.offsets.binary_search(&one.offset).is_err());
                if let Some(one) = passed {
                    let (offset, message) = (one.offset, &one.message);
                    let polled = seen
                        .iter()
                        .any(|it| it.offset == offset && it.by.f == "poll");
                    let what = if polled {
                        "skipped message"
                    } else {
                        "lost message"
                    };
                    let reason = format!(
                        "{what}: key {key} has {message} at offset {offset}, but {} reads past it, from {first} to {last}",
                        poll.by.client
                    );
                    return Some(both(reason, one.by, poll.by));
                }
            }
        }
        None
    }

    fn passed(&self) -> Verdict {
        let polled: usize = self
            .polls
            .values()
            .flatten()
            .map(|it| it.offsets.len())
            .sum();
        if polled == 0 {
            return Verdict::unknown("no message was polled: there is nothing to judge");
        }
        let mut unread = Vec::new();
        let mut sent = 0;
        for (key, seen) in &self.seen {
            let read: std::collections::BTreeSet<i64> = seen
                .iter()
                .filter(|it| it.by.f == "poll")
                .map(|it| it.offset)
                .collect();
            let acknowledged = seen.iter().filter(|it| it.by.f == "send");
            sent += acknowledged.clone().count();
            unread.extend(
                acknowledged
                    .filter(|it| !read.contains(&it.offset))
                    .map(|it| (key, it)),
            );
        }
        match unread.first() {
            Some((key, one)) => Verdict::unknown(format!(
                "{} of {sent} acknowledged messages are in no poll, the first {} at offset {} of key {key}; no poll \
                 went past them",
                unread.len(),
                one.message,
                one.offset
            )),
            None => Verdict::passed(format!(
                "{sent} messages in {} logs, all of them polled, {polled} times in all",
                self.seen.len()
            )),
        }
    }
}

/// A client's later message at a lower offset.
fn sends(history: &History) -> Option<Verdict> {
    let mut last: BTreeMap<(&str, &str), (i64, &Operation)> = BTreeMap::new();
    for by in history.of("send") {
        let Some(offset) = by.result().and_then(Value::as_i64) else {
            continue;
        };
        let key = by.value[0].as_str().unwrap_or("");
        if let Some((before, earlier)) = last.insert((&by.client, key), (offset, by))
            && before >= offset
        {
            let reason = format!(
                "nonmonotonic send: {} sent to key {key} at offset {offset} after {before}",
                by.client
            );
            return Some(both(reason, earlier, by));
        }
    }
    None
}

/// A committed offset that nobody committed.
fn committed(history: &History) -> Option<Verdict> {
    let mut highest: BTreeMap<&str, i64> = BTreeMap::new();
    for by in history.of("commit") {
        for (key, offset) in by.value.as_object().into_iter().flatten() {
            let offset = offset.as_i64().unwrap_or(i64::MIN);
            let known = highest.entry(key).or_insert(offset);
            *known = offset.max(*known);
        }
    }
    for by in history.of("assign") {
        let asked: Vec<&str> = by
            .value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (key, offset) in by.result().and_then(Value::as_object).into_iter().flatten() {
            let known = highest.get(key.as_str()).copied();
            let Some(offset) = offset.as_i64().filter(|_| asked.contains(&key.as_str())) else {
                continue;
            };
            // Some nodes say 0 where nothing is committed.
            if offset > known.unwrap_or(0) {
                let known = known.map_or("nothing".to_owned(), |it| format!("at most {it}"));
                let reason = format!(
                    "committed offset: {} says {offset} for key {key}, committed was {known}",
                    by.asked
                );
                return Some(Verdict::fail(reason).row(by.completion()));
            }
        }
    }
    None
}

fn both(reason: String, one: &Operation, other: &Operation) -> Verdict {
    let (first, second) = match one.began_ns <= other.began_ns {
        true => (one, other),
        false => (other, one),
    };
    Verdict::fail(reason)
        .row(first.invocation())
        .row(first.completion())
        .row(second.invocation())
        .row(second.completion())
}
