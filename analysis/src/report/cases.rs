//! The cases side by side: what was varied, how often each case fails, and its
//! metrics. For a plan with a single case: how often its runs fail.

use std::collections::{BTreeMap, BTreeSet};

use super::Section;
use super::folder::Folder;
use super::measured::{Measured, MeasuredRow};
use super::questions::{head, own_metrics, scale};
use super::table::{Align, Table};
use crate::metrics::range_end;
use crate::render::number::{decimals, fixed, whole};
use crate::results::{CaseInfo, Population, percent};
use crate::statistics::{Sample, rank};

/// What a lab about clocks asks: how far they jump, what they skip, how far they drift apart, and
/// how long the queues get. All of them are in the table.
const ASKED: [&str; 4] = [
    "clock_jump_mean",
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
    /// By metric, of each run the mean over its nodes.
    pub of_runs: Vec<Vec<f64>>,
}

impl CaseRow {
    /// The mean of a metric over its runs.
    fn mean(&self, metric: usize) -> Option<f64> {
        let values = &self.of_runs[metric];
        (!values.is_empty()).then(|| Sample::of(values.iter().copied()).mean())
    }
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
        observations: observations(measured, &metrics, &case_rows, manifest.pairing.is_some()),
        tables: vec![side_by_side(measured, &metrics, &axes, &case_rows)],
        definitions: definitions(),
        ..Section::default()
    };
    if let [rows, columns] = &axes[..] {
        let mut tables = Vec::new();
        if failed {
            let rate = |case_row: &CaseRow| {
                let rate = case_row.population.rate()?;
                Some((rate, percent(rate)))
            };
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
            let mean = |case_row: &CaseRow| {
                let mean = case_row.mean(index)?;
                Some((mean, fixed(mean, places)))
            };
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
    let column = |name: &str| measured.metric(name).filter(|&it| varies(measured, it));
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

/// Whether a metric is not the same everywhere.
pub(super) fn varies(measured: &Measured, metric: usize) -> bool {
    let rows = 0..measured.rows.len();
    let mut seen = rows.filter_map(|row| measured.value(row, metric));
    let first = seen.next();
    first.is_some_and(|first| seen.any(|value| value != first))
}

/// A row for each case, in the order of the plan.
pub(super) fn case_rows(folder: &Folder, measured: &Measured, metrics: &[usize]) -> Vec<CaseRow> {
    let manifest = &folder.manifest;
    let mut of_runs = of_runs(measured, metrics);
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
            of_runs: of_runs
                .remove(case.id.as_str())
                .unwrap_or_else(|| vec![Vec::new(); metrics.len()]),
            id: case.id.clone(),
            judged: judged.contains(case.id.as_str()),
            population,
        })
    };
    manifest.cases.iter().filter_map(case_row).collect()
}

/// By case and metric, of each run the mean over its nodes: these are not independent,
/// so a run counts once.
pub(super) fn of_runs<'a>(
    measured: &'a Measured,
    metrics: &[usize],
) -> BTreeMap<&'a str, Vec<Vec<f64>>> {
    let mut means = vec![vec![Vec::new(); metrics.len()]; measured.cases.len()];
    let mut sums = vec![(0.0, 0_u64); metrics.len()];
    let factors: Vec<f64> = metrics.iter().map(|&it| scale(measured, it)).collect();
    let mut rows = measured.rows.iter().enumerate().peekable();
    // The rows of a run follow one another.
    while let Some((row, about)) = rows.next() {
        for ((sum, &metric), factor) in sums.iter_mut().zip(metrics).zip(&factors) {
            if let Some(value) = measured.value(row, metric) {
                sum.0 += value * factor;
                sum.1 += 1;
            }
        }
        let same =
            |next: &(usize, &MeasuredRow)| (next.1.case, next.1.run) == (about.case, about.run);
        if rows.peek().is_some_and(same) {
            continue;
        }
        for (of_runs, sum) in means[about.case].iter_mut().zip(&mut sums) {
            if sum.1 > 0 {
                of_runs.push(sum.0 / sum.1 as f64);
            }
            *sum = (0.0, 0);
        }
    }
    measured
        .cases
        .iter()
        .map(String::as_str)
        .zip(means)
        .collect()
}

fn places(case_rows: &[CaseRow], metric: usize) -> usize {
    decimals(
        case_rows
            .iter()
            .filter_map(|case_row| case_row.mean(metric)),
    )
}

/// What the cases side by side show; `paired`: whether they are compared in pairs, too.
pub(super) fn observations(
    measured: &Measured,
    metrics: &[usize],
    case_rows: &[CaseRow],
    paired: bool,
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
            // One case always fails most often, if only by chance.
            let low = case_row.population.interval().map_or(0.0, |it| it.0);
            let others = case_rows.iter().filter(|it| it.id != case_row.id);
            let mut others = others.filter_map(|it| it.population.interval());
            let of = match (several, others.all(|(_, high)| high < low)) {
                (true, true) => format!("{} fails most often: ", case_row.id),
                (true, false) => format!(
                    "{} has the most failures, and others may fail as often: ",
                    case_row.id
                ),
                (false, _) => String::new(),
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
    let mut undecided = Vec::new();
    for (index, &metric) in metrics.iter().enumerate() {
        match ranking(measured, (index, metric), case_rows) {
            Some(sentence) => sentences.push(sentence),
            None => undecided.push(head(measured, metric)),
        }
    }
    if !undecided.is_empty() {
        let way_out = match paired {
            true => "how they differ in pairs is in the next section",
            false => "more runs would narrow them",
        };
        sentences.push(format!(
            "These runs do not tell which case has the highest or lowest {}: the intervals overlap, and {way_out}.",
            undecided.join(", ")
        ));
    }
    sentences
}

/// Which cases have the highest and lowest values of a metric, by its index among those
/// shown and its column; `None` if the runs do not tell.
pub(super) fn ranking(
    measured: &Measured,
    (index, metric): (usize, usize),
    case_rows: &[CaseRow],
) -> Option<String> {
    let known: Vec<&CaseRow> = case_rows
        .iter()
        .filter(|it| !it.of_runs[index].is_empty())
        .collect();
    let groups: Vec<&[f64]> = known
        .iter()
        .map(|it| it.of_runs[index].as_slice())
        .collect();
    let end = range_end(&measured.metrics[metric]).map(|end| end * scale(measured, metric));
    let ranking = rank(&groups, end)?;
    let places = places(case_rows, index);
    let ends = [("highest", ranking.highest), ("lowest", ranking.lowest)];
    let said: Vec<String> = ends
        .into_iter()
        .filter_map(|(word, found)| {
            let (case, value) = found?;
            Some(format!(
                "{word} in {} ({})",
                known[case].id,
                fixed(value, places)
            ))
        })
        .collect();
    if said.is_empty() {
        return None;
    }
    let of = if ranking.by_median { "median" } else { "mean" };
    Some(format!(
        "{} is {}: its interval of the {of} over the runs overlaps that of no other case.",
        head(measured, metric),
        said.join(" and "),
    ))
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
    let failing = case_rows.iter().filter(|it| it.population.failed > 0);
    table.finding = match (failing.count() as u64, case_rows.len() as u64) {
        (0, 1) => "No run failed.".to_owned(),
        (0, all) => format!("No run failed in any of the {} cases.", whole(all)),
        (_, 1) => format!("{}.", case_rows[0].population.text()),
        (some, all) => format!("Runs failed in {} of {} cases.", whole(some), whole(all)),
    };
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
        let means = places.iter().enumerate().map(|(metric, &places)| {
            let mean = case_row.mean(metric);
            mean.map_or("–".to_owned(), |mean| fixed(mean, places))
        });
        match any_failed {
            true => row.extend(of_rates.into_iter().chain(means)),
            false => row.extend(means.chain(of_rates)),
        }
        table.rows.push(row);
    }
    if !metrics.is_empty() {
        table
            .note
            .push_str("Metrics: the mean over the nodes of each run, and over the runs of the case. Cases are ranked in words only if their intervals do not overlap.");
    }
    table
}

/// The highest and the lowest value of a table, as they were measured.
fn ends(case_rows: &[CaseRow], cell: impl Fn(&CaseRow) -> Option<(f64, String)>) -> String {
    let known = case_rows.iter().filter_map(|it| Some((it, cell(it)?)));
    let known: Vec<(&CaseRow, (f64, String))> = known.collect();
    let by_value =
        |a: &&(&CaseRow, (f64, String)), b: &&(&CaseRow, (f64, String))| a.1.0.total_cmp(&b.1.0);
    // The first of several that are equal.
    let greatest = known.iter().rev().max_by(by_value);
    let (Some((high, (most, high_text))), Some((low, (least, low_text)))) =
        (greatest, known.iter().min_by(by_value))
    else {
        return String::new();
    };
    match most == least {
        true => format!("The same in all cases: {high_text}."),
        false => format!(
            "As measured, {high_text} in {} is the highest, and {low_text} in {} the lowest.",
            high.id, low.id
        ),
    }
}

/// A table with an axis down and an axis across; `None` if an axis has only one value,
/// or too many.
fn over_two_axes(
    caption: &str,
    rows: &str,
    columns: &str,
    case_rows: &[CaseRow],
    cell: impl Fn(&CaseRow) -> Option<(f64, String)>,
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
    // The pictures show the same.
    table.folded = true;
    table.finding = ends(case_rows, &cell);
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
                .map_or("–".to_owned(), |it| it.1)
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
            "The interval of the share of runs that fail, over all seeds: at least 95 % of such intervals hold it (Clopper and Pearson, exact for any share).",
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}
