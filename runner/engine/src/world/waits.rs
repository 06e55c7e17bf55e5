//! When messages begin to wait in the inboxes, and when they wait no longer.

use super::{NodeKind, World};
use crate::sink::Sink;

impl<S: Sink> World<S> {
    /// A message is in the inbox of a node.
    #[inline(always)]
    pub(super) fn begin_wait(&mut self, node: u32) {
        if S::WANTS_ROWS {
            let state = &self.nodes[node];
            // It is taken at once.
            if state.kind == NodeKind::EventDriven && !state.paused {
                return;
            }
            self.counts.waiting.begin(node, self.now);
        }
    }

    /// The first message that waits is taken.
    #[inline(always)]
    pub(crate) fn end_wait(&mut self, node: u32) {
        if S::WANTS_ROWS {
            self.counts.waiting.end(node, self.now, 1);
        }
    }

    /// All messages that wait are lost.
    pub(crate) fn end_all_waits(&mut self, node: u32) {
        if S::WANTS_ROWS {
            let waiting = self.nodes[node].waiting();
            self.counts.waiting.end(node, self.now, waiting);
        }
    }

    /// For how long messages have waited in each inbox until now, summed over them
    /// [messages x ns]: (node, time), without the nodes at which none waited.
    pub(crate) fn waited(&self) -> Vec<(u32, u128)> {
        if !S::WANTS_ROWS {
            return Vec::new();
        }
        let total = |node: u32| {
            let waiting = self.nodes[node].waiting();
            (node, self.counts.waiting.total(node, self.now, waiting))
        };
        let nodes = (0..self.nodes.len()).map(total);
        nodes.filter(|(_, waited)| *waited > 0).collect()
    }
}
