//! The state of a run that behaviors act on: time, nodes, messages, links.
//!
//! A callback gets the [`World`] and changes it only by *effects*: [`World::send`],
//! [`World::set_timer`] and so on. An effect enqueues; it never runs another
//! behavior. So a step is atomic, and its effects keep their order.

mod connections;
mod timers;

use std::collections::{BTreeMap, HashMap, HashSet};

use analysis_log::{EventId, NO_PEER, Row};

use crate::clocks::Clocks;
use crate::conservation::Conservation;
use crate::message::{Inbox, MessageId, Messages};
use crate::network::{Network, Verdict};
use crate::queue::{Event, EventQueue, Sequence};
use crate::sink::Sink;
use crate::topology::{LinkEnd, Topology};
use crate::transport::{Content, Outgoing, Transport};
use base::random::Random;
use base::time::SimTime;
use model::Timing;
use model::roster::Roster;

/// Everything of a run but its behaviors' states.
#[derive(Debug)]
pub struct World<S> {
    pub(super) now: SimTime,
    /// The node whose step it is.
    pub(super) node: u32,
    pub(super) nodes: Vec<Node>,
    pub(super) messages: Messages,
    pub(super) events: EventQueue,
    pub(super) network: Network,
    pub(super) roster: Roster,
    /// Inbox limit of each group.
    pub(super) limits: Vec<u32>,
    /// The event that a pending timer waits for.
    timers: HashMap<(u32, u64), Sequence>,
    /// What its node's clock has come to when a pending timer is due; empty where
    /// clocks show true time.
    readings: BTreeMap<(u32, u64), i128>,
    /// The nodes' own clocks.
    pub(super) clocks: Clocks,
    /// What server nodes are at.
    pub(super) service: HashMap<u32, Service>,
    /// The rows of the step under way.
    rows: Vec<Row>,
    /// Pairs of nodes whose connection one of them closed, lower index first.
    closed: HashSet<(u32, u32)>,
    /// What a node must learn of its peers' connections, by group.
    pub(super) handles_connections: Vec<bool>,
    /// The ways out of the process.
    pub transport: Transport,
    pub(super) stop: Option<String>,
    pub(super) handled: u64,
    pub(super) sent: u64,
    /// Copies that links made.
    duplicated: u64,
    /// Messages that nodes handled.
    pub(super) delivered: u64,
    dropped: u64,
    /// Messages that came over wires, and that went.
    pub(super) entered: u64,
    pub(super) left: u64,
    /// Where records go.
    pub sink: S,
}

/// One node, as the engine sees it: half a cache line, and never across two.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(super) struct Node {
    pub step: u64,
    pub sent: u64,
    pub inbox: Inbox,
    pub kind: NodeKind,
    pub up: bool,
    /// A server that is at work on the head of its inbox.
    pub busy: bool,
    /// A fault lets it do nothing.
    pub paused: bool,
}

/// What a server is at.
#[derive(Debug)]
pub(super) struct Service {
    pub stream: Random,
    /// When it has handled the head of its inbox, if it is busy.
    pub due: SimTime,
    /// The event of that.
    pub event: Option<Sequence>,
}

impl Service {
    pub(super) fn new(stream: Random) -> Service {
        Service {
            stream,
            due: SimTime::ZERO,
            event: None,
        }
    }
}

/// How a node comes to act on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    Clocked,
    Server,
    EventDriven,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// True time `[ns]`.
    pub time_ns: u64,
    /// The step of a node.
    pub step: u64,
    /// Events that were handled.
    pub events: u64,
    /// Messages that were sent.
    pub messages: u64,
}

/// A behavior sent to a peer that it has no link to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLink;

impl<S: Sink> World<S> {
    pub(super) fn new(roster: Roster, network: Network, clocks: Clocks, sink: S) -> World<S> {
        let mut nodes = Vec::with_capacity(roster.len() as usize);
        for group in roster.groups() {
            let kind = match group.timing {
                Timing::Clocked { .. } => NodeKind::Clocked,
                Timing::Server { .. } => NodeKind::Server,
                Timing::EventDriven => NodeKind::EventDriven,
            };
            let node = Node {
                step: 0,
                sent: 0,
                inbox: Inbox::EMPTY,
                kind,
                up: false,
                busy: false,
                paused: false,
            };
            nodes.extend(std::iter::repeat_n(node, group.count as usize));
        }
        let limits = roster
            .groups()
            .iter()
            .map(|group| group.inbox_limit.unwrap_or(u32::MAX))
            .collect();
        World {
            now: SimTime::ZERO,
            node: 0,
            nodes,
            messages: Messages::new(),
            events: EventQueue::default(),
            network,
            roster,
            limits,
            timers: HashMap::new(),
            readings: BTreeMap::new(),
            clocks,
            service: HashMap::new(),
            rows: Vec::new(),
            closed: HashSet::new(),
            handles_connections: Vec::new(),
            transport: Transport::default(),
            stop: None,
            handled: 0,
            sent: 0,
            duplicated: 0,
            delivered: 0,
            dropped: 0,
            entered: 0,
            left: 0,
            sink,
        }
    }

    /// True time.
    #[inline]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// How far the run is, and which step this node is at.
    #[inline]
    pub fn progress(&self, node: u32) -> Progress {
        Progress {
            time_ns: self.now.0,
            step: self.nodes.get(node as usize).map_or(0, |node| node.step),
            events: self.handled,
            messages: self.sent,
        }
    }

    /// The node's own clock: what its behavior takes for the time.
    #[inline]
    pub fn local_time(&self, node: u32) -> SimTime {
        self.clocks.read(node, self.now)
    }

    /// Who is who.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Who is linked to whom.
    pub fn topology(&self) -> &Topology {
        &self.network.topology
    }

    /// Whether anything waits to be carried out of the process.
    pub fn has_outgoing(&self) -> bool {
        !self.transport.outgoing.is_empty()
    }

    /// Takes what waits to be carried out of the process.
    pub fn take_outgoing(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.transport.outgoing)
    }

    /// The name of a stranger, by its index past the nodes.
    pub fn external_peer_name(&self, external: u32) -> &str {
        let index = external.wrapping_sub(self.roster.len()) as usize;
        self.transport
            .external_peers()
            .get(index)
            .map_or("", String::as_str)
    }

    /// Whether a message of this sender waits in a node's inbox; looks at each
    /// message there.
    pub fn has_waiting(&self, node: u32, from: u32) -> bool {
        let inbox = &self.nodes[node as usize].inbox;
        inbox.holds_one_of(from, &self.messages)
    }

    /// Writes a line into a node's output that its behavior did not print.
    pub fn print_for(&mut self, node: u32, line: &str) {
        self.sink.print(self.now, node, line);
    }

    /// Number of linked peers of a node.
    #[inline]
    pub fn peer_count(&self, node: u32) -> u32 {
        self.network.topology.peer_count(node)
    }

    /// The name of a node's peer, if there is one of that number.
    pub fn peer_name(&self, node: u32, peer: u32) -> Option<String> {
        let nodes = self.roster.len();
        let all = nodes + self.transport.external_peers().len() as u32;
        let other = self.network.topology.node_of(node, peer, all)?;
        match other.checked_sub(nodes) {
            Some(external) => self
                .transport
                .external_peers()
                .get(external as usize)
                .cloned(),
            None => self.roster.name(other),
        }
    }

    /// Hands bytes to the acting node's link to a peer.
    ///
    /// # Errors
    ///
    /// When it has no link to that peer; nothing was sent.
    #[inline]
    pub fn send(&mut self, peer: u32, bytes: &[u8]) -> Result<(), NoLink> {
        let from = self.node;
        let Some(to) = self.network.topology.peer(from, peer) else {
            return self.send_outside(peer, bytes);
        };
        if !self.closed.is_empty() {
            self.reopen(from, to);
        }
        let sender = &mut self.nodes[from as usize];
        sender.sent += 1;
        self.sent += 1;
        let number = sender.sent;
        self.push_row(EventId::SEND, to.node, number, bytes.len() as u64);
        match self.network.send(&self.roster, from, to, self.now) {
            Verdict::Lost => self.lose(to.node, from, number, bytes.len() as u64),
            Verdict::Arrives(time) => self.forward(from, to, number, bytes, time),
            Verdict::Elaborate => self.pass(from, to, number, bytes),
        }
        Ok(())
    }

    /// Lets a message arrive at its time, or leave the process then.
    #[inline(always)]
    fn forward(&mut self, from: u32, to: LinkEnd, number: u64, bytes: &[u8], time: SimTime) {
        let message = self.messages.add(from, number, bytes);
        if self.transport.leaves_process(to) {
            self.depart(time, from, to.node, Content::Message(message));
            return;
        }
        let target = &mut self.nodes[to.node as usize];
        // What would happen next anyway may happen at once: an arrival at a
        // clocked node only enqueues, and nothing is due before it.
        let at_once = time == self.now
            && target.kind == NodeKind::Clocked
            && self.events.next_time() > self.now;
        if at_once {
            self.arrive(to.node, message);
        } else {
            let node = to.node;
            self.events.push(time, Event::Arrival { node, message });
        }
    }

    /// Sends a message over a link that may do more than delay and lose it.
    #[cold]
    fn pass(&mut self, from: u32, to: LinkEnd, number: u64, bytes: &[u8]) {
        let size = bytes.len() as u64;
        let passage = self.network.pass(&self.roster, from, to, size, self.now);
        let Some(arrival) = passage.arrival else {
            return self.lose(to.node, from, number, size);
        };
        let mut changed;
        let mut bytes = bytes;
        if let Some(change) = passage.change {
            changed = bytes.to_vec();
            change.apply(&mut changed);
            bytes = &changed;
        }
        self.forward(from, to, number, bytes, arrival);
        if let Some(copy) = passage.copy {
            self.duplicated += 1;
            self.forward(from, to, number, bytes, copy);
        }
    }

    /// Hands bytes to a peer that is no node of the scenario.
    #[cold]
    fn send_outside(&mut self, peer: u32, bytes: &[u8]) -> Result<(), NoLink> {
        let from = self.node;
        let to = self.external_peer(peer).ok_or(NoLink)?;
        let sender = &mut self.nodes[from as usize];
        sender.sent += 1;
        self.sent += 1;
        let number = sender.sent;
        self.push_row(EventId::SEND, to, number, bytes.len() as u64);
        if self.transport.send_directly(from, to, number, bytes) {
            self.left += 1;
            return Ok(());
        }
        let message = self.messages.add(from, number, bytes);
        self.depart(self.now, from, to, Content::Message(message));
        Ok(())
    }

    /// The index of a stranger that is a peer of the acting node.
    fn external_peer(&self, peer: u32) -> Option<u32> {
        let nodes = self.roster.len();
        let all = nodes + self.transport.external_peers().len() as u32;
        let other = self.network.topology.node_of(self.node, peer, all)?;
        (other >= nodes).then_some(other)
    }

    /// Sends something out of the process at its time.
    pub(super) fn depart(&mut self, time: SimTime, from: u32, to: u32, what: Content) {
        let outgoing = Outgoing { from, to, what };
        if time <= self.now {
            self.transport.outgoing.push(outgoing);
        } else {
            let delayed = self.transport.delay(outgoing);
            self.events.push(time, Event::Depart { delayed });
        }
    }

    /// Whether a node is a program that somebody else wrote.
    pub fn is_program(&self, node: u32) -> bool {
        let group = self.roster.group_of(node);
        self.roster.groups()[group].program.is_some()
    }

    /// A node has crashed: its timers, its service and its messages are gone.
    pub(super) fn forget(&mut self, node: u32) {
        self.timers.retain(|&(owner, _), _| owner != node);
        let own: Vec<_> = self.readings.range((node, 0)..=(node, u64::MAX)).collect();
        let own: Vec<(u32, u64)> = own.into_iter().map(|(&key, _)| key).collect();
        for key in own {
            self.readings.remove(&key);
        }
        if let Some(service) = self.service.get_mut(&node) {
            service.event = None;
        }
        let mut inbox = self.nodes[node as usize].inbox;
        while let Some(lost) = inbox.pop(&mut self.messages) {
            self.nodes[node as usize].inbox = inbox;
            self.dropped += 1;
            let size = lost.payload.as_slice().len() as u64;
            self.drop_row(node, lost.from, lost.number, size);
        }
    }

    /// Writes a row with one of the behavior's own words.
    #[inline]
    pub fn record(&mut self, word: u32) {
        self.push_row(EventId::own(word), NO_PEER, 0, 0);
    }

    /// Prints a line into the acting node's output.
    pub fn print(&mut self, line: &str) {
        self.sink.print(self.now, self.node, line);
    }

    /// Ends the run after this step; the first reason counts.
    pub fn stop_run(&mut self, reason: &str) {
        self.stop.get_or_insert_with(|| reason.to_owned());
    }

    /// A message reaches its destination's inbox. Answers whether it waits there.
    #[inline]
    pub(super) fn arrive(&mut self, node: u32, message: MessageId) -> bool {
        self.handled += 1;
        let target = &mut self.nodes[node as usize];
        let room = match self.limits.len() {
            1 => self.limits[0],
            _ => self.limits[self.roster.group_of(node)],
        };
        if target.up && target.inbox.len() < room {
            target.inbox.push(message, &mut self.messages);
            return true;
        }
        let lost = self.messages.take(message);
        self.dropped += 1;
        let size = lost.payload.as_slice().len() as u64;
        self.drop_row(node, lost.from, lost.number, size);
        false
    }

    /// What became of the messages up to now.
    pub fn conservation(&self) -> Conservation {
        Conservation {
            sent: self.sent,
            duplicated: self.duplicated,
            entered: self.entered,
            delivered: self.delivered,
            dropped: self.dropped,
            in_flight: self.messages.len() as u64,
            left: self.left,
        }
    }

    /// Adds a row to the step under way.
    #[inline]
    pub(super) fn push_row(&mut self, event: EventId, peer: u32, message: u64, bytes: u64) {
        if S::WANTS_ROWS {
            let node = &self.nodes[self.node as usize];
            self.rows.push(Row {
                time_ns: self.now.0,
                step: node.step,
                node: self.node,
                event,
                peer,
                message,
                bytes,
                queue: u64::from(node.inbox.len()),
            });
        }
    }

    /// A message to `node` is lost; who keeps its log learns of it.
    pub(super) fn lose(&mut self, node: u32, from: u32, number: u64, bytes: u64) {
        self.dropped += 1;
        self.report_lost(node, from, number, bytes);
    }

    /// Who keeps a node's log learns of a message to it that is lost, and counted.
    pub(super) fn report_lost(&mut self, node: u32, from: u32, number: u64, bytes: u64) {
        if self.transport.is_remote(node) {
            self.depart(self.now, from, node, Content::Lost { number, bytes });
        } else {
            self.drop_row(node, from, number, bytes);
        }
    }

    /// A message of `node` to a stranger will never reach it: a row in the log of
    /// the node, since a stranger has none.
    pub(super) fn lose_outside(&mut self, node: u32, to: u32, number: u64, bytes: u64) {
        self.drop_row(node, to, number, bytes);
    }

    /// A message to `node` is lost: a row in the log of the node it was for.
    pub(super) fn drop_row(&mut self, node: u32, from: u32, number: u64, bytes: u64) {
        if S::WANTS_ROWS {
            let target = &self.nodes[node as usize];
            self.rows.push(Row {
                time_ns: self.now.0,
                step: target.step,
                node,
                event: EventId::DROP,
                peer: from,
                message: number,
                bytes,
                queue: u64::from(target.inbox.len()),
            });
        }
    }

    /// Whether the step under way has written no row yet.
    #[inline]
    pub(super) fn wrote_nothing(&self) -> bool {
        self.rows.is_empty()
    }

    /// Hands the step's rows to the sink, with the columns as they are now.
    #[inline]
    pub(super) fn end_step<B: crate::behaviors::Behaviors>(&mut self, behaviors: &B) {
        if S::WANTS_ROWS {
            for row in self.rows.drain(..) {
                self.sink.row(&row, behaviors.columns(row.node));
            }
        }
    }
}

/// Both ends of a connection, whoever acts.
fn pair(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}
