//! The summary at the end of a plan: metrics of each node, failures of each case, and
//! one line about all runs.

use std::collections::BTreeMap;
use std::time::Duration;

use analysis::metrics::BATCHES;
use analysis::render::number::{decimals, fixed};
use analysis::results::{Population, RunStatus, Verdict};
use analysis::statistics::{OfBatches, Withheld};
use comfy_table::{CellAlignment, Table, presets};

use super::{Context, count};
use crate::plan::{Case, Plan};
use crate::results::run_result::RunResult;
use base::time::SimDuration;

/// The metrics of the table, in this order; those without a value are left out.
const SHOWN: [&str; 13] = [
    "clock_final",
    "clock_jump_mean",
    "clock_jump_max",
    "clock_drift_final",
    "queue_max",
    "queue_final",
    "received",
    "sent",
    "dropped",
    "unanswered",
    "rejected",
    "refused",
    "latency_mean",
];

/// Maximum number of nodes of a case in the table.
const NODES: u32 = 12;
/// Maximum number of lines of the table.
const LINES: usize = 36;
/// Maximum number of cases whose failures are printed.
const CASES: usize = 12;
/// Number of runs of a case from which on the rate of failures is printed even if no
/// run failed: the interval of fewer runs is too wide.
const MANY: u64 = 100;

/// Maximum number of lines about the batches of single runs.
const BATCHED: usize = 12;

/// Sums over the runs of one plan.
#[derive(Debug, Default)]
pub struct Summary {
    /// Number of runs to report.
    selected: u64,
    statuses: BTreeMap<RunStatus, u64>,
    verdicts: BTreeMap<Verdict, u64>,
    /// Number of runs with metrics.
    measured: u64,
    events: u64,
    messages: u64,
    /// By case.
    populations: BTreeMap<usize, Population>,
    /// Sum and count over the runs, by case, node and metric.
    cells: BTreeMap<(usize, u32, usize), (f64, u64)>,
    /// By case, what the batches of its first run say.
    batched: BTreeMap<usize, Vec<Batched>>,
}

/// What the batches of a run say of a metric at a node.
#[derive(Debug)]
struct Batched {
    run: u64,
    node: u32,
    metric: String,
    of: OfBatches,
}

impl Summary {
    /// So many more runs are to be done.
    pub fn add_selected(&mut self, runs: u64) {
        self.selected += runs;
    }

    /// Adds one run.
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
        self.batched.entry(case).or_insert_with(|| batched(result));
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

    /// Returns the table of metrics; empty if there are no metrics.
    pub fn table(&self, plan: &Plan) -> String {
        let metrics = self.shown_metrics();
        if metrics.is_empty() {
            return String::new();
        }
        let several = plan.cases.len() > 1;
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let case = several.then_some("case").into_iter();
        let names = metrics.iter().map(|&metric| SHOWN[metric]);
        table.set_header(case.chain(["node"]).chain(names));
        let left_out = self.add_rows(plan, &metrics, &mut table);
        for column in table.column_iter_mut().skip(1 + usize::from(several)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        match self.below(several, left_out) {
            below if below.is_empty() => trimmed(&table),
            below => format!("{} ({below})\n", trimmed(&table)),
        }
    }

    /// The metrics that have a value, as indices into [`SHOWN`].
    fn shown_metrics(&self) -> Vec<usize> {
        let is_shown = |metric: &usize| {
            let mut values = self.cells.iter().filter(|(key, _)| key.2 == *metric);
            match SHOWN[*metric] {
                // Of interest only if it is not 0.
                "dropped" | "unanswered" | "rejected" | "refused" => {
                    values.any(|(_, (sum, _))| *sum != 0.0)
                }
                _ => values.next().is_some(),
            }
        };
        (0..SHOWN.len()).filter(is_shown).collect()
    }

    /// Adds a row for each node of each case, as far as there is space. Returns how
    /// many nodes and cases are left out.
    fn add_rows(&self, plan: &Plan, metrics: &[usize], table: &mut Table) -> (u32, u64) {
        let several = plan.cases.len() > 1;
        let (mut lines, mut more_nodes, mut more_cases) = (0, 0, 0);
        for &case in self.populations.keys() {
            let Case { id, roster, .. } = &plan.cases[case];
            if lines > 0 && lines + roster.len().min(NODES) as usize > LINES {
                more_cases += 1;
                continue;
            }
            more_nodes = more_nodes.max(roster.len().saturating_sub(NODES));
            for node in 0..roster.len().min(NODES) {
                let cells = metrics.iter().map(|&metric| {
                    let cell = self.cells.get(&(case, node, metric));
                    let mean =
                        |(sum, count): &(f64, u64)| shown(SHOWN[metric], sum / *count as f64);
                    cell.map_or_else(String::new, mean)
                });
                // Only the first row of a case names it.
                let id = if node == 0 { id.clone() } else { String::new() };
                let names = several.then_some(id).into_iter().chain(roster.name(node));
                table.add_row(names.chain(cells));
                lines += 1;
            }
        }
        (more_nodes, more_cases)
    }

    /// The text below the table.
    fn below(&self, several: bool, (more_nodes, more_cases): (u32, u64)) -> String {
        let means = match self.measured {
            1 => String::new(),
            runs if several => format!("means over the runs of each case, {runs} in all"),
            runs => format!("means over {}", count(runs, "run")),
        };
        let more = |more: u64, what: &str| match more {
            0 => String::new(),
            more => format!("{} more in summary.csv", count(more, what)),
        };
        let mut parts = vec![
            means,
            more(more_nodes.into(), "node"),
            more(more_cases, "case"),
        ];
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }

    /// Returns what a single run of a case says of its steady state: a line for each metric
    /// with batch means.
    pub fn batches(&self, plan: &Plan) -> String {
        let alone = |(case, _): &(&usize, _)| self.populations[case].runs == 1;
        let all: Vec<(usize, &Batched)> = self
            .batched
            .iter()
            .filter(alone)
            .flat_map(|(case, batched)| batched.iter().map(|it| (*case, it)))
            .collect();
        let mut text = String::new();
        for (case, it) in all.iter().take(BATCHED) {
            let name = plan.cases[*case].roster.name(it.node).unwrap_or_default();
            text.push_str(&it.line(&name));
        }
        if let Some(more @ 1..) = all.len().checked_sub(BATCHED) {
            text.push_str(&format!(
                "{} more in the report\n",
                count(more as u64, "mean")
            ));
        }
        text
    }

    /// Returns a line for each case with failed runs or many runs, cases with failures
    /// first; and the commands that repeat the first runs that failed.
    pub fn failures(&self, context: &Context<'_>) -> String {
        let plan = context.plan;
        let mut failing: Vec<(usize, &Population)> = self
            .populations
            .iter()
            .map(|(&case, population)| (case, population))
            .filter(|(_, it)| it.runs >= MANY || it.failed > 0 && it.runs > 1)
            .collect();
        failing.sort_by_key(|(case, it)| (it.failed == 0, *case));
        let mut text = String::new();
        for (case, population) in failing.iter().take(CASES) {
            let case = match plan.cases.len() {
                1 => String::new(),
                _ => format!("{}: ", plan.cases[*case].id),
            };
            text.push_str(&format!("{case}{}\n", population.text()));
            if population.failed > 0 {
                text.push_str("  the first that failed:\n");
            }
            for &run in &population.first {
                let repeat = context.repeat.of(run);
                text.push_str(&format!("    run {run}: {repeat}\n"));
            }
        }
        if let Some(more @ 1..) = failing.len().checked_sub(CASES) {
            text.push_str(&format!("{} more\n", count(more as u64, "case")));
        }
        text
    }

    /// Returns the one line about all runs.
    pub fn line(&self, plan: &Plan, wall: Duration) -> String {
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
            plan.loaded.scenario.name,
            parts.join(", "),
            wall.as_secs_f64(),
            count(self.events, "event"),
            count(self.messages, "message"),
        )
    }
}

fn batched(result: &RunResult) -> Vec<Batched> {
    let of_node = result.metrics.iter().flat_map(|node| {
        let means = node.samples().batch_means();
        means.map(|(metric, means)| Batched {
            run: result.row.run,
            node: node.node,
            metric: metric.to_owned(),
            of: OfBatches::new(metric, &means),
        })
    });
    of_node.collect()
}

impl Batched {
    /// `run 1 alone: queue_time_mean at server is 18.1, 95 % interval 17.2 to 18.9 (20 batches,
    /// lag-1 correlation 0.12)`
    fn line(&self, node: &str) -> String {
        let Batched {
            run, metric, of, ..
        } = self;
        let width = of.interval.map_or(of.mean, |it| it.high - it.low);
        let places = decimals([of.mean, width]);
        let number = |value| fixed(value, places);
        let interval = match of.interval {
            Ok(it) => format!("95 % interval {} to {}", number(it.low), number(it.high)),
            Err(Withheld::Constant) => "the same in all batches".to_owned(),
            Err(Withheld::TooFew(_)) => {
                "no interval: its batches are too skewed, a longer run would do".to_owned()
            }
        };
        let alike = of.correlation.map_or_else(String::new, |it| {
            let narrow = match of.is_too_narrow() && of.interval.is_ok() {
                true => ": too narrow, a longer run would do",
                false => "",
            };
            format!(", lag-1 correlation {}{narrow}", fixed(it, 2))
        });
        let mean = number(of.mean);
        let unit = of.unit;
        format!(
            "run {run} alone: {metric}{unit} at {node} is {mean}, {interval} ({BATCHES} batches{alike})\n"
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
pub fn trimmed(table: &Table) -> String {
    let lines: Vec<String> = table
        .to_string()
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect();
    lines.concat()
}
