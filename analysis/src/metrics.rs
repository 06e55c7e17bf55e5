//! Numbers from a run's records, one set per node, in one pass.
//!
//! [`RunMetrics`] takes the rows of all nodes in time order, from the engine or from
//! the logs, with the same digits in both cases: sums are integers, and floating-point
//! values are summed per node in the order of its steps. Memory grows with nodes and
//! messages in flight, and not with rows beyond a budget (`budget`). Each family of metrics has a file, with its
//! definitions as the report prints them; [`Definition`] is their common form.
//!
//! [`summary`] writes and reads `summary.csv`. What is computed over several runs is in
//! [`crate::statistics`].

mod ahead;
mod budget;
mod columns;
mod definition;
mod drift;
mod exchanged;
mod finish;
mod happened;
mod histogram;
mod jumps;
mod latency;
mod node_metrics;
mod packed;
mod queue;
mod remember;
mod requests;
mod samples;
mod shape;

pub mod summary;
mod tally;
mod traffic;
mod utilization;
mod value;
mod warmup;
mod window;

pub use ahead::GROUP;
pub use definition::{Definition, FAMILIES, definition, definitions, range_end};
pub use histogram::{Histogram, PERCENTILES};
pub use node_metrics::NodeMetrics;
pub use remember::{Remembered, push_line};
pub use requests::{REFUSED, REJECTED, UNANSWERED, UNMET};
pub use samples::{BATCHED, Known, Pool, Samples, family_of, percentile};
pub use shape::{Shapes, counted_word, metric_names, taken_metric};
pub use value::{Bucket, Value};
pub use warmup::{Cut, Warmup, Window};
pub use window::{BATCHES, BatchMeans};

use smallvec::SmallVec;

use crate::log::{Columns, EventId, Occupancy, Row, RunSchema};
use budget::Budget;
use columns::Column;
use drift::{Clock, Drift};
use exchanged::Exchanged;
use happened::Happened;
use jumps::Jumps;
use latency::InFlight;
use queue::Queue;
use requests::Requests;
use shape::Shape;
use traffic::Traffic;
use window::{Measured, Slicing};

/// The name of the column that is a logical clock, where it holds integers.
pub const CLOCK_COLUMN: &str = "clock";

/// One node, after its rows so far.
#[derive(Clone, Debug)]
struct NodeState {
    shape: u32,
    program: bool,
    last_step: u64,
    traffic: Traffic,
    queue: Queue,
    latencies: Histogram,
    jumps: Option<Jumps>,
    requests: Option<Box<Requests>>,
    /// Most nodes have one.
    columns: SmallVec<[Column; 1]>,
    happened: Happened,
}

/// The metrics of all nodes of one run, after its rows so far.
#[derive(Clone, Debug)]
pub struct RunMetrics {
    shapes: Vec<Shape>,
    nodes: Vec<NodeState>,
    /// Whether any node is a program.
    programs: bool,
    flight: InFlight,
    drift: Option<Drift>,
    exchanged: Exchanged,
    budget: Budget,
    /// The time of the last row `[ns]`.
    now_ns: u64,
    /// The rows after this time belong to another slice `[ns]`.
    next_ns: u64,
    /// The slices, if not all of the run is measured.
    slicing: Option<Box<Slicing>>,
    /// What the rows do not say; `None` if it is not known.
    occupancies: Option<Vec<Occupancy>>,
    /// Where the measured part begins, if it was found before.
    cut: Option<Cut>,
    /// How many cores the end may use.
    cores: usize,
}

/// What was measured in a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finished {
    /// The metrics of each node, in the order of the schema.
    pub nodes: Vec<NodeMetrics>,
    /// Where the measured part of the run begins; `None` if all of it was asked for.
    pub cut: Option<Cut>,
}

impl RunMetrics {
    /// For a run of these nodes, before its first row.
    pub fn new(schema: &RunSchema) -> RunMetrics {
        RunMetrics::with_shapes(schema, &Shapes::default())
    }

    /// As [`RunMetrics::new`], and finds shapes of nodes that are known already.
    pub fn with_shapes(schema: &RunSchema, shapes: &Shapes) -> RunMetrics {
        let mut shapes = shapes.0.to_vec();
        let mut nodes = Vec::with_capacity(schema.nodes.len());
        for node in &schema.nodes {
            let shape = Shape::place(&mut shapes, node);
            let Shape {
                clock,
                requests,
                numeric,
                ..
            } = &shapes[shape];
            nodes.push(NodeState {
                shape: shape as u32,
                program: node.program,
                last_step: 0,
                traffic: Traffic::default(),
                queue: Queue::default(),
                latencies: Histogram::default(),
                jumps: clock.map(Jumps::new),
                requests: requests.iter().any(Option::is_some).then(Box::default),
                columns: SmallVec::from_elem(Column::Empty, numeric.len()),
                happened: Happened::new(node.events.len()),
            });
        }
        let mut kinds = shapes.iter().filter_map(|shape| Some(shape.clock?.1));
        let kind = kinds.next();
        let alike = kinds.all(|other| Some(other) == kind);
        RunMetrics {
            drift: kind.map(|_| Drift::new(nodes.len(), alike)),
            shapes,
            programs: nodes.iter().any(|node| node.program),
            nodes,
            flight: InFlight::default(),
            exchanged: Exchanged::default(),
            budget: Budget::default(),
            now_ns: 0,
            next_ns: u64::MAX,
            slicing: None,
            occupancies: None,
            cut: None,
            cores: 1,
        }
    }

    /// Lets [`RunMetrics::finish`] use so many cores.
    pub fn on_cores(mut self, cores: usize) -> RunMetrics {
        self.cores = cores;
        self
    }

    /// Measures only this part of the run. Must be called before the first row, with the
    /// schema of [`RunMetrics::new`].
    pub fn within(mut self, window: &Window, schema: &RunSchema) -> RunMetrics {
        self.slicing = Slicing::new(window, schema).map(Box::new);
        self.next_ns = self.slicing.as_ref().map_or(u64::MAX, |it| it.next_ns());
        self
    }

    /// Sets where the measured part begins, as it was found when the run was done.
    pub fn cut_at(&mut self, cut: Cut) {
        self.cut = Some(cut);
    }

    /// Whether nothing happened: no node did a step, and no program exchanged a message
    /// with a node.
    pub fn is_idle(&self) -> bool {
        !self.exchanged.any() && self.nodes.iter().all(|node| node.last_step == 0)
    }

    /// Adds the next row. Rows must be in time order; rows of one instant may be in any
    /// order, but those of each node in the order of its log.
    ///
    /// # Panics
    /// If `row.node` is not in the schema.
    pub fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        if row.time_ns != self.now_ns {
            self.next_instant(row.time_ns);
        }
        self.budget.row();
        let peer = row.peer as usize;
        let is_message = row.message != 0;
        let named = is_message && peer < self.nodes.len();
        if is_message && (self.programs || !named) {
            self.exchange(row);
        }
        // What a program receives is not recorded, so the message would stay in flight.
        let is_received = named && !(self.programs && self.nodes[peer].program);
        let mut received_before = None;
        let node = &mut self.nodes[row.node as usize];
        match row.event {
            EventId::RECEIVE => {
                node.traffic.received += 1;
                node.queue.receive(row.queue);
                if named && let Some(latency) = self.flight.receive(row.peer, row.message, row.node)
                {
                    node.latencies.record(latency);
                }
            }
            EventId::SEND => {
                node.traffic.sent += 1;
                if is_message {
                    node.traffic.bytes_sent = node.traffic.bytes_sent.saturating_add(row.bytes);
                }
                if is_received {
                    received_before = self.flight.send(row.node, row.message);
                }
            }
            EventId::DROP => {
                node.traffic.dropped += 1;
                if named {
                    self.flight.drop(row.peer, row.message);
                }
            }
            EventId::TIMER => node.traffic.timers += u64::from(row.step != node.last_step),
            EventId::CRASH | EventId::RESTART => {
                if let Some(jumps) = &mut node.jumps {
                    jumps.begin_anew();
                }
            }
            event => node.happened.row(event),
        }
        let new_step = row.step != node.last_step && row.event.in_step();
        if new_step {
            node.last_step = row.step;
            node.traffic.steps += 1;
            node.queue.step(row.queue);
            if !node.columns.is_empty() {
                let numeric = &self.shapes[node.shape as usize].numeric;
                for (column, &(index, kind)) in node.columns.iter_mut().zip(numeric) {
                    column.step(columns.cell(index, kind));
                }
            }
        }
        if let Some(jumps) = &mut node.jumps {
            jumps.row(row.event, columns, new_step);
        }
        if let Some(requests) = &mut node.requests {
            let places = &self.shapes[node.shape as usize].requests;
            requests.row(row.event, places, columns);
        }
        if let Some(receiver) = received_before {
            self.nodes[receiver as usize].latencies.record(0);
        }
    }

    /// Time goes on to that of the next row.
    fn next_instant(&mut self, now_ns: u64) {
        if self.budget.is_due() {
            self.keep_budget();
        }
        self.now_ns = now_ns;
        if now_ns > self.next_ns {
            self.next_slice(now_ns);
        }
        self.flight.advance(now_ns);
        if let Some(drift) = &mut self.drift {
            drift.advance(now_ns, clocks(&self.nodes));
        }
    }

    /// Adds a row of a message whose other end is a program, or may be one.
    #[cold]
    fn exchange(&mut self, row: &Row) {
        let is_program = |node: u32| self.nodes.get(node as usize).map(|it| it.program);
        self.exchanged.row(row, is_program);
    }

    /// Closes the slice that ends before a time.
    #[cold]
    fn next_slice(&mut self, now_ns: u64) {
        let Some(slicing) = &mut self.slicing else {
            return;
        };
        let clocks = clocks(&self.nodes);
        let drift = self.drift.as_mut();
        let drifts = drift.map_or(Vec::new(), |drift| drift.close(self.next_ns, clocks));
        slicing.advance(&mut self.nodes, &drifts, now_ns);
        self.next_ns = slicing.next_ns();
    }

    /// Counts neighbouring values together where the histograms of the run take more
    /// memory than its budget.
    #[cold]
    fn keep_budget(&mut self) {
        let mut histograms: Vec<&mut Histogram> = Vec::with_capacity(self.nodes.len());
        for node in &mut self.nodes {
            histograms.extend([&mut node.queue.lengths, &mut node.latencies]);
            if let Some(jumps) = &mut node.jumps {
                histograms.push(&mut jumps.up);
                histograms.extend(jumps.down.as_deref_mut());
            }
        }
        let slices = self.slicing.iter_mut();
        histograms.extend(slices.flat_map(|slicing| slicing.histograms()));
        self.budget.keep(&mut histograms);
    }

    /// Sets what the inboxes and servers of the nodes held until the end of the run, in the
    /// order of the nodes. The rows do not have it; without it, `queue_time_mean` and more
    /// are not measured.
    pub fn occupied(&mut self, occupancies: &[Occupancy]) {
        self.occupancies = Some(occupancies.to_vec());
    }

    /// The metrics of each node, in the order of the schema, for a run that
    /// ended at `end_ns` `[ns]`.
    pub fn finish(self, end_ns: u64) -> Vec<NodeMetrics> {
        self.finish_window(end_ns).nodes
    }

    /// As [`RunMetrics::finish`], with the place where the measured part begins.
    pub fn finish_window(mut self, end_ns: u64) -> Finished {
        if let Some(drift) = &mut self.drift {
            drift.advance(end_ns, clocks(&self.nodes));
        }
        let (cut, batches) = self.take_window(end_ns);
        let from_ns = cut.as_ref().map_or(Some(0), Cut::ns);
        let mut nodes = self.finish_nodes(from_ns.unwrap_or(0), end_ns);
        for (node, batches) in nodes.iter_mut().zip(batches) {
            node.samples.add_batches(&batches);
        }
        if from_ns.is_none() {
            nodes.iter_mut().for_each(NodeMetrics::only_ends);
        }
        Finished { nodes, cut }
    }

    /// Leaves the counts of the measured part in the nodes.
    fn take_window(&mut self, end_ns: u64) -> (Option<Cut>, Vec<Vec<BatchMeans>>) {
        let Some(mut slicing) = self.slicing.take() else {
            return (self.cut.take(), Vec::new());
        };
        let clocks = clocks(&self.nodes);
        let drift = self.drift.as_mut();
        let drifts = drift.map_or(Vec::new(), |drift| drift.close(end_ns, clocks));
        let mut occupancies = self.occupancies.take();
        let all = occupancies.as_deref_mut().unwrap_or_default();
        slicing.close(&mut self.nodes, &drifts, all, end_ns);
        let measured = Measured {
            shapes: &self.shapes,
            shape_of: self.nodes.iter().map(|node| node.shape).collect(),
            occupancies: all,
        };
        let known = self.cut.take();
        let cut = known
            .clone()
            .unwrap_or_else(|| slicing.cut(&measured, end_ns));
        let from_ns = cut.ns().unwrap_or(0);
        let batches = slicing.batches(&measured, from_ns, end_ns);
        // If the cut was known, so is what was held after it.
        for occupancy in all.iter_mut().filter(|_| known.is_none()) {
            let (waited, served) = slicing.areas_until(occupancy, from_ns);
            occupancy.waited -= waited;
            occupancy.served -= served;
        }
        self.occupancies = occupancies;
        let tallies = slicing.after(from_ns).into_iter().enumerate();
        for (index, tally) in tallies {
            let max = tally.give(&mut self.nodes[index]);
            if let Some(drift) = &mut self.drift {
                drift.give(index, max);
            }
        }
        (Some(cut), batches)
    }
}

/// The clock of each node now.
fn clocks(nodes: &[NodeState]) -> impl Iterator<Item = Clock> + Clone {
    nodes.iter().map(|node| node.jumps.as_ref()?.now())
}

#[cfg(test)]
mod tests;
