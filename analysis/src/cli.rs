//! The arguments and the output of the `analysis` command. The runner's `report`
//! command calls [`run`], too.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use base::harmless;
use clap::Parser;

use crate::report::{Built, Error, build_all, build_foreign};
use crate::results::Verdict;

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
    #[arg(long, value_name = "NAME=COLUMN,..")]
    pub map: Option<String>,
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
            merged: None,
        });
    }
    build_all(&args.paths, args.out.as_deref())
}

/// The whole command: parses, runs, prints. Exits with 0, or with 2 if the input is
/// wrong. After a merge, exits with 1 if an expectation over all runs failed, and
/// with 4 if one could not be judged.
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
        Ok(Built { outputs, merged }) => {
            for warning in &outputs.warnings {
                eprintln!("warning: {}", harmless::lines(warning));
            }
            let mut code = ExitCode::SUCCESS;
            if let Some(merged) = &merged {
                for (case, judgement) in &merged.judged {
                    if judgement.verdict != Verdict::Passed {
                        let text = format!("{case}: {}: {}", judgement.name, judgement.reason);
                        eprintln!("{}", harmless::lines(&text));
                    }
                }
                println!("merged: {}", merged.folder.display());
                code = match merged.verdict() {
                    None | Some(Verdict::Passed) => ExitCode::SUCCESS,
                    Some(Verdict::Failed) => ExitCode::from(1),
                    Some(Verdict::Unknown) => ExitCode::from(4),
                };
            }
            println!("report: {}", outputs.html.display());
            println!("        {}", outputs.markdown.display());
            code
        }
        Err(error) => {
            let text = format!("error: {error}");
            eprintln!("{}", harmless::lines(&text));
            ExitCode::from(2)
        }
    }
}
