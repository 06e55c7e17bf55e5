//! `[matrix]`: one file, many cases.
//!
//! An axis is a path into the file and the values that it takes in turn; the
//! cases are the product of all axes, less what is excluded. For each case its
//! values are put into the file's tree exactly as `--set` does it, and what comes
//! out is read and resolved like any other scenario: every key can be an axis, and
//! a value is held to the same rules as where it usually stands.
//!
//! A case is named by its values, `faces=10,rates=narrow`, in the order of the
//! axes in the file. Its random streams hang on that name, so it must not change
//! with what else is in the matrix.
//!
//! `written` reads the table, `path` holds each axis against the keys that there
//! are, `word` names values, `product` makes the cases. What goes wrong in several
//! cases is told once: `mistakes`.

mod mistakes;
mod path;
mod product;
mod word;
mod written;

pub use mistakes::CaseMistakes;
pub use product::Point;

use serde_json::Value as Json;

use super::document::{Kind, Table, Value};
use super::overrides::{self, Override};
use super::reader::Mistakes;
use super::source::Place;

/// The most cases of a matrix: what one plan holds in memory, and more than
/// anybody looks at. Arbitrary.
pub const MAX_CASES: u64 = 10_000;
/// The most runs of all cases together: they are numbered, listed and sorted.
/// Arbitrary.
pub const MAX_PLAN_RUNS: u64 = 10_000_000;

/// One axis of a matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Its name.
    pub name: String,
    /// The path that it sets, as written.
    pub path: String,
}

/// What an axis is in one case.
#[derive(Clone, Debug, PartialEq)]
pub struct AxisValue {
    /// The label or the value as it stands in the case's id.
    pub word: String,
    /// The label, or the value.
    pub value: Json,
}

/// A matrix that makes sense by itself.
#[derive(Debug, Default)]
pub struct Matrix {
    /// Where it is written; the whole file without one.
    pub place: Option<Place>,
    axes: Vec<Dimension>,
    /// The cases; one without values if there is no matrix.
    pub points: Vec<Point>,
}

/// An axis with all of its values.
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
    /// Takes the matrix out of a file's tree. Mistakes are reported; what is sound
    /// of its axes is kept, for one case of their first values, so that the rest of
    /// the file can be read.
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
        let points = match mistakes.count() == before {
            true => product::points(&file, &axes, mistakes),
            false => None,
        };
        let first = || Point(axes.iter().map(|_| 0).collect());
        let points = points.unwrap_or_else(|| vec![first()]);
        Matrix {
            place: Some(entry.place),
            axes,
            points,
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

    /// What the axes are in a case, in the order of the axes.
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

/// A value for programs.
fn json(value: &Value) -> Json {
    match &value.kind {
        Kind::Text(text) => Json::from(text.as_str()),
        Kind::Integer(Some(number)) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(number), _) => Json::from(number),
            (_, Ok(number)) => Json::from(number),
            _ => Json::from(number.to_string()),
        },
        Kind::Integer(None) => Json::Null,
        Kind::Float(number) => Json::from(*number),
        Kind::Boolean(value) => Json::from(*value),
        Kind::Datetime(value) => Json::from(value.to_string()),
        Kind::Array(values) => values.iter().map(json).collect(),
        Kind::Table(table) => {
            let entries = table.0.iter();
            Json::Object(
                entries
                    .map(|entry| (entry.key.clone(), json(&entry.value)))
                    .collect(),
            )
        }
    }
}
