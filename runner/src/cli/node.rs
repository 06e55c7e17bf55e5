//! `runner node-process`: one process of a run in processes. Nobody types this;
//! the runner starts it, and tells it what to do over its standard input.

use crate::cli::Exit;
use crate::cli::arguments::Color;
use crate::cli::terminal::{Terminal, teller};
use crate::execute::node;
use realtime::processes::NodeOrder;
use realtime::processes::control::Control;

/// Does what the runner says.
///
/// # Errors
///
/// When there is no runner.
pub fn node(who: &str) -> anyhow::Result<Exit> {
    let mut control = Control::from_stdin()?;
    let Ok(Some(NodeOrder::Job(job))) = control.receive() else {
        anyhow::bail!(
            "nobody says what the process of {who} is there for\n  only the runner starts it: runner run --processes SCENARIO"
        );
    };
    if job.verbose {
        Terminal::new(Color::Auto).trace();
    }
    Ok(match node::run(control, &job, teller(job.color)) {
        Ok(()) => Exit::Passed,
        // The runner tells it.
        Err(_) => Exit::Failed,
    })
}
