//! The first look at files: some lines of each, and whether they are JSON, a table, or
//! sentences.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::super::lines::{Line, Lines};
use super::super::records::{label, split};
use super::roles::{Role, by_name};
use super::time::look_of;
use crate::report::Error;

/// Number of lines of each file that are looked at.
const LINES: usize = 600;
/// Number of lines of all files together that are looked at.
const ALL_LINES: usize = 20_000;

/// Lines of a file.
pub struct Sample {
    /// Lines that are not empty.
    pub lines: Vec<String>,
}

/// Cells of some lines.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// The names of the columns; empty if they are not known.
    pub names: Vec<String>,
    /// The file and the cells of each row; a row of JSON has an empty cell for a member
    /// that it does not have.
    pub rows: Vec<(usize, Vec<String>)>,
    /// Lines above the first row of a file, with another number of cells.
    pub headings: Vec<String>,
}

/// What the lines are.
pub enum Look {
    /// JSON objects.
    Json(Cells),
    /// A table: its separator (as a format file names it), its cells, and whether cells
    /// are `label: value`.
    Table(String, Cells, bool),
    /// Sentences.
    Sentences,
}

/// Reads lines of each file.
///
/// # Errors
/// A file cannot be read, or is no text.
pub fn samples(files: &[PathBuf]) -> Result<Vec<Sample>, Error> {
    let most = (ALL_LINES / files.len().max(1)).clamp(20, LINES);
    let mut samples = Vec::new();
    for path in files {
        let mut lines = Lines::open(path).map_err(Error::read(path))?;
        // An array of JSON may be one line.
        lines.limit = 8 << 20;
        let (mut text, mut found) = (String::new(), Vec::new());
        while found.len() < most
            && let Some(line) = lines.next(&mut text).map_err(Error::read(path))?
        {
            if line == Line::Whole && !text.trim().is_empty() {
                found.push(std::mem::take(&mut text));
            }
        }
        samples.push(Sample { lines: found });
    }
    Ok(samples)
}

/// What the lines of all files are.
pub fn look(samples: &[Sample]) -> Look {
    let is_json = |sample: &&Sample| {
        let first = sample.lines.first().map_or("", |it| it.trim());
        let rest = first.strip_prefix('[').map(str::trim_start);
        first.starts_with('{') || rest.is_some_and(|it| it.is_empty() || it.starts_with('{'))
    };
    let filled = || samples.iter().filter(|it| !it.lines.is_empty());
    if filled().count() > 0 && filled().filter(is_json).count() * 2 > filled().count() {
        let cells = json(samples);
        // A dictionary of Python is no JSON, and reads as a sentence.
        if !cells.rows.is_empty() {
            return Look::Json(cells);
        }
    }
    for separator in ["\t", "|", ";", ","] {
        if let Some(look) = table(samples, separator) {
            return look;
        }
    }
    match table(samples, "blanks") {
        Some(look) => look,
        None => Look::Sentences,
    }
}

/// The cells of a table with this separator; `None` if the lines are no such table.
fn table(samples: &[Sample], separator: &str) -> Option<Look> {
    let letter = match separator {
        "blanks" => None,
        letter => letter.chars().next(),
    };
    let all = || samples.iter().flat_map(|it| &it.lines);
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for line in all() {
        *counts
            .entry(split(line, letter).map_or(0, |it| it.len()))
            .or_default() += 1;
    }
    let total: usize = counts.values().sum();
    let (&width, &hits) = counts
        .iter()
        .filter(|(width, _)| **width > 1)
        .max_by_key(|it| it.1)?;
    // A row may end before its last cells, if these are empty.
    let fewer: usize = counts.range(2..width).map(|it| it.1).sum();
    if (hits + fewer) * 10 < total * 7 || hits * 2 < total {
        return None;
    }
    let mut cells = Cells::default();
    for (file, sample) in samples.iter().enumerate() {
        for line in &sample.lines {
            match split(line, letter) {
                Some(mut row)
                    if row.len() == width
                        || row.len() > 1
                            && row.len() < width
                            && fewer * 10 < total * 6
                            && letter.is_some() =>
                {
                    row.resize(width, String::new());
                    cells.rows.push((file, row));
                }
                _ if is_heading(line, cells.rows.last().is_some_and(|it| it.0 == file)) => {
                    cells.headings.push(line.clone());
                }
                _ => {}
            }
        }
    }
    let labelled = |index: usize| {
        let rows = || {
            cells
                .rows
                .iter()
                .map(|(_, row)| row[index].as_str())
                .filter(|it| !it.is_empty())
        };
        let first = rows().nth(1).and_then(label).map(|it| it.0)?;
        let same = |cell: &&str| label(cell).is_some_and(|it| it.0 == first);
        (rows().filter(same).count() * 10 >= rows().count() * 8).then(|| first.to_owned())
    };
    let labels: Vec<Option<String>> = (0..width).map(labelled).collect();
    if labels.iter().flatten().count() >= 2 && letter.is_some() {
        let cells = by_label(cells, &labels);
        let has_time = (0..width).any(|index| {
            let column = cells.rows.iter().map(|(_, row)| row[index].as_str());
            look_of(column)
                .is_some_and(|look| look.sure || by_name(&cells.names[index]) == Some(Role::Time))
        });
        return has_time.then(|| Look::Table(separator.to_owned(), cells, true));
    }
    is_table(&cells, width, letter.is_none())
        .then(|| Look::Table(separator.to_owned(), cells, false))
}

/// Whether a line is no record: it is above all rows of its file, or a comment, or has
/// neither letters nor digits. Any other line that is not understood has to be said.
pub fn is_heading(line: &str, after_rows: bool) -> bool {
    let is_comment = line.trim_start().starts_with(['#', '%']);
    !after_rows || is_comment || !line.contains(|it: char| it.is_alphanumeric())
}

/// The cells without their labels.
fn by_label(mut cells: Cells, labels: &[Option<String>]) -> Cells {
    let name = |(index, label): (usize, &Option<String>)| match label {
        Some(label) => label.clone(),
        None => format!("column {}", index + 1),
    };
    cells.names = labels.iter().enumerate().map(name).collect();
    for (_, row) in &mut cells.rows {
        for (cell, has_label) in row.iter_mut().zip(labels) {
            if has_label.is_some()
                && let Some((_, value)) = label(cell)
            {
                *cell = value.to_owned();
            }
        }
    }
    cells
}

/// Whether the cells are those of a table, and not parts of sentences: there is a time,
/// and a column of numbers or of a few words.
fn is_table(cells: &Cells, width: usize, blanks: bool) -> bool {
    let column = |index: usize| {
        // The first row may be a header, of each file.
        let header = cells.rows.first().map(|it| &it.1);
        let rows = cells
            .rows
            .iter()
            .filter(move |(_, row)| Some(row) != header);
        let rows = rows.map(move |(_, row)| row[index].as_str());
        rows.filter(|it| !it.is_empty())
    };
    let looks: Vec<_> = (0..width).map(|index| look_of(column(index))).collect();
    let numbers = looks.iter().flatten().count();
    let is_wordy = |index: usize| {
        looks[index].is_none() && {
            let wordy = |cell: &&str| cell.split_whitespace().count() > 3;
            column(index).filter(wordy).count() * 2 > column(index).count().max(1)
        }
    };
    let mixed = |index: usize| {
        looks[index].is_none() && {
            let is_mixed = |cell: &&str| {
                cell.contains(|it: char| it.is_ascii_digit())
                    && cell.contains(|it: char| it.is_alphabetic())
                    && cell.contains(' ')
            };
            column(index).filter(is_mixed).count() * 2 > column(index).count().max(1)
        }
    };
    let sentences = (0..width)
        .filter(|&index| is_wordy(index) || mixed(index))
        .count();
    let texts = width - numbers;
    match blanks {
        true => numbers >= 2 && texts <= 2 && width >= 3,
        false => numbers >= 1 && sentences * 2 <= numbers && (numbers >= 2 || sentences == 0),
    }
}

fn json(samples: &[Sample]) -> Cells {
    let mut objects: Vec<(usize, Value)> = Vec::new();
    for (file, sample) in samples.iter().enumerate() {
        // Objects may go over several lines: the open ones are collected.
        let mut open = String::new();
        for line in &sample.lines {
            let line = line.trim();
            if open.is_empty() && matches!(line, "[" | "]" | "],") {
                continue;
            }
            open.push_str(line);
            let text = open.trim_end_matches(',');
            let inner = text.trim_start_matches('[').trim_end_matches([']', ',']);
            let value =
                serde_json::from_str::<Value>(text).or_else(|_| serde_json::from_str(inner));
            match value {
                Ok(Value::Array(values)) => objects.extend(values.into_iter().map(|it| (file, it))),
                Ok(value) => objects.push((file, value)),
                Err(error) if error.is_eof() => continue,
                Err(_) => {}
            }
            open.clear();
        }
    }
    let mut cells = Cells::default();
    let mut flat: Vec<(usize, Vec<(String, String)>)> = Vec::new();
    for (file, object) in objects {
        let rows = match &object {
            Value::Object(members) if members.len() <= 8 => {
                let arrays: Vec<_> = members
                    .values()
                    .filter(|it| {
                        it.as_array()
                            .is_some_and(|it| !it.is_empty() && it.iter().all(Value::is_object))
                    })
                    .collect();
                match arrays[..] {
                    [Value::Array(rows)] => rows.clone(),
                    _ => vec![object],
                }
            }
            _ => vec![object],
        };
        for row in rows {
            let mut members = Vec::new();
            flatten("", &row, &mut members);
            for (name, _) in &members {
                if !cells.names.contains(name) && cells.names.len() < 100 {
                    cells.names.push(name.clone());
                }
            }
            flat.push((file, members));
        }
    }
    for (file, members) in flat {
        let cell = |name: &String| {
            let found = members.iter().find(|(own, _)| own == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let row = cells.names.iter().map(cell).collect();
        cells.rows.push((file, row));
    }
    cells
}

/// The members of an object; those of its members as `a.b`.
fn flatten(prefix: &str, value: &Value, out: &mut Vec<(String, String)>) {
    let Value::Object(members) = value else {
        return;
    };
    for (name, value) in members {
        let name = match prefix {
            "" => name.clone(),
            prefix => format!("{prefix}.{name}"),
        };
        match value {
            Value::Object(_) => flatten(&name, value, out),
            Value::Null => {}
            Value::String(text) => out.push((name, text.trim().to_owned())),
            other => out.push((name, other.to_string())),
        }
    }
}
