//! The keys of a table that stands in place of a number or a duration.

use super::{Keys, Shape, key, required};

/// A table in place of a number or a duration: exactly one of these.
pub static DISTRIBUTION: Keys = Keys {
    what: "a distribution",
    keys: &[
        key(
            "uniform",
            Shape::Bounds,
            "Any value from the first (included) to the second (excluded), all equally likely.",
        ),
        key(
            "uniform_int",
            Shape::WholeBounds,
            "Any whole number from the first to the second, both included, all equally likely. For durations: any whole number of nanoseconds.",
        ),
        key(
            "choice",
            Shape::Values,
            "One of these values, all equally likely.",
        ),
        key(
            "normal",
            Shape::Parameters(&NORMAL),
            "The normal distribution. Except for `offset` and `drift`, a draw below 0 becomes 0.",
        ),
        key(
            "exponential",
            Shape::Parameters(&EXPONENTIAL),
            "The exponential distribution.",
        ),
        key(
            "lognormal",
            Shape::Parameters(&LOGNORMAL),
            "The log-normal distribution: median times exp(sigma z), where z is standard normal.",
        ),
        key(
            "pareto",
            Shape::Parameters(&PARETO),
            "The Pareto distribution (type I). It has a heavy tail.",
        ),
    ],
};

static NORMAL: Keys = Keys {
    what: "`normal`",
    keys: &[
        required(
            "mean",
            Shape::Spread,
            "Mean, before draws below 0 become 0.",
        ),
        required(
            "std",
            Shape::Spread,
            "Standard deviation, before draws below 0 become 0.",
        ),
    ],
};

static EXPONENTIAL: Keys = Keys {
    what: "`exponential`",
    keys: &[required("mean", Shape::Scale, "Mean.")],
};

static LOGNORMAL: Keys = Keys {
    what: "`lognormal`",
    keys: &[
        required(
            "median",
            Shape::Scale,
            "Median: half of the draws are below it.",
        ),
        required(
            "sigma",
            Shape::Sigma,
            "Standard deviation of the logarithm. A plain number.",
        ),
    ],
};

static PARETO: Keys = Keys {
    what: "`pareto`",
    keys: &[
        required("min", Shape::Scale, "The smallest value."),
        required(
            "shape",
            Shape::Exponent,
            "Exponent of the tail. A plain number. If it is 1 or less, the mean is infinite.",
        ),
    ],
};
