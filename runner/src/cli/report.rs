//! `runner report`: builds the report again from results, merges parts of a plan,
//! and compares plans.

use analysis::report::{Merged, build_all};

use crate::cli::arguments::ReportOptions;
use crate::cli::check::count;
use crate::cli::terminal::Terminal;
use crate::cli::{Exit, print, verdicts};

/// Builds it and says where it is. Merging answers what could only be judged over
/// all runs.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn report(options: &ReportOptions) -> anyhow::Result<Exit> {
    let terminal = Terminal::new(options.color.color);
    let built = match build_all(&options.results, options.out.as_deref()) {
        Ok(built) => built,
        Err(error) => {
            terminal.error(&error.to_string());
            return Ok(Exit::BadInput);
        }
    };
    let exit = match &built.merged {
        Some(merged) => told(merged, &terminal)?,
        None => Exit::Passed,
    };
    print(&format!("report: {}\n", built.outputs.html.display()))?;
    Ok(exit)
}

/// Tells what merging came to.
fn told(merged: &Merged, terminal: &Terminal) -> anyhow::Result<Exit> {
    for warning in &merged.warnings {
        terminal.warning(warning);
    }
    for (case, judgement) in &merged.judged {
        let of = format!("over the runs of {case}");
        verdicts::tell(terminal, &of, std::slice::from_ref(judgement));
    }
    print(&format!(
        "merged: {} ({} of {})\n",
        merged.folder.display(),
        merged.runs,
        count(merged.planned, "run"),
    ))?;
    Ok(verdicts::exit(merged.verdict()))
}
