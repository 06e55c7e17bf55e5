//! One run in virtual time: from event to event until nothing is due.

use std::sync::atomic::{AtomicBool, Ordering};

use analysis::log::{EventId, NO_PEER};

use crate::engine::behaviors::{Behaviors, Call, Failure, Fault};
use crate::engine::message::{INLINE, Message, MessageId};
use crate::engine::network::Network;
use crate::engine::queue::Event;
use crate::engine::roster::Roster;
use crate::engine::sink::Sink;
use crate::engine::ticks::{Clocked, Period, Ticks};
use crate::engine::wires::What;
use crate::engine::world::{Kind, World};
use crate::random::distribution::Distribution;
use crate::random::{Purpose, Random, Streams};
use crate::scenario::{Group, LinkRule, TickRule, Timing};
use crate::time::{SimDuration, SimTime};

/// One run, ready to go.
#[derive(Debug)]
pub struct Run<B, S> {
    /// What behaviors act on.
    pub world: World<S>,
    behaviors: B,
    ticks: Ticks,
    end: SimTime,
    limits: Limits,
    streams: Streams,
}

/// How a run came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// When it ended.
    pub end: SimTime,
    /// Why.
    pub reason: EndReason,
    /// Ticks, arrivals, timers and completed services that were handled.
    pub events: u64,
    /// Messages that were sent.
    pub messages: u64,
}

/// Why a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its duration was over.
    Duration,
    /// Nothing was left to happen.
    Idle,
    /// A behavior stopped it, for this reason.
    Stopped(String),
    /// Somebody stopped the runner.
    Interrupted,
    /// A behavior broke it.
    Failed(Failure),
    /// It passed a limit without coming to an end.
    Endless(String),
}

/// What bounds a run that would not end.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Events in a run without a duration.
    pub events: u64,
    /// Events at one instant.
    pub events_at_once: u64,
}

impl Default for Limits {
    /// A thousand million events, about half a minute, without a duration; a
    /// hundred million at one instant, more than the largest scenario has nodes.
    fn default() -> Limits {
        Limits {
            events: 1_000_000_000,
            events_at_once: 100_000_000,
        }
    }
}

/// Events between two looks at the stop flag.
const STOP_CHECK: u64 = 4096;

/// How many ticks ahead a node is looked up, and then its first message; found
/// by trying with a million nodes, where 8 to 24 and 4 to 8 are much alike.
const FAR: usize = 16;
const NEAR: usize = 6;

impl<B: Behaviors, S: Sink> Run<B, S> {
    /// A run of these nodes over these links, its draws from these streams.
    pub fn new(
        roster: Roster,
        rules: &[LinkRule],
        duration: Option<SimDuration>,
        streams: Streams,
        behaviors: B,
        sink: S,
    ) -> Run<B, S> {
        let network = Network::new(&roster, rules, &streams);
        let ticks = Ticks::new(clocked_nodes(&roster, &streams));
        Run {
            world: World::new(roster, network, sink),
            behaviors,
            ticks,
            end: duration.map_or(SimTime::NEVER, |span| SimTime::ZERO + span),
            limits: Limits::default(),
            streams,
        }
    }

    /// With other bounds for runs that would not end.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With these nodes alone; other processes drive the others, and they are
    /// reached over wires. Every node draws and acts as if all were here.
    pub fn only(mut self, nodes: &[u32]) -> Self {
        let mut elsewhere = vec![true; self.world.nodes.len()];
        for &node in nodes {
            elsewhere[node as usize] = false;
        }
        let mut clocked = clocked_nodes(&self.world.roster, &self.streams);
        clocked.retain(|clocked| !elsewhere[clocked.node as usize]);
        self.ticks = Ticks::new(clocked);
        self.world.wires.elsewhere = elsewhere;
        self
    }

    /// The nodes' behaviors, to be asked for their columns.
    pub fn behaviors(&self) -> &B {
        &self.behaviors
    }

    /// Runs to the end. The sink is in [`Run::world`] afterwards.
    pub fn go(&mut self, stop: &AtomicBool) -> Outcome {
        let ended = self.start().and_then(|()| self.events(stop));
        self.conclude(ended)
    }

    /// Stops the nodes of a run that has come to its end, or failed.
    pub fn conclude(&mut self, ended: Result<EndReason, Failure>) -> Outcome {
        let reason = ended
            .and_then(|reason| self.finish().map(|()| reason))
            .unwrap_or_else(EndReason::Failed);
        // What a failed step wrote before it failed is kept.
        self.world.end_step(&self.behaviors);
        Outcome {
            end: self.world.now,
            reason,
            events: self.world.handled,
            messages: self.world.sent,
        }
    }

    /// When the next thing is due; [`SimTime::NEVER`] if nothing is.
    pub fn next_due(&self) -> SimTime {
        self.world.events.next_time().min(self.ticks.next_time())
    }

    /// When the run ends at the latest.
    pub fn end(&self) -> SimTime {
        self.end
    }

    /// Moves true time on; it never goes back.
    pub fn advance(&mut self, now: SimTime) {
        self.world.now = self.world.now.max(now);
    }

    /// Does the next thing that is due, now.
    ///
    /// # Errors
    ///
    /// When a behavior fails.
    pub fn do_next(&mut self) -> Result<(), Failure> {
        if self.world.events.next_time() <= self.ticks.next_time() {
            self.next_event()
        } else {
            self.tick()
        }
    }

    /// A message that came over a wire reaches a node now. `from` is a node or a
    /// stranger, `number` its number for the message.
    ///
    /// # Errors
    ///
    /// When the node's behavior fails.
    pub fn deliver(
        &mut self,
        node: u32,
        from: u32,
        number: u64,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let target = &self.world.nodes[node as usize];
        if target.kind == Kind::EventDriven && target.up && bytes.len() > INLINE {
            // It would be laid down and taken up at once: no need to copy it.
            self.world.handled += 1;
            return self.handle(node, from, number, bytes);
        }
        let message = self.world.messages.add(from, number, bytes);
        self.arrival(node, message)
    }

    /// A wire tells that a node closes or opens its connection to one of ours.
    ///
    /// # Errors
    ///
    /// When the node's behavior fails.
    pub fn hear(&mut self, node: u32, other: u32, closes: bool) -> Result<(), Failure> {
        self.world.mark_closed(node, other, closes);
        match closes {
            true => self.disconnect(node, other),
            false => self.connect(node, other),
        }
    }

    /// A wire tells that a message to one of our nodes was lost.
    pub fn lose(&mut self, node: u32, from: u32, number: u64, bytes: u64) {
        self.world.lose(node, from, number, bytes);
        self.world.end_step(&self.behaviors);
    }

    /// A peer from outside appears; answers its index, past the nodes'.
    pub fn add_stranger(&mut self, name: &str) -> u32 {
        self.world.sink.stranger(name);
        self.world.roster.len() + self.world.wires.add_stranger(name.to_owned())
    }

    /// Takes a message that is to be carried away.
    pub fn take_message_out(&mut self, message: MessageId) -> Message {
        self.world.messages.take(message)
    }

    /// Number of messages that wait in a node's inbox.
    pub fn inbox_len(&self, node: u32) -> u32 {
        self.world.nodes[node as usize].inbox.len()
    }

    /// The reason for which a behavior has stopped the run, if one has.
    pub fn stopped(&mut self) -> Option<String> {
        self.world.stop.take()
    }

    /// Ends the behaviors and hands back the sink.
    pub fn into_sink(self) -> S {
        self.world.sink
    }

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
            let hears = self.behaviors.hears_connections(nodes.start);
            self.world.hears.push(hears && group.program.is_none());
            if group.program.is_some() {
                continue;
            }
            for node in nodes {
                if self.world.wires.is_elsewhere(node) {
                    continue;
                }
                if matches!(group.timing, Timing::Server { .. }) {
                    let name = self.world.roster.stream_name(node).unwrap_or_default();
                    let stream = self.streams.node(Purpose::Service, &name);
                    self.world.service.insert(node, stream);
                }
                if group.start_at == SimDuration::ZERO {
                    self.create(node)?;
                } else {
                    let at = SimTime::ZERO + group.start_at;
                    self.world.events.push(at, Event::Start { node });
                }
            }
        }
        // All exist before the first acts, so that it can reach the last.
        for node in 0..self.world.nodes.len() as u32 {
            if self.world.nodes[node as usize].up {
                self.call_start(node)?;
            }
        }
        for (index, hears) in self.world.hears.clone().into_iter().enumerate() {
            for node in self.world.roster.nodes(index).filter(|_| hears) {
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
        match self.world.wires.is_elsewhere(other) {
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

    /// A node that starts late: its peers learn of it, and it of them.
    fn start_late(&mut self, node: u32) -> Result<(), Failure> {
        self.create(node)?;
        let mut hearers = Vec::new();
        for (index, hears) in self.world.hears.iter().enumerate() {
            for other in self.world.roster.nodes(index).filter(|_| *hears) {
                let number = self.world.network.topology.peer_number(other, node);
                if other != node && number < self.world.peer_count(other) {
                    hearers.push(other);
                }
            }
        }
        // Those in other processes learn of it before its first message comes.
        for &other in &hearers {
            if self.world.wires.is_elsewhere(other) && self.starts_before(other, node) {
                let now = self.world.now;
                self.world.depart(now, node, other, What::Open);
            }
        }
        self.call_start(node)?;
        if self.world.hears_connections(node) {
            self.connect_peers(node)?;
        }
        for other in hearers {
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
        let stranger = other >= self.world.roster.len();
        let up = self.world.nodes[node as usize].up;
        if up && (stranger || self.world.hears_connections(node)) {
            self.world.handled += 1;
            self.world.node = node;
            self.world.push_row(event, other, 0, 0);
            self.call(node, call)?;
        }
        Ok(())
    }

    fn create(&mut self, node: u32) -> Result<(), Failure> {
        let name = self.world.roster.stream_name(node).unwrap_or_default();
        let random = self.streams.node(Purpose::Behavior, &name);
        self.world.node = node;
        self.behaviors
            .create(node, random, &mut self.world)
            .map_err(|fault| self.failure("new", fault))?;
        self.world.nodes[node as usize].up = true;
        Ok(())
    }

    fn call_start(&mut self, node: u32) -> Result<(), Failure> {
        self.world.node = node;
        self.world.push_row(EventId::START, NO_PEER, 0, 0);
        self.call(node, Call::Start)
    }

    fn events(&mut self, stop: &AtomicBool) -> Result<EndReason, Failure> {
        let mut instant = (SimTime::ZERO, 0);
        let mut next_check = 0;
        loop {
            if self.world.stop.is_some() {
                let reason = self.world.stop.take().unwrap_or_default();
                return Ok(EndReason::Stopped(reason));
            }
            let queued = self.world.events.next_time();
            let tick = self.ticks.next_time();
            let next = queued.min(tick);
            if next == SimTime::NEVER {
                return Ok(EndReason::Idle);
            }
            if next > self.end {
                self.world.now = self.end;
                return Ok(EndReason::Duration);
            }
            if self.world.handled >= next_check {
                if stop.load(Ordering::Relaxed) {
                    return Ok(EndReason::Interrupted);
                }
                if instant.0 != next {
                    instant = (next, self.world.handled);
                }
                if let Some(why) = self.endless(instant.1) {
                    return Ok(EndReason::Endless(why));
                }
                next_check = self.world.handled + STOP_CHECK;
            }
            self.world.now = next;
            if queued <= tick {
                self.next_event()?;
            } else {
                self.tick()?;
            }
        }
    }

    /// Why the run has no end in sight, if so; `since` is the number of events
    /// handled when the clock was first seen at this instant.
    fn endless(&self, since: u64) -> Option<String> {
        let handled = self.world.handled;
        if handled - since > self.limits.events_at_once {
            return Some(format!(
                "more than {} events at {}: time stands still",
                self.limits.events_at_once, self.world.now
            ));
        }
        (self.end == SimTime::NEVER && handled > self.limits.events).then(|| {
            format!(
                "more than {} events in a scenario without `duration`",
                self.limits.events
            )
        })
    }

    fn next_event(&mut self) -> Result<(), Failure> {
        let Some((_, sequence, event)) = self.world.events.pop() else {
            return Ok(());
        };
        match event {
            Event::Start { node } => self.start_late(node),
            Event::Arrival { node, message } => self.arrival(node, message),
            Event::Connect { node, other } => self.connect(node, other),
            Event::Disconnect { node, other } => self.disconnect(node, other),
            Event::Depart { parcel } => {
                self.world.wires.release(parcel);
                Ok(())
            }
            Event::Timer { node, tag } => {
                if !self.world.timer_is_due(node, tag, sequence) {
                    return Ok(());
                }
                self.world.handled += 1;
                self.begin_step(node);
                self.world.push_row(EventId::TIMER, NO_PEER, 0, 0);
                self.call(node, Call::Timer { tag })
            }
            Event::Served { node } => {
                self.world.handled += 1;
                self.world.nodes[node as usize].busy = false;
                self.take_message(node)?;
                self.serve(node);
                Ok(())
            }
        }
    }

    /// A message reaches a node.
    #[inline]
    fn arrival(&mut self, node: u32, message: MessageId) -> Result<(), Failure> {
        if !self.world.arrive(node, message) {
            self.world.end_step(&self.behaviors);
            return Ok(());
        }
        match self.world.nodes[node as usize].kind {
            Kind::Clocked => Ok(()),
            Kind::Server => {
                self.serve(node);
                Ok(())
            }
            Kind::EventDriven => self.take_message(node),
        }
    }

    #[inline]
    fn tick(&mut self) -> Result<(), Failure> {
        self.look_ahead();
        let node = self.ticks.take();
        self.world.handled += 1;
        let state = &self.world.nodes[node as usize];
        if !state.up {
            return Ok(());
        }
        if !state.inbox.is_empty() {
            return self.take_message(node);
        }
        self.begin_step(node);
        self.call(node, Call::Tick)
    }

    /// With many nodes each tick's state lies in memory far away; on the way
    /// there, earlier ticks can be handled.
    #[inline]
    fn look_ahead(&self) {
        let nodes = &self.world.nodes;
        if let Some(node) = self.ticks.upcoming(FAR) {
            B::prefetch(&nodes[node as usize]);
            self.behaviors.expect(node);
        }
        if let Some(node) = self.ticks.upcoming(NEAR) {
            let inbox = &nodes[node as usize].inbox;
            B::prefetch(self.world.messages.place_of_first(inbox));
        }
    }

    #[inline]
    fn begin_step(&mut self, node: u32) {
        self.world.node = node;
        self.world.nodes[node as usize].step += 1;
    }

    /// The node handles the message that came first.
    #[inline]
    fn take_message(&mut self, node: u32) -> Result<(), Failure> {
        let world = &mut self.world;
        let inbox = &mut world.nodes[node as usize].inbox;
        let Some(message) = inbox.pop(&mut world.messages) else {
            return Ok(());
        };
        let Message {
            from,
            number,
            payload,
        } = message;
        self.handle(node, from, number, payload.as_slice())
    }

    /// The node handles a message.
    #[inline]
    fn handle(&mut self, node: u32, from: u32, number: u64, bytes: &[u8]) -> Result<(), Failure> {
        self.begin_step(node);
        self.world
            .push_row(EventId::RECEIVE, from, number, bytes.len() as u64);
        let peer = self.world.network.topology.peer_number(node, from);
        self.call(node, Call::Message { peer, bytes })
    }

    /// An idle server turns to the message at the head of its inbox, if any.
    fn serve(&mut self, node: u32) {
        let world = &mut self.world;
        let state = &mut world.nodes[node as usize];
        if state.busy || state.inbox.is_empty() {
            return;
        }
        let group = &world.roster.groups()[world.roster.group_of(node)];
        let (Timing::Server { service_time }, Some(stream)) =
            (&group.timing, world.service.get_mut(&node))
        else {
            return;
        };
        state.busy = true;
        let done = world.now + service_time.sample_span(stream);
        world.events.push(done, Event::Served { node });
    }

    #[inline(always)]
    fn call(&mut self, node: u32, call: Call<'_>) -> Result<(), Failure> {
        if let Err(fault) = self.behaviors.call(node, call, &mut self.world) {
            return Err(self.failure(call.name(), fault));
        }
        if S::WANTS_ROWS {
            if self.world.wrote_nothing() {
                self.world.push_row(EventId::TICK, NO_PEER, 0, 0);
            }
            self.world.end_step(&self.behaviors);
        }
        Ok(())
    }

    /// Every node that is up learns that the run is over.
    fn finish(&mut self) -> Result<(), Failure> {
        for node in 0..self.world.nodes.len() as u32 {
            if self.world.nodes[node as usize].up {
                self.world.node = node;
                self.world.push_row(EventId::STOP, NO_PEER, 0, 0);
                self.call(node, Call::Stop)?;
            }
        }
        Ok(())
    }

    /// A failure of the acting node that the plugin did not tell itself.
    pub fn fail_now(&self, fault: Fault) -> Failure {
        self.failure("send", fault)
    }

    /// As [`Run::fail_now`], of another node.
    pub fn fail_at(&mut self, node: u32, fault: Fault) -> Failure {
        self.world.node = node;
        self.failure("send", fault)
    }

    #[cold]
    fn failure(&self, callback: &'static str, fault: Fault) -> Failure {
        let node = self.world.node;
        Failure {
            node: self.world.roster.name(node).unwrap_or_default(),
            callback,
            time: self.world.now,
            step: self.world.nodes[node as usize].step,
            fault,
        }
    }
}

/// When each clocked node ticks in this run.
fn clocked_nodes(roster: &Roster, streams: &Streams) -> Vec<Clocked> {
    let is_clocked = |group: &&Group| matches!(group.timing, Timing::Clocked { .. });
    let count = roster.groups().iter().filter(is_clocked);
    let mut clocked = Vec::with_capacity(count.map(|group| group.count as usize).sum());
    for (index, group) in roster.groups().iter().enumerate() {
        let Timing::Clocked { every, phase } = &group.timing else {
            continue;
        };
        let drawn = |distribution: &Distribution| !distribution.is_constant();
        let draws = phase.as_ref().is_some_and(drawn)
            || match every {
                TickRule::Rate(rule) | TickRule::Interval(rule) => drawn(rule),
            };
        for node in roster.nodes(index) {
            let mut random = if draws {
                let name = roster.stream_name(node).unwrap_or_default();
                streams.node(Purpose::Tick, &name)
            } else {
                Random([0; 4])
            };
            let period = match every {
                TickRule::Rate(rate) => Period::Rate(rate.sample(&mut random).min(1e9)),
                TickRule::Interval(span) => {
                    let span = span.sample_span(&mut random);
                    Period::Interval(span.max(SimDuration(1)))
                }
            };
            clocked.push(Clocked {
                node,
                period,
                start: SimTime::ZERO + group.start_at,
                phase: phase.as_ref().map(|phase| phase.sample_span(&mut random)),
            });
        }
    }
    clocked
}
