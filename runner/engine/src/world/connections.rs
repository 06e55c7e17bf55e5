//! Links as connections: either end closes one, the next message opens it again, and
//! behaviors that handle connections are notified.

use std::collections::HashSet;

use super::World;
use crate::queue::Event;
use crate::sink::Sink;
use crate::topology::LinkEnd;
use crate::transport::Content;
use base::time::SimTime;

/// Which connections are closed, and which nodes are notified.
#[derive(Debug, Default)]
pub struct Connections {
    /// Pairs of nodes whose connection one of them closed, lower index first.
    closed: HashSet<(u32, u32)>,
    /// For each group, whether its behavior handles connections; empty before the run
    /// starts.
    handled_by: Vec<bool>,
}

impl Connections {
    /// Whether any connection is closed.
    #[inline]
    pub fn any_closed(&self) -> bool {
        !self.closed.is_empty()
    }
}

impl<S: Sink> World<S> {
    /// Notes whether the behavior of the next group handles connections.
    pub(crate) fn add_connection_handling(&mut self, handles: bool) {
        self.connections.handled_by.push(handles);
    }

    /// For each group, whether its behavior handles connections.
    pub(crate) fn connection_handling(&self) -> &[bool] {
        &self.connections.handled_by
    }

    /// Closes the acting node's connection to a peer. The peer is notified after it has
    /// all that was sent before. The next message of either end opens it again.
    pub fn close(&mut self, peer: u32) {
        let from = self.node;
        if let Some(to) = self.network.topology.peer(from, peer) {
            if self.connections.closed.insert(pair(from, to.node)) {
                let time = self.network.closes(from, to, self.now);
                self.notify_connection(time, from, to, Content::Close);
            }
        } else if let Some(external) = self.external_peer(peer) {
            self.depart(self.now, from, external, Content::Close);
        }
    }

    /// Opens a closed connection again, before a message is sent over it.
    #[cold]
    pub(super) fn reopen(&mut self, from: u32, to: LinkEnd) {
        if !self.connections.closed.remove(&pair(from, to.node)) {
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

    /// Notifies the far end of a link that its connection closes or opens.
    fn notify_connection(&mut self, time: SimTime, from: u32, to: LinkEnd, what: Content) {
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

    /// Notes that a node of another process closed or opened a connection.
    pub(crate) fn mark_closed(&mut self, node: u32, other: u32, closed: bool) {
        let pair = pair(node, other);
        if closed {
            self.connections.closed.insert(pair);
        } else {
            self.connections.closed.remove(&pair);
        }
    }

    /// Whether the connection between two linked nodes is open, as far as this process
    /// knows.
    pub fn is_connected(&self, a: u32, b: u32) -> bool {
        !self.connections.closed.contains(&pair(a, b))
    }

    /// Whether a node's behavior handles connections.
    pub(crate) fn handles_connections(&self, node: u32) -> bool {
        let handled_by = &self.connections.handled_by;
        match handled_by[..] {
            [] => false,
            [only] => only,
            _ => handled_by[self.roster.group_of(node)],
        }
    }

    /// When a peer is notified that a node has crashed; none if their connection was
    /// closed. The connection counts as open after the node's restart.
    pub(crate) fn closed_by_crash(&mut self, node: u32, other: u32) -> Option<SimTime> {
        if self.connections.closed.remove(&pair(node, other)) {
            return None;
        }
        let topology = &self.network.topology;
        let end = topology.peer(node, topology.peer_number(node, other));
        Some(end.map_or(self.now, |end| self.network.closes(node, end, self.now)))
    }
}

/// The ends of a connection, lower index first.
fn pair(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}
