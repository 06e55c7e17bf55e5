//! A run in real time: waits for what is due and for what comes, and has the
//! engine do it.
//!
//! # The loop
//!
//! Carry away what the engine sent; do what is due; wait for the next deadline or
//! for a socket. Deadlines are absolute, so that lateness never adds up, and it
//! is measured ([`Lag`]). What is due at or before the end happens, however late;
//! then messages that are still between two nodes arrive, and the nodes stop.

mod carry;
mod door;
mod take;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracing::debug;

use crate::driver::clock::WallClock;
use crate::driver::guests::{Door, DoorSocket, Guest};
use crate::driver::lag::Lag;
use crate::driver::links::{Links, Wire};
use crate::driver::poller::{Interest, Poller, Ready, Token};
use crate::driver::programs::{END_PATIENCE, Line, LineSocket, Output, Running, START_PATIENCE};
use crate::driver::setup::SetupError;
use crate::driver::sockets::Sockets;
use crate::driver::stream::Stream;
use crate::driver::wire::{Head, Kind};
use crate::driver::{guests, links, programs};
use crate::engine::behaviors::{Behaviors, Failure, Fault};
use crate::engine::run::{EndReason, Outcome, Run};
use crate::engine::sink::Sink;
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
    /// As `wires`, of pairs whose messages are datagrams: it only tells of the end.
    quiet: BTreeMap<(u32, u32), Token>,
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
    /// Whether anything was written to another node since sockets were last
    /// looked at: on one machine it is there at once, and comes before whatever
    /// is due later.
    under_way: bool,
    /// With how many sockets guests are let in.
    most_sockets: usize,
    /// Doors that are not looked at until the next flush: there was no descriptor
    /// for who came.
    shut: BTreeSet<Token>,
    /// Guests that have said their last, which their node has not handled yet; by
    /// node, in the order in which they did.
    departing: BTreeMap<u32, VecDeque<Token>>,
    /// How many messages came from guests and programs that have gone: if they
    /// come again, their numbers go on. By (node, who).
    heard: BTreeMap<(u32, u32), u64>,
    /// Connections to nodes of other processes over which more may come, by
    /// (near, far).
    unended: BTreeSet<(u32, u32)>,
    /// Whether somebody from outside may still come or say something.
    open_ended: bool,
    /// How late things were.
    pub lag: Lag,
    /// Where the nodes that are driven here listen.
    pub places: Vec<(String, SocketAddr)>,
    /// What happened beside the records, for people.
    pub remarks: Vec<String>,
}

/// A socket of the run.
#[derive(Debug)]
enum Socket {
    Wire(Wire),
    Datagrams(UdpSocket),
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

/// How long the nodes of other processes, which may be late, are waited for at
/// the end of the run.
const PARTING: Duration = Duration::from_secs(10);

/// How long nothing comes when the last datagram has come. Arbitrary; datagrams
/// may be lost anyway.
const SILENCE: Duration = Duration::from_millis(20);

/// The token of a socket of another process.
const NO_SOCKET: Token = Token::MAX;

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
        let mut this = RealTime::open(run, speed)?;
        let world = &this.run.world;
        let links = links::connect(world.roster(), world.topology(), rules, |node| {
            world.is_program(node)
        })?;
        let places = this.places.clone();
        this.link(links, &places, rules)?;
        Ok(this)
    }

    /// The first half of [`RealTime::new`]: lets the nodes that are driven here
    /// listen.
    ///
    /// # Errors
    ///
    /// When an address is taken, or not ours.
    pub fn open(run: Run<B, S>, speed: f64) -> Result<Self, SetupError> {
        let mut this = RealTime {
            run,
            speed,
            poller: Poller::new()?,
            sockets: Sockets::default(),
            wires: BTreeMap::new(),
            quiet: BTreeMap::new(),
            datagrams: BTreeMap::new(),
            guests: BTreeMap::new(),
            known: BTreeMap::new(),
            lines: BTreeMap::new(),
            running: Vec::new(),
            paused: BTreeSet::new(),
            in_flight: 0,
            under_way: false,
            most_sockets: usize::MAX,
            shut: BTreeSet::new(),
            departing: BTreeMap::new(),
            heard: BTreeMap::new(),
            unended: BTreeSet::new(),
            open_ended: false,
            lag: Lag::default(),
            places: Vec::new(),
            remarks: Vec::new(),
        };
        let doors = guests::open_doors(this.run.world.roster(), |node| this.is_here(node))?;
        this.open_ended = !doors.is_empty();
        if this.open_ended {
            this.most_sockets = links::most_sockets();
        }
        for door in doors {
            let name = this.run.world.roster().name(door.node).unwrap_or_default();
            this.remarks
                .push(format!("{name} listens on {}", door.address));
            this.places.push((name, door.address));
            this.watch(Socket::Door(door), READ)?;
        }
        Ok(this)
    }

    /// The second half: takes the connections between the nodes, starts the
    /// programs that stand for nodes and calls those that are called. `places` is
    /// where all nodes of the scenario listen.
    ///
    /// # Errors
    ///
    /// When a program cannot be started or does not answer.
    pub fn link(
        &mut self,
        links: Links,
        places: &[(String, SocketAddr)],
        rules: &[LinkRule],
    ) -> Result<(), SetupError> {
        let roster = self.run.world.roster().clone();
        let topology = self.run.world.topology().clone();
        let apart = self.run.world.wires.is_apart();
        let mut away: Vec<bool> = (0..roster.len())
            .map(|node| self.run.world.is_program(node))
            .collect();
        // Other processes may always have something to say.
        self.open_ended |= apart || away.contains(&true);
        for node in (0..roster.len()).filter(|&node| away[node as usize]) {
            let group = &roster.groups()[roster.group_of(node)];
            let command = group.program.as_ref().and_then(|it| it.command.as_ref());
            if let Some(words) = command.filter(|_| self.is_here(node)) {
                let (running, outputs) = programs::start(node, words, &roster, places)?;
                self.running.push(running);
                for output in outputs {
                    self.watch(Socket::Output(output), READ)?;
                }
            }
        }
        for wire in links.wires {
            let pair = (wire.near, wire.far);
            let token = self.watch(Socket::Wire(wire), READ)?;
            match links.quiet.contains(&pair) {
                true => self.quiet.insert(pair, token),
                false => self.wires.insert(pair, token),
            };
            if apart {
                self.unended.insert(pair);
            }
        }
        for (node, (socket, address)) in links.datagrams {
            let token = self.watch(Socket::Datagrams(socket), READ)?;
            self.datagrams.insert(node, (token, address));
        }
        for (node, address) in links.far_datagrams {
            self.datagrams.insert(node, (NO_SOCKET, address));
        }
        for node in 0..roster.len() {
            if away[node as usize] || !self.is_here(node) {
                continue;
            }
            for peer in 0..topology.peer_count(node) {
                let end = topology.peer(node, peer);
                if let Some(end) = end.filter(|end| away[end.node as usize]) {
                    self.call(node, end.node, START_PATIENCE)?;
                }
            }
        }
        for (node, away) in (0..).zip(&mut away) {
            *away |= !self.is_here(node);
        }
        let wired = |rule: &LinkRule| rule.link.transport != LinkTransport::Channel;
        self.run.world.wires.lay(
            true,
            rules.iter().map(wired).collect(),
            match away.contains(&true) {
                true => away,
                false => Vec::new(),
            },
        );
        Ok(())
    }

    /// Whether a node is driven here and not in another process.
    fn is_here(&self, node: u32) -> bool {
        !self.run.world.wires.is_elsewhere(node)
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
            received: self.heard.remove(&(node, program)).unwrap_or(0),
            socket,
        };
        let token = self.watch(Socket::Line(line), READ)?;
        self.lines.insert((node, program), token);
        Ok(())
    }

    /// Runs to the end, and closes everything.
    pub fn go(&mut self, stop: &AtomicBool) -> Outcome {
        self.go_from(Instant::now(), stop, |_| {})
    }

    /// As [`RealTime::go`], but the run begins at `start`, and `ending` learns
    /// why it ends before it takes its time to close.
    pub fn go_from(
        &mut self,
        start: Instant,
        stop: &AtomicBool,
        ending: impl FnOnce(&Result<EndReason, Failure>),
    ) -> Outcome {
        let clock = WallClock::new(start, self.speed);
        std::thread::sleep(start.saturating_duration_since(Instant::now()));
        let ended = self.run.start().and_then(|()| self.events(&clock, stop));
        ending(&ended);
        let outcome = self.run.conclude(ended);
        self.close(!matches!(outcome.reason, EndReason::Failed(_)));
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
                if !behind || self.under_way {
                    break;
                }
                self.run.advance(now);
                self.lag.record(due, now);
                self.run.do_next()?;
                self.carry_out()?;
            }
            self.see_off_departing()?;
            let due = self.run.next_due();
            if !behind && due > end && clock.now() >= end {
                self.drain(&mut ready, stop)?;
                return Ok(EndReason::Duration);
            }
            if due == SimTime::NEVER && self.is_idle() && !self.under_way {
                return Ok(EndReason::Idle);
            }
            let wait = match behind || self.under_way || self.run.world.has_outgoing() {
                true => Duration::ZERO,
                false => clock.until(due.min(end)).unwrap_or(GLANCE).min(GLANCE),
            };
            self.poll(Some(wait), &mut ready)?;
            self.under_way = false;
            self.run.advance(clock.now());
            self.take_in(&mut ready)?;
            self.look_after_programs();
            self.resume();
            if flushed.elapsed() >= FLUSH_EVERY {
                self.run.world.sink.flush();
                self.reopen_doors();
                flushed = Instant::now();
            }
        }
    }

    /// Whether nothing can happen any more.
    fn is_idle(&self) -> bool {
        !self.open_ended && self.in_flight == 0 && self.guests.is_empty()
    }

    /// After the end: what is between two nodes arrives.
    fn drain(&mut self, ready: &mut Vec<Ready>, stop: &AtomicBool) -> Result<(), Failure> {
        let apart = self.run.world.wires.is_apart();
        if apart {
            self.say_farewell();
        }
        let until = Instant::now() + if apart { PARTING } else { DRAIN };
        loop {
            let more = match apart {
                true => !self.unended.is_empty() && !stop.load(Ordering::Relaxed),
                false => self.in_flight > 0 || self.under_way,
            };
            if !more || Instant::now() >= until {
                break;
            }
            self.under_way = false;
            self.poll(Some(Duration::from_millis(10)), ready)?;
            self.take_in(ready)?;
            self.carry_out()?;
        }
        // Nobody tells which datagram of another process is the last.
        while apart && !self.datagrams.is_empty() && Instant::now() < until {
            self.poll(Some(SILENCE), ready)?;
            if ready.is_empty() {
                break;
            }
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

    /// Tells the nodes of other processes that no more will come from here.
    fn say_farewell(&mut self) {
        for ((near, far), token) in self.wires.iter().chain(&self.quiet) {
            if let Some(Socket::Wire(wire)) = self.sockets.get_mut(*token) {
                let head = Head {
                    kind: Kind::End,
                    from: *near,
                    to: *far,
                    number: 0,
                };
                wire.stream.send_parts(&head.with_length(0), &[], &[]);
                rewatch(&self.poller, *token, &mut wire.stream);
            }
        }
    }

    /// Sends what is still to be sent, ends the programs and closes every socket.
    fn close(&mut self, in_order: bool) {
        // A behavior may say farewell in `stop`.
        let _ = self.carry_out();
        let apart = self.run.world.wires.is_apart();
        if apart && in_order {
            self.say_farewell();
        }
        for running in &mut self.running {
            running.ask_to_end();
        }
        let until = Instant::now() + DRAIN;
        let mut ready = Vec::new();
        loop {
            let mut waiting = 0;
            for (_, socket) in self.sockets.iter_mut() {
                if let Socket::Wire(Wire { stream, .. }) = socket
                    && apart
                {
                    stream.flush();
                    waiting += stream.waiting();
                }
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
