//! The keys of `[[faults]]`.

use super::{Key, Keys, LINK, Shape, key, required};

/// One `[[faults]]` entry: `at`, and exactly one of the kinds.
pub static FAULT: Keys = Keys {
    what: "a fault",
    keys: &[
        required(
            "at",
            Shape::Delay,
            "When the fault begins, after the beginning of the run.",
        ),
        key(
            "for",
            Shape::Duration,
            "How long the fault holds. Crashed nodes restart after it. Default: to the end of the run.",
        ),
        key(
            "every",
            Shape::Duration,
            "Time from one beginning of the fault to the next. The fault begins again until the run ends. Needs `for`. In virtual time, the scenario needs a `duration`.",
        ),
        key(
            "required",
            Shape::Flag,
            "Whether a run that the fault does not affect has the verdict unknown. Default: false; then the runner warns.",
        ),
        key(
            "partition",
            Shape::SelectorLists,
            "Cuts messages between nodes of different lists when they are sent: `[[\"a-1\"], [\"a-2\", \"a-3\"]]`. Messages under way arrive, unless `cut` is true. One list alone is cut off from all other nodes. Nodes in no list reach every node. Connections stay open.",
        ),
        key(
            "cut",
            Shape::Flag,
            "With `partition`: whether messages that are under way between the lists when the fault begins are dropped, too. The receiver's log has a `drop` for each. Default: false.",
        ),
        key(
            "crash",
            Shape::SelectorList,
            "Nodes that stop at once. They lose their state, their timers, and the messages in their inboxes. After `for` they start again, with a new state.",
        ),
        key(
            "pause",
            Shape::SelectorList,
            "Nodes that stop and keep their state. Messages wait, ticks are skipped, timers are late.",
        ),
        key(
            "link",
            Shape::Parameters(&LINK),
            "Links whose settings change: `{ from, to, latency = \"2s\", loss = 0.5 }`, or `between`, with any key of a link except `transport`. Other settings stay. If several faults change a link, the later entry counts.",
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

/// The table of a `tick_rate` fault.
pub static TICK_RATE_FAULT: Keys = Keys {
    what: "a `tick_rate` fault",
    keys: &[
        NODES,
        required(
            "to",
            Shape::Rate,
            "Ticks per second while the fault holds, drawn for each node and each time that the fault begins.",
        ),
    ],
};

/// The table of a `drift` fault.
pub static DRIFT_FAULT: Keys = Keys {
    what: "a `drift` fault",
    keys: &[
        NODES,
        required(
            "ppm",
            Shape::Drift,
            "How much faster than true time the clocks go while the fault holds, in parts per million. Drawn for each node and each time that the fault begins.",
        ),
    ],
};
