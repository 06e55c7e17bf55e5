//! Continues results (`--resume`): finds the runs of the journal whose files are
//! unchanged, and those that have to be repeated.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use analysis::log::tables::RUNS_FOLDER;
use analysis::log::tables::files::conflicting_run;
use analysis::results::RunStatus;

use crate::plan::Plan;
use crate::results::entry::Reader;
use crate::results::error::ResultsError;
use crate::results::folder::Folder;
use crate::results::journal::Past;
use crate::results::run_result::RunResult;
use crate::results::sums::{FileSum, damage};

/// The finished runs of an earlier process.
#[derive(Debug, Default)]
pub struct Resumed {
    /// The runs that are kept, by number.
    pub kept: BTreeMap<u32, RunResult>,
    /// The sums of the files of runs that have to be repeated, by number.
    pub again: BTreeMap<u32, Vec<FileSum>>,
    /// Warnings about runs that have to be repeated.
    pub remarks: Vec<String>,
}

/// Checks the files of every run in the journal.
///
/// # Errors
///
/// Fails if a folder cannot be renamed.
pub fn take_up(plan: &Plan, folder: &Folder, past: Past) -> Result<Resumed, ResultsError> {
    let mut resumed = Resumed {
        remarks: past.remarks,
        ..Resumed::default()
    };
    resumed.remarks.extend(conflicts(folder)?);
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
            if plan.is_real() {
                resumed.remarks.extend(unfinished(folder, number)?);
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
        match problem(folder, &result)? {
            None => {
                resumed.kept.insert(number, result);
            }
            Some(wrong) => {
                resumed.again.insert(number, files);
                let text = format!("run {number}: {wrong}; it is done again");
                resumed.remarks.push(text);
            }
        }
    }
    Ok(resumed)
}

/// Warnings about runs of which two results are kept.
fn conflicts(folder: &Folder) -> Result<Vec<String>, ResultsError> {
    let runs = folder.path().join(RUNS_FOLDER);
    let mut remarks = Vec::new();
    for entry in fs::read_dir(&runs).map_err(ResultsError::at(&runs))? {
        let path = entry.map_err(ResultsError::at(&runs))?.path();
        let name = path.file_name().and_then(OsStr::to_str);
        if let Some(run) = name.and_then(conflicting_run) {
            remarks.push(format!(
                "run {run}: another result of it is kept in {}\n  find the reason with --check-determinism, then remove the folder; a merge refuses the run until then",
                path.display()
            ));
        }
    }
    remarks.sort();
    Ok(remarks)
}

/// Warnings about a run in real time without a line in the journal.
fn unfinished(folder: &Folder, number: u32) -> Result<Vec<String>, ResultsError> {
    let mut remarks = Vec::new();
    // The repeated run has other files, so the folder must be moved.
    let whole = folder.run(number);
    if whole.exists() {
        let place = set_aside(&whole)?;
        remarks.push(format!(
            "run {number}: it is not in the journal; its folder is now {}",
            place.display()
        ));
    }
    if folder.partial_run(number).exists() {
        remarks.push(format!(
            "run {number} was interrupted: it begins again with the files that its nodes wrote; its logs so far are in {}",
            whole.join("interrupted-*").display()
        ));
    }
    Ok(remarks)
}

/// Returns what is wrong with the files of a run, if anything. A damaged folder is
/// renamed.
fn problem(folder: &Folder, result: &RunResult) -> Result<Option<String>, ResultsError> {
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
    // Killed between the line in the journal and the final name.
    if damage(&partial, &result.files).is_none() {
        fs::rename(&partial, &whole).map_err(ResultsError::at(&whole))?;
        return Ok(None);
    }
    Ok(Some(wrong))
}

/// Renames a file or folder to `NAME.damaged`, or `NAME.damaged-2` and so on if that exists.
///
/// # Errors
///
/// Fails if it cannot be renamed.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf, ResultsError> {
    let named = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let mut place = named(".damaged");
    for number in 2.. {
        if !place.exists() {
            match fs::rename(path, &place) {
                // Another runner has taken this name, or has set the folder aside.
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {}
                Err(error) if error.kind() == ErrorKind::NotFound && !path.exists() => break,
                renamed => {
                    renamed.map_err(ResultsError::at(&place))?;
                    break;
                }
            }
        }
        place = named(&format!(".damaged-{number}"));
    }
    Ok(place)
}
