//! Values of the command line that replace values of the file:
//! `--set nodes.machine.config.faces=5`.
//!
//! An override is a path of keys and a TOML value. It is put into the file's tree
//! before the tree is read, so the same rules apply to it. The place of its mistakes
//! is the option as typed.

use std::sync::Arc;

use super::diagnostic::Diagnostic;
use super::document::{KeyValue, Table, Value, ValueKind};
use super::reader::Mistakes;
use super::source::{Place, Source};

/// One value that replaces a value of the file.
#[derive(Clone, Debug)]
pub struct Override {
    /// The option as typed.
    pub(super) label: String,
    /// The keys that lead to the value; an index into an array is a key of digits.
    pub(super) path: Vec<String>,
    /// The value as typed.
    written: String,
    /// The value. [`apply`] sets the places in it.
    pub(super) value: Value,
}

impl Override {
    /// Reads `PATH=VALUE`. The path is a dotted TOML key (`nodes."a.b".count`); the
    /// entries of an array are numbered from 0 (`links.0.loss`). The value is a TOML
    /// value. Any other text is a text value, so that `time=real` works.
    ///
    /// # Errors
    /// Fails if there is no `=`, or the path is not a dotted key.
    pub fn parse(text: &str) -> Result<Override, Diagnostic> {
        let label = format!("--set {text}");
        let wrong = |message: &str| {
            let source = Arc::new(Source::new("", String::new(), vec![label.clone()]));
            Diagnostic::new(&source, Place::Override(0), message)
                .help("write `--set PATH=VALUE`, for example `--set nodes.machine.count=5`")
        };
        let (path, value) = split(text).ok_or_else(|| wrong("there is no `=`"))?;
        let path = parse_path(path).ok_or_else(|| wrong("the path is not a dotted key"))?;
        let written = value.trim().to_owned();
        let value = Value::parse_or_text(&written);
        Ok(Override {
            label,
            path,
            written,
            value,
        })
    }

    /// The override of an option for a key at the top of the file: `--runs 3` is
    /// `Override::option("--runs", "runs", "3")`. The value is read as in
    /// [`Override::parse`].
    pub fn option(flag: &str, key: &str, value: &str) -> Override {
        Override {
            label: format!("{flag} {value}"),
            path: vec![key.to_owned()],
            written: value.trim().to_owned(),
            value: Value::parse_or_text(value.trim()),
        }
    }

    /// The override whose [`Override::label`] this is; none if it is no such text.
    pub fn of_label(label: &str) -> Option<Override> {
        match label.split_once(' ')? {
            ("--set", text) => Override::parse(text).ok(),
            (flag, value) => Some(Override::option(flag, flag.strip_prefix("--")?, value)),
        }
    }

    /// The option as typed.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The keys that lead to the value, and the value as typed: TOML, or a bare word that
    /// stands for a text.
    pub fn written(&self) -> (&[String], &str) {
        (&self.path, &self.written)
    }
}

/// Puts the overrides into a file's tree, in their order. A later override of a path
/// replaces an earlier one.
pub fn apply(overrides: &[Override], document: &mut Table, mistakes: &Mistakes) {
    for (index, it) in overrides.iter().enumerate() {
        let place = Place::Override(index);
        let mut value = it.value.clone();
        value.set_place(place);
        if let Err(message) = set_key(document, &it.path, value) {
            mistakes.add(place, message);
        }
    }
}

/// Sets the value at a path of keys in a table. Makes tables that are missing.
///
/// # Errors
/// Fails with a message if the path leads through a value that has no keys.
pub(super) fn set_key(table: &mut Table, path: &[String], value: Value) -> Result<(), String> {
    let Some((key, rest)) = path.split_first() else {
        return Err("the path is empty".to_owned());
    };
    if let Some(entry) = table.get_mut(key) {
        return set_value(&mut entry.value, key, rest, value);
    }
    let place = value.place;
    let value = rest.iter().rev().fold(value, |value, key| Value {
        place,
        kind: ValueKind::Table(Table(vec![KeyValue {
            key: key.clone(),
            place,
            value,
        }])),
    });
    table.0.push(KeyValue {
        key: key.clone(),
        place,
        value,
    });
    Ok(())
}

/// Sets the value at a path inside the value of `key`.
fn set_value(target: &mut Value, key: &str, path: &[String], value: Value) -> Result<(), String> {
    let Some((next, rest)) = path.split_first() else {
        *target = value;
        return Ok(());
    };
    let found = target.describe();
    match &mut target.kind {
        ValueKind::Table(table) => set_key(table, path, value),
        ValueKind::Array(values) => {
            let count = values.len();
            match next.parse::<usize>().ok().and_then(|at| values.get_mut(at)) {
                Some(entry) => set_value(entry, next, rest, value),
                None => Err(format!(
                    "`{key}` has no entry `{next}`, it has {count}, numbered from 0"
                )),
            }
        }
        _ => Err(format!("`{key}` is {found}, there is no `{next}` in it")),
    }
}

/// Splits a text at the first `=` outside of quotes.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '=' => return Some((&text[..at], &text[at + 1..])),
            None if c == '"' || c == '\'' => quote = Some(c),
            None => {}
        }
    }
    None
}

/// The parts of a dotted TOML key; `None` if the text is not one.
pub fn parse_path(path: &str) -> Option<Vec<String>> {
    // The crate `toml` has no parser of dotted keys, so a document with this one
    // key is parsed.
    if path.contains(['\n', '\r', '#', '[']) && !path.contains(['"', '\'']) {
        return None;
    }
    let document = format!("{path} = 0");
    let (table, errors) = toml::de::DeTable::parse_recoverable(&document);
    if !errors.is_empty() {
        return None;
    }
    let mut keys = Vec::new();
    let mut table = table.into_inner();
    loop {
        let mut entries = table.into_iter();
        let (key, value) = entries.next()?;
        if entries.next().is_some() {
            return None;
        }
        keys.push(key.into_inner().into_owned());
        match value.into_inner() {
            toml::de::DeValue::Table(next) => table = next,
            _ => return Some(keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_dotted_keys() {
        let cases = [
            ("a.b=1", Some(vec!["a", "b"])),
            ("links.0.loss=0.5", Some(vec!["links", "0", "loss"])),
            ("nodes.\"a=b.c\".x = 1", Some(vec!["nodes", "a=b.c", "x"])),
            ("nodes.'q'.count=2", Some(vec!["nodes", "q", "count"])),
            ("a..b=1", None),
            ("=1", None),
            ("a b=1", None),
            ("a", None),
            ("[a]\nb=1", None),
            ("a=1\nb=1", Some(vec!["a"])),
            ("#\na=1", None),
        ];
        for (text, path) in cases {
            let found = Override::parse(text).ok().map(|it| it.path);
            let path = path.map(|keys| keys.into_iter().map(str::to_owned).collect());
            assert_eq!(found, path, "{text}");
        }
    }

    #[test]
    fn values_are_toml_and_bare_words_are_text() {
        let kind = |text| format!("{:?}", Override::parse(text).unwrap().value.kind);
        assert_eq!(kind("a=5"), "Integer(Some(5))");
        assert_eq!(kind("a=\"5\""), "Text(\"5\")");
        assert_eq!(kind("a=real"), "Text(\"real\")");
        assert_eq!(kind("a=60s"), "Text(\"60s\")");
        assert_eq!(kind("a="), "Text(\"\")");
        assert!(kind("a={ uniform = [1, 2] }").starts_with("Table"));
    }
}
