//! A row as CSV text: `time_ns,step,event,peer,message,bytes,queue`, then the
//! behavior's columns. LF line ends.
//!
//! This is the hottest sink of the engine. A row is built in a small fixed array,
//! without allocation and without `fmt`: names are quoted once, when the run is set
//! up, and copied at a fixed width; integers are written eight digits at a time.
//!
//! The cells:
//! - no peer, message 0 (and its bytes) and a column without a value: empty;
//! - a text: quoted if CSV needs it; an empty text is `""`, since an empty cell means
//!   no value;
//! - a floating-point number: the shortest text that reads back as the same number,
//!   also for `-0`, `NaN`, `inf` and `-inf`; with an exponent (`1e300`) from 1e16 and
//!   below 1e-5.

use std::io::Write;

use super::quoting::push_text;
use super::record::{
    Cell, ColumnKind, ColumnSchema, Columns, NO_PEER, Row, RunSchema, STANDARD_EVENTS,
};

/// The columns that every log has, in order. A combined log has
/// [`NODE_COLUMN`] between the first and the second.
pub const STANDARD_COLUMNS: [&str; 7] = [
    "time_ns", "step", "event", "peer", "message", "bytes", "queue",
];

/// The column of a combined log that names the row's node.
pub const NODE_COLUMN: &str = "node";

/// Whether there is a log per node or one for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `NODE.csv`, with the node's own columns.
    PerNode,
    /// `events.csv`: all nodes; the columns of all behaviors in the order of
    /// their first node, empty where a node has no such column.
    Combined,
}

/// Formats the rows of one run.
#[derive(Clone, Debug)]
pub struct LogFormat {
    layout: Layout,
    /// By [`Row::peer`].
    names: NameTable,
    /// By node: an index into `shapes`.
    shape_of: Vec<u32>,
    shapes: Vec<Shape>,
    /// The behaviors' columns of a combined log.
    all_columns: Vec<String>,
    line: LineBuffer,
}

/// What the nodes of a group have in common.
#[derive(Clone, Debug)]
struct Shape {
    /// By [`super::EventId`].
    events: NameTable,
    /// The cells after the standard ones: the index and kind of the node's column.
    cells: Vec<Option<(usize, ColumnKind)>>,
}

impl LogFormat {
    /// For the rows of a run.
    pub fn new(schema: &RunSchema, layout: Layout) -> LogFormat {
        let groups = schema.shapes();
        let all_columns = schema.all_columns(&groups);
        let shapes = groups.first.iter().map(|&first| {
            let node = &schema.nodes[first];
            let mut events = NameTable::default();
            for word in STANDARD_EVENTS
                .into_iter()
                .chain(node.events.iter().map(String::as_str))
            {
                events.push(word);
            }
            let cell = |(index, column): (usize, &ColumnSchema)| (index, column.kind);
            let columns = node.columns.iter().enumerate();
            let cells = match layout {
                Layout::PerNode => columns.map(cell).map(Some).collect(),
                Layout::Combined => all_columns
                    .iter()
                    .map(|name| columns.clone().find(|(_, own)| own.name == *name).map(cell))
                    .collect(),
            };
            Shape { events, cells }
        });
        let shapes = shapes.collect();
        let mut names = NameTable::default();
        for name in schema
            .nodes
            .iter()
            .map(|node| &node.name)
            .chain(&schema.external_peers)
        {
            names.push(name);
        }
        LogFormat {
            layout,
            names,
            shape_of: groups.of_node,
            shapes,
            all_columns,
            line: LineBuffer::default(),
        }
    }

    /// Adds the name of an external peer that is not in the schema. Its index
    /// is one more than that of the last peer.
    pub fn push_external_peer(&mut self, name: &str) {
        self.names.push(name);
    }

    /// Appends the header of a node's log, or of the combined one.
    pub fn header(&self, columns: &[ColumnSchema], out: &mut Vec<u8>) {
        for (index, name) in STANDARD_COLUMNS.into_iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(name.as_bytes());
            if index == 0 && self.layout == Layout::Combined {
                out.push(b',');
                out.extend_from_slice(NODE_COLUMN.as_bytes());
            }
        }
        let mut column = |name: &str| {
            out.push(b',');
            push_text(out, name);
        };
        match self.layout {
            Layout::PerNode => columns.iter().for_each(|own| column(&own.name)),
            Layout::Combined => self.all_columns.iter().for_each(|name| column(name)),
        }
        out.push(b'\n');
    }

    /// Appends one row.
    ///
    /// # Panics
    /// If `row.node` is not in the schema.
    #[inline]
    pub fn row(&mut self, row: &Row, columns: Columns<'_>, out: &mut Vec<u8>) {
        let shape = &self.shapes[self.shape_of[row.node as usize] as usize];
        let line = &mut self.line;
        line.len = 0;
        line.number(row.time_ns);
        line.byte(b',');
        if self.layout == Layout::Combined {
            self.names.put(row.node as usize, line, out);
        }
        line.number(row.step);
        line.byte(b',');
        shape.events.put(usize::from(row.event.0), line, out);
        if row.peer == NO_PEER {
            line.byte(b',');
        } else {
            self.names.put(row.peer as usize, line, out);
        }
        if row.message == 0 {
            line.byte(b',');
            line.byte(b',');
        } else {
            line.number(row.message);
            line.byte(b',');
            line.number(row.bytes);
            line.byte(b',');
        }
        line.number(row.queue);
        for cell in &shape.cells {
            line.byte(b',');
            line.make_room(out);
            let cell = cell.map_or(Cell::Empty, |(index, kind)| columns.cell(index, kind));
            match cell {
                Cell::Empty => {}
                Cell::U64(value) => line.number(value),
                Cell::I64(value) => {
                    if value < 0 {
                        line.byte(b'-');
                    }
                    line.number(value.unsigned_abs());
                }
                Cell::Bool(value) => {
                    line.spill(out);
                    out.extend_from_slice(if value { b"true" } else { b"false" });
                }
                Cell::F64(value) => {
                    line.spill(out);
                    push_f64(out, value);
                }
                Cell::Text(text) => {
                    line.spill(out);
                    push_text(out, text);
                }
            }
        }
        line.byte(b'\n');
        line.spill(out);
    }
}

/// Room for the standard cells: five numbers of 20 digits, three short names,
/// their commas.
const LINE_SIZE: usize = 256;
/// A longer line is moved to the output before the next cell, which has at most 21
/// bytes and a comma.
const LINE_FULL: usize = LINE_SIZE - 32;

/// The beginning of a row that is being built.
#[derive(Clone, Debug)]
struct LineBuffer {
    bytes: [u8; LINE_SIZE],
    len: usize,
}

impl Default for LineBuffer {
    fn default() -> Self {
        LineBuffer {
            bytes: [0; LINE_SIZE],
            len: 0,
        }
    }
}

/// 10^8: a word holds the digits of a smaller number.
const EIGHT: u64 = 100_000_000;

/// `00000000`.
const ASCII_ZEROS: u64 = 0x3030_3030_3030_3030;

/// The eight digits of a number below [`EIGHT`], each in a byte, the first in the
/// lowest byte. The number is split into fours, pairs and digits; each division is
/// one multiplication of all parts in a word (Khuong, "How to print integers really
/// fast", 2017).
#[inline]
fn eight_digits(value: u64) -> u64 {
    let fours = (value / 10_000) | ((value % 10_000) << 32);
    let high = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = ((fours - 100 * high) << 16) | high;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    ((pairs - 10 * tens) << 8) | tens
}

impl LineBuffer {
    #[inline]
    fn byte(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    #[inline]
    fn number(&mut self, value: u64) {
        if value < 10 {
            self.byte(b'0' + value as u8);
        } else if value < EIGHT {
            self.first_digits(value);
        } else if value < EIGHT * EIGHT {
            self.first_digits(value / EIGHT);
            self.more_digits(value % EIGHT);
        } else {
            self.first_digits(value / (EIGHT * EIGHT));
            self.more_digits(value / EIGHT % EIGHT);
            self.more_digits(value % EIGHT);
        }
    }

    /// A number from 1 to below [`EIGHT`], without leading zeros.
    #[inline]
    fn first_digits(&mut self, value: u64) {
        let digits = eight_digits(value);
        let zeros = digits.trailing_zeros() / 8;
        self.word((digits | ASCII_ZEROS) >> (8 * zeros));
        self.len += 8 - zeros as usize;
    }

    /// A number below [`EIGHT`], as eight digits.
    #[inline]
    fn more_digits(&mut self, value: u64) {
        self.word(eight_digits(value) | ASCII_ZEROS);
        self.len += 8;
    }

    /// Writes eight bytes and does not change the length.
    #[inline]
    fn word(&mut self, word: u64) {
        self.bytes[self.len..self.len + 8].copy_from_slice(&word.to_le_bytes());
    }

    /// Moves the line to `out`.
    #[inline]
    fn spill(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes[..self.len]);
        self.len = 0;
    }

    #[inline]
    fn make_room(&mut self, out: &mut Vec<u8>) {
        if self.len > LINE_FULL {
            self.spill(out);
        }
    }
}

/// Names as cells, each with its comma.
#[derive(Clone, Debug, Default)]
struct NameTable {
    short: Vec<ShortName>,
    /// The names that do not fit.
    long: Vec<Box<[u8]>>,
}

const SHORT_SIZE: usize = 23;
/// [`ShortName::len`] of a name in [`NameTable::long`]; the first four bytes
/// are its index.
const LONG: u8 = u8::MAX;

#[derive(Clone, Copy, Debug)]
struct ShortName {
    bytes: [u8; SHORT_SIZE],
    len: u8,
}

impl NameTable {
    fn push(&mut self, name: &str) {
        let mut cell = Vec::with_capacity(name.len() + 3);
        // The cell of an empty name is empty, not `""`.
        if !name.is_empty() {
            push_text(&mut cell, name);
        }
        cell.push(b',');
        let mut bytes = [0; SHORT_SIZE];
        let len = match bytes.get_mut(..cell.len()) {
            Some(room) => {
                room.copy_from_slice(&cell);
                cell.len() as u8
            }
            None => {
                bytes[..4].copy_from_slice(&(self.long.len() as u32).to_le_bytes());
                self.long.push(cell.into());
                LONG
            }
        };
        self.short.push(ShortName { bytes, len });
    }

    /// Writes the name `index` and a comma; only the comma if there is no such name.
    #[inline]
    fn put(&self, index: usize, line: &mut LineBuffer, out: &mut Vec<u8>) {
        let Some(name) = self.short.get(index) else {
            return line.byte(b',');
        };
        if name.len == LONG {
            let [a, b, c, d, ..] = name.bytes;
            line.spill(out);
            out.extend_from_slice(&self.long[u32::from_le_bytes([a, b, c, d]) as usize]);
        } else {
            // A copy of fixed size is two moves. The next cell overwrites the bytes
            // after the name.
            line.bytes[line.len..line.len + SHORT_SIZE].copy_from_slice(&name.bytes);
            line.len += usize::from(name.len);
        }
    }
}

/// Appends a floating-point cell.
fn push_f64(out: &mut Vec<u8>, value: f64) {
    let size = value.abs();
    let plain = size == 0.0 || (1e-5..1e16).contains(&size) || !size.is_finite();
    let written = if plain {
        write!(out, "{value}")
    } else {
        write!(out, "{value:e}")
    };
    written.expect("a vector takes what it is given");
}

#[cfg(test)]
mod tests;
