//! What results come to: whether all runs are there that must be, and whether they
//! passed. The exit code of `report` follows from it.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use super::folder::Folder;
use crate::expect::{Expectation, Over};
use crate::log::tables::{FailureRow, VerdictRow};
use crate::properties::Happenings;
use crate::results::{
    FailureGroups, FailureIdentity, Judge, Judgement, MissingRuns, RunStatus, Verdict, Wanted,
    gravest, sentence,
};

/// What results come to.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Number of runs that failed themselves: a panic, a program that failed.
    pub broken_runs: u64,
    /// The runs that are missing.
    pub missing: Option<MissingRuns>,
    /// What is expected over the runs of a case, by case; unknown where runs are
    /// missing.
    pub over_runs: Vec<(String, Judgement)>,
    /// The gravest verdict of the runs, and over the runs; `None` if nothing is judged.
    pub verdict: Option<Verdict>,
    /// Why runs failed.
    pub failures: FailureGroups,
    /// Why runs are unknown.
    pub unknown: FailureGroups,
    /// The shards that are here, if the results are made of shards.
    pub shards: Vec<String>,
}

/// Failures of a run, each with its text.
type Failures = Vec<(FailureIdentity, String)>;

impl Standing {
    /// Reads what the results in a folder come to.
    ///
    /// # Errors
    /// A table cannot be read.
    pub(super) fn of(folder: &Folder) -> Result<Standing, Error> {
        let manifest = &folder.manifest;
        let wanted = Wanted::of(manifest);
        let missing = wanted.missing(&folder.runs, manifest.is_real());
        let Reasons {
            mut failed,
            mut unknown,
            mut over_runs,
        } = reasons(folder)?;
        let judged: BTreeSet<String> = over_runs.iter().map(|(case, _)| case.clone()).collect();
        for (index, case) in manifest.cases.iter().enumerate() {
            if judged.contains(&case.id) || !wanted.has_case(index) {
                continue;
            }
            let own = case.expectations.as_ref().unwrap_or(&manifest.expectations);
            let unjudged = own.iter().filter(is_over_runs);
            over_runs.extend(unjudged.map(|it| (case.id.clone(), unjudged_over_runs(it))));
            let properties = manifest.properties_over_runs(&case.id);
            let unjudged = properties.map(|it| Happenings::unjudged(&it.name));
            over_runs.extend(unjudged.map(|it| (case.id.clone(), it)));
        }
        let mut standing = Standing {
            missing,
            shards: shards(folder),
            ..Standing::default()
        };
        for run in &folder.runs {
            let is_broken = run.status == RunStatus::Failed;
            standing.broken_runs += u64::from(is_broken);
            let mut texts = failed.remove(&run.run).unwrap_or_default();
            if texts.is_empty() && (is_broken || run.verdict == Some(Verdict::Failed)) {
                let text = "the run failed; why is not in the results".to_owned();
                texts.push((FailureIdentity::of_error(&text), text));
            }
            standing.failures.add(run.run, texts);
            if run.verdict == Some(Verdict::Unknown) {
                let texts = unknown.remove(&run.run).unwrap_or_default();
                standing.unknown.add(run.run, texts);
            }
        }
        let of_runs = folder.runs.iter().filter_map(|run| run.verdict);
        let over = over_runs.iter().map(|(_, judgement)| judgement.verdict);
        standing.verdict = gravest(of_runs.chain(over));
        standing.over_runs = over_runs;
        Ok(standing)
    }

    /// The exit code: 3 if a run failed itself, 1 if something expected failed, 4 if
    /// something is unknown or a run is missing, else 0. With `partial`, missing runs
    /// are accepted.
    pub fn exit_code(&self, partial: bool) -> u8 {
        match (self.broken_runs, self.verdict) {
            (1.., _) => 3,
            (0, Some(Verdict::Failed)) => 1,
            (0, Some(Verdict::Unknown)) => 4,
            _ if self.missing.is_some() && !partial => 4,
            _ => 0,
        }
    }

    /// Which runs are missing, and what to do about it, if any are.
    pub fn missing_text(&self, partial: bool) -> Option<String> {
        let mut text = self.missing.as_ref()?.to_string();
        if !self.shards.is_empty() {
            text.push_str(&format!("\n  here: shard {}", self.shards.join(", ")));
        }
        if !partial {
            text.push_str(
                "\n  run the parts that are missing, or continue a part with --resume, and merge all of them; --partial accepts missing runs",
            );
        }
        Some(text)
    }
}

/// Whether an expectation is over all runs of a case.
pub(super) fn is_over_runs(expectation: &&Expectation) -> bool {
    expectation.over != Over::EveryRun
}

/// The judgement of an expectation over runs of which some are missing.
pub(super) fn unjudged_over_runs(expectation: &Expectation) -> Judgement {
    Judgement {
        reason: "runs of the case are missing, so it is not judged".to_owned(),
        ..expectation.unjudged()
    }
}

/// What the tables say of runs that did not pass, and of all runs of a case.
#[derive(Default)]
struct Reasons {
    /// Why runs failed, by run.
    failed: BTreeMap<u64, Failures>,
    /// Why runs are unknown, by run.
    unknown: BTreeMap<u64, Failures>,
    /// The judgements over runs, by case.
    over_runs: Vec<(String, Judgement)>,
}

fn reasons(folder: &Folder) -> Result<Reasons, Error> {
    let mut reasons = Reasons::default();
    folder.each_failure(|FailureRow { run, text, .. }| {
        let failure = (FailureIdentity::of_error(&text), text);
        reasons.failed.entry(run).or_default().push(failure);
    })?;
    folder.each_verdict(|row| {
        let VerdictRow {
            run,
            case,
            judgement,
        } = row;
        let Some(run) = run else {
            reasons.over_runs.push((case, judgement));
            return;
        };
        let of_run = match judgement.verdict {
            Verdict::Passed => return,
            // What matters is judged over the runs.
            _ if judgement.judge == Judge::Happened => return,
            Verdict::Failed => &mut reasons.failed,
            Verdict::Unknown => &mut reasons.unknown,
        };
        let failure = (
            FailureIdentity::of_judgement(&judgement),
            sentence(&judgement),
        );
        of_run.entry(run).or_default().push(failure);
    })?;
    Ok(reasons)
}

/// The shards that the results are made of.
fn shards(folder: &Folder) -> Vec<String> {
    let manifest = &folder.manifest;
    let own = manifest.selected.iter();
    let parts = manifest.parts.iter().filter_map(|it| it.selected.as_ref());
    let mut shards: Vec<String> = own.chain(parts).filter_map(|it| it.shard.clone()).collect();
    shards.dedup();
    shards
}
