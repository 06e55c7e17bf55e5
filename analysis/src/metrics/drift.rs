//! The distance of the nodes' logical clocks at the same true time.

use super::definition::Definition;
use super::jumps::Ordered;
use super::value::Value;
use crate::log::ColumnKind;

/// The metrics of this family.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "clock_drift_final",
        unit: "",
        text: "Distance from the node's `clock` to the furthest `clock` of any other node, at the end of the run.",
    },
    Definition {
        name: "clock_drift_max",
        unit: "",
        text: "Greatest distance from the node's `clock` to the furthest `clock` of any other node at the same true time, looked at on each full second and at the end.",
    },
];

/// One sample per second of true time `[ns]`.
const PERIOD_NS: u64 = 1_000_000_000;

/// The distances of the clocks of all nodes. A sample costs a pass over the nodes.
#[derive(Clone, Debug)]
pub(super) struct Drift {
    /// The time of the next sample `[ns]`; the rows of this instant are included.
    pub(super) next_ns: u64,
    /// By node: the greatest distance so far.
    max: Vec<Option<u64>>,
    /// Whether the clocks of all nodes are columns of one kind.
    alike: bool,
    /// The clocks of the sample that is being taken, if they are.
    clocks: Vec<u64>,
}

/// A node's clock; none before its first value, and while the node is down.
pub(super) type Clock = Option<(Ordered, ColumnKind)>;

impl Drift {
    /// For this many nodes. `alike` is whether their clocks are columns of one kind.
    pub(super) fn new(node_count: usize, alike: bool) -> Drift {
        Drift {
            next_ns: PERIOD_NS,
            max: vec![None; node_count],
            alike,
            clocks: Vec::new(),
        }
    }

    /// Samples the clocks at the full seconds before `time_ns`. Must be called before
    /// a clock is set at `time_ns`.
    #[inline]
    pub(super) fn advance(&mut self, time_ns: u64, clocks: impl Iterator<Item = Clock> + Clone) {
        if time_ns > self.next_ns {
            self.sample(clocks);
            self.next_ns = time_ns.div_ceil(PERIOD_NS).saturating_mul(PERIOD_NS);
        }
    }

    /// Samples the clocks at the full seconds up to `time_ns`, and takes the greatest
    /// distances so far; from here on they begin anew.
    pub(super) fn close(
        &mut self,
        time_ns: u64,
        clocks: impl Iterator<Item = Clock> + Clone,
    ) -> Vec<Option<u64>> {
        if time_ns >= self.next_ns {
            self.sample(clocks);
            self.next_ns = (time_ns / PERIOD_NS + 1).saturating_mul(PERIOD_NS);
        }
        let fresh = vec![None; self.max.len()];
        std::mem::replace(&mut self.max, fresh)
    }

    /// Sets the greatest distances so far.
    pub(super) fn give(&mut self, node: usize, max: Option<u64>) {
        self.max[node] = max;
    }

    #[inline(never)]
    fn sample(&mut self, clocks: impl Iterator<Item = Clock> + Clone) {
        if self.alike && self.sample_alike(clocks.clone()) {
            return;
        }
        for (max, distance) in self.max.iter_mut().zip(distances(clocks)) {
            *max = (*max).max(distance);
        }
    }

    /// Samples clocks of one kind. Returns whether all nodes have one: if not, there is no
    /// sample.
    #[inline]
    fn sample_alike(&mut self, clocks: impl Iterator<Item = Clock>) -> bool {
        self.clocks.clear();
        let (mut low, mut high) = (u64::MAX, 0);
        for clock in clocks {
            let Some((clock, _)) = clock else {
                return false;
            };
            low = low.min(clock.bits());
            high = high.max(clock.bits());
            self.clocks.push(clock.bits());
        }
        if self.clocks.len() > 1 {
            for (max, &clock) in self.max.iter_mut().zip(&self.clocks) {
                let distance = (high - clock).max(clock - low);
                *max = Some(max.map_or(distance, |max| max.max(distance)));
            }
        }
        true
    }

    /// The values of each node at the end, in the order of [`DEFINITIONS`].
    pub(super) fn finish(
        mut self,
        clocks: impl Iterator<Item = Clock> + Clone,
    ) -> Vec<[Option<Value>; 2]> {
        self.sample(clocks.clone());
        let values = distances(clocks).into_iter().zip(self.max);
        values
            .map(|(last, max)| [last.map(Value::Unsigned), max.map(Value::Unsigned)])
            .collect()
    }
}

/// The distance of each clock to the further one of the least and the greatest; none with
/// fewer than two clocks.
fn distances(clocks: impl Iterator<Item = Clock>) -> Vec<Option<u64>> {
    let integer = |(clock, kind): (Ordered, ColumnKind)| clock.integer(kind);
    let clocks: Vec<Option<i128>> = clocks.map(|clock| clock.map(integer)).collect();
    let known = || clocks.iter().copied().flatten();
    let ends = known().min().zip(known().max());
    let ends = ends.filter(|_| known().nth(1).is_some());
    let distance = |clock: Option<i128>| {
        let (low, high) = ends?;
        let distance = (high - clock?).max(clock? - low);
        Some(u64::try_from(distance).unwrap_or(u64::MAX))
    };
    clocks.iter().map(|&clock| distance(clock)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The clocks of columns of this kind.
    fn clocks(kind: ColumnKind, values: &[u64]) -> Vec<Clock> {
        let clock = |&value: &u64| Some((Ordered::of(value, kind), kind));
        values.iter().map(clock).collect()
    }

    fn naturals(values: &[u64]) -> std::vec::IntoIter<Clock> {
        clocks(ColumnKind::U64, values).into_iter()
    }

    fn finished(drift: Drift, clocks: std::vec::IntoIter<Clock>) -> Vec<[Option<u64>; 2]> {
        let number = |value| match value {
            Some(Value::Unsigned(value)) => Some(value),
            _ => None,
        };
        let values = drift.finish(clocks).into_iter();
        values.map(|values| values.map(number)).collect()
    }

    #[test]
    fn distance_is_to_the_furthest_clock_of_any_node() {
        let mut drift = Drift::new(3, true);
        drift.advance(PERIOD_NS + 1, naturals(&[10, 4, 1]));
        assert_eq!(
            finished(drift, naturals(&[10, 9, 8])),
            [[Some(2), Some(9)], [Some(1), Some(6)], [Some(2), Some(9)]]
        );
    }

    #[test]
    fn what_happens_on_the_second_is_in_its_sample_and_between_seconds_is_not() {
        let mut drift = Drift::new(2, true);
        drift.advance(PERIOD_NS, naturals(&[100, 0]));
        drift.advance(5 * PERIOD_NS, naturals(&[100, 90]));
        assert_eq!(drift.next_ns, 5 * PERIOD_NS);
        assert_eq!(
            finished(drift, naturals(&[100, 95])),
            [[Some(5), Some(10)], [Some(5), Some(10)]]
        );
    }

    #[test]
    fn one_clock_alone_has_no_drift() {
        let mut drift = Drift::new(2, true);
        let alone = || vec![naturals(&[7]).next().flatten(), None].into_iter();
        drift.advance(3 * PERIOD_NS, alone());
        assert_eq!(finished(drift, alone()), [[None, None], [None, None]]);
    }

    #[test]
    fn clocks_of_different_kinds_are_compared_as_numbers() {
        let below = -3i64;
        let integers = clocks(ColumnKind::I64, &[below.cast_unsigned(), 5]);
        assert_eq!(
            finished(Drift::new(2, true), integers.clone().into_iter()),
            [[Some(8), Some(8)], [Some(8), Some(8)]]
        );
        let mixed = [integers, clocks(ColumnKind::U64, &[2, u64::MAX])].concat();
        let most = Some(u64::MAX);
        let distances = finished(Drift::new(4, false), mixed.into_iter());
        assert_eq!(distances[0], [most, most], "2^64 + 2 is beyond the range");
        assert_eq!(distances[2], [Some(u64::MAX - 2); 2]);
    }
}
