//! The value of a metric, exact if it is an integer, and its text in `summary.csv`.

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
}

impl Value {
    /// The number; a large integer is rounded to the nearest `f64`.
    pub fn as_f64(self) -> f64 {
        match self {
            Value::Unsigned(value) => value as f64,
            Value::Signed(value) => value as f64,
            Value::Real(value) => value,
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
    /// The value as text; [`Value::from_exact`] reads the same value, to the last
    /// digit.
    pub fn exact(self) -> String {
        match self {
            Value::Unsigned(value) => value.to_string(),
            Value::Signed(value) => format!("{value:+}"),
            // A finite number has a point or an exponent.
            Value::Real(value) => format!("{value:?}"),
        }
    }

    /// Reads what [`Value::exact`] wrote; `None` if it is no number.
    pub fn from_exact(text: &str) -> Option<Value> {
        if text.starts_with(['+', '-'])
            && let Ok(value) = text.parse()
        {
            return Some(Value::Signed(value));
        }
        Value::parse(text)
    }
}

impl fmt::Display for Value {
    /// Integers in full; other numbers with at most 6 decimals and no trailing
    /// zeros, so that equal numbers are equal text (`4` for 4.0, `0` for -0).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Value::Unsigned(value) => write!(f, "{value}"),
            Value::Signed(value) => write!(f, "{value}"),
            Value::Real(value) if value.is_finite() => {
                let text = format!("{value:.6}");
                let text = text.trim_end_matches('0').trim_end_matches('.');
                f.write_str(if text == "-0" { "0" } else { text })
            }
            Value::Real(value) => write!(f, "{value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_without_noise() {
        let cases = [
            (Value::Unsigned(u64::MAX), "18446744073709551615"),
            (Value::Signed(-3), "-3"),
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
    fn exact_text_reads_back_as_the_same_value() {
        let reals = [0.1 + 0.2, 4.0, -0.0, 1e300, 5e-324, f64::NEG_INFINITY];
        let values = [Value::Unsigned(u64::MAX), Value::Unsigned(0)]
            .into_iter()
            .chain([3, 0, i64::MIN].map(Value::Signed))
            .chain(reals.map(Value::Real));
        for value in values {
            let back = Value::from_exact(&value.exact()).unwrap();
            assert_eq!(format!("{back:?}"), format!("{value:?}"));
        }
        let nan = Value::from_exact(&Value::Real(f64::NAN).exact());
        assert!(nan.is_some_and(|value| value.as_f64().is_nan()));
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
