//! The memory limit of a child process: the memory of the machine, divided by the
//! number of workers.

use std::fs;

use rustix::process::{Resource, Rlimit, setrlimit};

/// The part that is left to the runner and to other processes `[percent]`. Arbitrary.
const RESERVE: u64 = 10;

/// Returns the memory limit of each of `jobs` processes `[bytes]`; none if the system
/// does not say how much memory it has.
pub fn share(jobs: usize) -> Option<u64> {
    let total = total()?;
    Some(total / 100 * (100 - RESERVE) / jobs.max(1) as u64)
}

/// The memory for this process and its children `[bytes]`: that of the machine, or
/// less in a container.
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

/// Limits the memory of this process, and disables core dumps.
pub fn bound(bytes: Option<u64>) {
    let limit = |bytes| Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    // Fails if a lower limit is set already, which is enough.
    let _ = setrlimit(Resource::Core, limit(0));
    if let Some(bytes) = bytes {
        let _ = setrlimit(Resource::Data, limit(bytes));
    }
}
