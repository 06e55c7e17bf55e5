//! Taking up results where they were left: which runs of the journal are still
//! there as they were written, and which have to be done again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use analysis::results::RunStatus;

use crate::plan::Plan;
use crate::results::entry::Reader;
use crate::results::error::ResultsError;
use crate::results::folder::Folder;
use crate::results::journal::Past;
use crate::results::run_result::RunResult;
use crate::results::sums::{FileSum, damage};

/// What there is of a plan's results.
#[derive(Debug, Default)]
pub struct Resumed {
    /// The runs that are kept, by number.
    pub kept: BTreeMap<u32, RunResult>,
    /// Those that were over and have to be done again, by number, and what their
    /// files were.
    pub again: BTreeMap<u32, Vec<FileSum>>,
    /// What is to be said.
    pub remarks: Vec<String>,
}

/// Looks after everything that the journal tells of.
///
/// # Errors
///
/// When a folder cannot be renamed.
pub fn take_up(plan: &Plan, folder: &Folder, past: Past) -> Result<Resumed, ResultsError> {
    let mut resumed = Resumed {
        remarks: past.remarks,
        ..Resumed::default()
    };
    let mut reader = Reader::new(plan);
    // The later line wins.
    let entries: BTreeMap<u64, _> = past
        .entries
        .into_iter()
        .map(|entry| (entry.row.run, entry))
        .collect();
    let mut entries = entries.into_iter().peekable();
    for spec in plan.runs() {
        let number = spec.number;
        let Some((_, entry)) = entries.next_if(|(run, _)| *run == u64::from(number)) else {
            // In real time no two runs are alike, so one without a line in the
            // journal would stand in the way of the next.
            if plan.is_real() && folder.run(number).exists() {
                let place = set_aside(&folder.run(number))?;
                resumed.remarks.push(format!(
                    "run {number}: it is not in the journal; its folder is now {}",
                    place.display()
                ));
            }
            continue;
        };
        let files = entry.files.clone();
        let Some(result) = reader.result(entry, spec) else {
            resumed.again.insert(number, files);
            resumed.remarks.push(format!(
                "run {number}: its line in the journal makes no sense; it is done again"
            ));
            continue;
        };
        match find(folder, &result)? {
            None => {
                resumed.kept.insert(number, result);
            }
            Some(wrong) => {
                resumed.again.insert(number, files);
                let told = format!("run {number}: {wrong}; it is done again");
                resumed.remarks.push(told);
            }
        }
    }
    Ok(resumed)
}

/// What is wrong with the files of a run, if anything. What is left of a damaged
/// one is out of the way then.
fn find(folder: &Folder, result: &RunResult) -> Result<Option<String>, ResultsError> {
    if result.files.is_empty() {
        return Ok(None);
    }
    let number = result.spec.number;
    let (whole, partial) = (folder.run(number), folder.partial_run(number));
    if result.row.status == RunStatus::Failed {
        return Ok(damage(&partial, &result.files));
    }
    let Some(wrong) = damage(&whole, &result.files) else {
        return Ok(None);
    };
    if whole.exists() {
        let place = set_aside(&whole)?;
        return Ok(Some(format!("{wrong} (kept as {})", place.display())));
    }
    // Ended between its line in the journal and its final name.
    if damage(&partial, &result.files).is_none() {
        fs::rename(&partial, &whole).map_err(ResultsError::at(&whole))?;
        return Ok(None);
    }
    Ok(Some(wrong))
}

/// Renames a folder that is in the way; what was set aside before goes.
fn set_aside(folder: &Path) -> Result<PathBuf, ResultsError> {
    let place = folder.with_extension("damaged");
    if place.exists() {
        fs::remove_dir_all(&place).map_err(ResultsError::at(&place))?;
    }
    fs::rename(folder, &place).map_err(ResultsError::at(&place))?;
    Ok(place)
}
