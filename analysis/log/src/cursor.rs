//! The rows of one file, one after the other.
//!
//! A row is read in one of two ways. The fast path (`fast`) reads what our own
//! writer makes, directly from the window: numbers eight digits at a time, words
//! through a cache. If a row has anything else, the fast path stops and the slow
//! path (`slow`) reads the row again from its beginning: it handles quotes and
//! mapped columns, and reports what is wrong with a cell.

mod fast;
mod slow;

use std::sync::Arc;

use super::cells::{Cells, Records};
use super::error::LogError;
use super::mapping::Mapping;
use super::record::{ColumnKind, Columns, EventId, NO_PEER, Row, RunSchema};
use super::words::Words;
use super::writer::Layout;

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
    /// A column of a behavior, by its index after the standard columns.
    Column(usize),
    /// The cell is not read.
    Other,
}

/// A behavior's column as a file has it: the index among the node's columns and
/// the kind; `None` if nodes of this shape have no such column.
pub(super) type OwnColumn = Option<(usize, ColumnKind)>;

/// The names of a run, as its logs use them.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) schema: RunSchema,
    /// The indices of nodes and external peers.
    pub(super) peers: Words,
    /// By shape: the numbers of the event words.
    pub(super) events: Vec<Words>,
    /// By shape: the columns after the standard ones.
    pub(super) columns: Vec<Vec<OwnColumn>>,
    /// By node: its shape.
    pub(super) shape_of: Vec<u32>,
}

impl Names {
    /// The index of a peer. A name that is not known yet is an external peer and
    /// gets the next index.
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

/// What the cells of a file are. Files with the same header share one.
#[derive(Debug)]
pub(super) struct FileLayout {
    pub(super) header: Vec<String>,
    pub(super) roles: Vec<Role>,
    /// The layout of a log of ours; `None` for a mapped log, which has no fast path.
    pub(super) standard: Option<Layout>,
    /// For a mapped log: the mapping, and the time of the first row `[ns]`.
    pub(super) mapping: Option<(Mapping, u64)>,
}

/// The values of a row's own columns; see [`Columns`].
#[derive(Debug)]
struct OwnCells {
    present: u64,
    values: Vec<u64>,
    texts: Vec<String>,
}

impl OwnCells {
    fn put_text(&mut self, column: usize, text: &str) {
        self.present |= 1 << column;
        self.texts[column].clear();
        self.texts[column].push_str(text);
        self.values[column] = column as u64;
    }
}

/// A file, at one of its rows.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) records: Records,
    layout: Arc<FileLayout>,
    pub(super) row: Row,
    own: OwnCells,
    /// Of the slow path; kept for its memory.
    cells: Cells,
    /// The greatest time of the rows so far `[ns]`: rows are merged by this time.
    pub(super) order_ns: u64,
    pub(super) row_count: u64,
    /// The first line whose time is before `order_ns`, and the number of such lines.
    pub(super) back: Option<(u64, u64)>,
}

impl Cursor {
    /// A file whose header was read. Its rows are of `node` if no column says so.
    pub(super) fn new(
        records: Records,
        layout: Arc<FileLayout>,
        node: u32,
        column_count: usize,
    ) -> Cursor {
        Cursor {
            records,
            layout,
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
            own: OwnCells {
                present: 0,
                values: vec![0; column_count],
                texts: vec![String::new(); column_count],
            },
            cells: Cells::default(),
            order_ns: 0,
            row_count: 0,
            back: None,
        }
    }

    /// The layout of a log of ours.
    pub(super) fn layout(&self) -> Option<Layout> {
        self.layout.standard
    }

    /// The columns of the row.
    #[inline]
    pub(super) fn columns(&self) -> Columns<'_> {
        Columns {
            present: self.own.present,
            cells: &self.own.values,
            texts: &self.own.texts,
        }
    }

    /// Goes to the next row; false at the end.
    #[inline]
    pub(super) fn advance(&mut self, names: &mut Names) -> Result<bool, LogError> {
        let line = self.records.line;
        let fast = match self.layout.standard {
            Some(Layout::Combined) => self.fast::<true>(names),
            Some(Layout::PerNode) => self.fast::<false>(names),
            None => None,
        };
        if fast.is_none() && !self.slow(names)? {
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
}

/// The bits of a cell that is not a text; see [`Columns::cells`]. `None` if the cell
/// does not hold this kind.
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
