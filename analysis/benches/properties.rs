//! What properties cost a record, measured in one run:
//!
//! ```text
//! cargo bench -p analysis --bench properties -- [--quick]
//! ```
//!
//! The records are those of clock machines, made before anything is timed. A line of the table
//! is a number of nodes; its figures are nanoseconds a record: metrics alone, metrics with five
//! properties, and the difference. Both are measured in turns, and the least time of all
//! rounds is printed: a busy machine adds to a time and takes nothing away. The same five
//! properties in a whole run: `cargo bench -p runner --bench engine -- records`.
//!
//! `-- --once metrics|properties NODES` does one of them once, for a profiler.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use analysis::log::{
    ColumnKind, ColumnSchema, Columns, EventId, NO_PEER, NodeSchema, Row, RunSchema,
};
use analysis::metrics::RunMetrics;
use analysis::properties::expression::{Expression, Group, Scope, Shape};
use analysis::properties::{Claim, Properties, Property, PropertyRule};
use analysis::results::Verdict;

/// The properties of the bench of the engine.
const PROPERTIES: [&str; 5] = [
    "clock > last(clock)",
    "clock - last(clock) <= 1000000",
    "queue <= 1000000",
    "event == 'internal' implies message == 0 or not has(message)",
    "event in ['send', 'receive'] implies message > 0 and bytes == 8",
];
/// Number of records of a measurement. They are all in memory, 64 bytes each.
const RECORDS: usize = 1_000_000;

/// The records of a run of clock machines.
struct Trace {
    schema: Arc<RunSchema>,
    /// Each with the clock after its step.
    records: Vec<(Row, u64)>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["--once", what, nodes, ..] = words[..] {
        let trace = Trace::new(nodes.parse().expect("a number of nodes"), RECORDS);
        let properties = properties(&trace.schema);
        return match what {
            "metrics" => metrics(&trace),
            "properties" => metrics_and_properties(&trace, &properties),
            other => panic!("unknown word `{other}`, expected `metrics` or `properties`"),
        };
    }
    let rounds = if words.contains(&"--quick") { 5 } else { 25 };
    println!("properties: what five cost [ns/record]");
    println!("   nodes   metrics   + properties   difference");
    for nodes in [3, 1_000, 100_000] {
        let trace = Trace::new(nodes, RECORDS);
        let properties = properties(&trace.schema);
        let (mut alone, mut both) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..rounds {
            alone = alone.min(ns_per_record(|| metrics(&trace)));
            both = both.min(ns_per_record(|| {
                metrics_and_properties(&trace, &properties);
            }));
        }
        println!(
            "{nodes:>8}   {alone:>7.1}   {both:>12.1}   {:>10.1}",
            both - alone
        );
    }
}

fn ns_per_record(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64 / RECORDS as f64
}

fn metrics(trace: &Trace) {
    let mut metrics = RunMetrics::new(&trace.schema);
    trace.each(|row, columns| metrics.row(row, &columns));
    black_box(&metrics);
}

fn metrics_and_properties(trace: &Trace, properties: &[Arc<Property>]) {
    let mut metrics = RunMetrics::new(&trace.schema);
    let mut properties = Properties::begin(properties, &trace.schema);
    trace.each(|row, columns| {
        metrics.row(row, &columns);
        properties.row(row, &columns);
    });
    black_box(&metrics);
    for it in properties.finish(u64::MAX, |_, _, _| String::new()) {
        assert_eq!(it.verdict, Verdict::Passed, "{it:?}");
    }
}

fn properties(schema: &RunSchema) -> Vec<Arc<Property>> {
    let node = &schema.nodes[0];
    let scope = Scope {
        groups: vec![Group {
            name: "machine".to_owned(),
            numbered: true,
            nodes: 0..schema.nodes.len() as u32,
            shape: Some(Shape {
                columns: node.columns.clone(),
                events: node.events.clone(),
                program: false,
            }),
        }],
        ..Scope::default()
    };
    let property = |text: &&str| {
        let rule = PropertyRule {
            name: (*text).to_owned(),
            nodes: None,
            global: false,
            claim: Claim::Always(Expression::parse(text).expect("an expression")),
        };
        let property = Property::new(rule, &scope).expect("its names are right");
        Arc::new(property.expect("all nodes are known"))
    };
    PROPERTIES.iter().map(property).collect()
}

impl Trace {
    fn new(nodes: u32, records: usize) -> Trace {
        let node = |index| NodeSchema {
            name: format!("machine-{}", index + 1),
            columns: Arc::from([ColumnSchema {
                name: "clock".to_owned(),
                kind: ColumnKind::U64,
                docs: String::new(),
            }]),
            events: Arc::from(["internal".to_owned()]),
            ..NodeSchema::default()
        };
        let schema = RunSchema {
            nodes: (0..nodes).map(node).collect(),
            external_peers: Vec::new(),
        };
        Trace {
            schema: Arc::new(schema),
            records: Machines::new(nodes).records(records),
        }
    }

    #[inline]
    fn each(&self, mut take: impl FnMut(&Row, Columns<'_>)) {
        for (row, clock) in &self.records {
            take(
                row,
                Columns {
                    present: 1,
                    cells: std::slice::from_ref(clock),
                    texts: &[],
                },
            );
        }
    }
}

/// Clock machines with 1 to 6 ticks a second and a die of ten faces.
struct Machines {
    /// By machine.
    clocks: Vec<u64>,
    steps: Vec<u64>,
    sent: Vec<u64>,
    inboxes: Vec<std::collections::VecDeque<(u32, u64, u64)>>,
    /// The state of the generator.
    random: u64,
}

impl Machines {
    fn new(nodes: u32) -> Machines {
        let count = nodes as usize;
        Machines {
            clocks: vec![0; count],
            steps: vec![0; count],
            sent: vec![0; count],
            inboxes: vec![Default::default(); count],
            random: 262,
        }
    }

    /// A number below a limit (xorshift).
    fn draw(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % limit
    }

    fn records(mut self, count: usize) -> Vec<(Row, u64)> {
        let nodes = self.clocks.len();
        let ticks: Vec<u64> = (0..nodes)
            .map(|_| 1_000_000_000 / (1 + self.draw(6)))
            .collect();
        let mut due: std::collections::BinaryHeap<_> = (0..nodes)
            .map(|node| std::cmp::Reverse((ticks[node], node)))
            .collect();
        let mut records = Vec::with_capacity(count + nodes);
        while let Some(std::cmp::Reverse((time, node))) = due.pop()
            && records.len() < count
        {
            self.tick(time, node, &mut records);
            due.push(std::cmp::Reverse((time + ticks[node], node)));
        }
        records.truncate(count);
        records
    }

    fn tick(&mut self, time_ns: u64, node: usize, records: &mut Vec<(Row, u64)>) {
        self.steps[node] += 1;
        let received = self.inboxes[node].pop_front();
        let clock = received.map_or(0, |it| it.2).max(self.clocks[node]) + 1;
        self.clocks[node] = clock;
        let row = |event, peer, message, queue| Row {
            time_ns,
            step: self.steps[node],
            node: node as u32,
            event,
            peer,
            message,
            bytes: 8 * u64::from(message > 0),
            queue: queue as u64,
        };
        let queue = self.inboxes[node].len();
        if let Some((peer, message, _)) = received {
            records.push((row(EventId::RECEIVE, peer, message, queue), clock));
            return;
        }
        let internal = row(EventId::own(0), NO_PEER, 0, queue);
        let nodes = self.clocks.len();
        let to: Vec<usize> = match self.draw(10) + 1 {
            face @ 1..=2 => vec![(node + face as usize) % nodes],
            3 => vec![(node + 1) % nodes, (node + 2) % nodes],
            _ => return records.push((internal, clock)),
        };
        for to in to {
            self.sent[node] += 1;
            let row = Row {
                event: EventId::SEND,
                peer: to as u32,
                message: self.sent[node],
                bytes: 8,
                ..internal
            };
            records.push((row, clock));
            self.inboxes[to].push_back((node as u32, self.sent[node], clock));
        }
    }
}
