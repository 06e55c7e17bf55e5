//! `runner run-process`: a child process that runs runs; `runner plan-process`: one that
//! runs plugin code while a plan is made. Only the runner starts them, with a control
//! socket as standard input.

use std::sync::OnceLock;

use crate::cli::Exit;
use crate::cli::arguments::Color;
use crate::plan::planner;
use crate::reporter::console::Console;
use crate::reporter::logging;
use crate::session::isolate::{FromChild, ToChild, serve};
use realtime::processes::control::{Control, Sender};

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
    if let Ok(sender) = control.sender() {
        let _ = LINES.set(sender);
    }
    // The runner has checked RUNNER_LOG.
    let _ = logging::begin(&Console::new(Color::Auto), job.verbosity);
    Ok(match serve(control, &job, print_line) {
        Ok(()) => Exit::Passed,
        // The runner reports the reason.
        Err(_) => Exit::Failed,
    })
}

/// Runs the plugin code that the runner asks for while it makes a plan.
///
/// # Errors
///
/// Fails if the connection to the runner fails.
pub fn plan_process() -> anyhow::Result<Exit> {
    let _ = logging::begin(&Console::new(Color::Auto), 0);
    planner::serve(Control::from_stdin()?)?;
    Ok(Exit::Passed)
}

/// The connection to the runner. Standard output is not the runner's: what a plugin
/// writes there must not mix with what the runner prints.
static LINES: OnceLock<Sender> = OnceLock::new();

/// Has the runner print a line of a run in real time.
fn print_line(line: &str) {
    if let Some(lines) = LINES.get() {
        // Fails if the runner is gone.
        let _ = lines.send(&FromChild::Line(line.to_owned()));
    }
}
