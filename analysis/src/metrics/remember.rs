//! The metrics of a run as text, and back: for the journal of a plan that is resumed,
//! and for a run that another process executed.

use std::sync::Arc;

use super::{NodeMetrics, Samples, Shape, Value};
use crate::log::RunSchema;

/// The metrics of a run as text: a line for each node with its values in the order of
/// the tables, each to the last digit, then `;` and the node's samples. The text has no
/// names; [`Remembered`] adds them.
pub fn remember(metrics: &[NodeMetrics]) -> Vec<String> {
    let line = |node: &NodeMetrics| {
        let exact = |value: &Option<Value>| value.map_or_else(|| "_".to_owned(), Value::exact);
        let values: Vec<String> = node.values.iter().map(exact).collect();
        let samples = node.samples.text();
        let end = if samples.is_empty() { "" } else { ";" };
        format!("{}{end}{samples}", values.join(" "))
    };
    metrics.iter().map(line).collect()
}

/// Reads what [`remember`] wrote, for runs of one schema.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// By node.
    names: Vec<Arc<[String]>>,
    /// By node, the number of metrics that older versions did not write: the last ones.
    newer: Vec<usize>,
}

impl Remembered {
    /// For runs of these nodes.
    pub fn new(schema: &RunSchema) -> Remembered {
        let mut shapes: Vec<Shape> = Vec::new();
        let mut names = Vec::with_capacity(schema.nodes.len());
        let mut newer = Vec::with_capacity(schema.nodes.len());
        for node in &schema.nodes {
            let shape = Shape::place(&mut shapes, node);
            names.push(shapes[shape].names.clone());
            newer.push(node.events.len());
        }
        Remembered { names, newer }
    }

    /// The metrics of a run; `None` if these are not the lines of such a run.
    pub fn read(&self, lines: &[String]) -> Option<Vec<NodeMetrics>> {
        if lines.is_empty() {
            return Some(Vec::new());
        }
        if lines.len() != self.names.len() {
            return None;
        }
        let node = |(index, (line, names)): (usize, (&String, &Arc<[String]>))| {
            let value = |text: &str| match text {
                "_" => Some(None),
                text => Value::from_exact(text).map(Some),
            };
            let (values, samples) = line.split_once(';').unwrap_or((line, ""));
            let mut values: Vec<_> = values.split(' ').map(value).collect::<Option<_>>()?;
            if values.len() + self.newer[index] == names.len() {
                values.resize(names.len(), None);
            }
            (values.len() == names.len()).then(|| NodeMetrics {
                node: index as u32,
                names: names.clone(),
                values,
                samples: Samples::from_text(samples),
            })
        };
        lines
            .iter()
            .zip(&self.names)
            .enumerate()
            .map(node)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{ColumnKind, ColumnSchema, NodeSchema};
    use crate::metrics::RunMetrics;

    fn schema() -> RunSchema {
        let node = |name: &str, columns: Vec<ColumnSchema>| NodeSchema {
            name: name.to_owned(),
            columns: columns.into(),
            events: Default::default(),
            program: false,
            driving: Default::default(),
        };
        let clock = ColumnSchema {
            name: "clock".to_owned(),
            kind: ColumnKind::U64,
            docs: String::new(),
        };
        RunSchema {
            nodes: vec![node("a", vec![clock]), node("b", vec![])],
            external_peers: vec![],
        }
    }

    #[test]
    fn what_was_measured_comes_back_the_same() {
        let schema = schema();
        let metrics = RunMetrics::new(&schema).finish(3_000_000_000);
        let lines = remember(&metrics);
        assert!(lines.iter().all(|line| !line.contains(['\n', '"'])));
        let reader = Remembered::new(&schema);
        assert_eq!(reader.read(&lines), Some(metrics));
        assert_eq!(reader.read(&[]), Some(Vec::new()));
    }

    #[test]
    fn lines_of_another_run_are_refused() {
        let schema = schema();
        let lines = remember(&RunMetrics::new(&schema).finish(0));
        let reader = Remembered::new(&schema);
        assert_eq!(reader.read(&lines[..1]), None);
        let swapped = [lines[1].clone(), lines[0].clone()];
        assert_eq!(reader.read(&swapped), None);
        assert_eq!(reader.read(&[lines[0].clone(), "x".to_owned()]), None);
    }
}
