//! The journal of a plan, `runs.journal`: a line for each finished run, in the order
//! in which runs ended. A line is added in one write before the run gets its final
//! name. `--resume` reads the journal; `runs.csv` and `summary.csv` are derived from it,
//! in the order of the plan.
//!
//! A line is a sum (XXH3-64 of the rest, 16 hexadecimal digits), a space, and JSON.
//! The first line is the [`Identity`] of the plan, the others are [`Entry`]s. An
//! incomplete last line, after a kill or on a full disk, is cut off; the run of a
//! damaged line is repeated. Later lines win. The file is locked while a runner writes
//! it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use analysis::log::tables::JOURNAL_FILE;
use analysis::results::Identity;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::results::entry::Entry;
use crate::results::error::ResultsError;
use crate::results::folder::Folder;

/// The version of the format. A journal of another version cannot be continued.
const FORMAT: u32 = 1;

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
        let text = fs::read(&path).map_err(ResultsError::at(&path))?;
        let whole = memchr::memrchr(b'\n', &text).map_or(0, |end| end + 1);
        if whole == 0 {
            if folder.is_begun() {
                return Err(unreadable("it holds no whole line"));
            }
            // Killed before its first line was written, or never begun.
            file.set_len(0).map_err(ResultsError::at(&path))?;
            return Ok((Journal::begin(path, file, plan)?, Past::default()));
        }
        let mut lines = (1..).zip(text[..whole - 1].split(|&byte| byte == b'\n'));
        let first = lines.next().map(|(_, line)| line).unwrap_or_default();
        let header: Header = read(first).ok_or_else(|| unreadable("its first line is damaged"))?;
        if header.journal != FORMAT {
            let found = format!("its format is {}, expected {FORMAT}", header.journal);
            return Err(unreadable(&found));
        }
        let differences = header.plan.differences(plan);
        if !differences.is_empty() {
            return Err(ResumeError::Other {
                path: folder.path().to_owned(),
                differences,
            });
        }
        let mut past = Past::default();
        for (number, line) in lines {
            match read(line) {
                Some(entry) => past.entries.push(entry),
                None => past.remarks.push(format!(
                    "{}:{number}: the line is damaged; the run that it was for is done again",
                    path.display()
                )),
            }
        }
        let length = whole as u64;
        file.set_len(length).map_err(ResultsError::at(&path))?;
        Ok((Journal { path, file, length }, past))
    }

    /// Adds a run that is over.
    ///
    /// # Errors
    ///
    /// Fails if the line cannot be written; the journal is unchanged then.
    pub fn add(&mut self, entry: &Entry) -> Result<(), ResultsError> {
        self.write(entry)
    }

    fn write(&mut self, what: &impl Serialize) -> Result<(), ResultsError> {
        let line = line(what).map_err(ResultsError::at(&self.path))?;
        match self.file.write_all(&line) {
            Ok(()) => {
                self.length += line.len() as u64;
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

/// Length of a sum and the space behind it `[bytes]`.
const SUM: usize = 17;

fn line(what: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = vec![b' '; SUM];
    serde_json::to_writer(&mut line, what)?;
    let sum = format!("{:016x}", xxh3_64(&line[SUM..]));
    line[..SUM - 1].copy_from_slice(sum.as_bytes());
    line.push(b'\n');
    Ok(line)
}

fn read<T: for<'a> Deserialize<'a>>(line: &[u8]) -> Option<T> {
    let (sum, json) = line.split_at_checked(SUM)?;
    let expected = format!("{:016x} ", xxh3_64(json));
    match sum == expected.as_bytes() {
        true => serde_json::from_slice(json).ok(),
        false => None,
    }
}
