//! What leaves the process: the engine's messages, handed to sockets in the order
//! in which they were sent.

use std::time::Duration;

use super::{RealTime, Socket, rewatch, rewatch_token};
use crate::driver::guests::{DoorSocket, MOST_WAITING, PATIENCE};
use crate::driver::links::MAX_DATAGRAM;
use crate::driver::programs::LineSocket;
use crate::driver::wire::{Head, Kind};
use crate::engine::behaviors::{Behaviors, Failure, Fault};
use crate::engine::sink::Sink;
use crate::engine::wires::{Outgoing, What};

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Carries away what the engine sent, in order.
    pub(super) fn carry_out(&mut self) -> Result<(), Failure> {
        while self.run.world.has_outgoing() {
            for outgoing in self.run.world.take_outgoing() {
                self.carry(outgoing)?;
            }
        }
        Ok(())
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
            // Datagrams may be lost; so may this one.
            let _ = socket.send_to(&datagram, address);
            self.under_way = true;
        }
        Ok(())
    }

    fn carry_to_guest(&mut self, from: u32, to: u32, what: What) -> Result<(), Failure> {
        let token = self.guests.get(&to).copied();
        let socket = token.and_then(|token| self.sockets.get_mut(token));
        match (what, socket) {
            (What::Message(id), Some(Socket::Input(_))) => self.answer_input(from, id),
            (What::Close, Some(Socket::Input(_))) => {
                if let Some(token) = token {
                    self.close_input(token, to);
                }
            }
            (What::Message(id), socket) => {
                let message = self.run.take_message_out(id);
                match (token, socket) {
                    (Some(token), Some(Socket::Guest(guest))) => {
                        if guest.stream.waiting() > MOST_WAITING {
                            let name = self.run.world.stranger_name(to).to_owned();
                            self.run.world.print_for(from, &overflow(&name));
                            self.part(token);
                            return self.run.disconnect(from, to);
                        }
                        if let Err(error) = guest.stream.send(message.payload) {
                            // Another guest may have made it say that: it costs
                            // this connection, not the run.
                            let name = self.run.world.stranger_name(to);
                            let line = format!("disconnected {name}: {error}");
                            self.run.world.print_for(from, &line);
                            self.part(token);
                            return self.run.disconnect(from, to);
                        }
                        if guest.stream.waiting() > PATIENCE {
                            guest.stream.pause(true);
                            self.paused.insert(token);
                        }
                        rewatch(&self.poller, token, &mut guest.stream);
                    }
                    (_, Some(Socket::Door(door))) => {
                        if let DoorSocket::Udp(socket, sources) = &door.socket
                            && let Some(address) = sources.address(to)
                        {
                            let _ = socket.send_to(message.payload.as_slice(), address);
                        }
                    }
                    // It has gone; what is sent to it now is lost.
                    _ => {}
                }
            }
            (What::Close, Some(Socket::Guest(guest))) => {
                guest.stream.close();
                let gone = guest.stream.is_closed();
                if let Some(token) = token {
                    match gone {
                        true => self.part(token),
                        false => rewatch_token(&self.poller, &mut self.sockets, token),
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn carry_to_program(&mut self, from: u32, to: u32, what: What) -> Result<(), Failure> {
        let key = (from, to);
        if matches!(what, What::Message(_)) && !self.lines.contains_key(&key) {
            // It has closed; a message calls it again.
            let _ = self.call(from, to, Duration::ZERO);
        }
        let token = self.lines.get(&key).copied();
        let message = match what {
            What::Message(id) => Some(self.run.take_message_out(id)),
            _ => None,
        };
        let Some(token) = token else { return Ok(()) };
        let Some(Socket::Line(line)) = self.sockets.get_mut(token) else {
            return Ok(());
        };
        match (message, &mut line.socket) {
            (Some(message), LineSocket::Tcp(stream)) => {
                if stream.waiting() > MOST_WAITING {
                    let name = self.run.world.roster().name(to).unwrap_or_default();
                    self.run.world.print_for(from, &overflow(&name));
                    self.sockets.remove(token);
                    self.lines.remove(&key);
                    return self.run.disconnect(from, to);
                }
                if let Err(error) = stream.send(message.payload) {
                    self.remarks
                        .push(format!("a message was not sent: {error}"));
                }
                rewatch(&self.poller, token, stream);
            }
            (Some(message), LineSocket::Udp(socket)) => {
                let _ = socket.send(message.payload.as_slice());
            }
            (None, LineSocket::Tcp(stream)) if matches!(what, What::Close) => {
                stream.close();
                self.lines.remove(&key);
            }
            (None, _) => {}
        }
        Ok(())
    }
}

/// Why somebody who does not read was let go, for the node's output.
fn overflow(name: &str) -> String {
    format!(
        "disconnected {name}: it left more than {} MiB unread",
        MOST_WAITING >> 20
    )
}
