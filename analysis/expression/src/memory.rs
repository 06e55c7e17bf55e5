//! What earlier records said: for `last`, for `NODE.COLUMN`, and for what is over all nodes.
//!
//! A step may write several records, and the columns have the values after the step in all
//! of them. So `last(x)` is the value of `x` after the last *earlier step* of the node in
//! which it had one, not in the record before. A record outside a step (`start`, `drop`,
//! `stop`, ...) has no step before it, and `last` has no value there. A crash ends what is remembered of a node:
//! until it restarts, its records change nothing here.

use analysis_log::{EventId, Row};

use crate::evaluate::{At, Record, Stop};
use crate::last::{Kept, Lasts};
use crate::operand::{Cell, Operand, Whole, WholeColumn};
use crate::over::Over;
use crate::program::{Form, NodeForm, Program};
use crate::value::{Quick, Value};

/// What a program remembers of a run.
#[derive(Clone, Debug)]
pub struct Memory {
    /// By node: how its records are read. `None`: no record of this node matters.
    pub(crate) nodes: Vec<Option<NodeForm>>,
    lasts: Lasts,
    of_nodes: Vec<Option<Value>>,
    over: Vec<Over>,
    /// Whether there is anything in `of_nodes` or `over`.
    sees_others: bool,
    /// By node: whether it has crashed. Empty as long as none has.
    down: Vec<bool>,
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
        let over = program.overs.iter();
        let over = over.map(|spec| Over::new(spec.aggregate, spec.span, nodes));
        Memory {
            nodes: program.nodes(nodes),
            lasts: Lasts::new(program.lasts, nodes),
            of_nodes: vec![None; program.of_nodes.len()],
            over: over.collect(),
            sees_others: !program.overs.is_empty() || !program.of_nodes.is_empty(),
            down: Vec::new(),
        }
    }

    /// Number of nodes of the run.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The value of a cell, for a record.
    pub(crate) fn value(&self, cell: Cell, row: &Row) -> Result<Value, Stop> {
        let kept = match cell {
            Cell::Last(index) => self.last(index, row).value(),
            Cell::OfNode(index) => self.of_nodes[index].clone(),
            Cell::Over(index) => return self.over[index].value(),
        };
        match kept {
            Some(Value::Failed(failure)) => Err(Stop::Fails(failure)),
            Some(value) => Ok(value),
            None => Err(Stop::Absent),
        }
    }

    /// As [`Memory::value`], for a text.
    pub(crate) fn text(&self, cell: Cell, row: &Row) -> Result<&str, Stop> {
        let kept = match cell {
            Cell::Last(index) => match self.last(index, row) {
                Kept::Large(value) => Some(value),
                _ => None,
            },
            Cell::OfNode(index) => self.of_nodes[index].as_ref(),
            Cell::Over(_) => None,
        };
        match kept {
            Some(Value::Text(text)) => Ok(text),
            Some(Value::Failed(failure)) => Err(Stop::Fails(*failure)),
            _ => Err(Stop::Absent),
        }
    }

    /// The truth in a cell, for a record.
    #[inline]
    pub(crate) fn quick_truth(&self, cell: Cell, row: &Row) -> Quick<bool> {
        self.quick(cell, row, |value| match value {
            Value::Truth(truth) => Some(*truth),
            _ => None,
        })
    }

    /// The whole number after an earlier step, for a record.
    #[inline]
    pub(crate) fn quick_last(&self, index: usize, row: &Row) -> Quick<i64> {
        match row.event.in_step() {
            true => self.lasts.whole_before(row.node, index, row.step),
            false => Quick::Absent,
        }
    }

    /// The whole number in a cell, for a record.
    #[inline]
    pub(crate) fn quick_whole(&self, cell: Cell, row: &Row) -> Quick<i64> {
        self.quick(cell, row, |value| match value {
            Value::Whole(number) => Some(*number),
            _ => None,
        })
    }

    /// The real number in a cell, for a record.
    #[inline]
    pub(crate) fn quick_real(&self, cell: Cell, row: &Row) -> Quick<f64> {
        self.quick(cell, row, |value| match value {
            Value::Real(number) => Some(*number),
            // Of a node where the column has whole numbers.
            Value::Whole(number) => Some(*number as f64),
            _ => None,
        })
    }

    #[inline]
    fn quick<T>(&self, cell: Cell, row: &Row, take: impl Fn(&Value) -> Option<T>) -> Quick<T> {
        let kept = match cell {
            Cell::Last(index) => self.last(index, row).value(),
            Cell::OfNode(index) => {
                return match &self.of_nodes[index] {
                    Some(value) => Quick::sure(take(value)),
                    None => Quick::Absent,
                };
            }
            Cell::Over(index) => match self.over[index].value() {
                Ok(value) => Some(value),
                Err(Stop::Absent) => None,
                Err(Stop::Fails(_)) => return Quick::Unsure,
            },
        };
        match kept {
            Some(value) => Quick::sure(take(&value)),
            None => Quick::Absent,
        }
    }

    /// The value of a `last` after an earlier step than that of the record.
    #[inline]
    fn last(&self, index: usize, row: &Row) -> Kept<'_> {
        match row.event.in_step() {
            true => self.lasts.before(row.node, index, row.step),
            false => Kept::Nothing,
        }
    }

    /// Takes in a record of a node, which has this form.
    // In a function of its own, it takes no machine registers from its caller.
    #[inline(never)]
    pub(crate) fn see(
        &mut self,
        program: &Program,
        form: &Form,
        record: &Record<'_>,
        selected: bool,
    ) {
        let row = record.row;
        if (changes_life(row.event) || !self.down.is_empty()) && self.is_down(program, row) {
            return;
        }
        for (index, operand) in form.lasts.iter().enumerate() {
            let Some(operand) = operand else { continue };
            // The most frequent kind: a value that is not moved around is stored faster.
            if let Operand::Whole(whole) | Operand::Duration(whole) = operand
                && let Quick::Is(number) = self.quick_number(whole, record)
            {
                self.lasts.set_whole(row.node, index, row.step, number);
                continue;
            }
            let known = match self.lasts.now(row.node, index) {
                Kept::Large(known) => Some(known),
                _ => None,
            };
            if let Some(value) = self.eval(operand, record, known) {
                self.lasts.set(row.node, index, row.step, value);
            }
        }
        if self.sees_others {
            self.see_for_others(program, form, record, selected);
        }
    }

    /// Takes in a record of a node, of which only a column is remembered. Its event is
    /// neither `crash` nor `restart`.
    #[inline]
    pub(crate) fn see_column(&mut self, last: usize, column: WholeColumn, record: &Record<'_>) {
        let row = record.row;
        if !self.down.is_empty() && self.down[row.node as usize] {
            return;
        }
        if let Some(raw) = record.columns.raw(column.index) {
            match column.signed || raw <= i64::MAX as u64 {
                true => (self.lasts).set_whole(row.node, last, row.step, raw as i64),
                false => (self.lasts).set(row.node, last, row.step, Value::whole(raw.into())),
            }
        }
    }

    #[inline]
    fn quick_number(&self, whole: &Whole, record: &Record<'_>) -> Quick<i64> {
        whole.quick(&At {
            record,
            memory: self,
        })
    }

    /// Takes in what the records of other nodes may need.
    fn see_for_others(
        &mut self,
        program: &Program,
        form: &Form,
        record: &Record<'_>,
        selected: bool,
    ) {
        let node = record.row.node;
        for (index, spec) in program.of_nodes.iter().enumerate() {
            if spec.node == node
                && let Some(operand) = &form.of_nodes[index]
                && let Some(value) = self.eval(operand, record, self.of_nodes[index].as_ref())
            {
                self.of_nodes[index] = Some(value);
            }
        }
        if !selected {
            return;
        }
        for index in 0..form.overs.len() {
            if let Some(operand) = &form.overs[index]
                && let Some(value) = self.eval(operand, record, None)
            {
                self.over[index].set(node, value, program.overs[index].span);
            }
        }
    }

    /// Whether the node of a record is down, after the record.
    #[cold]
    fn is_down(&mut self, program: &Program, row: &Row) -> bool {
        if self.down.is_empty() {
            self.down = vec![false; self.nodes.len()];
        }
        let down = &mut self.down[row.node as usize];
        match row.event {
            EventId::CRASH => {
                *down = true;
                self.forget(program, row.node);
                true
            }
            EventId::RESTART => {
                *down = false;
                false
            }
            _ => *down,
        }
    }

    /// The value for a record; `None` if it is absent. A text that is that of `known` is
    /// not copied.
    #[inline]
    fn eval(&self, operand: &Operand, record: &Record<'_>, known: Option<&Value>) -> Option<Value> {
        let at = At {
            record,
            memory: self,
        };
        match operand.quick_value(&at) {
            Quick::Is(value) => Some(value),
            Quick::Absent => None,
            Quick::Unsure => eval_exactly(operand, &at, known),
        }
    }

    /// The node has crashed: nothing of it counts any more.
    fn forget(&mut self, program: &Program, node: u32) {
        self.lasts.forget(node);
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

/// Whether what is remembered of a node ends or begins.
pub(crate) fn changes_life(event: EventId) -> bool {
    matches!(event, EventId::CRASH | EventId::RESTART)
}

fn eval_exactly(operand: &Operand, at: &At<'_>, known: Option<&Value>) -> Option<Value> {
    if let (Operand::Text(text), Some(Value::Text(known))) = (operand, known)
        && text.eval(at) == Ok(known)
    {
        return Some(Value::Text(known.clone()));
    }
    match operand.value(at) {
        Ok(value) => Some(value),
        Err(Stop::Absent) => None,
        Err(Stop::Fails(failure)) => Some(Value::Failed(failure)),
    }
}
