//! The arguments and the output of the `analysis` command. The runner's `report`
//! command calls [`run`], too.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use base::harmless;
use clap::Parser;

use crate::report::{Built, Demands, Error, build_all, build_foreign};
use crate::results::{Verdict, described};

/// Builds the report of a results folder again from its CSV files, or of the
/// logs of another program. Several results: parts of one plan (of --shard, --case,
/// --run) are merged into the whole, results of different plans are compared.
#[derive(Clone, Debug, Parser)]
#[command(name = "analysis", version)]
pub struct Args {
    /// Results folders, or with --map the log files of another program
    #[arg(required = true, value_name = "RESULTS")]
    pub paths: Vec<PathBuf>,

    /// Folder for report.md, report.html and plots/, and for merged results
    /// (default: the results folder, if there is one; with --map the current folder)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Read the logs of another program (CSV, a file per node). Gives the meaning of
    /// their columns: `time=t_ms:ms,event=kind,queue=backlog,clock=lamport`
    #[arg(
        long,
        value_name = "NAME=COLUMN,..",
        conflicts_with_all = ["junit", "partial", "fail_on_missing", "merge"]
    )]
    pub map: Option<String>,

    #[command(flatten)]
    /// What is asked of the results.
    pub demands: DemandArgs,
}

/// What is asked of results, besides the report.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DemandArgs {
    /// Write the results of the runs as JUnit XML, and what is expected over runs
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Accept that runs are missing
    #[arg(long, conflicts_with = "fail_on_missing")]
    pub partial: bool,

    /// If runs of the plan are missing, exit with 4 (the default)
    #[arg(long)]
    pub fail_on_missing: bool,

    /// Merge parts into --out DIR also if there is only one
    #[arg(long, requires = "out")]
    pub merge: bool,
}

impl DemandArgs {
    /// The demands for [`build_all`].
    pub fn demands(&self) -> Demands<'_> {
        Demands {
            partial: self.partial,
            merge: self.merge,
            junit: self.junit.as_deref(),
        }
    }
}

/// Builds the report that the arguments ask for.
///
/// # Errors
/// The results or logs cannot be read, or the report cannot be written.
pub fn run(args: &Args) -> Result<Built, Error> {
    if let Some(mapping) = &args.map {
        let here = PathBuf::from(".");
        let out = args.out.as_ref().unwrap_or(&here);
        return Ok(Built {
            outputs: build_foreign(mapping, &args.paths, out)?,
            ..Built::default()
        });
    }
    build_all(&args.paths, args.out.as_deref(), args.demands.demands())
}

/// The whole command: parses, runs, prints. Exits with 2 if the input is wrong, else as
/// [`Built::exit_code`] says.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are not errors: clap has the stream and the code.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match run(&args) {
        Ok(built) => {
            print(&built, args.demands.partial);
            ExitCode::from(built.exit_code(args.demands.partial))
        }
        Err(error) => {
            let text = format!("error: {error}");
            eprintln!("{}", harmless::lines(&text));
            ExitCode::from(2)
        }
    }
}

/// Prints what is wrong with the results, and where the report is.
fn print(built: &Built, partial: bool) {
    for warning in &built.outputs.warnings {
        eprintln!("warning: {warning}");
    }
    for results in &built.results {
        let prefix = results.prefix();
        if let Some(text) = results.standing.missing_text(partial) {
            let level = if partial { "warning" } else { "error" };
            eprintln!("{level}: {prefix}{text}");
        }
        for (case, judgement) in &results.standing.over_runs {
            if judgement.verdict != Verdict::Passed {
                eprintln!("{prefix}over the runs of {case}: {}", described(judgement));
            }
        }
        print!("{}", results.failures());
    }
    if let Some(merged) = &built.merged {
        println!("merged: {}", merged.folder.display());
    }
    println!("report: {}", built.outputs.html.display());
    println!("        {}", built.outputs.markdown.display());
}
