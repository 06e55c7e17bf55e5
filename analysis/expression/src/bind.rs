//! Binds an expression to the nodes of a scope: finds its names, and checks its types.
//!
//! The tree is bound once for each shape of nodes, since each may have other columns.
//! Nodes that lack a column are left out. If all of them lack it, it is a mistake.
//! [`of_shape`] binds for one shape.

mod of_shape;

use crate::kind::Kind;
use crate::mistake::Mistake;
use crate::operand::{Operand, Truth};
use crate::program::{Form as ProgramForm, OfNodeSpec, OverSpec, Program};
use crate::scope::{STANDARD, Scope, Shape};
use crate::syntax::{Aggregate, Expression, Form, Function, Node, Span};
use of_shape::{Attempt, OfShape};

/// What all shapes of nodes have in common.
struct Binder<'a> {
    scope: &'a Scope,
    /// The distinct shapes, and whether a node of each is selected.
    shapes: Vec<(&'a Shape, bool)>,
    /// Whether the shape of a selected group is unknown.
    uncertain: bool,
    /// The distinct operands of `last`, an inner one first.
    lasts: Vec<&'a Node>,
    /// The distinct aggregates.
    overs: Vec<(&'a Node, OverSpec)>,
    /// The distinct `NODE.COLUMN`s.
    of_nodes: Vec<(&'a Node, OfNodeSpec)>,
    /// The columns and functions, as they are shown.
    leaves: Vec<&'a Node>,
    mistakes: Vec<Mistake>,
}

/// Where a part of an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Last,
    Aggregate,
}

/// Binds an expression: see [`Program::new`].
pub fn bind(expression: &Expression, scope: &Scope) -> Result<Option<Program>, Vec<Mistake>> {
    let root = expression.root();
    let mut binder = Binder::new(scope);
    binder.collect(root, Inside::Nothing);
    binder.leaves_of(root);
    let over_operands = binder.over_operands();
    let attempts = binder.attempts(root);
    let roots = binder.settle(root, attempts);
    let roots = roots
        .into_iter()
        .map(|it| binder.truth(root, it?))
        .collect();
    let program = binder.program(roots, over_operands);
    let mut mistakes = binder.mistakes;
    if mistakes.is_empty() {
        return Ok(program);
    }
    mistakes.sort_by_key(|it| (it.span, it.message.clone()));
    mistakes.dedup();
    Err(mistakes)
}

impl<'a> Binder<'a> {
    fn new(scope: &'a Scope) -> Binder<'a> {
        let mut shapes: Vec<(&Shape, bool)> = Vec::new();
        let mut uncertain = false;
        for group in &scope.groups {
            let selected = scope.selects(group);
            let Some(shape) = &group.shape else {
                uncertain |= selected;
                continue;
            };
            match shapes.iter_mut().rfind(|(known, _)| *known == shape) {
                Some((_, is_selected)) => *is_selected |= selected,
                None => shapes.push((shape, selected)),
            }
        }
        Binder {
            scope,
            shapes,
            uncertain,
            lasts: Vec::new(),
            overs: Vec::new(),
            of_nodes: Vec::new(),
            leaves: Vec::new(),
            mistakes: Vec::new(),
        }
    }

    /// Collects what needs memory.
    fn collect(&mut self, node: &'a Node, inside: Inside) {
        match &node.form {
            Form::Whole(_)
            | Form::Real(_)
            | Form::Duration(_)
            | Form::Text(_)
            | Form::Truth(_)
            | Form::Column(_) => {}
            Form::Not(inner) | Form::Negate(inner) => self.collect(inner, inside),
            Form::Binary(_, both) => both.iter().for_each(|it| self.collect(it, inside)),
            Form::In { value, list, .. } => {
                self.collect(value, inside);
                list.iter().for_each(|it| self.collect(it, inside));
            }
            Form::Call(Function::Last, inner) => {
                let within = match inside {
                    Inside::Aggregate => inside,
                    _ => Inside::Last,
                };
                self.collect(inner, within);
                if !self.lasts.contains(&&**inner) {
                    self.lasts.push(inner);
                }
            }
            Form::Call(_, inner) => self.collect(inner, inside),
            Form::OfNode { .. } => {
                if self.may_see_all(node, inside) {
                    self.add_of_node(node);
                }
            }
            Form::Over(aggregate, inner) => {
                if self.may_see_all(node, inside) {
                    self.collect(inner, Inside::Aggregate);
                    let spec = OverSpec {
                        aggregate: *aggregate,
                        span: node.span,
                        text: node.to_string(),
                        // Known when its operand is bound.
                        kind: Kind::Truth,
                    };
                    if !self.overs.iter().any(|(known, _)| *known == node) {
                        self.overs.push((node, spec));
                    }
                }
            }
        }
    }

    /// Whether this part may see other nodes than that of the record.
    fn may_see_all(&mut self, node: &Node, inside: Inside) -> bool {
        let mistake = if !self.scope.global {
            Mistake::new(node.span, format!("`{node}` is about other nodes"))
                .help("write `global = true`: the expression then sees all nodes")
        } else if inside != Inside::Nothing {
            let around = match inside {
                Inside::Last => "last(...)",
                _ => "a function of all nodes",
            };
            Mistake::new(node.span, format!("`{node}` is about other nodes")).help(format!(
                "inside {around}, only the columns of one node count"
            ))
        } else {
            return true;
        };
        self.mistakes.push(mistake);
        false
    }

    fn add_of_node(&mut self, node: &'a Node) {
        let Form::OfNode {
            node: named,
            column,
        } = &node.form
        else {
            return;
        };
        if self.of_nodes.iter().any(|(known, _)| *known == node) {
            return;
        }
        let Some((index, group)) = self.scope.node(&named.name) else {
            let what = format!("there is no node `{}`", named.name);
            let names = self.scope.some_nodes();
            let mistake = Mistake::new(named.span, what).known("nodes here", &named.name, names);
            return self.mistakes.push(mistake);
        };
        let Some(shape) = &self.scope.groups[group].shape else {
            self.uncertain = true;
            return;
        };
        let attempt = self.attempt(shape, &as_column(node));
        let Some(operand) = attempt.value else {
            let names = shape.names().map(str::to_owned).collect();
            let what = format!("node `{}` has no column `{}`", named.name, column.name);
            let mistake =
                Mistake::new(column.span, what).known("columns there", &column.name, names);
            return self.mistakes.push(mistake);
        };
        let spec = OfNodeSpec {
            node: index,
            text: node.to_string(),
            kind: operand.kind(),
        };
        self.of_nodes.push((node, spec));
    }

    /// Collects the columns and functions that are shown with a failure.
    fn leaves_of(&mut self, node: &'a Node) {
        match &node.form {
            Form::Whole(_) | Form::Real(_) | Form::Duration(_) | Form::Text(_) | Form::Truth(_) => {
            }
            Form::Not(inner) | Form::Negate(inner) => self.leaves_of(inner),
            Form::Binary(_, both) => both.iter().for_each(|it| self.leaves_of(it)),
            Form::In { value, list, .. } => {
                self.leaves_of(value);
                list.iter().for_each(|it| self.leaves_of(it));
            }
            Form::Call(Function::Abs | Function::Has, inner) => self.leaves_of(inner),
            Form::Column(_)
            | Form::Call(Function::Last, _)
            | Form::OfNode { .. }
            | Form::Over(..) => {
                if !self.leaves.contains(&node) {
                    self.leaves.push(node);
                }
            }
        }
    }

    fn attempt(&self, shape: &Shape, node: &Node) -> Attempt {
        let mut of_shape = OfShape::new(self, shape);
        let value = of_shape.operand(node);
        of_shape.into_attempt(value)
    }

    /// Binds a part for each shape; `None` for those that are not selected.
    fn attempts(&self, node: &Node) -> Vec<Option<Attempt>> {
        let shapes = self.shapes.iter();
        shapes
            .map(|(shape, selected)| selected.then(|| self.attempt(shape, node)))
            .collect()
    }

    /// Binds the operands of the aggregates, by aggregate and shape, and finds their types.
    fn over_operands(&mut self) -> Vec<Vec<Option<Operand>>> {
        let mut all = Vec::new();
        for index in 0..self.overs.len() {
            let (node, aggregate) = (self.overs[index].0, self.overs[index].1.aggregate);
            let Form::Over(_, inner) = &node.form else {
                continue;
            };
            let attempts = self.attempts(inner);
            let operands = self.settle(inner, attempts);
            self.overs[index].1.kind = match self.common_kind(inner, &operands, aggregate) {
                Some(kind) => kind,
                None => expected_kind(aggregate),
            };
            all.push(operands);
        }
        all
    }

    /// The type of an aggregate over operands of these types.
    fn common_kind(
        &mut self,
        inner: &Node,
        operands: &[Option<Operand>],
        aggregate: Aggregate,
    ) -> Option<Kind> {
        let mut common: Option<Kind> = None;
        for kind in operands.iter().flatten().map(Operand::kind) {
            common = match (common, kind) {
                (None, kind) => Some(kind),
                (Some(known), kind) if known == kind => Some(kind),
                (Some(Kind::Whole | Kind::Real), Kind::Whole | Kind::Real) => Some(Kind::Real),
                (Some(known), kind) => {
                    let what = format!("`{inner}` is {known} in some nodes, and {kind} in others");
                    let help = "select nodes of one kind with `nodes`";
                    self.mistakes
                        .push(Mistake::new(inner.span, what).help(help));
                    return None;
                }
            };
        }
        let kind = common?;
        let (fits, expected) = match aggregate {
            Aggregate::Count | Aggregate::Any | Aggregate::All => {
                (kind == Kind::Truth, "something that is true or false")
            }
            _ => (
                matches!(kind, Kind::Whole | Kind::Real | Kind::Duration),
                "a number or a duration",
            ),
        };
        if !fits {
            let what = format!("`{inner}` is {kind}, expected {expected}");
            self.mistakes.push(Mistake::new(inner.span, what));
            return None;
        }
        Some(match aggregate {
            Aggregate::Count => Kind::Whole,
            _ => kind,
        })
    }

    /// Takes the operands of the shapes that lack no column, and reports mistakes.
    fn settle(&mut self, node: &Node, attempts: Vec<Option<Attempt>>) -> Vec<Option<Operand>> {
        let is_whole = |attempt: &&Attempt| attempt.lacks.is_empty();
        if attempts.iter().flatten().any(|it| is_whole(&it)) {
            let whole = attempts.iter().flatten().filter(is_whole);
            let found = whole.flat_map(|it| it.mistakes.iter().cloned());
            self.mistakes.extend(found);
        } else if !self.uncertain {
            self.report_lacks(node, &attempts);
        }
        let whole = |attempt: Attempt| attempt.value.filter(|_| attempt.lacks.is_empty());
        attempts.into_iter().map(|it| it.and_then(whole)).collect()
    }

    /// Reports the columns that no node has.
    fn report_lacks(&mut self, node: &Node, attempts: &[Option<Attempt>]) {
        let there: Vec<&Attempt> = attempts.iter().flatten().collect();
        let Some(best) = there.iter().min_by_key(|it| it.lacks.len()) else {
            let what = "there is no node with a behavior to evaluate it on";
            return self.mistakes.push(Mistake::new(node.span, what));
        };
        self.mistakes.extend(best.mistakes.iter().cloned());
        let lacked_by_all = |lack: &&(Span, String)| {
            let mut all = there.iter();
            all.all(|it| it.lacks.contains(lack))
        };
        let unknown: Vec<&(Span, String)> = best.lacks.iter().filter(lacked_by_all).collect();
        if unknown.is_empty() {
            let mut names: Vec<&str> = Vec::new();
            for (_, name) in there.iter().flat_map(|it| &it.lacks) {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
            let what = format!("no node has all of the columns `{}`", names.join("`, `"));
            let help = "with `global = true`, `NODE.COLUMN` is the latest value of another node";
            return self.mistakes.push(Mistake::new(node.span, what).help(help));
        }
        for (span, name) in unknown {
            let mistake = self.unknown_column(*span, name);
            self.mistakes.push(mistake);
        }
    }

    fn unknown_column(&self, span: Span, name: &str) -> Mistake {
        let selected = || {
            let selected = self.shapes.iter().filter(|(_, selected)| *selected);
            selected.map(|(shape, _)| *shape)
        };
        let mistake = Mistake::new(span, format!("there is no column `{name}`"));
        let mut words = selected().flat_map(Shape::words);
        if words.any(|word| word == name) {
            return mistake.help(format!("a text is in quotes: `event == '{name}'`"));
        }
        if name == "time_ns" {
            return mistake.help("the time of a record is `time`, a duration: `time < 5s`");
        }
        if self.scope.node(name).is_some() {
            return mistake.help(format!("a column of this node is `{name}.COLUMN`"));
        }
        let mut names: Vec<String> = STANDARD.map(str::to_owned).to_vec();
        for column in selected().flat_map(|it| it.columns.iter()) {
            if !names.contains(&column.name) {
                names.push(column.name.clone());
            }
        }
        mistake.known("columns here", name, names)
    }

    /// The whole expression must be true or false.
    fn truth(&mut self, root: &Node, operand: Operand) -> Option<Truth> {
        if let Operand::Truth(truth) = operand {
            return Some(truth);
        }
        let what = format!(
            "the expression is {}, expected true or false",
            operand.kind()
        );
        let help = format!(
            "compare it, for example `{root} {}`",
            match operand.kind() {
                Kind::Text => "== 'a'",
                Kind::Duration => "<= 5s",
                _ => "<= 10",
            }
        );
        self.mistakes.push(Mistake::new(root.span, what).help(help));
        None
    }

    /// Puts everything together; `None` if a group whose shape is unknown may be needed.
    fn program(
        &self,
        roots: Vec<Option<Truth>>,
        over_operands: Vec<Vec<Option<Operand>>>,
    ) -> Option<Program> {
        if self.uncertain || !self.mistakes.is_empty() {
            return None;
        }
        let forms = roots.into_iter().enumerate().map(|(index, root)| {
            let (shape, _) = self.shapes[index];
            let bound = |node: &Node| {
                let attempt = self.attempt(shape, node);
                attempt.value.filter(|_| attempt.lacks.is_empty())
            };
            ProgramForm {
                given: ProgramForm::given(root.as_ref(), shape.events.len()),
                root,
                lasts: self.lasts.iter().map(|node| bound(node)).collect(),
                overs: over_operands.iter().map(|it| it[index].clone()).collect(),
                of_nodes: self
                    .of_nodes
                    .iter()
                    .map(|(node, _)| bound(&as_column(node)))
                    .collect(),
                leaves: self.leaves.iter().map(|node| bound(node)).collect(),
            }
        });
        let index_of = |shape: &Shape| self.shapes.iter().rposition(|(known, _)| *known == shape);
        let groups = self.scope.groups.iter().filter_map(|group| {
            let shape = index_of(group.shape.as_ref()?)?;
            Some((group.nodes.clone(), shape, self.scope.selects(group)))
        });
        Some(Program {
            groups: groups.collect(),
            selected: self.scope.selected.clone(),
            forms: forms.collect(),
            lasts: self.lasts.len(),
            overs: self.overs.iter().map(|(_, spec)| spec.clone()).collect(),
            of_nodes: self.of_nodes.iter().map(|(_, spec)| spec.clone()).collect(),
            leaves: self.leaves.iter().map(ToString::to_string).collect(),
        })
    }
}

/// The type of an aggregate whose operand is wrong.
fn expected_kind(aggregate: Aggregate) -> Kind {
    match aggregate {
        Aggregate::Any | Aggregate::All => Kind::Truth,
        _ => Kind::Whole,
    }
}

/// The column of a `NODE.COLUMN`, as that of the node's own records.
fn as_column(node: &Node) -> Node {
    match &node.form {
        Form::OfNode { column, .. } => Node {
            span: column.span,
            form: Form::Column(column.name.clone()),
        },
        _ => node.clone(),
    }
}
