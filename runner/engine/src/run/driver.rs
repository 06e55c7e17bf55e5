//! A run driven from outside, in real time: what is due is asked for and done, and
//! what comes over wires is handed in.

use super::{ExternalFault, Run};
use crate::behaviors::{Behaviors, Failure};
use crate::message::{INLINE, Message, MessageId};
use crate::sink::Sink;
use crate::world::NodeKind;
use base::time::SimTime;

impl<B: Behaviors, S: Sink> Run<B, S> {
    /// A message that came over a wire reaches a node now. `from` is a node or a
    /// stranger, `number` its number for the message.
    ///
    /// # Errors
    ///
    /// When the node's behavior fails.
    pub fn deliver(
        &mut self,
        node: u32,
        from: u32,
        number: u64,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let world = &mut self.world;
        world.entered += 1;
        if from < world.roster.len() && world.is_program(from) && world.network.cuts(from, node) {
            world.lose(node, from, number, bytes.len() as u64);
            world.end_step(&self.behaviors);
            return Ok(());
        }
        let target = &self.world.nodes[node as usize];
        let acts = target.up && !target.paused;
        if target.kind == NodeKind::EventDriven && acts && bytes.len() > INLINE {
            // It would be laid down and taken up at once: no need to copy it.
            self.world.handled += 1;
            return self.handle(node, from, number, bytes);
        }
        let message = self.world.messages.add(from, number, bytes);
        self.arrival(node, message)
    }

    /// A wire tells that a node closes or opens its connection to one of ours.
    ///
    /// # Errors
    ///
    /// When the node's behavior fails.
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

    /// A wire tells that a message to one of our nodes was lost.
    pub fn lose(&mut self, node: u32, from: u32, number: u64, bytes: u64) {
        // It was counted where it was sent.
        self.world.drop_row(node, from, number, bytes);
        self.world.end_step(&self.behaviors);
    }

    /// A message that left one of our nodes for a program or a stranger will never
    /// reach it: a row in the program's log, which holds nothing else, or in that
    /// of the node that sent it, since a stranger has none.
    pub fn lose_outside(&mut self, from: u32, to: u32, number: u64, bytes: u64) {
        // It was counted as gone when it was taken out.
        match to < self.world.roster.len() {
            true => self.world.report_lost(to, from, number, bytes),
            false => self.world.lose_outside(from, to, number, bytes),
        }
        self.world.end_step(&self.behaviors);
    }

    /// A peer from outside appears; answers its index, past the nodes'.
    pub fn add_external_peer(&mut self, name: &str) -> u32 {
        self.world.sink.external_peer(name);
        self.world.roster.len() + self.world.transport.add_external_peer(name.to_owned())
    }

    /// Takes a message that is to be carried away.
    pub fn take_message_out(&mut self, message: MessageId) -> Message {
        self.world.left += 1;
        self.world.messages.take(message)
    }

    /// Number of messages that wait in a node's inbox.
    pub fn inbox_len(&self, node: u32) -> u32 {
        self.world.nodes[node as usize].inbox.len()
    }

    /// Whether a fault keeps a node down.
    pub fn is_crashed(&self, node: u32) -> bool {
        self.faults.keep_down(node)
    }

    /// What faults have done to nodes since this was asked, in order.
    pub fn take_external_faults(&mut self) -> Vec<(u32, ExternalFault)> {
        std::mem::take(&mut self.external_faults)
    }

    /// Moves true time on; it never goes back.
    pub fn advance(&mut self, now: SimTime) {
        self.world.now = self.world.now.max(now);
    }

    /// Does the next thing that is due, now.
    ///
    /// # Errors
    ///
    /// When a behavior fails.
    pub fn do_next(&mut self) -> Result<(), Failure> {
        if self.world.events.next_time() <= self.ticks.next_time() {
            self.next_event()
        } else {
            self.tick()
        }
    }

    /// When the next thing is due; [`SimTime::NEVER`] if nothing is.
    pub fn next_due(&self) -> SimTime {
        self.world.events.next_time().min(self.ticks.next_time())
    }

    /// When the run ends at the latest.
    pub fn end(&self) -> SimTime {
        self.end
    }

    /// The reason for which a behavior has stopped the run, if one has.
    pub fn stopped(&mut self) -> Option<String> {
        self.world.stop.take()
    }
}
