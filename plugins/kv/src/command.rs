//! The plain text protocol: each message is a command, each reply is one message.
//!
//! | command | reply |
//! |---|---|
//! | `set KEY VALUE` | `ok` |
//! | `get KEY` | the value; `not found` |
//! | `delete KEY` | `ok`; `not found` |
//! | anything else | `error: ...` |
//!
//! One space separates words. The value is the rest of the message: it may be empty, and may
//! contain spaces, newlines and bytes that are not UTF-8. A key has at least one byte and no
//! space; any other byte is allowed.
//!
//! The protocol has one weakness: nothing in a reply distinguishes a value from `not found`.
//! A client that stores the value `not found` cannot distinguish it from a missing key.

use crate::Escaped;
use std::fmt;

/// The reply to a `set` or `delete` that was executed.
pub const OK: &[u8] = b"ok";

/// The reply to a `get` or `delete` of a key that does not exist.
pub const NOT_FOUND: &[u8] = b"not found";

/// The first bytes of the reply to a message that is refused.
pub const ERROR: &[u8] = b"error: ";

/// A command for a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'message> {
    /// Store a value under a key.
    Set {
        /// The key.
        key: &'message [u8],
        /// The value.
        value: &'message [u8],
    },
    /// Return the value of a key.
    Get {
        /// The key.
        key: &'message [u8],
    },
    /// Remove a key and its value.
    Delete {
        /// The key.
        key: &'message [u8],
    },
}

/// Why a message is not a command, or why its command was not executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The message is empty.
    Empty,
    /// The first word is not a command; this is the beginning of that word.
    Unknown(Vec<u8>),
    /// The command has no key; its usage.
    NoKey(&'static str),
    /// A `set` without a space after the key.
    NoValue,
    /// The key contains a space; the usage of the command.
    SpaceInKey(&'static str),
    /// The key is larger than the limit.
    LongKey {
        /// Size of the key `[bytes]`.
        size: usize,
        /// The limit `[bytes]`.
        max: u64,
    },
    /// The value is larger than the limit.
    LongValue {
        /// Size of the value `[bytes]`.
        size: usize,
        /// The limit `[bytes]`.
        max: u64,
    },
    /// The command could not be written to the journal; the reason.
    NotWritten(String),
}

/// Maximum size of the part of an unknown command that its refusal repeats
/// `[bytes]`; arbitrary.
const SHOWN: usize = 64;

impl<'message> Command<'message> {
    /// Parses a message.
    ///
    /// # Errors
    /// If the message is not a command.
    pub fn parse(message: &'message [u8]) -> Result<Command<'message>, Refusal> {
        let (word, rest) = match split(message) {
            Some((word, rest)) => (word, Some(rest)),
            None => (message, None),
        };
        match word {
            b"set" => {
                let rest = rest.ok_or(Refusal::NoKey("set KEY VALUE"))?;
                let (key, value) = match split(rest) {
                    Some(parts) => parts,
                    None if rest.is_empty() => return Err(Refusal::NoKey("set KEY VALUE")),
                    None => return Err(Refusal::NoValue),
                };
                match key.is_empty() {
                    true => Err(Refusal::NoKey("set KEY VALUE")),
                    false => Ok(Command::Set { key, value }),
                }
            }
            b"get" => Ok(Command::Get {
                key: sole_key(rest, "get KEY")?,
            }),
            b"delete" => Ok(Command::Delete {
                key: sole_key(rest, "delete KEY")?,
            }),
            b"" if rest.is_none() => Err(Refusal::Empty),
            other => Err(Refusal::Unknown(other[..other.len().min(SHOWN)].to_vec())),
        }
    }

    /// The first word: `set`, `get` or `delete`.
    pub fn word(&self) -> &'static str {
        match self {
            Command::Set { .. } => "set",
            Command::Get { .. } => "get",
            Command::Delete { .. } => "delete",
        }
    }

    /// The key.
    pub fn key(&self) -> &'message [u8] {
        match *self {
            Command::Set { key, .. } | Command::Get { key } | Command::Delete { key } => key,
        }
    }
}

/// The bytes before and after the first space.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == b' ')?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

fn sole_key<'message>(
    rest: Option<&'message [u8]>,
    usage: &'static str,
) -> Result<&'message [u8], Refusal> {
    match rest {
        None | Some(b"") => Err(Refusal::NoKey(usage)),
        Some(key) if key.contains(&b' ') => Err(Refusal::SpaceInKey(usage)),
        Some(key) => Ok(key),
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EXPECTED: &str = "expected set, get or delete";
        match self {
            Refusal::Empty => write!(f, "an empty message, {EXPECTED}"),
            Refusal::Unknown(word) => {
                write!(f, "unknown command `{}`, {EXPECTED}", Escaped(word))
            }
            Refusal::NoKey(usage) => write!(f, "no key: {usage}"),
            Refusal::NoValue => f.write_str("no value: set KEY VALUE"),
            Refusal::SpaceInKey(usage) => write!(f, "a space in the key: {usage}"),
            Refusal::LongKey { size, max } => {
                write!(f, "a key of {size} bytes, at most {max} are kept")
            }
            Refusal::LongValue { size, max } => {
                write!(f, "a value of {size} bytes, at most {max} are kept")
            }
            Refusal::NotWritten(reason) => write!(f, "not done: {reason}"),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(message: &[u8]) -> String {
        Command::parse(message).unwrap_err().to_string()
    }

    #[test]
    fn the_value_is_the_rest_of_the_message() {
        for (message, key, value) in [
            ("set a 1", "a", "1"),
            ("set a  two  words ", "a", " two  words "),
            ("set a ", "a", ""),
            ("set a\nb c\r\n", "a\nb", "c\r\n"),
            ("set a \0\n*1", "a", "\0\n*1"),
        ] {
            let (key, value) = (key.as_bytes(), value.as_bytes());
            let command = Command::Set { key, value };
            assert_eq!(Command::parse(message.as_bytes()), Ok(command));
        }
        let binary = b"set \xff\x00 \xfe";
        let (key, value) = (&b"\xff\x00"[..], &b"\xfe"[..]);
        assert_eq!(Command::parse(binary), Ok(Command::Set { key, value }));
    }

    #[test]
    fn get_and_delete_take_one_key() {
        assert_eq!(Command::parse(b"get a"), Ok(Command::Get { key: b"a" }));
        let delete = Command::Delete { key: b"a\n" };
        assert_eq!(Command::parse(b"delete a\n"), Ok(delete));
    }

    #[test]
    fn a_refusal_names_what_is_wrong() {
        for (message, expected) in [
            ("", "an empty message, expected set, get or delete"),
            (" ", "unknown command ``, expected set, get or delete"),
            (
                "GET a",
                "unknown command `GET`, expected set, get or delete",
            ),
            (
                "gets a",
                "unknown command `gets`, expected set, get or delete",
            ),
            (
                "get\n",
                "unknown command `get\\n`, expected set, get or delete",
            ),
            ("set", "no key: set KEY VALUE"),
            ("set ", "no key: set KEY VALUE"),
            ("set  a", "no key: set KEY VALUE"),
            ("set a", "no value: set KEY VALUE"),
            ("get", "no key: get KEY"),
            ("get ", "no key: get KEY"),
            ("get  ", "a space in the key: get KEY"),
            ("get a b", "a space in the key: get KEY"),
            ("delete", "no key: delete KEY"),
            ("delete a ", "a space in the key: delete KEY"),
        ] {
            assert_eq!(refusal(message.as_bytes()), expected, "{message:?}");
        }
        assert!(refusal(&[0xff; 1000]).len() < 500);
    }
}
