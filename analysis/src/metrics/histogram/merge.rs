//! Several histograms as one. A report pools the samples of thousands of runs, so what is added
//! costs its own length: the counts that are there already are not read again.

use super::counts::{EXACT, Entry, SMALL, Sums, lower, merged};
use super::{Buckets, Histogram};

impl Histogram {
    /// Adds the counts of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() && self.large.bounds() == other.large.bounds() {
            *self = other.clone();
            return;
        }
        let all = other.all();
        self.take(all.resolution, all.entries, other.sums());
    }

    /// Adds entries, ascending, which have this resolution and these sums.
    pub(super) fn take(&mut self, resolution: u8, entries: Vec<Entry>, sums: Sums) {
        let (own, limit) = self.large.bounds();
        if resolution < own {
            let Buckets {
                resolution: own,
                entries: mut before,
            } = self.all();
            let resolution = resolution.min(own);
            before = merged(&before, &entries);
            lower(&mut before, resolution);
            *self = Histogram::of(resolution, limit, before, self.sums().with(sums));
        } else if own < EXACT {
            self.large.take(&entries, sums);
        } else {
            self.take_exact(entries);
        }
    }

    /// Adds values, ascending, each with its own count.
    fn take_exact(&mut self, mut entries: Vec<Entry>) {
        let small = entries.partition_point(|entry| entry.0 < SMALL);
        if let Some(&(greatest, _)) = entries[..small].last() {
            self.small.lengthen(greatest);
        }
        let mut place = 0;
        entries.retain(|&(value, count)| {
            place += 1;
            // A count that does not fit is one of the large ones.
            place > small || !self.take_small(value, count)
        });
        if !entries.is_empty() {
            self.large.take(&entries, Sums::of(&entries));
        }
    }

    /// Adds to the count of a small value, and returns whether the sum fits.
    fn take_small(&mut self, value: u64, count: u64) -> bool {
        let Some(own) = self.small.get_mut(value) else {
            return false;
        };
        let sum = u64::from(*own).checked_add(count);
        match sum.and_then(|sum| u32::try_from(sum).ok()) {
            Some(sum) => {
                *own = sum;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::counts::LIMIT;
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|&value| histogram.record(value));
        histogram
    }

    /// All that can be read.
    fn told(histogram: &Histogram) -> impl PartialEq + std::fmt::Debug + use<> {
        let sums = (
            histogram.count(),
            histogram.sum(),
            histogram.min(),
            histogram.max(),
        );
        (histogram.to_text(), histogram.percentiles(), sums)
    }

    #[test]
    fn many_parts_are_the_whole_also_when_there_are_too_many_values_to_be_exact() {
        // The values of a part are its own, so that more and more of them are distinct.
        let value = |n: u64| (n * 7919) % 40_000 * 1_000_003;
        let (mut pooled, mut whole) = (Histogram::default(), Histogram::default());
        for part in 0..400 {
            let values: Vec<u64> = (part * 150..part * 150 + 150).map(value).collect();
            pooled.merge(&of(&values));
            values.iter().for_each(|&value| whole.record(value));
            if part % 57 == 0 || part > 395 {
                assert_eq!(told(&pooled), told(&whole), "{part}");
            }
        }
        assert!(!pooled.is_exact());
    }

    #[test]
    fn counts_of_small_values_that_need_more_than_32_bits_stay_exact() {
        let half = Histogram::from_text("1 63 3*3000000000 87").unwrap();
        let mut both = half.clone();
        both.merge(&half);
        both.merge(&of(&[3, 5, 90]));
        assert_eq!(both.to_text(), "1 63 3*6000000001 2 85*3");
    }

    proptest! {
        #[test]
        fn parts_of_any_resolution_are_the_whole(
            parts in prop::collection::vec(
                (prop::collection::vec((0u64..3_000_000, 0u32..18), 0..300), prop::option::of(64usize..200)),
                1..8,
            ),
        ) {
            // A part in buckets lowers the resolution of all, and what is told of the whole
            // does not depend on which part is the first.
            let parts: Vec<Histogram> = parts
                .iter()
                .map(|(values, limit)| {
                    let values: Vec<u64> = values.iter().map(|&(value, shift)| value >> shift).collect();
                    let mut part = of(&values);
                    if let Some(limit) = limit {
                        part.restrict(*limit);
                    }
                    Histogram::from_text(&part.to_text()).unwrap()
                })
                .collect();
            let (mut forward, mut backward) = (Histogram::default(), Histogram::default());
            parts.iter().for_each(|part| forward.merge(part));
            parts.iter().rev().for_each(|part| backward.merge(part));
            prop_assert_eq!(told(&forward), told(&backward));
            prop_assert_eq!(forward.large.bounds().1, LIMIT);
        }
    }
}
