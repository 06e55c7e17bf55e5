//! A span of time as a config writes it: text with a unit, `"250us"`, `"1m30s"`.
//!
//! The same forms as everywhere in a scenario file: numbers with the units d, h,
//! m, s, ms, us and ns, from larger to smaller. Read exactly, in whole
//! nanoseconds: a fraction is scaled as its digits say, and one that is finer
//! than a nanosecond is refused rather than rounded.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A span of time `[ns]`, for a config's fields; text with a unit in the file.
///
/// ```
/// use runner_sdk::Span;
/// use std::time::Duration;
///
/// let span: Span = "1m30s".parse()?;
/// assert_eq!(span.duration(), Duration::from_secs(90));
/// assert_eq!(span.to_string(), "1m30s");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of this many nanoseconds.
    pub const fn from_ns(ns: u64) -> Span {
        Span(ns)
    }

    /// A span of this many milliseconds; the longest where that is too many.
    pub const fn from_ms(ms: u64) -> Span {
        Span(ms.saturating_mul(1_000_000))
    }

    /// A span of this many seconds; the longest where that is too many.
    pub const fn from_secs(secs: u64) -> Span {
        Span(secs.saturating_mul(1_000_000_000))
    }

    /// Its length `[ns]`.
    pub const fn ns(self) -> u64 {
        self.0
    }

    /// The same for [`Context::set_timer`](crate::Context::set_timer).
    pub const fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

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

/// What an error says after the mistake.
const EXAMPLE: &str = "units: ns, us, ms, s, m, h, d; for example \"1m30s\"";

impl FromStr for Span {
    /// What was expected: `a duration with a unit (write "5s" for seconds)`.
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(malformed());
        }
        let (mut total, mut previous) = (0_u64, u64::MAX);
        while !rest.is_empty() {
            if rest.starts_with('-') {
                return Err("a duration of 0 or more".to_owned());
            }
            let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
            if !number.starts_with(|c: char| c.is_ascii_digit()) {
                return Err(malformed());
            }
            let (unit, after) = split(after.trim_start(), char::is_alphabetic);
            if unit.is_empty() {
                return Err(match (after, number == text.trim()) {
                    ("", true) => {
                        format!("a duration with a unit (write \"{number}s\" for seconds)")
                    }
                    ("", false) => format!("a unit behind each number ({EXAMPLE})"),
                    _ => malformed(),
                });
            }
            let known = UNITS.iter().find(|(name, _)| *name == unit);
            let Some(&(_, scale)) = known else {
                return Err(format!("a duration, and `{unit}` is no unit ({EXAMPLE})"));
            };
            if scale >= previous {
                return Err(format!(
                    "units from larger to smaller, each once ({EXAMPLE})"
                ));
            }
            previous = scale;
            let part = scaled(number, scale)?;
            total = total.checked_add(part).ok_or_else(too_long)?;
            rest = after.trim_start();
        }
        Ok(Span(total))
    }
}

fn malformed() -> String {
    format!("a duration ({EXAMPLE})")
}

fn too_long() -> String {
    "less than 584 years (2^64 ns)".to_owned()
}

/// Splits behind the first characters that all fit.
fn split(text: &str, fits: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !fits(c)).unwrap_or(text.len()))
}

/// A decimal number times `scale`, exactly.
fn scaled(number: &str, scale: u64) -> Result<u64, String> {
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return Err(malformed()),
        Some((whole, fraction)) => (whole, fraction.trim_end_matches('0')),
        None => (number, ""),
    };
    if fraction.contains('.') {
        return Err(malformed());
    }
    let whole: u64 = whole.parse().map_err(|_| too_long())?;
    let whole = whole.checked_mul(scale).ok_or_else(too_long)?;
    // A day has 8.64 x 10^13 ns: more than 20 digits are finer than a nanosecond.
    let digits: u128 = match fraction.len() {
        0 => 0,
        1..=20 => fraction.parse().map_err(|_| malformed())?,
        _ => return Err("whole nanoseconds".to_owned()),
    };
    let (part, ten) = (
        digits * u128::from(scale),
        10_u128.pow(fraction.len() as u32),
    );
    if !part.is_multiple_of(ten) {
        return Err("whole nanoseconds".to_owned());
    }
    // The fraction is less than 1, so this part is less than the scale.
    whole.checked_add((part / ten) as u64).ok_or_else(too_long)
}

impl fmt::Display for Span {
    /// The shortest text that reads as this span: `1m30s`, `1.5s`, `250us`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        for &(unit, scale) in &UNITS[..3] {
            if rest >= scale {
                write!(f, "{}{unit}", rest / scale)?;
                rest %= scale;
            }
        }
        if rest == 0 {
            return f.write_str(if self.0 == 0 { "0s" } else { "" });
        }
        let unit = UNITS[3..].iter().find(|&&(_, scale)| rest >= scale);
        let &(unit, scale) = unit.unwrap_or(&("ns", 1));
        write!(f, "{}", rest / scale)?;
        if !rest.is_multiple_of(scale) {
            let width = scale.ilog10() as usize;
            let fraction = format!("{:0width$}", rest % scale);
            write!(f, ".{}", fraction.trim_end_matches('0'))?;
        }
        f.write_str(unit)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

pub(crate) struct SpanVisitor;

impl Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration, such as \"60s\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
        text.parse()
            .map_err(|expected| E::custom(format!("expected {expected}, found text {text:?}")))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Span, E> {
        Err(without_unit(number >= 0, number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Span, E> {
        Err(without_unit(true, number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Span, E> {
        Err(without_unit(number >= 0.0 && number.is_finite(), number))
    }
}

fn without_unit<E: de::Error>(sensible: bool, number: impl fmt::Display) -> E {
    E::custom(match sensible {
        true => format!(
            "expected a duration with a unit, found {number} (write \"{number}s\" for seconds)"
        ),
        false => format!("expected a duration, such as \"60s\", found {number}"),
    })
}

impl JsonSchema for Span {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^\s*([0-9]+(\.[0-9]+)?\s*(d|h|m|s|ms|us|µs|ns)\s*)+$",
            "description": "A span of time: numbers with units, from larger to smaller (d, h, m, s, ms, us, ns), such as 250us or 1m30s.",
            "x-value": "a duration",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_exactly() {
        for (text, ns) in [
            ("0s", 0),
            ("250us", 250_000),
            ("250\u{b5}s", 250_000),
            (" 1h 30m ", 5_400_000_000_000),
            ("1.5s", 1_500_000_000),
            ("0.000000001s", 1),
            ("0.1m", 6_000_000_000),
            ("0.5d", 43_200_000_000_000),
            ("1.000000000000000000000000s", 1_000_000_000),
            ("18446744073709551615ns", u64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Span(ns)), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_says_what_was_expected() {
        for (text, expected) in [
            ("", "a duration (units"),
            ("s", "a duration (units"),
            ("1..5s", "a duration (units"),
            ("1.5.5s", "a duration (units"),
            ("1.s", "a duration (units"),
            (".5s", "a duration (units"),
            ("5s!", "a duration (units"),
            ("1_000ns", "a duration (units"),
            ("60", "a duration with a unit (write \"60s\" for seconds)"),
            ("1m30", "a unit behind each number"),
            ("-5s", "a duration of 0 or more"),
            ("5sec", "a duration, and `sec` is no unit"),
            ("5S", "a duration, and `S` is no unit"),
            ("30s1m", "units from larger to smaller"),
            ("1s1s", "units from larger to smaller"),
            ("0.5ns", "whole nanoseconds"),
            ("0.000000000000000000001d", "whole nanoseconds"),
            ("18446744073709551616ns", "less than 584 years"),
            ("999999999999999999999d", "less than 584 years"),
            ("213503d24h", "less than 584 years"),
        ] {
            let found = text.parse::<Span>().unwrap_err();
            assert!(found.starts_with(expected), "{text}: {found}");
        }
    }

    #[test]
    fn a_span_is_shown_as_the_text_that_it_is_read_from() {
        for text in [
            "0s",
            "1m30s",
            "1.5s",
            "250us",
            "1.5us",
            "1ns",
            "1d",
            "2h250ms",
            "1h1m1.000000001s",
            "59.999999999s",
            "213503d23h34m33.709551615s",
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_string(), text);
        }
    }
}
