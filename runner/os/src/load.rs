//! What a process and all that it has started do at an instant, as Linux tells it in
//! `/proc/PID/stat` (proc_pid_stat(5)).

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;

/// The load that a process and all that it has started are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Whether a thread of theirs computes, would compute if it had a processor, or waits for a
    /// device. If not, all of them wait for something else.
    pub is_ready: bool,
    /// The processor time that they have had.
    pub processor: Duration,
}

/// The load of these processes. Those that have ended count by the processor time that their
/// parents have taken over.
pub(crate) fn of(family: impl Iterator<Item = Status>) -> Load {
    let mut load = Load::default();
    for member in family {
        load.is_ready |= member.is_ready();
        load.processor += member.processor;
    }
    load
}

/// What `/proc` tells of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub process: i32,
    pub parent: i32,
    /// The state of its first thread: `R`, `S` and so on.
    state: u8,
    threads: u64,
    /// Its own, and that of its children that have ended and were waited for.
    processor: Duration,
}

impl Status {
    /// Of a process and every one that descends from it, found from parent to child; none if
    /// this kernel does not tell the children of a process. One that begins or ends meanwhile
    /// may be missing.
    pub fn of_family(root: i32) -> Option<Vec<Status>> {
        let mut found: Vec<Status> = Status::of(root).into_iter().collect();
        let mut next = 0;
        while let Some(parent) = found.get(next) {
            next += 1;
            let children = children(parent.process)?;
            found.extend(children.into_iter().filter_map(Status::of));
        }
        Some(found)
    }

    /// Of a process; none if there is none with this number.
    pub fn of(process: i32) -> Option<Status> {
        Status::read(Path::new(&format!("/proc/{process}")))
    }

    /// Of each process that there is; empty without `/proc`.
    pub fn of_all() -> Vec<Status> {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        let is_process = |name: &std::ffi::OsStr| name.as_encoded_bytes()[0].is_ascii_digit();
        entries
            .filter_map(Result::ok)
            .filter(|entry| is_process(&entry.file_name()))
            .filter_map(|entry| Status::read(&entry.path()))
            .collect()
    }

    fn read(folder: &Path) -> Option<Status> {
        let text = fs::read(folder.join("stat")).ok()?;
        Status::in_text(&String::from_utf8_lossy(&text))
    }

    /// In the text of `stat`: `7 (name) S 1 ...`. The name may hold spaces and parentheses.
    fn in_text(text: &str) -> Option<Status> {
        let (begin, rest) = text.rsplit_once(')')?;
        let (process, _) = begin.split_once(' ')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
        // The fields 14 to 17 and 20 of the manual, which begins with 1 for the process; the
        // first behind the name is the third.
        let ticks: u64 = (11..15).filter_map(number).sum();
        Some(Status {
            process: process.parse().ok()?,
            state: *fields.first()?.as_bytes().first()?,
            parent: fields.get(1)?.parse().ok()?,
            threads: number(17)?,
            processor: Duration::from_nanos(ticks.saturating_mul(*TICK)),
        })
    }

    fn is_ready(&self) -> bool {
        if is_ready(self.state) {
            return true;
        }
        if self.threads < 2 {
            return false;
        }
        let threads = fs::read_dir(format!("/proc/{}/task", self.process));
        threads.is_ok_and(|threads| {
            threads
                .filter_map(Result::ok)
                .filter_map(|thread| Status::read(&thread.path()))
                .any(|thread| is_ready(thread.state))
        })
    }
}

/// The children of a process, which its threads have started; none if the kernel does not tell.
fn children(process: i32) -> Option<Vec<i32>> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        // It has ended.
        return Some(Vec::new());
    };
    let mut found = Vec::new();
    for thread in threads.filter_map(Result::ok) {
        match fs::read_to_string(thread.path().join("children")) {
            Ok(text) => found.extend(
                text.split_whitespace()
                    .filter_map(|it| it.parse::<i32>().ok()),
            ),
            Err(_) if thread.path().exists() => return None,
            Err(_) => {}
        }
    }
    Some(found)
}

/// Whether this is the state of a thread that computes or would, or waits for a device.
fn is_ready(state: u8) -> bool {
    matches!(state, b'R' | b'D')
}

/// The unit of processor times in `/proc` `[ns]`.
static TICK: LazyLock<u64> = LazyLock::new(|| 1_000_000_000 / clock_ticks_per_second().max(1));

#[cfg(test)]
mod tests {
    use super::*;

    const SHELL: &str = "7 (sh) S 4 7 7 0 -1 4194560 100 200 0 0 1 2 30 400 20 0 3 0 99 1 2";

    #[test]
    fn a_status_is_read_behind_any_name() {
        let shell = Status::in_text(SHELL).unwrap();
        assert_eq!((shell.process, shell.parent), (7, 4));
        assert_eq!((shell.state, shell.threads), (b'S', 3));
        assert_eq!(shell.processor, Duration::from_nanos(433 * *TICK));
        let odd = SHELL.replace("(sh)", "(a) R 9 (b) )");
        assert_eq!(Status::in_text(&odd), Some(shell));
        assert_eq!(Status::in_text("7 sh"), None);
        assert_eq!(Status::in_text("7 (sh) S 4"), None);
    }

    #[test]
    fn a_family_is_found_from_parent_to_child() {
        let mut command = std::process::Command::new("sh");
        let command = command.args(["-c", "sleep 600 & wait"]);
        let mut shell = command.stdin(std::process::Stdio::null()).spawn().unwrap();
        let root = shell.id().cast_signed();
        // Linux may be built without it.
        let family = || Status::of_family(root).map(|it| it.len());
        while family().is_some_and(|it| it < 2) {}
        for process in Status::of_family(root).unwrap_or_default().iter().rev() {
            let process = rustix::process::Pid::from_raw(process.process).unwrap();
            rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
        }
        shell.wait().unwrap();
        assert_eq!(Status::of_family(root).unwrap_or_default(), []);
    }

    #[test]
    fn this_process_computes_and_has_computed() {
        let mine = || Status::read(Path::new("/proc/self")).unwrap();
        assert_eq!(mine().process.cast_unsigned(), std::process::id());
        assert!(mine().is_ready());
        let before = mine().processor;
        while mine().processor < before + Duration::from_millis(20) {}
    }
}
