//! A run in real time: waits for what is due and for what comes, and has the
//! engine do it.
//!
//! # The loop
//!
//! Carry away what the engine sent; do what is due; wait for the next deadline or
//! for a socket. Deadlines are absolute, so that lateness never adds up, and it
//! is measured ([`Lag`]). What is due at or before the end happens, however late;
//! then messages that are still between two nodes arrive, and the nodes stop.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracing::debug;

use crate::driver::clock::WallClock;
use crate::driver::guests::{CROWDED, Door, DoorSocket, Guest, MAX_SOURCES, PATIENCE, Source};
use crate::driver::lag::Lag;
use crate::driver::links::{MAX_DATAGRAM, Wire};
use crate::driver::poller::{Interest, Poller, Ready, Token};
use crate::driver::programs::{END_PATIENCE, Line, LineSocket, Output, Running, START_PATIENCE};
use crate::driver::setup::SetupError;
use crate::driver::sockets::Sockets;
use crate::driver::stream::{Reading, Stream};
use crate::driver::wire::{Head, Kind};
use crate::driver::{guests, links, programs};
use crate::engine::behaviors::{Behaviors, Failure, Fault};
use crate::engine::run::{EndReason, Outcome, Run};
use crate::engine::sink::Sink;
use crate::engine::wires::{Outgoing, What};
use crate::scenario::{LinkRule, LinkTransport};
use crate::time::SimTime;

/// A run in real time, set up: every node is connected and listening.
#[derive(Debug)]
pub struct RealTime<B, S> {
    run: Run<B, S>,
    speed: f64,
    poller: Poller,
    sockets: Sockets<Socket>,
    /// This end of the connection of two nodes, by (near, far).
    wires: BTreeMap<(u32, u32), Token>,
    /// The datagram socket of each node that has one, and where it is.
    datagrams: BTreeMap<u32, (Token, SocketAddr)>,
    /// Guests that are here, by their index among the peers.
    guests: BTreeMap<u32, Token>,
    /// Strangers by where they came from and to: who comes again is the same.
    known: BTreeMap<(u32, SocketAddr), u32>,
    /// Ways to programs, by (node, program).
    lines: BTreeMap<(u32, u32), Token>,
    running: Vec<Running>,
    /// Sockets that are not read from, until their node or they catch up.
    paused: BTreeSet<Token>,
    /// Messages between two nodes that were written and have not arrived.
    in_flight: u64,
    /// Whether somebody from outside may still come or say something.
    open_ended: bool,
    /// How late things were.
    pub lag: Lag,
    /// What happened beside the records, for people.
    pub remarks: Vec<String>,
}

/// A socket of the run.
#[derive(Debug)]
enum Socket {
    Wire(Wire),
    Datagrams(std::net::UdpSocket),
    Door(Door),
    Guest(Guest),
    Line(Line),
    Output(Output),
}

/// Deadlines that are met before sockets have their turn.
const BATCH: usize = 64;

/// The longest wait: how soon a signal is noticed.
const GLANCE: Duration = Duration::from_millis(100);

/// From flush to flush of the logs: what a kill can cost.
const FLUSH_EVERY: Duration = Duration::from_millis(900);

/// How long messages between nodes may still arrive after the end, and how long
/// what was sent may still go out.
const DRAIN: Duration = Duration::from_millis(500);

const READ: Interest = Interest {
    read: true,
    write: false,
};

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Opens every socket of a run and starts its programs.
    ///
    /// # Errors
    ///
    /// When that cannot be done; nothing was run.
    pub fn new(run: Run<B, S>, rules: &[LinkRule], speed: f64) -> Result<Self, SetupError> {
        let mut this = RealTime {
            run,
            speed,
            poller: Poller::new()?,
            sockets: Sockets::default(),
            wires: BTreeMap::new(),
            datagrams: BTreeMap::new(),
            guests: BTreeMap::new(),
            known: BTreeMap::new(),
            lines: BTreeMap::new(),
            running: Vec::new(),
            paused: BTreeSet::new(),
            in_flight: 0,
            open_ended: false,
            lag: Lag::default(),
            remarks: Vec::new(),
        };
        let roster = this.run.world.roster().clone();
        let programs: Vec<bool> = (0..roster.len())
            .map(|node| roster.groups()[roster.group_of(node)].program.is_some())
            .collect();
        let doors = guests::open_doors(&roster)?;
        for door in &doors {
            let name = roster.name(door.node).unwrap_or_default();
            this.remarks
                .push(format!("{name} listens on {}", door.address));
        }
        for node in 0..roster.len() {
            let group = &roster.groups()[roster.group_of(node)];
            let command = group.program.as_ref().and_then(|it| it.command.as_ref());
            if let Some(words) = command {
                let (running, outputs) = programs::start(node, words, &roster, &doors)?;
                this.running.push(running);
                for output in outputs {
                    this.watch(Socket::Output(output), READ)?;
                }
            }
        }
        this.open_ended = !doors.is_empty() || programs.contains(&true);
        for door in doors {
            this.watch(Socket::Door(door), READ)?;
        }
        let topology = this.run.world.topology().clone();
        let links = links::connect(&roster, &topology, rules, |node| programs[node as usize])?;
        for wire in links.wires {
            let pair = (wire.near, wire.far);
            let token = this.watch(Socket::Wire(wire), READ)?;
            this.wires.insert(pair, token);
        }
        for (node, (socket, address)) in links.datagrams {
            let token = this.watch(Socket::Datagrams(socket), READ)?;
            this.datagrams.insert(node, (token, address));
        }
        for node in 0..roster.len() {
            for peer in 0..topology.peer_count(node) {
                let end = topology.peer(node, peer);
                if let Some(end) = end.filter(|end| programs[end.node as usize])
                    && !programs[node as usize]
                {
                    this.call(node, end.node, START_PATIENCE)?;
                }
            }
        }
        let wired = |rule: &LinkRule| rule.link.transport != LinkTransport::Channel;
        this.run.world.wires.lay(
            true,
            rules.iter().map(wired).collect(),
            match programs.contains(&true) {
                true => programs,
                false => Vec::new(),
            },
        );
        Ok(this)
    }

    fn watch(&mut self, socket: Socket, interest: Interest) -> io::Result<Token> {
        let token = self.sockets.next_token();
        match &socket {
            Socket::Wire(wire) => self.poller.add(&wire.stream, token, interest)?,
            Socket::Datagrams(socket) => self.poller.add(socket, token, interest)?,
            Socket::Door(door) => match &door.socket {
                DoorSocket::Tcp(listener) => self.poller.add(listener, token, interest)?,
                DoorSocket::Udp(socket, _) => self.poller.add(socket, token, interest)?,
            },
            Socket::Guest(guest) => self.poller.add(&guest.stream, token, interest)?,
            Socket::Line(line) => self.poller.add(&line.socket, token, interest)?,
            Socket::Output(output) => self.poller.add(output, token, interest)?,
        }
        Ok(self.sockets.add(socket))
    }

    /// Opens a node's way to a program, if it has an address.
    fn call(&mut self, node: u32, program: u32, patience: Duration) -> Result<(), SetupError> {
        let roster = self.run.world.roster();
        let group = &roster.groups()[roster.group_of(program)];
        let external = group.program.as_ref().and_then(|it| it.external.clone());
        let Some(external) = external else {
            return Ok(());
        };
        let name = roster.name(program).unwrap_or_default();
        let socket =
            programs::call(&external, patience).map_err(|source| SetupError::Unreachable {
                node: name,
                address: external.address,
                patience,
                source,
            })?;
        let line = Line {
            node,
            program,
            received: 0,
            socket,
        };
        let token = self.watch(Socket::Line(line), READ)?;
        self.lines.insert((node, program), token);
        Ok(())
    }

    /// Runs to the end, and closes everything.
    pub fn go(&mut self, stop: &AtomicBool) -> Outcome {
        let clock = WallClock::new(Instant::now(), self.speed);
        let ended = self.run.start().and_then(|()| self.events(&clock, stop));
        let outcome = self.run.conclude(ended);
        self.close();
        outcome
    }

    /// Hands back what recorded the run.
    pub fn into_sink(self) -> S {
        self.run.into_sink()
    }

    fn events(&mut self, clock: &WallClock, stop: &AtomicBool) -> Result<EndReason, Failure> {
        let end = self.run.end();
        let mut ready = Vec::new();
        let mut flushed = Instant::now();
        loop {
            self.carry_out()?;
            if let Some(reason) = self.run.stopped() {
                return Ok(EndReason::Stopped(reason));
            }
            if stop.load(Ordering::Relaxed) {
                return Ok(EndReason::Interrupted);
            }
            let mut behind = false;
            for _ in 0..BATCH {
                let due = self.run.next_due();
                let now = clock.now();
                behind = due <= end && due <= now;
                if !behind {
                    break;
                }
                self.run.advance(now);
                self.lag.record(due, now);
                self.run.do_next()?;
                self.carry_out()?;
            }
            let due = self.run.next_due();
            if !behind && due > end && clock.now() >= end {
                self.drain(&mut ready)?;
                return Ok(EndReason::Duration);
            }
            if due == SimTime::NEVER && self.is_idle() {
                return Ok(EndReason::Idle);
            }
            let wait = match behind || self.run.world.has_outgoing() {
                true => Duration::ZERO,
                false => clock.until(due.min(end)).unwrap_or(GLANCE).min(GLANCE),
            };
            self.poll(Some(wait), &mut ready)?;
            self.run.advance(clock.now());
            self.take_in(&mut ready)?;
            self.look_after_programs();
            self.resume();
            if flushed.elapsed() >= FLUSH_EVERY {
                self.run.world.sink.flush();
                flushed = Instant::now();
            }
        }
    }

    /// Whether nothing can happen any more.
    fn is_idle(&self) -> bool {
        !self.open_ended && self.in_flight == 0 && self.guests.is_empty()
    }

    /// After the end: what is between two nodes arrives.
    fn drain(&mut self, ready: &mut Vec<Ready>) -> Result<(), Failure> {
        let until = Instant::now() + DRAIN;
        while self.in_flight > 0 && Instant::now() < until {
            self.poll(Some(Duration::from_millis(10)), ready)?;
            self.take_in(ready)?;
            self.carry_out()?;
        }
        Ok(())
    }

    fn poll(&mut self, wait: Option<Duration>, ready: &mut Vec<Ready>) -> Result<(), Failure> {
        ready.clear();
        self.poller
            .wait(wait, ready)
            .map_err(|error| self.system_failure(&error))
    }

    /// The system refused what it must not refuse: the run cannot go on.
    fn system_failure(&self, error: &io::Error) -> Failure {
        self.run.fail_now(Fault {
            panicked: false,
            reason: format!("waiting for sockets failed: {error}"),
        })
    }

    /// Carries away what the engine sent, in order.
    fn carry_out(&mut self) -> Result<(), Failure> {
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
        if self.run.world.is_program(to) {
            self.carry_to_program(from, to, what);
            return Ok(());
        }
        let (kind, message) = match what {
            What::Message(id) => (Kind::Message, Some(self.run.take_message_out(id))),
            What::Close => (Kind::Close, None),
            What::Open => (Kind::Open, None),
        };
        let head = Head {
            kind,
            from,
            to,
            number: message.as_ref().map_or(0, |message| message.number),
        };
        let body = message.as_ref().map_or(&[][..], |it| it.payload.as_slice());
        if let Some(&token) = self.wires.get(&(from, to))
            && let Some(Socket::Wire(wire)) = self.sockets.get_mut(token)
        {
            self.in_flight += 1;
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
        }
        Ok(())
    }

    fn carry_to_guest(&mut self, from: u32, to: u32, what: What) -> Result<(), Failure> {
        let token = self.guests.get(&to).copied();
        let socket = token.and_then(|token| self.sockets.get_mut(token));
        match (what, socket) {
            (What::Message(id), socket) => {
                let message = self.run.take_message_out(id);
                let bytes = message.payload.as_slice();
                match (token, socket) {
                    (Some(token), Some(Socket::Guest(guest))) => {
                        if let Err(error) = guest.stream.send(bytes) {
                            return Err(self.run.fail_at(
                                from,
                                Fault {
                                    panicked: false,
                                    reason: format!("its message cannot be framed: {error}"),
                                },
                            ));
                        }
                        if guest.stream.waiting() > PATIENCE {
                            guest.stream.pause(true);
                            self.paused.insert(token);
                        }
                        rewatch(&self.poller, token, &mut guest.stream);
                    }
                    (_, Some(Socket::Door(door))) => {
                        let address = self.known.iter().find(|(_, index)| **index == to);
                        if let (DoorSocket::Udp(socket, _), Some(((_, address), _))) =
                            (&door.socket, address)
                        {
                            let _ = socket.send_to(bytes, address);
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

    fn carry_to_program(&mut self, from: u32, to: u32, what: What) {
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
        let Some(token) = token else { return };
        let Some(Socket::Line(line)) = self.sockets.get_mut(token) else {
            return;
        };
        match (message, &mut line.socket) {
            (Some(message), LineSocket::Tcp(stream)) => {
                if let Err(error) = stream.send(message.payload.as_slice()) {
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
    }

    /// Takes what has come.
    fn take_in(&mut self, ready: &mut Vec<Ready>) -> Result<(), Failure> {
        for event in ready.drain(..) {
            let token = event.token;
            match self.sockets.get_mut(token) {
                None => {}
                Some(Socket::Door(_)) => self.open_door(token)?,
                Some(Socket::Datagrams(_)) => self.take_datagrams(token)?,
                Some(Socket::Output(output)) => {
                    let node = output.node;
                    let mut lines = Vec::new();
                    let more = output.read(|line| lines.push(line.to_owned()));
                    for line in lines {
                        self.run.world.print_for(node, &line);
                    }
                    if !more {
                        self.sockets.remove(token);
                    }
                }
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
        let (run, in_flight) = (&mut self.run, &mut self.in_flight);
        let mut result = Ok(());
        wire.stream.read(|frame| {
            *in_flight = in_flight.saturating_sub(1);
            if result.is_ok() {
                result = hear(run, frame);
            }
        });
        result
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

    fn take_from_guest(&mut self, token: Token) -> Result<(), Failure> {
        let Some(Socket::Guest(guest)) = self.sockets.get_mut(token) else {
            return Ok(());
        };
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
                let line = format!("{name}: {error}");
                debug!("{line}");
                self.run
                    .world
                    .print_for(node, &format!("disconnected {line}"));
                self.leave(token)
            }
        }
    }

    /// A guest has gone: its node learns of it, once what it sent was handled.
    fn leave(&mut self, token: Token) -> Result<(), Failure> {
        let Some(Socket::Guest(guest)) = self.sockets.get_mut(token) else {
            return Ok(());
        };
        let (node, stranger) = (guest.node, guest.stranger);
        self.carry_out()?;
        self.part(token);
        self.run.disconnect(node, stranger)
    }

    /// Lets a guest's connection go.
    fn part(&mut self, token: Token) {
        let Some(Socket::Guest(guest)) = self.sockets.remove(token) else {
            return;
        };
        self.paused.remove(&token);
        self.guests.remove(&guest.stranger);
        if let Some(Socket::Door(door)) = self.sockets.get_mut(guest.door) {
            door.guests -= 1;
            if let DoorSocket::Tcp(listener) = &door.socket {
                let _ = self.poller.modify(listener, guest.door, READ);
            }
        }
    }

    fn take_from_program(&mut self, token: Token) -> Result<(), Failure> {
        let Some(Socket::Line(line)) = self.sockets.get_mut(token) else {
            return Ok(());
        };
        let (node, program) = (line.node, line.program);
        let (run, received) = (&mut self.run, &mut line.received);
        let mut result = Ok(());
        let mut take = |message: &[u8]| {
            *received += 1;
            if result.is_ok() {
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
            self.sockets.remove(token);
            self.lines.remove(&(node, program));
            self.run.disconnect(node, program)?;
        }
        Ok(())
    }

    /// Somebody is at a door.
    fn open_door(&mut self, token: Token) -> Result<(), Failure> {
        for _ in 0..BATCH {
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
                    // Would block, out of descriptors, gone already: later.
                    let Ok((socket, address)) = listener.accept() else {
                        return Ok(());
                    };
                    let (framing, most) = (door.listen.framing, door.listen.max_message);
                    let Ok(stream) = Stream::new(socket, framing, most) else {
                        continue;
                    };
                    door.guests += 1;
                    self.welcome(node, token, address, stream)?;
                }
                DoorSocket::Udp(socket, sources) => {
                    let mut buffer = vec![0; 1 << 16];
                    let Ok((count, address)) = socket.recv_from(&mut buffer) else {
                        return Ok(());
                    };
                    if count as u64 > door.listen.max_message {
                        continue;
                    }
                    let full = sources.len() >= MAX_SOURCES;
                    let most = door
                        .listen
                        .max_peers
                        .map_or(MAX_SOURCES, |most| most as usize);
                    let source = sources.get(&address).copied();
                    if source.is_none() && (full || sources.len() >= most) {
                        continue;
                    }
                    self.take_datagram(node, token, address, source, &buffer[..count])?;
                }
            }
        }
        Ok(())
    }

    fn take_datagram(
        &mut self,
        node: u32,
        token: Token,
        address: SocketAddr,
        source: Option<Source>,
        bytes: &[u8],
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
            sources.insert(address, source);
        }
        if fresh {
            self.guests.insert(source.stranger, token);
            self.run.connect(node, source.stranger)?;
        }
        self.run
            .deliver(node, source.stranger, source.received, bytes)
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
            received: 0,
            door,
            stream,
        };
        match self.watch(Socket::Guest(guest), READ) {
            Ok(token) => {
                self.guests.insert(stranger, token);
                self.run.connect(node, stranger)?;
                self.carry_out()
            }
            Err(_) => Ok(()),
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

    /// Reads again from those who had to wait, if they or their node caught up.
    fn resume(&mut self) {
        let waiting: Vec<Token> = self.paused.iter().copied().collect();
        for token in waiting {
            let Some(Socket::Guest(guest)) = self.sockets.get_mut(token) else {
                self.paused.remove(&token);
                continue;
            };
            let crowded = self.run.inbox_len(guest.node) > CROWDED / 2;
            if !crowded && guest.stream.waiting() < PATIENCE / 2 {
                guest.stream.pause(false);
                self.paused.remove(&token);
                rewatch(&self.poller, token, &mut guest.stream);
            }
        }
    }

    fn look_after_programs(&mut self) {
        for running in &mut self.running {
            if let Some(status) = running.has_ended() {
                let name = self.run.world.roster().name(running.node);
                let remark = format!("{} ended early: {status}", name.unwrap_or_default());
                self.run.world.print_for(running.node, &remark);
                self.remarks.push(remark);
            }
        }
    }

    /// Sends what is still to be sent, ends the programs and closes every socket.
    fn close(&mut self) {
        // A behavior may say farewell in `stop`.
        let _ = self.carry_out();
        for running in &mut self.running {
            running.ask_to_end();
        }
        let until = Instant::now() + DRAIN;
        let mut ready = Vec::new();
        loop {
            let mut waiting = 0;
            for (_, socket) in self.sockets.iter_mut() {
                if let Socket::Guest(Guest { stream, .. })
                | Socket::Line(Line {
                    socket: LineSocket::Tcp(stream),
                    ..
                }) = socket
                {
                    stream.flush();
                    waiting += stream.waiting();
                }
            }
            if waiting == 0 || Instant::now() >= until {
                break;
            }
            ready.clear();
            let _ = self.poller.wait(Some(Duration::from_millis(5)), &mut ready);
        }
        let until = Instant::now() + END_PATIENCE;
        for running in &mut self.running {
            let _ = running.end(until);
        }
        // Their last words.
        let mut words = Vec::new();
        for (_, socket) in self.sockets.iter_mut() {
            if let Socket::Output(output) = socket {
                let node = output.node;
                output.read(|line| words.push((node, line.to_owned())));
            }
        }
        for (node, line) in words {
            self.run.world.print_for(node, &line);
        }
        debug!(
            sockets = self.sockets.len(),
            programs = self.running.len(),
            "closed everything"
        );
        self.sockets = Sockets::default();
        self.running.clear();
    }
}

/// A frame or datagram of another node.
fn hear<B: Behaviors, S: Sink>(run: &mut Run<B, S>, frame: &[u8]) -> Result<(), Failure> {
    let Some((head, body)) = Head::decode(frame) else {
        return Ok(());
    };
    let nodes = run.world.roster().len();
    if head.to >= nodes || head.from >= nodes {
        return Ok(());
    }
    match head.kind {
        Kind::Message => run.deliver(head.to, head.from, head.number, body),
        Kind::Close => run.hear(head.to, head.from, true),
        Kind::Open => run.hear(head.to, head.from, false),
    }
}

/// Has a stream watched for what it wants now.
fn rewatch(poller: &Poller, token: Token, stream: &mut Stream) {
    if let Some(interest) = stream.changed_interest() {
        // It is registered under this token; it cannot be refused.
        let _ = poller.modify(&*stream, token, interest);
    }
}

fn rewatch_token(poller: &Poller, sockets: &mut Sockets<Socket>, token: Token) {
    match sockets.get_mut(token) {
        Some(Socket::Wire(wire)) => rewatch(poller, token, &mut wire.stream),
        Some(Socket::Guest(guest)) => rewatch(poller, token, &mut guest.stream),
        Some(Socket::Line(line)) => {
            if let LineSocket::Tcp(stream) = &mut line.socket {
                rewatch(poller, token, stream);
            }
        }
        _ => {}
    }
}
