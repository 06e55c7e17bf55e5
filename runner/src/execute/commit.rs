//! A run that is over becomes part of the results: into the journal, then to its
//! final name. What ends in between is found by `--resume`.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use analysis::results::RunStatus;

use super::ExecuteError;
use crate::plan::Plan;
use crate::results::entry::Entry;
use crate::results::folder::Folder;
use crate::results::journal::Journal;
use crate::results::ledger::{BookError, RunResult};
use crate::results::resume::Resumed;
use crate::results::sums::{FileSum, difference, sums};

/// What was there before, and where what comes is kept.
#[derive(Debug)]
pub struct Books {
    /// Takes each run that is over.
    pub journal: Journal,
    /// What is not done again.
    pub resumed: Resumed,
}

/// Whether a run came to its end. In real time being stopped is an end like any
/// other; in virtual time the rest of the run is missing.
pub fn is_whole(plan: &Plan, status: RunStatus) -> bool {
    match status {
        RunStatus::Complete => true,
        RunStatus::Interrupted => plan.is_real(),
        RunStatus::Failed => false,
    }
}

/// Makes a run part of the results. `before` is what its files were when it was
/// done before.
///
/// # Errors
///
/// When it cannot be written, or came out differently before.
pub fn commit(
    plan: &Plan,
    folder: &Folder,
    journal: &Mutex<Journal>,
    before: Option<&[FileSum]>,
    result: &RunResult,
) -> Result<(), ExecuteError> {
    if !result.lasting {
        return Ok(());
    }
    let number = result.spec.number;
    let (partial, whole) = (folder.partial_run(number), folder.run(number));
    let conflict = |file: &str| ExecuteError::Conflict {
        run: number,
        file: file.to_owned(),
        folder: partial.clone(),
    };
    if let (Some(before), false) = (before, plan.is_real())
        && let Some(file) = difference(before, &result.files)
    {
        return Err(conflict(file));
    }
    let renames = !result.files.is_empty() && is_whole(plan, result.row.status);
    // Who has the final name was first: a twin of it is not needed.
    if renames && whole.exists() {
        if let Some(file) = difference(&sums(&whole)?, &result.files) {
            return Err(conflict(file));
        }
        remove(&partial)?;
    }
    let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
    journal.add(&Entry::of(result))?;
    drop(journal);
    if renames && partial.exists() {
        fs::rename(&partial, &whole).map_err(BookError::at(&whole))?;
    }
    Ok(())
}

/// Takes away what a run that did not come to its end has left.
///
/// # Errors
///
/// When it cannot be removed.
pub fn remove(folder: &Path) -> Result<(), BookError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(BookError::at(folder)),
    }
}
