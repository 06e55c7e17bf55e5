//! One run: driven to its end by whoever passes time in it, judged, and on disk under
//! its preliminary name.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use analysis::log::tables::{FAULTS_FILE, LAG_FILE};
use analysis::metrics::NodeMetrics;
use analysis::results::{Judgement, LogMode, RunRow, RunStatus, Verdict, gravest, verdict_of};

use super::commit::{self, is_whole};
use super::limit::{self, Halt};
use super::{ExecuteError, Options, processes, twice};
use crate::judge::checks::{Checks, of_a_part};
use crate::judge::{expectations, world};
use crate::plan::{Case, Nodes, Plan, RunSpec};
use crate::results::faults;
use crate::results::folder::Folder;
use crate::results::ledger::{BookError, RunResult};
use crate::results::record::Recorder;
use crate::results::sums::sums;
use crate::scenario::{LinkRule, TimeMode};
use base::time::SimTime;
use engine::conservation::Conservation;
use engine::faults::FaultEffect;
use engine::run::{EndReason, Outcome, Run};
use host::instance::Instances;
use host::progress_page::ProgressPage;
use realtime::lag::{LATE, Lag};
use realtime::real_time::RealTime;

/// One run, whole on disk under its preliminary name before this returns.
pub(super) fn run_one(
    plan: &Plan,
    spec: RunSpec,
    folder: &Folder,
    options: &Options,
    halt: Halt<'_>,
) -> Result<RunResult, ExecuteError> {
    let began = Instant::now();
    let case = plan.case(spec);
    let Nodes {
        schema,
        description,
    } = plan.nodes(spec.case);
    let partial = folder.partial_run(spec.number);
    let keeps_files = options.log != LogMode::Off;
    // What is to be compared has to be written.
    let log = match options.log {
        LogMode::Off if options.twice => LogMode::PerNode,
        log => log,
    };
    if log != LogMode::Off {
        make(&partial)?;
    }
    halt.begin();
    let kept = keeps_files.then_some(&*partial);
    let perform = || {
        let say = options.say.filter(|_| plan.is_real());
        let checks = || {
            let some = !case.checks.is_empty();
            some.then(|| Checks::begin(&case.checks, description, schema, kept))
        };
        let begin = || {
            let mut recorder = Recorder::new(schema, &partial, log, say);
            if let Some(checks) = checks() {
                recorder = recorder.judged_by(checks);
            }
            assemble(plan, spec, kept, recorder, options.cell.clone())
        };
        let stop = halt.flag();
        match (case.scenario.time, &options.processes) {
            (TimeMode::Virtual, _) => in_virtual_time(begin(), stop),
            (TimeMode::Real { speed }, None) => {
                let rules = &case.scenario.links;
                in_real_time(begin(), rules, speed, options, stop)
            }
            (TimeMode::Real { .. }, Some(how)) => {
                let nodes = (&**schema, checks());
                processes::run(plan, spec, &partial, how, options, nodes, stop)
            }
        }
    };
    let mut ended = perform()?;
    let mut difference = None;
    if options.twice && ended.status != RunStatus::Interrupted {
        difference = twice::again(&mut ended, &partial, perform)?;
    }
    if options.twice && !keeps_files {
        commit::remove(&partial)?;
    }
    if ended.status == RunStatus::Interrupted
        && let Some(limit) = halt.exceeded()
    {
        ended.expire(case, limit);
    }
    if let (Some(lag), true) = (&ended.lag, keeps_files) {
        let path = partial.join(LAG_FILE);
        fs::write(&path, lag.to_csv()).map_err(BookError::at(&path))?;
    }
    if !ended.faults.is_empty() && keeps_files {
        let path = partial.join(FAULTS_FILE);
        fs::write(&path, faults::to_csv(&ended.faults)).map_err(BookError::at(&path))?;
    }
    let status = ended.status;
    let whole = is_whole(plan, status);
    // What a behavior did wrong in virtual time it would do again.
    let lasting = whole || status == RunStatus::Failed && !plan.is_real() && !ended.expired;
    let metrics = if whole { ended.metrics } else { Vec::new() };
    let mut judgements = match (status, whole) {
        // What was stopped half-way is not judged: it is done again.
        (RunStatus::Interrupted, false) => Vec::new(),
        (_, true) => ended.judgements,
        (_, false) => of_a_part(ended.judgements),
    };
    if whole || status == RunStatus::Failed {
        let expectations = &case.scenario.expectations;
        judgements.extend(expectations::of_run(expectations, schema, &metrics));
        judgements.extend(world::faults(&ended.faults));
        judgements.extend(ended.conservation.as_ref().map(world::conservation));
    }
    // That it differed when it was done twice outweighs what it came to.
    let differs = difference.as_ref().map(|_| Verdict::Failed);
    tracing::debug!(
        run = spec.number,
        ?status,
        events = ended.events,
        "has ended"
    );
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
        axes: case.axes(),
    };
    Ok(RunResult {
        spec,
        row,
        metrics,
        judgements,
        failure: ended.failure,
        warnings: ended.warnings,
        difference,
        lasting,
        files: match keeps_files && lasting {
            true => sums(&partial)?,
            false => Vec::new(),
        },
    })
}

/// Makes the folder of a run; what an earlier try has left in it goes.
pub(super) fn make(folder: &Path) -> Result<(), BookError> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            commit::remove(folder)?;
            fs::create_dir(folder).map_err(BookError::at(folder))
        }
        result => result.map_err(BookError::at(folder)),
    }
}

/// A run of a plan, ready to go; behaviors may write files into `folder`, and
/// each callback is noted in `cell`.
pub(super) fn assemble(
    plan: &Plan,
    spec: RunSpec,
    folder: Option<&Path>,
    recorder: Recorder,
    cell: Option<Arc<ProgressPage>>,
) -> Run<Instances, Recorder> {
    let case = plan.case(spec);
    let scenario = &case.scenario;
    let groups: Vec<_> = case
        .configs
        .iter()
        .zip(&scenario.groups)
        .map(|(config, group)| (config.clone(), group.count))
        .collect();
    Run::new(
        case.roster.clone(),
        &scenario.links,
        scenario.duration,
        plan.streams(spec),
        Instances::new(&groups, folder).with_progress_page(cell),
        recorder,
    )
    .with_faults(&scenario.faults)
}

/// What a run came to, whoever drove it.
#[derive(Debug)]
pub(super) struct Ended {
    pub end: SimTime,
    pub status: RunStatus,
    pub failure: Option<String>,
    pub events: u64,
    pub messages: u64,
    pub metrics: Vec<NodeMetrics>,
    pub judgements: Vec<Judgement>,
    pub warnings: Vec<String>,
    /// How late it was, in real time.
    pub lag: Option<Lag>,
    /// The node that acted last, and its step.
    pub last: Option<(u32, u64)>,
    /// Whether it was ended because it took too long.
    pub expired: bool,
    /// What each fault did.
    pub faults: Vec<FaultEffect>,
    /// What became of its messages, where one process knows.
    pub conservation: Option<Conservation>,
}

impl Ended {
    fn new(outcome: Outcome, recorder: Recorder) -> Result<Ended, ExecuteError> {
        let findings = recorder.finish(outcome.end)?;
        let (mut status, mut failure) = status(outcome.reason);
        if let Some(broken) = findings.broken_check {
            status = RunStatus::Failed;
            failure.get_or_insert(broken);
        }
        Ok(Ended {
            end: outcome.end,
            status,
            failure,
            events: outcome.events,
            messages: outcome.messages,
            metrics: findings.metrics,
            judgements: findings.judgements,
            warnings: faults::warnings(&outcome.faults),
            lag: None,
            last: Some(outcome.last),
            expired: false,
            faults: outcome.faults,
            conservation: Some(outcome.conservation),
        })
    }

    /// It was stopped because it took too long.
    fn expire(&mut self, case: &Case, limit: Duration) {
        self.expired = true;
        self.status = RunStatus::Failed;
        let place = match self.last {
            Some((node, step)) => format!(
                "; last was node `{}` at {} (step {step})",
                case.roster.name(node).unwrap_or_default(),
                self.end
            ),
            None => format!("; it was stopped at {}", self.end),
        };
        self.failure = Some(limit::told(limit) + &place);
    }
}

/// What becomes of a run that ended for this reason, and why it failed if so.
pub(super) fn status(reason: EndReason) -> (RunStatus, Option<String>) {
    match reason {
        EndReason::Duration | EndReason::Idle | EndReason::Stopped(_) => {
            (RunStatus::Complete, None)
        }
        EndReason::Interrupted => (RunStatus::Interrupted, None),
        EndReason::Failed(failure) => (RunStatus::Failed, Some(failure.to_string())),
        EndReason::Endless(why) => (RunStatus::Failed, Some(why)),
    }
}

fn in_virtual_time(
    mut run: Run<Instances, Recorder>,
    stop: &AtomicBool,
) -> Result<Ended, ExecuteError> {
    let outcome = run.go(stop);
    Ended::new(outcome, run.into_sink())
}

fn in_real_time(
    run: Run<Instances, Recorder>,
    rules: &[LinkRule],
    speed: f64,
    options: &Options,
    stop: &AtomicBool,
) -> Result<Ended, ExecuteError> {
    let mut real = RealTime::new(run, rules, speed)?;
    if let Some(say) = options.say {
        real.remarks.drain(..).for_each(|remark| say(&remark));
    }
    real.remarks.clear();
    let outcome = real.go(stop);
    let mut warnings = std::mem::take(&mut real.remarks);
    let lag = std::mem::take(&mut real.lag);
    warnings.extend(lateness(&lag));
    let mut ended = Ended::new(outcome, real.into_sink())?;
    ended.warnings.splice(..0, warnings);
    ended.lag = Some(lag);
    Ok(ended)
}

/// What is to be said of a run that was late.
pub(super) fn lateness(lag: &Lag) -> Option<String> {
    let p99 = lag.percentile(99).filter(|_| lag.is_late())?;
    Some(format!(
        "ticks and timers were late: one in a hundred by {p99} or more, the bound is {LATE}"
    ))
}

pub(super) fn seconds(time: SimTime) -> f64 {
    (time - SimTime::ZERO).as_secs_f64()
}
