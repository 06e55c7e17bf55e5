//! A scenario after resolution: names are indices, text is values, defaults are
//! filled in. What a run and its results are made from.

use std::ops::Range;

use analysis::expect::Expectation;
use base::time::SimDuration;
pub use model::{
    BehaviorName, External, Fault, FaultKind, Group, Link, LinkChange, LinkRule, LinkSettings,
    LinkTransport, Listen, LocalClock, NodeRanges, Order, Program, StandardInput, TickRule, Timing,
    Transport,
};

/// One scenario, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name; results go to `results/NAME`.
    pub name: String,
    /// A line for people; the name where the file has none.
    pub title: String,
    /// Paragraphs for people; may be empty.
    pub description: String,
    /// Runs per case, at least 1.
    pub runs: u32,
    /// When a run ends at the latest.
    pub duration: Option<SimDuration>,
    /// The root of every random stream.
    pub seed: u64,
    /// How time passes.
    pub time: TimeMode,
    /// The node groups, in the order of the file. A node's index counts through
    /// them: the nodes of a group are contiguous.
    pub groups: Vec<Group>,
    /// The link rules in the order of the file; empty: every node reaches every
    /// other over an ideal link.
    pub links: Vec<LinkRule>,
    /// What breaks, in the order of the file.
    pub faults: Vec<Fault>,
    /// Properties that plugins judge, in the order of the file.
    pub checks: Vec<CheckRule>,
    /// What the metrics must be, in the order of the file.
    pub expectations: Vec<ExpectRule>,
}

/// One `[[check]]` entry.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRule {
    /// `PLUGIN.CHECK`.
    pub name: BehaviorName,
    /// Its config, as TOML text of one table, for the plugin.
    pub config: String,
}

/// One `[[expect]]` entry.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectRule {
    /// What is expected.
    pub expectation: Expectation,
    /// Of which nodes: indices, sorted, disjoint, not empty; none: of all that
    /// have the metric.
    pub nodes: Option<Vec<Range<u32>>>,
}

/// How time passes in a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TimeMode {
    /// From event to event, as fast as they can be handled.
    Virtual,
    /// With the wall clock, `speed` times as fast.
    Real {
        /// Simulated seconds per second.
        speed: f64,
    },
}
