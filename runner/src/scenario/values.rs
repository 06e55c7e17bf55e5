//! What the values of a scenario's keys mean: numbers, words, names, durations
//! and distributions, each with its bounds.
//!
//! A reader takes a [`Field`], answers the value, or reports what is wrong with
//! it and answers none.

mod distribution;
mod duration;

pub use distribution::{Quantity, distribution};

use super::document::Kind;
use super::reader::Field;
use super::resolved::BehaviorName;
use crate::time::SimDuration;

/// The longest name of a scenario, group or node: names become file names.
pub const MAX_NAME: usize = 64;

/// Text as it stands.
pub fn text(field: Field<'_>) -> Option<String> {
    field.text().map(str::to_owned)
}

/// A whole number from `low` to `high`.
pub fn whole(low: u64, high: u64) -> impl Fn(Field<'_>) -> Option<u64> {
    move |field| {
        let found = match field.value.kind {
            Kind::Integer(Some(number)) => u64::try_from(number).ok(),
            Kind::Integer(None) => None,
            _ => return field.expected("a whole number"),
        };
        match found {
            Some(number) if number >= low && number <= high => Some(number),
            _ if high == u64::MAX => field.expected(&format!("{low} or more, within 64 bits")),
            _ => field.expected(&format!("{low} to {high}")),
        }
    }
}

/// A finite number.
pub fn number(field: Field<'_>) -> Option<f64> {
    match field.value.kind {
        Kind::Integer(Some(number)) => Some(number as f64),
        Kind::Float(number) if number.is_finite() => Some(number),
        Kind::Integer(None) | Kind::Float(_) => field.expected("a finite number"),
        _ => field.expected("a number"),
    }
}

/// A number of more than 0.
pub fn positive(field: Field<'_>) -> Option<f64> {
    match number(field)? {
        number if number > 0.0 => Some(number),
        _ => field.expected("more than 0"),
    }
}

/// A number from 0 to 1.
pub fn probability(field: Field<'_>) -> Option<f64> {
    match number(field)? {
        number if (0.0..=1.0).contains(&number) => Some(number),
        _ => field.expected("a probability from 0 to 1"),
    }
}

/// One of these words, with what it stands for.
pub fn word<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(Field<'_>) -> Option<T> {
    move |field| {
        if let Kind::Text(text) = &field.value.kind
            && let Some((_, value)) = words.iter().find(|(word, _)| word == text)
        {
            return Some(*value);
        }
        let names: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        field.expected(&names.join(" or "))
    }
}

/// A duration; 0 too.
pub fn delay(field: Field<'_>) -> Option<SimDuration> {
    duration::read(field).map(SimDuration)
}

/// A duration of more than 0.
pub fn duration(field: Field<'_>) -> Option<SimDuration> {
    match delay(field)? {
        SimDuration::ZERO => field.expected("a duration of more than 0"),
        duration => Some(duration),
    }
}

/// A name: letters, digits, `-`, `_`, `.` (not leading), at most [`MAX_NAME`].
pub fn name(field: Field<'_>) -> Option<String> {
    let name = field.text()?;
    match name_problem(name) {
        None => Some(name.to_owned()),
        Some(problem) => field.wrong(format!("`{}` is {name:?}, {problem}", field.key)),
    }
}

/// What keeps text from being a name, or none.
pub fn name_problem(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() {
        return Some("an empty name".to_owned());
    }
    if let Some(c) = name.chars().find(|&c| !allowed(c)) {
        return Some(format!(
            "a name with {c:?}, expected letters, digits, `-`, `_`, `.`"
        ));
    }
    if name.starts_with('.') {
        return Some("a name that begins with `.`".to_owned());
    }
    if name.len() > MAX_NAME {
        return Some(format!(
            "a name of {} characters, expected at most {MAX_NAME}",
            name.len()
        ));
    }
    None
}

/// `PLUGIN.BEHAVIOR`.
pub fn behavior(field: Field<'_>) -> Option<BehaviorName> {
    let word = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    match field.text()?.split_once('.') {
        Some((plugin, behavior)) if word(plugin) && word(behavior) => Some(BehaviorName {
            plugin: plugin.to_owned(),
            behavior: behavior.to_owned(),
        }),
        _ => field.expected_with_help(
            "PLUGIN.BEHAVIOR, such as \"clock.machine\"",
            "`runner plugins` lists the behaviors".to_owned(),
        ),
    }
}
