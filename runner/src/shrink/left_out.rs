//! What the smallest scenario does without: for the comment at its top.

use toml::{Table, Value};

use super::draft::{Draft, ENTRIES};

/// Keys that say nothing about what happens.
const SILENT: [&str; 2] = ["name", "title"];

/// What was left out and changed, a line for each part of the scenario.
pub fn left_out(original: &Draft, best: &Draft) -> Vec<String> {
    let (old, new) = (original.tree(), best.tree());
    let empty = Table::new();
    let nodes = |tree: &Table| tree.get("nodes").and_then(Value::as_table).cloned();
    let (old_nodes, new_nodes) = (nodes(&old), nodes(&new));
    let (old_nodes, new_nodes) = (old_nodes.unwrap_or_default(), new_nodes.unwrap_or_default());
    let mut lines = Vec::new();
    for (name, group) in &old_nodes {
        let group = group.as_table().unwrap_or(&empty);
        lines.extend(of_group(name, group, &old_nodes, &new_nodes));
    }
    for list in ENTRIES {
        let entries = |tree: &Table| tree.get(list).and_then(Value::as_array).cloned();
        let (old, new) = (entries(&old), entries(&new));
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        let kept = best.numbers(list);
        for (number, entry) in (1..).zip(&old) {
            let entry = entry.as_table().unwrap_or(&empty);
            let name = entry_name(list, number, old.len(), entry);
            match kept.iter().position(|it| *it == number) {
                None => lines.push(name),
                Some(at) => {
                    let now = new.get(at).and_then(Value::as_table).unwrap_or(&empty);
                    lines.extend(changes(&name, entry, now));
                }
            }
        }
    }
    let top = |tree: &Table| -> Table {
        let is_part = |key: &str| key == "nodes" || ENTRIES.contains(&key) || SILENT.contains(&key);
        let keys = tree.iter().filter(|(key, _)| !is_part(key));
        keys.map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    lines.extend(changes("the run", &top(&old), &top(&new)));
    lines
}

fn of_group(name: &str, old: &Table, all: &Table, now: &Table) -> Option<String> {
    let is_member = |other: &&String| {
        let number = other.strip_prefix(name).and_then(|it| it.strip_prefix('-'));
        number.is_some_and(|it| it.parse::<u32>().is_ok()) && !all.contains_key(*other)
    };
    let own = now.get(name).and_then(Value::as_table);
    let alone = now.keys().find(is_member);
    let empty = Table::new();
    let mut without_count = old.clone();
    let count = without_count.remove("count");
    let count = count.and_then(|it| it.as_integer());
    let (group, mut new) = match (own, alone) {
        (Some(own), _) => (name, own.clone()),
        (None, Some(alone)) => {
            let table = now.get(alone).and_then(Value::as_table);
            (alone.as_str(), table.unwrap_or(&empty).clone())
        }
        (None, None) => return Some(format!("the nodes of `{name}`")),
    };
    let left = new.remove("count").and_then(|it| it.as_integer());
    let fewer = count.filter(|count| *count > left.unwrap_or(1));
    let fewer = fewer.map(|count| {
        let gone = count - left.unwrap_or(1);
        format!("{gone} of {count} nodes of `{name}`")
    });
    let changed = changes(&format!("`{group}`"), &without_count, &new);
    let all: Vec<String> = fewer.into_iter().chain(changed).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn entry_name(list: &str, number: usize, count: usize, entry: &Table) -> String {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let named = match list {
        "links" => "link",
        "faults" => "fault",
        "check" => return format!("check `{}`", text("check").unwrap_or_default()),
        "property" => return format!("property `{}`", text("name").unwrap_or_default()),
        _ => {
            return format!(
                "the expectation of `{}`",
                text("metric").unwrap_or_default()
            );
        }
    };
    match count {
        1 => format!("the {named}"),
        _ => format!("{named} {number}"),
    }
}

/// The differences of a table: `the fault: without `every`; `at` = "0s", was "5s"`.
fn changes(name: &str, old: &Table, new: &Table) -> Option<String> {
    let (mut gone, mut other) = (Vec::new(), Vec::new());
    compare("", old, new, &mut gone, &mut other);
    let mut all = Vec::new();
    if !gone.is_empty() {
        all.push(format!("without {}", gone.join(", ")));
    }
    all.extend(other);
    (!all.is_empty()).then(|| format!("{name}: {}", all.join("; ")))
}

fn compare(
    prefix: &str,
    old: &Table,
    new: &Table,
    gone: &mut Vec<String>,
    other: &mut Vec<String>,
) {
    for (key, value) in old {
        match (value, new.get(key)) {
            (_, None) => gone.push(format!("`{prefix}{key}`")),
            (Value::Table(value), Some(Value::Table(now))) => {
                compare(&format!("{prefix}{key}."), value, now, gone, other);
            }
            (value, Some(now)) if value != now => {
                other.push(format!(
                    "`{prefix}{key}` = {}, was {}",
                    short(now),
                    short(value)
                ));
            }
            _ => {}
        }
    }
    for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
        other.push(format!("`{prefix}{key}` = {}", short(value)));
    }
}

/// Maximum length of a value in a comment. Arbitrary.
const LONGEST: usize = 60;

fn short(value: &Value) -> String {
    let text = value.to_string().replace('\n', " ");
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::draft::at;
    use super::*;

    #[test]
    fn each_part_has_one_line() {
        let text = "name = \"a\"\nduration = \"1m\"\n[nodes.x]\ncount = 5\nconfig = { a = 1, b = 2 }\n[nodes.y]\n[[faults]]\nat = \"1s\"\n[[faults]]\nat = \"5s\"\nevery = \"9s\"\n[[check]]\ncheck = \"c.d\"\n";
        let original = Draft::parse(text).unwrap();
        let mut best = original.clone();
        best.set(&at!["duration"], "6s");
        best.remove(&at!["nodes", "y"]);
        best.remove(&at!["nodes", "x", "count"]);
        best.rename(&at!["nodes"], "x", "x-3");
        best.remove(&at!["nodes", "x-3", "config", "b"]);
        best.remove(&at!["faults", 0usize]);
        best.remove(&at!["faults", 0usize, "every"]);
        best.set(&at!["faults", 0usize, "at"], "0s");
        best.remove(&at!["check", 0usize]);
        assert_eq!(
            left_out(&original, &best),
            [
                "4 of 5 nodes of `x`; `x-3`: without `config.b`",
                "the nodes of `y`",
                "fault 1",
                "fault 2: without `every`; `at` = \"0s\", was \"5s\"",
                "check `c.d`",
                "the run: `duration` = \"6s\", was \"1m\"",
            ]
        );
        assert!(left_out(&original, &original).is_empty());
    }
}
