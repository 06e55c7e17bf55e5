//! The distribution of whole numbers: how often each value was recorded. Exact until
//! there are more than 16,384 distinct values, so for at least as many samples; beyond,
//! neighbouring values are counted together, and a percentile is known to lie within a
//! bucket. Count, sum, least and greatest value are always exact.
//!
//! Most values are small: lengths of queues, jumps of clocks. [`small`] has a count for each of
//! them, so that to record one is to add 1. [`counts`] keeps the counts of the other values,
//! and [`text`] writes and reads all of them.

mod counts;
mod digest;
mod merge;
mod small;
mod text;

use super::value::{Bucket, Value};
use counts::{Counts, EXACT, Entry, LIMIT, Long, SMALL, Sums, fitted, lower, merged, shift_of};
pub(super) use digest::{Digest, Room};
use small::Small;

/// How often each value was recorded.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// By value below [`SMALL`]: how often it was recorded. As long as it needs to be.
    small: Small,
    /// The other values, what does not fit into `small`, and buckets of several values.
    large: Counts,
}

/// The most distinct values of a histogram whose memory is not restricted. Part of what is
/// promised: another number would change results in which the memory is short.
const SHORT: usize = 32;

/// The percentiles of each family of metrics, per 1000: p50, p90, p95, p99, p999.
pub const PERCENTILES: [u64; 5] = [500, 900, 950, 990, 999];

/// The filled buckets of a histogram, ascending.
struct Buckets {
    resolution: u8,
    entries: Vec<Entry>,
}

impl Histogram {
    /// Counts one value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        match self.small.get_mut(value) {
            Some(count) if *count < u32::MAX => *count += 1,
            _ => self.record_large(value),
        }
    }

    /// Reads the memory that [`Histogram::record`] of this value changes.
    #[inline]
    pub(super) fn touch(&self, value: u64) -> u64 {
        match self.small.get(value) {
            Some(&count) => count.into(),
            None => self.large.touch(value),
        }
    }

    /// Counts a value that the list has no room for.
    #[inline(never)]
    fn record_large(&mut self, value: u64) {
        if value >= SMALL || value < self.small.len() as u64 {
            return self.large.add(value);
        }
        self.small.lengthen(value);
        self.record(value);
    }

    /// A histogram of these entries, ascending: at a resolution, with at most `limit`
    /// buckets, now and later.
    fn of(resolution: u8, limit: usize, entries: Vec<Entry>, sums: Sums) -> Histogram {
        let mut histogram = Histogram::default();
        if resolution < EXACT || limit < LIMIT {
            let long = Long::new(resolution, limit, entries, sums);
            histogram.large = Counts::Long(Box::new(long));
            return histogram;
        }
        let is_small = |entry: &Entry| entry.0 < SMALL && u32::try_from(entry.1).is_ok();
        let (small, large): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(is_small);
        for (value, count) in small {
            histogram.small.lengthen(value);
            if let Some(own) = histogram.small.get_mut(value) {
                *own = count as u32;
            }
        }
        histogram.large = Counts::exact(large);
        histogram
    }

    /// The filled buckets.
    fn all(&self) -> Buckets {
        let mut entries = Vec::new();
        let resolution = self.fill(&mut entries);
        Buckets {
            resolution,
            entries,
        }
    }

    /// Writes the filled buckets over `entries`, ascending, and returns their resolution.
    fn fill(&self, entries: &mut Vec<Entry>) -> u8 {
        let (resolution, limit) = self.large.bounds();
        entries.clear();
        entries.extend(self.filled());
        lower(entries, resolution);
        let small = entries.len();
        self.large.push_sorted(entries);
        // Few large counts have values, or are in buckets, that small ones have too.
        let (of_small, of_large) = entries.split_at(small);
        let are_apart = match (of_small.last(), of_large.first()) {
            (Some(last), Some(first)) => last.0 < first.0,
            _ => true,
        };
        if !are_apart {
            *entries = merged(of_small, of_large);
        }
        fitted(entries, resolution, limit)
    }

    /// Whether the sums follow from the buckets: each value has one of its own, and there
    /// are few.
    fn is_table(&self) -> bool {
        matches!(self.large, Counts::Table(_))
    }

    /// The small values, and how often each was recorded.
    fn filled(&self) -> impl Iterator<Item = Entry> {
        let counts = self.small.iter().enumerate();
        counts
            .map(|(value, count)| (value as u64, u64::from(count)))
            .filter(|entry| entry.1 > 0)
    }

    /// What is exact of the values.
    fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        self.filled()
            .for_each(|(value, count)| sums.add(value, count));
        sums.with(self.large.sums())
    }

    /// Whether no value was recorded.
    pub fn is_empty(&self) -> bool {
        self.large.is_empty() && self.filled().next().is_none()
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.sums().count
    }

    /// Sum of the values.
    pub fn sum(&self) -> u128 {
        self.sums().sum
    }

    /// The least value; `None` without values.
    pub fn min(&self) -> Option<u64> {
        let sums = self.sums();
        (sums.count > 0).then_some(sums.min)
    }

    /// The greatest value; `None` without values.
    pub fn max(&self) -> Option<u64> {
        let sums = self.sums();
        (sums.count > 0).then_some(sums.max)
    }

    /// Mean of the values, from the exact sum; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        let sums = self.sums();
        (sums.count > 0).then(|| sums.sum as f64 / sums.count as f64)
    }

    /// The percentile by nearest rank: the least value that `percent` of 100 values do
    /// not exceed. If it is only known to lie in a bucket, the middle of the bucket.
    /// `None` without values.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        self.per_mille(percent * 10)
    }

    /// As [`Histogram::percentile`], of 1000 values.
    pub fn per_mille(&self, per_mille: u64) -> Option<u64> {
        let mut room = Room::default();
        let digest = self.digest(&mut room);
        let rank = Histogram::rank(per_mille, digest.count());
        let [bucket] = digest.at_ranks([rank]);
        let (low, high) = bucket?.ends();
        Some((low + (high - low).div_ceil(2)).clamp(digest.min()?, digest.max()?))
    }

    /// The percentiles of [`PERCENTILES`], by nearest rank; `None` without values.
    pub fn percentiles(&self) -> [Option<Value>; 5] {
        self.digest(&mut Room::default()).percentiles()
    }

    /// As [`Histogram::percentiles`], together with values below 0, by their sizes.
    pub fn percentiles_with(&self, below: &Histogram) -> [Option<Value>; 5] {
        let (mut own, mut other) = (Room::default(), Room::default());
        let below = below.digest(&mut other);
        self.digest(&mut own).percentiles_with(&below)
    }

    /// The bucket of the value of this rank, from 1; `None` beyond the number of values.
    pub fn at_rank(&self, rank: u64) -> Option<Bucket> {
        let [bucket] = self.digest(&mut Room::default()).at_ranks([rank]);
        bucket
    }

    /// The nearest rank, from 1, of a percentile (per 1000) among `count` values.
    pub fn rank(per_mille: u64, count: u64) -> u64 {
        let rank = match per_mille.checked_mul(count) {
            // A division of 128 bits takes many times as long.
            Some(product) => product.div_ceil(1000),
            None => (u128::from(per_mille) * u128::from(count)).div_ceil(1000) as u64,
        };
        rank.clamp(1, count.max(1))
    }

    /// The filled buckets, ascending: least value, number of values that the
    /// bucket spans, count.
    pub fn buckets(&self) -> Vec<(u64, u64, u64)> {
        let all = self.all();
        let bucket = |&(low, count): &Entry| (low, 1 << shift_of(low, all.resolution), count);
        all.entries.iter().map(bucket).collect()
    }

    /// Whether each distinct value has a count of its own.
    pub fn is_exact(&self) -> bool {
        self.all().resolution == EXACT
    }

    /// Whether it has few values, so that its memory is small.
    fn is_short(&self) -> bool {
        let small = self.filled().count();
        small <= SHORT && self.large.is_short(SHORT - small)
    }

    /// Number of counts, if they are so many that they are worth to be restricted.
    pub(super) fn long_len(&self) -> usize {
        match self.is_short() {
            true => 0,
            false => self.all().entries.len(),
        }
    }

    /// Counts neighbouring values together until there are at most `limit` counts, now
    /// and later.
    pub(super) fn restrict(&mut self, limit: usize) {
        if limit < self.large.bounds().1 && !self.is_short() {
            let all = self.all();
            *self = Histogram::of(all.resolution, limit, all.entries, self.sums());
        }
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
        let (low, high) = histogram.at_rank(6_000).unwrap().ends();
        assert!((low..=high).contains(&nearest(&all, 500)));
        assert_eq!(histogram.count(), 12_000);
    }

    #[test]
    fn small_values_after_a_restriction_are_in_its_buckets() {
        let large: Vec<u64> = (6..64).flat_map(|bit| [1 << bit, 3 << (bit - 1)]).collect();
        let small: Vec<u64> = (0..SMALL).collect();
        let mut histogram = of(&large);
        histogram.restrict(64);
        for &value in &small {
            histogram.record(value);
        }
        let mut together = of(&[large, small].concat());
        together.restrict(64);
        assert_eq!(histogram.to_text(), together.to_text());
        assert_eq!(histogram.buckets().iter().map(|it| it.2).sum::<u64>(), 180);
        let mut room = Room::default();
        assert_eq!(histogram.digest(&mut room).count_of_zero(), 1);
    }

    #[test]
    fn small_values_before_and_after_a_restriction_share_their_buckets() {
        let mut histogram = of(&[(0..SMALL).collect(), distinct(100)].concat());
        histogram.restrict(64);
        (0..SMALL).for_each(|value| histogram.record(value));
        let buckets = histogram.buckets();
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0), "{buckets:?}");
        assert_eq!(buckets[0], (0, 1, 2));
        assert_eq!(buckets.iter().map(|it| it.2).sum::<u64>(), 228);
    }

    #[test]
    fn text_of_another_form_is_refused() {
        for text in [
            "",
            "1",
            "2 63 1",
            "1 64 1",
            "1 63 x",
            "1 63 1*0",
            "1 63 1 0",
            "1 9 1",
            "1 63 ",
            "1 63 5*",
            "1 63 5 ",
            "1 63 5  6",
            "1 63 5x",
            "1 63 5*2x",
            "1 63 +5",
            "1 63 *2",
            // More than a u64 holds: a value, a count, the next value, all counts together.
            "1 63 18446744073709551616",
            "1 63 184467440737095516150",
            "1 63 1*18446744073709551616",
            "1 63 18446744073709551615 1",
            "1 63 1*18446744073709551615 1",
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
