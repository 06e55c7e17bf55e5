//! Binds an expression for the nodes of one shape.

use analysis_log::{ColumnKind, EventId, STANDARD_EVENTS};

use super::Binder;
use crate::kind::Kind;
use crate::mistake::Mistake;
use crate::operand::{
    Arithmetic, Cell, Comparison, Operand, Real, Text, Truth, Whole, WholeColumn,
};
use crate::scope::Shape;
use crate::syntax::{Form, Function, Node, Operator, Span};

/// A part of an expression, bound for one shape as far as that is possible.
pub struct Attempt {
    /// `None` if something is wrong or missing.
    pub value: Option<Operand>,
    /// The columns that these nodes do not have.
    pub lacks: Vec<(Span, String)>,
    pub mistakes: Vec<Mistake>,
}

/// Binds for one shape.
pub struct OfShape<'b, 'a> {
    binder: &'b Binder<'a>,
    shape: &'b Shape,
    lacks: Vec<(Span, String)>,
    mistakes: Vec<Mistake>,
}

impl<'b, 'a> OfShape<'b, 'a> {
    pub fn new(binder: &'b Binder<'a>, shape: &'b Shape) -> OfShape<'b, 'a> {
        OfShape {
            binder,
            shape,
            lacks: Vec::new(),
            mistakes: Vec::new(),
        }
    }

    pub fn into_attempt(self, value: Option<Operand>) -> Attempt {
        Attempt {
            value,
            lacks: self.lacks,
            mistakes: self.mistakes,
        }
    }

    fn mistake<T>(&mut self, mistake: Mistake) -> Option<T> {
        self.mistakes.push(mistake);
        None
    }

    /// Binds a part. Every part of it is looked at, so that all mistakes are found.
    pub fn operand(&mut self, node: &Node) -> Option<Operand> {
        match &node.form {
            Form::Whole(number) => Some(Operand::Whole(Whole::Const(*number))),
            Form::Real(number) => Some(Operand::Real(Real::Const(*number))),
            Form::Duration(ns) => Some(Operand::Duration(Whole::Const((*ns).into()))),
            Form::Text(text) => Some(Operand::Text(Text::Const(text.clone()))),
            Form::Truth(truth) => Some(Operand::Truth(Truth::Const(*truth))),
            Form::Column(name) => self.column(node.span, name),
            Form::OfNode { .. } => {
                let mut known = self.binder.of_nodes.iter();
                let index = known.position(|(it, _)| *it == node)?;
                let kind = self.binder.of_nodes[index].1.kind;
                Some(Operand::cell(kind, Cell::OfNode(index)))
            }
            Form::Over(..) => {
                let mut known = self.binder.overs.iter();
                let index = known.position(|(it, _)| *it == node)?;
                let kind = self.binder.overs[index].1.kind;
                Some(Operand::cell(kind, Cell::Over(index)))
            }
            Form::Call(Function::Last, inner) => {
                let kind = self.operand(inner)?.kind();
                let mut known = self.binder.lasts.iter();
                let index = known.position(|it| **it == **inner)?;
                Some(Operand::cell(kind, Cell::Last(index)))
            }
            Form::Call(Function::Has, inner) => {
                let inner = Box::new(self.operand(inner)?);
                Some(Operand::Truth(Truth::Has(inner)))
            }
            Form::Call(Function::Abs, inner) => self.abs(node, inner),
            Form::Negate(inner) => self.negate(node, inner),
            Form::Not(inner) => {
                let inner = self.truth(inner)?;
                Some(Operand::Truth(Truth::Not(Box::new(inner))))
            }
            Form::Binary(operator, both) => self.binary(node, *operator, both),
            Form::In {
                value,
                list,
                negated,
            } => self.one_of(node, value, list, *negated),
        }
    }

    fn column(&mut self, span: Span, name: &str) -> Option<Operand> {
        Some(match name {
            "time" => Operand::Duration(Whole::Time),
            "step" => Operand::Whole(Whole::Step),
            "event" => Operand::Text(Text::Event),
            "peer" => Operand::Text(Text::Peer),
            "message" => Operand::Whole(Whole::Message),
            "bytes" => Operand::Whole(Whole::Bytes),
            "queue" => Operand::Whole(Whole::Queue),
            "node" => Operand::Text(Text::Node),
            _ => {
                let mut columns = self.shape.columns.iter();
                let Some(index) = columns.position(|it| it.name == name) else {
                    self.lacks.push((span, name.to_owned()));
                    return None;
                };
                let column = &self.shape.columns[index];
                let whole = |signed| Whole::Column(WholeColumn { index, signed });
                match (column.kind, Kind::of(column)) {
                    (ColumnKind::U64, Kind::Duration) => Operand::Duration(whole(false)),
                    (ColumnKind::I64, Kind::Duration) => Operand::Duration(whole(true)),
                    (ColumnKind::F64, Kind::Duration) => {
                        Operand::Duration(Whole::Rounded(Box::new(Real::Column(index)), span))
                    }
                    (ColumnKind::U64, _) => Operand::Whole(whole(false)),
                    (ColumnKind::I64, _) => Operand::Whole(whole(true)),
                    (ColumnKind::F64, _) => Operand::Real(Real::Column(index)),
                    (ColumnKind::Bool, _) => Operand::Truth(Truth::Column(index)),
                    (ColumnKind::Text, _) => Operand::Text(Text::Column(index)),
                }
            }
        })
    }

    fn truth(&mut self, node: &Node) -> Option<Truth> {
        match self.operand(node)? {
            Operand::Truth(truth) => Some(truth),
            other => {
                let what = format!("`{node}` is {}, expected true or false", other.kind());
                self.mistake(Mistake::new(node.span, what))
            }
        }
    }

    fn abs(&mut self, node: &Node, inner: &Node) -> Option<Operand> {
        let whole = |it| Whole::Abs(Box::new(it), node.span);
        match self.operand(inner)? {
            Operand::Whole(it) => Some(Operand::Whole(whole(it))),
            Operand::Duration(it) => Some(Operand::Duration(whole(it))),
            Operand::Real(it) => Some(Operand::Real(Real::Abs(Box::new(it)))),
            other => self.no_number(inner, &other),
        }
    }

    fn negate(&mut self, node: &Node, inner: &Node) -> Option<Operand> {
        let whole = |it| match it {
            Whole::Const(number) if number != i128::MIN => Whole::Const(-number),
            it => Whole::Negate(Box::new(it), node.span),
        };
        match self.operand(inner)? {
            Operand::Whole(it) => Some(Operand::Whole(whole(it))),
            Operand::Duration(it) => Some(Operand::Duration(whole(it))),
            Operand::Real(it) => Some(Operand::Real(Real::Negate(Box::new(it)))),
            other => self.no_number(inner, &other),
        }
    }

    fn no_number<T>(&mut self, node: &Node, operand: &Operand) -> Option<T> {
        let kind = operand.kind();
        let what = format!("`{node}` is {kind}, expected a number or a duration");
        self.mistake(Mistake::new(node.span, what))
    }

    fn binary(&mut self, node: &Node, operator: Operator, both: &[Node; 2]) -> Option<Operand> {
        let [a, b] = both;
        match operator {
            Operator::Implies | Operator::Or | Operator::And => {
                let (a, b) = (self.truth(a), self.truth(b));
                let both = Box::new([a?, b?]);
                Some(Operand::Truth(match operator {
                    Operator::Implies => Truth::Implies(both),
                    Operator::Or => Truth::Or(both),
                    _ => Truth::And(both),
                }))
            }
            Operator::Equal => self.comparison(node, Comparison::Equal, both),
            Operator::Unequal => self.comparison(node, Comparison::Unequal, both),
            Operator::Less => self.comparison(node, Comparison::Less, both),
            Operator::AtMost => self.comparison(node, Comparison::AtMost, both),
            Operator::Greater => self.comparison(node, Comparison::Greater, both),
            Operator::AtLeast => self.comparison(node, Comparison::AtLeast, both),
            Operator::Add => self.arithmetic(node, Arithmetic::Add, both),
            Operator::Subtract => self.arithmetic(node, Arithmetic::Subtract, both),
            Operator::Multiply => self.arithmetic(node, Arithmetic::Multiply, both),
            Operator::Divide => self.arithmetic(node, Arithmetic::Divide, both),
            Operator::Remainder => self.arithmetic(node, Arithmetic::Remainder, both),
        }
    }

    /// `x in [a, b]` is `x == a or x == b`.
    fn one_of(
        &mut self,
        node: &Node,
        value: &Node,
        list: &[Node],
        negated: bool,
    ) -> Option<Operand> {
        let mut any: Option<Truth> = None;
        let mut complete = true;
        for item in list {
            let both = [value.clone(), item.clone()];
            let Some(Operand::Truth(equal)) = self.comparison(node, Comparison::Equal, &both)
            else {
                complete = false;
                continue;
            };
            any = Some(match any {
                Some(before) => Truth::Or(Box::new([before, equal])),
                None => equal,
            });
        }
        let any = any.filter(|_| complete)?;
        Some(Operand::Truth(match negated {
            true => Truth::Not(Box::new(any)),
            false => any,
        }))
    }

    fn comparison(
        &mut self,
        node: &Node,
        comparison: Comparison,
        both: &[Node; 2],
    ) -> Option<Operand> {
        let (a, b) = (self.operand(&both[0]), self.operand(&both[1]));
        let (a, b) = (a?, b?);
        let span = node.span;
        let equality = matches!(comparison, Comparison::Equal | Comparison::Unequal);
        let truth = match (a, b) {
            (Operand::Whole(a), Operand::Whole(b))
            | (Operand::Duration(a), Operand::Duration(b)) => compare_whole(comparison, a, b),
            (Operand::Real(a), Operand::Real(b)) => {
                Truth::CompareReal(comparison, Box::new((a, b)), span)
            }
            (Operand::Whole(a), Operand::Real(b)) => {
                Truth::CompareMixed(comparison, Box::new((a, b)), span)
            }
            (Operand::Real(a), Operand::Whole(b)) => {
                Truth::CompareMixed(comparison.mirrored(), Box::new((b, a)), span)
            }
            (Operand::Truth(a), Operand::Truth(b)) if equality => {
                negated_if(comparison, Truth::Same(Box::new([a, b])))
            }
            (Operand::Text(a), Operand::Text(b)) if equality => {
                let equal = self.equal_texts(both, a, b)?;
                negated_if(comparison, equal)
            }
            (a, b) => {
                let kinds = both_kinds(both, a.kind(), b.kind());
                let same = a.kind() == b.kind();
                let what = match same {
                    true => format!("{kinds}: they can only be compared with `==` and `!=`"),
                    false => format!("{kinds}: they cannot be compared"),
                };
                let mistake = Mistake::new(span, what);
                let mistake = match unit_help(both, &a, &b) {
                    Some(help) if !same => mistake.help(help),
                    _ => mistake,
                };
                return self.mistake(mistake);
            }
        };
        Some(Operand::Truth(truth))
    }

    fn equal_texts(&mut self, both: &[Node; 2], a: Text, b: Text) -> Option<Truth> {
        let (column, constant, place) = match (a, b) {
            (Text::Const(constant), column) => (column, constant, both[0].span),
            (column, Text::Const(constant)) => (column, constant, both[1].span),
            (a, b) => return Some(Truth::EqualText(Box::new([a, b]))),
        };
        let is_event = matches!(column, Text::Event) || is_of(both, "event");
        let is_node = matches!(column, Text::Node);
        if is_event && !self.is_word(&constant) {
            return self.unknown_word(place, &constant);
        }
        if is_node && self.binder.scope.node(&constant).is_none() {
            let names = self.binder.scope.some_nodes();
            let what = format!("there is no node `{constant}`");
            let mistake = Mistake::new(place, what).known("nodes here", &constant, names);
            return self.mistake(mistake);
        }
        Some(match column {
            Text::Event => match self.event(&constant) {
                Some(event) => Truth::EventIs(event),
                None => Truth::Const(false),
            },
            Text::Node => Truth::NodeIs(self.binder.scope.node(&constant)?.0),
            Text::Peer if self.binder.scope.node(&constant).is_some() => {
                Truth::PeerIs(self.binder.scope.node(&constant)?.0)
            }
            column => Truth::EqualText(Box::new([column, Text::Const(constant)])),
        })
    }

    /// The id of a word for `event`.
    fn event(&self, word: &str) -> Option<EventId> {
        let standard = STANDARD_EVENTS.iter().position(|it| *it == word);
        let own = || self.shape.events.iter().position(|it| it == word);
        match standard {
            Some(index) => Some(EventId(index as u16)),
            None => own().map(|index| EventId::own(index as u32)),
        }
    }

    /// Whether the nodes of any shape have this word for `event`.
    fn is_word(&self, word: &str) -> bool {
        let mut shapes = self.binder.shapes.iter();
        self.binder.uncertain || shapes.any(|(shape, _)| shape.words().any(|it| it == word))
    }

    fn unknown_word<T>(&mut self, place: Span, word: &str) -> Option<T> {
        let mut names: Vec<String> = Vec::new();
        for name in self
            .binder
            .shapes
            .iter()
            .flat_map(|(shape, _)| shape.words())
        {
            if !names.iter().any(|it| it == name) {
                names.push(name.to_owned());
            }
        }
        let what = format!("no node here has an event `{word}`");
        self.mistake(Mistake::new(place, what).known("events here", word, names))
    }

    fn arithmetic(
        &mut self,
        node: &Node,
        operator: Arithmetic,
        both: &[Node; 2],
    ) -> Option<Operand> {
        use Arithmetic::{Add, Divide, Multiply, Remainder, Subtract};
        let (a, b) = (self.operand(&both[0]), self.operand(&both[1]));
        let (a, b) = (a?, b?);
        let span = node.span;
        if matches!(operator, Divide | Remainder) && is_zero(&both[1]) {
            let what = format!("`{node}` is a division by zero");
            let help = "it has no value in any record: write another divisor";
            return self.mistake(Mistake::new(both[1].span, what).help(help));
        }
        let whole = |a, b| Whole::Arithmetic(operator, Box::new([a, b]), span);
        let real = |a, b| Real::Arithmetic(operator, Box::new([a, b]), span);
        let of_whole = |it| Real::OfWhole(Box::new(it));
        let rounded = |it| Operand::Duration(Whole::Rounded(Box::new(it), span));
        Some(match (operator, a, b) {
            (Divide, Operand::Whole(a), Operand::Whole(b))
            | (Divide, Operand::Duration(a), Operand::Duration(b)) => {
                Operand::Real(real(of_whole(a), of_whole(b)))
            }
            (_, Operand::Whole(a), Operand::Whole(b)) => Operand::Whole(whole(a, b)),
            (_, Operand::Real(a), Operand::Real(b)) => Operand::Real(real(a, b)),
            (_, Operand::Whole(a), Operand::Real(b)) => Operand::Real(real(of_whole(a), b)),
            (_, Operand::Real(a), Operand::Whole(b)) => Operand::Real(real(a, of_whole(b))),
            (Add | Subtract | Remainder, Operand::Duration(a), Operand::Duration(b)) => {
                Operand::Duration(whole(a, b))
            }
            (Multiply, Operand::Duration(a), Operand::Whole(b))
            | (Multiply, Operand::Whole(a), Operand::Duration(b))
            | (Divide, Operand::Duration(a), Operand::Whole(b)) => Operand::Duration(whole(a, b)),
            (Multiply, Operand::Duration(a), Operand::Real(b))
            | (Divide, Operand::Duration(a), Operand::Real(b)) => rounded(real(of_whole(a), b)),
            (Multiply, Operand::Real(a), Operand::Duration(b)) => rounded(real(a, of_whole(b))),
            (operator, a, b) => {
                let kinds = both_kinds(both, a.kind(), b.kind());
                let expected = match operator {
                    Add | Subtract | Remainder => "expected two numbers or two durations",
                    Multiply => "expected two numbers, or a duration and a number",
                    Divide => "expected two numbers, two durations, or a duration and a number",
                };
                let mistake = Mistake::new(span, format!("{kinds}, {expected}"));
                return self.mistake(match unit_help(both, &a, &b) {
                    Some(help) => mistake.help(help),
                    None => mistake,
                });
            }
        })
    }
}

/// Whether a number is a 0 that is written.
fn is_zero(node: &Node) -> bool {
    match &node.form {
        Form::Whole(number) => *number == 0,
        Form::Real(number) => *number == 0.0,
        Form::Duration(ns) => *ns == 0,
        Form::Negate(inner) => is_zero(inner),
        _ => false,
    }
}

/// Whether one of the operands is `COLUMN`, `last(COLUMN)` or `NODE.COLUMN`.
fn is_of(both: &[Node; 2], name: &str) -> bool {
    both.iter().any(|node| match &node.form {
        Form::OfNode { column, .. } => column.name == name,
        Form::Call(Function::Last, inner) => inner.form == Form::Column(name.to_owned()),
        _ => false,
    })
}

fn negated_if(comparison: Comparison, equal: Truth) -> Truth {
    match comparison {
        Comparison::Unequal => Truth::Not(Box::new(equal)),
        _ => equal,
    }
}

fn compare_whole(comparison: Comparison, a: Whole, b: Whole) -> Truth {
    let small = |number: i128| i64::try_from(number).ok();
    match (&a, &b) {
        (Whole::Column(column), Whole::Const(number)) if small(*number).is_some() => {
            Truth::CompareColumn(comparison, *column, small(*number).unwrap_or(0))
        }
        (Whole::Const(number), Whole::Column(column)) if small(*number).is_some() => {
            let number = small(*number).unwrap_or(0);
            Truth::CompareColumn(comparison.mirrored(), *column, number)
        }
        _ => Truth::CompareWhole(comparison, Box::new([a, b])),
    }
}

/// The two operands and their types: `clock` is a whole number, and `'3'` is a text.
fn both_kinds(both: &[Node; 2], a: Kind, b: Kind) -> String {
    match a == b {
        true => format!("`{}` and `{}` are each {a}", both[0], both[1]),
        false => format!("`{}` is {a}, and `{}` is {b}", both[0], both[1]),
    }
}

/// What to write where a number has no unit, or a number or duration is in quotes.
fn unit_help(both: &[Node; 2], a: &Operand, b: &Operand) -> Option<String> {
    let kinds = [a.kind(), b.kind()];
    for (index, node) in both.iter().enumerate() {
        let other = kinds[1 - index];
        match &node.form {
            Form::Whole(_) | Form::Real(_) if other == Kind::Duration => {
                return Some(format!("write the unit: `{node}ms` or `{node}s`"));
            }
            Form::Text(text) => {
                let is_duration = base::duration::parse(text).is_ok() && other == Kind::Duration;
                let is_number = text.parse::<f64>().is_ok()
                    && matches!(other, Kind::Whole | Kind::Real | Kind::Duration);
                if is_duration || is_number {
                    return Some(format!("write it without quotes: `{text}`"));
                }
                if other == Kind::Truth && matches!(text.as_str(), "true" | "false") {
                    return Some(format!("write it without quotes: `{text}`"));
                }
            }
            _ => {}
        }
    }
    None
}
