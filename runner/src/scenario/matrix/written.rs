//! `[matrix]` as written: its axes, `zip` and `exclude`.

use analysis::results::{RUN_COLUMNS, WARMUP_COLUMN};

use serde_json::Value as Json;

use super::super::document::{KeyValue, Table, Value, ValueKind};
use super::super::keys::{AXIS, MATRIX};
use super::super::overrides::parse_path;
use super::super::reader::{Field, Mistakes, TableReader};
use super::super::source::Place;
use super::super::values;
use super::{Axis, AxisValue, Dimension, Streams, word};

/// The table as written; parts that could not be read are missing.
#[derive(Debug, Default)]
pub struct MatrixFile {
    pub place: Option<Place>,
    /// In the order of the file.
    pub axes: Vec<AxisEntry>,
    /// Groups of axes that vary together.
    pub zip: Vec<Zipped>,
    pub exclude: Vec<Exclusion>,
    /// Which numbers the cases draw, and where the key is written.
    pub streams: Option<(Streams, Place)>,
    /// The case to compare with, and its place.
    pub baseline: Option<(String, Place)>,
}

/// `[matrix.axes.NAME]`.
#[derive(Debug)]
pub struct AxisEntry {
    pub name: String,
    /// The path as written, its keys, and its place.
    pub path: Option<(String, Vec<String>, Place)>,
    /// The values with their names, and the place of the array.
    pub values: Option<(Vec<(Value, AxisValue)>, Place)>,
}

/// One entry of `zip`: axes by name.
#[derive(Debug)]
pub struct Zipped {
    pub names: Vec<(String, Place)>,
}

/// One entry of `exclude`: values by axis.
#[derive(Debug)]
pub struct Exclusion {
    pub place: Place,
    pub values: Vec<KeyValue>,
}

impl AxisEntry {
    /// The axis; `None` if a part of it is wrong.
    pub fn dimension(&self) -> Option<Dimension> {
        let (text, keys, path) = self.path.clone()?;
        let (values, place) = self.values.clone()?;
        let axis = Axis {
            name: self.name.clone(),
            path: text,
        };
        Some(Dimension {
            axis,
            keys,
            path,
            place,
            values,
        })
    }
}

/// Reads the table.
pub fn read(entry: &KeyValue, mistakes: &Mistakes) -> MatrixFile {
    let field = Field {
        key: "matrix",
        value: &entry.value,
        mistakes,
    };
    let Some(table) = field.table("a table: [matrix.axes.NAME]") else {
        return MatrixFile::default();
    };
    let mut reader = TableReader::new(table, entry.place, &MATRIX, mistakes);
    let axes = reader.required("axes", axes).and_then(|it| it.value);
    let zip = reader.optional("zip", zip).and_then(|it| it.value);
    let exclude = reader.optional("exclude", exclude).and_then(|it| it.value);
    let words = &[
        ("independent", Streams::Independent),
        ("common", Streams::Common),
    ];
    let streams = reader.optional("streams", values::word(words));
    let has_wrong_streams = streams.as_ref().is_some_and(|it| it.value.is_none());
    let baseline = reader.optional("baseline", |field| field.text().map(str::to_owned));
    reader.finish();
    let streams = streams.and_then(|it| Some((it.value?, it.key)));
    let baseline = baseline.and_then(|it| Some((it.value?, it.place)));
    let is_common = matches!(streams, Some((Streams::Common, _)));
    if let Some((_, place)) = baseline
        .as_ref()
        .filter(|_| !is_common && !has_wrong_streams)
    {
        mistakes.add_with_help(
            *place,
            "`baseline` is for cases that are compared in pairs, and these cases draw numbers of their own",
            "add streams = \"common\" to [matrix], or remove `baseline`",
        );
    }
    MatrixFile {
        place: Some(entry.place),
        streams,
        baseline: baseline.filter(|_| is_common),
        axes: axes.unwrap_or_default(),
        zip: zip.unwrap_or_default(),
        exclude: exclude.unwrap_or_default(),
    }
}

fn axes(field: Field<'_>) -> Option<Vec<AxisEntry>> {
    let table = field.table("a table of axes: [matrix.axes.NAME]")?;
    if table.0.is_empty() {
        return field.wrong("`axes` is empty, expected at least one axis: [matrix.axes.NAME]");
    }
    let mut axes = Vec::new();
    for entry in &table.0 {
        let name = entry.key.as_str();
        if let Some(problem) = values::name_problem(name) {
            let message = format!("axis {name:?} has {problem}");
            field.mistakes.add(entry.place, message);
        } else if RUN_COLUMNS.contains(&name) || name == WARMUP_COLUMN {
            let message = format!("axis `{name}` has the name of a column of runs.csv");
            let help = "each axis becomes a column there: choose another name";
            field.mistakes.add_with_help(entry.place, message, help);
        }
        let inner = Field {
            key: name,
            value: &entry.value,
            mistakes: field.mistakes,
        };
        let Some(table) = inner.table("a table: [matrix.axes.NAME]") else {
            continue;
        };
        axes.push(axis(name, entry.place, table, field.mistakes));
    }
    Some(axes)
}

fn axis(name: &str, place: Place, table: &Table, mistakes: &Mistakes) -> AxisEntry {
    let mut reader = TableReader::new(table, place, &AXIS, mistakes);
    let path = reader.required("path", |field| {
        let text = field.text()?;
        match parse_path(text) {
            Some(keys) => Some((text.to_owned(), keys)),
            None => field.expected_with_help(
                "the path of a key",
                "keys with dots between them: \"nodes.machine.config.faces\", \"links.0.loss\""
                    .to_owned(),
            ),
        }
    });
    let path = path.and_then(|it| it.value.map(|(text, keys)| (text, keys, it.place)));
    let values = reader.required("values", |field| {
        let values = field.array("an array of values")?;
        match values.is_empty() {
            true => field.wrong(format!("axis `{name}` has no values, so there is no case")),
            false => Some(values.to_vec()),
        }
    });
    let labels = reader.optional("labels", labels);
    reader.finish();
    let values = values.and_then(|it| Some((it.value?, it.place)));
    let values = values.and_then(|(values, place)| {
        let labels = match labels {
            Some(labels) => {
                let words = labels.value?;
                if words.len() != values.len() {
                    let message = format!(
                        "axis `{name}`: {} values and {} labels, expected a label for each value",
                        values.len(),
                        words.len()
                    );
                    mistakes.add(labels.place, message);
                    return None;
                }
                Some(words)
            }
            None => None,
        };
        Some((named(name, values, labels, mistakes)?, place))
    });
    AxisEntry {
        name: name.to_owned(),
        path,
        values,
    }
}

fn labels(field: Field<'_>) -> Option<Vec<String>> {
    let label = |value: &Value| {
        let part = field.part(value);
        match part.text()? {
            label if word::is_safe(label) => Some(label.to_owned()),
            _ => part.expected_with_help(
                "the name of a value",
                format!(
                    "letters, digits, `-`, `_`, `.` and `+`, at most {}: it becomes part of the case's name",
                    word::LONGEST
                ),
            ),
        }
    };
    let labels: Vec<_> = field
        .array("an array of texts")?
        .iter()
        .map(label)
        .collect();
    labels.into_iter().collect()
}

/// The values with their names in ids; `None` if a value has no name, which is
/// reported.
fn named(
    axis: &str,
    values: Vec<Value>,
    labels: Option<Vec<String>>,
    mistakes: &Mistakes,
) -> Option<Vec<(Value, AxisValue)>> {
    let mut named = Vec::with_capacity(values.len());
    let mut sound = true;
    for (index, mut value) in values.into_iter().enumerate() {
        let label = labels.as_ref().map(|labels| labels[index].clone());
        let json = match &label {
            Some(label) => Json::from(label.as_str()),
            None => super::json(&value),
        };
        let Some(word) = label.or_else(|| word::word(&value)) else {
            sound = false;
            let message = format!(
                "axis `{axis}`: no short name for the value {}",
                value.describe()
            );
            let help = "give the axis `labels`, a name for each value";
            mistakes.add_with_help(value.place, message, help);
            continue;
        };
        // The value replaces the value at the axis' path, as an override does.
        value.each_place(&mut Place::to_axis);
        let named_value = AxisValue {
            word,
            value: json,
            index,
        };
        named.push((value, named_value));
    }
    sound.then_some(named)
}

fn zip(field: Field<'_>) -> Option<Vec<Zipped>> {
    const WHAT: &str = "an array of arrays of axes: [[\"a\", \"b\"]]";
    let mut groups = Vec::new();
    for value in field.array(WHAT)? {
        let part = field.part(value);
        let Some(written) = part.array(WHAT) else {
            continue;
        };
        let mut names = Vec::new();
        for name in written {
            match &name.kind {
                ValueKind::Text(text) => names.push((text.clone(), name.place)),
                _ => field
                    .part(name)
                    .expected("the name of an axis")
                    .unwrap_or(()),
            }
        }
        match written.len() {
            0 | 1 => part
                .wrong("a group of `zip` needs at least two axes, which vary together")
                .unwrap_or(()),
            _ => groups.push(Zipped { names }),
        }
    }
    Some(groups)
}

fn exclude(field: Field<'_>) -> Option<Vec<Exclusion>> {
    const WHAT: &str = "an array of tables: [{ a = 1, b = 2 }]";
    let mut all = Vec::new();
    for value in field.array(WHAT)? {
        let part = field.part(value);
        match part.table(WHAT) {
            Some(table) if table.0.is_empty() => part
                .wrong("the exclusion is empty: it would exclude all cases")
                .unwrap_or(()),
            Some(table) => all.push(Exclusion {
                place: value.place,
                values: table.0.clone(),
            }),
            None => {}
        }
    }
    Some(all)
}
