//! Links as standing connections: closed, opened again by the next message, and who
//! learns of it.

use super::{World, pair};
use crate::queue::Event;
use crate::sink::Sink;
use crate::topology::LinkEnd;
use crate::transport::Content;
use base::time::SimTime;

impl<S: Sink> World<S> {
    /// Closes the connection to a peer: it learns of it after what was sent to
    /// it before. The next message of either end opens it again.
    pub fn close(&mut self, peer: u32) {
        let from = self.node;
        if let Some(to) = self.network.topology.peer(from, peer) {
            if self.closed.insert(pair(from, to.node)) {
                let time = self.network.closes(from, to, self.now);
                self.notify_connection(time, from, to, Content::Close);
            }
        } else if let Some(external) = self.external_peer(peer) {
            self.depart(self.now, from, external, Content::Close);
        }
    }

    /// Opens a closed connection again before a message takes it.
    #[cold]
    pub(super) fn reopen(&mut self, from: u32, to: LinkEnd) {
        if !self.closed.remove(&pair(from, to.node)) {
            return;
        }
        if self.handles_connections(from) {
            let event = Event::Connect {
                node: from,
                other: to.node,
            };
            self.events.push(self.now, event);
        }
        let time = self.network.opens(to, self.now);
        self.notify_connection(time, from, to, Content::Open);
    }

    /// Lets the far end of a link learn that its connection closes or opens.
    pub(super) fn notify_connection(
        &mut self,
        time: SimTime,
        from: u32,
        to: LinkEnd,
        what: Content,
    ) {
        let (node, other) = (to.node, from);
        if self.transport.leaves_process(to) {
            self.depart(time, from, node, what);
        } else if self.handles_connections(node) {
            let event = match what {
                Content::Close => Event::Disconnect { node, other },
                _ => Event::Connect { node, other },
            };
            self.events.push(time, event);
        }
    }

    /// A node of another process closed or opened its connection to one of ours.
    pub(crate) fn mark_closed(&mut self, node: u32, other: u32, closed: bool) {
        let pair = pair(node, other);
        if closed {
            self.closed.insert(pair);
        } else {
            self.closed.remove(&pair);
        }
    }

    /// Whether the connection between two linked nodes is open, as far as is known
    /// here.
    pub fn is_connected(&self, a: u32, b: u32) -> bool {
        !self.closed.contains(&pair(a, b))
    }

    /// Whether a node's behavior wants to know of its peers' connections.
    pub(crate) fn handles_connections(&self, node: u32) -> bool {
        let group = match self.handles_connections.len() {
            0 => return false,
            1 => 0,
            _ => self.roster.group_of(node),
        };
        self.handles_connections[group]
    }

    /// When a peer learns that a node has crashed; none if their connection was
    /// closed. It counts as open for the node's next life.
    pub(crate) fn closed_by_crash(&mut self, node: u32, other: u32) -> Option<SimTime> {
        if self.closed.remove(&pair(node, other)) {
            return None;
        }
        let topology = &self.network.topology;
        let end = topology.peer(node, topology.peer_number(node, other));
        Some(end.map_or(self.now, |end| self.network.closes(node, end, self.now)))
    }
}
