//! The `runner` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    match runner::cli::main(std::env::args_os().collect()) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            let text = format!("error: {error:#}");
            eprintln!("{}", base::harmless::lines(&text));
            ExitCode::from(runner::cli::Exit::Failed.code())
        }
    }
}
