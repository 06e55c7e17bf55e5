//! The questions of a report, and their tables.
//!
//! A question is a list of metrics. There are up to three tables of its numbers:
//! over the runs by node; over the runs by speed within each run, if speeds are
//! drawn anew in each run (a node's name then says little about its speed); and run
//! by run.

mod over_runs;
mod run_by_run;

use std::cmp::Reverse;

use super::measured::Measured;
use super::table::Table;
use crate::metrics::{Definition, counted_word, definition};
pub(super) use over_runs::{Keys, by_speed_or_node};
use over_runs::{across_ranks, across_runs};
use run_by_run::run_by_run;

/// A question and the metrics that answer it.
pub(super) struct Question {
    pub id: &'static str,
    pub title: &'static str,
    /// If there are too many rows, the first metric selects those shown.
    pub metrics: &'static [&'static str],
}

/// All questions but the last two, which are about the behaviors' own columns and events.
pub(super) const QUESTIONS: [Question; 5] = [
    Question {
        id: "jumps",
        title: "How large are the jumps of the clocks?",
        metrics: &[
            "clock_jump_mean",
            "clock_jump_p50",
            "clock_jump_p90",
            "clock_jump_p95",
            "clock_jump_p99",
            "clock_jump_p999",
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
            "queue_time_mean",
            "queue_max",
            "queue_mean",
            "queue_p50",
            "queue_p90",
            "queue_p95",
            "queue_p99",
            "queue_p999",
            "queue_final",
            "utilization",
        ],
    },
    Question {
        id: "messages",
        title: "What was done, sent and handled, and how long did it take?",
        metrics: &[
            "received",
            "sent",
            "dropped",
            "unanswered",
            "unmet",
            "rejected",
            "refused",
            "messages_per_s",
            "bytes_sent",
            "unhandled",
            "latency_mean",
            "latency_p50",
            "latency_p90",
            "latency_p95",
            "latency_p99",
            "latency_p999",
            "latency_max",
            "steps",
            "steps_per_s",
        ],
    },
];

/// The counts of the behaviors' own events.
pub(super) fn event_counts(measured: &Measured) -> Vec<&str> {
    let metrics = measured.metrics.iter().map(String::as_str);
    metrics
        .filter(|name| counted_word(name).is_some())
        .collect()
}

/// The metrics of the behaviors' own columns.
pub(super) fn own_metrics(measured: &Measured) -> Vec<&str> {
    let known = |name: &str| {
        if counted_word(name).is_some() {
            return true;
        }
        QUESTIONS
            .iter()
            .any(|question| question.metrics.contains(&name))
            || crate::metrics::definitions().any(|definition| definition.name == name)
    };
    let metrics = measured.metrics.iter().map(String::as_str);
    metrics.filter(|name| !known(name)).collect()
}

/// The columns of the metrics among `names` that were measured.
pub(super) fn present(measured: &Measured, names: &[&str]) -> Vec<usize> {
    let columns = names.iter().filter_map(|name| measured.metric(name));
    columns
        .filter(|&metric| (0..measured.rows.len()).any(|row| measured.value(row, metric).is_some()))
        .collect()
}

/// The metrics of a question of which the runs are drawn.
pub(super) fn drawn(measured: &Measured, id: &str, metrics: &[usize]) -> Vec<usize> {
    let names: &[&str] = match id {
        "jumps" => &["clock_jump_mean", "clock_jump_max"],
        "drift" => &["clock_drift_max"],
        "gaps" => &["clock_gap_total"],
        "queues" => &["queue_time_mean", "queue_max"],
        "messages" => &["latency_mean", "received", "dropped"],
        // Columns and events of behaviors: the first ones.
        _ => return metrics[..metrics.len().min(3)].to_vec(),
    };
    let named = |metric: &usize| names.contains(&measured.metrics[*metric].as_str());
    metrics.iter().copied().filter(named).collect()
}

/// The definitions of these metrics, and of the columns over runs, as printed beneath
/// their tables.
pub(super) fn definitions_of(measured: &Measured, metrics: &[usize]) -> Vec<(String, String)> {
    let over_runs = match has_several_runs(measured) {
        true => Vec::from(over_runs::definitions()),
        false => Vec::new(),
    };
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
        .chain(over_runs)
        .collect()
}

/// Whether there are runs to compare.
pub(super) fn has_several_runs(measured: &Measured) -> bool {
    let runs = measured.rows.iter().map(|row| row.run);
    runs.clone().min() != runs.max()
}

/// The factor from a metric's unit to that of the tables: nanoseconds become
/// milliseconds.
pub(super) fn scale(measured: &Measured, metric: usize) -> f64 {
    match unit(&measured.metrics[metric]) {
        "ns" => 1e-6,
        _ => 1.0,
    }
}

/// A metric's unit: from its definition; for the column of a behavior, from the end of
/// the column's name.
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

/// Whether a column of a behavior holds nanoseconds, by its name.
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

/// The tables of a question; `over_runs`: the rows of those over the runs, if there are several.
/// If there are `pictures` of the runs, all are collapsed at first.
pub(super) fn tables(
    measured: &Measured,
    over_runs: Option<&Keys>,
    metrics: &[usize],
    pictures: bool,
) -> Vec<Table> {
    let mut tables = Vec::new();
    if let Some(keys) = over_runs {
        tables.push(across_runs(measured, keys, metrics));
        tables.extend(across_ranks(measured, keys, metrics));
    }
    let mut each = run_by_run(measured, metrics);
    each.folded = over_runs.is_some();
    tables.push(each);
    tables.iter_mut().for_each(|it| it.folded |= pictures);
    tables
}

/// The rows of a run from the fastest node to the slowest.
pub(super) fn ranked(measured: &Measured, rows: &[usize], speed: usize) -> Vec<usize> {
    let mut ranked = rows.to_vec();
    let of = |row: &usize| measured.value(*row, speed).unwrap_or(0.0);
    // Looked up once for each row, and not at each comparison. Equal ones keep their order.
    ranked.sort_by_cached_key(|row| Reverse(total_order(of(row))));
    ranked
}

/// An integer of the same order as [`f64::total_cmp`].
fn total_order(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
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

/// Number of rows from each end that are shown of a table that is too long.
const EXTREMES: usize = 10;

/// The indices of the highest and lowest values, in ascending order. NaN counts as
/// lowest.
fn extremes(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let of = |index: usize| match values[index].is_nan() {
        true => f64::MIN,
        false => values[index],
    };
    let by_value = |&a: &usize, &b: &usize| of(b).total_cmp(&of(a)).then(a.cmp(&b));
    if order.len() > 2 * EXTREMES {
        // Linear, where a sort is not.
        let (_, _, others) = order.select_nth_unstable_by(EXTREMES - 1, by_value);
        others.select_nth_unstable_by(others.len() - EXTREMES, by_value);
        order.drain(EXTREMES..order.len() - EXTREMES);
    }
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

    #[test]
    fn of_equal_values_the_first_are_the_highest_and_the_last_the_lowest() {
        for length in [20, 21, 22, 57] {
            let ends: Vec<usize> = (0..10).chain(length - 10..length).collect();
            assert_eq!(extremes(&vec![2.5; length]), ends);
        }
        let missing = [vec![f64::NAN; 30], vec![-1.0; 30]].concat();
        let ends: Vec<usize> = (20..40).collect();
        assert_eq!(extremes(&missing), ends);
    }

    #[test]
    fn the_order_of_numbers_is_that_of_the_standard_library() {
        let values = [
            f64::NEG_INFINITY,
            -2.5,
            -1e-300,
            -0.0,
            0.0,
            1e-300,
            2.5,
            f64::INFINITY,
            f64::NAN,
            -f64::NAN,
        ];
        for (a, b) in values.iter().flat_map(|a| values.map(|b| (*a, b))) {
            assert_eq!(total_order(a).cmp(&total_order(b)), a.total_cmp(&b));
        }
    }
}
