//! Messages between nodes, over the connections and datagram sockets of their links.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::ops::ControlFlow;

use super::sockets::Socket;
use super::{RealTime, has_arrived};
use crate::clock::WallClock;
use crate::direct::Form;
use crate::link_frame::{FrameHead, FrameKind};
use crate::links::too_long;
use crate::listener::DATAGRAM_BUFFER;
use crate::stream::Reading;
use base::time::SimTime;
use engine::behaviors::{Behaviors, CallError, Failure};
use engine::run::Run;
use engine::sink::Sink;
use engine::transport::{Content, LARGE};
use model::LinkTransport;
use os::poller::Token;

/// Datagrams that are read before other sockets are looked at.
const DATAGRAM_BATCH: usize = 64;

/// The links between the nodes of a run.
#[derive(Debug, Default)]
pub struct Links {
    /// The connections, by (near node, far node).
    pub connections: BTreeMap<(u32, u32), Token>,
    /// The connections of pairs whose messages are datagrams: they only carry the end.
    pub end_connections: BTreeMap<(u32, u32), Token>,
    /// The datagram socket and its address, by node. In another process: no token.
    pub datagrams: BTreeMap<u32, (Option<Token>, SocketAddr)>,
    /// Connections to nodes of other processes whose end has not arrived.
    pub unended: BTreeSet<(u32, u32)>,
    /// Messages that were written to a connection and have not arrived.
    pub in_flight: u64,
    /// Whether a message to a node of this process was written since sockets were last
    /// looked at. It has arrived then, and must be handled before anything that is due later.
    pub unchecked: bool,
}

impl Links {
    /// All connections, by (near node, far node).
    fn all_connections(&self) -> impl Iterator<Item = ((u32, u32), Token)> + '_ {
        let all = self.connections.iter().chain(&self.end_connections);
        all.map(|(pair, token)| (*pair, *token))
    }
}

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Sends something from a node to another.
    pub(super) fn send_to_node(
        &mut self,
        from: u32,
        to: u32,
        what: Content,
    ) -> Result<(), Failure> {
        let here = self.is_here(to);
        let message = match what {
            Content::Message(id) => Some(self.run.take_message_out(id)),
            _ => None,
        };
        let size;
        let (kind, number, body) = match what {
            Content::Message(_) => {
                let body = message.as_ref().map_or(&[][..], |it| it.payload.as_slice());
                let number = message.as_ref().map_or(0, |it| it.number);
                (FrameKind::Message, number, body)
            }
            Content::Lost { number, bytes } => {
                size = bytes.to_be_bytes();
                (FrameKind::Lost, number, &size[..])
            }
            Content::Close => (FrameKind::Close, 0, &[][..]),
            Content::Open => (FrameKind::Open, 0, &[][..]),
            Content::Rest { number, bytes } => {
                self.send_rest(from, to, number, bytes);
                return Ok(());
            }
        };
        let sent = self.run.world.now();
        let head = FrameHead {
            kind,
            from,
            to,
            number,
            sent,
        };
        let token = self.links.connections.get(&(from, to)).copied();
        let transport = match token {
            Some(_) => LinkTransport::Tcp,
            None => LinkTransport::Udp,
        };
        // A receiver cannot take it: this is the sender's error, and not a silent loss.
        if let Some(reason) = too_long(body.len(), transport) {
            let panicked = false;
            return Err(self.run.fail_sender(from, CallError { panicked, reason }));
        }
        if let Some(token) = token
            && let Some(Socket::Link(link)) = self.sockets.get_mut(token)
        {
            self.links.in_flight += 1;
            self.links.unchecked |= here;
            link.frames_sent += 1;
            let is_large = body.len() >= LARGE;
            let head = head.with_length(body.len());
            match message {
                Some(message) => link.stream.send_with_head(&head, number, message.payload),
                None => link.stream.send_parts(&head, body, &[]),
            }
            if is_large && let Some(direct) = link.stream.open_direct(Form::Link { from, to }) {
                self.run.world.transport.set_direct_sender(from, to, direct);
            }
            self.sockets.settle(token);
            return Ok(());
        }
        self.send_datagram(head, body);
        Ok(())
    }

    /// Goes on with a message that the direct writer of a connection has begun.
    fn send_rest(&mut self, from: u32, to: u32, number: u64, bytes: u64) {
        let here = self.is_here(to);
        if let Some(&token) = self.links.connections.get(&(from, to))
            && let Some(Socket::Link(link)) = self.sockets.get_mut(token)
        {
            self.links.in_flight += 1;
            self.links.unchecked |= here;
            link.frames_sent += 1;
            link.stream.take_rest(number, bytes);
            self.sockets.settle(token);
        }
    }

    fn send_datagram(&mut self, head: FrameHead, body: &[u8]) {
        let (from, to) = (head.from, head.to);
        if let Some((Some(token), _)) = self.links.datagrams.get(&from)
            && let Some((_, address)) = self.links.datagrams.get(&to)
            && let Some(Socket::Datagrams(socket)) = self.sockets.get_mut(*token)
        {
            let mut datagram = head.encode().to_vec();
            datagram.extend_from_slice(body);
            match socket.send_to(&datagram, address) {
                // The network loses other datagrams without an error.
                Err(_) if head.kind == FrameKind::Message => {
                    self.run
                        .record_loss(to, from, head.number, body.len() as u64);
                }
                _ => self.links.unchecked |= !self.run.world.transport.is_remote(to),
            }
        }
    }

    /// Closes the connections to the nodes of other processes, for those.
    pub(super) fn disconnect_peers(&mut self) {
        // What the behaviors sent in `stop` comes first.
        let _ = self.send_outgoing();
        let pairs: Vec<(u32, u32)> = self.links.all_connections().map(|(it, _)| it).collect();
        let world = &self.run.world;
        let open = pairs.into_iter().filter(|&(a, b)| world.is_connected(a, b));
        let open = open.collect();
        self.send_to_all(FrameKind::Close, |pair| BTreeSet::contains(&open, &pair));
    }

    /// Sends the nodes of other processes the end: no more messages follow.
    pub(super) fn send_ends(&mut self) {
        self.send_to_all(FrameKind::End, |_| true);
    }

    fn send_to_all(&mut self, kind: FrameKind, is_meant: impl Fn((u32, u32)) -> bool) {
        let sent = self.run.world.now();
        for ((from, to), token) in self.links.all_connections() {
            if is_meant((from, to))
                && let Some(Socket::Link(link)) = self.sockets.get_mut(token)
            {
                let head = FrameHead {
                    kind,
                    from,
                    to,
                    number: 0,
                    sent,
                };
                link.frames_sent += 1;
                link.stream.send_parts(&head.with_length(0), &[], &[]);
                self.sockets.settle(token);
            }
        }
    }

    pub(super) fn receive_from_node(&mut self, token: Token) -> Result<(), Failure> {
        let Some(Socket::Link(link)) = self.sockets.get_mut(token) else {
            return Ok(());
        };
        let pair = (link.near, link.far);
        let apart = self.run.world.transport.has_remote_nodes();
        let (run, in_flight) = (&mut self.run, &mut self.links.in_flight);
        let clock = self.clock;
        let mut over = false;
        let mut result = Ok(());
        let received = &mut link.frames_received;
        let reading = link.stream.read(|frame| {
            *in_flight = in_flight.saturating_sub(1);
            *received += 1;
            let decoded = FrameHead::decode(frame);
            over |= apart && decoded.is_some_and(|(head, _)| head.kind == FrameKind::End);
            if result.is_ok() {
                result = deliver(run, &clock, frame);
            }
            ControlFlow::Continue(())
        });
        result?;
        if over {
            self.links.unended.remove(&pair);
        }
        match reading {
            Reading::Open | Reading::Interrupted => Ok(()),
            Reading::Ended | Reading::Broken(_) => self.lose_node(token, pair),
        }
    }

    /// The process of the far node has closed the connection.
    fn lose_node(&mut self, token: Token, (near, far): (u32, u32)) -> Result<(), Failure> {
        has_arrived(&mut self.run, &self.clock);
        if let Some(Socket::Link(mut link)) = self.sockets.remove(token) {
            self.under_way.extend(link.take_under_way());
        }
        self.links.connections.remove(&(near, far));
        self.run.world.transport.remove_direct_sender(near, far);
        self.links.end_connections.remove(&(near, far));
        let died = self.links.unended.remove(&(near, far));
        match died && self.run.world.is_connected(near, far) {
            true => self.run.disconnect(near, far),
            false => Ok(()),
        }
    }

    pub(super) fn receive_datagrams(&mut self, token: Token) -> Result<(), Failure> {
        let mut buffer = vec![0; DATAGRAM_BUFFER];
        for _ in 0..DATAGRAM_BATCH {
            let Some(Socket::Datagrams(socket)) = self.sockets.get_mut(token) else {
                break;
            };
            match socket.recv_from(&mut buffer) {
                Ok((count, _)) => deliver(&mut self.run, &self.clock, &buffer[..count])?,
                Err(_) => break,
            }
        }
        Ok(())
    }
}

/// Passes the engine a frame or datagram of another node, which has just been read.
fn deliver<B: Behaviors, S: Sink>(
    run: &mut Run<B, S>,
    clock: &WallClock,
    frame: &[u8],
) -> Result<(), Failure> {
    let Some((head, body)) = FrameHead::decode(frame) else {
        return Ok(());
    };
    let nodes = run.world.roster().len();
    if head.to >= nodes || head.from >= nodes || run.world.transport.is_remote(head.to) {
        return Ok(());
    }
    has_arrived(run, clock);
    // The sender's clock may be ahead, and what was due before the end may be sent late.
    run.advance(SimTime(head.sent.0.saturating_add(1)));
    match head.kind {
        FrameKind::Message => run.deliver(head.to, head.from, head.number, body),
        FrameKind::Close => run.connection_changed(head.to, head.from, true),
        FrameKind::Open => run.connection_changed(head.to, head.from, false),
        FrameKind::Lost => {
            let size = body.try_into().map_or(0, u64::from_be_bytes);
            run.record_loss(head.to, head.from, head.number, size);
            Ok(())
        }
        FrameKind::End => Ok(()),
    }
}
