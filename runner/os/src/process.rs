//! Signals to programs, and this program started once more.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal as SystemSignal, pidfd_open};
use rustix::process::{kill_process, kill_process_group};

use crate::descriptor::wait_readable;

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

/// The span between two looks at a process where the system cannot wait for one with a
/// deadline: before Linux 5.3, and in some sandboxes.
const RETRY: Duration = Duration::from_millis(10);

/// Waits until `until` for the end of a process. Returns how it ended; none if it still
/// runs.
///
/// # Errors
///
/// If the system refuses.
pub fn wait_until(child: &mut Child, until: Instant) -> io::Result<Option<ExitStatus>> {
    let mut descriptor = None;
    loop {
        if let Some(ended) = child.try_wait()? {
            return Ok(Some(ended));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        // It has not been waited for, so its number is still its own.
        let pidfd = || pidfd_open(Pid::from_child(child), PidfdFlags::empty());
        match descriptor.get_or_insert_with(pidfd) {
            Ok(descriptor) => drop(wait_readable(descriptor, left)?),
            Err(_) => thread::sleep(left.min(RETRY)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Stdio;

    #[test]
    fn a_wait_ends_with_the_process_or_with_the_deadline() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let soon = Instant::now() + Duration::from_millis(20);
        assert_eq!(wait_until(&mut child, soon).unwrap(), None);
        assert!(Instant::now() >= soon);
        drop(child.stdin.take());
        let late = Instant::now() + Duration::from_secs(300);
        for _ in 0..2 {
            let ended = wait_until(&mut child, late).unwrap();
            assert!(ended.is_some_and(|it| it.success()));
        }
        assert!(Instant::now() < late);
    }

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
