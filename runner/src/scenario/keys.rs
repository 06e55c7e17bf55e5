//! The keys of a scenario file. Each key is declared here once: its name, what its
//! value looks like, and its text for people.
//!
//! The reader, the JSON Schema and the reference in `scenarios/README.md` follow
//! from these tables. The reader refuses every other key. In debug builds it also
//! asserts that it has read each key of a table.

mod distribution;
mod fault;
mod group;
mod judge;
mod link;
mod matrix;
mod scenario;
mod until;

pub use distribution::DISTRIBUTION;
pub use fault::{DRIFT_FAULT, FAULT, TICK_RATE_FAULT};
pub use group::{GROUP, LISTEN};
pub use judge::{CHECK, EXPECT, PROPERTY};
pub use link::{GILBERT_ELLIOTT, LINK, LOSS, LinkKeys, read_settings};
pub use matrix::{AXIS, MATRIX};
pub use scenario::{RNG_ID, SCENARIO};
pub use until::UNTIL;

/// The keys of a table.
#[derive(Debug)]
pub struct Keys {
    /// The name of the table in messages: `a node group`.
    pub what: &'static str,
    /// The keys, in the order of the documentation.
    pub keys: &'static [Key],
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// Whether the table must have it.
    pub required: bool,
    /// What it means, for editors and for the reference.
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
    /// A number above 0.
    Positive,
    /// A number from 0 to 1.
    Probability,
    /// A number from 0 to 1, or a table of [`LOSS`].
    Loss,
    /// A share of a mean, a number, or a duration.
    HalfWidth,
    /// A number from 0.5 to 0.999.
    Confidence,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A duration above 0.
    Duration,
    /// A duration above 0, or `auto`.
    Warmup,
    /// A duration of 0 or more.
    Delay,
    /// A duration or a distribution of durations.
    Span,
    /// A number per second, or a distribution of them.
    Rate,
    /// A duration that may be negative, or a distribution of them.
    Offset,
    /// Parts per million, or a distribution of them.
    Drift,
    /// A size in bytes, from 1 byte to [`MAX_MESSAGE`].
    MessageSize,
    /// A size in bytes, from 1 byte to [`MAX_LOG`].
    LogSize,
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
    /// A table that a plugin reads.
    Anything,
    /// An expression about records: `queue <= 50`.
    Expression,
    /// Two expressions about records.
    Expressions,
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
    /// Inside a distribution: a number or duration above 0.
    Scale,
    /// Inside a distribution: a plain number of 0 or more.
    Sigma,
    /// Inside a distribution: a plain number above 0.
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

/// Maximum number of nodes of a scenario.
pub const MAX_NODES: u64 = 10_000_000;
/// Maximum value of `max_message` `[bytes]`: the engine has lengths of 32 bits.
pub const MAX_MESSAGE: u64 = 2 << 30;
/// Maximum value of `max_log` `[bytes]`: more than any disk has.
pub const MAX_LOG: u64 = 1 << 60;
/// Default of `max_log` `[bytes]`, 4 GiB: about 80 million rows.
pub const DEFAULT_MAX_LOG: u64 = 4 << 30;
/// Maximum value of `max_events_at_once`: the engine counts up to 2^22.
pub const MAX_CHAIN: u64 = 4_000_000;
/// Maximum bandwidth `[bytes/s]`: about 1000 bytes per nanosecond. Up to this value,
/// size times 10^9 divided by the bandwidth is computed exactly.
pub const MAX_BANDWIDTH: u64 = 1 << 40;
/// Maximum drift `[ppm]`: the clock goes twice as fast as true time. The drift is
/// also above -`MAX_DRIFT`, at which the clock would stop.
pub const MAX_DRIFT: f64 = 1e6;
/// Maximum number of runs per case.
pub const MAX_RUNS: u64 = 1_000_000;

/// The least value of `max_buffered` `[bytes]`. Arbitrary: with less, a few honest clients
/// could not be served.
pub const MIN_BUFFERED: u64 = 1 << 20;
/// Maximum tick rate `[1/s]`: one tick per nanosecond.
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

impl Keys {
    /// The key with this name.
    pub fn get(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}
