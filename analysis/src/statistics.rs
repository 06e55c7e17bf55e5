//! How sure one can be: intervals over the runs of a case, and their tests.
//!
//! The runs of a case are independent: each has random streams of its own. The nodes of
//! one run are not, so an interval is always over runs. A printed interval must hold
//! what it says. Two kinds do:
//!
//! - [`median_interval`]: from order statistics, exact for every distribution, from two
//!   runs on ([`mod@median`]);
//! - [`mean_interval`]: by Student's t, only where the runs are many and regular enough
//!   ([`mod@mean`] has the rule and how it was measured).
//!
//! One long run in its steady state has an interval of its own, from the means of its
//! batches ([`mod@batches`]).
//!
//! Cases whose runs draw the same numbers are compared in pairs ([`paired`]), with a
//! correction for the number of comparisons ([`mod@holm`]).
//!
//! [`Sample`] is what all of them are computed of. [`distributions`] has the quantiles. The test
//! `coverage` measures how often intervals hold the true value.

pub mod batches;
pub mod distributions;
pub mod holm;
pub mod mean;
pub mod median;
pub mod paired;
pub mod proportion;
pub mod ranking;
pub mod sample;
pub mod sign;

pub use batches::OfBatches;
pub use holm::holm;
pub use mean::{DifferenceInterval, MeanInterval, Withheld, difference_interval, mean_interval};
pub use median::{MedianInterval, median_interval};
pub use paired::{DifferenceOf, Paired, compare_pairs};
pub use proportion::proportion_interval;
pub use ranking::{Ranking, rank};
pub use sample::Sample;
pub use sign::sign_test;

/// The confidence of what is printed.
pub const CONFIDENCE: f64 = 0.95;
