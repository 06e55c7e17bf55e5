//! A bound on the rows that programs outside of the scenario cause in a node's log
//! although the node did no step: `connect`, `disconnect` and `drop`.
//!
//! Anybody can connect to a node that listens, again and again, and send what it does not
//! understand. Each time is a row. So that a flood does not fill the disk, a log has at
//! most [`MAX`] of these rows of a node; the others are counted. Rows of steps are never
//! left out.

use std::collections::BTreeMap;

use analysis::log::{EventId, NO_PEER, Row, RunSchema};

/// The most rows of this kind of one node: about 5 MB. Arbitrary; far more than the
/// clients of any scenario that is no attack.
pub const MAX: u64 = 100_000;

/// Counts rows of programs outside.
#[derive(Debug)]
pub struct OutsideRows {
    /// Number of nodes of the scenario: peers of this number and more are outside.
    nodes: u32,
    /// Number of rows of each node.
    counts: BTreeMap<u32, u64>,
}

/// Whether a row is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is.
    Yes,
    /// It is the first of its node that is not.
    NoMore,
    /// It is not.
    No,
}

impl OutsideRows {
    /// For a run of these nodes.
    pub fn new(schema: &RunSchema) -> OutsideRows {
        OutsideRows {
            nodes: schema.nodes.len() as u32,
            counts: BTreeMap::new(),
        }
    }

    /// Whether the next row is in the log.
    #[inline]
    pub fn keep(&mut self, row: &Row) -> Keep {
        match row.peer >= self.nodes && row.peer != NO_PEER {
            true => self.count(row),
            false => Keep::Yes,
        }
    }

    #[cold]
    fn count(&mut self, row: &Row) -> Keep {
        let is_bounded = [EventId::CONNECT, EventId::DISCONNECT, EventId::DROP];
        if !is_bounded.contains(&row.event) {
            return Keep::Yes;
        }
        let count = self.counts.entry(row.node).or_default();
        *count += 1;
        match *count {
            ..=MAX => Keep::Yes,
            count if count == MAX + 1 => Keep::NoMore,
            _ => Keep::No,
        }
    }

    /// Number of rows that are not in the log, of each node that has any.
    pub fn left_out(&self) -> impl Iterator<Item = (u32, u64)> {
        let counts = self.counts.iter();
        counts
            .filter_map(|(node, count)| Some((*node, count.checked_sub(MAX)?)))
            .filter(|(_, more)| *more > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::log::NodeSchema;

    #[test]
    fn only_rows_of_programs_outside_that_are_no_step_are_bounded() {
        let schema = RunSchema {
            nodes: vec![NodeSchema::default(); 2],
            ..RunSchema::default()
        };
        let mut rows = OutsideRows::new(&schema);
        let row = |node, event, peer| Row {
            time_ns: 0,
            step: 0,
            node,
            event,
            peer,
            message: 1,
            bytes: 1,
            queue: 0,
        };
        for number in 1..=MAX + 5 {
            let expected = match number {
                ..=MAX => Keep::Yes,
                _ if number == MAX + 1 => Keep::NoMore,
                _ => Keep::No,
            };
            let event = [EventId::CONNECT, EventId::DROP][number as usize % 2];
            assert_eq!(rows.keep(&row(0, event, 2)), expected);
            for kept in [
                row(0, EventId::DROP, 1),
                row(0, EventId::RECEIVE, 2),
                row(0, EventId::TICK, NO_PEER),
            ] {
                assert_eq!(rows.keep(&kept), Keep::Yes);
            }
        }
        assert_eq!(rows.keep(&row(1, EventId::DROP, 3)), Keep::Yes);
        assert_eq!(rows.left_out().collect::<Vec<_>>(), [(0, 5)]);
    }
}
