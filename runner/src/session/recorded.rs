//! One run in virtual time, recorded event by event for a debugger.
//!
//! The run is that of `runner run`: the same nodes, draws, metrics and judges. Its records
//! are kept in memory instead of in logs. What behaviors write goes to a temporary folder.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use analysis::results::LogMode;
use debug::by_hand::ByHand;
use debug::tape::Recording;

use super::drive::Drive;
use super::{Options, RunError, local};
use crate::plan::{Plan, RunSpec};
use crate::results::error::ResultsError;
use crate::results::run_result::RunResult;

/// What to record, and what a person does to the run.
#[derive(Clone, Debug)]
pub struct HowToRecord {
    /// The interventions. Faults among them are faults of the plan's case already.
    pub by_hand: ByHand,
    /// The most events that are kept.
    pub most: usize,
}

/// Runs a run from the start, records it, and judges it. `folder` is that of the run, and is
/// made anew.
///
/// # Errors
///
/// Fails if the folder cannot be made.
pub fn record(
    plan: &Plan,
    spec: RunSpec,
    folder: &Path,
    how: &HowToRecord,
    stop: &AtomicBool,
) -> Result<(RunResult, Recording), RunError> {
    let began = Instant::now();
    super::remove(folder)?;
    fs::create_dir_all(folder).map_err(ResultsError::at(folder))?;
    let options = Options {
        log: LogMode::PerNode,
        ..Options::default()
    };
    let drive = Drive {
        plan,
        spec,
        options: &options,
        folder,
        log: LogMode::Off,
        stop,
    };
    let (ended, recording) = drive.go_recorded(how)?;
    let result = local::result(&drive, ended, None, began)?;
    Ok((result, recording))
}
