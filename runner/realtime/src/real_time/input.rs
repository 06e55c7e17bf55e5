//! The standard input of the runner, as a peer of one node.

use std::io;

use super::{READ, RealTime, Socket};
use crate::guests::CROWDED;
use crate::input::{self, Input};
use engine::behaviors::{Behaviors, Failure};
use engine::message::MessageId;
use engine::sink::Sink;
use os::poller::{Interest, Token};

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Lets standard input in, where a node of this process listens to it: the run
    /// has begun. In a process of its own a node has no such input.
    pub(super) fn welcome_input(&mut self) -> Result<(), Failure> {
        let reader = input::reader(self.run.world.roster());
        let Some((node, kind)) = reader.filter(|_| !self.run.world.wires.is_apart()) else {
            return Ok(());
        };
        let stranger = self.run.add_stranger(input::NAME);
        let Some(input) = Input::take(node, stranger, kind) else {
            let line = "standard input is a terminal that another program reads now: not listening";
            self.run.world.print_for(node, line);
            return Ok(());
        };
        let line = format!("listening to {}", input.what());
        let token = self
            .watch_input(input)
            .map_err(|error| self.system_failure(&error))?;
        self.run.world.print_for(node, &line);
        self.guests.insert(stranger, token);
        self.input = Some(token);
        self.run.connect(node, stranger)?;
        self.carry_out()
    }

    fn watch_input(&mut self, mut input: Input) -> io::Result<Token> {
        let token = self.sockets.next_token();
        if let Err(error) = self.poller.add(&input, token, READ) {
            // A file is always ready, which the system does not say.
            if error.kind() != io::ErrorKind::PermissionDenied {
                return Err(error);
            }
            input.copy()?;
            self.poller.add(&input, token, READ)?;
        }
        Ok(self.sockets.add(Socket::Input(input)))
    }

    /// Takes what is there.
    pub(super) fn take_from_input(&mut self, token: Token) -> Result<(), Failure> {
        let Some(Socket::Input(input)) = self.sockets.get_mut(token) else {
            return Ok(());
        };
        let (node, stranger) = (input.node, input.stranger);
        let (run, mut received) = (&mut self.run, input.received);
        let mut result = Ok(());
        let read = input.read(|message| {
            received += 1;
            if result.is_ok() {
                result = run.deliver(node, stranger, received, message);
            }
        });
        input.received = received;
        result?;
        if let Err(error) = read {
            let line = format!("disconnected {}: {error}", input::NAME);
            self.run.world.print_for(node, &line);
            input.ended = true;
        }
        if input.ended || self.run.inbox_len(node) > CROWDED {
            let _ = self.poller.modify(&*input, token, Interest::default());
            self.paused.insert(token);
        }
        self.see_off_input()
    }

    /// Reads on, once its node has caught up.
    pub(super) fn resume_input(&mut self, token: Token) {
        if let Some(Socket::Input(input)) = self.sockets.get_mut(token)
            && !input.ended
            && self.run.inbox_len(input.node) <= CROWDED / 2
        {
            let _ = self.poller.modify(&*input, token, READ);
            self.paused.remove(&token);
        }
    }

    /// Lets it go once it has ended and its node has handled its last message.
    pub(super) fn see_off_input(&mut self) -> Result<(), Failure> {
        let Some(token) = self.input else {
            return Ok(());
        };
        let Some(Socket::Input(input)) = self.sockets.get_mut(token) else {
            return Ok(());
        };
        let (node, stranger) = (input.node, input.stranger);
        if !input.ended || self.run.world.has_waiting(node, stranger) {
            return Ok(());
        }
        self.close_input(token, stranger);
        self.run.disconnect(node, stranger)
    }

    /// Lets it go now.
    pub(super) fn close_input(&mut self, token: Token, stranger: u32) {
        self.sockets.remove(token);
        self.paused.remove(&token);
        self.guests.remove(&stranger);
        self.input = None;
    }

    /// What its node answers is shown as if it had printed that: whoever types
    /// reads it.
    pub(super) fn answer_input(&mut self, node: u32, message: MessageId) {
        let message = self.run.take_message_out(message);
        let text = String::from_utf8_lossy(message.payload.as_slice()).into_owned();
        for line in text.lines() {
            self.run.world.print_for(node, line);
        }
    }
}
