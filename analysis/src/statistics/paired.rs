//! Two cases whose runs draw the same numbers, compared in pairs.
//!
//! Two cases with random numbers of their own differ also by chance: one had the busier
//! customers. If repetition r of both draws the same numbers, each has the same customers,
//! and the difference of the pair shows what the cases do with them (common random numbers;
//! Law, *Simulation Modeling and Analysis*, 5th edition, 2015, section 11.2). With the
//! covariance C, the variance of the difference is Vx + Vy - 2 C instead of Vx + Vy: the
//! closer the two follow each other, the fewer runs are needed.
//!
//! The differences are a sample like any other, one value a pair. So the interval is that
//! of their mean where they are many and regular enough
//! ([`difference_interval`]), with the t test; else that of their median from order
//! statistics, with the sign test, which assume nothing.

use super::{
    CONFIDENCE, MeanInterval, MedianInterval, Sample, difference_interval, median_interval,
    sign_test,
};

/// The differences of one metric between two cases.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired {
    /// Number of pairs, at least two.
    pub pairs: u64,
    /// The mean of the differences, the second case less the first.
    pub mean: f64,
    /// Their standard deviation.
    pub deviation: f64,
    /// The interval of the true difference.
    pub interval: DifferenceOf,
    /// The probability of differences so far from 0 if the cases do not differ: by the t
    /// test for a mean, by the sign test for a median.
    pub p: f64,
    /// The variance of the difference of unpaired runs, by that of the pairs; `None` if all
    /// differences are the same.
    pub variance_ratio: Option<f64>,
}

/// What an interval of differences is of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DifferenceOf {
    /// The mean difference, by Student's t.
    Mean(MeanInterval),
    /// The median difference, from order statistics.
    Median(MedianInterval),
}

impl Paired {
    /// How many unpaired runs of each case have a difference with the same standard error,
    /// about; `None` if all differences are the same.
    pub fn as_exact_as(&self) -> Option<u64> {
        let runs = self.pairs as f64 * self.variance_ratio?;
        Some(runs.round() as u64)
    }
}

/// Compares the values of two cases, of which those with the same index are a pair; `None`
/// for fewer than two pairs.
pub fn compare_pairs(first: &[f64], second: &[f64]) -> Option<Paired> {
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| b - a).collect();
    let median = median_interval(&differences, CONFIDENCE)?;
    let sample = Sample::of(differences.iter().copied());
    let variance = |sample: &Sample| sample.deviation().unwrap_or(0.0).powi(2);
    let unpaired: f64 = [first, second]
        .map(|it| variance(&Sample::of(it.iter().copied())))
        .iter()
        .sum();
    let (interval, p) = match difference_interval(&sample, CONFIDENCE) {
        Ok(found) => (DifferenceOf::Mean(found.interval), found.p),
        Err(_) => (DifferenceOf::Median(median), signs(&differences)),
    };
    Some(Paired {
        pairs: sample.count(),
        mean: sample.mean(),
        deviation: sample.deviation()?,
        interval,
        p,
        variance_ratio: (!sample.is_constant()).then(|| unpaired / variance(&sample)),
    })
}

/// The sign test of differences. Pairs without a difference say nothing about its sign.
fn signs(differences: &[f64]) -> f64 {
    let count = |sign: fn(f64) -> bool| differences.iter().filter(|&&it| sign(it)).count() as u64;
    sign_test(count(|it| it > 0.0), count(|it| it < 0.0))
}

/// The least number of pairs with which the sign test, one of so many tests, can find a
/// difference: 2 / 2^n is at most 5 % of them.
pub fn pairs_to_tell(tests: usize) -> u64 {
    let mut pairs = 1;
    while sign_test(pairs, 0) * tests as f64 > 1.0 - CONFIDENCE {
        pairs += 1;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::random::Random;

    /// A sum of twelve uniform draws around 0: nearly normal, deviation 1.
    fn draw(random: &mut Random) -> f64 {
        (0..12).map(|_| random.unit()).sum::<f64>() - 6.0
    }

    #[test]
    fn what_both_share_is_not_part_of_the_difference() {
        let mut random = Random::from_seed(5);
        let common: Vec<f64> = (0..40).map(|_| 100.0 + 10.0 * draw(&mut random)).collect();
        let other: Vec<f64> = common
            .iter()
            .map(|it| it - 2.0 + draw(&mut random))
            .collect();
        let found = compare_pairs(&common, &other).unwrap();
        assert_eq!(found.pairs, 40);
        let DifferenceOf::Mean(interval) = found.interval else {
            panic!("40 regular differences have an interval of the mean: {found:?}");
        };
        assert!(interval.low < -2.0 && interval.high > -2.0 && interval.high < 0.0);
        assert!(found.p < 1e-6, "{found:?}");
        // 100 + 101 against 1.
        let ratio = found.variance_ratio.unwrap();
        assert!((100.0..400.0).contains(&ratio), "{ratio}");
        assert_eq!(found.as_exact_as(), Some((40.0 * ratio).round() as u64));
    }

    #[test]
    fn few_pairs_are_judged_by_their_signs() {
        let found = compare_pairs(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 3.5, 5.0, 6.5, 8.0]).unwrap();
        let DifferenceOf::Median(interval) = found.interval else {
            panic!("{found:?}");
        };
        assert_eq!(
            (interval.low, interval.median, interval.high),
            (1.0, 2.0, 3.0)
        );
        assert!((interval.coverage - 0.9375).abs() < 1e-12);
        assert!((found.p - 0.0625).abs() < 1e-12);
        assert_eq!(compare_pairs(&[1.0], &[2.0]), None);
    }

    #[test]
    fn equal_cases_do_not_differ_and_a_constant_difference_has_no_ratio() {
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0];
        let found = compare_pairs(&values, &values).unwrap();
        assert_eq!(
            (found.mean, found.p, found.variance_ratio),
            (0.0, 1.0, None)
        );
        let more = values.map(|it| it + 2.0);
        let found = compare_pairs(&values, &more).unwrap();
        assert_eq!((found.mean, found.as_exact_as()), (2.0, None));
        assert!((found.p - 2.0 / 64.0).abs() < 1e-12);
    }

    #[test]
    fn the_interval_leaves_zero_out_where_the_test_finds_a_difference() {
        let mut random = Random::from_seed(8);
        for shift in [0.0, 0.1, 0.3, 0.35, 0.5, 1.0] {
            let first: Vec<f64> = (0..50).map(|_| draw(&mut random)).collect();
            let second: Vec<f64> = (0..50).map(|_| shift + draw(&mut random)).collect();
            let found = compare_pairs(&first, &second).unwrap();
            let DifferenceOf::Mean(interval) = found.interval else {
                panic!("{found:?}");
            };
            let leaves_out = interval.low > 0.0 || interval.high < 0.0;
            assert_eq!(leaves_out, found.p < 0.05, "{shift}: {found:?}");
        }
    }

    #[test]
    fn pairs_of_one_distribution_are_seldom_told_apart() {
        let mut random = Random::from_seed(9);
        for pairs in [6, 10, 40] {
            let differ = (0..2000).filter(|_| {
                let mut values =
                    || -> Vec<f64> { (0..pairs).map(|_| draw(&mut random).exp()).collect() };
                let (first, second) = (values(), values());
                compare_pairs(&first, &second).unwrap().p <= 0.05
            });
            // 5 % of 2000, and three times the error of counting.
            let differ = differ.count();
            assert!(differ <= 130, "{pairs} pairs: {differ}");
        }
    }

    #[test]
    fn six_pairs_are_the_least_for_one_test() {
        assert_eq!(
            (pairs_to_tell(1), pairs_to_tell(2), pairs_to_tell(20)),
            (6, 7, 10)
        );
    }
}
