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
        key(
            "gamma",
            Shape::Parameters(&GAMMA),
            "The gamma distribution. Its mean is shape times scale.",
        ),
        key(
            "erlang",
            Shape::Parameters(&ERLANG),
            "The Erlang distribution: the sum of exponential phases, all with the same mean.",
        ),
        key(
            "weibull",
            Shape::Parameters(&WEIBULL),
            "The Weibull distribution.",
        ),
        key(
            "triangular",
            Shape::Parameters(&TRIANGULAR),
            "The triangular distribution, for a guess: a least, a most likely, and a greatest value.",
        ),
        key(
            "empirical",
            Shape::Parameters(&EMPIRICAL),
            "One of measured values, all equally likely: from a CSV file, or written out as `values`.",
        ),
        key(
            "trace",
            Shape::Parameters(&TRACE),
            "Measured values, one after another. Each link, in each direction, and each node begins with the first value. Only for `latency` and `service_time`, and in configs.",
        ),
    ],
};

static GAMMA: Keys = Keys {
    what: "`gamma`",
    keys: &[
        required(
            "shape",
            Shape::Exponent,
            "Shape. A plain number. Below 1, most draws are near 0.",
        ),
        required(
            "scale",
            Shape::Scale,
            "Scale: the mean divided by the shape.",
        ),
    ],
};

static ERLANG: Keys = Keys {
    what: "`erlang`",
    keys: &[
        required(
            "phases",
            Shape::Whole(1, 10_000),
            "Number of phases. With 1 it is the exponential distribution.",
        ),
        required("mean", Shape::Scale, "Mean of the sum."),
    ],
};

static WEIBULL: Keys = Keys {
    what: "`weibull`",
    keys: &[
        required(
            "shape",
            Shape::Exponent,
            "Shape. A plain number. Below 1 the tail is heavy, at 1 it is the exponential distribution.",
        ),
        required(
            "scale",
            Shape::Scale,
            "Scale: 63.2 % of the draws are below it.",
        ),
    ],
};

static TRIANGULAR: Keys = Keys {
    what: "`triangular`",
    keys: &[
        required("min", Shape::Spread, "The least value."),
        required("mode", Shape::Spread, "The most likely value."),
        required("max", Shape::Spread, "The greatest value."),
    ],
};

/// The keys of measured values that come from a file.
macro_rules! measured {
    ($what:literal $(, $more:expr)*) => {
        Keys {
            what: $what,
            keys: &[
                key(
                    "file",
                    Shape::Text,
                    "Path of a CSV file, relative to the scenario file. Empty lines and lines that begin with `#` are skipped.",
                ),
                key(
                    "column",
                    Shape::Text,
                    "Name of the column, which the first line of the file has. Default: the file has one column; a first line that is no number is its name.",
                ),
                key(
                    "unit",
                    Shape::Word(&["ns", "us", "ms", "s", "m", "h"]),
                    "Unit of the numbers in the file, where durations are expected. Without a unit, the file has durations such as `12ms`.",
                ),
                key("values", Shape::Values, "The values, in place of a file."),
                $($more,)*
            ],
        }
    };
}

static EMPIRICAL: Keys = measured!("`empirical`");

static TRACE: Keys = measured!(
    "`trace`",
    key(
        "at_end",
        Shape::Word(&["repeat", "hold"]),
        "What follows the last value. `repeat`: the first value again. `hold`: the last value. Default: `repeat`.",
    )
);

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
