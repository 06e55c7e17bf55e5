//! The parts of a case that the plugins check: configs, names of checks and metrics.
//!
//! A part is here as far as it is known, whatever else is wrong in the file. So a wrong
//! rate does not hide a mistake in a config, nor a wrong link one in an expectation.

use std::ops::Range;

use analysis::log::Driving;
use analysis::properties::expression::Expression;

use super::resolved::{BehaviorName, NodeRanges, PropertyPart};

/// The parts of a case. Their order is that of the file, and that of the places in
/// [`Origins`](super::Origins).
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// All groups.
    pub groups: Vec<GroupPart>,
    /// The checks whose names are known.
    pub checks: Vec<CheckPart>,
    /// The expectations whose metrics are known.
    pub metrics: Vec<MetricPart>,
    /// All properties.
    pub properties: Vec<PropertyExpressions>,
}

/// What a plugin needs to know of a group.
#[derive(Clone, Debug)]
pub struct GroupPart {
    /// Its name.
    pub name: String,
    /// Whether its nodes are NAME-1, NAME-2, and so on.
    pub numbered: bool,
    /// What its nodes are.
    pub kind: NodeKind,
    /// The config; `None` if it is wrong.
    pub config: Option<ConfigPart>,
    /// What makes its nodes handle a message.
    pub driving: Driving,
    /// Whether its nodes tick.
    pub ticks: bool,
    /// The indices of its nodes.
    pub nodes: Range<u32>,
}

/// What the nodes of a group are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Nodes with this behavior.
    Behavior(BehaviorName),
    /// A program.
    Program,
    /// A program that speaks a protocol: its nodes have logs, without columns of their own.
    Speaker,
    /// That is wrong, or missing, which has been reported.
    Unknown,
}

/// The config of a group or a check.
#[derive(Clone, Debug)]
pub struct ConfigPart {
    /// TOML text of one table.
    pub text: String,
    /// Whether keys may be missing because of another mistake. Then only mistakes in
    /// the keys that are there are reported.
    pub may_lack_keys: bool,
}

/// A check.
#[derive(Clone, Debug)]
pub struct CheckPart {
    /// `PLUGIN.CHECK`.
    pub name: BehaviorName,
    /// The config; `None` if it is wrong.
    pub config: Option<ConfigPart>,
}

/// The metric of an expectation.
#[derive(Clone, Debug)]
pub struct MetricPart {
    /// Its name.
    pub metric: String,
    /// The nodes, as written and as indices; `None`: all nodes, also where they are wrong.
    pub nodes: Option<(String, NodeRanges)>,
}

/// What the columns of the nodes decide of a property.
#[derive(Clone, Debug)]
pub struct PropertyExpressions {
    /// The property; `None` if anything in it is wrong.
    pub whole: Option<PropertyPart>,
    /// Its expressions that can be read, in the order of their places.
    pub expressions: Vec<Expression>,
    /// The nodes; `None`: all nodes, also where they are wrong.
    pub nodes: Option<NodeRanges>,
    /// Whether it is about all nodes together; `None` if that is wrong.
    pub global: Option<bool>,
}
