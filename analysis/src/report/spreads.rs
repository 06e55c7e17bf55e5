//! The values of runs as distributions, of each node, or of each rank of speed. How they are
//! drawn follows from their number, by a rule that the caption says.

use super::measured::Measured;
use super::questions::{by_speed_or_node, head, scale};
use super::{Figure, Plot};

/// Up to so many runs, each is a dot.
const MOST_DOTS: usize = 30;
/// Up to so many runs, a box; more are a curve, if there are few groups.
const MOST_BOXES: usize = 300;
const MOST_CURVES: usize = 6;
/// Maximum number of groups of a figure.
const MAX_GROUPS: usize = 12;

/// The values of runs of some groups. Each panel has its own axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// How they are drawn.
    pub kind: SpreadKind,
    /// The names of the groups.
    pub groups: Vec<String>,
    /// A panel for each metric.
    pub panels: Vec<SpreadPanel>,
}

/// How distributions are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpreadKind {
    /// A dot for each run.
    #[default]
    Dots,
    /// The middle half, the median, and the runs far from them.
    Box,
    /// The share of runs that have at most a value.
    Steps,
}

/// One panel of a [`Spread`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpreadPanel {
    /// The metric, with its unit.
    pub title: String,
    /// The groups, each as long as it has runs with a value.
    pub groups: Vec<SpreadGroup>,
}

/// One group of a [`SpreadPanel`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpreadGroup {
    /// Runs with their values.
    pub runs: Vec<(u64, f64)>,
}

/// The rows of a node, of a rank of speed, or of a case.
pub(super) struct Group {
    /// Its name.
    pub name: String,
    /// Its rows. A run with several of them counts once, with their mean.
    pub rows: Vec<usize>,
}

/// The groups of the first cases, at most so many: by speed, where speeds are drawn anew in each
/// run, else by node; each case as one group, if these would be too many.
pub(super) fn groups(measured: &Measured, cases: usize) -> Vec<Group> {
    let several = measured.cases.len() > 1;
    let drawn = || 0..measured.cases.len().min(cases);
    let named = |case: usize, name: &str| match several {
        true => format!("{}: {name}", measured.cases[case]),
        false => name.to_owned(),
    };
    // The nodes of a run are different ones, so these would be too many. There may be a million.
    let most_nodes = drawn().map(|case| measured.most_nodes(case)).max();
    let are_few = most_nodes.is_none_or(|nodes| nodes <= MAX_GROUPS);
    let mut groups = Vec::new();
    for case in drawn().filter(|_| are_few) {
        let of_case = by_speed_or_node(measured, case).into_iter();
        groups.extend(of_case.map(|(name, rows)| Group {
            name: named(case, &name),
            rows,
        }));
    }
    if are_few && groups.len() <= MAX_GROUPS {
        return groups;
    }
    let whole = |case: usize| Group {
        name: match several {
            true => measured.cases[case].clone(),
            false => "mean over all nodes".to_owned(),
        },
        rows: measured.rows_of(case).collect(),
    };
    drawn().map(whole).collect()
}

fn of_runs(measured: &Measured, metric: usize, rows: &[usize]) -> SpreadGroup {
    let factor = scale(measured, metric);
    let value = |&row: &usize| {
        let value = measured.value(row, metric)? * factor;
        Some((measured.rows[row].run, value))
    };
    let mut values: Vec<(u64, f64)> = rows.iter().filter_map(value).collect();
    // They are in this order, unless results were joined.
    values.sort_by_key(|it| it.0);
    let mean = |of_run: &[(u64, f64)]| {
        let sum = of_run.iter().fold(0.0, |sum, it| sum + it.1);
        (of_run[0].0, sum / of_run.len() as f64)
    };
    let of_runs = values.chunk_by(|a, b| a.0 == b.0);
    SpreadGroup {
        runs: of_runs.map(mean).collect(),
    }
}

/// The figure of some metrics, one panel each; `None` if there is nothing to see: a single run,
/// or values that are all the same.
pub(super) fn spread(
    measured: &Measured,
    stem: &str,
    metrics: &[usize],
    groups: &[Group],
) -> Option<Figure> {
    let mut rows = measured.rows.iter();
    let first = rows.next()?.run;
    let is_single = rows.all(|row| row.run == first);
    if is_single || groups.is_empty() || groups.len() > MAX_GROUPS {
        return None;
    }
    let panel = |&metric: &usize| {
        let of_group = |group: &Group| of_runs(measured, metric, &group.rows);
        let groups: Vec<SpreadGroup> = groups.iter().map(of_group).collect();
        let mut values = groups.iter().flat_map(|it| &it.runs).map(|it| it.1);
        let first = values.next()?;
        values.any(|it| it != first).then(|| SpreadPanel {
            title: head(measured, metric),
            groups,
        })
    };
    let panels: Vec<SpreadPanel> = metrics.iter().filter_map(panel).collect();
    let sizes = panels.iter().flat_map(|it| &it.groups);
    let most = sizes.map(|it| it.runs.len()).max().filter(|&it| it > 1)?;
    let kind = match most {
        _ if most <= MOST_DOTS => SpreadKind::Dots,
        _ if most > MOST_BOXES && groups.len() <= MOST_CURVES => SpreadKind::Steps,
        _ => SpreadKind::Box,
    };
    let reading = match kind {
        SpreadKind::Dots => "A dot is a run.",
        SpreadKind::Box => {
            "A box holds the middle half of the runs, the line in it is their median; its whiskers end at the farthest runs within 1.5 widths of it, and the dots are the runs beyond."
        }
        SpreadKind::Steps => "The height is the share of the runs that have at most this value.",
    };
    let names: Vec<&str> = panels.iter().map(|it| it.title.as_str()).collect();
    Some(Figure {
        stem: format!("runs-{stem}"),
        title: format!("{} of each run", names.join(", ")),
        caption: format!(
            "{reading} Up to {MOST_DOTS} runs are drawn as dots, up to {MOST_BOXES} as a box, more as a curve if there are at most {MOST_CURVES}. The numbers are in the tables."
        ),
        plot: Plot::Spread(Spread {
            kind,
            groups: groups.iter().map(|it| it.name.clone()).collect(),
            panels,
        }),
    })
}
