//! Selects runs of the planned scenarios: `--case`, `--run`, `--shard`.

use crate::cli::Exit;
use crate::cli::arguments::SelectionOptions;
use crate::plan::{Plan, RunSpec, Selection};
use crate::reporter::console::Console;
use crate::reporter::count;
use crate::scenario::listed;

/// Returns the selection of the command line.
pub fn selection(options: &SelectionOptions) -> Selection {
    Selection {
        cases: options.case.clone(),
        run: options.run,
        shard: options.shard,
    }
}

/// Returns the plans with a case that `--case` matches, and their selected runs. The
/// shard of a plan may be empty.
///
/// # Errors
///
/// Fails if nothing is selected, after the error is printed.
pub fn select<'a>(
    plans: &'a [Plan],
    options: &SelectionOptions,
    console: &Console,
) -> Result<Vec<(&'a Plan, Vec<RunSpec>)>, Exit> {
    let selection = selection(options);
    if let Some(only) = options.run
        && let Some(plan) = plans.iter().find(|plan| only > plan.run_count())
    {
        console.error(&format!(
            "--run {only}: `{}` has {}",
            plan.loaded.scenario.name,
            count(u64::from(plan.run_count()), "run")
        ));
        return Err(Exit::BadInput);
    }
    if let Some(shard) = options.shard
        && let Some(plan) = plans.iter().find(|plan| plan.until().is_some())
    {
        console.error(&format!(
            "--shard {shard}: `{}` has [until], so the number of its runs depends on their results\n  leave out --shard and use --jobs, or leave out [until] and set `runs`",
            plan.loaded.scenario.name
        ));
        return Err(Exit::BadInput);
    }
    let unknown = |glob: &&String| !plans.iter().any(|plan| plan.has_case(glob));
    if let Some(glob) = options.case.iter().find(unknown) {
        let cases = plans.iter().flat_map(|plan| &plan.cases);
        let names = listed(glob, cases.map(|case| case.id.as_str()));
        console.error(&format!(
            "nothing was selected: no case matches --case {glob}\n  cases: {names}"
        ));
        return Err(Exit::Unknown);
    }
    let meant = |plan: &&Plan| {
        options.case.is_empty() || options.case.iter().any(|glob| plan.has_case(glob))
    };
    let selected: Vec<_> = plans
        .iter()
        .filter(meant)
        .map(|plan| (plan, plan.select(&selection)))
        .collect();
    if selection.shard.is_none() && selected.iter().all(|(_, runs)| runs.is_empty()) {
        console.error(
            "nothing was selected: the run of this --run is of another case\n  leave out --case or --run, or see what there is with `runner list`",
        );
        return Err(Exit::Unknown);
    }
    Ok(selected)
}
