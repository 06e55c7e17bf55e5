//! What the central has stored, and how it has it again after a crash.
//!
//! # The problem
//! A batch is stored whole or not at all, and exactly once; but a central may
//! die while it writes one, and an agency that got no answer hands it in again.
//! `bets.csv` alone says neither where a batch ends nor which ones there are.
//!
//! # The idea
//! A journal beside it, `batches.csv`, has a line for each batch: how long
//! `bets.csv` is with it, and its digest. First the bets are written, then the
//! line: with the line, the batch is stored, and only then it is acknowledged.
//! Who comes after a crash reads the journal, holds each batch against its
//! digest, and cuts off what follows the last whole one: nobody was
//! told that it is stored.
//!
//! # Once
//! A batch is known by its digest, that of its lines, agency included. One that
//! is there already was handed in again (its answer was lost, or its agency died
//! and begins anew) and is acknowledged, but not stored another time. So two
//! batches of an agency that are the same in every bet count once; an agency that
//! returns must make the same batches of its bets as before.
//!
//! What is kept in memory: a digest per batch, 8 bytes (about 16 in a hash set); no
//! bet.
//!
//! Without a folder nothing is written, and all is lost in a crash.

mod error;
mod journal;
#[cfg(test)]
mod tests;

pub use error::StoreError;

use crate::digest::Digest;
use crate::sheet::{self, Winners};
use journal::{Entry, What};
use std::collections::{BTreeSet, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// The bets.
pub const BETS: &str = "bets.csv";

/// The journal.
pub const JOURNAL: &str = "batches.csv";

/// What is stored.
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
    /// Set once what was written in part could not be cut off again.
    torn: bool,
}

impl Store {
    /// What is stored in a folder by the node of this name, and nothing in a
    /// folder where none is yet. None: a store without files.
    ///
    /// # Errors
    /// When the folder is another's or cannot be used, or a file was changed.
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
                Ok(journal) => begin(folder, journal)?,
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

    /// Number of bets that are stored.
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

    /// Stores a batch whole: the lines of its bets, with their digest.
    ///
    /// # Errors
    /// When it cannot be written; then nothing of it is stored.
    pub fn add(&mut self, agency: u32, bets: u64, lines: &[u8], batch: Digest) -> io::Result<()> {
        let size = self.size + lines.len() as u64;
        if let Some(files) = &mut self.files {
            let entry = Entry {
                what: What::Batch,
                who: agency.to_string(),
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

    /// An agency has ended. Answers whether it had not before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(&mut self, agency: u32) -> io::Result<bool> {
        if self.ended.contains(&agency) {
            return Ok(false);
        }
        self.note(What::End, agency.to_string())?;
        self.ended.insert(agency);
        Ok(true)
    }

    /// The draw has happened.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn draw(&mut self) -> io::Result<()> {
        self.note(What::Draw, String::new())?;
        self.drawn = true;
        Ok(())
    }

    fn note(&mut self, what: What, who: String) -> io::Result<()> {
        let Some(files) = &mut self.files else {
            return Ok(());
        };
        let entry = Entry {
            what,
            who,
            bets: 0,
            size: self.size,
            digest: Digest::default(),
        };
        files.write(&[], &entry, self.size)
    }

    /// Has the disk keep what is stored, power failures included.
    ///
    /// # Errors
    /// When it does not.
    pub fn sync(&mut self) -> io::Result<()> {
        match &mut self.files {
            Some(files) => {
                files.bets.sync_data()?;
                files.journal.sync_data()
            }
            None => Ok(()),
        }
    }

    /// Who has won, from the bets as they lie on the disk; none without files.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn winners(&self, winner: u64) -> Result<Winners, StoreError> {
        let Some(files) = &self.files else {
            return Ok(Winners::new());
        };
        let path = files.folder.join(BETS);
        let bets = File::open(&path).map_err(StoreError::at(&path))?;
        sheet::winners(bets.take(self.size), winner)
            .map_err(|what| StoreError::Damaged { path, what })
    }

    /// Reads the journal of a central that was here before, and cuts off what it
    /// did not bring to an end.
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
            // Only what came last may be unfinished: all before was acknowledged.
            if let Some(what) = unfinished {
                return Err(StoreError::Damaged { path, what });
            }
            match self.replay(number, &line, owner, &mut bets)? {
                // Without the line that says whose it is, it has not begun.
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
            torn: false,
        })
    }

    /// Takes a line of the journal. Answers what is wrong where it was not brought
    /// to an end.
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
        match entry.what {
            What::Begun if entry.who == owner => {}
            What::Begun => return Err(StoreError::Taken { by: entry.who }),
            What::End => {
                if let Some(agency) = entry.agency() {
                    self.ended.insert(agency);
                }
            }
            What::Draw => self.drawn = true,
            What::Batch => {
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
    /// Writes lines of bets, which begin at `size`, then the entry that makes them
    /// count.
    fn write(&mut self, lines: &[u8], entry: &Entry, size: u64) -> io::Result<()> {
        if self.torn {
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
                self.torn = cut.iter().any(Result::is_err);
                Err(error)
            }
        }
    }
}

/// The files of a store that begins.
fn begin(folder: &Path, journal: File) -> Result<Files, StoreError> {
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
        torn: false,
    })
}

/// Opens a file to write at its end; a new one must not be there.
fn append(path: &Path, new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).create_new(new).open(path)
}
