//! Durations as text with a unit: `250us`, `1.5s`, `1m30s`.

use base::duration::{self, DurationError, write_unit};
use base::time::SimDuration;

use super::super::document::{Float, ValueKind as Kind};
use super::super::reader::Field;

/// A duration; 0 too.
pub fn delay(field: Field<'_>) -> Option<SimDuration> {
    let number: &dyn std::fmt::Display = match &field.value.kind {
        Kind::Text(text) => return read(field, text),
        Kind::Integer(Some(number)) if *number >= 0 => number,
        Kind::Float(Float { nearest, .. }) if *nearest >= 0.0 && nearest.is_finite() => nearest,
        _ => return field.expected("a duration, such as \"60s\""),
    };
    field.expected_with_help("a duration with a unit", write_unit(number))
}

/// A duration of more than 0.
pub fn duration(field: Field<'_>) -> Option<SimDuration> {
    match delay(field)? {
        SimDuration::ZERO => field.expected("a duration of more than 0"),
        duration => Some(duration),
    }
}

/// A duration that may have a minus sign `[ns]`; at most 292 years.
pub fn signed(field: Field<'_>) -> Option<i64> {
    let text = match &field.value.kind {
        Kind::Text(text) => text.trim(),
        _ => return delay(field)?.0.try_into().ok(),
    };
    let (length, sign) = match text.strip_prefix('-') {
        Some(length) => (length, -1),
        None => (text, 1),
    };
    match i64::try_from(read(field, length)?.0) {
        Ok(length) => Some(sign * length),
        Err(_) => field.expected("less than 292 years (2^63 ns)"),
    }
}

/// The duration that `text` stands for: all of the field's text or a part of it.
fn read(field: Field<'_>, text: &str) -> Option<SimDuration> {
    match duration::parse(text) {
        // The last instant is no instant: nothing is due then.
        Ok(SimDuration(u64::MAX)) => field.expected(&DurationError::TooLong.expected()),
        Ok(duration) => Some(duration),
        Err(error) => match error.help() {
            Some(help) => field.expected_with_help(&error.expected(), help),
            None => field.expected(&error.expected()),
        },
    }
}
