//! Every key of a scenario file: the one table from which the reader knows what
//! it may meet and the JSON Schema says what may be written.
//!
//! A key stands here once, with its shape and the words that an editor shows.
//! The reader refuses what is not here, and asserts in debug builds that it has
//! asked for everything that is.

mod distribution;
mod fault;
mod matrix;

pub use distribution::DISTRIBUTION;
pub use fault::{DRIFT_FAULT, FAULT, TICK_RATE_FAULT};
pub use matrix::{AXIS, MATRIX};

/// The keys of one kind of table.
#[derive(Debug)]
pub struct Keys {
    /// What the table is, for messages: `a node group`.
    pub what: &'static str,
    /// The keys that are read.
    pub keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What it means, for people.
    pub docs: &'static str,
}

/// What a value looks like.
#[derive(Debug)]
pub enum Shape {
    /// Any text.
    Text,
    /// A name: see [`super::values::name`].
    Name,
    /// `PLUGIN.BEHAVIOR`.
    Behavior,
    /// A whole number in this range.
    Whole(u64, u64),
    /// A number of more than 0.
    Positive,
    /// A number from 0 to 1.
    Probability,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A duration of more than 0.
    Duration,
    /// A duration, 0 too.
    Delay,
    /// A duration or a distribution of durations.
    Span,
    /// A number per second or a distribution of such.
    Rate,
    /// A duration that may be negative, or a distribution of such.
    Offset,
    /// Parts per million, or a distribution of such.
    Drift,
    /// A size in bytes, from 1 byte to [`MAX_MESSAGE`].
    MessageSize,
    /// Bytes per second, from 1 to [`MAX_BANDWIDTH`].
    Bandwidth,
    /// `ADDRESS:PORT`.
    Address,
    /// `tcp://ADDRESS:PORT` or `udp://ADDRESS:PORT`.
    Endpoint,
    /// The name of a framing.
    Framing,
    /// A program and its arguments.
    Command,
    /// A table that somebody else reads.
    Anything,
    /// A group, node or glob.
    Selector,
    /// Two groups, nodes or globs.
    Selectors,
    /// A number, or a duration.
    Amount,
    /// Two numbers or durations.
    Amounts,
    /// One or more groups, nodes or globs.
    SelectorList,
    /// Lists of groups, nodes or globs.
    SelectorLists,
    /// True or false.
    Flag,
    /// A table of tables, each with these keys.
    TableOf(&'static Keys),
    /// An array of tables, each with these keys.
    ArrayOf(&'static Keys),
    /// Inside a distribution: two numbers or durations in order.
    Bounds,
    /// Inside a distribution: two whole numbers or durations in order.
    WholeBounds,
    /// Inside a distribution: numbers or durations, at least one.
    Values,
    /// Inside a distribution: a number or duration of 0 or more.
    Spread,
    /// Inside a distribution: a number or duration of more than 0.
    Scale,
    /// Inside a distribution: a plain number of 0 or more.
    Sigma,
    /// Inside a distribution: a plain number of more than 0.
    Exponent,
    /// The path of a key of the file.
    Path,
    /// An array of anything, not empty.
    List,
    /// An array of names for values.
    Labels,
    /// An array of arrays of two axes or more.
    AxisGroups,
    /// An array of tables: values by axis.
    Points,
    /// A table with these keys.
    Parameters(&'static Keys),
}

/// The most nodes that a scenario may have.
pub const MAX_NODES: u64 = 10_000_000;
/// The longest message that `max_message` may allow `[bytes]`: lengths within
/// the engine are of 32 bits.
pub const MAX_MESSAGE: u64 = 2 << 30;
/// The fastest link `[bytes/s]`: beyond a byte per nanosecond by so much that it
/// makes no difference, and what keeps size times 10^9 over it exact.
pub const MAX_BANDWIDTH: u64 = 1 << 40;
/// The fastest clock `[ppm]`: it goes twice as fast as true time. The slowest goes
/// at a millionth of it.
pub const MAX_DRIFT: f64 = 1e6;
/// The most runs per case.
pub const MAX_RUNS: u64 = 1_000_000;
/// The most ticks per second: one per nanosecond.
pub const MAX_RATE: f64 = 1e9;

const fn key(name: &'static str, shape: Shape, docs: &'static str) -> Key {
    Key {
        name,
        shape,
        required: false,
        docs,
    }
}

const fn required(name: &'static str, shape: Shape, docs: &'static str) -> Key {
    Key {
        name,
        shape,
        required: true,
        docs,
    }
}

/// The top of the file.
pub static SCENARIO: Keys = Keys {
    what: "a scenario",
    keys: &[
        key(
            "name",
            Shape::Name,
            "Name of the scenario: results go to `results/NAME`. Default: the file's name without `.toml`.",
        ),
        key(
            "title",
            Shape::Text,
            "One line for people, the heading of the report. Default: the name.",
        ),
        key(
            "description",
            Shape::Text,
            "Paragraphs for people: what the experiment is about and what to look for.",
        ),
        key(
            "notes",
            Shape::Text,
            "A Markdown file of the author's own, put into the report. Relative to the scenario file.",
        ),
        key(
            "runs",
            Shape::Whole(1, MAX_RUNS),
            "Runs per case, each with a seed of its own. Default: 1.",
        ),
        key(
            "duration",
            Shape::Duration,
            "When a run ends at the latest, in simulated time: `\"60s\"`. In virtual time a scenario with clocked nodes needs it.",
        ),
        key(
            "seed",
            Shape::Whole(0, u64::MAX),
            "The root of every random number. Same scenario and seed, same results. Default: 1.",
        ),
        key(
            "time",
            Shape::Word(&["virtual", "real"]),
            "`virtual`: from event to event, as fast as they can be handled. `real`: with the wall clock. Default: `virtual`.",
        ),
        key(
            "speed",
            Shape::Positive,
            "With `time = \"real\"`: simulated seconds per second; 10.0 is ten times faster. Default: 1.",
        ),
        required(
            "nodes",
            Shape::TableOf(&GROUP),
            "The node groups by name. A group with `count = 3` makes NAME-1, NAME-2, NAME-3; without `count`, one node NAME.",
        ),
        key(
            "links",
            Shape::ArrayOf(&LINK),
            "Which nodes are linked and how. None: every node reaches every other at once. A later entry replaces an earlier one for a pair.",
        ),
        key(
            "faults",
            Shape::ArrayOf(&FAULT),
            "What breaks, and when: partitions, crashes, pauses, and links, ticks and clocks that change for a while.",
        ),
        key(
            "expect",
            Shape::ArrayOf(&EXPECT),
            "What the metrics must be. A run that breaks one fails; nothing measured is unknown.",
        ),
        key(
            "check",
            Shape::ArrayOf(&CHECK),
            "Properties that plugins judge from the records of each run.",
        ),
        key(
            "matrix",
            Shape::Parameters(&MATRIX),
            "What is varied: each case of the matrix is run `runs` times.",
        ),
    ],
};

/// `[nodes.NAME]`.
pub static GROUP: Keys = Keys {
    what: "a node group",
    keys: &[
        key(
            "behavior",
            Shape::Behavior,
            "What the nodes do: `PLUGIN.BEHAVIOR`. Required, here or in the group that this one extends, but for nodes that are programs (`external`, `command`).",
        ),
        key(
            "count",
            Shape::Whole(1, MAX_NODES),
            "Number of nodes, named NAME-1, NAME-2 and so on. Default: one node, named NAME.",
        ),
        key(
            "config",
            Shape::Anything,
            "What the behavior is told; checked against the behavior's own schema. `runner plugins PLUGIN.BEHAVIOR` lists the keys.",
        ),
        key(
            "extends",
            Shape::Name,
            "A group whose keys apply here unless they are set here. `config` is merged key by key; timing is taken whole or not at all, and so is what makes the nodes programs (`external`, `framing`, `max_message`, `command`); `rng_id` and `listen` stay with their group.",
        ),
        key(
            "start_at",
            Shape::Delay,
            "When the nodes start, after the beginning of the run. Default: `\"0s\"`.",
        ),
        key(
            "rng_id",
            Shape::Name,
            "Stands for the group's name in random streams, so that a renamed group keeps its draws.",
        ),
        key(
            "tick_rate",
            Shape::Rate,
            "Ticks per second, drawn once per node and run. A clocked node does one step per tick.",
        ),
        key(
            "tick_interval",
            Shape::Span,
            "From tick to tick, drawn once per node and run. In place of `tick_rate`.",
        ),
        key(
            "tick_phase",
            Shape::Span,
            "From the node's start to its first tick. Default: one interval.",
        ),
        key(
            "service_time",
            Shape::Span,
            "Makes the node a server with a queue: each message takes so long, drawn per message.",
        ),
        key(
            "inbox_limit",
            Shape::Whole(1, u32::MAX as u64),
            "The most messages that wait in the inbox; what overflows is dropped and recorded. Default: no limit.",
        ),
        key(
            "offset",
            Shape::Offset,
            "How far the nodes' own clocks are ahead of true time at the beginning: `\"20ms\"`, or behind: `\"-20ms\"`; drawn once per node and run. A clock never shows less than 0. Default: `\"0s\"`.",
        ),
        key(
            "drift",
            Shape::Drift,
            "How much faster the nodes' own clocks go than true time, in parts per million; slower if negative; drawn once per node and run. Default: 0.",
        ),
        key(
            "listen",
            Shape::ArrayOf(&LISTEN),
            "In real time: where the nodes listen, so that other programs reach them. Stays with its group when another extends it; virtual time passes it over.",
        ),
        key(
            "external",
            Shape::Endpoint,
            "In real time, in place of `behavior`: the node is a program that somebody else wrote, reached at `tcp://ADDRESS:PORT` or `udp://ADDRESS:PORT`.",
        ),
        key(
            "framing",
            Shape::Framing,
            "With `external = \"tcp://...\"`: how messages are told apart in the stream.",
        ),
        key(
            "max_message",
            Shape::MessageSize,
            "With `external`: the longest message that is taken from the program. Default: `\"16MiB\"`.",
        ),
        key(
            "command",
            Shape::Command,
            "In real time, in place of `behavior`: the runner starts this program for each node, and ends it with the run. With `external`: the program that is reached there.",
        ),
    ],
};

/// One `[[nodes.NAME.listen]]` entry.
pub static LISTEN: Keys = Keys {
    what: "a listen entry",
    keys: &[
        key(
            "tcp",
            Shape::Address,
            "The address at which connections are taken: `\"127.0.0.1:15000\"`, `\"[::1]:15000\"`. Port 0 takes a free one, which is printed.",
        ),
        key(
            "udp",
            Shape::Address,
            "The address at which datagrams are taken, each one message. In place of `tcp`.",
        ),
        key(
            "stdin",
            Shape::Word(&["lines", "keys"]),
            "In place of `tcp` and `udp`: the runner's standard input is a peer. `lines`: each line is a message. `keys`: on a terminal each key is one, without Enter; elsewhere each line.",
        ),
        key(
            "framing",
            Shape::Framing,
            "With `tcp`, and required there: how messages are told apart in the stream.",
        ),
        key(
            "max_peers",
            Shape::Whole(1, u32::MAX as u64),
            "The most peers at once; 1 serves one client after the other. Default: no limit.",
        ),
        key(
            "max_message",
            Shape::MessageSize,
            "The longest message that is taken: a size (`\"64KiB\"`), or a number of bytes. Default: `\"16MiB\"`.",
        ),
    ],
};

/// One `[[links]]` entry.
pub static LINK: Keys = Keys {
    what: "a link",
    keys: &[
        key(
            "between",
            Shape::Selectors,
            "Two groups, node names or globs (`*`, `?`): linked in both directions.",
        ),
        key(
            "from",
            Shape::Selector,
            "A group, node name or glob (`*`, `?`): where messages come from. With `to`, in place of `between`.",
        ),
        key(
            "to",
            Shape::Selector,
            "A group, node name or glob (`*`, `?`): where messages go to.",
        ),
        key(
            "latency",
            Shape::Span,
            "How long a message takes, drawn per message. Default: no time.",
        ),
        key(
            "loss",
            Shape::Probability,
            "The probability that a message is lost, 0 to 1. Default: 0.",
        ),
        key(
            "duplicate",
            Shape::Probability,
            "The probability that a message arrives twice, 0 to 1; the copy takes a latency of its own. Default: 0.",
        ),
        key(
            "corrupt",
            Shape::Probability,
            "The probability that one byte of a message arrives changed, 0 to 1. Default: 0.",
        ),
        key(
            "bandwidth",
            Shape::Bandwidth,
            "Bytes per second in each direction of each linked pair: a size (`\"1MiB\"`, `\"1MiB/s\"`), or a number. Messages go one after another, each as long as its size says, before their latency. Default: no limit.",
        ),
        key(
            "queue_limit",
            Shape::Whole(0, u32::MAX as u64),
            "With `bandwidth`: the most messages that wait for the link, not counting the one on it; what overflows is dropped and recorded. Default: no limit.",
        ),
        key(
            "order",
            Shape::Word(&["fifo", "any"]),
            "`fifo`: no message overtakes another. `any`: each arrives after its own latency. Default: `fifo`.",
        ),
        key(
            "transport",
            Shape::Word(&["tcp", "udp", "channel"]),
            "In real time: what carries the messages; `channel` stays within the process. Virtual time passes it over. Default: `tcp`.",
        ),
    ],
};

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

impl Keys {
    /// The key with this name.
    pub fn get(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}
