//! Holm's correction: several tests, and a bound for the chance that any of them errs.
//!
//! Of twenty tests at 5 %, one finds a difference where there is none, on average. Holm's
//! step-down procedure ("A Simple Sequentially Rejective Multiple Test Procedure",
//! *Scandinavian Journal of Statistics* 6, 1979) bounds the chance that any one of them
//! does so, whatever depends on what: the smallest of m p-values is multiplied by m, the
//! next one by m - 1, and so on, and none becomes smaller than the one before it.

/// The adjusted p-values, in the same order. All tests that were made must be given.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 0.0_f64;
    for (rank, &test) in order.iter().enumerate() {
        let factor = (p_values.len() - rank) as f64;
        least = least.max((p_values[test] * factor).min(1.0));
        adjusted[test] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusted_values_are_those_of_the_field() {
        // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") of R, and by hand.
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(holm(&[0.6, 0.9]), [1.0, 1.0]);
        assert_eq!((holm(&[0.2]), holm(&[])), (vec![0.2], vec![]));
    }
}
