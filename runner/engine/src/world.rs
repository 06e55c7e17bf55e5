//! The state of a run that behaviors act on: time, nodes, messages, links.
//!
//! A callback gets the [`World`] and changes it only by *effects*: [`World::send`],
//! [`World::set_timer`] and so on. An effect adds an event or a record; it never runs
//! another behavior. So a step is atomic, and its effects keep their order.
//!
//! The modules below each hold one part of the state with the methods that act on it.
//! Start with `sending`.

mod connections;
mod nodes;
mod records;
mod sending;
mod timers;
mod waits;

use analysis_log::Row;

use crate::clocks::Clocks;
use crate::conservation::Conservation;
use crate::message::Messages;
use crate::network::Network;
use crate::queue::EventQueue;
use crate::sink::Sink;
use crate::topology::Topology;
use crate::transport::{Content, Outgoing, Transport};
use crate::waiting::WaitingTimes;
use base::time::SimTime;
use connections::Connections;
use model::BehaviorName;
use model::roster::Roster;
use nodes::Nodes;
pub(super) use nodes::{NodeKind, Service};
use timers::Timers;

/// Everything of a run except the states of its behaviors.
#[derive(Debug)]
pub struct World<S> {
    pub(super) now: SimTime,
    /// The acting node.
    pub(super) node: u32,
    pub(super) nodes: Nodes,
    /// Messages on links and in inboxes.
    pub(super) messages: Messages,
    pub(super) events: EventQueue,
    pub(super) network: Network,
    pub(super) roster: Roster,
    /// The nodes' own clocks.
    pub(super) clocks: Clocks,
    timers: Timers,
    connections: Connections,
    /// What leaves the process.
    pub transport: Transport,
    /// What the behaviors ask of the run.
    pub(super) requests: Requests,
    pub(super) counts: Counts,
    /// The rows of the current step.
    rows: Vec<Row>,
    /// Where records go.
    pub sink: S,
}

/// What behaviors ask of the run.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Why a behavior stopped the run, if one did.
    pub stop: Option<String>,
    /// Whether the behavior rejects the message of the current step.
    pub rejects: bool,
}

/// What has happened so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Ticks, arrivals, timers and so on that were handled.
    pub events: u64,
    /// What became of messages; `in_flight` is not kept here.
    pub messages: Conservation,
    /// How long messages wait; empty if the sink takes no rows.
    pub waiting: WaitingTimes,
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// True time `[ns]`.
    pub time_ns: u64,
    /// The step of a node.
    pub step: u64,
    /// Number of events that were handled.
    pub events: u64,
    /// Number of messages that were sent.
    pub messages: u64,
}

/// A node sent to a peer that it has no link to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLink;

impl<S: Sink> World<S> {
    pub(super) fn new(roster: Roster, network: Network, clocks: Clocks, sink: S) -> World<S> {
        let waiting = WaitingTimes::new(if S::WANTS_ROWS { roster.len() } else { 0 });
        World {
            now: SimTime::ZERO,
            node: 0,
            nodes: Nodes::new(&roster),
            messages: Messages::new(),
            events: EventQueue::default(),
            network,
            roster,
            clocks,
            timers: Timers::default(),
            connections: Connections::default(),
            transport: Transport::default(),
            requests: Requests::default(),
            counts: Counts {
                waiting,
                ..Counts::default()
            },
            rows: Vec::new(),
            sink,
        }
    }

    /// True time.
    #[inline]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// The progress of the run, with the step of this node.
    #[inline]
    pub fn progress(&self, node: u32) -> Progress {
        Progress {
            time_ns: self.now.0,
            step: self.nodes.get(node).map_or(0, |node| node.step),
            events: self.counts.events,
            messages: self.counts.messages.sent,
        }
    }

    /// The node's own clock: the time that its behavior sees.
    #[inline]
    pub fn local_time(&self, node: u32) -> SimTime {
        self.clocks.read(node, self.now)
    }

    /// The names and groups of the nodes.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The links between the nodes.
    pub fn topology(&self) -> &Topology {
        &self.network.topology
    }

    /// Whether a node is a program outside of the engine. One that speaks a protocol is not.
    pub fn is_program(&self, node: u32) -> bool {
        let group = self.roster.group_of(node);
        self.roster.groups()[group].is_outside()
    }

    /// Whether a node is a process of its own, in the engine or outside of it.
    pub fn has_process(&self, node: u32) -> bool {
        let group = self.roster.group_of(node);
        self.roster.groups()[group].program.is_some()
    }

    /// Number of linked peers of a node.
    #[inline]
    pub fn peer_count(&self, node: u32) -> u32 {
        self.network.topology.peer_count(node)
    }

    /// The name of a node's peer of this number: a node, linked or not, or an external
    /// peer.
    pub fn peer_name(&self, node: u32, peer: u32) -> Option<String> {
        let other = self.index_of_peer(node, peer)?;
        match other.checked_sub(self.roster.len()) {
            Some(external) => {
                let names = self.transport.external_peers();
                names.get(external as usize).cloned()
            }
            None => self.roster.name(other),
        }
    }

    /// The behavior of a node's peer of this number, and how many peers from this one on
    /// have the same behavior: at least 1.
    pub fn peer_behavior(&self, node: u32, peer: u32) -> (Option<&BehaviorName>, u32) {
        let nodes = self.roster.len();
        let other = self.index_of_peer(node, peer).filter(|&it| it < nodes);
        let Some(other) = other else {
            return (None, 1);
        };
        let group = self.roster.group_of(other);
        let of_group = self.roster.nodes(group).end - other;
        let alike = self.topology().successive(node, peer).min(of_group);
        (self.roster.groups()[group].behavior.as_ref(), alike)
    }

    /// The name of an external peer, by its index after the nodes; empty if there is
    /// none.
    pub fn external_peer_name(&self, external: u32) -> &str {
        let index = external.wrapping_sub(self.roster.len()) as usize;
        let names = self.transport.external_peers();
        names.get(index).map_or("", String::as_str)
    }

    /// The external peer behind a peer number of the acting node, by its index after
    /// the nodes.
    fn external_peer(&self, peer: u32) -> Option<u32> {
        let other = self.index_of_peer(self.node, peer)?;
        (other >= self.roster.len()).then_some(other)
    }

    /// The index of a peer: external peers follow the nodes.
    pub fn index_of_peer(&self, node: u32, peer: u32) -> Option<u32> {
        let all = self.roster.len() + self.transport.external_peers().len() as u32;
        self.network.topology.node_of(node, peer, all)
    }

    /// Whether anything waits to leave the process.
    pub fn has_outgoing(&self) -> bool {
        !self.transport.outgoing.is_empty()
    }

    /// Memory of the messages on links, in inboxes, and on their way out; short messages
    /// do not count `[bytes]`.
    #[inline]
    pub fn message_bytes(&self) -> u64 {
        self.messages.block_bytes()
    }

    /// Whether a node's connection to a peer is to be closed by what waits to leave.
    pub fn is_closing(&self, node: u32, peer: u32) -> bool {
        let closes =
            |it: &Outgoing| (it.from, it.to) == (node, peer) && matches!(it.what, Content::Close);
        self.transport.outgoing.iter().rev().any(closes)
    }

    /// Takes what waits to leave the process.
    pub fn take_outgoing(&mut self) -> Vec<Outgoing> {
        std::mem::take(&mut self.transport.outgoing)
    }

    /// Whether a message of this sender waits in a node's inbox; linear in the number
    /// of messages there.
    pub fn has_waiting(&self, node: u32, from: u32) -> bool {
        self.nodes[node].inbox.holds_one_of(from, &self.messages)
    }

    /// Ends the run after this step; the first reason counts.
    pub fn stop_run(&mut self, reason: &str) {
        self.requests.stop.get_or_insert_with(|| reason.to_owned());
    }

    /// What has become of the messages so far.
    pub fn conservation(&self) -> Conservation {
        Conservation {
            in_flight: self.messages.len() as u64,
            ..self.counts.messages
        }
    }
}
