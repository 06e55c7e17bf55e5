//! How a number varies: a constant or a distribution, and one draw from it.

/// A number that may vary. Spans are in nanoseconds, rates per second; whoever
/// holds one knows which.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always this number; draws nothing.
    Constant(f64),
    /// Every number in `[low, high)` alike.
    Uniform {
        /// Lowest, included.
        low: f64,
        /// Highest, excluded.
        high: f64,
    },
    /// Every whole number from `low` to `high`, both included, alike. For spans:
    /// whole nanoseconds.
    UniformInt {
        /// Lowest, included.
        low: i64,
        /// Highest, included.
        high: i64,
    },
    /// One of these, alike; never empty.
    Choice(Vec<f64>),
    /// The normal distribution, cut at 0: below is 0.
    Normal {
        /// Mean before the cut.
        mean: f64,
        /// Standard deviation before the cut.
        std: f64,
    },
    /// The exponential distribution with this mean.
    Exponential {
        /// Its mean.
        mean: f64,
    },
    /// The log-normal distribution: `median * exp(sigma * z)`, `z` standard normal.
    LogNormal {
        /// Half of the draws are below it.
        median: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// The Pareto distribution (type I): at least `min`, tail exponent `shape`.
    Pareto {
        /// The least value.
        min: f64,
        /// The tail exponent; the mean is infinite up to 1.
        shape: f64,
    },
}
