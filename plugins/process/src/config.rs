//! The config of a program's node.

use runner_sdk::{Problem, Shape, ShapedColumn, ShapedEvent, ShapedKind, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;

/// The config of `process.node`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The program and its arguments, such as `["python3", "node.py"]`. It runs in the folder
    /// of the scenario.
    #[schemars(length(min = 1))]
    pub program: Vec<String>,

    /// Handed to the program as `parameters`: what its author likes.
    pub parameters: Map<String, Value>,

    /// The columns that the program sets, in the order of the log.
    #[schemars(length(max = 63))]
    pub columns: Vec<ColumnConfig>,

    /// The words of its own for the log's `event`.
    pub events: Vec<String>,

    /// Ask the program when a peer connects or disconnects.
    pub connects: bool,

    /// How long the program may take for one answer. It counts the time in which the program
    /// computes or waits, and not that in which it would compute and other programs have the
    /// processors. A program that takes longer fails its run.
    pub limit: Span,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            program: Vec::new(),
            parameters: Map::new(),
            columns: Vec::new(),
            events: Vec::new(),
            connects: false,
            limit: Span::from_ms(10_000),
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct ColumnConfig {
    /// Its header.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// One line, with the unit.
    #[serde(default)]
    pub docs: String,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// Whole numbers from 0 on.
    U64,
    /// Whole numbers.
    I64,
    /// Numbers.
    F64,
    /// True or false.
    Bool,
    /// Texts.
    Text,
}

impl Config {
    /// The mistakes, beyond types and ranges.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match self.program.first().map(String::as_str) {
            None | Some("") => problems.push(Problem::at(
                "program",
                "no program; expected one with its arguments, such as [\"python3\", \"node.py\"]",
            )),
            Some(program) if !found(program) => problems.push(Problem::at(
                "program[0]",
                format!(
                    "there is no program `{program}` in the folders of PATH; install it, or write \
                     the path of a file, such as \"./{program}\""
                ),
            )),
            Some(_) => {}
        }
        if self.limit == Span::ZERO {
            problems.push(Problem::at("limit", "0s, expected a longer time"));
        }
        let columns = self.columns.iter().map(|column| column.name.as_str());
        names("columns", ".name", columns, &mut problems);
        names(
            "events",
            "",
            self.events.iter().map(String::as_str),
            &mut problems,
        );
        problems
    }

    /// The columns and words of its nodes.
    pub(crate) fn shape(&self) -> Shape {
        let columns = self.columns.iter().map(|column| ShapedColumn {
            name: column.name.clone(),
            kind: column.kind.shaped(),
            docs: column.docs.clone(),
        });
        let events = self.events.iter().map(|name| ShapedEvent {
            name: name.clone(),
            docs: String::new(),
        });
        let events: Vec<_> = events.collect();
        Shape::new(columns.collect(), &events, true, self.connects)
    }
}

impl ColumnKind {
    fn shaped(self) -> ShapedKind {
        match self {
            ColumnKind::U64 => ShapedKind::U64,
            ColumnKind::I64 => ShapedKind::I64,
            ColumnKind::F64 => ShapedKind::F64,
            ColumnKind::Bool => ShapedKind::Bool,
            ColumnKind::Text => ShapedKind::Text,
        }
    }
}

/// Whether a program without a folder is in one of the folders of `PATH`. Of a program with
/// a folder nothing is known before the run: it is relative to the scenario.
fn found(program: &str) -> bool {
    if program.contains('/') {
        return true;
    }
    let Some(path) = std::env::var_os("PATH") else {
        return true;
    };
    std::env::split_paths(&path).any(|folder| folder.join(Path::new(program)).is_file())
}

/// Adds a problem for each name that cannot be one, or that is there twice. `tail` follows
/// the index in a problem's path.
fn names<'a>(
    key: &str,
    tail: &str,
    names: impl Iterator<Item = &'a str>,
    problems: &mut Vec<Problem>,
) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, name) in names.enumerate() {
        let path = format!("{key}[{index}]{tail}");
        let is_part = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
        if !(1..=64).contains(&name.len()) || !name.chars().all(is_part) {
            problems.push(Problem::at(
                path,
                format!("{name:?}, expected 1 to 64 letters, digits, `-` and `_`"),
            ));
        } else if seen.contains(&name) {
            problems.push(Problem::at(path, format!("`{name}` is there twice")));
        }
        seen.push(name);
    }
}
