//! `empirical` and `trace`: measured values that are in a CSV file beside the scenario.
//!
//! The values are put into the tree of the scenario, as the key `values` beside `file`,
//! before the tree is read. So they are read by the same rules as values that are written
//! out, in a link, a group, a fault, and in the config of a plugin.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use base::duration;
use base::exact::Decimal;
use sha2::{Digest, Sha256};

use super::document::{Float, KeyValue, Table, Value, ValueKind};
use super::reader::{Mistakes, listed};
use super::source::Place;

/// Size of the longest file `[bytes]`.
const MAX_FILE: u64 = 64 << 20;
/// Maximum number of values of a file. Each takes some 100 bytes while the scenario is
/// read, and 8 afterwards.
const MAX_VALUES: usize = 1_000_000;

/// A file with values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Its path as it is written.
    pub path: String,
    /// The SHA-256 sum of its bytes, in hexadecimal.
    pub sha256: String,
}

/// The files that have been read for a scenario.
#[derive(Debug, Default)]
pub struct InputFiles {
    read: BTreeMap<PathBuf, (InputFile, Result<String, String>)>,
}

impl InputFiles {
    /// Puts the values of all files into a scenario's tree. Paths are relative to
    /// `folder`.
    pub fn expand(&mut self, document: &mut Table, folder: &Path, mistakes: &Mistakes) {
        for entry in &mut document.0 {
            self.expand_value(&mut entry.value, entry.key == "config", folder, mistakes);
        }
    }

    /// The files, in the order of their paths.
    pub fn into_files(self) -> Vec<InputFile> {
        let files = self.read.into_values().filter(|(_, text)| text.is_ok());
        files.map(|(file, _)| file).collect()
    }

    /// A config is no distribution, whatever its only key is called.
    fn expand_value(
        &mut self,
        value: &mut Value,
        is_config: bool,
        folder: &Path,
        mistakes: &Mistakes,
    ) {
        match &mut value.kind {
            ValueKind::Array(values) => {
                for value in values {
                    self.expand_value(value, false, folder, mistakes);
                }
            }
            ValueKind::Table(table) => match &mut table.0[..] {
                [only] if !is_config && matches!(&*only.key, "empirical" | "trace") => {
                    self.add_values(only, folder, mistakes);
                }
                _ => self.expand(table, folder, mistakes),
            },
            _ => {}
        }
    }

    /// Adds the values to the table of an `empirical` or a `trace` that names a file.
    fn add_values(&mut self, entry: &mut KeyValue, folder: &Path, mistakes: &Mistakes) {
        let ValueKind::Table(table) = &mut entry.value.kind else {
            return;
        };
        let Some(file) = table.get("file") else {
            return;
        };
        let place = file.value.place;
        let Some(path) = file.value.as_text().map(str::to_owned) else {
            return; // Reported when the key is read.
        };
        if let Some(values) = table.get("values") {
            let message = "there are both `file` and `values`";
            mistakes.add_with_help(values.place, message, "keep one of them");
            return;
        }
        let text = |key: &str| table.get(key).and_then(|it| it.value.as_text());
        let text = self
            .text(folder, &path)
            .and_then(|content| values(&content, &path, text("column"), text("unit")));
        let values = text.unwrap_or_else(|problem| {
            let help = "a CSV file of one column, or with the name of a `column`; the path is relative to the scenario file";
            mistakes.add_with_help(place, problem, help);
            Vec::new()
        });
        table.0.push(KeyValue {
            key: "values".to_owned(),
            place,
            value: placed(ValueKind::Array(values), place),
        });
    }

    fn text(&mut self, folder: &Path, path: &str) -> Result<String, String> {
        let (_, text) = self
            .read
            .entry(folder.join(path))
            .or_insert_with_key(|key| {
                let bytes = read(key);
                let sum = bytes.as_deref().map(sum).unwrap_or_default();
                let file = InputFile {
                    path: path.to_owned(),
                    sha256: sum,
                };
                let text = bytes.and_then(|bytes| {
                    String::from_utf8(bytes).map_err(|_| "is no UTF-8 text".to_owned())
                });
                (file, text)
            });
        text.clone()
            .map_err(|problem| format!("`file` {path:?} {problem}"))
    }
}

/// Whether this is a distribution whose values could not be read of a file, which has been
/// reported.
pub fn lacks_file_values(value: &Value) -> bool {
    let ValueKind::Table(Table(entries)) = &value.kind else {
        return false;
    };
    let [KeyValue { key, value, .. }] = &entries[..] else {
        return false;
    };
    let (true, ValueKind::Table(of)) = (matches!(&**key, "empirical" | "trace"), &value.kind)
    else {
        return false;
    };
    let values = of.get("values").map(|it| &it.value.kind);
    of.get("file").is_some() && matches!(values, Some(ValueKind::Array(none)) if none.is_empty())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "does not exist".to_owned(),
        _ => format!("cannot be read: {error}"),
    })?;
    match file.take(MAX_FILE + 1).read_to_end(&mut bytes) {
        Err(error) => Err(format!("cannot be read: {error}")),
        Ok(_) if bytes.len() as u64 > MAX_FILE => {
            Err(format!("is longer than {} MiB", MAX_FILE >> 20))
        }
        Ok(_) => Ok(bytes),
    }
}

fn sum(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The values in a column of a file's text.
fn values(
    text: &str,
    path: &str,
    column: Option<&str>,
    unit: Option<&str>,
) -> Result<Vec<Value>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut values = Vec::new();
    let mut index = None;
    let mut record = csv::StringRecord::new();
    // Newlines up to the end of the record. Where a record begins, comments count.
    let (mut end, mut newlines) = (0, 0);
    while reader
        .read_record(&mut record)
        .map_err(|error| format!("{path}: {error}"))?
    {
        let begin = std::mem::replace(&mut end, reader.position().byte() as usize);
        let passed = text.as_bytes().get(begin..end).unwrap_or_default();
        newlines += passed.iter().filter(|&&byte| byte == b'\n').count() as u64;
        let line = newlines + u64::from(passed.last() != Some(&b'\n'));
        let Some(index) = index else {
            let (found, is_header) = find(&record, column, path, line)?;
            index = Some(found);
            if !is_header {
                values.push(value(&record[found], unit, path, line)?);
            }
            continue;
        };
        match record.get(index) {
            Some(cell) => values.push(value(cell, unit, path, line)?),
            None => return Err(format!("{path}:{line}: there is no column {}", index + 1)),
        }
        if values.len() > MAX_VALUES {
            return Err(format!("{path} has more than {MAX_VALUES} values"));
        }
    }
    match values.is_empty() {
        true => Err(format!("{path} has no values")),
        false => Ok(values),
    }
}

/// The index of the column in the first record, and whether that record is a header.
fn find(
    first: &csv::StringRecord,
    column: Option<&str>,
    path: &str,
    line: u64,
) -> Result<(usize, bool), String> {
    if let Some(column) = column {
        return match first.iter().position(|name| name == column) {
            Some(index) => Ok((index, true)),
            None => Err(format!(
                "{path}:{line}: there is no column `{column}`; columns: {}",
                listed(column, first.iter())
            )),
        };
    }
    if first.len() != 1 {
        return Err(format!(
            "{path}:{line}: there are {} columns, expected `column` to name one of them",
            first.len()
        ));
    }
    let is_value = Decimal::parse(&first[0]).is_some() || duration::parse(&first[0]).is_ok();
    Ok((0, !is_value))
}

/// A cell as it would be written in the scenario.
fn value(cell: &str, unit: Option<&str>, path: &str, line: u64) -> Result<Value, String> {
    let number = Decimal::parse(cell);
    let kind = match (number, unit) {
        (Some(_), Some(unit)) if !cell.contains(['e', 'E']) => {
            ValueKind::Text(format!("{}{unit}", cell.trim_start_matches('+')))
        }
        (Some(number), None) => ValueKind::Float(Float {
            nearest: number.to_f64(),
            exact: Some(number),
        }),
        (None, None) if duration::parse(cell.trim_start_matches('-')).is_ok() => {
            ValueKind::Text(cell.to_owned())
        }
        (_, Some(_)) => {
            return Err(format!(
                "{path}:{line}: {cell:?} is no plain number, such as 12.5"
            ));
        }
        _ => {
            return Err(format!(
                "{path}:{line}: {cell:?} is no number and no duration, such as 12.5 or 12.5ms"
            ));
        }
    };
    Ok(placed(kind, Place::Whole))
}

fn placed(kind: ValueKind, place: Place) -> Value {
    let mut value = Value { place, kind };
    value.set_place(place);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, column: Option<&str>, unit: Option<&str>) -> Result<Vec<String>, String> {
        let values = values(text, "f.csv", column, unit)?;
        Ok(values.iter().map(Value::describe).collect())
    }

    #[test]
    fn a_column_is_found_by_its_name() {
        let text = "# measured\nwhen,ms\n1,2.5\n\n2,-3\n";
        assert_eq!(
            read(text, Some("ms"), Some("ms")).unwrap(),
            ["\"2.5ms\"", "\"-3ms\""]
        );
        assert_eq!(read(text, Some("when"), None).unwrap(), ["1.0", "2.0"]);
        let missing = read(text, Some("mss"), None).unwrap_err();
        assert!(
            missing.contains("f.csv:2: there is no column `mss`"),
            "{missing}"
        );
        assert!(missing.contains("did you mean `ms`?"), "{missing}");
        let which = read(text, None, None).unwrap_err();
        assert!(which.contains("there are 2 columns"), "{which}");
    }

    #[test]
    fn one_column_needs_no_name_and_no_header() {
        for text in ["1ms\r\n2ms\r\n", "delay\n1ms\n2ms", "\u{feff}1ms\n2ms\n"] {
            assert_eq!(
                read(text, None, None).unwrap(),
                ["\"1ms\"", "\"2ms\""],
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_is_no_value_is_named_with_its_line() {
        for (text, unit, expected) in [
            ("1\ntwo\n", None, "f.csv:2: \"two\" is no number"),
            (
                "1\n1ms\n",
                Some("ms"),
                "f.csv:2: \"1ms\" is no plain number",
            ),
            (
                "1\n1e3\n",
                Some("ms"),
                "f.csv:2: \"1e3\" is no plain number",
            ),
            ("delay\n", None, "f.csv has no values"),
            ("", None, "f.csv has no values"),
            ("1\nnan\n", None, "f.csv:2: \"nan\""),
        ] {
            let found = read(text, None, unit).unwrap_err();
            assert!(found.contains(expected), "{text:?}: {found}");
        }
        let short = read("a,b\n1,2\n3\n", Some("b"), None).unwrap_err();
        assert!(short.contains("f.csv:3: there is no column 2"), "{short}");
    }
}
