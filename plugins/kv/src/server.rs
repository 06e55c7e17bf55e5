//! The server: does one command after the other and answers each.
//!
//! # Two protocols
//! A message is either a command of plain text ([`Command`]) or one of the Redis protocol,
//! as a listener with `framing = "resp"` hands it over: the value as it stands
//! on the wire. A behavior does not know by which listener a message came, so the message
//! itself must tell (`protocol = "auto"`):
//!
//! - `*` and a digit begin an array, which is how Redis clients send commands. No
//!   command of plain text begins with `*`.
//! - A line, its newline included, that begins with a word in capitals is a Redis
//!   command typed by a person (`PING\r\n`). Commands of plain text are in small
//!   letters. That is also the limit: `get a\r\n` typed at a Redis listener is a text
//!   command for the key `a\r\n`. Where a node has Redis listeners alone, `protocol = "resp"`
//!   takes every line for a Redis command; `"text"` takes nothing for one.
//! - Who has sent an array speaks Redis, and whatever line it sends later is Redis, too.
//!   (`redis-cli --pipe` sends an empty one at its end.)

mod redis;
#[cfg(test)]
mod tests;

use crate::command::{ERROR, NOT_FOUND, OK};
use crate::store::{Answer, Journal, Limits};
use crate::{Command, Refusal, Store};
use redis::After;
use runner_sdk::{Behavior, Column, ColumnInfo, Context, Event, Node, Peer, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::io::Write;

/// How many keys there are.
pub const KEYS: Column<u64> = Column::new(0, "keys", "keys in the store");

/// How large the store is.
pub const STORED: Column<u64> = Column::new(
    1,
    "stored_bytes",
    "sizes of all keys and values in the store [bytes]",
);

/// A message was not done.
pub const REFUSED: Event = Event::new(
    0,
    "refused",
    "a message was answered with an error: no command, or too large",
);

/// The config of `kv.server`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServerConfig {
    /// The largest key that is kept, in bytes.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub max_key: u64,

    /// The largest value that is kept, in bytes.
    #[schemars(range(max = 1_000_000_000))]
    pub max_value: u64,

    /// Keep all changes in `NODE.kv` in the run's folder, so that what was answered
    /// `ok` is there again after a crash and a restart. Needs a run that keeps files: with
    /// `--log off` it is refused.
    pub persist: bool,

    /// What a message is: a command of plain `text`, one of the Redis protocol (`resp`), or
    /// what its first bytes say (`auto`).
    pub protocol: Protocol,
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            max_key: 1 << 10,
            max_value: 1 << 20,
            persist: false,
            protocol: Protocol::Auto,
        }
    }
}

/// What a message is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// What its first bytes say.
    #[default]
    Auto,
    /// A command of plain text.
    Text,
    /// A command of the Redis protocol.
    Resp,
}

/// `kv.server`.
pub struct Server {
    store: Store,
    /// A reply in the making.
    reply: Vec<u8>,
    /// Who has sent an array, and not hung up.
    redis_peers: HashSet<Peer>,
}

impl Behavior for Server {
    type Config = ServerConfig;
    const NAME: &'static str = "server";
    const DOCS: &'static str = "Keeps values by their keys: `set KEY VALUE`, `get KEY`, `delete KEY`. \
        With `persist` they survive a crash. On a listener with `framing = \"resp\"` it speaks the \
        Redis protocol.";
    const COLUMNS: &'static [ColumnInfo] = &[KEYS.info(), STORED.info()];
    const EVENTS: &'static [Event] = &[REFUSED];
    const CONNECTS: bool = true;

    fn new(node: &mut Node<Self>) -> Result<Self> {
        let config = node.config();
        let limits = Limits {
            max_key: config.max_key,
            max_value: config.max_value,
        };
        let store = match config.persist {
            false => Store::new(limits),
            true => {
                let folder = node.run_folder().ok_or(
                    "`persist` needs a folder for its file, and this run keeps none: run it \
                     without `--log off`",
                )?;
                let path = folder.join(format!("{}.kv", node.name()));
                Store::open(limits, Journal::open(&path)?)?
            }
        };
        node.set(KEYS, store.keys());
        node.set(STORED, store.bytes());
        Ok(Server {
            store,
            reply: Vec::new(),
            redis_peers: HashSet::new(),
        })
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        let is_redis = match node.config().protocol {
            Protocol::Auto => self.is_redis(from, bytes),
            Protocol::Text => false,
            Protocol::Resp => true,
        };
        match is_redis {
            false => self.text(node, from, bytes),
            true => self.redis(node, from, bytes),
        }
    }

    fn disconnect(&mut self, _: &mut Context<Self>, peer: Peer) -> Result {
        self.redis_peers.remove(&peer);
        Ok(())
    }
}

impl Server {
    /// What the message says of itself, or what its sender has said before.
    fn is_redis(&mut self, from: Peer, bytes: &[u8]) -> bool {
        if redis::is_array(bytes) {
            self.redis_peers.insert(from);
            return true;
        }
        redis::is_line(bytes) || bytes.ends_with(b"\n") && self.redis_peers.contains(&from)
    }

    fn text(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        let command = Command::parse(bytes);
        let answer = match command {
            Ok(command) => self.store.apply(command),
            Err(refusal) => Err(refusal),
        };
        match answer {
            Ok(Answer::Value(value)) => return node.send(from, value),
            Ok(Answer::NotFound) => return node.send(from, NOT_FOUND),
            Ok(Answer::Done) => {}
            Err(refusal) => {
                node.record(REFUSED);
                let reply = self.error(&refusal);
                return node.send(from, reply);
            }
        }
        self.changed(node);
        node.send(from, OK)
    }

    fn error(&mut self, refusal: &Refusal) -> &[u8] {
        self.reply.clear();
        self.reply.extend_from_slice(ERROR);
        // Writing into a vector does not fail.
        let _ = write!(self.reply, "{refusal}");
        &self.reply
    }

    fn redis(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        self.reply.clear();
        let persist = node.config().persist;
        let after = redis::answer(&mut self.store, persist, bytes, &mut self.reply);
        if self.reply.first() == Some(&b'-') {
            node.record(REFUSED);
        }
        self.changed(node);
        if !self.reply.is_empty() {
            node.send(from, &self.reply)?;
        }
        if after == After::Close {
            node.close(from);
        }
        Ok(())
    }

    fn changed(&self, node: &mut Context<Self>) {
        node.set(KEYS, self.store.keys());
        node.set(STORED, self.store.bytes());
    }
}
