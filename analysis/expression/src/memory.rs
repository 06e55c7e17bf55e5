//! What earlier records said: for `last`, for `NODE.COLUMN`, and for what is over all nodes.
//!
//! A step may write several records, and the columns have the values after the step in all
//! of them. So `last(x)` is the value of `x` after the last *earlier step* of the node in
//! which it had one, not in the record before. A record outside a step (`start`, `drop`,
//! `stop`, ...) has no step before it, and `last` has no value there. A crash ends what is remembered of a node:
//! until it restarts, its records change nothing here.

use analysis_log::{EventId, Row};

use crate::evaluate::{At, Failure, Record, Stop, Why};
use crate::operand::{Cell, Operand};
use crate::program::{Form, Program};
use crate::syntax::Aggregate;
use crate::tournament::{Figure, Tournament};

/// A value that is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Truth(bool),
    /// A whole number, or a duration.
    Whole(i128),
    Real(f64),
    Text(Box<str>),
    /// The expression could not be evaluated. That matters only where the value is used.
    Failed(Failure),
}

/// What a program remembers of a run.
#[derive(Clone, Debug)]
pub struct Memory {
    /// By node: the index of its form, and whether the node is selected. `None`: no record
    /// of this node matters.
    pub(crate) nodes: Vec<Option<(u32, bool)>>,
    /// Number of `last`s.
    lasts: usize,
    /// By node, then by `last`.
    last: Vec<Last>,
    of_nodes: Vec<Option<Value>>,
    over: Vec<Over>,
    /// By node: whether it has crashed. Empty if nothing is remembered.
    down: Vec<bool>,
}

/// The value after the last step in which there was one, and after the one before.
#[derive(Clone, Debug, Default)]
struct Last {
    step: u64,
    now: Option<Value>,
    before: Option<Value>,
}

/// The latest values of all nodes for one aggregate.
#[derive(Clone, Debug)]
enum Over {
    Truths(Truths),
    Figures(Tournament),
}

#[derive(Clone, Debug)]
struct Truths {
    aggregate: Aggregate,
    of_nodes: Vec<Option<Result<bool, Failure>>>,
    true_count: usize,
    false_count: usize,
    failed_count: usize,
    /// The last failure.
    failure: Option<Failure>,
}

/// A node whose latest value is a reason for the value over all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The node.
    pub node: u32,
    /// What it shows: `counted in `count(nodes, ...)``.
    pub note: String,
}

impl Memory {
    /// Before the first record of a run with this number of nodes.
    pub fn new(program: &Program, nodes: usize) -> Memory {
        let lasts = program.lasts;
        let over = program.overs.iter().map(|spec| match spec.aggregate {
            Aggregate::Count | Aggregate::Any | Aggregate::All => Over::Truths(Truths {
                aggregate: spec.aggregate,
                of_nodes: vec![None; nodes],
                true_count: 0,
                false_count: 0,
                failed_count: 0,
                failure: None,
            }),
            Aggregate::Sum | Aggregate::Min | Aggregate::Max => {
                Over::Figures(Tournament::new(spec.aggregate, spec.span, nodes))
            }
        });
        let remembers = lasts > 0 || !program.overs.is_empty() || !program.of_nodes.is_empty();
        Memory {
            nodes: program.nodes(nodes),
            lasts,
            last: vec![Last::default(); nodes * lasts],
            of_nodes: vec![None; program.of_nodes.len()],
            over: over.collect(),
            down: vec![false; if remembers { nodes } else { 0 }],
        }
    }

    /// Number of nodes of the run.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The value of a cell, for a record.
    pub(crate) fn value(&self, cell: Cell, row: &Row) -> Result<Value, Stop> {
        let kept = match cell {
            Cell::Last(index) => self.last(index, row),
            Cell::OfNode(index) => self.of_nodes[index].as_ref(),
            Cell::Over(index) => return self.over[index].value(),
        };
        match kept {
            Some(Value::Failed(failure)) => Err(Stop::Fails(*failure)),
            Some(value) => Ok(value.clone()),
            None => Err(Stop::Absent),
        }
    }

    /// As [`Memory::value`], for a text.
    pub(crate) fn text(&self, cell: Cell, row: &Row) -> Result<&str, Stop> {
        let kept = match cell {
            Cell::Last(index) => self.last(index, row),
            Cell::OfNode(index) => self.of_nodes[index].as_ref(),
            Cell::Over(_) => None,
        };
        match kept {
            Some(Value::Text(text)) => Ok(text),
            Some(Value::Failed(failure)) => Err(Stop::Fails(*failure)),
            _ => Err(Stop::Absent),
        }
    }

    /// The value of a `last` after an earlier step than that of the record.
    #[inline]
    fn last(&self, index: usize, row: &Row) -> Option<&Value> {
        if !row.event.in_step() {
            return None;
        }
        let last = &self.last[row.node as usize * self.lasts + index];
        match last.step == row.step {
            true => last.before.as_ref(),
            // The operand has no value in the present step.
            false => last.now.as_ref(),
        }
    }

    /// Takes in a record of a node, which has this form.
    pub(crate) fn see(
        &mut self,
        program: &Program,
        form: &Form,
        record: Record<'_>,
        selected: bool,
    ) {
        let node = record.row.node;
        let Some(down) = self.down.get_mut(node as usize) else {
            return;
        };
        match record.row.event {
            EventId::CRASH => {
                *down = true;
                return self.forget(program, node);
            }
            EventId::RESTART => *down = false,
            _ if *down => return,
            _ => {}
        }
        for (index, operand) in form.lasts.iter().enumerate() {
            let Some(operand) = operand else { continue };
            if let Some(value) = self.eval(operand, record) {
                let last = &mut self.last[node as usize * self.lasts + index];
                if last.now.is_none() || last.step != record.row.step {
                    last.before = last.now.take();
                    last.step = record.row.step;
                }
                last.now = Some(value);
            }
        }
        for (index, spec) in program.of_nodes.iter().enumerate() {
            if spec.node == node
                && let Some(operand) = &form.of_nodes[index]
                && let Some(value) = self.eval(operand, record)
            {
                self.of_nodes[index] = Some(value);
            }
        }
        if !selected {
            return;
        }
        for index in 0..form.overs.len() {
            if let Some(operand) = &form.overs[index]
                && let Some(value) = self.eval(operand, record)
            {
                self.over[index].set(node, value, program.overs[index].span);
            }
        }
    }

    /// The value for a record; `None` if it is absent.
    fn eval(&self, operand: &Operand, record: Record<'_>) -> Option<Value> {
        let at = At {
            record,
            memory: self,
        };
        match operand.value(&at) {
            Ok(value) => Some(value),
            Err(Stop::Absent) => None,
            Err(Stop::Fails(failure)) => Some(Value::Failed(failure)),
        }
    }

    /// The node has crashed: nothing of it counts any more.
    fn forget(&mut self, program: &Program, node: u32) {
        let first = node as usize * self.lasts;
        self.last[first..first + self.lasts].fill(Last::default());
        for (value, spec) in self.of_nodes.iter_mut().zip(&program.of_nodes) {
            if spec.node == node {
                *value = None;
            }
        }
        for over in &mut self.over {
            over.clear(node);
        }
    }

    /// The nodes whose latest values are the reason for what is over all nodes.
    pub(crate) fn witnesses(&self, program: &Program) -> Vec<Witness> {
        let mut witnesses = Vec::new();
        for (over, spec) in self.over.iter().zip(&program.overs) {
            over.witnesses(&spec.text, &mut witnesses);
        }
        for (value, spec) in self.of_nodes.iter().zip(&program.of_nodes) {
            if value.is_some() {
                let (node, note) = (spec.node, format!("the latest `{}`", spec.text));
                witnesses.push(Witness { node, note });
            }
        }
        witnesses
    }
}

impl Over {
    fn value(&self) -> Result<Value, Stop> {
        match self {
            Over::Truths(truths) => truths.value(),
            Over::Figures(figures) => match figures.result() {
                Figure::None => Err(Stop::Absent),
                Figure::Whole(number) => Ok(Value::Whole(number)),
                Figure::Real(number) => Ok(Value::Real(number)),
                Figure::Failed(failure) => Err(Stop::Fails(failure)),
            },
        }
    }

    fn set(&mut self, node: u32, value: Value, span: crate::Span) {
        match self {
            Over::Truths(truths) => match value {
                Value::Truth(truth) => truths.set(node, Some(Ok(truth))),
                Value::Failed(failure) => truths.set(node, Some(Err(failure))),
                _ => {}
            },
            Over::Figures(figures) => {
                let figure = match value {
                    Value::Whole(number) => Figure::Whole(number),
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

    fn clear(&mut self, node: u32) {
        match self {
            Over::Truths(truths) => truths.set(node, None),
            Over::Figures(figures) => figures.set(node, Figure::None),
        }
    }

    fn witnesses(&self, text: &str, witnesses: &mut Vec<Witness>) {
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
            _ => Value::Whole(self.true_count as i128),
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
