//! Before a run begins: listeners are opened, programs are started, nodes are
//! connected, in whatever order their peers are ready.

use std::net::SocketAddr;

use super::RealTime;
use super::clients::{Clients, DEFAULT_BUDGET};
use super::links::Links;
use super::programs::Programs;
use super::sockets::{Socket, Sockets};
use super::speakers::Speakers;
use crate::clock::WallClock;
use crate::lag::Lag;
use crate::links::LinkSockets;
use crate::programs::connection::START_PATIENCE;
use crate::programs::process;
use crate::setup::SetupError;
use crate::{links, listener};
use base::time::SimDuration;
use engine::behaviors::Behaviors;
use engine::run::Run;
use engine::sink::Sink;
use model::{ExitRule, LinkRule, LinkTransport, Transport};

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Opens every socket of a run and starts its programs.
    ///
    /// # Errors
    ///
    /// If that is not possible. Then nothing was run.
    pub fn new(run: Run<B, S>, rules: &[LinkRule], speed: f64) -> Result<Self, SetupError> {
        let mut this = RealTime::open(run, speed)?;
        let world = &this.run.world;
        let links = links::connect(world.roster(), world.topology(), rules, |node| {
            world.is_program(node)
        })?;
        let listening = this.listening.clone();
        this.link(links, &listening, rules)?;
        Ok(this)
    }

    /// The first half of [`RealTime::new`]: opens the listeners of the nodes that this
    /// process drives.
    ///
    /// # Errors
    ///
    /// If an address is in use, or not of this machine.
    pub fn open(run: Run<B, S>, speed: f64) -> Result<Self, SetupError> {
        let mut this = RealTime {
            run,
            speed,
            clock: WallClock::not_begun(speed),
            sockets: Sockets::new()?,
            links: Links::default(),
            clients: Clients::default(),
            programs: Programs::default(),
            input: None,
            by_hand: Default::default(),
            budget: DEFAULT_BUDGET as usize,
            open_ended: false,
            rest: None,
            lag: Lag::default(),
            listening: Vec::new(),
            under_way: Vec::new(),
            remarks: Vec::new(),
            speakers: Speakers::default(),
        };
        let listeners = listener::open_all(this.run.world.roster(), |node| this.is_here(node))?;
        this.open_ended = !listeners.is_empty();
        if this.open_ended {
            this.clients.sockets_max = links::max_sockets();
        }
        for listener in listeners {
            let name = this.run.world.roster().name(listener.node);
            let name = name.unwrap_or_default();
            this.remarks
                .push(format!("{name} listens on {}", listener.describe()));
            this.listening.push((name, listener.address));
            this.sockets.add(Socket::Listener(listener))?;
        }
        Ok(this)
    }

    /// The second half: takes the connections between the nodes, starts the programs
    /// of this process, and connects its nodes to programs. `listening` are all
    /// listening nodes of the scenario and their addresses.
    ///
    /// # Errors
    ///
    /// If a program cannot be started, or accepts no connection.
    pub fn link(
        &mut self,
        links: LinkSockets,
        listening: &[(String, SocketAddr)],
        rules: &[LinkRule],
    ) -> Result<(), SetupError> {
        self.programs.listening = listening.to_vec();
        let nodes = 0..self.run.world.roster().len();
        let is_program = |node| self.run.world.is_program(node);
        let mut away: Vec<bool> = nodes.clone().map(is_program).collect();
        self.open_ended |= nodes.clone().any(|node| self.may_always_send(node));
        self.start_programs()?;
        self.greet()?;
        self.add_links(links)?;
        self.connect_to_programs(&away)?;
        for (node, away) in nodes.zip(&mut away) {
            *away |= !self.is_here(node);
        }
        let uses_socket = |rule: &LinkRule| rule.link.transport != LinkTransport::Channel;
        self.run.world.transport.set_routes(
            true,
            rules.iter().map(uses_socket).collect(),
            match away.contains(&true) {
                true => away,
                false => Vec::new(),
            },
        );
        Ok(())
    }

    /// Whether something may come from a program at any time, also while no node has a
    /// connection to it. A server does nothing by itself: it is reached over TCP, and the
    /// runner either did not start it, or it must not end (`exit = "never"`).
    fn may_always_send(&self, node: u32) -> bool {
        let roster = self.run.world.roster();
        let group = &roster.groups()[roster.group_of(node)];
        let Some(program) = &group.program else {
            return false;
        };
        let over_tcp = matches!(&program.external, Some(it) if it.transport == Transport::Tcp);
        let stays = program.command.is_none() || program.exit == ExitRule::Never;
        !(over_tcp && stays)
    }

    fn start_programs(&mut self) -> Result<(), SetupError> {
        let roster = self.run.world.roster().clone();
        for node in 0..roster.len() {
            let group = &roster.groups()[roster.group_of(node)];
            let Some(program) = group.program.as_ref().filter(|_| self.is_here(node)) else {
                continue;
            };
            // One that speaks a protocol begins when its node does.
            let is_late = program.protocol.is_some() && group.start_at > SimDuration::ZERO;
            if program.command.is_some() && !is_late {
                let listening = &self.programs.listening;
                let started = process::start(node, program, &roster, listening)?;
                self.add_program(started)?;
            }
        }
        Ok(())
    }

    fn add_links(&mut self, links: LinkSockets) -> Result<(), SetupError> {
        let apart = self.run.world.transport.has_remote_nodes();
        for link in links.connections {
            let pair = (link.near, link.far);
            let token = self.sockets.add(Socket::Link(link))?;
            match links.datagram_pairs.contains(&pair) {
                true => self.links.end_connections.insert(pair, token),
                false => self.links.connections.insert(pair, token),
            };
            if apart {
                self.links.unended.insert(pair);
            }
        }
        for (node, (socket, address)) in links.datagrams {
            let token = self.sockets.add(Socket::Datagrams(socket))?;
            self.links.datagrams.insert(node, (Some(token), address));
        }
        for (node, address) in links.far_datagrams {
            self.links.datagrams.insert(node, (None, address));
        }
        Ok(())
    }

    fn connect_to_programs(&mut self, is_program: &[bool]) -> Result<(), SetupError> {
        let topology = self.run.world.topology().clone();
        for node in 0..self.run.world.roster().len() {
            if is_program[node as usize] || !self.is_here(node) {
                continue;
            }
            for peer in 0..topology.peer_count(node) {
                let end = topology.peer(node, peer);
                if let Some(end) = end.filter(|end| is_program[end.node as usize]) {
                    self.connect_to_program(node, end.node, START_PATIENCE)?;
                }
            }
        }
        Ok(())
    }
}
