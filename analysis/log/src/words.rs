//! The numbers of event words and of node names.
//!
//! A log repeats few words. A small cache finds them by their first bytes; a hash
//! map has all words.

use std::collections::HashMap;

/// Words of up to this length are found through the cache.
const SHORT: usize = 15;
/// Slots of the cache, a power of two; 24 bytes each.
const SLOTS: usize = 256;

/// Words and their numbers.
#[derive(Clone, Debug)]
pub(super) struct Words {
    numbers: HashMap<Box<[u8]>, u32>,
    cache: Box<[(u128, u32)]>,
}

impl Default for Words {
    fn default() -> Self {
        Words {
            numbers: HashMap::new(),
            cache: vec![(0, 0); SLOTS].into(),
        }
    }
}

impl Words {
    /// Gives `word` a number, unless it has one.
    pub(super) fn insert(&mut self, word: &str, number: u32) {
        self.numbers.entry(word.as_bytes().into()).or_insert(number);
    }

    /// The number of a word.
    pub(super) fn get(&self, word: &[u8]) -> Option<u32> {
        self.numbers.get(word).copied()
    }

    /// The number of the unquoted cell at `at` that ends with a comma, and the index
    /// of the comma. `None` for an unknown word, and for a cell that only the slow
    /// path can read. At least 16 bytes must follow `at`.
    #[inline]
    pub(super) fn find(&mut self, bytes: &[u8], at: usize) -> Option<(u32, usize)> {
        let chunk: [u8; 16] = bytes.get(at..at + 16)?.try_into().ok()?;
        let chunk = u128::from_le_bytes(chunk);
        let length = comma_in(chunk);
        if length > SHORT {
            let length = memchr::memchr(b',', &bytes[at..])?;
            return Some((self.get_plain(&bytes[at..at + length])?, at + length));
        }
        let key = chunk & ((1 << (8 * length)) - 1);
        let slot = slot_of(key);
        let cached = self.cache[slot];
        if cached.0 == key && key != 0 {
            return Some((cached.1, at + length));
        }
        let word = &bytes[at..at + length];
        let number = self.get_plain(word)?;
        // In the cache, a word with zero bytes would be the same as a shorter word.
        if !word.contains(&0) {
            self.cache[slot] = (key, number);
        }
        Some((number, at + length))
    }

    /// As [`Words::get`]; `None` for a word that a log has only between quotes.
    fn get_plain(&self, word: &[u8]) -> Option<u32> {
        let quoted = word.first() == Some(&b'"') || word.contains(&b'\n');
        if quoted { None } else { self.get(word) }
    }
}

/// The index of the first comma in 16 bytes; 16 if there is none.
#[inline]
fn comma_in(chunk: u128) -> usize {
    const ONES: u128 = u128::MAX / 255;
    let zeros = chunk ^ (ONES * b',' as u128);
    // The bits of the bytes that are zero; the first is exact (Lamport 1975).
    let found = zeros.wrapping_sub(ONES) & !zeros & (ONES << 7);
    found.trailing_zeros() as usize / 8
}

fn slot_of(key: u128) -> usize {
    let folded = key as u64 ^ ((key >> 64) as u64).rotate_left(23);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_any_length_are_found_up_to_their_comma() {
        let mut words = Words::default();
        let names = [
            "a",
            "receive",
            "exactly8",
            "fifteen-letters",
            "sixteen-letters!",
            "a much longer name than that",
        ];
        for (number, name) in names.iter().enumerate() {
            words.insert(name, number as u32);
        }
        for _ in 0..2 {
            for (number, name) in names.iter().enumerate() {
                let text = format!("{name},7,,,,,,,,,,,,,,,,,");
                let found = words.find(text.as_bytes(), 0);
                assert_eq!(found, Some((number as u32, name.len())));
            }
        }
        for unknown in [
            "b,,,,,,,,,,,,,,,,,",
            ",,,,,,,,,,,,,,,,,,,",
            "receiv,,,,,,,,,,,,,,,,",
            "no comma in these sixteen",
        ] {
            assert_eq!(words.find(unknown.as_bytes(), 0), None, "{unknown}");
        }
    }

    #[test]
    fn what_needs_quotes_is_not_found_without_them() {
        let mut words = Words::default();
        words.insert("\"a\"", 1);
        words.insert("a\nb", 2);
        assert_eq!(words.find(b"\"a\",,,,,,,,,,,,,,,,", 0), None);
        assert_eq!(words.find(b"a\nb,,,,,,,,,,,,,,,,", 0), None);
        assert_eq!(words.get(b"a\nb"), Some(2));
    }
}
