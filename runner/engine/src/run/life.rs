//! How nodes start, are connected, and stop.

use std::ops::Range;

use analysis_log::{EventId, NO_PEER};

use super::Run;
use crate::behaviors::{Behaviors, Call, Failure};
use crate::queue::{Event, Sequence};
use crate::sink::Sink;
use crate::transport::Content;
use crate::world::Service;
use base::callback::Callback;
use base::random::Purpose;
use base::time::{SimDuration, SimTime};
use model::{Group, Timing};
use tracing::debug;

impl<B: Behaviors, S: Sink> Run<B, S> {
    /// Creates the nodes, starts them, and connects their peers: all that happens before
    /// the first event.
    ///
    /// # Errors
    ///
    /// If a behavior fails.
    pub fn start(&mut self) -> Result<(), Failure> {
        let groups = self.world.roster.groups().to_vec();
        for (index, group) in groups.iter().enumerate() {
            let nodes = self.world.roster.nodes(index);
            let handles = self.behaviors.handles_connections(nodes.start);
            let is_program = group.is_outside();
            self.world.add_connection_handling(handles && !is_program);
            if !is_program {
                self.create_group(group, nodes)?;
            }
        }
        self.schedule_faults()?;
        self.started = true;
        // All are created before the first acts, so that it can send to the last.
        for node in 0..self.world.nodes.len() {
            if self.world.nodes[node].up && !self.hold_start(node, EventId::START) {
                self.call_start(node, EventId::START)?;
            }
        }
        for node in self.nodes_that_handle_connections() {
            if !self.is_start_held(node) {
                self.connect_peers(node)?;
            }
        }
        Ok(())
    }

    /// Creates the nodes of a group that this process drives, or schedules their start.
    fn create_group(&mut self, group: &Group, nodes: Range<u32>) -> Result<(), Failure> {
        for node in nodes {
            if self.world.transport.is_remote(node) {
                continue;
            }
            if matches!(group.timing, Timing::Server { .. }) {
                let name = self.world.roster.stream_name(node).unwrap_or_default();
                let stream = self.streams.node(Purpose::Service, &name);
                let service = Service::new(stream);
                self.world.nodes.services.insert(node, service);
            }
            if group.start_at == SimDuration::ZERO {
                self.create(node)?;
            } else {
                let at = SimTime::ZERO + group.start_at;
                self.world.events.push(at, Event::Start { node });
            }
        }
        Ok(())
    }

    /// The nodes whose behaviors handle connections.
    fn nodes_that_handle_connections(&self) -> Vec<u32> {
        let groups = self.world.connection_handling().iter().enumerate();
        groups
            .filter(|(_, handles)| **handles)
            .flat_map(|(index, _)| self.world.roster.nodes(index))
            .collect()
    }

    /// Notifies a node of each of its peers that is up.
    fn connect_peers(&mut self, node: u32) -> Result<(), Failure> {
        for peer in 0..self.world.peer_count(node) {
            if let Some(end) = self.world.network.topology.peer(node, peer)
                && self.is_up_for(end.node, node)
            {
                self.connect(node, end.node)?;
            }
        }
        Ok(())
    }

    /// Whether `other` is up when `node` starts. For a node of another process, this
    /// follows from the scenario.
    fn is_up_for(&self, other: u32, node: u32) -> bool {
        if self.world.is_program(other) {
            return true;
        }
        match self.world.transport.is_remote(other) {
            true => self.starts_before(other, node) && self.faults.crash_of(other).is_none(),
            false => self.world.nodes[other].up && !self.is_start_held(other),
        }
    }

    /// Whether `other` starts before `node`; at time 0 all start at once.
    fn starts_before(&self, other: u32, node: u32) -> bool {
        let roster = &self.world.roster;
        let start = |node: u32| roster.groups()[roster.group_of(node)].start_at;
        start(other) == SimDuration::ZERO || (start(other), other) < (start(node), node)
    }

    /// The nodes that handle connections and have a link to a node.
    pub(super) fn connection_handlers(&self, node: u32) -> Vec<u32> {
        let mut handlers = self.nodes_that_handle_connections();
        handlers.retain(|&other| {
            let number = self.world.network.topology.peer_number(other, node);
            other != node && number < self.world.peer_count(other)
        });
        handlers
    }

    /// Starts a node after the beginning of the run, for the first time or again (`event`
    /// is START or RESTART). A crash or a pause that holds then holds up the start.
    pub(super) fn start_late(&mut self, node: u32, event: EventId) -> Result<(), Failure> {
        if self.world.transport.is_remote(node) || self.stays_down(node, event) {
            return Ok(());
        }
        self.create(node)?;
        self.count_drift(node);
        self.pause_at_start(node);
        if self.hold_start(node, event) {
            return Ok(());
        }
        let announce = event == EventId::START;
        self.begin(node, event, announce)
    }

    /// A node begins to act. The node and its peers are notified of each other; those of
    /// other processes only with `announce`, since they know of restarts by themselves.
    pub(super) fn begin(
        &mut self,
        node: u32,
        event: EventId,
        announce: bool,
    ) -> Result<(), Failure> {
        let connection_handlers = self.connection_handlers(node);
        // Nodes of other processes are notified before its first message arrives.
        for &other in &connection_handlers {
            let late = announce && self.starts_before(other, node);
            if self.world.transport.is_remote(other) && late {
                let now = self.world.now;
                self.world.depart(now, node, other, Content::Open);
            }
        }
        self.call_start(node, event)?;
        if self.world.handles_connections(node) {
            self.connect_peers(node)?;
        }
        for other in connection_handlers {
            self.connect(other, node)?;
        }
        Ok(())
    }

    /// Notifies a node that a connection opens: to an external peer, or to another node if
    /// its behavior handles connections.
    ///
    /// # Errors
    ///
    /// If its behavior fails.
    pub fn connect(&mut self, node: u32, other: u32) -> Result<(), Failure> {
        let peer = self.world.network.topology.peer_number(node, other);
        self.connection(node, other, EventId::CONNECT, Call::Connect { peer })
    }

    /// As [`Run::connect`], for a connection that closes.
    ///
    /// # Errors
    ///
    /// If its behavior fails.
    pub fn disconnect(&mut self, node: u32, other: u32) -> Result<(), Failure> {
        let peer = self.world.network.topology.peer_number(node, other);
        self.connection(node, other, EventId::DISCONNECT, Call::Disconnect { peer })
    }

    fn connection(
        &mut self,
        node: u32,
        other: u32,
        event: EventId,
        call: Call<'_>,
    ) -> Result<(), Failure> {
        let external = other >= self.world.roster.len();
        if !external && !self.world.handles_connections(node) {
            return Ok(());
        }
        let state = &self.world.nodes[node];
        if state.paused && !external && self.is_start_held(node) {
            // It connects to all its peers when it begins.
        } else if state.paused {
            let postponed = match event {
                EventId::CONNECT => Event::Connect { node, other },
                _ => Event::Disconnect { node, other },
            };
            self.postpone(node, Sequence(0), postponed);
        } else if state.up {
            self.world.counts.events += 1;
            self.world.node = node;
            self.world.push_row(event, other, 0, 0);
            self.call(node, call)?;
        }
        Ok(())
    }

    /// The name of the stream of a node's behavior, in its present life.
    pub(super) fn stream_name(&self, node: u32) -> String {
        let name = self.world.roster.stream_name(node).unwrap_or_default();
        match self.lives.get(&node) {
            // No node's name contains `#`.
            Some(life) => format!("{name}#{life}"),
            None => name,
        }
    }

    pub(super) fn create(&mut self, node: u32) -> Result<(), Failure> {
        let name = self.stream_name(node);
        let random = self.streams.node(Purpose::Behavior, &name);
        self.world.node = node;
        self.behaviors
            .create(node, random, &mut self.world)
            .map_err(|error| self.failure(Callback::New.name(), error))?;
        self.world.nodes[node].up = true;
        Ok(())
    }

    /// Drops the state of a node, if it has one.
    pub(super) fn destroy(&mut self, node: u32) -> Result<(), Failure> {
        let destroyed = self.behaviors.destroy(node, &self.world);
        destroyed.map_err(|error| self.failure_of(node, Callback::Drop.name(), error))
    }

    /// Drops the states of all nodes. Returns the first failure.
    pub(super) fn destroy_all(&mut self) -> Result<(), Failure> {
        let mut result = Ok(());
        for node in 0..self.world.nodes.len() {
            let destroyed = self.destroy(node);
            if let Err(failure) = &destroyed {
                debug!(target: "engine", %failure, "a state could not be dropped");
            }
            result = result.and(destroyed);
        }
        result
    }

    fn call_start(&mut self, node: u32, event: EventId) -> Result<(), Failure> {
        self.world.node = node;
        self.world.push_row(event, NO_PEER, 0, 0);
        self.call(node, Call::Start)
    }

    /// Calls `stop` of every node that is up.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        for node in 0..self.world.nodes.len() {
            if self.world.nodes[node].up && !self.is_start_held(node) {
                self.world.node = node;
                self.world.push_row(EventId::STOP, NO_PEER, 0, 0);
                self.call(node, Call::Stop)?;
            }
        }
        Ok(())
    }
}
