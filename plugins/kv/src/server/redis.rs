//! The Redis protocol, as far as tools need it: the commands that `redis-cli` and
//! `redis-benchmark` send, and those that client libraries send first.
//!
//! A command is an array of bulk strings, or a line of words; replies are of version
//! 2 ("Redis serialization protocol specification", redis.io). The framing has found where the
//! message ends. This module does not rely on its contents: a listener with another framing
//! may have received it.

mod line;
mod reply;

use crate::store::Reply;
use crate::{Command, Refusal, Store};
use reply::{bulk, error, integer, missing, simple};
use std::io::Write;

/// What to do after the reply is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Keep the connection open.
    Stay,
    /// Close the connection.
    Close,
}

/// Whether a message begins as an array.
pub fn is_array(message: &[u8]) -> bool {
    matches!(message, [b'*', next, ..] if next.is_ascii_digit() || *next == b'-')
}

/// Whether a message is a line that begins with a word in capitals.
pub fn is_line(message: &[u8]) -> bool {
    let [b'A'..=b'Z', .., b'\n'] = message else {
        return false;
    };
    let word = message.iter().take_while(|byte| byte.is_ascii_uppercase());
    message[word.count()].is_ascii_whitespace()
}

/// Executes a command and appends its reply; a command without words has no reply.
pub fn answer(store: &mut Store, persist: bool, message: &[u8], reply: &mut Vec<u8>) -> After {
    if message.first() == Some(&b'*') {
        return match array(message) {
            Ok(words) => run(store, persist, &words, reply),
            Err(expected) => broken(reply, expected),
        };
    }
    match line::words(message) {
        Some(words) => {
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            run(store, persist, &words, reply)
        }
        None => broken(reply, "unbalanced quotes in request"),
    }
}

fn broken(reply: &mut Vec<u8>, what: &str) -> After {
    error(reply, format_args!("ERR Protocol error: {what}"));
    After::Close
}

/// The bulk strings of an array.
fn array(message: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
    const COUNT: &str = "invalid multibulk length";
    let (count, mut rest) = number(&message[1..]).ok_or(COUNT)?;
    // A word takes at least 5 bytes: a false count must not reserve more than the message needs.
    let mut words = Vec::with_capacity((count.max(0) as usize).min(message.len() / 5 + 1));
    for _ in 0..count {
        let text = rest.strip_prefix(b"$").ok_or("expected '$'")?;
        let (size, text) = number(text).ok_or("invalid bulk length")?;
        let size = usize::try_from(size).map_err(|_| "invalid bulk length")?;
        let (word, after) = text.split_at_checked(size).ok_or("invalid bulk length")?;
        rest = after.strip_prefix(b"\r\n").ok_or("expected CRLF")?;
        words.push(word);
    }
    match rest.is_empty() {
        true => Ok(words),
        false => Err(COUNT),
    }
}

/// A number and the bytes after its line.
fn number(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let end = bytes.iter().position(|&byte| byte == b'\r')?;
    let rest = bytes[end..].strip_prefix(b"\r\n")?;
    let digits = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((digits.parse().ok()?, rest))
}

/// Size of the longest known command name `[bytes]`.
const LONGEST: usize = 8;

/// Executes a command of these words.
fn run(store: &mut Store, persist: bool, words: &[&[u8]], reply: &mut Vec<u8>) -> After {
    let Some((&name, arguments)) = words.split_first() else {
        return After::Stay;
    };
    let mut upper = [0; LONGEST];
    let known = name.len() <= LONGEST;
    if known {
        upper[..name.len()].copy_from_slice(name);
        upper.make_ascii_uppercase();
    }
    match (if known { &upper[..name.len()] } else { b"" }, arguments) {
        (b"GET", &[key]) => match store.apply(Command::Get { key }) {
            Ok(Reply::Value(value)) => bulk(reply, value),
            Ok(_) => missing(reply),
            Err(refusal) => error(reply, format_args!("ERR {refusal}")),
        },
        (b"SET", &[key, value]) => match store.apply(Command::Set { key, value }) {
            Ok(_) => simple(reply, "OK"),
            Err(refusal) => error(reply, format_args!("ERR {refusal}")),
        },
        // The options change what the command does, and the store has none of them.
        (b"SET", &[_, _, _, ..]) => error(reply, format_args!("ERR syntax error")),
        (b"DEL", keys @ [_, ..]) => match delete(store, keys) {
            Ok(count) => integer(reply, count),
            Err(refusal) => error(reply, format_args!("ERR {refusal}")),
        },
        (b"EXISTS", keys @ [_, ..]) => integer(reply, existing(store, keys)),
        (b"DBSIZE", []) => integer(reply, store.keys()),
        (b"PING", []) => simple(reply, "PONG"),
        (b"PING" | b"ECHO", &[text]) => bulk(reply, text),
        (b"QUIT", _) => {
            simple(reply, "OK");
            return After::Close;
        }
        (b"SELECT", &[b"0"]) => simple(reply, "OK"),
        (b"SELECT", [_]) => error(reply, format_args!("ERR DB index is out of range")),
        // An empty array: clients work without documentation of the commands.
        (b"COMMAND", _) => reply.extend_from_slice(b"*0\r\n"),
        (b"CONFIG", &[word, ref patterns @ ..]) if word.eq_ignore_ascii_case(b"GET") => {
            config(reply, persist, patterns);
        }
        (b"INFO", _) => info(reply, store.keys()),
        (b"HELLO", [] | [b"2", ..]) => hello(reply),
        (b"HELLO", _) => error(reply, format_args!("NOPROTO unsupported protocol version")),
        (b"CLIENT", &[word, ..]) => match &word.to_ascii_uppercase()[..] {
            b"SETINFO" | b"SETNAME" | b"NO-EVICT" | b"NO-TOUCH" => simple(reply, "OK"),
            b"GETNAME" => bulk(reply, b""),
            _ => unknown(reply, "subcommand of CLIENT", word),
        },
        (
            b"GET" | b"SET" | b"DEL" | b"EXISTS" | b"DBSIZE" | b"PING" | b"ECHO" | b"SELECT"
            | b"CLIENT",
            _,
        ) => {
            let name = shown(&name.to_ascii_lowercase());
            let what = "ERR wrong number of arguments for";
            error(reply, format_args!("{what} '{name}' command"));
        }
        _ => unknown(reply, "command", name),
    }
    After::Stay
}

/// Deletes keys, and returns how many existed.
///
/// # Errors
/// At the first key that cannot be deleted.
fn delete(store: &mut Store, keys: &[&[u8]]) -> Result<u64, Refusal> {
    let mut count = 0;
    for &key in keys {
        if store.apply(Command::Delete { key })? == Reply::Done {
            count += 1;
        }
    }
    Ok(count)
}

/// How many of these keys exist.
fn existing(store: &mut Store, keys: &[&[u8]]) -> u64 {
    let exists = |&&key: &&&[u8]| {
        let found = store.apply(Command::Get { key });
        matches!(found, Ok(Reply::Value(_)))
    };
    keys.iter().filter(exists).count() as u64
}

fn unknown(reply: &mut Vec<u8>, what: &str, name: &[u8]) {
    error(reply, format_args!("ERR unknown {what} '{}'", shown(name)));
}

/// The beginning of a name, escaped to one line.
fn shown(name: &[u8]) -> String {
    crate::Escaped(&name[..name.len().min(64)]).to_string()
}

/// The settings that these patterns name, which `redis-benchmark` reads. A pattern is a name
/// or `*`.
fn config(reply: &mut Vec<u8>, persist: bool, patterns: &[&[u8]]) {
    let settings = [
        ("save", ""),
        ("appendonly", if persist { "yes" } else { "no" }),
    ];
    let is_meant = |name: &str| {
        let mut patterns = patterns.iter();
        patterns.any(|&it| it == b"*" || it.eq_ignore_ascii_case(name.as_bytes()))
    };
    let meant: Vec<_> = settings.iter().filter(|(name, _)| is_meant(name)).collect();
    // Writing into a vector does not fail.
    let _ = write!(reply, "*{}\r\n", 2 * meant.len());
    for (name, value) in meant {
        bulk(reply, name.as_bytes());
        bulk(reply, value.as_bytes());
    }
}

/// Facts about the server, as lines of text.
fn info(reply: &mut Vec<u8>, keys: u64) {
    let text = format!(
        "# Server\r\nserver:kv\r\nredis_mode:standalone\r\n# Keyspace\r\ndb0:keys={keys},expires=0\r\n"
    );
    bulk(reply, text.as_bytes());
}

/// Facts about the server, as pairs of a name and a value.
fn hello(reply: &mut Vec<u8>) {
    reply.extend_from_slice(b"*8\r\n");
    bulk(reply, b"server");
    bulk(reply, b"kv");
    bulk(reply, b"version");
    bulk(reply, env!("CARGO_PKG_VERSION").as_bytes());
    bulk(reply, b"proto");
    integer(reply, 2);
    bulk(reply, b"mode");
    bulk(reply, b"standalone");
}
