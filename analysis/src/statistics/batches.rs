//! What one long run says of a steady state: the mean of its batch means.
//!
//! A run of a system that goes on without end is one long observation, and what happens
//! in it soon after one another is alike. So its numbers are no sample of independent
//! ones. The means of long batches nearly are (Law, "Simulation Modeling and Analysis",
//! 9.5.3): of 20 of them, an interval of the mean follows by Student's t. How alike
//! neighbours still are is their lag-1 correlation; if it is high, the interval is too
//! narrow.

use super::{CONFIDENCE, MeanInterval, Sample, Withheld, mean_interval};

/// Correlation of neighbouring batch means above which an interval is said to be too
/// narrow: of 20 independent means it is higher in 1 of 20 cases.
pub const ALIKE: f64 = 0.3;

/// The mean of the batch means of a metric at a node, in the unit in which it is shown.
#[derive(Clone, Copy, Debug)]
pub struct OfBatches {
    /// The mean.
    pub mean: f64,
    /// Its interval.
    pub interval: Result<MeanInterval, Withheld>,
    /// The correlation of each batch mean with the next one; `None` if all are equal.
    pub correlation: Option<f64>,
    /// The unit: ` [ms]`, or nothing.
    pub unit: &'static str,
}

impl OfBatches {
    /// Of batch means as they are measured.
    pub fn new(metric: &str, means: &[f64]) -> OfBatches {
        let (factor, unit) = match metric.starts_with("latency_") {
            true => (1e-6, " [ms]"),
            false => (1.0, ""),
        };
        let sample = Sample::of(means.iter().map(|mean| mean * factor));
        let mean = means.iter().sum::<f64>() / means.len() as f64;
        let squares: f64 = means.iter().map(|it| (it - mean) * (it - mean)).sum();
        let lagged = means.windows(2).map(|it| (it[0] - mean) * (it[1] - mean));
        let greatest = (metric == "utilization").then_some(1.0);
        OfBatches {
            mean: mean * factor,
            interval: mean_interval(&sample, greatest, CONFIDENCE),
            correlation: (squares > 0.0).then(|| lagged.sum::<f64>() / squares),
            unit,
        }
    }

    /// Whether neighbours are so alike that the interval is too narrow.
    pub fn is_too_narrow(&self) -> bool {
        self.correlation > Some(ALIKE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_that_follow_a_trend_are_alike_and_others_are_not() {
        let rising: Vec<f64> = (0..20).map(|it| 1e6 * f64::from(100 + it)).collect();
        let of = OfBatches::new("latency_mean", &rising);
        assert!((of.mean - 109.5).abs() < 1e-9 && of.unit == " [ms]");
        assert!(of.is_too_narrow());
        let turns: Vec<f64> = (0..20).map(|it| 100.0 + f64::from(it * 7 % 20)).collect();
        let of = OfBatches::new("queue_time_mean", &turns);
        assert!(!of.is_too_narrow(), "{of:?}");
        let interval = of.interval.unwrap();
        assert!(interval.low < 109.5 && 109.5 < interval.high, "{of:?}");
        assert_eq!(OfBatches::new("utilization", &[1.0; 20]).correlation, None);
    }
}
