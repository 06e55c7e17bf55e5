//! What can be said of a run afterwards, judged from its records.
//!
//! [`Safe`] looks at what the lights show, [`Timing`] at when the controller
//! changed it and who pressed. Neither knows of logs: they are told what
//! happened, in the order of time, with whatever names a row (`R`), so that their
//! findings can point at the rows that prove them. [`SafeJudge`] and [`TimingJudge`]
//! tell them, row by row.

mod exported;
mod judge;
mod safe;
mod timing;

pub use exported::{TrafficSafe, TrafficTiming};
pub use judge::{CheckConfig, Entry, SafeJudge, TimingJudge};
pub use safe::{Road, Safe};
pub use timing::Timing;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding<R> {
    /// It held from beginning to end.
    Pass,
    /// It did not hold.
    Fail {
        /// What was wrong, and when.
        reason: String,
        /// The rows that prove it.
        rows: Vec<R>,
    },
    /// There was nothing to judge.
    Unknown {
        /// What was missing.
        reason: String,
    },
}

/// An instant or a span `[ns]` for people: `35.5 s`.
fn seconds(ns: u64) -> String {
    let digits = format!("{:09}", ns % 1_000_000_000);
    let fraction = digits.trim_end_matches('0');
    match fraction.is_empty() {
        true => format!("{} s", ns / 1_000_000_000),
        false => format!("{}.{fraction} s", ns / 1_000_000_000),
    }
}
