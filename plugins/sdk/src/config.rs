//! Reads a config from TOML text into the author's type, and finds every mistake.
//!
//! The type's JSON Schema comes first: it finds all unknown keys (with the nearest
//! known one), wrong kinds of values and numbers out of range. The type's own
//! `Deserialize` finds one more mistake at a time; the wrong key is then removed and
//! the rest is read again, so that one mistake does not hide the next. The behavior's
//! own check comes last, on a whole config.

mod problem;
mod reference;
mod schema;
mod value;

pub use problem::Problem;
pub use reference::{check_reference, reference};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use toml::Table;

/// The JSON Schema (draft-07) of a config.
pub(crate) fn schema<C: JsonSchema>() -> serde_json::Value {
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = true;
    settings
        .into_generator()
        .into_root_schema_for::<C>()
        .to_value()
}

/// Reads a config; `check` finds what is wrong with a whole one.
///
/// # Errors
/// Every mistake found, in the order of the keys.
pub(crate) fn read<C: JsonSchema + DeserializeOwned>(
    toml: &str,
    check: fn(&C) -> Vec<Problem>,
) -> Result<C, Vec<Problem>> {
    let mut table: Table = toml
        .parse()
        .map_err(|error: toml::de::Error| vec![Problem::at("", error.message())])?;
    let mut problems = schema::problems(&schema::<C>(), &table);
    let mut dropped: Vec<String> = Vec::new();
    for problem in &problems {
        drop_key(&mut table, &mut dropped, problem);
    }
    loop {
        let mut track = serde_path_to_error::Track::new();
        let values = value::Values::table(table.clone());
        let values = serde_path_to_error::Deserializer::new(values, &mut track);
        match C::deserialize(values) {
            Ok(config) if problems.is_empty() => {
                let found = check(&config);
                return if found.is_empty() {
                    Ok(config)
                } else {
                    Err(found)
                };
            }
            Ok(_) => return Err(problems),
            Err(error) => {
                let problem = error.at(&track.path());
                // The key is missing because it was removed: the mistake is known, and
                // the rest cannot be read.
                if dropped.contains(&problem.path) {
                    return Err(problems);
                }
                let more = drop_key(&mut table, &mut dropped, &problem);
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
                if !more {
                    return Err(problems);
                }
            }
        }
    }
}

/// Removes the top-level key of a problem from the table. Returns whether the table
/// had it.
fn drop_key(table: &mut Table, dropped: &mut Vec<String>, problem: &Problem) -> bool {
    let key = problem.top_key();
    let there = table.remove(key).is_some();
    dropped.push(key.to_owned());
    there
}

#[cfg(test)]
mod tests;
