//! Signals to the process groups of programs.

use rustix::process::kill_process_group;
use rustix::process::{Pid, Signal as SystemSignal};

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

/// Sends a signal to every process of a group, if the group still exists.
pub fn signal_group(group: u32, signal: Signal) {
    let signal = match signal {
        Signal::Terminate => SystemSignal::TERM,
        Signal::Kill => SystemSignal::KILL,
        Signal::Stop => SystemSignal::STOP,
        Signal::Continue => SystemSignal::CONT,
    };
    let group = i32::try_from(group).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // The group may be gone already.
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::Command;

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
