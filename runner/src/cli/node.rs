//! `runner node-process`: one process of a run in processes. Nobody types this;
//! the runner starts it, and tells it what to do over its standard input.

use crate::cli::Exit;
use crate::cli::arguments::Color;
use crate::reporter::console::{Console, line_printer};
use crate::reporter::logging;
use crate::session::node;
use realtime::processes::Order;
use realtime::processes::control::Control;

/// Does what the runner says.
///
/// # Errors
///
/// When there is no runner.
pub fn node(who: &str) -> anyhow::Result<Exit> {
    let mut control = Control::from_stdin()?;
    let Ok(Some(Order::Job(job))) = control.receive() else {
        anyhow::bail!(
            "nobody says what the process of {who} is there for\n  only the runner starts it: runner run --processes SCENARIO"
        );
    };
    // The runner has checked RUNNER_LOG.
    let _ = logging::begin(&Console::new(Color::Auto), job.verbosity);
    Ok(match node::run(control, &job, line_printer(job.color)) {
        Ok(()) => Exit::Passed,
        // The runner tells it.
        Err(_) => Exit::Failed,
    })
}
