//! Durations as people write them: `250us`, `1.5s`, `1m30s`, `2 sec`.
//!
//! One parser for scenario keys, options of commands and configs of plugins. A text
//! is numbers with units, from larger to smaller, with or without blanks between
//! them. It is read exactly, in whole nanoseconds; a fraction of a nanosecond is an
//! error and is not rounded.

use std::error::Error;
use std::fmt;

use crate::decimal::{DecimalError, Unit, alternatives, scaled, split, unit};
use crate::time::SimDuration;

/// The units, largest first, in nanoseconds.
const UNITS: [Unit; 8] = [
    Unit {
        names: &["w", "week", "weeks"],
        scale: 604_800_000_000_000,
    },
    Unit {
        names: &["d", "day", "days"],
        scale: 86_400_000_000_000,
    },
    Unit {
        names: &["h", "hr", "hrs", "hour", "hours"],
        scale: 3_600_000_000_000,
    },
    Unit {
        names: &["m", "min", "mins", "minute", "minutes"],
        scale: 60_000_000_000,
    },
    Unit {
        names: &["s", "sec", "secs", "second", "seconds"],
        scale: 1_000_000_000,
    },
    Unit {
        names: &["ms", "msec", "millis", "millisecond", "milliseconds"],
        scale: 1_000_000,
    },
    Unit {
        // With the micro sign and with the Greek letter.
        names: &[
            "us",
            "\u{b5}s",
            "\u{3bc}s",
            "usec",
            "micros",
            "microsecond",
            "microseconds",
        ],
        scale: 1_000,
    },
    Unit {
        names: &["ns", "nsec", "nanos", "nanosecond", "nanoseconds"],
        scale: 1,
    },
];

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DurationError {
    /// It is not a sequence of numbers with units.
    Malformed,
    /// It is this number and no unit.
    BareNumber(String),
    /// The last number has no unit.
    NoUnit,
    /// It has a minus sign.
    Negative,
    /// This is no unit.
    UnknownUnit(String),
    /// The units do not go from larger to smaller.
    Disordered,
    /// It has digits below the nanosecond.
    TooFine,
    /// It is longer than 2^64 ns, 584 years.
    TooLong,
}

impl DurationError {
    /// What was expected instead: `a duration with a unit`.
    pub fn expected(&self) -> String {
        match self {
            DurationError::Malformed => "a duration".to_owned(),
            DurationError::BareNumber(_) => "a duration with a unit".to_owned(),
            DurationError::NoUnit => "a unit behind each number".to_owned(),
            DurationError::Negative => "a duration of 0 or more".to_owned(),
            DurationError::UnknownUnit(unit) => format!("a duration, and `{unit}` is no unit"),
            DurationError::Disordered => "units from larger to smaller, each once".to_owned(),
            DurationError::TooFine => "whole nanoseconds".to_owned(),
            DurationError::TooLong => "less than 584 years (2^64 ns)".to_owned(),
        }
    }

    /// What to write, where that is not plain from what was expected.
    pub fn help(&self) -> Option<String> {
        match self {
            DurationError::BareNumber(number) => Some(write_unit(number)),
            DurationError::Malformed
            | DurationError::NoUnit
            | DurationError::UnknownUnit(_)
            | DurationError::Disordered => {
                Some("units: ns, us, ms, s, m, h, d; for example `\"1m30s\"`".to_owned())
            }
            DurationError::Negative | DurationError::TooFine | DurationError::TooLong => None,
        }
    }
}

/// What to write for a number without a unit.
pub fn write_unit(number: impl fmt::Display) -> String {
    format!("write the unit: `\"{number}ms\"` or `\"{number}s\"`")
}

impl fmt::Display for DurationError {
    /// `expected a duration with a unit (write the unit: "5ms" or "5s")`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected())?;
        match self.help() {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl Error for DurationError {}

impl From<DecimalError> for DurationError {
    fn from(error: DecimalError) -> DurationError {
        match error {
            DecimalError::Malformed => DurationError::Malformed,
            DecimalError::TooFine => DurationError::TooFine,
            DecimalError::TooLarge => DurationError::TooLong,
        }
    }
}

/// The duration that a text stands for.
///
/// # Errors
/// If it stands for none.
pub fn parse(text: &str) -> Result<SimDuration, DurationError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(DurationError::Malformed);
    }
    let (mut total, mut previous, mut rest) = (0_u64, u64::MAX, text);
    while !rest.is_empty() {
        if rest.starts_with('-') {
            return Err(DurationError::Negative);
        }
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        if !number.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(DurationError::Malformed);
        }
        let (name, after) = split(after.trim_start(), char::is_alphabetic);
        if name.is_empty() {
            return Err(match (after, number == text) {
                ("", true) => DurationError::BareNumber(number.to_owned()),
                ("", false) => DurationError::NoUnit,
                _ => DurationError::Malformed,
            });
        }
        let Some(&Unit { scale, .. }) = unit(&UNITS, name) else {
            return Err(DurationError::UnknownUnit(name.to_owned()));
        };
        if scale >= previous {
            return Err(DurationError::Disordered);
        }
        previous = scale;
        total = total
            .checked_add(scaled(number, scale)?)
            .ok_or(DurationError::TooLong)?;
        rest = after.trim_start();
    }
    Ok(SimDuration(total))
}

/// The shortest text that is read as this duration, without weeks: `1m30s`, `1.5s`,
/// `250us`.
pub fn to_text(duration: SimDuration) -> String {
    if duration == SimDuration::ZERO {
        return "0s".to_owned();
    }
    let (mut text, mut rest) = (String::new(), duration.0);
    for Unit { names, scale } in &UNITS[1..] {
        let whole = rest / scale;
        if whole == 0 {
            continue;
        }
        rest %= scale;
        text += &format!("{whole}");
        // From seconds on, one number has all that is left.
        let last = *scale <= SimDuration::SECOND.0;
        if last && rest > 0 {
            let width = scale.ilog10() as usize;
            let fraction = format!("{rest:0width$}");
            text += &format!(".{}", fraction.trim_end_matches('0'));
        }
        text += names[0];
        if last || rest == 0 {
            break;
        }
    }
    text
}

/// A regular expression (as of JSON Schema) for the text of a duration. It does not
/// hold the order of the units.
pub fn pattern() -> String {
    format!(r"^\s*([0-9]+(\.[0-9]+)?\s*({})\s*)+$", alternatives(&UNITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        for (text, ns) in [
            ("0s", 0),
            ("250us", 250_000),
            ("250\u{b5}s", 250_000),
            ("1m30s", 90_000_000_000),
            (" 1h 30m ", 5_400_000_000_000),
            ("1.5s", 1_500_000_000),
            ("0.000000001s", 1),
            ("0.1m", 6_000_000_000),
            ("2d", 172_800_000_000_000),
            ("0.5d", 43_200_000_000_000),
            ("1.000000000000000000000000s", 1_000_000_000),
            ("18446744073709551615ns", u64::MAX),
        ] {
            assert_eq!(parse(text), Ok(SimDuration(ns)), "{text}");
        }
    }

    #[test]
    fn every_name_of_a_unit_is_read_with_and_without_a_blank() {
        for Unit { names, scale } in &UNITS {
            for name in *names {
                for text in [format!("2{name}"), format!("2 {name}")] {
                    assert_eq!(parse(&text), Ok(SimDuration(2 * scale)), "{text}");
                }
            }
        }
        assert_eq!(parse("1 min 30 sec"), parse("1m30s"));
    }

    #[test]
    fn a_text_that_is_no_duration_has_its_error() {
        use DurationError::*;
        for (text, error) in [
            ("", Malformed),
            ("s", Malformed),
            ("1..5s", Malformed),
            ("1.5.5s", Malformed),
            ("1.s", Malformed),
            (".5s", Malformed),
            ("5s!", Malformed),
            ("1_000ns", Malformed),
            ("60", BareNumber("60".to_owned())),
            (" 1.5 ", BareNumber("1.5".to_owned())),
            ("1m30", NoUnit),
            ("-5s", Negative),
            ("5 parsecs", UnknownUnit("parsecs".to_owned())),
            ("5S", UnknownUnit("S".to_owned())),
            ("1 month", UnknownUnit("month".to_owned())),
            ("30s1m", Disordered),
            ("1s1sec", Disordered),
            ("0.5ns", TooFine),
            ("0.0000000000055d", TooFine),
            ("0.000000000000000000001d", TooFine),
            ("18446744073709551616ns", TooLong),
            ("999999999999999999999d", TooLong),
            ("213503d24h", TooLong),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_duration_is_shown_as_the_text_that_it_is_read_from() {
        for text in [
            "0s",
            "1m30s",
            "1.5s",
            "250us",
            "1.5us",
            "1ns",
            "1d",
            "10d",
            "2h250ms",
            "1h1m1.000000001s",
            "59.999999999s",
            "213503d23h34m33.709551615s",
        ] {
            assert_eq!(parse(text).map(to_text).as_deref(), Ok(text));
        }
    }
}
