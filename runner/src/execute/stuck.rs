//! Finds workers whose plugin code does not return. Nothing can end a callback from
//! outside; what can be done is to say which one it is, and to end the process after a
//! signal without it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::session::timeout::RunTimer;

/// How long after its limit a run is said to be stuck: it may be between two events.
const LATE: Duration = Duration::from_secs(1);

/// How long after a signal a callback may take. Arbitrary.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is known of the workers.
#[derive(Debug)]
pub(super) struct Stuck<'a> {
    timers: &'a [RunTimer],
    stop: &'a AtomicBool,
    /// By worker: since when its run has exceeded its limit.
    late: Vec<Option<Instant>>,
    /// By worker: whether this was said.
    told: Vec<bool>,
    stopped: Option<Instant>,
}

/// What to do about a worker.
pub(super) enum Verdict {
    /// Say this.
    Tell(String),
    /// End the process, and say this.
    Abandon(String),
}

impl<'a> Stuck<'a> {
    /// Watches these workers; `stop` is set by a signal.
    pub fn new(timers: &'a [RunTimer], stop: &'a AtomicBool) -> Stuck<'a> {
        Stuck {
            timers,
            stop,
            late: vec![None; timers.len()],
            told: vec![false; timers.len()],
            stopped: None,
        }
    }

    /// Looks at all workers.
    pub fn look(&mut self) -> Option<Verdict> {
        let now = Instant::now();
        if self.stop.load(Ordering::Relaxed) {
            let stopped = *self.stopped.get_or_insert(now);
            let texts = self.timers.iter().filter_map(place);
            let texts: Vec<String> = texts.collect();
            if now - stopped > PATIENCE && !texts.is_empty() {
                return Some(Verdict::Abandon(format!(
                    "{} has not returned, and the process ends without it\n  finished runs are kept: --resume runs the others, and with --isolate such a callback costs one run",
                    texts.join("; ")
                )));
            }
            return None;
        }
        for (worker, timer) in self.timers.iter().enumerate() {
            let (true, Some(place)) = (timer.is_exceeded(), place(timer)) else {
                self.late[worker] = None;
                self.told[worker] = false;
                continue;
            };
            let since = *self.late[worker].get_or_insert(now);
            if now - since > LATE && !std::mem::replace(&mut self.told[worker], true) {
                return Some(Verdict::Tell(format!(
                    "{place} has not returned within --timeout, and cannot be ended\n  Ctrl-C ends the runner; finished runs are kept. With --isolate such a callback costs one run"
                )));
            }
        }
        None
    }
}

/// The run of a worker, and the plugin code in which it is.
fn place(timer: &RunTimer) -> Option<String> {
    let activity = timer.activity()?;
    let text = activity.text()?;
    Some(format!("{}: {text}", activity.run()))
}
