//! Messages that a behavior rejects: bytes that it does not understand.
//!
//! Anybody can connect to a node that listens, and may send anything. That is no failure
//! of the node. A message that came from outside of the scenario is recorded as dropped,
//! as if it had been lost on its way: the step that it had begun is taken back. A message
//! of a node of the scenario that is rejected is a mistake in the scenario or in a
//! behavior, and fails the run. A node that is a process is an edge of the scenario, too:
//! what its protocol cannot express is dropped, whoever sent it.

use std::cmp::Ordering;

use super::Run;
use crate::behaviors::{Behaviors, Failure};
use crate::sink::Sink;

/// How many rejected messages of a node are printed with their reasons; the others are
/// counted. A program that sends garbage must not fill the terminal and the disk.
const PRINTED_MAX: u64 = 10;

impl<B: Behaviors, S: Sink> Run<B, S> {
    /// The acting node has rejected a message of `from`; `failure` has the reason.
    ///
    /// # Errors
    ///
    /// Fails if the message came from a node of the scenario, or if the callback had
    /// effects before.
    #[cold]
    pub(super) fn reject(
        &mut self,
        failure: Failure,
        from: u32,
        number: u64,
        bytes: u64,
    ) -> Result<(), Failure> {
        let world = &mut self.world;
        world.requests.rejects = false;
        let node = world.node;
        let is_outside =
            from >= world.roster.len() || world.is_program(from) || world.has_process(node);
        if !is_outside || !world.take_back_row() {
            return Err(failure);
        }
        world.nodes[node].step -= 1;
        world.counts.messages.delivered -= 1;
        world.lose(node, from, number, bytes);
        world.end_step(&self.behaviors);
        let name = match from.checked_sub(world.roster.len()) {
            None => world.roster.name(from).unwrap_or_default(),
            Some(_) => world.external_peer_name(from).to_owned(),
        };
        let reason = &failure.error.reason;
        self.print_rejected(
            node,
            &format!("dropped message {number} of {name}: {reason}"),
        );
        Ok(())
    }

    fn print_rejected(&mut self, node: u32, line: &str) {
        let count = self.rejected.entry(node).or_default();
        *count += 1;
        match (*count).cmp(&(PRINTED_MAX + 1)) {
            Ordering::Less => self.world.print_for(node, line),
            Ordering::Equal => {
                let line = "dropped other messages, too: they are counted until the end";
                self.world.print_for(node, line);
            }
            Ordering::Greater => {}
        }
    }

    /// Prints how many messages were rejected beyond those that were printed.
    pub(super) fn print_rejected_count(&mut self) {
        for (node, count) in std::mem::take(&mut self.rejected) {
            if let Some(more @ 1..) = count.checked_sub(PRINTED_MAX) {
                let line = format!("dropped {more} other messages, {count} in all");
                self.world.print_for(node, &line);
            }
        }
    }
}
