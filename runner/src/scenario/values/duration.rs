//! Durations as text with a unit: `250us`, `1.5s`, `1m30s`.
//!
//! Read exactly, in whole nanoseconds: a decimal fraction is scaled as the
//! digits say, and one that is finer than a nanosecond is refused rather than
//! rounded.

use super::super::document::ValueKind as Kind;
use super::super::reader::Field;
use super::decimal::{DecimalError, scaled, split};

/// The units, largest first, with their nanoseconds.
const UNITS: [(&str, u64); 8] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("ns", 1),
];

/// What keeps text from being a duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DurationError {
    /// It is not a sequence of numbers with units.
    Malformed,
    /// A number stands without a unit.
    NoUnit,
    /// It begins with a minus.
    Negative,
    /// This is no unit.
    UnknownUnit(String),
    /// The units do not go from larger to smaller.
    Disordered,
    /// It has digits beyond the nanosecond.
    TooFine,
    /// It is longer than 2^64 ns, 584 years.
    TooLong,
}

/// The duration that a text stands for `[ns]`.
///
/// # Errors
/// What keeps it from being one.
pub fn parse(text: &str) -> Result<u64, DurationError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(DurationError::Malformed);
    }
    let mut total: u64 = 0;
    let mut previous = u64::MAX;
    while !rest.is_empty() {
        if rest.starts_with('-') {
            return Err(DurationError::Negative);
        }
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let after = after.trim_start();
        let (unit, after) = split(after, char::is_alphabetic);
        if !number.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(DurationError::Malformed);
        }
        if unit.is_empty() {
            return Err(match after.is_empty() {
                true => DurationError::NoUnit,
                false => DurationError::Malformed,
            });
        }
        let Some(&(_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(DurationError::UnknownUnit(unit.to_owned()));
        };
        if scale >= previous {
            return Err(DurationError::Disordered);
        }
        previous = scale;
        let part = scaled(number, scale)?;
        total = total.checked_add(part).ok_or(DurationError::TooLong)?;
        rest = after.trim_start();
    }
    Ok(total)
}

impl From<DecimalError> for DurationError {
    fn from(error: DecimalError) -> DurationError {
        match error {
            DecimalError::Malformed => DurationError::Malformed,
            DecimalError::TooFine => DurationError::TooFine,
            DecimalError::TooLarge => DurationError::TooLong,
        }
    }
}

/// A duration that may have a minus before it `[ns]`; at most 292 years.
pub fn read_signed(field: Field<'_>) -> Option<i64> {
    let text = match &field.value.kind {
        Kind::Text(text) => text.trim(),
        _ => return read(field)?.try_into().ok(),
    };
    let (size, sign) = match text.strip_prefix('-') {
        Some(size) => (size, -1),
        None => (text, 1),
    };
    match read_text(field, size).map(i64::try_from)? {
        Ok(size) => Some(sign * size),
        Err(_) => field.expected("less than 292 years (2^63 ns)"),
    }
}

/// A duration `[ns]`.
pub fn read(field: Field<'_>) -> Option<u64> {
    let text = match &field.value.kind {
        Kind::Text(text) => text,
        Kind::Integer(Some(number)) if *number >= 0 => {
            return field.expected_with_help(
                "a duration with a unit",
                format!("write `\"{number}s\"` for seconds"),
            );
        }
        Kind::Float(number) if *number >= 0.0 && number.is_finite() => {
            return field.expected_with_help(
                "a duration with a unit",
                format!("write `\"{number}s\"` for seconds"),
            );
        }
        _ => return field.expected("a duration, such as \"60s\""),
    };
    read_text(field, text)
}

/// The duration that `text`, the field's or a part of it, stands for `[ns]`.
fn read_text(field: Field<'_>, text: &str) -> Option<u64> {
    let units = || "units: ns, us, ms, s, m, h, d; for example `\"1m30s\"`".to_owned();
    match parse(text) {
        Ok(duration) => Some(duration),
        Err(DurationError::Malformed) => field.expected_with_help("a duration", units()),
        Err(DurationError::NoUnit) => match text.trim().bytes().all(|b| b.is_ascii_digit()) {
            true => field.expected_with_help(
                "a duration with a unit",
                format!("write `\"{}s\"` for seconds", text.trim()),
            ),
            false => field.expected_with_help("a unit behind each number", units()),
        },
        Err(DurationError::Negative) => field.expected("a duration of 0 or more"),
        Err(DurationError::UnknownUnit(unit)) => {
            field.expected_with_help(&format!("a duration, and `{unit}` is no unit"), units())
        }
        Err(DurationError::Disordered) => {
            field.expected_with_help("units from larger to smaller, each once", units())
        }
        Err(DurationError::TooFine) => field.expected("whole nanoseconds"),
        Err(DurationError::TooLong) => field.expected("less than 584 years (2^64 ns)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        let cases = [
            ("0s", 0),
            ("250us", 250_000),
            ("250\u{b5}s", 250_000),
            ("1m30s", 90_000_000_000),
            ("1h 30m", 5_400_000_000_000),
            ("1.5s", 1_500_000_000),
            ("0.000000001s", 1),
            ("0.1m", 6_000_000_000),
            ("2d", 172_800_000_000_000),
            ("0.5d", 43_200_000_000_000),
            ("18446744073709551615ns", u64::MAX),
            ("1.000000000000000s", 1_000_000_000),
        ];
        for (text, ns) in cases {
            assert_eq!(parse(text), Ok(ns), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        use DurationError::*;
        let cases = [
            ("", Malformed),
            ("s", Malformed),
            ("1..5s", Malformed),
            ("1.s", Malformed),
            (".5s", Malformed),
            ("5s!", Malformed),
            ("60", NoUnit),
            ("1m30", NoUnit),
            ("-5s", Negative),
            ("5sec", UnknownUnit("sec".to_owned())),
            ("5S", UnknownUnit("S".to_owned())),
            ("30s1m", Disordered),
            ("1s1s", Disordered),
            ("0.5ns", TooFine),
            ("0.0000000000055d", TooFine),
            ("1_000ns", Malformed),
            ("18446744073709551616ns", TooLong),
            ("999999999999999999999d", TooLong),
            ("213503d24h", TooLong),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
