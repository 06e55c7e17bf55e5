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
mod close;
mod door;
mod input;
mod open;
mod ordeals;
mod take;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{self, AtomicBool};
use std::time::{Duration, Instant};

use tracing::debug;

use crate::clock::WallClock;
use crate::guests::{Door, Guest};
use crate::input::Input;
use crate::lag::Lag;
use crate::links::Wire;
use crate::programs::{Line, LineSocket, Output, Running};
use crate::sockets::Sockets;
use crate::stream::Stream;
use base::time::SimTime;
use engine::behaviors::{Behaviors, Failure, Fault};
use engine::run::{EndReason, Outcome, Run};
use engine::sink::Sink;
use os::poller::{Interest, Poller, Ready, Token};

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
    /// Whether guests' small messages are gathered, and who has some.
    gathers: bool,
    gathered: Vec<Token>,
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
    /// How many guests each node has been made to let go of.
    complaints: BTreeMap<u32, u64>,
    /// Connections to nodes of other processes over which more may come, by
    /// (near, far).
    unended: BTreeSet<(u32, u32)>,
    /// Standard input, while it is a peer of a node.
    input: Option<Token>,
    /// Whether somebody from outside may still come or say something.
    open_ended: bool,
    /// How late things were.
    pub lag: Lag,
    /// Where all nodes of the scenario listen, for programs that are started again.
    all_places: Vec<(String, SocketAddr)>,
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
    Input(Input),
    Output(Output),
}

/// How often it is printed for a node why a guest was let go: who floods it with
/// garbage must not fill the terminal and the disk. The rest are counted.
const COMPLAINTS: u64 = 10;

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
        let started = self.run.start().and_then(|()| self.welcome_input());
        let ended = started.and_then(|()| self.events(&clock, stop));
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
        let mut looked = Instant::now();
        loop {
            self.carry_out()?;
            if let Some(reason) = self.run.stopped() {
                return Ok(EndReason::Stopped(reason));
            }
            if stop.load(atomic::Ordering::Relaxed) {
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
                self.share_ordeals();
                self.carry_out()?;
            }
            self.see_off_departing()?;
            self.see_off_input()?;
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
            self.resume();
            if looked.elapsed() >= GLANCE {
                self.look_after_programs();
                looked = Instant::now();
            }
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

    /// Prints why a guest of a node was let go, unless that has been printed often.
    fn complain(&mut self, node: u32, line: &str) {
        debug!("{line}");
        let count = self.complaints.entry(node).or_default();
        *count += 1;
        match (*count).cmp(&(COMPLAINTS + 1)) {
            Ordering::Less => self.run.world.print_for(node, line),
            Ordering::Equal => {
                let line = "disconnected others, too: they are counted until the end";
                self.run.world.print_for(node, line);
            }
            Ordering::Greater => {}
        }
    }

    /// Tells how many guests were let go beyond those that were told of.
    fn sum_up_complaints(&mut self) {
        for (node, count) in std::mem::take(&mut self.complaints) {
            if let Some(more @ 1..) = count.checked_sub(COMPLAINTS) {
                let line = format!("disconnected {more} others, {count} in all");
                self.run.world.print_for(node, &line);
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
