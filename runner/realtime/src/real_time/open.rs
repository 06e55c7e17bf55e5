//! Before a run begins: every socket opened, every program started and called,
//! every node connected, whatever order they come up in.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::{NO_SOCKET, READ, RealTime, Socket};
use crate::guests::DoorSocket;
use crate::lag::Lag;
use crate::links::Links;
use crate::programs::{Line, START_PATIENCE};
use crate::setup::SetupError;
use crate::sockets::Sockets;
use crate::{guests, links, programs};
use engine::behaviors::Behaviors;
use engine::run::Run;
use engine::sink::Sink;
use model::{LinkRule, LinkTransport};
use os::poller::{Interest, Poller, Token};

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
            gathers: false,
            gathered: Vec::new(),
            in_flight: 0,
            under_way: false,
            most_sockets: usize::MAX,
            shut: BTreeSet::new(),
            departing: BTreeMap::new(),
            heard: BTreeMap::new(),
            complaints: BTreeMap::new(),
            unended: BTreeSet::new(),
            input: None,
            open_ended: false,
            lag: Lag::default(),
            all_places: Vec::new(),
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
                .push(format!("{name} listens on {}", door.place()));
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
        self.all_places = places.to_vec();
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
    pub(super) fn is_here(&self, node: u32) -> bool {
        !self.run.world.wires.is_elsewhere(node)
    }

    pub(super) fn watch(&mut self, socket: Socket, interest: Interest) -> io::Result<Token> {
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
            Socket::Input(input) => self.poller.add(input, token, interest)?,
            Socket::Output(output) => self.poller.add(output, token, interest)?,
        }
        Ok(self.sockets.add(socket))
    }

    /// Opens a node's way to a program, if it has an address.
    pub(super) fn call(
        &mut self,
        node: u32,
        program: u32,
        patience: Duration,
    ) -> Result<(), SetupError> {
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
            max_message: external.max_message,
            socket,
        };
        let token = self.watch(Socket::Line(line), READ)?;
        self.lines.insert((node, program), token);
        Ok(())
    }
}
