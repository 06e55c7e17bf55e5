//! The cases to look at first, by a rule that the report says.

use serde::Serialize;

use super::matrix::{CaseSpread, Matrix, MatrixMetric};
use super::sections::DRAWN_CASES;

/// A case to look at first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Notable {
    /// Its index among the cases.
    pub case: usize,
    /// Why.
    pub why: String,
}

/// The notable cases, and the rule. Up to three cases are all notable.
pub(super) fn notable(matrix: &Matrix) -> (Vec<Notable>, String) {
    if matrix.cases.len() <= DRAWN_CASES {
        let all = (0..matrix.cases.len()).map(|case| Notable {
            case,
            why: String::new(),
        });
        return (all.collect(), String::new());
    }
    let metric = matrix.metrics.get(matrix.first);
    let failed = most_failures(matrix);
    let mut candidates: Vec<(Option<usize>, String)> = Vec::new();
    if failed.is_some() {
        candidates.push((failed, "fails most often".to_owned()));
    }
    if let Some(metric) = metric {
        let name = &metric.name;
        let greatest = extreme(metric, 1.0);
        candidates.push((greatest, format!("the highest mean of {name}")));
        candidates.push((typical(metric), format!("a typical mean of {name}")));
        let least = extreme(metric, -1.0);
        candidates.push((least, format!("the lowest mean of {name}")));
    }
    // Where one case is notable twice, or there are no numbers, the first cases follow.
    candidates.extend((0..matrix.cases.len()).map(|it| (Some(it), "the first case".to_owned())));
    let mut chosen: Vec<Notable> = Vec::new();
    for (case, why) in candidates {
        let Some(case) = case else { continue };
        if chosen.len() == DRAWN_CASES {
            break;
        }
        match chosen.iter_mut().find(|it| it.case == case) {
            Some(known) if why != "the first case" => known.why = format!("{}, {why}", known.why),
            Some(_) => {}
            None => chosen.push(Notable { case, why }),
        }
    }
    let first = match failed {
        Some(_) => "the case that fails most often, ",
        None => "",
    };
    let rule = match metric {
        Some(metric) => format!(
            "{first}the one with the highest mean of {0}, the one whose mean is nearest to the median of all cases, and the one with the lowest: the first {DRAWN_CASES} different ones of these",
            metric.name
        ),
        None => format!("{first}then the first ones"),
    };
    (chosen, rule)
}

/// The case of which the greatest share of runs fails; the first of several.
fn most_failures(matrix: &Matrix) -> Option<usize> {
    let share = |case: usize| {
        let of = &matrix.cases[case];
        of.failed as f64 / of.passed_or_failed.max(1) as f64
    };
    let failing = (0..matrix.cases.len()).filter(|&it| matrix.cases[it].failed > 0);
    failing.reduce(|best, it| if share(it) > share(best) { it } else { best })
}

fn means(metric: &MatrixMetric) -> impl Iterator<Item = (usize, f64)> {
    let known = |(case, cell): (usize, &Option<CaseSpread>)| {
        let mean = cell.as_ref()?.sample.mean();
        Some((case, mean))
    };
    metric.cells.iter().enumerate().filter_map(known)
}

/// The case with the highest mean, or with the lowest if `sign` is -1; the first of several.
fn extreme(metric: &MatrixMetric, sign: f64) -> Option<usize> {
    let best = means(metric).reduce(|best, it| match sign * it.1 > sign * best.1 {
        true => it,
        false => best,
    });
    best.map(|it| it.0)
}

/// The case whose mean is nearest to the median of the means; the first of several.
fn typical(metric: &MatrixMetric) -> Option<usize> {
    let mut sorted: Vec<f64> = means(metric).map(|it| it.1).collect();
    sorted.sort_by(f64::total_cmp);
    let median = *sorted.get(sorted.len() / 2)?;
    let away = |it: &(usize, f64)| (it.1 - median).abs();
    let nearest = means(metric).reduce(|best, it| match away(&it) < away(&best) {
        true => it,
        false => best,
    });
    nearest.map(|it| it.0)
}

#[cfg(test)]
mod tests {
    use super::super::matrix::MatrixCase;
    use super::*;

    fn matrix(means: &[f64], failed: &[u64]) -> Matrix {
        let cells = means.iter().map(|&it| CaseSpread::of(&[it, it], None));
        Matrix {
            metrics: vec![MatrixMetric {
                name: "queue_max".to_owned(),
                cells: cells.collect(),
                ..MatrixMetric::default()
            }],
            cases: failed
                .iter()
                .map(|&failed| MatrixCase {
                    passed_or_failed: 10,
                    failed,
                    ..MatrixCase::default()
                })
                .collect(),
            ..Matrix::default()
        }
    }

    fn chosen(matrix: &Matrix) -> Vec<usize> {
        notable(matrix).0.iter().map(|it| it.case).collect()
    }

    #[test]
    fn failing_extreme_and_typical_cases_are_chosen() {
        let means = [3.0, 9.0, 4.0, 1.0, 5.0];
        assert_eq!(chosen(&matrix(&means, &[0; 5])), [1, 2, 3]);
        assert_eq!(chosen(&matrix(&means, &[0, 0, 0, 2, 7])), [4, 1, 2]);
        // The case that fails is the highest, too: the next reasons follow.
        let twice = matrix(&means, &[0, 3, 0, 0, 0]);
        assert_eq!(chosen(&twice), [1, 2, 3]);
        assert_eq!(
            notable(&twice).0[0].why,
            "fails most often, the highest mean of queue_max"
        );
        assert!(notable(&twice).1.starts_with("the case that fails"));
    }

    #[test]
    fn few_cases_are_all_there_and_without_numbers_the_first() {
        assert_eq!(chosen(&matrix(&[1.0, 2.0], &[0, 1])), [0, 1]);
        let mut none = matrix(&[], &[0; 5]);
        none.metrics.clear();
        assert_eq!(chosen(&none), [0, 1, 2]);
    }
}
