//! The lines of a journal, and the journals of a results folder.
//!
//! A line is JSON, a space, and a sum (XXH3-64 of the JSON, 16 hexadecimal digits). The sum
//! comes last so that the line of a run with many nodes is written as it is made. In
//! journals of format 1 the sum comes first. A
//! folder has `runs.journal`, and one `runs.journal-TOKEN` more for each runner that wrote
//! results which others may write at once (`--shared`). The runner defines what the JSON
//! holds; a report reads the sums of the runs' files out of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::sums::{FileSum, damage};
use crate::log::tables::RunStatus;
use crate::log::tables::files::{
    JOURNAL_FILE, RUNS_FOLDER, conflicting_run, partial_folder, run_folder,
};

/// Length of a sum and the space beside it `[bytes]`.
const SUM: usize = 17;

/// Size of the pieces in which a long line is written `[bytes]`. Shorter lines are written
/// at once.
const PIECE: usize = 1 << 20;

/// Writes a line with its newline, and returns its length `[bytes]`. After an error, a part
/// of the line may be written.
///
/// # Errors
///
/// Fails if the value cannot be written as JSON, or if the system refuses.
pub fn write_journal_line(out: impl Write, what: &impl Serialize) -> io::Result<u64> {
    let mut line = LineWriter {
        out,
        // Most lines are of a few nodes.
        piece: Vec::with_capacity(4 << 10),
        sum: Xxh3::new(),
        length: 0,
    };
    serde_json::to_writer(&mut line, what)?;
    line.end()
}

/// Takes the JSON of a line.
struct LineWriter<W> {
    out: W,
    /// What is not written yet.
    piece: Vec<u8>,
    /// Of what was written.
    sum: Xxh3,
    length: u64,
}

impl<W: Write> LineWriter<W> {
    fn end(mut self) -> io::Result<u64> {
        self.sum.update(&self.piece);
        writeln!(self.piece, " {:016x}", self.sum.digest())?;
        self.out.write_all(&self.piece)?;
        Ok(self.length + self.piece.len() as u64)
    }

    #[cold]
    fn write_piece(&mut self) -> io::Result<()> {
        self.sum.update(&self.piece);
        self.out.write_all(&self.piece)?;
        self.length += self.piece.len() as u64;
        self.piece.clear();
        Ok(())
    }
}

impl<W: Write> Write for LineWriter<W> {
    #[inline]
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        self.write_all(json)?;
        Ok(json.len())
    }

    // JSON comes in pieces of a few bytes.
    #[inline]
    fn write_all(&mut self, json: &[u8]) -> io::Result<()> {
        self.piece.extend_from_slice(json);
        match self.piece.len() >= PIECE {
            true => self.write_piece(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The value of a line without its newline; `None` if the line is damaged.
pub fn read_journal_line<T: for<'a> Deserialize<'a>>(line: &[u8]) -> Option<T> {
    let (json, sum) = match line.first()? {
        b'{' => {
            let (json, sum) = line.split_at_checked(line.len().checked_sub(SUM)?)?;
            (json, sum.strip_prefix(b" ")?)
        }
        _ => {
            let (sum, json) = line.split_at_checked(SUM)?;
            (json, sum.strip_suffix(b" ")?)
        }
    };
    let expected = format!("{:016x}", xxh3_64(json));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts its writes.
    struct Pieces(Vec<usize>, Vec<u8>);

    impl Write for &mut Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.len());
            self.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_comes_back_and_a_damaged_one_does_not() {
        for nodes in [0, 3, 100_000] {
            let what = BTreeMap::from([("metrics", vec!["1 2 3 4*5;queue 1 63 0*6"; nodes])]);
            let mut out = Pieces(Vec::new(), Vec::new());
            let length = write_journal_line(&mut out, &what).unwrap();
            let Pieces(writes, line) = out;
            assert_eq!(length, line.len() as u64);
            // In one write if it is short, so that two lines are never mixed.
            assert_eq!(writes.len(), 1 + line.len() / (PIECE + 20));
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
            let line = line.strip_suffix(b"\n").unwrap();
            let read = read_journal_line::<BTreeMap<String, Vec<String>>>;
            assert_eq!(read(line).unwrap()["metrics"].len(), nodes);
            // Each line of an older journal begins with its sum.
            let (json, sum) = line.split_at(line.len() - SUM);
            let older = [&sum[1..], b" ", json].concat();
            assert_eq!(read(&older).unwrap()["metrics"].len(), nodes);
            for cut in [1, SUM, SUM + 1, line.len()] {
                assert!(read(&line[..line.len() - cut]).is_none());
                assert!(read(&older[..line.len() - cut]).is_none());
            }
            for place in [0, 2, json.len() - 1, json.len(), line.len() - 1] {
                let mut damaged = line.to_vec();
                damaged[place] ^= 1;
                assert!(read(&damaged).is_none(), "{place}");
            }
        }
    }
}
