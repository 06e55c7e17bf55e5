//! The monotonic clock as a number: a time that one process names and another process
//! reads on the same clock.

use rustix::time::{ClockId, clock_gettime};

/// The time on the monotonic clock, which all processes of a machine share `[ns]`.
pub fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Which monotonic clock this process reads: processes with the same text read the same
/// one, though they may be in different containers. Two machines have different texts,
/// unless one is a copy of the other's memory.
pub fn identity() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    // A time namespace shifts the clock.
    let space = std::fs::read_link("/proc/self/ns/time");
    let space = space.map(|it| it.display().to_string());
    match boot {
        Ok(boot) => format!("{} {}", boot.trim(), space.unwrap_or_default()),
        // Nothing is known: no other clock is the same.
        Err(_) => String::new(),
    }
}
