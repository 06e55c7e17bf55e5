//! Runs candidates: the text of a scenario goes in, and whether its first run still fails in
//! the same way comes out.
//!
//! A candidate is planned as any other scenario, and its run is done by the same
//! [`Session`]: in this process and without files if the failure shows that way, with logs in
//! a temporary folder if it does not, and in a child process with `--isolate`.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::thread;

use analysis::results::{
    FailureIdentity, Judge, Judgement, LogMode, RunStatus, Verdict, failures_of,
};

use crate::own_folder::OwnFolder;
use crate::plan::planner::Planner;
use crate::plan::{Plan, RunSpec};
use crate::results::folder::Folder;
use crate::results::run_result::RunResult;
use crate::session::timeout::Limits;
use crate::session::{Options, RunError, Session};
use host::search::SearchPath;

/// How a run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// What the run said, for people.
    pub text: String,
    /// Number of events.
    pub events: u64,
    /// When the last record happened that proves the failure `[ns]`.
    pub last_ns: u64,
    /// When the run ended `[ns]`.
    pub end_ns: u64,
}

impl Failing {
    /// About how many events there are up to the record that proves the failure.
    pub fn needed(&self) -> u64 {
        let part = u128::from(self.events) * u128::from(self.last_ns);
        let events = part.checked_div(u128::from(self.end_ns));
        events.map_or(self.events, |it| u64::try_from(it).unwrap_or(self.events))
    }
}

/// How candidates are run.
#[derive(Debug)]
pub struct Trials<'a> {
    /// The path that candidates have: relative paths in them begin in its folder.
    pub path: String,
    /// Where plugins are searched.
    pub search: SearchPath,
    /// How a run is done.
    pub options: Options,
    /// Number of candidates side by side.
    pub jobs: usize,
    /// Ends the current runs.
    pub stop: &'a AtomicBool,
    /// A folder for the files of runs.
    pub scratch: &'a Scratch,
}

impl Trials<'_> {
    /// Runs candidates side by side. The result of a candidate is none if it has a mistake, if
    /// its run does not fail in this way, or if it has more events than this.
    pub fn failing(
        &self,
        texts: &[String],
        target: &FailureIdentity,
        most: u64,
    ) -> Vec<Option<Failing>> {
        let one = |index: usize| self.one(&texts[index], target, most, index);
        if texts.len() == 1 {
            return vec![one(0)];
        }
        thread::scope(|scope| {
            let running: Vec<_> = (0..texts.len())
                .map(|index| scope.spawn(move || one(index)))
                .collect();
            let joined = running.into_iter().map(|it| it.join().ok().flatten());
            joined.collect()
        })
    }

    fn one(
        &self,
        text: &str,
        target: &FailureIdentity,
        most: u64,
        place: usize,
    ) -> Option<Failing> {
        let plan = self.plan(text)?;
        let first = plan.runs().next()?;
        let options = Options {
            max_events: Some(most),
            ..self.options.clone()
        };
        let result = self.run_by(&options, &plan, first, place).ok()?;
        failing(&result, target).filter(|it| it.events <= most)
    }

    /// The plan of a candidate; none if it has a mistake.
    pub fn plan(&self, text: &str) -> Option<Plan> {
        let mut planner = match &self.options.isolation {
            Some(_) => Planner::apart(self.options.timeout),
            None => Planner::Here,
        };
        Plan::of_text_by(&self.path, text, &[], &self.search, &mut planner).ok()
    }

    /// Does a run of a plan. Runs side by side have different places.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn run(&self, plan: &Plan, spec: RunSpec, place: usize) -> Result<RunResult, RunError> {
        self.run_by(&self.options, plan, spec, place)
    }

    /// As [`Trials::run`], in another way than the other runs.
    ///
    /// # Errors
    /// As [`Trials::run`].
    pub fn run_by(
        &self,
        options: &Options,
        plan: &Plan,
        spec: RunSpec,
        place: usize,
    ) -> Result<RunResult, RunError> {
        let folder = self.scratch.folder(place)?;
        let limits = Limits {
            stop: self.stop,
            timer: None,
        };
        let result = Session::new(plan, &folder, options, limits).run(spec);
        if options.log != LogMode::Off {
            let _ = fs::remove_dir_all(folder.partial_run(spec.number));
        }
        result
    }
}

/// The failures of a run, each with its text.
pub fn failures(result: &RunResult) -> Vec<(FailureIdentity, String)> {
    // Whether a fault touched anything, and what else is judged to be unknown, is no failure.
    failures_of(result.errors(), &result.judgements)
}

/// How a run failed in this way; none if it did not.
pub fn failing(result: &RunResult, target: &FailureIdentity) -> Option<Failing> {
    if result.row.status == RunStatus::Interrupted {
        return None;
    }
    let (_, text) = failures(result).into_iter().find(|(it, _)| it == target)?;
    let end_ns = (result.row.duration_s * 1e9).ceil() as u64;
    let is_target = |it: &&Judgement| {
        it.verdict == Verdict::Failed && FailureIdentity::of_judgement(it) == *target
    };
    let judgement = result.judgements.iter().find(is_target);
    let times = judgement.iter().flat_map(|it| &it.evidence);
    // An expectation is about the whole run.
    let proves = judgement.is_some_and(|it| it.judge != Judge::Expect);
    let last_ns = times.map(|row| row.time_ns).max().filter(|_| proves);
    Some(Failing {
        text,
        events: result.row.events,
        last_ns: last_ns.unwrap_or(end_ns),
        end_ns,
    })
}

/// A temporary folder, with a results folder for each place. It is removed at the end.
#[derive(Debug)]
pub struct Scratch(OwnFolder);

impl Scratch {
    /// Makes the folder.
    ///
    /// # Errors
    /// Fails if it cannot be made.
    pub fn new() -> io::Result<Scratch> {
        OwnFolder::new("runner-scratch-").map(Scratch)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The results folder of a place.
    ///
    /// # Errors
    /// Fails if it cannot be made.
    fn folder(&self, place: usize) -> Result<Folder, RunError> {
        let path = self.0.path().join(place.to_string());
        Folder::resumed(&path).map_err(|error| RunError::Process(error.to_string()))
    }
}
