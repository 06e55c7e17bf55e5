//! The cases side by side: what was varied, how often each case fails, and its
//! metrics. For a plan with a single case: how often its runs fail.

use std::collections::{BTreeMap, BTreeSet};

use super::Section;
use super::folder::Folder;
use super::measured::Measured;
use super::questions::{head, own_metrics, scale};
use super::table::{Align, Table};
use crate::render::number::{decimals, fixed, whole};
use crate::results::{CaseInfo, Population, percent};

/// What a lab about clocks asks: how far they jump, what they skip, how far they drift apart, and
/// how long the queues get. All of them are in the table.
const ASKED: [&str; 5] = [
    "clock_jump_mean",
    "clock_jump_max",
    "clock_gap_total",
    "clock_drift_max",
    "queue_max",
];
/// Metrics that show how cases differ, the most important first. As many are in the table as
/// make [`SHOWN`] with those that are asked.
const COMPARED: [&str; 4] = ["latency_mean", "dropped", "rejected", "received"];
const SHOWN: usize = 4;
/// Cases in the table, at most.
const MAX_CASES: usize = 60;
/// Columns of a table over two axes, at most.
const MAX_COLUMNS: usize = 12;
/// From this number of runs, the failure rate is shown even if no run fails.
const MANY: u64 = 100;

/// A case in numbers.
pub(super) struct CaseRow {
    /// A value per axis, or its name.
    pub cells: Vec<String>,
    pub id: String,
    pub population: Population,
    /// Whether its runs have expectations or checks.
    pub judged: bool,
    /// The means of the metrics over all its nodes and runs.
    pub means: Vec<Option<f64>>,
}

/// The section; `None` for a single case without failures, judgements or many runs.
pub(super) fn section(folder: &Folder, measured: &Measured) -> Option<Section> {
    let manifest = &folder.manifest;
    let metrics = metrics(measured);
    let case_rows = case_rows(folder, measured, &metrics);
    let several = manifest.cases.len() > 1;
    let (failed, judged, runs) = (
        case_rows.iter().any(|it| it.population.failed > 0),
        case_rows.iter().any(|it| it.judged),
        folder.runs.len() as u64,
    );
    if !several && (runs < 2 || !(failed || judged || runs >= MANY)) {
        return None;
    }
    let axes: Vec<String> = match several {
        true => manifest.axes.iter().map(|it| it.name.clone()).collect(),
        false => Vec::new(),
    };
    let mut section = Section {
        id: "cases".to_owned(),
        title: match several {
            true => "How do the cases compare?".to_owned(),
            false => "How often does it fail?".to_owned(),
        },
        observations: observations(measured, &metrics, &case_rows),
        tables: vec![side_by_side(measured, &metrics, &axes, &case_rows)],
        definitions: definitions(),
        ..Section::default()
    };
    if let [rows, columns] = &axes[..] {
        let mut tables = Vec::new();
        if failed {
            let rate = |case_row: &CaseRow| case_row.population.rate().map(percent);
            tables.extend(over_two_axes(
                "Share of runs that fail",
                rows,
                columns,
                &case_rows,
                rate,
            ));
        }
        for (index, &metric) in metrics.iter().enumerate() {
            let places = places(&case_rows, index);
            let mean = |case_row: &CaseRow| case_row.means[index].map(|mean| fixed(mean, places));
            let caption = format!("Mean of {}", head(measured, metric));
            tables.extend(over_two_axes(&caption, rows, columns, &case_rows, mean));
        }
        section.tables.extend(tables);
    }
    Some(section)
}

/// The columns of the metrics that are shown: metrics with the same value everywhere
/// are left out.
pub(super) fn metrics(measured: &Measured) -> Vec<usize> {
    let own = own_metrics(measured);
    let own = own.into_iter().filter(|name| name.ends_with("_mean"));
    let varies = |metric: &usize| {
        let rows = 0..measured.rows.len();
        let mut seen = rows.filter_map(|row| measured.value(row, *metric));
        let first = seen.next();
        first.is_some_and(|first| seen.any(|value| value != first))
    };
    let column = |name: &str| measured.metric(name).filter(varies);
    let mut shown: Vec<usize> = ASKED.into_iter().filter_map(column).collect();
    let more = SHOWN.saturating_sub(shown.len());
    shown.extend(
        COMPARED
            .into_iter()
            .chain(own)
            .filter_map(column)
            .take(more),
    );
    shown
}

fn case_rows(folder: &Folder, measured: &Measured, metrics: &[usize]) -> Vec<CaseRow> {
    let manifest = &folder.manifest;
    let means = means(measured, metrics);
    let mut populations: BTreeMap<&str, Population> = BTreeMap::new();
    let mut words: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let judged = folder.runs.iter().filter(|run| run.verdict.is_some());
    let judged: BTreeSet<&str> = judged.map(|run| run.case.as_str()).collect();
    for run in &folder.runs {
        words.entry(&run.case).or_insert_with(|| run.axes.clone());
        populations.entry(&run.case).or_default().add(run);
    }
    let case_row = |case: &CaseInfo| {
        let population = populations.remove(case.id.as_str())?;
        Some(CaseRow {
            cells: words.get(case.id.as_str()).cloned().unwrap_or_default(),
            means: means
                .get(case.id.as_str())
                .cloned()
                .unwrap_or_else(|| vec![None; metrics.len()]),
            id: case.id.clone(),
            judged: judged.contains(case.id.as_str()),
            population,
        })
    };
    manifest.cases.iter().filter_map(case_row).collect()
}

/// The means of metrics over all nodes and runs of each case.
pub(super) fn means<'a>(
    measured: &'a Measured,
    metrics: &[usize],
) -> BTreeMap<&'a str, Vec<Option<f64>>> {
    let mut sums = vec![vec![(0.0, 0_u64); metrics.len()]; measured.cases.len()];
    for (row, about) in measured.rows.iter().enumerate() {
        for (cell, &metric) in sums[about.case].iter_mut().zip(metrics) {
            if let Some(value) = measured.value(row, metric) {
                cell.0 += value * scale(measured, metric);
                cell.1 += 1;
            }
        }
    }
    let mean = |(sum, count): (f64, u64)| (count > 0).then(|| sum / count as f64);
    let of_case = sums
        .into_iter()
        .map(|it| it.into_iter().map(mean).collect());
    let names = measured.cases.iter().map(String::as_str);
    names.zip(of_case).collect()
}

fn places(case_rows: &[CaseRow], metric: usize) -> usize {
    decimals(
        case_rows
            .iter()
            .filter_map(|case_row| case_row.means[metric]),
    )
}

pub(super) fn observations(
    measured: &Measured,
    metrics: &[usize],
    case_rows: &[CaseRow],
) -> Vec<String> {
    let mut sentences = Vec::new();
    let several = case_rows.len() > 1;
    let worst = case_rows
        .iter()
        .filter_map(|case_row| Some((case_row.population.rate()?, case_row)))
        .fold(None, |worst: Option<(f64, &CaseRow)>, it| match worst {
            Some(worst) if worst.0 >= it.0 => Some(worst),
            _ => Some(it),
        });
    if let Some((rate, case_row)) = worst {
        if rate > 0.0 {
            let of = match several {
                true => format!("{} fails most often: ", case_row.id),
                false => String::new(),
            };
            let first = case_row.population.first_text();
            sentences.push(format!(
                "{of}{}; first in run {first}.",
                case_row.population.text()
            ));
        } else if !several {
            sentences.push(format!("{}.", case_row.population.text()));
        }
    }
    if !several {
        return sentences;
    }
    let mut first = true;
    for (index, &metric) in metrics.iter().enumerate() {
        let mut known: Vec<(f64, &str)> = case_rows
            .iter()
            .filter_map(|case_row| Some((case_row.means[index]?, case_row.id.as_str())))
            .collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (Some(least), Some(most)) = (known.first(), known.last()) else {
            continue;
        };
        if least.0 == most.0 {
            continue;
        }
        let places = places(case_rows, index);
        // Said once, for all of these sentences.
        let mean = match std::mem::replace(&mut first, false) {
            true => ", in the mean over nodes and runs",
            false => "",
        };
        sentences.push(format!(
            "{} is highest in {} ({}) and lowest in {} ({}){mean}.",
            head(measured, metric),
            most.1,
            fixed(most.0, places),
            least.1,
            fixed(least.0, places),
        ));
    }
    sentences
}

/// A row per case.
pub(super) fn side_by_side(
    measured: &Measured,
    metrics: &[usize],
    axes: &[String],
    case_rows: &[CaseRow],
) -> Table {
    let any_unknown = case_rows.iter().any(|it| it.population.unknown > 0);
    let any_failed = case_rows.iter().any(|it| it.population.failed > 0);
    let mut columns: Vec<(&str, Align)> = Vec::new();
    columns.extend(axes.iter().map(|axis| (axis.as_str(), Align::Left)));
    columns.extend([("runs", Align::Right), ("failed", Align::Right)]);
    if any_unknown {
        columns.push(("unknown", Align::Right));
    }
    // A rate of few runs has no meaning if nothing is judged and nothing fails.
    let rates = any_failed
        || any_unknown
        || case_rows
            .iter()
            .any(|it| it.judged || it.population.runs >= MANY);
    let mut of_rates = Vec::new();
    if rates {
        of_rates.extend([("fail", Align::Right), ("95 % interval", Align::Right)]);
    }
    if any_failed {
        of_rates.push(("first failing runs", Align::Left));
    }
    let heads: Vec<String> = metrics.iter().map(|&it| head(measured, it)).collect();
    let heads = heads.iter().map(|it| (it.as_str(), Align::Right));
    // A page shows about ten columns without scrolling: what matters most comes first.
    match any_failed {
        true => columns.extend(of_rates.into_iter().chain(heads)),
        false => columns.extend(heads.chain(of_rates)),
    }
    let mut table = Table::new("Side by side", columns);
    let places: Vec<usize> = (0..metrics.len()).map(|it| places(case_rows, it)).collect();
    let mut shown: Vec<&CaseRow> = case_rows.iter().collect();
    if shown.len() > MAX_CASES {
        // If not all fit, cases that fail come first.
        shown.sort_by_key(|case_row| case_row.population.failed == 0);
        shown.truncate(MAX_CASES);
        table.note = format!(
            "{MAX_CASES} of {} cases are shown, those that fail first. ",
            whole(case_rows.len() as u64)
        );
    }
    for case_row in shown {
        let population = &case_row.population;
        let mut row = match axes.is_empty() {
            true => Vec::new(),
            false => case_row.cells.clone(),
        };
        row.extend([whole(population.runs), whole(population.failed)]);
        if any_unknown {
            row.push(whole(population.unknown));
        }
        let mut of_rates = Vec::new();
        if rates {
            of_rates.push(population.rate().map_or("–".to_owned(), percent));
            of_rates.push(population.interval().map_or("–".to_owned(), |(low, high)| {
                format!("{} … {}", percent(low), percent(high))
            }));
        }
        if any_failed {
            of_rates.push(population.first_text());
        }
        let means = case_row.means.iter().zip(&places);
        let means =
            means.map(|(mean, &places)| mean.map_or("–".to_owned(), |mean| fixed(mean, places)));
        match any_failed {
            true => row.extend(of_rates.into_iter().chain(means)),
            false => row.extend(means.chain(of_rates)),
        }
        table.rows.push(row);
    }
    if !metrics.is_empty() {
        table
            .note
            .push_str("Metrics: the mean over all nodes and runs of the case.");
    }
    table
}

/// A table with an axis down and an axis across; `None` if an axis has only one value,
/// or too many.
fn over_two_axes(
    caption: &str,
    rows: &str,
    columns: &str,
    case_rows: &[CaseRow],
    cell: impl Fn(&CaseRow) -> Option<String>,
) -> Option<Table> {
    let distinct = |axis: usize| {
        let mut seen = BTreeSet::new();
        let words = case_rows
            .iter()
            .map(|case_row| case_row.cells[axis].as_str());
        words.filter(|it| seen.insert(*it)).collect::<Vec<&str>>()
    };
    let (down, across) = (distinct(0), distinct(1));
    if down.len() < 2 || !(2..=MAX_COLUMNS).contains(&across.len()) || down.len() > MAX_CASES {
        return None;
    }
    let corner = format!("{rows} \\ {columns}");
    let heads = across.iter().map(|it| (*it, Align::Right));
    let first = [(corner.as_str(), Align::Left)];
    let mut table = Table::new(caption, first.into_iter().chain(heads));
    let by_cell: BTreeMap<(&str, &str), &CaseRow> = case_rows
        .iter()
        .map(|case_row| {
            (
                (case_row.cells[0].as_str(), case_row.cells[1].as_str()),
                case_row,
            )
        })
        .collect();
    for row in down {
        let cells = across.iter().map(|column| {
            let case_row = by_cell.get(&(row, *column));
            case_row
                .and_then(|case_row| cell(case_row))
                .unwrap_or("–".to_owned())
        });
        table
            .rows
            .push([row.to_owned()].into_iter().chain(cells).collect());
    }
    Some(table)
}

pub(super) fn definitions() -> Vec<(String, String)> {
    [
        (
            "failed",
            "Runs that failed themselves, or in which an expectation or a check failed. What is unknown counts neither as failed nor as a run.",
        ),
        (
            "95 % interval",
            "Wilson's score interval of the share of runs that fail: what the share may be over all seeds.",
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}
