//! The memory limit of a child process: the memory of the machine, divided by the
//! number of workers.

/// The part that is left to the runner and to other processes `[percent]`. Arbitrary.
const RESERVE: u64 = 10;

/// Returns the memory limit of each of `jobs` processes `[bytes]`; none if the system
/// does not say how much memory it has.
pub fn share(jobs: usize) -> Option<u64> {
    let total = os::limits::total_memory()?;
    Some(total / 100 * (100 - RESERVE) / jobs.max(1) as u64)
}

/// Limits the memory of this process, and disables core dumps.
pub fn bound(bytes: Option<u64>) {
    os::limits::no_core_file();
    if let Some(bytes) = bytes {
        os::limits::limit_memory(bytes);
    }
}
