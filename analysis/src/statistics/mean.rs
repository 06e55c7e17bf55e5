//! The interval of a mean, and when it is withheld.
//!
//! Student's interval, mean plus and minus t s / sqrt(n), holds the mean as often as it
//! says if the mean is about normal. Few runs of a skewed metric are not: five runs of
//! clocks whose rates are drawn hold the mean latency in 52 % of cases. And few runs do
//! not show that they are skewed: those that missed the long tail look regular, and are
//! the very ones whose interval lies beside the mean. So it is not enough to test the
//! skewness of the sample, and what counts is the coverage of the intervals that are
//! printed. The rule, of which each part was measured so (`tests/promises/coverage.rs`):
//!
//! 1. **Runs**: at least [`LEAST`].
//! 2. **Spread**: the standard error is at most [`RELATIVE_ERROR`] of the mean's distance
//!    to the end of the metric's range, 0 for most. This is Cochran's rule, n > 25 G1^2
//!    (*Sampling Techniques*, 3rd edition, 1977, section 2.15), with a skewness G1 that is
//!    not estimated: a quantity that cannot be below 0 has, with the coefficient of
//!    variation c, a skewness of 2 c (gamma), 3 c and more (lognormal), and 7 c (mean
//!    waiting times of M/M/1). With 5 c, the rule reads n > 625 c^2.
//! 3. **Skewness**: what the sample shows is within Cochran's rule plus twice its
//!    standard error.
//! 4. **Ties**: below `MANY_RUNS` runs all values differ, and below [`COUNTED`] runs most
//!    do. Of a few distinct values, rare ones are unseen.
//!
//! Near the limit of the second part, samples with a deviation below the true one pass,
//! and others do not. The interval is wider there for it: with the share u of the limit
//! that is used up, the half toward the end of the range is 1 + u times Student's, and
//! the half away from it 1 + 1.5 u times. Below `MANY_RUNS` runs it is wider still: the
//! few samples that pass by chance have the smallest deviations, and of ten runs those
//! intervals held the mean in 63 % of cases. With f = `MANY_RUNS` / n, the u of the half
//! toward the end becomes f u, and the other one (1 + (f - 1) u^4) u. It never leaves the
//! range.

use super::distributions::{t_cdf, t_quantile};
use super::sample::{COUNTED, Sample};

/// The least number of runs.
pub const LEAST: u64 = 10;
/// The greatest standard error, by the distance of the mean to the end of the range.
pub const RELATIVE_ERROR: f64 = 0.04;
/// Cochran's factor: n > 25 G1^2.
const COCHRAN: f64 = 25.0;
/// Without an end of the range, the spread says nothing about the skewness.
const LEAST_WITHOUT_RANGE: u64 = 30;
/// Below so many runs, all values differ, and intervals are wider: a deviation that is
/// estimated of few runs is often much too small.
const MANY_RUNS: u64 = 30;
/// From `MANY_RUNS` runs on, below [`COUNTED`], the least number of distinct values: so many, and
/// this share of the runs. 24 of 30: measured values are rounded, so some are equal by chance.
const DISTINCT: (f64, f64) = (3.0, 0.7);
/// If so many runs have the same value, at most 5 % of all have another, with 95 %
/// confidence (0.95^59 < 0.05).
pub const CONSTANT: u64 = 59;
/// More runs than any plan has.
const MOST: u64 = 10_000_000;

/// An interval that holds the mean with the confidence asked for, at least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanInterval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Why there is no interval of a mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// About so many runs would do; `None`: more than can be run.
    TooFew(Option<u64>),
    /// All runs have the same value, so nothing is known of what others may have.
    Constant,
}

impl std::fmt::Display for Withheld {
    /// `too few runs: about 60 would do`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Withheld::TooFew(Some(runs)) => write!(f, "too few runs: about {runs} would do"),
            Withheld::TooFew(None) => f.write_str("too skewed for any number of runs"),
            Withheld::Constant => f.write_str("the same in all runs"),
        }
    }
}

/// The interval of the mean of a metric over runs. `greatest` is the upper end of the
/// metric's range, if it has one; the lower end is 0 unless values are negative.
///
/// # Errors
/// The sample does not keep the rule of this module.
pub fn mean_interval(
    sample: &Sample,
    greatest: Option<f64>,
    confidence: f64,
) -> Result<MeanInterval, Withheld> {
    if sample.is_constant() && sample.count() >= 2 {
        return Err(Withheld::Constant);
    }
    let shape = Shape::of(sample, greatest);
    shape.check(sample)?;
    let count = sample.count();
    let error = sample.standard_error().unwrap_or(f64::NAN);
    let half = t_quantile(0.5 + 0.5 * confidence, count as f64 - 1.0) * error;
    let (used, few) = (shape.used(count), few(count));
    let near = half * (1.0 + few * used);
    let far = half * (1.0 + 1.5 * used * (1.0 + (few - 1.0) * used.powi(4)));
    let (below, above) = match shape.end {
        End::Below => (near, far),
        End::Above => (far, near),
        End::Nowhere => (far, far),
    };
    let mean = sample.mean();
    Ok(MeanInterval {
        low: mean - below,
        high: mean + above,
    })
}

/// The interval of a mean difference, and the test that goes with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DifferenceInterval {
    /// The interval.
    pub interval: MeanInterval,
    /// The probability of a mean at least as far from 0 if the true one is 0: two-sided.
    /// Below `1 - confidence` exactly where the interval leaves 0 out.
    pub p: f64,
}

/// As [`mean_interval`], of differences. 0 is no end of their range, also where all
/// of them have one sign.
///
/// # Errors
/// As [`mean_interval`].
pub fn difference_interval(
    differences: &Sample,
    confidence: f64,
) -> Result<DifferenceInterval, Withheld> {
    if differences.is_constant() && differences.count() >= 2 {
        return Err(Withheld::Constant);
    }
    let shape = Shape::without_ends(differences);
    shape.check(differences)?;
    let count = differences.count();
    let degrees = count as f64 - 1.0;
    let error = differences.standard_error().unwrap_or(f64::NAN);
    let wider = error * (1.0 + 1.5 * shape.used(count));
    let half = t_quantile(0.5 + 0.5 * confidence, degrees) * wider;
    let mean = differences.mean();
    Ok(DifferenceInterval {
        interval: MeanInterval {
            low: mean - half,
            high: mean + half,
        },
        p: 2.0 * t_cdf(-mean.abs() / wider, degrees),
    })
}

/// Where the nearest end of the metric's range is, seen from the mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Below,
    Above,
    Nowhere,
}

/// What a sample shows of its distribution.
struct Shape {
    end: End,
    /// The deviation, by the distance of the mean to the end of the range.
    variation: f64,
    skewness: f64,
    /// Whether too many values are equal.
    has_ties: bool,
}

impl Shape {
    fn of(sample: &Sample, greatest: Option<f64>) -> Shape {
        let mean = sample.mean();
        let (end, distance) = match (sample.min() >= 0.0, sample.max() <= 0.0) {
            (true, _) => match greatest {
                Some(greatest) if greatest - mean < mean => (End::Above, greatest - mean),
                _ => (End::Below, mean),
            },
            (false, true) => (End::Above, -mean),
            (false, false) => (End::Nowhere, f64::INFINITY),
        };
        let deviation = sample.deviation().unwrap_or(0.0);
        Shape {
            end,
            variation: deviation / distance,
            ..Shape::without_ends(sample)
        }
    }

    /// The shape of values whose range has no end.
    fn without_ends(sample: &Sample) -> Shape {
        Shape {
            end: End::Nowhere,
            variation: 0.0,
            skewness: sample.skewness().unwrap_or(0.0).abs(),
            has_ties: has_ties(sample),
        }
    }

    /// Whether a sample with this shape has an interval.
    fn check(&self, sample: &Sample) -> Result<(), Withheld> {
        let count = sample.count();
        match self.allows(count) && !self.has_ties {
            true => Ok(()),
            false => Err(Withheld::TooFew(self.needed(count))),
        }
    }

    /// Whether so many runs with this shape are enough.
    fn allows(&self, count: u64) -> bool {
        count >= self.least() && self.spread(count) <= 1.0 && self.skewness <= skewness_limit(count)
    }

    /// The least number of runs.
    fn least(&self) -> u64 {
        match self.end {
            End::Nowhere => LEAST_WITHOUT_RANGE,
            _ => LEAST,
        }
    }

    /// The standard error of so many runs, by the greatest that is allowed.
    fn spread(&self, count: u64) -> f64 {
        self.variation / (RELATIVE_ERROR * (count as f64).sqrt())
    }

    /// How much of the limit is used up, 0 to 1.
    fn used(&self, count: u64) -> f64 {
        match self.end {
            End::Nowhere => self.skewness / skewness_limit(count),
            _ => self.spread(count),
        }
    }

    /// About how many runs with this shape would be enough, more than `count`.
    fn needed(&self, count: u64) -> Option<u64> {
        let spread = (self.variation / RELATIVE_ERROR).powi(2).ceil();
        let least = match self.has_ties {
            true => COUNTED as u64,
            false => self.least(),
        };
        let mut needed = least.max(count + 1);
        if spread > needed as f64 {
            needed = (spread as u64).min(MOST + 1);
        }
        while needed <= MOST && !self.allows(needed) {
            needed += needed / 20 + 1;
        }
        (needed <= MOST).then(|| rounded_up(needed))
    }
}

/// How much more an interval of so few runs is widened, at the limit.
fn few(count: u64) -> f64 {
    (MANY_RUNS as f64 / count as f64).max(1.0)
}

/// Whether too many of the values are equal. [`COUNTED`] are enough to show also the rare
/// ones.
fn has_ties(sample: &Sample) -> bool {
    let count = sample.count();
    if count >= COUNTED as u64 {
        return false;
    }
    let needed = match count < MANY_RUNS {
        true => count as f64,
        false => DISTINCT.0 + DISTINCT.1 * count as f64,
    };
    let distinct = sample.distinct().unwrap_or(count);
    (distinct as f64) < needed
}

/// The greatest skewness of a sample of so many runs: Cochran's, and twice its own
/// standard error.
fn skewness_limit(count: u64) -> f64 {
    let n = count as f64;
    let error = (6.0 * n * (n - 1.0) / ((n - 2.0) * (n + 1.0) * (n + 3.0))).sqrt();
    (n / COCHRAN).sqrt() + 2.0 * error
}

/// The next number with two significant digits.
fn rounded_up(value: u64) -> u64 {
    let mut unit = 1;
    while value / unit >= 100 {
        unit *= 10;
    }
    value.div_ceil(unit) * unit
}

/// The rule as the report prints it.
pub fn definition() -> String {
    format!(
        "At least 95 % of such intervals hold the mean over all possible runs. By Student's t, from {LEAST} runs on, where the standard error is at most {} % of the mean's distance to the end of the metric's range and the skewness of the sample within Cochran's rule (n > 25 G1^2, *Sampling Techniques*, 1977) plus twice its standard error, and all values differ below {MANY_RUNS} runs, and most of them below {COUNTED}. Near these limits it is up to 2.5 times as wide, and with fewer than {MANY_RUNS} runs up to 5.5 times. Otherwise it is withheld: with few or skewed runs, it would hold the mean less often than it says.",
        RELATIVE_ERROR * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(values: &[f64]) -> Result<MeanInterval, Withheld> {
        mean_interval(&Sample::of(values.iter().copied()), None, 0.95)
    }

    /// Evenly spread values around a center.
    fn even(count: u32, center: f64, width: f64) -> Vec<f64> {
        let place = |it: u32| f64::from(it) / f64::from(count - 1) - 0.5;
        (0..count).map(|it| center + width * place(it)).collect()
    }

    #[test]
    fn precise_runs_have_students_interval() {
        let values = even(10, 100.0, 0.01);
        let found = interval(&values).unwrap();
        let sample = Sample::of(values);
        let half = 2.262_157 * sample.standard_error().unwrap();
        assert!(
            (found.high - 100.0 - half).abs() < half * 0.003,
            "{found:?}"
        );
        assert!((100.0 - found.low - half).abs() < half * 0.003, "{found:?}");
    }

    #[test]
    fn few_runs_have_a_wider_interval_near_the_limit() {
        // Deviations of 0.9 times the limit.
        for (count, near, far) in [
            (10, 3.7, 2.35 + 2.7 * 0.9_f64.powi(4)),
            (30, 1.9, 2.35),
            (90, 1.9, 2.35),
        ] {
            let values = even(count, 1.0, 0.1);
            let sample = Sample::of(values);
            let wanted = 0.9 * RELATIVE_ERROR * f64::from(count).sqrt();
            let factor = wanted / sample.deviation().unwrap();
            let sample = Sample::of(even(count, 1.0, 0.1 * factor));
            let found = mean_interval(&sample, None, 0.95).unwrap();
            let half = t_quantile(0.975, f64::from(count) - 1.0) * 0.9 * RELATIVE_ERROR;
            let near_to = |found: f64, expected: f64| {
                assert!(
                    (found - expected).abs() < 1e-9,
                    "{count}: {found} {expected}"
                );
            };
            near_to((1.0 - found.low) / half, near);
            near_to((found.high - 1.0) / half, far);
        }
    }

    #[test]
    fn few_runs_name_how_many_would_do() {
        assert_eq!(
            interval(&even(5, 100.0, 1.0)),
            Err(Withheld::TooFew(Some(10)))
        );
        assert_eq!(interval(&[7.0]), Err(Withheld::TooFew(Some(10))));
        // A deviation of 0.32 of the mean: 625 times its square.
        let Err(Withheld::TooFew(Some(needed))) = interval(&even(12, 1.0, 1.0)) else {
            panic!("withheld");
        };
        assert!((60..=70).contains(&needed), "{needed}");
        // So many with this spread have one.
        assert!(interval(&even(needed as u32, 1.0, 1.0)).is_ok());
    }

    #[test]
    fn an_interval_stays_within_its_range() {
        for count in [10, 30, 100, 1000] {
            for width in [0.1, 0.2, 0.5, 1.0, 1.9] {
                if let Ok(found) = interval(&even(count, 1.0, width)) {
                    assert!(found.low > 0.0, "{count} {width}: {found:?}");
                }
                let near_one = Sample::of(even(count, 0.9, width * 0.1));
                if let Ok(found) = mean_interval(&near_one, Some(1.0), 0.95) {
                    assert!(found.high < 1.0, "{count} {width}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn equal_and_tied_values_have_no_interval() {
        assert_eq!(interval(&[3.0; 200]), Err(Withheld::Constant));
        let tied: Vec<f64> = (0..30).map(|it| 100.0 + f64::from(it % 4)).collect();
        assert_eq!(interval(&tied), Err(Withheld::TooFew(Some(100))));
        // Two equal values are too many of few, and not of many.
        for (count, is_printed) in [(29, false), (30, true)] {
            let mut tied = even(count, 100.0, 1.0);
            tied[7] = tied[6];
            assert_eq!(interval(&tied).is_ok(), is_printed, "{count}");
        }
        let many: Vec<f64> = (0..100).map(|it| 100.0 + f64::from(it % 4)).collect();
        assert!(interval(&many).is_ok());
    }

    #[test]
    fn one_outlier_withholds_the_interval() {
        let mut values = even(30, 100.0, 1.0);
        values[3] = 130.0;
        assert!(matches!(interval(&values), Err(Withheld::TooFew(Some(_)))));
    }

    #[test]
    fn values_of_both_signs_need_more_runs() {
        assert_eq!(
            interval(&even(20, 0.0, 1.0)),
            Err(Withheld::TooFew(Some(30)))
        );
        assert!(interval(&even(30, 0.0, 1.0)).is_ok());
    }

    #[test]
    fn zero_is_no_end_of_the_range_of_differences() {
        let twenty = Sample::of(even(20, 5.0, 1.0));
        assert!(mean_interval(&twenty, None, 0.95).is_ok());
        assert_eq!(
            difference_interval(&twenty, 0.95),
            Err(Withheld::TooFew(Some(30)))
        );
        // Of one sign, and wider than the rule for a range allows.
        let wide = Sample::of(even(40, 5.0, 9.0));
        assert!(mean_interval(&wide, None, 0.95).is_err());
        let found = difference_interval(&wide, 0.95).unwrap();
        assert!(found.interval.low > 0.0 && found.p < 0.05, "{found:?}");
        let same = Sample::of([2.0; 50]);
        assert_eq!(difference_interval(&same, 0.95), Err(Withheld::Constant));
    }
}
