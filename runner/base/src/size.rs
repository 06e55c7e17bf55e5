//! Sizes as people write them: `64KiB`, `1.5 MB`, `512 mebibytes`.
//!
//! One parser for scenario keys and options of commands. A text is one number with
//! one unit, with or without a blank between them, and is read exactly.

use std::error::Error;
use std::fmt;

use crate::decimal::{DecimalError, Unit, alternatives, scaled, split, unit};

/// The units in bytes. Many people write `K` for `k`.
const UNITS: [Unit; 9] = [
    Unit {
        names: &["B", "byte", "bytes"],
        scale: 1,
    },
    Unit {
        names: &["kB", "KB", "kilobyte", "kilobytes"],
        scale: 1_000,
    },
    Unit {
        names: &["MB", "megabyte", "megabytes"],
        scale: 1_000_000,
    },
    Unit {
        names: &["GB", "gigabyte", "gigabytes"],
        scale: 1_000_000_000,
    },
    Unit {
        names: &["TB", "terabyte", "terabytes"],
        scale: 1_000_000_000_000,
    },
    Unit {
        names: &["KiB", "kibibyte", "kibibytes"],
        scale: 1 << 10,
    },
    Unit {
        names: &["MiB", "mebibyte", "mebibytes"],
        scale: 1 << 20,
    },
    Unit {
        names: &["GiB", "gibibyte", "gibibytes"],
        scale: 1 << 30,
    },
    Unit {
        names: &["TiB", "tebibyte", "tebibytes"],
        scale: 1 << 40,
    },
];

/// Why a text is no size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SizeError {
    /// It is not one number with one unit.
    Malformed,
    /// The number has no unit.
    NoUnit,
    /// This is no unit.
    UnknownUnit(String),
    /// It is no whole number of bytes.
    PartOfByte,
    /// It is 2^64 bytes or more.
    TooLarge,
}

impl SizeError {
    /// What was expected instead: `a size with a unit`.
    pub fn expected(&self) -> String {
        match self {
            SizeError::Malformed => "a size".to_owned(),
            SizeError::NoUnit => "a size with a unit".to_owned(),
            SizeError::UnknownUnit(unit) => format!("a size, and `{unit}` is no unit"),
            SizeError::PartOfByte => "whole bytes".to_owned(),
            SizeError::TooLarge => "less than 2^64 bytes".to_owned(),
        }
    }

    /// What to write, where that is not plain from what was expected.
    pub fn help(&self) -> Option<String> {
        match self {
            SizeError::Malformed | SizeError::NoUnit | SizeError::UnknownUnit(_) => {
                Some("units: B, kB, MB, GB, KiB, MiB, GiB; for example `\"64KiB\"`".to_owned())
            }
            SizeError::PartOfByte | SizeError::TooLarge => None,
        }
    }
}

impl fmt::Display for SizeError {
    /// `expected a size with a unit (units: B, kB, ..)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected())?;
        match self.help() {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl Error for SizeError {}

/// The size that a text stands for `[bytes]`.
///
/// # Errors
/// If it stands for none.
pub fn parse(text: &str) -> Result<u64, SizeError> {
    let (number, name) = split(text.trim(), |c| c.is_ascii_digit() || c == '.');
    let name = name.trim_start();
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(SizeError::Malformed);
    }
    if name.is_empty() {
        return Err(SizeError::NoUnit);
    }
    if !name.chars().all(char::is_alphabetic) {
        return Err(SizeError::Malformed);
    }
    let Some(unit) = unit(&UNITS, name) else {
        return Err(SizeError::UnknownUnit(name.to_owned()));
    };
    scaled(number, unit.scale).map_err(|error| match error {
        DecimalError::Malformed => SizeError::Malformed,
        DecimalError::TooFine => SizeError::PartOfByte,
        DecimalError::TooLarge => SizeError::TooLarge,
    })
}

/// A size in the largest binary unit that divides it: `4GiB`, `1000B`.
pub fn to_text(bytes: u64) -> String {
    let divides = |unit: &&Unit| bytes.is_multiple_of(unit.scale);
    let binary = UNITS.iter().filter(|unit| unit.scale.is_power_of_two());
    match binary.rev().find(divides) {
        Some(unit) if bytes > 0 => format!("{}{}", bytes / unit.scale, unit.names[0]),
        _ => format!("{bytes}B"),
    }
}

/// A regular expression for the text of a size, without its end (`$`).
pub fn pattern() -> String {
    format!(r"^\s*[0-9]+(\.[0-9]+)?\s*({})\s*", alternatives(&UNITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_exactly() {
        for (text, bytes) in [
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
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn every_name_of_a_unit_is_read_with_and_without_a_blank() {
        for Unit { names, scale } in &UNITS {
            for name in *names {
                for text in [format!("2{name}"), format!("2 {name}")] {
                    assert_eq!(parse(&text), Ok(2 * scale), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_text_that_is_no_size_has_its_error() {
        use SizeError::*;
        for (text, error) in [
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
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_size_is_shown_in_the_largest_binary_unit_that_divides_it() {
        for (bytes, text) in [
            (1, "1B"),
            (4 << 30, "4GiB"),
            (65_536, "64KiB"),
            (1000, "1000B"),
            (0, "0B"),
        ] {
            assert_eq!(to_text(bytes), text);
        }
    }
}
