//! How nodes begin, learn of one another, and end.

use analysis_log::{EventId, NO_PEER};

use super::Run;
use crate::behaviors::{Behaviors, Call, Failure};
use crate::queue::{Event, Sequence};
use crate::sink::Sink;
use crate::transport::Content;
use crate::world::{Node, Service};
use base::random::Purpose;
use base::time::{SimDuration, SimTime};
use model::Timing;

impl<B: Behaviors, S: Sink> Run<B, S> {
    /// Makes the nodes, starts them, and connects their peers: all that happens
    /// before the first event.
    ///
    /// # Errors
    ///
    /// When a behavior fails.
    pub fn start(&mut self) -> Result<(), Failure> {
        let groups = self.world.roster.groups().to_vec();
        for (index, group) in groups.iter().enumerate() {
            let nodes = self.world.roster.nodes(index);
            let handles_connections = self.behaviors.handles_connections(nodes.start);
            self.world
                .handles_connections
                .push(handles_connections && group.program.is_none());
            if group.program.is_some() {
                continue;
            }
            for node in nodes {
                if self.world.transport.is_remote(node) {
                    continue;
                }
                if matches!(group.timing, Timing::Server { .. }) {
                    let name = self.world.roster.stream_name(node).unwrap_or_default();
                    let stream = self.streams.node(Purpose::Service, &name);
                    self.world.service.insert(node, Service::new(stream));
                }
                if group.start_at == SimDuration::ZERO {
                    self.create(node)?;
                } else {
                    let at = SimTime::ZERO + group.start_at;
                    self.world.events.push(at, Event::Start { node });
                }
            }
        }
        self.schedule_faults()?;
        self.begun = true;
        // All exist before the first acts, so that it can reach the last.
        for node in 0..self.world.nodes.len() as u32 {
            if self.world.nodes[node as usize].up {
                self.call_start(node)?;
            }
        }
        for (index, handles_connections) in self
            .world
            .handles_connections
            .clone()
            .into_iter()
            .enumerate()
        {
            for node in self
                .world
                .roster
                .nodes(index)
                .filter(|_| handles_connections)
            {
                self.connect_peers(node)?;
            }
        }
        Ok(())
    }

    /// A node that wants to know learns which of its peers are there.
    fn connect_peers(&mut self, node: u32) -> Result<(), Failure> {
        for peer in 0..self.world.peer_count(node) {
            if let Some(end) = self.world.network.topology.peer(node, peer)
                && self.is_there(end.node, node)
            {
                self.connect(node, end.node)?;
            }
        }
        Ok(())
    }

    /// Whether a node is there for one that starts now. Of one in another
    /// process it is known when it starts.
    fn is_there(&self, other: u32, node: u32) -> bool {
        if self.world.is_program(other) {
            return true;
        }
        match self.world.transport.is_remote(other) {
            true => self.starts_before(other, node),
            false => self.world.nodes[other as usize].up,
        }
    }

    /// Whether a node is up when another starts; at time 0 all start at once.
    fn starts_before(&self, other: u32, node: u32) -> bool {
        let roster = &self.world.roster;
        let start = |node: u32| roster.groups()[roster.group_of(node)].start_at;
        start(other) == SimDuration::ZERO || (start(other), other) < (start(node), node)
    }

    /// Those that hear of their peers' connections and have a link to a node.
    pub(super) fn connection_handlers(&self, node: u32) -> Vec<u32> {
        let mut connection_handlers = Vec::new();
        for (index, handles_connections) in self.world.handles_connections.iter().enumerate() {
            for other in self
                .world
                .roster
                .nodes(index)
                .filter(|_| *handles_connections)
            {
                let number = self.world.network.topology.peer_number(other, node);
                if other != node && number < self.world.peer_count(other) {
                    connection_handlers.push(other);
                }
            }
        }
        connection_handlers
    }

    /// A node that starts late, or anew: its peers learn of it, and it of them.
    /// `event` says which of the two.
    pub(super) fn begin_late(&mut self, node: u32, event: EventId) -> Result<(), Failure> {
        if self.world.transport.is_remote(node) {
            return Ok(());
        }
        self.create(node)?;
        let connection_handlers = self.connection_handlers(node);
        // Those in other processes learn of it before its first message comes.
        for &other in &connection_handlers {
            let late = event == EventId::START && self.starts_before(other, node);
            if self.world.transport.is_remote(other) && late {
                let now = self.world.now;
                self.world.depart(now, node, other, Content::Open);
            }
        }
        self.call_start_with(node, event)?;
        if self.world.handles_connections(node) {
            self.connect_peers(node)?;
        }
        for other in connection_handlers {
            self.connect(other, node)?;
        }
        Ok(())
    }

    /// A node learns that its connection to another, or to a stranger, opens;
    /// nothing happens to a node that does not want to know.
    ///
    /// # Errors
    ///
    /// When its behavior fails.
    pub fn connect(&mut self, node: u32, other: u32) -> Result<(), Failure> {
        let peer = self.world.network.topology.peer_number(node, other);
        self.connection(node, other, EventId::CONNECT, Call::Connect { peer })
    }

    /// As [`Run::connect`], for one that closes.
    ///
    /// # Errors
    ///
    /// When its behavior fails.
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
        let Node { up, paused, .. } = self.world.nodes[node as usize];
        if paused && (external || self.world.handles_connections(node)) {
            let late = match event {
                EventId::CONNECT => Event::Connect { node, other },
                _ => Event::Disconnect { node, other },
            };
            self.postpone(node, Sequence(0), late);
            return Ok(());
        }
        if up && (external || self.world.handles_connections(node)) {
            self.world.handled += 1;
            self.world.node = node;
            self.world.push_row(event, other, 0, 0);
            self.call(node, call)?;
        }
        Ok(())
    }

    pub(super) fn create(&mut self, node: u32) -> Result<(), Failure> {
        let mut name = self.world.roster.stream_name(node).unwrap_or_default();
        if let Some(life) = self.lives.get(&node) {
            // No node has a name with this sign.
            name = format!("{name}#{life}");
        }
        let random = self.streams.node(Purpose::Behavior, &name);
        self.world.node = node;
        self.behaviors
            .create(node, random, &mut self.world)
            .map_err(|error| self.failure("new", error))?;
        self.world.nodes[node as usize].up = true;
        Ok(())
    }

    pub(super) fn call_start(&mut self, node: u32) -> Result<(), Failure> {
        self.call_start_with(node, EventId::START)
    }

    fn call_start_with(&mut self, node: u32, event: EventId) -> Result<(), Failure> {
        self.world.node = node;
        self.world.push_row(event, NO_PEER, 0, 0);
        self.call(node, Call::Start)
    }

    /// Every node that is up learns that the run is over.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        for node in 0..self.world.nodes.len() as u32 {
            if self.world.nodes[node as usize].up {
                self.world.node = node;
                self.world.push_row(EventId::STOP, NO_PEER, 0, 0);
                self.call(node, Call::Stop)?;
            }
        }
        Ok(())
    }
}
