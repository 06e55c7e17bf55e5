//! A file of changes for servers whose state must outlive a crash.
//!
//! A server that has replied `ok` must know about it afterwards, whatever happened to
//! its process in between. So it appends a *record* of each change to a journal before
//! it replies, and reads the journal when it starts.
//!
//! Each record is appended by one `write`. After that, the operating system has it: it
//! survives a crash of the node and `kill -9` of the runner. It is not forced to the
//! disk, so a power failure may lose the last records.
//!
//! A process that is killed during a write leaves an incomplete record at the end. Its
//! change was never acknowledged, so [`Journal::open`] cuts the record off. A complete
//! record with a wrong hash is damaged: an acknowledged change would be lost, so the
//! journal does not open.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | once: the kind of the file, chosen by the server |
//! | 8 | for each record: FNV-1a hash of the rest of the record |
//! | 4 | its size |
//! | | the record |
//!
//! Numbers are little-endian.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("counter.log");
//! use runner_sdk::journal::Journal;
//!
//! let mut sum = 0;
//! let mut journal = Journal::open(&path, b"counter1", |record| {
//!     sum += u64::from(record[0]);
//!     true
//! })?;
//! journal.append(&[7])?; // before the reply
//! sum += 7;
//! # assert_eq!(sum, 7);
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use base::fnv;

/// Size of the part of a record before its content `[bytes]`.
const HEAD: usize = 12;

/// Size of the kind of the file `[bytes]`.
const KIND: usize = 8;

/// A file of changes, open for appending.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    kind: [u8; KIND],
    file: File,
    /// Size of the complete records and the kind `[bytes]`.
    size: u64,
    /// Buffer for the record that is written.
    buffer: Vec<u8>,
}

/// Why a journal cannot be opened.
#[derive(Debug)]
pub enum JournalError {
    /// The file cannot be read or written.
    File(PathBuf, io::Error),
    /// The file does not begin with this kind.
    Foreign(PathBuf, String),
    /// The record at this offset is not as it was written.
    Damaged(PathBuf, u64),
}

impl Journal {
    /// Opens a journal of this kind, creates it if it does not exist, and calls `change`
    /// with each record in the order of writing. `change` returns whether the record
    /// makes sense. An incomplete last record is cut off.
    ///
    /// # Errors
    /// If the file cannot be read, is of another kind, or is damaged. Then it is unchanged.
    pub fn open(
        path: &Path,
        kind: &[u8; KIND],
        mut change: impl FnMut(&[u8]) -> bool,
    ) -> Result<Journal, JournalError> {
        let failed = |error| JournalError::File(path.to_owned(), error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let begun = bytes.len().min(KIND);
        if bytes[..begun] != kind[..begun] {
            let expected = String::from_utf8_lossy(kind).into_owned();
            return Err(JournalError::Foreign(path.to_owned(), expected));
        }
        let mut at = KIND;
        while let Some(end) = record_end(&bytes, at) {
            let content = &bytes[at + HEAD..end];
            if hash_of(&bytes[at..end]) != fnv::of(&bytes[at + 8..end]) {
                // The last record was written in part: it was never acknowledged.
                if end == bytes.len() {
                    break;
                }
                return Err(JournalError::Damaged(path.to_owned(), at as u64));
            }
            if !change(content) {
                return Err(JournalError::Damaged(path.to_owned(), at as u64));
            }
            at = end;
        }
        let mut journal = Journal {
            path: path.to_owned(),
            kind: *kind,
            file,
            size: 0,
            buffer: Vec::new(),
        };
        let begin = journal.begin(bytes.len() < KIND, at as u64);
        begin.map_err(failed)?;
        Ok(journal)
    }

    /// Cuts the file to its complete records; later records are appended.
    fn begin(&mut self, fresh: bool, size: u64) -> io::Result<()> {
        if fresh {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(&self.kind)?;
        }
        self.cut(size)
    }

    fn cut(&mut self, size: u64) -> io::Result<()> {
        self.file.set_len(size)?;
        self.file.seek(SeekFrom::Start(size))?;
        self.size = size;
        Ok(())
    }

    /// Appends a record. After that it survives the end of the process.
    ///
    /// # Errors
    /// If the record cannot be written; then the file is unchanged.
    pub fn append(&mut self, record: &[u8]) -> io::Result<()> {
        self.buffer.clear();
        push(&mut self.buffer, record)?;
        if let Err(error) = self.file.write_all(&self.buffer) {
            // A part of the record may be in the file: the next record must not follow it.
            let size = self.size;
            self.cut(size)?;
            return Err(error);
        }
        self.size += self.buffer.len() as u64;
        Ok(())
    }

    /// Size of the file `[bytes]`.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Replaces all records by these, which make the same state: for a journal that is
    /// mostly obsolete. They are written to a new file, which then replaces the old one.
    /// If this fails, the old file remains, so nothing is lost.
    pub fn rewrite(&mut self, records: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        let mut fresh = self.path.clone().into_os_string();
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        match self.write_new(&fresh, records) {
            Ok((file, size)) => (self.file, self.size) = (file, size),
            Err(_) => drop(fs::remove_file(&fresh)),
        }
    }

    fn write_new(
        &self,
        fresh: &Path,
        records: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> io::Result<(File, u64)> {
        let mut text = self.kind.to_vec();
        for record in records {
            push(&mut text, record.as_ref())?;
        }
        let mut file = File::create(fresh)?;
        file.write_all(&text)?;
        fs::rename(fresh, &self.path)?;
        Ok((file, text.len() as u64))
    }

    /// Writes to this file from now on: for tests of what happens if a write fails.
    #[doc(hidden)]
    pub fn write_to(&mut self, file: File) {
        self.file = file;
    }
}

/// The end of the record that begins at `at`; `None` if the record is incomplete.
fn record_end(bytes: &[u8], at: usize) -> Option<usize> {
    let head = bytes.get(at..at.checked_add(HEAD)?)?;
    let size: [u8; 4] = std::array::from_fn(|index| head[8 + index]);
    let end = (at + HEAD).checked_add(u32::from_le_bytes(size) as usize)?;
    (end <= bytes.len()).then_some(end)
}

/// The hash in a record's head.
fn hash_of(record: &[u8]) -> u64 {
    record
        .first_chunk()
        .map_or(0, |hash| u64::from_le_bytes(*hash))
}

/// Appends a record with its head.
fn push(bytes: &mut Vec<u8>, record: &[u8]) -> io::Result<()> {
    let size = u32::try_from(record.len());
    let size = size.map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    let at = bytes.len();
    bytes.extend_from_slice(&[0; 8]);
    bytes.extend_from_slice(&size.to_le_bytes());
    bytes.extend_from_slice(record);
    let hash = fnv::of(&bytes[at + 8..]).to_le_bytes();
    bytes[at..at + 8].copy_from_slice(&hash);
    Ok(())
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::File(path, error) => write!(f, "{}: {error}", path.display()),
            JournalError::Foreign(path, kind) => write!(
                f,
                "{}: the file is no journal of this server, expected `{kind}` at its beginning\n  move it \
                 away, or name another folder",
                path.display()
            ),
            JournalError::Damaged(path, at) => write!(
                f,
                "{}: the record at byte {at} is damaged, and without it a change that was \
                 acknowledged would be lost\n  remove the file to begin without its changes",
                path.display()
            ),
        }
    }
}

impl std::error::Error for JournalError {}

#[cfg(test)]
mod tests;
