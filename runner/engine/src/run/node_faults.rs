//! What faults do to nodes: crash and pause them, change the rate of their ticks or of
//! their clocks.
//!
//! # Crash
//!
//! A node that crashes loses its state, its timers and the messages in its inbox, each
//! of which is a `drop` in its log. Messages that it sent before still arrive. While it
//! is down, messages to it are lost. At its restart its state is created anew, it draws
//! from a new stream, and its ticks count from there; the numbers of its steps and
//! messages continue. Behaviors that handle connections are notified of both.
//!
//! # Pause
//!
//! A paused node does nothing and keeps its state. Messages wait. A tick that falls due
//! is skipped. A timer, or a change of a connection, is postponed until the node
//! continues; an event-driven node first handles the messages that wait. A server
//! continues the service that it had begun. A crash ends a pause.

use analysis_log::{EventId, NO_PEER};

use super::{ExternalFault, Run};
use crate::behaviors::{Behaviors, Failure};
use crate::faults::FaultEffect;
use crate::queue::{Event, Sequence};
use crate::sink::Sink;
use crate::ticks::Period;
use crate::world::NodeKind;
use base::random::{Purpose, Random};
use base::time::{SimDuration, SimTime};
use model::{FaultKind, NodeRanges};
use tracing::debug;

impl<B: Behaviors, S: Sink> Run<B, S> {
    /// Schedules the faults, and begins those of time 0. The nodes are created, and none
    /// is started.
    pub(super) fn schedule_faults(&mut self) -> Result<(), Failure> {
        for (index, state) in (0..).zip(&self.faults.states) {
            let at = SimTime::ZERO + state.rule.at;
            self.world.events.push_fault(at, index, true);
        }
        while !self.faults.is_empty() && self.world.events.next_time() == SimTime::ZERO {
            self.next_event()?;
        }
        Ok(())
    }

    /// A fault begins or ends; `due` is when it should, which in real time may be
    /// before now.
    pub(super) fn fault(&mut self, fault: u32, begins: bool, due: SimTime) -> Result<(), Failure> {
        self.world.counts.events += 1;
        let index = fault as usize;
        match begins {
            true => self.begin_fault(index, due),
            false => self.end_fault(index, due),
        }
    }

    fn begin_fault(&mut self, index: usize, due: SimTime) -> Result<(), Failure> {
        let state = &mut self.faults.states[index];
        state.since = Some(due);
        let rule = state.rule.clone();
        let window = state.window;
        debug!(target: "engine", fault = index, kind = rule.kind.name(), time = %due, "fault begins");
        let fault = index as u32;
        if let Some(span) = rule.span {
            self.world.events.push_fault(due + span, fault, false);
        }
        if let Some(every) = rule.every {
            self.world.events.push_fault(due + every, fault, true);
        }
        if self.world.network.begin_fault(index, window, &rule.kind) {
            if matches!(rule.kind, FaultKind::Partition { cut: true, .. }) {
                self.cut_under_way();
            }
            return Ok(());
        }
        let mut result = Ok(());
        let mut touched = 0;
        let mut affected = Vec::new();
        for node in self.named_nodes(&rule.kind) {
            let holds = match &rule.kind {
                FaultKind::Crash(_) => {
                    let (was_up, destroyed) = self.crash(node, due);
                    result = result.and(destroyed);
                    was_up
                }
                FaultKind::Pause(_) => self.pause(node, index),
                FaultKind::TickRate { to, .. } => {
                    let mut random = self.fault_stream(Purpose::Tick, index, window, node);
                    let period = Period::of_rate(to, &mut random);
                    self.ticks.set_period(node, Some(period), due);
                    // The difference to the number at the end is what it touched.
                    touched += self.ticks.taken(node);
                    affected.push(node);
                    continue;
                }
                FaultKind::Drift { ppm, .. } => {
                    let mut random = self.fault_stream(Purpose::Drift, index, window, node);
                    let ppm = ppm.sample_signed(&mut random);
                    self.world.set_drift(node, Some(ppm));
                    if self.world.nodes[node].up {
                        self.faults.states[index].drifted.insert(node);
                    }
                    affected.push(node);
                    continue;
                }
                FaultKind::Partition { .. } | FaultKind::Link(_) => false,
            };
            if holds {
                affected.push(node);
            }
        }
        let state = &mut self.faults.states[index];
        state.touched = match rule.kind {
            FaultKind::Crash(_) => affected.len() as u64,
            _ => state.touched + touched,
        };
        state.nodes = affected;
        result
    }

    fn end_fault(&mut self, index: usize, due: SimTime) -> Result<(), Failure> {
        let nodes = self.settle_fault(index, due);
        let kind = self.faults.states[index].rule.kind.clone();
        debug!(target: "engine", fault = index, kind = kind.name(), time = %due, "fault ends");
        if let FaultKind::Crash(named) = &kind {
            self.notify_remote_restarts(named, due)?;
        }
        for node in nodes {
            match kind {
                FaultKind::Crash(_) => self.restart(node, due)?,
                FaultKind::Pause(_) => self.resume(node, index)?,
                FaultKind::TickRate { .. } => self.ticks.set_period(node, None, due),
                FaultKind::Drift { .. } => self.world.set_drift(node, None),
                FaultKind::Partition { .. } | FaultKind::Link(_) => {}
            }
        }
        Ok(())
    }

    /// Records what a fault has touched until its end, and returns the nodes that it
    /// affected.
    fn settle_fault(&mut self, index: usize, until: SimTime) -> Vec<u32> {
        let state = &mut self.faults.states[index];
        let nodes = std::mem::take(&mut state.nodes);
        match state.rule.kind {
            FaultKind::Partition { .. } | FaultKind::Link(_) => {
                state.touched = self.world.network.end_fault(index);
            }
            FaultKind::TickRate { .. } => {
                let taken: u64 = nodes.iter().map(|&node| self.ticks.taken(node)).sum();
                state.touched = taken - state.touched;
            }
            FaultKind::Pause(_) => {
                for &node in &nodes {
                    let waiting = &self.world.nodes[node];
                    if waiting.paused && waiting.kind != NodeKind::Clocked {
                        state.touched += u64::from(waiting.inbox.len());
                    }
                }
            }
            FaultKind::Drift { .. } => {
                state.touched = std::mem::take(&mut state.drifted).len() as u64;
            }
            FaultKind::Crash(_) => {}
        }
        state.close(until);
        nodes
    }

    /// What the faults did to a run that ends now.
    pub(super) fn fault_effects(&mut self) -> Vec<FaultEffect> {
        for index in 0..self.faults.states.len() {
            if self.faults.states[index].since.is_some() {
                self.settle_fault(index, self.world.now);
            }
        }
        self.faults.effects()
    }

    /// The nodes that a fault names.
    fn named_nodes(&self, kind: &FaultKind) -> Vec<u32> {
        match kind {
            FaultKind::Crash(nodes)
            | FaultKind::Pause(nodes)
            | FaultKind::TickRate { nodes, .. }
            | FaultKind::Drift { nodes, .. } => nodes.iter().cloned().flatten().collect(),
            FaultKind::Partition { .. } | FaultKind::Link(_) => Vec::new(),
        }
    }

    fn fault_stream(&self, purpose: Purpose, fault: usize, window: u64, node: u32) -> Random {
        let name = self.world.roster.stream_name(node).unwrap_or_default();
        self.streams.fault(purpose, fault, window, &[&name])
    }

    /// Crashes a node. Returns whether it was up, and the failure of its behavior if its
    /// state could not be dropped.
    fn crash(&mut self, node: u32, due: SimTime) -> (bool, Result<(), Failure>) {
        let (started, remote) = (self.started, self.world.transport.is_remote(node));
        if self.world.is_program(node) {
            // The driver ends the program; its connections close then.
            if !remote {
                self.external_faults.push((node, ExternalFault::Crash));
            }
            return (!remote, Ok(()));
        }
        if remote {
            // Only the process that drives it knows whether it is up. Its peers in
            // this process are notified by the same schedule.
            if started && self.has_started_by_schedule(node, due) {
                self.notify_crash(node);
            }
            return (false, Ok(()));
        }
        if !self.world.nodes[node].up {
            return (false, Ok(()));
        }
        let held = self.pauses.get(&node).and_then(|pause| pause.start);
        if held == Some(EventId::START) {
            self.not_begun.insert(node);
        }
        self.world.node = node;
        if held.is_none() {
            self.world.push_row(EventId::CRASH, NO_PEER, 0, 0);
        }
        self.world.end_step(&self.behaviors);
        let destroyed = self.destroy(node);
        self.behaviors.clear(node);
        self.world.end_all_waits(node);
        let state = &mut self.world.nodes[node];
        (state.up, state.busy, state.paused) = (false, false, false);
        self.pauses.remove(&node);
        self.world.clear_node(node);
        self.world.end_step(&self.behaviors);
        self.external_faults.push((node, ExternalFault::Crash));
        if started && held.is_none() {
            self.notify_crash(node);
        }
        (true, destroyed)
    }

    /// Notifies the peers of a node that it has crashed.
    fn notify_crash(&mut self, node: u32) {
        for other in self.connection_handlers(node) {
            if self.world.transport.is_remote(other) {
                continue;
            }
            let time = self.world.closed_by_crash(node, other);
            if let Some(time) = time {
                let event = Event::Disconnect {
                    node: other,
                    other: node,
                };
                self.world.events.push(time, event);
            }
        }
    }

    /// Notifies peers in this process that nodes of other processes restart.
    fn notify_remote_restarts(&mut self, nodes: &NodeRanges, due: SimTime) -> Result<(), Failure> {
        for node in nodes.iter().cloned().flatten() {
            let remote = self.world.transport.is_remote(node) && !self.world.is_program(node);
            if remote && self.has_started_by_schedule(node, due) {
                for other in self.connection_handlers(node) {
                    self.connect(other, node)?;
                }
            }
        }
        Ok(())
    }

    /// Restarts a node that crashed, or starts one whose start the crash held up.
    fn restart(&mut self, node: u32, due: SimTime) -> Result<(), Failure> {
        self.external_faults.push((node, ExternalFault::Restart));
        if self.world.is_program(node) {
            return Ok(());
        }
        self.ticks.restart(node, due);
        if self.not_begun.remove(&node) {
            return self.start_late(node, EventId::START);
        }
        *self.lives.entry(node).or_insert(1) += 1;
        self.start_late(node, EventId::RESTART)
    }

    /// Pauses a node; returns whether it was up and not paused.
    pub(super) fn pause(&mut self, node: u32, fault: usize) -> bool {
        if self.world.is_program(node) && !self.world.transport.is_remote(node) {
            self.external_faults.push((node, ExternalFault::Pause));
            // What a program would have done meanwhile is not known.
            self.faults.states[fault].touched += 1;
            return true;
        }
        let state = &mut self.world.nodes[node];
        if !state.up || state.paused {
            return false;
        }
        state.paused = true;
        if self.world.has_process(node) {
            // Messages wait in the engine; the driver stops the process.
            self.external_faults.push((node, ExternalFault::Pause));
        }
        let state = &self.world.nodes[node];
        let busy = state.busy;
        let mut left = None;
        if let Some(service) = self.world.nodes.services.get_mut(&node).filter(|_| busy) {
            left = Some(service.due - self.world.now);
            service.event = None;
        }
        let pause = Pause {
            fault,
            left,
            start: None,
            postponed: Vec::new(),
        };
        self.pauses.insert(node, pause);
        true
    }

    /// A node that this fault paused continues.
    fn resume(&mut self, node: u32, fault: usize) -> Result<(), Failure> {
        if self.world.is_program(node) {
            self.external_faults.push((node, ExternalFault::Resume));
            return Ok(());
        }
        let Some(pause) = self.pauses.remove(&node) else {
            return Ok(());
        };
        if pause.fault != fault {
            // A crash ended the pause of this fault, and another one holds.
            self.pauses.insert(node, pause);
            return Ok(());
        }
        self.world.nodes[node].paused = false;
        if self.world.has_process(node) {
            self.external_faults.push((node, ExternalFault::Resume));
        }
        if let Some(event) = pause.start {
            self.begin(node, event, event == EventId::START)?;
        }
        if let Some(left) = pause.left {
            self.world.continue_service(node, left);
        }
        match self.world.nodes[node].kind {
            NodeKind::EventDriven => {
                while self.world.requests.stop.is_none() && !self.world.nodes[node].inbox.is_empty()
                {
                    self.world.end_wait(node);
                    self.take_message(node)?;
                }
            }
            NodeKind::Server => self.serve(node),
            NodeKind::Clocked => {}
        }
        for (sequence, event) in pause.postponed {
            self.world.push_postponed(sequence, event);
        }
        Ok(())
    }

    /// Postpones an event of a paused node.
    #[cold]
    pub(super) fn postpone(&mut self, node: u32, sequence: Sequence, event: Event) {
        if let Some(pause) = self.pauses.get_mut(&node) {
            pause.postponed.push((sequence, event));
            self.faults.states[pause.fault].touched += 1;
        }
    }

    /// Skips a tick of a node that is down or paused.
    #[cold]
    pub(super) fn skip_tick(&mut self, node: u32) {
        self.ticks.skip(node);
        if let Some(pause) = self.pauses.get(&node) {
            self.faults.states[pause.fault].touched += 1;
        }
    }
}

/// The pause of a node.
#[derive(Debug)]
pub(super) struct Pause {
    /// Index of the fault.
    pub(super) fault: usize,
    /// The span that is left of the current service.
    left: Option<SimDuration>,
    /// The record of the start that it holds up: START or RESTART.
    pub(super) start: Option<EventId>,
    /// What was due during the pause, in order.
    postponed: Vec<(Sequence, Event)>,
}
