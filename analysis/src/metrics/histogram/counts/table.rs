//! How often each of a few values was recorded: a hash table in which a value and its count
//! are side by side, so that to add 1 reads one place of the memory. That matters with many
//! nodes, whose histograms are in no cache. The standard library's table reads two, and is
//! reached by another.

use super::Entry;

/// Values and their counts.
#[derive(Clone, Debug, Default)]
pub(in crate::metrics::histogram) struct Table {
    /// A power of two of them, or none; at least a quarter is empty: has the count 0. A value
    /// is at the place of its hash, or at the first place after it that was empty.
    places: Box<[Entry]>,
    /// Number of values.
    len: u32,
}

/// The least number of places.
const FEWEST: usize = 4;

impl Table {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// The values and their counts, in any order.
    pub fn iter(&self) -> impl Iterator<Item = Entry> {
        self.places.iter().copied().filter(|place| place.1 > 0)
    }

    /// Adds to the count of a value. Returns false if it is not in the table.
    #[inline]
    pub fn add(&mut self, value: u64, count: u64) -> bool {
        let mut at = self.hash(value);
        while let Some(place) = self.places.get_mut(at) {
            if place.1 == 0 {
                return false;
            }
            if place.0 == value {
                place.1 += count;
                return true;
            }
            at = (at + 1) & (self.places.len() - 1);
        }
        false
    }

    /// Reads the memory that counting this value changes.
    #[inline]
    pub fn touch(&self, value: u64) -> u64 {
        self.places.get(self.hash(value)).map_or(0, |place| place.1)
    }

    /// Adds a value that is not in the table, with its count, which is not 0.
    pub fn insert(&mut self, value: u64, count: u64) {
        if (self.len() + 1) * 4 > self.places.len() * 3 {
            self.grow();
        }
        self.put((value, count));
        self.len += 1;
    }

    #[cold]
    fn grow(&mut self) {
        let length = (self.places.len() * 2).max(FEWEST);
        let old = std::mem::replace(&mut self.places, vec![(0, 0); length].into());
        for entry in old.into_iter().filter(|place| place.1 > 0) {
            self.put(entry);
        }
    }

    /// Puts an entry at the first empty place for it.
    fn put(&mut self, entry: Entry) {
        let mut at = self.hash(entry.0);
        while self.places[at].1 > 0 {
            at = (at + 1) & (self.places.len() - 1);
        }
        self.places[at] = entry;
    }

    /// The place where a value is looked for first; any number without places. The highest
    /// bits of a product (Knuth, TAOCP 3, 6.4) with 2^64 divided by the golden ratio.
    #[inline]
    fn hash(&self, value: u64) -> usize {
        let product = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bits = self.places.len().trailing_zeros();
        product.unbounded_shr(64 - bits.min(63)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_one_place_however_many_there_are() {
        let mut table = Table::default();
        assert!(!table.add(7, 1));
        // Values of one hash, values that follow each other, and the ends of the range.
        let values: Vec<u64> = (0..200)
            .map(|n| n << 40)
            .chain(1..300)
            .chain([u64::MAX])
            .collect();
        for &value in &values {
            assert!(!table.add(value, 1));
            table.insert(value, 2);
            assert!(table.add(value, 1));
        }
        assert_eq!(table.len(), 500);
        let mut entries: Vec<Entry> = table.iter().collect();
        entries.sort_unstable();
        let mut expected: Vec<Entry> = values.iter().map(|&value| (value, 3)).collect();
        expected.sort_unstable();
        assert_eq!(entries, expected);
        assert!(!table.add(300, 1));
    }
}
