//! A histogram of whole numbers in little memory: exact below 1024, to 0.1 %
//! above, with exact count, sum, least and greatest.
//!
//! Buckets are log-linear, as in HdrHistogram (Tene): each power of two has 1024
//! buckets of one width. The memory is different: a run may have 100,000 nodes with
//! three histograms each, most of them with few distinct values. So counts are a
//! short sorted list at first; when the list is full, they move to pages of counts,
//! allocated where there are values.

/// Buckets per power of two, as a power of two.
const SUB_BITS: u32 = 10;
/// Values below this have a bucket each.
const EXACT: u64 = 1 << SUB_BITS;
/// Maximum length of the list: 256 entries of 8 bytes. Beyond, pages are smaller
/// and faster.
const LIST_LIMIT: usize = 256;
/// Counts per page, as a power of two: 32 counts are 128 bytes.
const PAGE_BITS: u32 = 5;
const PAGE: usize = 1 << PAGE_BITS;
/// One more than the greatest bucket.
const BUCKET_COUNT: usize = (64 - SUB_BITS as usize + 1) << SUB_BITS;
/// A page that is not allocated.
const NO_PAGE: u16 = u16::MAX;

/// How often each value was recorded.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
    counts: Counts,
}

#[derive(Clone, Debug)]
enum Counts {
    /// (bucket, count), ascending by bucket.
    List(Vec<(u32, u32)>),
    Pages(Box<Pages>),
}

impl Default for Counts {
    fn default() -> Self {
        Counts::List(Vec::new())
    }
}

#[derive(Clone, Debug)]
struct Pages {
    /// By bucket / [`PAGE`]: the page, or [`NO_PAGE`].
    table: Vec<u16>,
    pages: Vec<[u32; PAGE]>,
    /// An entry of its bucket for each time that a count exceeded 2^32.
    carries: Vec<u32>,
}

/// The bucket of a value.
fn bucket_of(value: u64) -> u32 {
    if value < EXACT {
        return value as u32;
    }
    let shift = 63 - value.leading_zeros() - SUB_BITS;
    // The top 11 bits, of which the highest is always set.
    (shift << SUB_BITS) + (value >> shift) as u32
}

/// The least value of a bucket, and the number of its values.
fn span_of(bucket: u32) -> (u64, u64) {
    if u64::from(bucket) < 2 * EXACT {
        return (u64::from(bucket), 1);
    }
    let shift = (bucket >> SUB_BITS) - 1;
    let top = u64::from(bucket & (EXACT as u32 - 1)) + EXACT;
    (top << shift, 1 << shift)
}

impl Histogram {
    /// Counts one value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        if self.count == 0 {
            (self.min, self.max) = (value, value);
        } else {
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
        self.count += 1;
        self.sum += u128::from(value);
        self.counts.add(bucket_of(value), 1);
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
        for (bucket, count) in other.counts.ascending() {
            self.counts.add(bucket, count);
        }
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
    /// not exceed. Exact below 2048 and if all values are equal, else within 0.05 %.
    /// `None` without values.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        self.at_rank(Histogram::rank(percent, self.count))
    }

    /// The nearest rank, from 1, of a percentile among `count` values.
    pub fn rank(percent: u64, count: u64) -> u64 {
        let rank = (u128::from(percent) * u128::from(count)).div_ceil(100);
        (rank as u64).clamp(1, count.max(1))
    }

    /// The value of this rank; the least value has rank 1.
    pub fn at_rank(&self, rank: u64) -> Option<u64> {
        let mut below = 0;
        for (bucket, count) in self.counts.ascending() {
            below += count;
            if below >= rank {
                let (low, width) = span_of(bucket);
                return Some((low + width / 2).clamp(self.min, self.max));
            }
        }
        None
    }

    /// The filled buckets, ascending: least value, number of values that the
    /// bucket spans, count.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.counts.ascending().map(|(bucket, count)| {
            let (low, width) = span_of(bucket);
            (low, width, count)
        })
    }
}

impl Counts {
    #[inline]
    fn add(&mut self, bucket: u32, count: u64) {
        match self {
            Counts::Pages(pages) => pages.add(bucket, count),
            Counts::List(list) => {
                match list.binary_search_by_key(&bucket, |&(bucket, _)| bucket) {
                    Ok(index) => {
                        let sum = u64::from(list[index].1) + count;
                        if let Ok(sum) = u32::try_from(sum) {
                            list[index].1 = sum;
                            return;
                        }
                    }
                    Err(index) => {
                        if let (true, Ok(count)) = (list.len() < LIST_LIMIT, u32::try_from(count)) {
                            list.insert(index, (bucket, count));
                            return;
                        }
                    }
                }
                let mut pages = Pages {
                    table: Vec::new(),
                    pages: Vec::new(),
                    carries: Vec::new(),
                };
                for &(bucket, count) in &*list {
                    pages.add(bucket, u64::from(count));
                }
                pages.add(bucket, count);
                *self = Counts::Pages(Box::new(pages));
            }
        }
    }

    /// (bucket, count) of the filled buckets.
    fn ascending(&self) -> Box<dyn Iterator<Item = (u32, u64)> + '_> {
        match self {
            Counts::List(list) => Box::new(
                list.iter()
                    .map(|&(bucket, count)| (bucket, u64::from(count))),
            ),
            Counts::Pages(pages) => Box::new(pages.ascending()),
        }
    }
}

impl Pages {
    #[inline]
    fn add(&mut self, bucket: u32, count: u64) {
        let (entry, place) = (bucket as usize >> PAGE_BITS, bucket as usize % PAGE);
        if entry >= self.table.len() {
            self.table.resize(entry + 1, NO_PAGE);
        }
        if self.table[entry] == NO_PAGE {
            // At most BUCKET_COUNT / PAGE pages: fits.
            self.table[entry] = self.pages.len() as u16;
            self.pages.push([0; PAGE]);
        }
        let cell = &mut self.pages[self.table[entry] as usize][place];
        let sum = u64::from(*cell) + count;
        *cell = sum as u32;
        for _ in 0..sum >> 32 {
            self.carries.push(bucket);
        }
    }

    fn ascending(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let filled = self.table.iter().enumerate();
        filled
            .filter(|&(_, &page)| page != NO_PAGE)
            .flat_map(move |(entry, &page)| {
                self.pages[page as usize]
                    .iter()
                    .enumerate()
                    .map(move |(place, &count)| {
                        let bucket = (entry << PAGE_BITS | place) as u32;
                        (bucket, u64::from(count) + self.carried(bucket))
                    })
            })
            .filter(|&(_, count)| count > 0)
    }

    fn carried(&self, bucket: u32) -> u64 {
        let times = self.carries.iter().filter(|&&carry| carry == bucket);
        (times.count() as u64) << 32
    }
}

const _: () = assert!(BUCKET_COUNT / PAGE < NO_PAGE as usize);

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

    #[test]
    fn small_values_are_exact() {
        let histogram = of(&[3, 1, 2, 1000, 1]);
        assert_eq!(histogram.percentile(50), Some(2));
        assert_eq!(histogram.percentile(99), Some(1000));
        assert_eq!(histogram.percentile(0), Some(1));
        assert_eq!(histogram.mean(), Some(201.4));
        assert_eq!(of(&[]).percentile(50), None);
    }

    #[test]
    fn equal_values_are_exact_however_large() {
        assert_eq!(of(&[20_000_123; 9]).percentile(50), Some(20_000_123));
        assert_eq!(of(&[u64::MAX]).percentile(99), Some(u64::MAX));
    }

    #[test]
    fn counts_beyond_32_bits_are_kept() {
        let mut histogram = Histogram::default();
        histogram.counts.add(7, u64::from(u32::MAX));
        histogram.counts.add(7, 3);
        histogram.counts.add(9, 1);
        let counts: Vec<_> = histogram.buckets().collect();
        assert_eq!(counts, [(7, 1, (1 << 32) + 2), (9, 1, 1)]);
    }

    proptest! {
        #[test]
        fn a_bucket_holds_its_values_and_is_narrow(value: u64, shift in 0u32..64) {
            let value = value >> shift;
            let (low, width) = span_of(bucket_of(value));
            prop_assert!(low <= value && value - low < width);
            prop_assert!(width == 1 || width as f64 / low as f64 <= 1.0 / 1024.0);
        }

        #[test]
        fn percentiles_are_the_nearest_rank(
            mut values in prop::collection::vec((any::<u64>(), 0u32..64), 1..900),
            percent in 0u64..=100,
        ) {
            let values: Vec<u64> = values.drain(..).map(|(value, shift)| value >> shift).collect();
            let histogram = of(&values);
            let mut sorted = values.clone();
            sorted.sort_unstable();
            let exact = sorted[Histogram::rank(percent, values.len() as u64) as usize - 1];
            let found = histogram.percentile(percent).unwrap();
            prop_assert!(found.abs_diff(exact) as f64 <= exact as f64 / 1024.0);
            prop_assert!(exact >= 2048 || found == exact);
        }

        #[test]
        fn merging_is_counting_together(
            a in prop::collection::vec(0u64..5_000_000, 0..600),
            b in prop::collection::vec(0u64..5_000_000, 0..600),
        ) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            let together = of(&[a, b].concat());
            prop_assert_eq!(merged.buckets().collect::<Vec<_>>(), together.buckets().collect::<Vec<_>>());
            prop_assert_eq!((merged.min(), merged.max()), (together.min(), together.max()));
            prop_assert_eq!((merged.count(), merged.sum()), (together.count(), together.sum()));
        }
    }
}
