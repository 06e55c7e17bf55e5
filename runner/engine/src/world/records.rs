//! The records of the current step, and what behaviors print.

use analysis_log::{EventId, NO_PEER, Row};

use super::World;
use crate::behaviors::Behaviors;
use crate::sink::Sink;

impl<S: Sink> World<S> {
    /// Adds a row with one of the behavior's own words.
    #[inline]
    pub fn record(&mut self, word: u32) {
        self.push_row(EventId::own(word), NO_PEER, 0, 0);
    }

    /// Prints a line into the acting node's output.
    pub fn print(&mut self, line: &str) {
        self.sink.print(self.now, self.node, line);
    }

    /// Writes a line into a node's output that its behavior did not print.
    pub fn print_for(&mut self, node: u32, line: &str) {
        self.sink.print(self.now, node, line);
    }

    /// Adds a row of the acting node.
    #[inline]
    pub(crate) fn push_row(&mut self, event: EventId, peer: u32, message: u64, bytes: u64) {
        self.push_row_of(self.node, event, peer, message, bytes);
    }

    /// Adds a `drop` row of `node` for a lost message. `peer` is its sender, or the external
    /// peer that it was for.
    pub(crate) fn drop_row(&mut self, node: u32, peer: u32, number: u64, bytes: u64) {
        self.push_row_of(node, EventId::DROP, peer, number, bytes);
    }

    #[inline(always)]
    pub(crate) fn push_row_of(
        &mut self,
        node: u32,
        event: EventId,
        peer: u32,
        message: u64,
        bytes: u64,
    ) {
        if S::WANTS_ROWS {
            let state = &self.nodes[node];
            self.rows.push(Row {
                time_ns: self.now.0,
                step: state.step,
                node,
                event,
                peer,
                message,
                bytes,
                queue: u64::from(state.inbox.len()),
            });
        }
    }

    /// Whether the current step has no row yet.
    #[inline]
    pub(crate) fn wrote_nothing(&self) -> bool {
        self.rows.is_empty()
    }

    /// The behavior of the acting node does not understand the message that it was given;
    /// its callback fails with the reason.
    #[cold]
    pub fn reject_message(&mut self) {
        self.requests.rejects = true;
    }

    /// Removes the only row of the current step. Returns whether there was no other.
    pub(crate) fn take_back_row(&mut self) -> bool {
        let is_only = self.rows.len() <= 1;
        if is_only {
            self.rows.clear();
        }
        is_only
    }

    /// Hands the rows of the step to the sink, with the columns as they are now.
    #[inline(never)]
    pub(crate) fn end_step<B: Behaviors>(&mut self, behaviors: &B) {
        self.end_callback(behaviors);
    }

    /// As [`World::end_step`], for the end of each callback.
    #[inline(always)]
    pub(crate) fn end_callback<B: Behaviors>(&mut self, behaviors: &B) {
        if S::WANTS_ROWS {
            for row in &self.rows {
                self.sink.row(row, &behaviors.columns(row.node));
            }
            self.rows.clear();
        }
    }
}
