//! One run in virtual time: from event to event until nothing is due.

mod driver;
mod life;
mod node_faults;
mod step;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::behaviors::{Behaviors, Failure};
use crate::clocks::Clocks;
use crate::conservation::Conservation;
use crate::faults::{FaultEffect, Faults};
use crate::network::Network;
use crate::sink::Sink;
use crate::ticks::{Clocked, Period, Ticks};
use crate::world::World;
use base::distribution::Distribution;
use base::random::{Purpose, Random, Streams};
use base::time::{SimDuration, SimTime};
use model::roster::Roster;
use model::{Fault, FaultKind, Group, LinkRule, TickRule, Timing};
use node_faults::{Pause, holds};

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
    /// Nodes that are paused.
    pauses: BTreeMap<u32, Pause>,
    /// How many lives nodes have had that crashed and came back.
    lives: BTreeMap<u32, u32>,
    /// Whether nodes have begun to act.
    begun: bool,
    /// What faults did to nodes that whoever drives the run has not been told of.
    external_faults: Vec<(u32, ExternalFault)>,
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
    /// The node that acted last before the end, and its step.
    pub last: (u32, u64),
    /// What each fault did, in the order of the scenario.
    pub faults: Vec<FaultEffect>,
    /// What became of the messages.
    pub conservation: Conservation,
}

/// What a fault does to a node that lives outside the engine, too: one with
/// connections to guests, or one that is a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalFault {
    /// It is down.
    Crash,
    /// It begins anew.
    Restart,
    /// It does nothing.
    Pause,
    /// It goes on.
    Resume,
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

/// Events between two looks at the limits.
const LIMIT_CHECK: u64 = 4096;

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
        let clocks = Clocks::new(&roster, &streams, false);
        let ticks = Ticks::new(clocked_nodes(&roster, &streams));
        Run {
            world: World::new(roster, network, clocks, sink),
            behaviors,
            ticks,
            end: duration.map_or(SimTime::NEVER, |span| SimTime::ZERO + span),
            limits: Limits::default(),
            streams,
            faults: Faults::default(),
            pauses: BTreeMap::new(),
            lives: BTreeMap::new(),
            begun: false,
            external_faults: Vec::new(),
        }
    }

    /// In which this breaks. Nodes are chosen ([`Run::only`]) after that.
    pub fn with_faults(mut self, faults: &[Fault]) -> Self {
        if faults.is_empty() {
            return self;
        }
        self.faults = Faults::new(faults);
        let kinds = || faults.iter().map(|fault| &fault.kind);
        if kinds().any(|kind| matches!(kind, FaultKind::Partition(_) | FaultKind::Link(_))) {
            self.world.network.expect_faults();
        }
        let drifts = kinds().any(|kind| matches!(kind, FaultKind::Drift { .. }));
        self.world.clocks = Clocks::new(&self.world.roster, &self.streams, drifts);
        self.ticks = self.ticks_of(|_| true);
        self
    }

    /// The ticks of these nodes; irregular if a fault may change them.
    fn ticks_of(&self, here: impl Fn(u32) -> bool) -> Ticks {
        let mut clocked = clocked_nodes(&self.world.roster, &self.streams);
        clocked.retain(|clocked| here(clocked.node));
        let changes = |node: u32| {
            self.faults.states.iter().any(|it| match &it.rule.kind {
                FaultKind::Crash(nodes) | FaultKind::TickRate { nodes, .. } => holds(nodes, node),
                _ => false,
            })
        };
        let (irregular, fixed) = clocked.into_iter().partition(|it| changes(it.node));
        Ticks::new(fixed).with_irregular(irregular)
    }

    /// With other bounds for runs that would not end.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With these nodes alone; other processes drive the others, and they are
    /// reached over wires. Every node draws and acts as if all were here.
    pub fn only(mut self, nodes: &[u32]) -> Self {
        let mut remote = vec![true; self.world.nodes.len()];
        for &node in nodes {
            remote[node as usize] = false;
        }
        self.ticks = self.ticks_of(|node| !remote[node as usize]);
        self.world.transport.remote = remote;
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
        let node = self.world.node;
        let state = self.world.nodes.get(node as usize);
        let last = (node, state.map_or(0, |node| node.step));
        let reason = ended
            .and_then(|reason| self.finish().map(|()| reason))
            .unwrap_or_else(EndReason::Failed);
        // What a failed step wrote before it failed is kept.
        self.world.end_step(&self.behaviors);
        Outcome {
            end: self.world.now,
            reason,
            faults: self.fault_effects(),
            conservation: self.world.conservation(),
            events: self.world.handled,
            messages: self.world.sent,
            last,
        }
    }

    /// Ends the behaviors and hands back the sink.
    pub fn into_sink(self) -> S {
        self.world.sink
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
            // At each event: one callback may take seconds.
            if stop.load(Ordering::Relaxed) {
                return Ok(EndReason::Interrupted);
            }
            if self.world.handled >= next_check {
                if instant.0 != next {
                    instant = (next, self.world.handled);
                }
                if let Some(why) = self.endless(instant.1) {
                    return Ok(EndReason::Endless(why));
                }
                next_check = self.world.handled + LIMIT_CHECK;
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
