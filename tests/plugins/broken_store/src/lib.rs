//! Stores with the text protocol of `kv.server` that do some commands wrong. The checks of
//! the kv plugin must find each kind of error.

use runner_sdk::{Behavior, Context, Node, Peer, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the store does wrong, and how often.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// What it does wrong.
    fault: Mistake,
    /// Every command whose number is a multiple of this one is done wrong.
    every: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            fault: Mistake::None,
            every: 50,
        }
    }
}

/// What a store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mistake {
    /// Nothing.
    None,
    /// A get returns the value before the last one.
    StaleRead,
    /// The reply to a set is `ok`, and the set is not done.
    LostWrite,
    /// The reply to a delete is `ok`, and the delete is not done.
    LostDelete,
    /// A set writes another key.
    WrongKey,
    /// The reply to the second of two deletes is `ok`, too.
    DeletesTwice,
}

/// A store with a fault.
pub struct Store {
    /// The value of each key, none if it was deleted, and the value before.
    values: BTreeMap<String, [Option<String>; 2]>,
    commands: u64,
}

impl Behavior for Store {
    type Config = Config;
    const NAME: &'static str = "store";
    const DOCS: &'static str = "A key-value store that now and then breaks its word.";

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Store {
            values: BTreeMap::new(),
            commands: 0,
        })
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        let config = node.config();
        self.commands += 1;
        let fault = match self.commands.is_multiple_of(config.every) {
            true => config.fault,
            false => Mistake::None,
        };
        let reply = self.answer(std::str::from_utf8(bytes)?, fault);
        node.send(from, reply.as_bytes())
    }
}

impl Store {
    fn answer(&mut self, message: &str, fault: Mistake) -> String {
        let words: Vec<&str> = message.splitn(3, ' ').collect();
        let key = words.get(1).copied().unwrap_or_default().to_owned();
        let found = self.values.get(&key).cloned().unwrap_or_default();
        let [value, before] = found;
        let or_not_found = |value: Option<String>| value.unwrap_or_else(|| "not found".to_owned());
        match (words[0], fault) {
            ("get", Mistake::StaleRead) => or_not_found(before),
            ("get", _) => or_not_found(value),
            ("set", Mistake::LostWrite) | ("delete", Mistake::LostDelete) => "ok".to_owned(),
            ("set", _) => {
                let key = if fault == Mistake::WrongKey {
                    "key-1".to_owned()
                } else {
                    key
                };
                let last = self.values.get(&key).and_then(|it| it[0].clone());
                self.values.insert(key, [Some(words[2].to_owned()), last]);
                "ok".to_owned()
            }
            ("delete", _) => {
                let was_there = value.is_some();
                self.values.insert(key, [None, value]);
                match was_there || fault == Mistake::DeletesTwice {
                    true => "ok".to_owned(),
                    false => "not found".to_owned(),
                }
            }
            (word, _) => format!("error: unknown command `{word}`"),
        }
    }
}

runner_sdk::plugin! {
    name: "broken_store",
    docs: "Key-value stores that break their word, for tests of the check that finds out.",
    behaviors: [Store],
}
