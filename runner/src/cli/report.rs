//! `runner report`: builds the report of results again, merges the parts of a plan, or
//! compares plans.

use analysis::report::{Merged, build_all};

use crate::cli::Exit;
use crate::cli::arguments::ReportOptions;
use crate::reporter::console::{Console, print_shown};
use crate::reporter::verdicts;
use crate::reporter::{count, logging};

/// Builds the report and prints its path. After a merge, the exit code is that of the
/// judgements over all runs.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn report(options: &ReportOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.color.color);
    if let Err(why) = logging::begin(&console, 0) {
        console.error(&why);
        return Ok(Exit::BadInput);
    }
    let built = match build_all(&options.results, options.out.as_deref()) {
        Ok(built) => built,
        Err(error) => {
            console.error(&error.to_string());
            return Ok(Exit::BadInput);
        }
    };
    let exit = match &built.merged {
        Some(merged) => print_merged(merged, &console)?,
        None => Exit::Passed,
    };
    print_shown(&format!("report: {}\n", built.outputs.html.display()))?;
    Ok(exit)
}

/// Prints the result of a merge.
fn print_merged(merged: &Merged, console: &Console) -> anyhow::Result<Exit> {
    for warning in &merged.warnings {
        tracing::warn!("{warning}");
    }
    for (case, judgement) in &merged.judged {
        let of = format!("over the runs of {case}");
        verdicts::print(console, &of, std::slice::from_ref(judgement));
    }
    print_shown(&format!(
        "merged: {} ({} of {})\n",
        merged.folder.display(),
        merged.runs,
        count(merged.planned, "run"),
    ))?;
    Ok(Exit::of(merged.verdict()))
}
