//! After a run: messages between nodes arrive, outgoing queues are written, programs
//! end, and every socket closes.
//!
//! The order: the listeners, so that nobody new comes; the connections to clients and
//! programs, once their last messages are written; the programs; the connections between
//! nodes, and standard input. Each has a line in the log of `-v`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracing::info;

use super::RealTime;
use super::sockets::Socket;
use super::transfer::Transfer;
use crate::programs::connection::ProgramSocket;
use crate::programs::process::END_PATIENCE;
use engine::behaviors::{Behaviors, Failure};
use engine::sink::Sink;
use os::poller::{Ready, Token};

/// The number of messages of each connection that were not written: (node, other end).
type Unsent = BTreeMap<(u32, u32), u64>;

/// How long messages between nodes may still arrive after the end, and how long
/// outgoing queues may still be written. For messages that were sent before the end, only
/// time in which nothing moves counts (see [`Transfer`]).
const DRAIN: Duration = Duration::from_millis(500);

/// How long the nodes of other processes, which may be late, are waited for at the
/// end of the run.
const DRAIN_APART: Duration = Duration::from_secs(10);

/// No datagram for this long means that the last one has arrived. Arbitrary:
/// datagrams may be lost anyway.
const SILENCE: Duration = Duration::from_millis(20);

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Receives the messages that are between two nodes of this process.
    pub(super) fn drain_links(
        &mut self,
        ready: &mut Vec<Ready>,
        stop: &AtomicBool,
    ) -> Result<(), Failure> {
        let until = Instant::now() + DRAIN;
        let mut transfer = Transfer::begin(self);
        while !stop.load(Ordering::Relaxed) {
            let in_flight = self.links.in_flight > 0 || self.links.unchecked;
            if !(transfer.goes_on(DRAIN) || in_flight && Instant::now() < until) {
                break;
            }
            self.drain_more(&mut transfer, ready, stop)?;
        }
        Ok(())
    }

    fn drain_more(
        &mut self,
        transfer: &mut Transfer,
        ready: &mut Vec<Ready>,
        stop: &AtomicBool,
    ) -> Result<(), Failure> {
        self.links.unchecked = false;
        let began = Instant::now();
        self.poll(Some(Duration::from_millis(10)), ready)?;
        let waited = began.elapsed();
        self.receive(ready, stop)?;
        self.send_outgoing()?;
        transfer.waited(waited, self);
        Ok(())
    }

    /// After the end: receives the messages that are between two nodes.
    pub(super) fn drain(
        &mut self,
        ready: &mut Vec<Ready>,
        stop: &AtomicBool,
    ) -> Result<(), Failure> {
        if !self.run.world.transport.has_remote_nodes() {
            return self.drain_links(ready, stop);
        }
        self.send_ends();
        let mut transfer = Transfer::begin(self);
        while transfer.goes_on(DRAIN_APART) && !stop.load(Ordering::Relaxed) {
            self.drain_more(&mut transfer, ready, stop)?;
        }
        let until = Instant::now() + DRAIN_APART;
        // Another process does not say which datagram is its last.
        while !self.links.datagrams.is_empty() && Instant::now() < until {
            self.poll(Some(SILENCE), ready)?;
            if ready.is_empty() {
                break;
            }
            self.receive(ready, stop)?;
            self.send_outgoing()?;
        }
        Ok(())
    }

    /// Sends what is still to be sent, ends the programs and closes every socket.
    pub(super) fn close(&mut self, in_order: bool) {
        // A behavior may send in `stop`.
        let _ = self.send_outgoing();
        if in_order && self.run.world.transport.has_remote_nodes() {
            self.send_ends();
        }
        self.close_listeners();
        // Content a program wrote before SIGTERM is printed before what it writes
        // afterwards, whichever of its outputs that is on.
        self.read_all_outputs();
        for process in &mut self.programs.processes {
            process.ask_to_end();
        }
        self.write_queues();
        let unsent = self.lose_unsent();
        self.close_connections(&unsent);
        if in_order {
            self.note_under_way();
        }
        self.print_disconnected_count();
        self.end_programs();
        self.read_all_outputs();
        self.close_rest();
        self.run.world.transport.clear_direct_senders();
        self.programs.processes.clear();
    }

    /// Writes the outgoing queues, for at most [`DRAIN`].
    fn write_queues(&mut self) {
        let apart = self.run.world.transport.has_remote_nodes();
        let until = Instant::now() + DRAIN;
        let mut ready = Vec::new();
        loop {
            let mut waiting = 0;
            for (_, socket) in self.sockets.iter_mut() {
                let stream = match socket {
                    Socket::Link(link) if apart => &mut link.stream,
                    Socket::Client(client) => &mut client.stream,
                    Socket::Program(program) => match &mut program.socket {
                        ProgramSocket::Stream(stream) => stream,
                        ProgramSocket::Udp(_) => continue,
                    },
                    _ => continue,
                };
                stream.flush();
                waiting += stream.waiting();
            }
            if waiting == 0 || Instant::now() >= until {
                break;
            }
            let wait = Some(Duration::from_millis(5));
            let _ = self.sockets.wait(wait, &mut ready);
        }
    }

    /// Notes the messages between nodes that were not delivered, and records those to nodes
    /// of this process as lost.
    fn note_under_way(&mut self) {
        let mut found: BTreeSet<_> = self.under_way.drain(..).collect();
        for (_, socket) in self.sockets.iter_mut() {
            if let Socket::Link(link) = socket {
                // Both ends of a connection may be here.
                found.extend(link.take_under_way());
            }
        }
        for message in &found {
            if self.is_here(message.to) {
                self.run
                    .record_loss(message.to, message.from, message.number, message.bytes);
            }
        }
        self.under_way = found.into_iter().collect();
    }

    fn close_listeners(&mut self) {
        let is_listener = |socket: &Socket| matches!(socket, Socket::Listener(_));
        for socket in self.take(is_listener) {
            if let Socket::Listener(listener) = socket {
                let node = self.name(listener.node);
                info!("closed the listener of {node}: {}", listener.describe());
            }
        }
    }

    /// Closes the connections to clients and programs. `unsent` are the messages of each
    /// that were not written.
    fn close_connections(&mut self, unsent: &Unsent) {
        let is_outside = |it: &Socket| matches!(it, Socket::Client(_) | Socket::Program(_));
        for socket in self.take(is_outside) {
            // A node that has closed a connection gets no `disconnect`.
            let (node, peer, is_open) = match &socket {
                Socket::Client(it) => (it.node, it.peer, !it.stream.is_closing()),
                Socket::Program(it) => {
                    let ProgramSocket::Stream(stream) = &it.socket else {
                        info!(
                            "closed the socket of {} to {}",
                            self.name(it.node),
                            self.name(it.program)
                        );
                        continue;
                    };
                    (it.node, it.program, !stream.is_closing())
                }
                _ => continue,
            };
            if is_open {
                self.run.record_disconnect(node, peer);
            }
            let result = match unsent.get(&(node, peer)) {
                None => "all messages to it were sent".to_owned(),
                Some(1) => "1 message to it was not sent".to_owned(),
                Some(count) => format!("{count} messages to it were not sent"),
            };
            info!(
                "closed the connection of {} to {}: {result}",
                self.name(node),
                self.name(peer)
            );
        }
    }

    /// Waits for the programs to end, then kills those that have not.
    fn end_programs(&mut self) {
        let until = Instant::now() + END_PATIENCE;
        for index in 0..self.programs.processes.len() {
            let process = &mut self.programs.processes[index];
            let (node, before) = (process.node, process.ended());
            let ended = process.end(until);
            let node = self.name(node);
            match (before, ended) {
                (Some(status), _) => info!("the program of {node} had ended: {status}"),
                (None, Ok(status)) => info!("ended the program of {node}: {status}"),
                (None, Err(error)) => {
                    info!("the program of {node} is not known to have ended: {error}")
                }
            }
        }
    }

    /// Closes what is between the nodes of this process, or of this process alone.
    fn close_rest(&mut self) {
        for socket in self.take(|_| true) {
            match socket {
                // The other end of a connection within this process has the line.
                Socket::Link(link) if self.is_here(link.far) && link.far < link.near => {}
                Socket::Link(link) => {
                    let [near, far] = [link.near, link.far].map(|node| self.name(node));
                    info!("closed the connection between {near} and {far}");
                }
                Socket::Datagrams(_) => info!("closed a socket for datagrams between nodes"),
                Socket::Input(_) => info!("closed standard input"),
                _ => {}
            }
        }
        self.sockets.clear();
    }

    /// Removes the sockets of a kind, in the order in which they were opened.
    fn take(&mut self, is_meant: impl Fn(&Socket) -> bool) -> Vec<Socket> {
        let sockets = self.sockets.iter_mut();
        let tokens = sockets.filter(|(_, socket)| is_meant(socket));
        let tokens: Vec<Token> = tokens.map(|(token, _)| token).collect();
        let removed = tokens.into_iter();
        removed
            .filter_map(|token| self.sockets.remove(token))
            .collect()
    }

    /// The name of a node or of an external peer.
    fn name(&self, index: u32) -> String {
        let node = self.run.world.roster().name(index);
        node.unwrap_or_else(|| self.run.world.external_peer_name(index).to_owned())
    }

    /// Counts the messages for clients and programs that were not written in time as
    /// lost. Returns their numbers.
    fn lose_unsent(&mut self) -> Unsent {
        let mut counts = Unsent::new();
        let mut unsent = Vec::new();
        for (_, socket) in self.sockets.iter_mut() {
            let (from, to, messages) = match socket {
                Socket::Client(client) => (client.node, client.peer, client.stream.take_unsent()),
                Socket::Program(program) => (program.node, program.program, program.take_unsent()),
                _ => continue,
            };
            unsent.extend(messages.into_iter().map(|message| (from, to, message)));
        }
        for (from, to, message) in unsent {
            *counts.entry((from, to)).or_default() += 1;
            self.run
                .record_external_loss(from, to, message.number, message.bytes);
        }
        // The logs of programs in another process record their losses there.
        let _ = self.send_outgoing();
        counts
    }
}
