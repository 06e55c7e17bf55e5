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
pub struct Junit(File);

impl Junit {
    /// Writes a file without suites, before any run begins.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn begin(path: &Path) -> Result<Junit, ResultsError> {
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(ResultsError::at(folder))?;
        }
        let junit = Junit(File::new(path));
        junit.write()?;
        Ok(junit)
    }

    fn run_ended(&mut self, context: &Context<'_>, result: &RunResult) {
        let (folder, number) = (context.folder, result.spec.number);
        let records = [folder.run(number), folder.partial_run(number)];
        self.0.add_run(&JunitRun {
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
        self.0.add_over_runs(&plan.cases[case].id, judgement);
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
            self.0.add_skipped(u64::from(spec.number), case, &why);
        }
        self.0.end_plan();
        self.write()
    }

    fn write(&self) -> Result<(), ResultsError> {
        self.0.write().map_err(ResultsError::at(self.0.path()))
    }
}

impl Reporter for Junit {
    fn event(&mut self, context: &Context<'_>, event: &Event<'_>) -> Result<(), ReporterError> {
        match *event {
            Event::PlanBegins => {
                let results = context.folder.path();
                self.0.begin_plan(context.manifest, results, "");
            }
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
            | Event::ReportBuilt { .. } => {}
        }
        Ok(())
    }
}
