//! How much memory a run's process may take: what the machine has, shared among
//! the runs side by side.

/// What is left to the runner itself and to others, of a hundred parts.
/// Arbitrary.
const RESERVE: u64 = 10;

/// The share of each of so many processes `[bytes]`; none where the system does
/// not tell what it has.
pub fn share(jobs: usize) -> Option<u64> {
    let total = os::limits::total_memory()?;
    Some(total / 100 * (100 - RESERVE) / jobs.max(1) as u64)
}

/// Bounds this process's own memory, and has it leave no core behind.
pub fn bound(bytes: Option<u64>) {
    os::limits::no_core_file();
    if let Some(bytes) = bytes {
        os::limits::limit_memory(bytes);
    }
}
