//! Whether the key of an axis exists. The path is compared with the keys that a file
//! may have, and with the groups and entries of this file. `--set` may make a group
//! that does not exist; for an axis this is a mistake.

use super::super::document::{Table, Value, ValueKind};
use super::super::keys::{Keys, SCENARIO, Shape};
use super::super::overrides::Override;
use super::super::reader::{Mistakes, listed};
use super::super::source::Place;
use super::Dimension;
use super::written::AxisEntry;

/// The keys that cannot be axes, because they are the same for all cases.
const SHARED: [&str; 8] = [
    "name",
    "title",
    "description",
    "notes",
    "runs",
    "time",
    "until",
    "matrix",
];

/// Whether an axis can set its path; reports the reason if it cannot.
pub fn check(
    axis: &AxisEntry,
    others: &[Dimension],
    document: &Table,
    overrides: &[Override],
    mistakes: &Mistakes,
) -> bool {
    let Some((text, keys, place)) = &axis.path else {
        return false;
    };
    let name = &axis.name;
    if SHARED.contains(&keys[0].as_str()) {
        mistakes.add_with_help(
            *place,
            format!(
                "axis `{name}` sets `{}`, which all cases of a file share",
                keys[0]
            ),
            format!("these cannot be axes: {}", SHARED.join(", ")),
        );
        return false;
    }
    if let Err((message, help)) = follow(keys, document) {
        let message = format!("axis `{name}`: {message}");
        match help {
            Some(help) => mistakes.add_with_help(*place, message, help),
            None => mistakes.add(*place, message),
        }
        return false;
    }
    if let Some(other) = others
        .iter()
        .find(|other| keys.starts_with(&other.keys) || other.keys.starts_with(keys))
    {
        let other = &other.axis;
        let message = match other.path == *text {
            true => format!("axes `{}` and `{name}` both set `{text}`", other.name),
            false => format!(
                "axes `{}` and `{name}` both set a part of `{}`: `{}` and `{text}`",
                other.name,
                shorter(&other.path, text),
                other.path,
            ),
        };
        mistakes.add(*place, message);
        return false;
    }
    let mut sound = true;
    for (index, it) in overrides.iter().enumerate() {
        if it.path.starts_with(keys) {
            sound = false;
            mistakes.add_with_help(
                Place::Override(index),
                format!("`{text}` is set by the axis `{name}` of the matrix"),
                format!(
                    "choose among its cases with --case, or give it other values: --set 'matrix.axes.{name}.values=[..]'"
                ),
            );
        }
    }
    sound
}

fn shorter<'a>(one: &'a str, other: &'a str) -> &'a str {
    match one.len() <= other.len() {
        true => one,
        false => other,
    }
}

/// A message, and a line of help.
type Problem = (String, Option<String>);

/// Checks that a path exists in a file, as far as the keys are known here.
fn follow(path: &[String], document: &Table) -> Result<(), Problem> {
    keys_of(&SCENARIO, path, Some(document))
}

/// Checks that a path exists in a table with these keys.
fn keys_of(keys: &'static Keys, path: &[String], table: Option<&Table>) -> Result<(), Problem> {
    let Some((first, rest)) = path.split_first() else {
        return Ok(());
    };
    let Some(key) = keys.get(first) else {
        let known = keys.keys.iter().map(|it| it.name);
        return Err((
            format!("unknown key `{first}` in {}", keys.what),
            Some(format!("keys here: {}", listed(first, known))),
        ));
    };
    let value = table
        .and_then(|table| table.get(first))
        .map(|entry| &entry.value);
    inside(first, &key.shape, rest, value)
}

/// Checks that the rest of a path exists in the value of `key`.
fn inside(
    key: &str,
    shape: &'static Shape,
    path: &[String],
    value: Option<&Value>,
) -> Result<(), Problem> {
    let Some((first, rest)) = path.split_first() else {
        return Ok(());
    };
    match shape {
        Shape::TableOf(keys) => {
            let table = value.and_then(as_table);
            let Some(entry) = table.and_then(|table| table.get(first)) else {
                let names = table.iter().flat_map(|table| &table.0);
                let names: Vec<&str> = names.map(|entry| entry.key.as_str()).collect();
                let help = match names.is_empty() {
                    true => None,
                    false => Some(format!("{key} here: {}", listed(first, names.into_iter()))),
                };
                return Err((format!("`{key}` has no `{first}`"), help));
            };
            keys_of(keys, rest, as_table(&entry.value))
        }
        Shape::ArrayOf(keys) => {
            let entries = match value.map(|value| &value.kind) {
                Some(ValueKind::Array(entries)) => entries.as_slice(),
                _ => &[],
            };
            let entry = first.parse::<usize>().ok().and_then(|at| entries.get(at));
            let Some(entry) = entry else {
                let count = match entries.len() {
                    0 => "there is none".to_owned(),
                    1 => "there is one, `0`".to_owned(),
                    count => format!("there are {count}, numbered from 0"),
                };
                return Err((format!("`{key}` has no entry `{first}`, {count}"), None));
            };
            keys_of(keys, rest, as_table(entry))
        }
        // The behavior checks the keys of a config, and the reader of a key checks
        // the inside of its value.
        _ => Ok(()),
    }
}

fn as_table(value: &Value) -> Option<&Table> {
    match &value.kind {
        ValueKind::Table(table) => Some(table),
        _ => None,
    }
}
