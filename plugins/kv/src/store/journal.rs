//! The journal: a file with every change of a store. A change is written before its reply is
//! sent, so it survives a crash of the node or of the runner's process; a power failure may
//! lose the last changes. [`runner_sdk::journal`] has the file's format.
//!
//! | bytes | content of a record |
//! |---|---|
//! | 1 | 1: set, 2: delete, 3: set with a deadline, 4: new deadline, 5: delete all, 6: several |
//! | 4 | size of the key, little-endian; not in 5 and 6 |
//! | | the key |
//! | 16 | in 3 and 4: the deadline (2^64 - 1: none), and the local time of the change `[ms]`, little-endian |
//! | | in 1 and 3: the value; in 6: records, each after its size in 4 bytes |
//!
//! Once more than half of the file, and more than a mebibyte, is obsolete, the contents are
//! written to a new file, which then replaces the old one.

use runner_sdk::journal::{self, JournalError};
use std::io;
use std::path::Path;

/// Size of all parts of a record except key and value `[bytes]`.
const HEAD: usize = 17;

/// The first bytes of the file.
const KIND: &[u8; 8] = b"kv log 2";

/// Minimum size of the obsolete part for which the file is rewritten `[bytes]`; arbitrary.
const MIN_OBSOLETE: u64 = 1 << 20;

const SET: u8 = 1;
const DELETE: u8 = 2;
const SET_WITH_DEADLINE: u8 = 3;
const EXPIRE: u8 = 4;
const CLEAR: u8 = 5;
const SEVERAL: u8 = 6;

/// Stands for "no deadline".
const NO_DEADLINE: u64 = u64::MAX;

/// A change of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// A key has this value from now on.
    Set {
        /// The key.
        key: &'a [u8],
        /// The value.
        value: &'a [u8],
        /// The last millisecond in which the key exists `[ms]`; `None`: it does not expire.
        deadline_ms: Option<u64>,
    },
    /// A key does not exist any more.
    Delete {
        /// The key.
        key: &'a [u8],
    },
    /// A key has this deadline from now on.
    Expire {
        /// The key.
        key: &'a [u8],
        /// As in `Set`.
        deadline_ms: Option<u64>,
    },
    /// No key exists any more.
    Clear,
}

impl<'a> Change<'a> {
    /// The key that changes; `None`: all.
    pub fn key(&self) -> Option<&'a [u8]> {
        match *self {
            Change::Set { key, .. } | Change::Delete { key } | Change::Expire { key, .. } => {
                Some(key)
            }
            Change::Clear => None,
        }
    }
}

/// A file with the changes of a store.
#[derive(Debug)]
pub struct Journal {
    file: journal::Journal,
    /// Buffer for the record that is written.
    record: Vec<u8>,
    /// Changes that are written together, as they are in a record of kind `SEVERAL`.
    gathered: Vec<u8>,
}

impl Journal {
    /// Opens a file, creates it if it does not exist, and calls `change` for each change in it
    /// and the local time at which it was made `[ms]`; 0 if the file does not have it.
    ///
    /// # Errors
    /// If the file cannot be opened, is not a journal of a store or is damaged.
    pub fn open(
        path: &Path,
        mut change: impl FnMut(Change<'_>, u64),
    ) -> Result<Journal, JournalError> {
        let file =
            journal::Journal::open(path, KIND, |record| decode(record, &mut change).is_some())?;
        Ok(Journal {
            file,
            record: Vec::new(),
            gathered: Vec::new(),
        })
    }

    /// Appends a change that is made at this local time `[ms]`.
    ///
    /// # Errors
    /// If the change cannot be written; then the file is unchanged.
    pub fn append(&mut self, change: Change<'_>, now_ms: u64) -> io::Result<()> {
        self.record.clear();
        encode(&mut self.record, change, now_ms)?;
        self.file.append(&self.record)
    }

    /// Keeps a change for [`Journal::append_gathered`].
    ///
    /// # Errors
    /// If the change does not fit into a record.
    pub fn gather(&mut self, change: Change<'_>, now_ms: u64) -> io::Result<()> {
        self.record.clear();
        encode(&mut self.record, change, now_ms)?;
        let size = size_of(&self.record)?;
        self.gathered.extend_from_slice(&size);
        self.gathered.extend_from_slice(&self.record);
        Ok(())
    }

    /// Appends all changes that were gathered as one record: after a crash the file has all of
    /// them or none.
    ///
    /// # Errors
    /// If they cannot be written; then the file is unchanged, and they are forgotten.
    pub fn append_gathered(&mut self) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        self.record.clear();
        self.record.push(SEVERAL);
        self.record.append(&mut self.gathered);
        self.file.append(&self.record)
    }

    /// Whether most of the file is obsolete, for a store with this many bytes and keys.
    pub fn is_mostly_obsolete(&self, bytes: u64, keys: usize) -> bool {
        let useful = bytes + (keys * HEAD) as u64;
        self.file.size() > 2 * useful + MIN_OBSOLETE
    }

    /// Rewrites the file with these changes. If this fails, the old file remains.
    pub fn rewrite<'a>(&mut self, all: impl Iterator<Item = Change<'a>>, now_ms: u64) {
        self.file.rewrite(all.map(|change| {
            let mut record = Vec::new();
            // Each key and value has been in a record before, so it fits.
            let _ = encode(&mut record, change, now_ms);
            record
        }));
    }
}

/// Passes on the changes of a record; `None` if the record is none of a store.
fn decode(record: &[u8], change: &mut impl FnMut(Change<'_>, u64)) -> Option<()> {
    let (&kind, rest) = record.split_first()?;
    match kind {
        CLEAR => change(Change::Clear, 0),
        SEVERAL => {
            let mut rest = rest;
            while !rest.is_empty() {
                let (size, more) = rest.split_first_chunk::<4>()?;
                let (part, more) = more.split_at_checked(u32::from_le_bytes(*size) as usize)?;
                if part.first() == Some(&SEVERAL) {
                    return None;
                }
                decode(part, change)?;
                rest = more;
            }
        }
        _ => {
            let (size, rest) = rest.split_first_chunk::<4>()?;
            let (key, rest) = rest.split_at_checked(u32::from_le_bytes(*size) as usize)?;
            let timed = || {
                let (deadline, rest) = rest.split_first_chunk::<8>()?;
                let (now, rest) = rest.split_first_chunk::<8>()?;
                let deadline = u64::from_le_bytes(*deadline);
                let deadline = (deadline != NO_DEADLINE).then_some(deadline);
                Some((deadline, u64::from_le_bytes(*now), rest))
            };
            match kind {
                SET => change(
                    Change::Set {
                        key,
                        value: rest,
                        deadline_ms: None,
                    },
                    0,
                ),
                DELETE => change(Change::Delete { key }, 0),
                SET_WITH_DEADLINE => {
                    let (deadline_ms, now, value) = timed()?;
                    change(
                        Change::Set {
                            key,
                            value,
                            deadline_ms,
                        },
                        now,
                    );
                }
                EXPIRE => {
                    let (deadline_ms, now, _) = timed()?;
                    change(Change::Expire { key, deadline_ms }, now);
                }
                _ => return None,
            }
        }
    }
    Some(())
}

/// Appends a change to a record.
fn encode(record: &mut Vec<u8>, change: Change<'_>, now_ms: u64) -> io::Result<()> {
    let (kind, key) = match change {
        Change::Set {
            key,
            deadline_ms: None,
            ..
        } => (SET, key),
        Change::Set { key, .. } => (SET_WITH_DEADLINE, key),
        Change::Delete { key } => (DELETE, key),
        Change::Expire { key, .. } => (EXPIRE, key),
        Change::Clear => {
            record.push(CLEAR);
            return Ok(());
        }
    };
    record.push(kind);
    record.extend_from_slice(&size_of(key)?);
    record.extend_from_slice(key);
    if let Change::Set {
        deadline_ms: deadline @ Some(_),
        ..
    }
    | Change::Expire {
        deadline_ms: deadline,
        ..
    } = change
    {
        record.extend_from_slice(&deadline.unwrap_or(NO_DEADLINE).to_le_bytes());
        record.extend_from_slice(&now_ms.to_le_bytes());
    }
    if let Change::Set { value, .. } = change {
        record.extend_from_slice(value);
    }
    Ok(())
}

fn size_of(bytes: &[u8]) -> io::Result<[u8; 4]> {
    let size = u32::try_from(bytes.len());
    let size = size.map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    Ok(size.to_le_bytes())
}

#[cfg(test)]
mod tests;
