//! The lines of a journal, and the journals of a results folder.
//!
//! A line is a sum (XXH3-64 of the rest, 16 hexadecimal digits), a space, and JSON. A
//! folder has `runs.journal`, and one `runs.journal-TOKEN` more for each runner that wrote
//! results which others may write at once (`--shared`). The runner defines what the JSON
//! holds; a report reads the sums of the runs' files out of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::sums::{FileSum, damage};
use crate::log::tables::RunStatus;
use crate::log::tables::files::{
    JOURNAL_FILE, RUNS_FOLDER, conflicting_run, partial_folder, run_folder,
};

/// Length of a sum and the space behind it `[bytes]`.
const SUM: usize = 17;

/// A line with its newline.
///
/// # Errors
///
/// Fails if the value cannot be written as JSON.
pub fn journal_line(what: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = vec![b' '; SUM];
    serde_json::to_writer(&mut line, what)?;
    let sum = format!("{:016x}", xxh3_64(&line[SUM..]));
    line[..SUM - 1].copy_from_slice(sum.as_bytes());
    line.push(b'\n');
    Ok(line)
}

/// The value of a line without its newline; `None` if the line is damaged.
pub fn read_journal_line<T: for<'a> Deserialize<'a>>(line: &[u8]) -> Option<T> {
    let (sum, json) = line.split_at_checked(SUM)?;
    let expected = format!("{:016x} ", xxh3_64(json));
    match sum == expected.as_bytes() {
        true => serde_json::from_slice(json).ok(),
        false => None,
    }
}

/// The journals of a folder, by name; none if the folder does not exist.
///
/// # Errors
///
/// Fails if the folder cannot be read.
pub fn journals(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let more = name.to_str().and_then(|it| it.strip_prefix(JOURNAL_FILE));
        if more.is_some_and(|it| it.is_empty() || it.starts_with('-')) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The part of a line that a report reads.
#[derive(Deserialize)]
struct Line {
    row: Row,
    #[serde(default)]
    files: Vec<FileSum>,
}

#[derive(Deserialize)]
struct Row {
    run: u64,
    status: RunStatus,
}

/// What the journals of a folder say about its runs, to compare with the files.
#[derive(Debug, Default)]
pub struct Journaled {
    folder: PathBuf,
    /// Whether there is a journal.
    is_there: bool,
    /// For each run, its possible folder and files: a line each.
    runs: BTreeMap<u64, Vec<(PathBuf, Vec<FileSum>)>>,
    /// The runs of which two different results are kept, and the folder of the second.
    conflicts: BTreeMap<u64, PathBuf>,
}

impl Journaled {
    /// Reads the journals of a folder.
    ///
    /// # Errors
    ///
    /// Fails if a journal cannot be read, with its path.
    pub fn read(folder: &Path) -> Result<Journaled, (PathBuf, io::Error)> {
        let mut found = Journaled {
            folder: folder.to_owned(),
            ..Journaled::default()
        };
        let files = journals(folder).map_err(|error| (folder.to_owned(), error))?;
        for path in files {
            let text = fs::read(&path).map_err(|error| (path, error))?;
            found.is_there = true;
            // The first line is about the plan, and the last one may be cut off.
            for line in text.split(|&byte| byte == b'\n') {
                if let Some(Line { row, files }) = read_journal_line(line) {
                    let name = match row.status {
                        RunStatus::Failed => partial_folder(row.run),
                        _ => run_folder(row.run),
                    };
                    let place = folder.join(RUNS_FOLDER).join(name);
                    found.runs.entry(row.run).or_default().push((place, files));
                }
            }
        }
        let runs = fs::read_dir(folder.join(RUNS_FOLDER));
        for run in runs.into_iter().flatten().flatten() {
            if let Some(number) = run.file_name().to_str().and_then(conflicting_run) {
                found.conflicts.insert(number, run.path());
            }
        }
        Ok(found)
    }

    /// Whether a line is about this run.
    pub fn has(&self, run: u64) -> bool {
        self.runs.contains_key(&run)
    }

    /// What is wrong with a run that ended with this status, if anything: no line says what
    /// the files of a complete run are, or they are not what a line says. Nothing is known
    /// without a journal.
    pub fn damage(&self, run: u64, status: RunStatus) -> Option<String> {
        let Some(lines) = self.runs.get(&run) else {
            let misses = self.is_there && status == RunStatus::Complete;
            return misses.then(|| "it is not in the journal".to_owned());
        };
        let mut wrong = None;
        for (place, files) in lines.iter().rev() {
            // Without logs a run has no folder.
            let found = (!files.is_empty()).then(|| damage(place, files));
            match found.flatten() {
                None => return None,
                found => wrong = wrong.or(found),
            }
        }
        wrong
    }

    /// The folders of two different results of a run, if there are such.
    pub fn conflict(&self, run: u64) -> Option<(PathBuf, &Path)> {
        let other = self.conflicts.get(&run)?;
        let one = self.folder.join(RUNS_FOLDER).join(run_folder(run));
        Some((one, other))
    }
}
