//! How commands and replies are written: plain text in one of a few dialects, or the Redis
//! protocol. The client and `kvclient` use it to talk to stores of other people, too.
//!
//! | `dialect` | set | get | delete |
//! |---|---|---|---|
//! | `space` | `set KEY VALUE` | `get KEY` | `delete KEY` |
//! | `colon` | `set:KEY=VALUE` | `get:KEY` | `delete:KEY` |
//! | `comma` | `SET,KEY,VALUE` | `GET,KEY` | `DELETE,KEY` |
//!
//! The words of a reply ([`Words`]) differ from store to store. [`Wire::reply`] says what a reply
//! means, whatever its words are.

mod redis;
#[cfg(test)]
mod tests;

use crate::Command;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How commands are written in plain text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// `set KEY VALUE`
    #[default]
    Space,
    /// `set:KEY=VALUE`
    Colon,
    /// `SET,KEY,VALUE`
    Comma,
}

/// A row of the table of dialects.
struct Form {
    /// `set`, `get`, `delete`.
    words: [&'static str; 3],
    /// Between the word and the key.
    before_key: u8,
    /// Between the key and the value.
    after_key: u8,
}

impl Dialect {
    /// All dialects, with their names.
    pub const NAMES: [(&'static str, Dialect); 3] = [
        ("space", Dialect::Space),
        ("colon", Dialect::Colon),
        ("comma", Dialect::Comma),
    ];

    fn form(self) -> Form {
        let lower = ["set", "get", "delete"];
        let (words, before_key, after_key) = match self {
            Dialect::Space => (lower, b' ', b' '),
            Dialect::Colon => (lower, b':', b'='),
            Dialect::Comma => (["SET", "GET", "DELETE"], b',', b','),
        };
        Form {
            words,
            before_key,
            after_key,
        }
    }
}

/// The protocol of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WireProtocol {
    /// Plain text.
    #[default]
    Text,
    /// The Redis protocol.
    Resp,
}

/// The words of a store's replies in plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// A `set` or `delete` was executed.
    pub ok: String,
    /// The key does not exist.
    pub not_found: String,
    /// The beginning of a refusal.
    pub error: String,
}

impl Default for Words {
    fn default() -> Words {
        Words {
            ok: "ok".to_owned(),
            not_found: "not found".to_owned(),
            error: "error: ".to_owned(),
        }
    }
}

/// How commands and replies are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    /// The protocol.
    pub protocol: WireProtocol,
    /// For plain text: the form of commands.
    pub dialect: Dialect,
    /// For plain text: the words of replies.
    pub words: Words,
}

/// A command that is written, and what a log says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The message.
    pub message: Vec<u8>,
    /// The command's name with its options: `set`, `incr`, `set nx`; `other` in plain text for
    /// what is no command.
    pub name: String,
    /// The only key that it uses; `None`: none, or several.
    pub key: Option<Vec<u8>>,
    /// What it writes, or all that follows the name if it has no key.
    pub value: Option<Vec<u8>>,
}

/// What a reply means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// The command was executed.
    Ok,
    /// A value, or a number.
    Value(&'a [u8]),
    /// The key does not exist.
    NotFound,
    /// The store refused the command; the reason.
    Refused(&'a [u8]),
    /// No store sends such a reply to this command.
    Other(&'a [u8]),
}

/// Why a command cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwritable {
    /// The key is empty.
    EmptyKey,
    /// The key contains the byte that ends a key.
    SeparatorInKey(u8),
    /// A quote is not closed.
    OpenQuote,
    /// There is no word.
    Empty,
}

impl std::fmt::Display for Unwritable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unwritable::EmptyKey => f.write_str("the key is empty, expected at least one byte"),
            Unwritable::SeparatorInKey(b' ') => {
                f.write_str("the key has a space, which ends a key")
            }
            Unwritable::SeparatorInKey(byte) => {
                write!(f, "the key has a `{}`, which ends a key", char::from(*byte))
            }
            Unwritable::OpenQuote => f.write_str("a quote is not closed"),
            Unwritable::Empty => f.write_str("is empty, expected a command"),
        }
    }
}

impl std::error::Error for Unwritable {}

impl Wire {
    /// The message of a command.
    ///
    /// # Errors
    /// If the dialect cannot express the key.
    pub fn encode(&self, command: Command<'_>) -> Result<Vec<u8>, Unwritable> {
        let (number, key, value) = match command {
            Command::Set { key, value } => (0, key, Some(value)),
            Command::Get { key } => (1, key, None),
            Command::Delete { key } => (2, key, None),
        };
        if self.protocol == WireProtocol::Resp {
            let words = [Some(redis::NAMES[number]), Some(key), value];
            let words: Vec<&[u8]> = words.into_iter().flatten().collect();
            return Ok(redis::array(&words));
        }
        let form = self.dialect.form();
        if key.is_empty() {
            return Err(Unwritable::EmptyKey);
        }
        // `get:a=b` has no other meaning, but no such key can be set.
        if key.contains(&form.after_key) {
            return Err(Unwritable::SeparatorInKey(form.after_key));
        }
        let word = form.words[number].as_bytes();
        let mut message = [word, &[form.before_key], key].concat();
        if let Some(value) = value {
            message.push(form.after_key);
            message.extend_from_slice(value);
        }
        Ok(message)
    }

    /// The request for a command as a script has it: `set KEY VALUE`, `get KEY`, `delete KEY`; in
    /// plain text anything else is sent as it is, in the Redis protocol any command as a
    /// person types it.
    ///
    /// # Errors
    /// If the command cannot be written.
    pub fn request(&self, line: &[u8]) -> Result<Request, Unwritable> {
        if self.protocol == WireProtocol::Resp {
            return redis::request(line);
        }
        let Ok(command) = Command::parse(line) else {
            return Ok(Request {
                message: line.to_vec(),
                name: "other".to_owned(),
                key: None,
                value: Some(line.to_vec()),
            });
        };
        let value = match command {
            Command::Set { value, .. } => Some(value.to_vec()),
            _ => None,
        };
        Ok(Request {
            message: self.encode(command)?,
            name: command.word().to_owned(),
            key: Some(command.key().to_vec()),
            value,
        })
    }

    /// What a reply to the command of this name means.
    pub fn reply<'a>(&self, name: &str, reply: &'a [u8]) -> Reply<'a> {
        if self.protocol == WireProtocol::Resp {
            return redis::reply(name, reply);
        }
        let Words {
            ok,
            not_found,
            error,
        } = &self.words;
        if let Some(reason) = reply.strip_prefix(error.as_bytes()) {
            return Reply::Refused(reason);
        }
        match name {
            "get" | "delete" if reply == not_found.as_bytes() => Reply::NotFound,
            "set" | "delete" if reply == ok.as_bytes() => Reply::Ok,
            "get" => Reply::Value(reply),
            _ => Reply::Other(reply),
        }
    }

    /// A message that no store knows as a command. The error of the store repeats it.
    pub fn probe(&self, number: u64) -> Vec<u8> {
        let word = format!("sync-{number}");
        match self.protocol {
            WireProtocol::Text => word.into_bytes(),
            WireProtocol::Resp => redis::array(&[word.as_bytes()]),
        }
    }

    /// The number of the probe that an error repeats.
    pub fn probed(&self, reply: &[u8]) -> Option<u64> {
        let Reply::Refused(reason) = self.reply("other", reply) else {
            return None;
        };
        let text = std::str::from_utf8(reason).ok()?;
        let (_, rest) = text.split_once("sync-")?;
        let end = rest.find(|letter: char| !letter.is_ascii_digit());
        rest[..end.unwrap_or(rest.len())].parse().ok()
    }
}

impl Reply<'_> {
    /// The reply as logs and scripts have it, whatever the words of the store are.
    pub fn canonical(&self) -> Vec<u8> {
        match *self {
            Reply::Ok => crate::command::OK.to_vec(),
            Reply::NotFound => crate::command::NOT_FOUND.to_vec(),
            Reply::Value(bytes) | Reply::Other(bytes) => bytes.to_vec(),
            Reply::Refused(reason) => [crate::command::ERROR, reason].concat(),
        }
    }
}
