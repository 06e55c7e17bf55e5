//! How likely a failure was at each time of the run that failed.
//!
//! A run is repeated exactly up to a time; from there on all random streams are others, and it is
//! looked at whether it still fails in the same way. Many such runs give the share that fails if
//! chance decides from that time on. At the beginning it is the failure's rate; at the failing
//! record it is 1. Where it rises, the failure was decided.
//!
//! The times to choose from are those of the steps of the causal past, since nothing else had a
//! part. First some are taken at equal distances, then the largest rise is cut into halves until it
//! is one step. The same numbers of streams are used at all times, so what differs between two
//! times is not another draw of luck. The result does not depend on the number of jobs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use analysis::results::{FailureIdentity, LogMode, RunStatus};
use analysis::statistics::proportion_interval;
use base::time::SimTime;

use crate::plan::{Plan, RunSpec};
use crate::results::run_result::RunResult;
use crate::session::{Options, Reseed, RunError};
use crate::shrink::trial::{Failing, Scratch, Trials, failing};
use host::search::SearchPath;

/// What is measured, and how.
#[derive(Debug)]
pub struct Request<'a> {
    /// The plan with the run.
    pub plan: &'a Plan,
    /// The run.
    pub spec: RunSpec,
    /// How it failed.
    pub identity: &'a FailureIdentity,
    /// The times to choose from, in order `[ns]`; none: any.
    pub times: Vec<u64>,
    /// Number of times that are measured.
    pub points: usize,
    /// Number of runs at each.
    pub samples: u64,
    /// Number of runs side by side.
    pub jobs: usize,
    /// Ends it.
    pub stop: &'a AtomicBool,
}

/// The share of runs that fail, at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// The last instant that is as it was; none: nothing is.
    pub after_ns: Option<u64>,
    /// Number of runs that failed in the same way.
    pub failing: u64,
    /// Number of runs.
    pub runs: u64,
}

impl Point {
    /// The share that failed.
    pub fn share(&self) -> f64 {
        self.failing as f64 / self.runs as f64
    }

    /// Its exact 95 % interval.
    pub fn interval(&self) -> (f64, f64) {
        proportion_interval(self.failing, self.runs, 0.95)
    }
}

/// Why nothing can be measured.
#[derive(Debug, thiserror::Error)]
pub enum OddsError {
    /// In real time no run can be repeated.
    #[error("the run was in real time, where no run can be repeated")]
    Real,
    /// The failure needs more than a run in this process.
    #[error(
        "`{0}`: this failure needs a process of its own or a second execution, and is not measured"
    )]
    Apart(String),
    /// The run does not fail again.
    #[error("the run does not fail again in this way, so its chances cannot be measured: {0}")]
    NotAgain(String),
    /// A run cannot be done.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A temporary folder cannot be made.
    #[error("the folder for temporary files: {0}")]
    Scratch(#[from] std::io::Error),
    /// A signal stopped it.
    #[error("stopped before it was measured")]
    Stopped,
}

/// A rise that is smaller is not looked at more closely. Arbitrary: with 40 runs it may be chance.
const LEAST_RISE: f64 = 0.15;
/// Number of times to choose from if any will do. Arbitrary.
const ANY: u64 = 4_096;

/// Measures the share of runs that fail, at times along a run: in order of time, from nothing
/// that is as it was to all that led to the failure.
///
/// # Errors
/// The run does not fail again, or a run cannot be done.
pub fn odds(
    request: &Request<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Point>, OddsError> {
    if request.plan.is_real() {
        return Err(OddsError::Real);
    }
    let subject = &request.identity.subject;
    if subject.starts_with("process ")
        || subject.starts_with("takes too")
        || subject.starts_with("differs when")
    {
        return Err(OddsError::Apart(subject.clone()));
    }
    let scratch = Scratch::new()?;
    let mut sampling = Sampling {
        request,
        trials: Trials {
            path: String::new(),
            search: SearchPath::given(request.plan.builds()),
            options: Options::default(),
            jobs: request.jobs,
            stop: request.stop,
            scratch: &scratch,
        },
        most: u64::MAX,
    };
    let failed = sampling.repeat()?;
    // With other streams a run may be longer; one that does not end is of no use.
    sampling.most = failed.events.saturating_mul(10).saturating_add(10_000);
    let mut times = request.times.clone();
    if times.is_empty() {
        let at = |part: u64| u128::from(failed.last_ns) * u128::from(part) / u128::from(ANY);
        times = (0..=ANY).map(|part| at(part) as u64).collect();
        times.dedup();
    }
    sampling.along(&times, progress)
}

struct Sampling<'a> {
    request: &'a Request<'a>,
    trials: Trials<'a>,
    /// Maximum number of events of a run.
    most: u64,
}

impl Sampling<'_> {
    /// Repeats the run: without files, if it fails so.
    fn repeat(&mut self) -> Result<Failing, OddsError> {
        let mut said = String::new();
        for log in [LogMode::Off, LogMode::PerNode] {
            self.trials.options.log = log;
            let result = self.trials.run(self.request.plan, self.request.spec, 0)?;
            if result.row.status == RunStatus::Interrupted {
                return Err(OddsError::Stopped);
            }
            if let Some(failed) = failing(&result, self.request.identity) {
                return Ok(failed);
            }
            said = said_by(&result);
        }
        Err(OddsError::NotAgain(said))
    }

    fn along(
        &self,
        times: &[u64],
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Point>, OddsError> {
        let most = self.request.points.max(2);
        // By place: 0 is before all times.
        let last = times.len();
        let coarse = most.div_ceil(2).max(2);
        let mut places: Vec<usize> = (0..coarse).map(|part| part * last / (coarse - 1)).collect();
        places.dedup();
        let mut points: Vec<(usize, Point)> = Vec::new();
        while !places.is_empty() {
            let done = points.len();
            for (at, place) in std::mem::take(&mut places).into_iter().enumerate() {
                progress(done + at, most);
                let after = place.checked_sub(1).map(|at| times[at]);
                points.push((place, self.point(after)?));
            }
            points.sort_unstable_by_key(|(place, _)| *place);
            if points.len() < most {
                places.extend(largest_rise(&points));
            }
        }
        Ok(points.into_iter().map(|(_, point)| point).collect())
    }

    /// Does the runs of one time, side by side.
    fn point(&self, after_ns: Option<u64>) -> Result<Point, OddsError> {
        let runs = self.request.samples;
        let next = AtomicUsize::new(0);
        let work = |place: usize| -> Result<u64, OddsError> {
            let mut failed = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed) as u64;
                if number >= runs {
                    return Ok(failed);
                }
                failed += u64::from(self.fails(after_ns, number, place)?);
            }
        };
        let workers = self.request.jobs.min(runs as usize).max(1);
        let failing = thread::scope(|scope| {
            let work = &work;
            let workers: Vec<_> = (0..workers)
                .map(|place| scope.spawn(move || work(place)))
                .collect();
            let counts = workers.into_iter().map(|it| match it.join() {
                Ok(count) => count,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            counts.sum::<Result<u64, OddsError>>()
        })?;
        Ok(Point {
            after_ns,
            failing,
            runs,
        })
    }

    fn fails(&self, after_ns: Option<u64>, number: u64, place: usize) -> Result<bool, OddsError> {
        let options = Options {
            max_events: Some(self.most),
            reseed: Some(Reseed {
                after: after_ns.map(SimTime),
                number,
            }),
            ..self.trials.options.clone()
        };
        let (plan, spec) = (self.request.plan, self.request.spec);
        let result = self.trials.run_by(&options, plan, spec, place)?;
        if result.row.status == RunStatus::Interrupted {
            return Err(OddsError::Stopped);
        }
        let failed = failing(&result, self.request.identity);
        Ok(failed.is_some_and(|it| it.events <= self.most))
    }
}

/// The place in the middle of the largest rise between neighbours that has one.
fn largest_rise(points: &[(usize, Point)]) -> Option<usize> {
    let rises = points.windows(2).filter_map(|pair| {
        let ((from, low), (to, high)) = (pair[0], pair[1]);
        // In whole runs: all points have as many.
        let rise = high.failing.abs_diff(low.failing);
        let counts = rise as f64 >= LEAST_RISE * high.runs as f64;
        (counts && to - from > 1).then(|| (rise, std::cmp::Reverse(from), from + (to - from) / 2))
    });
    rises.max().map(|(_, _, middle)| middle)
}

/// What a run says instead of the failure.
fn said_by(result: &RunResult) -> String {
    let found = crate::shrink::trial::failures(result).into_iter().next();
    let text = found.map_or_else(|| "it passes".to_owned(), |(_, text)| text);
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_rise_that_has_a_middle_is_cut() {
        let point = |place: usize, failing: u64| {
            let point = Point {
                after_ns: None,
                failing,
                runs: 40,
            };
            (place, point)
        };
        let of = |points: &[(usize, u64)]| {
            let points: Vec<_> = points.iter().map(|it| point(it.0, it.1)).collect();
            largest_rise(&points)
        };
        assert_eq!(of(&[(0, 1), (8, 2), (16, 30), (24, 40)]), Some(12));
        assert_eq!(of(&[(0, 1), (8, 2), (9, 30), (24, 40)]), Some(16));
        assert_eq!(
            of(&[(0, 30), (8, 2), (9, 30)]),
            Some(4),
            "a fall tells, too"
        );
        assert_eq!(of(&[(0, 1), (8, 5)]), None, "this may be chance");
    }
}
