//! The metrics of a run as text, and back: for the journal of a plan that is resumed,
//! and for a run that another process executed.

use std::sync::Arc;

use super::packed::PackedValues;
use super::{NodeMetrics, Samples, Shape, Value};
use crate::log::RunSchema;

/// Appends the metrics of a node as text: its values in the order of the tables, each to the last
/// digit, and `*COUNT` behind one that as many metrics in a row have; then `;` and the
/// node's samples. The text has no names; [`Remembered`] adds them.
pub fn push_line(node: &NodeMetrics, line: &mut String) {
    let samples = node.samples.text();
    let mut values = node.values.iter();
    let mut next = values.next();
    while let Some(value) = next {
        match value {
            Some(value) => value.push_exact(line),
            None => line.push('_'),
        }
        let mut equal = 1_usize;
        next = values.next();
        while next.is_some_and(|next| is_same(&next, &value)) {
            equal += 1;
            next = values.next();
        }
        if equal > 1 {
            line.push('*');
            line.push_str(itoa::Buffer::new().format(equal));
        }
        if next.is_some() {
            line.push(' ');
        }
    }
    if !samples.is_empty() {
        line.push(';');
        line.push_str(samples);
    }
}

/// Whether two values have the same text: 0 and -0 are equal, and do not.
fn is_same(one: &Option<Value>, other: &Option<Value>) -> bool {
    match (one, other) {
        (Some(Value::Real(one)), Some(Value::Real(other))) => one.to_bits() == other.to_bits(),
        _ => one == other,
    }
}

/// Reads what [`push_line`] wrote, for runs of one schema.
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
            let (words, samples) = line.split_once(';').unwrap_or((line, ""));
            let mut values = Vec::with_capacity(names.len());
            for word in words.split(' ') {
                let (text, count) = word.split_once('*').unwrap_or((word, "1"));
                let count: usize = count.parse().ok()?;
                if count == 0 || count > names.len() - values.len() {
                    return None;
                }
                values.resize(values.len() + count, value(text)?);
            }
            if values.len() + self.newer[index] == names.len() {
                values.resize(names.len(), None);
            }
            (values.len() == names.len()).then(|| NodeMetrics {
                node: index as u32,
                names: names.clone(),
                values: PackedValues::of(&values, &mut Vec::new()),
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

    fn line_of(node: &NodeMetrics) -> String {
        let mut line = String::new();
        push_line(node, &mut line);
        line
    }

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
        let lines: Vec<String> = metrics.iter().map(line_of).collect();
        assert!(lines.iter().all(|line| !line.contains(['\n', '"'])));
        let reader = Remembered::new(&schema);
        assert_eq!(reader.read(&lines), Some(metrics));
        assert_eq!(reader.read(&[]), Some(Vec::new()));
    }

    #[test]
    fn lines_of_another_run_are_refused() {
        let schema = schema();
        let metrics = RunMetrics::new(&schema).finish(0);
        let lines: Vec<String> = metrics.iter().map(line_of).collect();
        let reader = Remembered::new(&schema);
        assert_eq!(reader.read(&lines[..1]), None);
        let swapped = [lines[1].clone(), lines[0].clone()];
        assert_eq!(reader.read(&swapped), None);
        assert_eq!(reader.read(&[lines[0].clone(), "x".to_owned()]), None);
        for wrong in ["_*0", "_*1000", "_*", "*3", "1*x", "_ *2"] {
            assert_eq!(reader.read(&[lines[0].clone(), wrong.to_owned()]), None);
        }
    }

    #[test]
    fn equal_values_in_a_row_are_counted_and_each_may_stand_alone() {
        let schema = schema();
        let mut metrics = RunMetrics::new(&schema).finish(3_000_000_000);
        for node in &mut metrics {
            node.values.change(|values| {
                let last = values.len() - 1;
                values.fill(Some(Value::Unsigned(7)));
                values[1] = None;
                values[last] = Some(Value::Real(0.5));
            });
        }
        let count = metrics[1].names.len();
        let lines: Vec<String> = metrics.iter().map(line_of).collect();
        assert_eq!(lines[1], format!("7 _ 7*{} 0.5", count - 3));
        let zeros = [0.0, -0.0].map(|zero| Some(Value::Real(zero)));
        assert!(zeros[0] == zeros[1] && !is_same(&zeros[0], &zeros[1]));
        let reader = Remembered::new(&schema);
        assert_eq!(reader.read(&lines).as_ref(), Some(&metrics));
        let alone = format!("7 _ {}0.5", "7 ".repeat(count - 3));
        assert_eq!(reader.read(&[lines[0].clone(), alone]), Some(metrics));
    }
}
