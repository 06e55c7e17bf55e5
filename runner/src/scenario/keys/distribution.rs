//! The keys of a table that stands in place of a number or a duration.

use super::{Keys, Shape, key, required};

/// A table in place of a number or a duration: exactly one of these.
pub static DISTRIBUTION: Keys = Keys {
    what: "a distribution",
    keys: &[
        key(
            "uniform",
            Shape::Bounds,
            "Every value from the first (included) to the second (excluded) alike.",
        ),
        key(
            "uniform_int",
            Shape::WholeBounds,
            "Every whole number from the first to the second, both included, alike; of durations, whole nanoseconds.",
        ),
        key("choice", Shape::Values, "One of these, alike."),
        key(
            "normal",
            Shape::Parameters(&NORMAL),
            "The normal distribution, cut at 0.",
        ),
        key(
            "exponential",
            Shape::Parameters(&EXPONENTIAL),
            "The exponential distribution.",
        ),
        key(
            "lognormal",
            Shape::Parameters(&LOGNORMAL),
            "The log-normal distribution: the median times exp(sigma z), z standard normal.",
        ),
        key(
            "pareto",
            Shape::Parameters(&PARETO),
            "The Pareto distribution (type I), heavy-tailed.",
        ),
    ],
};

static NORMAL: Keys = Keys {
    what: "`normal`",
    keys: &[
        required("mean", Shape::Spread, "Mean before the cut at 0."),
        required(
            "std",
            Shape::Spread,
            "Standard deviation before the cut at 0.",
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
        required("median", Shape::Scale, "Half of the draws are below it."),
        required(
            "sigma",
            Shape::Sigma,
            "Standard deviation of the logarithm, a plain number.",
        ),
    ],
};

static PARETO: Keys = Keys {
    what: "`pareto`",
    keys: &[
        required("min", Shape::Scale, "The least value."),
        required(
            "shape",
            Shape::Exponent,
            "The tail exponent, a plain number; the mean is infinite up to 1.",
        ),
    ],
};
