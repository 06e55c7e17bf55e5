//! All logs of one run as one sequence of rows in time order.
//!
//! The node logs are merged; rows of one instant come in the order of the nodes,
//! those of one node in their own. Memory is bounded by the number of nodes:
//! files share a budget for windows, and beyond some number of them each opens
//! its file only while it reads on.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cursor::{Cursor, Names, Plan, Role};
use super::error::{LogError, Problem, Warning};
use super::mapping::Mapping;
use super::record::{ColumnSchema, Columns, EventId, NodeSchema, Row, RunSchema, STANDARD_EVENTS};
use super::roles::roles;
use super::survey::{self, Survey};
use super::tables::files::{COMBINED_FILE, log_file};
use super::words::Words;
use super::writer::STANDARD_COLUMNS;

/// The most columns that a behavior may have.
pub(super) const MAX_COLUMNS: usize = 63;

/// What the windows of a run take together `[bytes]`.
const BUDGET: usize = 32 << 20;
/// The largest window `[bytes]`; it stays in the second-level cache.
const WINDOW_MAX: usize = 64 << 10;
/// The smallest: about twenty rows `[bytes]`.
const WINDOW_MIN: usize = 1 << 10;
/// The most files that are open at once.
const OPEN_LIMIT: usize = 128;

/// The rows of one run, read back from its logs.
#[derive(Debug)]
pub struct RunLog {
    names: Names,
    cursors: Vec<Cursor>,
    /// Where the other files stand: (time, index).
    waiting: BinaryHeap<Reverse<(u64, u32)>>,
    /// The file whose row was given last.
    current: Option<usize>,
    state: State,
    received: bool,
    warnings: Vec<Warning>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Reading,
    Ended,
}

/// One file to read: whose it is, and its header.
struct File {
    path: PathBuf,
    /// The node; meaningless for a combined log.
    node: u32,
}

impl RunLog {
    /// The logs in a run's folder: `events.csv`, or a `NODE.csv` for each node.
    /// With the schema from the manifest, the logs must agree with it; without,
    /// nodes are the files with a log's header, in natural order (`n-2` before
    /// `n-10`), and one more pass finds out what the columns hold.
    ///
    /// # Errors
    /// When there is no log, one cannot be read, or its header is not a log's.
    pub fn open(folder: &Path, schema: Option<&RunSchema>) -> Result<RunLog, LogError> {
        let combined = folder.join(COMBINED_FILE);
        if combined.exists()
            && survey::standard(&survey::header_of(&combined, false)?) == Some(true)
        {
            return match schema {
                Some(schema) => RunLog::known(
                    vec![File {
                        path: combined,
                        node: 0,
                    }],
                    schema,
                ),
                None => RunLog::open_files(&[combined], None),
            };
        }
        let no_logs = || LogError {
            path: folder.to_owned(),
            line: 0,
            problem: Problem::NoLogs,
        };
        if let Some(schema) = schema {
            let file = |(index, node): (usize, &NodeSchema)| File {
                path: folder.join(log_file(&node.name)),
                node: index as u32,
            };
            let files: Vec<File> = schema.nodes.iter().enumerate().map(file).collect();
            if !files.iter().any(|file| file.path.exists()) {
                return Err(no_logs());
            }
            return RunLog::known(files, schema);
        }
        let io_error = |error| LogError {
            path: folder.to_owned(),
            line: 0,
            problem: Problem::Io(error),
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(io_error)? {
            let path = entry.map_err(io_error)?.path();
            // A behavior's own files may be CSV too.
            if path.extension().is_some_and(|extension| extension == "csv")
                && let Ok(header) = survey::header_of(&path, false)
                && survey::standard(&header) == Some(false)
            {
                files.push(path);
            }
        }
        if files.is_empty() {
            return Err(no_logs());
        }
        files.sort_by_cached_key(|path| natural(&stem(path)));
        RunLog::open_files(&files, None)
    }

    /// Logs by their paths: each file is a node named by its stem, unless it is
    /// a combined log. With a mapping, those of another program; their time
    /// begins at the earliest row of any of them.
    ///
    /// # Errors
    /// When a file cannot be read, its header is not a log's, or lacks a mapped
    /// column.
    pub fn open_files(files: &[PathBuf], mapping: Option<&Mapping>) -> Result<RunLog, LogError> {
        let mut survey = Survey::new(mapping);
        let mut nodes: Vec<NodeSchema> = Vec::new();
        let mut opened = Vec::new();
        let mut kept: Vec<Arc<[ColumnSchema]>> = Vec::new();
        for path in files {
            let header = survey::header_of(path, mapping.is_some())?;
            let roles = roles(path, &header, mapping)?;
            let kinds = survey.file(path)?;
            let mut columns = Vec::new();
            for (index, &role) in roles.iter().enumerate() {
                if let Role::Column(place) = role {
                    let name = match mapping {
                        Some(mapping) => mapping.own_columns().nth(place).unwrap_or_default(),
                        None => &header[index],
                    };
                    let column = ColumnSchema {
                        name: name.to_owned(),
                        kind: kinds[index],
                        docs: String::new(),
                    };
                    columns.push((place, column));
                }
            }
            columns.sort_by_key(|&(place, _)| place);
            let columns: Vec<_> = columns.into_iter().map(|(_, column)| column).collect();
            // Files that are alike share their columns.
            let columns = match kept.iter().find(|kept| ***kept == *columns) {
                Some(kept) => Arc::clone(kept),
                None => {
                    kept.push(columns.into());
                    Arc::clone(&kept[kept.len() - 1])
                }
            };
            if roles.contains(&Role::Node) {
                for name in std::mem::take(&mut survey.nodes) {
                    nodes.push(NodeSchema {
                        name,
                        columns: Arc::clone(&columns),
                        events: Arc::default(),
                        program: false,
                    });
                }
                opened.push(File {
                    path: path.clone(),
                    node: 0,
                });
            } else {
                nodes.push(NodeSchema {
                    name: stem(path),
                    columns,
                    events: Arc::default(),
                    program: false,
                });
                opened.push(File {
                    path: path.clone(),
                    node: nodes.len() as u32 - 1,
                });
            }
        }
        let events: Arc<[String]> = survey.own_events.into();
        for node in &mut nodes {
            node.events = Arc::clone(&events);
        }
        let schema = RunSchema {
            nodes,
            external_peers: Vec::new(),
        };
        let mapping = mapping.map(|mapping| (mapping.clone(), survey.first_ns));
        RunLog::assemble(opened, schema, mapping, Some(survey.events))
    }

    fn known(files: Vec<File>, schema: &RunSchema) -> Result<RunLog, LogError> {
        RunLog::assemble(files, schema.clone(), None, None)
    }

    /// Opens the files of a run whose schema is known by now. `events` are the
    /// numbers of all words, where all nodes share them.
    fn assemble(
        files: Vec<File>,
        schema: RunSchema,
        mapping: Option<(Mapping, u64)>,
        events: Option<Words>,
    ) -> Result<RunLog, LogError> {
        let shapes = schema.shapes();
        let mut names = Names {
            peers: Words::default(),
            events: Vec::new(),
            columns: Vec::new(),
            shape_of: shapes.of_node.clone(),
            schema,
        };
        let schema = &names.schema;
        let all = schema.nodes.iter().map(|node| &node.name);
        for (index, name) in all.chain(&schema.external_peers).enumerate() {
            names.peers.insert(name, index as u32);
        }
        for &first in &shapes.first {
            names.events.push(match &events {
                Some(events) => events.clone(),
                None => event_words(&schema.nodes[first]),
            });
        }
        let window = (BUDGET / files.len().max(1)).clamp(WINDOW_MIN, WINDOW_MAX);
        let keep_open = files.len() <= OPEN_LIMIT;
        let column_count = schema.nodes.iter().map(|node| node.columns.len()).max();
        if let Some(count) = column_count.filter(|&count| count > MAX_COLUMNS) {
            let path = files.into_iter().next().map(|file| file.path);
            return Err(LogError {
                path: path.unwrap_or_default(),
                line: 1,
                problem: Problem::TooManyColumns { count },
            });
        }
        let mut combined = false;
        let mut plans: Vec<Arc<Plan>> = Vec::new();
        let mut cursors = Vec::with_capacity(files.len());
        for file in files {
            let mut records = survey::open(&file.path, window, keep_open, mapping.is_some());
            let header = survey::header(&mut records)?;
            // Files of a group have one header; look at each distinct one once.
            let plan = match plans
                .iter()
                .rev()
                .take(4)
                .find(|plan| plan.header == header)
            {
                Some(plan) => Arc::clone(plan),
                None => {
                    let plan = Plan {
                        roles: roles(&file.path, &header, mapping.as_ref().map(|(own, _)| own))?,
                        standard: match mapping {
                            Some(_) => None,
                            None => survey::standard(&header),
                        },
                        header,
                        mapping: mapping.clone(),
                    };
                    plans.push(Arc::new(plan));
                    Arc::clone(&plans[plans.len() - 1])
                }
            };
            if mapping.is_none() {
                combined |= plan.standard == Some(true);
                let own: Vec<&String> = match plan.standard {
                    Some(true) => plan.header[STANDARD_COLUMNS.len() + 1..].iter().collect(),
                    _ => plan.header[STANDARD_COLUMNS.len()..].iter().collect(),
                };
                let all;
                let expected: Vec<&String> = match plan.standard {
                    Some(true) => {
                        all = schema.all_columns(&shapes);
                        all.iter().collect()
                    }
                    _ => {
                        let columns = &schema.nodes[file.node as usize].columns;
                        columns.iter().map(|column| &column.name).collect()
                    }
                };
                if own != expected {
                    let join = |names: &[&String]| {
                        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
                        names.join(",")
                    };
                    return Err(LogError {
                        path: file.path,
                        line: 1,
                        problem: Problem::OtherColumns {
                            found: join(&own),
                            expected: join(&expected),
                        },
                    });
                }
            }
            cursors.push(Cursor::new(
                records,
                plan,
                file.node,
                column_count.unwrap_or(0),
            ));
        }
        let all = schema.all_columns(&shapes);
        for &first in &shapes.first {
            let own = schema.nodes[first].columns.iter().enumerate();
            let entry = |(index, column): (usize, &ColumnSchema)| (index, column.kind);
            names.columns.push(if combined {
                let place =
                    |name: &String| own.clone().find(|(_, own)| own.name == *name).map(entry);
                all.iter().map(place).collect()
            } else {
                own.map(entry).map(Some).collect()
            });
        }
        Ok(RunLog {
            names,
            cursors,
            waiting: BinaryHeap::new(),
            current: None,
            state: State::New,
            received: false,
            warnings: Vec::new(),
        })
    }

    /// Leaves out last lines that were cut off: whoever wrote these logs was killed.
    pub fn of_killed(mut self) -> RunLog {
        for cursor in &mut self.cursors {
            cursor.records.cut_end = true;
        }
        self
    }

    /// The names behind the rows. Strangers are added as they are met.
    pub fn schema(&self) -> &RunSchema {
        &self.names.schema
    }

    /// What makes the logs doubtful; whole once [`RunLog::next`] gave `None`.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The next row of any node, in time order; `None` after the last.
    ///
    /// # Errors
    /// When a file cannot be read on, or holds something else than a row. Nothing
    /// can be read after that.
    // Not an iterator: the columns are lent until the next call.
    #[allow(clippy::should_implement_trait)]
    #[inline]
    pub fn next(&mut self) -> Result<Option<(Row, Columns<'_>)>, LogError> {
        let next = self.next_named()?;
        Ok(next.map(|(row, columns, _)| (row, columns)))
    }

    /// As [`RunLog::next`], with the names behind the row.
    ///
    /// # Errors
    /// As [`RunLog::next`].
    #[inline]
    pub fn next_named(&mut self) -> Result<Option<(Row, Columns<'_>, &RunSchema)>, LogError> {
        let state = std::mem::replace(&mut self.state, State::Ended);
        match state {
            State::Ended => return Ok(None),
            State::New => {
                for index in 0..self.cursors.len() {
                    let cursor = &mut self.cursors[index];
                    if cursor.advance(&mut self.names)? {
                        self.waiting.push(Reverse((cursor.order_ns, index as u32)));
                    }
                }
                self.current = self.pop();
            }
            State::Reading => self.step()?,
        }
        let Some(current) = self.current else {
            self.end();
            return Ok(None);
        };
        self.state = State::Reading;
        let cursor = &self.cursors[current];
        self.received |= cursor.row.event == EventId::RECEIVE;
        Ok(Some((cursor.row, cursor.columns(), &self.names.schema)))
    }

    /// Goes on in the current file, or to the file that is earlier now.
    #[inline]
    fn step(&mut self) -> Result<(), LogError> {
        let Some(current) = self.current else {
            return Ok(());
        };
        let cursor = &mut self.cursors[current];
        if !cursor.advance(&mut self.names)? {
            self.current = self.pop();
            return Ok(());
        }
        let place = (cursor.order_ns, current as u32);
        if let Some(mut first) = self.waiting.peek_mut()
            && first.0 < place
        {
            self.current = Some(first.0.1 as usize);
            *first = Reverse(place);
        }
        Ok(())
    }

    fn pop(&mut self) -> Option<usize> {
        self.waiting.pop().map(|Reverse((_, index))| index as usize)
    }

    /// Sums up what was doubtful.
    fn end(&mut self) {
        for cursor in &self.cursors {
            let path = || cursor.records.source.path().to_owned();
            if let Some((line, count)) = cursor.back {
                let path = path();
                self.warnings
                    .push(Warning::TimeGoesBack { path, line, count });
            }
            if cursor.row_count == 0 {
                self.warnings.push(Warning::NoRows { path: path() });
            }
        }
        if !self.received {
            self.warnings.push(Warning::NoReceiveRows);
        }
    }
}

/// The words of a node, by their number.
fn event_words(node: &NodeSchema) -> Words {
    let mut words = Words::default();
    let own = node.events.iter().map(String::as_str);
    for (number, word) in STANDARD_EVENTS.into_iter().chain(own).enumerate() {
        words.insert(word, number as u32);
    }
    words
}

/// The name of the node whose log this is.
fn stem(path: &Path) -> String {
    path.file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// A sort key that takes runs of digits as numbers.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let digits = rest[text..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(rest.len(), |length| text + length);
        let number = rest[text..digits].parse().unwrap_or(u64::MAX);
        parts.push((rest[..text].to_owned(), number));
        rest = &rest[digits..];
    }
    parts
}
