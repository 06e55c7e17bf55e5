//! The journal: a file with every change of a store. A change is written before its reply is
//! sent.
//!
//! A record is appended by one `write`. After that it survives a crash of the node or of the
//! runner's process. It is not forced to the disk, so a power failure may lose the last
//! records.
//!
//! | bytes | content of a record |
//! |---|---|
//! | 8 | FNV-1a hash of the bytes that follow |
//! | 1 | 1: set, 2: delete |
//! | 4 | size of the key |
//! | 4 | size of the value; 0 for a delete |
//! | | key, value |
//!
//! Numbers are little-endian. A process that was killed during a write leaves an incomplete
//! record at the end. Its reply was never sent, so the record is cut off. A complete
//! record with a wrong hash is damaged: an acknowledged change would be lost, so the store
//! does not open.
//!
//! Once more than half of the file, and more than a mebibyte, is obsolete, the contents are
//! written to a new file, which then replaces the old one.

use crate::Command;
use crate::escape::fnv;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Size of the part of a record before the key `[bytes]`.
const HEAD: usize = 17;

/// The first bytes of the file.
const MAGIC: &[u8; 8] = b"kv log 1";

/// Minimum size of the obsolete part for which the file is rewritten `[bytes]`; arbitrary.
const MIN_OBSOLETE: u64 = 1 << 20;

const SET: u8 = 1;
const DELETE: u8 = 2;

/// A file with the changes of a store.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Size of the file `[bytes]`.
    size: u64,
    /// Buffer for the record that is written.
    record: Vec<u8>,
}

/// Why a journal cannot be opened.
#[derive(Debug)]
pub enum JournalError {
    /// The file cannot be read or written.
    File(PathBuf, io::Error),
    /// The file does not begin as a journal does.
    Foreign(PathBuf),
    /// The record at this offset has a wrong hash.
    Damaged(PathBuf, u64),
}

impl Journal {
    /// Opens a file, and creates it if it does not exist.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(path: &Path) -> Result<Journal, JournalError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options
            .open(path)
            .map_err(|error| JournalError::File(path.to_owned(), error))?;
        Ok(Journal {
            path: path.to_owned(),
            file,
            size: 0,
            record: Vec::new(),
        })
    }

    /// Calls `change` for each change in the file, and cuts off an incomplete last record.
    ///
    /// # Errors
    /// If the file cannot be read, is not a journal or is damaged.
    pub fn replay(&mut self, mut change: impl FnMut(Command<'_>)) -> Result<(), JournalError> {
        let mut bytes = Vec::new();
        self.file
            .read_to_end(&mut bytes)
            .map_err(|error| JournalError::File(self.path.clone(), error))?;
        let there = bytes.len().min(MAGIC.len());
        if bytes[..there] != MAGIC[..there] {
            return Err(JournalError::Foreign(self.path.clone()));
        }
        let mut at = MAGIC.len();
        while let Some(end) = whole_record(&bytes, at) {
            match command(&bytes[at..end]) {
                Some(command) => change(command),
                // The last record was written in part: its reply was never sent.
                None if end == bytes.len() => break,
                None => return Err(JournalError::Damaged(self.path.clone(), at as u64)),
            }
            at = end;
        }
        self.begin(bytes.len() < MAGIC.len(), at as u64)
            .map_err(|error| JournalError::File(self.path.clone(), error))
    }

    /// Cuts the file to its complete records; later records are appended.
    fn begin(&mut self, fresh: bool, size: u64) -> io::Result<()> {
        if fresh {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(MAGIC)?;
        }
        self.cut(size)
    }

    fn cut(&mut self, size: u64) -> io::Result<()> {
        self.file.set_len(size)?;
        self.file.seek(SeekFrom::Start(size))?;
        self.size = size;
        Ok(())
    }

    /// Appends a change.
    ///
    /// # Errors
    /// If the change cannot be written; then the file is unchanged.
    pub fn append(&mut self, command: Command<'_>) -> io::Result<()> {
        encode(&mut self.record, command)?;
        if let Err(error) = self.file.write_all(&self.record) {
            // A part of the record may be in the file: the next record must not follow it.
            let size = self.size;
            self.cut(size)?;
            return Err(error);
        }
        self.size += self.record.len() as u64;
        Ok(())
    }

    /// Whether most of the file is obsolete, for a store with this many bytes and keys.
    pub fn is_mostly_obsolete(&self, bytes: u64, keys: usize) -> bool {
        let useful = bytes + (keys * HEAD) as u64;
        self.size > 2 * useful + MIN_OBSOLETE
    }

    /// Rewrites the file with these keys and values. If this fails, the old file remains.
    pub fn rewrite<'a>(&mut self, all: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        let mut fresh = self.path.clone().into_os_string();
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        if let Ok((file, size)) = self.write_new(&fresh, all) {
            (self.file, self.size) = (file, size);
        } else {
            let _ = fs::remove_file(&fresh);
        }
    }

    fn write_new<'a>(
        &mut self,
        fresh: &Path,
        all: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> io::Result<(File, u64)> {
        let mut text = MAGIC.to_vec();
        for (key, value) in all {
            encode(&mut self.record, Command::Set { key, value })?;
            text.extend_from_slice(&self.record);
        }
        let mut file = File::create(fresh)?;
        file.write_all(&text)?;
        fs::rename(fresh, &self.path)?;
        Ok((file, text.len() as u64))
    }
}

/// The end of the record that begins at `at`; `None` if the record is incomplete.
fn whole_record(bytes: &[u8], at: usize) -> Option<usize> {
    let head = bytes.get(at..at.checked_add(HEAD)?)?;
    let (key, value) = sizes(head);
    let end = at + HEAD + key + value;
    (end <= bytes.len()).then_some(end)
}

/// The sizes of key and value in a record's head.
fn sizes(head: &[u8]) -> (usize, usize) {
    let size = |at: usize| {
        let bytes: [u8; 4] = std::array::from_fn(|i| head[at + i]);
        u32::from_le_bytes(bytes) as usize
    };
    (size(9), size(13))
}

/// The command of a complete record; `None` if its hash is wrong.
fn command(record: &[u8]) -> Option<Command<'_>> {
    let (hash, rest) = record.split_first_chunk::<8>()?;
    if u64::from_le_bytes(*hash) != fnv(rest) {
        return None;
    }
    let (key, value) = record[HEAD..].split_at(sizes(record).0);
    match record[8] {
        SET => Some(Command::Set { key, value }),
        DELETE => Some(Command::Delete { key }),
        _ => None,
    }
}

fn encode(record: &mut Vec<u8>, command: Command<'_>) -> io::Result<()> {
    let (kind, key, value) = match command {
        Command::Set { key, value } => (SET, key, value),
        Command::Delete { key } => (DELETE, key, &b""[..]),
        Command::Get { .. } => {
            record.clear();
            return Ok(());
        }
    };
    let size = |part: &[u8]| {
        u32::try_from(part.len())
            .map(u32::to_le_bytes)
            .map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))
    };
    record.clear();
    record.extend_from_slice(&[0; 8]);
    record.push(kind);
    record.extend_from_slice(&size(key)?);
    record.extend_from_slice(&size(value)?);
    record.extend_from_slice(key);
    record.extend_from_slice(value);
    let hash = fnv(&record[8..]).to_le_bytes();
    record[..8].copy_from_slice(&hash);
    Ok(())
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::File(path, error) => write!(f, "{}: {error}", path.display()),
            JournalError::Foreign(path) => write!(
                f,
                "{}: the file is not the journal of a store",
                path.display()
            ),
            JournalError::Damaged(path, at) => write!(
                f,
                "{}: the record at byte {at} is damaged, and without it a change with the reply \
                 `ok` would be lost\n  remove the file to begin with an empty store",
                path.display()
            ),
        }
    }
}

impl std::error::Error for JournalError {}

#[cfg(test)]
mod tests;
