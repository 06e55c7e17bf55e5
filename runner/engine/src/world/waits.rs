//! When messages begin to wait in the inboxes, and when they wait no longer; and when
//! servers are busy.

use analysis_log::Occupancy;

use super::{NodeKind, World};
use crate::message::MessageId;
use crate::sink::Sink;

impl<S: Sink> World<S> {
    /// A message is in the inbox of a node.
    #[inline(always)]
    pub(super) fn begin_wait(&mut self, node: u32, message: MessageId) {
        if S::WANTS_ROWS {
            let state = &self.nodes[node];
            // It is taken at once.
            if state.kind == NodeKind::EventDriven && !state.paused {
                return;
            }
            self.messages.stamp(message, self.now);
            self.counts.waiting.begin(node, self.now);
        }
    }

    /// The first message that waits is taken.
    #[inline(always)]
    pub(crate) fn end_wait(&mut self, node: u32) {
        if S::WANTS_ROWS {
            let arrived = self.nodes[node].inbox.first_stamp(&self.messages);
            self.counts.waiting.end(node, self.now, arrived);
        }
    }

    /// All messages that wait are lost, and what is being served.
    pub(crate) fn end_all_waits(&mut self, node: u32) {
        if S::WANTS_ROWS {
            let state = &self.nodes[node];
            let served = usize::from(state.busy);
            for arrived in state.inbox.stamps(&self.messages).skip(served) {
                self.counts.waiting.end(node, self.now, arrived);
            }
            if state.busy {
                self.end_service(node);
            }
        }
    }

    /// The server begins to be busy.
    #[inline]
    pub(crate) fn begin_service(&mut self, node: u32) {
        self.nodes[node].busy = true;
        if S::WANTS_ROWS {
            let now = self.now;
            if let Some(service) = self.nodes.services.get_mut(&node) {
                service.since = now;
            }
            self.counts.waiting.busy(node, now, true);
        }
    }

    /// The server is not busy any more.
    #[inline]
    pub(crate) fn end_service(&mut self, node: u32) {
        self.nodes[node].busy = false;
        if S::WANTS_ROWS {
            let now = self.now;
            if let Some(service) = self.nodes.services.get_mut(&node) {
                service.busy_ns += (now - service.since).0;
            }
            self.counts.waiting.busy(node, now, false);
        }
    }

    /// What the inbox and the server of each node held until now, without the nodes at
    /// which no message came to wait.
    pub(crate) fn occupancy(&mut self) -> Vec<Occupancy> {
        if !S::WANTS_ROWS {
            return Vec::new();
        }
        let now = self.now;
        let (curves, curve_width_ns) = self.counts.waiting.curves(now);
        let mut curves = curves.into_iter();
        // Of a million nodes, a list that grows takes 100 MB that nobody uses.
        let counted = |&node: &u32| self.counts.waiting.arrived(node) > 0;
        let mut all = Vec::with_capacity((0..self.nodes.len()).filter(counted).count());
        for node in 0..self.nodes.len() {
            let curve = curves.next().unwrap_or_default();
            let waiting = &self.counts.waiting;
            if waiting.arrived(node) == 0 {
                continue;
            }
            let state = &self.nodes[node];
            let since = |arrived: base::time::SimTime| u128::from((now - arrived).0);
            let served = usize::from(state.busy);
            let still = state.inbox.stamps(&self.messages).skip(served).map(since);
            let service = self.nodes.services.get(&node);
            let busy_ns = service.map_or(0, |service| match state.busy {
                true => service.busy_ns + (now - service.since).0,
                false => service.busy_ns,
            });
            all.push(Occupancy {
                node,
                arrived: waiting.arrived(node),
                waited: waiting.total(node, now, state.waiting()),
                own_waits: waiting.own(node) + still.sum::<u128>(),
                served: busy_ns,
                unhandled: u64::from(state.inbox.len()),
                curve,
                curve_width_ns,
            });
        }
        all
    }
}
