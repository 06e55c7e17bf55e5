//! A recorded run: its events, their records, and what became of each message.
//!
//! # What is kept
//!
//! An *entry* is one event that the engine handled, with the records that it wrote. All
//! columns of a record are kept, once if several records of a step share them. Where
//! messages are is kept as *changes*, and not per entry: [`State`]
//! applies them forward, and takes them back. A state is kept now and then, so that a
//! distant entry is near one of them.
//!
//! Nothing here runs anything. Looking back shows what was recorded.

use std::ops::Range;
use std::sync::Arc;

use analysis_log::{Cell, ColumnKind, Columns, EventId, Row, RunSchema};
use base::time::SimTime;
use engine::follow::{Happening, Intervention, MessageName};
use engine::queue::Event;

use crate::state::{Change, State};

/// A recorded run. Entry 0 is the start of the nodes.
#[derive(Debug)]
pub struct History {
    /// The nodes, their columns and words.
    pub schema: Arc<RunSchema>,
    /// The external peers, in real time.
    pub external_peers: Vec<String>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) rows: Vec<StoredRow>,
    pub(crate) columns: StoredColumns,
    /// By node: the indices of its rows.
    pub(crate) of_node: Vec<Vec<u32>>,
    pub(crate) messages: Vec<Message>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) changes: Vec<Change>,
    /// What nodes printed: the entry, the node, and the line.
    pub(crate) printed: Vec<(u32, u32, String)>,
    pub(crate) kept: KeptStates,
    /// Why not all of the run is here, if so.
    pub cut: Option<String>,
}

/// One event that was handled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub time: SimTime,
    pub cause: Cause,
    /// The first of its rows, and of its changes.
    pub first_row: u32,
    pub first_change: u32,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// All nodes start that start at time 0.
    Begin,
    /// A node starts, or starts again.
    Start(u32),
    /// A message reaches a node.
    Arrival(u32),
    /// A timer of a node is due.
    Timer(u32),
    /// A connection of a node opens.
    Connect(u32),
    /// A connection of a node closes.
    Disconnect(u32),
    /// A server has handled a message.
    Served(u32),
    /// A node ticks.
    Tick(u32),
    /// A message leaves the process, in real time.
    Depart,
    /// A fault begins.
    FaultBegins(u32),
    /// A fault ends.
    FaultEnds(u32),
    /// A person delivers a message.
    DeliveredByHand(u32),
    /// A person drops a message.
    DroppedByHand(u32),
    /// The nodes stop.
    End,
}

impl Cause {
    pub(crate) fn of(what: Happening) -> Cause {
        use engine::follow::Act;
        match what {
            Happening::Event(event) => match event {
                Event::Start { node } => Cause::Start(node),
                Event::Arrival { node, .. } => Cause::Arrival(node),
                Event::Timer { node, .. } => Cause::Timer(node),
                Event::Connect { node, .. } => Cause::Connect(node),
                Event::Disconnect { node, .. } => Cause::Disconnect(node),
                Event::Served { node } => Cause::Served(node),
                Event::Depart { .. } => Cause::Depart,
                Event::Fault {
                    fault,
                    begins: true,
                } => Cause::FaultBegins(fault),
                Event::Fault { fault, .. } => Cause::FaultEnds(fault),
            },
            Happening::Tick { node } => Cause::Tick(node),
            Happening::Socket { node } => Cause::Arrival(node),
            Happening::Intervention(Intervention { message, act }) => match act {
                Act::Deliver => Cause::DeliveredByHand(message.to),
                Act::Drop => Cause::DroppedByHand(message.to),
            },
            Happening::End => Cause::End,
        }
    }

    /// The node that the entry is for, if it is for one.
    pub fn node(self) -> Option<u32> {
        match self {
            Cause::Start(node)
            | Cause::Arrival(node)
            | Cause::Timer(node)
            | Cause::Connect(node)
            | Cause::Disconnect(node)
            | Cause::Served(node)
            | Cause::Tick(node)
            | Cause::DeliveredByHand(node)
            | Cause::DroppedByHand(node) => Some(node),
            Cause::Begin | Cause::Depart | Cause::End => None,
            Cause::FaultBegins(_) | Cause::FaultEnds(_) => None,
        }
    }

    /// The word for it in the event log.
    pub fn word(self) -> &'static str {
        match self {
            Cause::Begin => "the run begins",
            Cause::Start(_) => "start",
            Cause::Arrival(_) => "arrival",
            Cause::Timer(_) => "timer",
            Cause::Connect(_) => "connect",
            Cause::Disconnect(_) => "disconnect",
            Cause::Served(_) => "served",
            Cause::Tick(_) => "tick",
            Cause::Depart => "a message leaves",
            Cause::FaultBegins(_) => "fault begins",
            Cause::FaultEnds(_) => "fault ends",
            Cause::DeliveredByHand(_) => "delivered by hand",
            Cause::DroppedByHand(_) => "dropped by hand",
            Cause::End => "the run ends",
        }
    }
}

/// A record, and where its columns are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredRow {
    pub row: Row,
    /// An index into [`StoredColumns::starts`].
    pub columns: u32,
}

/// The values of columns, each set once.
#[derive(Debug, Default)]
pub(crate) struct StoredColumns {
    /// For each set of values: which are present, and the first of its cells.
    pub starts: Vec<(u64, u32)>,
    pub cells: Vec<u64>,
    /// Cells of text columns are indices into this.
    pub texts: Vec<String>,
}

/// A message that was on a link or in an inbox.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Its sender, destination and number.
    pub name: MessageName,
    /// The entry in which it was sent.
    pub sent: u32,
    /// When it arrives, or would have; [`SimTime::NEVER`] if that is not known.
    pub arrives: SimTime,
    /// Its size `[bytes]`.
    pub size: u64,
    pub(crate) first_byte: u32,
    pub(crate) kept_bytes: u32,
}

/// States that are kept, at a distance that doubles once there are too many.
#[derive(Debug)]
pub(crate) struct KeptStates {
    states: Vec<(usize, State)>,
    distance: usize,
}

/// The most states that are kept: with 5,000,000 entries one every 78,125, which are
/// applied in a few milliseconds.
const MOST_STATES: usize = 64;

/// The first distance between states that are kept. Arbitrary.
const FIRST_DISTANCE: usize = 1024;

impl KeptStates {
    pub fn new(nodes: usize) -> KeptStates {
        KeptStates {
            states: vec![(0, State::new(nodes))],
            distance: FIRST_DISTANCE,
        }
    }

    /// Offers the state before an entry.
    pub fn offer(&mut self, entry: usize, state: &State) {
        let last = self.states.last().map_or(0, |(at, _)| *at);
        if entry < last + self.distance {
            return;
        }
        self.states.push((entry, state.clone()));
        if self.states.len() > MOST_STATES {
            self.distance *= 2;
            let mut index = 0;
            self.states.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
    }

    /// The nearest state that is kept: the number of entries that it has seen, and itself.
    pub fn nearest(&self, entries: usize) -> &(usize, State) {
        let after = self.states.partition_point(|(at, _)| *at <= entries);
        let before = &self.states[after.saturating_sub(1)];
        match self.states.get(after) {
            Some(next) if next.0 - entries < entries - before.0 => next,
            _ => before,
        }
    }
}

impl History {
    /// Number of entries; at least 1.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// When an entry happened.
    pub fn time(&self, entry: usize) -> SimTime {
        self.entries.get(entry).map_or(SimTime::ZERO, |it| it.time)
    }

    /// What an entry is.
    pub fn cause(&self, entry: usize) -> Cause {
        self.entries.get(entry).map_or(Cause::Begin, |it| it.cause)
    }

    /// The rows of an entry.
    pub fn rows(&self, entry: usize) -> impl DoubleEndedIterator<Item = &Row> + '_ {
        self.row_range(entry).map(|row| &self.rows[row].row)
    }

    pub(crate) fn row_range(&self, entry: usize) -> Range<usize> {
        let first = |entry: usize| {
            let at = self.entries.get(entry);
            at.map_or(self.rows.len(), |it| it.first_row as usize)
        };
        first(entry)..first(entry + 1)
    }

    pub(crate) fn change_range(&self, entry: usize) -> Range<usize> {
        let first = |entry: usize| {
            let at = self.entries.get(entry);
            at.map_or(self.changes.len(), |it| it.first_change as usize)
        };
        first(entry)..first(entry + 1)
    }

    /// The entry that wrote a row.
    pub(crate) fn entry_of_row(&self, row: usize) -> usize {
        let after = self
            .entries
            .partition_point(|entry| entry.first_row as usize <= row);
        after.saturating_sub(1)
    }

    /// The entry that wrote a node's row with this number in its log, from 1.
    pub fn entry_of_log_row(&self, node: u32, number: u64) -> Option<usize> {
        let rows = self.of_node.get(node as usize)?;
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        Some(self.entry_of_row(*rows.get(index)? as usize))
    }

    /// The index of a node's latest row up to an entry, that entry included.
    pub(crate) fn latest_row(&self, node: u32, entry: usize) -> Option<usize> {
        let rows = self.of_node.get(node as usize)?;
        let end = self.row_range(entry).end;
        let after = rows.partition_point(|&row| (row as usize) < end);
        Some(rows[after.checked_sub(1)?] as usize)
    }

    /// A node's latest row up to an entry.
    pub fn latest(&self, node: u32, entry: usize) -> Option<&Row> {
        Some(&self.rows[self.latest_row(node, entry)?].row)
    }

    /// The columns of a row.
    pub(crate) fn columns_of(&self, row: usize) -> Columns<'_> {
        let stored = &self.rows[row];
        let (present, first) = self.columns.starts[stored.columns as usize];
        let count = self.schema.nodes[stored.row.node as usize].columns.len();
        let first = first as usize;
        Columns {
            present,
            cells: &self.columns.cells[first..first + count],
            texts: &self.columns.texts,
        }
    }

    /// The values of a node's columns after an entry: name and value, as a log has them.
    pub fn columns(&self, node: u32, entry: usize) -> Vec<(&str, String)> {
        let Some(row) = self.latest_row(node, entry) else {
            return Vec::new();
        };
        let columns = self.columns_of(row);
        let schema = &self.schema.nodes[node as usize];
        let named = schema.columns.iter().enumerate();
        named
            .map(|(index, column)| (&*column.name, text(columns.cell(index, column.kind))))
            .collect()
    }

    /// All messages, in the order in which they were sent.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    /// When and at which node another run with the same nodes first has other records. A
    /// record that tells that a message was lost does not count, nor do numbers of events.
    pub fn first_difference(&self, other: &History) -> Option<(SimTime, String)> {
        let differs = |node: usize| {
            let rows = |history: &History, node: usize| -> Vec<usize> {
                let rows = history.of_node[node].iter().map(|&row| row as usize);
                let is_loss = |row: &usize| history.rows[*row].row.event == EventId::DROP;
                rows.filter(|row| !is_loss(row)).collect()
            };
            let (own, its) = (rows(self, node), rows(other, node));
            let same = |(&own, &its): (&usize, &usize)| {
                let (row, its_row) = (&self.rows[own].row, &other.rows[its].row);
                let cells = |history: &History, row: usize| -> Vec<String> {
                    let schema = &history.schema.nodes[node].columns;
                    let columns = history.columns_of(row);
                    let all = schema.iter().enumerate();
                    all.map(|(at, it)| text(columns.cell(at, it.kind)))
                        .collect()
                };
                row == its_row && cells(self, own) == cells(other, its)
            };
            let common = own.iter().zip(&its).take_while(|pair| same(*pair)).count();
            let time = |history: &History, rows: &[usize]| {
                rows.get(common).map(|&row| history.rows[row].row.time_ns)
            };
            let first = time(self, &own).into_iter().chain(time(other, &its)).min();
            first.map(|time| (SimTime(time), self.schema.nodes[node].name.clone()))
        };
        let nodes = self.of_node.len().min(other.of_node.len());
        (0..nodes).filter_map(differs).min()
    }

    /// A message.
    pub fn message(&self, index: u32) -> &Message {
        &self.messages[index as usize]
    }

    /// The first bytes of a message.
    pub fn bytes_of(&self, message: &Message) -> &[u8] {
        let first = message.first_byte as usize;
        &self.bytes[first..first + message.kept_bytes as usize]
    }

    /// The name of a node or an external peer; empty for no peer.
    pub fn name(&self, node: u32) -> &str {
        match self.schema.nodes.get(node as usize) {
            Some(node) => &node.name,
            None => {
                let index = (node as usize).wrapping_sub(self.schema.nodes.len());
                self.external_peers.get(index).map_or("", String::as_str)
            }
        }
    }

    /// The word of a record's event.
    pub fn word(&self, row: &Row) -> &str {
        self.schema.nodes[row.node as usize].event_name(row.event)
    }

    /// The lines that nodes printed in an entry.
    pub fn printed(&self, entry: usize) -> impl Iterator<Item = (u32, &str)> {
        let first = self.printed.partition_point(|it| (it.0 as usize) < entry);
        let own = self.printed[first..].iter();
        own.take_while(move |it| it.0 as usize == entry)
            .map(|it| (it.1, &*it.2))
    }

    /// Whether an entry is for a node, or has a record of it.
    pub fn concerns(&self, entry: usize, node: u32) -> bool {
        self.cause(entry).node() == Some(node) || self.rows(entry).any(|row| row.node == node)
    }

    /// Whether an entry has a record with this event.
    pub fn has(&self, entry: usize, event: EventId) -> bool {
        self.rows(entry).any(|row| row.event == event)
    }
}

/// A value as people read it.
pub(crate) fn text(cell: Cell<'_>) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::U64(number) => number.to_string(),
        Cell::I64(number) => number.to_string(),
        Cell::F64(number) => number.to_string(),
        Cell::Bool(truth) => truth.to_string(),
        Cell::Text(text) => text.to_owned(),
    }
}

/// Whether the cells of a column are indices of texts.
pub(crate) fn is_text(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Text)
}
