//! Runs that began and did not end: the runner was killed, or is still running. Their
//! rows up to the last flush are in `runs/NNNN.partial`. If no run reached its end,
//! the report is made of these rows.

use super::folder::Folder;
use crate::log::tables::files::{RUNS_FOLDER, partial_folder};
use crate::log::{LogError, RunLog, RunSchema};
use crate::render::number::{count, short};
use crate::results::{LogMode, RunRow, RunStatus};

/// Maximum number of runs that are named.
const NAMED: usize = 8;

/// The logs of a run, however it ended.
pub(crate) fn open_log(
    folder: &Folder,
    run: &RunRow,
    schema: &RunSchema,
) -> Result<RunLog, LogError> {
    let log = RunLog::open(&folder.run_folder(run), Some(schema))?;
    Ok(match folder.is_whole(run) {
        true => log,
        false => log.ignoring_cut_lines(),
    })
}

/// The unfinished runs whose logs can be read; they end at the last row.
pub(super) fn cut_off(folder: &Folder) -> Vec<RunRow> {
    let manifest = &folder.manifest;
    if manifest.log == LogMode::Off {
        return Vec::new();
    }
    let case = |number: u64| {
        let index = (number.max(1) - 1) / u64::from(manifest.runs_per_case.max(1));
        let case = manifest.cases.get(index as usize);
        case.map_or_else(String::new, |case| case.id.clone())
    };
    let found = folder.unfinished.iter().filter_map(|&number| {
        let mut run = RunRow {
            run: number,
            case: case(number),
            seed: 0,
            status: RunStatus::Failed,
            verdict: None,
            duration_s: 0.0,
            wall_s: 0.0,
            events: 0,
            messages: 0,
            warmup_s: None,
            axes: Vec::new(),
        };
        let schema = manifest.run_schema(&run.case);
        let mut log = open_log(folder, &run, &schema).ok()?;
        let mut last_ns = None;
        while let Some((row, _)) = log.next().ok()? {
            last_ns = Some(row.time_ns);
        }
        run.duration_s = last_ns? as f64 / 1e9;
        Some(run)
    });
    found.collect()
}

/// The warnings about runs that did not end; `shown` are those whose numbers are in the
/// report.
pub(super) fn warnings(folder: &Folder, shown: &[RunRow]) -> Vec<String> {
    let say = |&number: &u64| {
        let place = format!("`{RUNS_FOLDER}/{}`", partial_folder(number));
        let why = "has not come to its end (the runner was killed, or is still at work)";
        match shown.iter().find(|run| run.run == number) {
            Some(run) => format!(
                "Run {number} is unfinished: it {why}. The numbers are of its first {} s, of which there are rows in {place}.",
                short(run.duration_s)
            ),
            None => {
                format!("Run {number} {why}; what it wrote is in {place}, and is left out below.")
            }
        }
    };
    let mut sentences: Vec<String> = folder.unfinished.iter().take(NAMED).map(say).collect();
    if let Some(more @ 1..) = folder.unfinished.len().checked_sub(NAMED) {
        sentences.push(format!(
            "{} more are unfinished.",
            count(more as u64, "run")
        ));
    }
    sentences
}
