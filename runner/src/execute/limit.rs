//! How long a run may take by the wall clock. The engine has no clock: a thread of
//! its own watches over all runs under way and asks those that took too long to
//! end, which they do between two events. What never returns from a callback
//! cannot be ended this way; see [`isolate`](super::isolate).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// From look to look: how late a signal or a limit is noticed at most.
const GLANCE: Duration = Duration::from_millis(10);

/// Watches over one run at a time: the one that a worker is busy with.
#[derive(Debug, Default)]
pub struct Guard {
    /// Set when the run is to end, for whatever reason.
    halt: AtomicBool,
    /// Set when that is because it took too long.
    late: AtomicBool,
    deadline: Mutex<Option<Instant>>,
}

/// What may end a run before its time.
#[derive(Clone, Copy, Debug)]
pub struct Halt<'a> {
    /// Somebody stops the runner.
    pub stop: &'a AtomicBool,
    /// Who watches over the run, and how long it may take.
    pub guard: Option<(&'a Guard, Duration)>,
}

impl<'a> Halt<'a> {
    /// From now on the time of the next run counts.
    pub fn begin(&self) {
        if let Some((guard, limit)) = self.guard {
            guard.late.store(false, Ordering::Relaxed);
            guard.halt.store(false, Ordering::Relaxed);
            *guard.deadline() = Instant::now().checked_add(limit);
        }
    }

    /// What tells the run to end.
    pub fn flag(&self) -> &'a AtomicBool {
        self.guard.map_or(self.stop, |(guard, _)| &guard.halt)
    }

    /// The limit, if it is what ended the run.
    pub fn exceeded(&self) -> Option<Duration> {
        let (guard, limit) = self.guard?;
        guard.late.load(Ordering::Relaxed).then_some(limit)
    }
}

impl Guard {
    fn deadline(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches until `done`, which is followed by unparking this thread.
pub fn watch(guards: &[Guard], stop: &AtomicBool, done: &AtomicBool) {
    while !done.load(Ordering::Acquire) {
        let stopped = stop.load(Ordering::Relaxed);
        let now = Instant::now();
        for guard in guards {
            let mut deadline = guard.deadline();
            if deadline.is_some_and(|deadline| now >= deadline) {
                *deadline = None;
                guard.late.store(true, Ordering::Relaxed);
                guard.halt.store(true, Ordering::Relaxed);
            }
            if stopped {
                guard.halt.store(true, Ordering::Relaxed);
            }
        }
        thread::park_timeout(GLANCE);
    }
}

/// What is said of a run that took too long.
pub fn told(limit: Duration) -> String {
    format!(
        "it took longer than {} (--timeout)",
        base::duration::to_text(limit.into())
    )
}
