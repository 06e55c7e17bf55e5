//! The keys of `[[faults]]`.

use super::{Key, Keys, LINK, Shape, key, required};

/// One `[[faults]]` entry: `at`, and exactly one of the kinds.
pub static FAULT: Keys = Keys {
    what: "a fault",
    keys: &[
        required(
            "at",
            Shape::Delay,
            "When it begins, after the beginning of the run.",
        ),
        key(
            "for",
            Shape::Duration,
            "How long it holds; crashed nodes restart after it. Default: to the end of the run.",
        ),
        key(
            "every",
            Shape::Duration,
            "From beginning to beginning: it comes again and again until the run ends. Needs `for`; in virtual time the scenario needs a `duration`.",
        ),
        key(
            "required",
            Shape::Flag,
            "Whether a run in which it touches nothing counts as unknown. Default: false, and a warning.",
        ),
        key(
            "partition",
            Shape::SelectorLists,
            "Cuts every message between nodes of different lists: `[[\"a-1\"], [\"a-2\", \"a-3\"]]`. One list alone is cut off from all others; nodes in no list reach everybody.",
        ),
        key(
            "crash",
            Shape::SelectorList,
            "Nodes that stop at once and lose their state, their timers and what waits for them. After `for` they begin anew.",
        ),
        key(
            "pause",
            Shape::SelectorList,
            "Nodes that do nothing for a while: messages wait, ticks are skipped, timers are late.",
        ),
        key(
            "link",
            Shape::Parameters(&LINK),
            "Links that change: `{ from, to, latency = \"2s\", loss = 0.5 }`, or `between`, with any key of a link but `transport`.",
        ),
        key(
            "tick_rate",
            Shape::Parameters(&TICK_RATE_FAULT),
            "Clocked nodes that tick at another rate: `{ nodes = \"machine-1\", to = 1 }`.",
        ),
        key(
            "drift",
            Shape::Parameters(&DRIFT_FAULT),
            "Nodes whose own clocks go at another rate: `{ nodes = \"machine-1\", ppm = 500 }`.",
        ),
    ],
};

const NODES: Key = required("nodes", Shape::SelectorList, "Groups, node names or globs.");

/// What a `tick_rate` fault says.
pub static TICK_RATE_FAULT: Keys = Keys {
    what: "a `tick_rate` fault",
    keys: &[
        NODES,
        required(
            "to",
            Shape::Rate,
            "Ticks per second meanwhile, drawn once per node and time that it holds.",
        ),
    ],
};

/// What a `drift` fault says.
pub static DRIFT_FAULT: Keys = Keys {
    what: "a `drift` fault",
    keys: &[
        NODES,
        required(
            "ppm",
            Shape::Drift,
            "How much faster the clocks go meanwhile, in parts per million, drawn once per node and time that it holds.",
        ),
    ],
};
