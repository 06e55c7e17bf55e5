//! The questions that a report answers, and the tables that answer them.
//!
//! A question is a list of metrics. Its numbers stand three times: over the
//! runs by node; over the runs by speed within each run, where speeds are drawn
//! anew (a name then says little about speed); and run by run.

use super::measured::Measured;
use super::table::{Align, Table};
use crate::metrics::statistics::Statistics;
use crate::metrics::{Definition, definition};
use crate::render::number;

/// A question and the metrics that answer it.
pub(super) struct Question {
    pub id: &'static str,
    pub title: &'static str,
    /// The first is the one that rows are chosen by, when there are too many.
    pub metrics: &'static [&'static str],
}

/// All but the last, which is about the behaviors' own columns.
pub(super) const QUESTIONS: [Question; 5] = [
    Question {
        id: "jumps",
        title: "How large are the jumps of the clocks?",
        metrics: &[
            "clock_jump_mean",
            "clock_jump_p50",
            "clock_jump_p99",
            "clock_jump_max",
        ],
    },
    Question {
        id: "drift",
        title: "How far do the clocks drift apart?",
        metrics: &["clock_drift_max", "clock_drift_final", "clock_final"],
    },
    Question {
        id: "gaps",
        title: "How many clock values are skipped?",
        metrics: &["clock_gap_total"],
    },
    Question {
        id: "queues",
        title: "How long are the queues?",
        metrics: &[
            "queue_max",
            "queue_mean",
            "queue_p50",
            "queue_p99",
            "queue_time_mean",
            "queue_final",
        ],
    },
    Question {
        id: "messages",
        title: "What was done, sent and handled, and how long did it take?",
        metrics: &[
            "received",
            "sent",
            "dropped",
            "messages_per_s",
            "bytes_sent",
            "latency_mean",
            "latency_p50",
            "latency_p99",
            "latency_max",
            "steps",
            "steps_per_s",
        ],
    },
];

/// Nodes (of each case) in a table, at most; then the extremes are shown.
pub(super) const MAX_KEYS: usize = 24;
/// Rows of a table of runs, at most.
const MAX_RUN_ROWS: usize = 60;
/// Rows shown from each end of what is too long.
const EXTREMES: usize = 10;

/// The metrics of the behaviors' own columns.
pub(super) fn own_metrics(measured: &Measured) -> Vec<&str> {
    let known = |name: &str| {
        QUESTIONS
            .iter()
            .any(|question| question.metrics.contains(&name))
            || crate::metrics::definitions().any(|definition| definition.name == name)
    };
    let metrics = measured.metrics.iter().map(String::as_str);
    metrics.filter(|name| !known(name)).collect()
}

/// The metrics among `names` for which anything was measured, by column.
pub(super) fn present(measured: &Measured, names: &[&str]) -> Vec<usize> {
    let columns = names.iter().filter_map(|name| measured.metric(name));
    columns
        .filter(|&metric| (0..measured.rows.len()).any(|row| measured.value(row, metric).is_some()))
        .collect()
}

/// The definitions of these metrics, as printed beneath their tables.
pub(super) fn definitions_of(measured: &Measured, metrics: &[usize]) -> Vec<(String, String)> {
    metrics
        .iter()
        .filter_map(|&metric| {
            let name = &measured.metrics[metric];
            let Definition { text, .. } = definition(name)?;
            let unit = match unit(name) {
                "" => String::new(),
                "ns" => " In the tables in ms; in `summary.csv` in ns.".to_owned(),
                unit => format!(" [{unit}]"),
            };
            Some((name.clone(), format!("{text}{unit}")))
        })
        .collect()
}

/// A metric's value as people read it: nanoseconds become milliseconds.
pub(super) fn scale(measured: &Measured, metric: usize) -> f64 {
    match unit(&measured.metrics[metric]) {
        "ns" => 1e-6,
        _ => 1.0,
    }
}

/// A metric's unit: its definition's; that of a behavior's own column ends the
/// column's name.
fn unit(name: &str) -> &'static str {
    match definition(name) {
        Some(own) if own.unit.is_empty() => {
            let column = name.strip_suffix(own.name).unwrap_or(name);
            if is_span(column.trim_end_matches('_')) {
                "ns"
            } else {
                ""
            }
        }
        Some(definition) => definition.unit,
        None => "",
    }
}

/// Whether a column of a behavior holds nanoseconds, as its name says.
pub(super) fn is_span(column: &str) -> bool {
    column.len() > 3 && column.ends_with("_ns")
}

/// A metric's name as a column's head.
pub(super) fn head(measured: &Measured, metric: usize) -> String {
    let name = &measured.metrics[metric];
    if scale(measured, metric) == 1.0 {
        name.clone()
    } else {
        format!("{name} [ms]")
    }
}

/// The tables of a question, and whether rows were left out of them.
pub(super) fn tables(measured: &Measured, metrics: &[usize]) -> Vec<Table> {
    let mut tables = Vec::new();
    let runs = measured.rows.iter().map(|row| row.run);
    let several = runs.clone().min() != runs.max();
    if several {
        tables.push(across_runs(measured, metrics));
        tables.extend(by_speed(measured, metrics));
    }
    let mut each = run_by_run(measured, metrics);
    each.folded = several;
    tables.push(each);
    tables
}

/// A row of a table over runs: what it is about, and the rows behind it.
struct Key {
    case: usize,
    name: String,
    rows: Vec<usize>,
}

fn across_runs(measured: &Measured, metrics: &[usize]) -> Table {
    let mut keys: Vec<Key> = Vec::new();
    let mut index = std::collections::HashMap::new();
    for (row, about) in measured.rows.iter().enumerate() {
        let key = *index.entry((about.case, about.node)).or_insert_with(|| {
            keys.push(Key {
                case: about.case,
                name: measured.nodes[about.node].clone(),
                rows: Vec::new(),
            });
            keys.len() - 1
        });
        keys[key].rows.push(row);
    }
    let total = keys.len();
    let mut note = String::new();
    if total > MAX_KEYS {
        let primary = metrics[0];
        let mean = |key: &Key| spread(measured, &key.rows, primary).map_or(f64::NAN, |s| s.mean);
        let means: Vec<f64> = keys.iter().map(mean).collect();
        let shown = extremes(&means);
        keys = shown
            .iter()
            .map(|&key| {
                std::mem::replace(
                    &mut keys[key],
                    Key {
                        case: 0,
                        name: String::new(),
                        rows: Vec::new(),
                    },
                )
            })
            .collect();
        // The cases as such stand side by side in a table of their own.
        let cases = match measured.cases.len() <= MAX_KEYS {
            true => measured.cases.len(),
            false => 0,
        };
        for case in (0..cases).rev() {
            let rows = (0..measured.rows.len()).filter(|&row| measured.rows[row].case == case);
            keys.insert(
                0,
                Key {
                    case,
                    name: "all nodes".to_owned(),
                    rows: rows.collect(),
                },
            );
        }
        note = format!(
            "{} of {} are shown: the {EXTREMES} with the highest and the {EXTREMES} with the lowest mean of {}.",
            shown.len(),
            number::count(total as u64, "node"),
            measured.metrics[primary],
        );
    }
    let mut table = spread_table("Over the runs, by node", measured, metrics, &keys);
    table.note = note;
    table
}

/// The numbers by rank of speed within each run; where speeds vary.
fn by_speed(measured: &Measured, metrics: &[usize]) -> Option<Table> {
    let speed = measured.metric("steps_per_s")?;
    let mut keys: Vec<Key> = Vec::new();
    let mut more = 0;
    for case in 0..measured.cases.len() {
        if keys.len() >= MAX_KEYS {
            more += 1;
            continue;
        }
        let runs = measured.runs_of(case);
        if !speeds_vary(measured, runs.values()) {
            continue;
        }
        let nodes = runs.values().map(Vec::len).max().unwrap_or(0);
        if !(2..=12).contains(&nodes) {
            continue;
        }
        let first = keys.len();
        keys.extend((0..nodes).map(|rank| Key {
            case,
            name: rank_name(rank, nodes),
            rows: Vec::new(),
        }));
        for rows in runs.values() {
            for (rank, row) in ranked(measured, rows, speed).into_iter().enumerate() {
                keys[first + rank].rows.push(row);
            }
        }
    }
    if keys.is_empty() {
        return None;
    }
    let mut table = spread_table(
        "Over the runs, by speed within each run",
        measured,
        metrics,
        &keys,
    );
    table
        .columns
        .iter_mut()
        .filter(|c| c.name == "node")
        .for_each(|c| c.name = "speed".to_owned());
    table.note = "Speeds are drawn anew in each run, so a node's name says little about them: here the nodes of each run are ranked by steps per second. Equal speeds keep the order of the scenario.".to_owned();
    if more > 0 {
        let cases = number::whole(more);
        table
            .note
            .push_str(&format!(" {cases} more cases are left out."));
    }
    Some(table)
}

/// The rows of a run from the fastest node to the slowest.
pub(super) fn ranked(measured: &Measured, rows: &[usize], speed: usize) -> Vec<usize> {
    let mut ranked = rows.to_vec();
    let of = |row: &usize| measured.value(*row, speed).unwrap_or(0.0);
    ranked.sort_by(|a, b| of(b).total_cmp(&of(a)));
    ranked
}

/// Whether some node's speed differs by more than a tenth between runs.
pub(super) fn speeds_vary<'a>(
    measured: &Measured,
    runs: impl Iterator<Item = &'a Vec<usize>>,
) -> bool {
    let Some(speed) = measured.metric("steps_per_s") else {
        return false;
    };
    let mut range = std::collections::HashMap::new();
    runs.flatten().any(|&row| {
        let Some(value) = measured.value(row, speed) else {
            return false;
        };
        let (low, high) = range
            .entry(measured.rows[row].node)
            .or_insert((value, value));
        *low = low.min(value);
        *high = high.max(value);
        *high > *low * 1.1
    })
}

fn rank_name(rank: usize, nodes: usize) -> String {
    match rank + 1 {
        1 => "fastest".to_owned(),
        n if n == nodes => "slowest".to_owned(),
        2 => "2nd".to_owned(),
        3 => "3rd".to_owned(),
        n => format!("{n}th"),
    }
}

fn spread(measured: &Measured, rows: &[usize], metric: usize) -> Option<Statistics> {
    let factor = scale(measured, metric);
    let values: Vec<f64> = rows
        .iter()
        .filter_map(|&row| Some(measured.value(row, metric)? * factor))
        .collect();
    Statistics::of(&values)
}

/// Mean, deviation, extremes and interval of each metric for each key.
fn spread_table(caption: &str, measured: &Measured, metrics: &[usize], keys: &[Key]) -> Table {
    let cases = measured.cases.len() > 1;
    let mut columns = vec![("metric", Align::Code)];
    if cases {
        columns.push(("case", Align::Left));
    }
    columns.extend([
        ("node", Align::Left),
        ("n", Align::Right),
        ("mean", Align::Right),
        ("sd", Align::Right),
        ("min", Align::Right),
        ("max", Align::Right),
        ("95 % interval", Align::Right),
    ]);
    let mut table = Table::new(caption, columns);
    for &metric in metrics {
        let spreads: Vec<_> = keys
            .iter()
            .filter_map(|key| Some((key, spread(measured, &key.rows, metric)?)))
            .collect();
        // What is the same everywhere is said once.
        let same = |s: &Statistics| s.min == s.max && s.min == spreads[0].1.min;
        if spreads.len() > 1 && spreads.iter().all(|(_, spread)| same(spread)) {
            let value = spreads[0].1.min;
            let mut row = vec![head(measured, metric)];
            row.extend(cases.then(|| "all".to_owned()));
            let value = number::fixed(value, number::decimals([value]));
            let n = spreads.iter().map(|(_, spread)| spread.count).min();
            row.extend([
                "each".to_owned(),
                number::whole(n.unwrap_or(0)),
                value.clone(),
            ]);
            row.extend(["0".to_owned(), value.clone(), value, "–".to_owned()]);
            table.rows.push(row);
            continue;
        }
        let means = number::decimals(
            spreads
                .iter()
                .flat_map(|(_, s)| [s.mean, s.std.unwrap_or(0.0)]),
        );
        let ends = number::decimals(spreads.iter().flat_map(|(_, s)| [s.min, s.max]));
        for (index, (key, spread)) in spreads.iter().enumerate() {
            let mut row = vec![if index == 0 {
                head(measured, metric)
            } else {
                String::new()
            }];
            if cases {
                row.push(measured.cases[key.case].clone());
            }
            row.extend([
                key.name.clone(),
                number::whole(spread.count),
                number::fixed(spread.mean, means),
                spread
                    .std
                    .map_or("–".to_owned(), |sd| number::fixed(sd, means)),
                number::fixed(spread.min, ends),
                number::fixed(spread.max, ends),
                spread.half_width.map_or("–".to_owned(), |half| {
                    let (low, high) = (spread.mean - half, spread.mean + half);
                    format!(
                        "{} … {}",
                        number::fixed(low, means),
                        number::fixed(high, means)
                    )
                }),
            ]);
            table.rows.push(row);
        }
    }
    table
}

fn run_by_run(measured: &Measured, metrics: &[usize]) -> Table {
    let cases = measured.cases.len() > 1;
    let mut rows: Vec<usize> = (0..measured.rows.len())
        .filter(|&row| {
            metrics
                .iter()
                .any(|&metric| measured.value(row, metric).is_some())
        })
        .collect();
    let total = rows.len();
    let mut note = String::new();
    if total > MAX_RUN_ROWS {
        let primary = metrics[0];
        let values: Vec<f64> = rows
            .iter()
            .map(|&row| measured.value(row, primary).unwrap_or(f64::NAN))
            .collect();
        rows = extremes(&values)
            .into_iter()
            .map(|index| rows[index])
            .collect();
        note = format!(
            "{} of {} rows are shown: the {EXTREMES} with the highest and the {EXTREMES} with the lowest {}; all are in summary.csv.",
            rows.len(),
            number::whole(total as u64),
            measured.metrics[primary],
        );
    }
    let mut columns = vec![("run", Align::Right)];
    if cases {
        columns.push(("case", Align::Left));
    }
    columns.push(("node", Align::Left));
    let mut table = Table::new("Run by run", columns);
    table.note = note;
    table
        .columns
        .extend(metrics.iter().map(|&metric| super::table::Column {
            name: head(measured, metric),
            align: Align::Right,
        }));
    let places: Vec<usize> = metrics
        .iter()
        .map(|&metric| {
            let factor = scale(measured, metric);
            let values = rows.iter().filter_map(|&row| measured.value(row, metric));
            number::decimals(values.map(|value| value * factor))
        })
        .collect();
    let mut last = None;
    for &row in &rows {
        let about = measured.rows[row];
        let of = (about.case, about.run);
        let mut cells = vec![if last == Some(of) {
            String::new()
        } else {
            about.run.to_string()
        }];
        last = Some(of);
        if cases {
            cells.push(measured.cases[about.case].clone());
        }
        cells.push(measured.nodes[about.node].clone());
        for (&metric, &places) in metrics.iter().zip(&places) {
            let value = measured.value(row, metric);
            let text = value.map_or("–".to_owned(), |value| {
                number::fixed(value * scale(measured, metric), places)
            });
            cells.push(text);
        }
        table.rows.push(cells);
    }
    table
}

/// The indices of the highest and lowest values, in their old order. What is
/// no number counts as lowest.
fn extremes(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let of = |index: usize| {
        if values[index].is_nan() {
            f64::MIN
        } else {
            values[index]
        }
    };
    order.sort_by(|&a, &b| of(b).total_cmp(&of(a)).then(a.cmp(&b)));
    let lowest = order.split_off(
        order
            .len()
            .saturating_sub(EXTREMES)
            .max(order.len().min(EXTREMES)),
    );
    order.truncate(EXTREMES);
    order.extend(lowest);
    order.sort_unstable();
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extremes_are_the_ends_in_their_old_order() {
        let values: Vec<f64> = (0..100).map(|n| ((n * 37) % 100) as f64).collect();
        let shown = extremes(&values);
        assert_eq!(shown.len(), 2 * EXTREMES);
        assert!(shown.is_sorted());
        assert!(
            shown
                .iter()
                .all(|&index| values[index] < 10.0 || values[index] >= 90.0)
        );
        assert_eq!(extremes(&values[..5]), [0, 1, 2, 3, 4]);
    }
}
