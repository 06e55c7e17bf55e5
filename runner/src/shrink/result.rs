//! The file that a search comes to: what it says at its top, with how many seeds it fails, and
//! that it fails at all, run from the file.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use analysis::results::LogMode;

use super::draft::{Draft, at};
use super::error::written;
use super::trial::{Failing, Trials, failing};
use super::{End, SEEDS, ShrinkError, Shrinking, Shrunk, Size, begin, left_out};
use crate::plan::Plan;
use crate::plan::planner::Planner;
use crate::reporter::count;

/// What a search has come to.
pub(super) struct Outcome<'a> {
    pub original: &'a Draft,
    pub best: Draft,
    pub failing: Failing,
    pub tries: u64,
    pub end: End,
}

impl Shrinking<'_> {
    /// Writes the result, and runs it from the file. None if it does not fail there, with
    /// nothing written.
    pub(super) fn write(
        &self,
        trials: &mut Trials<'_>,
        outcome: Outcome<'_>,
    ) -> Result<Option<Shrunk>, ShrinkError> {
        let free = AtomicBool::new(false);
        let mut last = Trials {
            path: trials.path.clone(),
            search: trials.search.clone(),
            options: trials.options.clone(),
            jobs: trials.jobs,
            stop: &free,
            scratch: trials.scratch,
        };
        let failing_seeds = self.failing_seeds(&last, &outcome);
        let out = self.request.out;
        let text = self.text(&outcome, failing_seeds);
        let name = out.file_name().unwrap_or_default().to_string_lossy();
        let partial = out.with_file_name(format!(".{name}.partial"));
        fs::write(&partial, text).map_err(written(&partial))?;
        last.options.log = LogMode::PerNode;
        let failure = self.run_file(&last, &partial);
        let Some((failure, nodes)) = failure else {
            let _ = fs::remove_file(&partial);
            return Ok(None);
        };
        // Fails if another process has written the file meanwhile.
        let linked = fs::hard_link(&partial, out);
        let _ = fs::remove_file(&partial);
        linked.map_err(written(out))?;
        let lines = |draft: &Draft| draft.text().lines().count();
        let plan = self.request.plan;
        let before = plan.case(self.found.spec);
        Ok(Some(Shrunk {
            file: out.to_owned(),
            failure: failure.text,
            before: Size {
                events: self.found.failing.events,
                nodes: before.roster.len(),
                faults: before.scenario.faults.len(),
                lines: plan.loaded.source.text.lines().count(),
            },
            after: Size {
                events: failure.events,
                nodes,
                faults: outcome.best.numbers("faults").len(),
                lines: lines(&outcome.best),
            },
            tries: outcome.tries,
            end: outcome.end,
            failing_seeds,
        }))
    }

    /// Runs a file as `runner run` does. Returns how it fails, and its number of nodes.
    fn run_file(&self, trials: &Trials<'_>, file: &Path) -> Option<(Failing, u32)> {
        let mut planner = match &trials.options.isolation {
            Some(_) => Planner::apart(trials.options.timeout),
            None => Planner::Here,
        };
        let plan = Plan::load_by(file, &[], &trials.search, &mut planner).ok()?;
        let spec = plan.runs().next()?;
        let result = trials.run(&plan, spec, 0).ok()?;
        let nodes = plan.case(spec).roster.len();
        Some((failing(&result, &self.found.target)?, nodes))
    }

    fn failing_seeds(&self, trials: &Trials<'_>, outcome: &Outcome<'_>) -> usize {
        // With another seed, a run may be longer; one that does not end is of no use.
        let most = outcome
            .failing
            .events
            .saturating_mul(10)
            .saturating_add(10_000);
        let texts: Vec<String> = (1..=SEEDS)
            .map(|seed| {
                let mut draft = outcome.best.clone();
                draft.remove(&at!["rng_id"]);
                draft.set(&at!["seed"], i64::from(seed));
                draft.text()
            })
            .collect();
        let chunks = texts.chunks(trials.jobs);
        let found = chunks.flat_map(|chunk| trials.failing(chunk, &self.found.target, most));
        found.flatten().count()
    }

    /// The file: what it is, what was left out, what the original said at its top, and the
    /// scenario.
    fn text(&self, outcome: &Outcome<'_>, failing_seeds: usize) -> String {
        let (found, plan) = (self.found, self.request.plan);
        let original = Path::new(&plan.loaded.source.path);
        let name = original.file_name().unwrap_or_default().to_string_lossy();
        let home = begin::moved(&name, original, self.request.out);
        let mut lines = vec![format!(
            "Run {} of {home}, cut down to what it needs to fail in the same way:",
            found.spec.number
        )];
        let said = outcome.failing.text.lines().next().unwrap_or_default();
        lines.push(format!("  {}", base::harmless::lines(said)));
        let events = outcome.failing.events;
        lines.push(format!(
            "{} instead of {}. It fails with {failing_seeds} of {SEEDS} seeds.",
            count(events, "event"),
            found.failing.events
        ));
        lines.extend(match outcome.end {
            End::Minimal => None,
            End::Tries => Some(format!(
                "More could be left out: it ended after --tries {}.",
                outcome.tries
            )),
            End::Budget => {
                Some("More could be left out: the time of --budget was over.".to_owned())
            }
            End::Stopped => Some("More could be left out: a signal ended the search.".to_owned()),
        });
        let runs = plan.run_count() - 1;
        let left_out = left_out::left_out(outcome.original, &outcome.best);
        if !left_out.is_empty() || runs > 0 {
            lines.extend([
                String::new(),
                "Irrelevant, so left out or made simpler:".to_owned(),
            ]);
        }
        if runs > 0 {
            lines.push(format!("- {}", count(u64::from(runs), "other run")));
        }
        lines.extend(left_out.iter().map(|line| format!("- {line}")));
        let comment: String = lines
            .iter()
            .map(|line| format!("# {line}").trim_end().to_owned() + "\n")
            .collect();
        let schema = outcome.best.schema.as_ref();
        let schema = schema.map_or_else(String::new, |path| format!("#:schema {path}\n#\n"));
        let head = match outcome.best.head.as_str() {
            "" => String::new(),
            head => format!("#\n# The original begins with:\n#\n{}\n", head.trim_end()),
        };
        format!("{schema}{comment}{head}\n{}", outcome.best.text())
    }
}
