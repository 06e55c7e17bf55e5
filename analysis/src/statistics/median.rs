//! The interval of a median, from order statistics.
//!
//! Half of all runs lie below the median. So the number of runs in a sample that lie
//! below it is binomial with probability 1/2, whatever the distribution, and the interval
//! from the r-th smallest to the r-th largest value holds the median with the probability
//! 1 - 2 P(B < r) (Conover, *Practical Nonparametric Statistics*, 3.2; with equal values,
//! at least that). Nothing is assumed and nothing estimated. The coverage is a step
//! function of r: with five runs, from the smallest to the largest value, it is 93.75 %.

use super::distributions::fair_binomial_cdf;

/// The interval of a median.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MedianInterval {
    /// The median of the values themselves.
    pub median: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The probability that such an interval holds the true median, at least.
    pub coverage: f64,
}

/// The narrowest interval of the median with at least this confidence; if there is none,
/// from the smallest to the largest value, with the coverage that this has. `None` for
/// fewer than two values.
pub fn median_interval(values: &[f64], confidence: f64) -> Option<MedianInterval> {
    let count = values.len();
    if count < 2 {
        return None;
    }
    let from = rank(count as u64, confidence) as usize;
    let places = [from - 1, (count - 1) / 2, count / 2, count - from];
    let [low, left, right, high] = at_places(values.to_vec(), places);
    Some(MedianInterval {
        median: 0.5 * (left + right),
        low,
        high,
        coverage: coverage(count as u64, from as u64),
    })
}

/// The values at these places, which ascend, of the sorted values. The others stay unsorted:
/// a report has many medians of many runs.
fn at_places<const N: usize>(mut values: Vec<f64>, places: [usize; N]) -> [f64; N] {
    let mut sorted = 0;
    places.map(|place| {
        // What is before `sorted` is not greater than what follows, and its last is in place.
        if place >= sorted {
            values[sorted..].select_nth_unstable_by(place - sorted, f64::total_cmp);
            sorted = place + 1;
        }
        values[place]
    })
}

/// The greatest r, from 1, for which the r-th smallest to the r-th largest of so many
/// values hold the median with this confidence; 1 if there is none.
fn rank(count: u64, confidence: f64) -> u64 {
    // The coverage falls with r.
    let (mut low, mut high) = (1, count / 2 + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match coverage(count, middle) >= confidence {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

/// The probability that the r-th smallest to the r-th largest of so many values hold the
/// median.
fn coverage(count: u64, rank: u64) -> f64 {
    1.0 - 2.0 * fair_binomial_cdf(rank - 1, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_runs_hold_the_median_from_the_smallest_to_the_largest() {
        let found = median_interval(&[4.0, 2.0, 10.0, 5.0, 3.0], 0.95).unwrap();
        assert_eq!((found.median, found.low, found.high), (4.0, 2.0, 10.0));
        assert!((found.coverage - 0.9375).abs() < 1e-15);
    }

    #[test]
    fn ranks_are_those_of_the_tables() {
        // Conover, *Practical Nonparametric Statistics*, and Dixon and Massey, table
        // confidence at least 95 %.
        for (count, expected) in [(5, 1), (6, 1), (8, 1), (9, 2), (10, 2), (12, 3), (15, 4)] {
            assert_eq!(rank(count, 0.95), expected, "{count}");
        }
        for (count, expected) in [(20, 6), (25, 8), (30, 10), (50, 18), (100, 40)] {
            assert_eq!(rank(count, 0.95), expected, "{count}");
        }
        assert!((coverage(10, 2) - (1.0 - 22.0 / 1024.0)).abs() < 1e-14);
        // The rank of very many runs is about n/2 - 0.98 sqrt(n).
        assert!(rank(1_000_000, 0.95).abs_diff(499_020) < 3);
    }

    #[test]
    fn values_at_places_are_those_of_the_sorted_values() {
        let values: Vec<f64> = (0..997).map(|n| f64::from(n * 7919 % 613)).collect();
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        for places in [[0, 0, 996], [3, 498, 498], [400, 401, 402], [995, 996, 996]] {
            let expected = places.map(|place| sorted[place]);
            assert_eq!(at_places(values.clone(), places), expected);
        }
    }

    #[test]
    fn one_value_has_no_interval() {
        assert_eq!(median_interval(&[1.0], 0.95), None);
        let two = median_interval(&[1.0, 3.0], 0.95).unwrap();
        assert_eq!((two.median, two.coverage), (2.0, 0.5));
    }
}
