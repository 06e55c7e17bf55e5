//! The state of a server: values by key, and a journal of changes if the state must survive
//! a crash.
//!
//! The order of a `HashMap` differs between processes. No result depends on it: the map is
//! iterated only to rewrite the journal, and sorted before that.

mod journal;

pub use journal::Journal;

use crate::{Command, Refusal};
use runner_sdk::journal::JournalError;
use std::collections::HashMap;
use std::path::Path;

/// Values by key.
#[derive(Debug)]
pub struct Store {
    values: HashMap<Vec<u8>, Vec<u8>>,
    /// Sizes of all keys and values together `[bytes]`.
    bytes: u64,
    limits: Limits,
    journal: Option<Journal>,
}

/// The largest key and the largest value that a store accepts `[bytes]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest key.
    pub max_key: u64,
    /// The largest value.
    pub max_value: u64,
}

/// The result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply<'store> {
    /// The command was executed.
    Done,
    /// The value.
    Value(&'store [u8]),
    /// The key does not exist.
    NotFound,
}

impl Store {
    /// An empty store without a journal.
    pub fn new(limits: Limits) -> Store {
        Store {
            values: HashMap::new(),
            bytes: 0,
            limits,
            journal: None,
        }
    }

    /// A store with the contents of its journal, a file that is created if it does not exist.
    ///
    /// # Errors
    /// If the journal cannot be read, or the file is not a journal.
    pub fn open(limits: Limits, path: &Path) -> Result<Store, JournalError> {
        let mut store = Store::new(limits);
        let journal = Journal::open(path, |command| match command {
            Command::Set { key, value } => store.keep(key, value),
            Command::Delete { key } => store.forget(key),
            Command::Get { .. } => {}
        })?;
        store.journal = Some(journal);
        Ok(store)
    }

    /// Number of keys.
    pub fn keys(&self) -> u64 {
        self.values.len() as u64
    }

    /// Sizes of all keys and values together `[bytes]`.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Executes a command. If the result is `Done`, the change is in the journal.
    ///
    /// # Errors
    /// If the command is refused; then the store is unchanged.
    pub fn apply(&mut self, command: Command<'_>) -> Result<Reply<'_>, Refusal> {
        match command {
            Command::Get { key } => Ok(match self.values.get(key) {
                Some(value) => Reply::Value(value),
                None => Reply::NotFound,
            }),
            Command::Set { key, value } => {
                self.fits(key, value)?;
                self.write(command)?;
                self.keep(key, value);
                self.compact();
                Ok(Reply::Done)
            }
            Command::Delete { key } => {
                if !self.values.contains_key(key) {
                    return Ok(Reply::NotFound);
                }
                self.write(command)?;
                self.forget(key);
                self.compact();
                Ok(Reply::Done)
            }
        }
    }

    fn fits(&self, key: &[u8], value: &[u8]) -> Result<(), Refusal> {
        let (size, max) = (key.len(), self.limits.max_key);
        if size as u64 > max {
            return Err(Refusal::LongKey { size, max });
        }
        let (size, max) = (value.len(), self.limits.max_value);
        if size as u64 > max {
            return Err(Refusal::LongValue { size, max });
        }
        Ok(())
    }

    fn keep(&mut self, key: &[u8], value: &[u8]) {
        match self.values.get_mut(key) {
            Some(kept) => {
                self.bytes = self.bytes - kept.len() as u64 + value.len() as u64;
                kept.clear();
                kept.extend_from_slice(value);
            }
            None => {
                self.bytes += (key.len() + value.len()) as u64;
                self.values.insert(key.to_vec(), value.to_vec());
            }
        }
    }

    fn forget(&mut self, key: &[u8]) {
        if let Some(value) = self.values.remove(key) {
            self.bytes -= (key.len() + value.len()) as u64;
        }
    }

    /// Appends a command to the journal, if there is one.
    fn write(&mut self, command: Command<'_>) -> Result<(), Refusal> {
        match &mut self.journal {
            None => Ok(()),
            Some(journal) => journal
                .append(command)
                .map_err(|error| Refusal::NotWritten(error.to_string())),
        }
    }

    /// Rewrites the journal once most of it is obsolete. If this fails, nothing is lost: the
    /// old journal is complete.
    fn compact(&mut self) {
        if let Some(journal) = &mut self.journal
            && journal.is_mostly_obsolete(self.bytes, self.values.len())
        {
            let mut all: Vec<_> = self.values.iter().collect();
            all.sort_unstable();
            journal.rewrite(all.into_iter().map(|(key, value)| (&key[..], &value[..])));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        max_key: 3,
        max_value: 5,
    };

    fn apply<'store>(store: &'store mut Store, command: &'store str) -> Reply<'store> {
        let command = Command::parse(command.as_bytes()).unwrap();
        store.apply(command).unwrap()
    }

    #[test]
    fn a_value_is_stored_until_it_is_deleted() {
        let mut store = Store::new(LIMITS);
        assert_eq!(apply(&mut store, "get a"), Reply::NotFound);
        assert_eq!(apply(&mut store, "set a 1"), Reply::Done);
        assert_eq!(apply(&mut store, "get a"), Reply::Value(b"1"));
        assert_eq!(apply(&mut store, "set a 234"), Reply::Done);
        assert_eq!(apply(&mut store, "get a"), Reply::Value(b"234"));
        assert_eq!((store.keys(), store.bytes()), (1, 4));
        assert_eq!(apply(&mut store, "set b "), Reply::Done);
        assert_eq!(apply(&mut store, "get b"), Reply::Value(b""));
        assert_eq!(apply(&mut store, "delete a"), Reply::Done);
        assert_eq!(apply(&mut store, "delete a"), Reply::NotFound);
        assert_eq!(apply(&mut store, "get a"), Reply::NotFound);
        assert_eq!((store.keys(), store.bytes()), (1, 1));
    }

    #[test]
    fn a_refused_set_changes_nothing() {
        let mut store = Store::new(LIMITS);
        apply(&mut store, "set abc 12345");
        let mut refused = |command: &str| {
            let command = Command::parse(command.as_bytes()).unwrap();
            store.apply(command).unwrap_err().to_string()
        };
        assert_eq!(
            refused("set abcd 1"),
            "a key of 4 bytes, at most 3 are kept"
        );
        assert_eq!(
            refused("set abc 123456"),
            "a value of 6 bytes, at most 5 are kept"
        );
        assert_eq!(apply(&mut store, "get abc"), Reply::Value(b"12345"));
        assert_eq!(apply(&mut store, "get abcd"), Reply::NotFound);
        assert_eq!((store.keys(), store.bytes()), (1, 8));
    }
}
