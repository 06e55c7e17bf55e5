//! What comes from sockets: messages of other nodes, of guests and of programs,
//! handed to the engine as they come.

use std::io;

use super::{BATCH, RealTime, Socket, rewatch_token};
use crate::guests::CROWDED;
use crate::programs::{Heard, LineSocket};
use crate::stream::Reading;
use crate::wire::{Head, Kind};
use engine::behaviors::{Behaviors, Failure};
use engine::run::Run;
use engine::sink::Sink;
use os::poller::{Ready, Token};

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Takes what has come.
    pub(super) fn take_in(&mut self, ready: &mut Vec<Ready>) -> Result<(), Failure> {
        for event in ready.drain(..) {
            let token = event.token;
            match self.sockets.get_mut(token) {
                None => {}
                Some(Socket::Door(_)) => self.open_door(token)?,
                Some(Socket::Datagrams(_)) => self.take_datagrams(token)?,
                Some(Socket::Output(output)) => {
                    let node = output.node;
                    let mut lines = Vec::new();
                    let heard = output.read(|line| lines.push(line.to_owned()));
                    for line in lines {
                        self.run.world.print_for(node, &line);
                    }
                    if heard == Heard::Last {
                        self.sockets.remove(token);
                    }
                }
                Some(Socket::Input(_)) => self.take_from_input(token)?,
                Some(Socket::Wire(wire)) => {
                    if event.writable {
                        wire.stream.flush();
                    }
                    if event.readable {
                        self.take_from_wire(token)?;
                    }
                    rewatch_token(&self.poller, &mut self.sockets, token);
                }
                Some(Socket::Guest(guest)) => {
                    if event.writable {
                        guest.stream.flush();
                    }
                    if guest.stream.is_closed() {
                        self.part(token);
                    } else if event.readable {
                        self.take_from_guest(token)?;
                    }
                    rewatch_token(&self.poller, &mut self.sockets, token);
                }
                Some(Socket::Line(line)) => {
                    if let (LineSocket::Tcp(stream), true) = (&mut line.socket, event.writable) {
                        stream.flush();
                    }
                    if event.readable {
                        self.take_from_program(token)?;
                    }
                    rewatch_token(&self.poller, &mut self.sockets, token);
                }
            }
        }
        Ok(())
    }

    fn take_from_wire(&mut self, token: Token) -> Result<(), Failure> {
        let Some(Socket::Wire(wire)) = self.sockets.get_mut(token) else {
            return Ok(());
        };
        let (near, far) = (wire.near, wire.far);
        let apart = self.run.world.wires.is_apart();
        let (run, in_flight) = (&mut self.run, &mut self.in_flight);
        let mut over = false;
        let mut result = Ok(());
        let reading = wire.stream.read(|frame| {
            *in_flight = in_flight.saturating_sub(1);
            over |= apart && Head::decode(frame).is_some_and(|(head, _)| head.kind == Kind::End);
            if result.is_ok() {
                result = hear(run, frame);
            }
        });
        result?;
        if over {
            self.unended.remove(&(near, far));
        }
        match reading {
            Reading::Open => Ok(()),
            // The process of the other node is gone.
            Reading::Ended | Reading::Broken(_) => {
                self.sockets.remove(token);
                self.wires.remove(&(near, far));
                self.quiet.remove(&(near, far));
                let died = self.unended.remove(&(near, far));
                match died && self.run.world.is_connected(near, far) {
                    true => self.run.disconnect(near, far),
                    false => Ok(()),
                }
            }
        }
    }

    fn take_datagrams(&mut self, token: Token) -> Result<(), Failure> {
        let mut buffer = vec![0; 1 << 16];
        for _ in 0..BATCH {
            let Some(Socket::Datagrams(socket)) = self.sockets.get_mut(token) else {
                break;
            };
            match socket.recv_from(&mut buffer) {
                Ok((count, _)) => hear(&mut self.run, &buffer[..count])?,
                Err(_) => break,
            }
        }
        Ok(())
    }

    pub(super) fn take_from_guest(&mut self, token: Token) -> Result<(), Failure> {
        let Some(Socket::Guest(guest)) = self.sockets.get_mut(token) else {
            return Ok(());
        };
        if guest.leaving {
            // Nothing is awaited of it but to be gone for good.
            return self.see_off(token);
        }
        let (node, stranger) = (guest.node, guest.stranger);
        let run = &mut self.run;
        let received = &mut guest.received;
        let mut result = Ok(());
        let reading = guest.stream.read(|message| {
            *received += 1;
            if result.is_ok() {
                result = run.deliver(node, stranger, *received, message);
            }
        });
        result?;
        if self.run.inbox_len(node) > CROWDED {
            guest.stream.pause(true);
            self.paused.insert(token);
        }
        match reading {
            Reading::Open => Ok(()),
            Reading::Ended => self.leave(token),
            Reading::Broken(error) => {
                let name = self.run.world.stranger_name(stranger);
                let line = format!("disconnected {name}: {error}");
                self.complain(node, &line);
                self.see_off(token)
            }
        }
    }

    fn take_from_program(&mut self, token: Token) -> Result<(), Failure> {
        let Some(Socket::Line(line)) = self.sockets.get_mut(token) else {
            return Ok(());
        };
        let (node, program, most) = (line.node, line.program, line.max_message);
        let (run, received) = (&mut self.run, &mut line.received);
        let mut result = Ok(());
        let mut take = |message: &[u8]| {
            *received += 1;
            if message.len() as u64 > most {
                run.lose(node, program, *received, message.len() as u64);
            } else if result.is_ok() {
                result = run.deliver(node, program, *received, message);
            }
        };
        let ended = match &mut line.socket {
            LineSocket::Tcp(stream) => !matches!(stream.read(take), Reading::Open),
            LineSocket::Udp(socket) => {
                let mut buffer = vec![0; 1 << 16];
                // A refusal only says that nobody listens yet.
                for _ in 0..BATCH {
                    match socket.recv(&mut buffer) {
                        Ok(count) => take(&buffer[..count]),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                        Err(_) => {}
                    }
                }
                false
            }
        };
        result?;
        if ended {
            let current = self.lines.get(&(node, program)) == Some(&token);
            self.hang_up(token);
            if current {
                self.run.disconnect(node, program)?;
            }
        }
        Ok(())
    }

    /// Lets the way to a program go.
    pub(super) fn hang_up(&mut self, token: Token) {
        let Some(Socket::Line(mut line)) = self.sockets.remove(token) else {
            return;
        };
        let key = (line.node, line.program);
        self.heard.insert(key, line.received);
        if self.lines.get(&key) == Some(&token) {
            self.lines.remove(&key);
        }
        for lost in line.take_unsent() {
            self.run
                .lose_outside(line.node, line.program, lost.number, lost.bytes);
        }
    }
}

/// A frame or datagram of another node.
fn hear<B: Behaviors, S: Sink>(run: &mut Run<B, S>, frame: &[u8]) -> Result<(), Failure> {
    let Some((head, body)) = Head::decode(frame) else {
        return Ok(());
    };
    let nodes = run.world.roster().len();
    if head.to >= nodes || head.from >= nodes || run.world.wires.is_elsewhere(head.to) {
        return Ok(());
    }
    match head.kind {
        Kind::Message => run.deliver(head.to, head.from, head.number, body),
        Kind::Close => run.hear(head.to, head.from, true),
        Kind::Open => run.hear(head.to, head.from, false),
        Kind::Lost => {
            let size = body.try_into().map_or(0, u64::from_be_bytes);
            run.lose(head.to, head.from, head.number, size);
            Ok(())
        }
        Kind::End => Ok(()),
    }
}
