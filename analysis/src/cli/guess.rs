//! `analysis guess`: proposes a format file.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use base::harmless;

use super::refuse;
use crate::foreign::guess;
use crate::report::Error;

/// Arguments of `guess`.
#[derive(Clone, Debug, clap::Args)]
pub struct GuessArgs {
    /// The logs: files, or folders with files
    #[arg(required = true, value_name = "FILE")]
    pub paths: Vec<PathBuf>,

    /// The file to write (default: standard output)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Proposes a format. Exits with 0 if rows are read with it, else with 2.
pub fn main(args: &GuessArgs) -> ExitCode {
    let guessed = match guess(&args.paths) {
        Ok(guessed) => guessed,
        Err(error) => return refuse(&error),
    };
    for line in &guessed.unsure {
        eprintln!("unsure: {}", harmless::lines(line));
    }
    let written = match &args.out {
        Some(path) if path.exists() => {
            return refuse(&Error::foreign(format!(
                "{}: is there already, and nothing is ever overwritten",
                path.display()
            )));
        }
        Some(path) => std::fs::write(path, &guessed.text).map_err(Error::write(path)),
        None => {
            let mut out = std::io::stdout().lock();
            let written = out.write_all(guessed.text.as_bytes());
            written.map_err(|error| Error::foreign(format!("standard output: {error}")))
        }
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
    }
}
