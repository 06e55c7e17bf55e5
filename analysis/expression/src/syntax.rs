//! An expression as a tree, and as text again.
//!
//! Two trees are equal if they say the same: spans are not compared.

mod print;

pub(crate) use print::write_text;

use std::fmt;

use crate::mistake::Mistake;
use crate::parse;

/// A part of a text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// From the first byte to the byte after the last.
    pub fn new(start: usize, end: usize) -> Span {
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            start: byte(start),
            end: byte(end),
        }
    }

    /// From the beginning of one to the end of the other.
    pub fn to(self, other: Span) -> Span {
        Span {
            start: self.start,
            end: other.end,
        }
    }

    /// As a range of bytes.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// An expression that was parsed. Its names and types are not known yet.
#[derive(Clone, Debug)]
pub struct Expression {
    pub(crate) text: String,
    pub(crate) root: Node,
}

/// A part of an expression.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it is written.
    pub span: Span,
    /// What it is.
    pub form: Form,
}

/// The forms of a part.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A whole number.
    Whole(i128),
    /// A number with a fraction or an exponent; finite.
    Real(f64),
    /// A duration `[ns]`.
    Duration(u64),
    /// A text.
    Text(String),
    /// `true` or `false`.
    Truth(bool),
    /// A column of the record.
    Column(String),
    /// The latest value of a column of one node: `east_west.colour`.
    OfNode {
        /// The node's name.
        node: Named,
        /// The column.
        column: Named,
    },
    /// `not x`.
    Not(Box<Node>),
    /// `-x`.
    Negate(Box<Node>),
    /// Two operands.
    Binary(Operator, Box<[Node; 2]>),
    /// `x in ['a', 'b']`, or `x not in ['a', 'b']`.
    In {
        /// What is looked for.
        value: Box<Node>,
        /// The values; at least one.
        list: Vec<Node>,
        /// Whether it is `not in`.
        negated: bool,
    },
    /// A function of one operand: `last(x)`.
    Call(Function, Box<Node>),
    /// A function of all nodes: `count(nodes, x)`.
    Over(Aggregate, Box<Node>),
}

/// A name, and where it is written.
#[derive(Clone, Debug)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Where it is written.
    pub span: Span,
}

/// The operators of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operator {
    Implies,
    Or,
    And,
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// The functions of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// The value after the node's step before.
    Last,
    /// Whether there is a value.
    Has,
    /// The absolute value.
    Abs,
}

/// The functions of the latest values of all nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// Number of nodes for which it is true.
    Count,
    /// Whether it is true for a node.
    Any,
    /// Whether it is true for all nodes.
    All,
    /// The sum.
    Sum,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
}

impl Operator {
    pub(crate) const ALL: [Operator; 14] = [
        Operator::Implies,
        Operator::Or,
        Operator::And,
        Operator::Equal,
        Operator::Unequal,
        Operator::Less,
        Operator::AtMost,
        Operator::Greater,
        Operator::AtLeast,
        Operator::Add,
        Operator::Subtract,
        Operator::Multiply,
        Operator::Divide,
        Operator::Remainder,
    ];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Operator::Implies => "implies",
            Operator::Or => "or",
            Operator::And => "and",
            Operator::Equal => "==",
            Operator::Unequal => "!=",
            Operator::Less => "<",
            Operator::AtMost => "<=",
            Operator::Greater => ">",
            Operator::AtLeast => ">=",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
        }
    }

    /// How tightly it binds: see [`crate::parse`].
    pub(crate) fn level(self) -> u8 {
        match self {
            Operator::Implies => 1,
            Operator::Or => 2,
            Operator::And => 3,
            Operator::Equal
            | Operator::Unequal
            | Operator::Less
            | Operator::AtMost
            | Operator::Greater
            | Operator::AtLeast => COMPARISON,
            Operator::Add | Operator::Subtract => 6,
            Operator::Multiply | Operator::Divide | Operator::Remainder => 7,
        }
    }
}

/// The level of `not`.
pub(crate) const NOT: u8 = 4;
/// The level of comparisons and `in`.
pub(crate) const COMPARISON: u8 = 5;
/// The level of a minus before an operand.
pub(crate) const NEGATION: u8 = 8;

/// The words of the language, which are no names.
pub(crate) const WORDS: [&str; 7] = ["and", "or", "not", "implies", "in", "true", "false"];

impl Function {
    pub(crate) const ALL: [Function; 3] = [Function::Last, Function::Has, Function::Abs];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Function::Last => "last",
            Function::Has => "has",
            Function::Abs => "abs",
        }
    }
}

impl Aggregate {
    pub(crate) const ALL: [Aggregate; 6] = [
        Aggregate::Count,
        Aggregate::Any,
        Aggregate::All,
        Aggregate::Sum,
        Aggregate::Min,
        Aggregate::Max,
    ];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Aggregate::Count => "count",
            Aggregate::Any => "any",
            Aggregate::All => "all",
            Aggregate::Sum => "sum",
            Aggregate::Min => "min",
            Aggregate::Max => "max",
        }
    }
}

impl Expression {
    /// Parses a text.
    ///
    /// # Errors
    /// Fails with the first mistake in the syntax.
    pub fn parse(text: &str) -> Result<Expression, Mistake> {
        Ok(Expression {
            root: parse::parse(text)?,
            text: text.to_owned(),
        })
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole tree.
    pub fn root(&self) -> &Node {
        &self.root
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.root == other.root
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Node) -> bool {
        self.form == other.form
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Named) -> bool {
        self.name == other.name
    }
}

impl fmt::Display for Expression {
    /// The tree as text, with as few parentheses as it needs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}
