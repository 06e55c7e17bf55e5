//! The distribution of whole numbers: how often each value was recorded. Exact until
//! there are more than 16,384 distinct values, so for at least as many samples; beyond,
//! neighbouring values are counted together, and a percentile is known to lie within a
//! bucket. Count, sum, least and greatest value are always exact.
//!
//! [`counts`] keeps the counts, [`text`] writes and reads them.

mod counts;
mod text;

use super::value::{Bucket, Value};
use counts::{Counts, EXACT, shift_of};

/// How often each value was recorded.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
    counts: Counts,
}

/// The percentiles of each family of metrics, per 1000: p50, p90, p95, p99, p999.
pub const PERCENTILES: [u64; 5] = [500, 900, 950, 990, 999];

impl Histogram {
    /// Counts one value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        let least = if self.count == 0 { value } else { self.min };
        self.min = least.min(value);
        // 0 without values.
        self.max = self.max.max(value);
        self.count += 1;
        self.sum += u128::from(value);
        self.counts.add(value);
    }

    /// Adds the counts of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        if other.count == 0 {
            return;
        }
        self.min = if self.count == 0 {
            other.min
        } else {
            self.min.min(other.min)
        };
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.sum += other.sum;
        self.counts.merge(&other.counts);
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Sum of the values.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The least value; `None` without values.
    pub fn min(&self) -> Option<u64> {
        (self.count > 0).then_some(self.min)
    }

    /// The greatest value; `None` without values.
    pub fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max)
    }

    /// Mean of the values, from the exact sum; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The percentile by nearest rank: the least value that `percent` of 100 values do
    /// not exceed. If it is only known to lie in a bucket, the middle of the bucket.
    /// `None` without values.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        self.per_mille(percent * 10)
    }

    /// As [`Histogram::percentile`], of 1000 values.
    pub fn per_mille(&self, per_mille: u64) -> Option<u64> {
        let rank = Histogram::rank(per_mille, self.count);
        let bucket = self.at_ranks(&[rank])[0]?;
        let (low, high) = bucket.ends();
        Some((low + (high - low).div_ceil(2)).clamp(self.min, self.max))
    }

    /// The percentiles of [`PERCENTILES`], by nearest rank; `None` without values.
    pub fn percentiles(&self) -> [Option<Value>; 5] {
        let ranks = PERCENTILES.map(|per_mille| Histogram::rank(per_mille, self.count));
        let found = self.at_ranks(&ranks);
        let mut values = [None; 5];
        for (value, bucket) in values.iter_mut().zip(found) {
            *value = bucket.map(Bucket::value);
        }
        values
    }

    /// As [`Histogram::percentiles`], together with values below 0, by their sizes.
    pub fn percentiles_with(&self, below: Option<&Histogram>) -> [Option<Value>; 5] {
        let Some(below) = below.filter(|below| below.count > 0) else {
            return self.percentiles();
        };
        PERCENTILES.map(|per_mille| {
            let rank = Histogram::rank(per_mille, below.count + self.count);
            let bucket = if rank <= below.count {
                // The least value is that of the greatest size.
                below.at_ranks(&[below.count + 1 - rank])[0]?.negated()
            } else {
                self.at_ranks(&[rank - below.count])[0]?
            };
            Some(bucket.value())
        })
    }

    /// The nearest rank, from 1, of a percentile (per 1000) among `count` values.
    pub fn rank(per_mille: u64, count: u64) -> u64 {
        let rank = (u128::from(per_mille) * u128::from(count)).div_ceil(1000);
        (rank as u64).clamp(1, count.max(1))
    }

    /// The buckets of the values of these ranks, which ascend; the least value has rank
    /// 1. `None` for a rank beyond the number of values.
    pub fn at_ranks(&self, ranks: &[u64]) -> Vec<Option<Bucket>> {
        let resolution = self.counts.resolution();
        let entries = self.counts.entries();
        let mut entries = entries.iter();
        let (mut below, mut bucket) = (0, None);
        let of_rank = |&rank: &u64| {
            while below < rank {
                let &(low, count) = entries.next()?;
                below += count;
                bucket = Some(Bucket::new(low, shift_of(low, resolution)));
            }
            bucket
        };
        ranks.iter().map(of_rank).collect()
    }

    /// The filled buckets, ascending: least value, number of values that the
    /// bucket spans, count.
    pub fn buckets(&self) -> Vec<(u64, u64, u64)> {
        let resolution = self.counts.resolution();
        let bucket = |&(low, count): &(u64, u64)| (low, 1 << shift_of(low, resolution), count);
        self.counts.entries().iter().map(bucket).collect()
    }

    /// Whether each distinct value has a count of its own.
    pub fn is_exact(&self) -> bool {
        self.counts.resolution() == EXACT
    }

    /// Number of counts, if they are so many that they are worth to be restricted.
    pub(super) fn long_len(&mut self) -> usize {
        self.counts.long_len()
    }

    /// Counts neighbouring values together until there are at most `limit` counts, now
    /// and later.
    pub(super) fn restrict(&mut self, limit: usize) {
        self.counts.restrict(limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for &value in values {
            histogram.record(value);
        }
        histogram
    }

    /// The value of nearest rank, of values in any order.
    fn nearest(values: &[u64], per_mille: u64) -> u64 {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        sorted[Histogram::rank(per_mille, values.len() as u64) as usize - 1]
    }

    #[test]
    fn small_values_are_exact() {
        let histogram = of(&[3, 1, 2, 1000, 1]);
        assert_eq!(histogram.percentile(50), Some(2));
        assert_eq!(histogram.percentile(99), Some(1000));
        assert_eq!(histogram.percentile(0), Some(1));
        assert_eq!(histogram.mean(), Some(201.4));
        assert_eq!(of(&[]).percentile(50), None);
        assert_eq!(of(&[]).percentiles(), [None; 5]);
    }

    #[test]
    fn equal_values_are_exact_however_large() {
        assert_eq!(of(&[20_000_123; 9]).percentile(50), Some(20_000_123));
        assert_eq!(of(&[u64::MAX]).percentile(99), Some(u64::MAX));
        let mut values = vec![1_000_000; 199];
        values.push(3_000_000);
        assert_eq!(
            of(&values).percentiles()[3],
            Some(Value::Unsigned(1_000_000))
        );
    }

    /// Values that are hard on buckets: all distinct, and large.
    fn distinct(count: u64) -> Vec<u64> {
        (0..count)
            .map(|n| (n * 7919) % count * 1_000_003 + 1_000_000_000)
            .collect()
    }

    #[test]
    fn ten_thousand_samples_are_exact_and_many_more_have_bounds() {
        let values = distinct(10_000);
        let histogram = of(&values);
        let expected = PERCENTILES.map(|it| Some(Value::Unsigned(nearest(&values, it))));
        assert_eq!(histogram.percentiles(), expected);
        assert!(histogram.is_exact());

        let values = distinct(100_000);
        let histogram = of(&values);
        assert!(!histogram.is_exact());
        for (value, per_mille) in histogram.percentiles().into_iter().zip(PERCENTILES) {
            let Some(Value::Within(bucket)) = value else {
                panic!("{value:?}");
            };
            let (low, high) = bucket.ends();
            assert!((low..=high).contains(&nearest(&values, per_mille)));
            assert!(
                (high - low) as f64 <= low as f64 / 1024.0,
                "{low} to {high}"
            );
        }
    }

    #[test]
    fn a_restricted_histogram_has_no_more_counts_than_it_may() {
        let values = distinct(5_000);
        let mut histogram = of(&values);
        histogram.restrict(64);
        for value in distinct(7_000) {
            histogram.record(value);
        }
        assert!(histogram.long_len() <= 64);
        let all = [values, distinct(7_000)].concat();
        let [bucket] = histogram.at_ranks(&[6_000])[..] else {
            panic!("one rank");
        };
        let (low, high) = bucket.unwrap().ends();
        assert!((low..=high).contains(&nearest(&all, 500)));
        assert_eq!(histogram.count(), 12_000);
    }

    #[test]
    fn text_of_another_form_is_refused() {
        for text in [
            "", "1", "2 63 1", "1 64 1", "1 63 x", "1 63 1*0", "1 63 1 0", "1 9 1", "1 63 ",
        ] {
            assert!(Histogram::from_text(text).is_none(), "{text}");
        }
        assert_eq!(of(&[20, 24, 24, 25, 24]).to_text(), "1 63 20 4*3 1");
        assert_eq!(Histogram::from_text("1 63").unwrap().count(), 0);
    }

    proptest! {
        #[test]
        fn percentiles_are_the_nearest_rank(
            values in prop::collection::vec((any::<u64>(), 0u32..64), 1..900),
        ) {
            let values: Vec<u64> = values.iter().map(|&(value, shift)| value >> shift).collect();
            let expected = PERCENTILES.map(|it| Some(Value::Unsigned(nearest(&values, it))));
            prop_assert_eq!(of(&values).percentiles(), expected);
        }

        #[test]
        fn merging_is_counting_together_in_any_order(
            a in prop::collection::vec(0u64..5_000_000, 0..600),
            b in prop::collection::vec(0u64..5_000_000, 0..600),
            limit in 64usize..400,
        ) {
            let (mut one, mut other) = (of(&a), of(&b));
            let mut together = of(&[b.clone(), a.clone()].concat());
            let mut merged = one.clone();
            merged.merge(&other);
            prop_assert_eq!(merged.to_text(), together.to_text());
            prop_assert_eq!((merged.min(), merged.max()), (together.min(), together.max()));
            // In buckets, too.
            one.restrict(limit);
            other.restrict(limit);
            together.restrict(limit);
            one.merge(&other);
            one.restrict(limit);
            prop_assert_eq!(one.buckets().iter().map(|it| it.2).sum::<u64>(), together.count());
            prop_assert!(one.count() < 100 || one.buckets().len() <= limit);
        }

        #[test]
        fn text_reads_back_as_the_same_histogram(
            values in prop::collection::vec((any::<u64>(), 0u32..64), 0..300),
            limit in prop::option::of(64usize..100),
        ) {
            let values: Vec<u64> = values.iter().map(|&(value, shift)| value >> shift).collect();
            let mut histogram = of(&values);
            if let Some(limit) = limit {
                histogram.restrict(limit);
            }
            let back = Histogram::from_text(&histogram.to_text()).unwrap();
            prop_assert_eq!(back.to_text(), histogram.to_text());
            prop_assert_eq!(back.percentiles(), histogram.percentiles());
            prop_assert_eq!((back.count(), back.sum(), back.min(), back.max()), (histogram.count(), histogram.sum(), histogram.min(), histogram.max()));
        }
    }
}
