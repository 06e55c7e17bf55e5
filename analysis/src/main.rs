//! The `analysis` command: reports from results folders, or from the logs of
//! other programs.

use std::process::ExitCode;

use clap::CommandFactory;

fn main() -> ExitCode {
    help::written_if_asked(analysis::cli::Args::command)
        .unwrap_or_else(|| analysis::cli::main(std::env::args_os()))
}
