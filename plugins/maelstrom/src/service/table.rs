//! `lin-kv`: a table.

use super::Kind;
use super::request::Request;
use crate::body::Fields;
use runner_sdk::Random;
use serde_json::Value;
use std::collections::BTreeMap;

/// What `lin-kv` keeps: the value of each key.
#[derive(Default)]
pub struct Table {
    values: BTreeMap<String, Value>,
}

impl Kind for Table {
    const NAME: &'static str = "lin-kv";
    const DOCS: &'static str =
        "A linearizable store: `read`, `write` and `cas`, one after the other.";

    fn reply(&mut self, _: u32, request: &Fields, _: &mut Random) -> String {
        let request = match Request::read(request) {
            Ok(request) => request,
            Err(reply) => return reply,
        };
        let answer = request.answer(self.values.get(&request.key));
        if let Some(value) = answer.change {
            self.values.insert(request.key, value);
        }
        answer.reply
    }
}
