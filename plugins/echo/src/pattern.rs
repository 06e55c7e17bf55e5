//! The bytes of a message of a given size.
//!
//! They are printable, so that any program can show them, and have letters of both cases,
//! so that a program can change the case. They are cut from an endless repetition of one
//! table, and each message begins at another place of the table. So ten million bytes are
//! made, or compared, with a few thousand operations on whole slices. The length of the
//! table is a prime: if a piece is lost, doubled or out of place, the bytes differ at its
//! edge, unless the size of the piece is a multiple of the prime, which sizes of buffers
//! are not. Of 4093 messages in a row, no two begin with the same bytes.

use crate::Transform;

/// The length of the table `[bytes]`: the greatest prime below 4096.
const PERIOD: usize = 4093;

/// Distance in the table between the beginnings of two messages in a row `[bytes]`.
/// Arbitrary; coprime with the period, as any smaller number.
const STRIDE: u64 = 1009;

/// The table under each transform.
static TABLES: [[u8; PERIOD]; 4] = [
    table(Transform::None),
    table(Transform::Upper),
    table(Transform::Lower),
    table(Transform::Swap),
];

/// Six bits each of SplitMix64 (Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", 2014), as letters, digits, `-` and `_`.
const fn table(transform: Transform) -> [u8; PERIOD] {
    const LETTERS: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    let mut table = [0; PERIOD];
    let mut state: u64 = 0;
    let mut i = 0;
    while i < PERIOD {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        table[i] = transform.byte(LETTERS[(word >> 58) as usize]);
        i += 1;
    }
    table
}

/// The slices that make up message `number` (from 0) of `size` bytes, under a
/// transform.
fn slices(number: u64, size: usize, transform: Transform) -> impl Iterator<Item = &'static [u8]> {
    let table = &TABLES[transform as usize];
    let mut begin = begin(number);
    let mut left = size;
    std::iter::from_fn(move || {
        let len = left.min(PERIOD - begin);
        let slice = &table[begin..begin + len];
        (begin, left) = (0, left - len);
        (len > 0).then_some(slice)
    })
}

/// The table again and again, so long that every message of up to `longest` bytes is a slice
/// of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repeated {
    bytes: Vec<u8>,
}

impl Repeated {
    pub(crate) fn new(longest: usize) -> Repeated {
        let table = &TABLES[Transform::None as usize];
        let mut bytes = Vec::with_capacity(longest + PERIOD);
        while bytes.len() < longest + PERIOD {
            let left = longest + PERIOD - bytes.len();
            bytes.extend_from_slice(&table[..left.min(PERIOD)]);
        }
        Repeated { bytes }
    }

    /// Message `number` (from 0) of `size` bytes.
    pub(crate) fn message(&self, number: u64, size: usize) -> &[u8] {
        &self.bytes[begin(number)..][..size]
    }
}

/// Where message `number` begins in the table.
fn begin(number: u64) -> usize {
    (number % PERIOD as u64 * STRIDE % PERIOD as u64) as usize
}

/// Message `number` (from 0) of `size` bytes.
pub(crate) fn message(number: u64, size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size);
    slices(number, size, Transform::None).for_each(|slice| bytes.extend_from_slice(slice));
    bytes
}

/// Whether `bytes` are message `number` of their size, under a transform.
pub(crate) fn is_message(number: u64, transform: Transform, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    slices(number, bytes.len(), transform).all(|slice| {
        let (head, tail) = rest.split_at(slice.len());
        rest = tail;
        head == slice
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 7] = [0, 1, 10, 4092, 4093, 4094, 100_000];

    #[test]
    fn a_message_is_itself_under_every_transform_and_no_other() {
        for size in SIZES {
            let bytes = message(7, size);
            assert_eq!(bytes.len(), size);
            for transform in [
                Transform::None,
                Transform::Upper,
                Transform::Lower,
                Transform::Swap,
            ] {
                let transformed = transform.apply(&bytes);
                assert!(is_message(7, transform, &transformed));
                assert_eq!(is_message(8, transform, &transformed), size == 0);
            }
            assert_eq!(is_message(7, Transform::Upper, &bytes), size == 0);
        }
    }

    #[test]
    fn a_slice_of_the_repeated_table_is_the_message() {
        let repeated = Repeated::new(100_000);
        for size in SIZES {
            for number in [0, 1, 7, 4092, 4093, u64::MAX] {
                assert!(repeated.message(number, size) == message(number, size));
            }
        }
    }

    #[test]
    fn a_changed_byte_is_found_wherever_it_is() {
        for size in &SIZES[1..] {
            for at in [0, size / 2, size - 1] {
                let mut bytes = message(0, *size);
                bytes[at] ^= 1;
                assert!(!is_message(0, Transform::None, &bytes), "{size} {at}");
            }
        }
    }

    #[test]
    fn pieces_out_of_place_are_found() {
        for piece in [512, 1024, 1448, 4096, 8192, 16_384, 65_536] {
            let mut bytes = message(3, 4 * piece);
            bytes[piece..3 * piece].rotate_left(piece);
            assert!(!is_message(3, Transform::None, &bytes), "{piece}");
        }
    }

    #[test]
    fn messages_within_a_period_begin_differently() {
        let begins: std::collections::BTreeSet<Vec<u8>> = (0..PERIOD as u64)
            .map(|number| message(number, 8))
            .collect();
        assert_eq!(begins.len(), PERIOD);
    }

    #[test]
    fn a_message_is_printable_with_letters_of_both_cases() {
        let bytes = message(0, PERIOD);
        assert!(bytes.iter().all(u8::is_ascii_graphic));
        assert!(bytes.iter().any(u8::is_ascii_lowercase));
        assert!(bytes.iter().any(u8::is_ascii_uppercase));
    }
}
