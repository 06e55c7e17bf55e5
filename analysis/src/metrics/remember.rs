//! The metrics of a run as text, and back: for the journal of a plan that is resumed,
//! and for a run that another process executed.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use super::packed::PackedValues;
use super::{NodeMetrics, Samples, Shape, Value};
use crate::log::RunSchema;

/// Appends the metrics of a node as text: `=` and its values in the order of the tables, packed,
/// in base64; then `;` and the node's samples. The text has no names; [`Remembered`] adds them.
pub fn push_line(node: &NodeMetrics, line: &mut String) {
    line.push(PACKED);
    BASE64_STANDARD_NO_PAD.encode_string(node.values.as_bytes(), line);
    let samples = node.samples.text();
    if !samples.is_empty() {
        line.push(';');
        line.push_str(samples);
    }
}

/// Packed values begin with this. Older versions wrote words: each value to the last digit, `_`
/// for none, and `*COUNT` behind one that as many metrics in a row have.
const PACKED: char = '=';

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
            let (values, samples) = line.split_once(';').unwrap_or((line, ""));
            let (mut values, count) = match values.strip_prefix(PACKED) {
                Some(packed) => {
                    PackedValues::from_bytes(&BASE64_STANDARD_NO_PAD.decode(packed).ok()?)?
                }
                None => read_words(values, names.len())?,
            };
            if count + self.newer[index] == names.len() {
                values.extend(self.newer[index]);
            } else if count != names.len() {
                return None;
            }
            Some(NodeMetrics {
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

/// At most so many values in words, and their number.
fn read_words(words: &str, most: usize) -> Option<(PackedValues, usize)> {
    let mut values = Vec::with_capacity(most);
    for word in words.split(' ') {
        let (text, count) = word.split_once('*').unwrap_or((word, "1"));
        let count: usize = count.parse().ok()?;
        if count == 0 || count > most - values.len() {
            return None;
        }
        let value = match text {
            "_" => None,
            text => Some(Value::from_exact(text)?),
        };
        values.resize(values.len() + count, value);
    }
    Some((PackedValues::of(&values, &mut Vec::new()), values.len()))
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
        for wrong in [
            "_*0", "_*1000", "_*", "*3", "1*x", "_ *2", "=", "=g", "=gIA?",
        ] {
            assert_eq!(reader.read(&[lines[0].clone(), wrong.to_owned()]), None);
        }
    }

    #[test]
    fn words_of_older_versions_are_read() {
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
        let counts = metrics.iter().map(|node| node.names.len());
        let counted = counts.clone().map(|it| format!("7 _ 7*{} 0.5", it - 3));
        let alone = counts.map(|it| format!("7 _ {}0.5", "7 ".repeat(it - 3)));
        let reader = Remembered::new(&schema);
        for lines in [counted.collect::<Vec<_>>(), alone.collect()] {
            assert_eq!(reader.read(&lines).as_ref(), Some(&metrics));
        }
    }
}
