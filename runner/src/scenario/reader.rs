//! Reads a table key by key, and collects all mistakes.
//!
//! The caller asks a [`TableReader`] for each key of its [`Keys`] once. All other
//! keys are unknown. If a value is wrong, a mistake is added and the value is
//! `None`, and the reading goes on.

use std::cell::RefCell;
use std::sync::Arc;

use super::diagnostic::Diagnostic;
use super::document::{Table, Value, ValueKind};
use super::keys::Keys;
use super::source::{Place, Source};

/// The mistakes found so far in one scenario.
pub struct Mistakes {
    /// The file and the options to which the places refer.
    pub source: Arc<Source>,
    found: RefCell<Vec<Diagnostic>>,
    warnings: RefCell<Vec<Diagnostic>>,
}

impl Mistakes {
    /// No mistakes.
    pub fn new(source: Arc<Source>) -> Mistakes {
        Mistakes {
            source,
            found: RefCell::default(),
            warnings: RefCell::default(),
        }
    }

    /// Adds a mistake.
    pub fn add(&self, place: Place, message: impl Into<String>) {
        self.push(Diagnostic::new(&self.source, place, message));
    }

    /// Adds a mistake with a line of help.
    pub fn add_with_help(&self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(Diagnostic::new(&self.source, place, message).help(help));
    }

    /// Adds a mistake.
    pub fn push(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    /// Adds a warning with a line of help: what can be run, and is hardly meant.
    pub fn warn(&self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        let warning = Diagnostic::new(&self.source, place, message).help(help);
        self.warnings.borrow_mut().push(warning.as_warning());
    }

    /// Takes the warnings, in the order in which they were found.
    pub fn take_warnings(&self) -> Vec<Diagnostic> {
        self.warnings.take()
    }

    /// Number of mistakes.
    pub fn count(&self) -> usize {
        self.found.borrow().len()
    }

    /// All mistakes, in the order in which they were found.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.found.into_inner()
    }
}

/// A key that is written, and its value.
#[derive(Clone, Debug)]
pub struct Written<T> {
    /// Where the key is written.
    pub key: Place,
    /// Where the value is written.
    pub place: Place,
    /// The value; `None` if it is wrong, which has been reported.
    pub value: Option<T>,
}

/// A key with its value, to be read.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    /// The key.
    pub key: &'a str,
    /// The value.
    pub value: &'a Value,
    /// The list to which mistakes are added.
    pub mistakes: &'a Mistakes,
}

impl<'a> Field<'a> {
    /// Reports that the value is not `what`; returns `None`.
    pub fn expected<T>(&self, what: &str) -> Option<T> {
        let found = self.value.describe();
        self.wrong(format!("`{}` is {found}, expected {what}", self.key))
    }

    /// As [`Field::expected`], with a line of help.
    pub fn expected_with_help<T>(&self, what: &str, help: String) -> Option<T> {
        let found = self.value.describe();
        let message = format!("`{}` is {found}, expected {what}", self.key);
        self.mistakes.add_with_help(self.value.place, message, help);
        None
    }

    /// Reports a mistake in the value; returns `None`.
    pub fn wrong<T>(&self, message: impl Into<String>) -> Option<T> {
        self.mistakes.add(self.value.place, message);
        None
    }

    /// The same key, with a part of its value.
    pub fn part(self, value: &'a Value) -> Field<'a> {
        Field { value, ..self }
    }

    /// The value as text; reports another value.
    pub fn text(&self) -> Option<&'a str> {
        match &self.value.kind {
            ValueKind::Text(text) => Some(text),
            _ => self.expected("a text"),
        }
    }

    /// The value as an array; reports that another value is not `what`.
    pub fn array(&self, what: &str) -> Option<&'a [Value]> {
        match &self.value.kind {
            ValueKind::Array(values) => Some(values),
            _ => self.expected(what),
        }
    }

    /// The value as a table; reports that another value is not `what`.
    pub fn table(&self, what: &str) -> Option<&'a Table> {
        match &self.value.kind {
            ValueKind::Table(table) => Some(table),
            _ => self.expected(what),
        }
    }
}

/// Reads one table.
pub struct TableReader<'a> {
    table: &'a Table,
    place: Place,
    keys: &'static Keys,
    mistakes: &'a Mistakes,
    asked: Vec<&'static str>,
}

impl<'a> TableReader<'a> {
    /// A reader of a table that is written at `place`.
    pub fn new(
        table: &'a Table,
        place: Place,
        keys: &'static Keys,
        mistakes: &'a Mistakes,
    ) -> TableReader<'a> {
        TableReader {
            table,
            place,
            keys,
            mistakes,
            asked: Vec::new(),
        }
    }

    /// A key that may be absent; `None` if it is.
    pub fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Field<'a>) -> Option<T>,
    ) -> Option<Written<T>> {
        debug_assert!(self.keys.get(key).is_some(), "`{key}` has no entry");
        self.asked.push(key);
        let entry = self.table.get(key)?;
        let value = read(Field {
            key,
            value: &entry.value,
            mistakes: self.mistakes,
        });
        Some(Written {
            key: entry.place,
            place: entry.value.place,
            value,
        })
    }

    /// A key that must be written; reports its absence.
    pub fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Field<'a>) -> Option<T>,
    ) -> Option<Written<T>> {
        let written = self.optional(key, read);
        if written.is_none() {
            let message = format!("{} needs the key `{key}`", self.keys.what);
            self.mistakes.add(self.place, message);
        }
        written
    }

    /// Reports the keys of the table that are unknown.
    pub fn finish(self) {
        debug_assert!(
            self.keys
                .keys
                .iter()
                .all(|it| self.asked.contains(&it.name)),
            "{} has keys that are not read",
            self.keys.what
        );
        for entry in &self.table.0 {
            let key = entry.key.as_str();
            if self.keys.get(key).is_some() {
                continue;
            }
            let known = self.keys.keys.iter().map(|it| it.name);
            let message = format!("unknown key `{key}` in {}", self.keys.what);
            let help = format!("keys here: {}", listed(key, known));
            self.mistakes.add_with_help(entry.place, message, help);
        }
    }
}

/// Names for a line of help: the first names, and the name that is most like `found`.
///
/// `client, srv-1, srv-2 (did you mean `srv-1`?)`
pub fn listed<'a>(found: &str, names: impl Iterator<Item = &'a str>) -> String {
    /// Number of names that are shown: enough for the keys of any table.
    const SHOWN: usize = 32;
    let mut shown: Vec<&str> = Vec::new();
    let mut more = 0_usize;
    let mut all = Vec::new();
    for name in names {
        all.push(name);
        if shown.len() < SHOWN {
            shown.push(name);
        } else {
            more += 1;
        }
    }
    let mut line = shown.join(", ");
    if more > 0 {
        line.push_str(&format!(" and {more} more"));
    }
    if let Some(name) = nearest(found, all.into_iter()) {
        line.push_str(&format!(" (did you mean `{name}`?)"));
    }
    line
}

/// The name that is most like `found`; `None` if none is near.
pub fn nearest<'a>(found: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(f64, &str)> = None;
    for name in names {
        let near = strsim::damerau_levenshtein(&found.to_lowercase(), &name.to_lowercase());
        let length = found.chars().count().max(name.chars().count());
        let share = near as f64 / length.max(1) as f64;
        if share <= 0.4 && best.is_none_or(|(least, _)| share < least) {
            best = Some((share, name));
        }
    }
    best.map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_only_if_it_is_near() {
        let names = ["client", "srv-1", "srv-2"];
        let line = |found| listed(found, names.into_iter());
        assert_eq!(line("srv1"), "client, srv-1, srv-2 (did you mean `srv-1`?)");
        assert_eq!(
            line("Client"),
            "client, srv-1, srv-2 (did you mean `client`?)"
        );
        assert_eq!(line("database"), "client, srv-1, srv-2");
    }

    #[test]
    fn long_lists_are_cut_and_still_searched() {
        let names: Vec<String> = (0..40).map(|i| format!("node-number-{i}")).collect();
        let line = listed("node-numbr-39", names.iter().map(String::as_str));
        assert!(
            line.contains("and 8 more (did you mean `node-number-39`?)"),
            "{line}"
        );
    }
}
