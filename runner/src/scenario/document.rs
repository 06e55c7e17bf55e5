//! A TOML file as a tree in which every key and every value has its place.
//!
//! The tree of the `toml` crate borrows the text and sorts the keys. This tree owns
//! its text and keeps the order of the file. Overrides, values of the matrix and
//! inherited keys are put into it, so that all readers read the same type.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::source::Place;
use base::exact::Decimal;

/// A value, and where it is written.
#[derive(Clone, Debug)]
pub struct Value {
    /// Where the value is written.
    pub place: Place,
    /// The value itself.
    pub kind: ValueKind,
}

/// The types of TOML values.
#[derive(Clone, Debug)]
pub enum ValueKind {
    /// Text.
    Text(String),
    /// A whole number; `None` beyond 128 bits.
    Integer(Option<i128>),
    /// A number with a fraction or an exponent.
    Float(Float),
    /// True or false.
    Boolean(bool),
    /// A date or a time.
    Datetime(toml::value::Datetime),
    /// Values in order.
    Array(Vec<Value>),
    /// Keys with values, in the order of their places.
    Table(Table),
}

/// A number with a fraction or an exponent.
#[derive(Clone, Copy, Debug)]
pub struct Float {
    /// The nearest `f64`; may be infinite or NaN.
    pub nearest: f64,
    /// The number as it is written; `None` if it is not finite, or too long.
    pub exact: Option<Decimal>,
}

impl Float {
    fn parse(text: &str) -> Float {
        Float {
            // A number beyond the range of f64 becomes infinite, which the readers of
            // numbers refuse.
            nearest: text.parse().unwrap_or(f64::NAN),
            exact: Decimal::parse(text),
        }
    }
}

/// Keys with values, in the order of their places.
#[derive(Clone, Debug, Default)]
pub struct Table(pub Vec<KeyValue>);

/// One key of a table with its value.
#[derive(Clone, Debug)]
pub struct KeyValue {
    /// The key.
    pub key: String,
    /// Where the key is written.
    pub place: Place,
    /// Its value.
    pub value: Value,
}

/// An error of the parser in a text that is not TOML.
pub struct SyntaxError {
    /// The bytes that are wrong.
    pub span: Range<usize>,
    /// The parser's message.
    pub message: String,
}

/// A message of the parser in words that say what to write. The parser reads a value that
/// is none of TOML's as a text without quotes or as a boolean, whatever it looks like.
fn plain(message: &str, text: &str, span: &Range<usize>) -> String {
    let found = text.get(span.clone()).unwrap_or_default().trim();
    let before = text.get(..span.start).unwrap_or_default();
    let is_value = message.starts_with("string values must be quoted")
        || message.starts_with("invalid boolean");
    if is_value {
        return unquoted(found);
    }
    if message.starts_with("unexpected key or value") {
        return match before.ends_with(|c: char| c.is_ascii_digit())
            && text[span.start..].starts_with(',')
        {
            true => "a comma in a number, expected a point: write 0.5, not 0,5".to_owned(),
            false => "more on the line than a key and its value, expected its end".to_owned(),
        };
    }
    let line = before.rsplit('\n').next().unwrap_or_default();
    if message.starts_with("key with no value") && line.trim_start().starts_with("//") {
        return "a comment begins with `#`, not with `//`".to_owned();
    }
    let plain = message.strip_suffix(", expected nothing");
    plain.unwrap_or(message).to_owned()
}

/// What is wrong with a value that is none of TOML's.
fn unquoted(found: &str) -> String {
    if found.is_empty() {
        return "a value is missing".to_owned();
    }
    if let Some(value) = found.strip_suffix([';', ',']) {
        let last = &found[value.len()..];
        return format!("a `{last}` after the value, expected the end of the line");
    }
    if found.contains(['“', '”', '„', '‘', '’']) {
        return "quotes of a word processor, expected plain ones: \"".to_owned();
    }
    let lower = found.to_lowercase();
    if ["true", "false"].contains(&&*lower) {
        return format!("{found}, expected it in lower case: {lower}");
    }
    let mut words = found.split_whitespace();
    if let (Some(first), Some(second)) = (words.next(), words.next())
        && first.parse::<f64>().is_ok()
    {
        return format!("two values, expected one: {first}, or a list: [{first}, {second}]");
    }
    format!("a text without quotes, expected \"{found}\"")
}

/// Parses a file. If there are errors, the tree has what could be parsed.
pub fn parse(text: &str) -> (Table, Vec<SyntaxError>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let errors = errors
        .into_iter()
        .map(|error| {
            let span = error.span().unwrap_or_default();
            let message = plain(error.message(), text, &span);
            SyntaxError { span, message }
        })
        .collect();
    (Table::from(table.into_inner(), Place::bytes), errors)
}

impl Value {
    /// Parses one TOML value. A text that is not a TOML value becomes a text value.
    /// The caller sets the places by [`Value::set_place`].
    pub fn parse_or_text(text: &str) -> Value {
        match DeValue::parse(text) {
            Ok(value) => Value::from(value.into_inner(), Place::Whole, |_| Place::Whole),
            Err(_) => Value {
                place: Place::Whole,
                kind: ValueKind::Text(text.to_owned()),
            },
        }
    }

    /// Sets the place of this value and of everything in it.
    pub fn set_place(&mut self, place: Place) {
        self.each_place(&mut |it| *it = place);
    }

    /// Changes every place in the value.
    pub fn each_place(&mut self, change: &mut impl FnMut(&mut Place)) {
        change(&mut self.place);
        match &mut self.kind {
            ValueKind::Array(values) => values.iter_mut().for_each(|it| it.each_place(change)),
            ValueKind::Table(table) => {
                for entry in &mut table.0 {
                    change(&mut entry.place);
                    entry.value.each_place(change);
                }
            }
            _ => {}
        }
    }

    fn from(value: DeValue<'_>, place: Place, at: fn(Range<usize>) -> Place) -> Value {
        let kind = match value {
            DeValue::String(text) => ValueKind::Text(text.into_owned()),
            DeValue::Integer(digits) => {
                ValueKind::Integer(i128::from_str_radix(digits.as_str(), digits.radix()).ok())
            }
            DeValue::Float(digits) => ValueKind::Float(Float::parse(digits.as_str())),
            DeValue::Boolean(value) => ValueKind::Boolean(value),
            DeValue::Datetime(value) => ValueKind::Datetime(value),
            DeValue::Array(values) => ValueKind::Array(
                values
                    .into_iter()
                    .map(|value| {
                        let place = at(value.span());
                        Value::from(value.into_inner(), place, at)
                    })
                    .collect(),
            ),
            DeValue::Table(table) => ValueKind::Table(Table::from(table, at)),
        };
        Value { place, kind }
    }

    /// The value if it is a text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            ValueKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value in a message: `"60"`, `7`, `an array`.
    pub fn describe(&self) -> String {
        match &self.kind {
            ValueKind::Text(text) if text.chars().count() <= 40 => format!("{text:?}"),
            ValueKind::Text(_) => "a long text".to_owned(),
            ValueKind::Integer(Some(number)) => number.to_string(),
            ValueKind::Integer(None) => "a number beyond 128 bits".to_owned(),
            ValueKind::Float(number) if number.nearest.is_nan() => "nan".to_owned(),
            ValueKind::Float(number) => format!("{:?}", number.nearest),
            ValueKind::Boolean(value) => format!("`{value}`"),
            ValueKind::Datetime(_) => "a date or time".to_owned(),
            ValueKind::Array(_) => "an array".to_owned(),
            ValueKind::Table(_) => "a table".to_owned(),
        }
    }

    /// The value as a value of the `toml` crate. Numbers beyond 64 bits become 0;
    /// they have been refused before.
    pub fn to_toml(&self) -> toml::Value {
        match &self.kind {
            ValueKind::Text(text) => toml::Value::String(text.clone()),
            ValueKind::Integer(number) => {
                toml::Value::Integer(number.and_then(|it| it.try_into().ok()).unwrap_or(0))
            }
            ValueKind::Float(number) => toml::Value::Float(number.nearest),
            ValueKind::Boolean(value) => toml::Value::Boolean(*value),
            ValueKind::Datetime(value) => toml::Value::Datetime(*value),
            ValueKind::Array(values) => {
                toml::Value::Array(values.iter().map(Value::to_toml).collect())
            }
            ValueKind::Table(table) => toml::Value::Table(table.to_toml()),
        }
    }
}

impl Table {
    fn from(table: DeTable<'_>, at: fn(Range<usize>) -> Place) -> Table {
        let mut entries: Vec<KeyValue> = table
            .into_iter()
            .map(|(key, value)| {
                let place = at(value.span());
                KeyValue {
                    place: at(key.span()),
                    key: key.into_inner().into_owned(),
                    value: Value::from(value.into_inner(), place, at),
                }
            })
            .collect();
        entries.sort_by_key(|entry| entry.place);
        Table(entries)
    }

    /// The entry with this key.
    pub fn get(&self, key: &str) -> Option<&KeyValue> {
        self.0.iter().find(|entry| entry.key == key)
    }

    /// The entry with this key.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut KeyValue> {
        self.0.iter_mut().find(|entry| entry.key == key)
    }

    /// As [`Value::to_toml`].
    pub fn to_toml(&self) -> toml::Table {
        self.0
            .iter()
            .map(|entry| (entry.key.clone(), entry.value.to_toml()))
            .collect()
    }
}
