//! The latest values of all nodes: for `count`, `any`, `all`, `sum`, `min` and `max`.

use crate::evaluate::{Failure, Stop, Why};
use crate::memory::Witness;
use crate::syntax::{Aggregate, Span};
use crate::tournament::{Figure, Tournament};
use crate::value::Value;

/// The latest values of all nodes for one aggregate.
#[derive(Clone, Debug)]
pub enum Over {
    Truths(Truths),
    Figures(Tournament),
}

#[derive(Clone, Debug)]
pub struct Truths {
    aggregate: Aggregate,
    of_nodes: Vec<Option<Result<bool, Failure>>>,
    true_count: usize,
    false_count: usize,
    failed_count: usize,
    /// The last failure.
    failure: Option<Failure>,
}

impl Over {
    /// Before the first value, for this number of nodes. `span` is the place of failures.
    pub fn new(aggregate: Aggregate, span: Span, nodes: usize) -> Over {
        match aggregate {
            Aggregate::Count | Aggregate::Any | Aggregate::All => Over::Truths(Truths {
                aggregate,
                of_nodes: vec![None; nodes],
                true_count: 0,
                false_count: 0,
                failed_count: 0,
                failure: None,
            }),
            Aggregate::Sum | Aggregate::Min | Aggregate::Max => {
                Over::Figures(Tournament::new(aggregate, span, nodes))
            }
        }
    }

    /// The value over all nodes.
    pub fn value(&self) -> Result<Value, Stop> {
        match self {
            Over::Truths(truths) => truths.value(),
            Over::Figures(figures) => match figures.result() {
                Figure::None => Err(Stop::Absent),
                Figure::Whole(number) => Ok(Value::whole(number)),
                Figure::Real(number) => Ok(Value::Real(number)),
                Figure::Failed(failure) => Err(Stop::Fails(failure)),
            },
        }
    }

    /// Sets the value of a node.
    pub fn set(&mut self, node: u32, value: Value, span: Span) {
        match self {
            Over::Truths(truths) => match value {
                Value::Truth(truth) => truths.set(node, Some(Ok(truth))),
                Value::Failed(failure) => truths.set(node, Some(Err(failure))),
                _ => {}
            },
            Over::Figures(figures) => {
                let figure = match value {
                    Value::Whole(number) => Figure::Whole(number.into()),
                    Value::Wide(_) => match value.as_whole() {
                        Some(number) => Figure::Whole(number),
                        None => return,
                    },
                    Value::Real(number) if !number.is_nan() => Figure::Real(number),
                    Value::Real(_) => Figure::Failed(Failure {
                        why: Why::NotANumber,
                        span,
                    }),
                    Value::Failed(failure) => Figure::Failed(failure),
                    Value::Truth(_) | Value::Text(_) => return,
                };
                figures.set(node, figure);
            }
        }
    }

    /// Forgets the value of a node.
    pub fn clear(&mut self, node: u32) {
        match self {
            Over::Truths(truths) => truths.set(node, None),
            Over::Figures(figures) => figures.set(node, Figure::None),
        }
    }

    /// Adds the nodes whose values are the reason for the value over all nodes.
    pub fn witnesses(&self, text: &str, witnesses: &mut Vec<Witness>) {
        match self {
            Over::Truths(truths) => {
                // What makes `all` false are the nodes for which it is not so.
                let wanted = truths.aggregate != Aggregate::All;
                let nodes = (0..).zip(&truths.of_nodes);
                let counted = nodes.filter(|(_, truth)| **truth == Some(Ok(wanted)));
                let note = match wanted {
                    true => format!("counts in `{text}`"),
                    false => format!("not so in `{text}`"),
                };
                witnesses.extend(counted.map(|(node, _)| Witness {
                    node,
                    note: note.clone(),
                }));
            }
            Over::Figures(figures) => {
                witnesses.extend(figures.witnesses().map(|(node, _)| Witness {
                    node,
                    note: format!("part of `{text}`"),
                }));
            }
        }
    }
}

impl Truths {
    fn value(&self) -> Result<Value, Stop> {
        if self.failed_count > 0
            && let Some(failure) = self.failure
        {
            return Err(Stop::Fails(failure));
        }
        if self.true_count + self.false_count == 0 {
            return Err(Stop::Absent);
        }
        Ok(match self.aggregate {
            Aggregate::Any => Value::Truth(self.true_count > 0),
            Aggregate::All => Value::Truth(self.false_count == 0),
            _ => Value::Whole(self.true_count as i64),
        })
    }

    fn set(&mut self, node: u32, truth: Option<Result<bool, Failure>>) {
        let before = std::mem::replace(&mut self.of_nodes[node as usize], truth);
        if before == truth {
            return;
        }
        if let Some(count) = before.map(|it| self.count(it)) {
            *count -= 1;
        }
        if let Some(Err(failure)) = truth {
            self.failure = Some(failure);
        }
        if let Some(count) = truth.map(|it| self.count(it)) {
            *count += 1;
        }
    }

    fn count(&mut self, truth: Result<bool, Failure>) -> &mut usize {
        match truth {
            Ok(true) => &mut self.true_count,
            Ok(false) => &mut self.false_count,
            Err(_) => &mut self.failed_count,
        }
    }
}
