//! How a node's logical clock moves: the jumps from step to step, the values that it
//! skips, its last value.
//!
//! A logical clock increases by one at each step. It jumps further when the node
//! receives a message with a larger value, since the node was behind. So the jumps of
//! a node show how far it is behind, and the gaps how many values it skipped.

use super::definition::Definition;
use super::histogram::Histogram;
use super::tally::JumpTally;
use super::value::Value;

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

/// The clock of one node.
#[derive(Clone, Debug, Default)]
pub(super) struct Jumps {
    /// The value at the last step; `None` before the first and after a restart.
    previous: Option<i128>,
    /// The last value seen, in a step or not.
    last: Option<i128>,
    /// Jumps of 0 or more.
    pub(super) up: Histogram,
    /// The sizes of jumps below 0. A logical clock never goes back; the clocks of
    /// other programs may.
    pub(super) down: Option<Box<Histogram>>,
    /// Values skipped.
    gaps: u128,
}

impl Jumps {
    /// Takes what was counted; the clock goes on.
    pub(super) fn take(&mut self) -> JumpTally {
        JumpTally {
            up: std::mem::take(&mut self.up),
            down: self.down.take(),
            gaps: std::mem::take(&mut self.gaps),
        }
    }

    /// Sets what was counted.
    pub(super) fn give(&mut self, tally: JumpTally) {
        (self.up, self.down, self.gaps) = (tally.up, tally.down, tally.gaps);
    }

    /// Adds a value of any row.
    pub(super) fn seen(&mut self, clock: i128) {
        self.last = Some(clock);
    }

    /// Adds the value after a step.
    pub(super) fn step(&mut self, clock: i128) {
        if let Some(previous) = self.previous.replace(clock) {
            let jump = clock - previous;
            // Two values of one kind differ by less than 2^64.
            let size = u64::try_from(jump.unsigned_abs()).unwrap_or(u64::MAX);
            if jump >= 0 {
                self.up.record(size);
                self.gaps += u128::from(size.saturating_sub(1));
            } else {
                self.down.get_or_insert_default().record(size);
            }
        }
    }

    /// The node restarted with new state.
    pub(super) fn restart(&mut self) {
        self.previous = None;
    }

    /// The values, in the order of [`DEFINITIONS`].
    pub(super) fn finish(&self, values: &mut Vec<Option<Value>>) {
        let down = self.down.as_deref();
        let count = self.up.count() + down.map_or(0, Histogram::count);
        let mean = (count > 0).then(|| {
            let sum = self.up.sum() as i128 - down.map_or(0, |down| down.sum() as i128);
            Value::Real(sum as f64 / count as f64)
        });
        let max = self.up.max().map(Value::Unsigned).or_else(|| {
            down.and_then(Histogram::min)
                .map(|size| Value::Signed(negated(size)))
        });
        values.extend([self.last.map(integer), mean]);
        values.extend(self.up.percentiles_with(down));
        values.extend([
            max,
            self.last
                .map(|_| Value::Unsigned(u64::try_from(self.gaps).unwrap_or(u64::MAX))),
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

    fn values(clocks: &[i128]) -> Vec<String> {
        let mut jumps = Jumps::default();
        for &clock in clocks {
            jumps.seen(clock);
            jumps.step(clock);
        }
        let mut values = Vec::new();
        jumps.finish(&mut values);
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
