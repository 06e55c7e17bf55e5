//! The names that a behavior's table holds: of itself, its columns and its events. They
//! become parts of scenarios, headers and rows, so none may be another one's.

use analysis_log::{ColumnSchema, NODE_COLUMN, STANDARD_COLUMNS, STANDARD_EVENTS};
use runner_abi as abi;

use super::{slice, text};
use crate::plugin::column_kind;

/// The most characters of a name.
const NAME_MAX: usize = 64;

/// A name: letters, digits, `-` and `_`.
pub(super) fn name(found: abi::Text, what: &str) -> Result<String, String> {
    let name = text(found, what)?;
    let is_part = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    match (1..=NAME_MAX).contains(&name.len()) && name.chars().all(is_part) {
        true => Ok(name),
        false => Err(format!(
            "{what} is {name:?}, expected 1 to {NAME_MAX} letters, digits, `-` and `_`"
        )),
    }
}

/// The columns of a behavior.
pub(super) fn columns(first: *const abi::Column, count: u64) -> Result<Vec<ColumnSchema>, String> {
    let mut columns: Vec<ColumnSchema> = Vec::new();
    for column in slice(first, count)? {
        let name = name(column.name, "a column's name")?;
        if STANDARD_COLUMNS.contains(&&*name) || name == NODE_COLUMN {
            return Err(format!(
                "its column `{name}` has the name of a column that every log has, expected another name"
            ));
        }
        if columns.iter().any(|other| other.name == name) {
            return Err(format!("it has two columns `{name}`"));
        }
        let kind = column_kind(column.kind)
            .ok_or_else(|| format!("column `{name}` has kind {}", column.kind))?;
        let docs = text(column.docs, "a column's docs")?;
        columns.push(ColumnSchema { name, kind, docs });
    }
    Ok(columns)
}

/// The own words of a behavior for `event`, and what each means.
pub(super) fn events(
    first: *const abi::EventWord,
    count: u64,
) -> Result<(Vec<String>, Vec<String>), String> {
    let (mut events, mut docs) = (Vec::new(), Vec::new());
    for event in slice(first, count)? {
        let name = name(event.name, "an event's name")?;
        if STANDARD_EVENTS.contains(&&*name) {
            return Err(format!(
                "its event `{name}` has the name of an event that every log has, expected another name"
            ));
        }
        if events.contains(&name) {
            return Err(format!("it has two events `{name}`"));
        }
        events.push(name);
        docs.push(text(event.docs, "an event's docs")?);
    }
    Ok((events, docs))
}
