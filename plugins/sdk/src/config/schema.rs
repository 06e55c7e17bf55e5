//! The mistakes that a JSON Schema finds in a table: unknown keys, wrong kinds,
//! numbers out of range.
//!
//! It understands the words that `schemars` writes for plain types: `type`,
//! `properties`, `additionalProperties`, `items`, `minimum`, `maximum`,
//! `exclusiveMinimum`, `exclusiveMaximum`, `minItems`, `maxItems`, `enum`.
//! Where a schema offers alternatives (`anyOf`, `oneOf`) it is left to the
//! type's own `Deserialize`; so is a type of the SDK's own, whose schema says in
//! `x-value` what one is called ("a duration").

use super::problem::{Problem, join, nearest};
use super::value::found;
use serde_json::Value as Schema;
use toml::{Table, Value};

/// Every mistake that the schema of a table finds.
pub(super) fn problems(schema: &Schema, table: &Table) -> Vec<Problem> {
    let mut problems = Vec::new();
    keys(schema, table, "", &mut problems);
    problems
}

/// Every mistake that the schema of a value finds.
pub(super) fn problems_of(schema: &Schema, value: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    check(schema, value, "", &mut problems);
    problems
}

fn keys(schema: &Schema, table: &Table, path: &str, problems: &mut Vec<Problem>) {
    // A map with keys of the user's own has no properties but one schema for all.
    let open = match schema.get("additionalProperties") {
        None | Some(Schema::Bool(false)) => None,
        Some(any) => Some(any),
    };
    let none = serde_json::Map::new();
    let known = match schema.get("properties").and_then(Schema::as_object) {
        Some(known) => known,
        // No properties at all: an empty struct if nothing else is allowed for.
        None if is_plain_object(schema) => &none,
        None => return,
    };
    for (key, value) in table {
        let path = join(path, key);
        match (known.get(key), open) {
            (Some(schema), _) | (None, Some(schema)) => check(schema, value, &path, problems),
            (None, None) => problems.push(Problem::at(path, unknown(key, known))),
        }
    }
}

fn is_plain_object(schema: &Schema) -> bool {
    schema.get("type").and_then(Schema::as_str) == Some("object")
        && ["anyOf", "oneOf", "allOf", "$ref"]
            .iter()
            .all(|word| schema.get(word).is_none())
}

fn unknown(key: &str, known: &serde_json::Map<String, Schema>) -> String {
    if known.is_empty() {
        return format!("unknown key `{key}`, none are known here");
    }
    let near = match nearest(key, known.keys().map(String::as_str)) {
        Some(near) => format!(" (did you mean `{near}`?)"),
        None => String::new(),
    };
    let known: Vec<&str> = known.keys().map(String::as_str).collect();
    format!("unknown key `{key}`, known are: {}{near}", known.join(", "))
}

fn check(schema: &Schema, value: &Value, path: &str, problems: &mut Vec<Problem>) {
    let before = problems.len();
    match value {
        Value::Table(table) => keys(schema, table, path, problems),
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for (i, item) in items.iter().enumerate() {
                    check(schema, item, &format!("{path}[{i}]"), problems);
                }
            }
        }
        _ => {}
    }
    if problems.len() > before {
        return;
    }
    if let Some(expected) = mismatch(schema, value) {
        let found = found(value);
        problems.push(Problem::at(
            path,
            format!("expected {expected}, found {found}{}", hint(schema, value)),
        ));
    }
}

/// What a value of the SDK's own types is called.
pub(super) fn named(schema: &Schema) -> Option<&str> {
    schema.get("x-value").and_then(Schema::as_str)
}

/// What was expected, if the value is something else.
fn mismatch(schema: &Schema, value: &Value) -> Option<String> {
    if named(schema).is_some() {
        return None;
    }
    if let Some(choices) = schema.get("enum").and_then(Schema::as_array) {
        let names: Vec<String> = choices
            .iter()
            .filter_map(Schema::as_str)
            .map(|name| format!("{name:?}"))
            .collect();
        // `null` among them is Rust's `None`, which TOML cannot write.
        let listed = value
            .as_str()
            .is_some_and(|text| choices.iter().any(|choice| choice.as_str() == Some(text)));
        return (!listed && !names.is_empty()).then(|| one_of(&names));
    }
    let kinds: Vec<&str> = match schema.get("type")? {
        Schema::String(kind) => vec![kind],
        Schema::Array(kinds) => kinds.iter().filter_map(Schema::as_str).collect(),
        _ => return None,
    };
    let fits = kinds.iter().any(|&kind| match (kind, value) {
        ("integer", Value::Integer(_))
        | ("number", Value::Integer(_) | Value::Float(_))
        | ("boolean", Value::Boolean(_))
        | ("string", Value::String(_))
        | ("array", Value::Array(_))
        | ("object", Value::Table(_)) => in_range(schema, value),
        // A kind of its own in TOML; a type may take it as text.
        ("string", Value::Datetime(_)) => true,
        _ => false,
    });
    (!fits).then(|| {
        let kinds = kinds.iter().filter(|&&kind| kind != "null");
        let kinds: Vec<String> = kinds.map(|kind| describe(schema, kind)).collect();
        kinds.join(" or ")
    })
}

/// The choice that a text was probably meant to be.
fn hint(schema: &Schema, value: &Value) -> String {
    let choices = schema.get("enum").and_then(Schema::as_array);
    let choices = choices.into_iter().flatten().filter_map(Schema::as_str);
    match value.as_str().and_then(|text| nearest(text, choices)) {
        Some(near) => format!(" (did you mean {near:?}?)"),
        None => String::new(),
    }
}

fn one_of(names: &[String]) -> String {
    match names {
        [name] => name.clone(),
        names => format!("one of {}", names.join(", ")),
    }
}

fn limit(schema: &Schema, word: &str) -> Option<f64> {
    schema.get(word).and_then(Schema::as_f64)
}

fn in_range(schema: &Schema, value: &Value) -> bool {
    let number = match value {
        Value::Integer(integer) => *integer as f64,
        Value::Float(float) => *float,
        Value::Array(items) => {
            let count = items.len() as f64;
            return limit(schema, "minItems").is_none_or(|least| count >= least)
                && limit(schema, "maxItems").is_none_or(|most| count <= most);
        }
        _ => return true,
    };
    limit(schema, "minimum").is_none_or(|least| number >= least)
        && limit(schema, "maximum").is_none_or(|most| number <= most)
        && limit(schema, "exclusiveMinimum").is_none_or(|bound| number > bound)
        && limit(schema, "exclusiveMaximum").is_none_or(|bound| number < bound)
}

/// A kind of value with its bounds, in words: `a whole number from 1 to 10`.
pub(super) fn describe(schema: &Schema, kind: &str) -> String {
    let noun = match kind {
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "string" => return "text".to_owned(),
        "array" => {
            let counts = [("minItems", "at least"), ("maxItems", "at most")]
                .iter()
                .filter_map(|&(word, said)| Some(format!("{said} {}", schema.get(word)?)))
                .collect::<Vec<_>>();
            return match counts.is_empty() {
                true => "a list".to_owned(),
                false => format!("a list of {} values", counts.join(" and ")),
            };
        }
        "object" => return "a table".to_owned(),
        other => return other.to_owned(),
    };
    let bound = |word| schema.get(word).map(whole);
    match (
        bound("minimum"),
        bound("maximum"),
        bound("exclusiveMinimum"),
        bound("exclusiveMaximum"),
    ) {
        (Some(least), Some(most), _, _) => format!("{noun} from {least} to {most}"),
        (Some(least), None, _, Some(bound)) => format!("{noun} from {least} to below {bound}"),
        (Some(least), None, _, None) => format!("{noun} of at least {least}"),
        (None, Some(most), Some(bound), _) => format!("{noun} above {bound} and at most {most}"),
        (None, Some(most), None, _) => format!("{noun} of at most {most}"),
        (None, None, Some(low), Some(high)) => format!("{noun} above {low} and below {high}"),
        (None, None, Some(bound), None) => format!("{noun} above {bound}"),
        (None, None, None, Some(bound)) => format!("{noun} below {bound}"),
        (None, None, None, None) => noun.to_owned(),
    }
}

/// A bound without the `.0` of a whole float.
fn whole(bound: &Schema) -> String {
    let text = bound.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
