//! What a behavior's own check says about a config in which some keys are wrong.
//!
//! # The problem
//!
//! The check takes a whole config. Without the wrong keys, it may say what is not so: that
//! `gap` needs a `rate`, which is there and misspelt. But silence would hide a contradiction
//! between two other keys until the next try.
//!
//! # The idea
//!
//! Try values for the wrong keys. What the check says whatever stands there, in the same
//! words, has nothing to do with them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value as Schema;
use toml::{Table, Value};

use super::problem::{Problem, nearest};
use super::{schema, value};

/// The mistakes that the check finds whatever the wrong keys are. `table` is the config
/// without these, or with some value where it cannot be read otherwise.
pub(super) fn whatever<C: JsonSchema + DeserializeOwned>(
    of: &Schema,
    table: &Table,
    wrong: &[String],
    check: fn(&C) -> Vec<Problem>,
) -> Vec<Problem> {
    let mut tables = vec![table.clone()];
    let mut all = table.clone();
    for key in meant(of, table, wrong) {
        let fitting = fitting::<C>(of, table, key);
        // Nothing is known about such a key.
        let Some(first) = fitting.first() else {
            return Vec::new();
        };
        all.insert(key.to_owned(), first.clone());
        tables.extend(fitting.into_iter().map(|value| with(table, key, value)));
    }
    tables.push(all);
    let mut said = tables.iter().filter_map(|table| read(table)).map(|config| {
        // A value that nobody wrote is no reason to fail.
        catch_unwind(AssertUnwindSafe(|| check(&config))).unwrap_or_default()
    });
    let Some(mut problems) = said.next() else {
        return Vec::new();
    };
    for other in said {
        problems.retain(|problem| other.contains(problem));
    }
    problems
}

/// A value for a key with which it is not the key at which reading fails.
pub(super) fn filler<C: DeserializeOwned>(of: &Schema, table: &Table, key: &str) -> Option<Value> {
    let mut values = candidates(property(of, key)?).into_iter();
    values.find(
        |value| match try_read::<C>(&with(table, key, value.clone())) {
            Ok(_) => true,
            Err(problem) => problem.top_key() != key,
        },
    )
}

/// The keys that are wrong, and those that may be meant by an unknown one: the nearest, or
/// any that is not there.
fn meant<'a>(of: &'a Schema, table: &Table, wrong: &'a [String]) -> Vec<&'a str> {
    let properties = of.get("properties").and_then(Schema::as_object);
    let known = properties.into_iter().flatten();
    let known: Vec<&str> = known.map(|(key, _)| key.as_str()).collect();
    let free = |key: &&str| !table.contains_key(*key);
    let mut meant: Vec<&str> = Vec::new();
    for key in wrong {
        let all: Vec<&str> = match nearest(key, known.iter().copied()) {
            _ if known.contains(&key.as_str()) => vec![key],
            Some(near) => Some(near).into_iter().filter(free).collect(),
            None => known.iter().copied().filter(free).collect(),
        };
        for key in all {
            if !meant.contains(&key) {
                meant.push(key);
            }
        }
    }
    meant
}

/// The values with which a config can be read.
fn fitting<C: DeserializeOwned>(of: &Schema, table: &Table, key: &str) -> Vec<Value> {
    let candidates = property(of, key).map(candidates).unwrap_or_default();
    let mut fitting = candidates;
    fitting.retain(|value| {
        let with = with(table, key, value.clone());
        schema::problems(of, &with).is_empty() && read::<C>(&with).is_some()
    });
    fitting
}

/// Values of all kinds, the least and the greatest among them.
fn candidates(of: &Schema) -> Vec<Value> {
    let choices = of.get("enum").and_then(Schema::as_array);
    let choices = choices.into_iter().flatten().filter_map(Schema::as_str);
    let mut values: Vec<Value> = choices.map(Value::from).collect();
    values.extend([true, false].map(Value::from));
    values.extend([1, 0, 2, 1000].map(Value::Integer));
    for bound in ["minimum", "maximum"] {
        // A greater one may be too much to compute with.
        let bound = of.get(bound).and_then(Schema::as_i64);
        let bound = bound.filter(|it| it.abs() <= 1_000_000);
        values.extend(bound.map(Value::Integer));
    }
    values.extend([0.5, 2.0].map(Value::Float));
    values.extend(["a", "", "1s", "0s", "1KiB"].map(Value::from));
    let items = of.get("items").map(|items| match items.get("items") {
        None => candidates(items),
        Some(_) => Vec::new(),
    });
    let lists = items.into_iter().flatten();
    values.extend(lists.map(|item| Value::Array(vec![item])));
    let alternatives = ["anyOf", "oneOf"]
        .iter()
        .filter_map(|word| of.get(word)?.as_array());
    values.extend(alternatives.flatten().flat_map(candidates));
    values.push(Value::Array(Vec::new()));
    values.push(Value::Table(Table::new()));
    values.extend(object(of).map(Value::Table));
    values
}

/// A table with a value for each key that it needs.
fn object(of: &Schema) -> Option<Table> {
    let properties = of.get("properties")?.as_object()?;
    let value = |(key, schema): (&String, &Schema)| {
        let mut values = candidates(schema).into_iter();
        let value = values.find(|it| schema::problems_of(schema, it).is_empty())?;
        Some((key.clone(), value))
    };
    properties.iter().map(value).collect()
}

fn property<'a>(of: &'a Schema, key: &str) -> Option<&'a Schema> {
    of.get("properties")?.get(key)
}

fn with(table: &Table, key: &str, value: Value) -> Table {
    let mut table = table.clone();
    table.insert(key.to_owned(), value);
    table
}

fn read<C: DeserializeOwned>(table: &Table) -> Option<C> {
    try_read(table).ok()
}

/// Reads a config.
///
/// # Errors
/// Fails with the first mistake.
pub(super) fn try_read<C: DeserializeOwned>(table: &Table) -> Result<C, Problem> {
    let mut track = serde_path_to_error::Track::new();
    let values = value::Values::table(table.clone());
    let values = serde_path_to_error::Deserializer::new(values, &mut track);
    C::deserialize(values).map_err(|error| error.at(&track.path()))
}
