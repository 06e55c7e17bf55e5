//! Nodes that start while a fault holds: the fault holds for the node, and counts it.
//!
//! With a crash, the node starts when the crash ends: for the first time, so its record is
//! `start`. With a pause, the node is there and messages wait for it, and it starts when the
//! pause ends. Its clock drifts and its ticks come as the faults of that time say.

use analysis_log::EventId;

use super::Run;
use crate::behaviors::Behaviors;
use crate::faults::names;
use crate::sink::Sink;
use base::time::{SimDuration, SimTime};
use model::FaultKind;

impl<B: Behaviors, S: Sink> Run<B, S> {
    /// Whether the scenario starts a node before `due`, or would without faults.
    pub(super) fn has_started_by_schedule(&self, node: u32, due: SimTime) -> bool {
        let roster = &self.world.roster;
        let start = roster.groups()[roster.group_of(node)].start_at;
        start == SimDuration::ZERO || SimTime::ZERO + start < due
    }

    /// Whether a crash holds up the start of a node, which counts for the crash.
    pub(super) fn stays_down(&mut self, node: u32, event: EventId) -> bool {
        let Some(crash) = self.faults.crash_of(node) else {
            return false;
        };
        let state = &mut self.faults.states[crash];
        state.nodes.push(node);
        state.touched += 1;
        if event == EventId::START {
            self.not_begun.insert(node);
        }
        true
    }

    /// Counts a node that starts for the drifts that hold.
    pub(super) fn count_drift(&mut self, node: u32) {
        for state in &mut self.faults.states {
            if state.since.is_some()
                && matches!(&state.rule.kind, FaultKind::Drift { nodes, .. } if names(nodes, node))
            {
                state.drifted.insert(node);
            }
        }
    }

    /// Pauses a node that starts while a pause holds.
    pub(super) fn pause_at_start(&mut self, node: u32) {
        if let Some(pause) = self.faults.new_pause_of(node)
            && self.pause(node, pause)
        {
            self.faults.states[pause].nodes.push(node);
        }
    }

    /// Whether a pause holds up the start of a node, which counts for the pause.
    pub(super) fn hold_start(&mut self, node: u32, event: EventId) -> bool {
        let Some(pause) = self.pauses.get_mut(&node) else {
            return false;
        };
        pause.start = Some(event);
        self.faults.states[pause.fault].touched += 1;
        true
    }

    /// Whether a pause holds up the start of a node.
    pub(super) fn is_start_held(&self, node: u32) -> bool {
        let pause = self.pauses.get(&node);
        pause.is_some_and(|pause| pause.start.is_some())
    }
}
