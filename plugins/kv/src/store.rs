//! What a server keeps: values by their keys, and, where it is to survive, the journal of
//! what was done.
//!
//! The map is only looked into, never walked through where an order could show.

mod journal;

pub use journal::{Journal, JournalError};

use crate::{Command, Refusal};
use std::collections::HashMap;

/// Values by their keys.
#[derive(Debug)]
pub struct Store {
    values: HashMap<Vec<u8>, Vec<u8>>,
    /// Sizes of all keys and values together `[bytes]`.
    bytes: u64,
    limits: Limits,
    journal: Option<Journal>,
}

/// The largest key and value that are kept `[bytes]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of a key.
    pub max_key: u64,
    /// Of a value.
    pub max_value: u64,
}

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'store> {
    /// It is done.
    Done,
    /// The value.
    Value(&'store [u8]),
    /// There is no such key.
    NotFound,
}

impl Store {
    /// An empty one that lives as long as its node.
    pub fn new(limits: Limits) -> Store {
        Store {
            values: HashMap::new(),
            bytes: 0,
            limits,
            journal: None,
        }
    }

    /// One with all that its journal holds.
    ///
    /// # Errors
    /// When the journal cannot be read, or is not one.
    pub fn open(limits: Limits, mut journal: Journal) -> Result<Store, JournalError> {
        let mut store = Store::new(limits);
        journal.replay(|command| match command {
            Command::Set { key, value } => store.keep(key, value),
            Command::Delete { key } => {
                store.forget(key);
            }
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

    /// Does a command. What is answered `Done` is in the journal.
    ///
    /// # Errors
    /// Why it is not done; nothing has changed then.
    pub fn apply(&mut self, command: Command<'_>) -> Result<Answer<'_>, Refusal> {
        match command {
            Command::Get { key } => Ok(match self.values.get(key) {
                Some(value) => Answer::Value(value),
                None => Answer::NotFound,
            }),
            Command::Set { key, value } => {
                self.fits(key, value)?;
                self.write(command)?;
                self.keep(key, value);
                self.tidy();
                Ok(Answer::Done)
            }
            Command::Delete { key } => {
                if !self.values.contains_key(key) {
                    return Ok(Answer::NotFound);
                }
                self.write(command)?;
                self.forget(key);
                self.tidy();
                Ok(Answer::Done)
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

    /// Writes a command into the journal, if there is one.
    fn write(&mut self, command: Command<'_>) -> Result<(), Refusal> {
        match &mut self.journal {
            None => Ok(()),
            Some(journal) => journal
                .append(command)
                .map_err(|error| Refusal::NotWritten(error.to_string())),
        }
    }

    /// Writes the journal anew once most of it is of no use any more. Failing to is
    /// no loss: the old one is whole.
    fn tidy(&mut self) {
        if let Some(journal) = &mut self.journal
            && journal.is_mostly_waste(self.bytes, self.values.len())
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

    fn apply<'store>(store: &'store mut Store, command: &'store str) -> Answer<'store> {
        let command = Command::parse(command.as_bytes()).unwrap();
        store.apply(command).unwrap()
    }

    #[test]
    fn what_is_set_is_there_until_it_is_deleted() {
        let mut store = Store::new(LIMITS);
        assert_eq!(apply(&mut store, "get a"), Answer::NotFound);
        assert_eq!(apply(&mut store, "set a 1"), Answer::Done);
        assert_eq!(apply(&mut store, "get a"), Answer::Value(b"1"));
        assert_eq!(apply(&mut store, "set a 234"), Answer::Done);
        assert_eq!(apply(&mut store, "get a"), Answer::Value(b"234"));
        assert_eq!((store.keys(), store.bytes()), (1, 4));
        assert_eq!(apply(&mut store, "set b "), Answer::Done);
        assert_eq!(apply(&mut store, "get b"), Answer::Value(b""));
        assert_eq!(apply(&mut store, "delete a"), Answer::Done);
        assert_eq!(apply(&mut store, "delete a"), Answer::NotFound);
        assert_eq!(apply(&mut store, "get a"), Answer::NotFound);
        assert_eq!((store.keys(), store.bytes()), (1, 1));
    }

    #[test]
    fn what_is_too_large_changes_nothing() {
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
        assert_eq!(apply(&mut store, "get abc"), Answer::Value(b"12345"));
        assert_eq!(apply(&mut store, "get abcd"), Answer::NotFound);
        assert_eq!((store.keys(), store.bytes()), (1, 8));
    }
}
