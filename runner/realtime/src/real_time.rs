//! A run in real time: waits for deadlines and sockets, and has the engine do what
//! is due and take what has arrived.
//!
//! # The loop
//!
//! Send what the engine hands out; do what is due; wait for the next deadline or for
//! a socket. Deadlines are absolute, so lateness does not add up, and lateness is
//! measured ([`Lag`]). Content is due at or before the end happens, however late; then
//! messages that are still between two nodes arrive, and the nodes stop.
//!
//! # Where to look
//!
//! `sockets` holds every socket of the run under a token. `outgoing` and `incoming`
//! pass messages to the kind of peer that they are for: `links` (nodes), `clients`
//! with their `listeners`, `programs`, `input`. A run begins in `open` and ends in
//! `close`.

pub mod by_hand;
mod clients;
mod close;
mod external_faults;
mod incoming;
mod input;
mod links;
mod listeners;
mod open;
mod outgoing;
mod program_ends;
mod programs;
mod sockets;
mod speakers;
mod transfer;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{self, AtomicBool};
use std::time::{Duration, Instant};

use self::by_hand::ByHand;
use self::clients::Clients;
pub use self::clients::DEFAULT_BUDGET;
use self::links::Links;
use self::program_ends::ALL_ENDED;
use self::programs::Programs;
use self::sockets::{Socket, Sockets};
use self::speakers::Speakers;
use crate::clock::WallClock;
use crate::lag::Lag;
use crate::processes::quiescence::RestWatch;
use crate::under_way::UnderWay;
use base::time::SimTime;
use engine::behaviors::{Behaviors, CallError, Failure};
use engine::run::{EndReason, Outcome, Run};
use engine::sink::Sink;
use os::clock::monotonic_ns;
use os::poller::{Ready, Token};

/// A run in real time, set up: every node is connected and listening.
#[derive(Debug)]
pub struct RealTime<B, S> {
    run: Run<B, S>,
    speed: f64,
    clock: WallClock,
    sockets: Sockets,
    links: Links,
    clients: Clients,
    programs: Programs,
    /// Standard input, while it is a peer of a node.
    input: Option<Token>,
    by_hand: ByHand,
    /// Memory that all connections to clients and programs may hold together `[bytes]`.
    budget: usize,
    /// Whether a message may arrive from outside although nothing is due.
    open_ended: bool,
    /// With nodes in other processes: whether all of them have nothing to do.
    rest: Option<RestWatch>,
    /// How late ticks and timers were, by the wall clock.
    pub lag: Lag,
    /// The nodes of this process that listen, and their addresses.
    pub listening: Vec<(String, SocketAddr)>,
    /// Messages between nodes that were not delivered, once the run has ended.
    pub under_way: Vec<UnderWay>,
    /// Content happened and is not in the logs, for the terminal.
    pub remarks: Vec<String>,
    speakers: Speakers,
}

/// Deadlines that are handled before sockets are looked at.
const DUE_BATCH: usize = 64;

/// The longest wait, so that a signal is noticed in time.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// The shortest wait for which the thread sleeps: a sleeping thread wakes up some 10 us late or
/// more, and would miss a deadline that is nearer. The price is a core that is busy if deadlines
/// are as near as this all the time.
const SLEEP_MIN: Duration = Duration::from_micros(5);

/// How long nothing must happen before a process says that it has nothing to do: nodes that
/// answer each other do not say so after each message, which would cost more than the message.
/// Arbitrary: longer than most round trips, and short beside the end of a run.
const REST_AFTER: Duration = Duration::from_millis(10);

/// The span between two flushes of the logs: what a kill can lose.
const FLUSH_EVERY: Duration = Duration::from_millis(900);

/// When the loop last did what it does from time to time.
struct Housekeeping {
    flushed: Instant,
    programs_checked: Instant,
}

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Sets the memory that all connections to clients and programs may hold together
    /// `[bytes]`.
    pub fn set_budget(&mut self, bytes: u64) {
        self.budget = usize::try_from(bytes).unwrap_or(usize::MAX);
    }

    /// With nodes in other processes: ends the run also when nothing can happen any more in
    /// any of them.
    pub fn watch_rest(&mut self, rest: RestWatch) {
        self.rest = Some(rest);
    }

    /// Runs to the end, and closes everything.
    pub fn go(&mut self, stop: &AtomicBool) -> Outcome {
        self.go_from(monotonic_ns(), stop, |_| false)
    }

    /// As [`RealTime::go`], but the run begins when the monotonic clock shows `start_ns`, and
    /// `ending` is called with the reason of its end before the sockets are closed. It returns
    /// whether the nodes of this process leave a run that goes on: then their peers are
    /// disconnected.
    pub fn go_from(
        &mut self,
        start_ns: u64,
        stop: &AtomicBool,
        ending: impl FnOnce(&Result<EndReason, Failure>) -> bool,
    ) -> Outcome {
        let clock = WallClock::new(start_ns, self.speed);
        self.clock = clock;
        let ahead = start_ns.saturating_sub(monotonic_ns());
        std::thread::sleep(Duration::from_nanos(ahead));
        let started = self.run.start().and_then(|()| self.connect_input());
        let started = started.and_then(|()| self.connect_hand());
        let ended = started.and_then(|()| self.events(&clock, stop));
        let ended = ended.map(|reason| self.failed_program().unwrap_or(reason));
        self.remark_lost_messages();
        let leaves = ending(&ended);
        let outcome = self.run.conclude(ended);
        if leaves {
            self.disconnect_peers();
        }
        self.close(!matches!(outcome.reason, EndReason::Failed(_)));
        outcome
    }

    /// Returns the sink that recorded the run.
    pub fn into_sink(self) -> S {
        self.run.into_sink()
    }

    fn events(&mut self, clock: &WallClock, stop: &AtomicBool) -> Result<EndReason, Failure> {
        let end = self.run.end();
        let mut ready = Vec::new();
        // Whether nothing happened during the last wait.
        let mut is_calm = false;
        let mut housekeeping = Housekeeping {
            flushed: Instant::now(),
            programs_checked: Instant::now(),
        };
        self.apply_external_faults();
        self.begin_speaking();
        loop {
            self.send_outgoing()?;
            if let Some(reason) = self.run.stopped() {
                return Ok(EndReason::Stopped(reason));
            }
            if stop.load(atomic::Ordering::Relaxed) {
                return Ok(EndReason::Interrupted);
            }
            if self.has_failed_program() {
                // `go_from` says which.
                return Ok(EndReason::Idle);
            }
            if let Some(why) = self.run.world.sink.is_full() {
                return Ok(EndReason::Limit(why));
            }
            let behind = self.do_due(clock, end)?;
            self.disconnect_ended_clients()?;
            self.disconnect_ended_input()?;
            let due = self.run.next_due();
            if !behind && due > end && clock.now() >= end {
                self.drain(&mut ready, stop)?;
                return Ok(EndReason::Duration);
            }
            let is_idle = due == SimTime::NEVER && self.is_idle();
            if is_idle && self.is_idle_elsewhere(is_calm) {
                return Ok(self.run.nothing_due());
            }
            let urgent = behind
                || self.links.unchecked
                || self.run.world.has_outgoing()
                || !self.clients.unfinished.is_empty();
            let longest = match self.rest.is_some() && !is_calm {
                true => REST_AFTER,
                false => WAIT_MAX,
            };
            let wait = match urgent {
                true => Duration::ZERO,
                false => clock.until(due.min(end)).unwrap_or(longest).min(longest),
            };
            let wait = match wait < SLEEP_MIN {
                true => Duration::ZERO,
                false => wait,
            };
            self.poll(Some(wait), &mut ready)?;
            is_calm = ready.is_empty() && !wait.is_zero();
            let is_quiet = ready.is_empty() && self.run.next_due() > clock.now();
            self.links.unchecked = false;
            self.run.advance(clock.now());
            self.receive(&mut ready, stop)?;
            self.do_orders()?;
            self.resume_reading()?;
            self.regulate_speakers();
            if self.programs_end_run(is_quiet) {
                self.drain_links(&mut ready, stop)?;
                return Ok(EndReason::Stopped(ALL_ENDED.to_owned()));
            }
            self.keep_house(&mut housekeeping);
        }
    }

    /// Does what is due, up to a batch. Returns whether more is due now.
    fn do_due(&mut self, clock: &WallClock, end: SimTime) -> Result<bool, Failure> {
        let mut behind = false;
        for _ in 0..DUE_BATCH {
            let due = self.run.next_due();
            let now = clock.now();
            behind = due <= end && due <= now;
            if !behind || self.links.unchecked {
                break;
            }
            self.run.advance(now);
            let node = self.run.do_next()?;
            self.lag.record(node, clock.wall_span(now - due));
            self.apply_external_faults();
            self.send_outgoing()?;
        }
        Ok(behind)
    }

    fn keep_house(&mut self, last: &mut Housekeeping) {
        if last.programs_checked.elapsed() >= WAIT_MAX {
            self.look_at_programs();
            self.look_at_speakers();
            last.programs_checked = Instant::now();
        }
        if last.flushed.elapsed() >= FLUSH_EVERY {
            self.run.world.sink.flush();
            self.resume_listeners();
            last.flushed = Instant::now();
        }
    }

    /// Whether no message can arrive any more, but from other processes.
    fn is_idle(&self) -> bool {
        let apart = self.run.world.transport.has_remote_nodes();
        !self.open_ended
            && (self.links.in_flight == 0 || apart)
            && !self.links.unchecked
            && !self.run.world.has_outgoing()
            && self.clients.connected.is_empty()
            && self.programs.connections.is_empty()
    }

    /// Whether no message can come from another process any more. Asks the other processes
    /// if nothing has happened here for a while.
    fn is_idle_elsewhere(&mut self, is_calm: bool) -> bool {
        if !self.run.world.transport.has_remote_nodes() {
            return true;
        }
        if !is_calm {
            return false;
        }
        let sockets = &mut self.sockets;
        self.rest.as_mut().is_some_and(|rest| {
            rest.is_over(|| {
                let links = sockets.iter_mut().filter_map(|(_, socket)| match socket {
                    Socket::Link(link) => Some((link.frames_sent, link.frames_received)),
                    _ => None,
                });
                links.fold((0, 0), |sum, link| (sum.0 + link.0, sum.1 + link.1))
            })
        })
    }

    fn poll(&mut self, wait: Option<Duration>, ready: &mut Vec<Ready>) -> Result<(), Failure> {
        self.sockets
            .wait(wait, ready)
            .map_err(|error| self.system_failure(&error))
    }

    /// The failure of a run that cannot go on, because the system refuses to wait for
    /// sockets.
    fn system_failure(&self, error: &io::Error) -> Failure {
        self.run.fail_now(CallError {
            panicked: false,
            reason: format!("waiting for sockets failed: {error}"),
        })
    }

    /// Whether this process drives a node.
    fn is_here(&self, node: u32) -> bool {
        !self.run.world.transport.is_remote(node)
    }
}

/// Sets the time of a run to that of something that has just been read: the wait for it may
/// have ended, with something else, before it was sent.
fn has_arrived<B: Behaviors, S: Sink>(run: &mut Run<B, S>, clock: &WallClock) {
    run.advance(clock.now().min(run.end()));
}
