//! From the files of a run and its schema to a [`RunLog`]: headers are checked, and
//! the tables of names are built.

use std::path::PathBuf;
use std::sync::Arc;

use super::RunLog;
use crate::cursor::{Cursor, FileLayout, Names, OwnColumn};
use crate::error::{LogError, Problem};
use crate::mapping::Mapping;
use crate::record::{ColumnSchema, NodeSchema, RunSchema, STANDARD_EVENTS, Shapes};
use crate::roles::roles;
use crate::survey;
use crate::words::Words;
use crate::writer::{Layout, STANDARD_COLUMNS};

/// Maximum number of columns of a behavior.
pub(crate) const MAX_COLUMNS: usize = 63;

/// Maximum size of the windows of all files together `[bytes]`.
const BUDGET: usize = 32 << 20;
/// Maximum size of a window `[bytes]`; it fits in the second-level cache.
const WINDOW_MAX: usize = 64 << 10;
/// Minimum size of a window `[bytes]`: about twenty rows.
const WINDOW_MIN: usize = 1 << 10;
/// Maximum number of files that are open at once.
const OPEN_LIMIT: usize = 128;
/// The layouts that a header is compared with: files of a group stand together.
const RECENT: usize = 4;

/// A file to read.
pub(super) struct LogFile {
    pub path: PathBuf,
    /// The node; not used for a combined log.
    pub node: u32,
}

impl LogFile {
    pub fn new(path: PathBuf, node: u32) -> LogFile {
        LogFile { path, node }
    }
}

/// A mapping, and the time of the first row `[ns]`.
type MappedFrom = Option<(Mapping, u64)>;

/// Opens the files of a run whose schema is known. `events` are the numbers of all
/// event words if all nodes share them; else they come from the schema.
pub(super) fn assemble(
    files: Vec<LogFile>,
    schema: RunSchema,
    mapping: MappedFrom,
    events: Option<Words>,
) -> Result<RunLog, LogError> {
    let shapes = schema.shapes();
    let column_count = schema.nodes.iter().map(|node| node.columns.len()).max();
    let column_count = column_count.unwrap_or(0);
    if column_count > MAX_COLUMNS {
        let path = files.into_iter().next().map(|file| file.path);
        return Err(LogError {
            path: path.unwrap_or_default(),
            line: 1,
            problem: Problem::TooManyColumns {
                count: column_count,
            },
        });
    }
    let window = (BUDGET / files.len().max(1)).clamp(WINDOW_MIN, WINDOW_MAX);
    let keep_open = files.len() <= OPEN_LIMIT;
    let mut layouts = Layouts {
        mapping,
        known: Vec::new(),
    };
    let mut combined = false;
    let mut cursors = Vec::with_capacity(files.len());
    for file in files {
        let mapped = layouts.mapping.is_some();
        let mut records = survey::open(&file.path, window, keep_open, mapped);
        let header = survey::header(&mut records)?;
        let layout = layouts.of(&file, header)?;
        check_columns(&file, &layout, &schema, &shapes)?;
        combined |= layout.standard == Some(Layout::Combined);
        cursors.push(Cursor::new(records, layout, file.node, column_count));
    }
    Ok(RunLog::new(
        names(schema, shapes, combined, events),
        cursors,
    ))
}

/// The layouts of the files so far.
struct Layouts {
    mapping: MappedFrom,
    known: Vec<Arc<FileLayout>>,
}

impl Layouts {
    /// The layout of a file with this header.
    fn of(&mut self, file: &LogFile, header: Vec<String>) -> Result<Arc<FileLayout>, LogError> {
        let mut recent = self.known.iter().rev().take(RECENT);
        if let Some(known) = recent.find(|known| known.header == header) {
            return Ok(Arc::clone(known));
        }
        let mapping = self.mapping.as_ref().map(|(mapping, _)| mapping);
        let layout = Arc::new(FileLayout {
            roles: roles(&file.path, &header, mapping)?,
            standard: match mapping {
                Some(_) => None,
                None => survey::layout(&header),
            },
            header,
            mapping: self.mapping.clone(),
        });
        self.known.push(Arc::clone(&layout));
        Ok(layout)
    }
}

/// Fails if the columns after the standard ones are not those of the schema. A
/// mapped log has no standard columns.
fn check_columns(
    file: &LogFile,
    layout: &FileLayout,
    schema: &RunSchema,
    shapes: &Shapes,
) -> Result<(), LogError> {
    let (standard, expected) = match layout.standard {
        None => return Ok(()),
        Some(Layout::Combined) => (STANDARD_COLUMNS.len() + 1, schema.all_columns(shapes)),
        Some(Layout::PerNode) => {
            let columns = schema.nodes[file.node as usize].columns.iter();
            let names = columns.map(|column| column.name.clone());
            (STANDARD_COLUMNS.len(), names.collect())
        }
    };
    let found = &layout.header[standard..];
    if found == expected {
        return Ok(());
    }
    Err(LogError {
        path: file.path.clone(),
        line: 1,
        problem: Problem::OtherColumns {
            found: found.join(","),
            expected: expected.join(","),
        },
    })
}

/// The tables of names of a run.
fn names(schema: RunSchema, shapes: Shapes, combined: bool, events: Option<Words>) -> Names {
    let mut peers = Words::default();
    let nodes = schema.nodes.iter().map(|node| &node.name);
    for (index, name) in nodes.chain(&schema.external_peers).enumerate() {
        peers.insert(name, index as u32);
    }
    let all = schema.all_columns(&shapes);
    let first = || shapes.first.iter().map(|&node| &schema.nodes[node]);
    let words = |node: &NodeSchema| events.clone().unwrap_or_else(|| event_words(node));
    Names {
        peers,
        events: first().map(words).collect(),
        columns: first()
            .map(|node| match combined {
                true => combined_columns(node, &all),
                false => node_columns(node).collect(),
            })
            .collect(),
        shape_of: shapes.of_node.clone(),
        schema,
    }
}

/// The columns of a node's log.
fn node_columns(node: &NodeSchema) -> impl Iterator<Item = OwnColumn> {
    let columns = node.columns.iter().enumerate();
    columns.map(|(index, column)| Some((index, column.kind)))
}

/// The columns of a combined log, `all`, as those of a node.
fn combined_columns(node: &NodeSchema, all: &[String]) -> Vec<OwnColumn> {
    let same = |name: &String| {
        let same = |column: &ColumnSchema| column.name == *name;
        let index = node.columns.iter().position(same)?;
        Some((index, node.columns[index].kind))
    };
    all.iter().map(same).collect()
}

/// The event words of a node, by their number.
fn event_words(node: &NodeSchema) -> Words {
    let mut words = Words::default();
    let own = node.events.iter().map(String::as_str);
    for (number, word) in STANDARD_EVENTS.into_iter().chain(own).enumerate() {
        words.insert(word, number as u32);
    }
    words
}
