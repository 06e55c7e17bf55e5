//! The rows of many nodes, kept for a while and taken by groups of nodes.
//!
//! The state of many nodes is in no near cache. In the order of time, each row waits for the
//! memory of another node, in a dozen places. So rows are kept, each with the group of its node,
//! and taken group after group: the state of a group fits into a near cache, and is read for all
//! of its rows at once. (Radix clustering: Manegold, Boncz and Kersten, "Optimizing main-memory
//! join on modern hardware", IEEE Transactions on Knowledge and Data Engineering 14(4), 2002.)
//!
//! The numbers are those of rows that are taken one by one. A row changes its own node, and the
//! rows of a node keep their order. Messages are followed with the group of their sender; what a
//! latency changes is a histogram, which is the same in any order. All that looks at many nodes
//! at once has the kept rows taken before.

use super::latency::Moved;
use super::{OwnRow, RunMetrics};
use crate::log::{Columns, EventId};

/// The least number of nodes: the states of fewer are in a cache near enough.
const MANY: usize = 512;

/// Nodes of a group: their states take some 200 kB. Chosen, not tuned.
const NODES: usize = 256;

/// The most groups: each has a place at which rows are written.
const GROUPS: usize = 1024;

/// The rows that are not taken yet.
#[derive(Clone, Debug)]
pub(super) struct Grouped {
    /// By the number of the node without its last `shift` bits.
    groups: Vec<Group>,
    shift: u32,
    /// Number of rows.
    rows: usize,
    /// The most rows.
    most: usize,
}

/// What is kept of the rows of neighbouring nodes.
#[derive(Clone, Debug, Default)]
struct Group {
    /// Row after row: see [`Group::push`].
    rows: Vec<u64>,
    /// Messages that nodes of the group have sent, and what became of them.
    moved: Vec<Moved>,
    /// Latencies of messages to nodes of the group `[ns]`.
    latencies: Vec<(u32, u64)>,
}

impl Grouped {
    /// For so many nodes; none if they are few.
    pub fn new(nodes: usize) -> Option<Grouped> {
        if nodes < MANY {
            return None;
        }
        let each = NODES.max(nodes.div_ceil(GROUPS)).next_power_of_two();
        let shift = each.trailing_zeros();
        Some(Grouped {
            groups: vec![Group::default(); nodes.div_ceil(each)],
            shift,
            rows: 0,
            most: most_rows(nodes),
        })
    }

    #[inline]
    fn group(&mut self, node: u32) -> &mut Group {
        &mut self.groups[node as usize >> self.shift]
    }

    /// Keeps a row of a node, and what it says of a message.
    #[inline]
    pub fn keep(&mut self, node: u32, row: &OwnRow, columns: &Columns<'_>, moved: Option<Moved>) {
        self.rows += 1;
        self.group(node).push(node, row, columns);
        if let Some(moved) = moved {
            self.group(moved.sender).moved.push(moved);
        }
    }

    /// Whether the rows are to be taken.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.rows >= self.most
    }
}

fn most_rows(nodes: usize) -> usize {
    let f = std::env::var("MOSTF").ok().and_then(|it| it.parse().ok()).unwrap_or(1.0);
    let l = std::env::var("MOSTL").ok().and_then(|it| it.parse().ok()).unwrap_or(1usize << 13);
    ((nodes as f64 * f) as usize).clamp(l, 1 << 20)
}

impl Group {
    /// Appends a row: a word for its node, event and number of cells; its step and queue; the
    /// bytes of a message that is sent; and which cells have a value, with the cells.
    #[inline]
    fn push(&mut self, node: u32, row: &OwnRow, columns: &Columns<'_>) {
        let cells = columns.cells;
        let head = u64::from(node) | u64::from(row.event.0) << 32 | (cells.len() as u64) << 48;
        let cells = cells.iter().copied();
        let rest = [row.step, row.queue, columns.present].into_iter().chain(cells);
        match row.event {
            EventId::SEND => self.rows.extend([head, row.bytes].into_iter().chain(rest)),
            _ => self.rows.extend([head].into_iter().chain(rest)),
        }
    }

    /// Gives each row to its node, in their order, and keeps none.
    fn take_rows(&mut self, mut take: impl FnMut(u32, &OwnRow, &Columns<'_>)) {
        let mut words = &self.rows[..];
        while let [head, rest @ ..] = words {
            let event = EventId((head >> 32) as u16);
            let (bytes, rest) = match rest {
                [bytes, rest @ ..] if event == EventId::SEND => (*bytes, rest),
                rest => (0, rest),
            };
            let [step, queue, present, rest @ ..] = rest else {
                break;
            };
            let (cells, rest) = rest.split_at((head >> 48) as usize);
            let own = OwnRow {
                event,
                step: *step,
                queue: *queue,
                bytes,
            };
            let columns = Columns {
                present: *present,
                cells,
                texts: &[],
            };
            take(*head as u32, &own, &columns);
            words = rest;
        }
        self.rows.clear();
    }
}

impl RunMetrics {
    /// Takes the rows that were kept. More rows of the instant `open_ns` may follow.
    #[inline]
    pub(super) fn take_grouped(&mut self, open_ns: Option<u64>) {
        if self.grouped.as_ref().is_some_and(|it| it.rows > 0) {
            self.take_groups(open_ns);
        }
    }

    #[inline(never)]
    fn take_groups(&mut self, open_ns: Option<u64>) {
        let Some(grouped) = &mut self.grouped else {
            return;
        };
        for index in 0..grouped.groups.len() {
            let mut moved = std::mem::take(&mut grouped.groups[index].moved);
            for moved in moved.drain(..) {
                self.flight.at(moved.time_ns);
                if let Some((node, latency)) = self.flight.follow(moved) {
                    grouped.group(node).latencies.push((node, latency));
                }
            }
            grouped.groups[index].moved = moved;
        }
        self.flight.forget_early(open_ns);
        for group in &mut grouped.groups {
            group.take_rows(|node, row, columns| {
                self.nodes[node as usize].row(row, columns, &self.shapes);
            });
            for (node, latency) in group.latencies.drain(..) {
                self.nodes[node as usize].latencies.record(latency);
            }
        }
        grouped.rows = 0;
    }
}
