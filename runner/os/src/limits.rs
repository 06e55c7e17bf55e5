//! How many descriptors and how much memory this process may use.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Number of descriptors that this process may have open; none: no limit.
pub fn descriptors() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Raises the limit on descriptors as far as the system allows. Returns the new
/// limit.
pub fn raise_descriptors() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If the system refuses, the old limit holds, and is returned.
    let _ = setrlimit(Resource::Nofile, limit);
    descriptors()
}

/// The memory for this process and its children `[bytes]`: the machine's memory,
/// or less in a container; none if the system does not report it.
pub fn total_memory() -> Option<u64> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let limits = [
        machine_memory(),
        number("/sys/fs/cgroup/memory.max"),
        number("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
    ];
    limits.into_iter().flatten().min()
}

fn machine_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Limits the memory of this process `[bytes]`. A lower limit that is already set
/// stays.
pub fn limit_memory(bytes: u64) {
    // A lower limit from outside holds, too.
    let _ = setrlimit(Resource::Data, exactly(bytes));
}

/// Has this process leave no core file if it crashes.
pub fn no_core_file() {
    let _ = setrlimit(Resource::Core, exactly(0));
}

fn exactly(bytes: u64) -> Rlimit {
    Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_on_descriptors_is_never_lowered() {
        let before = descriptors().unwrap_or(u64::MAX);
        assert!(raise_descriptors().unwrap_or(u64::MAX) >= before);
    }

    #[test]
    fn the_machine_has_memory() {
        assert!(total_memory().is_some_and(|bytes| bytes > 1 << 20));
    }
}
