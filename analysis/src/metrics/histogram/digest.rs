//! What is read out of a [`Histogram`] when it is complete: percentiles, mean, ends and text,
//! all of them from one ascending list of its buckets. With many nodes these lists are most of
//! the work at the end of a run, so each is made once, in room that the next one uses again.

use super::counts::{Entry, Sums, shift_of};
use super::{Histogram, PERCENTILES};
use crate::metrics::value::{Bucket, Value};

/// Room for the buckets of a histogram.
#[derive(Debug, Default)]
pub(in crate::metrics) struct Room(Vec<Entry>);

/// A complete histogram, to be read.
#[derive(Clone, Copy, Debug)]
pub(in crate::metrics) struct Digest<'a> {
    pub(super) resolution: u8,
    pub(super) sums: Sums,
    /// The filled buckets, ascending.
    pub(super) entries: &'a [Entry],
}

impl Histogram {
    /// Reads the histogram.
    pub(in crate::metrics) fn digest<'a>(&self, room: &'a mut Room) -> Digest<'a> {
        let entries = &mut room.0;
        let resolution = self.fill(entries);
        Digest {
            resolution,
            sums: match self.is_table() {
                true => Sums::of(entries),
                false => self.sums(),
            },
            entries,
        }
    }
}

impl Digest<'_> {
    /// Number of values.
    pub fn count(&self) -> u64 {
        self.sums.count
    }

    /// Sum of the values.
    pub fn sum(&self) -> u128 {
        self.sums.sum
    }

    /// How often 0 was recorded: it has a bucket of its own at any resolution.
    pub fn count_of_zero(&self) -> u64 {
        let first = self.entries.first().filter(|entry| entry.0 == 0);
        first.map_or(0, |entry| entry.1)
    }

    /// The least value; `None` without values.
    pub fn min(&self) -> Option<u64> {
        (self.sums.count > 0).then_some(self.sums.min)
    }

    /// The greatest value; `None` without values.
    pub fn max(&self) -> Option<u64> {
        (self.sums.count > 0).then_some(self.sums.max)
    }

    /// Mean of the values, from the exact sum; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (self.sums.count > 0).then(|| self.sums.sum as f64 / self.sums.count as f64)
    }

    /// The percentiles of [`PERCENTILES`], by nearest rank; `None` without values.
    pub fn percentiles(&self) -> [Option<Value>; 5] {
        let count = self.sums.count;
        let ranks = PERCENTILES.map(|per_mille| Histogram::rank(per_mille, count));
        self.at_ranks(ranks).map(|bucket| bucket.map(Bucket::value))
    }

    /// As [`Digest::percentiles`], together with values below 0, by their sizes.
    pub fn percentiles_with(&self, below: &Digest<'_>) -> [Option<Value>; 5] {
        let (negative, count) = (below.count(), self.count());
        if negative == 0 {
            return self.percentiles();
        }
        PERCENTILES.map(|per_mille| {
            let rank = Histogram::rank(per_mille, negative + count);
            let [bucket] = if rank <= negative {
                // The least value is that of the greatest size.
                let found = below.at_ranks([negative + 1 - rank]);
                found.map(|bucket| bucket.map(Bucket::negated))
            } else {
                self.at_ranks([rank - negative])
            };
            bucket.map(Bucket::value)
        })
    }

    /// The buckets of the values of these ranks, which ascend; the least value has rank
    /// 1. `None` for a rank beyond the number of values.
    pub fn at_ranks<const N: usize>(&self, ranks: [u64; N]) -> [Option<Bucket>; N] {
        let mut entries = self.entries.iter();
        let (mut below, mut low) = (0, None);
        ranks.map(|rank| {
            while below < rank {
                let &(next, count) = entries.next()?;
                below += count;
                low = Some(next);
            }
            low.map(|low| Bucket::new(low, shift_of(low, self.resolution)))
        })
    }
}
