//! Any numeric column of a behavior: mean, least, greatest and last value over
//! the node's steps.

use std::ops::AddAssign;

use super::definition::Definition;
use super::jumps::integer;
use super::value::Value;
use crate::log::{Cell, ColumnKind};

/// The metrics of this family; each name follows `COLUMN_`.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "mean",
        unit: "",
        text: "Mean of the column over the node's steps.",
    },
    Definition {
        name: "min",
        unit: "",
        text: "Least value of the column at any of the node's steps.",
    },
    Definition {
        name: "max",
        unit: "",
        text: "Greatest value of the column at any of the node's steps.",
    },
    Definition {
        name: "final",
        unit: "",
        text: "Value of the column at the node's last step that has one.",
    },
];

/// Whether a column of this kind has metrics.
pub(super) fn is_numeric(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::U64 | ColumnKind::I64 | ColumnKind::F64)
}

/// One column of one node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    /// No value yet.
    Empty,
    /// Whole numbers of 0 or more; exact.
    Natural(Totals<u64>),
    /// Whole numbers; exact.
    Whole(Totals<i64>),
    /// Other numbers, summed in the order of the node's steps, which is also the order
    /// of its log.
    Real(Totals<f64>),
}

/// What is kept of numbers of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals<N: Number> {
    count: u64,
    sum: N::Sum,
    min: N,
    max: N,
    last: N,
}

/// A kind of numbers.
pub(super) trait Number: Copy {
    /// What holds the sum of as many as a run has.
    type Sum: Copy + AddAssign + From<Self>;

    fn least(self, other: Self) -> Self;
    fn most(self, other: Self) -> Self;
}

impl Number for u64 {
    type Sum = u128;

    fn least(self, other: u64) -> u64 {
        self.min(other)
    }

    fn most(self, other: u64) -> u64 {
        self.max(other)
    }
}

impl Number for i64 {
    type Sum = i128;

    fn least(self, other: i64) -> i64 {
        self.min(other)
    }

    fn most(self, other: i64) -> i64 {
        self.max(other)
    }
}

impl Number for f64 {
    type Sum = f64;

    fn least(self, other: f64) -> f64 {
        self.min(other)
    }

    fn most(self, other: f64) -> f64 {
        self.max(other)
    }
}

impl<N: Number> Totals<N> {
    #[inline]
    fn of(value: N) -> Totals<N> {
        Totals {
            count: 1,
            sum: value.into(),
            min: value,
            max: value,
            last: value,
        }
    }

    #[inline]
    fn add(&mut self, value: N) {
        self.count += 1;
        self.sum += value.into();
        self.min = value.least(self.min);
        self.max = value.most(self.max);
        self.last = value;
    }

    fn append(&mut self, later: &Totals<N>) {
        self.count += later.count;
        self.sum += later.sum;
        self.min = self.min.least(later.min);
        self.max = self.max.most(later.max);
        self.last = later.last;
    }
}

impl Column {
    /// Adds the value after a step. Values that are no numbers are ignored.
    #[inline]
    pub(super) fn step(&mut self, cell: Cell<'_>) {
        match (cell, &mut *self) {
            (Cell::U64(value), Column::Natural(totals)) => totals.add(value),
            (Cell::U64(value), this) => *this = Column::Natural(Totals::of(value)),
            (Cell::I64(value), Column::Whole(totals)) => totals.add(value),
            (Cell::I64(value), this) => *this = Column::Whole(Totals::of(value)),
            (Cell::F64(value), _) if value.is_nan() => {}
            (Cell::F64(value), Column::Real(totals)) => totals.add(value),
            (Cell::F64(value), this) => *this = Column::Real(Totals::of(value)),
            (Cell::Empty | Cell::Bool(_) | Cell::Text(_), _) => {}
        }
    }

    /// Reads what the value after the next step changes.
    #[inline]
    pub(super) fn touch(&self) -> u64 {
        match self {
            Column::Empty => 0,
            Column::Natural(totals) => totals.count,
            Column::Whole(totals) => totals.count,
            Column::Real(totals) => totals.count,
        }
    }

    /// Adds the values of the part of the run that follows.
    pub(super) fn append(&mut self, later: &Column) {
        match (&mut *self, later) {
            (_, Column::Empty) => {}
            (Column::Natural(totals), Column::Natural(later)) => totals.append(later),
            (Column::Whole(totals), Column::Whole(later)) => totals.append(later),
            (Column::Real(totals), Column::Real(later)) => totals.append(later),
            // A column has numbers of one kind.
            (this, _) => *this = *later,
        }
    }

    /// Sum and number of the values.
    pub(super) fn sum_and_count(&self) -> (f64, f64) {
        match *self {
            Column::Empty => (0.0, 0.0),
            Column::Natural(it) => (it.sum as f64, it.count as f64),
            Column::Whole(it) => (it.sum as f64, it.count as f64),
            Column::Real(it) => (it.sum, it.count as f64),
        }
    }

    /// The values, in the order of [`DEFINITIONS`].
    pub(super) fn finish(&self) -> [Option<Value>; 4] {
        match *self {
            Column::Empty => [None; 4],
            Column::Natural(it) => {
                let [min, max, last] =
                    [it.min, it.max, it.last].map(|it| Some(Value::Unsigned(it)));
                let mean = Value::Real(it.sum as f64 / it.count as f64);
                [Some(mean), min, max, last]
            }
            Column::Whole(it) => [
                Some(Value::Real(it.sum as f64 / it.count as f64)),
                Some(integer(it.min.into())),
                Some(integer(it.max.into())),
                Some(integer(it.last.into())),
            ],
            Column::Real(it) => {
                let mean = it.sum / it.count as f64;
                [mean, it.min, it.max, it.last].map(|value| Some(Value::Real(value)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(cells: &[Cell<'_>]) -> [Option<Value>; 4] {
        let mut column = Column::Empty;
        for &cell in cells {
            column.step(cell);
        }
        column.finish()
    }

    #[test]
    fn whole_numbers_stay_exact() {
        let values = finished(&[Cell::U64(u64::MAX), Cell::Empty, Cell::U64(1)]);
        assert_eq!(values[1], Some(Value::Unsigned(1)));
        assert_eq!(values[2], Some(Value::Unsigned(u64::MAX)));
        assert_eq!(values[3], Some(Value::Unsigned(1)));
        let values = finished(&[Cell::I64(-4), Cell::I64(2)]);
        assert_eq!(
            values,
            [
                Some(Value::Real(-1.0)),
                Some(Value::Signed(-4)),
                Some(Value::Unsigned(2)),
                Some(Value::Unsigned(2))
            ]
        );
    }

    #[test]
    fn what_is_not_a_number_enters_nothing() {
        assert_eq!(finished(&[Cell::Text("red"), Cell::Bool(true)]), [None; 4]);
        let values = finished(&[Cell::F64(0.5), Cell::F64(f64::NAN), Cell::F64(1.5)]);
        assert_eq!(values, [1.0, 0.5, 1.5, 1.5].map(|v| Some(Value::Real(v))));
    }
}
