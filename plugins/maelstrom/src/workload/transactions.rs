//! `txn-list-append` and `txn-rw-register`: transactions of reads and appends to lists, or of reads and
//! writes of registers, half of each.

use super::{Operation, Values, Workload, list};
use crate::body::Fields;
use crate::client::ClientConfig;
use runner_sdk::Random;
use serde_json::{Value, json};

/// The transactions of a client.
pub(super) struct Transactions {
    values: Values,
    /// The word for a write: `append` or `w`.
    write: &'static str,
    keys: u64,
    max_length: u64,
    /// After so many writes the client goes on to new keys.
    block: u64,
    writes: u64,
}

impl Transactions {
    pub(super) fn new(values: Values, write: &'static str, config: &ClientConfig) -> Transactions {
        Transactions {
            values,
            write,
            keys: config.keys(),
            max_length: config.max_txn_length,
            block: config.keys().saturating_mul(config.max_writes_per_key),
            writes: 0,
        }
    }

    fn part(&mut self, random: &mut Random) -> Value {
        let key = self.writes / self.block * self.keys + random.below(self.keys);
        if random.chance(0.5) {
            return json!(["r", key, null]);
        }
        self.writes += 1;
        json!([self.write, key, self.values.next()])
    }
}

impl Workload for Transactions {
    fn next(&mut self, random: &mut Random) -> Operation {
        let length = random.uniform_int(1..=self.max_length);
        let parts: Vec<Value> = (0..length).map(|_| self.part(random)).collect();
        let changes = parts.iter().any(|part| part[0] != "r");
        let parts = Value::Array(parts);
        Operation {
            changes,
            ..Operation::reads("txn", parts.clone(), "txn")
        }
        .with("txn", parts)
    }

    /// Reads have a result; all else is as it was asked.
    fn result(&mut self, operation: &Operation, reply: &Fields) -> Result<Value, String> {
        let found = list(reply, "txn")?;
        let asked = operation.value.as_array().map_or(&[][..], Vec::as_slice);
        if found.len() != asked.len() {
            let (found, asked) = (found.len(), asked.len());
            return Err(format!(
                "has a `txn` of {found} operations, expected {asked}"
            ));
        }
        for (index, (found, asked)) in found.iter().zip(asked).enumerate() {
            let number = index + 1;
            let is_read = asked[0] == "r";
            let parts = found.as_array().filter(|parts| parts.len() == 3);
            let same = parts.is_some_and(|parts| {
                parts[0] == asked[0] && parts[1] == asked[1] && (is_read || parts[2] == asked[2])
            });
            if !same {
                return Err(format!(
                    "has {found} as operation {number}, asked was {asked}"
                ));
            }
            let is_list = found[2].is_array() || found[2].is_null();
            if is_read && self.write == "append" && !is_list {
                return Err(format!(
                    "reads {found} in operation {number}, expected a list or null"
                ));
            }
        }
        Ok(Value::Array(found.clone()))
    }
}
