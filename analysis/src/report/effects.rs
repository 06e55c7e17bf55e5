//! What each axis of the matrix does to a metric, over the values of all other axes: said only
//! where the runs tell it, and only where every value was run with the same others.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::CaseRow;
use super::matrix::MatrixAxis;
use crate::render::number::{decimals, fixed};
use crate::statistics::rank;

/// A sentence for each axis with a highest or lowest value of a metric. `head` is its name,
/// `index` its place in [`CaseRow::of_runs`], `greatest` the end of its range.
pub(super) fn effects(
    axes: &[MatrixAxis],
    case_rows: &[CaseRow],
    (head, index, greatest): (&str, usize, Option<f64>),
) -> Vec<String> {
    // With one axis, this is the order of the cases.
    if axes.len() < 2 {
        return Vec::new();
    }
    let of_axis = |axis: usize| effect(axes, case_rows, axis, (head, index, greatest));
    (0..axes.len()).filter_map(of_axis).collect()
}

fn effect(
    axes: &[MatrixAxis],
    case_rows: &[CaseRow],
    axis: usize,
    (head, index, greatest): (&str, usize, Option<f64>),
) -> Option<String> {
    // The runs with each value, and the values of the other axes that it was run with.
    let mut values: BTreeMap<&str, (Vec<f64>, BTreeSet<Vec<&str>>)> = BTreeMap::new();
    let mut sizes = BTreeSet::new();
    for case_row in case_rows {
        let others = case_row.cells.iter().enumerate();
        let others = others.filter(|it| it.0 != axis).map(|it| it.1.as_str());
        let (runs, with) = values.entry(case_row.cells.get(axis)?).or_default();
        runs.extend(&case_row.of_runs[index]);
        with.insert(others.collect());
        sizes.insert(case_row.of_runs[index].len());
    }
    let mut with = values.values().map(|it| &it.1);
    let first = with.next()?;
    // Else a difference may come from the others.
    if sizes.len() != 1 || values.len() < 2 || with.any(|it| it != first) {
        return None;
    }
    let names: Vec<&str> = values.keys().copied().collect();
    let groups: Vec<&[f64]> = values.values().map(|it| it.0.as_slice()).collect();
    let ranking = rank(&groups, greatest)?;
    let shown = [ranking.highest, ranking.lowest].into_iter().flatten();
    let places = decimals(shown.map(|it| it.1));
    let said = [("highest", ranking.highest), ("lowest", ranking.lowest)];
    let said: Vec<String> = said
        .into_iter()
        .filter_map(|(word, found)| {
            let (at, value) = found?;
            let axis = &axes[axis].name;
            Some(format!(
                "{word} with {axis}={} ({})",
                names[at],
                fixed(value, places)
            ))
        })
        .collect();
    let others = axes.iter().enumerate().filter(|it| it.0 != axis);
    let others: Vec<&str> = others.map(|it| it.1.name.as_str()).collect();
    let of = if ranking.by_median { "median" } else { "mean" };
    (!said.is_empty()).then(|| {
        format!(
            "Over all values of {}, the {of} of {head} is {}: its interval overlaps that of no other value.",
            others.join(" and "),
            said.join(" and ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case_row(cells: [&str; 2], around: f64) -> CaseRow {
        CaseRow {
            cells: cells.map(str::to_owned).into(),
            id: cells.join(","),
            population: Default::default(),
            judged: false,
            of_runs: vec![(0..20).map(|it| around + f64::from(it) / 100.0).collect()],
        }
    }

    fn axes() -> Vec<MatrixAxis> {
        let axis = |name: &str| MatrixAxis {
            name: name.to_owned(),
            values: Vec::new(),
        };
        vec![axis("faces"), axis("rates")]
    }

    #[test]
    fn an_axis_is_said_to_matter_only_where_intervals_are_apart() {
        let mut rows = vec![
            case_row(["3", "same"], 10.0),
            case_row(["3", "wide"], 11.0),
            case_row(["9", "same"], 2.0),
            case_row(["9", "wide"], 3.0),
        ];
        let said = effects(&axes(), &rows, ("queue_max", 0, None));
        assert_eq!(
            said[0],
            "Over all values of rates, the mean of queue_max is highest with faces=3 (10.60) and lowest with faces=9 (2.59): its interval overlaps that of no other value."
        );
        // Rates differ by 1, faces by 8: their intervals overlap.
        assert_eq!(said.len(), 1);
        // Not every value of faces was run with the same rates.
        rows.pop();
        assert!(effects(&axes(), &rows, ("queue_max", 0, None)).is_empty());
    }
}
