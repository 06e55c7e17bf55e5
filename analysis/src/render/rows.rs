//! The rows of a run as a script: all that the page needs to draw them.
//!
//! A page that was opened from a folder may load no data, but it may load scripts. So the
//! rows of a run are a script that calls functions of the page (`page/rows.js` has their
//! other end):
//!
//! ```text
//! notebook.open({"run":1,"nodes":[..],..});        what the numbers mean
//! notebook.rows(1,32768,"..",["text",..]);         rows, once per block
//! notebook.close(1,{"rows":123,"end_ns":..});      what is known after the last row
//! ```
//!
//! A block is base64 of: the number of bytes of each stream (u32, little-endian), then the
//! streams. There is a stream for each standard column and for each column of a behavior,
//! of numbers in LEB128: small differences from the value before take one byte.
//!
//! | stream | a number for each row |
//! |---|---|
//! | time | difference from the row before |
//! | node | its index |
//! | step | difference from the node's last step |
//! | event | an index of `words` |
//! | peer | 0: none; else its index + 1 |
//! | message | 0: none; else 1 + difference from the last number of its sender |
//! | bytes | the size; only of rows with a message |
//! | queue | difference from the node's last queue |
//! | a column | only of rows of nodes with the column. 0: as in the node's last row; 1: empty; 2: text, an index of the texts follows; 3: a float, 8 bytes follow; else 4 + difference from the node's last whole number |
//!
//! Differences are signed (zigzag). Whole numbers above [`EXACT`] are texts, because a page
//! computes with floats. Memory is bounded by the nodes, the columns and a block.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};

use base::harmless;
use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderStringWriter;
use serde::Serialize;
use serde_json::json;

use crate::log::{
    Cell, ColumnKind, Columns, EventId, NO_PEER, Row, RunSchema, STANDARD_EVENTS, Shapes,
};

/// Number of rows of a block.
const BLOCK: usize = 32_768;
/// Number of streams of the standard columns.
const STANDARD_STREAMS: usize = 8;
/// The largest whole number that is a number in a page: its difference from any other is
/// exact as a float, and so is that in zigzag.
const EXACT: i64 = 1 << 50;
/// Maximum size of the texts that are remembered `[bytes]`. Then all are forgotten, and
/// texts that come again are written again.
const TEXT_BYTES: usize = 4 << 20;

const TIME: usize = 0;
const NODE: usize = 1;
const STEP: usize = 2;
const EVENT: usize = 3;
const PEER: usize = 4;
const MESSAGE: usize = 5;
const BYTES: usize = 6;
const QUEUE: usize = 7;

/// Writes the script of one run.
pub(crate) struct RowScript<'a, W: Write> {
    out: W,
    run: u64,
    shapes: Shapes,
    /// By shape: the columns of its nodes.
    columns: Vec<Vec<ColumnOf>>,
    /// By shape: the word of each of the behavior's own events.
    words: Vec<Vec<u32>>,
    streams: Vec<Vec<u8>>,
    rows_in_block: usize,
    rows: u64,
    last_time: i128,
    end_ns: u64,
    nodes: Vec<NodeState>,
    /// By sender: the last number of a message.
    last_message: Vec<u64>,
    /// The values of the last row, by node and column of its shape.
    cells: Vec<CellState>,
    texts: Texts,
    schema: &'a RunSchema,
}

#[derive(Clone, Copy)]
struct ColumnOf {
    stream: usize,
    kind: ColumnKind,
}

#[derive(Clone, Copy, Default)]
struct NodeState {
    step: u64,
    queue: u64,
    /// Where its cells begin.
    first_cell: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Value {
    Empty,
    Whole(i64),
    Real(u64),
    Text(u32),
}

#[derive(Clone, Copy)]
struct CellState {
    value: Value,
    whole: i64,
}

impl<'a, W: Write> RowScript<'a, W> {
    /// Begins the script of a run; `about` is what is known of it beside its log.
    pub fn begin(
        mut out: W,
        run: u64,
        about: &impl Serialize,
        schema: &'a RunSchema,
    ) -> io::Result<Self> {
        let shapes = schema.shapes();
        let names = schema.all_columns(&shapes);
        let mut words: Vec<&str> = STANDARD_EVENTS.to_vec();
        let (mut columns, mut own_words) = (Vec::new(), Vec::new());
        for &node in &shapes.first {
            let node = &schema.nodes[node];
            let stream = |name: &str| names.iter().position(|it| it == name).unwrap_or(0);
            let of = node.columns.iter().map(|column| ColumnOf {
                stream: STANDARD_STREAMS + stream(&column.name),
                kind: column.kind,
            });
            columns.push(of.collect::<Vec<_>>());
            let own = node.events.iter().map(|word| {
                let at = words.iter().position(|it| it == word);
                at.unwrap_or_else(|| {
                    words.push(word);
                    words.len() - 1
                }) as u32
            });
            own_words.push(own.collect::<Vec<_>>());
        }
        let mut nodes = Vec::with_capacity(schema.nodes.len());
        let mut cell_count = 0;
        for &shape in &shapes.of_node {
            nodes.push(NodeState {
                first_cell: cell_count,
                ..NodeState::default()
            });
            cell_count += columns[shape as usize].len();
        }
        let head = json!({
            "run": run,
            "about": about,
            "nodes": schema.nodes.iter().map(|node| &node.name).collect::<Vec<_>>(),
            "programs": schema.nodes.iter().enumerate().filter(|(_, node)| node.program).map(|(at, _)| at).collect::<Vec<_>>(),
            "shapes": shapes.first.iter().map(|&node| {
                let columns = schema.nodes[node].columns.iter();
                columns.map(|column| json!([column.name, kind(column.kind), column.docs])).collect::<Vec<_>>()
            }).collect::<Vec<_>>(),
            "shape_of": shapes.of_node,
            "columns": names,
            "words": words,
            "standard_words": STANDARD_EVENTS.len(),
            "outside_a_step": (0..STANDARD_EVENTS.len()).filter(|&at| !EventId(at as u16).in_step()).collect::<Vec<_>>(),
        });
        writeln!(out, "notebook.open({});", script(&head))?;
        Ok(RowScript {
            out,
            run,
            streams: vec![Vec::new(); STANDARD_STREAMS + names.len()],
            rows_in_block: 0,
            rows: 0,
            last_time: 0,
            end_ns: 0,
            last_message: vec![0; schema.nodes.len()],
            cells: vec![
                CellState {
                    value: Value::Empty,
                    whole: 0
                };
                cell_count
            ],
            texts: Texts::default(),
            nodes,
            columns,
            words: own_words,
            shapes,
            schema,
        })
    }

    /// Adds the next row.
    pub fn row(&mut self, row: &Row, columns: Columns<'_>) -> io::Result<()> {
        let index = row.node as usize;
        let shape = self.shapes.of_node[index] as usize;
        let time = i128::from(row.time_ns);
        signed(&mut self.streams[TIME], time - self.last_time);
        self.last_time = time;
        self.end_ns = self.end_ns.max(row.time_ns);
        unsigned(&mut self.streams[NODE], u128::from(row.node));
        let node = &mut self.nodes[index];
        signed(
            &mut self.streams[STEP],
            i128::from(row.step) - i128::from(node.step),
        );
        signed(
            &mut self.streams[QUEUE],
            i128::from(row.queue) - i128::from(node.queue),
        );
        (node.step, node.queue) = (row.step, row.queue);
        let first_cell = node.first_cell;
        let event = match (row.event.0 as usize).checked_sub(STANDARD_EVENTS.len()) {
            Some(own) => self.words[shape].get(own).copied().unwrap_or(0),
            None => u32::from(row.event.0),
        };
        unsigned(&mut self.streams[EVENT], u128::from(event));
        let peer = if row.peer == NO_PEER {
            0
        } else {
            u128::from(row.peer) + 1
        };
        unsigned(&mut self.streams[PEER], peer);
        self.message(row);
        for at in 0..self.columns[shape].len() {
            let column = self.columns[shape][at];
            self.cell(first_cell + at, column, columns.cell(at, column.kind));
        }
        self.rows += 1;
        self.rows_in_block += 1;
        match self.rows_in_block == BLOCK {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// The number of the message, and its size. A number so large that it is not exact in a
    /// page is left out.
    fn message(&mut self, row: &Row) {
        if row.message == 0 || row.message > EXACT as u64 {
            return unsigned(&mut self.streams[MESSAGE], 0);
        }
        let sender = if row.event == EventId::SEND {
            row.node
        } else {
            row.peer
        };
        let mut none = 0;
        let last = self
            .last_message
            .get_mut(sender as usize)
            .unwrap_or(&mut none);
        let difference = i128::from(row.message) - i128::from(*last);
        *last = row.message;
        unsigned(&mut self.streams[MESSAGE], zigzag(difference) + 1);
        unsigned(&mut self.streams[BYTES], u128::from(row.bytes));
    }

    fn cell(&mut self, state: usize, column: ColumnOf, cell: Cell<'_>) {
        let value = match cell {
            Cell::Empty => Value::Empty,
            Cell::Bool(truth) => Value::Whole(i64::from(truth)),
            Cell::I64(number) if number.abs() <= EXACT => Value::Whole(number),
            Cell::U64(number) if number <= EXACT as u64 => Value::Whole(number as i64),
            Cell::I64(number) => Value::Text(self.texts.id(&number.to_string())),
            Cell::U64(number) => Value::Text(self.texts.id(&number.to_string())),
            Cell::F64(number) => Value::Real(number.to_bits()),
            Cell::Text(text) => Value::Text(self.texts.id(text)),
        };
        let stream = &mut self.streams[column.stream];
        let state = &mut self.cells[state];
        if value == state.value {
            return stream.push(0);
        }
        state.value = value;
        match value {
            Value::Empty => stream.push(1),
            Value::Text(id) => {
                stream.push(2);
                unsigned(stream, u128::from(id));
            }
            Value::Real(bits) => {
                stream.push(3);
                stream.extend(bits.to_le_bytes());
            }
            Value::Whole(number) => {
                let difference = i128::from(number) - i128::from(state.whole);
                unsigned(stream, zigzag(difference) + 4);
                state.whole = number;
            }
        }
    }

    /// Writes the block so far.
    fn flush(&mut self) -> io::Result<()> {
        if self.rows_in_block == 0 {
            return Ok(());
        }
        let mut text = EncoderStringWriter::new(&STANDARD);
        for stream in &self.streams {
            text.write_all(&(stream.len() as u32).to_le_bytes())?;
        }
        for stream in &mut self.streams {
            text.write_all(stream)?;
            stream.clear();
        }
        let (text, texts) = (text.into_inner(), self.texts.take());
        let rows = std::mem::take(&mut self.rows_in_block);
        writeln!(
            self.out,
            "notebook.rows({},{rows},\"{text}\",{});",
            self.run,
            script(&json!(texts))
        )
    }

    /// Ends the script; `external` are the peers that are no nodes, `broken` says why the log
    /// cannot be read to its end.
    pub fn finish(mut self, external: &[String], broken: Option<&str>) -> io::Result<()> {
        self.flush()?;
        debug_assert!(self.nodes.len() == self.schema.nodes.len());
        let tail = json!({
            "rows": self.rows,
            "last_ns": self.end_ns,
            "external": external,
            "broken": broken,
        });
        writeln!(self.out, "notebook.close({},{});", self.run, script(&tail))?;
        self.out.flush()
    }
}

/// Texts by number, in the order of their first row.
#[derive(Default)]
struct Texts {
    ids: HashMap<String, u32>,
    next: u32,
    bytes: usize,
    new: Vec<String>,
}

impl Texts {
    fn id(&mut self, text: &str) -> u32 {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        if self.bytes > TEXT_BYTES {
            self.ids.clear();
            self.bytes = 0;
        }
        let id = self.next;
        self.next += 1;
        self.bytes += text.len();
        self.ids.insert(text.to_owned(), id);
        self.new.push(text.to_owned());
        id
    }

    /// The texts since the last block.
    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.new)
    }
}

/// The word for a kind of column.
fn kind(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::U64 => "u64",
        ColumnKind::I64 => "i64",
        ColumnKind::F64 => "f64",
        ColumnKind::Bool => "bool",
        ColumnKind::Text => "text",
    }
}

/// JSON as a part of a script that may stand in a page: no text in it ends the script, and
/// what a page would obey is written out.
pub(crate) fn script(value: &serde_json::Value) -> String {
    let mut value = value.clone();
    make_harmless(&mut value);
    value.to_string().replace('<', "\\u003c")
}

fn make_harmless(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            if let Cow::Owned(harmless) = harmless::lines(text) {
                *text = harmless;
            }
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(make_harmless),
        serde_json::Value::Object(values) => values.values_mut().for_each(make_harmless),
        _ => {}
    }
}

fn zigzag(difference: i128) -> u128 {
    ((difference << 1) ^ (difference >> 127)) as u128
}

fn signed(stream: &mut Vec<u8>, difference: i128) {
    unsigned(stream, zigzag(difference));
}

fn unsigned(stream: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        stream.push(number as u8 | 0x80);
        number >>= 7;
    }
    stream.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_a_log_neither_ends_the_script_nor_acts_on_the_page() {
        let text = script(&json!(["</script><b>", "a\u{202e}b\u{1b}", "C:\\x41 \"\n"]));
        assert_eq!(
            text,
            r#"["\u003c/script>\u003cb>","a\\u{202e}b\\x1b","C:\\x41 \"\n"]"#
        );
    }

    #[test]
    fn texts_that_are_forgotten_are_written_again() {
        let mut texts = Texts::default();
        let large = "x".repeat(TEXT_BYTES + 1);
        assert_eq!((texts.id("a"), texts.id("a"), texts.id(&large)), (0, 0, 1));
        assert_eq!((texts.id("b"), texts.id("a"), texts.id("a")), (2, 3, 3));
        assert_eq!(texts.take(), ["a", large.as_str(), "b", "a"]);
        assert!(texts.take().is_empty());
    }
}
