//! Runs that stand out among the runs of their case: the ones to look at first.
//!
//! A run has one value of a metric, the mean over its nodes. It stands out if it is more than
//! three times the width of the middle half of all runs away from that half: Tukey's outer
//! fence ("Exploratory Data Analysis", 1977). Where the middle half has no width, runs with
//! another value stand out if they are few.

use super::Section;
use super::cases;
use super::measured::Measured;
use super::questions::{head, scale};
use super::table::{Align, Table};
use crate::render::number::{decimals, fixed};

/// Fewer runs of a case have no middle half worth the name.
const LEAST_RUNS: usize = 8;
/// The width of the fence, in widths of the middle half.
const FENCE: f64 = 3.0;
/// Where all of the middle half is one value, at most one run in so many stands out.
const FEW: usize = 20;
/// Maximum number of runs of a metric and case that are named, the farthest first.
const NAMED: usize = 3;
/// Maximum number of rows of the table, and of sentences.
const MAX_ROWS: usize = 30;
const MAX_SENTENCES: usize = 4;

/// A run that stands out.
#[derive(Clone, Debug, PartialEq)]
struct Outlier {
    run: u64,
    value: f64,
    /// The middle half of all runs.
    middle: (f64, f64),
    /// How far it is from the middle half, in widths of it; infinite if that has none.
    distance: f64,
}

/// The section, and the numbers of its runs; `None` if no run stands out.
pub(super) fn section(measured: &Measured) -> Option<(Section, Vec<u64>)> {
    let several = measured.cases.len() > 1;
    let mut columns = vec![("run", Align::Right)];
    if several {
        columns.push(("case", Align::Left));
    }
    columns.extend([
        ("metric", Align::Code),
        ("its value", Align::Right),
        ("half of the runs", Align::Right),
    ]);
    let mut table = Table::new("Runs that stand out", columns);
    let (mut sentences, mut runs) = (Vec::new(), Vec::new());
    let mut farthest: Option<(u64, f64)> = None;
    for metric in cases::metrics(measured) {
        for (case, name) in measured.cases.iter().enumerate() {
            for outlier in of_runs(&values(measured, case, metric)) {
                let (low, high) = outlier.middle;
                if outlier.distance.is_finite()
                    && farthest.is_none_or(|(_, most)| outlier.distance > most)
                {
                    farthest = Some((outlier.run, outlier.distance));
                }
                let places = decimals([outlier.value, low, high]);
                let value = fixed(outlier.value, places);
                let middle = format!("{} … {}", fixed(low, places), fixed(high, places));
                let metric = head(measured, metric);
                let of_case = if several {
                    format!(" of {name}")
                } else {
                    String::new()
                };
                sentences.push(format!(
                    "run {}{of_case} stands out: its {metric} is {value}, and in half of the runs it is {middle}.",
                    outlier.run
                ));
                let mut row = vec![outlier.run.to_string()];
                row.extend(several.then(|| name.clone()));
                row.extend([metric, value, middle]);
                table.rows.push(row);
                runs.push(outlier.run);
            }
        }
    }
    if table.rows.is_empty() {
        return None;
    }
    let mut distinct = runs.clone();
    distinct.sort_unstable();
    distinct.dedup();
    table.finding = match (&distinct[..], farthest) {
        ([only], _) => format!("One run stands out: run {only}."),
        (all, Some((run, _))) => format!(
            "{} runs stand out; run {run} is the farthest away, measured in widths of the middle half.",
            all.len()
        ),
        (all, None) => format!("{} runs stand out.", all.len()),
    };
    table.rows.truncate(MAX_ROWS);
    sentences.truncate(MAX_SENTENCES);
    runs.truncate(MAX_ROWS);
    table.note = format!(
        "Of each run the mean over its nodes. Listed is what is more than {FENCE} times the width of the middle half away from it (Tukey's outer fence), of each case and metric at most the {NAMED} farthest; only cases with {LEAST_RUNS} runs and more."
    );
    let section = Section {
        id: "outliers".to_owned(),
        title: "Which runs stand out?".to_owned(),
        observations: sentences,
        tables: vec![table],
        ..Section::default()
    };
    Some((section, runs))
}

/// Of each run of a case its number and the mean of a metric over its nodes.
fn values(measured: &Measured, case: usize, metric: usize) -> Vec<(u64, f64)> {
    let scale = scale(measured, metric);
    let mean = |(run, rows): (u64, Vec<usize>)| {
        let known: Vec<f64> = rows
            .iter()
            .filter_map(|&row| measured.value(row, metric))
            .collect();
        let sum: f64 = known.iter().sum();
        (!known.is_empty()).then(|| (run, scale * sum / known.len() as f64))
    };
    measured
        .runs_of(case)
        .into_iter()
        .filter_map(mean)
        .collect()
}

/// The runs that stand out, the farthest first.
fn of_runs(values: &[(u64, f64)]) -> Vec<Outlier> {
    if values.len() < LEAST_RUNS {
        return Vec::new();
    }
    let mut sorted: Vec<f64> = values.iter().map(|it| it.1).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    let middle = (sorted[last / 4], sorted[last - last / 4]);
    let width = middle.1 - middle.0;
    let outlier = |&(run, value): &(u64, f64)| {
        let away = (middle.0 - value).max(value - middle.1);
        let distance = if away > 0.0 { away / width } else { 0.0 };
        (distance > FENCE).then_some(Outlier {
            run,
            value,
            middle,
            distance,
        })
    };
    let mut found: Vec<Outlier> = values.iter().filter_map(outlier).collect();
    if width == 0.0 && found.len() * FEW > values.len() {
        return Vec::new();
    }
    found.sort_by(|a, b| b.distance.total_cmp(&a.distance).then(a.run.cmp(&b.run)));
    found.truncate(NAMED);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(values: impl IntoIterator<Item = f64>) -> Vec<u64> {
        let values: Vec<(u64, f64)> = (1..).zip(values).collect();
        of_runs(&values).iter().map(|it| it.run).collect()
    }

    #[test]
    fn a_run_stands_out_beyond_the_outer_fence() {
        let even = (0..21).map(f64::from);
        assert_eq!(runs(even.clone()), [0_u64; 0]);
        // The middle half is 5 to 15: the fence is at 45.
        assert_eq!(runs(even.clone().chain([44.0])), [0_u64; 0]);
        assert_eq!(runs(even.chain([60.0, -90.0])), [23, 22]);
        assert_eq!(runs([1.0, 2.0, 3.0, 1000.0]), [0_u64; 0]);
    }

    #[test]
    fn among_runs_that_are_all_the_same_a_few_others_stand_out() {
        let same = |count| std::iter::repeat_n(7.0, count);
        assert_eq!(runs(same(40)), [0_u64; 0]);
        assert_eq!(runs(same(40).chain([8.0, 6.0])), [41, 42]);
        assert_eq!(runs(same(40).chain([8.0, 6.0, 5.0])), [0_u64; 0]);
    }
}
