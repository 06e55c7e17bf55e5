//! Observations in words, decided by the numbers.
//!
//! Each function looks for one thing. It returns a sentence only if its threshold
//! is met; the thresholds are constants, with their reasons. A sentence gives the
//! numbers that it rests on.

mod clocks;
mod messages;

use super::measured::Measured;
use super::questions::ranked;
use crate::render::number::{count, short, whole};

/// The sentences, by question.
#[derive(Default)]
pub(super) struct Observations {
    pub jumps: Vec<String>,
    pub drift: Vec<String>,
    pub gaps: Vec<String>,
    pub queues: Vec<String>,
    pub messages: Vec<String>,
}

/// The numbers of one node in one run.
#[derive(Clone, Copy)]
struct Node<'a> {
    measured: &'a Measured,
    row: usize,
}

impl<'a> Node<'a> {
    /// The value of a metric, by its column: [`column`] finds that once for all nodes.
    fn get(self, column: Option<usize>) -> Option<f64> {
        self.measured.value(self.row, column?)
    }

    fn name(self) -> &'a str {
        &self.measured.nodes[self.measured.rows[self.row].node]
    }

    fn run(self) -> u64 {
        self.measured.rows[self.row].run
    }
}

/// The column of a metric; `None` if no node has it.
fn column(runs: &[Run<'_>], metric: &str) -> Option<usize> {
    let node = runs.iter().find_map(|run| run.nodes.first())?;
    node.measured.metric(metric)
}

/// The columns behind the speed at which messages arrive.
#[derive(Clone, Copy)]
struct Arrivals {
    steps: Option<usize>,
    steps_per_s: Option<usize>,
    received: Option<usize>,
    queue_final: Option<usize>,
}

impl Arrivals {
    fn new(runs: &[Run<'_>]) -> Arrivals {
        Arrivals {
            steps: column(runs, "steps"),
            steps_per_s: column(runs, "steps_per_s"),
            received: column(runs, "received"),
            queue_final: column(runs, "queue_final"),
        }
    }

    /// Messages per second that reached the inbox of a node: those that it took and those
    /// that still wait. `None` if it has no steps.
    fn per_s(self, node: Node<'_>) -> Option<f64> {
        let (steps, speed) = (node.get(self.steps)?, node.get(self.steps_per_s)?);
        let arrived = node.get(self.received)? + node.get(self.queue_final)?;
        (steps > 0.0 && speed > 0.0).then(|| arrived * speed / steps)
    }
}

/// One run: its nodes from the fastest to the slowest.
struct Run<'a> {
    nodes: Vec<Node<'a>>,
}

/// The observations of one case. `step` is the word for a step: `tick` or `step`;
/// `clocked` is whether nodes act on ticks, `open` whether external peers may have sent
/// and received messages, too.
pub(super) fn observe(
    measured: &Measured,
    case: usize,
    step: &str,
    clocked: bool,
    open: bool,
) -> Observations {
    let speed = measured.metric("steps_per_s");
    let by_run = measured.runs_of(case);
    let runs: Vec<Run> = by_run
        .values()
        .map(|rows| {
            let rows = match speed {
                Some(speed) => ranked(measured, rows, speed),
                None => rows.clone(),
            };
            Run {
                nodes: rows.into_iter().map(|row| Node { measured, row }).collect(),
            }
        })
        .collect();
    let mut observations = Observations::default();
    observations.jumps.extend(clocks::who_drives(&runs, step));
    observations.jumps.extend(clocks::who_jumps(&runs, step));
    observations.jumps.extend(clocks::greatest_jump(&runs));
    observations.jumps.extend(clocks::spread_of_jumps(
        measured,
        &runs,
        by_run.values(),
        step,
    ));
    observations.drift.extend(clocks::drift(&runs));
    observations.gaps.extend(clocks::gaps(&runs));
    observations
        .queues
        .extend(messages::queues(&runs, step, clocked));
    observations.messages.extend(messages::rejected(&runs));
    observations
        .messages
        .extend(messages::conservation(&runs, open));
    observations.messages.extend(messages::latency(&runs, open));
    observations
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0.0);
    for value in values {
        sum += value;
        n += 1.0;
    }
    (n > 0.0).then(|| sum / n)
}

/// `in all 5 runs`, `in 4 of 5 runs`; of one run: `in the run`.
fn in_runs(hits: usize, runs: usize) -> String {
    match (hits, runs) {
        (1, 1) => "in the run".to_owned(),
        (hits, runs) if hits == runs => format!("in all {} runs", whole(runs as u64)),
        (hits, runs) => format!("in {} of {}", whole(hits as u64), count(runs as u64, "run")),
    }
}

/// `machine-3`, or `machine-3 in run 2` where there are several runs.
fn place(node: Node<'_>, runs: &[Run<'_>]) -> String {
    if runs.len() > 1 {
        format!("{} in run {}", node.name(), node.run())
    } else {
        node.name().to_owned()
    }
}

/// The node and run with the greatest value; the first if values are equal.
fn greatest<'a>(runs: &[Run<'a>], metric: &str) -> Option<(Node<'a>, f64)> {
    let metric = column(runs, metric);
    let mut best: Option<(Node<'a>, f64)> = None;
    for node in runs.iter().flat_map(|run| &run.nodes) {
        if let Some(value) = node.get(metric)
            && best.is_none_or(|(_, least)| value > least)
        {
            best = Some((*node, value));
        }
    }
    best
}

/// A span of nanoseconds with a suitable unit.
pub(super) fn span(ns: f64) -> String {
    let (factor, unit) = match ns {
        _ if ns >= 1e9 => (1e-9, "s"),
        _ if ns >= 1e6 => (1e-6, "ms"),
        _ if ns >= 1e3 => (1e-3, "µs"),
        _ => (1.0, "ns"),
    };
    format!("{} {unit}", short(ns * factor))
}
