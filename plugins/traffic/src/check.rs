//! The checks of a run, from its records.
//!
//! [`Safe`] checks the colours of the lights, [`Timing`] the times of changes and presses.
//! Neither reads logs: they get the events in the order of time, each with an identifier of
//! its row (`R`), so that a finding names the rows that prove it. [`SafeJudge`] and
//! [`TimingJudge`] read the rows and pass on the events.

mod exported;
mod judge;
mod safe;
mod timing;

pub use exported::{TrafficSafe, TrafficTiming};
pub use judge::{CheckConfig, Entry, SafeJudge, TimingJudge};
pub use safe::{Road, Safe};
pub use timing::Timing;

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding<R> {
    /// The rule held in the whole run.
    Pass,
    /// The rule was broken.
    Fail {
        /// What was wrong, and when.
        reason: String,
        /// The rows that prove it.
        rows: Vec<R>,
    },
    /// The run has nothing to check.
    Unknown {
        /// What was missing.
        reason: String,
    },
}

/// A time or a span `[ns]` in seconds, for messages: `35.5 s`.
fn seconds(ns: u64) -> String {
    let digits = format!("{:09}", ns % 1_000_000_000);
    let fraction = digits.trim_end_matches('0');
    match fraction.is_empty() {
        true => format!("{} s", ns / 1_000_000_000),
        false => format!("{}.{fraction} s", ns / 1_000_000_000),
    }
}
