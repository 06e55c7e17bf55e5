//! The keys of `[[expect]]` and `[[check]]`.

use super::{Keys, Shape, key, required};

/// One `[[expect]]` entry.
pub static EXPECT: Keys = Keys {
    what: "an expectation",
    keys: &[
        required(
            "metric",
            Shape::Text,
            "The metric, by its name in `summary.csv`: `queue_max`, `latency_p99`, or `COLUMN_mean` for a behavior's own column.",
        ),
        key(
            "nodes",
            Shape::Selector,
            "A group, node name or glob (`*`, `?`). Default: all nodes that have the metric.",
        ),
        key(
            "at_least",
            Shape::Amount,
            "The metric is this or more; a metric that is a time takes a duration, too. With `over = \"fraction\"`: the share of runs, 0 to 1.",
        ),
        key("at_most", Shape::Amount, "The metric is this or less."),
        key("equals", Shape::Amount, "The metric is exactly this."),
        key(
            "between",
            Shape::Amounts,
            "The metric is from the first to the second, both included.",
        ),
        key(
            "over",
            Shape::Word(&["every-run", "mean", "fraction"]),
            "`every-run`: each run. `mean`: each node's mean over the runs of a case. `fraction`: at least the share `at_least` of the runs of a case. Default: `every-run`.",
        ),
    ],
};

/// One `[[check]]` entry.
pub static CHECK: Keys = Keys {
    what: "a check",
    keys: &[
        required(
            "check",
            Shape::Behavior,
            "Which property: `PLUGIN.CHECK`. `runner plugins PLUGIN` lists them.",
        ),
        key(
            "config",
            Shape::Anything,
            "What the check is told. `runner plugins PLUGIN.CHECK` lists the keys.",
        ),
    ],
};
