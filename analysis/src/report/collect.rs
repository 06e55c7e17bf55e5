//! The metrics of a folder's runs: from `summary.csv`, or from the logs.

use std::collections::{BTreeMap, BTreeSet};

use super::drawing::{nanoseconds, nanoseconds_of};
use super::folder::Folder;
use super::measured::{MAX_ROWS, Measured, first_runs};
use super::samples::SamplesReader;
use super::unfinished::open_log;
use super::{Error, Report};
use crate::log::RunSchema;
use crate::log::tables::{SAMPLES_FILE, SUMMARY_FILE};
use crate::metrics::{Cut, RunMetrics, Warmup, Window};
use crate::render::number::{count, whole};
use crate::results::{LogMode, RunRow};

/// The metrics of these runs. If `summary.csv` is missing, or a run is not whole,
/// they are computed from the logs.
pub(super) fn collect(
    folder: &Folder,
    runs: &[&RunRow],
    report: &mut Report,
) -> Result<Measured, Error> {
    let (chosen, rows) = within(folder, runs, MAX_ROWS);
    if chosen.len() < runs.len() {
        report.left_out.push(format!(
            "The tables and observations are of {} of {}, the first of each case: a report reads at most {} rows of summary.csv, a row for each node of each run.",
            whole(chosen.len() as u64),
            count(runs.len() as u64, "complete run"),
            whole(MAX_ROWS),
        ));
    }
    let runs = &chosen[..];
    let file = folder.path.join(SUMMARY_FILE);
    let whole = runs.iter().all(|run| folder.is_whole(run));
    if whole && file.exists() || folder.manifest.log == LogMode::Off {
        let numbers: BTreeSet<u64> = runs.iter().map(|run| run.run).collect();
        let mut measured = Measured::read(&file, &numbers, rows)?;
        measured.pool_samples(&folder.path.join(SAMPLES_FILE))?;
        return Ok(measured);
    }
    if whole {
        report.left_out.push(
            "`summary.csv` is missing; the metrics were computed from the logs again.".to_owned(),
        );
    }
    from_logs(folder, runs)
}

/// The first runs of each case, if all have more rows than this; and the number of their rows.
fn within<'a>(folder: &Folder, runs: &[&'a RunRow], most: u64) -> (Vec<&'a RunRow>, u64) {
    let cases = folder.manifest.cases.iter();
    let nodes: BTreeMap<&str, u64> = cases
        .map(|case| {
            let groups = case.groups.as_ref().unwrap_or(&folder.manifest.groups);
            let counts = groups.iter().map(|group| u64::from(group.count));
            (case.id.as_str(), counts.sum())
        })
        .collect();
    let sizes: Vec<(&str, u64)> = runs
        .iter()
        .map(|run| {
            (
                run.case.as_str(),
                nodes.get(&*run.case).copied().unwrap_or(1),
            )
        })
        .collect();
    let is_chosen = first_runs(&sizes, most);
    let rows = sizes.iter().zip(&is_chosen);
    let rows = rows.filter(|it| *it.1).map(|(size, _)| size.1).sum();
    let chosen = runs.iter().zip(is_chosen);
    (chosen.filter(|it| it.1).map(|it| *it.0).collect(), rows)
}

/// Where the measured part of a run begins, as it was found when the run was done: logs
/// alone do not have what it takes to find it. `None`: it follows from the scenario.
fn cut(window: &Window, run: &RunRow) -> Option<Cut> {
    if window.warmup != Warmup::Auto {
        return None;
    }
    let found = run.warmup_s.as_deref().and_then(|text| text.parse().ok());
    Some(match found {
        Some(seconds) => Cut::At(nanoseconds_of(seconds)),
        None => Cut::Unknown("it is not known where the warm-up of the run ends".to_owned()),
    })
}

fn from_logs(folder: &Folder, runs: &[&RunRow]) -> Result<Measured, Error> {
    let mut measured = Measured::default();
    let mut schemas: BTreeMap<&str, RunSchema> = BTreeMap::new();
    for run in runs {
        schemas.entry(&run.case).or_insert_with(|| {
            let schema = folder.manifest.run_schema(&run.case);
            measured.add_metrics(&schema);
            schema
        });
    }
    let mut samples = SamplesReader::open(&folder.path.join(SAMPLES_FILE))?;
    for run in runs {
        let schema = &schemas[run.case.as_str()];
        let mut log = open_log(folder, run, schema)?;
        let mut metrics = RunMetrics::new(schema);
        if let Some(window) = folder.manifest.window_of(&run.case) {
            metrics = metrics.within(window, schema);
            if let Some(cut) = cut(window, run) {
                metrics.cut_at(cut);
            }
        }
        while let Some((row, columns)) = log.next()? {
            metrics.row(&row, &columns);
        }
        // The samples of runs that are not whole are not kept.
        if let Some(samples) = samples.as_mut().filter(|_| folder.is_whole(run)) {
            metrics.occupied(&samples.of_run(run.run)?.occupancies(schema));
        }
        let metrics = metrics.finish(nanoseconds(run));
        measured.push_run(run.run, &run.case, schema, &metrics);
        measured.pool_run(run.run, &metrics);
    }
    Ok(measured)
}
