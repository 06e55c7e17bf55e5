//! `runner report`: builds the report of results again, merges the parts of a plan, or
//! compares plans.

use std::path::PathBuf;

use analysis::report::{Built, Demands, build_all};
use analysis::results::Verdict;

use crate::cli::Exit;
use crate::cli::arguments::ReportOptions;
use crate::pdf::Printer;
use crate::reporter::console::{Console, print_shown};
use crate::reporter::verdicts;
use crate::reporter::{count, logging};

/// Builds the report and prints its path. The exit code is that of the results: of
/// their runs, of the runs that are missing, and of what is expected over all runs.
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
    let printer = match &options.pdf {
        None => None,
        Some(_) => match Printer::new(&page(options)) {
            Ok(printer) => Some(printer),
            Err(error) => {
                console.error(&error.to_string());
                return Ok(Exit::BadInput);
            }
        },
    };
    let printed = printer.as_ref().map(Printer::page);
    let demands = Demands {
        printed: printed.as_deref(),
        ..options.demands.demands()
    };
    let built = match build_all(&options.results, options.out.as_deref(), demands) {
        Ok(built) => built,
        Err(error) => {
            console.error(&error.to_string());
            return Ok(Exit::BadInput);
        }
    };
    if demands.notes.is_some() {
        for warning in &built.outputs.warnings {
            tracing::warn!("{warning}");
        }
    }
    print_results(&built, demands.partial, &console)?;
    if let Some(merged) = &built.merged {
        print_shown(&format!(
            "merged: {} ({} of {})\n",
            merged.folder.display(),
            merged.runs,
            count(merged.planned, "run"),
        ))?;
    }
    print_shown(&format!("report: {}\n", built.outputs.html.display()))?;
    if let Some(database) = &built.database {
        print_shown(&format!(
            "sqlite: {} ({}, {})\n",
            database.file.display(),
            count(database.runs, "run"),
            count(database.records, "record"),
        ))?;
    }
    if let (Some(printer), Some(pdf)) = (&printer, &options.pdf) {
        if let Err(error) = printer.print(pdf) {
            console.error(&error.to_string());
            return Ok(Exit::Failed);
        }
        print_shown(&format!("pdf:    {}\n", pdf.display()))?;
    }
    Ok(match built.exit_code(demands.partial) {
        0 => Exit::Passed,
        1 => Exit::Broken,
        3 => Exit::Failed,
        _ => Exit::Unknown,
    })
}

/// Where the report will be.
fn page(options: &ReportOptions) -> PathBuf {
    let folder = options.out.as_ref().or(options.results.first());
    folder.cloned().unwrap_or_default().join("report.html")
}

/// Prints what is wrong with the results: missing runs, what is expected over runs and
/// did not pass, and the distinct failures of the runs.
fn print_results(built: &Built, partial: bool, console: &Console) -> anyhow::Result<()> {
    for results in &built.results {
        let prefix = results.prefix();
        if let Some(text) = results.standing.missing_text(partial) {
            match partial {
                true => tracing::warn!("{prefix}{text}"),
                false => console.error(&format!("{prefix}{text}")),
            }
        }
        for (case, judgement) in &results.standing.over_runs {
            if judgement.verdict != Verdict::Passed {
                let of = format!("{prefix}over the runs of {case}");
                verdicts::print(console, &of, std::slice::from_ref(judgement));
            }
        }
        print_shown(&results.failures())?;
    }
    Ok(())
}
