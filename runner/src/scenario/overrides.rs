//! Values from the command line that take the place of values in the file:
//! `--set nodes.machine.config.faces=5`.
//!
//! An override is a path of keys and a TOML value. It is applied to the file's
//! tree before anything is read, so it is held to the same rules, and what it
//! gets wrong is reported under the option as typed.

use std::sync::Arc;

use super::diagnostic::{Diagnostic, Place, Source};
use super::document::Value;

/// One value that overrides the file's.
#[derive(Clone, Debug)]
pub struct Override {
    /// The option as typed.
    pub(super) label: String,
    /// The keys that lead to the value; an index into an array is a key of digits.
    pub(super) path: Vec<String>,
    /// The value, every place in it this option.
    pub(super) value: Value,
}

impl Override {
    /// Reads `PATH=VALUE`. The path is a dotted TOML key (`nodes."a.b".count`), an
    /// array's entries are numbered from 0 (`links.0.loss`). The value is a TOML
    /// value; text that is none stands for itself, so that `time=real` works.
    ///
    /// # Errors
    /// When there is no `=`, or the path is not a dotted key.
    pub fn parse(text: &str) -> Result<Override, Diagnostic> {
        let label = format!("--set {text}");
        let wrong = |message: &str| {
            let source = Arc::new(Source {
                overrides: vec![label.clone()],
                ..Source::default()
            });
            Diagnostic::new(&source, Place::Override(0), message)
                .help("write `--set PATH=VALUE`, for example `--set nodes.machine.count=5`")
        };
        let (path, value) = split(text).ok_or_else(|| wrong("there is no `=`"))?;
        let path = keys(path).ok_or_else(|| wrong("the path is not a dotted key"))?;
        let value = Value::parse_or_text(value.trim());
        Ok(Override { label, path, value })
    }

    /// What an option of its own says about a top-level key: `--runs 3` is
    /// `Override::option("--runs", "runs", "3")`. The value is read as in
    /// [`Override::parse`].
    pub fn option(flag: &str, key: &str, value: &str) -> Override {
        Override {
            label: format!("{flag} {value}"),
            path: vec![key.to_owned()],
            value: Value::parse_or_text(value.trim()),
        }
    }

    /// The option as typed.
    pub fn label(&self) -> &str {
        &self.label
    }
}

/// Splits at the first `=` that is outside of quotes.
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

/// The keys of a dotted TOML key.
fn keys(path: &str) -> Option<Vec<String>> {
    // A document of this one key is the reader of dotted keys at hand.
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
