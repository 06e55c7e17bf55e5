//! The commands: name, number of words, function.

use super::session::{Call, Done, Fault};
use super::{connection, expiry, keys, multi, strings};

/// A command.
pub struct Command {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Number of its words with the name; if negative, the least number.
    pub arity: i32,
    /// Executes it with its words after the name.
    pub run: fn(&mut Call<'_>, &[&[u8]]) -> Done,
}

macro_rules! table {
    ($($name:literal $arity:literal $run:path;)*) => {
        /// All commands, sorted by name.
        pub const COMMANDS: &[Command] = &[$(Command { name: $name, arity: $arity, run: $run }),*];
    };
}

table! {
    "append" 3 strings::append;
    "client" -2 connection::client;
    "command" -1 connection::command;
    "config" -2 connection::config;
    "dbsize" 1 keys::dbsize;
    "decr" 2 strings::decr;
    "decrby" 3 strings::decrby;
    "del" -2 keys::del;
    "discard" 1 multi::discard;
    "echo" 2 connection::echo;
    "exec" 1 multi::exec;
    "exists" -2 keys::exists;
    "expire" -3 expiry::expire;
    "flushall" -1 keys::flush;
    "flushdb" -1 keys::flush;
    "get" 2 strings::get;
    "getdel" 2 strings::getdel;
    "getset" 3 strings::getset;
    "hello" -1 connection::hello;
    "incr" 2 strings::incr;
    "incrby" 3 strings::incrby;
    "info" -1 connection::info;
    "keys" 2 keys::keys;
    "mget" -2 strings::mget;
    "mset" -3 strings::mset;
    "msetnx" -3 strings::msetnx;
    "multi" 1 multi::multi;
    "persist" 2 expiry::persist;
    "pexpire" -3 expiry::pexpire;
    "ping" -1 connection::ping;
    "psetex" 4 strings::psetex;
    "pttl" 2 expiry::pttl;
    "quit" -1 connection::quit;
    "reset" 1 connection::reset;
    "scan" -2 keys::scan;
    "select" 2 connection::select;
    "set" -3 strings::set;
    "setex" 4 strings::setex;
    "setnx" 3 strings::setnx;
    "strlen" 2 strings::strlen;
    "touch" -2 keys::exists;
    "ttl" 2 expiry::ttl;
    "type" 2 keys::kind;
    "unlink" -2 keys::del;
    "unwatch" 1 multi::unwatch;
    "watch" -2 multi::watch;
}

/// Size of the longest name of a command `[bytes]`.
const LONGEST: usize = 8;

/// The command of this name, if it may have these arguments.
pub fn find(name: &[u8], arguments: &[&[u8]]) -> Result<&'static Command, Fault> {
    let mut lower = [0; LONGEST];
    let command = lower.get_mut(..name.len()).and_then(|lower| {
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        let found = COMMANDS.binary_search_by(|it| it.name.as_bytes().cmp(lower));
        found.ok().map(|index| &COMMANDS[index])
    });
    let command = command.ok_or_else(|| unknown(name, arguments))?;
    arity(command.name, command.arity, arguments.len() + 1)?;
    Ok(command)
}

/// Fails if a command with so many words cannot have this number of words.
pub fn arity(name: &str, arity: i32, words: usize) -> Done {
    let least = arity.unsigned_abs() as usize;
    match words == least || arity < 0 && words > least {
        true => Ok(()),
        false => Err(wrong_arity(name)),
    }
}

/// A command has too few or too many words.
pub fn wrong_arity(name: &str) -> Fault {
    format!("ERR wrong number of arguments for '{name}' command").into()
}

/// How much of a name or of all arguments an error repeats `[bytes]`.
const SHOWN: usize = 128;

fn unknown(name: &[u8], arguments: &[&[u8]]) -> Fault {
    let mut text = b"ERR unknown command '".to_vec();
    text.extend_from_slice(shown(name, SHOWN));
    text.extend_from_slice(b"', with args beginning with: ");
    let begin = text.len();
    for argument in arguments {
        let used = text.len() - begin;
        if used >= SHOWN {
            break;
        }
        text.push(b'\'');
        text.extend_from_slice(shown(argument, SHOWN - used));
        text.extend_from_slice(b"' ");
    }
    Fault(text.into())
}

/// A subcommand that the command does not have.
pub fn unknown_subcommand(command: &str, word: &[u8]) -> Fault {
    let mut text = b"ERR unknown subcommand '".to_vec();
    text.extend_from_slice(shown(word, SHOWN));
    text.extend_from_slice(b"'. Try ");
    text.extend_from_slice(command.as_bytes());
    text.extend_from_slice(b" HELP.");
    Fault(text.into())
}

/// The beginning of a word: at most `most` bytes, up to a NUL.
fn shown(word: &[u8], most: usize) -> &[u8] {
    let word = &word[..word.len().min(most)];
    let end = word.iter().position(|&byte| byte == 0);
    &word[..end.unwrap_or(word.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_found_by_its_name() {
        assert!(COMMANDS.is_sorted_by_key(|command| command.name));
        for command in COMMANDS {
            let arguments = vec![&b"0"[..]; command.arity.unsigned_abs() as usize - 1];
            let upper = command.name.to_ascii_uppercase();
            let found = find(upper.as_bytes(), &arguments).unwrap();
            assert_eq!(found.name, command.name);
        }
    }
}
