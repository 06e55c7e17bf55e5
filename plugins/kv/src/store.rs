//! The state of a server: values by key, some with an expiry, and a journal of changes if the
//! state must survive a crash.
//!
//! # Time
//! The store has no clock: [`Store::advance`] tells it the node's local time, in whole
//! milliseconds as Redis has it, before each command. A key whose deadline is before that time
//! is removed then. So no command ever sees an expired key, and nothing depends on when
//! somebody looks.

mod entries;
mod journal;
mod scan;
#[cfg(test)]
mod tests;

pub use journal::{Change, Journal};

use crate::{Command, Refusal};
use entries::{Entries, Entry};
use runner_sdk::journal::JournalError;
use std::path::Path;

/// Values by key.
#[derive(Debug)]
pub struct Store {
    entries: Entries,
    limits: Limits,
    journal: Option<Journal>,
    /// The node's local time `[ms]`.
    now_ms: u64,
    /// What a transaction has done so far, if one is open.
    transaction: Option<Transaction>,
}

/// Changes that are written to the journal together, or undone.
#[derive(Debug, Default)]
struct Transaction {
    /// The keys and what they had before, in the order of the changes.
    undo: Vec<(Vec<u8>, Option<Entry>)>,
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
            entries: Entries::default(),
            limits,
            journal: None,
            now_ms: 0,
            transaction: None,
        }
    }

    /// A store with the contents of its journal, a file that is created if it does not exist.
    /// `now_ms` is the node's local time.
    ///
    /// Local time begins anew with each run. If the journal has later times than now, it is of
    /// an earlier run: then each key keeps the span that it had left at the last of these times.
    ///
    /// # Errors
    /// If the journal cannot be read, or the file is not a journal.
    pub fn open(limits: Limits, path: &Path, now_ms: u64) -> Result<Store, JournalError> {
        let mut store = Store::new(limits);
        let mut last_ms = 0;
        let journal = Journal::open(path, |change, written_ms| {
            last_ms = last_ms.max(written_ms);
            store.entries.make(change);
        })?;
        store.journal = Some(journal);
        if last_ms > now_ms {
            store.now_ms = now_ms;
            store.entries.rebase(last_ms, now_ms);
            store.rewrite();
        }
        store.advance(now_ms);
        Ok(store)
    }

    /// Number of keys.
    pub fn keys(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Number of keys with a deadline.
    pub fn expiring(&self) -> u64 {
        self.entries.expiring() as u64
    }

    /// Sizes of all keys and values together `[bytes]`.
    pub fn bytes(&self) -> u64 {
        self.entries.bytes()
    }

    /// The node's local time `[ms]`.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Sets the node's local time `[ms]`, and removes the keys that have expired.
    pub fn advance(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        // The journal has the deadlines, so it needs no record of this.
        self.entries.expire(now_ms);
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.entries.get(key).map(|entry| &entry.value[..])
    }

    /// The last millisecond in which a key exists `[ms]`; `None`: it does not expire, or does
    /// not exist.
    pub fn deadline_ms(&self, key: &[u8]) -> Option<u64> {
        self.entries.get(key)?.deadline_ms
    }

    /// Number of the change that made the value of a key; `None` if it does not exist.
    pub fn version(&self, key: &[u8]) -> Option<u64> {
        Some(self.entries.get(key)?.version)
    }

    /// All keys, sorted.
    pub fn sorted_keys(&self) -> Vec<&[u8]> {
        self.entries
            .sorted()
            .into_iter()
            .map(|(key, _)| key)
            .collect()
    }

    /// About `count` keys from a cursor on, and the cursor of the next ones; 0 if there are none.
    /// Calls from cursor 0 to cursor 0 list each key that exists all the time.
    pub fn scan(&mut self, cursor: u64, count: u64) -> (u64, Vec<Vec<u8>>) {
        self.entries.scan(cursor, count)
    }

    /// Executes a text command. If the result is `Done`, the change is in the journal.
    ///
    /// # Errors
    /// If the command is refused; then the store is unchanged.
    pub fn apply(&mut self, command: Command<'_>) -> Result<Reply<'_>, Refusal> {
        match command {
            Command::Get { key } => Ok(match self.get(key) {
                Some(value) => Reply::Value(value),
                None => Reply::NotFound,
            }),
            Command::Set { key, value } => self.set(key, value, None).map(|()| Reply::Done),
            Command::Delete { key } => self.delete(key).map(|existed| match existed {
                true => Reply::Done,
                false => Reply::NotFound,
            }),
        }
    }

    /// Sets a value and its deadline.
    ///
    /// # Errors
    /// If key or value are too large, or the change cannot be written; then nothing changes.
    pub fn set(&mut self, key: &[u8], value: &[u8], deadline: Option<u64>) -> Result<(), Refusal> {
        self.fits(key, value)?;
        self.change(Change::Set {
            key,
            value,
            deadline_ms: deadline,
        })
    }

    /// Deletes a key. Returns whether it existed.
    ///
    /// # Errors
    /// If the change cannot be written; then nothing changes.
    pub fn delete(&mut self, key: &[u8]) -> Result<bool, Refusal> {
        if self.entries.get(key).is_none() {
            return Ok(false);
        }
        self.change(Change::Delete { key })?;
        Ok(true)
    }

    /// Sets the deadline of a key that exists; `None`: it does not expire.
    ///
    /// # Errors
    /// If the change cannot be written; then nothing changes.
    pub fn expire(&mut self, key: &[u8], deadline: Option<u64>) -> Result<(), Refusal> {
        if self.entries.get(key).is_none() {
            return Ok(());
        }
        self.change(Change::Expire {
            key,
            deadline_ms: deadline,
        })
    }

    /// Deletes all keys.
    ///
    /// # Errors
    /// If the change cannot be written; then nothing changes.
    pub fn clear(&mut self) -> Result<(), Refusal> {
        self.change(Change::Clear)
    }

    /// Makes several changes: all of them, or none. In the journal they are one record.
    ///
    /// # Errors
    /// If the changes cannot be written; then nothing has changed, whatever `changes` returned.
    pub fn transaction<T>(&mut self, changes: impl FnOnce(&mut Store) -> T) -> Result<T, Refusal> {
        if self.transaction.is_some() {
            return Ok(changes(self));
        }
        self.transaction = Some(Transaction::default());
        let result = changes(self);
        let Transaction { undo } = self.transaction.take().unwrap_or_default();
        let written = match &mut self.journal {
            Some(journal) => journal.append_gathered(),
            None => Ok(()),
        };
        if let Err(error) = written {
            for (key, entry) in undo.into_iter().rev() {
                self.entries.put(&key, entry);
            }
            return Err(Refusal::NotWritten(error.to_string()));
        }
        self.compact();
        Ok(result)
    }

    /// Whether key and value are small enough.
    ///
    /// # Errors
    /// If one of them is too large.
    pub fn fits(&self, key: &[u8], value: &[u8]) -> Result<(), Refusal> {
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

    /// Writes a change to the journal, if there is one, and makes it.
    fn change(&mut self, change: Change<'_>) -> Result<(), Refusal> {
        if let Some(journal) = &mut self.journal {
            let written = match &mut self.transaction {
                None => journal.append(change, self.now_ms),
                Some(transaction) => {
                    self.entries.before(change, &mut transaction.undo);
                    journal.gather(change, self.now_ms)
                }
            };
            written.map_err(|error| Refusal::NotWritten(error.to_string()))?;
        }
        self.entries.make(change);
        if self.transaction.is_none() {
            self.compact();
        }
        Ok(())
    }

    /// Rewrites the journal once most of it is obsolete.
    fn compact(&mut self) {
        if let Some(journal) = &self.journal
            && journal.is_mostly_obsolete(self.entries.bytes(), self.entries.len())
        {
            self.rewrite();
        }
    }

    /// Rewrites the journal. If this fails, nothing is lost: the old journal is complete.
    fn rewrite(&mut self) {
        let Some(journal) = &mut self.journal else {
            return;
        };
        let all = self.entries.sorted().into_iter();
        let changes = all.map(|(key, entry)| Change::Set {
            key,
            value: &entry.value,
            deadline_ms: entry.deadline_ms,
        });
        journal.rewrite(changes, self.now_ms);
    }
}
