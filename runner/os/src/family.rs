//! The processes that this process has started, and all that those have started.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, wait};

/// The span between two looks at the processes that are still there.
const RETRY: Duration = Duration::from_millis(1);

/// Makes this process the parent of every descendant whose own parent has ended (a
/// subreaper): no process that it started, by whatever detour, can leave it.
///
/// # Errors
///
/// If the system has no subreapers.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Kills every descendant of this process and waits for them, for at most `bound`.
/// Takes the exit codes of all child processes. Returns how many were killed.
pub fn end_descendants(bound: Duration) -> usize {
    let until = Instant::now() + bound;
    let mut killed = BTreeSet::new();
    loop {
        // No child is left if this fails, and then no descendant: orphans are adopted.
        while let Some(ended) = wait(WaitOptions::NOHANG).transpose() {
            if ended.is_err() {
                return killed.len();
            }
        }
        for process in descendants(getpid()) {
            // It may have ended already.
            if kill_process(process, Signal::KILL).is_ok() {
                killed.insert(process.as_raw_nonzero());
            }
        }
        if Instant::now() >= until {
            return killed.len();
        }
        std::thread::sleep(RETRY);
    }
}

/// Every process that descends from `root`.
fn descendants(root: Pid) -> Vec<Pid> {
    let parents = parents();
    let mut family = vec![root.as_raw_nonzero().get()];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        next += 1;
        let children = parents.iter().filter(|it| it.1 == parent).map(|it| it.0);
        let new: Vec<i32> = children.filter(|child| !family.contains(child)).collect();
        family.extend(new);
    }
    family
        .into_iter()
        .skip(1)
        .filter_map(Pid::from_raw)
        .collect()
}

/// Each process, and its parent.
fn parents() -> Vec<(i32, i32)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pair = |entry: io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        let process = entry.file_name().to_str()?.parse().ok()?;
        let status = fs::read(entry.path().join("stat")).ok()?;
        Some((process, parent_in(&String::from_utf8_lossy(&status))?))
    };
    entries.filter_map(pair).collect()
}

/// The parent in the text of `/proc/PID/stat`: `7 (name) S 1 ...`. The name may hold
/// spaces and parentheses.
fn parent_in(status: &str) -> Option<i32> {
    let (_, rest) = status.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent_in("7 (sh) S 4 7 7 0"), Some(4));
        assert_eq!(parent_in("7 (a) R 9 (b) ) S 5 7 7 0"), Some(5));
        assert_eq!(parent_in("7 sh"), None);
    }

    #[test]
    fn a_child_is_a_descendant_until_it_has_ended() {
        let mut command = std::process::Command::new("sleep");
        let mut child = command.arg("600").spawn().unwrap();
        let pid = Pid::from_child(&child);
        assert!(descendants(getpid()).contains(&pid));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!descendants(getpid()).contains(&pid));
    }
}
