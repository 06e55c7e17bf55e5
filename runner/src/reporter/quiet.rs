//! The reporter of `--quiet`: what is wrong, on standard error, and nothing else.
//!
//! The first runs that fail are explained one by one. After them, only a failure of a
//! new kind is explained; of the others the end of the plan has the number.

use std::collections::BTreeSet;

use analysis::results::{
    FailureGroups, FailureIdentity, Judge, Judgement, Verdict, failures_of, sentence,
};

use super::console::Console;
use super::{Context, Event, Reporter, ReporterError, verdicts};
use crate::judge::activity::IdleRuns;
use crate::results::run_result::RunResult;

/// Number of runs that are explained, whatever is wrong with them.
const EXPLAINED: u32 = 5;
/// Number of runs that are explained at most, if each has another failure.
const EXPLAINED_MAX: u32 = 30;

/// Prints errors, warnings and failed judgements.
#[derive(Debug)]
pub struct Quiet {
    console: Console,
    /// Runs of this plan in which nothing happened.
    idle: Option<IdleRuns>,
    /// Whether the end of the plan is told by this reporter.
    tells_end: bool,
    failures: FailureGroups,
    unknown: FailureGroups,
    warnings: FailureGroups,
    /// Number of runs that were explained, and that were not.
    explained: u32,
    left_out: u32,
    /// Number of warnings of runs that were printed, and that were not.
    warned: u32,
    untold: u64,
    runs: u64,
}

impl Quiet {
    /// Prints to this console, at the end of a plan also what was left out before.
    pub fn new(console: Console) -> Quiet {
        Quiet {
            console,
            idle: None,
            tells_end: true,
            failures: FailureGroups::default(),
            unknown: FailureGroups::default(),
            warnings: FailureGroups::default(),
            explained: 0,
            left_out: 0,
            warned: 0,
            untold: 0,
            runs: 0,
        }
    }

    /// As [`Quiet::new`], for a reporter that tells the end of the plan by itself.
    pub fn until_the_end(console: Console) -> Quiet {
        Quiet {
            tells_end: false,
            ..Quiet::new(console)
        }
    }

    /// The distinct reasons why runs failed or are unknown. Empty if there is no more
    /// than one such run, which is explained already.
    pub fn reasons(&self, context: &Context<'_>) -> String {
        let repeat = |run: u64| Some(context.repeat.of(run));
        let groups = [(&self.failures, "failed"), (&self.unknown, "unknown")];
        let several = groups.into_iter().filter(|(groups, _)| groups.runs() > 1);
        several
            .map(|(groups, what)| groups.text(self.runs, what, repeat))
            .collect()
    }

    fn run_ended(&mut self, context: &Context<'_>, result: &RunResult) {
        self.runs += 1;
        if let Some(idle) = &mut self.idle {
            idle.add(result);
        }
        self.warn(result);
        let verdict = result.row.verdict;
        let has_errors = result.errors().next().is_some();
        if !has_errors && matches!(verdict, None | Some(Verdict::Passed)) {
            return;
        }
        let is_new = self.add(result);
        let explains = self.explained < EXPLAINED || is_new && self.explained < EXPLAINED_MAX;
        if !explains {
            self.left_out += 1;
            return;
        }
        self.explained += 1;
        let run = format!("run {}", result.row.run);
        for error in result.errors() {
            self.console.error(&format!("{run}: {error}"));
        }
        if !matches!(verdict, None | Some(Verdict::Passed)) {
            let mut judgements = result.judgements.clone();
            // Runs in which nothing happened are counted at the end.
            judgements.retain(|it| !matches!(it.judge, Judge::Activity | Judge::Happened));
            verdicts::print(&self.console, &run, &judgements);
        }
        if result.failure.is_some() || verdict == Some(Verdict::Failed) {
            let repeat = context.repeat.of(result.row.run);
            self.console.note(&format!("  repeat: {repeat}"));
        }
    }

    /// Adds the reasons of a run that did not pass. Returns whether one is new.
    fn add(&mut self, result: &RunResult) -> bool {
        let run = result.row.run;
        let failures = failures_of(result.errors(), &result.judgements);
        let is_new = self.failures.add(run, failures);
        if result.row.verdict != Some(Verdict::Unknown) {
            return is_new;
        }
        let unknown = result.judgements.iter();
        let is_unknown =
            |it: &&Judgement| it.verdict == Verdict::Unknown && it.judge != Judge::Happened;
        let unknown = unknown.filter(is_unknown);
        let unknown = unknown.map(|it| (FailureIdentity::of_judgement(it), sentence(it)));
        self.unknown.add(run, unknown) || is_new
    }

    /// Prints the warnings of a run: the first ones, and then those of a new kind.
    fn warn(&mut self, result: &RunResult) {
        let run = result.row.run;
        let mut here = BTreeSet::new();
        let warnings = result.warnings.iter();
        let warnings = warnings.map(|it| (FailureIdentity::of_error(it), it.clone()));
        for (identity, warning) in warnings.clone() {
            let is_new = self.warnings.first_run(&identity).is_none() && here.insert(identity);
            if self.warned < EXPLAINED || is_new && self.warned < EXPLAINED_MAX {
                tracing::warn!("run {run}: {warning}");
                self.warned += 1;
            } else {
                self.untold += 1;
            }
        }
        self.warnings.add(run, warnings);
    }

    fn plan_ended(&self, context: &Context<'_>) {
        for remark in self.idle.iter().flat_map(|it| it.remarks(context.plan)) {
            tracing::warn!("{remark}");
        }
        if self.untold > 0 {
            let what = match self.warnings.runs() {
                1 => "has warnings",
                _ => "have warnings",
            };
            let text = self.warnings.text(self.runs, what, |_| None);
            tracing::warn!("{}", text.trim_end());
        }
        if self.tells_end && self.left_out > 0 {
            self.console.styled(&self.reasons(context));
        }
    }
}

impl Reporter for Quiet {
    fn event(&mut self, context: &Context<'_>, event: &Event<'_>) -> Result<(), ReporterError> {
        match *event {
            Event::PlanBegins => {
                let (console, tells_end) = (self.console.clone(), self.tells_end);
                *self = Quiet {
                    tells_end,
                    idle: Some(IdleRuns::new(context.plan)),
                    ..Quiet::new(console)
                };
            }
            Event::Warning(text) => tracing::warn!("{text}"),
            Event::Error(text) => self.console.error(text),
            Event::RunEnded(result) => self.run_ended(context, result),
            Event::CaseJudged { case, judgement } => {
                let cases = &context.plan.cases;
                let runs = match cases.len() {
                    1 => "over all runs".to_owned(),
                    _ => format!("over the runs of {}", cases[case].id),
                };
                verdicts::print(&self.console, &runs, std::slice::from_ref(judgement));
            }
            Event::PlanEnded { .. } => self.plan_ended(context),
            Event::Scheduled { .. }
            | Event::Resumed { .. }
            | Event::Shrunk { .. }
            | Event::ReportBuilt { .. } => {}
        }
        Ok(())
    }
}
