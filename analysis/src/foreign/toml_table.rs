//! A TOML file, read key by key: each mistake has its place, and all are collected.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::log::nearest;

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1 `[characters]`.
    pub column: usize,
    /// What is wrong, and what to do.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.file, self.line, self.column, self.text
        )
    }
}

/// The mistakes of a file.
pub struct Mistakes<'a> {
    file: &'a str,
    text: &'a str,
    /// In the order in which they were found.
    pub found: Vec<Mistake>,
}

impl<'a> Mistakes<'a> {
    /// For a file with this text.
    pub fn new(file: &'a str, text: &'a str) -> Mistakes<'a> {
        let found = Vec::new();
        Mistakes { file, text, found }
    }

    /// Adds a mistake at a byte.
    pub fn push(&mut self, at: usize, text: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        self.found.push(Mistake {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            text: text.into(),
        });
    }
}

/// A value and where it is.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// The first byte.
    pub at: usize,
    /// The value.
    pub value: T,
}

/// A value of a table.
struct Entry<'a> {
    key: usize,
    span: Range<usize>,
    value: DeValue<'a>,
}

/// A table whose keys are taken one after the other.
pub struct Table<'a> {
    what: String,
    at: usize,
    entries: BTreeMap<String, Entry<'a>>,
    known: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// Parses a file. What is no TOML is added to the mistakes.
    pub fn parse(text: &'a str, mistakes: &mut Mistakes<'_>) -> Table<'a> {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = error.span().unwrap_or_default().start;
            mistakes.push(at, error.message().trim().replace('\n', " "));
        }
        Table::new("the file".to_owned(), 0, table.into_inner())
    }

    fn new(what: String, at: usize, table: DeTable<'a>) -> Table<'a> {
        let entries = table.into_iter().map(|(key, value)| {
            let entry = Entry {
                key: key.span().start,
                span: value.span(),
                value: value.into_inner(),
            };
            (key.into_inner().into_owned(), entry)
        });
        Table {
            what,
            at,
            entries: entries.collect(),
            known: Vec::new(),
        }
    }

    /// Where the table begins.
    pub fn at(&self) -> usize {
        self.at
    }

    fn take(&mut self, key: &'static str) -> Option<Entry<'a>> {
        self.known.push(key);
        self.entries.remove(key)
    }

    /// A text.
    pub fn text(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<At<String>> {
        let entry = self.take(key)?;
        text_of(key, entry, mistakes)
    }

    /// A text that must be there.
    pub fn required(
        &mut self,
        key: &'static str,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<At<String>> {
        if !self.entries.contains_key(key) {
            self.known.push(key);
            mistakes.push(self.at, format!("{} has no `{key}`", self.what));
            return None;
        }
        self.text(key, mistakes)
    }

    /// True or false.
    pub fn flag(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<bool> {
        let entry = self.take(key)?;
        match entry.value {
            DeValue::Boolean(value) => Some(value),
            _ => {
                mistakes.push(entry.span.start, format!("`{key}`: expected true or false"));
                None
            }
        }
    }

    /// Texts in order; one text is a list of one.
    pub fn texts(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Vec<At<String>> {
        let Some(entry) = self.take(key) else {
            return Vec::new();
        };
        let DeValue::Array(values) = entry.value else {
            return text_of(key, entry, mistakes).into_iter().collect();
        };
        let values = values.into_iter().filter_map(|value| {
            let entry = Entry {
                key: entry.key,
                span: value.span(),
                value: value.into_inner(),
            };
            text_of(key, entry, mistakes)
        });
        values.collect()
    }

    /// A table; an empty one if there is none.
    pub fn table(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Table<'a> {
        let empty = |at| Table::new(format!("[{key}]"), at, DeTable::new());
        let Some(entry) = self.take(key) else {
            return empty(self.at);
        };
        match entry.value {
            DeValue::Table(table) => Table::new(format!("[{key}]"), entry.span.start, table),
            _ => {
                mistakes.push(
                    entry.span.start,
                    format!("`{key}`: expected a table: [{key}]"),
                );
                empty(entry.span.start)
            }
        }
    }

    /// Tables in order.
    pub fn tables(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Vec<Table<'a>> {
        let Some(entry) = self.take(key) else {
            return Vec::new();
        };
        let mut tables = Vec::new();
        let mut wrong = |at| mistakes.push(at, format!("`{key}`: expected tables: [[{key}]]"));
        match entry.value {
            DeValue::Array(values) => {
                for value in values {
                    let at = value.span().start;
                    match value.into_inner() {
                        DeValue::Table(table) => {
                            tables.push(Table::new(format!("[[{key}]]"), at, table))
                        }
                        _ => wrong(at),
                    }
                }
            }
            _ => wrong(entry.span.start),
        }
        tables
    }

    /// All that is left, as texts, in the order of the file: the keys are free.
    pub fn all_texts(self, mistakes: &mut Mistakes<'_>) -> Vec<(At<String>, At<String>)> {
        let mut texts = Vec::new();
        for (key, entry) in self.entries {
            let at = entry.key;
            let value = text_of(&key, entry, mistakes);
            texts.extend(value.map(|value| (At { at, value: key }, value)));
        }
        texts.sort_by_key(|(key, _)| key.at);
        texts
    }

    /// Keys that nobody took are mistakes.
    pub fn finish(self, mistakes: &mut Mistakes<'_>) {
        for (key, entry) in self.entries {
            let hint = nearest(&key, &self.known);
            mistakes.push(
                entry.key,
                format!(
                    "unknown key `{key}` in {}{hint}\n  keys here: {}",
                    self.what,
                    self.known.join(", ")
                ),
            );
        }
    }
}

fn text_of(key: &str, entry: Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<At<String>> {
    let at = entry.span.start;
    match entry.value {
        DeValue::String(text) => Some(At {
            at,
            value: text.into_owned(),
        }),
        _ => {
            mistakes.push(at, format!("`{key}`: expected a text between quotes"));
            None
        }
    }
}
