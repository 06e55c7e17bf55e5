//! How late ticks and timers were, in runs in real time.
//!
//! A tick or timer is due at an instant; it is handled a little later. The runner
//! writes a summary of these lags into the folder of each run (`lag.csv`), by the wall
//! clock: of the run, and of each node. A run that was too late has a warning at the top:
//! its numbers then depend on the load of the machine, too.

use std::collections::HashMap;

use super::folder::Folder;
use super::observe::span;
use super::table::{Align, Table};
use super::{Error, Section};
use crate::log::tables::{LAG_FILE, LagRow};
use crate::render::number::{count, decimals, fixed, whole};
use crate::results::RunRow;

/// Maximum number of runs in the table; if there are more, the latest are shown.
const MAX_RUNS: usize = 20;
/// Maximum number of runs in a sentence.
const NAMED: usize = 8;
/// Nanoseconds to milliseconds.
const MS: f64 = 1e-6;

/// The lags of one run.
struct RunLag<'a> {
    run: &'a RunRow,
    row: LagRow,
    /// Of each node that had deadlines; empty in files of older versions.
    nodes: Vec<LagRow>,
}

/// The lags of one node over the runs.
#[derive(Default)]
struct NodeLags {
    due: u64,
    late: u64,
    max_ns: u64,
    /// Number of runs, and of those in which the node was late.
    runs: u64,
    late_runs: u64,
}

impl RunLag<'_> {
    fn p99(&self) -> u64 {
        self.row.p99_ns.unwrap_or(0)
    }

    /// The percentiles and the maximum `[ns]`.
    fn spans(&self) -> [Option<u64>; 6] {
        let row = &self.row;
        [
            row.p50_ns,
            row.p90_ns,
            row.p95_ns,
            row.p99_ns,
            row.p999_ns,
            row.max_ns,
        ]
    }
}

/// The section about the lags of these runs; `None` if no run has a `lag.csv`, as
/// in virtual time. Runs that were late are added to the warnings.
pub(super) fn section(
    folder: &Folder,
    runs: &[&RunRow],
    warnings: &mut Vec<String>,
) -> Result<Option<Section>, Error> {
    let mut lags = Vec::new();
    for &run in runs {
        let mut rows = LagRow::read(&folder.run_folder(run).join(LAG_FILE))?.into_iter();
        if let Some(row) = rows.next() {
            let nodes = rows.collect();
            lags.push(RunLag { run, row, nodes });
        }
    }
    if lags.is_empty() {
        return Ok(None);
    }
    warnings.extend(warning(&lags));
    let nodes = by_node(&lags);
    let observations = [observation(&lags), kept_up(&nodes)];
    let tables = [
        Some(table(folder, lags.iter().collect())),
        node_table(nodes),
    ];
    Ok(Some(Section {
        id: "lag".to_owned(),
        title: "How late was it?".to_owned(),
        observations: observations.into_iter().flatten().collect(),
        tables: tables.into_iter().flatten().collect(),
        definitions: definitions(),
        ..Section::default()
    }))
}

fn warning(lags: &[RunLag<'_>]) -> Option<String> {
    let late: Vec<&RunLag<'_>> = lags.iter().filter(|lag| lag.row.is_late()).collect();
    let worst = late.iter().max_by_key(|lag| lag.p99())?;
    let (p99, bound) = (span(worst.p99() as f64), span(worst.row.bound_ns as f64));
    Some(match late.as_slice() {
        [only] => format!(
            "Run {} was late: of its ticks and timers one in a hundred was done {p99} after its time, or later; the bound is {bound}. Its numbers are about this machine's load, too.",
            only.run.run
        ),
        _ => {
            let named: Vec<String> = late
                .iter()
                .take(NAMED)
                .map(|lag| lag.run.run.to_string())
                .collect();
            let more = match late.len() - named.len() {
                0 => String::new(),
                more => format!(" and {} more", whole(more as u64)),
            };
            format!(
                "{} of {} were late ({}{more}): of their ticks and timers one in a hundred was done up to {p99} after its time, or later; the bound is {bound}. Their numbers are about this machine's load, too.",
                whole(late.len() as u64),
                count(lags.len() as u64, "run"),
                named.join(", ")
            )
        }
    })
}

fn observation(lags: &[RunLag<'_>]) -> Option<String> {
    let due: u64 = lags
        .iter()
        .fold(0, |sum, lag| sum.saturating_add(lag.row.due));
    let worst = lags.iter().filter_map(|lag| lag.row.p99_ns).max()?;
    let longest = lags.iter().filter_map(|lag| lag.row.max_ns).max()?;
    let in_each = match lags.len() {
        1 => "",
        _ => " in every run",
    };
    Some(format!(
        "Of {}, 99 in a hundred were done within {} of their time{in_each}; the latest was {} late.",
        count(due, "tick or timer").replace("tick or timers", "ticks and timers"),
        span(worst as f64),
        span(longest as f64),
    ))
}

fn table(folder: &Folder, mut lags: Vec<&RunLag<'_>>) -> Table {
    let cases = folder.manifest.cases.len() > 1;
    let mut columns = vec![("run", Align::Right)];
    if cases {
        columns.push(("case", Align::Left));
    }
    columns.extend([
        ("due", Align::Right),
        ("lag_p50 [ms]", Align::Right),
        ("lag_p90 [ms]", Align::Right),
        ("lag_p95 [ms]", Align::Right),
        ("lag_p99 [ms]", Align::Right),
        ("lag_p999 [ms]", Align::Right),
        ("lag_max [ms]", Align::Right),
        ("bound [ms]", Align::Right),
    ]);
    let mut table = Table::new("Run by run", columns);
    if let Some(latest) = lags.iter().max_by_key(|lag| lag.row.max_ns) {
        table.finding = format!(
            "The latest of all was {} late, in run {}.",
            span(latest.row.max_ns.unwrap_or(0) as f64),
            latest.run.run
        );
    }
    let total = lags.len();
    if total > MAX_RUNS {
        lags.sort_by_key(|lag| (std::cmp::Reverse(lag.p99()), lag.run.run));
        lags.truncate(MAX_RUNS);
        table.note = format!(
            "The {MAX_RUNS} latest of {} runs are shown.",
            whole(total as u64)
        );
    }
    let ms = |ns: u64| ns as f64 * MS;
    let places: Vec<usize> = (0..6)
        .map(|index| decimals(lags.iter().filter_map(|lag| lag.spans()[index]).map(ms)))
        .collect();
    table.rows = lags
        .iter()
        .map(|lag| {
            let mut row = vec![lag.run.run.to_string()];
            if cases {
                row.push(lag.run.case.clone());
            }
            row.push(whole(lag.row.due));
            row.extend(lag.spans().iter().zip(&places).map(|(span, &places)| {
                span.map_or("–".to_owned(), |span| fixed(ms(span), places))
            }));
            row.push(fixed(
                ms(lag.row.bound_ns),
                decimals([ms(lag.row.bound_ns)]),
            ));
            row
        })
        .collect();
    table
}

/// The lags of each node over the runs, in the order of the scenario.
fn by_node<'a>(lags: &'a [RunLag<'_>]) -> Vec<(&'a str, NodeLags)> {
    let mut nodes: Vec<(&str, NodeLags)> = Vec::new();
    let mut index = HashMap::new();
    for row in lags.iter().flat_map(|lag| &lag.nodes) {
        let at = *index.entry(row.node.as_str()).or_insert_with(|| {
            nodes.push((&row.node, NodeLags::default()));
            nodes.len() - 1
        });
        let node = &mut nodes[at].1;
        node.due = node.due.saturating_add(row.due);
        node.late = node.late.saturating_add(row.late.unwrap_or(0));
        node.max_ns = node.max_ns.max(row.max_ns.unwrap_or(0));
        node.runs += 1;
        node.late_runs += u64::from(row.is_late());
    }
    nodes
}

/// Whether the machine kept up with each node; `None` if no node had a deadline.
fn kept_up(nodes: &[(&str, NodeLags)]) -> Option<String> {
    let late: Vec<&str> = nodes
        .iter()
        .filter(|(_, lags)| lags.late_runs > 0)
        .map(|(name, _)| *name)
        .collect();
    let more = match late.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {} more", whole(more as u64)),
    };
    let named = late[..late.len().min(NAMED)].join(", ");
    Some(match (nodes.len(), late.len()) {
        (0, _) => return None,
        (1, 0) => "The machine kept up with the only node that had deadlines.".to_owned(),
        (all, 0) => format!(
            "The machine kept up with each of the {} nodes that had deadlines.",
            whole(all as u64)
        ),
        (all, some) => format!(
            "The machine did not keep up with {} of {} that had deadlines: {named}{more}.",
            whole(some as u64),
            count(all as u64, "node")
        ),
    })
}

/// The answer for each node; `None` if no node had a deadline.
fn node_table(mut nodes: Vec<(&str, NodeLags)>) -> Option<Table> {
    if nodes.is_empty() {
        return None;
    }
    let columns = [
        ("node", Align::Left),
        ("runs", Align::Right),
        ("due", Align::Right),
        ("late", Align::Right),
        ("late [%]", Align::Right),
        ("lag_max [ms]", Align::Right),
        ("kept up", Align::Left),
    ];
    let mut table = Table::new("Did the machine keep up?", columns);
    table.finding = kept_up(&nodes).unwrap_or_default();
    let total = nodes.len();
    if total > MAX_RUNS {
        // A stable sort: equal nodes stay in the order of the scenario.
        nodes.sort_by_key(|(_, lags)| std::cmp::Reverse((lags.late_runs, lags.max_ns)));
        nodes.truncate(MAX_RUNS);
        table.note = format!(
            "The {MAX_RUNS} latest of {} nodes are shown; all are in `lag.csv`.",
            whole(total as u64)
        );
    }
    let share = |lags: &NodeLags| 100.0 * lags.late as f64 / lags.due.max(1) as f64;
    let max = |lags: &NodeLags| lags.max_ns as f64 * MS;
    let share_places = decimals(nodes.iter().map(|(_, lags)| share(lags)));
    let max_places = decimals(nodes.iter().map(|(_, lags)| max(lags)));
    table.rows = nodes
        .iter()
        .map(|(name, lags)| {
            vec![
                (*name).to_owned(),
                whole(lags.runs),
                whole(lags.due),
                whole(lags.late),
                fixed(share(lags), share_places),
                fixed(max(lags), max_places),
                match (lags.late_runs, lags.runs) {
                    (0, _) => "yes".to_owned(),
                    (late, runs) if late == runs => "no".to_owned(),
                    (late, runs) => format!("no, in {} of {} runs", whole(late), whole(runs)),
                },
            ]
        })
        .collect();
    Some(table)
}

fn definitions() -> Vec<(String, String)> {
    [
        (
            "due",
            "Ticks, timers and other deadlines of the run or the node, and messages whose link imposes a latency.",
        ),
        (
            "late",
            "How many of them were done later than `bound` after their time. The machine kept up with a node if they are at most one in a hundred.",
        ),
        (
            "lag_p50",
            "Median time from when something was due to when it was done, by the wall clock, whatever the `speed` (nearest rank; exact up to 16,384 distinct values). `lag_p90`, `lag_p95` and `lag_p999` in the same way. In the table in ms; in `lag.csv` in ns.",
        ),
        (
            "lag_p99",
            "99th percentile of the time from when something was due to when it was done (nearest rank). In the table in ms; in `lag.csv` in ns.",
        ),
        (
            "lag_max",
            "Greatest time from when something was due to when it was done. Deadlines are absolute: a lag adds nothing to the next. In the table in ms; in `lag.csv` in ns.",
        ),
        (
            "bound",
            "A run whose `lag_p99` is greater is said to be late. Wall time, as the lags. In the table in ms; in `lag.csv` in ns.",
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}
