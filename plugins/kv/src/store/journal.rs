//! The journal: every change of a store, in a file, written before it is answered.
//!
//! A record is appended by one `write`. From then on it belongs to the operating system
//! and is there again whatever becomes of the node or of the runner's process; it is
//! not forced onto the disk, so that a power cut may cost the last of it.
//!
//! | bytes | of a record |
//! |---|---|
//! | 8 | FNV-1a hash of what follows |
//! | 1 | 1: set, 2: delete |
//! | 4 | size of the key |
//! | 4 | size of the value; 0 for a delete |
//! | | key, value |
//!
//! Numbers are little-endian. A process that was ended while it wrote leaves half a record
//! behind: it was not answered yet, and is cut off. A record that is whole but
//! not as it was written is another matter: what was answered would be lost, so the
//! store refuses to open.
//!
//! Once more than half of the file, and a mebibyte, is of no use any more, it is written
//! anew beside the old one and takes its name.

use crate::Command;
use crate::escape::fnv;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Size of what stands before the key `[bytes]`.
const HEAD: usize = 17;

/// What the file begins with.
const MAGIC: &[u8; 8] = b"kv log 1";

/// The least waste that makes the file worth writing anew `[bytes]`; arbitrary.
const WASTE: u64 = 1 << 20;

const SET: u8 = 1;
const DELETE: u8 = 2;

/// A file with the changes of a store.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Size of the file `[bytes]`.
    size: u64,
    /// A record in the making.
    record: Vec<u8>,
}

/// Why a journal cannot be opened.
#[derive(Debug)]
pub enum JournalError {
    /// The file cannot be read or written.
    File(PathBuf, io::Error),
    /// It begins otherwise.
    Foreign(PathBuf),
    /// A record at this offset is not as it was written.
    Damaged(PathBuf, u64),
}

impl Journal {
    /// Opens a file, and makes it where there is none.
    ///
    /// # Errors
    /// When the file cannot be opened.
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

    /// Tells every change so far, and cuts off a last one that is not whole.
    ///
    /// # Errors
    /// When the file cannot be read, is no journal or is damaged.
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
                // Torn pages at the very end: not answered either.
                None if end == bytes.len() => break,
                None => return Err(JournalError::Damaged(self.path.clone(), at as u64)),
            }
            at = end;
        }
        self.begin(bytes.len() < MAGIC.len(), at as u64)
            .map_err(|error| JournalError::File(self.path.clone(), error))
    }

    /// Cuts the file to its whole records; what follows is appended.
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

    /// Writes a change down.
    ///
    /// # Errors
    /// When it is not written; then the file is as it was.
    pub fn append(&mut self, command: Command<'_>) -> io::Result<()> {
        encode(&mut self.record, command)?;
        if let Err(error) = self.file.write_all(&self.record) {
            // A part of it may be there, and must not stand before the next.
            let size = self.size;
            self.cut(size)?;
            return Err(error);
        }
        self.size += self.record.len() as u64;
        Ok(())
    }

    /// Whether most of the file is of no use for a store of this size.
    pub fn is_mostly_waste(&self, bytes: u64, keys: usize) -> bool {
        let useful = bytes + (keys * HEAD) as u64;
        self.size > 2 * useful + WASTE
    }

    /// Writes the file anew. Where that fails the old one stays.
    pub fn rewrite<'a>(&mut self, all: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        let mut fresh = self.path.clone().into_os_string();
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        if let Ok((file, size)) = self.write_anew(&fresh, all) {
            (self.file, self.size) = (file, size);
        } else {
            let _ = fs::remove_file(&fresh);
        }
    }

    fn write_anew<'a>(
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

/// The end of the record that begins at `at`, if all of it is there.
fn whole_record(bytes: &[u8], at: usize) -> Option<usize> {
    let head = bytes.get(at..at.checked_add(HEAD)?)?;
    let (key, value) = sizes(head);
    let end = at + HEAD + key + value;
    (end <= bytes.len()).then_some(end)
}

/// The sizes of key and value.
fn sizes(head: &[u8]) -> (usize, usize) {
    let size = |at: usize| {
        let bytes: [u8; 4] = std::array::from_fn(|i| head[at + i]);
        u32::from_le_bytes(bytes) as usize
    };
    (size(9), size(13))
}

/// What a whole record says; none if it is not as it was written.
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
                "{}: found another file, expected the journal of a store",
                path.display()
            ),
            JournalError::Damaged(path, at) => write!(
                f,
                "{}: the record at byte {at} is not as it was written, and what was answered \
                 `ok` would be missing\n  remove the file to begin with an empty store",
                path.display()
            ),
        }
    }
}

impl std::error::Error for JournalError {}

#[cfg(test)]
mod tests;
