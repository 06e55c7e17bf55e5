//! Sizes as text with a unit: `64KiB`, `1.5 MB`; or a plain number of bytes.
//!
//! A number without a unit is accepted, unlike that of a duration: it can only mean
//! bytes, and there is no smaller unit.

use base::size::{parse, to_text};

use super::super::document::ValueKind as Kind;
use super::super::reader::Field;

/// A size from `low` to `high` `[bytes]`.
pub fn size(low: u64, high: u64) -> impl Fn(Field<'_>) -> Option<u64> {
    move |field| {
        let bytes = match &field.value.kind {
            Kind::Integer(bytes) => bytes.and_then(|it| u64::try_from(it).ok()),
            Kind::Text(text) => Some(read(field, text)?),
            _ => return field.expected("a size, such as \"64KiB\""),
        };
        match bytes {
            Some(bytes) if (low..=high).contains(&bytes) => Some(bytes),
            _ => field.expected(&format!("{} to {}", to_text(low), to_text(high))),
        }
    }
}

/// Bytes per second, from 1 to `high`: a size, with or without `/s` behind it.
pub fn bandwidth(high: u64) -> impl Fn(Field<'_>) -> Option<u64> {
    move |field| {
        let bytes = match &field.value.kind {
            Kind::Integer(bytes) => bytes.and_then(|it| u64::try_from(it).ok()),
            Kind::Text(text) => {
                let text = text.trim_end();
                Some(read(field, text.strip_suffix("/s").unwrap_or(text))?)
            }
            _ => return field.expected("bytes per second, such as \"1MiB\""),
        };
        match bytes {
            Some(bytes) if (1..=high).contains(&bytes) => Some(bytes),
            _ => field.expected(&format!("{} to {} per second", to_text(1), to_text(high))),
        }
    }
}

/// The size that `text` stands for `[bytes]`: all of the field's text or a part of it.
fn read(field: Field<'_>, text: &str) -> Option<u64> {
    match parse(text) {
        Ok(bytes) => Some(bytes),
        Err(error) => match error.help() {
            Some(help) => field.expected_with_help(&error.expected(), help),
            None => field.expected(&error.expected()),
        },
    }
}
