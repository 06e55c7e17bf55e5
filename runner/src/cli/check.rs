//! `runner check`: finds every mistake in scenarios without running them.

use crate::cli::arguments::CheckOptions;
use crate::cli::{Exit, planned};
use crate::plan::Plan;
use crate::plan::planner::Planner;
use crate::reporter::console::{Console, print_shown};
use crate::reporter::count;

/// Prints for each scenario that it is ready to run, or all its mistakes.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn check(options: &CheckOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.scenario.color.color);
    let mut planner = match options.isolate {
        true => Planner::apart(Some(options.timeout)),
        false => Planner::Here,
    };
    let plans = match planned(&options.scenario, &mut planner, &console) {
        Ok(plans) => plans,
        Err(exit) => return Ok(exit),
    };
    for plan in plans {
        print_shown(&format!(
            "{}: ok ({}, {}, {})\n",
            plan.loaded.source.path,
            nodes(&plan),
            count(plan.cases.len() as u64, "case"),
            plan.runs_text(),
        ))?;
    }
    Ok(Exit::Passed)
}

/// `3 nodes`; where cases differ, `3 to 5 nodes`.
fn nodes(plan: &Plan) -> String {
    let counts = plan.cases.iter().map(|case| case.roster.len());
    let (least, most) = (counts.clone().min(), counts.max());
    let most = count(most.unwrap_or(0).into(), "node");
    match least {
        Some(least) if plan.cases.iter().any(|case| case.roster.len() != least) => {
            format!("{least} to {most}")
        }
        _ => most,
    }
}
