//! Sends what the engine hands out, in order, each to its kind of peer.

use super::RealTime;
use engine::behaviors::{Behaviors, Failure};
use engine::sink::Sink;
use engine::transport::{Content, Outgoing};

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Sends everything that the engine hands out.
    pub(super) fn send_outgoing(&mut self) -> Result<(), Failure> {
        while self.run.world.has_outgoing() {
            let outgoing = self.run.world.take_outgoing();
            // A client that asked for several things at once gets the replies with
            // one call.
            self.clients.gathers = outgoing.len() > 1;
            let sent = outgoing.into_iter().try_for_each(|it| {
                self.send(it)?;
                self.keep_budget()
            });
            self.flush_gathered();
            sent?;
        }
        self.pass_handed();
        Ok(())
    }

    fn send(&mut self, outgoing: Outgoing) -> Result<(), Failure> {
        let Outgoing { from, to, what } = outgoing;
        if to < self.run.world.roster().len() {
            // The process that keeps a program's log records its lost messages.
            return match self.run.world.is_program(to) && !matches!(what, Content::Lost { .. }) {
                true => self.send_to_program(from, to, what),
                false => self.send_to_node(from, to, what),
            };
        }
        if self.by_hand.is_peer(to) {
            self.send_to_hand(from, what);
            return Ok(());
        }
        let token = self.clients.connected.get(&to).copied();
        match token.filter(|_| token == self.input) {
            Some(token) => {
                self.send_to_input(token, from, to, what);
                Ok(())
            }
            None => self.send_to_client(token, from, to, what),
        }
    }
}
