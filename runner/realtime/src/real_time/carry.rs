//! What leaves the process: the engine's messages, handed to sockets in the order
//! in which they were sent.

use std::time::Duration;

use super::{RealTime, Socket, rewatch, rewatch_token};
use crate::guests::{DoorSocket, Guest, MOST_WAITING, PATIENCE};
use crate::links::MAX_DATAGRAM;
use crate::programs::LineSocket;
use crate::wire::{Head, Kind};
use engine::behaviors::{Behaviors, Failure, Fault};
use engine::message::Message;
use engine::sink::Sink;
use engine::wires::{LARGE, Outgoing, What};
use framing::FramingError;
use os::poller::Token;

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Carries away what the engine sent, in order.
    pub(super) fn carry_out(&mut self) -> Result<(), Failure> {
        while self.run.world.has_outgoing() {
            let outgoing = self.run.world.take_outgoing();
            // Who asks for many things at once gets the answers at once.
            self.gathers = outgoing.len() > 1;
            let carried = outgoing.into_iter().try_for_each(|it| self.carry(it));
            self.release();
            carried?;
        }
        Ok(())
    }

    /// Has the guests' messages that were gathered leave.
    fn release(&mut self) {
        self.gathers = false;
        for token in std::mem::take(&mut self.gathered) {
            if let Some(Socket::Guest(guest)) = self.sockets.get_mut(token) {
                guest.stream.flush();
            }
            self.look_after_guest(token);
        }
    }

    fn carry(&mut self, outgoing: Outgoing) -> Result<(), Failure> {
        let Outgoing { from, to, what } = outgoing;
        if to >= self.run.world.roster().len() {
            return self.carry_to_guest(from, to, what);
        }
        if self.run.world.is_program(to) && !matches!(what, What::Lost { .. }) {
            return self.carry_to_program(from, to, what);
        }
        let (kind, message) = match what {
            What::Message(id) => (Kind::Message, Some(self.run.take_message_out(id))),
            What::Close => (Kind::Close, None),
            What::Open => (Kind::Open, None),
            // Nodes have no outlets.
            What::Rest { .. } => return Ok(()),
            What::Lost { .. } => (Kind::Lost, None),
        };
        let size;
        let head = Head {
            kind,
            from,
            to,
            number: match what {
                What::Lost { number, .. } => number,
                _ => message.as_ref().map_or(0, |message| message.number),
            },
        };
        let body = match what {
            What::Lost { bytes, .. } => {
                size = bytes.to_be_bytes();
                &size[..]
            }
            _ => message.as_ref().map_or(&[][..], |it| it.payload.as_slice()),
        };
        if let Some(&token) = self.wires.get(&(from, to))
            && let Some(Socket::Wire(wire)) = self.sockets.get_mut(token)
        {
            self.in_flight += 1;
            self.under_way = true;
            wire.stream
                .send_parts(&head.with_length(body.len()), body, &[]);
            rewatch(&self.poller, token, &mut wire.stream);
        } else if let Some((token, _)) = self.datagrams.get(&from)
            && let Some((_, address)) = self.datagrams.get(&to)
            && let Some(Socket::Datagrams(socket)) = self.sockets.get_mut(*token)
        {
            if body.len() > MAX_DATAGRAM {
                let reason = format!(
                    "sent {} bytes over a link with transport = \"udp\", where {MAX_DATAGRAM} fit",
                    body.len()
                );
                return Err(self.run.fail_now(Fault {
                    panicked: false,
                    reason,
                }));
            }
            let mut datagram = head.encode().to_vec();
            datagram.extend_from_slice(body);
            // Datagrams may be lost on the way; of this one it is known.
            match socket.send_to(&datagram, address) {
                Err(_) if kind == Kind::Message => {
                    self.run.lose(to, from, head.number, body.len() as u64);
                }
                _ => self.under_way = true,
            }
        }
        Ok(())
    }

    fn carry_to_guest(&mut self, from: u32, to: u32, what: What) -> Result<(), Failure> {
        let token = self.guests.get(&to).copied();
        if let Some(token) = token
            && matches!(self.sockets.get_mut(token), Some(Socket::Input(_)))
        {
            match what {
                What::Message(id) => self.answer_input(from, id),
                What::Close => self.close_input(token, to),
                _ => {}
            }
            return Ok(());
        }
        match what {
            What::Message(id) => {
                let message = self.run.take_message_out(id);
                return self.give_to_guest(token, from, to, message);
            }
            What::Rest { number, bytes } => match self.guest(token) {
                Some((token, guest)) => {
                    guest.stream.take_rest(number, bytes);
                    self.look_after_guest(token);
                }
                None => self.run.lose_outside(from, to, number, bytes),
            },
            What::Close => {
                if let Some((token, guest)) = self.guest(token) {
                    guest.stream.close();
                    match guest.stream.is_closed() {
                        true => self.part(token),
                        false => rewatch_token(&self.poller, &mut self.sockets, token),
                    }
                }
            }
            What::Open | What::Lost { .. } => {}
        }
        Ok(())
    }

    fn guest(&mut self, token: Option<Token>) -> Option<(Token, &mut Guest)> {
        match self.sockets.get_mut(token?) {
            Some(Socket::Guest(guest)) => Some((token?, guest)),
            _ => None,
        }
    }

    fn give_to_guest(
        &mut self,
        token: Option<Token>,
        from: u32,
        to: u32,
        message: Message,
    ) -> Result<(), Failure> {
        let number = message.number;
        let bytes = message.payload.as_slice();
        let size = bytes.len() as u64;
        let gathers = self.gathers;
        if let Some((token, guest)) = self.guest(token) {
            let large = bytes.len() >= LARGE;
            let later = gathers && !large;
            let why = if guest.stream.burden() > MOST_WAITING {
                TOO_MUCH.to_owned()
            } else {
                let sent = match later {
                    true => guest.stream.send_later(number, message.payload),
                    false => guest.stream.send(number, message.payload),
                };
                match sent {
                    Ok(()) if later => {
                        if self.gathered.last() != Some(&token) {
                            self.gathered.push(token);
                        }
                        return Ok(());
                    }
                    Ok(()) => {
                        if large && let Some(outlet) = guest.stream.open_outlet() {
                            self.run.world.wires.open_outlet(from, to, outlet);
                        }
                        self.look_after_guest(token);
                        return Ok(());
                    }
                    // Another guest may have made it say that: it costs this
                    // connection, not the run.
                    Err(error) => error.to_string(),
                }
            };
            let name = self.run.world.stranger_name(to).to_owned();
            self.complain(from, &format!("disconnected {name}: {why}"));
            self.part(token);
            self.run.lose_outside(from, to, number, size);
            return self.run.disconnect(from, to);
        }
        let given = match token.and_then(|token| self.sockets.get_mut(token)) {
            Some(Socket::Door(door)) => match &door.socket {
                DoorSocket::Udp(socket, sources) => sources
                    .address(to)
                    .is_some_and(|address| socket.send_to(bytes, address).is_ok()),
                DoorSocket::Tcp(_) => false,
            },
            // It has gone.
            _ => false,
        };
        if !given {
            self.run.lose_outside(from, to, number, size);
        }
        Ok(())
    }

    /// After something was sent to a guest: has its socket watched, and does not
    /// read from it while it lets too much wait.
    fn look_after_guest(&mut self, token: Token) {
        if let Some(Socket::Guest(guest)) = self.sockets.get_mut(token) {
            if guest.stream.waiting() > PATIENCE {
                guest.stream.pause(true);
                self.paused.insert(token);
            }
            rewatch(&self.poller, token, &mut guest.stream);
        }
    }

    fn carry_to_program(&mut self, from: u32, to: u32, what: What) -> Result<(), Failure> {
        let key = (from, to);
        match what {
            What::Message(id) => {
                if !self.lines.contains_key(&key) {
                    // It has closed; a message calls it again.
                    let _ = self.call(from, to, Duration::ZERO);
                }
                let message = self.run.take_message_out(id);
                self.give_to_program(from, to, message)
            }
            What::Close => {
                if let Some(token) = self.lines.get(&key)
                    && let Some(Socket::Line(line)) = self.sockets.get_mut(*token)
                    && let LineSocket::Tcp(stream) = &mut line.socket
                {
                    stream.close();
                    self.lines.remove(&key);
                }
                Ok(())
            }
            What::Rest { .. } | What::Open | What::Lost { .. } => Ok(()),
        }
    }

    fn give_to_program(&mut self, from: u32, to: u32, message: Message) -> Result<(), Failure> {
        let token = self.lines.get(&(from, to)).copied();
        let number = message.number;
        let bytes = message.payload.as_slice();
        let size = bytes.len() as u64;
        let mut given = false;
        let mut overflows = false;
        let mut unfit = None;
        if let Some(token) = token
            && let Some(Socket::Line(line)) = self.sockets.get_mut(token)
        {
            match &mut line.socket {
                LineSocket::Tcp(stream) if stream.burden() > MOST_WAITING => overflows = true,
                LineSocket::Tcp(stream) => {
                    match stream.send(number, message.payload) {
                        Ok(()) => given = true,
                        Err(error) => unfit = Some(error),
                    }
                    rewatch(&self.poller, token, stream);
                }
                // A refusal is of an earlier datagram, and told only once.
                LineSocket::Udp(socket) => {
                    given = socket.send(bytes).is_ok() || socket.send(bytes).is_ok();
                }
            }
        }
        if let Some(error) = unfit {
            self.remark_unfit(from, to, &error);
        }
        if overflows && let Some(token) = token {
            let name = self.run.world.roster().name(to).unwrap_or_default();
            self.complain(from, &format!("disconnected {name}: {TOO_MUCH}"));
            self.hang_up(token);
        }
        if !given {
            self.run.lose_outside(from, to, number, size);
        }
        match overflows {
            true => self.run.disconnect(from, to),
            false => Ok(()),
        }
    }
}

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Remarks that a program's framing cannot carry what it is sent: once for
    /// each two nodes, however often it happens.
    fn remark_unfit(&mut self, from: u32, to: u32, error: &FramingError) {
        let roster = self.run.world.roster();
        let [from, to] = [from, to].map(|node| roster.name(node).unwrap_or_default());
        let start = format!("{from} sends {to} what it cannot be given: ");
        if self.remarks.iter().all(|said| !said.starts_with(&start)) {
            self.remarks.push(format!("{start}{error}"));
        }
    }
}

/// Why somebody who does not read is let go.
const TOO_MUCH: &str = "it left more than 256 MiB unread";
const _: () = assert!(MOST_WAITING == 256 << 20, "the text says so");
