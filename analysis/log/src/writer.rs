//! A row as CSV text: `time_ns,step,event,peer,message,bytes,queue`, then the
//! behavior's columns. LF line ends.
//!
//! This is the hottest sink of the engine. A row is written in its place in the text
//! ([`LogText`]), without allocation and without `fmt`: names are quoted once, when the run
//! is set up, and copied at a fixed width; small integers come from a table, the digits of
//! others eight at a time, without a branch for each of their lengths, which nobody can predict.
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
use super::text::LogText;

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
    /// A text as a cell.
    quoted: Vec<u8>,
}

/// What the nodes of a group have in common.
#[derive(Clone, Debug)]
struct Shape {
    /// By [`super::EventId`].
    events: NameTable,
    /// The cells after the standard ones: the index and kind of the node's column.
    cells: Vec<Option<(usize, ColumnKind)>>,
    /// Room for all cells but names that do not fit into the tables, and texts `[bytes]`.
    room: usize,
}

impl LogFormat {
    /// For the rows of a run.
    pub fn new(schema: &RunSchema, layout: Layout) -> LogFormat {
        let groups = schema.shapes();
        let all_columns = schema.all_columns(&groups);
        let shapes = groups.first.iter().map(|&first| {
            let node = &schema.nodes[first];
            let mut events = NameTable::new();
            for word in STANDARD_EVENTS
                .into_iter()
                .chain(node.events.iter().map(String::as_str))
            {
                events.push(word);
            }
            let cell = |(index, column): (usize, &ColumnSchema)| (index, column.kind);
            let columns = node.columns.iter().enumerate();
            let cells: Vec<Option<(usize, ColumnKind)>> = match layout {
                Layout::PerNode => columns.map(cell).map(Some).collect(),
                Layout::Combined => all_columns
                    .iter()
                    .map(|name| columns.clone().find(|(_, own)| own.name == *name).map(cell))
                    .collect(),
            };
            let room = STANDARD_ROOM + CELL_ROOM * cells.len() + events.longest;
            Shape {
                events,
                cells,
                room,
            }
        });
        let shapes = shapes.collect();
        let mut names = NameTable::new();
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
            quoted: Vec::new(),
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
    pub fn row(&mut self, row: &Row, columns: &Columns<'_>, out: &mut LogText) {
        let shape = &self.shapes[self.shape_of[row.node as usize] as usize];
        let mut line = Line {
            bytes: out.room(shape.room + 2 * self.names.longest),
            len: 0,
        };
        line.number(row.time_ns);
        if self.layout == Layout::Combined {
            self.names.put(row.node, &mut line);
        }
        line.number(row.step);
        shape.events.put(u32::from(row.event.0), &mut line);
        self.names.put(row.peer, &mut line);
        let has_message = row.message != 0;
        line.number_if(has_message, row.message);
        line.number_if(has_message, row.bytes);
        line.number(row.queue);
        for cell in &shape.cells {
            let cell = cell.map_or(Cell::Empty, |(index, kind)| columns.cell(index, kind));
            match cell {
                Cell::Empty => line.comma(),
                Cell::U64(value) => line.number(value),
                Cell::I64(value) => {
                    if value < 0 {
                        line.put(b"-");
                    }
                    line.number(value.unsigned_abs());
                }
                Cell::Bool(value) => line.put(if value { b"true," } else { b"false," }),
                Cell::F64(value) => line.real(value),
                Cell::Text(text) => {
                    self.quoted.clear();
                    push_text(&mut self.quoted, text);
                    self.quoted.push(b',');
                    let written = line.len;
                    out.advance(written);
                    // What the shape has room for is the least that is left after it.
                    let needed = self.quoted.len() + shape.room;
                    line = Line {
                        bytes: out.room(needed),
                        len: 0,
                    };
                    line.put(&self.quoted);
                }
            }
        }
        line.end();
        let written = line.len;
        out.advance(written);
    }
}

/// Room for the standard cells: five numbers of 20 digits, three short names, their commas,
/// the line end, and what a name that is copied at a fixed width writes too much.
const STANDARD_ROOM: usize = 5 * 21 + 3 * SHORT_SIZE + 32;
/// Room for a number of a column and its comma. The longest is a floating-point number:
/// `-2.2250738585072014e-308`.
const CELL_ROOM: usize = 32;

/// A row that is being written. There is room for all of it.
struct Line<'a> {
    bytes: &'a mut [u8],
    len: usize,
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

/// How many numbers [`CELLS`] has.
const FEW: u64 = 10_000;

/// The numbers below [`FEW`] as cells: digits, a comma, zeros, and in the last byte the length
/// with the comma. A run needs few places of this table at a time: its steps, queues and sizes
/// are near each other.
static CELLS: [u64; FEW as usize] = {
    let mut cells = [0; FEW as usize];
    let mut value = 0;
    while value < FEW {
        let (mut cell, mut digits, mut left) = (b',' as u64, 0, value);
        while digits == 0 || left > 0 {
            cell = (cell << 8) | (b'0' as u64 + left % 10);
            left /= 10;
            digits += 1;
        }
        cells[value as usize] = cell | ((digits + 1) << 56);
        value += 1;
    }
    cells
};

/// The empty cell, as those in [`CELLS`].
const EMPTY: u64 = b',' as u64 | (1 << 56);

/// Each cell is written with a comma behind it.
impl Line<'_> {
    #[inline(always)]
    fn comma(&mut self) {
        self.bytes[self.len] = b',';
        self.len += 1;
    }

    #[inline(always)]
    fn number(&mut self, value: u64) {
        self.number_if(true, value);
    }

    /// A number, or an empty cell: without a branch, since which one it is nobody can predict.
    #[inline(always)]
    fn number_if(&mut self, is_there: bool, value: u64) {
        let value = if is_there { value } else { 0 };
        if value < FEW {
            let cell = CELLS[value as usize];
            self.cell(if is_there { cell } else { EMPTY });
        } else {
            self.long_number(value);
            self.comma();
        }
    }

    /// One of [`CELLS`].
    #[inline(always)]
    fn cell(&mut self, cell: u64) {
        self.word(cell);
        self.len += (cell >> 56) as usize;
    }

    /// The digits of a number from [`FEW`] on.
    #[inline(always)]
    fn long_number(&mut self, value: u64) {
        if value < EIGHT {
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
    #[inline(always)]
    fn first_digits(&mut self, value: u64) {
        if value < FEW {
            self.cell(CELLS[value as usize]);
            // Without the comma.
            self.len -= 1;
            return;
        }
        let digits = eight_digits(value);
        let zeros = digits.trailing_zeros() / 8;
        self.word((digits | ASCII_ZEROS) >> (8 * zeros));
        self.len += 8 - zeros as usize;
    }

    /// A number below [`EIGHT`], as eight digits.
    #[inline(always)]
    fn more_digits(&mut self, value: u64) {
        self.word(eight_digits(value) | ASCII_ZEROS);
        self.len += 8;
    }

    /// Writes eight bytes and does not change the length.
    #[inline(always)]
    fn word(&mut self, word: u64) {
        self.bytes[self.len..self.len + 8].copy_from_slice(&word.to_le_bytes());
    }

    /// Writes the line end in place of the last comma.
    #[inline(always)]
    fn end(&mut self) {
        self.bytes[self.len - 1] = b'\n';
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// A floating-point cell.
    fn real(&mut self, value: f64) {
        let size = value.abs();
        let plain = size == 0.0 || (1e-5..1e16).contains(&size) || !size.is_finite();
        let mut room = &mut self.bytes[self.len..];
        let before = room.len();
        let written = if plain {
            write!(room, "{value}")
        } else {
            write!(room, "{value:e}")
        };
        written.expect("there is room for a number");
        self.len += before - room.len();
        self.comma();
    }
}

/// Names as cells, each with its comma.
#[derive(Clone, Debug)]
struct NameTable {
    /// The empty cell, which is that of [`NO_PEER`], and then the names.
    short: Vec<ShortName>,
    /// The names that do not fit.
    long: Vec<Box<[u8]>>,
    /// Length of the longest of them `[bytes]`.
    longest: usize,
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
    fn new() -> NameTable {
        let mut table = NameTable {
            short: Vec::new(),
            long: Vec::new(),
            longest: 0,
        };
        table.push("");
        table
    }

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
                self.longest = self.longest.max(cell.len());
                self.long.push(cell.into());
                LONG
            }
        };
        self.short.push(ShortName { bytes, len });
    }

    /// Writes the name `index` and a comma; only the comma if there is no such name.
    #[inline(always)]
    fn put(&self, index: u32, line: &mut Line<'_>) {
        const { assert!(NO_PEER.wrapping_add(1) == 0, "the place of the empty cell") };
        let Some(name) = self.short.get(index.wrapping_add(1) as usize) else {
            return line.comma();
        };
        if name.len == LONG {
            let [a, b, c, d, ..] = name.bytes;
            line.put(&self.long[u32::from_le_bytes([a, b, c, d]) as usize]);
        } else {
            // A copy of fixed size is two moves. The next cell overwrites the bytes
            // after the name.
            line.bytes[line.len..line.len + SHORT_SIZE].copy_from_slice(&name.bytes);
            line.len += usize::from(name.len);
        }
    }
}

#[cfg(test)]
mod tests;
