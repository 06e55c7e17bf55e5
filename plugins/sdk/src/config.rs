//! Reads a config from TOML text into the author's type, and finds every mistake.
//!
//! The type's JSON Schema comes first: it finds all unknown keys (with the nearest
//! known one), wrong kinds of values and numbers out of range. The type's own
//! `Deserialize` finds one more mistake at a time; the wrong key is then removed and
//! the rest is read again, so that one mistake does not hide the next. The behavior's
//! own check comes last, on a whole config; if some keys are wrong, it is only heard on what
//! does not depend on them (module `contradiction`).

mod contradiction;
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
    let schema = schema::<C>();
    let mut problems = schema::problems(&schema, &table);
    let mut dropped: Vec<String> = Vec::new();
    for problem in &problems {
        drop_key(&mut table, &mut dropped, problem);
    }
    loop {
        match contradiction::try_read(&table) {
            Ok(config) if problems.is_empty() => {
                let found = check(&config);
                return if found.is_empty() {
                    Ok(config)
                } else {
                    Err(found)
                };
            }
            Ok(_) => {
                problems.extend(contradiction::whatever(&schema, &table, &dropped, check));
                return Err(problems);
            }
            Err(problem) => {
                let key = problem.top_key().to_owned();
                let is_known = dropped.contains(&key);
                if !is_known {
                    let is_there = drop_key(&mut table, &mut dropped, &problem);
                    if !problems.contains(&problem) {
                        problems.push(problem);
                    }
                    if is_there {
                        continue;
                    }
                }
                // The key is missing, or was removed. With some value in its place, the rest
                // can be read.
                let filler = match table.contains_key(&key) {
                    true => None,
                    false => contradiction::filler::<C>(&schema, &table, &key),
                };
                let Some(filler) = filler else {
                    return Err(problems);
                };
                table.insert(key, filler);
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
