//! The wall-clock limit of a run (`--timeout`). The engine has no clock, so a
//! thread watches the runs of all workers and sets the stop flag of a run that
//! takes too long; the engine reads the flag between two events. A callback that
//! never returns cannot be ended this way; see [`isolate`](super::isolate).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use host::activity::{self, Activity};

/// The interval of the watching thread: the delay of a signal or a limit is at
/// most as long. Arbitrary.
const WATCH_INTERVAL: Duration = Duration::from_millis(10);

/// The timer of one worker's current run.
#[derive(Debug, Default)]
pub struct RunTimer {
    /// Ends the run, whatever the reason.
    stop: AtomicBool,
    /// Whether the reason is the limit.
    exceeded: AtomicBool,
    /// The plugin code in which the worker is.
    activity: OnceLock<Arc<Activity>>,
    deadline: Mutex<Option<Instant>>,
}

/// What ends a run before its own end.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// Set by a signal.
    pub stop: &'a AtomicBool,
    /// The timer of the worker, and the limit of a run.
    pub timer: Option<(&'a RunTimer, Duration)>,
}

impl<'a> Limits<'a> {
    /// Starts the timer for the next run.
    pub fn begin(&self) {
        if let Some((timer, limit)) = self.timer {
            timer.exceeded.store(false, Ordering::Relaxed);
            timer.stop.store(false, Ordering::Relaxed);
            *timer.deadline() = Instant::now().checked_add(limit);
        }
    }

    /// Returns the flag that ends the run.
    pub fn flag(&self) -> &'a AtomicBool {
        self.timer.map_or(self.stop, |(timer, _)| &timer.stop)
    }

    /// Returns the limit if the run was ended because of it.
    pub fn exceeded(&self) -> Option<Duration> {
        let (timer, limit) = self.timer?;
        timer.exceeded.load(Ordering::Relaxed).then_some(limit)
    }
}

impl RunTimer {
    /// Names the calling thread as the worker.
    pub fn attach(&self) {
        let _ = self.activity.set(activity::here());
    }

    /// The activity of the worker; none before it has begun.
    pub fn activity(&self) -> Option<&Arc<Activity>> {
        self.activity.get()
    }

    /// Whether the current run has exceeded its limit.
    pub fn is_exceeded(&self) -> bool {
        self.exceeded.load(Ordering::Relaxed)
    }

    fn deadline(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches all timers until `done` is set; unpark this thread afterwards.
pub fn watch(timers: &[RunTimer], stop: &AtomicBool, done: &AtomicBool) {
    while !done.load(Ordering::Acquire) {
        let stopped = stop.load(Ordering::Relaxed);
        let now = Instant::now();
        for timer in timers {
            let mut deadline = timer.deadline();
            if deadline.is_some_and(|deadline| now >= deadline) {
                *deadline = None;
                timer.exceeded.store(true, Ordering::Relaxed);
                timer.stop.store(true, Ordering::Relaxed);
            }
            if stopped {
                timer.stop.store(true, Ordering::Relaxed);
            }
        }
        thread::park_timeout(WATCH_INTERVAL);
    }
}

/// Returns the failure of a run that exceeded the limit.
pub fn text(limit: Duration) -> String {
    format!(
        "it took longer than {} (--timeout)",
        base::duration::to_text(limit.into())
    )
}
