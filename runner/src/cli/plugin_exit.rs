//! A plugin that ends the process of the runner: an error of the plugin, whatever the
//! exit code that it asks for.

use crate::cli::Exit;
use crate::cli::arguments::Command;
use host::activity;
use realtime::programs;

/// From now on, an end of the process that is not the runner's own is explained, if this
/// command runs plugin code in this process, and has the exit code of a plugin that
/// failed.
pub fn guard(command: &Command) {
    let runs_plugins = matches!(
        command,
        Command::Run(_)
            | Command::Check(_)
            | Command::List(_)
            | Command::Plugins(_)
            | Command::Export(_)
            | Command::Maelstrom(_)
            | Command::Node(_)
            | Command::Shrink(_)
            | Command::Debug(_)
            | Command::Why(_)
    );
    if runs_plugins {
        os::fork_mark::set();
        os::exit::guard(explain, Exit::Failed.code().into());
    }
}

fn explain() {
    os::terminal::restore();
    programs::end_all();
    let activity = activity::here();
    let what = activity
        .text()
        .unwrap_or_else(|| "a thread that a plugin has started, or a library".to_owned());
    let run = activity.run();
    eprint!("error: ");
    if !run.is_empty() {
        eprint!("{run}: ");
    }
    eprintln!("{what} ended the process of the runner, which a plugin must not do");
    match run.is_empty() {
        true => eprintln!("  a plugin that does so is found with --isolate, run or check"),
        false => eprintln!(
            "  finished runs are kept: --resume runs the others, and with --isolate this costs one run"
        ),
    }
}
