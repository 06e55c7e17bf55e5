//! The failures of a run: the records that prove each, and the line of the scenario that
//! asks for it.

use analysis::results::{Judge, Judgement, Verdict, failures_of};
use debug::explorer::Failing;
use debug::history::{Cause, History};

use crate::plan::Plan;
use crate::results::run_result::RunResult;
use crate::scenario::Diagnostic;

/// The failures of a run.
pub fn of(plan: &Plan, result: &RunResult, history: &History) -> Vec<Failing> {
    let texts = failures_of(result.errors(), &result.judgements);
    let errors = result.errors().count();
    let failed = result.judgements.iter();
    let failed: Vec<&Judgement> = failed.filter(|it| it.verdict == Verdict::Failed).collect();
    let each = texts.into_iter().enumerate();
    each.map(|(index, (_, text))| match index.checked_sub(errors) {
        None => of_error(plan, result, history, text),
        Some(index) => of_judgement(plan, result, history, failed[index], text),
    })
    .collect()
}

/// A failure of the run itself, such as a panic: it is in the last event.
fn of_error(plan: &Plan, result: &RunResult, history: &History, text: String) -> Failing {
    let last = history.len() - 1;
    let at = match history.cause(last) {
        Cause::End => last.saturating_sub(1),
        _ => last,
    };
    let case = plan.case(result.spec);
    let node = text
        .strip_prefix("node `")
        .and_then(|rest| rest.split_once('`'));
    let nodes = 0..case.roster.len();
    let node = node.and_then(|(name, _)| {
        let mut nodes = nodes;
        nodes.find(|&node| case.roster.name(node).as_deref() == Some(name))
    });
    let line = node.and_then(|node| {
        let group = case.roster.group_of(node);
        line(plan, &plan.loaded.origins.behavior_problem(group, ""))
    });
    Failing {
        text,
        line,
        entries: vec![(at, "the run failed in this event".to_owned())],
    }
}

fn of_judgement(
    plan: &Plan,
    result: &RunResult,
    history: &History,
    judgement: &Judgement,
    text: String,
) -> Failing {
    let case = plan.case(result.spec);
    let evidence = judgement.evidence.iter().filter_map(|row| {
        let nodes = &history.schema.nodes;
        let node = nodes.iter().position(|node| node.name == row.node)?;
        let entry = history.entry_of_log_row(node as u32, row.row)?;
        Some((entry, row.note.clone()))
    });
    let mut entries: Vec<(usize, String)> = evidence.collect();
    entries.sort();
    entries.dedup();
    let origins = &plan.loaded.origins;
    let is_own = |name: &str| name == judgement.name;
    let place = match judgement.judge {
        Judge::Check => {
            let index = case.checks.iter().position(|it| is_own(&it.name));
            index.map(|index| origins.check_problem(index, ""))
        }
        Judge::Property => {
            let parts = &case.scenario.properties;
            let index = parts.iter().position(|it| is_own(&it.rule.name));
            index.map(|index| origins.property(index).whole())
        }
        Judge::Expect => {
            let rules = &case.scenario.expectations;
            let index = rules
                .iter()
                .position(|it| is_own(&it.expectation.to_string()));
            index.map(|index| origins.metric_problem(index, ""))
        }
        _ => None,
    };
    Failing {
        text,
        line: place.and_then(|place| line(plan, &place)),
        entries,
    }
}

/// The place of a part of the scenario, and its line.
fn line(plan: &Plan, place: &Diagnostic) -> Option<(String, String)> {
    let (line, _) = place.line_column()?;
    let text = plan.loaded.source.text.lines().nth(line - 1)?;
    Some((place.place_text(), text.to_owned()))
}
