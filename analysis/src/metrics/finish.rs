//! What was measured of each node, once the last row was taken.
//!
//! With many nodes this is a part of a run that is felt, and each node is by itself: two cores
//! do half of the nodes each.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{Builder, scope};

use super::columns::Column;
use super::histogram::Histogram;
use super::node_metrics::{NodeMetrics, only_losses};
use super::packed::PackedValues;
use super::samples::Finishing;
use super::{NodeState, RunMetrics, Shape, Value, clocks, latency, utilization};
use crate::log::{Driving, Occupancy};

/// The least number of nodes for which another thread is begun. Arbitrary: it begins in a
/// hundredth of the time.
const MANY: usize = 1_000;

/// What all nodes have in common.
struct Ends<'a> {
    shapes: &'a [Shape],
    /// How long the measured part of the run is `[ns]`.
    span_ns: u64,
    /// By node.
    drifts: Option<&'a [[Option<Value>; 2]]>,
    /// Of the nodes that held something, in their order; `None` if it is not known.
    held: Option<&'a [Occupancy]>,
}

impl RunMetrics {
    pub(super) fn finish_nodes(mut self, from_ns: u64, end_ns: u64) -> Vec<NodeMetrics> {
        let now = clocks(&self.nodes);
        let drifts = self.drift.map(|drift| drift.finish(now));
        let ends = Ends {
            shapes: &self.shapes,
            span_ns: end_ns.saturating_sub(from_ns),
            drifts: drifts.as_deref(),
            held: self.occupancies.as_deref(),
        };
        let count = self.nodes.len();
        let half = match self.cores > 1 && count >= MANY {
            true => count / 2,
            false => count,
        };
        let (first, second) = self.nodes.split_at_mut(half);
        let mut all = Vec::with_capacity(count);
        let others = scope(|scope| {
            let work = || ends.of(half, second);
            let other = (half < count).then(|| Builder::new().spawn_scoped(scope, work));
            all.extend(ends.of(0, first));
            // There may be no more threads.
            let other = other?.ok()?;
            Some(other.join().unwrap_or_else(|panic| resume_unwind(panic)))
        });
        all.extend(others.unwrap_or_else(|| ends.of(half, &mut self.nodes[half..])));
        all
    }
}

impl Ends<'_> {
    /// Of these nodes, the first of which has the number `begin`. What they have counted is
    /// gone then.
    fn of(&self, begin: usize, nodes: &mut [NodeState]) -> Vec<NodeMetrics> {
        let held = self.held.unwrap_or_default();
        let before = held.partition_point(|it| (it.node as usize) < begin);
        let mut held = held[before..].iter().peekable();
        // Used again for each node.
        let (mut values, mut packed) = (Vec::new(), Vec::new());
        let mut samples = Finishing::default();
        let mut all = Vec::with_capacity(nodes.len());
        for (index, node) in (begin..).zip(nodes) {
            let own = held.next_if(|it| it.node as usize == index).cloned();
            let own = self.held.map(|_| own.unwrap_or_default());
            values.clear();
            self.measure(index, node, own, &mut samples, &mut values);
            let names = Arc::clone(&self.shapes[node.shape as usize].names);
            if node.program {
                only_losses(&names, &mut values);
            }
            all.push(NodeMetrics {
                node: index as u32,
                names,
                values: PackedValues::of(&values, &mut packed),
                samples: samples.take(),
            });
            // The samples of all nodes, in both forms, would be the most memory of a run.
            (node.jumps, node.latencies) = (None, Histogram::default());
        }
        all
    }

    /// Adds the values and samples of a node.
    fn measure(
        &self,
        index: usize,
        node: &NodeState,
        held: Option<Occupancy>,
        samples: &mut Finishing,
        values: &mut Vec<Option<Value>>,
    ) {
        let shape = &self.shapes[node.shape as usize];
        let waited_ns = held.as_ref().map(|it| it.waited);
        if let Some(jumps) = &node.jumps {
            jumps.finish(samples, values);
            values.extend(self.drifts.map_or([None; 2], |drifts| drifts[index]));
        }
        node.queue.finish(self.span_ns, waited_ns, samples, values);
        if shape.driving != Driving::Arrivals {
            utilization::finish(
                shape.driving,
                &node.traffic,
                held.as_ref().map(|it| it.served),
                held.as_ref().map(|it| it.unhandled),
                self.span_ns,
                values,
            );
        }
        latency::finish(&node.latencies, samples, values);
        node.traffic.finish(self.span_ns, values);
        if let Some(requests) = &node.requests {
            requests.finish(&shape.requests, values);
        }
        values.extend(node.columns.iter().flat_map(Column::finish));
        values.extend(node.happened.finish());
        let has_waited = waited_ns > Some(0);
        if let Some(held) = held.filter(|_| shape.driving != Driving::Arrivals || has_waited) {
            samples.known(&held);
        }
    }
}
