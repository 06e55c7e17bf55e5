//! How much memory the histograms of a run may take, all together.
//!
//! A histogram has up to 16,384 counts (`histogram/counts.rs`), so with many nodes, all
//! of which have many distinct values, exact counts would take tens of gigabytes. The
//! histograms of a run together may have [`BUDGET`] counts. When they have more, those
//! with the most counts are restricted: neighbouring values are counted together, and a
//! percentile is known to lie within a bucket. 533 nodes with 10,000 distinct values in
//! each of three families stay exact, and so does one busy node among a million.
//!
//! The budget is looked at between two instants only, and when the number of rows says
//! so: the rows of an instant come in any order, and the outcome must not depend on it.

use super::histogram::Histogram;

/// The most counts of the histograms of a run: 2^24 of 16 bytes are 256 MiB. Short
/// histograms, of up to 32 distinct values, are not counted; they take a kilobyte each at
/// most.
const BUDGET: u64 = 1 << 24;
/// The least limit of a histogram: the number of powers of two.
const LEAST_LIMIT: usize = 64;
/// The most samples of a row: a jump, a queue length, and a latency.
const SAMPLES_PER_ROW: u64 = 3;

/// The memory of the histograms of one run.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    /// The most counts.
    counts: u64,
    /// Rows until the histograms may have more than that.
    rows_left: u64,
    /// The most counts of each histogram, so far.
    limit: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget::new(BUDGET)
    }
}

impl Budget {
    pub(super) fn new(counts: u64) -> Budget {
        Budget {
            counts,
            rows_left: counts / SAMPLES_PER_ROW,
            limit: usize::MAX,
        }
    }

    /// Adds a row.
    #[inline]
    pub(super) fn row(&mut self) {
        self.rows_left = self.rows_left.saturating_sub(1);
    }

    /// Whether [`Budget::keep`] is due before the next instant.
    #[inline]
    pub(super) fn is_due(&self) -> bool {
        self.rows_left == 0
    }

    /// Restricts the histograms if they have more counts than they may.
    pub(super) fn keep(&mut self, histograms: &mut [&mut Histogram]) {
        let mut lengths: Vec<usize> = histograms.iter().map(|it| it.long_len()).collect();
        let mut total: u64 = lengths.iter().map(|&length| length as u64).sum();
        if total > self.counts {
            let mut limit = self.limit.min(lengths.iter().copied().max().unwrap_or(0));
            // Below the budget, so that this is not due again at once.
            while total > self.counts / 2 && limit > LEAST_LIMIT {
                limit = (limit / 2).max(LEAST_LIMIT);
                total = lengths.iter().map(|&length| length.min(limit) as u64).sum();
            }
            self.limit = limit;
        }
        for (histogram, length) in histograms.iter_mut().zip(&mut lengths) {
            histogram.restrict(self.limit);
            *length = histogram.long_len();
        }
        total = lengths.iter().map(|&length| length as u64).sum();
        let left = self.counts.saturating_sub(total).max(self.counts / 16);
        self.rows_left = left / SAMPLES_PER_ROW;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records this many distinct values.
    fn filled(from: u64, count: u64) -> Histogram {
        let mut histogram = Histogram::default();
        for value in from..from + count {
            histogram.record(value * 1_000_003);
        }
        histogram
    }

    #[test]
    fn the_longest_histograms_are_restricted_until_all_fit() {
        let mut budget = Budget::new(1000);
        let mut histograms: Vec<Histogram> = vec![
            filled(1, 20),
            filled(1, 100),
            filled(1000, 700),
            filled(5000, 5000),
        ];
        budget.keep(&mut histograms.iter_mut().collect::<Vec<_>>());
        let exact: Vec<bool> = histograms.iter().map(Histogram::is_exact).collect();
        assert_eq!(exact, [true, true, false, false]);
        let lengths: usize = histograms.iter().map(|it| it.long_len()).sum();
        assert!(lengths <= 500, "{lengths}");
        // None is restricted while there is room.
        let mut roomy = [filled(1, 600)];
        Budget::new(1000).keep(&mut roomy.iter_mut().collect::<Vec<_>>());
        assert!(roomy[0].is_exact());
    }

    #[test]
    fn the_budget_is_looked_at_once_there_may_be_more_counts() {
        let mut budget = Budget::new(9);
        let due: Vec<bool> = (0..4)
            .map(|_| {
                let due = budget.is_due();
                budget.row();
                due
            })
            .collect();
        assert_eq!(due, [false, false, false, true]);
    }
}
