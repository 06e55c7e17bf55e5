//! How much memory a run's process may take: what the machine has, shared among
//! the runs side by side.

use std::fs;

use rustix::process::{Resource, Rlimit, setrlimit};

/// What is left to the runner itself and to others, of a hundred parts.
/// Arbitrary.
const RESERVE: u64 = 10;

/// The share of each of so many processes `[bytes]`; none where the system does
/// not tell what it has.
pub fn share(jobs: usize) -> Option<u64> {
    let total = total()?;
    Some(total / 100 * (100 - RESERVE) / jobs.max(1) as u64)
}

/// What there is for this process and its children `[bytes]`: the machine's
/// memory, or less in a container.
fn total() -> Option<u64> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let machine = || {
        let text = fs::read_to_string("/proc/meminfo").ok()?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:"))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes * 1024)
    };
    let limits = [
        machine(),
        number("/sys/fs/cgroup/memory.max"),
        number("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
    ];
    limits.into_iter().flatten().min()
}

/// Bounds this process's own memory, and has it leave no core behind.
pub fn bound(bytes: Option<u64>) {
    let limit = |bytes| Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    // A lower limit from outside holds, too; without one the run is the same.
    let _ = setrlimit(Resource::Core, limit(0));
    if let Some(bytes) = bytes {
        let _ = setrlimit(Resource::Data, limit(bytes));
    }
}
