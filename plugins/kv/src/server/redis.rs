//! The Redis protocol, and the commands that a person types. What they answer is what
//! redis-server 7 answers, byte for byte: `tests/promises/kv_redis.rs` compares the two.
//!
//! A command is an array of bulk strings, or a line of words; replies are of version 2 or 3
//! of the protocol ("Redis serialization protocol specification", redis.io), as the client
//! asks for with `HELLO`. The framing has found where the message ends. This module does not
//! rely on its contents: a listener with another framing may have received it.
//!
//! Start reading at [`answer`]: it finds the words, and `table` the function of a command.
//! `session` has what is kept for a client, `multi` what `MULTI` changes. The commands are in
//! `strings`, `keys`, `expiry` and `connection`.

mod connection;
mod expiry;
mod glob;
mod keys;
mod line;
mod multi;
mod number;
mod reply;
mod session;
mod strings;
mod table;

pub use line::words;
pub use session::{After, Client, Session};

use crate::Store;
use reply::Reply;
use session::{Call, Fault};

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

/// Executes a command of a client and appends its reply; a command without words has no reply.
pub fn answer(
    store: &mut Store,
    session: &mut Session,
    client: Client,
    message: &[u8],
    reply: &mut Vec<u8>,
) -> After {
    let mut call = Call {
        store,
        session,
        client,
        reply: Reply(reply),
        after: After::Stay,
    };
    if message.first() == Some(&b'*') {
        match array(message) {
            Ok(words) => run(&mut call, &words),
            Err(expected) => broken(&mut call, expected),
        }
    } else {
        match words(message) {
            Some(words) => {
                let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                run(&mut call, &words);
            }
            None => broken(&mut call, "unbalanced quotes in request"),
        }
    }
    call.after
}

fn broken(call: &mut Call<'_>, what: &str) {
    let text = format!("ERR Protocol error: {what}");
    call.reply.error(text.as_bytes());
    call.after = After::Close;
}

/// Executes a command of these words.
fn run(call: &mut Call<'_>, words: &[&[u8]]) {
    let Some((&name, arguments)) = words.split_first() else {
        return;
    };
    let command = match table::find(name, arguments) {
        Ok(command) => command,
        Err(Fault(text)) => {
            // As in Redis: what is known to be wrong spoils the transaction.
            call.session.spoil();
            return call.reply.error(&text);
        }
    };
    if multi::queues(call, command, words) {
        return;
    }
    execute(call, command, arguments);
}

/// Executes a command and appends its reply.
fn execute(call: &mut Call<'_>, command: &table::Command, arguments: &[&[u8]]) {
    let at = call.reply.0.len();
    if let Err(Fault(text)) = (command.run)(call, arguments) {
        call.reply.0.truncate(at);
        call.reply.error(&text);
    }
}

/// The bulk strings of an array.
fn array(message: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
    const COUNT: &str = "invalid multibulk length";
    let (count, mut rest) = header(&message[1..]).ok_or(COUNT)?;
    // A word takes at least 5 bytes: a false count must not reserve more than the message needs.
    let mut words = Vec::with_capacity((count.max(0) as usize).min(message.len() / 5 + 1));
    for _ in 0..count {
        let text = rest.strip_prefix(b"$").ok_or("expected '$'")?;
        let (size, text) = header(text).ok_or("invalid bulk length")?;
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
fn header(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let end = bytes.iter().position(|&byte| byte == b'\r')?;
    let rest = bytes[end..].strip_prefix(b"\r\n")?;
    let digits = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((digits.parse().ok()?, rest))
}
