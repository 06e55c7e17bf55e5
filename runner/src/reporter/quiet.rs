//! The reporter of `--quiet`: what is wrong, on standard error, and nothing else.

use analysis::results::{Judge, Verdict};

use super::console::Console;
use super::{Context, Event, Reporter, ReporterError, verdicts};
use crate::judge::activity::IdleRuns;
use crate::results::run_result::RunResult;

/// Failed runs whose judgements are printed with their evidence. Of the others one
/// line is printed: the first ones show what is wrong.
const EXPLAINED: u32 = 10;

/// Prints errors, warnings and failed judgements.
#[derive(Debug)]
pub struct Quiet {
    console: Console,
    /// Runs of this plan that were judged and did not pass.
    not_passed: u32,
    /// Runs of this plan in which nothing happened.
    idle: Option<IdleRuns>,
}

impl Quiet {
    /// Prints to this console.
    pub fn new(console: Console) -> Quiet {
        Quiet {
            console,
            not_passed: 0,
            idle: None,
        }
    }

    fn run_ended(&mut self, context: &Context<'_>, result: &RunResult) {
        let run = format!("run {}", result.row.run);
        for warning in &result.warnings {
            tracing::warn!("{run}: {warning}");
        }
        for error in result.errors() {
            self.console.error(&format!("{run}: {error}"));
        }
        if let Some(idle) = &mut self.idle {
            idle.add(result);
        }
        let verdict = result.row.verdict;
        if !matches!(verdict, None | Some(Verdict::Passed)) && !result.judgements.is_empty() {
            match self.not_passed < EXPLAINED {
                true => {
                    let mut judgements = result.judgements.clone();
                    // Runs in which nothing happened are counted at the end.
                    judgements.retain(|it| it.judge != Judge::Activity);
                    verdicts::print(&self.console, &run, &judgements);
                }
                false => {
                    let word = verdicts::word(verdict);
                    self.console.note(&format!("{run}: {word}"));
                }
            }
            self.not_passed += 1;
        }
        if result.failure.is_some() || verdict == Some(Verdict::Failed) {
            let repeat = context.repeat.of(result.row.run);
            self.console.note(&format!("  repeat: {repeat}"));
        }
    }
}

impl Reporter for Quiet {
    fn event(&mut self, context: &Context<'_>, event: &Event<'_>) -> Result<(), ReporterError> {
        match *event {
            Event::PlanBegins => {
                self.not_passed = 0;
                self.idle = Some(IdleRuns::new(context.plan));
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
            Event::PlanEnded { .. } => {
                for remark in self.idle.iter().flat_map(|it| it.remarks(context.plan)) {
                    tracing::warn!("{remark}");
                }
            }
            Event::Resumed { .. } | Event::ReportBuilt { .. } => {}
        }
        Ok(())
    }
}
