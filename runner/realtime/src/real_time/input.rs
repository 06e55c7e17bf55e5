//! The runner's standard input, as a peer of one node.

use super::sockets::Socket;
use super::{RealTime, has_arrived};
use crate::client::INBOX_PAUSES;
use crate::input::{self, Input};
use engine::behaviors::{Behaviors, Failure};
use engine::message::MessageId;
use engine::sink::Sink;
use engine::transport::Content;
use os::poller::Token;

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Connects standard input to the node that reads it, if there is one, at the
    /// begin of the run. A node in a process of its own cannot read it.
    pub(super) fn connect_input(&mut self) -> Result<(), Failure> {
        if self.by_hand.is_there() {
            // The view reads the keyboard.
            return Ok(());
        }
        let reader = input::reader(self.run.world.roster());
        let Some((node, kind)) = reader.filter(|_| !self.run.world.transport.has_remote_nodes())
        else {
            return Ok(());
        };
        let peer = self.run.add_external_peer(input::NAME);
        let Some(input) = Input::take(node, peer, kind) else {
            let line = "standard input is a terminal that another program reads now: not listening";
            self.run.world.print_for(node, line);
            return Ok(());
        };
        let line = format!("listening to {}", input.describe());
        let token = self
            .sockets
            .add(Socket::Input(input))
            .map_err(|error| self.system_failure(&error))?;
        self.run.world.print_for(node, &line);
        self.clients.connected.insert(peer, token);
        self.input = Some(token);
        self.run.connect(node, peer)?;
        self.send_outgoing()
    }

    /// Passes the node what has arrived.
    pub(super) fn receive_from_input(&mut self, token: Token) -> Result<(), Failure> {
        let Some(input) = self.sockets.input(token) else {
            return Ok(());
        };
        let (node, peer) = (input.node, input.peer);
        let (run, mut received) = (&mut self.run, input.received);
        let clock = self.clock;
        let mut result = Ok(());
        let read = input.read(|message| {
            received += 1;
            has_arrived(run, &clock);
            if result.is_ok() {
                result = run.deliver(node, peer, received, message);
            }
        });
        input.received = received;
        result?;
        if let Err(error) = read {
            let line = format!("disconnected {}: {error}", input::NAME);
            self.run.world.print_for(node, &line);
            input.ended = true;
        }
        if input.ended || self.run.inbox_len(node) > INBOX_PAUSES {
            self.sockets.watch(token, false);
            self.clients.paused.insert(token);
        }
        self.disconnect_ended_input()
    }

    /// Reads on, once the node has caught up.
    pub(super) fn resume_input(&mut self, token: Token) {
        if let Some(input) = self.sockets.input(token)
            && !input.ended
            && self.run.inbox_len(input.node) <= INBOX_PAUSES / 2
        {
            self.sockets.watch(token, true);
            self.clients.paused.remove(&token);
        }
    }

    /// Disconnects standard input at its end, once the node has handled its last
    /// message.
    pub(super) fn disconnect_ended_input(&mut self) -> Result<(), Failure> {
        let Some(token) = self.input else {
            return Ok(());
        };
        let Some(input) = self.sockets.input(token) else {
            return Ok(());
        };
        let (node, peer) = (input.node, input.peer);
        if !input.ended || self.run.world.has_waiting(node, peer) {
            return Ok(());
        }
        self.remove_input(token, peer);
        self.run.disconnect(node, peer)
    }

    fn remove_input(&mut self, token: Token, peer: u32) {
        self.sockets.remove(token);
        self.clients.paused.remove(&token);
        self.clients.connected.remove(&peer);
        self.input = None;
    }

    /// Sends something to standard input: messages are printed, for the person who
    /// types.
    pub(super) fn send_to_input(&mut self, token: Token, node: u32, peer: u32, what: Content) {
        match what {
            Content::Message(id) => self.print_message(node, id),
            Content::Close => self.remove_input(token, peer),
            Content::Rest { .. } | Content::Open | Content::Lost { .. } => {}
        }
    }

    pub(super) fn print_message(&mut self, node: u32, message: MessageId) {
        let message = self.run.take_message_out(message);
        let text = String::from_utf8_lossy(message.payload.as_slice()).into_owned();
        for line in text.lines() {
            self.run.world.print_for(node, line);
        }
    }
}
