//! The ticks of clocked nodes.
//!
//! Ticks are not in the event queue: each clocked node has exactly one next tick at
//! any time. Nodes of one period tick in the same order round after round, so they
//! share a *lane*: a sorted list with a cursor. The lanes are in a heap, ordered by
//! the time of their next tick: a few lanes of many nodes cost next to nothing, many
//! lanes of one node cost what a heap costs.
//!
//! Ticks are taken instant by instant. All nodes that tick at one instant are written
//! into one list, in order, from which they are taken; [`Ticks::upcoming`] looks ahead
//! in it. If several lanes tick at one instant, their nodes are merged.
//!
//! Rates of 1 to 6 ticks a second give the same ticks again each second. Where such a
//! *cycle* is short, all its instants are listed once, before the run, and the lanes are
//! not needed any more: the next instant is then the next entry of a list (`cycle`).
//!
//! Nodes whose ticks a fault may change are *irregular*: each has its own entry in
//! a heap.
//!
//! Tick `k` of a node, from 1, falls at start + floor(k * 10^9 / rate) ns, or
//! with a phase at start + phase + floor((k - 1) * 10^9 / rate) ns.

mod cycle;
mod irregular;
mod lane;
mod merged;
mod period;
#[cfg(test)]
mod tests;

pub use period::Period;

use base::time::{SimDuration, SimTime};
use cycle::Cycle;
use irregular::IrregularTicks;
use lane::{Lane, Part};
use merged::MergedLists;

/// A clocked node at its start.
#[derive(Clone, Copy, Debug)]
pub struct Clocked {
    /// Which node.
    pub node: u32,
    /// How often it ticks.
    pub period: Period,
    /// When it starts.
    pub start: SimTime,
    /// The span from the start to the first tick; none: one period.
    pub phase: Option<SimDuration>,
}

/// The next tick of every clocked node.
#[derive(Debug, Default)]
pub struct Ticks {
    /// The instant whose ticks are being taken `[ns]`.
    time: u64,
    /// The nodes that tick at it, in the order of the scenario, are those from `taken` to
    /// `end`. With a cycle, the nodes of all its instants are in the list.
    due: Vec<u32>,
    taken: usize,
    end: usize,
    /// Up to where in `due` it is worth to look ahead.
    horizon: usize,
    cycle: Option<Cycle>,
    /// Empty if there is a cycle.
    lanes: Vec<Lane>,
    /// A binary heap: the lane of the next instant first.
    heap: Vec<Head>,
    /// The parts of lanes that tick at it, if there are several.
    parts: Vec<Part>,
    merged: MergedLists,
    /// Nodes whose ticks may change.
    irregular: IrregularTicks,
}

/// A lane's next instant after the current one. Lanes of one instant are in any
/// order: their nodes are merged.
#[derive(Clone, Copy, Debug)]
struct Head {
    time: u64,
    lane: u32,
}

/// With fewer nodes than this, all that a tick needs is in a near cache, and to prefetch it
/// costs more than it gains.
const FEW_NODES: usize = 2048;

impl Ticks {
    /// The ticks of these nodes.
    pub fn new(nodes: Vec<Clocked>) -> Ticks {
        let count = nodes.len();
        let mut ticks = Ticks::by_lanes(nodes);
        let cycle = Cycle::record(&mut ticks);
        if let Some((cycle, nodes)) = cycle {
            ticks = Ticks {
                horizon: if count < FEW_NODES { 0 } else { nodes.len() },
                due: nodes,
                cycle: Some(cycle),
                ..Ticks::default()
            };
            ticks.next_instant();
        }
        ticks
    }

    /// The ticks of these nodes, found lane by lane.
    fn by_lanes(mut nodes: Vec<Clocked>) -> Ticks {
        // With a phase the first offset is 0, without one it is one period; such
        // nodes cannot share a lane, since they count differently.
        let base = |c: &Clocked| (c.start + c.phase.unwrap_or_default()).0;
        nodes.sort_unstable_by_key(|c| (c.period.key(), c.phase.is_some(), base(c), c.node));

        let mut ticks = Ticks {
            merged: MergedLists::with_room_for(nodes.len()),
            ..Ticks::default()
        };
        let mut rest = &nodes[..];
        while let Some(first) = rest.first() {
            let reach = first.period.least_ns();
            let together = rest
                .iter()
                .take_while(|c| {
                    c.period == first.period
                        && c.phase.is_some() == first.phase.is_some()
                        && (base(c) == base(first) || base(c) - base(first) < reach)
                })
                .count();
            let (members, others) = rest.split_at(together);
            ticks.lanes.push(Lane::new(members, base));
            rest = others;
        }
        ticks.heap = (0..)
            .zip(&ticks.lanes)
            .map(|(lane, members)| Head {
                time: members.next_time(),
                lane,
            })
            .collect();
        // A sorted list is a heap.
        ticks.heap.sort_unstable_by_key(|head| head.time);
        ticks.next_instant();
        ticks
    }

    /// When the next tick is due; [`SimTime::NEVER`] without clocked nodes.
    #[inline]
    pub fn next_time(&self) -> SimTime {
        SimTime(self.time.min(self.irregular.time))
    }

    /// Whether a tick is due at this time; none is due before it.
    #[inline]
    pub fn are_due(&self, now: SimTime) -> bool {
        self.time == now.0 || self.irregular.time == now.0
    }

    /// Adds nodes whose ticks may change.
    pub fn with_irregular(mut self, nodes: Vec<Clocked>) -> Ticks {
        self.irregular = IrregularTicks::new(nodes);
        self
    }

    /// An irregular node ticks at another rate from `now` on; none: at its own rate. The
    /// span to its next tick becomes shorter or longer in the same ratio.
    pub fn set_period(&mut self, node: u32, period: Option<Period>, now: SimTime) {
        self.irregular.set_period(node, period, now);
    }

    /// An irregular node starts again: its ticks count from `now`.
    pub fn restart(&mut self, node: u32, now: SimTime) {
        self.irregular.restart(node, now);
    }

    /// Number of ticks of an irregular node that were taken and not skipped.
    pub fn taken(&self, node: u32) -> u64 {
        self.irregular.taken(node)
    }

    /// The node does not act on the tick that was just taken: it is not counted.
    pub fn skip(&mut self, node: u32) {
        self.irregular.skip(node);
    }

    /// Takes the next tick and returns its node: the earliest tick, and at one instant
    /// that of the node which is first in the scenario.
    ///
    /// # Panics
    ///
    /// If there are no clocked nodes.
    #[inline(always)]
    pub fn take(&mut self) -> u32 {
        if self.irregular.time <= self.time
            && let Some(node) = self.take_irregular()
        {
            return node;
        }
        let node = self.due[self.taken];
        self.taken += 1;
        if self.taken == self.end {
            self.next_instant();
        }
        node
    }

    /// The node whose tick is `ahead` places after the next one, if it is known and worth
    /// to be prefetched.
    #[inline]
    pub fn upcoming(&self, ahead: usize) -> Option<u32> {
        if self.taken >= self.horizon {
            return None;
        }
        self.due.get(self.taken + ahead).copied()
    }

    /// Takes the next tick if it is an irregular node's.
    #[cold]
    fn take_irregular(&mut self) -> Option<u32> {
        let first = match self.due.get(self.taken) {
            Some(&node) if self.irregular.time == self.time => node,
            _ => u32::MAX,
        };
        self.irregular.take_before(first)
    }

    /// Goes on to the next instant.
    #[inline]
    fn next_instant(&mut self) {
        match &mut self.cycle {
            Some(cycle) => {
                let instant = cycle.next_instant();
                self.time = instant.time;
                (self.taken, self.end) = (instant.first, instant.end);
            }
            None => self.next_of_lanes(),
        }
    }

    /// Lists the nodes that tick at the next instant, and advances their lanes.
    fn next_of_lanes(&mut self) {
        self.due.clear();
        self.taken = 0;
        self.time = self.heap.first().map_or(u64::MAX, |head| head.time);
        if self.time != u64::MAX {
            self.list_due();
        }
        self.end = self.due.len();
        self.horizon = if self.end < FEW_NODES { 0 } else { self.end };
    }

    fn list_due(&mut self) {
        let first = self.take_part();
        if self.heap[0].time != self.time {
            match first.nodes(&self.lanes) {
                // A call to copy memory would cost more than the tick.
                &[node] => self.due.push(node),
                nodes => self.due.extend_from_slice(nodes),
            }
            return;
        }
        self.parts.clear();
        self.parts.push(first);
        while self.heap[0].time == self.time {
            let part = self.take_part();
            self.parts.push(part);
        }
        self.merged
            .merge(&mut self.parts, &self.lanes, &mut self.due);
    }

    /// Takes the nodes of the first lane that tick next, and advances the lane.
    #[inline]
    fn take_part(&mut self) -> Part {
        let head = &mut self.heap[0];
        let lane = &mut self.lanes[head.lane as usize];
        let part = lane.take_part(head.lane);
        head.time = lane.next_time();
        self.sift_down();
        part
    }

    /// Restores the order of the heap after its first entry became later.
    #[inline]
    fn sift_down(&mut self) {
        let heap = &mut self.heap[..];
        let moving = heap[0];
        let mut at = 0;
        loop {
            let mut child = 2 * at + 1;
            if child >= heap.len() {
                break;
            }
            if child + 1 < heap.len() && heap[child + 1].time < heap[child].time {
                child += 1;
            }
            if moving.time <= heap[child].time {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = moving;
    }
}
