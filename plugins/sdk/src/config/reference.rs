//! A config's reference for people, made from its schema.

use super::schema::{describe, named};
use crate::{Behavior, Check};
use serde_json::Value as Schema;
use std::fmt::Write;

/// The config keys of a behavior as a Markdown table: key, what it may be, its
/// default, and the first paragraph of its documentation.
///
/// For a plugin's README: keep the table between two marker lines and let a
/// test compare it, so that it cannot go stale.
pub fn reference<B: Behavior>() -> String {
    table(&super::schema::<B::Config>())
}

/// As [`reference()`], for the config of a check.
pub fn check_reference<C: Check>() -> String {
    table(&super::schema::<C::Config>())
}

fn table(schema: &Schema) -> String {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Schema::as_array)
        .map(|keys| keys.iter().filter_map(Schema::as_str).collect())
        .unwrap_or_default();
    let mut table = String::from("| key | value | default | meaning |\n|---|---|---|---|\n");
    let keys = schema.get("properties").and_then(Schema::as_object);
    for (key, schema) in keys.into_iter().flatten() {
        let default = match schema.get("default") {
            _ if required.contains(&key.as_str()) => "required".to_owned(),
            None | Some(Schema::Null) => "none".to_owned(),
            Some(default) => format!("`{default}`"),
        };
        let docs = schema.get("description").and_then(Schema::as_str);
        let docs = docs.unwrap_or("").split("\n\n").next().unwrap_or("");
        let _ = writeln!(
            table,
            "| `{key}` | {} | {default} | {} |",
            values(schema),
            docs.replace('\n', " ").replace('|', "\\|"),
        );
    }
    table
}

/// What a value may be.
fn values(schema: &Schema) -> String {
    if let Some(name) = named(schema) {
        return name.to_owned();
    }
    if let Some(choices) = schema.get("enum").and_then(Schema::as_array) {
        return list(choices.iter());
    }
    // A choice whose alternatives have documentation of their own.
    if let Some(choices) = schema.get("oneOf").and_then(Schema::as_array) {
        let names = choices.iter().filter_map(|choice| choice.get("const"));
        return list(names);
    }
    if let Some(choices) = schema.get("anyOf").and_then(Schema::as_array) {
        let choices: Vec<String> = choices
            .iter()
            .map(values)
            .filter(|c| !c.is_empty())
            .collect();
        return choices.join(" or ");
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Schema::String(kind)) => vec![kind],
        Some(Schema::Array(kinds)) => kinds.iter().filter_map(Schema::as_str).collect(),
        _ => Vec::new(),
    };
    let kinds = kinds.iter().filter(|&&kind| kind != "null").map(|&kind| {
        match (kind, schema.get("items")) {
            ("array", Some(items)) => format!("a list, each {}", values(items)),
            _ => describe(schema, kind),
        }
    });
    kinds.collect::<Vec<_>>().join(" or ")
}

fn list<'a>(choices: impl Iterator<Item = &'a Schema>) -> String {
    let names: Vec<String> = choices
        .filter(|choice| !choice.is_null())
        .map(|choice| format!("`{choice}`"))
        .collect();
    names.join(" or ")
}
