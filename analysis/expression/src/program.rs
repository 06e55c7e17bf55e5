//! An expression that is bound to the nodes of a run.

use std::ops::Range;

use base::time::SimDuration;

use crate::bind;
use crate::evaluate::{At, Record, Stop};
use crate::kind::Kind;
use crate::memory::{Memory, Witness, changes_life};
use crate::mistake::Mistake;
use crate::operand::{Operand, Truth, Whole, WholeColumn};
use crate::scope::Scope;
use crate::syntax::{Aggregate, Expression, Span};
use crate::value::{Quick, Value};
use analysis_log::{EventId, STANDARD_EVENTS};

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
    /// By event: `root`, given the event. Empty if that does not depend on the event.
    pub given: Vec<Truth>,
    /// The operand of each `last`; an inner one before the outer one.
    pub lasts: Vec<Option<Operand>>,
    /// The operand of each aggregate.
    pub overs: Vec<Option<Operand>>,
    /// The column of each `NODE.COLUMN`.
    pub of_nodes: Vec<Option<Operand>>,
    /// The columns and functions in the expression, for [`Program::values`].
    pub leaves: Vec<Option<Operand>>,
}

/// How the records of a node are read: the same for all nodes with the same columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeForm {
    /// The index of the form.
    pub(crate) form: u32,
    /// Whether the node is selected.
    pub(crate) selected: bool,
}

/// What is to be remembered of the records of one event, at nodes of one form.
#[derive(Clone, Copy, Debug)]
pub struct Remembering {
    of: NodeForm,
    /// If that is one column: the index of its `last`, and the column.
    column: Option<(usize, WholeColumn)>,
}

/// An expression for the records of one event, at nodes of one form.
#[derive(Clone, Debug)]
pub struct Condition(Truth);

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

    /// By node: how its records are read; `None` if they do not matter.
    pub(crate) fn nodes(&self, count: usize) -> Vec<Option<NodeForm>> {
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
                    nodes[node as usize] = Some(NodeForm {
                        form: *index as u32,
                        selected,
                    });
                }
            }
        }
        nodes
    }

    /// How the records of a node are read; `None` if they do not matter.
    #[inline]
    pub fn form(&self, memory: &Memory, node: u32) -> Option<NodeForm> {
        *memory.nodes.get(node as usize)?
    }

    /// Whether the expression is evaluated on records of this node.
    pub fn judges(&self, memory: &Memory, node: u32) -> bool {
        matches!(self.form(memory, node), Some(it) if self.root(it).is_some())
    }

    fn root(&self, of: NodeForm) -> Option<&Truth> {
        let root = self.forms[of.form as usize].root.as_ref();
        root.filter(|_| of.selected)
    }

    /// The expression for the records of one event; `None` if they are not judged.
    pub fn condition(&self, of: NodeForm, event: EventId) -> Option<Condition> {
        let root = self.root(of)?;
        let given = self.forms[of.form as usize].given.get(event.0 as usize);
        Some(Condition(given.unwrap_or(root).clone()))
    }

    /// Whether another program remembers the same of every record, so that one [`Memory`]
    /// does for both.
    pub fn remembers_as(&self, other: &Program) -> bool {
        let form = |form: &Form, its: &Form| {
            form.lasts == its.lasts && form.root.is_some() == its.root.is_some()
        };
        let is_own = |it: &Program| it.overs.is_empty() && it.of_nodes.is_empty();
        is_own(self)
            && is_own(other)
            && (&self.groups, &self.selected) == (&other.groups, &other.selected)
            && self.forms.len() == other.forms.len()
            && self.forms.iter().zip(&other.forms).all(|(a, b)| form(a, b))
    }

    /// Whether anything is to be remembered of the records of a node.
    fn remembers(&self, of: NodeForm) -> bool {
        let form = &self.forms[of.form as usize];
        let any = |all: &[Option<Operand>]| all.iter().any(Option::is_some);
        any(&form.lasts) || any(&form.of_nodes) || (of.selected && any(&form.overs))
    }

    /// What is to be remembered of the records of one event of a node; `None` if nothing is.
    pub fn remembering(&self, of: NodeForm, event: EventId) -> Option<Remembering> {
        if !self.remembers(of) {
            return None;
        }
        let form = &self.forms[of.form as usize];
        let is_own = self.overs.is_empty() && self.of_nodes.is_empty();
        let mut lasts = (0..).zip(&form.lasts);
        let mut lasts = lasts
            .by_ref()
            .filter_map(|(at, it)| Some((at, it.as_ref()?)));
        let column = match (lasts.next(), lasts.next()) {
            (
                Some((
                    at,
                    Operand::Whole(Whole::Column(column))
                    | Operand::Duration(Whole::Column(column)),
                )),
                None,
            ) if is_own && !changes_life(event) => Some((at, *column)),
            _ => None,
        };
        Some(Remembering { of, column })
    }

    /// Takes a record in: every record of the run, in the order of time, before
    /// [`Program::holds`].
    #[inline]
    pub fn see(&self, memory: &mut Memory, record: &Record<'_>) {
        if let Some(of) = self.form(memory, record.row.node) {
            let form = &self.forms[of.form as usize];
            memory.see(self, form, record, of.selected);
        }
    }

    /// Whether the expression is true for a record.
    ///
    /// # Errors
    /// Fails if a column that it needs has no value, or if it cannot be evaluated.
    #[inline]
    pub fn holds(&self, memory: &Memory, record: &Record<'_>) -> Result<bool, Stop> {
        let of = self.form(memory, record.row.node).ok_or(Stop::Absent)?;
        let root = self.root(of).ok_or(Stop::Absent)?;
        let at = At { record, memory };
        match root.quick(&at) {
            Quick::Is(truth) => Ok(truth),
            Quick::Absent => Err(Stop::Absent),
            Quick::Unsure => root.eval(&at),
        }
    }

    /// As [`Program::holds`], by the exact evaluation alone.
    ///
    /// # Errors
    /// As those of [`Program::holds`].
    pub fn holds_exactly(&self, memory: &Memory, record: &Record<'_>) -> Result<bool, Stop> {
        let of = self.form(memory, record.row.node).ok_or(Stop::Absent)?;
        let root = self.root(of).ok_or(Stop::Absent)?;
        root.eval(&At { record, memory })
    }

    /// The values of the columns and functions in the expression, for people:
    /// `clock = 9, last(clock) = 12`.
    pub fn values(&self, memory: &Memory, record: &Record<'_>) -> String {
        let Some(of) = self.form(memory, record.row.node) else {
            return String::new();
        };
        let form = &self.forms[of.form as usize];
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

impl Remembering {
    /// As [`Program::see`], for a record of its event and form. `program` returns the program.
    #[inline]
    pub fn see<'a>(
        &self,
        program: impl FnOnce() -> &'a Program,
        memory: &mut Memory,
        record: &Record<'_>,
    ) {
        match self.column {
            Some((last, column)) => memory.see_column(last, column, record),
            None => {
                let program = program();
                let form = &program.forms[self.of.form as usize];
                memory.see(program, form, record, self.of.selected);
            }
        }
    }
}

impl Condition {
    /// The truth, if it is the same for all records.
    pub fn constant(&self) -> Option<bool> {
        match self.0 {
            Truth::Const(truth) => Some(truth),
            _ => None,
        }
    }

    pub(crate) fn truth(&self) -> &Truth {
        &self.0
    }
}

impl Form {
    /// Of an expression for nodes with this number of own words for `event`.
    pub fn given(root: Option<&Truth>, own_events: usize) -> Vec<Truth> {
        let Some(root) = root.filter(|it| it.names_an_event()) else {
            return Vec::new();
        };
        let events = 0..STANDARD_EVENTS.len() + own_events;
        events.map(|it| root.given(EventId(it as u16))).collect()
    }
}

fn shown(value: &Value, kind: Kind) -> String {
    match value {
        Value::Truth(truth) => truth.to_string(),
        Value::Whole(_) | Value::Wide(_) => {
            let number = value.as_whole().unwrap_or_default();
            let sign = if number < 0 { "-" } else { "" };
            match (kind, u64::try_from(number.unsigned_abs())) {
                (Kind::Duration, Ok(ns)) => format!("{sign}{}", SimDuration(ns)),
                (Kind::Duration, Err(_)) => format!("{number} ns"),
                _ => number.to_string(),
            }
        }
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
