//! A first pass over logs that have no manifest. It finds what the cells of each
//! column hold, which event words and nodes there are, and the time of the first row.

use std::path::Path;

use super::cells::{Cells, Records};
use super::error::{LogError, Problem, shown};
use super::mapping::Mapping;
use super::record::{ColumnKind, EventId, STANDARD_EVENTS};
use super::source::Source;
use super::words::Words;
use super::writer::{Layout, NODE_COLUMN, STANDARD_COLUMNS};

/// The window of a pass that reads one file at a time `[bytes]`.
const WINDOW: usize = 128 << 10;

/// The header of a log: its cells.
pub(super) fn header(records: &mut Records) -> Result<Vec<String>, LogError> {
    let mut cells = Cells::default();
    let Some(length) = records.read(&mut cells)? else {
        return Err(records.error(Problem::NoHeader));
    };
    let mut names = Vec::with_capacity(cells.count());
    for cell in cells.iter() {
        match std::str::from_utf8(cell) {
            Ok(name) => names.push(name.to_owned()),
            Err(_) => {
                return Err(records.error(Problem::ForeignHeader {
                    found: shown(records.source.rest()),
                    expected: STANDARD_COLUMNS.join(","),
                }));
            }
        }
    }
    records.pass(length);
    Ok(names)
}

/// The layout of a log with this header; `None` if it is no log of ours.
pub(super) fn layout(header: &[String]) -> Option<Layout> {
    let combined = header.get(1).is_some_and(|name| name == NODE_COLUMN);
    let mut names = header.iter();
    for (index, expected) in STANDARD_COLUMNS.into_iter().enumerate() {
        if index == 1 && combined {
            names.next();
        }
        if names.next()? != expected {
            return None;
        }
    }
    Some(if combined {
        Layout::Combined
    } else {
        Layout::PerNode
    })
}

/// The records of a file, from its beginning.
pub(super) fn open(path: &Path, window: usize, keep_open: bool, mapped: bool) -> Records {
    Records {
        source: Source::new(path, window, keep_open),
        line: 1,
        open_end: mapped,
        cut_end: false,
    }
}

/// The header of a file.
pub(super) fn header_of(path: &Path, mapped: bool) -> Result<Vec<String>, LogError> {
    header(&mut open(path, 1 << 10, true, mapped))
}

/// The kinds that all cells of a column so far could be.
#[derive(Clone, Copy, Debug)]
struct Guess {
    any: bool,
    unsigned: bool,
    signed: bool,
    real: bool,
    bool: bool,
}

impl Guess {
    fn see(&mut self, cell: &[u8], quoted: bool) {
        if cell.is_empty() && !quoted {
            return;
        }
        let text = match std::str::from_utf8(cell) {
            Ok(text) if !quoted => text,
            _ => "\"",
        };
        self.any = true;
        self.unsigned = self.unsigned && text.parse::<u64>().is_ok();
        self.signed = self.signed && text.parse::<i64>().is_ok();
        self.real = self.real && text.parse::<f64>().is_ok();
        self.bool = self.bool && matches!(text, "true" | "false");
    }

    fn kind(self) -> ColumnKind {
        match self {
            Guess { any: false, .. } => ColumnKind::Text,
            Guess { unsigned: true, .. } => ColumnKind::U64,
            Guess { signed: true, .. } => ColumnKind::I64,
            Guess { real: true, .. } => ColumnKind::F64,
            Guess { bool: true, .. } => ColumnKind::Bool,
            _ => ColumnKind::Text,
        }
    }
}

/// What the first pass over the logs of a run found.
#[derive(Debug)]
pub(super) struct Survey<'a> {
    mapping: Option<&'a Mapping>,
    /// The numbers of all event words, as the logs have them.
    pub(super) events: Words,
    /// The words that are not standard ones.
    pub(super) own_events: Vec<String>,
    /// The nodes that a combined log names, in the order of their first row.
    pub(super) nodes: Vec<String>,
    node_numbers: Words,
    /// The earliest row of a mapped log `[ns]`.
    pub(super) first_ns: u64,
}

impl<'a> Survey<'a> {
    pub(super) fn new(mapping: Option<&'a Mapping>) -> Survey<'a> {
        let mut events = Words::default();
        if mapping.is_none() {
            for (number, word) in STANDARD_EVENTS.into_iter().enumerate() {
                events.insert(word, number as u32);
            }
        }
        Survey {
            mapping,
            events,
            own_events: Vec::new(),
            nodes: Vec::new(),
            node_numbers: Words::default(),
            first_ns: u64::MAX,
        }
    }

    /// Reads a whole file. Returns the kind of each column. Errors in rows are
    /// ignored here; the second pass reports them.
    pub(super) fn file(&mut self, path: &Path) -> Result<Vec<ColumnKind>, LogError> {
        let mut records = open(path, WINDOW, true, self.mapping.is_some());
        let header = header(&mut records)?;
        let name_of = |name: &'static str| match self.mapping {
            Some(mapping) => mapping.column(name),
            None => Some(name),
        };
        let position = |name| header.iter().position(|own| Some(own.as_str()) == name);
        let event = position(name_of("event"));
        let time = position(name_of("time_ns"));
        let node = match layout(&header) {
            Some(Layout::Combined) => position(Some(NODE_COLUMN)),
            _ => None,
        };
        let mut guesses = vec![
            Guess {
                any: false,
                unsigned: true,
                signed: true,
                real: true,
                bool: true,
            };
            header.len()
        ];
        let mut cells = Cells::default();
        while let Some(length) = records.read(&mut cells)? {
            if cells.count() == header.len() {
                for (index, guess) in guesses.iter_mut().enumerate() {
                    let (cell, quoted) = cells.get(index);
                    guess.see(cell, quoted);
                }
                let text = |index: Option<usize>| std::str::from_utf8(cells.get(index?).0).ok();
                if let Some(word) = text(event) {
                    self.event(word).map_err(|problem| records.error(problem))?;
                }
                if let Some(name) = text(node)
                    && self.node_numbers.get(name.as_bytes()).is_none()
                {
                    self.node_numbers.insert(name, 0);
                    self.nodes.push(name.to_owned());
                }
                if let (Some(mapping), Some(time)) = (self.mapping, text(time))
                    && let Some(time_ns) = mapping.time_ns(time.trim())
                {
                    self.first_ns = self.first_ns.min(time_ns);
                }
            }
            records.pass(length);
        }
        Ok(guesses.into_iter().map(Guess::kind).collect())
    }

    /// Gives an event word its number.
    fn event(&mut self, word: &str) -> Result<(), Problem> {
        if self.events.get(word.as_bytes()).is_some() {
            return Ok(());
        }
        let standard = self.mapping.and_then(|mapping| mapping.event(word));
        let event = match standard {
            Some(event) => event,
            None => {
                let limit = usize::from(u16::MAX) - STANDARD_EVENTS.len();
                if self.own_events.len() == limit {
                    return Err(Problem::TooManyEvents { limit });
                }
                self.own_events.push(word.to_owned());
                EventId::own(self.own_events.len() as u32 - 1)
            }
        };
        self.events.insert(word, u32::from(event.0));
        Ok(())
    }
}
