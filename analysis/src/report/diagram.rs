//! The runs whose whole logs are in the page: its space-time diagram shows every row and
//! every message of them.
//!
//! A page cannot have all runs of a large plan, so runs are chosen by a rule ([`choose`]),
//! and the report says which. What is known about a run beside its log is here as a plain
//! value: faults, failures, the end. The rows are read while the report is written
//! ([`RunLogs`]), so that a log of any length takes no memory.

mod marks;

use std::collections::BTreeSet;

use serde::Serialize;

use super::Error;
use super::drawing::{nanoseconds, nanoseconds_of};
use super::folder::Folder;
use super::standing::Standing;
use super::unfinished::{cut_off, open_log};
use super::warmup::cut_s;
use crate::log::RunLog;
use crate::log::tables::files::{COMBINED_FILE, log_file};
use crate::render::number::{count, whole};
use crate::results::{LogMode, RunRow, RunStatus, Verdict};
use marks::Marks;
pub(crate) use marks::mark_of_failure;

/// Maximum number of runs in the diagram, beside the first of each case. Arbitrary: a reader
/// looks at a few.
const MAX_RUNS: usize = 24;
/// Maximum number of cases of which the first run is there. Each is a file beside the page.
const MAX_CASES: usize = 400;
/// Maximum size of the logs of all runs in the diagram `[bytes]`: some seconds of reading.
/// The first run is always there.
const MAX_BYTES: u64 = 512 << 20;

/// The runs of the space-time diagram, in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagram {
    /// The runs; at least one.
    pub runs: Vec<DiagramRun>,
}

/// What is known about a run beside the rows of its log.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DiagramRun {
    /// The number of the run.
    pub run: u64,
    /// The id of its case; empty if there is only one.
    pub case: String,
    /// The seed of the run; text, because a number in a page is a float.
    pub seed: String,
    /// How it ended: `passed`, `failed`, `unknown`, `stopped`, or empty.
    pub verdict: &'static str,
    /// Why it failed; empty if it did not.
    pub reason: String,
    /// Its duration `[ns]`.
    pub end_ns: u64,
    /// The time at the beginning that the metrics leave out `[ns]`.
    pub left_out_ns: u64,
    /// When faults held.
    pub faults: Vec<FaultBand>,
    /// The rows that prove failures.
    pub failures: Vec<FailureMark>,
}

/// A time in which a fault held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FaultBand {
    /// Its kind: `crash`.
    pub kind: String,
    /// Its number among the scenario's faults, from 1.
    pub fault: u64,
    /// Its beginning `[ns]`.
    pub from_ns: u64,
    /// Its end `[ns]`.
    pub until_ns: u64,
    /// What is counted of it: `messages cut`.
    pub what: String,
    /// How many of these there were.
    pub touched: u64,
}

/// A row that proves a failure, or the place of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FailureMark {
    /// The check, property or plugin that failed.
    pub name: String,
    /// The node; empty if it is not known.
    pub node: String,
    /// True time `[ns]`.
    pub time_ns: u64,
    /// The node's step.
    pub step: u64,
    /// The row in the node's log, from 1; 0 if it is not known.
    pub row: u64,
    /// Why it proves the failure.
    pub note: String,
    /// Whether it is the last row of its proof: what failed, failed here.
    pub last: bool,
}

/// Opens the logs of runs while a report is written.
pub(super) trait RunLogs {
    /// All logs of a run as one.
    fn open(&self, run: u64) -> Result<RunLog, Error>;
}

/// The logs of a results folder.
pub(super) struct FolderLogs<'a>(pub &'a Folder);

impl RunLogs for FolderLogs<'_> {
    fn open(&self, run: u64) -> Result<RunLog, Error> {
        let Self(folder) = self;
        let row = folder.runs.iter().find(|it| it.run == run).cloned();
        let row = row.or_else(|| cut_off(folder).into_iter().find(|it| it.run == run));
        let row = row.ok_or(Error::NoRuns {
            path: folder.path.clone(),
        })?;
        let schema = folder.manifest.run_schema(&row.case);
        Ok(open_log(folder, &row, &schema)?)
    }
}

/// Chooses the runs of the diagram, and reads what is known about them. `complete` are the
/// runs of the tables, `notable` the numbers of those that a sentence or table names. What
/// is not there is said in `left_out`.
///
/// First comes the first run of each distinct failure, then notable runs, then the first run
/// of each case, then the other runs that failed, then the others.
pub(super) fn choose(
    folder: &Folder,
    complete: &[&RunRow],
    standing: &Standing,
    notable: &[u64],
    left_out: &mut Vec<String>,
) -> Result<Option<Diagram>, Error> {
    if folder.manifest.log == LogMode::Off {
        return Ok(None);
    }
    let mut all: Vec<&RunRow> = folder.runs.iter().collect();
    let known: BTreeSet<u64> = all.iter().map(|run| run.run).collect();
    all.extend(complete.iter().filter(|run| !known.contains(&run.run)));
    all.retain(|run| folder.run_folder(run).is_dir());
    let mut bytes = 0;
    let mut chosen: Vec<&RunRow> = Vec::new();
    let (mut cases, mut others) = (0, 0);
    for (run, rank) in in_order(&all, standing, notable) {
        let (count, most) = match rank == FIRST_OF_CASE {
            true => (&mut cases, MAX_CASES),
            false => (&mut others, MAX_RUNS),
        };
        if *count == most {
            continue;
        }
        *count += 1;
        bytes += log_bytes(folder, run);
        if bytes > MAX_BYTES && !chosen.is_empty() {
            break;
        }
        chosen.push(run);
    }
    if chosen.is_empty() {
        return Ok(None);
    }
    if chosen.len() < all.len() {
        left_out.push(format!(
            "The space-time diagram has {} of {}: the first of each distinct failure, runs that this report names, then the first of each case. `runner run SCENARIO --run N` does one run again, with a report of its own.",
            whole(chosen.len() as u64),
            count(all.len() as u64, "run"),
        ));
    }
    chosen.sort_by_key(|run| run.run);
    let mut marks = Marks::read(folder, &chosen)?;
    let mut runs = Vec::with_capacity(chosen.len());
    for run in chosen {
        runs.push(described(folder, run, &mut marks)?);
    }
    Ok(Some(Diagram { runs }))
}

/// What is known about a run beside the rows of its log.
pub(crate) fn about(folder: &Folder, run: &RunRow) -> Result<DiagramRun, Error> {
    described(folder, run, &mut Marks::read(folder, &[run])?)
}

fn described(folder: &Folder, run: &RunRow, marks: &mut Marks) -> Result<DiagramRun, Error> {
    let several = folder.manifest.cases.len() > 1;
    let (reason, failures) = marks.take(run.run);
    Ok(DiagramRun {
        run: run.run,
        case: if several {
            run.case.clone()
        } else {
            String::new()
        },
        seed: run.seed.to_string(),
        verdict: verdict(run),
        reason,
        end_ns: nanoseconds(run),
        left_out_ns: cut_s(run).map_or(0, nanoseconds_of),
        faults: marks::bands(folder, run)?,
        failures,
    })
}

/// The rank of the first run of a case, if nothing else distinguishes it.
const FIRST_OF_CASE: u8 = 2;

/// All runs with their ranks, the first to be shown first.
fn in_order<'a>(all: &[&'a RunRow], standing: &Standing, notable: &[u64]) -> Vec<(&'a RunRow, u8)> {
    let groups = standing.failures.sorted().into_iter();
    let first_of_failures: BTreeSet<u64> = groups.map(|group| group.first).collect();
    let mut seen_cases: BTreeSet<&str> = BTreeSet::new();
    let rank = |run: &&'a RunRow| {
        let is_first = seen_cases.insert(run.case.as_str());
        match run {
            run if first_of_failures.contains(&run.run) => 0,
            run if notable.contains(&run.run) => 1,
            _ if is_first => FIRST_OF_CASE,
            run if has_failed(run) => 3,
            _ => 4,
        }
    };
    let ranks: Vec<u8> = all.iter().map(rank).collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|&index| (ranks[index], index));
    order
        .into_iter()
        .map(|index| (all[index], ranks[index]))
        .collect()
}

fn has_failed(run: &RunRow) -> bool {
    run.verdict == Some(Verdict::Failed) || run.status == RunStatus::Failed
}

fn verdict(run: &RunRow) -> &'static str {
    match (run.status, run.verdict) {
        (RunStatus::Failed, _) | (_, Some(Verdict::Failed)) => "failed",
        (RunStatus::Interrupted, _) => "stopped",
        (_, Some(verdict)) => verdict.word(),
        (_, None) => "",
    }
}

/// The size of the logs of a run `[bytes]`.
fn log_bytes(folder: &Folder, run: &RunRow) -> u64 {
    let path = folder.run_folder(run);
    let size = |name: &str| std::fs::metadata(path.join(name)).map_or(0, |file| file.len());
    match folder.manifest.log {
        LogMode::Combined => size(COMBINED_FILE),
        _ => {
            let schema = folder.manifest.run_schema(&run.case);
            let nodes = schema.nodes.iter();
            nodes.map(|node| size(&log_file(&node.name))).sum()
        }
    }
}
