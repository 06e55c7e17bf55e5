//! A question's numbers over the runs: by node, and by speed within each run. Of
//! percentiles also that of all samples of all runs, which is not the mean of those of
//! the runs.

use std::collections::{BTreeMap, BTreeSet};

use super::{EXTREMES, extremes, head, ranked, scale, speeds_vary};
use crate::metrics::range_end;
use crate::render::number;
use crate::report::measured::Measured;
use crate::report::table::{Align, Table};
use crate::statistics::{
    CONFIDENCE, MeanInterval, MedianInterval, Sample, Withheld, mean, mean_interval,
    median_interval, rank,
};

/// Maximum number of nodes (of each case) in a table; if there are more, the extremes
/// are shown.
const MAX_KEYS: usize = 24;

/// The rows of the tables over runs. They are the same for each question, and with many
/// runs they take as long to find as the numbers.
pub(in crate::report) struct Keys {
    /// Each node of each case.
    by_node: Vec<Key>,
    /// Each rank of speed of each case; none if speeds do not vary.
    by_speed: Vec<Key>,
    /// Number of cases whose ranks are left out.
    more: u64,
}

/// A row of a table over runs, and the measured rows behind it.
#[derive(Clone, Default)]
struct Key {
    case: usize,
    name: String,
    rows: Vec<usize>,
    /// The nodes whose samples are pooled.
    nodes: Vec<usize>,
    /// Whether it is of all nodes: the value of a run is then their mean.
    is_whole: bool,
    /// Whether it is shown because its mean is extreme.
    is_extreme: bool,
}

/// A metric over the runs of a key.
struct Spread {
    sample: Sample,
    /// The median with its interval; `None` for one run, and for what was chosen by its
    /// values.
    median: Option<MedianInterval>,
    /// `None` for what was chosen by its values.
    interval: Option<Result<MeanInterval, Withheld>>,
}

impl Keys {
    pub fn of(measured: &Measured) -> Keys {
        let (by_speed, more) = by_speed(measured);
        Keys {
            by_node: by_node(measured),
            by_speed,
            more,
        }
    }
}

fn by_node(measured: &Measured) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    let mut index = std::collections::HashMap::new();
    for (row, about) in measured.rows.iter().enumerate() {
        let key = *index.entry((about.case, about.node)).or_insert_with(|| {
            keys.push(Key {
                case: about.case,
                name: measured.nodes[about.node].clone(),
                nodes: vec![about.node],
                ..Key::default()
            });
            keys.len() - 1
        });
        keys[key].rows.push(row);
    }
    keys
}

fn by_speed(measured: &Measured) -> (Vec<Key>, u64) {
    let mut keys: Vec<Key> = Vec::new();
    let mut more = 0;
    for case in 0..measured.cases.len() {
        if keys.len() >= MAX_KEYS {
            more += 1;
            continue;
        }
        let ranks = ranks(measured, case).into_iter().flatten();
        keys.extend(ranks.map(|(name, rows)| Key {
            case,
            name,
            rows,
            ..Key::default()
        }));
    }
    (keys, more)
}

/// The numbers by node.
pub(super) fn across_runs(measured: &Measured, keys: &Keys, metrics: &[usize]) -> Table {
    let caption = "Over the runs, by node";
    let all = &keys.by_node;
    if all.len() <= MAX_KEYS {
        return spread_table(caption, measured, metrics, all);
    }
    let (keys, note) = extreme_keys(measured, all, metrics[0]);
    let mut table = spread_table(caption, measured, metrics, &keys);
    table.note = [note, table.note].join(" ").trim_end().to_owned();
    table
}

/// Those of many keys whose mean is extreme, after the cases as a whole; and what to say of
/// that.
fn extreme_keys(measured: &Measured, all: &[Key], primary: usize) -> (Vec<Key>, String) {
    let mean = |key: &Key| spread(measured, key, primary).map_or(f64::NAN, |it| it.sample.mean());
    let means: Vec<f64> = all.iter().map(mean).collect();
    let shown = extremes(&means);
    let extreme = |&key: &usize| Key {
        is_extreme: true,
        ..all[key].clone()
    };
    let cases = match measured.cases.len() <= MAX_KEYS {
        true => measured.cases.len(),
        false => 0,
    };
    let whole = |case: usize| {
        let rows: Vec<usize> = measured.rows_of(case).collect();
        let nodes: BTreeSet<usize> = rows.iter().map(|&row| measured.rows[row].node).collect();
        Key {
            case,
            name: "all nodes".to_owned(),
            rows,
            nodes: nodes.into_iter().collect(),
            is_whole: true,
            is_extreme: false,
        }
    };
    let keys = (0..cases).map(whole).chain(shown.iter().map(extreme));
    let note = format!(
        "{} of {} are shown: the {EXTREMES} with the highest and the {EXTREMES} with the lowest mean of {}. These were chosen by their values, so intervals would hold less than they say, and are left out. all nodes: in each run, the mean over its nodes.",
        shown.len(),
        number::count(all.len() as u64, "node"),
        measured.metrics[primary],
    );
    (keys.collect(), note)
}

/// The numbers by rank of speed within each run; `None` if speeds do not vary.
pub(super) fn across_ranks(measured: &Measured, keys: &Keys, metrics: &[usize]) -> Option<Table> {
    if keys.by_speed.is_empty() {
        return None;
    }
    let mut table = spread_table(
        "Over the runs, by speed within each run",
        measured,
        metrics,
        &keys.by_speed,
    );
    table
        .columns
        .iter_mut()
        .filter(|c| c.name == "node")
        .for_each(|c| c.name = "speed".to_owned());
    table.note = "Speeds are drawn anew in each run, so a node's name says little about them: here the nodes of each run are ranked by steps per second. Equal speeds keep the order of the scenario.".to_owned();
    if keys.more > 0 {
        let cases = number::whole(keys.more);
        table
            .note
            .push_str(&format!(" {cases} more cases are left out."));
    }
    Some(table)
}

/// The rows of a case by rank of speed, if speeds differ between its runs; else by node.
pub(in crate::report) fn by_speed_or_node(
    measured: &Measured,
    case: usize,
) -> Vec<(String, Vec<usize>)> {
    if let Some(ranks) = ranks(measured, case) {
        return ranks;
    }
    let mut by_node: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for row in measured.rows_of(case) {
        let node = measured.rows[row].node;
        let place = *places.entry(node).or_insert_with(|| {
            by_node.push((node, Vec::new()));
            by_node.len() - 1
        });
        by_node[place].1.push(row);
    }
    let by_node = by_node.into_iter();
    by_node
        .map(|(node, rows)| (measured.nodes[node].clone(), rows))
        .collect()
}

/// The rows of a case by rank of speed within each run; `None` if speeds do not vary, or the
/// nodes are too many to tell their ranks apart.
fn ranks(measured: &Measured, case: usize) -> Option<Vec<(String, Vec<usize>)>> {
    let speed = measured.metric("steps_per_s")?;
    let runs = measured.runs_of(case);
    let nodes = runs.values().map(Vec::len).max().unwrap_or(0);
    if !(2..=12).contains(&nodes) || !speeds_vary(measured, runs.values()) {
        return None;
    }
    let mut ranks: Vec<(String, Vec<usize>)> = (0..nodes)
        .map(|rank| (rank_name(rank, nodes), Vec::new()))
        .collect();
    for rows in runs.values() {
        for (rank, row) in ranked(measured, rows, speed).into_iter().enumerate() {
            ranks[rank].1.push(row);
        }
    }
    Some(ranks)
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

fn spread(measured: &Measured, key: &Key, metric: usize) -> Option<Spread> {
    let factor = scale(measured, metric);
    let known = key
        .rows
        .iter()
        .filter_map(|&row| Some((row, measured.value(row, metric)? * factor)));
    let values: Vec<f64> = match key.is_whole {
        false => known.map(|(_, value)| value).collect(),
        // The nodes of a run are not independent: a run counts once.
        true => {
            let mut runs: BTreeMap<u64, Sample> = BTreeMap::new();
            for (row, value) in known {
                runs.entry(measured.rows[row].run).or_default().add(value);
            }
            runs.values().map(Sample::mean).collect()
        }
    };
    if values.is_empty() {
        return None;
    }
    let sample = Sample::of(values.iter().copied());
    let greatest = range_end(&measured.metrics[metric]).map(|end| end * factor);
    Some(Spread {
        median: median_interval(&values, CONFIDENCE).filter(|_| !key.is_extreme),
        interval: (!key.is_extreme).then(|| mean_interval(&sample, greatest, CONFIDENCE)),
        sample,
    })
}

/// The definitions of the columns of a table over runs.
pub(super) fn definitions() -> [(String, String); 2] {
    [
        (MEDIAN_INTERVAL.to_owned(), "From order statistics, exact for every distribution: how often such an interval holds the median over all possible runs is in brackets. With five runs from the smallest to the largest value, 93.75 %.".to_owned()),
        (MEAN_INTERVAL.to_owned(), mean::definition()),
    ]
}

const MEDIAN_INTERVAL: &str = "interval of the median";
const MEAN_INTERVAL: &str = "95 % interval of the mean";

/// Mean, deviation, median, extremes and intervals of each metric for each key.
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
        ("median", Align::Right),
        ("min", Align::Right),
        ("max", Align::Right),
        (MEDIAN_INTERVAL, Align::Right),
        (MEAN_INTERVAL, Align::Right),
    ]);
    let pools = metrics.iter().any(|&metric| {
        keys.iter()
            .any(|key| pooled(measured, key, metric).is_some())
    });
    if pools {
        columns.push(("all samples", Align::Right));
    }
    let mut table = Table::new(caption, columns);
    if pools {
        table.note = "all samples: the percentile of the samples of all runs together, not the mean of those of the runs.".to_owned();
    }
    let extra = Extra { cases, pools };
    table.finding = finding(measured, metrics, keys);
    for &metric in metrics {
        let spreads: Vec<_> = keys
            .iter()
            .filter_map(|key| Some((key, spread(measured, key, metric)?)))
            .collect();
        // A value that is the same everywhere has one row.
        let first = spreads.first().map(|(_, it)| it.sample.min());
        let same = |it: &Sample| it.is_constant() && Some(it.min()) == first;
        if spreads.len() > 1 && spreads.iter().all(|(_, it)| same(&it.sample)) {
            let some = keys
                .iter()
                .any(|key| pooled(measured, key, metric).is_some());
            table
                .rows
                .push(same_row(head(measured, metric), &spreads, extra, some));
        } else {
            table
                .rows
                .extend(spread_rows(measured, metric, &spreads, extra));
        }
    }
    table
}

/// Which row has the highest and lowest values of the first metric that differs, as far as its
/// intervals tell. Rows that were chosen by their values tell nothing.
fn finding(measured: &Measured, metrics: &[usize], keys: &[Key]) -> String {
    if keys.iter().any(|key| key.is_extreme) {
        return "These rows were chosen by their values, so their order says nothing.".to_owned();
    }
    let name = |key: &Key| match measured.cases.len() > 1 {
        true => format!("{} of {}", key.name, measured.cases[key.case]),
        false => key.name.clone(),
    };
    for &metric in metrics {
        let known: Vec<(&Key, Vec<f64>)> = keys
            .iter()
            .map(|key| {
                let values = key
                    .rows
                    .iter()
                    .filter_map(|&row| measured.value(row, metric));
                let factor = scale(measured, metric);
                (key, values.map(|it| it * factor).collect::<Vec<f64>>())
            })
            .filter(|it| !it.1.is_empty())
            .collect();
        let groups: Vec<&[f64]> = known.iter().map(|it| it.1.as_slice()).collect();
        let mut all = groups.iter().copied().flatten();
        let first = all.next();
        if all.all(|it| Some(it) == first) || groups.len() < 2 {
            continue;
        }
        let head = head(measured, metric);
        let end = range_end(&measured.metrics[metric]).map(|end| end * scale(measured, metric));
        let Some(ranking) = rank(&groups, end) else {
            return format!(
                "These runs are too few to tell which row has the highest or lowest {head}."
            );
        };
        let places = number::decimals(groups.iter().copied().flatten().copied());
        let said = [("highest", ranking.highest), ("lowest", ranking.lowest)];
        let said: Vec<String> = said
            .into_iter()
            .filter_map(|(word, found)| {
                let (at, value) = found?;
                Some(format!(
                    "{word} for {} ({})",
                    name(known[at].0),
                    number::fixed(value, places)
                ))
            })
            .collect();
        let of = if ranking.by_median { "median" } else { "mean" };
        return match said.is_empty() {
            true => format!(
                "The intervals of the {of} do not tell which row has the highest or lowest {head}."
            ),
            false => format!(
                "The {of} of {head} is {}: its interval overlaps no other.",
                said.join(" and ")
            ),
        };
    }
    match keys.len() {
        0 | 1 => String::new(),
        _ => "No metric differs between the runs.".to_owned(),
    }
}

/// The columns that only some tables have.
#[derive(Clone, Copy)]
struct Extra {
    /// The case of each row.
    cases: bool,
    /// The percentile of all samples.
    pools: bool,
}

/// The row of a value that is the same everywhere; `pooled` if samples are pooled.
fn same_row(head: String, spreads: &[(&Key, Spread)], extra: Extra, pooled: bool) -> Vec<String> {
    let value = spreads[0].1.sample.min();
    let value = number::fixed(value, number::decimals([value]));
    let n = spreads.iter().map(|(_, it)| it.sample.count()).min();
    let mut row = vec![head];
    row.extend(extra.cases.then(|| "all".to_owned()));
    row.extend([
        "each".to_owned(),
        number::whole(n.unwrap_or(0)),
        value.clone(),
        "0".to_owned(),
    ]);
    row.extend([value.clone(), value.clone(), value.clone()]);
    row.extend(["–".to_owned(), "–".to_owned()]);
    if extra.pools {
        row.push(if pooled { value } else { "–".to_owned() });
    }
    row
}

/// A row for each key: mean, deviation, median, extremes, intervals.
fn spread_rows(
    measured: &Measured,
    metric: usize,
    spreads: &[(&Key, Spread)],
    extra: Extra,
) -> Vec<Vec<String>> {
    let samples = || spreads.iter().map(|(_, it)| &it.sample);
    let means =
        number::decimals(samples().flat_map(|it| [it.mean(), it.deviation().unwrap_or(0.0)]));
    let ends = number::decimals(samples().flat_map(|it| [it.min(), it.max()]));
    let or_dash = |value: Option<f64>, decimals| {
        value.map_or("–".to_owned(), |value| number::fixed(value, decimals))
    };
    let mut rows = Vec::with_capacity(spreads.len());
    for (index, (key, spread)) in spreads.iter().enumerate() {
        let sample = &spread.sample;
        let mut row = vec![match index {
            0 => head(measured, metric),
            _ => String::new(),
        }];
        if extra.cases {
            row.push(measured.cases[key.case].clone());
        }
        row.extend([
            key.name.clone(),
            number::whole(sample.count()),
            number::fixed(sample.mean(), means),
            or_dash(sample.deviation(), means),
            or_dash(spread.median.map(|it| it.median), ends),
            number::fixed(sample.min(), ends),
            number::fixed(sample.max(), ends),
            spread.median.map_or("–".to_owned(), |it| {
                format!(
                    "{} ({} %)",
                    between(it.low, it.high, ends),
                    number::percent(it.coverage)
                )
            }),
            match &spread.interval {
                Some(Ok(it)) => between(it.low, it.high, means),
                Some(Err(withheld @ Withheld::TooFew(_))) => withheld.to_string(),
                Some(Err(Withheld::Constant)) | None => "–".to_owned(),
            },
        ]);
        if extra.pools {
            row.push(or_dash(pooled(measured, key, metric), ends));
        }
        rows.push(row);
    }
    rows
}

/// The ends of an interval.
fn between(low: f64, high: f64, decimals: usize) -> String {
    format!(
        "{} … {}",
        number::fixed(low, decimals),
        number::fixed(high, decimals)
    )
}

/// A percentile of all samples behind a row of the table.
fn pooled(measured: &Measured, key: &Key, metric: usize) -> Option<f64> {
    if key.nodes.is_empty() {
        return None;
    }
    let value = measured.pooled(key.case, &key.nodes, &measured.metrics[metric])?;
    Some(value.as_f64() * scale(measured, metric))
}
