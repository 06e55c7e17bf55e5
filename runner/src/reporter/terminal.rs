//! The reporter of a terminal: what is wrong ([`Quiet`]), progress, and a summary.

use std::io;

use analysis::expect::Over;
use analysis::properties::is_sometimes;

use super::console::{Console, print_shown};
use super::progress::Progress;
use super::quiet::Quiet;
use super::summary::Summary;
use super::{Context, Ending, Event, Reporter, ReporterError};

/// Prints progress on standard error and a summary on standard output.
#[derive(Debug)]
pub struct Terminal {
    console: Console,
    quiet: Quiet,
    progress: Option<Progress>,
    has_progress: bool,
    summary: Summary,
}

impl Terminal {
    /// Prints to this console.
    pub fn new(console: Console) -> Terminal {
        Terminal {
            quiet: Quiet::until_the_end(console.clone()),
            console,
            progress: None,
            has_progress: true,
            summary: Summary::default(),
        }
    }

    /// As [`Terminal::new`], where something else shows the progress.
    pub fn without_progress(console: Console) -> Terminal {
        Terminal {
            has_progress: false,
            ..Terminal::new(console)
        }
    }

    fn plan_begins(&mut self, context: &Context<'_>) {
        let name = &context.plan.loaded.scenario.name;
        let has_progress = self.has_progress;
        self.progress = has_progress.then(|| Progress::new(self.console.clone(), name));
        self.summary = Summary::default();
    }

    fn plan_ended(&mut self, context: &Context<'_>, ending: Ending) -> io::Result<()> {
        // Removes the bar.
        self.progress = None;
        if ending == Ending::Broken {
            return Ok(());
        }
        if has_unjudged_case(context) {
            self.console.note(
                "what is asked over all runs of a case is judged when the parts are merged: runner report PART... --out DIR",
            );
        }
        let plan = context.plan;
        print_shown(&self.summary.table(plan))?;
        print_shown(&self.summary.batches(plan))?;
        print_shown(&self.summary.failures(context))?;
        print_shown(&self.quiet.reasons(context))?;
        print_shown(&self.summary.line(plan, context.began.elapsed()))?;
        print_shown(&format!("results: {}\n", context.folder.path().display()))
    }
}

impl Reporter for Terminal {
    fn event(&mut self, context: &Context<'_>, event: &Event<'_>) -> Result<(), ReporterError> {
        match *event {
            Event::PlanBegins => self.plan_begins(context),
            Event::Scheduled { runs, look } => {
                if let Some(progress) = &mut self.progress {
                    progress.add(runs as u64, look);
                }
                self.summary.add_selected(runs as u64);
            }
            Event::RunEnded(result) => {
                if let Some(progress) = &mut self.progress {
                    progress.step();
                }
                self.summary.add(result);
            }
            Event::Resumed { kept } => {
                let name = &context.plan.loaded.scenario.name;
                let runs = context.plan.runs_text();
                // The runs begin even if standard output is closed.
                let _ = print_shown(&format!("{name}: {kept} of {runs} were finished before\n"));
            }
            Event::PlanEnded { ending, .. } => self.plan_ended(context, ending)?,
            Event::Shrunk { run, shrunk } => print_shown(&format!(
                "run {run} shrunk from {} events to {}: {}\n",
                shrunk.before.events,
                shrunk.after.events,
                shrunk.file.display()
            ))?,
            Event::ReportBuilt { html } => print_shown(&format!("report:  {}\n", html.display()))?,
            Event::Warning(_) | Event::Error(_) | Event::CaseJudged { .. } => {}
        }
        self.quiet.event(context, event)
    }
}

/// Whether a case has an expectation or a property over all its runs, and only a part of them is
/// run here.
fn has_unjudged_case(context: &Context<'_>) -> bool {
    let mut runs = vec![0; context.plan.cases.len()];
    context.runs.iter().for_each(|run| runs[run.case] += 1);
    context.plan.cases.iter().zip(runs).any(|(case, runs)| {
        let mut rules = case.scenario.expectations.iter();
        let is_part = runs > 0 && runs < case.scenario.runs;
        let mut properties = case.scenario.properties.iter();
        let over_runs = rules.any(|rule| rule.expectation.over != Over::EveryRun)
            || properties.any(|it| is_sometimes(&it.rule));
        is_part && over_runs
    })
}
