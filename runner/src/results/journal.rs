//! The journal of a plan, `runs.journal`: a line for each finished run, in the order
//! in which runs ended. A line is added before the run gets its final
//! name, in one write unless the run has very many nodes. `--resume` reads the journal; `runs.csv` and `summary.csv` are derived from it,
//! in the order of the plan.
//!
//! A line is JSON and a sum ([`write_journal_line`]).
//! The first line is the [`Identity`] of the plan, the others are [`Entry`]s. An
//! incomplete last line, after a kill or on a full disk, is cut off; the run of a
//! damaged line is repeated. Later lines win. The file is locked while a runner writes
//! it.
//!
//! A runner that writes results together with others (`shared`) adds its lines to a
//! journal of its own, `runs.journal-TOKEN`: two machines that append to one file may
//! overwrite each other's lines. `runs.journal` then holds its first line only. Whoever
//! continues the results reads all journals.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use analysis::log::tables::JOURNAL_FILE;
use analysis::results::{Identity, journals, read_journal_line, write_journal_line};
use serde::{Deserialize, Serialize};

use crate::results::entry::{Entry, NewEntry};
use crate::results::error::ResultsError;
use crate::results::folder::Folder;
use crate::results::shared::{NoRename, Token, probe};

/// The version of the format. In version 1, the sum of a line came first, and equal metrics
/// were not counted; in version 2, metrics were words. A journal of a later version cannot be
/// continued.
const FORMAT: u32 = 3;

/// Up to so many nodes the line of a run is made before it is written; that of a million nodes
/// takes a gigabyte. Arbitrary.
const NODES_IN_MEMORY: usize = 1_000;

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Size of the complete lines `[bytes]`.
    length: u64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    journal: u32,
    plan: Identity,
}

/// The contents of a journal that was reopened.
#[derive(Debug, Default)]
pub struct Past {
    /// Its entries, in the order in which they were written.
    pub entries: Vec<Entry>,
    /// Warnings about damaged lines.
    pub remarks: Vec<String>,
}

/// Why results cannot be continued.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// They are those of another plan.
    #[error("--resume: {} holds the results of another plan\n{}\n  name another folder with --out DIR, or leave out --resume", path.display(), lines(.differences))]
    Other {
        /// The folder.
        path: PathBuf,
        /// What differs.
        differences: Vec<String>,
    },
    /// Somebody else is writing them.
    #[error("{}: another runner is writing these results\n  wait for it, or name another folder with --out DIR", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// They have no journal that could be read.
    #[error("--resume: {}: {found}\n  results without a journal cannot be continued: name another folder with --out DIR", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is there.
        found: String,
    },
    /// Several runners cannot write them.
    #[error("--shared: {}: {why}\n  name a folder on another file system with --out DIR; or leave out --shared, and see to it that one runner at a time writes the results", path.display())]
    NoRename {
        /// The folder.
        path: PathBuf,
        /// What the file system lacks.
        why: NoRename,
    },
    /// The system refuses.
    #[error(transparent)]
    Io(#[from] ResultsError),
}

fn lines(differences: &[String]) -> String {
    let lines: Vec<String> = differences.iter().map(|it| format!("  {it}")).collect();
    lines.join("\n")
}

impl Journal {
    /// A new journal in a folder that holds none; `None` if there is one: another runner has
    /// made it.
    ///
    /// # Errors
    ///
    /// Fails if the journal cannot be written, or if another runner writes it.
    pub fn create(folder: &Folder, plan: &Identity) -> Result<Option<Journal>, ResumeError> {
        let path = folder.path().join(JOURNAL_FILE);
        let file = match File::create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            created => created.map_err(ResultsError::at(&path))?,
        };
        // A file system that knows no locks has to do without.
        if !os::lock::try_lock(&file).unwrap_or(true) {
            return Err(ResumeError::Busy {
                path: folder.path().to_owned(),
            });
        }
        Ok(Some(Journal::begin(path, file, plan)?))
    }

    fn begin(path: PathBuf, file: File, plan: &Identity) -> Result<Journal, ResultsError> {
        let mut journal = Journal {
            path,
            file,
            length: 0,
        };
        journal.write(&Header {
            journal: FORMAT,
            plan: plan.clone(),
        })?;
        Ok(journal)
    }

    /// The journal of results that are to be continued, and what it holds; a new
    /// one where nothing was begun.
    ///
    /// # Errors
    ///
    /// Fails if the results are those of another plan, or if another runner writes them.
    pub fn reopen(folder: &Folder, plan: &Identity) -> Result<(Journal, Past), ResumeError> {
        let path = folder.path().join(JOURNAL_FILE);
        let unreadable = |found: &str| ResumeError::Unreadable {
            path: path.clone(),
            found: found.to_owned(),
        };
        if !path.exists() && folder.is_begun() {
            // Also of results that several runners wrote: each has made this file.
            return Err(unreadable("there is no such file"));
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let file = options.open(&path).map_err(ResultsError::at(&path))?;
        if !os::lock::try_lock(&file).unwrap_or(true) {
            return Err(ResumeError::Busy {
                path: folder.path().to_owned(),
            });
        }
        let mut past = Past::default();
        for other in other_journals(folder, &path)? {
            let file = File::open(&other).map_err(ResultsError::at(&other))?;
            if !os::lock::try_lock(&file).unwrap_or(true) {
                return Err(ResumeError::Busy {
                    path: folder.path().to_owned(),
                });
            }
            past.read(&other, folder, plan)?;
        }
        let whole = past.read(&path, folder, plan)?;
        if whole == 0 {
            if folder.is_begun() && past.entries.is_empty() {
                return Err(unreadable("it holds no whole line"));
            }
            // Killed before its first line was written, or never begun.
            file.set_len(0).map_err(ResultsError::at(&path))?;
            return Ok((Journal::begin(path, file, plan)?, past));
        }
        file.set_len(whole).map_err(ResultsError::at(&path))?;
        let length = whole;
        Ok((Journal { path, file, length }, past))
    }

    /// A journal of this runner's own in results that others may write at once, and what all
    /// journals hold.
    ///
    /// # Errors
    ///
    /// Fails if the results are those of another plan, or if the file system cannot hold
    /// results that several runners write.
    pub fn join(
        folder: &Folder,
        token: &Token,
        plan: &Identity,
    ) -> Result<(Journal, Past), ResumeError> {
        let base = folder.path().join(JOURNAL_FILE);
        // In this order: a runner makes its journal before it begins a run.
        let is_begun = folder.is_begun();
        let found = other_journals(folder, Path::new(""))?;
        if found.is_empty() && is_begun {
            return Err(ResumeError::Unreadable {
                path: base,
                found: "there is no such file".to_owned(),
            });
        }
        let mut past = Past::default();
        let mut whole = 0;
        for path in &found {
            whole += past.read(path, folder, plan)?;
        }
        if whole == 0 && is_begun {
            return Err(ResumeError::Unreadable {
                path: base,
                found: "it holds no whole line".to_owned(),
            });
        }
        if let Err(why) = probe(folder.path(), token, |from, to| fs::rename(from, to))? {
            return Err(ResumeError::NoRename {
                path: folder.path().to_owned(),
                why,
            });
        }
        if !found.contains(&base) {
            // Another runner may do the same, with the same bytes.
            let fresh = token.beside(&folder.path().join("first"));
            let file = File::create_new(&fresh).map_err(ResultsError::at(&fresh))?;
            Journal::begin(fresh.clone(), file, plan)?;
            fs::rename(&fresh, &base).map_err(ResultsError::at(&base))?;
        }
        let path = token.beside(&base);
        let file = File::create_new(&path).map_err(ResultsError::at(&path))?;
        // Only a runner that is alone in the folder asks for this lock.
        let _ = os::lock::try_lock(&file);
        Ok((Journal::begin(path, file, plan)?, past))
    }

    /// Adds a run that is over.
    ///
    /// # Errors
    ///
    /// Fails if the line cannot be written; the journal is unchanged then.
    pub fn add(journal: &Mutex<Journal>, entry: &NewEntry<'_>) -> Result<(), ResultsError> {
        let lock = || journal.lock().unwrap_or_else(PoisonError::into_inner);
        if entry.nodes() > NODES_IN_MEMORY {
            return lock().write(entry);
        }
        // Other workers write theirs meanwhile.
        let mut line = Vec::new();
        let made = write_journal_line(&mut line, entry);
        lock().written(|mut file| {
            made?;
            file.write_all(&line)?;
            Ok(line.len() as u64)
        })
    }

    fn write(&mut self, what: &impl Serialize) -> Result<(), ResultsError> {
        self.written(|file| write_journal_line(file, what))
    }

    /// Has `write` write a line, which returns its length `[bytes]`.
    fn written(
        &mut self,
        write: impl FnOnce(&File) -> io::Result<u64>,
    ) -> Result<(), ResultsError> {
        match write(&self.file) {
            Ok(length) => {
                self.length += length;
                Ok(())
            }
            Err(error) => {
                // A line after an incomplete line could not be read, so the
                // incomplete line is cut off. If this fails, too, the first error is
                // reported.
                let _ = self.file.set_len(self.length);
                Err(ResultsError::at(&self.path)(error))
            }
        }
    }
}

/// The journals of a folder but this one.
fn other_journals(folder: &Folder, but: &Path) -> Result<Vec<PathBuf>, ResultsError> {
    let mut found = journals(folder.path()).map_err(ResultsError::at(folder.path()))?;
    found.retain(|path| path != but);
    Ok(found)
}

impl Past {
    /// Adds what a journal holds. Returns the size of its whole lines `[bytes]`.
    fn read(&mut self, path: &Path, folder: &Folder, plan: &Identity) -> Result<u64, ResumeError> {
        let text = fs::read(path).map_err(ResultsError::at(path))?;
        let whole = memchr::memrchr(b'\n', &text).map_or(0, |end| end + 1);
        if whole == 0 {
            return Ok(0);
        }
        let unreadable = |found: &str| ResumeError::Unreadable {
            path: path.to_owned(),
            found: found.to_owned(),
        };
        let mut lines = (1..).zip(text[..whole - 1].split(|&byte| byte == b'\n'));
        let first = lines.next().map(|(_, line)| line).unwrap_or_default();
        let header: Header =
            read_journal_line(first).ok_or_else(|| unreadable("its first line is damaged"))?;
        if !(1..=FORMAT).contains(&header.journal) {
            let found = format!("its format is {}, expected 1 to {FORMAT}", header.journal);
            return Err(unreadable(&found));
        }
        let differences = header.plan.differences(plan);
        if !differences.is_empty() {
            return Err(ResumeError::Other {
                path: folder.path().to_owned(),
                differences,
            });
        }
        for (number, line) in lines {
            match read_journal_line(line) {
                Some(entry) => self.entries.push(entry),
                None => self.remarks.push(format!(
                    "{}:{number}: the line is damaged; the run that it was for is done again",
                    path.display()
                )),
            }
        }
        Ok(whole as u64)
    }
}
