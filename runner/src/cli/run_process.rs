//! `runner run-process`: a child process that runs runs. Only the runner starts it, with
//! a control socket as standard input.

use crate::cli::Exit;
use crate::cli::arguments::Color;
use crate::reporter::console::{Console, line_printer};
use crate::reporter::logging;
use crate::session::isolate::{ToChild, serve};
use realtime::processes::control::Control;

/// Runs the runs that the runner asks for.
///
/// # Errors
///
/// Fails if the runner does not send a job.
pub fn run_process() -> anyhow::Result<Exit> {
    let mut control = Control::from_stdin()?;
    let Ok(Some(ToChild::Job(job))) = control.receive() else {
        anyhow::bail!(
            "this process has no job\n  only the runner starts it: runner run --isolate SCENARIO"
        );
    };
    // The runner has checked RUNNER_LOG.
    let _ = logging::begin(&Console::new(Color::Auto), job.verbosity);
    Ok(match serve(control, &job, line_printer(job.color)) {
        Ok(()) => Exit::Passed,
        // The runner reports the reason.
        Err(_) => Exit::Failed,
    })
}
