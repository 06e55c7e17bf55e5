//! `runner check`: everything before the first event.

use crate::cli::arguments::CheckOptions;
use crate::cli::terminal::Terminal;
use crate::cli::{Exit, planned, print};

/// Says of each scenario that it is ready to run, or all that is wrong with it.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn check(options: &CheckOptions) -> anyhow::Result<Exit> {
    let terminal = Terminal::new(options.scenario.color.color);
    let plans = match planned(&options.scenario, &terminal) {
        Ok(plans) => plans,
        Err(exit) => return Ok(exit),
    };
    for plan in plans {
        let scenario = &plan.loaded.scenario;
        print(&format!(
            "{}: ok ({}, {}, {})\n",
            plan.loaded.source.path,
            count(u64::from(plan.roster.len()), "node"),
            count(plan.cases.len() as u64, "case"),
            count(u64::from(scenario.runs) * plan.cases.len() as u64, "run"),
        ))?;
    }
    Ok(Exit::Passed)
}

/// `1 run`, `5 runs`.
pub(super) fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}
