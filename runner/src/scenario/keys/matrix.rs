//! The keys of `[matrix]`.

use super::{Keys, Shape, key, required};

/// `[matrix]`.
pub static MATRIX: Keys = Keys {
    what: "the matrix",
    keys: &[
        required(
            "axes",
            Shape::TableOf(&AXIS),
            "The axes, by name. The cases are all combinations of their values. The first axis varies slowest.",
        ),
        key(
            "zip",
            Shape::AxisGroups,
            "Groups of axes that vary together: the first value of one with the first value of the others, and so on: `[[\"a\", \"b\"]]`. They have the same number of values.",
        ),
        key(
            "exclude",
            Shape::Points,
            "Cases to leave out: those that have all of these values or labels: `[{ a = 1, b = 2 }]`.",
        ),
        key(
            "streams",
            Shape::Word(&["independent", "common"]),
            "`independent`: each case draws random numbers of its own. `common`: in a repetition, each node, link and fault draws the same numbers in all cases, and the report compares the cases in pairs. Default: `independent`.",
        ),
        key(
            "baseline",
            Shape::Text,
            "With `streams = \"common\"`: the case with which the others are compared: its id (`faces=10,rates=narrow`), or a value or label that only one case has. Default: the first case.",
        ),
    ],
};

/// `[matrix.axes.NAME]`.
pub static AXIS: Keys = Keys {
    what: "an axis",
    keys: &[
        required(
            "path",
            Shape::Path,
            "The key that the axis sets, as in `--set`: `nodes.machine.config.faces`, `links.0.loss`.",
        ),
        required(
            "values",
            Shape::List,
            "The values of the key, one for each case. A value may be anything that the key allows.",
        ),
        key(
            "labels",
            Shape::Labels,
            "Names of the values in the ids of cases: letters, digits, `-`, `_`, `.`, `+`. Default: the values themselves.",
        ),
    ],
};
