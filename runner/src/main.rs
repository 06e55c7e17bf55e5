//! The `runner` command.

use std::process::ExitCode;

use clap::CommandFactory;
use runner::cli::arguments::Arguments;

fn main() -> ExitCode {
    if let Some(code) = help::written_if_asked(Arguments::command) {
        return code;
    }
    match runner::cli::main(std::env::args_os().collect()) {
        Ok(exit) => end(exit),
        Err(error) => {
            let text = format!("error: {error:#}");
            eprintln!("{}", base::harmless::lines(&text));
            end(runner::cli::Exit::Failed)
        }
    }
}

/// From here on, the end of the process is its own will.
fn end(exit: runner::cli::Exit) -> ExitCode {
    os::exit::allow();
    ExitCode::from(exit.code())
}
