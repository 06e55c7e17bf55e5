//! Merges parts of one plan.
//!
//! The runs of a plan may be executed in several places: shards, single cases, single
//! runs. Each place has a results folder with the manifest of the whole plan. A merge
//! copies the tables run by run, byte for byte, so that `summary.csv` is as if one
//! place had executed all runs; and it links the files of the runs' folders, or copies
//! them if links are not possible. Then it judges what is expected over all runs of a
//! case.
//!
//! `sound` verifies that the files of the parts are those that were written, `lines` merges
//! tables by run, `files` the folders of the runs, `over_runs` judges. Whether the parts are of one plan decides [`differences`].

mod files;
mod lines;
mod over_runs;
mod sound;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lines::Picks;

use super::folder::Folder;
use super::{Error, place};
use crate::log::tables::files::{
    EVIDENCE_FILE, FAILURES_FILE, MANIFEST_FILE, RESULT_FILES, RUNS_FILE, RUNS_FOLDER,
    SAMPLES_FILE, SUMMARY_FILE, VERDICTS_FILE,
};
use crate::results::{Manifest, PartInfo, RunRow, RunStatus, differences};

/// The result of a merge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merged {
    /// The folder of the merged results.
    pub folder: PathBuf,
    /// Number of runs.
    pub runs: u64,
    /// Number of runs of the plan.
    pub planned: u64,
}

/// Merges parts of one plan into a new folder.
///
/// # Errors
/// The parts are of different plans, or have different results of a run; `out` holds
/// results already, or cannot be written.
pub(super) fn merge(parts: &[Folder], out: &Path) -> Result<Merged, Error> {
    let first = &parts[0];
    for part in &parts[1..] {
        let differences = differences(&first.manifest, &part.manifest);
        if !differences.is_empty() {
            return Err(Error::OtherPlan {
                path: part.path.clone(),
                first: first.path.clone(),
                differences,
            });
        }
    }
    if RESULT_FILES.iter().any(|sign| out.join(sign).exists()) {
        return Err(Error::Occupied {
            path: out.to_owned(),
        });
    }
    place::check(&place::plan_mark([&first.manifest]), out, &[])?;
    let picks = pick(parts)?;
    sound::verify(parts, &picks)?;
    let runs_folder = out.join(RUNS_FOLDER);
    fs::create_dir_all(&runs_folder).map_err(Error::write(&runs_folder))?;
    files::link(parts, &picks, &runs_folder)?;
    files::copy_shrunk(parts, out)?;
    for name in [
        RUNS_FILE,
        SUMMARY_FILE,
        SAMPLES_FILE,
        VERDICTS_FILE,
        EVIDENCE_FILE,
        FAILURES_FILE,
    ] {
        lines::merge(parts, &picks, name, &out.join(name))?;
    }
    let manifest = whole_manifest(parts);
    let of_case = runs_by_case(parts, &picks);
    let complete = |case: &str| {
        let runs = of_case.get(case).copied().unwrap_or(0);
        let least = manifest.until().map(|until| until.at_least);
        runs == u64::from(manifest.runs_per_case)
            || least.is_some_and(|least| runs >= u64::from(least))
    };
    over_runs::judge(&manifest, out, complete)?;
    let path = out.join(MANIFEST_FILE);
    fs::write(&path, manifest.to_json()).map_err(Error::write(&path))?;
    Ok(Merged {
        folder: out.to_owned(),
        runs: picks.0.len() as u64,
        planned: manifest.runs_planned,
    })
}

/// The manifest of the merged results.
fn whole_manifest(parts: &[Folder]) -> Manifest {
    let mut manifest = parts[0].manifest.clone();
    let started = parts.iter().map(|part| &part.manifest.started).min();
    manifest
        .started
        .clone_from(started.unwrap_or(&manifest.started.clone()));
    manifest.selected = None;
    manifest.also_selected = Vec::new();
    manifest.parts = parts
        .iter()
        .flat_map(|part| {
            let own = &part.manifest;
            let itself = PartInfo {
                command: own.command.clone(),
                selected: own.selected.clone(),
                also_selected: own.also_selected.clone(),
                started: own.started.clone(),
            };
            match own.parts.is_empty() {
                true => vec![itself],
                false => own.parts.clone(),
            }
        })
        .collect();
    manifest.command = Vec::new();
    manifest
}

/// Selects the part that each run is taken from.
fn pick(parts: &[Folder]) -> Result<Picks, Error> {
    let mut picks: BTreeMap<u64, Vec<(usize, &RunRow)>> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        for run in &part.runs {
            picks.entry(run.run).or_default().push((index, run));
        }
    }
    let mut taken = BTreeMap::new();
    for (run, mut found) in picks {
        // A run that was stopped is used only if no part has the whole run.
        let half = |(index, row): &(usize, &RunRow)| {
            row.status == RunStatus::Interrupted && !parts[*index].is_whole(row)
        };
        if !found.iter().all(half) {
            found.retain(|it| !half(it));
        }
        let (first, row) = found[0];
        for (other, twin) in &found[1..] {
            if !same(row, twin) {
                return Err(conflict(run, &parts[first], &parts[*other], RUNS_FILE));
            }
        }
        taken.insert(run, found.iter().map(|(index, _)| *index).collect());
    }
    Ok(Picks(taken))
}

/// Whether two rows are equal, except for the wall time.
fn same(one: &RunRow, other: &RunRow) -> bool {
    let timeless = |row: &RunRow| RunRow {
        wall_s: 0.0,
        ..row.clone()
    };
    timeless(one) == timeless(other)
}

fn conflict(run: u64, one: &Folder, other: &Folder, file: &str) -> Error {
    Error::Conflict {
        run,
        one: one.path.clone(),
        other: other.path.clone(),
        file: file.to_owned(),
    }
}

/// The number of runs of each case that came to their end.
fn runs_by_case<'a>(parts: &'a [Folder], picks: &Picks) -> BTreeMap<&'a str, u64> {
    let mut of_case: BTreeMap<&str, u64> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        for run in &part.runs {
            let taken = picks.0.get(&run.run).and_then(|from| from.first());
            let done = run.status == RunStatus::Failed || part.is_whole(run);
            if taken == Some(&index) && done {
                *of_case.entry(&run.case).or_default() += 1;
            }
        }
    }
    of_case
}
