//! Requests and replies of the Redis protocol, version 2.

use super::{Reply, Request, Unwritable};
use crate::Escaped;
use crate::server::redis_words;

/// The Redis commands `SET`, `GET`, `DEL`.
pub(super) const NAMES: [&[u8]; 3] = [b"SET", b"GET", b"DEL"];

/// Words as an array of bulk strings.
pub(super) fn array(words: &[&[u8]]) -> Vec<u8> {
    let mut array = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        array.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        array.extend_from_slice(word);
        array.extend_from_slice(b"\r\n");
    }
    array
}

/// The longest name of a command that a log has `[bytes]`; arbitrary.
const LONGEST_NAME: usize = 32;

/// The request for a command as a person types it. `delete` stands for `DEL`.
pub(super) fn request(line: &[u8]) -> Result<Request, Unwritable> {
    let words = redis_words(line).ok_or(Unwritable::OpenQuote)?;
    let mut words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    let name = words.first().ok_or(Unwritable::Empty)?.to_ascii_lowercase();
    if name == b"delete" {
        words[0] = NAMES[2];
    }
    let message = array(&words);
    let text = Escaped(&name[..name.len().min(LONGEST_NAME)]).to_string();
    let (name, key, value) = match (&name[..], &words[1..]) {
        (b"set", &[key, value, ref options @ ..]) => {
            let mut options: Vec<String> = options
                .iter()
                .map(|it| Escaped(&it[..it.len().min(LONGEST_NAME)]).to_string())
                .map(|it| it.to_ascii_lowercase())
                .collect();
            // `get` last: `NX GET` and `GET NX` are the same.
            options.sort_by_key(|it| it == "get");
            let name = [vec![text], options].concat().join(" ");
            (name, Some(key), Some(value))
        }
        (b"del" | b"delete" | b"unlink", &[key]) => ("delete".to_owned(), Some(key), None),
        (
            b"get" | b"getdel" | b"incr" | b"decr" | b"strlen" | b"exists" | b"type" | b"touch",
            &[key],
        ) => (text, Some(key), None),
        (b"setnx" | b"getset" | b"incrby" | b"decrby" | b"append", &[key, value]) => {
            (text, Some(key), Some(value))
        }
        (_, rest) => {
            return Ok(Request {
                message,
                name: text,
                key: None,
                value: (!rest.is_empty()).then(|| rest.join(&b' ')),
            });
        }
    };
    Ok(Request {
        message,
        name,
        key: key.map(<[u8]>::to_vec),
        value: value.map(<[u8]>::to_vec),
    })
}

/// What a reply to the command of this name means.
pub(super) fn reply<'a>(name: &str, reply: &'a [u8]) -> Reply<'a> {
    let line = reply.strip_suffix(b"\r\n").unwrap_or(reply);
    match (reply.first(), name) {
        (Some(b'-'), _) => Reply::Refused(&line[1..]),
        (_, "delete") if line == b":1" => Reply::Ok,
        (_, "delete") if line == b":0" => Reply::NotFound,
        (_, "delete") => Reply::Other(reply),
        _ if [&b"$-1"[..], b"*-1", b"_"].contains(&line) => Reply::NotFound,
        (Some(b'$'), _) => match value(reply) {
            Some(value) => Reply::Value(value),
            None => Reply::Other(reply),
        },
        (_, "get") => Reply::Other(reply),
        (Some(b'+'), _) if line == b"+OK" => Reply::Ok,
        (Some(b'+' | b':'), _) => Reply::Value(&line[1..]),
        _ => Reply::Other(reply),
    }
}

/// The bytes of a bulk string.
fn value(reply: &[u8]) -> Option<&[u8]> {
    let end = reply.iter().position(|&byte| byte == b'\n')?;
    reply[end + 1..].strip_suffix(b"\r\n")
}
