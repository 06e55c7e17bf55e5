//! The name of a value in the id of a case: readable, and without special characters
//! of shells, globs, CSV files and file names.

use super::super::document::{Value, ValueKind};

/// Maximum length of a name `[bytes]`. Arbitrary: people read ids.
pub const LONGEST: usize = 40;

/// Whether an id may contain a label.
pub fn is_safe(label: &str) -> bool {
    !label.is_empty() && label.len() <= LONGEST && label.chars().all(is_plain)
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.+".contains(c)
}

/// The name of a value. `-` replaces the characters that an id must not have. `None`
/// if the name would be empty or too long.
pub fn word(value: &Value) -> Option<String> {
    let mut parts = Vec::new();
    gather(value, &mut parts)?;
    let text = parts.join("-");
    is_safe(&text).then_some(text)
}

/// Adds the words of a value, in their order; `None` if a number has no name.
fn gather(value: &Value, parts: &mut Vec<String>) -> Option<()> {
    match &value.kind {
        ValueKind::Integer(number) => parts.push((*number)?.to_string()),
        ValueKind::Float(number) if !number.nearest.is_finite() => return None,
        ValueKind::Float(number) => parts.push(format!("{:?}", number.nearest)),
        ValueKind::Boolean(value) => parts.push(value.to_string()),
        ValueKind::Text(text) => plain(text, parts),
        ValueKind::Datetime(value) => plain(&value.to_string(), parts),
        ValueKind::Array(values) => {
            for value in values {
                gather(value, parts)?;
            }
        }
        ValueKind::Table(table) => {
            for entry in &table.0 {
                plain(&entry.key, parts);
                gather(&entry.value, parts)?;
            }
        }
    }
    Some(())
}

/// Adds the words of a text: its runs of characters that an id may have.
fn plain(text: &str, parts: &mut Vec<String>) {
    let words = text.split(|c| !is_plain(c)).filter(|word| !word.is_empty());
    parts.extend(words.map(str::to_owned));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Option<String> {
        word(&Value::parse_or_text(text))
    }

    #[test]
    fn values_have_readable_names() {
        for (value, name) in [
            ("10", "10"),
            ("-3", "-3"),
            ("0.5", "0.5"),
            ("1e-9", "1e-9"),
            ("1.0", "1.0"),
            ("true", "true"),
            ("\"20ms\"", "20ms"),
            ("\"a b/c\"", "a-b-c"),
            ("\"clock.machine\"", "clock.machine"),
            ("[1, 6]", "1-6"),
            ("{ uniform_int = [1, 6] }", "uniform_int-1-6"),
            (
                "{ normal = { mean = \"20ms\", std = \"5ms\" } }",
                "normal-mean-20ms-std-5ms",
            ),
            ("2026-01-02", "2026-01-02"),
        ] {
            assert_eq!(named(value).as_deref(), Some(name), "{value}");
        }
    }

    #[test]
    fn what_has_no_readable_name_has_none() {
        let long = format!("\"{}\"", "x".repeat(LONGEST + 1));
        for value in ["\"\"", "[]", "{}", "\"é\"", "nan", "inf", &long] {
            assert_eq!(named(value), None, "{value}");
        }
    }
}
