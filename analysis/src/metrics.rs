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

mod budget;
mod columns;
mod definition;
mod drift;
mod exchanged;
mod histogram;
mod jumps;
mod latency;
mod queue;
mod remember;
mod requests;
mod samples;

pub mod summary;
mod traffic;
mod value;

pub use definition::{Definition, FAMILIES, definition, definitions, range_end};
pub use histogram::{Histogram, PERCENTILES};
pub use remember::{Remembered, remember};
pub use requests::{REFUSED, REJECTED, UNANSWERED, UNMET};
pub use samples::{Pool, Samples, WAITED, family_of, percentile};
pub use value::{Bucket, Value};

use std::sync::Arc;

use crate::log::{Cell, ColumnKind, ColumnSchema, Columns, EventId, Row, RunSchema};
use budget::Budget;
use columns::Column;
use drift::Drift;
use exchanged::Exchanged;
use jumps::Jumps;
use latency::InFlight;
use queue::Queue;
use requests::Requests;
use traffic::Traffic;

/// The name of the column that is a logical clock, where it holds integers.
pub const CLOCK_COLUMN: &str = "clock";

/// The metrics of one node in one run, in the order of the tables.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeMetrics {
    /// An index into [`RunSchema::nodes`].
    pub node: u32,
    names: Arc<[String]>,
    values: Vec<Option<Value>>,
    /// The samples behind the percentiles.
    samples: Samples,
}

impl NodeMetrics {
    /// The samples behind the percentiles of this node.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Each metric of this node, with its value; `None` if nothing was measured.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<Value>)> {
        let names = self.names.iter().map(String::as_str);
        names.zip(self.values.iter().copied())
    }

    /// The value of a metric; `None` if the node has no such metric, or nothing was
    /// measured.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.iter()
            .find_map(|(own, value)| (own == name).then_some(value)?)
    }
}

/// The names of the metrics of a node with these columns, in the order of the
/// tables. Metrics of the clock need a column `clock` of integers.
pub fn metric_names(columns: &[ColumnSchema]) -> Vec<String> {
    Shape::new(columns).names.to_vec()
}

/// The metric of a behavior's column that would have the name of a fixed metric: a column
/// `latency` would have a `latency_mean` of its own.
pub fn taken_metric(column: &ColumnSchema) -> Option<String> {
    let has_own =
        columns::is_numeric(column.kind) && !is_clock(column) && !requests::is_one(column);
    let own = columns::DEFINITIONS.iter();
    let mut own = own.map(|definition| format!("{}_{}", column.name, definition.name));
    own.find(|name| has_own && definitions().any(|definition| definition.name == name))
}

/// Whether a column is the clock that the metrics of the clock are about.
fn is_clock(column: &ColumnSchema) -> bool {
    column.name == CLOCK_COLUMN && matches!(column.kind, ColumnKind::U64 | ColumnKind::I64)
}

/// What the nodes of a group have in common.
#[derive(Clone, Debug)]
struct Shape {
    columns: Arc<[ColumnSchema]>,
    names: Arc<[String]>,
    /// The column that is the clock.
    clock: Option<(usize, ColumnKind)>,
    /// The columns that count requests and expected replies.
    requests: requests::Places,
    /// The other numeric columns.
    numeric: Vec<(usize, ColumnKind)>,
}

impl Shape {
    fn new(columns: &[ColumnSchema]) -> Shape {
        let clock = columns
            .iter()
            .position(is_clock)
            .map(|index| (index, columns[index].kind));
        let requests = requests::places(columns);
        let numeric: Vec<_> = columns
            .iter()
            .enumerate()
            .filter(|(_, column)| !is_clock(column) && !requests::is_one(column))
            .filter(|(_, column)| columns::is_numeric(column.kind))
            .map(|(index, column)| (index, column.kind))
            .collect();
        let clock_families = [jumps::DEFINITIONS, drift::DEFINITIONS];
        let own = numeric.iter().flat_map(|&(index, _)| {
            let column = &columns[index].name;
            columns::DEFINITIONS
                .iter()
                .map(move |definition| format!("{column}_{}", definition.name))
        });
        let names = FAMILIES
            .into_iter()
            .filter(|family| clock.is_some() || !clock_families.contains(family))
            .flatten()
            .filter(|definition| requests::has(&requests, definition))
            .map(|definition| definition.name.to_owned())
            .chain(own)
            .collect();
        Shape {
            columns: columns.into(),
            names,
            clock,
            requests,
            numeric,
        }
    }

    /// The index of the shape with these columns; the shape is added if it is not in
    /// `shapes`.
    fn place(shapes: &mut Vec<Shape>, columns: &[ColumnSchema]) -> usize {
        // Nodes of a group follow one another: the last shape is compared first.
        let same = |shape: &Shape| *shape.columns == *columns;
        shapes.iter().rposition(same).unwrap_or_else(|| {
            shapes.push(Shape::new(columns));
            shapes.len() - 1
        })
    }
}

/// One node, after its rows so far.
#[derive(Clone, Debug)]
struct NodeState {
    shape: u32,
    program: bool,
    last_step: u64,
    traffic: Traffic,
    queue: Queue,
    latencies: Histogram,
    jumps: Option<Box<Jumps>>,
    requests: Option<Box<Requests>>,
    columns: Box<[Column]>,
}

/// The metrics of all nodes of one run, after its rows so far.
#[derive(Clone, Debug)]
pub struct RunMetrics {
    shapes: Vec<Shape>,
    nodes: Vec<NodeState>,
    flight: InFlight,
    drift: Option<Drift>,
    exchanged: Exchanged,
    budget: Budget,
}

impl RunMetrics {
    /// For a run of these nodes, before its first row.
    pub fn new(schema: &RunSchema) -> RunMetrics {
        let mut shapes: Vec<Shape> = Vec::new();
        let mut nodes = Vec::with_capacity(schema.nodes.len());
        for node in &schema.nodes {
            let shape = Shape::place(&mut shapes, &node.columns);
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
                jumps: clock.map(|_| Box::default()),
                requests: requests.iter().any(Option::is_some).then(Box::default),
                columns: vec![Column::Empty; numeric.len()].into(),
            });
        }
        let clocked = shapes.iter().any(|shape| shape.clock.is_some());
        RunMetrics {
            drift: clocked.then(|| Drift::new(nodes.len())),
            shapes,
            nodes,
            flight: InFlight::default(),
            exchanged: Exchanged::default(),
            budget: Budget::default(),
        }
    }

    /// Whether nothing happened: no node did a step, and no program exchanged a message
    /// with a node.
    pub fn is_idle(&self) -> bool {
        !self.exchanged.any() && self.nodes.iter().all(|node| node.traffic.steps == 0)
    }

    /// Adds the next row. Rows must be in time order; rows of one instant may be in any
    /// order, but those of each node in the order of its log.
    ///
    /// # Panics
    /// If `row.node` is not in the schema.
    pub fn row(&mut self, row: &Row, columns: Columns<'_>) {
        if self.budget.row(row.time_ns) {
            self.keep_budget();
        }
        self.flight.advance(row.time_ns);
        if let Some(drift) = &mut self.drift {
            drift.advance(row.time_ns);
        }
        let is_program = |node: u32| self.nodes.get(node as usize).map(|it| it.program);
        self.exchanged.row(row, is_program);
        self.message(row);
        let node = &mut self.nodes[row.node as usize];
        let shape = &self.shapes[node.shape as usize];
        let new_step = row.event.in_step() && row.step != node.last_step;
        if new_step {
            node.last_step = row.step;
            node.traffic.steps += 1;
            node.queue.step(row.queue);
            for (column, &(index, kind)) in node.columns.iter_mut().zip(&shape.numeric) {
                column.step(columns.cell(index, kind));
            }
        }
        if let (Some(jumps), Some((index, kind))) = (&mut node.jumps, shape.clock) {
            let clock = match columns.cell(index, kind) {
                Cell::U64(clock) => Some(i128::from(clock)),
                Cell::I64(clock) => Some(i128::from(clock)),
                _ => None,
            };
            if row.event == EventId::CRASH || row.event == EventId::RESTART {
                jumps.restart();
                if let Some(drift) = &mut self.drift {
                    drift.clear(row.node as usize);
                }
            }
            if let (Some(clock), Some(drift)) = (clock, &mut self.drift) {
                jumps.seen(clock);
                if new_step {
                    jumps.step(clock);
                }
                if row.event != EventId::CRASH {
                    drift.set(row.node as usize, clock);
                }
            }
        }
        if let Some(requests) = &mut node.requests {
            requests.row(row.event, &shape.requests, columns);
        }
    }

    /// Counts a message at the node that sends, handles or loses it, and its latency.
    #[inline]
    fn message(&mut self, row: &Row) {
        let named = row.message != 0 && (row.peer as usize) < self.nodes.len();
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
                if row.message != 0 {
                    node.traffic.bytes_sent = node.traffic.bytes_sent.saturating_add(row.bytes);
                }
                // What a program receives is not recorded, so the message would stay in
                // flight.
                if named
                    && !self.nodes[row.peer as usize].program
                    && let Some(receiver) = self.flight.send(row.node, row.message)
                {
                    self.nodes[receiver as usize].latencies.record(0);
                }
            }
            EventId::DROP => {
                node.traffic.dropped += 1;
                if named {
                    self.flight.drop(row.peer, row.message);
                }
            }
            _ => {}
        }
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
        self.budget.keep(&mut histograms);
    }

    /// Sets for how long messages waited in the inboxes until the end of the run: (node,
    /// time summed over the messages), without the nodes at which none waited
    /// [messages x ns]. The rows do not have it; without it, `queue_time_mean` is not
    /// measured.
    ///
    /// # Panics
    /// If a node is not in the schema.
    pub fn waited(&mut self, waited: &[(u32, u128)]) {
        for node in &mut self.nodes {
            node.queue.waited_ns = Some(0);
        }
        for &(node, waited_ns) in waited {
            self.nodes[node as usize].queue.waited_ns = Some(waited_ns);
        }
    }

    /// The metrics of each node, in the order of the schema, for a run that
    /// ended at `end_ns` `[ns]`.
    pub fn finish(self, end_ns: u64) -> Vec<NodeMetrics> {
        let mut drifts = self.drift.map(|mut drift| {
            drift.advance(end_ns);
            drift.finish().into_iter()
        });
        let shapes = self.shapes;
        let finish = |(index, node): (usize, NodeState)| {
            let names = Arc::clone(&shapes[node.shape as usize].names);
            let mut values = Vec::with_capacity(names.len());
            let drift = drifts.as_mut().and_then(Iterator::next);
            if let Some(jumps) = &node.jumps {
                jumps.finish(&mut values);
                values.extend(drift.unwrap_or([None; 2]));
            }
            node.queue.finish(end_ns, &mut values);
            latency::finish(&node.latencies, &mut values);
            node.traffic.finish(end_ns, &mut values);
            if let Some(requests) = &node.requests {
                requests.finish(&shapes[node.shape as usize].requests, &mut values);
            }
            values.extend(node.columns.iter().flat_map(Column::finish));
            let samples = Samples::of(&node);
            if node.program {
                only_losses(&names, &mut values);
            }
            NodeMetrics {
                node: index as u32,
                names,
                values,
                samples,
            }
        };
        self.nodes.into_iter().enumerate().map(finish).collect()
    }
}

/// Keeps only the lost messages: the steps of an external program are not recorded,
/// and zeros would mean that it did nothing.
fn only_losses(names: &[String], values: &mut [Option<Value>]) {
    for (name, value) in names.iter().zip(values) {
        if name != "dropped" || *value == Some(Value::Unsigned(0)) {
            *value = None;
        }
    }
}

#[cfg(test)]
mod tests;
