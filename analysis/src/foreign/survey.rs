//! The first pass over the logs: which runs, nodes, words and columns there are, when
//! each run begins, and which lines are not understood.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::format::{Format, Origin, RECEIVED_CLOCK};
use super::names::{FileName, natural, plain};
use super::records::FileError;
use super::rows::{Outcome, Rows, absent, whole};
use crate::log::{ColumnKind, ColumnSchema, NodeSchema, RunSchema, STANDARD_EVENTS};
use crate::metrics::CLOCK_COLUMN;

/// Number of lines of a file that are shown if they are not understood.
const SHOWN: usize = 3;
/// Maximum number of nodes and of runs. More is a wrong column.
const MAX_NAMES: usize = 10_000;
/// Maximum number of words of the program's own. More is a wrong column.
const MAX_WORDS: usize = 500;

/// What the logs hold.
pub struct Survey {
    /// By file.
    pub files: Vec<FileFound>,
    /// The runs, in natural order of their names.
    pub runs: Vec<RunFound>,
    /// The names of the nodes.
    pub nodes: Vec<String>,
    /// What each of them has.
    pub schema: Arc<RunSchema>,
    /// The words of the program's own.
    pub words: Vec<String>,
    /// Rows with a length of the inbox, and all rows.
    pub with_queue: (u64, u64),
    /// Whether all times are whole seconds.
    pub whole_seconds: bool,
    /// By run and node as the log names them: their indices.
    places: HashMap<(String, String), (usize, u32)>,
    /// Names that stand for several, with what became of them.
    pub renamed: Vec<String>,
}

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub struct FileFound {
    /// Rows that are records.
    pub rows: u64,
    /// Lines that are no records, as the format says.
    pub ignored: u64,
    /// Lines that are not understood.
    pub not: u64,
    /// The first of them: line, text, reason.
    pub first_not: Vec<(u64, String, String)>,
    /// Lines with bytes that are no UTF-8.
    pub not_utf8: u64,
    /// Names that the header has twice.
    pub doubled: Vec<String>,
    /// The first and the last time `[ns]`.
    span: Option<(i128, i128)>,
}

impl FileFound {
    /// The first time `[ns]`; of a file without rows, the latest there is.
    pub fn span_begin(&self) -> i128 {
        self.span.map_or(i128::MAX, |span| span.0)
    }
}

/// A run.
#[derive(Clone, Debug)]
pub struct RunFound {
    /// Its name; empty if there is one run.
    pub name: String,
    /// Its earliest time `[ns]`.
    pub first_ns: i128,
    /// Its latest time `[ns]`.
    pub last_ns: i128,
    /// The nodes that have rows in it.
    pub nodes: BTreeSet<u32>,
}

/// The logs cannot be read as one.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Too many names.
    #[error("more than {MAX_NAMES} different {what}: is it the right column?")]
    TooMany {
        /// Nodes or runs.
        what: &'static str,
    },
    /// A run is longer than the time of a log can be.
    #[error("run {name} takes more than 500 years: is the unit of the time right?")]
    TooLong {
        /// The run.
        name: String,
    },
}

/// What the cells of a column were so far.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    any: bool,
    negative: bool,
    fraction: bool,
    flag: bool,
    number: bool,
    text: bool,
}

impl Seen {
    fn add(&mut self, text: &str, comma: bool) {
        self.any = true;
        if whole(text).is_some() {
            self.number = true;
        } else if text
            .strip_prefix('-')
            .is_some_and(|it| whole(it).is_some_and(|it| it < 1 << 62))
        {
            (self.number, self.negative) = (true, true);
        } else if real(text, comma).is_some() {
            (self.number, self.fraction) = (true, true);
        } else if matches!(text, "true" | "false" | "True" | "False") {
            self.flag = true;
        } else {
            self.text = true;
        }
    }

    fn kind(self, name: &str) -> ColumnKind {
        if !self.any && (name == CLOCK_COLUMN || name == RECEIVED_CLOCK) {
            return ColumnKind::U64;
        }
        match self {
            Seen {
                text: false,
                flag: true,
                number: false,
                ..
            } => ColumnKind::Bool,
            Seen {
                text: false,
                flag: false,
                number: true,
                fraction,
                negative,
                ..
            } => match (fraction, negative) {
                (true, _) => ColumnKind::F64,
                (false, true) => ColumnKind::I64,
                (false, false) => ColumnKind::U64,
            },
            _ => ColumnKind::Text,
        }
    }
}

/// A number with a fraction.
pub fn real(text: &str, comma: bool) -> Option<f64> {
    let is_number = text
        .bytes()
        .all(|it| it.is_ascii_digit() || b"+-.,eE".contains(&it));
    if !is_number {
        return None;
    }
    match comma {
        true => text.replace(',', ".").parse().ok(),
        false => text.parse().ok(),
    }
}

impl Survey {
    /// Reads all files once.
    ///
    /// # Errors
    /// A file cannot be read, or a column has far too many names.
    pub fn of(names: &mut [FileName], format: &Format) -> Result<Survey, SurveyError> {
        let mut survey = Survey {
            files: Vec::new(),
            runs: Vec::new(),
            nodes: Vec::new(),
            schema: Arc::default(),
            words: Vec::new(),
            with_queue: (0, 0),
            whole_seconds: true,
            places: HashMap::new(),
            renamed: Vec::new(),
        };
        let mut seen = vec![Seen::default(); format.read.own.len()];
        let mut found: BTreeMap<(String, String), (i128, i128)> = BTreeMap::new();
        for name in names.iter() {
            let file = survey.file(name, format, &mut seen, &mut found)?;
            survey.files.push(file);
        }
        survey.rename(names, format, &mut found);
        survey.number(found)?;
        let columns: Vec<ColumnSchema> = format
            .read
            .own
            .iter()
            .zip(&seen)
            .map(|((name, _), seen)| ColumnSchema {
                name: name.clone(),
                kind: seen.kind(name),
                docs: String::new(),
            })
            .collect();
        let columns: Arc<[ColumnSchema]> = columns.into();
        let events: Arc<[String]> = survey.words.as_slice().into();
        let nodes = survey.nodes.iter().map(|name| NodeSchema {
            name: name.clone(),
            columns: columns.clone(),
            events: events.clone(),
            ..NodeSchema::default()
        });
        survey.schema = Arc::new(RunSchema {
            nodes: nodes.collect(),
            external_peers: Vec::new(),
        });
        Ok(survey)
    }

    fn file(
        &mut self,
        name: &FileName,
        format: &Format,
        seen: &mut [Seen],
        all: &mut BTreeMap<(String, String), (i128, i128)>,
    ) -> Result<FileFound, SurveyError> {
        let mut file = FileFound::default();
        let mut rows = Rows::open(name, format)?;
        while let Some(outcome) = rows.next()? {
            match outcome {
                Outcome::Ignored => file.ignored += 1,
                Outcome::Not { line, text, why } => {
                    file.not += 1;
                    if file.first_not.len() < SHOWN {
                        file.first_not.push((line, text, why));
                    }
                }
                Outcome::Row => {
                    file.rows += 1;
                    self.row(&rows, format, seen);
                    let time = rows.entry.time_ns;
                    let span = file.span.get_or_insert((time, time));
                    *span = (span.0.min(time), span.1.max(time));
                    let entry = &rows.entry;
                    // Rows of one node follow one another: the last key is the next.
                    let key = (entry.run.clone(), entry.node.clone());
                    if all.len() > MAX_NAMES && !all.contains_key(&key) {
                        let what = "nodes and runs";
                        return Err(SurveyError::TooMany { what });
                    }
                    let span = all.entry(key).or_insert((time, time));
                    *span = (span.0.min(time), span.1.max(time));
                }
            }
        }
        file.not_utf8 = rows.not_utf8();
        file.doubled = rows.doubled().to_vec();
        Ok(file)
    }

    fn row(&mut self, rows: &Rows<'_>, format: &Format, seen: &mut [Seen]) {
        let entry = &rows.entry;
        self.with_queue.0 += u64::from(entry.queue.is_some());
        self.with_queue.1 += 1;
        self.whole_seconds &= entry.time_ns % 1_000_000_000 == 0;
        for event in &entry.events {
            let is_known =
                STANDARD_EVENTS.contains(&event.word.as_str()) || self.words.contains(&event.word);
            if !is_known && self.words.len() < MAX_WORDS {
                self.words.push(event.word.clone());
            }
        }
        for (index, seen) in seen.iter_mut().enumerate() {
            if let Some(text) = rows.own(index).filter(|it| !absent(it)) {
                seen.add(text, format.decimal_comma);
            }
        }
    }

    /// Gives files of one name at the same time names of their own.
    fn rename(
        &mut self,
        names: &mut [FileName],
        format: &Format,
        found: &mut BTreeMap<(String, String), (i128, i128)>,
    ) {
        if matches!(format.node, Origin::Column(_)) || format.run.is_some() {
            return;
        }
        let mut taken: HashMap<(String, String), Vec<usize>> = HashMap::new();
        for index in 0..names.len() {
            let key = (names[index].run.clone(), names[index].node.clone());
            let others = taken.entry(key.clone()).or_default();
            let overlaps = |&other: &usize| match (self.files[other].span, self.files[index].span) {
                (Some(a), Some(b)) => a.0 <= b.1 && b.0 <= a.1,
                _ => false,
            };
            let path = names[index].path.display().to_string();
            match others.iter().any(overlaps) {
                true => {
                    let own = format!("{}-{}", key.1, others.len() + 1);
                    let first = names[others[0]].path.display();
                    self.renamed.push(format!(
                        "{path} and {first} have the name `{}` and overlap in time: they are taken as two nodes, `{}` and `{own}`; `[node]` in the format file names nodes",
                        key.1, key.1
                    ));
                    others.push(index);
                    if let Some(span) = self.files[index].span {
                        found.insert((key.0, own.clone()), span);
                    }
                    names[index].node = own;
                }
                false => {
                    if let Some(&first) = others.first() {
                        let first = names[first].path.display();
                        self.renamed.push(format!(
                            "{path} and {first} have the name `{}`, one after the other: they are taken as one node",
                            key.1
                        ));
                    }
                    others.push(index);
                }
            }
        }
    }

    /// Numbers runs and nodes.
    fn number(
        &mut self,
        found: BTreeMap<(String, String), (i128, i128)>,
    ) -> Result<(), SurveyError> {
        let mut runs: Vec<&String> = found.keys().map(|(run, _)| run).collect();
        runs.sort_by_cached_key(|it| natural(it));
        runs.dedup();
        let mut nodes: Vec<String> = Vec::new();
        for (_, node) in found.keys() {
            let own = plain(node);
            if !nodes.contains(&own) {
                nodes.push(own);
            }
        }
        nodes.sort_by_cached_key(|it| natural(it));
        if nodes.len() > MAX_NAMES {
            return Err(SurveyError::TooMany { what: "nodes" });
        }
        for name in runs {
            let own = found.iter().filter(|((run, _), _)| run == name);
            let first_ns = own.clone().map(|(_, span)| span.0).min().unwrap_or(0);
            let last_ns = own.clone().map(|(_, span)| span.1).max().unwrap_or(0);
            if last_ns - first_ns > i128::from(u64::MAX) - 1 {
                return Err(SurveyError::TooLong { name: name.clone() });
            }
            let mut run = RunFound {
                name: name.clone(),
                first_ns,
                last_ns,
                nodes: BTreeSet::new(),
            };
            for ((_, node), _) in own {
                let own = plain(node);
                let index = nodes.iter().position(|it| *it == own).unwrap_or(0) as u32;
                run.nodes.insert(index);
                let place = (self.runs.len(), index);
                self.places.insert((name.clone(), node.clone()), place);
            }
            self.runs.push(run);
        }
        self.nodes = nodes;
        Ok(())
    }

    /// The indices of a run and of a node.
    pub fn place(&self, run: &str, node: &str) -> Option<(usize, u32)> {
        // The map needs owned keys; a log has few.
        self.places.get(&(run.to_owned(), node.to_owned())).copied()
    }

    /// The time from the first row of all to the first row of each file, and to its last
    /// row `[ns]`.
    pub fn spans(&self) -> Vec<i128> {
        let spans = || self.files.iter().filter_map(|it| it.span);
        let first = spans().map(|it| it.0).min().unwrap_or(0);
        spans()
            .flat_map(|it| [it.0 - first, it.1 - first])
            .collect()
    }

    /// Rows that are records, in all files.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|it| it.rows).sum()
    }
}
