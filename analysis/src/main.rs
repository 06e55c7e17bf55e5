//! The `analysis` command: reports from results folders, or from the logs of
//! other programs.

use std::process::ExitCode;

fn main() -> ExitCode {
    analysis::cli::main(std::env::args_os())
}
