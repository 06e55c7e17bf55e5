//! Faults: what a scenario breaks during a run, and when.

use std::ops::Range;

use base::distribution::Distribution;
use base::time::SimDuration;

use crate::LinkChange;

/// Node indices: sorted, disjoint, not empty.
pub type NodeRanges = Vec<Range<u32>>;

/// One `[[faults]]` entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// When the fault begins, after the beginning of the run `[ns]`.
    pub at: SimDuration,
    /// How long the fault holds `[ns]`, more than 0. `None`: to the end of the
    /// run.
    pub span: Option<SimDuration>,
    /// Time from one beginning of the fault to the next `[ns]`, at least `span`,
    /// which is `Some`. `None`: the fault begins once.
    pub every: Option<SimDuration>,
    /// Whether a run that the fault does not affect has the verdict unknown.
    pub required: bool,
    /// What the fault does.
    pub kind: FaultKind,
}

/// What a fault does while it holds.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// Cuts messages between nodes of different lists.
    Partition {
        /// The lists. No node is in two. If there is one list: its nodes, and all others.
        sides: Vec<NodeRanges>,
        /// Whether messages that are under way when it begins are dropped, too.
        cut: bool,
    },
    /// Stops nodes, which lose their state.
    Crash(NodeRanges),
    /// Stops nodes, which keep their state.
    Pause(NodeRanges),
    /// Changes links.
    Link(LinkChange),
    /// Changes the tick rate of clocked nodes.
    TickRate {
        /// The nodes.
        nodes: NodeRanges,
        /// The new rate `[1/s]`.
        to: Distribution,
    },
    /// Changes the rate of the nodes' own clocks.
    Drift {
        /// The nodes.
        nodes: NodeRanges,
        /// How much faster than true time the clocks go `[ppm]`.
        ppm: Distribution,
    },
}

impl FaultKind {
    /// The key of the fault in a scenario.
    pub fn name(&self) -> &'static str {
        match self {
            FaultKind::Partition { .. } => "partition",
            FaultKind::Crash(_) => "crash",
            FaultKind::Pause(_) => "pause",
            FaultKind::Link(_) => "link",
            FaultKind::TickRate { .. } => "tick_rate",
            FaultKind::Drift { .. } => "drift",
        }
    }
}
