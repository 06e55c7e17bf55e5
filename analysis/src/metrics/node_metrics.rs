//! The metrics of one node in one run.

use std::sync::Arc;

use super::requests;
use super::samples::Samples;
use super::value::Value;

/// The metrics of one node in one run, in the order of the tables.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeMetrics {
    /// An index into [`RunSchema::nodes`](crate::log::RunSchema::nodes).
    pub node: u32,
    pub(super) names: Arc<[String]>,
    pub(super) values: Vec<Option<Value>>,
    /// The samples behind the percentiles.
    pub(super) samples: Samples,
}

impl NodeMetrics {
    /// The samples behind the percentiles of this node.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Forgets metrics that the rows do not tell: of a log that has no length of the
    /// inbox, for example. A name with `_` at its end is all that begin with it.
    pub(crate) fn forget(&mut self, unknown: &[&str]) {
        let is_unknown = |name: &String| {
            let mut all = unknown.iter();
            all.any(|it| *it == name || it.ends_with('_') && name.starts_with(it))
        };
        for (name, value) in self.names.iter().zip(&mut self.values) {
            if is_unknown(name) {
                *value = None;
            }
        }
    }

    /// Each metric of this node, with its value; `None` if nothing was measured.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<Value>)> {
        let names = self.names.iter().map(String::as_str);
        names.zip(self.values.iter().copied())
    }

    /// The value of a metric; `None` if the node has no such metric, or nothing was
    /// measured.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.iter()
            .find_map(|(own, value)| (own == name).then_some(value)?)
    }
}

impl NodeMetrics {
    /// Keeps only what is so at the end of a run, whatever part of it is measured: requests
    /// without a reply and the like.
    pub(super) fn only_ends(&mut self) {
        for (name, value) in self.names.iter().zip(&mut self.values) {
            let mut ends = requests::DEFINITIONS.iter();
            if !ends.any(|definition| definition.name == name) {
                *value = None;
            }
        }
        self.samples = Samples::default();
    }
}

/// Keeps only the lost messages: the steps of an external program are not recorded,
/// and zeros would mean that it did nothing.
pub(super) fn only_losses(names: &[String], values: &mut [Option<Value>]) {
    for (name, value) in names.iter().zip(values) {
        if name != "dropped" || *value == Some(Value::Unsigned(0)) {
            *value = None;
        }
    }
}
