//! Values: distributions become constants, times and numbers go toward 0 and become round.

use base::duration::{parse, to_text};
use base::time::SimDuration;
use toml_edit::{Item, Value};

use super::super::draft::{Draft, Path, Step, at, below};
use super::super::minimize::{rounder, shorter};
use super::super::search::Search;
use super::{group_names, keys, length};
use crate::scenario::is_distribution;

/// Puts constants in place of distributions, and round numbers near 0 in place of numbers.
pub fn numbers(search: &mut Search<'_>) {
    each(search, Kind::Numbers);
}

/// Puts round times near 0 in place of times. After the numbers: a time of 0 makes nodes do at
/// once all that a number tells them to do.
pub fn times(search: &mut Search<'_>) {
    each(search, Kind::Times);
}

/// Which values.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Numbers,
    Times,
}

/// Simplifies each value of nodes, links, faults and checks.
fn each(search: &mut Search<'_>, kind: Kind) {
    let groups = group_names(&search.best).into_iter();
    let mut tables: Vec<Path> = groups.map(|group| at!["nodes", &*group]).collect();
    for list in ["links", "faults", "check"] {
        let entries = 0..length(&search.best, &at![list]);
        tables.extend(entries.map(|index| at![list, index]));
    }
    for table in tables {
        value(search, &table, kind);
    }
}

fn value(search: &mut Search<'_>, at: &[Step], kind: Kind) {
    let Some(item) = search.best.get(at) else {
        return;
    };
    let constants = constants(item);
    if !constants.is_empty() && put_first(search, at, constants) {
        return value(search, at, kind);
    }
    let Some(item) = search.best.get(at) else {
        return;
    };
    let is_name = matches!(at.last(), Some(Step::Key(key)) if key == "count");
    let simpler = match item {
        _ if is_name => return,
        Item::Value(Value::String(_) | Value::Integer(_) | Value::Float(_))
            if !is_of(item, kind) =>
        {
            return;
        }
        Item::Value(Value::String(text)) => spans(text.value()),
        Item::Value(Value::Integer(number)) => whole(*number.value()),
        Item::Value(Value::Float(number)) => fractions(*number.value()),
        item if item.is_array() || item.is_array_of_tables() => {
            let inside = (0..length(&search.best, at)).map(|index| below(at, index));
            return inside
                .collect::<Vec<_>>()
                .iter()
                .for_each(|path| value(search, path, kind));
        }
        _ => {
            let inside = keys(&search.best, at);
            return inside.iter().for_each(|path| value(search, path, kind));
        }
    };
    // Each value that works is simpler than the one before, so this ends.
    if put_first(search, at, simpler) {
        value(search, at, kind);
    }
}

/// Puts in the first of these values with which the run still fails.
fn put_first(search: &mut Search<'_>, at: &[Step], values: Vec<Value>) -> bool {
    let base = search.best.clone();
    let with = |value: Value| {
        let mut draft: Draft = base.clone();
        draft.set(at, value);
        draft
    };
    search.first(values.into_iter().map(with)).is_some()
}

/// The constants that may stand in place of a distribution: those that describe it.
fn constants(item: &Item) -> Vec<Value> {
    let Some(table) = item.as_inline_table().filter(|table| table.len() == 1) else {
        return Vec::new();
    };
    let Some((_, inside)) = table.iter().find(|(key, _)| is_distribution(key)) else {
        return Vec::new();
    };
    let plain = |value: &Value| {
        let fits = match value {
            Value::String(text) => parse(text.value()).is_ok(),
            Value::Integer(_) | Value::Float(_) => true,
            _ => false,
        };
        let mut value = value.clone();
        value.decor_mut().clear();
        fits.then_some(value)
    };
    match inside {
        Value::Array(values) => values.iter().filter_map(plain).take(8).collect(),
        Value::InlineTable(table) => {
            let described = ["mean", "median", "min", "scale", "mode"];
            let values = described.iter().filter_map(|key| table.get(key));
            values.filter_map(plain).collect()
        }
        _ => Vec::new(),
    }
}

fn is_of(item: &Item, kind: Kind) -> bool {
    item.is_str() == (kind == Kind::Times)
}

fn spans(text: &str) -> Vec<Value> {
    let Ok(time) = parse(text) else {
        return Vec::new();
    };
    let texts = shorter(time.0).into_iter();
    texts.map(|it| to_text(SimDuration(it)).into()).collect()
}

fn whole(number: i64) -> Vec<Value> {
    let simpler = rounder(u64::try_from(number).unwrap_or(0)).into_iter();
    let simpler = simpler.filter_map(|it| i64::try_from(it).ok());
    simpler.map(Value::from).collect()
}

/// Numbers with fewer digits in place of a fraction.
fn fractions(number: f64) -> Vec<Value> {
    if !number.is_finite() || number == 0.0 {
        return Vec::new();
    }
    let length = |number: f64| format!("{number}").len();
    let mut all = vec![0.0, 1.0];
    for places in 0..3 {
        let text = format!("{number:.places$}");
        all.extend(text.parse::<f64>());
    }
    all.retain(|it| length(*it) < length(number));
    let value = |it: f64| match it.fract() == 0.0 {
        true => Value::from(it as i64),
        false => Value::from(it),
    };
    all.into_iter().map(value).collect()
}
