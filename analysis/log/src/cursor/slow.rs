//! The slow path: a row of any CSV, with an error for each cell that is wrong.

use std::sync::Arc;

use super::{Cursor, FileLayout, Names, OwnCells, OwnColumn, Role, cell_bits};
use crate::cells::Cells;
use crate::error::{LogError, Problem, shown};
use crate::record::{ColumnKind, EventId, NO_PEER, Row};
use crate::words::Words;

/// What a cell holds that is a number.
const NUMBER: &str = "a whole number of 0 or more";

impl Cursor {
    /// Reads the next row. Returns whether there was one.
    #[cold]
    pub(super) fn slow(&mut self, names: &mut Names) -> Result<bool, LogError> {
        let mut cells = std::mem::take(&mut self.cells);
        let layout = Arc::clone(&self.layout);
        let found = loop {
            let Some(length) = self.records.read(&mut cells)? else {
                break false;
            };
            // The logs of other programs may have empty lines.
            let empty = cells.count() == 1 && cells.get(0).0.is_empty();
            if !(empty && layout.mapping.is_some()) {
                let record = Record {
                    layout: &layout,
                    cells: &cells,
                };
                let taken = self.take(&record, names);
                taken.map_err(|problem| self.records.error(problem))?;
                self.records.pass(length);
                break true;
            }
            self.records.pass(length);
        };
        self.cells = cells;
        Ok(found)
    }

    /// Makes the row of a record.
    fn take(&mut self, record: &Record<'_>, names: &mut Names) -> Result<(), Problem> {
        let roles = &record.layout.roles;
        if record.cells.count() != roles.len() {
            return Err(Problem::CellCount {
                found: record.cells.count(),
                expected: roles.len(),
            });
        }
        // The node first: its shape decides which words and columns there are.
        let node = record.node(names)?.unwrap_or(self.row.node);
        let shape = names.shape_of[node as usize] as usize;
        let mut row = Row {
            time_ns: 0,
            step: 0,
            node,
            event: EventId::TICK,
            peer: NO_PEER,
            message: 0,
            bytes: 0,
            queue: 0,
        };
        let mut has_step = false;
        self.own.present = 0;
        for (index, &role) in roles.iter().enumerate() {
            match role {
                Role::Time => row.time_ns = record.time_ns(index)?,
                Role::Step => {
                    has_step = true;
                    row.step = record.required(index)?;
                }
                Role::Event => row.event = record.event(index, &names.events[shape])?,
                Role::Peer => row.peer = names.peer(record.text(index)?),
                Role::Message => row.message = record.number(index)?,
                Role::Bytes => row.bytes = record.number(index)?,
                Role::Queue => row.queue = record.required(index)?,
                Role::Column(column) => {
                    record.column(index, names.columns[shape][column], &mut self.own)?;
                }
                Role::Node | Role::Other => {}
            }
        }
        if !has_step {
            row.step = self.row.step + u64::from(row.event.in_step());
        }
        self.row = row;
        Ok(())
    }
}

/// The cells of one row, and what they are.
struct Record<'a> {
    layout: &'a FileLayout,
    cells: &'a Cells,
}

impl<'a> Record<'a> {
    fn text(&self, index: usize) -> Result<&'a str, Problem> {
        let cell = self.cells.get(index).0;
        std::str::from_utf8(cell).map_err(|_| self.wrong(index, "UTF-8 text"))
    }

    /// A number; an empty cell is 0.
    fn number(&self, index: usize) -> Result<u64, Problem> {
        match self.text(index)?.trim() {
            "" => Ok(0),
            cell => cell
                .parse()
                .map_err(|_| self.problem(index, cell.as_bytes(), NUMBER)),
        }
    }

    /// A number; only a mapped log may have an empty cell for it.
    fn required(&self, index: usize) -> Result<u64, Problem> {
        let is_empty = self.cells.get(index).0.is_empty();
        match is_empty && self.layout.mapping.is_none() {
            true => Err(self.wrong(index, NUMBER)),
            false => self.number(index),
        }
    }

    fn time_ns(&self, index: usize) -> Result<u64, Problem> {
        let Some((mapping, first_ns)) = &self.layout.mapping else {
            return self.required(index);
        };
        let cell = self.text(index)?.trim();
        match mapping.time_ns(cell) {
            Some(time_ns) => Ok(time_ns.saturating_sub(*first_ns)),
            None => {
                let expected = "a time as a decimal number of 0 or more";
                Err(self.problem(index, cell.as_bytes(), expected))
            }
        }
    }

    /// The node that a combined log names.
    fn node(&self, names: &Names) -> Result<Option<u32>, Problem> {
        let roles = &self.layout.roles;
        let Some(index) = roles.iter().position(|&role| role == Role::Node) else {
            return Ok(None);
        };
        let name = self.text(index)?;
        let nodes = &names.schema.nodes;
        match names.peers.get(name.as_bytes()) {
            Some(node) if (node as usize) < nodes.len() => Ok(Some(node)),
            _ => Err(Problem::UnknownNode {
                found: shown(name.as_bytes()),
                nodes: nodes.iter().map(|node| node.name.clone()).collect(),
            }),
        }
    }

    fn event(&self, index: usize, words: &Words) -> Result<EventId, Problem> {
        let word = self.text(index)?.as_bytes();
        match words.get(word) {
            Some(event) => Ok(EventId(event as u16)),
            None => Err(Problem::UnknownEvent { found: shown(word) }),
        }
    }

    /// Reads the cell of a behavior's column.
    fn column(&self, index: usize, column: OwnColumn, own: &mut OwnCells) -> Result<(), Problem> {
        let (cell, quoted) = self.cells.get(index);
        if cell.is_empty() && !quoted {
            return Ok(());
        }
        let Some((column, kind)) = column else {
            return Err(self.wrong(index, "nothing: this node has no such column"));
        };
        let text = self.text(index)?;
        if kind == ColumnKind::Text {
            own.put_text(column, text);
            return Ok(());
        }
        own.values[column] = cell_bits(text, kind).ok_or_else(|| self.wrong(index, holds(kind)))?;
        own.present |= 1 << column;
        Ok(())
    }

    fn wrong(&self, index: usize, expected: &'static str) -> Problem {
        self.problem(index, self.cells.get(index).0, expected)
    }

    fn problem(&self, index: usize, found: &[u8], expected: &'static str) -> Problem {
        Problem::Cell {
            column: self.layout.header[index].clone(),
            found: shown(found),
            expected,
        }
    }
}

/// What the cells of a column hold.
fn holds(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::U64 => NUMBER,
        ColumnKind::I64 => "a whole number",
        ColumnKind::F64 => "a number",
        ColumnKind::Bool => "`true` or `false`",
        ColumnKind::Text => "UTF-8 text",
    }
}
