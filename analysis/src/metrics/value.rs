//! The value of a metric, exact if it is an integer, and its text in `summary.csv`. Of a
//! percentile of very many samples, only the bucket is known that it lies in.

use std::fmt;

/// The value of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// An integer of 0 or more.
    Unsigned(u64),
    /// An integer that may be negative.
    Signed(i64),
    /// Any other number.
    Real(f64),
    /// An integer that is known to lie in this bucket.
    Within(Bucket),
}

/// Integers from a first to a last one: those that differ only in their lowest bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The least size.
    low: u64,
    /// Number of bits in which the sizes differ, at most 63.
    shift: u8,
    /// Whether the integers are below 0.
    negative: bool,
}

impl Bucket {
    /// The integers from `low` that differ in so many of their lowest bits, which are 0
    /// in `low`.
    pub fn new(low: u64, shift: u8) -> Bucket {
        Bucket {
            low,
            shift,
            negative: false,
        }
    }

    /// The least and the greatest size.
    pub fn ends(self) -> (u64, u64) {
        (self.low, self.low | ((1 << self.shift) - 1))
    }

    /// The least size, the number of bits in which the sizes differ, and whether the
    /// integers are below 0.
    pub(super) fn parts(self) -> (u64, u8, bool) {
        (self.low, self.shift, self.negative)
    }

    /// The same integers below 0.
    pub fn negated(self) -> Bucket {
        Bucket {
            negative: true,
            ..self
        }
    }

    /// The value: exact if the bucket has one integer.
    pub fn value(self) -> Value {
        match (self.shift, self.negative) {
            (0, false) => Value::Unsigned(self.low),
            (0, true) => Value::Signed(0i64.saturating_sub_unsigned(self.low)),
            _ => Value::Within(self),
        }
    }

    /// The integer in the middle.
    fn middle(self) -> Value {
        let (low, high) = self.ends();
        Bucket {
            low: low + (high - low).div_ceil(2),
            shift: 0,
            negative: self.negative,
        }
        .value()
    }

    /// Reads what [`Value::exact`] wrote, without the sign in front.
    fn from_exact(text: &str) -> Option<Bucket> {
        let (size, negative) = match text.strip_prefix('-') {
            Some(size) => (size, true),
            None => (text, false),
        };
        let (low, shift) = size.split_once('/')?;
        let shift: u8 = shift.parse().ok().filter(|shift| *shift < 64)?;
        Some(Bucket {
            low: low.parse().ok()?,
            shift,
            negative,
        })
    }
}

impl Value {
    /// The number; a large integer is rounded to the nearest `f64`.
    pub fn as_f64(self) -> f64 {
        match self {
            Value::Unsigned(value) => value as f64,
            Value::Signed(value) => value as f64,
            Value::Real(value) => value,
            Value::Within(bucket) => bucket.middle().as_f64(),
        }
    }

    /// The least and the greatest number that the value may be.
    pub fn bounds(self) -> (f64, f64) {
        match self {
            Value::Within(bucket) => {
                let (low, high) = bucket.ends();
                match bucket.negative {
                    false => (low as f64, high as f64),
                    true => (-(high as f64), -(low as f64)),
                }
            }
            exact => (exact.as_f64(), exact.as_f64()),
        }
    }

    /// Reads what [`Value`]'s `Display` wrote; `None` if it is no number.
    pub fn parse(text: &str) -> Option<Value> {
        if let Ok(value) = text.parse() {
            return Some(Value::Unsigned(value));
        }
        if let Ok(value) = text.parse() {
            return Some(Value::Signed(value));
        }
        text.parse().ok().map(Value::Real)
    }
}

impl Value {
    /// Reads a word of a journal of an older version: a value to the last digit, a signed integer
    /// with its sign, a bucket as `~LEAST/WIDTH`; `None` if it is none.
    pub fn from_exact(text: &str) -> Option<Value> {
        if let Some(bucket) = text.strip_prefix('~') {
            return Bucket::from_exact(bucket).map(Value::Within);
        }
        if text.starts_with(['+', '-'])
            && let Ok(value) = text.parse()
        {
            return Some(Value::Signed(value));
        }
        Value::parse(text)
    }
}

impl Value {
    /// Appends the value as `Display` has it.
    pub fn push(self, out: &mut Vec<u8>) {
        match self {
            Value::Unsigned(value) => push_integer(out, value),
            Value::Signed(value) => {
                if value < 0 {
                    out.push(b'-');
                }
                push_integer(out, value.unsigned_abs());
            }
            Value::Real(value) => push_real(out, value),
            Value::Within(bucket) => bucket.middle().push(out),
        }
    }
}

fn push_integer(out: &mut Vec<u8>, value: u64) {
    if value < 10 {
        return out.push(b'0' + value as u8);
    }
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a number with at most 6 decimals and no trailing zeros.
fn push_real(out: &mut Vec<u8>, value: f64) {
    match millionths(value.abs()) {
        Some(millionths) => {
            if value < 0.0 && millionths > 0 {
                out.push(b'-');
            }
            push_integer(out, millionths / 1_000_000);
            push_decimals(out, (millionths % 1_000_000) as u32);
        }
        None if value.is_finite() => {
            let text = format!("{value:.6}");
            let text = text.trim_end_matches('0').trim_end_matches('.');
            out.extend_from_slice(if text == "-0" { b"0" } else { text.as_bytes() });
        }
        None => out.extend_from_slice(value.to_string().as_bytes()),
    }
}

/// Appends a point and so many millionths without trailing zeros; nothing if there are none.
fn push_decimals(out: &mut Vec<u8>, millionths: u32) {
    if millionths == 0 {
        return;
    }
    let mut text = *b".000000";
    let mut rest = millionths;
    for digit in text[1..].iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    let mut length = text.len();
    while text[length - 1] == b'0' {
        length -= 1;
    }
    out.extend_from_slice(&text[..length]);
}

/// A number of 0 or more in millionths, rounded to the nearest as `{:.6}` does; `None` if
/// it is large, or too near to the middle between two.
fn millionths(value: f64) -> Option<u64> {
    /// Below it, a product with a million has an error of at most a quarter.
    const LARGE: f64 = 4e9;
    /// A rounding error of the fraction is far smaller, and nearly all numbers are further
    /// from the middle. Arbitrary between the two.
    const NEAR: f64 = 1e-6;
    if value.is_nan() || value >= LARGE {
        return None;
    }
    let product = value * 1e6;
    // What the product was rounded by, exactly.
    let error = value.mul_add(1e6, -product);
    let floor = product.floor();
    let fraction = product - floor + error;
    let is_clear = (fraction - 0.5).abs() > NEAR && (fraction + 0.5).abs() > NEAR;
    is_clear.then(|| floor as u64 + u64::from(fraction > 0.5))
}

impl fmt::Display for Value {
    /// Integers in full; other numbers with at most 6 decimals and no trailing
    /// zeros, so that equal numbers are equal text (`4` for 4.0, `0` for -0). Of a bucket,
    /// the integer in the middle.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.push(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_those_of_the_standard_library() {
        let slowly = |value: f64| {
            let text = format!("{value:.6}");
            let text = text.trim_end_matches('0').trim_end_matches('.');
            (if text == "-0" { "0" } else { text }).to_owned()
        };
        let mut random = base::random::Random::from_seed(7);
        let mut quick = 0;
        for round in 0..50_000 {
            let bits = random.next_u64();
            let value = match round % 5 {
                // Any number; means of few samples; with six decimals; in the middle between
                // two; beside it.
                0 => f64::from_bits(bits),
                1 => (bits >> 34) as f64 / (1 + bits % 60) as f64,
                2 => (bits >> 14) as f64 / 1e6,
                3 => (bits >> 33) as f64 / 128.0,
                _ => ((bits >> 40) as f64 + 0.5) / 1e6,
            };
            let value = if round % 2 == 0 { value } else { -value };
            if value.is_finite() {
                assert_eq!(Value::Real(value).to_string(), slowly(value), "{value:e}");
                quick += u32::from(millionths(value.abs()).is_some());
            }
        }
        assert!(quick > 20_000, "{quick}");
        for value in [
            0.5e-6,
            1.5e-6,
            0.0000005000000001,
            4e9,
            4e9 - 0.000001,
            1e300,
        ] {
            assert_eq!(Value::Real(value).to_string(), slowly(value), "{value:e}");
        }
    }

    #[test]
    fn numbers_print_without_noise() {
        let cases = [
            (Value::Unsigned(u64::MAX), "18446744073709551615"),
            (Value::Signed(-3), "-3"),
            (Value::Signed(i64::MIN), "-9223372036854775808"),
            (Value::Unsigned(0), "0"),
            (Value::Real(f64::NEG_INFINITY), "-inf"),
            (Value::Real(4.0), "4"),
            (Value::Real(1.0 / 3.0), "0.333333"),
            (Value::Real(2.5), "2.5"),
            (Value::Real(100.0), "100"),
            (Value::Real(-0.000_000_1), "0"),
            (Value::Real(f64::NAN), "NaN"),
        ];
        for (value, text) in cases {
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn words_of_older_journals_are_values() {
        let wide = Bucket::new(1 << 20, 9);
        for (word, value) in [
            ("18446744073709551615", Value::Unsigned(u64::MAX)),
            ("+3", Value::Signed(3)),
            ("-9223372036854775808", Value::Signed(i64::MIN)),
            ("0.30000000000000004", Value::Real(0.1 + 0.2)),
            ("4.0", Value::Real(4.0)),
            ("-0.0", Value::Real(-0.0)),
            ("1e300", Value::Real(1e300)),
            ("5e-324", Value::Real(5e-324)),
            ("-inf", Value::Real(f64::NEG_INFINITY)),
            ("NaN", Value::Real(f64::NAN)),
            ("~1048576/9", Value::Within(wide)),
            ("~-1048576/9", Value::Within(wide.negated())),
        ] {
            let read = Value::from_exact(word).unwrap();
            assert_eq!(format!("{read:?}"), format!("{value:?}"));
        }
        assert_eq!(Value::from_exact("+"), None);
    }

    #[test]
    fn text_reads_back_as_the_same_text() {
        for text in ["18446744073709551615", "-3", "4", "0.333333", "NaN", "-inf"] {
            assert_eq!(Value::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Value::parse("machine"), None);
        assert_eq!(Value::parse(""), None);
    }
}
