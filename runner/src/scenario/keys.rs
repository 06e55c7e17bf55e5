//! Every key of a scenario file: the one table from which the reader knows what
//! it may meet and the JSON Schema says what may be written.
//!
//! A key stands here once, with its shape and the words that an editor shows.
//! The reader refuses what is not here, and asserts in debug builds that it has
//! asked for everything that is.

mod distribution;
mod fault;
mod group;
mod judge;
mod link;
mod matrix;
mod scenario;

pub use distribution::DISTRIBUTION;
pub use fault::{DRIFT_FAULT, FAULT, TICK_RATE_FAULT};
pub use group::{GROUP, LISTEN};
pub use judge::{CHECK, EXPECT};
pub use link::{LINK, LinkKeys, read_settings};
pub use matrix::{AXIS, MATRIX};
pub use scenario::SCENARIO;

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

impl Keys {
    /// The key with this name.
    pub fn get(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}
