//! A process, and all that it has started: what they do, and their end.

use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, wait};

use crate::load::{self, Load, Status};

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

/// What this process and everything that it has started do, as long as it is there.
pub fn load(process: u32) -> Option<Load> {
    let root = process.cast_signed();
    let family = Status::of_family(root).unwrap_or_else(|| {
        let all = Status::of_all();
        members(&all, root).into_iter().cloned().collect()
    });
    (!family.is_empty()).then(|| load::of(family.into_iter()))
}

/// Every process that descends from `root`.
fn descendants(root: Pid) -> Vec<Pid> {
    let root = root.as_raw_nonzero().get();
    members(&Status::of_all(), root)
        .into_iter()
        .filter(|it| it.process != root)
        .filter_map(|it| Pid::from_raw(it.process))
        .collect()
}

/// The process `root` and every one that descends from it.
fn members(all: &[Status], root: i32) -> Vec<&Status> {
    let mut members: Vec<&Status> = all.iter().filter(|it| it.process == root).collect();
    let mut next = 0;
    while let Some(&parent) = members.get(next) {
        next += 1;
        let known: BTreeSet<i32> = members.iter().map(|it| it.process).collect();
        let children = all.iter().filter(|it| it.parent == parent.process);
        members.extend(children.filter(|child| !known.contains(&child.process)));
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

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
