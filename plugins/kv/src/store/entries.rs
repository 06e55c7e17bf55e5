//! The keys, values and deadlines of a store, in memory.
//!
//! The order of a `HashMap` differs between processes. No result depends on it: what is listed
//! is sorted first.

use super::journal::Change;
use super::scan::ScanIndex;
use std::collections::{BTreeSet, HashMap};

/// Values by key.
#[derive(Debug, Default)]
pub struct Entries {
    values: HashMap<Vec<u8>, Entry>,
    /// Sizes of all keys and values together `[bytes]`.
    bytes: u64,
    /// The keys with a deadline, the earliest first.
    deadlines: BTreeSet<(u64, Vec<u8>)>,
    /// The order of `SCAN`; made when it is first needed.
    scan: Option<ScanIndex>,
    /// Number of changes so far.
    changes: u64,
}

/// A value, and what belongs to it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub value: Vec<u8>,
    /// The last millisecond in which the key exists `[ms]`; `None`: it does not expire.
    pub deadline_ms: Option<u64>,
    /// Number of the change that made it.
    pub version: u64,
}

impl Entries {
    /// Number of keys.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Number of keys with a deadline.
    pub fn expiring(&self) -> usize {
        self.deadlines.len()
    }

    /// Sizes of all keys and values together `[bytes]`.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What belongs to a key.
    pub fn get(&self, key: &[u8]) -> Option<&Entry> {
        self.values.get(key)
    }

    /// All keys, sorted.
    pub fn sorted(&self) -> Vec<(&[u8], &Entry)> {
        let all = self.values.iter().map(|(key, entry)| (&key[..], entry));
        let mut all: Vec<_> = all.collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }

    /// As [`Store::scan`](super::Store::scan).
    pub fn scan(&mut self, cursor: u64, count: u64) -> (u64, Vec<Vec<u8>>) {
        let values = &self.values;
        let index = self
            .scan
            .get_or_insert_with(|| ScanIndex::of(values.keys()));
        index.page(cursor, count)
    }

    /// Removes the keys whose deadline is before this local time `[ms]`.
    pub fn expire(&mut self, now_ms: u64) {
        while let Some((deadline, _)) = self.deadlines.first()
            && *deadline < now_ms
            && let Some((_, key)) = self.deadlines.pop_first()
        {
            self.make(Change::Delete { key: &key });
        }
    }

    /// Moves all deadlines from one local time to another `[ms]`: each key keeps the span that it
    /// has left.
    pub fn rebase(&mut self, from_ms: u64, to_ms: u64) {
        for (deadline, key) in std::mem::take(&mut self.deadlines) {
            let left = deadline.checked_sub(from_ms);
            match (left, self.values.get_mut(&key)) {
                (Some(left), Some(entry)) => {
                    let moved = to_ms.saturating_add(left);
                    entry.deadline_ms = Some(moved);
                    self.deadlines.insert((moved, key));
                }
                _ => self.make(Change::Delete { key: &key }),
            }
        }
    }

    /// Adds the keys that a change is about, with what they have before it.
    pub fn before(&self, change: Change<'_>, undo: &mut Vec<(Vec<u8>, Option<Entry>)>) {
        match change.key() {
            Some(key) => undo.push((key.to_vec(), self.values.get(key).cloned())),
            None => {
                let all = self.values.iter();
                undo.extend(all.map(|(key, entry)| (key.clone(), Some(entry.clone()))));
            }
        }
    }

    /// Makes a change.
    pub fn make(&mut self, change: Change<'_>) {
        self.changes += 1;
        let version = self.changes;
        match change {
            Change::Set {
                key,
                value,
                deadline_ms,
            } => {
                match self.values.get_mut(key) {
                    Some(entry) => {
                        self.bytes = self.bytes - entry.value.len() as u64 + value.len() as u64;
                        entry.value.clear();
                        entry.value.extend_from_slice(value);
                        entry.version = version;
                        if (entry.deadline_ms, deadline_ms) == (None, None) {
                            return;
                        }
                    }
                    None => self.put(
                        key,
                        Some(Entry {
                            value: value.to_vec(),
                            deadline_ms: None,
                            version,
                        }),
                    ),
                }
                self.set_deadline(key, deadline_ms);
            }
            Change::Delete { key } => self.put(key, None),
            Change::Expire { key, deadline_ms } => {
                if let Some(entry) = self.values.get_mut(key) {
                    entry.version = version;
                    self.set_deadline(key, deadline_ms);
                }
            }
            Change::Clear => {
                self.values.clear();
                self.deadlines.clear();
                self.scan = None;
                self.bytes = 0;
            }
        }
    }

    fn set_deadline(&mut self, key: &[u8], deadline_ms: Option<u64>) {
        let Some(entry) = self.values.get_mut(key) else {
            return;
        };
        if let Some(old) = std::mem::replace(&mut entry.deadline_ms, deadline_ms) {
            self.deadlines.remove(&(old, key.to_vec()));
        }
        if let Some(new) = deadline_ms {
            self.deadlines.insert((new, key.to_vec()));
        }
    }

    /// Gives a key this entry, or none, whatever it had before.
    pub fn put(&mut self, key: &[u8], entry: Option<Entry>) {
        let size = |entry: &Entry| (key.len() + entry.value.len()) as u64;
        let (new, deadline) = (
            entry.is_some(),
            entry.as_ref().and_then(|it| it.deadline_ms),
        );
        self.bytes += entry.as_ref().map_or(0, size);
        let old = match entry {
            Some(entry) => self.values.insert(key.to_vec(), entry),
            None => self.values.remove(key),
        };
        self.bytes -= old.as_ref().map_or(0, size);
        if let Some(old) = old.as_ref().and_then(|it| it.deadline_ms) {
            self.deadlines.remove(&(old, key.to_vec()));
        }
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, key.to_vec()));
        }
        if let Some(index) = &mut self.scan {
            match (old.is_some(), new) {
                (false, true) => index.add(key),
                (true, false) => index.remove(key),
                _ => {}
            }
        }
    }
}
