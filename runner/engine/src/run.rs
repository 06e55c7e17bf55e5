//! One run: what is due next, done step by step until nothing is due.
//!
//! [`Run::go`] is the driver in virtual time; the driver in real time uses the methods
//! in `driver`. A step is in `step`, what faults do to nodes in `node_faults`, what ends
//! a run that would not end in `limits`.

mod cut;
mod driver;
mod held_starts;
mod life;
mod limits;
mod node_faults;
mod rejection;
mod reseed;
mod step;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use analysis_log::Occupancy;

use crate::behaviors::{Behaviors, Failure};
use crate::clocks::Clocks;
use crate::conservation::Conservation;
use crate::faults::{FaultEffect, Faults, names};
use crate::follow::Happening;
use crate::network::Network;
use crate::sink::Sink;
use crate::ticks::{Clocked, Period, Ticks};
use crate::world::World;
use base::distribution::Distribution;
use base::random::{Purpose, Random, Streams};
use base::slices::Slices;
use base::time::{SimDuration, SimTime};
pub use limits::Limits;
use model::roster::Roster;
use model::{Fault, FaultKind, Group, LinkRule, TickRule, Timing};
use node_faults::Pause;
use tracing::debug;

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
    faults: Faults,
    /// The paused nodes.
    pauses: BTreeMap<u32, Pause>,
    /// The nodes whose first start a crash holds up.
    not_begun: BTreeSet<u32>,
    /// For each node that crashed and restarted, how often it has started.
    lives: BTreeMap<u32, u32>,
    /// Number of messages that each node has rejected.
    rejected: BTreeMap<u32, u64>,
    /// Whether the nodes have been started.
    started: bool,
    /// The nodes that a person has cut off.
    cut_off: BTreeSet<u32>,
    /// What faults did to nodes that the driver has not taken yet.
    external_faults: Vec<(u32, ExternalFault)>,
    /// The streams that the run goes on with after a time.
    reseed: Option<(SimTime, Streams)>,
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
    /// The last node that acted before the end, and its step.
    pub last: (u32, u64),
    /// What each fault did, in the order of the scenario.
    pub faults: Vec<FaultEffect>,
    /// What became of the messages.
    pub conservation: Conservation,
    /// What the inbox and the server of each node held, without the nodes at which no
    /// message came to wait.
    pub occupancy: Vec<Occupancy>,
}

/// What a fault does to a node, for the driver to do outside the engine: the node may
/// have connections to clients, or be a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalFault {
    /// The node is down.
    Crash,
    /// It starts again, or late.
    Restart,
    /// It does nothing from now on.
    Pause,
    /// It continues.
    Resume,
}

/// Why a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its duration is over.
    Duration,
    /// No event is pending.
    Idle,
    /// A behavior stopped it, for this reason.
    Stopped(String),
    /// The user stopped the runner.
    Interrupted,
    /// A behavior failed.
    Failed(Failure),
    /// It exceeded a limit: this one.
    Limit(String),
    /// A program that stands for a node failed, in this way.
    ProgramFailed(String),
}

impl<B: Behaviors, S: Sink> Run<B, S> {
    /// A run of these nodes over these links. All draws are from these streams.
    pub fn new(
        roster: Roster,
        rules: &[LinkRule],
        duration: Option<SimDuration>,
        streams: Streams,
        behaviors: B,
        sink: S,
    ) -> Run<B, S> {
        let network = Network::new(&roster, rules, &streams);
        let clocks = Clocks::new(&roster, &streams, false);
        let ticks = Ticks::new(clocked_nodes(&roster, &streams));
        let limits = Limits::default();
        let mut world = World::new(roster, network, clocks, sink);
        world
            .events
            .chains
            .set_limit(limits.depth(world.nodes.len()));
        Run {
            world,
            behaviors,
            ticks,
            end: duration.map_or(SimTime::NEVER, |span| SimTime::ZERO + span),
            limits,
            streams,
            faults: Faults::default(),
            pauses: BTreeMap::new(),
            not_begun: BTreeSet::new(),
            lives: BTreeMap::new(),
            rejected: BTreeMap::new(),
            started: false,
            cut_off: BTreeSet::new(),
            external_faults: Vec::new(),
            reseed: None,
        }
    }

    /// Adds faults. Call this before [`Run::only`].
    pub fn with_faults(mut self, faults: &[Fault]) -> Self {
        if faults.is_empty() {
            return self;
        }
        self.faults = Faults::new(faults);
        let kinds = || faults.iter().map(|fault| &fault.kind);
        if kinds().any(|kind| matches!(kind, FaultKind::Partition { .. } | FaultKind::Link(_))) {
            self.world.network.expect_faults();
        }
        let drifts = kinds().any(|kind| matches!(kind, FaultKind::Drift { .. }));
        self.world.clocks = Clocks::new(&self.world.roster, &self.streams, drifts);
        self.ticks = self.ticks_of(|_| true);
        self
    }

    /// The ticks of the nodes for which `here` is true; irregular if a fault may change
    /// them.
    fn ticks_of(&self, here: impl Fn(u32) -> bool) -> Ticks {
        let mut clocked = clocked_nodes(&self.world.roster, &self.streams);
        clocked.retain(|clocked| here(clocked.node));
        let changes = |node: u32| {
            self.faults.states.iter().any(|it| match &it.rule.kind {
                FaultKind::Crash(nodes) | FaultKind::TickRate { nodes, .. } => names(nodes, node),
                _ => false,
            })
        };
        let (irregular, fixed) = clocked.into_iter().partition(|it| changes(it.node));
        Ticks::new(fixed).with_irregular(irregular)
    }

    /// Sets the limits for runs that would not end.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        let nodes = self.world.nodes.len();
        self.world.events.chains.set_limit(limits.depth(nodes));
        self.limits = limits;
        self
    }

    /// Ends the run once it has had more events than this.
    pub fn with_most_events(mut self, events: u64) -> Self {
        self.limits.in_all = events;
        self
    }

    /// Keeps what inboxes and servers hold also at the ends of these slices.
    pub fn with_slices(mut self, slices: Option<Slices>) -> Self {
        if let Some(slices) = slices.filter(|_| S::WANTS_ROWS) {
            self.world.counts.waiting.keep_slices(slices);
        }
        self
    }

    /// Restricts the run to these nodes. Other processes drive the others, which are
    /// reached over sockets. Every node draws and acts as if all were here.
    pub fn only(mut self, nodes: &[u32]) -> Self {
        let mut remote = vec![true; self.world.nodes.len() as usize];
        for &node in nodes {
            remote[node as usize] = false;
        }
        self.ticks = self.ticks_of(|node| !remote[node as usize]);
        self.world.transport.remote = remote;
        self
    }

    /// The nodes' behaviors, for their columns.
    pub fn behaviors(&self) -> &B {
        &self.behaviors
    }

    /// Runs to the end, in virtual time. The sink is in [`Run::world`] afterwards.
    pub fn go(&mut self, stop: &AtomicBool) -> Outcome {
        let ended = self.start().and_then(|()| self.all_events(stop));
        self.conclude(ended)
    }

    /// Stops the nodes of a run that has ended or failed, and drops their states.
    pub fn conclude(&mut self, ended: Result<EndReason, Failure>) -> Outcome {
        let node = self.world.node;
        let state = self.world.nodes.get(node);
        let last = (node, state.map_or(0, |node| node.step));
        if S::FOLLOWS {
            self.world.sink.happens(self.world.now, Happening::End);
        }
        let ended = ended.and_then(|reason| self.finish().map(|()| reason));
        self.print_rejected_count();
        // The rows of a failed step are kept.
        self.world.end_step(&self.behaviors);
        let destroyed = self.destroy_all();
        let reason = ended
            .and_then(|reason| destroyed.map(|()| reason))
            .unwrap_or_else(EndReason::Failed);
        debug!(target: "engine", ?reason, time = %self.world.now, events = self.world.counts.events, "run ends");
        Outcome {
            end: self.world.now,
            reason,
            faults: self.fault_effects(),
            conservation: self.world.conservation(),
            occupancy: self.world.occupancy(),
            events: self.world.counts.events,
            messages: self.world.counts.messages.sent,
            last,
        }
    }

    /// Drops the behaviors and returns the sink.
    pub fn into_sink(self) -> S {
        self.world.sink
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
        // Once for all nodes: to find the digits of a number takes longer than a draw.
        let written = match every {
            TickRule::Rate(rate) => rate.constant().map(Period::Exact),
            TickRule::Interval(_) => None,
        };
        for node in roster.nodes(index) {
            let mut random = if draws {
                let name = roster.stream_name(node).unwrap_or_default();
                streams.node(Purpose::Tick, &name)
            } else {
                Random([0; 4])
            };
            let period = match (every, written) {
                (_, Some(period)) => period,
                (TickRule::Rate(rate), None) => Period::drawn(rate, &mut random),
                (TickRule::Interval(span), None) => {
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
