//! The values of a node's metrics in few bytes. The metrics of all nodes of a run are kept
//! until they are in the tables, and most values are small integers: a node with 37 metrics
//! takes about 150 bytes instead of 592.
//!
//! A value is a byte that says what follows, and the bytes of its number that are not zero:
//!
//! | first byte | value |
//! |---|---|
//! | `1vvvvvvv` | the integer `v` |
//! | `0000nnnn` | nothing was measured, for `n` metrics in a row |
//! | `0001nnnn` | an unsigned integer: its `n` lowest bytes, the lowest first |
//! | `0010nnnn` | a signed integer, the same |
//! | `0011nnnn` | a floating-point number: the `n` highest bytes of its bits, the lowest of them first |
//! | `0100nnnn` | a bucket: a byte for its sign and width, and its least size as an unsigned integer |

use super::value::{Bucket, Value};

const NOTHING: u8 = 0;
const UNSIGNED: u8 = 1;
const SIGNED: u8 = 2;
const REAL: u8 = 3;
const WITHIN: u8 = 4;

/// Set in the first byte of an integer of seven bits.
const SMALL: u8 = 0x80;

/// The most metrics without a value that one byte stands for.
const NOTHING_MAX: u8 = 15;

/// The values of a node's metrics. Two of them are equal if their values have the same bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PackedValues(Box<[u8]>);

impl PackedValues {
    /// Packs values. `bytes` is room to work in, and may be used again.
    pub fn of(values: &[Option<Value>], bytes: &mut Vec<u8>) -> PackedValues {
        bytes.clear();
        let mut nothing = 0;
        for value in values {
            match value {
                None if nothing < NOTHING_MAX && nothing > 0 => {
                    nothing += 1;
                    let last = bytes.len() - 1;
                    bytes[last] = nothing;
                    continue;
                }
                None => {
                    bytes.push(NOTHING << 4 | 1);
                    nothing = 1;
                    continue;
                }
                Some(Value::Unsigned(value)) => match u8::try_from(*value) {
                    Ok(value) if value < SMALL => bytes.push(SMALL | value),
                    _ => push(bytes, UNSIGNED, *value),
                },
                Some(Value::Signed(value)) => push(bytes, SIGNED, *value as u64),
                Some(Value::Real(value)) => push_high(bytes, value.to_bits()),
                Some(Value::Within(bucket)) => {
                    let (low, shift, negative) = bucket.parts();
                    push(bytes, WITHIN, low);
                    bytes.push(shift | u8::from(negative) << 7);
                }
            }
            nothing = 0;
        }
        PackedValues(bytes.as_slice().into())
    }

    /// These bytes, if they are whole values. Returns the number of values, too.
    pub fn from_bytes(bytes: &[u8]) -> Option<(PackedValues, usize)> {
        let mut rest = bytes;
        let mut count = 0;
        while let Some((&first, behind)) = rest.split_first() {
            let length = usize::from(first & 0x0f);
            let (values, size) = match first >> 4 {
                _ if first & SMALL != 0 => (1, 0),
                NOTHING if length > 0 => (length, 0),
                UNSIGNED | SIGNED | REAL if length <= 8 => (1, length),
                WITHIN if length <= 8 => (1, length + 1),
                _ => return None,
            };
            let (own, behind) = behind.split_at_checked(size)?;
            if first >> 4 == WITHIN && own[length] & 0x7f >= 64 {
                return None;
            }
            count += values;
            rest = behind;
        }
        Some((PackedValues(bytes.into()), count))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As many metrics more that were not measured.
    pub fn extend(&mut self, more: usize) {
        let mut values: Vec<_> = self.iter().collect();
        values.resize(values.len() + more, None);
        *self = PackedValues::of(&values, &mut Vec::new());
    }

    /// The values, in order.
    pub fn iter(&self) -> Values<'_> {
        Values {
            bytes: &self.0,
            nothing: 0,
        }
    }

    /// Changes the values.
    pub fn change(&mut self, change: impl FnOnce(&mut [Option<Value>])) {
        let mut values: Vec<_> = self.iter().collect();
        change(&mut values);
        *self = PackedValues::of(&values, &mut Vec::new());
    }
}

/// Appends the lowest bytes of a number up to the last one that is not 0.
fn push(bytes: &mut Vec<u8>, kind: u8, number: u64) {
    let length = 8 - number.leading_zeros() as usize / 8;
    bytes.push(kind << 4 | length as u8);
    bytes.extend_from_slice(&number.to_le_bytes()[..length]);
}

/// Appends the highest bytes of the bits of a number down to the last one that is not 0.
fn push_high(bytes: &mut Vec<u8>, bits: u64) {
    let zeros = (bits.trailing_zeros() as usize / 8).min(8);
    bytes.push(REAL << 4 | (8 - zeros) as u8);
    bytes.extend_from_slice(&bits.to_le_bytes()[zeros..]);
}

/// Takes packed values one after the other.
#[derive(Clone, Debug)]
pub(super) struct Values<'a> {
    bytes: &'a [u8],
    /// Metrics without a value that come first.
    nothing: u8,
}

impl Values<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(first)
    }

    /// The next bytes, at the place in a word that they were taken from.
    fn number(&mut self, length: usize, place: usize) -> u64 {
        let (own, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        let mut word = [0; 8];
        word[place..place + length].copy_from_slice(own);
        u64::from_le_bytes(word)
    }
}

impl Iterator for Values<'_> {
    type Item = Option<Value>;

    // As a call, a line of the tables takes an eighth more instructions.
    #[inline(always)]
    fn next(&mut self) -> Option<Option<Value>> {
        if self.nothing > 0 {
            self.nothing -= 1;
            return Some(None);
        }
        let first = self.byte()?;
        if first & SMALL != 0 {
            return Some(Some(Value::Unsigned((first & !SMALL).into())));
        }
        let length = usize::from(first & 0x0f);
        let value = match first >> 4 {
            NOTHING => {
                self.nothing = first - 1;
                return Some(None);
            }
            UNSIGNED => Value::Unsigned(self.number(length, 0)),
            SIGNED => Value::Signed(self.number(length, 0) as i64),
            REAL => Value::Real(f64::from_bits(self.number(length, 8 - length))),
            _ => {
                let low = self.number(length, 0);
                let shape = self.byte()?;
                let bucket = Bucket::new(low, shape & 0x7f);
                Value::Within(match shape >> 7 {
                    0 => bucket,
                    _ => bucket.negated(),
                })
            }
        };
        Some(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(values: &[Option<Value>]) -> Vec<String> {
        values.iter().map(|value| format!("{value:?}")).collect()
    }

    fn any_value() -> impl Strategy<Value = Option<Value>> {
        let number = || (any::<u64>(), 0u32..64).prop_map(|(bits, shift)| bits >> shift);
        prop_oneof![
            3 => Just(None),
            3 => number().prop_map(|it| Some(Value::Unsigned(it))),
            1 => number().prop_map(|it| Some(Value::Signed(-(it as i64 >> 1)))),
            2 => (number(), 0u32..64).prop_map(|(it, up)| Some(Value::Real(f64::from_bits(it << up)))),
            1 => (number(), 1u8..64, any::<bool>()).prop_map(|(low, shift, below)| {
                let bucket = Bucket::new(low >> shift << shift, shift);
                Some(Value::Within(if below { bucket.negated() } else { bucket }))
            }),
        ]
    }

    #[test]
    fn small_integers_and_missing_values_take_a_byte() {
        let values = [Some(Value::Unsigned(127)); 20];
        assert_eq!(PackedValues::of(&values, &mut Vec::new()).0.len(), 20);
        for (count, length) in [(15, 1), (16, 2), (31, 3)] {
            let values = vec![None; count];
            let packed = PackedValues::of(&values, &mut Vec::new());
            assert_eq!(packed.0.len(), length);
            assert_eq!(packed.iter().collect::<Vec<_>>(), values);
        }
        let short = [Some(Value::Real(1.5)), Some(Value::Unsigned(300))];
        assert_eq!(PackedValues::of(&short, &mut Vec::new()).0.len(), 6);
    }

    #[test]
    fn more_values_follow_the_last_one() {
        let mut packed = PackedValues::of(&[None, Some(Value::Unsigned(9))], &mut Vec::new());
        packed.extend(2);
        let all = [None, Some(Value::Unsigned(9)), None, None];
        assert_eq!(packed.iter().collect::<Vec<_>>(), all);
    }

    proptest! {
        #[test]
        fn any_bytes_are_values_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some((packed, count)) = PackedValues::from_bytes(&bytes) {
                prop_assert_eq!(packed.iter().count(), count);
            }
        }

        #[test]
        fn values_come_back_with_the_same_bits(
            values in prop::collection::vec(any_value(), 0..80),
        ) {
            let mut room = vec![7; 3];
            let mut packed = PackedValues::of(&values, &mut room);
            let back: Vec<_> = packed.iter().collect();
            prop_assert_eq!(text(&back), text(&values));
            prop_assert_eq!(&packed, &PackedValues::of(&back, &mut room));
            let whole = PackedValues::from_bytes(packed.as_bytes());
            prop_assert_eq!(whole, Some((packed.clone(), values.len())));
            packed.change(|all| all.fill(None));
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), vec![None; values.len()]);
        }
    }
}
