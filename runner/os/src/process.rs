//! Signals to programs, and this program started once more.

use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Pid, Signal as SystemSignal};
use rustix::process::{kill_process, kill_process_group};

/// What a program can be made to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// End in good order: SIGTERM.
    Terminate,
    /// End at once: SIGKILL.
    Kill,
    /// Stop running for now: SIGSTOP.
    Stop,
    /// Run on: SIGCONT.
    Continue,
}

/// The executable of this process, to be started once more: the same bytes, even if
/// another file has its name by now.
pub fn this_program() -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("runner");
    command
}

/// Sends a signal to every process of a group, if the group still exists; else to the
/// process for which the group is named, which may have left it.
pub fn signal_group(group: u32, signal: Signal) {
    let signal = match signal {
        Signal::Terminate => SystemSignal::TERM,
        Signal::Kill => SystemSignal::KILL,
        Signal::Stop => SystemSignal::STOP,
        Signal::Continue => SystemSignal::CONT,
    };
    let group = i32::try_from(group).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // The process may be gone, too.
        let _ = kill_process_group(group, signal).or_else(|_| kill_process(group, signal));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn a_signal_ends_the_processes_of_a_group() {
        for (signal, number) in [(Signal::Terminate, 15), (Signal::Kill, 9)] {
            let mut command = Command::new("sleep");
            let mut child = command.arg("60").process_group(0).spawn().unwrap();
            signal_group(child.id(), signal);
            assert_eq!(child.wait().unwrap().signal(), Some(number));
        }
    }
}
