//! The keys of `[matrix]`.

use super::{Keys, Shape, key, required};

/// `[matrix]`.
pub static MATRIX: Keys = Keys {
    what: "the matrix",
    keys: &[
        required(
            "axes",
            Shape::TableOf(&AXIS),
            "The axes by name. The cases are the product of their values, the first axis varying slowest.",
        ),
        key(
            "zip",
            Shape::AxisGroups,
            "Groups of axes that are walked together, the first values with the first: `[[\"a\", \"b\"]]`. They have as many values.",
        ),
        key(
            "exclude",
            Shape::Points,
            "Cases to leave out: all that have these values (or labels): `[{ a = 1, b = 2 }]`.",
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
            "The key that the axis sets, as `--set` writes it: `nodes.machine.config.faces`, `links.0.loss`.",
        ),
        required(
            "values",
            Shape::List,
            "What it is set to, in turn. Anything that may stand there.",
        ),
        key(
            "labels",
            Shape::Labels,
            "Names for the values in the cases' ids: letters, digits, `-`, `_`, `.`, `+`. Default: the values themselves.",
        ),
    ],
};
