//! The stored batches, and their recovery after a crash.
//!
//! # The problem
//! A batch is stored completely or not at all, and exactly once. But a central may crash
//! during a write, and an agency without a reply hands its batch in again. `bets.csv` alone
//! contains neither the ends of batches nor their identities.
//!
//! # The idea
//! The journal `batches.csv` has a line for each batch, with the length of `bets.csv` after the
//! batch, and the digest of the batch. The central writes first the bets, then the line, and
//! then acknowledges the batch. After a crash, the central reads the journal, compares each batch
//! with its digest, and cuts off everything after the last complete batch: it was never
//! acknowledged.
//!
//! # Exactly once
//! A batch is identified by the digest of its lines, which include the agency. A batch whose
//! digest is stored was handed in again (its reply was lost, or its agency crashed and
//! restarted). It is acknowledged, but not stored again. So two batches of an agency with
//! equal bets count once, and a restarted agency must make the same batches as before.
//!
//! Memory: a digest per batch, 8 bytes (about 16 in a hash set); no bets.
//!
//! Without a folder no file is written, and a crash loses everything.

mod error;
mod journal;
#[cfg(test)]
mod tests;

pub use error::StoreError;

use crate::bets_file::{self, Winners};
use crate::digest::Digest;
use journal::{Entry, EntryKind};
use std::collections::{BTreeSet, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// Name of the file of bets.
pub const BETS: &str = "bets.csv";

/// Name of the journal.
pub const JOURNAL: &str = "batches.csv";

/// The stored batches and ends of agencies.
#[derive(Debug)]
pub struct Store {
    files: Option<Files>,
    /// Length of `bets.csv` `[bytes]`.
    size: u64,
    batches: HashSet<Digest>,
    bets: u64,
    ended: BTreeSet<u32>,
    drawn: bool,
}

/// The two files, open for appending.
#[derive(Debug)]
struct Files {
    folder: PathBuf,
    bets: File,
    journal: File,
    /// Length of the journal `[bytes]`.
    journal_size: u64,
    /// Whether a partial write could not be cut off: then nothing more can be written.
    broken: bool,
}

impl Store {
    /// Opens the store of the node `owner` in a folder, or creates it. Without a folder, the store
    /// has no files.
    ///
    /// # Errors
    /// If the folder has the store of another node or cannot be used, or a file was changed.
    pub fn open(folder: Option<&Path>, owner: &str) -> Result<Store, StoreError> {
        let mut store = Store {
            files: None,
            size: 0,
            batches: HashSet::new(),
            bets: 0,
            ended: BTreeSet::new(),
            drawn: false,
        };
        if let Some(folder) = folder {
            let path = folder.join(JOURNAL);
            let files = match append(&path, true) {
                Ok(journal) => create(folder, journal)?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    store.recover(folder, owner)?
                }
                Err(source) => return Err(StoreError::File { path, source }),
            };
            let files = store.files.insert(files);
            if files.journal_size == 0 {
                let begun = [journal::HEAD, &Entry::begun(owner).line()].concat();
                let written = files.journal.write_all(begun.as_bytes());
                written.map_err(StoreError::at(&path))?;
                files.journal_size = begun.len() as u64;
            }
        }
        Ok(store)
    }

    /// Whether a batch is stored.
    pub fn has(&self, batch: Digest) -> bool {
        self.batches.contains(&batch)
    }

    /// Number of stored bets.
    pub fn bets(&self) -> u64 {
        self.bets
    }

    /// The agencies that have ended.
    pub fn ended(&self) -> &BTreeSet<u32> {
        &self.ended
    }

    /// Whether the draw has happened.
    pub fn is_drawn(&self) -> bool {
        self.drawn
    }

    /// Stores a batch: the lines of its bets, and their digest.
    ///
    /// # Errors
    /// If the batch cannot be written; then no part of it is stored.
    pub fn add(&mut self, agency: u32, bets: u64, lines: &[u8], batch: Digest) -> io::Result<()> {
        let size = self.size + lines.len() as u64;
        if let Some(files) = &mut self.files {
            let entry = Entry {
                kind: EntryKind::Batch,
                subject: agency.to_string(),
                bets,
                size,
                digest: batch,
            };
            files.write(lines, &entry, self.size)?;
        }
        self.size = size;
        self.bets += bets;
        self.batches.insert(batch);
        Ok(())
    }

    /// Stores the end of an agency. Returns whether it was not stored before.
    ///
    /// # Errors
    /// If the end cannot be written.
    pub fn end(&mut self, agency: u32) -> io::Result<bool> {
        if self.ended.contains(&agency) {
            return Ok(false);
        }
        self.append_entry(EntryKind::End, agency.to_string())?;
        self.ended.insert(agency);
        Ok(true)
    }

    /// Stores that the draw has happened.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn draw(&mut self) -> io::Result<()> {
        self.append_entry(EntryKind::Draw, String::new())?;
        self.drawn = true;
        Ok(())
    }

    fn append_entry(&mut self, kind: EntryKind, subject: String) -> io::Result<()> {
        let Some(files) = &mut self.files else {
            return Ok(());
        };
        let entry = Entry {
            kind,
            subject,
            bets: 0,
            size: self.size,
            digest: Digest::default(),
        };
        files.write(&[], &entry, self.size)
    }

    /// Flushes the files to the disk, so that they survive a power failure.
    ///
    /// # Errors
    /// If the flush fails.
    pub fn sync(&mut self) -> io::Result<()> {
        match &mut self.files {
            Some(files) => {
                files.bets.sync_data()?;
                files.journal.sync_data()
            }
            None => Ok(()),
        }
    }

    /// The winners, read from the file of bets; empty without files.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn winners(&self, winner: u64) -> Result<Winners, StoreError> {
        let Some(files) = &self.files else {
            return Ok(Winners::new());
        };
        let path = files.folder.join(BETS);
        let bets = File::open(&path).map_err(StoreError::at(&path))?;
        bets_file::winners(bets.take(self.size), winner)
            .map_err(|what| StoreError::Damaged { path, what })
    }

    /// Reads an existing journal, and cuts off an incomplete last batch.
    fn recover(&mut self, folder: &Path, owner: &str) -> Result<Files, StoreError> {
        let path = folder.join(JOURNAL);
        let journal = File::open(&path).map_err(StoreError::at(&path))?;
        let mut journal = BufReader::new(journal);
        let mut bets: Box<dyn BufRead> = match File::open(folder.join(BETS)) {
            Ok(bets) => Box::new(BufReader::with_capacity(1 << 16, bets)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Box::new(io::empty()),
            Err(source) => {
                let path = folder.join(BETS);
                return Err(StoreError::File { path, source });
            }
        };
        let (mut line, mut head, mut whole) = (Vec::new(), 0, 0);
        let mut unfinished = None;
        for number in 1u64.. {
            line.clear();
            let read = journal.read_until(b'\n', &mut line);
            if read.map_err(StoreError::at(&path))? == 0 {
                break;
            }
            // Only the last entry may be incomplete: all earlier ones were acknowledged.
            if let Some(what) = unfinished {
                return Err(StoreError::Damaged { path, what });
            }
            match self.replay(number, &line, owner, &mut bets)? {
                // The head counts only together with the next line, which names the owner.
                None if number == 1 => head = line.len() as u64,
                None => whole = whole.max(head) + line.len() as u64,
                what => unfinished = what,
            }
        }
        let [bets, journal] = [(BETS, self.size), (JOURNAL, whole)].map(|(name, size)| {
            let path = folder.join(name);
            let cut = append(&path, false).and_then(|file| file.set_len(size).map(|()| file));
            cut.map_err(StoreError::at(&path))
        });
        Ok(Files {
            folder: folder.to_owned(),
            bets: bets?,
            journal: journal?,
            journal_size: whole,
            broken: false,
        })
    }

    /// Restores the entry of a journal's line. Returns what is wrong if the entry is
    /// incomplete.
    fn replay(
        &mut self,
        number: u64,
        line: &[u8],
        owner: &str,
        bets: &mut impl Read,
    ) -> Result<Option<String>, StoreError> {
        let foreign = |path: &str| StoreError::Foreign { path: path.into() };
        if number == 1 {
            return match journal::HEAD.as_bytes() {
                head if head == line => Ok(None),
                head if head.starts_with(line) => Ok(Some("the head is cut".to_owned())),
                _ => Err(foreign(JOURNAL)),
            };
        }
        let Some(entry) = Entry::parse(line) else {
            return Ok(Some(format!("line {number} is none of a journal")));
        };
        match entry.kind {
            EntryKind::Begun if entry.subject == owner => {}
            EntryKind::Begun => return Err(StoreError::Taken { by: entry.subject }),
            EntryKind::End => {
                if let Some(agency) = entry.agency() {
                    self.ended.insert(agency);
                }
            }
            EntryKind::Draw => self.drawn = true,
            EntryKind::Batch => {
                let mut lines = Vec::new();
                let size = entry.size.saturating_sub(self.size);
                let read = bets.take(size).read_to_end(&mut lines);
                if read.is_err() || Digest::of(&lines) != entry.digest {
                    let what = format!("the batch of line {number} is not as it was");
                    return Ok(Some(what));
                }
                self.size = entry.size;
                self.bets += entry.bets;
                self.batches.insert(entry.digest);
            }
        }
        Ok(None)
    }
}

impl Files {
    /// Writes lines of bets, which begin at `size`, then the entry with which they are stored.
    fn write(&mut self, lines: &[u8], entry: &Entry, size: u64) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier batch could not be taken back"));
        }
        let line = entry.line();
        let written = self.bets.write_all(lines);
        match written.and_then(|()| self.journal.write_all(line.as_bytes())) {
            Ok(()) => {
                self.journal_size += line.len() as u64;
                Ok(())
            }
            Err(error) => {
                let cut = [
                    self.bets.set_len(size),
                    self.journal.set_len(self.journal_size),
                ];
                self.broken = cut.iter().any(Result::is_err);
                Err(error)
            }
        }
    }
}

/// Creates the files of a new store.
fn create(folder: &Path, journal: File) -> Result<Files, StoreError> {
    let path = folder.join(BETS);
    let bets = append(&path, true).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => StoreError::Foreign { path },
        _ => StoreError::File { path, source },
    })?;
    Ok(Files {
        folder: folder.to_owned(),
        bets,
        journal,
        journal_size: 0,
        broken: false,
    })
}

/// Opens a file for appending; a `new` file must not exist.
fn append(path: &Path, new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).create_new(new).open(path)
}
