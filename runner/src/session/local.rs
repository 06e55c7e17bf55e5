//! One run in this process: driven to its end, judged, and on disk under its
//! preliminary name.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use analysis::log::create;
use analysis::log::tables::{ClockRow, FAULTS_FILE, JOINED_FILE, JoinedRow, LAG_FILE};
use analysis::results::{Judgement, LogMode, RunRow, RunStatus, Verdict, gravest, verdict_of};

use analysis::metrics::Cut;
use base::time::SimTime;

use super::drive::Drive;
use super::ended::{Ended, seconds};
use super::timeout::Limits;
use super::{Options, RunError, determinism, is_whole, remove};
use crate::judge::checks::of_a_part;
use crate::judge::{activity, expectations, rejections, replies, world};
use crate::plan::{Case, Plan, RunSpec};
use crate::results::error::ResultsError;
use crate::results::faults;
use crate::results::folder::Folder;
use crate::results::run_folder::{FolderLock, make_empty, take_over};
use crate::results::run_result::RunResult;
use crate::results::sums::sums_but;
use crate::scenario::Held;
use realtime::processes::clocks::ClockOffset;
use realtime::processes::supervisor::{JoinedEnd, JoinedHow};
use realtime::setup::SetupError;

/// Runs one run. Its files are complete before this function returns.
pub(super) fn run(
    plan: &Plan,
    spec: RunSpec,
    folder: &Folder,
    options: &Options,
    limits: Limits<'_>,
) -> Result<RunResult, RunError> {
    let began = Instant::now();
    let partial = folder.work(spec.number);
    let drive = Drive {
        plan,
        spec,
        options,
        folder: &partial,
        log: log_to_write(options, is_done_twice(plan.case(spec), options)),
        stop: limits.flag(),
    };
    let _lock = match drive.log {
        LogMode::Off => None,
        _ => begin_folder(&drive)?,
    };
    limits.begin();
    let mut ended = drive.go()?;
    let difference = check_determinism(&drive, &mut ended)?;
    warn_once(&drive, &mut ended);
    if ended.status == RunStatus::Interrupted
        && let Some(limit) = limits.exceeded()
    {
        ended.time_out(drive.case(), limit);
    }
    if options.log != LogMode::Off {
        write_tables(&drive, &ended)?;
    }
    if plan.is_real() && options.log != LogMode::Off {
        log_files(&partial);
    }
    result(&drive, ended, difference, began)
}

/// Logs the files of a run in real time, which are closed now.
fn log_files(folder: &Path) {
    let Ok(files) = std::fs::read_dir(folder) else {
        return;
    };
    let mut files: Vec<_> = files.flatten().map(|file| file.path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.is_file()) {
        let name = file.file_name().unwrap_or_default().display();
        match file.metadata() {
            Ok(of_file) => tracing::info!("closed the file {name}: {} bytes", of_file.len()),
            Err(error) => tracing::info!("closed the file {name}, which cannot be read: {error}"),
        }
    }
}

/// The determinism check compares files, so it needs a log.
fn log_to_write(options: &Options, is_done_twice: bool) -> LogMode {
    match options.log {
        LogMode::Off if is_done_twice => LogMode::PerNode,
        log => log,
    }
}

/// Whether a run is done twice: because that is asked for, or because programs in virtual
/// time may not repeat.
fn is_done_twice(case: &Case, options: &Options) -> bool {
    options.check_determinism || case.held() == Some(Held::Twice)
}

/// Says of a run with programs in virtual time that was done once what is not known of it.
fn warn_once(drive: &Drive<'_>, ended: &mut Ended) {
    let once = drive.case().held() == Some(Held::Once) && !drive.options.check_determinism;
    if once {
        ended.warnings.push(
            "programs in virtual time, done once (`experimental-once`): whether the run repeats is not known"
                .to_owned(),
        );
    }
}

/// Runs the run again if that is asked for, and returns the first difference.
fn check_determinism(drive: &Drive<'_>, ended: &mut Ended) -> Result<Option<String>, RunError> {
    if !is_done_twice(drive.case(), drive.options) {
        return Ok(None);
    }
    let held = drive.case().held().is_some();
    let mut difference = None;
    if ended.status != RunStatus::Interrupted {
        difference = determinism::run_again(ended, drive.folder, || drive.go())?;
        if held {
            difference = difference.map(|it| format!("virtual time, not repeatable: {it}"));
        }
    }
    if drive.options.log == LogMode::Off {
        remove(drive.folder)?;
    }
    Ok(difference)
}

/// Writes `lag.csv`, `faults.csv` and `joined.csv`, each only if it has rows.
fn write_tables(drive: &Drive<'_>, ended: &Ended) -> Result<(), ResultsError> {
    let folder = drive.folder;
    if let Some(lag) = &ended.lag {
        let path = folder.join(LAG_FILE);
        let roster = &drive.case().roster;
        let text = lag.to_csv(|node| roster.name(node).unwrap_or_default());
        table(&path, text.as_bytes())?;
    }
    if !ended.faults.is_empty() {
        let path = folder.join(FAULTS_FILE);
        table(&path, faults::to_csv(&ended.faults).as_bytes())?;
    }
    if !ended.joined.is_empty() {
        let text = JoinedRow::to_csv(ended.joined.iter().map(joined_row));
        table(&folder.join(JOINED_FILE), text.as_bytes())?;
    }
    Ok(())
}

fn joined_row(end: &JoinedEnd) -> JoinedRow {
    let clock = |it: &ClockOffset| ClockRow {
        offset_ns: it.offset_ns,
        uncertainty_ns: it.uncertainty_ns,
    };
    JoinedRow {
        node: end.node.clone(),
        from: end.from.map_or_else(String::new, |it| it.to_string()),
        status: match end.how {
            JoinedHow::Complete => "complete",
            JoinedHow::Stopped => "stopped",
            JoinedHow::Failed => "failed",
        }
        .to_owned(),
        end_ns: end.end_ns,
        start: end.clocks.first().map(clock),
        end: end.clocks.get(1).map(clock),
    }
}

fn table(path: &Path, text: &[u8]) -> Result<(), ResultsError> {
    let written = create(path).and_then(|mut file| file.write_all(text));
    written.map_err(ResultsError::at(path))
}

/// Judges a run and makes its result.
pub(super) fn result(
    drive: &Drive<'_>,
    mut ended: Ended,
    difference: Option<String>,
    began: Instant,
) -> Result<RunResult, RunError> {
    let (plan, spec) = (drive.plan, drive.spec);
    let case = drive.case();
    let status = ended.status;
    if !is_whole(plan, status) {
        ended.metrics = Vec::new();
    }
    // In virtual time a failed run fails again, unless it was the wall clock's doing.
    let fails_again = status == RunStatus::Failed && !plan.is_real() && !ended.timed_out;
    let lasting = is_whole(plan, status) || fails_again;
    let mut judgements = judgements(drive, &mut ended);
    let repeated = case.held().is_some() && is_done_twice(case, drive.options);
    if repeated && status != RunStatus::Interrupted {
        judgements.push(world::repeats(difference.as_deref()));
    }
    let schema = &drive.plan.nodes(spec.case).schema;
    let mut warnings = ended.warnings;
    warnings.extend(rejections::of_run(schema, &ended.metrics));
    // A run that differs from its repetition has failed, whatever its judgements are.
    let differs = difference.as_ref().map(|_| Verdict::Failed);
    tracing::info!(?status, events = ended.events, "run ended");
    let row = RunRow {
        run: u64::from(spec.number),
        case: case.id.clone(),
        seed: plan.streams(spec).run_seed(),
        status,
        verdict: gravest(verdict_of(&judgements).into_iter().chain(differs)),
        duration_s: seconds(ended.end),
        wall_s: began.elapsed().as_secs_f64(),
        events: ended.events,
        messages: ended.messages,
        warmup_s: plan.has_warmup().then(|| warmup_s(ended.cut.as_ref())),
        axes: case.axes(),
    };
    Ok(RunResult {
        spec,
        row,
        metrics: ended.metrics,
        judgements,
        failure: ended.failure,
        warnings,
        difference,
        lasting,
        files: match drive.options.log != LogMode::Off && lasting {
            true => sums_but(drive.folder, ended.sums)?,
            false => Vec::new(),
        },
    })
}

/// The time at the beginning that is left out, as `runs.csv` has it; nothing if it is not
/// known.
fn warmup_s(cut: Option<&Cut>) -> String {
    match cut {
        None => "0".to_owned(),
        Some(cut) => cut
            .ns()
            .map_or_else(String::new, |ns| seconds(SimTime(ns)).to_string()),
    }
}

/// The judgements of a run: of its checks, its expectations, and the runner.
fn judgements(drive: &Drive<'_>, ended: &mut Ended) -> Vec<Judgement> {
    let checked = std::mem::take(&mut ended.judgements);
    let mut judgements = match (is_whole(drive.plan, ended.status), ended.status) {
        (true, _) => checked,
        // `--resume` repeats an interrupted run, so it is not judged.
        (false, RunStatus::Interrupted) => return Vec::new(),
        (false, _) => of_a_part(checked),
    };
    let schema = &drive.plan.nodes(drive.spec.case).schema;
    let rules = &drive.case().scenario.expectations;
    judgements.extend(expectations::of_run(rules, schema, &ended.metrics));
    judgements.extend(replies::of_run(
        schema,
        &ended.metrics,
        ended.stopped.as_deref(),
    ));
    judgements.extend(world::faults(&ended.faults));
    judgements.extend(world::littles_law(&ended.occupancy, ended.end, schema));
    if is_whole(drive.plan, ended.status) {
        judgements.extend(ended.cut.as_ref().and_then(world::warmup));
    }
    let under_way = ended.under_way.as_deref();
    let account = ended.conservation.as_ref();
    judgements.extend(account.map(|it| world::conservation(it, under_way)));
    // A user who stops a run knows that it was short.
    if ended.idle && ended.status == RunStatus::Complete {
        judgements.push(activity::idle_run());
    }
    judgements
}

/// Makes the folder of a run. In real time, what the behaviors of an interrupted run
/// wrote is kept, and the folder is locked.
fn begin_folder(drive: &Drive<'_>) -> Result<Option<FolderLock>, RunError> {
    if !drive.plan.is_real() {
        make_empty(drive.folder)?;
        return Ok(None);
    }
    let roster = &drive.case().roster;
    let names = (0..roster.len()).filter_map(|node| roster.name(node));
    match take_over(drive.folder, names)? {
        Some(lock) => Ok(Some(lock)),
        None => Err(SetupError::Refused(format!(
            "{}: a process of an earlier runner still writes these files\n  end it, and try again",
            drive.folder.display()
        ))
        .into()),
    }
}
