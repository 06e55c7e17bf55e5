//! The keys in which two scenarios differ: by their path, with both values.
//!
//! `nodes.machine.config.faces` is 10 there and 4 here. Where a line stands, and in which form
//! a table is written, makes no difference. Options that override a key count as the key.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::results::Manifest;

/// Keys that are for readers.
const FOR_READERS: [&str; 4] = ["name", "title", "description", "notes"];

/// A key, and its values in the two scenarios; empty where it is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyDifference {
    /// `nodes.machine.config.faces`.
    pub path: String,
    /// The value of the first.
    pub there: String,
    /// The value of the other.
    pub here: String,
}

/// The keys that differ, in the order of their paths; `None` if a text is not TOML.
pub(super) fn differing(there: &Manifest, here: &Manifest) -> Option<Vec<KeyDifference>> {
    let document = |manifest: &Manifest| -> Option<Table> {
        let mut table: Table = manifest.scenario.text.parse().ok()?;
        for setting in &manifest.settings {
            apply(&mut table, setting);
        }
        FOR_READERS.iter().for_each(|key| drop(table.remove(*key)));
        Some(table)
    };
    let (one, other) = (document(there)?, document(here)?);
    let mut found = Vec::new();
    tables(&one, &other, ("", false), &mut found);
    Some(found)
}

/// Sets the key that an option sets: `--set nodes.machine.count=5`, `--seed 9`.
fn apply(table: &mut Table, setting: &str) {
    let setting = setting.strip_prefix("--set ").unwrap_or(setting);
    let (path, text) = match setting.strip_prefix("--") {
        Some(option) => option.split_once(' ').unwrap_or((option, "true")),
        None => setting.split_once('=').unwrap_or((setting, "true")),
    };
    let whole: Option<Table> = format!("value = {text}").parse().ok();
    let value = whole.and_then(|mut it| it.remove("value"));
    let value = value.unwrap_or_else(|| Value::from(text));
    let mut names: Vec<&str> = path.trim().split('.').collect();
    let Some(last) = names.pop() else { return };
    let mut at = table;
    for name in names {
        let next = at.entry(name).or_insert_with(|| Value::Table(Table::new()));
        match next {
            Value::Table(table) => at = table,
            // An entry of a list, which has no name here: the option is told as it is.
            _ => return,
        }
    }
    at.insert(last.to_owned(), value);
}

/// Compares the keys of two tables. With `whole`, these are entries of a list, and one that is
/// absent is told as a whole.
fn tables(
    there: &Table,
    here: &Table,
    (path, whole): (&str, bool),
    found: &mut Vec<KeyDifference>,
) {
    let names: BTreeSet<&String> = there.keys().chain(here.keys()).collect();
    for name in names {
        let path = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        values(there.get(name), here.get(name), (&path, whole), found);
    }
}

fn values(
    there: Option<&Value>,
    here: Option<&Value>,
    (path, whole): (&str, bool),
    found: &mut Vec<KeyDifference>,
) {
    let empty = Table::new();
    let table = |value: Option<&Value>| match value {
        None if !whole => Some(empty.clone()),
        value => value.and_then(Value::as_table).cloned(),
    };
    let is_absent_or_list = |value: Option<&Value>| value.is_none() || is_list(value);
    match (there, here) {
        (one, other) if one == other => {}
        (one, other) if is_absent_or_list(one) && is_absent_or_list(other) => {
            tables(&named(one), &named(other), (path, true), found);
        }
        (one, other) if table(one).is_some() && table(other).is_some() => {
            let (one, other) = (
                table(one).unwrap_or_default(),
                table(other).unwrap_or_default(),
            );
            tables(&one, &other, (path, false), found);
        }
        (one, other) => found.push(KeyDifference {
            path: path.to_owned(),
            there: one.map_or_else(String::new, ToString::to_string),
            here: other.map_or_else(String::new, ToString::to_string),
        }),
    }
}

/// Whether it is a list of tables: `[[links]]`.
fn is_list(value: Option<&Value>) -> bool {
    match value {
        None => false,
        Some(Value::Array(all)) => !all.is_empty() && all.iter().all(Value::is_table),
        Some(_) => false,
    }
}

/// The entries of a list by what they are about, so that one more entry does not make all that
/// follow differ.
fn named(list: Option<&Value>) -> Table {
    let mut table = Table::new();
    let entries = list.and_then(Value::as_array).into_iter().flatten();
    for entry in entries {
        let name = name(entry);
        let same = |number: &usize| match number {
            1 => name.clone(),
            number => format!("{name}#{number}"),
        };
        let free = (1..).map(|number| same(&number));
        let mut free = free.skip_while(|it| table.contains_key(it));
        if let Some(name) = free.next() {
            table.insert(name, entry.clone());
        }
    }
    table
}

/// What an entry of a list is about.
fn name(entry: &Value) -> String {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    if let Some(metric) = text("metric") {
        return match text("nodes") {
            Some(nodes) => format!("{metric} of {nodes}"),
            None => metric.to_owned(),
        };
    }
    if let Some(named) = text("name").or_else(|| text("check")) {
        return named.to_owned();
    }
    if let Some(between) = entry.get("between").and_then(Value::as_array) {
        let ends: Vec<&str> = between.iter().filter_map(Value::as_str).collect();
        return ends.join("-");
    }
    if let (Some(from), Some(to)) = (text("from"), text("to")) {
        return format!("{from}->{to}");
    }
    match text("at") {
        Some(at) => format!("at {at}"),
        None => "entry".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::ScenarioInfo;

    fn manifest(text: &str, settings: &[&str]) -> Manifest {
        let text = text.to_owned();
        let json = serde_json::json!({
            "format": 1, "scenario": ScenarioInfo { text, ..ScenarioInfo::default() },
            "seed": 1, "duration_s": null, "time": "virtual", "command": [], "settings": settings,
            "versions": {"runner": "1", "abi": 1}, "plugins": [], "cases": [],
            "runs_per_case": 1, "runs_planned": 1, "log": "per-node", "groups": [], "started": "",
        });
        Manifest::from_json(&json.to_string()).unwrap()
    }

    fn lines(there: &Manifest, here: &Manifest) -> Vec<String> {
        let found = differing(there, here).unwrap();
        let line = |it: &KeyDifference| format!("{}: {} -> {}", it.path, it.there, it.here);
        found.iter().map(line).collect()
    }

    #[test]
    fn keys_differ_by_path_whatever_their_lines_and_form() {
        let there = manifest(
            "name = \"a\"\nruns = 5 # five\n[nodes.m]\nconfig = { faces = 10, text = \"#1\" }\ntick_rate = 3\n\
             [[links]]\nbetween = [\"m\", \"m\"]\nloss = 0.1\n[[check]]\ncheck = \"clock.lamport\"\n",
            &[],
        );
        let here = manifest(
            "name = \"b\"\ntitle = \"B\"\n\n\nruns = 5\n[nodes.m]\ntick_rate = { uniform_int = [1, 6] }\n\
             [nodes.m.config]\ntext = \"#1\"\nfaces = 4\n[[check]]\ncheck = \"kv.x\"\n[[check]]\ncheck = \"clock.lamport\"\n\
             [[links]]\nbetween = [\"m\", \"m\"]\nloss = 0.2\n",
            &["--seed 9", "--set nodes.m.config.faces=5"],
        );
        assert_eq!(
            lines(&there, &here),
            [
                "check.kv.x:  -> { check = \"kv.x\" }",
                "links.m-m.loss: 0.1 -> 0.2",
                "nodes.m.config.faces: 10 -> 5",
                "nodes.m.tick_rate: 3 -> { uniform_int = [1, 6] }",
                "seed:  -> 9",
            ]
        );
        assert_eq!(lines(&there, &there), [""; 0]);
        assert_eq!(differing(&manifest("no toml", &[]), &there), None);
    }
}
