//! Values: as they are kept, and as they are found quickly.

use std::sync::Arc;

use crate::evaluate::Failure;

/// A value that is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Truth(bool),
    /// A whole number, or a duration.
    Whole(i64),
    /// The same, beyond the range of [`Value::Whole`].
    Wide(Wide),
    Real(f64),
    Text(Arc<str>),
    /// The expression could not be evaluated. That matters only where the value is used.
    Failed(Failure),
}

/// 128 bits in two halves: an `i128` would make every [`Value`] a third larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wide {
    high: i64,
    low: u64,
}

impl Value {
    /// Of a whole number.
    pub fn whole(number: i128) -> Value {
        match i64::try_from(number) {
            Ok(number) => Value::Whole(number),
            Err(_) => Value::Wide(Wide {
                high: (number >> 64) as i64,
                low: number as u64,
            }),
        }
    }

    /// The whole number, if it is one.
    pub fn as_whole(&self) -> Option<i128> {
        match self {
            Value::Whole(number) => Some((*number).into()),
            Value::Wide(wide) => Some(i128::from(wide.high) << 64 | i128::from(wide.low)),
            _ => None,
        }
    }
}

/// What an evaluation in 64 bits comes to. It has no failures and no wide numbers; the
/// exact evaluation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quick<T> {
    /// The value, as the exact evaluation finds it.
    Is(T),
    /// A column that it needs has no value.
    Absent,
    /// Not known here: the exact evaluation says.
    Unsure,
}

impl<T> Quick<T> {
    /// Applies a function to the value.
    #[inline]
    pub fn map<U>(self, function: impl FnOnce(T) -> U) -> Quick<U> {
        match self {
            Quick::Is(value) => Quick::Is(function(value)),
            Quick::Absent => Quick::Absent,
            Quick::Unsure => Quick::Unsure,
        }
    }

    /// `None` is unsure.
    #[inline]
    pub fn sure(value: Option<T>) -> Quick<T> {
        match value {
            Some(value) => Quick::Is(value),
            None => Quick::Unsure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_whole_number_is_kept_as_it_is(number in any::<i128>(), small in any::<i64>()) {
            prop_assert_eq!(Value::whole(number).as_whole(), Some(number));
            prop_assert_eq!(Value::whole(small.into()), Value::Whole(small));
        }
    }

    #[test]
    fn a_value_takes_three_words() {
        assert_eq!(size_of::<Option<Value>>(), 24);
    }
}
