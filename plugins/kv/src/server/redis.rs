//! The Redis protocol, as far as tools need it: what `redis-cli` and
//! `redis-benchmark` send, and what client libraries send to begin with.
//!
//! Commands are arrays of bulk strings, or a line with words; replies are of version
//! 2 ("Redis serialization protocol specification", redis.io). Where a message ends
//! is known already; what is in it is read here, and nothing about it is taken for granted:
//! it may have come by another framing.

use crate::store::Answer;
use crate::{Command, Store};
use std::io::Write;

mod line;

/// What is to be done once the reply is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    Stay,
    /// Close the connection.
    Close,
}

/// Whether a message is an array by its looks.
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

/// Does a command and appends its reply; commands without words have none.
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
    // A word takes 5 bytes or more, so that no claim reserves more than there is.
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

/// A number, its line's end taken off too.
fn number(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let end = bytes.iter().position(|&byte| byte == b'\r')?;
    let rest = bytes[end..].strip_prefix(b"\r\n")?;
    let digits = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((digits.parse().ok()?, rest))
}

/// The longest name of a command that is known `[bytes]`.
const LONGEST: usize = 8;

/// Does a command of these words.
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
            Ok(Answer::Value(value)) => bulk(reply, value),
            Ok(_) => reply.extend_from_slice(b"$-1\r\n"),
            Err(refusal) => error(reply, format_args!("ERR {refusal}")),
        },
        (b"SET", &[key, value]) => match store.apply(Command::Set { key, value }) {
            Ok(_) => simple(reply, "OK"),
            Err(refusal) => error(reply, format_args!("ERR {refusal}")),
        },
        // Its options would change what it means: better none of them than some.
        (b"SET", &[_, _, _, ..]) => error(reply, format_args!("ERR syntax error")),
        (b"DEL", keys @ [_, ..]) => {
            let mut count = 0;
            for &key in keys {
                match store.apply(Command::Delete { key }) {
                    Ok(Answer::Done) => count += 1,
                    Ok(_) => {}
                    Err(refusal) => {
                        error(reply, format_args!("ERR {refusal}"));
                        return After::Stay;
                    }
                }
            }
            integer(reply, count);
        }
        (b"EXISTS", keys @ [_, ..]) => {
            let is_there = |&&key: &&&[u8]| {
                let found = store.apply(Command::Get { key });
                matches!(found, Ok(Answer::Value(_)))
            };
            let count = keys.iter().filter(is_there).count();
            integer(reply, count as u64);
        }
        (b"DBSIZE", []) => integer(reply, store.keys()),
        (b"PING", []) => simple(reply, "PONG"),
        (b"PING" | b"ECHO", &[text]) => bulk(reply, text),
        (b"QUIT", _) => {
            simple(reply, "OK");
            return After::Close;
        }
        (b"SELECT", &[b"0"]) => simple(reply, "OK"),
        (b"SELECT", [_]) => error(reply, format_args!("ERR DB index is out of range")),
        // No documentation of commands: a client does without.
        (b"COMMAND", _) => reply.extend_from_slice(b"*0\r\n"),
        (b"CONFIG", &[word, ref patterns @ ..]) if word.eq_ignore_ascii_case(b"GET") => {
            config(reply, persist, patterns);
        }
        (b"INFO", _) => {
            let text = format!(
                "# Server\r\nserver:kv\r\nredis_mode:standalone\r\n# Keyspace\r\ndb0:keys={},expires=0\r\n",
                store.keys()
            );
            bulk(reply, text.as_bytes());
        }
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

fn unknown(reply: &mut Vec<u8>, what: &str, name: &[u8]) {
    error(reply, format_args!("ERR unknown {what} '{}'", shown(name)));
}

/// The beginning of a name, fit for a line.
fn shown(name: &[u8]) -> String {
    crate::Escaped(&name[..name.len().min(64)]).to_string()
}

/// What `redis-benchmark` asks for: the settings that these patterns name. Stars alone
/// are understood.
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

/// Who this is: pairs of a name and a value.
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

fn simple(reply: &mut Vec<u8>, text: &str) {
    reply.push(b'+');
    reply.extend_from_slice(text.as_bytes());
    reply.extend_from_slice(b"\r\n");
}

fn error(reply: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // An error ends with its line.
    let text = text.to_string().replace(['\r', '\n'], " ");
    reply.push(b'-');
    reply.extend_from_slice(text.as_bytes());
    reply.extend_from_slice(b"\r\n");
}

fn integer(reply: &mut Vec<u8>, number: u64) {
    let _ = write!(reply, ":{number}\r\n");
}

fn bulk(reply: &mut Vec<u8>, bytes: &[u8]) {
    let _ = write!(reply, "${}\r\n", bytes.len());
    reply.extend_from_slice(bytes);
    reply.extend_from_slice(b"\r\n");
}
