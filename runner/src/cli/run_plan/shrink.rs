//! `run --shrink`: the smallest scenario for each distinct failure of a plan.

use std::time::Duration;

use analysis::log::tables::files::SHRUNK_FOLDER;

use super::{Outcome, PlanCommand};
use crate::cli::shrink::{Progress, run_options};
use crate::reporter::{Context, Event, Reporter, ReporterError, Reporters};
use crate::session::to_override;
use crate::shrink::{Request, ShrinkError, Wanted, shrink as search};

/// Maximum number of failures that `--shrink` cuts down. Arbitrary.
const MOST_SHRUNK: usize = 5;

/// How long `--shrink` searches for each. Arbitrary: most searches take a few seconds.
const SHRINK_BUDGET: Duration = Duration::from_secs(60);

impl PlanCommand<'_> {
    /// Cuts the first run of each failure down to what it needs to fail.
    pub(super) fn shrink(
        &self,
        context: &Context<'_>,
        outcome: &Outcome,
        reporters: &mut Reporters,
    ) -> Result<(), ReporterError> {
        let how = self.how();
        let overrides: Vec<_> = self.settings.iter().filter_map(to_override).collect();
        let execution = &self.options.execution;
        let isolate = execution.isolate || execution.timeout.is_some();
        for (identity, spec) in outcome.failures.iter().take(MOST_SHRUNK) {
            if self.stop.signal().is_some() {
                break;
            }
            let folder = context.folder.path().join(SHRUNK_FOLDER);
            let request = Request {
                plan: self.plan,
                overrides: &overrides,
                wanted: Wanted::Exactly(identity),
                out: &folder.join(identity.file_name()),
                options: run_options(
                    isolate,
                    execution.timeout,
                    execution.memory,
                    how.jobs,
                    execution.check_determinism,
                ),
                jobs: how.jobs,
                budget: Some(SHRINK_BUDGET),
                tries: None,
                stop: &self.stop.flag,
            };
            let name = &self.plan.loaded.scenario.name;
            let mut progress = Progress::new(self.console, name, self.options.output.quiet);
            let shrunk = search(&request, &[*spec], &mut |standing| progress.show(standing));
            drop(progress);
            let run = spec.number;
            match shrunk {
                Ok(shrunk) => reporters.event(
                    context,
                    &Event::Shrunk {
                        run,
                        shrunk: &shrunk,
                    },
                )?,
                // A resumed plan has it.
                Err(ShrinkError::Exists(_)) => {}
                Err(error) => {
                    let text = format!("run {run} was not shrunk: {error}");
                    reporters.event(context, &Event::Warning(&text))?;
                }
            }
        }
        Ok(())
    }
}
