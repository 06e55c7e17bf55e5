//! How tests wait: for a condition, with a bound, and never for a span of time.
//! Also: addresses that no other process takes meanwhile.
//!
//! A test must pass on a machine that is ten times slower than usual, and while a
//! second copy of the tests runs. So the bound is far longer than any wait takes; it
//! ends a test that would hang, and measures nothing.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The bound of every wait. Arbitrary, and far longer than any wait takes.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until a condition holds.
///
/// # Panics
///
/// If the condition does not hold within [`PATIENCE`].
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let bound = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < bound, "never: {what}");
        thread::park_timeout(Duration::from_millis(3));
    }
}

/// The number of whole lines in a file; 0 if there is no such file.
pub fn whole_lines(path: &Path) -> usize {
    let text = fs::read(path).unwrap_or_default();
    text.iter().filter(|&&byte| byte == b'\n').count()
}

/// Whether a process is running; a zombie is not.
pub fn is_running(pid: &str) -> bool {
    let status = fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
    status.is_ok_and(|it| !it.rsplit(')').next().unwrap().starts_with(" Z"))
}

/// A loopback address that no other test has: 127.0.0.0/8 holds eight for each process id
/// of 21 bits. At such an address any port below the range of ephemeral ports is free, so a
/// test can tell the runner a port before the program that listens at it has started.
/// (A port that the system chose, and that was closed again, may be given to another
/// process meanwhile.)
pub fn own_host() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // The greatest process id of Linux has 22 bits, of which the first one is left out: no
    // two test processes at once have ids that differ in it alone. 3 bits count the tests of
    // this process. Process 1 has the addresses from 127.0.0.8 on, so no process has
    // 127.0.0.1.
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    assert!(
        count < 8,
        "more than eight tests want an address of their own"
    );
    let [_, b, c, d] = (std::process::id() << 3 | count).to_be_bytes();
    format!("127.{b}.{c}.{d}")
}
