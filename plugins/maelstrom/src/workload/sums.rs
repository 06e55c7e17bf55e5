//! `broadcast`, `g-set`, `g-counter`, `pn-counter`: additions in any order, and reads of their sum.
//! Half of the operations add, half read. At the end each client reads until two reads in a row
//! have the same result.

use super::{Operation, Values, Workload, integer, list};
use crate::body::Fields;
use runner_sdk::Random;
use serde_json::Value;

/// The words of a workload that adds values to a set.
pub(super) struct Words {
    /// The type of the request that adds.
    add: &'static str,
    /// Its field for the value.
    value: &'static str,
    /// The field of a read's reply.
    values: &'static str,
}

/// Messages for all nodes.
pub(super) const BROADCAST: Words = Words {
    add: "broadcast",
    value: "message",
    values: "messages",
};

/// Elements of a set.
pub(super) const G_SET: Words = Words {
    add: "add",
    value: "element",
    values: "value",
};

/// The largest number that an operation adds to a counter.
const MAX_DELTA: u64 = 4;

/// The last reads: until two in a row are the same.
#[derive(Default)]
struct LastReads {
    /// Whether the reads now are the last ones.
    begun: bool,
    result: Option<Value>,
    is_stable: bool,
}

impl LastReads {
    fn next(&mut self) -> Option<Operation> {
        self.begun = true;
        (!self.is_stable).then(|| Operation::reads("read", Value::Null, "read"))
    }

    fn take(&mut self, result: &Value) {
        if self.begun {
            self.is_stable = self.result.as_ref() == Some(result);
            self.result = Some(result.clone());
        }
    }
}

/// A set, or messages that are broadcast.
pub(super) struct Set {
    values: Values,
    words: &'static Words,
    last: LastReads,
}

impl Set {
    pub(super) fn new(values: Values, words: &'static Words) -> Set {
        Set {
            values,
            words,
            last: LastReads::default(),
        }
    }
}

impl Workload for Set {
    fn next(&mut self, random: &mut Random) -> Operation {
        if random.chance(0.5) {
            return Operation::reads("read", Value::Null, "read");
        }
        let value = Value::from(self.values.next());
        Operation::changes(self.words.add, value.clone(), self.words.add)
            .with(self.words.value, value)
    }

    fn result(&mut self, operation: &Operation, reply: &Fields) -> Result<Value, String> {
        if operation.changes {
            return Ok(Value::Null);
        }
        let found = Value::Array(list(reply, self.words.values)?.clone());
        // Nodes list their values in any order.
        let mut sorted: Vec<String> = found
            .as_array()
            .into_iter()
            .flatten()
            .map(Value::to_string)
            .collect();
        sorted.sort_unstable();
        self.last.take(&sorted.into());
        Ok(found)
    }

    fn last(&mut self) -> Option<Operation> {
        self.last.next()
    }
}

/// A counter.
pub(super) struct Counter {
    /// Whether it goes down, too.
    falls: bool,
    last: LastReads,
}

impl Counter {
    pub(super) fn new(falls: bool) -> Counter {
        Counter {
            falls,
            last: LastReads::default(),
        }
    }
}

impl Workload for Counter {
    fn next(&mut self, random: &mut Random) -> Operation {
        if random.chance(0.5) {
            return Operation::reads("read", Value::Null, "read");
        }
        let delta = match self.falls {
            true => random.uniform_int(0..=2 * MAX_DELTA) as i64 - MAX_DELTA as i64,
            false => random.uniform_int(0..=MAX_DELTA) as i64,
        };
        Operation::changes("add", delta.into(), "add").with("delta", delta.into())
    }

    fn result(&mut self, operation: &Operation, reply: &Fields) -> Result<Value, String> {
        if operation.changes {
            return Ok(Value::Null);
        }
        let found = Value::from(integer(reply, "value")?);
        self.last.take(&found);
        Ok(found)
    }

    fn last(&mut self) -> Option<Operation> {
        self.last.next()
    }
}
