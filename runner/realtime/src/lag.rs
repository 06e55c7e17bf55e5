//! How late ticks and timers are in real time: the span from when each was due to
//! when it was handled.

use analysis::log::tables::LagRow;
use analysis::metrics::Histogram;

use base::time::{SimDuration, SimTime};

/// The lags of one run.
#[derive(Clone, Debug, Default)]
pub struct Lag {
    spans: Histogram,
}

/// A run is late if its 99th percentile is above this: a tenth of the shortest
/// interval that a person can see.
pub const LATE: SimDuration = SimDuration(10_000_000);

impl Lag {
    /// Records that what was due at `due` is handled at `now`.
    pub fn record(&mut self, due: SimTime, now: SimTime) {
        self.spans.record((now - due).0);
    }

    /// Number of ticks and timers.
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

    /// Each lag `[ns]` and how often it was measured: the greatest exactly, the
    /// others to 0.1 % if there are very many.
    pub fn counts(&self) -> Vec<(u64, u64)> {
        let middle = |(low, width, count): (u64, u64, u64)| (low + width / 2, count);
        let mut counts: Vec<(u64, u64)> = self.spans.buckets().into_iter().map(middle).collect();
        if let (Some(last), Some(max)) = (counts.last_mut(), self.spans.max()) {
            last.1 -= 1;
            counts.push((max, 1));
        }
        counts
    }

    /// Adds the [`Lag::counts`] of another process.
    pub fn add(&mut self, counts: &[(u64, u64)]) {
        for &(span, count) in counts {
            (0..count).for_each(|_| self.spans.record(span));
        }
    }

    /// The text of `lag.csv`.
    pub fn to_csv(&self) -> String {
        let row = LagRow {
            due: self.count(),
            p50_ns: self.spans.percentile(50),
            p90_ns: self.spans.percentile(90),
            p95_ns: self.spans.percentile(95),
            p99_ns: self.spans.percentile(99),
            p999_ns: self.spans.per_mille(999),
            max_ns: self.spans.max(),
            bound_ns: LATE.0,
        };
        row.to_csv()
    }

    /// Whether the run was late by more than [`LATE`].
    pub fn is_late(&self) -> bool {
        self.percentile(99).is_some_and(|lag| lag > LATE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_of_two_processes_add_up_to_those_of_both() {
        let mut parts = [Lag::default(), Lag::default()];
        let mut whole = Lag::default();
        for lag in 0..5000 {
            let due = SimTime(1_000);
            let now = due + SimDuration(lag * lag);
            parts[lag as usize % 2].record(due, now);
            whole.record(due, now);
        }
        let mut sum = Lag::default();
        parts.iter().for_each(|part| sum.add(&part.counts()));
        assert_eq!(sum.to_csv(), whole.to_csv());
        assert_eq!(sum.max(), Some(SimDuration(4999 * 4999)));
        assert_eq!(Lag::default().counts(), []);
    }
}
