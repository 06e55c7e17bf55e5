//! The metrics of one node in one run.

use std::sync::Arc;

use super::packed::PackedValues;
use super::requests;
use super::samples::Samples;
use super::value::Value;

/// The metrics of one node in one run, in the order of the tables.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeMetrics {
    /// An index into [`RunSchema::nodes`](crate::log::RunSchema::nodes).
    pub node: u32,
    pub(super) names: Arc<[String]>,
    pub(super) values: PackedValues,
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
        self.clear(is_unknown);
    }

    /// Each metric of this node, with its value; `None` if nothing was measured.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<Value>)> {
        let names = self.names.iter().map(String::as_str);
        names.zip(self.values.iter())
    }

    /// The value of a metric; `None` if the node has no such metric, or nothing was
    /// measured.
    pub fn get(&self, name: &str) -> Option<Value> {
        // Values are unpacked only if there is such a metric.
        let place = self.names.iter().position(|own| own == name)?;
        self.values.iter().nth(place)?
    }
}

impl NodeMetrics {
    /// Keeps only what is so at the end of a run, whatever part of it is measured: requests
    /// without a reply and the like.
    pub(super) fn only_ends(&mut self) {
        self.clear(|name| {
            let mut ends = requests::DEFINITIONS.iter();
            !ends.any(|definition| definition.name == name)
        });
        self.samples = Samples::default();
    }

    /// Removes the values of metrics.
    fn clear(&mut self, is_gone: impl Fn(&String) -> bool) {
        self.values.change(|values| {
            for (name, value) in self.names.iter().zip(values) {
                if is_gone(name) {
                    *value = None;
                }
            }
        });
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
