//! The counts of the large values of a [`Histogram`](super::Histogram): each distinct value
//! and how often it was recorded. Exact until there are too many distinct values; then
//! neighbouring values share a bucket.
//!
//! A bucket at resolution `b` holds the values that agree in their highest bit and in
//! the `b` bits below. So buckets of a lower resolution are unions of buckets of a
//! higher one, and the state depends only on the values and the limit, not on
//! the order of the values: the resolution is the highest at which the buckets are not
//! more than the limit.
//!
//! Most histograms have few values: they are a table, in which a value is found at once.
//! Longer ones are a sorted list, which takes less memory and has no limit. It collects new
//! values until there are enough of them to be sorted and merged into it: so that a new
//! value costs its share of a sort, and not a move of the list.

mod table;

use std::iter::repeat_n;

use table::Table;

/// The resolution at which every value has a bucket of its own.
pub(super) const EXACT: u8 = 63;
/// The most buckets of one histogram: more than 10,000, so that up to so many values
/// are exact in any case.
pub(super) const LIMIT: usize = 1 << 14;
/// The most values of a table. Its places take up to 2.7 times the memory of a list, so a
/// longer one would take too much. Chosen, not tuned.
const TABLE: usize = 512;
/// Values below this have a list of counts of their own, 4 bytes each. Chosen, not tuned.
pub(super) const SMALL: u64 = 64;
/// The least number of values that are sorted together. Chosen, not tuned.
const BATCH: usize = 32;

/// A new value that was recorded so often is not counted one by one. Chosen, not tuned.
const FEW: u64 = 8;

/// A bucket by its least value, and its count.
pub(super) type Entry = (u64, u64);

#[derive(Clone, Debug)]
pub(super) enum Counts {
    /// By value; exact.
    Table(Table),
    Long(Box<Long>),
}

impl Default for Counts {
    fn default() -> Self {
        Counts::Table(Table::default())
    }
}

#[derive(Clone, Debug)]
pub(super) struct Long {
    sums: Sums,
    resolution: u8,
    /// The most buckets.
    limit: usize,
    /// Ascending.
    sorted: Vec<Entry>,
    /// Buckets of values that are not yet in `sorted`, in any order.
    fresh: Vec<u64>,
    /// Length of `fresh` at which it is sorted.
    batch: usize,
}

/// What is exact of values, also where buckets hold several.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub count: u64,
    pub sum: u128,
    /// 0 without values.
    pub min: u64,
    /// 0 without values.
    pub max: u64,
}

impl Sums {
    /// Of distinct values, ascending, and how often each was recorded.
    pub fn of(entries: &[Entry]) -> Sums {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Sums::default();
        };
        let mut sums = Sums {
            min: first.0,
            max: last.0,
            ..Sums::default()
        };
        for &(value, count) in entries {
            sums.count += count;
            sums.sum += u128::from(value) * u128::from(count);
        }
        sums
    }

    /// Adds a value that was recorded so often, at least once.
    #[inline]
    pub fn add(&mut self, value: u64, count: u64) {
        let least = if self.count == 0 { value } else { self.min };
        self.min = least.min(value);
        self.max = self.max.max(value);
        self.count += count;
        self.sum += u128::from(value) * u128::from(count);
    }

    /// The sums of these and of other values.
    pub fn with(self, other: Sums) -> Sums {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        Sums {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }
}

/// The number of low bits that do not tell the values of a bucket apart.
pub(super) fn shift_of(value: u64, resolution: u8) -> u8 {
    let highest = 63 - (value | 1).leading_zeros() as u8;
    highest.saturating_sub(resolution)
}

/// The least value of the bucket of `value`.
#[inline]
fn low_of(value: u64, resolution: u8) -> u64 {
    value >> shift_of(value, resolution) << shift_of(value, resolution)
}

impl Counts {
    /// Counts one value.
    #[inline]
    pub fn add(&mut self, value: u64) {
        match self {
            Counts::Table(table) => {
                if !table.add(value, 1) {
                    self.add_new(value);
                }
            }
            Counts::Long(long) => long.add(value),
        }
    }

    /// Reads the memory that counting this value changes.
    #[inline]
    pub fn touch(&self, value: u64) -> u64 {
        match self {
            Counts::Table(table) => table.touch(value),
            Counts::Long(long) => long.sums.count,
        }
    }

    /// Adds entries, ascending, which have these sums.
    pub fn take(&mut self, entries: &[Entry], sums: Sums) {
        let table = match self {
            Counts::Table(table) => table,
            Counts::Long(long) => return long.take(entries, sums),
        };
        for &(value, count) in entries {
            if !table.add(value, count) {
                table.insert(value, count);
            }
        }
        self.lengthen();
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        matches!(self, Counts::Table(table) if table.len() == 0)
    }

    /// Counts a value that is not in the table.
    #[cold]
    fn add_new(&mut self, value: u64) {
        let Counts::Table(table) = self else {
            return;
        };
        table.insert(value, 1);
        self.lengthen();
    }

    /// Makes a list of a table that is too long.
    fn lengthen(&mut self) {
        if matches!(self, Counts::Table(table) if table.len() > TABLE) {
            let long = Long::new(EXACT, LIMIT, self.sorted(), self.sums());
            *self = Counts::Long(Box::new(long));
        }
    }

    /// What is exact of the values.
    pub fn sums(&self) -> Sums {
        match self {
            Counts::Table(table) => {
                let mut sums = Sums::default();
                // Sums are the same in any order.
                table.iter().for_each(|(value, n)| sums.add(value, n));
                sums
            }
            Counts::Long(long) => long.sums,
        }
    }

    /// These entries, ascending; exact.
    pub fn exact(entries: Vec<Entry>) -> Counts {
        if entries.len() <= TABLE {
            let mut table = Table::default();
            for (value, count) in entries {
                table.insert(value, count);
            }
            return Counts::Table(table);
        }
        let mut sums = Sums::default();
        entries
            .iter()
            .for_each(|&(value, count)| sums.add(value, count));
        Counts::Long(Box::new(Long::new(EXACT, LIMIT, entries, sums)))
    }

    /// The resolution, and the most buckets.
    pub fn bounds(&self) -> (u8, usize) {
        match self {
            Counts::Table(_) => (EXACT, LIMIT),
            Counts::Long(long) => (long.resolution, long.limit),
        }
    }

    /// Whether these are at most so many values, each of which, and its count, has 32 bits.
    pub fn is_short(&self, most: usize) -> bool {
        // A small value is here if its count has more than 32 bits.
        let fits =
            |(value, count): Entry| value >= SMALL && u32::try_from(value.max(count)).is_ok();
        match self {
            Counts::Table(table) => table.len() <= most && table.iter().all(fits),
            Counts::Long(_) => false,
        }
    }

    /// The filled buckets, ascending.
    fn sorted(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.push_sorted(&mut entries);
        entries
    }

    /// Appends the filled buckets, ascending.
    pub fn push_sorted(&self, entries: &mut Vec<Entry>) {
        match self {
            Counts::Table(table) => {
                let first = entries.len();
                entries.extend(table.iter());
                entries[first..].sort_unstable_by_key(|entry| entry.0);
            }
            Counts::Long(long) => {
                entries.extend(merged(&long.sorted, &counted(&mut long.fresh.clone())));
            }
        }
    }
}

impl Long {
    /// These entries, ascending, at this resolution; merged until there are at most
    /// `limit`.
    pub fn new(resolution: u8, limit: usize, mut sorted: Vec<Entry>, sums: Sums) -> Long {
        let resolution = fitted(&mut sorted, resolution, limit);
        sorted.shrink_to_fit();
        Long {
            sums,
            resolution,
            limit,
            batch: (sorted.len() / 4).max(BATCH),
            sorted,
            fresh: Vec::new(),
        }
    }

    #[inline]
    fn add(&mut self, value: u64) {
        self.sums.add(value, 1);
        self.fresh.push(low_of(value, self.resolution));
        if self.fresh.len() >= self.batch {
            self.settle();
        }
    }

    /// Adds entries, ascending, which have these sums and at least this resolution.
    fn take(&mut self, entries: &[Entry], sums: Sums) {
        self.sums = self.sums.with(sums);
        let mut many: Vec<Entry> = Vec::new();
        let mut at = 0;
        for &(value, count) in entries {
            let low = low_of(value, self.resolution);
            if count <= FEW {
                // To sort a batch of them takes less than to look for each.
                self.fresh.extend(repeat_n(low, count as usize));
                continue;
            }
            at += self.sorted[at..].partition_point(|entry| entry.0 < low);
            match (self.sorted.get_mut(at), many.last_mut()) {
                (Some(entry), _) if entry.0 == low => entry.1 += count,
                (_, Some(entry)) if entry.0 == low => entry.1 += count,
                _ => many.push((low, count)),
            }
        }
        if !many.is_empty() {
            self.sorted = merged(&self.sorted, &many);
        }
        if !many.is_empty() || self.fresh.len() >= self.batch {
            self.settle();
        }
    }

    /// Moves what is fresh into the sorted list.
    #[cold]
    fn settle(&mut self) {
        self.sorted = merged(&self.sorted, &counted(&mut self.fresh));
        self.fresh.clear();
        self.resolution = fitted(&mut self.sorted, self.resolution, self.limit);
        self.batch = (self.sorted.len() / 4).max(BATCH);
    }
}

/// How often each of these values is there, ascending.
fn counted(values: &mut [u64]) -> Vec<Entry> {
    values.sort_unstable();
    let mut entries: Vec<Entry> = Vec::with_capacity(values.len());
    for &value in &*values {
        match entries.last_mut() {
            Some((last, count)) if *last == value => *count += 1,
            _ => entries.push((value, 1)),
        }
    }
    entries
}

/// Merges buckets of this resolution until there are at most `limit`. Returns the
/// resolution then.
pub(super) fn fitted(entries: &mut Vec<Entry>, mut resolution: u8, limit: usize) -> u8 {
    while entries.len() > limit && resolution > 0 {
        // At a higher resolution, no two values are in one bucket.
        let greatest = entries.last().map_or(0, |&(low, _)| low);
        let highest_bit = 63 - (greatest | 1).leading_zeros() as u8;
        resolution = (resolution - 1).min(highest_bit.saturating_sub(1));
        lower(entries, resolution);
    }
    resolution
}

/// The entries of both lists, ascending; fast if the second is the shorter one.
pub(super) fn merged(a: &[Entry], b: &[Entry]) -> Vec<Entry> {
    let mut all = Vec::with_capacity(a.len() + b.len());
    let mut rest = a;
    for &(value, count) in b {
        let before = rest.iter().take_while(|entry| entry.0 < value).count();
        all.extend_from_slice(&rest[..before]);
        rest = &rest[before..];
        match rest.first() {
            Some(&(same, more)) if same == value => {
                all.push((value, count + more));
                rest = &rest[1..];
            }
            _ => all.push((value, count)),
        }
    }
    all.extend_from_slice(rest);
    all
}

/// Merges buckets until they have this resolution, which is not higher than theirs.
pub(super) fn lower(entries: &mut Vec<Entry>, resolution: u8) {
    if resolution < EXACT {
        for entry in &mut *entries {
            entry.0 = low_of(entry.0, resolution);
        }
        entries.dedup_by(|next, before| {
            let same = next.0 == before.0;
            before.1 += if same { next.1 } else { 0 };
            same
        });
    }
}
