//! The counts of a [`Histogram`](super::Histogram): each distinct value and how often
//! it was recorded. Exact until there are too many distinct values; then neighbouring
//! values share a bucket.
//!
//! A bucket at resolution `b` holds the values that agree in their highest bit and in
//! the `b` bits below. So buckets of a lower resolution are unions of buckets of a
//! higher one, and the state depends only on the values and the limit, not on
//! the order of the values: the resolution is the highest at which the buckets are not
//! more than the limit.
//!
//! Most histograms have few values: they are a short sorted list. Longer ones keep a
//! sorted list, too, and collect new values until there are enough of them to be sorted
//! and merged into it: so that a new value costs its share of a sort, and not a move of
//! the list.

use std::borrow::Cow;

/// The resolution at which every value has a bucket of its own.
pub(super) const EXACT: u8 = 63;
/// The most buckets of one histogram: more than 10,000, so that up to so many values
/// are exact in any case.
pub(super) const LIMIT: usize = 1 << 14;
/// Length up to which the short list is faster and smaller. Chosen, not tuned.
const SHORT: usize = 32;
/// The least number of values that are sorted together. Chosen, not tuned.
const BATCH: usize = 32;

/// A bucket by its least value, and its count.
pub(super) type Entry = (u64, u64);

#[derive(Clone, Debug)]
pub(super) enum Counts {
    Short(Short),
    Long(Box<Long>),
}

impl Default for Counts {
    fn default() -> Self {
        Counts::Short(Short::default())
    }
}

/// A few values: exact.
#[derive(Clone, Debug, Default)]
pub(super) struct Short {
    /// (value, count), ascending by value.
    list: Vec<(u32, u32)>,
    /// The place of the last value. The next one is often the same, or a neighbour: queues
    /// become longer and shorter by one.
    last: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Long {
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
            Counts::Short(short) => {
                if !short.add(value) {
                    self.add_to_long(value);
                }
            }
            Counts::Long(long) => long.add(value),
        }
    }

    /// Counts a value that the short list has no room for.
    #[cold]
    fn add_to_long(&mut self, value: u64) {
        let mut long = Long::new(EXACT, LIMIT, self.entries().into_owned());
        long.add(value);
        *self = Counts::Long(Box::new(long));
    }

    /// These entries, ascending, at this resolution; merged until there are at most
    /// `limit`.
    pub fn of(resolution: u8, limit: usize, entries: Vec<Entry>) -> Counts {
        if resolution == EXACT && entries.len() <= SHORT {
            let short =
                |&(value, count): &Entry| Some((value.try_into().ok()?, count.try_into().ok()?));
            if let Some(list) = entries.iter().map(short).collect() {
                return Counts::Short(Short { list, last: 0 });
            }
        }
        Counts::Long(Box::new(Long::new(resolution, limit, entries)))
    }

    /// The resolution after [`Counts::entries`].
    pub fn resolution(&self) -> u8 {
        match self {
            Counts::Short(_) => EXACT,
            Counts::Long(long) if long.fresh.is_empty() => long.resolution,
            Counts::Long(long) => long.settled().resolution,
        }
    }

    /// The filled buckets, ascending.
    pub fn entries(&self) -> Cow<'_, [Entry]> {
        match self {
            Counts::Short(Short { list, .. }) => {
                let wide = |&(value, count): &(u32, u32)| (value.into(), count.into());
                list.iter().map(wide).collect::<Vec<Entry>>().into()
            }
            Counts::Long(long) if long.fresh.is_empty() => (&long.sorted).into(),
            Counts::Long(long) => long.settled().sorted.into(),
        }
    }

    /// Adds the counts of another histogram.
    pub fn merge(&mut self, other: &Counts) {
        let limit = match self {
            Counts::Short(_) => LIMIT,
            Counts::Long(long) => long.limit,
        };
        let resolution = self.resolution().min(other.resolution());
        let entries = merged(&self.entries(), &other.entries());
        *self = Counts::of(resolution, limit, at_resolution(entries, resolution));
    }

    /// Number of buckets of a long list; 0 for a short one, whose memory does not grow.
    pub fn long_len(&mut self) -> usize {
        match self {
            Counts::Short(_) => 0,
            Counts::Long(long) => {
                long.settle();
                long.sorted.len()
            }
        }
    }

    /// Merges buckets until there are at most `limit`, now and later.
    pub fn restrict(&mut self, limit: usize) {
        if let Counts::Long(long) = self
            && limit < long.limit
        {
            long.limit = limit;
            long.settle();
            long.sorted.shrink_to_fit();
            long.fresh.shrink_to(long.batch);
        }
    }
}

impl Short {
    /// Counts one value. Returns false if there is no room for it.
    #[inline]
    fn add(&mut self, value: u64) -> bool {
        if let Some(entry) = self.list.get_mut(self.last as usize)
            && u64::from(entry.0) == value
            && entry.1 < u32::MAX
        {
            entry.1 += 1;
            return true;
        }
        self.search(value)
    }

    /// As [`Short::add`], of another value than the last one.
    fn search(&mut self, value: u64) -> bool {
        let Ok(key) = u32::try_from(value) else {
            return false;
        };
        let list = &mut self.list;
        let mut place = (self.last as usize).min(list.len());
        while place > 0 && list[place - 1].0 >= key {
            place -= 1;
        }
        while place < list.len() && list[place].0 < key {
            place += 1;
        }
        match list.get(place) {
            Some(&(found, u32::MAX)) if found == key => return false,
            Some(&(found, _)) if found == key => list[place].1 += 1,
            _ if list.len() < SHORT => list.insert(place, (key, 1)),
            _ => return false,
        }
        self.last = place as u32;
        true
    }
}

impl Long {
    fn new(resolution: u8, limit: usize, sorted: Vec<Entry>) -> Long {
        let mut long = Long {
            resolution,
            limit,
            sorted,
            fresh: Vec::new(),
            batch: BATCH,
        };
        long.settle();
        long
    }

    #[inline]
    fn add(&mut self, value: u64) {
        self.fresh.push(low_of(value, self.resolution));
        if self.fresh.len() >= self.batch {
            self.settle();
        }
    }

    /// Moves what is fresh into the sorted list.
    #[cold]
    fn settle(&mut self) {
        if !self.fresh.is_empty() {
            self.fresh.sort_unstable();
            let mut fresh: Vec<Entry> = Vec::with_capacity(self.fresh.len());
            for &value in &self.fresh {
                match fresh.last_mut() {
                    Some((last, count)) if *last == value => *count += 1,
                    _ => fresh.push((value, 1)),
                }
            }
            self.fresh.clear();
            self.sorted = merged(&self.sorted, &fresh);
        }
        while self.sorted.len() > self.limit && self.resolution > 0 {
            // At a higher resolution, no two values are in one bucket.
            let greatest = self.sorted.last().map_or(0, |&(low, _)| low);
            let highest_bit = 63 - (greatest | 1).leading_zeros() as u8;
            self.resolution = (self.resolution - 1).min(highest_bit.saturating_sub(1));
            self.sorted = at_resolution(std::mem::take(&mut self.sorted), self.resolution);
        }
        self.batch = (self.sorted.len() / 4).max(BATCH);
    }

    fn settled(&self) -> Long {
        let mut long = self.clone();
        long.settle();
        long
    }
}

/// The entries of both lists, ascending.
fn merged(a: &[Entry], b: &[Entry]) -> Vec<Entry> {
    let mut all = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(&&(left, of_left)), Some(&&(right, of_right))) = (a.peek(), b.peek()) {
        if left < right {
            all.push((left, of_left));
            a.next();
        } else if right < left {
            all.push((right, of_right));
            b.next();
        } else {
            all.push((left, of_left + of_right));
            a.next();
            b.next();
        }
    }
    all.extend(a.chain(b));
    all
}

/// The entries in buckets of this resolution, which is not higher than theirs.
fn at_resolution(mut entries: Vec<Entry>, resolution: u8) -> Vec<Entry> {
    if resolution < EXACT {
        for entry in &mut entries {
            entry.0 = low_of(entry.0, resolution);
        }
        entries.dedup_by(|next, before| {
            let same = next.0 == before.0;
            before.1 += if same { next.1 } else { 0 };
            same
        });
    }
    entries
}
