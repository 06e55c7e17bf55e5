//! The monotonic clock as a number: an instant that one process names and
//! another process finds again.

use std::time::{Duration, Instant};

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

/// The instant at which [`monotonic_ns`] returns `ns`.
pub fn instant_at(ns: u64) -> Instant {
    let (now, now_ns) = (Instant::now(), monotonic_ns());
    match ns.checked_sub(now_ns) {
        Some(ahead) => now + Duration::from_nanos(ahead),
        None => now
            .checked_sub(Duration::from_nanos(now_ns - ns))
            .unwrap_or(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_found_again_by_its_number() {
        let before = Instant::now();
        let found = instant_at(monotonic_ns());
        let after = Instant::now();
        // The two clocks are read one after the other, but are the same.
        let slack = Duration::from_millis(5);
        assert!(before <= found + slack && found <= after + slack);
        let later = instant_at(monotonic_ns() + 3_600_000_000_000);
        assert!(later > after + Duration::from_secs(3599));
    }
}
