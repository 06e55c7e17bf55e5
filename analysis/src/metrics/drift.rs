//! The distance of the nodes' logical clocks at the same true time.

use super::definition::Definition;
use super::value::Value;

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

/// No clock: the values of columns have 64 bits.
const UNKNOWN: i128 = i128::MIN;

/// The clocks of all nodes. A sample costs a pass over the nodes; a second without
/// a change costs nothing.
#[derive(Clone, Debug)]
pub(super) struct Drift {
    /// The time of the next sample `[ns]`; the rows of this instant are included.
    pub(super) next_ns: u64,
    /// By node; [`UNKNOWN`] before its first value, and while it is down.
    clocks: Vec<i128>,
    /// By node: the greatest distance so far.
    max: Vec<Option<u64>>,
    /// Whether a clock was set since the last sample.
    stale: bool,
}

impl Drift {
    /// For this many nodes.
    pub(super) fn new(node_count: usize) -> Drift {
        Drift {
            next_ns: PERIOD_NS,
            clocks: vec![UNKNOWN; node_count],
            max: vec![None; node_count],
            stale: false,
        }
    }

    /// Sets a node's clock.
    #[inline]
    pub(super) fn set(&mut self, node: usize, clock: i128) {
        self.clocks[node] = clock;
        self.stale = true;
    }

    /// Removes a node's clock.
    pub(super) fn clear(&mut self, node: usize) {
        self.clocks[node] = UNKNOWN;
        self.stale = true;
    }

    /// Samples the clocks at the full seconds before `time_ns`. Must be called before
    /// a clock is set at `time_ns`.
    #[inline]
    pub(super) fn advance(&mut self, time_ns: u64) {
        if time_ns > self.next_ns {
            self.sample();
            self.next_ns = time_ns.div_ceil(PERIOD_NS).saturating_mul(PERIOD_NS);
        }
    }

    /// Samples the clocks at the full seconds up to `time_ns`, and takes the greatest
    /// distances so far; from here on they begin anew.
    pub(super) fn close(&mut self, time_ns: u64) -> Vec<Option<u64>> {
        if time_ns >= self.next_ns {
            self.sample();
            self.next_ns = (time_ns / PERIOD_NS + 1).saturating_mul(PERIOD_NS);
        }
        // The next second has its sample also if no clock changes.
        self.stale = true;
        let fresh = vec![None; self.max.len()];
        std::mem::replace(&mut self.max, fresh)
    }

    /// Sets the greatest distances so far.
    pub(super) fn give(&mut self, node: usize, max: Option<u64>) {
        self.max[node] = max;
    }

    /// The least and greatest clock; `None` with fewer than two clocks.
    fn extremes(&self) -> Option<(i128, i128)> {
        let clocks = self.clocks.iter().copied();
        let mut known = clocks.filter(|&clock| clock != UNKNOWN);
        let first = known.next()?;
        let (mut low, mut high, mut count) = (first, first, 1);
        for clock in known {
            low = low.min(clock);
            high = high.max(clock);
            count += 1;
        }
        (count > 1).then_some((low, high))
    }

    /// A node's distance to the further extreme.
    fn distance(&self, node: usize, (low, high): (i128, i128)) -> Option<u64> {
        let clock = self.clocks[node];
        (clock != UNKNOWN).then(|| {
            let distance = (high - clock).max(clock - low);
            u64::try_from(distance).unwrap_or(u64::MAX)
        })
    }

    #[inline(never)]
    fn sample(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        if let Some(extremes) = self.extremes() {
            for node in 0..self.clocks.len() {
                let distance = self.distance(node, extremes);
                self.max[node] = self.max[node].max(distance);
            }
        }
    }

    /// The values of each node at the end, in the order of [`DEFINITIONS`].
    pub(super) fn finish(mut self) -> Vec<[Option<Value>; 2]> {
        self.sample();
        let extremes = self.extremes();
        (0..self.clocks.len())
            .map(|node| {
                let last = extremes.and_then(|extremes| self.distance(node, extremes));
                [
                    last.map(Value::Unsigned),
                    self.max[node].map(Value::Unsigned),
                ]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(drift: Drift) -> Vec<[Option<u64>; 2]> {
        let number = |value: Option<Value>| value.map(|value| value.as_f64() as u64);
        drift
            .finish()
            .into_iter()
            .map(|values| values.map(number))
            .collect()
    }

    #[test]
    fn distance_is_to_the_furthest_clock_of_any_node() {
        let mut drift = Drift::new(3);
        drift.set(0, 10);
        drift.set(1, 4);
        drift.set(2, 1);
        // On the second: 10, 4, 1. Afterwards: 10, 9, 8.
        drift.advance(PERIOD_NS + 1);
        drift.set(1, 9);
        drift.set(2, 8);
        assert_eq!(
            finished(drift),
            [[Some(2), Some(9)], [Some(1), Some(6)], [Some(2), Some(9)]]
        );
    }

    #[test]
    fn what_happens_on_the_second_is_in_its_sample_and_between_seconds_is_not() {
        let mut drift = Drift::new(2);
        drift.set(0, 100);
        drift.set(1, 0);
        drift.advance(PERIOD_NS);
        drift.set(1, 90);
        drift.advance(5 * PERIOD_NS);
        drift.set(1, 95);
        assert_eq!(drift.next_ns, 5 * PERIOD_NS);
        assert_eq!(finished(drift), [[Some(5), Some(10)], [Some(5), Some(10)]]);
    }

    #[test]
    fn one_clock_alone_has_no_drift() {
        let mut drift = Drift::new(2);
        drift.set(0, 7);
        drift.advance(3 * PERIOD_NS);
        assert_eq!(finished(drift), [[None, None], [None, None]]);
    }
}
