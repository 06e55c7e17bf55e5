//! The `runner` command.

use std::process::ExitCode;

fn main() -> ExitCode {
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
