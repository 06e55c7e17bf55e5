//! The table at the end: what the runs came to, node by node.

use std::collections::BTreeMap;
use std::time::Duration;

use analysis::results::{RunStatus, Verdict};
use comfy_table::{CellAlignment, Table, presets};

use crate::cli::check::count;
use crate::plan::Plan;
use crate::results::ledger::RunResult;
use crate::time::SimDuration;

/// The metrics of the table, those that were measured of these, in this order.
const SHOWN: [&str; 10] = [
    "clock_final",
    "clock_jump_mean",
    "clock_jump_max",
    "clock_drift_final",
    "queue_max",
    "queue_final",
    "received",
    "sent",
    "dropped",
    "latency_mean",
];

/// Nodes in the table; a larger scenario shows its first.
const NODES: u32 = 12;

/// What the runs of one plan came to.
#[derive(Debug)]
pub struct Summary {
    name: String,
    /// Runs that were to be done.
    selected: u64,
    nodes: Vec<String>,
    node_count: u32,
    statuses: BTreeMap<RunStatus, u64>,
    verdicts: BTreeMap<Verdict, u64>,
    /// Runs that have metrics.
    measured: u64,
    events: u64,
    messages: u64,
    /// Sum and count over the runs, by node and metric.
    cells: BTreeMap<(u32, usize), (f64, u64)>,
}

impl Summary {
    /// Before the first of `selected` runs.
    pub fn new(plan: &Plan, selected: u64) -> Summary {
        let node_count = plan.roster.len();
        Summary {
            name: plan.loaded.scenario.name.clone(),
            selected,
            nodes: (0..node_count.min(NODES))
                .map(|node| plan.roster.name(node).unwrap_or_default())
                .collect(),
            node_count,
            statuses: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            measured: 0,
            events: 0,
            messages: 0,
            cells: BTreeMap::new(),
        }
    }

    /// Takes one run.
    pub fn add(&mut self, result: &RunResult) {
        *self.statuses.entry(result.row.status).or_default() += 1;
        if let Some(verdict) = result.row.verdict {
            *self.verdicts.entry(verdict).or_default() += 1;
        }
        self.measured += u64::from(!result.metrics.is_empty());
        self.events += result.row.events;
        self.messages += result.row.messages;
        for node in &result.metrics {
            if node.node >= NODES {
                break;
            }
            for (index, name) in SHOWN.iter().enumerate() {
                if let Some(value) = node.get(name) {
                    let cell = self.cells.entry((node.node, index)).or_default();
                    cell.0 += value.as_f64();
                    cell.1 += 1;
                }
            }
        }
    }

    /// Number of runs with this status.
    pub fn with(&self, status: RunStatus) -> u64 {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    /// The table; empty if nothing was measured.
    pub fn table(&self) -> String {
        let measured: Vec<usize> = (0..SHOWN.len())
            .filter(|&metric| {
                let cells = self.cells.iter().filter(|(key, _)| key.1 == metric);
                // `dropped` and the like say something only where they are not 0.
                let (mut any, mut nonzero) = (false, false);
                for (_, (sum, _)) in cells {
                    any = true;
                    nonzero |= *sum != 0.0;
                }
                any && (nonzero || SHOWN[metric] != "dropped")
            })
            .collect();
        if measured.is_empty() {
            return String::new();
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let header = measured.iter().map(|&metric| SHOWN[metric].to_owned());
        table.set_header(std::iter::once("node".to_owned()).chain(header));
        for (node, name) in (0..).zip(&self.nodes) {
            let cells = measured.iter().map(|&metric| {
                self.cells
                    .get(&(node, metric))
                    .map_or_else(String::new, |(sum, count)| {
                        shown(SHOWN[metric], sum / *count as f64)
                    })
            });
            table.add_row(std::iter::once(name.clone()).chain(cells));
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let means = match self.measured {
            1 => String::new(),
            runs => format!("means over {}", count(runs, "run")),
        };
        let left_out = match self.node_count.saturating_sub(NODES) {
            0 => String::new(),
            more => format!("{} more in summary.csv", count(u64::from(more), "node")),
        };
        let below = [means, left_out]
            .into_iter()
            .filter(|part| !part.is_empty());
        let below: Vec<String> = below.collect();
        match below.is_empty() {
            true => trimmed(&table),
            false => format!("{} ({})\n", trimmed(&table), below.join("; ")),
        }
    }

    /// The one line that says how it went.
    pub fn line(&self, wall: Duration) -> String {
        let done: u64 = self.statuses.values().sum();
        let mut parts: Vec<String> = self
            .statuses
            .iter()
            .map(|(status, number)| format!("{} {}", count(*number, "run"), status.word()))
            .collect();
        if done < self.selected {
            parts.push(format!("{} not begun", self.selected - done));
        }
        let verdicts: Vec<String> = self
            .verdicts
            .iter()
            .map(|(verdict, number)| format!("{number} {}", verdict.word()))
            .collect();
        if !verdicts.is_empty() {
            parts.push(format!("verdict: {}", verdicts.join(", ")));
        }
        format!(
            "{}: {} in {:.3} s ({}, {})\n",
            self.name,
            parts.join(", "),
            wall.as_secs_f64(),
            count(self.events, "event"),
            count(self.messages, "message"),
        )
    }
}

/// A mean for people, with its unit where it has one.
fn shown(metric: &str, value: f64) -> String {
    match metric {
        "latency_mean" => {
            let microseconds = (value / 1e3).round() * 1e3;
            SimDuration(microseconds as u64).to_string()
        }
        _ => number(value),
    }
}

/// Whole where it is, else about four digits.
fn number(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    match value.abs() {
        1000.0.. => format!("{value:.0}"),
        100.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A table as text, without the spaces at the ends of its lines.
pub(super) fn trimmed(table: &Table) -> String {
    let lines: Vec<String> = table
        .to_string()
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect();
    lines.concat()
}
