//! A resolved scenario: names are indices, text is values, defaults are filled in.
//! Runs and results are made from it.

use analysis::expect::{Expectation, Until};
use analysis::metrics::{Warmup, Window};
use analysis::properties::PropertyRule;
use base::time::SimDuration;
pub use model::{
    BehaviorName, ExitRule, External, Fault, FaultKind, Group, Held, Link, LinkChange, LinkRule,
    LinkSettings, LinkTransport, Listen, LocalClock, Loss, NodeRanges, Order, Program, Protocol,
    StandardInput, StandardStreams, TickRule, Timing, Transport,
};

/// One scenario, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Name of the scenario. Results are written to `results/NAME`.
    pub name: String,
    /// One line for people. Default: the name.
    pub title: String,
    /// Text for people; may be empty.
    pub description: String,
    /// Number of runs per case, at least 1.
    pub runs: u32,
    /// When a run ends at the latest `[ns]`. `None`: when no event is left.
    pub duration: Option<SimDuration>,
    /// What the metrics leave out at the beginning of each run.
    pub warmup: Warmup,
    /// Whether a run stands for a system that goes on without end.
    pub steady: bool,
    /// The seed of all random streams.
    pub seed: u64,
    /// Which run's random numbers are drawn.
    pub rng_id: RngId,
    /// How time passes.
    pub time: TimeMode,
    /// Memory that connections to clients and programs may hold together, in real time
    /// `[bytes]`.
    pub max_buffered: u64,
    /// The longest chain of causes within one instant, 1 to 4 * 10^6. `None`: the default of
    /// the engine.
    pub max_events_at_once: Option<u32>,
    /// Maximum size of the logs of a run, with what nodes print `[bytes]`.
    pub max_log: u64,
    /// The node groups, in the order of the file. Nodes are numbered through all
    /// groups, so the indices of a group's nodes are contiguous.
    pub groups: Vec<Group>,
    /// The link rules, in the order of the file. Empty: every node reaches every
    /// other node over an ideal link.
    pub links: Vec<LinkRule>,
    /// The faults, in the order of the file.
    pub faults: Vec<Fault>,
    /// The checks, in the order of the file.
    pub checks: Vec<CheckRule>,
    /// The expectations, in the order of the file.
    pub expectations: Vec<ExpectRule>,
    /// The properties, in the order of the file.
    pub properties: Vec<PropertyPart>,
}

impl Scenario {
    /// The part of each run that is measured; none if it is all of it.
    pub fn window(&self) -> Option<Window> {
        let named = self.expectations.iter();
        let named = named.map(|rule| (rule.expectation.metric.clone(), rule.nodes.clone()));
        let window = Window {
            warmup: self.warmup,
            steady: self.steady,
            end_ns: self.duration.map(|duration| duration.0),
            named: named.collect(),
        };
        (!window.is_whole()).then_some(window)
    }
}

/// One `[[check]]` entry.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRule {
    /// `PLUGIN.CHECK`.
    pub name: BehaviorName,
    /// Config of the check: TOML text of one table. The plugin reads it.
    pub config: String,
}

/// One `[[expect]]` entry.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectRule {
    /// The expectation.
    pub expectation: Expectation,
    /// The nodes whose metric is compared. `None`: all nodes that have the metric.
    pub nodes: Option<NodeRanges>,
}

/// `[until]` among the expectations of a scenario, if there is one.
pub fn until(expectations: &[ExpectRule]) -> Option<Until> {
    expectations
        .iter()
        .find_map(|rule| rule.expectation.until())
}

/// One `[[property]]` entry.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyPart {
    /// The property.
    pub rule: PropertyRule,
    /// The nodes that are selected. `None`: all that have the columns.
    pub nodes: Option<NodeRanges>,
}

/// Which random numbers a scenario draws, instead of those of its own runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RngId {
    /// The name of the case in random streams. `None`: its id.
    pub case: Option<String>,
    /// The number within the case that the first run has in random streams, from 1.
    pub run: u32,
}

impl Default for RngId {
    fn default() -> RngId {
        RngId { case: None, run: 1 }
    }
}

/// How time passes in a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TimeMode {
    /// From event to event, as fast as the machine can.
    Virtual,
    /// By the wall clock, `speed` times as fast.
    Real {
        /// Simulated seconds per second of the wall clock.
        speed: f64,
    },
}
