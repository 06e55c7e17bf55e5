//! `echo` and `unique-ids`: operations that know nothing of each other.

use super::{Operation, Values, Workload, field};
use crate::body::Fields;
use runner_sdk::Random;
use serde_json::Value;

/// Each text comes back.
pub(super) struct Echo {
    pub values: Values,
}

impl Workload for Echo {
    fn next(&mut self, _: &mut Random) -> Operation {
        let text = Value::from(format!("Please echo {}", self.values.next()));
        Operation::reads("echo", text.clone(), "echo").with("echo", text)
    }

    fn result(&mut self, _: &Operation, reply: &Fields) -> Result<Value, String> {
        field(reply, "echo", "what the request had there").cloned()
    }
}

/// Ids, none of them twice.
pub(super) struct UniqueIds;

impl Workload for UniqueIds {
    fn next(&mut self, _: &mut Random) -> Operation {
        Operation::changes("generate", Value::Null, "generate")
    }

    fn result(&mut self, _: &Operation, reply: &Fields) -> Result<Value, String> {
        field(reply, "id", "an id").cloned()
    }
}
