//! Decimal numbers, kept exactly as they are written: `1.1` is 11/10, and not the
//! binary fraction next to it.
//!
//! A rate of 1.1 ticks per second has its tick 33 at 30 s sharp. The `f64` of 1.1 is a
//! little more than 1.1, and so the tick would come a nanosecond early.

use std::fmt;

/// A decimal number: `digits / 10^places`.
///
/// It has as few places as possible, so two of them are equal exactly if their values
/// are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// The low and the high part of its digits, as a number of 96 bits: so it takes 16
    /// bytes, and a million nodes with rates of their own are sorted no slower.
    low: u64,
    high: i32,
    places: u8,
}

/// Most digits behind the point, and most digits in all. With both, 10^9 divided by the
/// number is a fraction of two numbers of 128 bits.
pub const MAX_DIGITS: usize = 28;

impl Decimal {
    /// This whole number; below 2^95.
    pub const fn whole(number: i128) -> Decimal {
        Decimal::new(number, 0)
    }

    const fn new(digits: i128, places: u8) -> Decimal {
        Decimal {
            low: digits as u64,
            high: (digits >> 64) as i32,
            places,
        }
    }

    /// The number that a text stands for: `1.1`, `-0.5`, `1e-3`, `1_000`. `None` if it
    /// is no decimal number, or has more than [`MAX_DIGITS`] digits.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (sign, number) = match number.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits: String = [whole, fraction].concat().replace('_', "");
        if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        let places = fraction.bytes().filter(u8::is_ascii_digit).count() as i64;
        let significant = digits.trim_start_matches('0');
        let kept = significant.trim_end_matches('0');
        if kept.is_empty() {
            return Some(Decimal::whole(0));
        }
        // The value is `kept * 10^shift`.
        let shift = (significant.len() - kept.len()) as i64 + i64::from(exponent) - places;
        let most = MAX_DIGITS as i64;
        if kept.len() as i64 + shift.max(0) > most || shift < -most {
            return None;
        }
        let kept: i128 = kept.parse().ok()?;
        let digits = sign * kept * 10_i128.pow(shift.max(0) as u32);
        Some(Decimal::new(digits, (-shift).max(0) as u8))
    }

    /// The shortest decimal number that is read as this one. `None` if that has more than
    /// [`MAX_DIGITS`] digits, or if the number is not finite.
    pub fn of(number: f64) -> Option<Decimal> {
        Decimal::parse(&number.to_string())
    }

    /// Its digits, without the point.
    pub fn digits(self) -> i128 {
        i128::from(self.high) << 64 | i128::from(self.low)
    }

    /// Numerator and denominator; the denominator is a power of ten.
    pub fn ratio(self) -> (i128, u128) {
        (self.digits(), 10_u128.pow(self.places.into()))
    }

    /// The nearest `f64`.
    pub fn to_f64(self) -> f64 {
        // A quotient of two rounded numbers may be one unit off; the parser is not.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The whole part, rounded to the nearest whole number, halves away from 0.
    pub fn round(self) -> i128 {
        let (digits, ten) = self.ratio();
        let ten = ten as i128;
        (digits + digits.signum() * (ten / 2)) / ten
    }

    /// Whether it is a whole number.
    pub fn is_whole(self) -> bool {
        self.places == 0
    }
}

impl fmt::Display for Decimal {
    /// As people write it: `1.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (digits, ten) = self.ratio();
        let sign = if digits < 0 { "-" } else { "" };
        let (whole, rest) = (digits.unsigned_abs() / ten, digits.unsigned_abs() % ten);
        match usize::from(self.places) {
            0 => write!(f, "{sign}{whole}"),
            places => write!(f, "{sign}{whole}.{rest:0places$}"),
        }
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_written_and_shown_without_needless_digits() {
        let cases = [
            ("1.1", "1.1"),
            ("01.10", "1.1"),
            ("-0.50", "-0.5"),
            ("+3", "3"),
            ("1e-3", "0.001"),
            ("11E-1", "1.1"),
            ("2.5e3", "2500"),
            ("1_000.5", "1000.5"),
            ("0.000", "0"),
            ("33.33333333333333333333", "33.33333333333333333333"),
            ("1e-28", "0.0000000000000000000000000001"),
            (
                "-9999999999999999999999999999",
                "-9999999999999999999999999999",
            ),
            ("-18446744073709551616", "-18446744073709551616"),
        ];
        for (text, shown) in cases {
            let number = Decimal::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(number.to_string(), shown);
        }
        assert_eq!(Decimal::parse("1.10"), Decimal::parse("1.1"));
    }

    #[test]
    fn what_is_no_number_or_too_long_is_refused() {
        let long = "0.12345678901234567890123456789";
        for text in [
            "", ".", "-", "inf", "nan", "1.2.3", "0x1", "1e29", "1e-29", long,
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_its_shortest_decimal() {
        for number in [1.1, 0.1, 33.333, 1e9, 123456789.123, -2.5, 0.0] {
            let decimal = Decimal::of(number).unwrap();
            assert_eq!(decimal.to_f64(), number);
            assert_eq!(decimal.to_string(), number.to_string());
        }
        assert_eq!(Decimal::of(1.1).unwrap().ratio(), (11, 10));
        assert_eq!(Decimal::of(f64::INFINITY), None);
        assert_eq!(Decimal::of(1e300), None);
    }

    #[test]
    fn rounding_goes_to_the_nearest_whole_number() {
        let round = |text| Decimal::parse(text).unwrap().round();
        assert_eq!(
            ["1.4", "1.5", "-1.5", "-1.4", "7"].map(round),
            [1, 2, -2, -1, 7]
        );
    }
}
