//! A question's numbers run by run: a row for each node of each run.

use super::{EXTREMES, extremes, head, scale};
use crate::render::number;
use crate::report::measured::Measured;
use crate::report::table::{Align, Column, Table};

/// Maximum number of rows.
const MAX_RUN_ROWS: usize = 60;
/// Where the first metric that differs has its ends, over all rows.
fn ends(measured: &Measured, metrics: &[usize]) -> String {
    for &metric in metrics {
        let factor = scale(measured, metric);
        let known = (0..measured.rows.len())
            .filter_map(|row| Some((row, measured.value(row, metric)? * factor)));
        let least = known.clone().reduce(|a, b| if b.1 < a.1 { b } else { a });
        let most = known.reduce(|a, b| if b.1 > a.1 { b } else { a });
        let (Some(least), Some(most)) = (least, most) else {
            continue;
        };
        let places = number::decimals([least.1, most.1]);
        if measured.rows.len() == 1 {
            let value = number::fixed(least.1, places);
            return format!("{} is {value}.", head(measured, metric));
        }
        if least.1 == most.1 {
            continue;
        }
        let place = |(row, value): (usize, f64)| {
            let about = measured.rows[row];
            format!(
                "{} ({} in run {})",
                number::fixed(value, places),
                measured.nodes[about.node],
                about.run
            )
        };
        return format!(
            "{} is from {} to {}.",
            head(measured, metric),
            place(least),
            place(most)
        );
    }
    "All rows are the same.".to_owned()
}

pub(super) fn run_by_run(measured: &Measured, metrics: &[usize]) -> Table {
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
    table.columns.extend(metrics.iter().map(|&metric| Column {
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
    table.finding = ends(measured, metrics);
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
