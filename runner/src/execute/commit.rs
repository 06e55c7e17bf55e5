//! Makes a finished run part of the results: its line in the journal, then its final
//! name. `--resume` repairs a run that was killed between the two.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Mutex, PoisonError};

use crate::plan::Plan;
use crate::results::entry::Entry;
use crate::results::error::ResultsError;
use crate::results::folder::Folder;
use crate::results::journal::Journal;
use crate::results::run_result::RunResult;
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
    let number = result.spec.number;
    let (partial, whole) = (folder.partial_run(number), folder.run(number));
    let conflict = |file: &str| RunError::Conflict {
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
    // The folder that has the final name stays; an equal one is removed.
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
        fs::rename(&partial, &whole).map_err(ResultsError::at(&whole))?;
    }
    Ok(())
}
