//! The runs of a plan with several cases as plain numbers: of each metric and case what its
//! runs come to, and the value of each run.
//!
//! The page arranges them: a table with axes on its rows and columns, lines over an axis,
//! distributions (`page/matrix.js`). The still pictures in `figures/cases.rs` show the same
//! numbers. All statistics and all sentences are made here, so that a page computes nothing
//! that could differ from the tables.

use serde::ser::{Serialize, SerializeSeq, Serializer};
use std::collections::BTreeMap;

use super::cases::{self, CaseRow};
use super::effects::effects;
use super::folder::Folder;
use super::measured::Measured;
use super::notable::{Notable, notable};
use super::questions::{head, scale};
use crate::log::tables::{RunRow, RunStatus, Verdict};
use crate::metrics::{definition, range_end};
use crate::render::number::decimals;
use crate::statistics::{
    CONFIDENCE, MeanInterval, MedianInterval, Sample, Withheld, mean_interval, median_interval,
};

/// Maximum number of values of runs in a page: about 4 MB. A metric that has no room left has
/// its statistics alone.
const MAX_VALUES: usize = 600_000;

/// The cases of a plan, and what was measured.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Matrix {
    /// What varies, in the order of the scenario.
    pub axes: Vec<MatrixAxis>,
    /// The metrics that differ between runs, the most telling first.
    pub metrics: Vec<MatrixMetric>,
    /// The cases, in the order of the plan.
    pub cases: Vec<MatrixCase>,
    /// The cases to look at first.
    pub notable: Vec<Notable>,
    /// How these were chosen.
    pub rule: String,
    /// The metric to look at first, by index.
    pub first: usize,
    /// Whether runs are judged, so that a share of them may fail.
    pub judged: bool,
}

/// An axis of the matrix.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct MatrixAxis {
    /// Its name.
    pub name: String,
    /// Its values or labels, in the order of the scenario.
    pub values: Vec<String>,
}

/// One case.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct MatrixCase {
    /// Its id.
    pub id: String,
    /// Its place on each axis: an index into the values.
    pub at: Vec<usize>,
    /// Runs that passed or failed.
    pub passed_or_failed: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// The 95 % interval of the share that fails.
    pub rate: Option<(f64, f64)>,
    /// The numbers of the measured runs: from, to.
    pub runs: Vec<(u64, u64)>,
    /// How each of these ended: `p`assed, `f`ailed, `u`nknown, or `-` if nothing was judged.
    pub verdicts: String,
}

/// A metric over all cases.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct MatrixMetric {
    /// Its name with the unit.
    pub name: String,
    /// Its definition.
    pub text: String,
    /// Number of decimals of its means.
    pub places: usize,
    /// Which cases have the highest and lowest values, and which values of the axes, as far as
    /// the runs tell.
    pub finding: String,
    /// The part of the finding that is about axes.
    #[serde(skip)]
    pub effects: Vec<String>,
    /// By case; `None` without values.
    pub cells: Vec<Option<CaseSpread>>,
    /// By case, the value of each measured run; NaN without one. Empty if there was no room.
    pub values: Vec<Values>,
}

/// What the runs of a case come to in a metric. A run counts once, with the mean over its nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseSpread {
    /// Number, mean, deviation and ends.
    pub sample: Sample,
    /// The ends of the middle half of the runs.
    pub quartiles: (f64, f64),
    /// The median.
    pub median: f64,
    /// The 95 % interval of the mean, or why there is none.
    pub mean_interval: Result<MeanInterval, Withheld>,
    /// The interval of the median; `None` for one run.
    pub median_interval: Option<MedianInterval>,
}

/// Values of runs, with six digits each in the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(pub Vec<f64>);

impl CaseSpread {
    /// Of some values; `None` without any.
    pub fn of(values: &[f64], greatest: Option<f64>) -> Option<CaseSpread> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let sample = Sample::of(values.iter().copied());
        Some(CaseSpread {
            quartiles: (sorted[last / 4], sorted[last - last / 4]),
            median: 0.5 * (sorted[last / 2] + sorted[last.div_ceil(2)]),
            mean_interval: mean_interval(&sample, greatest, CONFIDENCE),
            median_interval: median_interval(values, CONFIDENCE),
            sample,
        })
    }
}

/// An array: n, mean, deviation, min, quartile, median, quartile, max, interval of the mean,
/// the number of runs that would give one, interval of the median, its coverage.
impl Serialize for CaseSpread {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mean = self.mean_interval.ok();
        let needed = match self.mean_interval {
            Err(Withheld::TooFew(needed)) => needed.map(|it| it as f64),
            _ => None,
        };
        let median = self.median_interval;
        let all = [
            Some(self.sample.count() as f64),
            Some(self.sample.mean()),
            self.sample.deviation(),
            Some(self.sample.min()),
            Some(self.quartiles.0),
            Some(self.median),
            Some(self.quartiles.1),
            Some(self.sample.max()),
            mean.map(|it| it.low),
            mean.map(|it| it.high),
            needed,
            median.map(|it| it.low),
            median.map(|it| it.high),
            median.map(|it| it.coverage),
        ];
        to.collect_seq(all.map(|it| it.map(six_digits)))
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut sequence = to.serialize_seq(Some(self.0.len()))?;
        for &value in &self.0 {
            // What is not finite is `null`.
            match six_digits(value) {
                whole if whole.fract() == 0.0 && whole.abs() < 1e15 => {
                    sequence.serialize_element(&(whole as i64))?;
                }
                other => sequence.serialize_element(&other)?,
            }
        }
        sequence.end()
    }
}

/// A number with the six digits that matter most: nobody sees more in a plot.
fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// The matrix of a plan; `None` with a single case, or without numbers.
pub(super) fn matrix(folder: &Folder, measured: &Measured) -> Option<Matrix> {
    let manifest = &folder.manifest;
    if manifest.cases.len() < 2 {
        return None;
    }
    let metrics = all_metrics(measured);
    let case_rows = cases::case_rows(folder, measured, &metrics);
    let axes = axes(folder, &case_rows);
    let mut matrix = Matrix {
        cases: of_cases(folder, &case_rows, &axes),
        axes,
        judged: case_rows.iter().any(|it| it.judged),
        ..Matrix::default()
    };
    let values = values(measured, &metrics, &mut matrix.cases);
    let mut room = MAX_VALUES;
    for ((index, &metric), values) in metrics.iter().enumerate().zip(values) {
        let size: usize = values.iter().map(|it| it.0.len()).sum();
        let fits = size <= room;
        room = room.saturating_sub(size);
        let of_metric = of_metric(measured, (index, metric), &matrix.axes, &case_rows);
        matrix.metrics.push(MatrixMetric {
            values: if fits { values } else { Vec::new() },
            ..of_metric
        });
    }
    verdicts(&folder.runs, &mut matrix.cases);
    matrix.first = first_metric(folder, measured, &metrics);
    (matrix.notable, matrix.rule) = notable(&matrix);
    Some(matrix)
}

/// The columns of the metrics that differ between runs: first those of the table of the cases.
fn all_metrics(measured: &Measured) -> Vec<usize> {
    let mut metrics = cases::metrics(measured);
    let more = (0..measured.metrics.len()).filter(|&it| cases::varies(measured, it));
    let more: Vec<usize> = more.filter(|it| !metrics.contains(it)).collect();
    metrics.extend(more);
    metrics
}

/// The metric that the scenario asks about, else the first of the table.
fn first_metric(folder: &Folder, measured: &Measured, metrics: &[usize]) -> usize {
    let asked = folder.manifest.expectations.iter();
    let mut asked = asked.filter_map(|it| measured.metric(&it.metric));
    asked
        .find_map(|asked| metrics.iter().position(|&it| it == asked))
        .unwrap_or(0)
}

fn axes(folder: &Folder, case_rows: &[CaseRow]) -> Vec<MatrixAxis> {
    let axis = |(at, axis): (usize, &crate::results::AxisInfo)| {
        let mut values: Vec<String> = Vec::new();
        for case_row in case_rows {
            if let Some(value) = case_row.cells.get(at)
                && !values.contains(value)
            {
                values.push(value.clone());
            }
        }
        MatrixAxis {
            name: axis.name.clone(),
            values,
        }
    };
    folder.manifest.axes.iter().enumerate().map(axis).collect()
}

fn of_cases(folder: &Folder, case_rows: &[CaseRow], axes: &[MatrixAxis]) -> Vec<MatrixCase> {
    let place = |(axis, cell): (&MatrixAxis, &String)| axis.values.iter().position(|it| it == cell);
    let of_case = |case_row: &CaseRow| MatrixCase {
        id: case_row.id.clone(),
        at: axes.iter().zip(&case_row.cells).filter_map(place).collect(),
        passed_or_failed: case_row.population.runs,
        failed: case_row.population.failed,
        rate: case_row.population.interval(),
        ..MatrixCase::default()
    };
    debug_assert!(case_rows.len() <= folder.manifest.cases.len());
    case_rows.iter().map(of_case).collect()
}

fn of_metric(
    measured: &Measured,
    (index, metric): (usize, usize),
    axes: &[MatrixAxis],
    case_rows: &[CaseRow],
) -> MatrixMetric {
    let name = &measured.metrics[metric];
    let greatest = range_end(name).map(|end| end * scale(measured, metric));
    let of_case = |case_row: &CaseRow| CaseSpread::of(&case_row.of_runs[index], greatest);
    let cells: Vec<Option<CaseSpread>> = case_rows.iter().map(of_case).collect();
    let text = definition(name).map_or("", |it| it.text);
    let found = cases::ranking(measured, (index, metric), case_rows);
    let head = head(measured, metric);
    let effects = effects(axes, case_rows, (&head, index, greatest));
    let found = found.unwrap_or_else(|| match effects.is_empty() {
        true => format!(
            "These runs do not tell which case has the highest or lowest {head}: the intervals overlap."
        ),
        false => String::new(),
    });
    let sentences = effects.iter().chain((!found.is_empty()).then_some(&found));
    let sentences: Vec<&str> = sentences.map(String::as_str).collect();
    MatrixMetric {
        finding: sentences.join(" "),
        effects: effects.clone(),
        name: head,
        text: text.to_owned(),
        places: decimals(cells.iter().flatten().map(|it| it.sample.mean())),
        cells,
        values: Vec::new(),
    }
}

/// By metric and case, the values of the measured runs; their numbers go into `cases`.
fn values(measured: &Measured, metrics: &[usize], cases: &mut [MatrixCase]) -> Vec<Vec<Values>> {
    let places = cases.iter().enumerate();
    let places: BTreeMap<String, usize> = places.map(|(at, it)| (it.id.clone(), at)).collect();
    let mut values = vec![vec![Values::default(); cases.len()]; metrics.len()];
    let mut row = 0;
    // The rows of a run follow one another.
    for of_run in measured
        .rows
        .chunk_by(|a, b| (a.case, a.run) == (b.case, b.run))
    {
        let rows = row..row + of_run.len();
        row = rows.end;
        let Some(&case) = places.get(&measured.cases[of_run[0].case]) else {
            continue;
        };
        let run = of_run[0].run;
        match cases[case].runs.last_mut() {
            Some((_, last)) if *last + 1 == run => *last = run,
            _ => cases[case].runs.push((run, run)),
        }
        for (&metric, values) in metrics.iter().zip(&mut values) {
            let known = rows.clone().filter_map(|row| measured.value(row, metric));
            let (mut sum, mut count) = (0.0, 0.0);
            known.for_each(|value| (sum, count) = (sum + value, count + 1.0));
            // Without a value this is NaN.
            let mean = sum * scale(measured, metric) / count;
            values[case].0.push(mean);
        }
    }
    values
}

/// How the measured runs ended.
fn verdicts(runs: &[RunRow], cases: &mut [MatrixCase]) {
    let of_run = |run: &RunRow| match (run.status, run.verdict) {
        (RunStatus::Failed, _) | (_, Some(Verdict::Failed)) => 'f',
        (_, Some(Verdict::Unknown)) => 'u',
        (_, Some(Verdict::Passed)) => 'p',
        (_, None) => '-',
    };
    let known: BTreeMap<u64, char> = runs.iter().map(|it| (it.run, of_run(it))).collect();
    for case in cases {
        let numbers = case.runs.iter().flat_map(|&(from, to)| from..=to);
        case.verdicts = numbers
            .map(|run| known.get(&run).copied().unwrap_or('-'))
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_an_array_of_six_digits_and_withholds_what_is_not_known() {
        let few = CaseSpread::of(&[1.0, 2.0, 4.0 / 3.0], None).unwrap();
        let text = serde_json::to_string(&few).unwrap();
        assert!(
            text.starts_with("[3.0,1.44444,0.509175,1.0,1.0,1.33333,2.0,2.0,null,null,"),
            "{text}"
        );
        assert!(text.ends_with("1.0,2.0,0.75]"), "{text}");
        assert_eq!(CaseSpread::of(&[], None), None);
        let values = Values(vec![3.0, f64::NAN, 1.0 / 3.0, -2e20]);
        assert_eq!(
            serde_json::to_string(&values).unwrap(),
            "[3,null,0.333333,-2e+20]"
        );
    }
}
