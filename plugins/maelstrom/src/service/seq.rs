//! `seq-kv`: a store whose reads may be old.
//!
//! The states of the store are numbered, and all clients see them in this order. Each client has seen
//! the states up to one of them. A request that changes nothing is answered from any state between
//! that and the latest; a change is done on the latest. So each client sees its own changes and never
//! goes back, but it may not see those of others until it changes something itself.

use super::Kind;
use super::request::Request;
use crate::body::Fields;
use runner_sdk::Random;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// How many states back a request may be answered from.
const STATES: u64 = 32;

/// What `seq-kv` keeps: the values of each key, with the states in which they began.
#[derive(Default)]
pub struct Past {
    /// By key: number of a state and the value from then on, the oldest first.
    values: BTreeMap<String, VecDeque<(u64, Value)>>,
    /// By client: the latest state that it has seen.
    seen: BTreeMap<u32, u64>,
    latest: u64,
}

impl Past {
    fn value(&self, key: &str, state: u64) -> Option<&Value> {
        let values = self.values.get(key)?;
        let found = values.iter().rev().find(|(since, _)| *since <= state);
        found.map(|(_, value)| value)
    }

    fn change(&mut self, key: String, value: Value) {
        self.latest += 1;
        let oldest = self.latest.saturating_sub(STATES);
        let values = self.values.entry(key).or_default();
        values.push_back((self.latest, value));
        while values.get(1).is_some_and(|(since, _)| *since <= oldest) {
            values.pop_front();
        }
    }
}

impl Kind for Past {
    const NAME: &'static str = "seq-kv";
    const DOCS: &'static str = "A sequentially consistent store: `read`, `write` and `cas`. A request that changes \
        nothing may be answered from one of the last 32 states, but no client ever goes back.";

    fn reply(&mut self, client: u32, request: &Fields, random: &mut Random) -> String {
        let request = match Request::read(request) {
            Ok(request) => request,
            Err(reply) => return reply,
        };
        let seen = self.seen.get(&client).copied().unwrap_or(0);
        let oldest = seen.max(self.latest.saturating_sub(STATES - 1));
        let state = random.uniform_int(oldest..=self.latest);
        let answer = request.answer(self.value(&request.key, state));
        if answer.change.is_none() {
            self.seen.insert(client, state);
            return answer.reply;
        }
        // What it would do to an old state means nothing: it is done on the latest.
        let answer = request.answer(self.value(&request.key, self.latest));
        if let Some(value) = answer.change {
            self.change(request.key, value);
        }
        self.seen.insert(client, self.latest);
        answer.reply
    }
}
