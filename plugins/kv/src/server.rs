//! The server: executes one command after the other and replies to each.
//!
//! # Two protocols
//! A message is either a plain text command ([`Command`]) or a command of the Redis protocol, as
//! a listener with `framing = "resp"` passes it on: the bytes of one RESP value. A behavior does
//! not know which listener received a message, so with `protocol = "auto"` the server
//! decides by the message itself:
//!
//! - `*` and a digit begin an array: Redis clients send commands as arrays. No plain text
//!   command begins with `*`.
//! - A line (with its newline) that begins with a word in capitals is a Redis command typed
//!   by a person (`PING\r\n`). Plain text commands are in lower case. The rule has a limit:
//!   `get a\r\n` typed at a Redis listener is a text command for the key `a\r\n`. If all listeners
//!   of a node speak Redis, set `protocol = "resp"`: then every line is a Redis command. With
//!   `"text"`, no message is.
//! - After a peer has sent an array, all its later lines are Redis commands.
//!   (`redis-cli --pipe` sends an empty line at its end.)

mod redis;
#[cfg(test)]
mod tests;

use crate::command::{ERROR, NOT_FOUND, OK};
use crate::store::{Limits, Reply};
use crate::{Command, Refusal, Store};
pub(crate) use redis::words as redis_words;
use redis::{After, Client, Session};
use runner_sdk::{Behavior, Column, ColumnInfo, Context, Event, Node, Peer, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::Write;

/// Number of keys.
pub const KEYS: Column<u64> = Column::new(0, "keys", "keys in the store");

/// Size of the store.
pub const STORED_BYTES: Column<u64> = Column::new(
    1,
    "stored_bytes",
    "sizes of all keys and values in the store [bytes]",
);

/// A message was refused.
pub const REFUSED: Event = Event::new(
    0,
    "refused",
    "the reply to a message was an error: not a command, or too large",
);

/// The config of `kv.server`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServerConfig {
    /// Maximum size of a key, in bytes.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub max_key: u64,

    /// Maximum size of a value, in bytes.
    #[schemars(range(max = 1_000_000_000))]
    pub max_value: u64,

    /// Write every change to `NODE.kv` in the run's folder (or in the node's `state` folder) before
    /// its reply `ok` is sent, and read the file when the node starts. So the values survive a
    /// crash and a restart. Needs a run with files: with `--log off` and without `state`, the
    /// node fails.
    pub persist: bool,

    /// The protocol of the messages: plain `text`, the Redis protocol (`resp`), or decided by
    /// the first bytes of each message (`auto`).
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

/// The protocol of the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Decided by the first bytes of each message.
    #[default]
    Auto,
    /// Plain text.
    Text,
    /// The Redis protocol.
    Resp,
}

const NS_PER_MS: u64 = 1_000_000;

/// `kv.server`.
pub struct Server {
    store: Store,
    /// Buffer for a reply.
    reply: Vec<u8>,
    /// Connected peers that have sent a Redis command.
    sessions: HashMap<Peer, Session>,
}

impl Behavior for Server {
    type Config = ServerConfig;
    const NAME: &'static str = "server";
    const DOCS: &'static str = "Keeps values by their keys: `set KEY VALUE`, `get KEY`, `delete KEY`. \
        With `persist` they survive a crash. On a listener with `framing = \"resp\"` it speaks the \
        Redis protocol.";
    const COLUMNS: &'static [ColumnInfo] = &[KEYS.info(), STORED_BYTES.info()];
    const EVENTS: &'static [Event] = &[REFUSED];
    const FILES: &'static [&'static str] = &["{node}.kv", "{node}.kv.new"];
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
                     without `--log off`, or with `--state DIR`",
                )?;
                let path = folder.join(format!("{}.kv", node.name()));
                Store::open(limits, &path, node.now_ns() / NS_PER_MS)?
            }
        };
        node.set(KEYS, store.keys());
        node.set(STORED_BYTES, store.bytes());
        Ok(Server {
            store,
            reply: Vec::new(),
            sessions: HashMap::new(),
        })
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        self.store.advance(node.now_ns() / NS_PER_MS);
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
        self.sessions.remove(&peer);
        Ok(())
    }
}

impl Server {
    /// Whether a message is a Redis command, by its bytes or by its sender's earlier messages.
    fn is_redis(&mut self, from: Peer, bytes: &[u8]) -> bool {
        if redis::is_array(bytes) {
            self.sessions.entry(from).or_default().sends_arrays = true;
            return true;
        }
        let session = self.sessions.get(&from);
        redis::is_line(bytes)
            || bytes.ends_with(b"\n") && session.is_some_and(|session| session.sends_arrays)
    }

    fn text(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        let command = Command::parse(bytes);
        let answer = match command {
            Ok(command) => self.store.apply(command),
            Err(refusal) => Err(refusal),
        };
        match answer {
            Ok(Reply::Value(value)) => return node.send(from, value),
            Ok(Reply::NotFound) => return node.send(from, NOT_FOUND),
            Ok(Reply::Done) => {}
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
        let client = Client {
            id: from.0,
            persist: node.config().persist,
        };
        let session = self.sessions.entry(from).or_default();
        let after = redis::answer(&mut self.store, session, client, bytes, &mut self.reply);
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
        node.set(STORED_BYTES, self.store.bytes());
    }
}

#[cfg(test)]
pub(crate) use redis::Session as RedisSession;

/// The reply to a Redis command, for tests that compare models with the store.
#[cfg(test)]
pub(crate) fn redis_answer(store: &mut Store, session: &mut Session, message: &[u8]) -> Vec<u8> {
    let (mut reply, client) = (
        Vec::new(),
        Client {
            id: 0,
            persist: false,
        },
    );
    redis::answer(store, session, client, message, &mut reply);
    reply
}
