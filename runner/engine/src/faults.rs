//! The faults of a run: when each holds, and what it has touched.
//!
//! A fault has an event at its beginning and one at its end. Faults of links are applied
//! in `network/link_faults.rs`, faults of nodes in `run/node_faults.rs`; this module
//! keeps the account. Each *window* of a fault (one time that it holds) draws from
//! streams of its own.

use std::collections::BTreeSet;

use base::time::SimTime;
use model::{Fault, FaultKind, NodeRanges};

/// The faults of a run, and their account.
#[derive(Debug, Default)]
pub struct Faults {
    pub(super) states: Vec<FaultState>,
}

/// The state of one fault.
#[derive(Debug)]
pub(super) struct FaultState {
    pub rule: Fault,
    /// When its current window began; none if it does not hold.
    pub since: Option<SimTime>,
    /// Number of windows before the current one.
    pub window: u64,
    /// What it has touched in the current window. A fault of links sets it at the end.
    pub touched: u64,
    /// The nodes that it affects: down, paused, or at another rate.
    pub nodes: Vec<u32>,
    /// The nodes that ran while a drift held.
    pub drifted: BTreeSet<u32>,
    windows: Vec<Window>,
}

/// What one fault did to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultEffect {
    /// Its index among the scenario's faults, from 0.
    pub index: usize,
    /// Its key in the scenario: `partition`.
    pub kind: &'static str,
    /// What `touched` counts, in the plural: `messages cut`.
    pub what: &'static str,
    /// That number.
    pub touched: u64,
    /// Whether the verdict of a run is `unknown` if this fault touches nothing.
    pub required: bool,
    /// Its windows, in order; the last includes all that are too many to list.
    pub windows: Vec<Window>,
}

/// One time that a fault holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When it began.
    pub from: SimTime,
    /// When it ended; at the latest the end of the run.
    pub until: SimTime,
    /// What it touched.
    pub touched: u64,
}

/// The most windows of a fault that are listed: enough for a table, and a limit for the
/// memory of a fault that begins each microsecond.
const MOST_WINDOWS: usize = 10_000;

impl Faults {
    pub(super) fn new(rules: &[Fault]) -> Faults {
        let state = |rule: &Fault| FaultState {
            rule: rule.clone(),
            since: None,
            window: 0,
            touched: 0,
            nodes: Vec::new(),
            drifted: BTreeSet::new(),
            windows: Vec::new(),
        };
        Faults {
            states: rules.iter().map(state).collect(),
        }
    }

    /// Whether there are no faults.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Whether one of them keeps a node down.
    pub(super) fn keep_down(&self, node: u32) -> bool {
        self.states.iter().any(|state| {
            matches!(state.rule.kind, FaultKind::Crash(_)) && state.nodes.contains(&node)
        })
    }

    /// Whether one of them keeps a node down, and ends before the run.
    pub(super) fn will_restart(&self, node: u32) -> bool {
        self.states.iter().any(|state| {
            matches!(state.rule.kind, FaultKind::Crash(_))
                && state.rule.span.is_some()
                && state.nodes.contains(&node)
        })
    }

    /// The crash that holds and names a node, whether or not the node was up when it began.
    pub(super) fn crash_of(&self, node: u32) -> Option<usize> {
        self.holding(|kind| matches!(kind, FaultKind::Crash(nodes) if names(nodes, node)))
    }

    /// The pause that holds and names a node, unless it paused the node before: then a
    /// crash has ended it for the node.
    pub(super) fn new_pause_of(&self, node: u32) -> Option<usize> {
        self.holding(|kind| matches!(kind, FaultKind::Pause(nodes) if names(nodes, node)))
            .filter(|&index| !self.states[index].nodes.contains(&node))
    }

    /// The first fault of this kind that holds.
    fn holding(&self, is_it: impl Fn(&FaultKind) -> bool) -> Option<usize> {
        let mut states = self.states.iter();
        states.position(|state| state.since.is_some() && is_it(&state.rule.kind))
    }

    /// The effects of all, in the order of the scenario.
    pub(super) fn effects(&self) -> Vec<FaultEffect> {
        let states = self.states.iter().enumerate();
        states
            .map(|(index, state)| FaultEffect::new(index, &state.rule, state.windows.clone()))
            .collect()
    }
}

impl FaultEffect {
    /// The effect of the fault at `index` in these windows.
    pub fn new(index: usize, rule: &Fault, windows: Vec<Window>) -> FaultEffect {
        FaultEffect {
            index,
            kind: rule.kind.name(),
            what: what(&rule.kind),
            touched: windows.iter().map(|window| window.touched).sum(),
            required: rule.required,
            windows,
        }
    }

    /// Adds the effect on nodes that another process drives.
    pub fn add(&mut self, remote: &[Window]) {
        for (index, other) in remote.iter().enumerate() {
            match self.windows.get_mut(index) {
                Some(own) => {
                    own.until = own.until.max(other.until);
                    own.touched += other.touched;
                }
                None => self.windows.push(*other),
            }
        }
        self.touched = self.windows.iter().map(|window| window.touched).sum();
    }
}

impl FaultState {
    /// Ends the current window.
    pub fn close(&mut self, until: SimTime) {
        let Some(from) = self.since.take() else {
            return;
        };
        let touched = std::mem::take(&mut self.touched);
        self.window += 1;
        match self.windows.last_mut() {
            Some(last) if self.window as usize > MOST_WINDOWS => {
                last.until = until;
                last.touched += touched;
            }
            _ => self.windows.push(Window {
                from,
                until,
                touched,
            }),
        }
    }
}

/// Whether a node is in one of these ranges.
pub(super) fn names(nodes: &NodeRanges, node: u32) -> bool {
    nodes.iter().any(|range| range.contains(&node))
}

/// What a fault of this kind touches.
fn what(kind: &FaultKind) -> &'static str {
    match kind {
        FaultKind::Partition { .. } => "messages cut",
        FaultKind::Crash(_) => "nodes crashed",
        FaultKind::Pause(_) => "ticks, timers and messages held up",
        FaultKind::Link(_) => "messages on changed links",
        FaultKind::TickRate { .. } => "ticks at another rate",
        FaultKind::Drift { .. } => "clocks changed",
    }
}
