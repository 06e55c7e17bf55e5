//! Metrics of each plan less those of the first, with intervals: in pairs where runs of both
//! have the same seed, and so draw the same numbers; else of independent runs.

use std::collections::BTreeMap;

use crate::render::number::{decimals, fixed};
use crate::report::measured::Measured;
use crate::report::pairs::{interval, p_value};
use crate::report::questions::{head, scale};
use crate::report::table::{Align, Table};
use crate::report::{Section, cases};
use crate::statistics::{CONFIDENCE, Sample, compare_pairs, holm, mean_interval};

/// A run: its seed, and its value of each metric.
type Run = (u64, Vec<Option<f64>>);
/// The runs of a case.
type Runs = Vec<Run>;

/// The cases of one plan: id, and its index among the measured cases.
pub(super) type Cases = Vec<(String, usize)>;

/// A difference, before the correction for all of them.
struct Row {
    cells: [String; 6],
    p: Option<f64>,
    /// What a sentence says if they differ.
    said: String,
}

/// The section; `None` if no case of another plan has its counterpart in the first.
pub(super) fn section(
    measured: &Measured,
    plans: &[Cases],
    names: &[String],
    seed_of: impl Fn(usize, u64) -> Option<u64>,
) -> Option<Section> {
    let metrics = cases::metrics(measured);
    let runs = runs(measured, &metrics, seed_of);
    let (first, others) = plans.split_first()?;
    let mut rows = Vec::new();
    for (plan, name) in others.iter().zip(&names[1..]) {
        for (id, here) in plan {
            let same = first.iter().find(|it| it.0 == *id);
            let alone = (first.len() == 1 && plan.len() == 1).then(|| &first[0]);
            let Some((_, there)) = same.or(alone) else {
                continue;
            };
            let title = match plan.len() {
                1 => name.clone(),
                _ => format!("{name}: {id}"),
            };
            let both = [there, here].map(|case| runs.get(case).map_or(&[][..], |it| it));
            rows.extend(of_case(measured, &metrics, &title, both));
        }
    }
    if rows.is_empty() {
        return None;
    }
    let tested: Vec<f64> = rows.iter().filter_map(|row| row.p).collect();
    let mut adjusted = holm(&tested).into_iter();
    let mut table = Table::new(
        format!("Differences to {}", names[0]),
        [
            ("plan", Align::Left),
            ("metric", Align::Code),
            ("of", Align::Left),
            ("there", Align::Right),
            ("here", Align::Right),
            ("interval of the difference", Align::Right),
            ("p", Align::Right),
        ],
    );
    let mut observations = Vec::new();
    for row in rows {
        let p = row.p.and_then(|_| adjusted.next());
        if p.is_some_and(|p| p <= 1.0 - CONFIDENCE) {
            observations.push(row.said);
        }
        let p = p.map_or_else(|| "–".to_owned(), p_value);
        table.rows.push(row.cells.into_iter().chain([p]).collect());
    }
    if observations.is_empty() {
        observations.push("These runs tell no difference in a metric for sure; the table has how large differences can be.".to_owned());
    }
    Some(Section {
        id: "differences".to_owned(),
        title: "How do the numbers differ?".to_owned(),
        observations,
        tables: vec![table],
        definitions: definitions(),
        ..Section::default()
    })
}

/// The values of the runs, by case: the mean over the nodes.
fn runs(
    measured: &Measured,
    metrics: &[usize],
    seed_of: impl Fn(usize, u64) -> Option<u64>,
) -> BTreeMap<usize, Runs> {
    let mut runs: BTreeMap<usize, Runs> = BTreeMap::new();
    let mut row = 0;
    // The rows of a run follow one another.
    for of_run in measured
        .rows
        .chunk_by(|a, b| (a.case, a.run) == (b.case, b.run))
    {
        let rows = row..row + of_run.len();
        row = rows.end;
        let mean = |&metric: &usize| {
            let values = rows.clone().filter_map(|row| measured.value(row, metric));
            let sample = Sample::of(values.map(|value| value * scale(measured, metric)));
            (sample.count() > 0).then(|| sample.mean())
        };
        let values = metrics.iter().map(mean).collect();
        if let Some(seed) = seed_of(of_run[0].case, of_run[0].run) {
            runs.entry(of_run[0].case).or_default().push((seed, values));
        }
    }
    runs
}

/// The differences of a case in each metric.
fn of_case(
    measured: &Measured,
    metrics: &[usize],
    title: &str,
    [there, here]: [&[Run]; 2],
) -> Vec<Row> {
    let seeds: BTreeMap<u64, &Vec<Option<f64>>> = there.iter().map(|it| (it.0, &it.1)).collect();
    let mut rows: Vec<Row> = Vec::new();
    for (at, &metric) in metrics.iter().enumerate() {
        let value = |it: &Run| it.1[at];
        let one = Sample::of(there.iter().filter_map(value));
        let other = Sample::of(here.iter().filter_map(value));
        if one.count() == 0 || other.count() == 0 {
            continue;
        }
        let pairs = here
            .iter()
            .filter_map(|it| Some(((*seeds.get(&it.0)?)[at]?, it.1[at]?)));
        let (left, right): (Vec<f64>, Vec<f64>) = pairs.unzip();
        let paired = compare_pairs(&left, &right);
        let places = decimals([one.mean(), other.mean()]).max(2);
        let (of, interval, p) = match &paired {
            Some(found) => (
                format!("{} pairs", found.pairs),
                interval(found, places),
                Some(found.p),
            ),
            None => {
                let of = format!("{} and {} runs", one.count(), other.count());
                (of, independent(&one, &other, places), None)
            }
        };
        let name = head(measured, metric);
        let towards = if other.mean() > one.mean() {
            "higher"
        } else {
            "lower"
        };
        rows.push(Row {
            said: format!("{title}: {name} is {towards}, {} there and {} here on average ({of}; difference {interval}).", fixed(one.mean(), places), fixed(other.mean(), places)),
            cells: [
                if rows.is_empty() { title.to_owned() } else { String::new() },
                name,
                of,
                fixed(one.mean(), places),
                fixed(other.mean(), places),
                interval,
            ],
            p,
        });
    }
    rows
}

/// The interval of the difference of two independent means from the interval of each (the
/// method of variance estimates recovery; Zou and Donner, 2008), or why there is none.
fn independent(one: &Sample, other: &Sample, places: usize) -> String {
    let of = |sample: &Sample| mean_interval(sample, None, CONFIDENCE);
    let (a, b) = match (of(one), of(other)) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(why), _) | (_, Err(why)) => return why.to_string(),
    };
    let difference = other.mean() - one.mean();
    let below = (other.mean() - b.low).hypot(a.high - one.mean());
    let above = (b.high - other.mean()).hypot(one.mean() - a.low);
    let (low, high) = (difference - below, difference + above);
    format!(
        "{} … {} (mean, 95 %)",
        fixed(low, places),
        fixed(high, places)
    )
}

fn definitions() -> Vec<(String, String)> {
    [
        (
            "pairs",
            "Runs of both plans with the same seed: nodes, links and faults of the same names draw the same numbers. Other runs are independent.",
        ),
        (
            "there, here",
            "The mean over the runs of the first plan, and of the plan of the row; of each run the mean over its nodes counts.",
        ),
        (
            "interval of the difference",
            "Here less there. In pairs: of the mean difference by Student's t where pairs are many and regular enough, else of the median difference from order statistics, with its coverage. Of independent runs: from the intervals of both means (Zou and Donner, *Statistics in Medicine* 27, 2008), where both have one.",
        ),
        (
            "p",
            "Of pairs: the probability of differences at least as far from 0 if the plans do not differ, after Holm's correction for all of this table.",
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}
