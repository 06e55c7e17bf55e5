//! The value of a bound expression for one record.

use std::cmp::Ordering;
use std::fmt;

use analysis_log::{Columns, NO_PEER, Row, RunSchema};

use crate::memory::Memory;
use crate::number::{compare, finite, rounded};
use crate::operand::{
    Arithmetic, Cell, Comparison, Operand, Real, Text, Truth, Whole, WholeColumn,
};
use crate::syntax::Span;
use crate::value::Value;

/// Why an expression has no value for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A column that it needs has no value.
    Absent,
    /// It cannot be evaluated.
    Fails(Failure),
}

/// An evaluation that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub why: Why,
    /// The part of the expression.
    pub span: Span,
}

/// Why an evaluation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A division by zero.
    DivisionByZero,
    /// A result beyond the range of numbers.
    TooLarge,
    /// A value that is no number (NaN).
    NotANumber,
}

impl Why {
    pub(crate) fn at<T>(self, span: Span) -> Result<T, Stop> {
        Err(Stop::Fails(Failure { why: self, span }))
    }

    /// What to write instead.
    pub fn help(self) -> &'static str {
        match self {
            Why::DivisionByZero => "exclude it first: `x != 0 and 10 / x > 1`",
            Why::TooLarge => "compare smaller numbers",
            Why::NotANumber => "the behavior wrote no number into its column",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::DivisionByZero => "division by zero",
            Why::TooLarge => "the result is too large",
            Why::NotANumber => "a value is not a number (NaN)",
        })
    }
}

/// The names behind the numbers of records.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The nodes.
    pub schema: &'a RunSchema,
    /// The external peers, whose indices follow those of the nodes.
    pub external_peers: &'a [String],
}

impl<'a> Names<'a> {
    fn peer(&self, peer: u32) -> Result<&'a str, Stop> {
        let peer = peer as usize;
        if let Some(node) = self.schema.nodes.get(peer) {
            return Ok(&node.name);
        }
        let external = peer.wrapping_sub(self.schema.nodes.len());
        let name = self.external_peers.get(external);
        name.map(String::as_str).ok_or(Stop::Absent)
    }
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The standard columns.
    pub row: &'a Row,
    /// The behavior's columns.
    pub columns: &'a Columns<'a>,
    /// The names behind the numbers.
    pub names: Names<'a>,
}

/// A record, with the memory of earlier ones.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub record: &'a Record<'a>,
    pub memory: &'a Memory,
}

impl<'a> At<'a> {
    #[inline]
    fn raw(&self, column: usize) -> Result<u64, Stop> {
        self.record.columns.raw(column).ok_or(Stop::Absent)
    }

    fn cell(&self, cell: Cell) -> Result<Value, Stop> {
        self.memory.value(cell, self.record.row)
    }

    fn cell_text(&self, cell: Cell) -> Result<&'a str, Stop> {
        self.memory.text(cell, self.record.row)
    }
}

impl WholeColumn {
    #[inline]
    fn value(self, at: &At<'_>) -> Result<i128, Stop> {
        let raw = at.raw(self.index)?;
        Ok(match self.signed {
            true => i128::from(raw as i64),
            false => i128::from(raw),
        })
    }

    /// The order of the value and a constant.
    #[inline]
    fn compare(self, constant: i64, at: &At<'_>) -> Result<Ordering, Stop> {
        let raw = at.raw(self.index)?;
        Ok(match (self.signed, u64::try_from(constant)) {
            (true, _) => (raw as i64).cmp(&constant),
            (false, Ok(constant)) => raw.cmp(&constant),
            (false, Err(_)) => Ordering::Greater,
        })
    }
}

impl Truth {
    pub fn eval(&self, at: &At<'_>) -> Result<bool, Stop> {
        match self {
            Truth::Const(truth) => Ok(*truth),
            Truth::Column(column) => Ok(at.raw(*column)? != 0),
            Truth::Cell(cell) => match at.cell(*cell)? {
                Value::Truth(truth) => Ok(truth),
                _ => Err(Stop::Absent),
            },
            Truth::Not(inner) => Ok(!inner.eval(at)?),
            Truth::And(both) => decided_by(false, both[0].eval(at), || both[1].eval(at)),
            Truth::Or(both) => decided_by(true, both[0].eval(at), || both[1].eval(at)),
            Truth::Implies(both) => {
                let not = both[0].eval(at).map(|truth| !truth);
                decided_by(true, not, || both[1].eval(at))
            }
            Truth::Same(both) => Ok(both[0].eval(at)? == both[1].eval(at)?),
            Truth::CompareColumn(comparison, column, constant) => {
                Ok(comparison.holds(column.compare(*constant, at)?))
            }
            Truth::CompareWhole(comparison, both) => {
                let order = both[0].eval(at)?.cmp(&both[1].eval(at)?);
                Ok(comparison.holds(order))
            }
            Truth::CompareReal(comparison, both, span) => {
                let order = both.0.eval(at)?.partial_cmp(&both.1.eval(at)?);
                in_order(*comparison, order, *span)
            }
            Truth::CompareMixed(comparison, both, span) => {
                let order = compare(both.0.eval(at)?, both.1.eval(at)?);
                in_order(*comparison, order, *span)
            }
            Truth::EqualText(both) => Ok(both[0].eval(at)? == both[1].eval(at)?),
            Truth::EventIs(event) => Ok(at.record.row.event == *event),
            Truth::NodeIs(node) => Ok(at.record.row.node == *node),
            Truth::PeerIs(node) => match at.record.row.peer {
                NO_PEER => Err(Stop::Absent),
                peer => Ok(peer == *node),
            },
            Truth::Has(inner) => match inner.check(at) {
                Ok(()) => Ok(true),
                Err(Stop::Absent) => Ok(false),
                Err(failure) => Err(failure),
            },
        }
    }
}

/// The result of `and` (decided by false) and `or` (decided by true).
#[inline]
fn decided_by(
    decides: bool,
    left: Result<bool, Stop>,
    right: impl FnOnce() -> Result<bool, Stop>,
) -> Result<bool, Stop> {
    match left {
        Ok(truth) if truth == decides => Ok(truth),
        Ok(_) => right(),
        Err(Stop::Absent) => match right()? {
            truth if truth == decides => Ok(truth),
            _ => Err(Stop::Absent),
        },
        failure => failure,
    }
}

fn in_order(comparison: Comparison, order: Option<Ordering>, span: Span) -> Result<bool, Stop> {
    match order {
        Some(order) => Ok(comparison.holds(order)),
        None => Why::NotANumber.at(span),
    }
}

impl Whole {
    pub fn eval(&self, at: &At<'_>) -> Result<i128, Stop> {
        let row = at.record.row;
        match self {
            Whole::Const(number) => Ok(*number),
            Whole::Column(column) => column.value(at),
            Whole::Time => Ok(row.time_ns.into()),
            Whole::Step => Ok(row.step.into()),
            Whole::Message if row.message > 0 => Ok(row.message.into()),
            Whole::Bytes if row.message > 0 => Ok(row.bytes.into()),
            Whole::Message | Whole::Bytes => Err(Stop::Absent),
            Whole::Queue => Ok(row.queue.into()),
            Whole::Cell(cell) => at.cell(*cell)?.as_whole().ok_or(Stop::Absent),
            Whole::Negate(inner, span) => or_too_large(inner.eval(at)?.checked_neg(), *span),
            Whole::Abs(inner, span) => or_too_large(inner.eval(at)?.checked_abs(), *span),
            Whole::Arithmetic(operator, both, span) => {
                let (a, b) = (both[0].eval(at)?, both[1].eval(at)?);
                let result = match operator {
                    Arithmetic::Add => a.checked_add(b),
                    Arithmetic::Subtract => a.checked_sub(b),
                    Arithmetic::Multiply => a.checked_mul(b),
                    Arithmetic::Divide | Arithmetic::Remainder if b == 0 => {
                        return Why::DivisionByZero.at(*span);
                    }
                    Arithmetic::Divide => a.checked_div(b),
                    Arithmetic::Remainder => a.checked_rem_euclid(b),
                };
                or_too_large(result, *span)
            }
            Whole::Rounded(inner, span) => match rounded(inner.eval(at)?) {
                Ok(number) => Ok(number),
                Err(why) => why.at(*span),
            },
        }
    }
}

fn or_too_large(result: Option<i128>, span: Span) -> Result<i128, Stop> {
    match result {
        Some(number) => Ok(number),
        None => Why::TooLarge.at(span),
    }
}

impl Real {
    pub fn eval(&self, at: &At<'_>) -> Result<f64, Stop> {
        match self {
            Real::Const(number) => Ok(*number),
            Real::Column(column) => Ok(f64::from_bits(at.raw(*column)?)),
            Real::Cell(cell) => match at.cell(*cell)? {
                Value::Real(number) => Ok(number),
                // Of a node where the column has whole numbers.
                whole => match whole.as_whole() {
                    Some(number) => Ok(number as f64),
                    None => Err(Stop::Absent),
                },
            },
            Real::OfWhole(inner) => Ok(inner.eval(at)? as f64),
            Real::Negate(inner) => Ok(-inner.eval(at)?),
            Real::Abs(inner) => Ok(inner.eval(at)?.abs()),
            Real::Arithmetic(operator, both, span) => {
                let (a, b) = (both[0].eval(at)?, both[1].eval(at)?);
                let result = match operator {
                    Arithmetic::Add => a + b,
                    Arithmetic::Subtract => a - b,
                    Arithmetic::Multiply => a * b,
                    Arithmetic::Divide | Arithmetic::Remainder if b == 0.0 => {
                        return Why::DivisionByZero.at(*span);
                    }
                    Arithmetic::Divide => a / b,
                    Arithmetic::Remainder => a.rem_euclid(b),
                };
                match finite(result) {
                    Ok(number) => Ok(number),
                    Err(why) => why.at(*span),
                }
            }
        }
    }
}

impl Text {
    pub fn eval<'a>(&'a self, at: &At<'a>) -> Result<&'a str, Stop> {
        let (row, names) = (at.record.row, at.record.names);
        match self {
            Text::Const(text) => Ok(text),
            Text::Column(column) => {
                let raw = at.raw(*column)?;
                let text = at.record.columns.texts.get(raw as usize);
                text.map(String::as_str).ok_or(Stop::Absent)
            }
            Text::Event => Ok(names.schema.nodes[row.node as usize].event_name(row.event)),
            Text::Peer => names.peer(row.peer),
            Text::Node => Ok(&names.schema.nodes[row.node as usize].name),
            Text::Cell(cell) => at.cell_text(*cell),
        }
    }
}

impl Operand {
    /// Whether there is a value.
    fn check(&self, at: &At<'_>) -> Result<(), Stop> {
        match self {
            Operand::Truth(it) => it.eval(at).map(drop),
            Operand::Whole(it) | Operand::Duration(it) => it.eval(at).map(drop),
            Operand::Real(it) => it.eval(at).map(drop),
            Operand::Text(it) => it.eval(at).map(drop),
        }
    }

    /// The value, to be kept.
    pub(crate) fn value(&self, at: &At<'_>) -> Result<Value, Stop> {
        Ok(match self {
            Operand::Truth(it) => Value::Truth(it.eval(at)?),
            Operand::Whole(it) | Operand::Duration(it) => Value::whole(it.eval(at)?),
            Operand::Real(it) => Value::Real(it.eval(at)?),
            Operand::Text(it) => Value::Text(it.eval(at)?.into()),
        })
    }
}
