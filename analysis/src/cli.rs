//! What the `analysis` command takes, and what it prints. The runner's
//! `report` command is the same: [`run`].

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::report::{Error, Outputs, build, build_foreign};

/// Builds the report of a results folder again from its CSV files, or of the
/// logs of another program.
#[derive(Clone, Debug, Parser)]
#[command(name = "analysis", version)]
pub struct Args {
    /// Results folders, or with --map the log files of another program
    #[arg(required = true, value_name = "RESULTS")]
    pub paths: Vec<PathBuf>,

    /// Folder for report.md, report.html and plots/ (default: the results
    /// folder; with --map the current folder)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Reads logs of another program (CSV, a file per node): which of their
    /// columns mean what, as in
    /// `time=t_ms:ms,event=kind,queue=backlog,clock=lamport`
    #[arg(long, value_name = "NAME=COLUMN,..")]
    pub map: Option<String>,
}

/// Builds the report that the arguments ask for.
///
/// # Errors
/// What is given cannot be read as results or logs, or the report cannot be
/// written.
pub fn run(args: &Args) -> Result<Outputs, Error> {
    if let Some(mapping) = &args.map {
        let here = PathBuf::from(".");
        return build_foreign(mapping, &args.paths, args.out.as_ref().unwrap_or(&here));
    }
    match args.paths.as_slice() {
        [results] => build(results, args.out.as_ref().unwrap_or(results)),
        several => Err(Error::Several {
            given: several.len(),
        }),
    }
}

/// The whole command: parses, runs, prints. Exits with 0, or with 2 if the input
/// is bad.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no errors; clap knows which stream and code.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match run(&args) {
        Ok(outputs) => {
            for warning in &outputs.warnings {
                eprintln!("warning: {warning}");
            }
            println!("report: {}", outputs.html.display());
            println!("        {}", outputs.markdown.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
