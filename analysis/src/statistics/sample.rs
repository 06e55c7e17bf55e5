//! The values of a metric over runs, summed up: count, mean, deviation, skewness, ends.
//!
//! Memory does not grow with the runs. The sums are updated run by run (Pébay, "Formulas
//! for Robust, One-Pass Parallel Computation of Covariances and Arbitrary-Order
//! Statistical Moments", Sandia report SAND2008-6212, 2008), so the runner, which sees a
//! run at a time, and the report, which reads them all, have the same digits.

/// Up to this number of values, it is known how many are equal.
pub const COUNTED: usize = 100;

/// The values of a metric over runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    count: u64,
    mean: f64,
    /// The sum of the squares, and of the cubes, of the distances to the mean.
    squares: f64,
    cubes: f64,
    min: f64,
    max: f64,
    /// The first values.
    first: Vec<f64>,
}

impl Sample {
    /// The sample of these values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Sample {
        let mut sample = Sample::default();
        values.into_iter().for_each(|value| sample.add(value));
        sample
    }

    /// Adds the value of one more run.
    pub fn add(&mut self, value: f64) {
        let before = self.count as f64;
        self.count += 1;
        let n = self.count as f64;
        let delta = value - self.mean;
        let step = delta / n;
        let square = delta * step * before;
        self.cubes += square * step * (n - 2.0) - 3.0 * step * self.squares;
        self.squares += square;
        self.mean += step;
        let first = self.count == 1;
        self.min = if first { value } else { self.min.min(value) };
        self.max = if first { value } else { self.max.max(value) };
        if self.first.len() < COUNTED {
            self.first.push(value);
        }
    }

    /// Number of runs.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The arithmetic mean; 0 without values.
    pub fn mean(&self) -> f64 {
        // Rounding must not put the mean of equal values beside them.
        match self.is_constant() {
            true => self.min,
            false => self.mean,
        }
    }

    /// The least value.
    pub fn min(&self) -> f64 {
        self.min
    }

    /// The greatest value.
    pub fn max(&self) -> f64 {
        self.max
    }

    /// Whether all values are the same.
    pub fn is_constant(&self) -> bool {
        self.min == self.max
    }

    /// The sample standard deviation, with `count - 1`; `None` for one value.
    pub fn deviation(&self) -> Option<f64> {
        let variance = self.squares / self.count.checked_sub(1).filter(|&it| it > 0)? as f64;
        Some(if self.is_constant() {
            0.0
        } else {
            variance.sqrt()
        })
    }

    /// The standard error of the mean; `None` for one value.
    pub fn standard_error(&self) -> Option<f64> {
        Some(self.deviation()? / (self.count as f64).sqrt())
    }

    /// The adjusted Fisher-Pearson skewness (Fisher's G1 = k3 / k2^1.5); `None` below
    /// three values, or if all are the same.
    pub fn skewness(&self) -> Option<f64> {
        if self.count < 3 || self.is_constant() {
            return None;
        }
        let n = self.count as f64;
        let (second, third) = (self.squares / n, self.cubes / n);
        let biased = third / (second * second.sqrt());
        Some(biased * (n * (n - 1.0)).sqrt() / (n - 2.0))
    }

    /// Number of distinct values; `None` if there are too many values to know.
    pub fn distinct(&self) -> Option<u64> {
        if self.count as usize > self.first.len() {
            return None;
        }
        let mut values = self.first.clone();
        values.sort_by(f64::total_cmp);
        values.dedup();
        Some(values.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_textbook() {
        let sample = Sample::of([2.0, 4.0, 4.0, 5.0, 10.0]);
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
        near(sample.mean(), 5.0);
        near(sample.deviation().unwrap(), 3.0);
        // Cubes -27 - 1 - 1 + 125 over 5, by (36 / 5)^1.5, times sqrt(20) / 3.
        near(
            sample.skewness().unwrap(),
            96.0 / 5.0 / 7.2f64.powf(1.5) * 20f64.sqrt() / 3.0,
        );
        assert_eq!((sample.count(), sample.min(), sample.max()), (5, 2.0, 10.0));
        assert_eq!(sample.distinct(), Some(4));
    }

    #[test]
    fn equal_values_have_no_deviation_however_they_round() {
        let sample = Sample::of(std::iter::repeat_n(0.1, 1000));
        assert_eq!((sample.mean(), sample.deviation()), (0.1, Some(0.0)));
        assert_eq!((sample.skewness(), sample.distinct()), (None, None));
    }

    #[test]
    fn one_value_has_no_deviation_and_none_has_nothing() {
        assert_eq!(Sample::of([7.0]).deviation(), None);
        assert_eq!(
            (Sample::of([]).count(), Sample::of([]).deviation()),
            (0, None)
        );
    }
}
