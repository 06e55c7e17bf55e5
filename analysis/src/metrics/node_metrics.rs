//! The metrics of one node in one run.

use std::sync::Arc;

use super::requests;
use super::samples::Samples;
use super::value::Value;

/// The metrics of one node in one run, in the order of the tables.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeMetrics {
    /// An index into [`RunSchema::nodes`].
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
