//! From lines to cells: the columns that a format reads, of one record after the other.
//! What is no record is said with its line and the reason.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::format::{Format, Lines as Kind, Sentence, TableLines};
use super::lines::{Line, Lines};
use super::words::What;
use crate::log::{nearest, shown};

/// Number of lines at the beginning of a file in which its header is looked for.
const HEADER_WITHIN: u64 = 50;
/// Maximum length of a line of JSON `[bytes]`: an array may be in one line.
const MAX_JSON: usize = 64 << 20;
/// Maximum length of a JSON object over several lines `[bytes]`.
const MAX_OPEN: usize = 1 << 20;

/// What is next in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A record; its cells are in [`Records::cells`].
    Record,
    /// A line that is no record, as the format says.
    Ignored,
    /// A line that is not understood.
    Not {
        /// Its number, from 1.
        line: u64,
        /// Its text, shortened.
        text: String,
        /// Why not.
        why: String,
    },
}

/// A file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// By the system, or because it is no text.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: io::Error,
    },
    /// The header has no column that the format names.
    #[error(
        "{}: no line at the beginning names the column `{column}`{}\n  the first line: {first}\n  correct the format file {format}, or say `header = false` and `columns = [..]`",
        path.display(), nearest(column, known)
    )]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The columns of the first line.
        known: Vec<String>,
        /// The first line.
        first: String,
        /// The format file.
        format: String,
    },
}

/// The records of a file.
pub struct Records<'f> {
    format: &'f Format,
    path: PathBuf,
    lines: Lines,
    text: String,
    /// By wanted column: its text; `None` if it is empty or absent.
    pub cells: Vec<Option<String>>,
    /// What the sentence says happened.
    pub what: Option<&'f What>,
    /// The number of the record's line, from 1.
    pub line: u64,
    /// Names that the header has twice.
    pub doubled: Vec<String>,
    table: Option<Columns>,
    json: Json,
}

/// The columns of a table.
struct Columns {
    /// The names, as the header has them.
    names: Vec<String>,
    /// By wanted column: its place.
    places: Vec<Option<usize>>,
}

/// JSON that was read and not yet given out.
#[derive(Default)]
struct Json {
    values: VecDeque<Value>,
    /// The beginning of an object that ends on a later line.
    open: String,
    open_line: u64,
    ended: bool,
}

impl<'f> Records<'f> {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    pub fn open(path: &Path, format: &'f Format) -> Result<Records<'f>, FileError> {
        let mut lines = Lines::open(path).map_err(of(path))?;
        if matches!(format.lines, Kind::Json) {
            lines.limit = MAX_JSON;
        }
        Ok(Records {
            format,
            path: path.to_owned(),
            lines,
            text: String::new(),
            cells: vec![None; format.wanted.len()],
            what: None,
            line: 0,
            doubled: Vec::new(),
            table: None,
            json: Json::default(),
        })
    }

    /// Lines with bytes that are no UTF-8, so far.
    pub fn not_utf8(&self) -> u64 {
        self.lines.not_utf8
    }

    /// The text of the last line, shortened.
    pub fn shown(&self) -> String {
        shown(self.text.as_bytes())
    }

    /// What is next. Empty lines are passed.
    ///
    /// # Errors
    /// The file cannot be read, or its header lacks a column.
    pub fn next(&mut self) -> Result<Option<Item>, FileError> {
        let format = self.format;
        if matches!(format.lines, Kind::Json) {
            return self.next_json();
        }
        loop {
            let line = match self.lines.next(&mut self.text).map_err(of(&self.path))? {
                None => return Ok(None),
                Some(line) => line,
            };
            self.line = self.lines.number;
            if line == Line::TooLong {
                return Ok(Some(self.not("the line is too long".to_owned())));
            }
            if self.text.trim().is_empty() {
                continue;
            }
            if format.ignore.iter().any(|it| it.is_match(&self.text)) {
                return Ok(Some(Item::Ignored));
            }
            return match &format.lines {
                Kind::Table(table) => self.row(table),
                Kind::Sentences(sentences) => Ok(Some(self.sentence(sentences))),
                Kind::Json => Ok(None),
            };
        }
    }

    fn not(&self, why: String) -> Item {
        Item::Not {
            line: self.line,
            text: self.shown(),
            why,
        }
    }

    fn sentence(&mut self, sentences: &'f [Sentence]) -> Item {
        self.cells.iter_mut().for_each(|cell| *cell = None);
        for sentence in sentences {
            if let Some(found) = sentence.pattern.captures(&self.text) {
                for &(group, wanted) in &sentence.groups {
                    let text = found.get(group).map(|it| it.as_str().trim());
                    let text = text.filter(|it| !it.is_empty());
                    if text.is_some() {
                        self.cells[wanted] = text.map(str::to_owned);
                    }
                }
                self.what = sentence.what.as_ref();
                return match self.what {
                    Some(What::Ignore) => Item::Ignored,
                    _ => Item::Record,
                };
            }
        }
        self.not("no [[sentence]] of the format file matches".to_owned())
    }

    /// A line of a table. The lines before the header are passed.
    fn row(&mut self, table: &TableLines) -> Result<Option<Item>, FileError> {
        let Some(cells) = split(&self.text, table.separator) else {
            return Ok(Some(self.not("a quoted cell does not end".to_owned())));
        };
        if table.labels {
            return Ok(Some(self.labelled(&cells, table)));
        }
        let Some(columns) = &self.table else {
            return self.header(&cells, table);
        };
        let is_header = columns.names.len() == cells.len()
            && columns
                .names
                .iter()
                .zip(&cells)
                .all(|(name, cell)| name == cell);
        if is_header && table.columns.is_none() {
            return Ok(Some(Item::Ignored));
        }
        let more = cells
            .iter()
            .skip(columns.names.len())
            .any(|it| !it.is_empty());
        let fewer = cells.len() < columns.names.len();
        if more || fewer && (!self.lines.ended || cells.len() == 1) {
            let (found, expected) = (cells.len(), columns.names.len());
            let cut = if fewer && !self.lines.ended {
                " (the file ends here)"
            } else {
                ""
            };
            return Ok(Some(
                self.not(format!("{found} cells, expected {expected}{cut}")),
            ));
        }
        for (cell, place) in self.cells.iter_mut().zip(&columns.places) {
            let text = place.and_then(|place| cells.get(place));
            *cell = text.filter(|it| !it.is_empty()).cloned();
        }
        Ok(Some(Item::Record))
    }

    /// Takes the header; a file without one has its columns from the format.
    fn header(&mut self, cells: &[String], table: &TableLines) -> Result<Option<Item>, FileError> {
        let wanted = &self.format.wanted;
        let has_own = table.columns.is_some();
        let names = table.columns.clone().unwrap_or_else(|| cells.to_vec());
        let place = |name: &String| names.iter().position(|own| own == name);
        let places: Vec<Option<usize>> = wanted.iter().map(place).collect();
        let missing = places.iter().position(Option::is_none);
        if let Some(missing) = missing {
            if has_own || self.line >= HEADER_WITHIN || self.is_last()? {
                let first = self.first_line()?;
                let separator = table.separator;
                return Err(FileError::NoColumn {
                    path: self.path.clone(),
                    column: wanted[missing].clone(),
                    known: match has_own {
                        true => names,
                        false => split(&first, separator).unwrap_or_default(),
                    },
                    first: shown(first.as_bytes()),
                    format: self.format.file.clone(),
                });
            }
            return Ok(Some(Item::Ignored));
        }
        let twice = |(index, name): (usize, &String)| names[..index].contains(name);
        self.doubled = match has_own {
            true => Vec::new(),
            false => {
                let names = names.iter().enumerate();
                let doubled = names.filter(|it| twice(*it)).map(|it| it.1.clone());
                doubled.collect()
            }
        };
        self.table = Some(Columns { names, places });
        match has_own {
            true => self.row(table),
            false => Ok(Some(Item::Ignored)),
        }
    }

    /// Whether the last line was the last of the file.
    fn is_last(&mut self) -> Result<bool, FileError> {
        self.lines.is_at_end().map_err(of(&self.path))
    }

    fn first_line(&self) -> Result<String, FileError> {
        let mut text = String::new();
        let mut lines = Lines::open(&self.path).map_err(of(&self.path))?;
        while text.trim().is_empty() && lines.next(&mut text).map_err(of(&self.path))?.is_some() {}
        Ok(text)
    }

    /// A line of cells like `clock: 3`. A cell without a label has its place as a name.
    fn labelled(&mut self, cells: &[String], table: &TableLines) -> Item {
        self.cells.iter_mut().for_each(|cell| *cell = None);
        let mut any = false;
        for (index, cell) in cells.iter().enumerate() {
            let named = table.columns.as_ref().and_then(|it| it.get(index));
            let (label, value) = match (label(cell), named) {
                (Some((label, value)), _) => (label.to_lowercase(), value),
                (None, Some(name)) => (name.to_lowercase(), cell.as_str()),
                (None, None) => continue,
            };
            let is = |name: &String| name.to_lowercase() == label;
            if let Some(place) = self.format.wanted.iter().position(is) {
                any = true;
                self.cells[place] = (!value.is_empty()).then(|| value.to_owned());
            }
        }
        match any {
            true => Item::Record,
            false => self.not("no cell has a label of the format file".to_owned()),
        }
    }

    fn next_json(&mut self) -> Result<Option<Item>, FileError> {
        loop {
            if let Some(value) = self.json.values.pop_front() {
                self.fill(&value);
                return Ok(Some(Item::Record));
            }
            if self.json.ended {
                return Ok(None);
            }
            match self.lines.next(&mut self.text).map_err(of(&self.path))? {
                None => {
                    self.json.ended = true;
                    if !self.json.open.is_empty() {
                        return Ok(Some(self.not_closed()));
                    }
                }
                Some(Line::TooLong) => {
                    self.line = self.lines.number;
                    return Ok(Some(self.not("the line is too long".to_owned())));
                }
                Some(Line::Whole) => {
                    if let Some(item) = self.json_line() {
                        return Ok(Some(item));
                    }
                }
            }
        }
    }

    fn not_closed(&mut self) -> Item {
        let text = std::mem::take(&mut self.json.open);
        Item::Not {
            line: self.json.open_line,
            text: shown(text.as_bytes()),
            why: "a JSON object does not end".to_owned(),
        }
    }

    /// Takes a line of JSON in.
    fn json_line(&mut self) -> Option<Item> {
        let line = self.text.trim();
        if self.json.open.is_empty() {
            self.line = self.lines.number;
            if line.is_empty() || matches!(line, "[" | "]" | "," | "],") {
                return None;
            }
            if self.format.ignore.iter().any(|it| it.is_match(line)) {
                return Some(Item::Ignored);
            }
            return match parse(line) {
                Parsed::Values(values) => {
                    self.json.values.extend(values);
                    None
                }
                Parsed::Open => {
                    self.json.open = line.strip_prefix('[').unwrap_or(line).to_owned();
                    self.json.open_line = self.lines.number;
                    None
                }
                Parsed::Wrong(why) => Some(self.not(why)),
            };
        }
        // An object that was never closed: the next one begins.
        if line.starts_with('{')
            && !self.text.starts_with(' ')
            && !self.text.starts_with('\t')
            && let Parsed::Values(values) = parse(line)
        {
            self.json.values.extend(values);
            return Some(self.not_closed());
        }
        self.json.open.push('\n');
        self.json.open.push_str(line);
        if !line.contains(['}', ']']) {
            return match self.json.open.len() > MAX_OPEN {
                true => Some(self.not_closed()),
                false => None,
            };
        }
        match parse(&self.json.open) {
            Parsed::Values(values) => {
                self.json.open.clear();
                self.json.values.extend(values);
                None
            }
            Parsed::Open if self.json.open.len() <= MAX_OPEN => None,
            _ => Some(self.not_closed()),
        }
    }

    /// Takes the wanted columns of an object.
    fn fill(&mut self, value: &Value) {
        for (cell, name) in self.cells.iter_mut().zip(&self.format.wanted) {
            *cell = member(value, name).and_then(text_of);
        }
        self.text = value.to_string();
    }
}

/// What a text of JSON is.
enum Parsed {
    /// Whole.
    Values(Vec<Value>),
    /// The beginning of an object.
    Open,
    /// Nothing.
    Wrong(String),
}

fn parse(text: &str) -> Parsed {
    let text = text
        .trim()
        .trim_start_matches(',')
        .trim_end_matches(',')
        .trim();
    let inner = text
        .strip_prefix('[')
        .unwrap_or(text)
        .trim_end_matches([']', ',']);
    let mut why = String::new();
    for candidate in [text, inner] {
        match serde_json::from_str::<Value>(candidate) {
            Ok(Value::Array(values)) => return Parsed::Values(values),
            Ok(value @ Value::Object(_)) => return Parsed::Values(rows_of(value)),
            Ok(_) => why = "no JSON object".to_owned(),
            Err(error) if error.is_eof() && candidate.starts_with(['{', '[']) => {
                return Parsed::Open;
            }
            Err(error) if why.is_empty() => {
                let full = error.to_string();
                why = format!(
                    "no JSON: {}",
                    full.split(" at line").next().unwrap_or(&full)
                );
            }
            Err(_) => {}
        }
    }
    Parsed::Wrong(why)
}

/// The rows of an object: itself, or those of its only array of objects.
fn rows_of(value: Value) -> Vec<Value> {
    let Value::Object(members) = &value else {
        return vec![value];
    };
    let is_rows = |value: &&Value| match value {
        Value::Array(rows) => !rows.is_empty() && rows.iter().all(Value::is_object),
        _ => false,
    };
    let mut arrays = members.values().filter(is_rows);
    match (arrays.next(), arrays.next()) {
        (Some(Value::Array(rows)), None) => rows.clone(),
        _ => vec![value],
    }
}

/// The member of an object with this name, or this path `a.b`.
pub fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        member(value.get(first)?, rest)
    })
}

/// A JSON value as a cell.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.trim().to_owned()).filter(|it| !it.is_empty()),
        other => Some(other.to_string()),
    }
}

/// The cells of a line, without blanks, quotes and brackets around them. `None` if a
/// quoted cell does not end.
pub fn split(line: &str, separator: Option<char>) -> Option<Vec<String>> {
    let line = without_parentheses(line);
    let Some(separator) = separator else {
        return Some(
            line.split_whitespace()
                .map(|it| bare(it).to_owned())
                .collect(),
        );
    };
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let trimmed = rest.trim_start_matches(' ');
        if let Some(quoted) = trimmed.strip_prefix('"') {
            let (cell, after) = unquoted(quoted)?;
            cells.push(cell);
            match after.trim_start_matches(' ').strip_prefix(separator) {
                Some(after) => rest = after,
                // Text after a closing quote belongs to no cell.
                None if after.trim().is_empty() => return Some(cells),
                None => return None,
            }
            continue;
        }
        match rest.split_once(separator) {
            Some((cell, after)) => {
                cells.push(bare(cell).to_owned());
                rest = after;
            }
            None => {
                cells.push(bare(rest).to_owned());
                return Some(cells);
            }
        }
    }
}

/// A line without the parentheses of a tuple around all of it.
fn without_parentheses(line: &str) -> &str {
    let inner = line
        .trim()
        .strip_prefix('(')
        .and_then(|it| it.strip_suffix(')'));
    inner.filter(|it| !it.contains(['(', ')'])).unwrap_or(line)
}

/// A quoted cell, and what follows its closing quote.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        cell.push_str(part);
        match after.strip_prefix('"') {
            Some(after) => {
                cell.push('"');
                rest = after;
            }
            None => return Some((cell.trim().to_owned(), after)),
        }
    }
}

/// A cell without what is around it.
fn bare(cell: &str) -> &str {
    let cell = cell.trim();
    for (open, close) in [('[', ']'), ('(', ')'), ('<', '>'), ('\'', '\'')] {
        let inner = cell
            .strip_prefix(open)
            .and_then(|it| it.strip_suffix(close));
        if let Some(inner) = inner
            && !inner.contains([open, close])
        {
            return inner.trim();
        }
    }
    cell
}

/// The label and the value of a cell like `clock: 3` or `clock=3`.
pub fn label(cell: &str) -> Option<(&str, &str)> {
    let (label, value) = cell.split_once([':', '='])?;
    let label = label.trim();
    let is_label = |it: char| it.is_alphabetic() || it == '_' || it == ' ' || it == '-';
    let is_time = value.starts_with(|it: char| it.is_ascii_digit()) && label.len() <= 1;
    (!label.is_empty() && !is_time && label.chars().all(is_label)).then(|| (label, bare(value)))
}

fn of(path: &Path) -> impl Fn(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Io {
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_bare() {
        let cells = |line, separator| split(line, separator).unwrap().join("/");
        assert_eq!(cells("a, \"b,\"\"c\" ,,d", Some(',')), "a/b,\"c//d");
        assert_eq!(cells("[12] | x | (y)", Some('|')), "12/x/y");
        assert_eq!(cells("  1   b\tc ", None), "1/b/c");
        assert_eq!(cells("('a', 1.5, 2)", Some(',')), "a/1.5/2");
        assert_eq!(split("a,\"b", Some(',')), None);
        assert_eq!(split("a,\"b\"c", Some(',')), None);
        assert_eq!(label("clock: 3"), Some(("clock", "3")));
        assert_eq!(label("14:05:06"), None);
    }

    #[test]
    fn json_of_any_layout_is_objects() {
        let count = |text| match parse(text) {
            Parsed::Values(values) => Some(values.len()),
            _ => None,
        };
        assert_eq!(count("{\"a\":1}"), Some(1));
        assert_eq!(count("[{\"a\":1},{\"a\":2}]"), Some(2));
        assert_eq!(count("  {\"a\":1},"), Some(1));
        assert_eq!(count("{\"a\":1}]"), Some(1));
        assert_eq!(
            count("{\"run\":3,\"events\":[{\"a\":1},{\"a\":2}]}"),
            Some(2)
        );
        assert!(matches!(parse("{\"a\":"), Parsed::Open));
        assert!(matches!(parse("hello"), Parsed::Wrong(_)));
    }
}
