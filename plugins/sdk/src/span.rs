//! A span of time as a config has it: text with a unit, `"250us"`, `"1m30s"`.
//!
//! It is read and shown by the parser of the scenario file: see
//! `base::duration`.

use base::duration::{self, write_unit};
use base::time::SimDuration;
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

impl FromStr for Span {
    /// What was expected: ``a duration with a unit (write the unit: `"5ms"` or `"5s"`)``.
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        match duration::parse(text) {
            Ok(span) => Ok(Span(span.0)),
            Err(error) => Err(match error.help() {
                Some(help) => format!("{} ({help})", error.expected()),
                None => error.expected(),
            }),
        }
    }
}

impl fmt::Display for Span {
    /// The shortest text that is read as this span: `1m30s`, `1.5s`, `250us`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration::to_text(SimDuration(self.0)))
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
            "expected a duration with a unit, found {number} ({})",
            write_unit(&number)
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
            "pattern": duration::pattern(),
            "description": "A span of time: numbers with units, from larger to smaller (d, h, m, s, ms, us, ns), such as 250us or 1m30s.",
            "x-value": "a duration",
        })
    }
}
