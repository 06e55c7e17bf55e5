//! An expression that is bound to the columns of one kind of node: trees by type, so that
//! no type is looked at when a record is evaluated.

use analysis_log::EventId;

use crate::kind::Kind;
use crate::syntax::Span;

/// A bound expression of any type.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// True or false.
    Truth(Truth),
    /// A whole number.
    Whole(Whole),
    /// A duration `[ns]`.
    Duration(Whole),
    /// A real number.
    Real(Real),
    /// A text.
    Text(Text),
}

/// Something that is true or false.
#[derive(Clone, Debug, PartialEq)]
pub enum Truth {
    Const(bool),
    /// A column of the record.
    Column(usize),
    /// The value of a memory cell.
    Cell(Cell),
    Not(Box<Truth>),
    And(Box<[Truth; 2]>),
    Or(Box<[Truth; 2]>),
    /// `implies`.
    Implies(Box<[Truth; 2]>),
    /// Whether both are true or both are false.
    Same(Box<[Truth; 2]>),
    CompareWhole(Comparison, Box<[Whole; 2]>),
    /// A column of whole numbers with a constant: the most frequent comparison.
    CompareColumn(Comparison, WholeColumn, i64),
    CompareReal(Comparison, Box<(Real, Real)>, Span),
    /// A whole number with a real one.
    CompareMixed(Comparison, Box<(Whole, Real)>, Span),
    EqualText(Box<[Text; 2]>),
    EventIs(EventId),
    NodeIs(u32),
    PeerIs(u32),
    /// Whether there is a value.
    Has(Box<Operand>),
}

/// A column of whole numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WholeColumn {
    pub index: usize,
    /// Whether it is signed.
    pub signed: bool,
}

/// A whole number, or a duration in nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Whole {
    Const(i128),
    Column(WholeColumn),
    Time,
    Step,
    Message,
    Bytes,
    Queue,
    Cell(Cell),
    Negate(Box<Whole>, Span),
    Abs(Box<Whole>, Span),
    Arithmetic(Arithmetic, Box<[Whole; 2]>, Span),
    /// The nearest whole number.
    Rounded(Box<Real>, Span),
}

/// A real number.
#[derive(Clone, Debug, PartialEq)]
pub enum Real {
    Const(f64),
    Column(usize),
    Cell(Cell),
    OfWhole(Box<Whole>),
    Negate(Box<Real>),
    Abs(Box<Real>),
    Arithmetic(Arithmetic, Box<[Real; 2]>, Span),
}

/// A text.
#[derive(Clone, Debug, PartialEq)]
pub enum Text {
    Const(String),
    Column(usize),
    Event,
    Peer,
    Node,
    Cell(Cell),
}

/// Where a value of earlier records is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// The value after the step before of this node: the index of a `last`.
    Last(usize),
    /// The latest value of one node: the index of a `NODE.COLUMN`.
    OfNode(usize),
    /// The value over all nodes: the index of an aggregate.
    Over(usize),
}

/// The comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// The arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    /// Of durations: toward zero.
    Divide,
    /// From 0 to the divisor.
    Remainder,
}

impl Operand {
    /// The type.
    pub fn kind(&self) -> Kind {
        match self {
            Operand::Truth(_) => Kind::Truth,
            Operand::Whole(_) => Kind::Whole,
            Operand::Duration(_) => Kind::Duration,
            Operand::Real(_) => Kind::Real,
            Operand::Text(_) => Kind::Text,
        }
    }

    /// The value of a memory cell.
    pub fn cell(kind: Kind, cell: Cell) -> Operand {
        match kind {
            Kind::Truth => Operand::Truth(Truth::Cell(cell)),
            Kind::Whole => Operand::Whole(Whole::Cell(cell)),
            Kind::Duration => Operand::Duration(Whole::Cell(cell)),
            Kind::Real => Operand::Real(Real::Cell(cell)),
            Kind::Text => Operand::Text(Text::Cell(cell)),
        }
    }
}

impl Comparison {
    /// Whether it holds for two values in this order.
    #[inline]
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::Unequal => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::AtMost => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::AtLeast => order.is_ge(),
        }
    }

    /// The same comparison, or the one that holds if it does not.
    pub fn or_opposite(self, same: bool) -> Comparison {
        match self {
            _ if same => self,
            Comparison::Equal => Comparison::Unequal,
            Comparison::Unequal => Comparison::Equal,
            Comparison::Less => Comparison::AtLeast,
            Comparison::AtMost => Comparison::Greater,
            Comparison::Greater => Comparison::AtMost,
            Comparison::AtLeast => Comparison::Less,
        }
    }

    /// The same comparison with its sides exchanged.
    pub fn mirrored(self) -> Comparison {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::AtMost => Comparison::AtLeast,
            Comparison::Greater => Comparison::Less,
            Comparison::AtLeast => Comparison::AtMost,
            same => same,
        }
    }
}

impl Arithmetic {
    /// The result; `None` if it does not fit, and for a division by zero.
    #[inline]
    pub fn in_64_bits(self, a: i64, b: i64) -> Option<i64> {
        match self {
            Arithmetic::Add => a.checked_add(b),
            Arithmetic::Subtract => a.checked_sub(b),
            Arithmetic::Multiply => a.checked_mul(b),
            Arithmetic::Divide => a.checked_div(b),
            Arithmetic::Remainder => a.checked_rem_euclid(b),
        }
    }
}
