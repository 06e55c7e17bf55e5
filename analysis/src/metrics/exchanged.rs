//! Whether nodes exchanged messages with programs: those that stand for a node, and
//! clients outside of the scenario. What a program does is not recorded, so this is all
//! that shows that it took part.

use crate::log::{EventId, NO_PEER, Row};

/// The messages between nodes and programs so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Exchanged {
    count: i64,
}

impl Exchanged {
    /// Adds a row that may be of a program or of a peer outside. `is_program` is whether a node is a program; `None` for a peer outside
    /// of the scenario.
    ///
    /// A message to a program that was lost is a `drop` row of the program; one to a
    /// client outside is a `drop` row of the node.
    #[cold]
    pub(super) fn row(&mut self, row: &Row, is_program: impl Fn(u32) -> Option<bool>) {
        if row.message == 0 || row.peer == NO_PEER {
            return;
        }
        let peer = is_program(row.peer);
        match row.event {
            EventId::SEND | EventId::RECEIVE if peer != Some(false) => self.count += 1,
            EventId::DROP if peer.is_none() || is_program(row.node) == Some(true) => {
                self.count -= 1;
            }
            _ => {}
        }
    }

    /// Whether any message was exchanged.
    pub(super) fn any(self) -> bool {
        self.count > 0
    }
}
