//! `[matrix]`: one file, many cases.
//!
//! An axis is the path of a key and the values of this key. The cases are all
//! combinations of the values of all axes, without those that are excluded. The
//! values of a case are put into the file's tree as `--set` does it. Then the tree
//! is read and resolved as any other scenario. So nearly every key can be an axis,
//! and the same rules apply to its values.
//!
//! The id of a case lists its values in the order of the axes in the file:
//! `faces=10,rates=narrow`. The random streams of the case depend on the id, so the
//! id must not depend on other cases.
//!
//! With `streams = "common"`, the streams do not depend on the id: repetition r of each case
//! draws the same numbers, and the cases can be compared in pairs.
//!
//! `written` reads the table, `path` checks that the key of an axis exists, `word`
//! names values, `product` makes the cases, `pairing` finds the case to compare with.
//! `mistakes` merges mistakes that occur in
//! several cases.

mod mistakes;
mod pairing;
mod path;
mod product;
mod word;
mod written;

pub use mistakes::CaseMistakes;
pub use pairing::Pairing;
pub use product::Point;

use serde_json::Value as Json;

use super::document::{Table, Value, ValueKind};
use super::overrides::{self, Override};
use super::reader::Mistakes;
use super::reading::ONLY_CASE;
use super::source::Place;

/// Maximum number of cases of a matrix. A plan holds all its cases in memory.
/// Arbitrary.
pub const MAX_CASES: u64 = 10_000;
/// Maximum number of runs of all cases together. Arbitrary.
pub const MAX_PLAN_RUNS: u64 = 10_000_000;

/// One axis of a matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Name of the axis.
    pub name: String,
    /// Path of the key that the axis sets, as written.
    pub path: String,
}

/// The value of an axis in one case.
#[derive(Clone, Debug, PartialEq)]
pub struct AxisValue {
    /// The value in the case's id: the label, or a name made from the value.
    pub word: String,
    /// The label, or the value.
    pub value: Json,
    /// The index of the value among those of the axis.
    pub index: usize,
}

/// A matrix without mistakes of its own.
#[derive(Debug, Default)]
pub struct Matrix {
    /// Where the matrix is written; `None` without a matrix.
    pub place: Option<Place>,
    axes: Vec<Dimension>,
    /// The cases; without a matrix, one case without values.
    pub points: Vec<Point>,
    /// Set if all cases draw the same numbers.
    pub pairing: Option<Pairing>,
    /// Whether the matrix has mistakes, so that its cases are not known.
    pub is_flawed: bool,
}

/// Which random numbers the cases draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// Each case its own.
    Independent,
    /// In a repetition, all cases the same.
    Common,
}

/// An axis with all its values.
#[derive(Debug)]
struct Dimension {
    axis: Axis,
    keys: Vec<String>,
    /// Where the path is written.
    path: Place,
    /// Where the array of values is written.
    place: Place,
    values: Vec<(Value, AxisValue)>,
}

impl Matrix {
    /// Takes the matrix out of a file's tree, and reports its mistakes. If there is a
    /// mistake, each value of each axis without mistakes is in one case, so that the
    /// rest of the file can be read.
    pub fn take(document: &mut Table, overrides: &[Override], mistakes: &Mistakes) -> Matrix {
        let Some(at) = document.0.iter().position(|it| it.key == "matrix") else {
            return Matrix {
                points: vec![Point::default()],
                ..Matrix::default()
            };
        };
        let entry = document.0.remove(at);
        let before = mistakes.count();
        let file = written::read(&entry, mistakes);
        let mut axes = Vec::new();
        for axis in &file.axes {
            let sound = path::check(axis, &axes, document, overrides, mistakes);
            axes.extend(axis.dimension().filter(|_| sound));
        }
        pairing::check(&file, &axes, mistakes);
        let all_sound = mistakes.count() == before;
        let points = product::points(&file, &axes, all_sound, mistakes);
        let is_flawed = points.is_none();
        let pairing = points
            .as_deref()
            .and_then(|points| pairing::find(&file, &axes, points, mistakes));
        let points = points.unwrap_or_else(|| product::each_value(&axes));
        Matrix {
            place: Some(entry.place),
            axes,
            points,
            pairing,
            is_flawed,
        }
    }

    /// The id of a case; without a matrix, [`ONLY_CASE`].
    pub fn id(&self, point: &Point) -> String {
        match self.axes.is_empty() {
            true => ONLY_CASE.to_owned(),
            false => id(&self.axes, point),
        }
    }

    /// The axes, in the order of the file.
    pub fn axes(&self) -> impl Iterator<Item = &Axis> {
        self.axes.iter().map(|it| &it.axis)
    }

    /// Where the arrays of values are written.
    pub fn places(&self) -> Vec<Place> {
        self.axes.iter().map(|it| it.place).collect()
    }

    /// The values of a case, in the order of the axes.
    pub fn values(&self, point: &Point) -> Vec<AxisValue> {
        let at = self.axes.iter().zip(&point.0);
        at.map(|(axis, &index)| axis.values[index].1.clone())
            .collect()
    }

    /// Puts a case's values into a file's tree.
    pub fn apply(&self, point: &Point, document: &mut Table, mistakes: &Mistakes) {
        for (axis, &index) in self.axes.iter().zip(&point.0) {
            let value = axis.values[index].0.clone();
            if let Err(message) = overrides::set_key(document, &axis.keys, value) {
                mistakes.add(axis.path, format!("axis `{}`: {message}", axis.axis.name));
            }
        }
    }
}

/// The id of a case: `faces=10,rates=narrow`.
fn id(axes: &[Dimension], point: &Point) -> String {
    let named = axes.iter().zip(&point.0);
    let words: Vec<String> = named
        .map(|(axis, &index)| format!("{}={}", axis.axis.name, axis.values[index].1.word))
        .collect();
    words.join(",")
}

/// A value as JSON.
fn json(value: &Value) -> Json {
    match &value.kind {
        ValueKind::Text(text) => Json::from(text.as_str()),
        ValueKind::Integer(Some(number)) => {
            match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => Json::from(number),
                (_, Ok(number)) => Json::from(number),
                _ => Json::from(number.to_string()),
            }
        }
        ValueKind::Integer(None) => Json::Null,
        ValueKind::Float(number) => Json::from(number.nearest),
        ValueKind::Boolean(value) => Json::from(*value),
        ValueKind::Datetime(value) => Json::from(value.to_string()),
        ValueKind::Array(values) => values.iter().map(json).collect(),
        ValueKind::Table(table) => {
            let entries = table.0.iter();
            Json::Object(
                entries
                    .map(|entry| (entry.key.clone(), json(&entry.value)))
                    .collect(),
            )
        }
    }
}
