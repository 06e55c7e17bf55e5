//! A scenario that is being edited: its text with comments, order and format.
//!
//! Passes look at the values ([`Draft::tree`]) and edit by path ([`Draft::set`],
//! [`Draft::remove`]). The comment at the top of the file is kept apart, so that it stays
//! when the first key goes.

use std::collections::BTreeMap;
use std::fmt;

use toml_edit::{DocumentMut, InlineTable, Item, Table, Value};

/// A step of a path: a key, or an index into an array.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The key of a table.
    Key(String),
    /// The index of an entry of an array.
    At(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Step {
        Step::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Step {
        Step::At(index)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Key(key) => f.write_str(key),
            Step::At(index) => write!(f, "{index}"),
        }
    }
}

/// The steps that lead to a value.
pub type Path = Vec<Step>;

/// A path of these steps.
macro_rules! at {
    ($($step:expr),* $(,)?) => { $crate::shrink::draft::Path::from([$($crate::shrink::draft::Step::from($step)),*]) };
}
pub(super) use at;

/// `path` and one more step.
pub fn below(path: &[Step], step: impl Into<Step>) -> Path {
    let mut longer = path.to_vec();
    longer.push(step.into());
    longer
}

/// The arrays of entries at the top of a scenario.
pub const ENTRIES: [&str; 5] = ["links", "faults", "check", "expect", "property"];

/// A scenario file that is being edited.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The comment at the top of the file, without its `#:schema` line.
    pub head: String,
    /// The path of the schema in the `#:schema` line, if there is one.
    pub schema: Option<String>,
    document: DocumentMut,
    /// By array of [`ENTRIES`]: the number that each entry has in the original, from 1.
    numbers: BTreeMap<&'static str, Vec<usize>>,
}

impl Draft {
    /// Reads the text of a scenario without mistakes.
    ///
    /// # Errors
    /// Fails if the text has a number that is not within 64 bits, signed.
    pub fn parse(text: &str) -> Result<Draft, String> {
        let (schema, head, body) = split(text.strip_prefix('\u{feff}').unwrap_or(text));
        let document: DocumentMut = body
            .parse()
            .map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
        let mut draft = Draft {
            head,
            schema,
            document,
            numbers: BTreeMap::new(),
        };
        draft.number();
        Ok(draft)
    }

    /// Numbers the entries as they are now.
    pub fn number(&mut self) {
        let tree = self.tree();
        for name in ENTRIES {
            let count = tree.get(name).and_then(toml::Value::as_array);
            let count = count.map_or(0, Vec::len);
            self.numbers.insert(name, (1..=count).collect());
        }
    }

    /// The numbers of the entries of an array in the original, from 1.
    pub fn numbers(&self, name: &str) -> &[usize] {
        self.numbers.get(name).map_or(&[], Vec::as_slice)
    }

    /// The scenario without the comment at its top.
    pub fn text(&self) -> String {
        let text = self.document.to_string();
        let text = text.trim_start_matches('\n').trim_end();
        format!("{text}\n")
    }

    /// The values.
    pub fn tree(&self) -> toml::Table {
        self.document.to_string().parse().unwrap_or_default()
    }

    /// The value at a path.
    pub fn get(&self, path: &[Step]) -> Option<&Item> {
        path.iter()
            .try_fold(self.document.as_item(), |item, step| match step {
                Step::Key(key) => item.get(key),
                Step::At(index) => item.get(index),
            })
    }

    fn get_mut(&mut self, path: &[Step]) -> Option<&mut Item> {
        path.iter()
            .try_fold(self.document.as_item_mut(), |item, step| match step {
                Step::Key(key) => item.get_mut(key.as_str()),
                Step::At(index) => item.get_mut(*index),
            })
    }

    /// The value of a key as text, if it is a text.
    pub fn text_at(&self, path: &[Step]) -> Option<&str> {
        self.get(path)?.as_str()
    }

    /// Removes the value at a path, and the tables and arrays that are empty then. Returns
    /// whether there was one.
    pub fn remove(&mut self, path: &[Step]) -> bool {
        let Some((last, parent)) = path.split_last() else {
            return false;
        };
        let Some(item) = self.get_mut(parent) else {
            return false;
        };
        let removed = match last {
            Step::Key(key) => {
                let table = item.as_table_like_mut();
                table.is_some_and(|table| table.remove(key).is_some())
            }
            Step::At(index) => remove_at(item, *index),
        };
        tidy(item);
        let is_empty = match item {
            Item::ArrayOfTables(all) => all.is_empty(),
            Item::Value(Value::Array(all)) => all.is_empty(),
            item => item.as_table_like().is_some_and(|it| it.is_empty()),
        };
        if let ([Step::Key(name)], Step::At(index), true) = (parent, last, removed)
            && let Some(numbers) = self.numbers.get_mut(name.as_str())
        {
            numbers.remove(*index);
        }
        if removed && is_empty && !parent.is_empty() {
            self.remove(parent);
        }
        removed
    }

    /// Sets the value at a path. Makes tables that are missing. Returns whether the path
    /// could be followed.
    pub fn set(&mut self, path: &[Step], value: impl Into<Value>) -> bool {
        let mut value: Value = value.into();
        if let Some(item) = self.get_mut(path) {
            if let Item::Value(old) = item {
                *value.decor_mut() = old.decor().clone();
            }
            *item = Item::Value(value);
            return true;
        }
        let Some((Step::Key(last), parent)) = path.split_last() else {
            return false;
        };
        if self.get(parent).is_none() && !self.make_table(parent) {
            return false;
        }
        let Some(table) = self.get_mut(parent).and_then(Item::as_table_like_mut) else {
            return false;
        };
        value.decor_mut().clear();
        table.insert(last, Item::Value(value));
        true
    }

    fn make_table(&mut self, path: &[Step]) -> bool {
        let Some((Step::Key(last), parent)) = path.split_last() else {
            return false;
        };
        if self.get(parent).is_none() && !self.make_table(parent) {
            return false;
        }
        match self.get_mut(parent) {
            Some(Item::Table(table)) => {
                table.insert(last, Item::Table(Table::new()));
                true
            }
            Some(item) => match item.as_table_like_mut() {
                Some(table) => {
                    let value = Value::InlineTable(InlineTable::new());
                    table.insert(last, Item::Value(value));
                    true
                }
                None => false,
            },
            None => false,
        }
    }

    /// Adds an entry behind those of an array, such as `faults`.
    pub fn push(&mut self, name: &str, entry: InlineTable) {
        match self.get_mut(&[Step::Key(name.to_owned())]) {
            Some(Item::ArrayOfTables(all)) => all.push(entry.into_table()),
            Some(Item::Value(Value::Array(all))) => all.push(entry),
            _ => {
                let mut all = toml_edit::ArrayOfTables::new();
                all.push(entry.into_table());
                self.document.insert(name, Item::ArrayOfTables(all));
            }
        }
    }

    /// The scenario with the `#:schema` line and the comment at its top.
    pub fn whole_text(&self) -> String {
        let schema = self
            .schema
            .iter()
            .map(|path| format!("#:schema {path}\n\n"));
        let head = match self.head.is_empty() {
            true => String::new(),
            false => format!("{}\n\n", self.head.trim_end()),
        };
        format!("{}{head}{}", schema.collect::<String>(), self.text())
    }

    /// Gives the table at `path` another key in its parent; its place in the file stays.
    pub fn rename(&mut self, parent: &[Step], from: &str, to: &str) -> bool {
        let table = self.get_mut(parent).and_then(Item::as_table_like_mut);
        let Some(table) = table.filter(|table| !table.contains_key(to)) else {
            return false;
        };
        match table.remove(from) {
            Some(item) => table.insert(to, item).is_none(),
            None => false,
        }
    }
}

fn remove_at(item: &mut Item, index: usize) -> bool {
    match item {
        Item::ArrayOfTables(all) if index < all.len() => {
            all.remove(index);
            true
        }
        Item::Value(Value::Array(all)) if index < all.len() => {
            all.remove(index);
            true
        }
        _ => false,
    }
}

/// Formats an inline table or array on one line, from which something was taken out.
fn tidy(item: &mut Item) {
    let Item::Value(value) = item else {
        return;
    };
    if value.to_string().contains(['\n', '#']) {
        return;
    }
    match value {
        Value::Array(array) => array.fmt(),
        Value::InlineTable(table) => table.fmt(),
        _ => {}
    }
}

/// Splits a file into the path of its schema, the comment at its top, and the rest. A
/// comment that no blank line separates from the first key belongs to this key.
fn split(text: &str) -> (Option<String>, String, String) {
    let is_comment = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let block: Vec<&str> = text.split_inclusive('\n').take_while(is_comment).collect();
    let blank = block.iter().rposition(|line| line.trim().is_empty());
    let is_schema = |line: &&str| line.starts_with("#:schema");
    let top = match (blank, block.first()) {
        (Some(blank), _) => blank + 1,
        (None, Some(first)) => usize::from(is_schema(first)),
        (None, None) => 0,
    };
    let schema = block[..top].iter().copied().find(is_schema);
    let schema = schema.map(|line| line["#:schema".len()..].trim().to_owned());
    let head: String = block[..top]
        .iter()
        .copied()
        .filter(|line| !is_schema(line))
        .collect();
    let length: usize = block[..top].iter().map(|line| line.len()).sum();
    let head = head.trim_matches('\n').trim_start_matches("#\n").to_owned();
    (schema, head, text[length..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "#:schema ./s.json\n#\n# About it.\n\n# The name.\nname = \"a\"\n\n[nodes.x]\nconfig = { a = 1, b = 2 } # why\n\n# First.\n[[faults]]\nat = \"1s\"\n\n# Second.\n[[faults]]\nat = \"2s\"\ncrash = [\"x\", \"y\"]\n";

    #[test]
    fn comments_stay_with_what_they_are_about() {
        let mut draft = Draft::parse(TEXT).unwrap();
        assert_eq!(draft.schema.as_deref(), Some("./s.json"));
        assert_eq!(draft.head, "# About it.");
        assert!(draft.remove(&at!["faults", 0usize]));
        assert!(draft.remove(&at!["nodes", "x", "config", "a"]));
        assert!(draft.remove(&at!["faults", 0usize, "crash", 0usize]));
        assert!(draft.set(&at!["faults", 0usize, "at"], "0s"));
        assert_eq!(
            draft.text(),
            "# The name.\nname = \"a\"\n\n[nodes.x]\nconfig = { b = 2 } # why\n\n# Second.\n[[faults]]\nat = \"0s\"\ncrash = [\"y\"]\n"
        );
        assert_eq!(draft.numbers("faults"), [2]);
    }

    #[test]
    fn what_becomes_empty_goes_and_what_is_missing_is_made() {
        let mut draft = Draft::parse(TEXT).unwrap();
        assert!(draft.remove(&at!["faults", 1usize]));
        assert!(draft.remove(&at!["faults", 0usize]));
        assert!(draft.remove(&at!["nodes", "x", "config", "a"]));
        assert!(draft.remove(&at!["nodes", "x", "config", "b"]));
        assert!(!draft.remove(&at!["nodes", "y"]));
        assert!(draft.get(&at!["faults"]).is_none());
        assert!(draft.set(&at!["rng_id", "run"], 7));
        assert!(!draft.set(&at!["name", "x"], 7));
        let tree = draft.tree();
        assert_eq!(tree["rng_id"]["run"].as_integer(), Some(7));
    }
}
