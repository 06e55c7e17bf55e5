//! TOML values for `Deserialize`, with errors in the words of the user's file:
//! `expected a whole number, found text "ten"`.

use super::problem::{Problem, join, nearest};
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{self, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_path_to_error::Path;
use std::fmt::{self, Display};
use toml::{Table, Value};

/// What is wrong with a value, before its place is known.
#[derive(Debug)]
pub(super) struct Mistake {
    message: String,
    /// The key inside the place that it is about, if it is not the place itself.
    key: Option<String>,
}

impl Mistake {
    /// Something else stands where one of these names should.
    fn choice(known: &[&str], found: &str) -> Mistake {
        let listed: Vec<String> = known.iter().map(|name| format!("{name:?}")).collect();
        de::Error::custom(format!(
            "expected one of {}, found {found}",
            listed.join(", ")
        ))
    }

    /// The mistake with its place.
    pub(super) fn at(self, path: &Path) -> Problem {
        let path = match path.to_string().as_str() {
            "." | "?" => String::new(),
            path => path.to_owned(),
        };
        match self.key {
            // Some readers are inside the key already when they find it unknown.
            Some(key) if path != key && !path.ends_with(&format!(".{key}")) => {
                Problem::at(join(&path, &key), self.message)
            }
            _ => Problem::at(path, self.message),
        }
    }
}

impl Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mistake {}

impl de::Error for Mistake {
    fn custom<T: Display>(message: T) -> Mistake {
        Mistake {
            message: message.to_string(),
            key: None,
        }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Mistake {
        Mistake::custom(format!(
            "expected {}, found {}",
            plain(expected),
            unexpected(found)
        ))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Mistake {
        Mistake::invalid_type(found, expected)
    }

    fn invalid_length(count: usize, expected: &dyn Expected) -> Mistake {
        Mistake::custom(format!(
            "expected {}, found {count} values",
            plain(expected)
        ))
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Mistake {
        let hint = match nearest(found, known.iter().copied()) {
            Some(near) => format!(" (did you mean {near:?}?)"),
            None => String::new(),
        };
        Mistake::choice(known, &format!("text {found:?}{hint}"))
    }

    fn unknown_field(found: &str, known: &'static [&'static str]) -> Mistake {
        let hint = match nearest(found, known.iter().copied()) {
            Some(near) => format!(" (did you mean `{near}`?)"),
            None => String::new(),
        };
        let known = known.join(", ");
        Mistake {
            message: format!("unknown key `{found}`, known are: {known}{hint}"),
            key: Some(found.to_owned()),
        }
    }

    fn missing_field(name: &'static str) -> Mistake {
        Mistake {
            message: format!("missing key `{name}`"),
            key: Some(name.to_owned()),
        }
    }
}

/// What a type expects, in the words of a file instead of Rust's.
fn plain(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" | "u128" => "a whole number of at least 0",
        "i8" => "a whole number from -128 to 127",
        "i16" => "a whole number from -32768 to 32767",
        "i32" => "a whole number from -2147483648 to 2147483647",
        "i64" | "isize" | "i128" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "a borrowed string" => "text",
        "a sequence" => "a list",
        "a map" => "a table",
        other if other.starts_with("struct ") => "a table",
        other if other.starts_with("enum ") => "the name of one of its choices",
        other => other,
    }
    .to_owned()
}

fn unexpected(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Str(text) => format!("text {text:?}"),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Float(number) => format!("{number:?}"),
        Unexpected::Bool(flag) => flag.to_string(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map | Unexpected::StructVariant => "a table".to_owned(),
        other => other.to_string(),
    }
}

/// What a value is, as an error names it.
pub(super) fn found(value: &Value) -> String {
    match value {
        Value::String(text) => format!("text {text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Boolean(flag) => flag.to_string(),
        Value::Datetime(date) => format!("the date {date}"),
        Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Table(_) => "a table".to_owned(),
    }
}

/// A TOML value to be read.
pub(super) struct Values(Value);

impl Values {
    pub(super) fn table(table: Table) -> Values {
        Values(Value::Table(table))
    }

    fn entries(table: Table) -> impl Iterator<Item = (String, Values)> {
        table.into_iter().map(|(key, value)| (key, Values(value)))
    }
}

impl IntoDeserializer<'_, Mistake> for Values {
    type Deserializer = Values;
    fn into_deserializer(self) -> Values {
        self
    }
}

impl<'de> de::Deserializer<'de> for Values {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            Value::Integer(number) => visitor.visit_i64(number),
            Value::Float(number) => visitor.visit_f64(number),
            Value::Boolean(flag) => visitor.visit_bool(flag),
            Value::Datetime(date) => visitor.visit_string(date.to_string()),
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Values));
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
            Value::Table(table) => {
                let mut entries = MapDeserializer::new(Values::entries(table));
                let value = visitor.visit_map(&mut entries)?;
                entries.end()?;
                Ok(value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(name.into_deserializer()),
            Value::Table(table) => visitor.visit_enum(MapAccessDeserializer::new(
                MapDeserializer::new(Values::entries(table)),
            )),
            other => Err(Mistake::choice(known, &found(&other))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
