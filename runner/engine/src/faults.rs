//! The faults of a run: when each holds, and what it has touched.
//!
//! A fault is an event at its beginning and one at its end; in between it is a
//! change of the world: of the links ([`super::network`]), of nodes that are
//! down or paused, of ticks and of clocks. What it does to nodes is in
//! `run/node_faults.rs`; here is the account of it. Whatever a fault draws has a
//! stream of its own, for each time that it holds.

use base::time::SimTime;
use model::{Fault, FaultKind};

/// The account of all faults of a run.
#[derive(Debug, Default)]
pub struct Faults {
    pub(super) states: Vec<FaultState>,
}

/// One fault, as the run goes.
#[derive(Debug)]
pub(super) struct FaultState {
    pub rule: Fault,
    /// Since when it holds.
    pub since: Option<SimTime>,
    /// How often it has begun before.
    pub window: u64,
    /// What it has touched since it began; of links, once it has ended.
    pub touched: u64,
    /// The nodes that it holds: down, paused, or at another rate.
    pub nodes: Vec<u32>,
    windows: Vec<Window>,
}

/// What one fault did to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultEffect {
    /// Its place among the scenario's faults, from 0.
    pub index: usize,
    /// The key that says what it does: `partition`.
    pub kind: &'static str,
    /// What `touched` counts, in the plural: `messages cut`.
    pub what: &'static str,
    /// How many of them there were.
    pub touched: u64,
    /// Whether a run in which it touches nothing is unknown.
    pub required: bool,
    /// Each time that it held, in order; of very many the last stands for all
    /// that follow.
    pub windows: Vec<Window>,
}

/// One time that a fault held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When it began.
    pub from: SimTime,
    /// When it ended; the run's end, if it held until then.
    pub until: SimTime,
    /// How much it touched.
    pub touched: u64,
}

/// The most windows of a fault that are told one by one: enough for a table, and
/// what keeps a fault of each microsecond from filling memory.
const MOST_WINDOWS: usize = 10_000;

impl Faults {
    pub(super) fn new(rules: &[Fault]) -> Faults {
        let state = |rule: &Fault| FaultState {
            rule: rule.clone(),
            since: None,
            window: 0,
            touched: 0,
            nodes: Vec::new(),
            windows: Vec::new(),
        };
        Faults {
            states: rules.iter().map(state).collect(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Whether one of them has crashed a node that has not come back.
    pub(super) fn keep_down(&self, node: u32) -> bool {
        self.states.iter().any(|state| {
            matches!(state.rule.kind, FaultKind::Crash(_)) && state.nodes.contains(&node)
        })
    }

    /// What they did, in the order of the scenario.
    pub(super) fn effects(&self) -> Vec<FaultEffect> {
        let states = self.states.iter().enumerate();
        states
            .map(|(index, state)| FaultEffect::new(index, &state.rule, state.windows.clone()))
            .collect()
    }
}

impl FaultEffect {
    /// What the fault at `index` did when it held so.
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

    /// Adds what it did elsewhere, to nodes that another process drives.
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
    /// Puts down a window that ends now.
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

/// What a fault of this kind touches.
fn what(kind: &FaultKind) -> &'static str {
    match kind {
        FaultKind::Partition(_) => "messages cut",
        FaultKind::Crash(_) => "nodes crashed",
        FaultKind::Pause(_) => "ticks, timers and messages held up",
        FaultKind::Link(_) => "messages on changed links",
        FaultKind::TickRate { .. } => "ticks at another rate",
        FaultKind::Drift { .. } => "clocks changed",
    }
}
