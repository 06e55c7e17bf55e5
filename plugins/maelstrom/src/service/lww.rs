//! `lww-kv`: several copies that agree in the end.
//!
//! Each request is answered from any of the copies, which changes that copy alone. Before each request
//! one copy takes over what another one has: of two values the one with the later timestamp, and of
//! equal timestamps the greater text. Timestamps are Lamport clocks of the copies, so a write that
//! knows of another one is later; of two that do not, one is lost.

use super::Kind;
use super::request::Request;
use crate::body::Fields;
use runner_sdk::Random;
use serde_json::Value;
use std::collections::BTreeMap;

/// The number of copies.
const COPIES: usize = 5;

/// What `lww-kv` keeps.
#[derive(Default)]
pub struct Copies {
    copies: [One; COPIES],
}

/// One of the copies.
#[derive(Clone, Default)]
struct One {
    clock: u64,
    /// By key: timestamp and value.
    values: BTreeMap<String, (u64, Value)>,
}

impl One {
    /// Takes over what another copy has.
    fn merge(&mut self, other: &One) {
        self.clock = self.clock.max(other.clock);
        for (key, (time, value)) in &other.values {
            let is_later = match self.values.get(key) {
                None => true,
                Some((own, _)) if own != time => own < time,
                Some((_, own)) => {
                    let (own, value) = (own.to_string(), value.to_string());
                    own < value
                }
            };
            if is_later {
                self.values.insert(key.clone(), (*time, value.clone()));
            }
        }
    }
}

impl Kind for Copies {
    const NAME: &'static str = "lww-kv";
    const DOCS: &'static str = "A store of five copies in which the last write wins: `read`, `write` and `cas`, each on \
        any of the copies, which agree only in the end.";

    fn reply(&mut self, _: u32, request: &Fields, random: &mut Random) -> String {
        let request = match Request::read(request) {
            Ok(request) => request,
            Err(reply) => return reply,
        };
        let (from, to) = (random.index(COPIES), random.index(COPIES));
        if from != to {
            let other = self.copies[from].clone();
            self.copies[to].merge(&other);
        }
        let copy = &mut self.copies[random.index(COPIES)];
        let answer = request.answer(copy.values.get(&request.key).map(|(_, value)| value));
        if let Some(value) = answer.change {
            copy.clock += 1;
            copy.values.insert(request.key, (copy.clock, value));
        }
        answer.reply
    }
}
