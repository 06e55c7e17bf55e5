//! One record of a run, in binary. The engine passes it to its sinks; the reader
//! builds it from a row of CSV.

use crate::occupancy::Driving;

/// One record: one row of a node's log. Plain numbers; [`RunSchema`] names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// True time since the run began `[ns]`.
    pub time_ns: u64,
    /// Number of the node's step, from 1; outside a step, the last number.
    pub step: u64,
    /// The node: an index into [`RunSchema::nodes`].
    pub node: u32,
    /// What happened.
    pub event: EventId,
    /// The other end: an index into [`RunSchema::nodes`], then
    /// [`RunSchema::external_peers`]; or [`NO_PEER`].
    pub peer: u32,
    /// The sender's number for the message, from 1; 0 where there is none.
    pub message: u64,
    /// Size of the message `[bytes]`; not used if `message` is 0.
    pub bytes: u64,
    /// Length of the inbox after the step's message was taken `[messages]`.
    pub queue: u64,
}

/// [`Row::peer`] of a record that has no other end.
pub const NO_PEER: u32 = u32::MAX;

/// What happened: an index into [`STANDARD_EVENTS`]; a greater number is an index
/// into the node's own words ([`NodeSchema::events`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u16);

/// The words that every log shares, in the order of their [`EventId`]s.
pub const STANDARD_EVENTS: [&str; 11] = [
    "start",
    "receive",
    "send",
    "drop",
    "timer",
    "tick",
    "connect",
    "disconnect",
    "stop",
    "crash",
    "restart",
];

impl EventId {
    /// The node starts. Outside a step.
    pub const START: EventId = EventId(0);
    /// A message was taken from the inbox: a step.
    pub const RECEIVE: EventId = EventId(1);
    /// A message was sent on a link.
    pub const SEND: EventId = EventId(2);
    /// A message to this node was lost: on its link, at a full inbox, or because the
    /// node was down. The row is in the log of the receiver (`peer` and `message`
    /// are those of the sender). Outside a step.
    pub const DROP: EventId = EventId(3);
    /// A timer was due: a step.
    pub const TIMER: EventId = EventId(4);
    /// A tick of which no other row was written: a step.
    pub const TICK: EventId = EventId(5);
    /// A peer connected. Outside a step.
    pub const CONNECT: EventId = EventId(6);
    /// A peer's connection closed. Outside a step.
    pub const DISCONNECT: EventId = EventId(7);
    /// The run ended. Outside a step.
    pub const STOP: EventId = EventId(8);
    /// A fault stopped the node. Outside a step.
    pub const CRASH: EventId = EventId(9);
    /// The node started again with new state. Outside a step.
    pub const RESTART: EventId = EventId(10);

    /// The id of a node's own word, by its index in [`NodeSchema::events`].
    pub const fn own(index: u32) -> EventId {
        EventId(STANDARD_EVENTS.len() as u16 + index as u16)
    }

    /// Whether a row with this event belongs to a step. Other rows have the number of
    /// the last step and do not count in the metrics of jumps and queues.
    ///
    /// A `send` outside a step (in `start`, for example) has the number, columns and
    /// queue of the last step, so it changes no metric.
    pub const fn in_step(self) -> bool {
        !matches!(
            self,
            EventId::START
                | EventId::DROP
                | EventId::CONNECT
                | EventId::DISCONNECT
                | EventId::STOP
                | EventId::CRASH
                | EventId::RESTART
        )
    }
}

/// The names behind the numbers of one run's [`Row`]s.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunSchema {
    /// The nodes, in the order of the scenario.
    pub nodes: Vec<NodeSchema>,
    /// Peers that are not nodes of the scenario (connections from other programs),
    /// in the order of their first record. Their indices follow those of the nodes.
    pub external_peers: Vec<String>,
}

impl RunSchema {
    /// The name behind a [`Row::peer`]; empty for [`NO_PEER`].
    pub fn peer_name(&self, peer: u32) -> &str {
        let peer = peer as usize;
        match self.nodes.get(peer) {
            Some(node) => &node.name,
            None => self
                .external_peers
                .get(peer.wrapping_sub(self.nodes.len()))
                .map_or("", String::as_str),
        }
    }
}

/// Groups of nodes with the same columns and event words.
#[derive(Clone, Debug)]
pub struct Shapes {
    /// A node of each shape: the first one.
    pub first: Vec<usize>,
    /// By node: an index into `first`.
    pub of_node: Vec<u32>,
}

impl RunSchema {
    /// Groups the nodes that have the same columns and event words. Tables are then
    /// built once per group, not once per node.
    pub fn shapes(&self) -> Shapes {
        let mut first: Vec<usize> = Vec::new();
        let mut of_node = Vec::with_capacity(self.nodes.len());
        for (index, node) in self.nodes.iter().enumerate() {
            let same = |&other: &usize| {
                let other = &self.nodes[other];
                other.columns == node.columns && other.events == node.events
            };
            // Nodes of a group follow one another: the last shape is compared first.
            let shape = first.iter().rposition(same).unwrap_or_else(|| {
                first.push(index);
                first.len() - 1
            });
            of_node.push(shape as u32);
        }
        Shapes { first, of_node }
    }

    /// The columns of all nodes in the order of their first node, each name once.
    pub fn all_columns(&self, shapes: &Shapes) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for &node in &shapes.first {
            for column in self.nodes[node].columns.iter() {
                if !all.contains(&column.name) {
                    all.push(column.name.clone());
                }
            }
        }
        all
    }
}

/// The columns and event words of one node, beside the standard ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSchema {
    /// The node's name; its log is `NAME.csv`.
    pub name: String,
    /// The behavior's own columns; shared by the nodes of a group.
    pub columns: std::sync::Arc<[ColumnSchema]>,
    /// The behavior's own words for `event`.
    pub events: std::sync::Arc<[String]>,
    /// Whether it is an external program. The log of a program has only the messages
    /// to it that were lost.
    pub program: bool,
    /// What makes it handle a message.
    pub driving: Driving,
}

impl NodeSchema {
    /// The word for an event of this node; empty if it has no such word.
    pub fn event_name(&self, event: EventId) -> &str {
        let index = event.0 as usize;
        match STANDARD_EVENTS.get(index) {
            Some(word) => word,
            None => self
                .events
                .get(index - STANDARD_EVENTS.len())
                .map_or("", String::as_str),
        }
    }
}

/// One column of a behavior's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSchema {
    /// Its header.
    pub name: String,
    /// What its cells hold.
    pub kind: ColumnKind,
    /// One line, with the unit; empty if read from a log.
    pub docs: String,
}

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// An unsigned integer.
    U64,
    /// A signed integer.
    I64,
    /// A floating-point number; written as the shortest text that reads back
    /// as the same number.
    F64,
    /// `true` or `false`.
    Bool,
    /// Text.
    Text,
}

/// The values of a behavior's columns after a step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Columns<'a> {
    /// Bit `i` is set if column `i` has a value; else its cell is empty.
    pub present: u64,
    /// 64 bits for each column; see [`ColumnKind`].
    pub cells: &'a [u64],
    /// For a text column `i`, `texts[cells[i]]`.
    pub texts: &'a [String],
}

/// One value of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Empty,
    /// See [`ColumnKind::U64`].
    U64(u64),
    /// See [`ColumnKind::I64`].
    I64(i64),
    /// See [`ColumnKind::F64`].
    F64(f64),
    /// See [`ColumnKind::Bool`].
    Bool(bool),
    /// See [`ColumnKind::Text`].
    Text(&'a str),
}

impl<'a> Columns<'a> {
    /// The 64 bits of column `index`, if it has a value.
    #[inline]
    pub fn raw(&self, index: usize) -> Option<u64> {
        match self.cells.get(index) {
            Some(&raw) if self.present >> index & 1 == 1 => Some(raw),
            _ => None,
        }
    }

    /// The value of column `index`, which holds this kind.
    pub fn cell(&self, index: usize, kind: ColumnKind) -> Cell<'a> {
        let Some(raw) = self.raw(index) else {
            return Cell::Empty;
        };
        match kind {
            ColumnKind::U64 => Cell::U64(raw),
            ColumnKind::I64 => Cell::I64(raw as i64),
            ColumnKind::F64 => Cell::F64(f64::from_bits(raw)),
            ColumnKind::Bool => Cell::Bool(raw != 0),
            ColumnKind::Text => self
                .texts
                .get(raw as usize)
                .map_or(Cell::Empty, |text| Cell::Text(text)),
        }
    }
}
