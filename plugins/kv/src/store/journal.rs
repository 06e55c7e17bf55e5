//! The journal: a file with every change of a store. A change is written before its reply is
//! sent, so it survives a crash of the node or of the runner's process; a power failure may
//! lose the last changes. [`runner_sdk::journal`] has the file's format.
//!
//! | bytes | content of a record |
//! |---|---|
//! | 1 | 1: set, 2: delete |
//! | 4 | size of the key, little-endian |
//! | | key, then the value of a set |
//!
//! Once more than half of the file, and more than a mebibyte, is obsolete, the contents are
//! written to a new file, which then replaces the old one.

use crate::Command;
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

/// A file with the changes of a store.
#[derive(Debug)]
pub struct Journal {
    file: journal::Journal,
    /// Buffer for the record that is written.
    record: Vec<u8>,
}

impl Journal {
    /// Opens a file, creates it if it does not exist, and calls `change` for each change in it.
    ///
    /// # Errors
    /// If the file cannot be opened, is not a journal of a store or is damaged.
    pub fn open(path: &Path, mut change: impl FnMut(Command<'_>)) -> Result<Journal, JournalError> {
        let file = journal::Journal::open(path, KIND, |record| match decode(record) {
            Some(command) => {
                change(command);
                true
            }
            None => false,
        })?;
        Ok(Journal {
            file,
            record: Vec::new(),
        })
    }

    /// Appends a change.
    ///
    /// # Errors
    /// If the change cannot be written; then the file is unchanged.
    pub fn append(&mut self, command: Command<'_>) -> io::Result<()> {
        encode(&mut self.record, command)?;
        self.file.append(&self.record)
    }

    /// Whether most of the file is obsolete, for a store with this many bytes and keys.
    pub fn is_mostly_obsolete(&self, bytes: u64, keys: usize) -> bool {
        let useful = bytes + (keys * HEAD) as u64;
        self.file.size() > 2 * useful + MIN_OBSOLETE
    }

    /// Rewrites the file with these keys and values. If this fails, the old file remains.
    pub fn rewrite<'a>(&mut self, all: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        self.file.rewrite(all.map(|(key, value)| {
            let mut record = Vec::with_capacity(HEAD + key.len() + value.len());
            // Each key and value has been in a record before, so it fits.
            let _ = encode(&mut record, Command::Set { key, value });
            record
        }));
    }
}

/// The command of a record; `None` if the record is none of a store.
fn decode(record: &[u8]) -> Option<Command<'_>> {
    let (kind, rest) = record.split_first()?;
    let (size, rest) = rest.split_first_chunk::<4>()?;
    let (key, value) = rest.split_at_checked(u32::from_le_bytes(*size) as usize)?;
    match *kind {
        SET => Some(Command::Set { key, value }),
        DELETE => Some(Command::Delete { key }),
        _ => None,
    }
}

fn encode(record: &mut Vec<u8>, command: Command<'_>) -> io::Result<()> {
    let (kind, key, value) = match command {
        Command::Set { key, value } => (SET, key, value),
        Command::Delete { key } => (DELETE, key, &b""[..]),
        Command::Get { .. } => return Err(io::ErrorKind::InvalidInput.into()),
    };
    let size = u32::try_from(key.len());
    let size = size.map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    record.clear();
    record.push(kind);
    record.extend_from_slice(&size.to_le_bytes());
    record.extend_from_slice(key);
    record.extend_from_slice(value);
    Ok(())
}

#[cfg(test)]
mod tests;
