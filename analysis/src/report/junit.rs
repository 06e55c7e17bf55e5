//! The JUnit file of results, from their tables.

use std::collections::BTreeMap;

use super::Error;
use super::folder::Folder;
use super::standing::Standing;
use crate::junit::{Junit, JunitRun};
use crate::log::tables::files::{RUNS_FOLDER, partial_folder, run_folder};
use crate::results::{Judgement, RunStatus, Verdict};

/// Adds the suites of results: a test case for each run that is there or missing, and
/// for what is expected over runs. With `partial`, missing runs are skipped test cases.
pub(super) fn add(
    junit: &mut Junit,
    folder: &Folder,
    standing: &Standing,
    partial: bool,
    prefix: &str,
) -> Result<(), Error> {
    let manifest = &folder.manifest;
    junit.begin_plan(manifest, &folder.path, prefix);
    let (judgements, failures) = (judgements(folder)?, failures(folder)?);
    let repeat = |run: u64| manifest.repeat.as_ref().map(|it| it.of(run));
    let mut missing = standing.missing.iter().flat_map(|it| &it.runs).peekable();
    let mut add_missing = |junit: &mut Junit, until: u64| {
        while let Some(&run) = missing.next_if(|run| **run < until) {
            let index = (run - 1) / u64::from(manifest.runs_per_case.max(1));
            let case = &manifest.cases[index as usize].id;
            match partial {
                true => junit.add_skipped(run, case, "the run is not in these results"),
                false => junit.add_missing(run, case, repeat(run).as_deref()),
            }
        }
    };
    for row in &folder.runs {
        add_missing(junit, row.run);
        // A run that was cut off is among those that are missing.
        if row.status == RunStatus::Interrupted && !manifest.is_real() {
            continue;
        }
        let names = [run_folder(row.run), partial_folder(row.run)];
        let records = names.map(|name| folder.path.join(RUNS_FOLDER).join(name));
        let errors = failures.get(&row.run).map_or(&[][..], Vec::as_slice);
        junit.add_run(&JunitRun {
            row,
            errors: errors.iter().map(String::as_str).collect(),
            judgements: judgements.get(&row.run).map_or(&[], Vec::as_slice),
            warnings: &[],
            records: records.into_iter().filter(|it| it.is_dir()).collect(),
            repeat: repeat(row.run),
            is_real: manifest.is_real(),
        });
    }
    add_missing(junit, u64::MAX);
    for (case, judgement) in &standing.over_runs {
        junit.add_over_runs(case, judgement);
    }
    junit.end_plan();
    Ok(())
}

/// The judgements that did not pass, with their evidence, by run.
fn judgements(folder: &Folder) -> Result<BTreeMap<u64, Vec<Judgement>>, Error> {
    let mut judgements: BTreeMap<u64, Vec<Judgement>> = BTreeMap::new();
    folder.each_verdict(|row| {
        if let (Some(run), true) = (row.run, row.judgement.verdict != Verdict::Passed) {
            judgements.entry(run).or_default().push(row.judgement);
        }
    })?;
    folder.each_evidence(|row| {
        let of_run = judgements.get_mut(&row.run).into_iter().flatten();
        if let Some(judgement) = of_run.into_iter().find(|it| it.name == row.name) {
            judgement.evidence.push(row.evidence);
        }
    })?;
    Ok(judgements)
}

/// Why runs failed themselves, by run.
fn failures(folder: &Folder) -> Result<BTreeMap<u64, Vec<String>>, Error> {
    let mut failures: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    folder.each_failure(|row| failures.entry(row.run).or_default().push(row.text))?;
    Ok(failures)
}
