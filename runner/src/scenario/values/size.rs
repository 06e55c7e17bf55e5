//! Sizes as text with a unit: `64KiB`, `1.5 MB`; or a plain number of bytes.
//!
//! A bare number is accepted, other than for durations: bytes are the one unit
//! that it can mean, and there is nothing smaller.

use super::super::document::ValueKind as Kind;
use super::super::reader::Field;
use super::decimal::{DecimalError, scaled, split};

/// The units with their bytes. `k` is written small and large by as many people.
const UNITS: [(&str, u64); 10] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// What keeps text from being a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SizeError {
    /// It is not one number with one unit.
    Malformed,
    /// The number stands without a unit.
    NoUnit,
    /// This is no unit.
    UnknownUnit(String),
    /// It is no whole number of bytes.
    PartOfByte,
    /// It is more than 2^64 bytes.
    TooLarge,
}

/// The size that a text stands for `[bytes]`.
///
/// # Errors
/// What keeps it from being one.
pub fn parse(text: &str) -> Result<u64, SizeError> {
    let (number, unit) = split(text.trim(), |c| c.is_ascii_digit() || c == '.');
    let unit = unit.trim_start();
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(SizeError::Malformed);
    }
    if unit.is_empty() {
        return Err(SizeError::NoUnit);
    }
    if !unit.chars().all(char::is_alphabetic) {
        return Err(SizeError::Malformed);
    }
    let Some(&(_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(SizeError::UnknownUnit(unit.to_owned()));
    };
    scaled(number, scale).map_err(|error| match error {
        DecimalError::Malformed => SizeError::Malformed,
        DecimalError::TooFine => SizeError::PartOfByte,
        DecimalError::TooLarge => SizeError::TooLarge,
    })
}

/// A size from `low` to `high` `[bytes]`.
pub fn size(low: u64, high: u64) -> impl Fn(Field<'_>) -> Option<u64> {
    move |field| {
        let bytes = match field.value.kind {
            Kind::Integer(bytes) => bytes.and_then(|it| u64::try_from(it).ok()),
            _ => Some(read(field)?),
        };
        match bytes {
            Some(bytes) if (low..=high).contains(&bytes) => Some(bytes),
            _ => field.expected(&format!("{} to {}", spelled(low), spelled(high))),
        }
    }
}

/// Bytes per second, from 1 to `high`: a size, `/s` behind it or not.
pub fn bandwidth(high: u64) -> impl Fn(Field<'_>) -> Option<u64> {
    move |field| {
        let bytes = match &field.value.kind {
            Kind::Integer(bytes) => bytes.and_then(|it| u64::try_from(it).ok()),
            Kind::Text(text) => {
                let text = text.trim_end();
                Some(read_text(field, text.strip_suffix("/s").unwrap_or(text))?)
            }
            _ => return field.expected("bytes per second, such as \"1MiB\""),
        };
        match bytes {
            Some(bytes) if (1..=high).contains(&bytes) => Some(bytes),
            _ => field.expected(&format!("{} to {} per second", spelled(1), spelled(high))),
        }
    }
}

/// A size that is written as text `[bytes]`.
fn read(field: Field<'_>) -> Option<u64> {
    match &field.value.kind {
        Kind::Text(text) => read_text(field, text),
        _ => field.expected("a size, such as \"64KiB\""),
    }
}

/// The size that `text`, the field's or a part of it, stands for `[bytes]`.
fn read_text(field: Field<'_>, text: &str) -> Option<u64> {
    let units = || "units: B, kB, MB, GB, KiB, MiB, GiB; for example `\"64KiB\"`".to_owned();
    match parse(text) {
        Ok(bytes) => Some(bytes),
        Err(SizeError::Malformed) => field.expected_with_help("a size", units()),
        Err(SizeError::NoUnit) => field.expected_with_help("a size with a unit", units()),
        Err(SizeError::UnknownUnit(unit)) => {
            field.expected_with_help(&format!("a size, and `{unit}` is no unit"), units())
        }
        Err(SizeError::PartOfByte) => field.expected("whole bytes"),
        Err(SizeError::TooLarge) => field.expected("less than 2^64 bytes"),
    }
}

/// A size in the largest unit that divides it: `4GiB`.
fn spelled(bytes: u64) -> String {
    let binary = UNITS.iter().rev().filter(|(name, _)| name.contains('i'));
    for (name, scale) in binary {
        if bytes > 0 && bytes.is_multiple_of(*scale) {
            return format!("{}{name}", bytes / scale);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_exactly() {
        let cases = [
            ("0B", 0),
            ("1 B", 1),
            ("64KiB", 65_536),
            ("16 MiB", 16_777_216),
            ("1.5KiB", 1_536),
            ("1.5kB", 1_500),
            ("2KB", 2_000),
            (" 4GiB ", 4_294_967_296),
            ("0.5TB", 500_000_000_000),
            ("18446744073709551615B", u64::MAX),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_says_why() {
        use SizeError::*;
        let cases = [
            ("", Malformed),
            ("KiB", Malformed),
            ("-1KiB", Malformed),
            (".5MiB", Malformed),
            ("1.MiB", Malformed),
            ("1..5MiB", Malformed),
            ("1MiB512KiB", Malformed),
            ("64", NoUnit),
            ("64K", UnknownUnit("K".to_owned())),
            ("64kib", UnknownUnit("kib".to_owned())),
            ("1Mb", UnknownUnit("Mb".to_owned())),
            ("1.5B", PartOfByte),
            ("0.3KiB", PartOfByte),
            ("18446744073709551616B", TooLarge),
            ("99999999TiB", TooLarge),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn bounds_are_spelled_in_their_largest_unit() {
        let cases = [(1, "1B"), (4 << 30, "4GiB"), (65_536, "64KiB"), (0, "0B")];
        for (bytes, text) in cases {
            assert_eq!(spelled(bytes), text);
        }
    }
}
