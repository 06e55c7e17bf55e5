//! `runner node-process`: the process of a node. Only the runner starts it, with a
//! control socket as standard input.

use crate::cli::Exit;
use crate::cli::arguments::Color;
use crate::reporter::console::{Console, line_printer};
use crate::reporter::logging;
use crate::session::node;
use realtime::processes::NodeOrder;
use realtime::processes::control::Control;

/// Runs the nodes of one process.
///
/// # Errors
///
/// Fails if the runner does not send a job.
pub fn node(who: &str) -> anyhow::Result<Exit> {
    let mut control = Control::from_stdin()?;
    let Ok(Some(NodeOrder::Job(job))) = control.receive() else {
        anyhow::bail!(
            "the process of {who} has no job\n  only the runner starts it: runner run --processes SCENARIO"
        );
    };
    // The runner has checked RUNNER_LOG.
    let _ = logging::begin(&Console::new(Color::Auto), job.verbosity);
    Ok(match node::run(control, &job, line_printer(job.color)) {
        Ok(()) => Exit::Passed,
        // The runner reports the reason.
        Err(_) => Exit::Failed,
    })
}
