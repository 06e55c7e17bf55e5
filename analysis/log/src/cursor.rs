//! The rows of one file, one after the other.
//!
//! Two ways lead to the same row. The fast one reads what our own writer makes,
//! straight from the window: numbers eight digits at a time, words through a
//! cache. It gives up at anything unusual, and the careful one looks at that row
//! again from its beginning: it knows quotes, mapped columns, and what to say
//! about a cell that is wrong.

use std::sync::Arc;

use super::cells::{Cells, Records};
use super::error::{LogError, Problem, shown};
use super::mapping::Mapping;
use super::number::unsigned;
use super::record::{ColumnKind, Columns, EventId, NO_PEER, Row, RunSchema};
use super::words::Words;

/// What a cell of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Time,
    Node,
    Step,
    Event,
    Peer,
    Message,
    Bytes,
    Queue,
    /// A column of a behavior, by its place after the standard ones.
    Column(usize),
    /// Not read.
    Other,
}

/// The names of a run, as its logs use them.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) schema: RunSchema,
    /// Nodes and external_peers, by their index.
    pub(super) peers: Words,
    /// By shape: event words by their number.
    pub(super) events: Vec<Words>,
    /// By shape: which column of the node's a file's column is.
    pub(super) columns: Vec<Vec<Option<(usize, ColumnKind)>>>,
    /// By node: its shape.
    pub(super) shape_of: Vec<u32>,
}

impl Names {
    /// The index behind a peer's name; a new external peer gets the next index.
    fn peer(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return NO_PEER;
        }
        if let Some(peer) = self.peers.get(name.as_bytes()) {
            return peer;
        }
        let peer = (self.schema.nodes.len() + self.schema.external_peers.len()) as u32;
        self.peers.insert(name, peer);
        self.schema.external_peers.push(name.to_owned());
        peer
    }
}

/// How the cells of a file are laid out.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) header: Vec<String>,
    pub(super) roles: Vec<Role>,
    /// Whether the fast way may be tried: our own layout; and whether combined.
    pub(super) standard: Option<bool>,
    /// For a mapped log: the mapping, and what its time begins at `[ns]`.
    pub(super) mapping: Option<(Mapping, u64)>,
}

/// A file, at one of its rows.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) records: Records,
    plan: Arc<Plan>,
    pub(super) row: Row,
    present: u64,
    values: Vec<u64>,
    texts: Vec<String>,
    cells: Cells,
    /// The greatest time so far `[ns]`: where the row stands in the order.
    pub(super) order_ns: u64,
    pub(super) row_count: u64,
    /// The first line whose time goes back, and how many do.
    pub(super) back: Option<(u64, u64)>,
}

impl Cursor {
    /// A file whose header was read; its rows are of `node`, unless they say so.
    pub(super) fn new(records: Records, plan: Arc<Plan>, node: u32, column_count: usize) -> Cursor {
        Cursor {
            records,
            plan,
            row: Row {
                time_ns: 0,
                step: 0,
                node,
                event: EventId::START,
                peer: NO_PEER,
                message: 0,
                bytes: 0,
                queue: 0,
            },
            present: 0,
            values: vec![0; column_count],
            texts: vec![String::new(); column_count],
            cells: Cells::default(),
            order_ns: 0,
            row_count: 0,
            back: None,
        }
    }

    /// The columns of the row.
    #[inline]
    pub(super) fn columns(&self) -> Columns<'_> {
        Columns {
            present: self.present,
            cells: &self.values,
            texts: &self.texts,
        }
    }

    /// Goes to the next row; false at the end.
    #[inline]
    pub(super) fn advance(&mut self, names: &mut Names) -> Result<bool, LogError> {
        let line = self.records.line;
        let fast = match self.plan.standard {
            Some(true) => self.fast::<true>(names),
            Some(false) => self.fast::<false>(names),
            None => None,
        };
        if fast.is_none() && !self.careful(names)? {
            return Ok(false);
        }
        self.row_count += 1;
        if self.row.time_ns < self.order_ns {
            self.back.get_or_insert((line, 0)).1 += 1;
        } else {
            self.order_ns = self.row.time_ns;
        }
        Ok(true)
    }

    /// The fast way; `None` where it gives up. What it wrote until then, the
    /// careful way writes again.
    #[inline]
    fn fast<const COMBINED: bool>(&mut self, names: &mut Names) -> Option<()> {
        let source = &self.records.source;
        if source.at >= source.whole {
            return None;
        }
        let bytes = source.window();
        let (time_ns, mut at) = unsigned(bytes, source.at)?;
        at = expect(bytes, at, b',')?;
        let mut node = self.row.node;
        if COMBINED {
            let (found, end) = names.peers.find(bytes, at)?;
            node = found;
            at = expect(bytes, end, b',')?;
        }
        let shape = *names.shape_of.get(node as usize)? as usize;
        let (step, end) = unsigned(bytes, at)?;
        at = expect(bytes, end, b',')?;
        let (event, end) = names.events[shape].find(bytes, at)?;
        at = expect(bytes, end, b',')?;
        let (mut peer, mut message, mut size) = (NO_PEER, 0, 0);
        if bytes[at] != b',' {
            (peer, at) = names.peers.find(bytes, at)?;
        }
        at = expect(bytes, at, b',')?;
        if bytes[at] != b',' {
            (message, at) = unsigned(bytes, at)?;
        }
        at = expect(bytes, at, b',')?;
        if bytes[at] != b',' {
            (size, at) = unsigned(bytes, at)?;
        }
        at = expect(bytes, at, b',')?;
        let (queue, mut at) = unsigned(bytes, at)?;
        let mut present = 0;
        for own in &names.columns[shape] {
            at = expect(bytes, at, b',')?;
            if matches!(bytes[at], b',' | b'\n') {
                continue;
            }
            let (index, kind) = (*own)?;
            present |= 1 << index;
            self.values[index] = match kind {
                ColumnKind::U64 => {
                    let (value, end) = unsigned(bytes, at)?;
                    at = end;
                    value
                }
                ColumnKind::I64 if bytes[at] != b'-' => {
                    let (value, end) = unsigned(bytes, at)?;
                    at = end;
                    i64::try_from(value).ok()? as u64
                }
                _ => {
                    let end = at + memchr::memchr2(b',', b'\n', &bytes[at..])?;
                    let cell = std::str::from_utf8(&bytes[at..end]).ok()?;
                    if bytes[at] == b'"' || bytes[end - 1] == b'\r' {
                        return None;
                    }
                    at = end;
                    if kind == ColumnKind::Text {
                        self.texts[index].clear();
                        self.texts[index].push_str(cell);
                        index as u64
                    } else {
                        cell_bits(cell, kind)?
                    }
                }
            };
        }
        at = expect(bytes, at, b'\n')?;
        self.row = Row {
            time_ns,
            step,
            node,
            event: EventId(event as u16),
            peer,
            message,
            bytes: size,
            queue,
        };
        self.present = present;
        self.records.source.at = at;
        self.records.line += 1;
        Some(())
    }

    /// The careful way; false at the end of the file.
    #[cold]
    fn careful(&mut self, names: &mut Names) -> Result<bool, LogError> {
        let mut cells = std::mem::take(&mut self.cells);
        let plan = Arc::clone(&self.plan);
        let found = loop {
            let Some(length) = self.records.read(&mut cells)? else {
                break false;
            };
            // Other programs leave blank lines.
            let blank = cells.count() == 1 && cells.get(0).0.is_empty();
            if !(blank && plan.mapping.is_some()) {
                let taken = self.take(&plan, &cells, names);
                taken.map_err(|problem| self.records.error(problem))?;
                self.records.pass(length);
                break true;
            }
            self.records.pass(length);
        };
        self.cells = cells;
        Ok(found)
    }

    /// Makes a row of a record.
    fn take(&mut self, plan: &Plan, cells: &Cells, names: &mut Names) -> Result<(), Problem> {
        if cells.count() != plan.roles.len() {
            return Err(Problem::CellCount {
                found: cells.count(),
                expected: plan.roles.len(),
            });
        }
        let text = |index: usize| {
            let cell = cells.get(index).0;
            std::str::from_utf8(cell).map_err(|_| wrong(plan, index, cell, "UTF-8 text"))
        };
        let number = |index: usize| {
            let cell = text(index)?.trim();
            let expected = "a whole number of 0 or more";
            match cell {
                "" => Ok(0),
                _ => cell
                    .parse::<u64>()
                    .map_err(|_| wrong(plan, index, cell.as_bytes(), expected)),
            }
        };
        let needed = |index: usize| match cells.get(index).0 {
            b"" => Err(wrong(plan, index, b"", "a whole number of 0 or more")),
            _ => number(index),
        };
        let mut row = Row {
            time_ns: 0,
            step: 0,
            node: self.row.node,
            event: EventId::TICK,
            peer: NO_PEER,
            message: 0,
            bytes: 0,
            queue: 0,
        };
        let strict = plan.mapping.is_none();
        let mut numbered = false;
        // The node first: it decides what words and columns there are.
        if let Some(index) = plan.roles.iter().position(|&role| role == Role::Node) {
            let name = text(index)?;
            match names.peers.get(name.as_bytes()) {
                Some(node) if (node as usize) < names.schema.nodes.len() => row.node = node,
                _ => {
                    let nodes = names.schema.nodes.iter().map(|node| node.name.clone());
                    return Err(Problem::UnknownNode {
                        found: shown(name.as_bytes()),
                        nodes: nodes.collect(),
                    });
                }
            }
        }
        let shape = names.shape_of[row.node as usize] as usize;
        self.present = 0;
        for (index, &role) in plan.roles.iter().enumerate() {
            match role {
                Role::Time => match &plan.mapping {
                    None => row.time_ns = needed(index)?,
                    Some((mapping, first_ns)) => {
                        let cell = text(index)?.trim();
                        let time_ns = mapping.time_ns(cell).ok_or_else(|| {
                            let expected = "a time as a decimal number of 0 or more";
                            wrong(plan, index, cell.as_bytes(), expected)
                        })?;
                        row.time_ns = time_ns.saturating_sub(*first_ns);
                    }
                },
                Role::Step => {
                    numbered = true;
                    row.step = if strict {
                        needed(index)?
                    } else {
                        number(index)?
                    };
                }
                Role::Event => {
                    let word = text(index)?;
                    let event = names.events[shape].get(word.as_bytes());
                    row.event = match event {
                        Some(event) => EventId(event as u16),
                        None => {
                            let found = shown(word.as_bytes());
                            return Err(Problem::UnknownEvent { found });
                        }
                    };
                }
                Role::Peer => row.peer = names.peer(text(index)?),
                Role::Message => row.message = number(index)?,
                Role::Bytes => row.bytes = number(index)?,
                Role::Queue => {
                    row.queue = if strict {
                        needed(index)?
                    } else {
                        number(index)?
                    }
                }
                Role::Column(place) => {
                    let (cell, quoted) = cells.get(index);
                    if cell.is_empty() && !quoted {
                        continue;
                    }
                    let Some((own, kind)) = names.columns[shape][place] else {
                        let expected = "nothing: this node has no such column";
                        return Err(wrong(plan, index, cell, expected));
                    };
                    let cell = text(index)?;
                    self.present |= 1 << own;
                    self.values[own] = if kind == ColumnKind::Text {
                        self.texts[own].clear();
                        self.texts[own].push_str(cell);
                        own as u64
                    } else {
                        cell_bits(cell, kind)
                            .ok_or_else(|| wrong(plan, index, cell.as_bytes(), kind_text(kind)))?
                    };
                }
                Role::Node | Role::Other => {}
            }
        }
        if !numbered {
            row.step = self.row.step + u64::from(row.event.in_step());
        }
        self.row = row;
        Ok(())
    }
}

/// The place after this byte; `None` if it is another.
#[inline]
fn expect(bytes: &[u8], at: usize, byte: u8) -> Option<usize> {
    (*bytes.get(at)? == byte).then_some(at + 1)
}

/// The bits of a cell that is no text; see [`Columns::cells`].
fn cell_bits(cell: &str, kind: ColumnKind) -> Option<u64> {
    match kind {
        ColumnKind::U64 => cell.parse().ok(),
        ColumnKind::I64 => cell.parse().ok().map(|value: i64| value as u64),
        ColumnKind::F64 => cell.parse().ok().map(f64::to_bits),
        ColumnKind::Bool => match cell {
            "true" => Some(1),
            "false" => Some(0),
            _ => None,
        },
        ColumnKind::Text => None,
    }
}

fn kind_text(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::U64 => "a whole number of 0 or more",
        ColumnKind::I64 => "a whole number",
        ColumnKind::F64 => "a number",
        ColumnKind::Bool => "`true` or `false`",
        ColumnKind::Text => "UTF-8 text",
    }
}

fn wrong(plan: &Plan, index: usize, found: &[u8], expected: &'static str) -> Problem {
    Problem::Cell {
        column: plan.header[index].clone(),
        found: shown(found),
        expected,
    }
}
