//! The metrics of a folder's runs: from `summary.csv`, or from the logs.

use std::collections::{BTreeMap, BTreeSet};

use super::drawing::nanoseconds;
use super::folder::Folder;
use super::measured::Measured;
use super::samples::SamplesReader;
use super::unfinished::open_log;
use super::{Error, Report};
use crate::log::RunSchema;
use crate::log::tables::{SAMPLES_FILE, SUMMARY_FILE};
use crate::metrics::RunMetrics;
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
        while let Some((row, columns)) = log.next()? {
            metrics.row(&row, columns);
        }
        // The samples of runs that are not whole are not kept.
        if let Some(samples) = samples.as_mut().filter(|_| folder.is_whole(run)) {
            metrics.waited(&samples.of_run(run.run)?.waited_by_index(schema));
        }
        let metrics = metrics.finish(nanoseconds(run));
        measured.push_run(run.run, &run.case, schema, &metrics);
        measured.pool_run(run.run, &metrics);
    }
    Ok(measured)
}
