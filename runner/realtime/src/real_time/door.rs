//! Who comes and goes: guests at the doors of listening nodes.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use super::{BATCH, READ, RealTime, Socket, rewatch};
use crate::guests::{CROWDED, DATAGRAM, DoorSocket, Guest, MAX_SOURCES, PATIENCE, Source};
use crate::stream::Stream;
use engine::behaviors::{Behaviors, Failure};
use engine::sink::Sink;
use os::poller::{Interest, Token};

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// A guest says no more: its node learns of it, once what it sent was handled.
    pub(super) fn leave(&mut self, token: Token) -> Result<(), Failure> {
        let Some(Socket::Guest(guest)) = self.sockets.get_mut(token) else {
            return Ok(());
        };
        if !self.run.world.has_waiting(guest.node, guest.stranger) {
            return self.see_off(token);
        }
        guest.leaving = true;
        guest.stream.pause(true);
        rewatch(&self.poller, token, &mut guest.stream);
        let departing = self.departing.entry(guest.node).or_default();
        departing.push_back(token);
        Ok(())
    }

    /// Lets those guests go whose last messages have been handled meanwhile: at
    /// each node in turn, since it handles them in turn.
    pub(super) fn see_off_departing(&mut self) -> Result<(), Failure> {
        let nodes: Vec<u32> = self.departing.keys().copied().collect();
        for node in nodes {
            while let Some(&token) = self.departing.get(&node).and_then(VecDeque::front) {
                if let Some(Socket::Guest(guest)) = self.sockets.get_mut(token)
                    && self.run.world.has_waiting(node, guest.stranger)
                {
                    break;
                }
                self.departing.get_mut(&node).map(VecDeque::pop_front);
                self.see_off(token)?;
            }
        }
        self.departing.retain(|_, guests| !guests.is_empty());
        Ok(())
    }

    /// A guest is let go once it has been told what it was answered.
    pub(super) fn see_off(&mut self, token: Token) -> Result<(), Failure> {
        let Some(Socket::Guest(guest)) = self.sockets.get_mut(token) else {
            return Ok(());
        };
        if guest.stream.is_closing() {
            // Its node has closed the connection, or knows already.
            return Ok(());
        }
        let (node, stranger) = (guest.node, guest.stranger);
        self.carry_out()?;
        self.run.disconnect(node, stranger)?;
        self.carry_out()?;
        if let Some(Socket::Guest(guest)) = self.sockets.get_mut(token) {
            guest.leaving = true;
            guest.stream.pause(true);
            guest.stream.close();
            match guest.stream.is_closed() {
                true => self.part(token),
                false => rewatch(&self.poller, token, &mut guest.stream),
            }
        }
        Ok(())
    }

    /// Lets a guest's connection go.
    pub(super) fn part(&mut self, token: Token) {
        let Some(Socket::Guest(mut guest)) = self.sockets.remove(token) else {
            return;
        };
        for lost in guest.stream.take_unsent() {
            self.run
                .lose_outside(guest.node, guest.stranger, lost.number, lost.bytes);
        }
        self.paused.remove(&token);
        self.guests.remove(&guest.stranger);
        let wires = &mut self.run.world.wires;
        wires.close_outlet(guest.node, guest.stranger);
        if guest.received > 0 {
            self.heard
                .insert((guest.node, guest.stranger), guest.received);
        }
        if let Some(Socket::Door(door)) = self.sockets.get_mut(guest.door) {
            door.guests -= 1;
            if let DoorSocket::Tcp(listener) = &door.socket {
                let _ = self.poller.modify(listener, guest.door, READ);
            }
        }
    }

    /// Somebody is at a door.
    pub(super) fn open_door(&mut self, token: Token) -> Result<(), Failure> {
        for _ in 0..BATCH {
            let has_room = self.sockets.len() < self.most_sockets;
            let Some(Socket::Door(door)) = self.sockets.get_mut(token) else {
                return Ok(());
            };
            let node = door.node;
            match &mut door.socket {
                DoorSocket::Tcp(listener) => {
                    if door
                        .listen
                        .max_peers
                        .is_some_and(|most| door.guests >= most)
                    {
                        let nothing = Interest::default();
                        let _ = self.poller.modify(&*listener, token, nothing);
                        return Ok(());
                    }
                    let accepted = match has_room {
                        true => listener.accept(),
                        false => Err(io::ErrorKind::Other.into()),
                    };
                    let (socket, address) = match accepted {
                        Ok(accepted) => accepted,
                        Err(error) if is_passing(&error) => return Ok(()),
                        // Out of descriptors: whoever is at the door stays there,
                        // and looking again at once would find the same.
                        Err(_) => {
                            let nothing = Interest::default();
                            let _ = self.poller.modify(&*listener, token, nothing);
                            self.shut.insert(token);
                            return Ok(());
                        }
                    };
                    if self.run.is_crashed(node) {
                        // Dropped: nobody is at home.
                        continue;
                    }
                    let (framing, most) = (door.listen.framing, door.listen.max_message);
                    let Ok(stream) = Stream::new(socket, framing, most) else {
                        continue;
                    };
                    door.guests += 1;
                    self.welcome(node, token, address, stream)?;
                }
                DoorSocket::Udp(socket, sources) => {
                    sources.buffer.resize(DATAGRAM, 0);
                    let Ok((count, address)) = socket.recv_from(&mut sources.buffer) else {
                        return Ok(());
                    };
                    let fits = count as u64 <= door.listen.max_message;
                    let full = sources.count() >= MAX_SOURCES;
                    let most = door
                        .listen
                        .max_peers
                        .map_or(MAX_SOURCES, |most| most as usize);
                    let source = sources.get(address);
                    if source.is_none() && (full || sources.count() >= most) {
                        continue;
                    }
                    let buffer = std::mem::take(&mut sources.buffer);
                    let datagram = &buffer[..count];
                    self.take_datagram(node, token, (address, source), datagram, fits)?;
                    if let Some(Socket::Door(door)) = self.sockets.get_mut(token)
                        && let DoorSocket::Udp(_, sources) = &mut door.socket
                    {
                        sources.buffer = buffer;
                    }
                }
            }
        }
        Ok(())
    }

    fn take_datagram(
        &mut self,
        node: u32,
        token: Token,
        (address, source): (SocketAddr, Option<Source>),
        bytes: &[u8],
        fits: bool,
    ) -> Result<(), Failure> {
        let mut source = source.unwrap_or_else(|| Source {
            stranger: self.stranger(node, address),
            received: 0,
        });
        let fresh = source.received == 0;
        source.received += 1;
        if let Some(Socket::Door(door)) = self.sockets.get_mut(token)
            && let DoorSocket::Udp(_, sources) = &mut door.socket
        {
            sources.keep(address, source);
        }
        if fresh {
            self.guests.insert(source.stranger, token);
            self.run.connect(node, source.stranger)?;
        }
        let (from, number) = (source.stranger, source.received);
        if !fits {
            self.run.lose(node, from, number, bytes.len() as u64);
            return Ok(());
        }
        self.run.deliver(node, from, number, bytes)
    }

    fn welcome(
        &mut self,
        node: u32,
        door: Token,
        address: SocketAddr,
        stream: Stream,
    ) -> Result<(), Failure> {
        let stranger = self.stranger(node, address);
        let guest = Guest {
            node,
            stranger,
            received: self.heard.remove(&(node, stranger)).unwrap_or(0),
            door,
            leaving: false,
            stream,
        };
        match self.watch(Socket::Guest(guest), READ) {
            Ok(token) => {
                self.guests.insert(stranger, token);
                self.run.connect(node, stranger)?;
                self.carry_out()
            }
            Err(_) => {
                if let Some(Socket::Door(door)) = self.sockets.get_mut(door) {
                    door.guests -= 1;
                }
                Ok(())
            }
        }
    }

    /// The index of a stranger: an old one for an address that comes again.
    fn stranger(&mut self, node: u32, address: SocketAddr) -> u32 {
        let run = &mut self.run;
        *self
            .known
            .entry((node, address))
            .or_insert_with(|| run.add_stranger(&address.to_string()))
    }

    /// Looks again at doors through which nobody could be let in.
    pub(super) fn reopen_doors(&mut self) {
        for token in std::mem::take(&mut self.shut) {
            if let Some(Socket::Door(door)) = self.sockets.get_mut(token)
                && let DoorSocket::Tcp(listener) = &door.socket
            {
                let _ = self.poller.modify(listener, token, READ);
            }
        }
    }

    /// Reads again from those who had to wait, if they or their node caught up.
    pub(super) fn resume(&mut self) {
        let waiting: Vec<Token> = self.paused.iter().copied().collect();
        for token in waiting {
            if self.input == Some(token) {
                self.resume_input(token);
                continue;
            }
            let Some(Socket::Guest(guest)) = self.sockets.get_mut(token) else {
                self.paused.remove(&token);
                continue;
            };
            if guest.leaving {
                self.paused.remove(&token);
                continue;
            }
            let crowded = self.run.inbox_len(guest.node) > CROWDED / 2;
            if !crowded && guest.stream.waiting() < PATIENCE / 2 {
                guest.stream.pause(false);
                self.paused.remove(&token);
                rewatch(&self.poller, token, &mut guest.stream);
            }
        }
    }
}

/// Whether nobody is at a door any more, and not for want of anything here.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted
    )
}
