//! How a node's logical clock moves: the jumps from step to step, the values that it
//! skips, its last value.
//!
//! A logical clock increases by one at each step. It jumps further when the node
//! receives a message with a larger value, since the node was behind. So the jumps of
//! a node show how far it is behind, and the gaps how many values it skipped.

use super::definition::Definition;
use super::drift::Clock;
use super::histogram::Histogram;
use super::samples::Finishing;
use super::tally::JumpTally;
use super::value::Value;
use crate::log::{ColumnKind, Columns, EventId};

/// The metrics of this family.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "clock_final",
        unit: "",
        text: "The last value of `clock` in the node's log.",
    },
    Definition {
        name: "clock_jump_mean",
        unit: "",
        text: "Mean of the differences of `clock` between successive steps; the first step, and the first after a restart, has none.",
    },
    Definition {
        name: "clock_jump_p50",
        unit: "",
        text: "Median of the differences of `clock` between successive steps (nearest rank; exact up to 16,384 distinct values, beyond as the middle of a bucket).",
    },
    Definition {
        name: "clock_jump_p90",
        unit: "",
        text: "90th percentile of the differences of `clock` between successive steps (nearest rank).",
    },
    Definition {
        name: "clock_jump_p95",
        unit: "",
        text: "95th percentile of the differences of `clock` between successive steps (nearest rank).",
    },
    Definition {
        name: "clock_jump_p99",
        unit: "",
        text: "99th percentile of the differences of `clock` between successive steps (nearest rank).",
    },
    Definition {
        name: "clock_jump_p999",
        unit: "",
        text: "99.9th percentile of the differences of `clock` between successive steps (nearest rank).",
    },
    Definition {
        name: "clock_jump_max",
        unit: "",
        text: "Greatest difference of `clock` between successive steps.",
    },
    Definition {
        name: "clock_gap_total",
        unit: "",
        text: "Values of `clock` that the node skipped: the sum of (jump - 1) over all jumps greater than 1.",
    },
];

/// The value of a column of integers, so that the integers of one kind of column keep their
/// order and their differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ordered(u64);

impl Ordered {
    /// Of the bits of a column of this kind.
    #[inline]
    pub(super) fn of(raw: u64, kind: ColumnKind) -> Ordered {
        Ordered(raw ^ Ordered::sign(kind))
    }

    /// The number that has the order.
    #[inline]
    pub(super) fn bits(self) -> u64 {
        self.0
    }

    /// The integer.
    #[inline]
    pub(super) fn integer(self, kind: ColumnKind) -> i128 {
        i128::from(self.0) - i128::from(Ordered::sign(kind))
    }

    /// The bit to turn over: two's complement has the integers below 0 after the others.
    #[inline]
    fn sign(kind: ColumnKind) -> u64 {
        u64::from(kind == ColumnKind::I64) << 63
    }
}

/// The clock of one node.
#[derive(Clone, Debug)]
pub(super) struct Jumps {
    /// The index of its column.
    column: usize,
    /// The kind of the column.
    kind: ColumnKind,
    /// The value at the last step; `None` before the first and after a restart.
    previous: Option<Ordered>,
    /// The last value seen, in a step or not.
    last: Option<Ordered>,
    /// Jumps of 0 or more.
    pub(super) up: Histogram,
    /// The sizes of jumps below 0. A logical clock never goes back; the clocks of
    /// other programs may.
    pub(super) down: Option<Box<Histogram>>,
    /// Whether the node is down: it has crashed, and there is no value since.
    is_down: bool,
}

impl Jumps {
    /// Of this column, and its kind.
    pub(super) fn new((column, kind): (usize, ColumnKind)) -> Jumps {
        Jumps {
            column,
            kind,
            previous: None,
            last: None,
            up: Histogram::default(),
            down: None,
            is_down: false,
        }
    }

    /// Takes what was counted; the clock goes on.
    pub(super) fn take(&mut self) -> JumpTally {
        JumpTally {
            up: std::mem::take(&mut self.up),
            down: self.down.take(),
        }
    }

    /// Sets what was counted.
    pub(super) fn give(&mut self, tally: JumpTally) {
        (self.up, self.down) = (tally.up, tally.down);
    }

    /// Adds a row of the node, which begins a step or not.
    #[inline]
    pub(super) fn row(&mut self, event: EventId, columns: &Columns<'_>, new_step: bool) {
        let Some(raw) = columns.raw(self.column) else {
            return;
        };
        let clock = Ordered::of(raw, self.kind);
        self.seen(clock);
        if new_step {
            self.step(clock);
        } else if event == EventId::CRASH {
            self.begin_anew();
        }
    }

    /// Adds a value of any row.
    #[inline]
    fn seen(&mut self, clock: Ordered) {
        self.last = Some(clock);
        self.is_down = false;
    }

    /// Reads what the next value of the clock changes.
    #[inline]
    pub(super) fn touch(&self) -> u64 {
        let last = self.last.map_or(0, Ordered::bits);
        // Most clocks go on by little.
        last ^ self.up.touch(1)
    }

    /// The value, unless the node is down.
    #[inline]
    pub(super) fn now(&self) -> Clock {
        match self.last {
            Some(last) if !self.is_down => Some((last, self.kind)),
            _ => None,
        }
    }

    /// Adds the value after a step.
    #[inline]
    fn step(&mut self, clock: Ordered) {
        match self.previous.replace(clock) {
            Some(previous) if clock >= previous => {
                self.up.record(clock.0 - previous.0);
            }
            Some(previous) => self.back(previous.0 - clock.0),
            None => {}
        }
    }

    /// The clock goes back.
    #[cold]
    fn back(&mut self, size: u64) {
        self.down.get_or_insert_default().record(size);
    }

    /// The node crashes, or restarts with new state: its clock counts again with its next
    /// value.
    pub(super) fn begin_anew(&mut self) {
        self.previous = None;
        self.is_down = true;
    }

    /// The values, in the order of [`DEFINITIONS`].
    pub(super) fn finish(&self, samples: &mut Finishing, values: &mut Vec<Option<Value>>) {
        let (up, down) = samples.jumps(&self.up, self.down.as_deref());
        let count = up.count() + down.count();
        // The values that were skipped: one less for each jump than its size.
        let gaps = up.sum() - u128::from(up.count() - up.count_of_zero());
        let mean = (count > 0).then(|| {
            let sum = up.sum() as i128 - down.sum() as i128;
            Value::Real(sum as f64 / count as f64)
        });
        let max = up.max().map(Value::Unsigned).or_else(|| {
            let size = down.min();
            size.map(|size| Value::Signed(negated(size)))
        });
        let last = self.last.map(|last| integer(last.integer(self.kind)));
        values.extend([last, mean]);
        values.extend(up.percentiles_with(&down));
        values.extend([
            max,
            self.last
                .map(|_| Value::Unsigned(u64::try_from(gaps).unwrap_or(u64::MAX))),
        ]);
    }
}

/// An integer of either kind of column.
pub(super) fn integer(value: i128) -> Value {
    match u64::try_from(value) {
        Ok(value) => Value::Unsigned(value),
        Err(_) => Value::Signed(i64::try_from(value).unwrap_or(i64::MIN)),
    }
}

/// `-size`; at least the least `i64`.
fn negated(size: u64) -> i64 {
    i64::try_from(-i128::from(size)).unwrap_or(i64::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(clocks: &[i64]) -> Vec<String> {
        let mut jumps = Jumps::new((0, ColumnKind::I64));
        for &clock in clocks {
            let clock = Ordered::of(clock.cast_unsigned(), ColumnKind::I64);
            jumps.seen(clock);
            jumps.step(clock);
        }
        let mut values = Vec::new();
        jumps.finish(&mut Finishing::default(), &mut values);
        values
            .into_iter()
            .map(|value| value.map_or(String::new(), |value| value.to_string()))
            .collect()
    }

    #[test]
    fn jumps_are_differences_of_successive_steps() {
        // Jumps 1, 4, 1, 7: sum 13; skipped 3 + 6.
        assert_eq!(
            values(&[1, 2, 6, 7, 14]),
            ["14", "3.25", "1", "7", "7", "7", "7", "7", "9"]
        );
    }

    #[test]
    fn the_whole_range_of_either_kind_is_one_jump() {
        let ends = [
            (
                ColumnKind::I64,
                [i64::MIN.cast_unsigned(), i64::MAX.cast_unsigned()],
            ),
            (ColumnKind::U64, [0, u64::MAX]),
        ];
        for (kind, [least, greatest]) in ends {
            let mut jumps = Jumps::new((0, kind));
            for raw in [least, greatest] {
                jumps.seen(Ordered::of(raw, kind));
                jumps.step(Ordered::of(raw, kind));
            }
            assert_eq!(jumps.up.max(), Some(u64::MAX));
            let integers = [least, greatest].map(|raw| Ordered::of(raw, kind).integer(kind));
            assert_eq!(integers[1] - integers[0], i128::from(u64::MAX));
            let mut values = Vec::new();
            jumps.finish(&mut Finishing::default(), &mut values);
            assert_eq!(values[0], Some(integer(integers[1])));
        }
    }

    #[test]
    fn one_step_has_no_jump() {
        assert_eq!(values(&[5]), ["5", "", "", "", "", "", "", "", "0"]);
        assert_eq!(values(&[]), [""; 9]);
    }

    #[test]
    fn a_clock_that_goes_back_jumps_by_a_negative_number() {
        // Jumps -3, -1, 2.
        assert_eq!(
            values(&[9, 6, 5, 7]),
            ["7", "-0.666667", "-1", "2", "2", "2", "2", "2", "1"]
        );
        assert_eq!(
            values(&[9, 6, 5]),
            ["5", "-2", "-3", "-1", "-1", "-1", "-1", "-1", "0"]
        );
    }
}
