//! The smallest scenario that still fails in the same way.
//!
//! Two runs fail in the same way if one of their failures has the same
//! [`FailureIdentity`]: who failed and what it said, without times and numbers. Beginning with
//! the run that failed (`begin`), the reductions (`passes`) leave out one thing after the
//! other; what still fails is kept (`search`), until nothing can be left out any more. The
//! random streams of a run have names, so what is left out leaves the draws of all others as
//! they were, and most of what is irrelevant can go without an effect on the failure.
//!
//! A scenario is edited as text (`draft`), so its comments and order stay. `trial` runs the
//! candidates, `minimize` is about sets and numbers, `left_out` says what was irrelevant.
//! The result is written only after it failed once more, run from the file (`result`).

mod begin;
mod draft;
mod error;
mod left_out;
mod minimize;
mod passes;
mod result;
mod search;
pub(crate) mod trial;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use analysis::results::{FailureIdentity, LogMode, RunStatus};

use crate::plan::{Plan, RunSpec};
use crate::results::run_result::RunResult;
use crate::scenario::Override;
use crate::session::Options;
pub use begin::begin as as_one_run;
pub use draft::Draft;
pub use error::ShrinkError;
use error::written;
use host::search::SearchPath;
use result::Outcome;
use search::{Bounds, Search};
pub use search::{End, Standing};
pub use trial::Scratch;
use trial::{Failing, Trials, failing, failures};

/// What is to be shrunk, and how.
#[derive(Debug)]
pub struct Request<'a> {
    /// The plan with the run.
    pub plan: &'a Plan,
    /// The options that changed the file.
    pub overrides: &'a [Override],
    /// Which failure.
    pub wanted: Wanted<'a>,
    /// The file to write. It must not exist.
    pub out: &'a Path,
    /// How a run is done; whether logs are kept is not looked at.
    pub options: Options,
    /// Number of candidates side by side.
    pub jobs: usize,
    /// How long the search may take.
    pub budget: Option<Duration>,
    /// Maximum number of candidates.
    pub tries: Option<u64>,
    /// Ends the search.
    pub stop: &'a AtomicBool,
}

/// Which failure of a run is kept.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// The first.
    Any,
    /// The first with this in its name.
    Named(&'a str),
    /// This one.
    Exactly(&'a FailureIdentity),
}

/// The size of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Events of the run.
    pub events: u64,
    /// Nodes.
    pub nodes: u32,
    /// Faults.
    pub faults: usize,
    /// Lines of the file.
    pub lines: usize,
}

/// A scenario that was made smaller, and written.
#[derive(Debug)]
pub struct Shrunk {
    /// The file.
    pub file: PathBuf,
    /// What the run of the file says.
    pub failure: String,
    /// The size of the run that was shrunk.
    pub before: Size,
    /// The size of the result.
    pub after: Size,
    /// Number of candidates.
    pub tries: u64,
    /// How the search ended.
    pub end: End,
    /// With how many of [`SEEDS`] seeds the result fails in the same way.
    pub failing_seeds: usize,
}

/// Number of seeds for which the result is run.
pub const SEEDS: u32 = 20;

/// Shrinks the first of these runs that fails.
///
/// # Errors
/// Fails if none of the runs fails in the way that is asked for, or if the result cannot be
/// written.
pub fn shrink(
    request: &Request<'_>,
    runs: &[RunSpec],
    progress: &mut dyn FnMut(&Standing<'_>),
) -> Result<Shrunk, ShrinkError> {
    let scenario = &request.plan.loaded.scenario;
    if request.plan.is_real() {
        return Err(ShrinkError::Real(scenario.name.clone()));
    }
    if request.out.exists() {
        return Err(ShrinkError::Exists(request.out.to_owned()));
    }
    let begun = Instant::now();
    let scratch = Scratch::new().map_err(written(&std::env::temp_dir()))?;
    let stop = AtomicBool::new(false);
    let mut trials = Trials {
        path: request.out.display().to_string(),
        search: SearchPath::given(request.plan.builds()),
        options: Options {
            log: LogMode::Off,
            print_line: None,
            ..request.options.clone()
        },
        jobs: request.jobs.max(1),
        stop: request.stop,
        scratch: &scratch,
    };
    let found = find(request, &mut trials, runs)?;
    let shrinking = Shrinking {
        request,
        found: &found,
        deadline: request.budget.and_then(|budget| begun.checked_add(budget)),
    };
    let folder = request.out.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(written(folder))?;
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| shrinking.watch(&stop, &done));
        let shrunk = shrinking.go(&mut trials, &stop, progress);
        done.store(true, Ordering::Release);
        watcher.thread().unpark();
        shrunk
    })
}

/// The run that is shrunk, and its failure.
struct Found {
    spec: RunSpec,
    target: FailureIdentity,
    failing: Failing,
}

/// Finds the first run that fails. Without files, if the failure shows that way: that is a
/// matter of milliseconds.
fn find(
    request: &Request<'_>,
    trials: &mut Trials<'_>,
    runs: &[RunSpec],
) -> Result<Found, ShrinkError> {
    let mut modes = vec![LogMode::Off, LogMode::PerNode];
    if trials.options.check_determinism {
        // It compares files.
        modes.remove(0);
    }
    for &spec in runs {
        let mut others = Vec::new();
        for &mode in &modes {
            trials.options.log = mode;
            let result = trials.run(request.plan, spec, 0)?;
            if result.row.status == RunStatus::Interrupted {
                return Err(ShrinkError::Stopped);
            }
            if let Some((target, failing)) = wanted(&result, request.wanted) {
                return Ok(Found {
                    spec,
                    target,
                    failing,
                });
            }
            others = failures(&result)
                .into_iter()
                .map(|(_, text)| text)
                .collect();
        }
        if let (Wanted::Named(check), false, [_]) = (request.wanted, others.is_empty(), runs) {
            let first = |text: &String| text.lines().next().unwrap_or_default().to_owned();
            return Err(ShrinkError::Other {
                run: spec.number,
                check: check.to_owned(),
                others: others.iter().map(first).collect(),
            });
        }
    }
    let last = runs.last().map_or(0, |spec| spec.number);
    Err(ShrinkError::Passes {
        run: last,
        scenario: request.plan.loaded.scenario.name.clone(),
        hint: match runs {
            [_] => {
                "`runner run` says which runs fail; name one with --run N. What is judged over all runs of a case is not the failure of a run"
            }
            _ => {
                "nor does any run before it. What is judged over all runs of a case is not the failure of a run"
            }
        },
    })
}

/// The failure that is asked for.
fn wanted(result: &RunResult, wanted: Wanted<'_>) -> Option<(FailureIdentity, Failing)> {
    let mut all = failures(result).into_iter().map(|(identity, _)| identity);
    let target = all.find(|it| match wanted {
        Wanted::Any => true,
        Wanted::Named(name) => format!("{} {}", it.subject, it.message).contains(name),
        Wanted::Exactly(identity) => it == identity,
    })?;
    let how = failing(result, &target)?;
    Some((target, how))
}

/// One run that is being shrunk.
struct Shrinking<'a> {
    request: &'a Request<'a>,
    found: &'a Found,
    deadline: Option<Instant>,
}

/// The interval at which the limits of the search are looked at. Arbitrary.
const WATCH_INTERVAL: Duration = Duration::from_millis(20);

impl Shrinking<'_> {
    /// Interrupts the candidates that run when the search is to end.
    fn watch(&self, stop: &AtomicBool, done: &AtomicBool) {
        while !done.load(Ordering::Acquire) {
            let is_late = self.deadline.is_some_and(|it| Instant::now() >= it);
            if is_late || self.request.stop.load(Ordering::Relaxed) {
                stop.store(true, Ordering::Relaxed);
                return;
            }
            thread::park_timeout(WATCH_INTERVAL);
        }
    }

    /// Shrinks. `stop` ends the search.
    fn go<'t>(
        &'t self,
        trials: &mut Trials<'t>,
        stop: &'t AtomicBool,
        progress: &mut dyn FnMut(&Standing<'_>),
    ) -> Result<Shrunk, ShrinkError> {
        let Found {
            spec,
            target,
            failing,
        } = self.found;
        let (request, plan) = (self.request, self.request.plan);
        let edit = ShrinkError::Edit;
        let original = begin::begin(plan, *spec, request.overrides, request.out).map_err(edit)?;
        loop {
            trials.stop = request.stop;
            let again = trials
                .failing(&[original.text()], target, u64::MAX)
                .pop()
                .flatten();
            let Some(again) = again else {
                return Err(self.not_again(trials, &original));
            };
            trials.stop = stop;
            let bounds = Bounds {
                tries: request.tries,
                deadline: self.deadline,
            };
            let mut search = Search::new(trials, target, original.clone(), again, bounds, progress);
            passes::all(&mut search);
            let end = match (search.ended(), request.stop.load(Ordering::Relaxed)) {
                (_, true) => End::Stopped,
                (Some(end), false) => end,
                (None, false) => End::Minimal,
            };
            let (best, after, tries) =
                (search.best.clone(), search.failing.clone(), search.tries());
            let result = Outcome {
                original: &original,
                best,
                failing: after,
                tries,
                end,
            };
            match self.write(trials, result)? {
                Some(shrunk) => return Ok(shrunk),
                // It needs its files to fail.
                None if trials.options.log == LogMode::Off => {
                    trials.options.log = LogMode::PerNode;
                }
                None => {
                    return Err(ShrinkError::Flaky {
                        run: spec.number,
                        text: failing.text.clone(),
                    });
                }
            }
        }
    }

    /// Why the run does not fail as a scenario of its own.
    fn not_again(&self, trials: &Trials<'_>, original: &Draft) -> ShrinkError {
        if self.request.stop.load(Ordering::Relaxed) {
            return ShrinkError::Stopped;
        }
        let plan = Plan::of_text(&trials.path, &original.text(), &[], &trials.search);
        match plan {
            Err(refusal) => ShrinkError::Edit(refusal.to_string()),
            Ok(_) => ShrinkError::Flaky {
                run: self.found.spec.number,
                text: self.found.failing.text.clone(),
            },
        }
    }
}
