//! Rows that are on their way: the memory that they change is read before.
//!
//! The state of many nodes is in no cache, and that of one node in a dozen places. A row waits
//! for each of them. Read for a group of rows at once, before the first of them is taken, they
//! come side by side: the processor goes on while it waits for what nothing depends on.
//!
//! To read memory changes nothing but the time, so the numbers are those without it.

use std::hint::black_box;

use super::columns::Column;
use super::jumps::Jumps;
use super::{NodeState, RunMetrics};
use crate::log::{EventId, Row};

/// The number of rows to expect together. Chosen, not tuned.
pub const GROUP: usize = 16;

/// The least number of nodes: the states of fewer are in a cache near enough. Of runs with 1,000
/// to 100,000 nodes, those with 8,000 took a little longer with it, and those with 16,000 less.
pub(super) const FAR: usize = 10_000;

impl RunMetrics {
    /// Reads what [`RunMetrics::row`] will change for the next rows, [`GROUP`] of them or fewer.
    ///
    /// # Panics
    /// If the node of a row is not in the schema.
    pub fn expect<'a>(&self, rows: impl Iterator<Item = &'a Row> + Clone) {
        if self.nodes.len() < FAR {
            return;
        }
        let mut read = 0;
        for row in rows.clone() {
            read ^= self.nodes[row.node as usize].touch();
            read ^= self.flight.touch(sender(row));
        }
        for row in rows {
            let node = &self.nodes[row.node as usize];
            read ^= node.touch_far();
            if row.event == EventId::RECEIVE
                && let Some(sent_ns) = self.flight.sent_ns(row.peer, row.message)
            {
                read ^= node.latencies.touch(row.time_ns.wrapping_sub(sent_ns));
            }
        }
        black_box(read);
    }
}

/// Who has sent the message of a row, if it has one.
fn sender(row: &Row) -> u32 {
    match row.event {
        EventId::SEND => row.node,
        _ => row.peer,
    }
}

impl NodeState {
    /// Reads the node itself.
    #[inline]
    fn touch(&self) -> u64 {
        let counts = self.traffic.received ^ self.traffic.timers ^ self.last_step;
        counts ^ u64::from(self.jumps.is_some()) ^ self.columns.len() as u64
    }

    /// Reads what it leads to.
    #[inline]
    fn touch_far(&self) -> u64 {
        let jumps = self.jumps.as_ref().map_or(0, Jumps::touch);
        let columns = self.columns.first().map_or(0, Column::touch);
        jumps ^ columns ^ self.queue.lengths.touch(0)
    }
}
