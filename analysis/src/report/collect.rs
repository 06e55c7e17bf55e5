//! The metrics of a folder's runs: from `summary.csv`, or from the logs.

use std::collections::{BTreeMap, BTreeSet};

use super::drawing::{nanoseconds, nanoseconds_of};
use super::folder::Folder;
use super::measured::Measured;
use super::samples::SamplesReader;
use super::unfinished::open_log;
use super::{Error, Report};
use crate::log::RunSchema;
use crate::log::tables::{SAMPLES_FILE, SUMMARY_FILE};
use crate::metrics::{Cut, RunMetrics, Warmup, Window};
use crate::results::{LogMode, RunRow};

/// The metrics of these runs. If `summary.csv` is missing, or a run is not whole,
/// they are computed from the logs.
pub(super) fn collect(
    folder: &Folder,
    runs: &[&RunRow],
    report: &mut Report,
) -> Result<Measured, Error> {
    let file = folder.path.join(SUMMARY_FILE);
    let whole = runs.iter().all(|run| folder.is_whole(run));
    if whole && file.exists() || folder.manifest.log == LogMode::Off {
        let numbers: BTreeSet<u64> = runs.iter().map(|run| run.run).collect();
        let mut measured = Measured::read(&file, &numbers)?;
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
        let schema = schemas
            .entry(&run.case)
            .or_insert_with(|| folder.manifest.run_schema(&run.case));
        measured.add_metrics(schema);
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
            metrics.row(&row, columns);
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
