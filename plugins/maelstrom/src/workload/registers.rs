//! `lin-kv`: reads, writes and compare-and-sets of a few registers. Values are from 0 to 4, so that a
//! compare-and-set often finds what it expects, and a stale read is often told apart.

use super::{Operation, Workload, field};
use crate::body::Fields;
use runner_sdk::Random;
use serde_json::{Value, json};

/// The largest value.
const MAX_VALUE: u64 = 4;

/// The registers that a client uses.
pub(super) struct Registers {
    keys: u64,
    /// After so many operations it goes on to new keys: a search for an order of all operations on
    /// a key takes the longer, the more there are.
    block: u64,
    begun: u64,
}

impl Registers {
    pub(super) fn new(keys: u64, max_writes_per_key: u64) -> Registers {
        Registers {
            keys,
            block: keys.saturating_mul(max_writes_per_key),
            begun: 0,
        }
    }
}

impl Workload for Registers {
    fn next(&mut self, random: &mut Random) -> Operation {
        let key = self.begun / self.block * self.keys + random.below(self.keys);
        self.begun += 1;
        let kind = random.below(3);
        let (one, other) = (
            random.uniform_int(0..=MAX_VALUE),
            random.uniform_int(0..=MAX_VALUE),
        );
        let operation = match kind {
            0 => Operation::reads("read", json!([key, null]), "read"),
            1 => Operation::changes("write", json!([key, one]), "write"),
            _ => Operation::changes("cas", json!([key, [one, other]]), "cas"),
        };
        let operation = operation.with("key", key.into());
        match kind {
            0 => operation,
            1 => operation.with("value", one.into()),
            _ => operation.with("from", one.into()).with("to", other.into()),
        }
    }

    fn result(&mut self, operation: &Operation, reply: &Fields) -> Result<Value, String> {
        match operation.changes {
            true => Ok(Value::Null),
            false => field(reply, "value", "the value of the key").cloned(),
        }
    }
}
