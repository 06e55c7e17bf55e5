//! `streams = "common"`: which case the others are compared with, and what would keep the
//! cases from drawing the same numbers.

use super::super::reader::{Mistakes, listed, nearest};
use super::super::source::Place;
use super::written::MatrixFile;
use super::{Dimension, Point, Streams, id};

/// All cases draw the same numbers, and are compared with one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pairing {
    /// The case to compare with: an index into the cases.
    pub baseline: usize,
    /// Where `streams` is written.
    pub place: Place,
}

/// Reports an axis that keeps the cases from drawing the same numbers.
pub fn check(file: &MatrixFile, axes: &[Dimension], mistakes: &Mistakes) {
    if !matches!(file.streams, Some((Streams::Common, _))) {
        return;
    }
    if let Some(axis) = axes.iter().find(|axis| axis.keys == ["seed"]) {
        let message = format!(
            "axis `{}` sets `seed`, so its cases cannot draw the same numbers",
            axis.axis.name
        );
        let help = "remove streams = \"common\"; or remove the axis, and set `runs`: each run has a seed of its own";
        mistakes.add_with_help(axis.path, message, help);
    }
}

/// The pairing of a matrix; `None` if its cases draw numbers of their own, or if there is a
/// mistake, which is reported.
pub fn find(
    file: &MatrixFile,
    axes: &[Dimension],
    points: &[Point],
    mistakes: &Mistakes,
) -> Option<Pairing> {
    let (Streams::Common, place) = file.streams? else {
        return None;
    };
    if points.len() == 1 {
        let help =
            "add values to an axis; with a single case, `streams` has no effect on the report";
        mistakes.warn(
            place,
            "the matrix has one case, so no cases can be compared in pairs",
            help,
        );
    }
    let baseline = match &file.baseline {
        None => 0,
        Some((text, at)) => named(text, *at, axes, points, mistakes)?,
    };
    Some(Pairing { baseline, place })
}

/// The case with this id, or the only case with this value or label.
fn named(
    text: &str,
    place: Place,
    axes: &[Dimension],
    points: &[Point],
    mistakes: &Mistakes,
) -> Option<usize> {
    let ids: Vec<String> = points.iter().map(|point| id(axes, point)).collect();
    if let Some(case) = ids.iter().position(|it| it == text) {
        return Some(case);
    }
    let words = |point: &Point| -> Vec<&str> {
        let at = axes.iter().zip(&point.0);
        at.map(|(axis, &index)| axis.values[index].1.word.as_str())
            .collect()
    };
    let fits = points.iter().enumerate();
    let fits: Vec<usize> = fits
        .filter(|(_, point)| words(point).contains(&text))
        .map(|(case, _)| case)
        .collect();
    let some = |cases: &[usize]| listed(text, cases.iter().map(|&case| ids[case].as_str()));
    match fits[..] {
        [case] => Some(case),
        [] => {
            let all: Vec<usize> = (0..ids.len()).collect();
            let mut help = format!("cases: {}", some(&all));
            let all_words = axes.iter().flat_map(|axis| &axis.values);
            let all_words = all_words.map(|(_, value)| value.word.as_str());
            if nearest(text, ids.iter().map(String::as_str)).is_none()
                && let Some(word) = nearest(text, all_words)
            {
                help.push_str(&format!(" (did you mean `{word}`?)"));
            }
            let message = format!("`baseline` names unknown case {text:?}");
            mistakes.add_with_help(place, message, help);
            None
        }
        _ => {
            let message = format!("`baseline` is {text:?}, which {} cases have", fits.len());
            let help = format!("write the id of one of them: {}", some(&fits));
            mistakes.add_with_help(place, message, help);
            None
        }
    }
}
