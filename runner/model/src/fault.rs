//! What breaks in a run.

use std::ops::Range;

use super::{Link, Order};
use base::distribution::Distribution;
use base::time::SimDuration;

/// Node indices: sorted, disjoint, not empty.
pub type NodeRanges = Vec<Range<u32>>;

/// One `[[faults]]` entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// When it begins, after the beginning of the run.
    pub at: SimDuration,
    /// How long it holds, more than 0; none: to the end of the run.
    pub span: Option<SimDuration>,
    /// From beginning to beginning, at least `span`, which is there; none: once.
    pub every: Option<SimDuration>,
    /// Whether a run in which it touches nothing is unknown.
    pub required: bool,
    /// What it does.
    pub kind: FaultKind,
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// Cuts messages between nodes of different lists, which share none; if
    /// there is one list, between it and all others.
    Partition(Vec<NodeRanges>),
    /// Stops nodes, which lose their state.
    Crash(NodeRanges),
    /// Lets nodes do nothing.
    Pause(NodeRanges),
    /// Changes links.
    Link(LinkChange),
    /// Lets clocked nodes tick at another rate.
    TickRate {
        /// Which.
        nodes: NodeRanges,
        /// Ticks per second.
        to: Distribution,
    },
    /// Lets nodes' own clocks go at another rate.
    Drift {
        /// Whose.
        nodes: NodeRanges,
        /// How much faster `[ppm]`.
        ppm: Distribution,
    },
}

impl FaultKind {
    /// The key that says what it does.
    pub fn name(&self) -> &'static str {
        match self {
            FaultKind::Partition(_) => "partition",
            FaultKind::Crash(_) => "crash",
            FaultKind::Pause(_) => "pause",
            FaultKind::Link(_) => "link",
            FaultKind::TickRate { .. } => "tick_rate",
            FaultKind::Drift { .. } => "drift",
        }
    }
}

/// Links that change: what is set here replaces what the link has.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkChange {
    /// The nodes at one end.
    pub from: NodeRanges,
    /// The nodes at the other end.
    pub to: NodeRanges,
    /// Whether messages from `to` to `from` are meant, too.
    pub both: bool,
    /// As [`Link::latency`].
    pub latency: Option<Distribution>,
    /// As [`Link::loss`].
    pub loss: Option<f64>,
    /// As [`Link::duplicate`].
    pub duplicate: Option<f64>,
    /// As [`Link::corrupt`].
    pub corrupt: Option<f64>,
    /// As [`Link::bandwidth`].
    pub bandwidth: Option<u64>,
    /// As [`Link::queue_limit`].
    pub queue_limit: Option<u32>,
    /// As [`Link::order`].
    pub order: Option<Order>,
}

impl LinkChange {
    /// Changes a link.
    pub fn apply(&self, link: &mut Link) {
        fn set<T: Clone>(value: &mut T, to: &Option<T>) {
            if let Some(to) = to {
                value.clone_from(to);
            }
        }
        set(&mut link.latency, &self.latency);
        set(&mut link.loss, &self.loss);
        set(&mut link.duplicate, &self.duplicate);
        set(&mut link.corrupt, &self.corrupt);
        set(&mut link.order, &self.order);
        link.bandwidth = self.bandwidth.or(link.bandwidth);
        link.queue_limit = self.queue_limit.or(link.queue_limit);
    }

    /// Whether it names the messages from one node to another.
    pub fn names(&self, from: u32, to: u32) -> bool {
        let holds = |ranges: &NodeRanges, node| ranges.iter().any(|it| it.contains(&node));
        holds(&self.from, from) && holds(&self.to, to)
            || self.both && holds(&self.from, to) && holds(&self.to, from)
    }
}
