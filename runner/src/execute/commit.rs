//! Makes a finished run part of the results: its line in the journal, then its final
//! name. `--resume` repairs a run that was killed between the two.
//!
//! While other runners may write the same results (`--shared`), the order is the other one:
//! the line says what has the final name, see [`crate::results::shared`].

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use crate::plan::Plan;
use crate::results::entry::Entry;
use crate::results::error::ResultsError;
use crate::results::folder::Folder;
use crate::results::journal::Journal;
use crate::results::run_result::RunResult;
use crate::results::shared::{Settled, Token, settle};
use crate::results::sums::{FileSum, difference, sums};
use crate::session::{RunError, is_whole, remove};

/// The file sums of runs that are repeated, by run number.
pub(super) type Before = BTreeMap<u32, Vec<FileSum>>;

/// Adds a run to the results. `before` are the sums of its files from an earlier
/// execution.
///
/// # Errors
///
/// Fails if the run cannot be written, or if an earlier execution had another result.
pub(super) fn commit(
    plan: &Plan,
    folder: &Folder,
    journal: &Mutex<Journal>,
    before: Option<&[FileSum]>,
    result: &RunResult,
) -> Result<(), RunError> {
    if !result.lasting {
        return Ok(());
    }
    let run = Run {
        folder,
        number: result.spec.number,
        files: &result.files,
    };
    if let (Some(before), false) = (before, plan.is_real())
        && let Some(file) = difference(before, &result.files)
    {
        return Err(run.conflict(file, run.work()));
    }
    let is_whole = is_whole(plan, result.row.status);
    let has_folder = !result.files.is_empty();
    let line = || Journal::add(journal, &Entry::of(result));
    if let Some(token) = folder.token() {
        if has_folder {
            run.settle(is_whole, token)?;
        }
        return Ok(line()?);
    }
    // The folder that has the final name stays; an equal one is removed.
    if has_folder && is_whole && folder.run(run.number).exists() {
        run.compare()?;
        return Ok(line()?);
    }
    line()?;
    if has_folder && is_whole {
        match settle(&run.work(), &folder.run(run.number), run.files)? {
            Settled::Renamed => {}
            Settled::Twin => remove(&run.work())?,
            Settled::Differs(file) => return Err(run.conflict(&file, run.work())),
        }
    }
    Ok(())
}

/// The files of a finished run.
struct Run<'a> {
    folder: &'a Folder,
    number: u32,
    files: &'a [FileSum],
}

impl Run<'_> {
    fn work(&self) -> PathBuf {
        self.folder.work(self.number)
    }

    fn conflict(&self, file: &str, folder: PathBuf) -> RunError {
        RunError::Conflict {
            run: self.number,
            file: file.to_owned(),
            folder,
        }
    }

    /// Compares the run with the one that has the final name, and removes it if it is equal.
    fn compare(&self) -> Result<(), RunError> {
        let others = sums(&self.folder.run(self.number))?;
        match difference(&others, self.files) {
            Some(file) => Err(self.conflict(file, self.work())),
            None => Ok(remove(&self.work())?),
        }
    }

    /// Gives the run its final name, if no other runner has been faster. A run that failed
    /// has a final name, too. A different result of another runner stays beside this one.
    fn settle(&self, is_whole: bool, token: &Token) -> Result<(), RunError> {
        let place = match is_whole {
            true => self.folder.run(self.number),
            false => self.folder.partial_run(self.number),
        };
        match settle(&self.work(), &place, self.files)? {
            Settled::Renamed => Ok(()),
            Settled::Twin => Ok(remove(&self.work())?),
            Settled::Differs(file) => {
                let kept = self.folder.conflict(self.number, token);
                fs::rename(self.work(), &kept).map_err(ResultsError::at(&kept))?;
                Err(self.conflict(&file, kept))
            }
        }
    }
}
