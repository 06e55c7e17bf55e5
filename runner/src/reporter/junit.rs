//! The reporter of `--junit FILE`: the results of runs as the XML that CI services
//! read. [`analysis::junit`] makes the file.

use std::fs;
use std::path::Path;

use analysis::junit::{Junit as File, JunitRun};
use analysis::results::Judgement;

use super::{Context, Ending, Event, Reporter, ReporterError};
use crate::plan::{Plan, RunSpec};
use crate::results::error::ResultsError;
use crate::results::run_result::RunResult;

/// Collects suites and writes the file at the end of each plan.
#[derive(Debug)]
pub struct Junit {
    file: File,
    /// Whether the file is this process's: it holds what this process wrote.
    begun: bool,
}

impl Junit {
    /// Checks that the file can be written, before any run begins. What is there is left
    /// until this process has results: another runner may have been faster at their
    /// folder, and the file is its own then.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn check(path: &Path) -> Result<Junit, ResultsError> {
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(ResultsError::at(folder))?;
        }
        let file = File::new(path);
        file.check().map_err(ResultsError::at(path))?;
        Ok(Junit { file, begun: false })
    }

    /// The runs of a plan begin. A file without suites replaces that of an earlier
    /// process, which would be read if this process were killed.
    fn plan_begins(&mut self, context: &Context<'_>) -> Result<(), ResultsError> {
        let results = context.folder.path();
        self.file.begin_plan(context.manifest, results, "");
        if !std::mem::replace(&mut self.begun, true) {
            self.write()?;
        }
        Ok(())
    }

    fn run_ended(&mut self, context: &Context<'_>, result: &RunResult) {
        let (folder, number) = (context.folder, result.spec.number);
        let records = [folder.run(number), folder.partial_run(number)];
        self.file.add_run(&JunitRun {
            row: &result.row,
            errors: result.errors().collect(),
            judgements: &result.judgements,
            warnings: &result.warnings,
            records: records.into_iter().filter(|it| it.is_dir()).collect(),
            repeat: Some(context.repeat.of(result.row.run)),
            is_real: context.plan.is_real(),
        });
    }

    fn case_judged(&mut self, plan: &Plan, case: usize, judgement: &Judgement) {
        self.file.add_over_runs(&plan.cases[case].id, judgement);
    }

    /// Adds the runs that did not begin, and writes the file.
    fn plan_ended(
        &mut self,
        plan: &Plan,
        ending: Ending,
        not_begun: &[RunSpec],
    ) -> Result<(), ResultsError> {
        let why = match ending {
            Ending::Broken => "the results could not be written, or the runs not begun",
            Ending::Stopped => "the runner was stopped by a signal",
            Ending::Finished => "a run before it failed (--fail-fast)",
        };
        let why = format!("not begun: {why}");
        for spec in not_begun {
            let case = &plan.cases[spec.case].id;
            self.file.add_skipped(u64::from(spec.number), case, &why);
        }
        self.file.end_plan();
        self.write()
    }

    fn write(&self) -> Result<(), ResultsError> {
        self.file
            .write()
            .map_err(ResultsError::at(self.file.path()))
    }
}

impl Reporter for Junit {
    fn event(&mut self, context: &Context<'_>, event: &Event<'_>) -> Result<(), ReporterError> {
        match *event {
            Event::PlanBegins => self.plan_begins(context)?,
            Event::RunEnded(result) => self.run_ended(context, result),
            Event::CaseJudged { case, judgement } => {
                self.case_judged(context.plan, case, judgement);
            }
            Event::PlanEnded { ending, not_begun } => {
                self.plan_ended(context.plan, ending, not_begun)?;
            }
            Event::Warning(_)
            | Event::Error(_)
            | Event::Resumed { .. }
            | Event::Scheduled { .. }
            | Event::Shrunk { .. }
            | Event::ReportBuilt { .. } => {}
        }
        Ok(())
    }
}
