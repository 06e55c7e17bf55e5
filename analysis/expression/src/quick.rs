//! The quick evaluation: in 64 bits, and without failures.
//!
//! The exact evaluation (module `evaluate`) has whole numbers of 128 bits and failures with
//! their place, so that each of its results is large. Nearly no record needs them. Here, a
//! result that does not fit, or that fails, is [`Quick::Unsure`], and the exact evaluation
//! is done instead. Where this module has a value, it is that of the exact evaluation.

use analysis_log::NO_PEER;

use crate::evaluate::{At, Stop};
use crate::number::compare;
use crate::operand::{Arithmetic, Cell, Operand, Real, Truth, Whole};
use crate::value::{Quick, Value};

/// Takes the value out, or returns that there is none.
macro_rules! value {
    ($quick:expr) => {
        match $quick {
            Quick::Is(value) => value,
            Quick::Absent => return Quick::Absent,
            Quick::Unsure => return Quick::Unsure,
        }
    };
}

impl At<'_> {
    #[inline]
    fn quick_raw(&self, column: usize) -> Quick<u64> {
        match self.record.columns.raw(column) {
            Some(raw) => Quick::Is(raw),
            None => Quick::Absent,
        }
    }
}

impl Truth {
    pub fn quick(&self, at: &At<'_>) -> Quick<bool> {
        match self {
            Truth::Const(truth) => Quick::Is(*truth),
            Truth::Column(column) => at.quick_raw(*column).map(|raw| raw != 0),
            Truth::Cell(cell) => at.memory.quick_truth(*cell, at.record.row),
            Truth::Not(inner) => inner.quick(at).map(|truth| !truth),
            Truth::And(both) => decided_by(false, both[0].quick(at), || both[1].quick(at)),
            Truth::Or(both) => decided_by(true, both[0].quick(at), || both[1].quick(at)),
            Truth::Implies(both) => {
                let not = both[0].quick(at).map(|truth| !truth);
                decided_by(true, not, || both[1].quick(at))
            }
            Truth::Same(both) => {
                let (a, b) = (value!(both[0].quick(at)), value!(both[1].quick(at)));
                Quick::Is(a == b)
            }
            Truth::CompareColumn(comparison, column, constant) => {
                let raw = value!(at.quick_raw(column.index));
                let order = match (column.signed, u64::try_from(*constant)) {
                    (true, _) => (raw as i64).cmp(constant),
                    (false, Ok(constant)) => raw.cmp(&constant),
                    (false, Err(_)) => std::cmp::Ordering::Greater,
                };
                Quick::Is(comparison.holds(order))
            }
            Truth::CompareWhole(comparison, both) => {
                let (a, b) = (value!(both[0].quick(at)), value!(both[1].quick(at)));
                Quick::Is(comparison.holds(a.cmp(&b)))
            }
            Truth::CompareReal(comparison, both, _) => {
                let (a, b) = (value!(both.0.quick(at)), value!(both.1.quick(at)));
                Quick::sure(a.partial_cmp(&b)).map(|order| comparison.holds(order))
            }
            Truth::CompareMixed(comparison, both, _) => {
                let (a, b) = (value!(both.0.quick(at)), value!(both.1.quick(at)));
                Quick::sure(compare(a.into(), b)).map(|order| comparison.holds(order))
            }
            Truth::EventIs(event) => Quick::Is(at.record.row.event == *event),
            Truth::NodeIs(node) => Quick::Is(at.record.row.node == *node),
            Truth::PeerIs(node) => match at.record.row.peer {
                NO_PEER => Quick::Absent,
                peer => Quick::Is(peer == *node),
            },
            Truth::Has(inner) => match inner.quick_check(at) {
                Quick::Is(()) => Quick::Is(true),
                Quick::Absent => Quick::Is(false),
                Quick::Unsure => Quick::Unsure,
            },
            // Texts have one evaluation.
            Truth::EqualText(both) => match (both[0].eval(at), both[1].eval(at)) {
                (Ok(a), Ok(b)) => Quick::Is(a == b),
                (Err(Stop::Absent), _) | (Ok(_), Err(Stop::Absent)) => Quick::Absent,
                _ => Quick::Unsure,
            },
        }
    }
}

/// The result of `and` (decided by false) and `or` (decided by true).
#[inline]
fn decided_by(
    decides: bool,
    left: Quick<bool>,
    right: impl FnOnce() -> Quick<bool>,
) -> Quick<bool> {
    match left {
        Quick::Is(truth) if truth == decides => left,
        Quick::Is(_) => right(),
        Quick::Absent => match right() {
            Quick::Is(truth) if truth != decides => Quick::Absent,
            other => other,
        },
        Quick::Unsure => Quick::Unsure,
    }
}

impl Whole {
    /// The value. Leaves are found here, in the code of the caller: most operands are some.
    #[inline(always)]
    pub fn quick(&self, at: &At<'_>) -> Quick<i64> {
        let row = at.record.row;
        let fits = |number: u64| Quick::sure(i64::try_from(number).ok());
        match self {
            Whole::Const(number) => Quick::sure(i64::try_from(*number).ok()),
            Whole::Column(column) => match at.quick_raw(column.index) {
                Quick::Is(raw) if column.signed => Quick::Is(raw as i64),
                Quick::Is(raw) => fits(raw),
                _ => Quick::Absent,
            },
            Whole::Time => fits(row.time_ns),
            Whole::Step => fits(row.step),
            Whole::Message if row.message > 0 => fits(row.message),
            Whole::Bytes if row.message > 0 => fits(row.bytes),
            Whole::Message | Whole::Bytes => Quick::Absent,
            Whole::Queue => fits(row.queue),
            Whole::Cell(Cell::Last(index)) => at.memory.quick_last(*index, row),
            other => other.quick_compound(at),
        }
    }

    fn quick_compound(&self, at: &At<'_>) -> Quick<i64> {
        match self {
            Whole::Cell(cell) => at.memory.quick_whole(*cell, at.record.row),
            Whole::Negate(inner, _) => Quick::sure(value!(inner.quick(at)).checked_neg()),
            Whole::Abs(inner, _) => Quick::sure(value!(inner.quick(at)).checked_abs()),
            Whole::Arithmetic(operator, both, _) => {
                let (a, b) = (value!(both[0].quick(at)), value!(both[1].quick(at)));
                Quick::sure(operator.in_64_bits(a, b))
            }
            Whole::Rounded(inner, _) => {
                let rounded = value!(inner.quick(at)).round();
                // Not a number is in no range.
                Quick::sure((rounded.abs() < 9e18).then_some(rounded as i64))
            }
            // A leaf.
            _ => Quick::Unsure,
        }
    }
}

impl Real {
    pub fn quick(&self, at: &At<'_>) -> Quick<f64> {
        match self {
            Real::Const(number) => Quick::Is(*number),
            Real::Column(column) => at.quick_raw(*column).map(f64::from_bits),
            Real::Cell(cell) => at.memory.quick_real(*cell, at.record.row),
            Real::OfWhole(inner) => inner.quick(at).map(|number| number as f64),
            Real::Negate(inner) => inner.quick(at).map(|number| -number),
            Real::Abs(inner) => inner.quick(at).map(f64::abs),
            Real::Arithmetic(operator, both, _) => {
                let (a, b) = (value!(both[0].quick(at)), value!(both[1].quick(at)));
                let result = match operator {
                    Arithmetic::Add => a + b,
                    Arithmetic::Subtract => a - b,
                    Arithmetic::Multiply => a * b,
                    Arithmetic::Divide | Arithmetic::Remainder if b == 0.0 => {
                        return Quick::Unsure;
                    }
                    Arithmetic::Divide => a / b,
                    Arithmetic::Remainder => a.rem_euclid(b),
                };
                Quick::sure(result.is_finite().then_some(result))
            }
        }
    }
}

impl Operand {
    /// Whether there is a value.
    fn quick_check(&self, at: &At<'_>) -> Quick<()> {
        match self {
            Operand::Truth(it) => it.quick(at).map(drop),
            Operand::Whole(it) | Operand::Duration(it) => it.quick(at).map(drop),
            Operand::Real(it) => it.quick(at).map(drop),
            Operand::Text(it) => match it.eval(at) {
                Ok(_) => Quick::Is(()),
                Err(Stop::Absent) => Quick::Absent,
                Err(Stop::Fails(_)) => Quick::Unsure,
            },
        }
    }

    /// The value, to be kept; of texts, the exact evaluation is as quick.
    #[inline]
    pub(crate) fn quick_value(&self, at: &At<'_>) -> Quick<Value> {
        match self {
            Operand::Truth(it) => it.quick(at).map(Value::Truth),
            Operand::Whole(it) | Operand::Duration(it) => it.quick(at).map(Value::Whole),
            Operand::Real(it) => it.quick(at).map(Value::Real),
            Operand::Text(_) => Quick::Unsure,
        }
    }
}
