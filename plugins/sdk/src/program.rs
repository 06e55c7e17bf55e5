//! A program that a behavior talks with.

use crate::export::Started;
use std::fmt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A program that [`Node::start_program`](crate::Node::start_program) has started. Dropped, it
/// is killed.
#[derive(Debug)]
pub struct Program(Option<Started>);

/// How a program ended: displayed as `exit code 1` or `signal 9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    status: i32,
}

impl Program {
    pub(crate) fn new(started: Started) -> Program {
        Program(Some(started))
    }

    /// Copies of the streams to its standard input, output and error: what is written to the
    /// first is its input, what is read from the others its output.
    ///
    /// # Errors
    /// If there are too many open files.
    pub fn streams(&self) -> std::io::Result<[UnixStream; 3]> {
        let Some(started) = &self.0 else {
            return Err(std::io::ErrorKind::NotConnected.into());
        };
        Ok([
            started.input.try_clone()?,
            started.output.try_clone()?,
            started.errors.try_clone()?,
        ])
    }

    /// How long it has gone on since the first call, by a clock that a busy machine does not
    /// move: the time in which it, or what it has started, computes or waits, and not that in
    /// which it would compute and other programs have the processors. At most 100 ms of waiting
    /// are counted between two calls. None if the runner is too old to know it.
    pub fn time(&self) -> Option<Duration> {
        self.0.as_ref().and_then(Started::time)
    }

    /// Has it run on the processor of this thread, which stays there until the run ends; or
    /// anywhere again. To be called in callbacks, for a program that answers at once while the
    /// callback waits for it: it takes longer to wake it on another processor than to answer. It
    /// holds for all that it has started, too, now and meanwhile. Nothing happens if the runner is
    /// too old to know it, or the system refuses.
    pub fn run_beside(&self, beside: bool) {
        if let Some(started) = &self.0 {
            started.run_beside(beside);
        }
    }

    /// Waits for its end for at most this long, as [`time`](Program::time) counts, then kills it and all that it has started.
    /// Close its input before, as most programs end with that.
    pub fn end(mut self, patience: Duration) -> Option<Ended> {
        let started = self.0.take()?;
        let status = started.end(patience);
        Some(Ended { status })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(started) = self.0.take() {
            started.end(Duration::ZERO);
        }
    }
}

impl Ended {
    /// Its exit code; none if a signal ended it.
    pub fn code(self) -> Option<i32> {
        (self.status & 0x7f == 0).then_some(self.status >> 8 & 0xff)
    }

    /// The signal that ended it; none if it exited.
    pub fn signal(self) -> Option<i32> {
        let signal = self.status & 0x7f;
        (signal != 0).then_some(signal)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code(), self.signal()) {
            (Some(code), _) => write!(f, "exit code {code}"),
            (None, signal) => write!(f, "signal {}", signal.unwrap_or_default()),
        }
    }
}
