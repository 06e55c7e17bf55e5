//! The table at the end: what the runs came to, node by node.

use std::collections::BTreeMap;
use std::time::Duration;

use analysis::results::{Population, RunStatus, Verdict};
use comfy_table::{CellAlignment, Table, presets};

use crate::cli::check::count;
use crate::plan::{Case, Plan};
use crate::results::ledger::RunResult;
use base::time::SimDuration;

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

/// Nodes of a case in the table; a larger scenario shows its first.
const NODES: u32 = 12;
/// Lines of the table, at most.
const LINES: usize = 36;
/// Cases whose failures are told, at most.
const CASES: usize = 12;
/// Runs of a case from which on it is told how often they fail, even if none does:
/// of fewer, the interval says little.
const MANY: u64 = 100;

/// What the runs of one plan came to.
#[derive(Debug)]
pub struct Summary<'a> {
    plan: &'a Plan,
    /// Runs that were to be done.
    selected: u64,
    statuses: BTreeMap<RunStatus, u64>,
    verdicts: BTreeMap<Verdict, u64>,
    /// Runs that have metrics.
    measured: u64,
    events: u64,
    messages: u64,
    /// By case.
    populations: BTreeMap<usize, Population>,
    /// Sum and count over the runs, by case, node and metric.
    cells: BTreeMap<(usize, u32, usize), (f64, u64)>,
}

impl Summary<'_> {
    /// Before the first of `selected` runs.
    pub fn new(plan: &Plan, selected: u64) -> Summary<'_> {
        Summary {
            plan,
            selected,
            statuses: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            measured: 0,
            events: 0,
            messages: 0,
            populations: BTreeMap::new(),
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
        let case = result.spec.case;
        self.populations.entry(case).or_default().add(&result.row);
        for node in &result.metrics {
            if node.node >= NODES {
                break;
            }
            for (index, name) in SHOWN.iter().enumerate() {
                if let Some(value) = node.get(name) {
                    let cell = self.cells.entry((case, node.node, index)).or_default();
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
                let cells = self.cells.iter().filter(|(key, _)| key.2 == metric);
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
        let several = self.plan.cases.len() > 1;
        let header = measured.iter().map(|&metric| SHOWN[metric].to_owned());
        let first = several.then(|| "case".to_owned());
        let first = first.into_iter().chain([String::from("node")]);
        table.set_header(first.chain(header));
        let mut lines = 0;
        let mut more_nodes = 0;
        let mut more_cases = 0;
        for &case in self.populations.keys() {
            let Case { id, roster, .. } = &self.plan.cases[case];
            if lines > 0 && lines + roster.len().min(NODES) as usize > LINES {
                more_cases += 1;
                continue;
            }
            more_nodes = more_nodes.max(roster.len().saturating_sub(NODES));
            for node in 0..roster.len().min(NODES) {
                let cells = measured.iter().map(|&metric| {
                    self.cells
                        .get(&(case, node, metric))
                        .map_or_else(String::new, |(sum, count)| {
                            shown(SHOWN[metric], sum / *count as f64)
                        })
                });
                // A case is named once.
                let id = if node == 0 { id.clone() } else { String::new() };
                let names = several.then_some(id).into_iter().chain(roster.name(node));
                table.add_row(names.chain(cells));
                lines += 1;
            }
        }
        for column in table.column_iter_mut().skip(1 + usize::from(several)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let means = match self.measured {
            1 => String::new(),
            runs if several => format!("means over the runs of each case, {runs} in all"),
            runs => format!("means over {}", count(runs, "run")),
        };
        let more = |more: u64, what: &str| match more {
            0 => String::new(),
            more => format!("{} more in summary.csv", count(more, what)),
        };
        let below = [
            means,
            more(more_nodes.into(), "node"),
            more(more_cases, "case"),
        ]
        .into_iter()
        .filter(|part| !part.is_empty());
        let below: Vec<String> = below.collect();
        match below.is_empty() {
            true => trimmed(&table),
            false => format!("{} ({})\n", trimmed(&table), below.join("; ")),
        }
    }

    /// How often the runs of each case fail, where there are many or any does: a
    /// line each, those that fail first.
    pub fn failures(&self) -> String {
        let mut told: Vec<(usize, &Population)> = self
            .populations
            .iter()
            .map(|(&case, population)| (case, population))
            .filter(|(_, it)| it.runs >= MANY || it.failed > 0 && it.runs > 1)
            .collect();
        told.sort_by_key(|(case, it)| (it.failed == 0, *case));
        let mut text = String::new();
        for (case, population) in told.iter().take(CASES) {
            let case = match self.plan.cases.len() {
                1 => String::new(),
                _ => format!("{}: ", self.plan.cases[*case].id),
            };
            text.push_str(&format!("{case}{}\n", population.text()));
            if population.failed > 0 {
                let seeds = population.first_text();
                text.push_str(&format!("  first failing seeds: {seeds}\n"));
            }
        }
        if let Some(more @ 1..) = told.len().checked_sub(CASES) {
            text.push_str(&format!("{} more\n", count(more as u64, "case")));
        }
        text
    }

    /// The one line that says how it went.
    pub fn line(&self, wall: Duration) -> String {
        let done: u64 = self.statuses.values().sum();
        let mut parts: Vec<String> = self
            .statuses
            .iter()
            .map(|(status, number)| format!("{} {}", count(*number, "run"), status.word()))
            .collect();
        if self.selected == 0 {
            parts.push("nothing to do".to_owned());
        }
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
            self.plan.loaded.scenario.name,
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
