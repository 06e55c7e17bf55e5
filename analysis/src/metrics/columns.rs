//! Any numeric column of a behavior: mean, least, greatest and last value over
//! the node's steps.

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
    Natural {
        count: u64,
        sum: u128,
        min: u64,
        max: u64,
        last: u64,
    },
    /// Whole numbers; exact.
    Whole {
        count: u64,
        sum: i128,
        min: i128,
        max: i128,
        last: i128,
    },
    /// Other numbers, summed in the order of the node's steps, which is also the order
    /// of its log.
    Real {
        count: u64,
        sum: f64,
        min: f64,
        max: f64,
        last: f64,
    },
}

impl Column {
    /// Adds the value after a step. Values that are no numbers are ignored.
    #[inline]
    pub(super) fn step(&mut self, cell: Cell<'_>) {
        match cell {
            Cell::U64(value) => self.natural(value),
            Cell::I64(value) => self.whole(i128::from(value)),
            Cell::F64(value) if !value.is_nan() => self.real(value),
            Cell::F64(_) | Cell::Empty | Cell::Bool(_) | Cell::Text(_) => {}
        }
    }

    /// Adds the values of the part of the run that follows.
    pub(super) fn append(&mut self, later: &Column) {
        match (&mut *self, later) {
            (_, Column::Empty) => {}
            (
                Column::Natural {
                    count,
                    sum,
                    min,
                    max,
                    last,
                },
                Column::Natural {
                    count: more,
                    sum: rest,
                    min: least,
                    max: most,
                    last: newest,
                },
            ) => {
                *count += more;
                *sum += rest;
                *min = (*min).min(*least);
                *max = (*max).max(*most);
                *last = *newest;
            }
            (
                Column::Whole {
                    count,
                    sum,
                    min,
                    max,
                    last,
                },
                Column::Whole {
                    count: more,
                    sum: rest,
                    min: least,
                    max: most,
                    last: newest,
                },
            ) => {
                *count += more;
                *sum += rest;
                *min = (*min).min(*least);
                *max = (*max).max(*most);
                *last = *newest;
            }
            (
                Column::Real {
                    count,
                    sum,
                    min,
                    max,
                    last,
                },
                Column::Real {
                    count: more,
                    sum: rest,
                    min: least,
                    max: most,
                    last: newest,
                },
            ) => {
                *count += more;
                *sum += rest;
                *min = min.min(*least);
                *max = max.max(*most);
                *last = *newest;
            }
            // A column has numbers of one kind.
            (this, _) => *this = *later,
        }
    }

    /// Sum and number of the values.
    pub(super) fn sum_and_count(&self) -> (f64, f64) {
        match *self {
            Column::Empty => (0.0, 0.0),
            Column::Natural { count, sum, .. } => (sum as f64, count as f64),
            Column::Whole { count, sum, .. } => (sum as f64, count as f64),
            Column::Real { count, sum, .. } => (sum, count as f64),
        }
    }

    #[inline]
    fn natural(&mut self, value: u64) {
        if let Column::Natural {
            count,
            sum,
            min,
            max,
            last,
        } = self
        {
            *count += 1;
            *sum += u128::from(value);
            *min = value.min(*min);
            *max = value.max(*max);
            *last = value;
        } else {
            *self = Column::Natural {
                count: 1,
                sum: value.into(),
                min: value,
                max: value,
                last: value,
            };
        }
    }

    fn whole(&mut self, value: i128) {
        if let Column::Whole {
            count,
            sum,
            min,
            max,
            last,
        } = self
        {
            *count += 1;
            *sum += value;
            *min = value.min(*min);
            *max = value.max(*max);
            *last = value;
        } else {
            *self = Column::Whole {
                count: 1,
                sum: value,
                min: value,
                max: value,
                last: value,
            };
        }
    }

    fn real(&mut self, value: f64) {
        if let Column::Real {
            count,
            sum,
            min,
            max,
            last,
        } = self
        {
            *count += 1;
            *sum += value;
            *min = value.min(*min);
            *max = value.max(*max);
            *last = value;
        } else {
            *self = Column::Real {
                count: 1,
                sum: value,
                min: value,
                max: value,
                last: value,
            };
        }
    }

    /// The values, in the order of [`DEFINITIONS`].
    pub(super) fn finish(&self) -> [Option<Value>; 4] {
        match *self {
            Column::Empty => [None; 4],
            Column::Natural {
                count,
                sum,
                min,
                max,
                last,
            } => {
                let [min, max, last] = [min, max, last].map(|it| Some(Value::Unsigned(it)));
                let mean = Value::Real(sum as f64 / count as f64);
                [Some(mean), min, max, last]
            }
            Column::Whole {
                count,
                sum,
                min,
                max,
                last,
            } => [
                Some(Value::Real(sum as f64 / count as f64)),
                Some(integer(min)),
                Some(integer(max)),
                Some(integer(last)),
            ],
            Column::Real {
                count,
                sum,
                min,
                max,
                last,
            } => [sum / count as f64, min, max, last].map(|value| Some(Value::Real(value))),
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
