//! What the real-time driver calls: it asks what is due and when, has it done, and
//! hands in what arrives over sockets.

use super::{ExternalFault, Run};
use crate::behaviors::{Behaviors, Failure};
use crate::follow::Happening;
use crate::foreign::Handed;
use crate::message::{INLINE, Message, MessageId};
use crate::sink::Sink;
use crate::world::{NoLink, NodeKind};
use analysis_log::EventId;
use base::time::SimTime;

impl<B: Behaviors, S: Sink> Run<B, S> {
    /// A message from a socket reaches a node now. `from` is a node or an external peer,
    /// `number` the sender's number for the message.
    ///
    /// # Errors
    ///
    /// If the node's behavior fails.
    pub fn deliver(
        &mut self,
        node: u32,
        from: u32,
        number: u64,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let world = &mut self.world;
        if S::FOLLOWS {
            world.sink.happens(world.now, Happening::Socket { node });
        }
        world.counts.messages.entered += 1;
        let is_cut = from < world.roster.len()
            && match world.is_program(from) {
                true => world.network.cuts(from, node),
                false => world.network.cuts_under_way(from, node),
            };
        if is_cut {
            world.lose(node, from, number, bytes.len() as u64);
            world.end_step(&self.behaviors);
            return Ok(());
        }
        let target = &self.world.nodes[node];
        let acts = target.up && !target.paused;
        if target.kind == NodeKind::EventDriven && acts && bytes.len() > INLINE {
            // Handled at once: no need to copy it into the slab.
            self.world.counts.events += 1;
            return self.handle(node, from, number, bytes);
        }
        let message = self.world.messages.add(from, number, bytes);
        self.arrival(node, message)
    }

    /// A node of another process closes or opens its connection to `node`.
    ///
    /// # Errors
    ///
    /// If the node's behavior fails.
    pub fn connection_changed(
        &mut self,
        node: u32,
        other: u32,
        closes: bool,
    ) -> Result<(), Failure> {
        self.world.mark_closed(node, other, closes);
        match closes {
            true => self.disconnect(node, other),
            false => self.connect(node, other),
        }
    }

    /// Records that a message to a node was lost. Its sender has counted it.
    pub fn record_loss(&mut self, node: u32, from: u32, number: u64, bytes: u64) {
        self.world.drop_row(node, from, number, bytes);
        self.world.end_step(&self.behaviors);
    }

    /// Records that a message to a program or an external peer was lost after it had left
    /// the process: in the program's log, or, since an external peer has no log, in that
    /// of the sender.
    pub fn record_external_loss(&mut self, from: u32, to: u32, number: u64, bytes: u64) {
        // It was counted when it left.
        match to < self.world.roster.len() {
            true => self.world.record_loss(to, from, number, bytes),
            false => self.world.drop_row(from, to, number, bytes),
        }
        self.world.end_step(&self.behaviors);
    }

    /// Records that a connection of a node to a program or an external peer is closed
    /// because the run has ended. The behavior is not told: it has stopped.
    pub fn record_disconnect(&mut self, node: u32, other: u32) {
        self.world
            .push_row_of(node, EventId::DISCONNECT, other, 0, 0);
        self.world.end_step(&self.behaviors);
    }

    /// Takes what nodes were handed that are processes, in order.
    pub fn take_handed(&mut self) -> Vec<Handed> {
        self.behaviors.take_handed()
    }

    /// The process of a node sends a message by itself, now: that is a step of the node.
    ///
    /// # Errors
    ///
    /// If the node has no link there; nothing was sent, and there was no step.
    pub fn send_from(&mut self, node: u32, to: u32, bytes: &[u8]) -> Result<(), NoLink> {
        self.world.node = node;
        self.world.nodes[node].step += 1;
        let sent = self.world.send_to(to, bytes);
        match sent {
            Ok(()) => self.world.counts.events += 1,
            Err(_) => self.world.nodes[node].step -= 1,
        }
        self.world.end_step(&self.behaviors);
        sent
    }

    /// Adds an external peer and returns its index, which is after those of the nodes.
    pub fn add_external_peer(&mut self, name: &str) -> u32 {
        self.world.sink.external_peer(name);
        self.world.roster.len() + self.world.transport.add_external_peer(name.to_owned())
    }

    /// Takes a message that leaves the process.
    pub fn take_message_out(&mut self, message: MessageId) -> Message {
        self.world.counts.messages.left += 1;
        self.world.messages.take(message)
    }

    /// Number of messages that wait in a node's inbox.
    pub fn inbox_len(&self, node: u32) -> u32 {
        self.world.nodes[node].inbox.len()
    }

    /// Whether a node runs: it has started, and has not crashed.
    pub fn is_up(&self, node: u32) -> bool {
        self.world.nodes[node].up && !self.is_start_held(node)
    }

    /// Whether a fault keeps a node down.
    pub fn is_crashed(&self, node: u32) -> bool {
        self.faults.keep_down(node)
    }

    /// Whether a fault keeps a node down that starts again when the fault ends.
    pub fn will_restart(&self, node: u32) -> bool {
        self.faults.will_restart(node)
    }

    /// Takes what faults have done to nodes since the last call, in order.
    pub fn take_external_faults(&mut self) -> Vec<(u32, ExternalFault)> {
        std::mem::take(&mut self.external_faults)
    }

    /// Advances true time; it never goes back.
    pub fn advance(&mut self, now: SimTime) {
        self.world.now = self.world.now.max(now);
    }

    /// Handles the next event or tick, now. Returns the node that it was for; `None` for a
    /// fault, and for a message that leaves.
    ///
    /// # Errors
    ///
    /// If a behavior fails.
    pub fn do_next(&mut self) -> Result<Option<u32>, Failure> {
        if self.world.events.next_time() <= self.ticks.next_time() {
            let node = self.world.events.next_node();
            self.next_event()?;
            Ok(node)
        } else {
            let node = self.ticks.take();
            self.tick_of(node)?;
            Ok(Some(node))
        }
    }

    /// When the next event or tick is due; [`SimTime::NEVER`] if none is.
    pub fn next_due(&self) -> SimTime {
        self.world.events.next_time().min(self.ticks.next_time())
    }

    /// When the run ends at the latest.
    pub fn end(&self) -> SimTime {
        self.end
    }

    /// Takes the reason for which a behavior has stopped the run, if one has.
    pub fn stopped(&mut self) -> Option<String> {
        self.world.requests.stop.take()
    }
}
