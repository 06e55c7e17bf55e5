//! The still pictures of a plan with several cases: a metric over one, two or three axes. The
//! page draws the same from the same numbers, as the reader arranges them (`page/matrix.js`).

use std::collections::BTreeMap;

use super::matrix::{CaseSpread, Matrix, MatrixCase};
use super::{Figure, Plot};
use crate::render::number::{fixed, percent as share_text};
use crate::results::percent;

/// Maximum number of rows and columns of a heatmap, of panels, and of lines in a panel.
const MAX_ROWS: usize = 40;
const MAX_COLUMNS: usize = 20;
const MAX_PANELS: usize = 9;
const MAX_LINES: usize = 8;

/// A metric over two axes, a panel for each value of a third.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heat {
    /// What is shown, with its unit.
    pub value_label: String,
    /// The axis on the rows.
    pub row_label: String,
    /// The axis on the columns.
    pub column_label: String,
    /// The values on the rows.
    pub rows: Vec<String>,
    /// The values on the columns.
    pub columns: Vec<String>,
    /// The panels.
    pub panels: Vec<HeatPanel>,
}

/// One panel of a [`Heat`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatPanel {
    /// Its heading.
    pub title: String,
    /// By row and column; `None` where there is no case, or no value.
    pub cells: Vec<Vec<Option<HeatCell>>>,
}

/// One cell of a [`Heat`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatCell {
    /// Its value.
    pub value: f64,
    /// Its value as text.
    pub text: String,
    /// What is known of it.
    pub about: String,
}

/// A metric over an axis. All panels share both axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// What is shown, with its unit.
    pub y_label: String,
    /// The axis.
    pub x_label: String,
    /// The values on the axis.
    pub x: Vec<String>,
    /// The names of the lines.
    pub series: Vec<String>,
    /// The panels.
    pub panels: Vec<CurvePanel>,
}

/// One panel of [`Curves`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurvePanel {
    /// Its heading.
    pub title: String,
    /// By line, a point for each value on the axis; `None` where there is no case, or no value.
    pub lines: Vec<Vec<Option<CurvePoint>>>,
}

/// One point of [`Curves`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurvePoint {
    /// Its value.
    pub value: f64,
    /// Its interval, if there is one.
    pub interval: Option<(f64, f64)>,
    /// What is known of it.
    pub about: String,
}

/// Which axis goes where: indices of axes.
struct Places {
    rows: usize,
    columns: Option<usize>,
    panels: Option<usize>,
}

/// What is shown: the share of runs that fail, or a metric by its index.
#[derive(Clone, Copy)]
enum Shown {
    Share,
    Mean(usize),
    Median(usize),
}

/// The figures of the share of runs that fail and of the first metrics, so many of them; what
/// cannot be drawn is said in `left_out`.
pub(super) fn figures(matrix: &Matrix, metrics: usize, left_out: &mut Vec<String>) -> Vec<Figure> {
    let places = match places(matrix) {
        Ok(places) => places,
        Err(why) => {
            left_out.push(why);
            return Vec::new();
        }
    };
    let fails = matrix.cases.iter().any(|it| it.failed > 0);
    let mut shown: Vec<Shown> = Vec::new();
    shown.extend(fails.then_some(Shown::Share));
    let first = (0..matrix.metrics.len()).take(metrics);
    shown.extend(first.map(|metric| statistic(matrix, metric)));
    let mut figures = Vec::new();
    for &what in &shown {
        figures.extend(heat(matrix, &places, what));
    }
    // With one axis, lines are the only picture; with more, those of what is asked first.
    let over = match places.columns {
        None => shown,
        Some(_) if fails => vec![Shown::Share],
        Some(_) => matrix
            .metrics
            .get(matrix.first)
            .map(|_| statistic(matrix, matrix.first))
            .into_iter()
            .collect(),
    };
    for what in over {
        figures.extend(curves(matrix, &places, what));
    }
    figures
}

/// The axis with the most values is on the rows, the next on the columns; a third one has a
/// panel for each value.
fn places(matrix: &Matrix) -> Result<Places, String> {
    let mut axes: Vec<usize> = (0..matrix.axes.len()).collect();
    axes.retain(|&axis| matrix.axes[axis].values.len() > 1);
    let size = |axis: usize| matrix.axes[axis].values.len();
    axes.sort_by_key(|&axis| (std::cmp::Reverse(size(axis)), axis));
    let places = Places {
        rows: axes.first().copied().unwrap_or_default(),
        columns: axes.get(1).copied(),
        panels: axes.get(2).copied(),
    };
    let fits = |axis: Option<usize>, most: usize| axis.is_none_or(|axis| size(axis) <= most);
    let why = match axes.len() {
        0 => "no axis has two values",
        4.. => "there are more than three axes",
        _ if !fits(axes.first().copied(), MAX_ROWS)
            || !fits(places.columns, MAX_COLUMNS)
            || !fits(places.panels, MAX_PANELS) =>
        {
            "an axis has too many values"
        }
        _ => return Ok(places),
    };
    Err(format!(
        "There are no still pictures of metrics over the axes of the matrix, because {why}: `report.html` draws them, with scripts, as the reader arranges them."
    ))
}

/// The mean, if most cases have an interval of it; else the median.
fn statistic(matrix: &Matrix, metric: usize) -> Shown {
    let cells = matrix.metrics[metric].cells.iter().flatten();
    let varied = cells.filter(|it| it.sample.count() > 1 && !it.sample.is_constant());
    let (mut all, mut known) = (0, 0);
    for cell in varied {
        all += 1;
        known += usize::from(cell.mean_interval.is_ok());
    }
    match known * 2 >= all {
        true => Shown::Mean(metric),
        false => Shown::Median(metric),
    }
}

impl Shown {
    fn label(self, matrix: &Matrix) -> String {
        match self {
            Shown::Share => "share of runs that fail [%]".to_owned(),
            Shown::Mean(metric) => format!("mean of {}", matrix.metrics[metric].name),
            Shown::Median(metric) => format!("median of {}", matrix.metrics[metric].name),
        }
    }

    fn stem(self) -> String {
        match self {
            Shown::Share => "fail".to_owned(),
            Shown::Mean(metric) | Shown::Median(metric) => format!("metric-{}", metric + 1),
        }
    }

    /// The point of a case, and its value as text.
    fn point(self, matrix: &Matrix, case: usize) -> Option<(CurvePoint, String)> {
        let (value, interval, holds, text) = match self {
            Shown::Share => {
                let of: &MatrixCase = &matrix.cases[case];
                let share = of.failed as f64 / of.passed_or_failed as f64;
                let rate = of.rate.filter(|_| of.passed_or_failed > 0)?;
                let interval = Some((100.0 * rate.0, 100.0 * rate.1));
                (100.0 * share, interval, 0.95, percent(share))
            }
            Shown::Mean(metric) => {
                let cell: &CaseSpread = matrix.metrics[metric].cells[case].as_ref()?;
                let interval = cell.mean_interval.ok().map(|it| (it.low, it.high));
                let text = fixed(cell.sample.mean(), matrix.metrics[metric].places);
                (cell.sample.mean(), interval, 0.95, text)
            }
            Shown::Median(metric) => {
                let cell = matrix.metrics[metric].cells[case].as_ref()?;
                let text = fixed(cell.median, matrix.metrics[metric].places);
                let of = cell.median_interval;
                let interval = of.map(|it| (it.low, it.high));
                (
                    cell.median,
                    interval,
                    of.map_or(0.0, |it| it.coverage),
                    text,
                )
            }
        };
        let places = match self {
            Shown::Share => 1,
            Shown::Mean(metric) | Shown::Median(metric) => matrix.metrics[metric].places,
        };
        let about = match interval {
            Some((low, high)) => format!(
                "{}: {text}, {} % interval {} … {}",
                matrix.cases[case].id,
                share_text(holds),
                fixed(low, places),
                fixed(high, places)
            ),
            None => format!("{}: {text}, no interval", matrix.cases[case].id),
        };
        let point = CurvePoint {
            value,
            interval,
            about,
        };
        Some((point, text))
    }
}

/// The index of the case at each place: panel, column, row.
fn by_place(matrix: &Matrix, places: &Places) -> BTreeMap<(usize, usize, usize), usize> {
    let on = |case: &MatrixCase, axis: Option<usize>| {
        let at = axis.and_then(|axis| case.at.get(axis));
        at.copied().unwrap_or_default()
    };
    let place = |(index, case): (usize, &MatrixCase)| {
        let at = (
            on(case, places.panels),
            on(case, places.columns),
            on(case, Some(places.rows)),
        );
        (at, index)
    };
    matrix.cases.iter().enumerate().map(place).collect()
}

fn values(matrix: &Matrix, axis: Option<usize>) -> Vec<String> {
    axis.map_or(vec![String::new()], |axis| matrix.axes[axis].values.clone())
}

fn name(matrix: &Matrix, axis: Option<usize>) -> String {
    axis.map_or(String::new(), |axis| matrix.axes[axis].name.clone())
}

/// `rates=wide`; empty without an axis.
fn titled(matrix: &Matrix, axis: Option<usize>, value: &str) -> String {
    axis.map_or(String::new(), |axis| {
        format!("{}={value}", matrix.axes[axis].name)
    })
}

fn heat(matrix: &Matrix, places: &Places, what: Shown) -> Option<Figure> {
    places.columns?;
    let cases = by_place(matrix, places);
    let (rows, columns) = (
        values(matrix, Some(places.rows)),
        values(matrix, places.columns),
    );
    let cell = |at: (usize, usize, usize)| {
        let (point, text) = what.point(matrix, *cases.get(&at)?)?;
        Some(HeatCell {
            value: point.value,
            text,
            about: point.about,
        })
    };
    let panels = values(matrix, places.panels).into_iter().enumerate();
    let panels = panels.map(|(panel, value)| HeatPanel {
        title: titled(matrix, places.panels, &value),
        cells: (0..rows.len())
            .map(|row| {
                let columns = 0..columns.len();
                columns.map(|column| cell((panel, column, row))).collect()
            })
            .collect(),
    });
    let label = what.label(matrix);
    let heat = Heat {
        row_label: name(matrix, Some(places.rows)),
        column_label: name(matrix, places.columns),
        panels: panels.collect(),
        value_label: label.clone(),
        rows,
        columns,
    };
    heat.panels
        .iter()
        .flat_map(|it| it.cells.iter().flatten())
        .any(Option::is_some)
        .then(|| Figure {
            stem: format!("cases-{}", what.stem()),
            title: format!(
                "{label} over {} and {}",
                heat.row_label, heat.column_label
            ),
            caption: "A case in each cell; the darker (on a dark page: the lighter), the greater. A dash: no case, or no value.".to_owned(),
            plot: Plot::Heat(heat),
        })
}

fn curves(matrix: &Matrix, places: &Places, what: Shown) -> Option<Figure> {
    let cases = by_place(matrix, places);
    let x = values(matrix, Some(places.rows));
    if x.len() < 2 {
        return None;
    }
    let mut series = values(matrix, places.columns);
    let all_series = series.len();
    series.truncate(MAX_LINES);
    let point = |at: (usize, usize, usize)| Some(what.point(matrix, *cases.get(&at)?)?.0);
    let panels = values(matrix, places.panels).into_iter().enumerate();
    let panels: Vec<CurvePanel> = panels
        .map(|(panel, value)| CurvePanel {
            title: titled(matrix, places.panels, &value),
            lines: (0..series.len())
                .map(|line| (0..x.len()).map(|at| point((panel, line, at))).collect())
                .collect(),
        })
        .collect();
    let points = || panels.iter().flat_map(|it| it.lines.iter().flatten());
    if points().flatten().count() < 2 {
        return None;
    }
    let without = points().flatten().filter(|it| it.interval.is_none());
    let bars = match (what, without.count()) {
        (Shown::Share, _) => {
            "Bars: the 95 % interval of the share (Clopper and Pearson).".to_owned()
        }
        (Shown::Mean(_), 0) => "Bars: the 95 % interval of each mean.".to_owned(),
        (Shown::Mean(_), without) => format!(
            "Bars: the 95 % interval of each mean; {without} have none, because their runs are too few, too skewed, or all the same."
        ),
        (Shown::Median(_), _) => {
            "Bars: the interval of each median from order statistics; how often it holds is in the page at the point.".to_owned()
        }
    };
    let left = match all_series > MAX_LINES {
        true => format!(" The first {MAX_LINES} of {all_series} lines are drawn."),
        false => String::new(),
    };
    let axis = places.columns;
    let label = what.label(matrix);
    Some(Figure {
        stem: format!("lines-{}", what.stem()),
        title: format!("{label} over {}", matrix.axes[places.rows].name),
        caption: format!(
            "A point is a case; the values of the axis are equally far apart. {bars}{left}"
        ),
        plot: Plot::Curves(Curves {
            y_label: label,
            x_label: matrix.axes[places.rows].name.clone(),
            series: series.iter().map(|it| titled(matrix, axis, it)).collect(),
            x,
            panels,
        }),
    })
}
