//! `runner run-process`: a process that does runs. Nobody types this; the runner
//! starts it, and tells it what to do over its standard input.

use crate::cli::Exit;
use crate::cli::arguments::Color;
use crate::reporter::console::{Console, print};
use crate::reporter::logging;
use crate::session::isolate::{Order, serve};
use realtime::processes::control::Control;

/// Does what the runner says.
///
/// # Errors
///
/// When there is no runner.
pub fn run_process() -> anyhow::Result<Exit> {
    let mut control = Control::from_stdin()?;
    let Ok(Some(Order::Job(job))) = control.receive() else {
        anyhow::bail!(
            "nobody says which runs to do\n  only the runner starts this: runner run --isolate SCENARIO"
        );
    };
    // The runner has checked RUNNER_LOG.
    let _ = logging::begin(&Console::new(Color::Auto), job.verbosity);
    Ok(match serve(control, &job, say) {
        Ok(()) => Exit::Passed,
        // The runner tells it.
        Err(_) => Exit::Failed,
    })
}

/// A line of what happens in a run.
fn say(line: &str) {
    // A reader that has gone away is no reason to stop the run.
    let _ = print(&format!("{line}\n"));
}
