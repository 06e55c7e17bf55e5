//! The keys of `[until]`.

use super::{Keys, MAX_RUNS, Shape, key, required};

/// `[until]`: how narrow the interval of a mean must be.
pub static UNTIL: Keys = Keys {
    what: "`until`",
    keys: &[
        required(
            "metric",
            Shape::Text,
            "Name of the metric in `summary.csv`, as in `[[expect]]`.",
        ),
        key(
            "nodes",
            Shape::Selector,
            "A group, node name or glob (`*`, `?`). The interval of each of these nodes must be narrow. Default: all nodes that have the metric.",
        ),
        required(
            "half_width",
            Shape::HalfWidth,
            "How far the ends of the interval may be from the mean: `\"5%\"` of the mean, or a number; of a metric that is a time, a duration.",
        ),
        key(
            "confidence",
            Shape::Confidence,
            "Confidence of the interval, 0.5 to 0.999. Default: 0.95.",
        ),
        key(
            "at_least",
            Shape::Whole(2, MAX_RUNS),
            "Number of runs before the interval is looked at for the first time. Default: 10.",
        ),
        key(
            "at_most",
            Shape::Whole(2, MAX_RUNS),
            "Number of runs after which no run is added. If the interval is not narrow then, the verdict is unknown. Default: 10000.",
        ),
    ],
};
