//! An expression that is bound to the nodes of a run.

use std::ops::Range;

use base::time::SimDuration;

use crate::bind;
use crate::evaluate::{At, Record, Stop};
use crate::kind::Kind;
use crate::memory::{Memory, Value, Witness};
use crate::mistake::Mistake;
use crate::operand::{Operand, Truth};
use crate::scope::Scope;
use crate::syntax::{Aggregate, Expression, Span};

/// An expression that is bound to the nodes of a run. It has no state: a [`Memory`] has.
#[derive(Clone, Debug)]
pub struct Program {
    /// By group: its nodes, the index of their form, and whether they are selected.
    pub(crate) groups: Vec<(Range<u32>, usize, bool)>,
    /// As [`Scope::selected`].
    pub(crate) selected: Option<Vec<Range<u32>>>,
    /// By shape of nodes.
    pub(crate) forms: Vec<Form>,
    /// Number of `last`s.
    pub(crate) lasts: usize,
    pub(crate) overs: Vec<OverSpec>,
    pub(crate) of_nodes: Vec<OfNodeSpec>,
    /// The columns and functions in it, as text.
    pub(crate) leaves: Vec<String>,
}

/// The expression for the nodes of one shape. What these nodes have no columns for is
/// `None`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    pub root: Option<Truth>,
    /// The operand of each `last`; an inner one before the outer one.
    pub lasts: Vec<Option<Operand>>,
    /// The operand of each aggregate.
    pub overs: Vec<Option<Operand>>,
    /// The column of each `NODE.COLUMN`.
    pub of_nodes: Vec<Option<Operand>>,
    /// The columns and functions in the expression, for [`Program::values`].
    pub leaves: Vec<Option<Operand>>,
}

/// A function of the latest values of all nodes.
#[derive(Clone, Debug)]
pub(crate) struct OverSpec {
    pub aggregate: Aggregate,
    pub span: Span,
    pub text: String,
    pub kind: Kind,
}

/// `NODE.COLUMN`.
#[derive(Clone, Debug)]
pub(crate) struct OfNodeSpec {
    pub node: u32,
    pub text: String,
    pub kind: Kind,
}

impl Program {
    /// Binds an expression to the columns of the nodes. `None` if the columns that it needs
    /// may be those of nodes that are not known.
    ///
    /// # Errors
    /// Fails with all mistakes in names and types.
    pub fn new(expression: &Expression, scope: &Scope) -> Result<Option<Program>, Vec<Mistake>> {
        bind::bind(expression, scope)
    }

    /// By node: its form, and whether it is selected; `None` if its records do not matter.
    pub(crate) fn nodes(&self, count: usize) -> Vec<Option<(u32, bool)>> {
        let mut nodes = vec![None; count];
        let is_selected = |node: u32| match &self.selected {
            None => true,
            Some(ranges) => {
                let at = ranges.partition_point(|it| it.end <= node);
                ranges.get(at).is_some_and(|it| it.contains(&node))
            }
        };
        for (range, index, group_selected) in &self.groups {
            let form = &self.forms[*index];
            let judges = form.root.is_some() || form.overs.iter().any(Option::is_some);
            for node in range.clone() {
                let selected = *group_selected && is_selected(node);
                let is_named = || self.of_nodes.iter().any(|it| it.node == node);
                if (selected && judges) || is_named() {
                    nodes[node as usize] = Some((*index as u32, selected));
                }
            }
        }
        nodes
    }

    fn form(&self, memory: &Memory, node: u32) -> Option<(&Form, bool)> {
        let (form, selected) = (*memory.nodes.get(node as usize)?)?;
        Some((&self.forms[form as usize], selected))
    }

    /// Whether the expression is evaluated on records of this node.
    pub fn judges(&self, memory: &Memory, node: u32) -> bool {
        matches!(self.form(memory, node), Some((form, true)) if form.root.is_some())
    }

    /// Takes a record in: every record of the run, in the order of time, before
    /// [`Program::holds`].
    #[inline]
    pub fn see(&self, memory: &mut Memory, record: Record<'_>) {
        if let Some((form, selected)) = self.form(memory, record.row.node)
            && (self.lasts > 0 || !self.overs.is_empty() || !self.of_nodes.is_empty())
        {
            memory.see(self, form, record, selected);
        }
    }

    /// Whether the expression is true for a record.
    ///
    /// # Errors
    /// Fails if a column that it needs has no value, or if it cannot be evaluated.
    #[inline]
    pub fn holds(&self, memory: &Memory, record: Record<'_>) -> Result<bool, Stop> {
        match self.form(memory, record.row.node) {
            Some((
                Form {
                    root: Some(root), ..
                },
                true,
            )) => root.eval(&At { record, memory }),
            _ => Err(Stop::Absent),
        }
    }

    /// The values of the columns and functions in the expression, for people:
    /// `clock = 9, last(clock) = 12`.
    pub fn values(&self, memory: &Memory, record: Record<'_>) -> String {
        let Some((form, _)) = self.form(memory, record.row.node) else {
            return String::new();
        };
        let at = At { record, memory };
        let named = self.leaves.iter().zip(&form.leaves);
        let shown = named.filter_map(|(name, operand)| {
            let operand = operand.as_ref()?;
            let value = match operand.value(&at) {
                Ok(value) => shown(&value, operand.kind()),
                Err(Stop::Absent) => "no value".to_owned(),
                Err(Stop::Fails(failure)) => failure.why.to_string(),
            };
            Some(format!("{name} = {value}"))
        });
        shown.collect::<Vec<String>>().join(", ")
    }

    /// Whether the expression has a `last`.
    pub fn has_last(&self) -> bool {
        self.lasts > 0
    }

    /// Whether a node may be judged by both programs, which are of one scope.
    pub fn shares_nodes(&self, other: &Program) -> bool {
        let mut groups = self.groups.iter().zip(&other.groups);
        groups.any(|((_, form, selected), (_, its_form, _))| {
            let roots = [&self.forms[*form].root, &other.forms[*its_form].root];
            *selected && roots.into_iter().all(Option::is_some)
        })
    }

    /// The columns and functions in the expression, as text.
    pub fn needs(&self) -> &[String] {
        &self.leaves
    }

    /// The nodes whose latest values are the reason for what is over all nodes.
    pub fn witnesses(&self, memory: &Memory) -> Vec<Witness> {
        memory.witnesses(self)
    }
}

fn shown(value: &Value, kind: Kind) -> String {
    match value {
        Value::Truth(truth) => truth.to_string(),
        Value::Whole(number) if kind == Kind::Duration => {
            let sign = if *number < 0 { "-" } else { "" };
            match u64::try_from(number.unsigned_abs()) {
                Ok(ns) => format!("{sign}{}", SimDuration(ns)),
                Err(_) => format!("{number} ns"),
            }
        }
        Value::Whole(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => {
            let mut quoted = String::new();
            // Writing to a String does not fail.
            let _ = crate::syntax::write_text(text, &mut quoted);
            quoted
        }
        Value::Failed(failure) => failure.why.to_string(),
    }
}
