//! How late things happen in real time: the span from when a tick or timer was
//! due to when it was handled.

use analysis::metrics::Histogram;

use crate::time::{SimDuration, SimTime};

/// The lags of one run.
#[derive(Clone, Debug, Default)]
pub struct Lag {
    spans: Histogram,
}

/// A run whose 99th percentile is later than this is said to be late: a tenth
/// of the shortest interval that a person can see.
pub const LATE: SimDuration = SimDuration(10_000_000);

impl Lag {
    /// Something due at `due` is handled now.
    pub fn record(&mut self, due: SimTime, now: SimTime) {
        self.spans.record((now - due).0);
    }

    /// Number of things that were due.
    pub fn count(&self) -> u64 {
        self.spans.count()
    }

    /// A percentile of the lags; none before the first.
    pub fn percentile(&self, percent: u64) -> Option<SimDuration> {
        self.spans.percentile(percent).map(SimDuration)
    }

    /// The greatest lag.
    pub fn max(&self) -> Option<SimDuration> {
        self.spans.max().map(SimDuration)
    }

    /// Its line in a run's folder, with a header.
    pub fn to_csv(&self) -> String {
        let ns = |span: Option<SimDuration>| span.map_or_else(String::new, |it| it.0.to_string());
        format!(
            "due,lag_p50_ns,lag_p99_ns,lag_max_ns,bound_ns\n{},{},{},{},{}\n",
            self.count(),
            ns(self.percentile(50)),
            ns(self.percentile(99)),
            ns(self.max()),
            LATE.0
        )
    }

    /// Whether the run was late by more than [`LATE`].
    pub fn is_late(&self) -> bool {
        self.percentile(99).is_some_and(|lag| lag > LATE)
    }
}
