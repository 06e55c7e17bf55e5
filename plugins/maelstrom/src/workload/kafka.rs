//! `kafka`: logs of messages, each at an offset of its key.
//!
//! A client sends messages, polls the keys that it is assigned from the offset after the last one
//! that it got, and commits what it got. With `assign` it takes other keys, and goes on there from
//! the committed offsets. At the end it reads all keys from offset 0 until nothing more comes.

use super::{Operation, Values, Workload, field, integer};
use crate::body::Fields;
use runner_sdk::Random;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The keys of the logs, and the positions of a client in them.
pub(super) struct Logs {
    values: Values,
    keys: u64,
    /// The keys that the client polls, and the offset from which it reads each.
    positions: BTreeMap<String, i64>,
    /// The highest offsets that it got and has not committed.
    uncommitted: BTreeMap<String, i64>,
    last: Last,
}

/// Where the last reads are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    NotBegun,
    Reading,
    Ended,
}

impl Logs {
    pub(super) fn new(values: Values, keys: u64) -> Logs {
        Logs {
            values,
            keys,
            positions: BTreeMap::new(),
            uncommitted: BTreeMap::new(),
            last: Last::NotBegun,
        }
    }

    fn send(&mut self, random: &mut Random) -> Operation {
        let (key, message) = (random.below(self.keys).to_string(), self.values.next());
        Operation::changes("send", json!([key, message]), "send")
            .with("key", key.into())
            .with("msg", message.into())
    }

    fn poll(&self) -> Operation {
        let offsets = json!(self.positions);
        Operation::reads("poll", offsets.clone(), "poll").with("offsets", offsets)
    }

    fn commit(&mut self) -> Operation {
        let offsets = json!(std::mem::take(&mut self.uncommitted));
        Operation::changes("commit", offsets.clone(), "commit_offsets").with("offsets", offsets)
    }

    /// Takes on each key with probability 1/2, and at least one.
    fn assign(&self, random: &mut Random) -> Operation {
        let one = random.below(self.keys);
        let keys = (0..self.keys).filter(|&key| random.chance(0.5) || key == one);
        let keys: Vec<String> = keys.map(|key| key.to_string()).collect();
        Operation::reads("assign", json!(keys), "list_committed_offsets").with("keys", json!(keys))
    }

    fn polled(&mut self, reply: &Fields) -> Result<Value, String> {
        let found = field(reply, "msgs", "a table of keys and lists")?;
        let form = "has `msgs` that are no table of keys and lists of [offset, message]";
        let of_keys = found.as_object().ok_or(form)?;
        let mut is_empty = true;
        for (key, pairs) in of_keys {
            for pair in pairs.as_array().ok_or(form)? {
                let pair = pair.as_array().filter(|it| it.len() == 2).ok_or(form)?;
                let offset = pair[0].as_i64().ok_or(form)?;
                is_empty = false;
                if let Some(position) = self.positions.get_mut(key) {
                    *position = offset.saturating_add(1).max(*position);
                }
                let highest = self.uncommitted.entry(key.clone()).or_insert(offset);
                *highest = offset.max(*highest);
            }
        }
        if self.last == Last::Reading && is_empty {
            self.last = Last::Ended;
        }
        Ok(found.clone())
    }

    fn assigned(&mut self, keys: &Value, reply: &Fields) -> Result<Value, String> {
        let found = field(reply, "offsets", "a table of keys and offsets")?;
        let form = "has `offsets` that are no table of keys and whole numbers";
        let committed: &Map<String, Value> = found.as_object().ok_or(form)?;
        let mut positions = BTreeMap::new();
        for key in keys
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let committed = match committed.get(key) {
                Some(Value::Null) | None => None,
                Some(offset) => Some(offset.as_i64().ok_or(form)?),
            };
            let own = self.positions.get(key).copied();
            let from = own
                .or(committed.map(|it| it.saturating_add(1)))
                .unwrap_or(0);
            positions.insert(key.to_owned(), from);
        }
        self.positions = positions;
        Ok(found.clone())
    }
}

impl Workload for Logs {
    fn next(&mut self, random: &mut Random) -> Operation {
        let kind = random.unit();
        if self.positions.is_empty() || kind < 0.05 {
            return self.assign(random);
        }
        match kind {
            _ if kind < 0.5 => self.send(random),
            _ if kind < 0.6 && !self.uncommitted.is_empty() => self.commit(),
            _ => self.poll(),
        }
    }

    fn result(&mut self, operation: &Operation, reply: &Fields) -> Result<Value, String> {
        match operation.f {
            "send" => Ok(integer(reply, "offset")?.into()),
            "poll" => self.polled(reply),
            "assign" => self.assigned(&operation.value, reply),
            _ => Ok(Value::Null),
        }
    }

    fn last(&mut self) -> Option<Operation> {
        if self.last == Last::NotBegun {
            self.last = Last::Reading;
            self.positions = (0..self.keys).map(|key| (key.to_string(), 0)).collect();
        }
        (self.last == Last::Reading).then(|| self.poll())
    }
}
