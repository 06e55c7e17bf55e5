//! The keys of `[[expect]]`, `[[check]]` and `[[property]]`.

use super::{Keys, Shape, key, required};

/// One `[[expect]]` entry.
pub static EXPECT: Keys = Keys {
    what: "an expectation",
    keys: &[
        required(
            "metric",
            Shape::Text,
            "Name of the metric in `summary.csv`: `queue_max`, `latency_p99`, or `COLUMN_mean` for a column of a behavior, `WORD_count` for its own event.",
        ),
        key(
            "nodes",
            Shape::Selector,
            "A group, node name or glob (`*`, `?`). Default: all nodes that have the metric.",
        ),
        key(
            "at_least",
            Shape::Amount,
            "The metric must be this or more. A metric that is a time takes a duration: `\"3ms\"`, never a bare number.",
        ),
        key("at_most", Shape::Amount, "The metric must be this or less."),
        key("equals", Shape::Amount, "The metric must be exactly this."),
        key(
            "between",
            Shape::Amounts,
            "The metric must be from the first value to the second, both included.",
        ),
        key(
            "over",
            Shape::Word(&["every-run", "mean", "fraction"]),
            "`every-run`: the limit holds in each run. `mean`: the mean of each node over all possible runs of a case is within the limit: passed if the whole 95 % interval of the mean is, failed if none of it is, else unknown, with the number of runs that would do. `fraction`: it holds in at least the share `share` of the runs of a case. Default: `every-run`.",
        ),
        key(
            "share",
            Shape::Probability,
            "With `over = \"fraction\"`: in which share of the runs the limit must hold. 0.95: in 95 of 100.",
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
            "The property: `PLUGIN.CHECK`. `runner plugins PLUGIN` lists the checks of a plugin.",
        ),
        key(
            "config",
            Shape::Anything,
            "Settings of the check. `runner plugins PLUGIN.CHECK` lists the keys.",
        ),
    ],
};

/// One `[[property]]` entry.
pub static PROPERTY: Keys = Keys {
    what: "a property",
    keys: &[
        required(
            "name",
            Shape::Text,
            "Name in the report and in `verdicts.csv`. No two properties have the same one.",
        ),
        key(
            "always",
            Shape::Expression,
            "The expression is true in each record. Records in which a column has no value are skipped.",
        ),
        key(
            "never",
            Shape::Expression,
            "The expression is true in no record.",
        ),
        key(
            "eventually",
            Shape::Expression,
            "The expression is true in a record, within `within` if that is given.",
        ),
        key(
            "leads_to",
            Shape::Expressions,
            "After each record in which the first expression is true, the second one is true in the same record or in a later one, within `within`.",
        ),
        key(
            "sometimes",
            Shape::Expression,
            "The expression is true in a record of at least one run of the case.",
        ),
        key(
            "within",
            Shape::Delay,
            "With `eventually`: how long after `from` at the latest. With `leads_to`, where it is required: how long after the first expression.",
        ),
        key(
            "from",
            Shape::Delay,
            "With `eventually`: only records from this time on count. Default: `\"0s\"`.",
        ),
        key(
            "nodes",
            Shape::Selector,
            "A group, node name or glob (`*`, `?`). Default: all nodes that have the columns of the expression, except programs.",
        ),
        key(
            "global",
            Shape::Flag,
            "`false`: the property is about each node by itself. `true`: it is about all of its nodes together, and sees the latest values of all nodes: `count(nodes, ..)`, `NODE.COLUMN`. Default: `false`.",
        ),
    ],
};
