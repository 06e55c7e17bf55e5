//! Clocked nodes whose ticks a fault may change: each has its next tick in a heap.
//!
//! When the rate of a node changes, the remaining share of its interval stays the same:
//! if a third of the old interval is left, a third of the new one is left. So frequent
//! changes neither add ticks nor keep a node from ticking. A node that has not started
//! ticks at the new rate from its start on.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::Clocked;
use super::period::{Period, TickOffsets};
use base::time::SimTime;

#[derive(Debug)]
pub(super) struct IrregularTicks {
    /// The first tick of all `[ns]`.
    pub(super) time: u64,
    /// Times of ticks `[ns]` and their nodes. Entries that a change made obsolete stay
    /// in it until they are first.
    heap: BinaryHeap<Reverse<(u64, u32)>>,
    nodes: BTreeMap<u32, Schedule>,
}

#[derive(Debug)]
struct Schedule {
    /// The node without faults.
    own: Clocked,
    period: Period,
    /// When the node started, or starts, for the last time.
    start: SimTime,
    /// The time from which the offsets count `[ns]`.
    base: u64,
    offsets: TickOffsets,
    /// Its next tick `[ns]`.
    next: u64,
    taken: u64,
}

impl Default for IrregularTicks {
    fn default() -> IrregularTicks {
        IrregularTicks {
            time: u64::MAX,
            heap: BinaryHeap::new(),
            nodes: BTreeMap::new(),
        }
    }
}

impl IrregularTicks {
    pub(super) fn new(nodes: Vec<Clocked>) -> IrregularTicks {
        let mut irregular = IrregularTicks::default();
        for own in nodes {
            let schedule = Schedule::new(own, own.period, own.start);
            irregular.heap.push(Reverse((schedule.next, own.node)));
            irregular.nodes.insert(own.node, schedule);
        }
        irregular.settle();
        irregular
    }

    /// Takes the first tick if its node is before `other` in the scenario.
    pub(super) fn take_before(&mut self, other: u32) -> Option<u32> {
        let Reverse((_, node)) = *self.heap.peek()?;
        if node >= other {
            return None;
        }
        self.heap.pop();
        if let Some(schedule) = self.nodes.get_mut(&node) {
            schedule.taken += 1;
            schedule.offsets.advance();
            schedule.next = schedule.base.saturating_add(schedule.offsets.offset);
            self.heap.push(Reverse((schedule.next, node)));
        }
        self.settle();
        Some(node)
    }

    pub(super) fn set_period(&mut self, node: u32, period: Option<Period>, now: SimTime) {
        let Some(schedule) = self.nodes.get_mut(&node) else {
            return;
        };
        let period = period.unwrap_or(schedule.own.period);
        if now <= schedule.start {
            // It has not started: the period holds from its start on.
            let taken = schedule.taken;
            *schedule = Schedule::new(schedule.own, period, schedule.start);
            schedule.taken = taken;
        } else {
            let left = schedule.next.saturating_sub(now.0);
            let left = schedule.period.share_left(left, period);
            schedule.period = period;
            schedule.base = now.0.saturating_add(left);
            schedule.offsets = TickOffsets::new(period);
            schedule.next = schedule.base;
        }
        self.heap.push(Reverse((schedule.next, node)));
        self.settle();
    }

    pub(super) fn restart(&mut self, node: u32, now: SimTime) {
        let Some(schedule) = self.nodes.get_mut(&node) else {
            return;
        };
        let taken = schedule.taken;
        *schedule = Schedule::new(schedule.own, schedule.period, now);
        schedule.taken = taken;
        self.heap.push(Reverse((schedule.next, node)));
        self.settle();
    }

    pub(super) fn taken(&self, node: u32) -> u64 {
        self.nodes.get(&node).map_or(0, |schedule| schedule.taken)
    }

    pub(super) fn skip(&mut self, node: u32) {
        if let Some(schedule) = self.nodes.get_mut(&node) {
            schedule.taken -= 1;
        }
    }

    /// Removes obsolete entries from the top of the heap.
    fn settle(&mut self) {
        while let Some(&Reverse((time, node))) = self.heap.peek() {
            let node = self.nodes.get(&node);
            if node.is_some_and(|it| it.next == time) {
                self.time = time;
                return;
            }
            self.heap.pop();
        }
        self.time = u64::MAX;
    }
}

impl Schedule {
    fn new(own: Clocked, period: Period, start: SimTime) -> Schedule {
        let mut offsets = TickOffsets::new(period);
        if own.phase.is_none() {
            offsets.advance();
        }
        let base = (start + own.phase.unwrap_or_default()).0;
        Schedule {
            own,
            period,
            start,
            base,
            next: base.saturating_add(offsets.offset),
            offsets,
            taken: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ticks;
    use super::*;
    use base::random::Random;
    use base::time::SimDuration;

    const MS: u64 = 1_000_000;

    fn clocked(node: u32, rate: f64, phase: Option<u64>) -> Clocked {
        Clocked {
            node,
            period: Period::Rate(rate),
            start: SimTime::ZERO,
            phase: phase.map(SimDuration),
        }
    }

    fn until(ticks: &mut Ticks, end_ms: u64) -> Vec<(u64, u32)> {
        let mut taken = Vec::new();
        while ticks.next_time() <= SimTime(end_ms * MS) {
            let time = ticks.next_time();
            taken.push((time.0, ticks.take()));
        }
        taken
    }

    #[test]
    fn irregular_nodes_tick_as_those_in_lanes_do() {
        let mut random = Random::from_seed(4);
        for _ in 0..20 {
            let nodes: Vec<Clocked> = (0..30)
                .map(|node| {
                    let phase = (random.below(2) == 0).then(|| random.below(400 * MS));
                    clocked(node, (1 + random.below(7)) as f64 / 2.0, phase)
                })
                .collect();
            let (irregular, rest): (Vec<_>, Vec<_>) =
                nodes.iter().partition(|_| random.below(3) == 0);
            let mut all = Ticks::new(nodes);
            let mut mixed = Ticks::new(rest).with_irregular(irregular.clone());
            assert_eq!(until(&mut all, 5_000), until(&mut mixed, 5_000));
            let mut alone = Ticks::new(Vec::new()).with_irregular(irregular.clone());
            assert_eq!(
                until(&mut alone, 500),
                until(&mut Ticks::new(irregular), 500)
            );
        }
    }

    #[test]
    fn another_rate_keeps_the_remaining_share_of_the_interval() {
        let mut ticks = Ticks::new(Vec::new()).with_irregular(vec![clocked(0, 1.0, None)]);
        assert_eq!(until(&mut ticks, 1_600), [(1_000 * MS, 0)]);
        // 0.25 s of 1 s are left: 0.025 of 0.1.
        ticks.set_period(0, Some(Period::Rate(10.0)), SimTime(1_750 * MS));
        let times = [1_775, 1_875, 1_975].map(|ms| (ms * MS, 0));
        assert_eq!(until(&mut ticks, 2_000), times);
        ticks.set_period(0, None, SimTime(2_050 * MS));
        assert_eq!(
            until(&mut ticks, 3_500),
            [2_300, 3_300].map(|ms| (ms * MS, 0))
        );
        assert_eq!(ticks.taken(0), 6);
    }

    #[test]
    fn another_rate_holds_for_a_node_that_starts_later() {
        let starts = |phase: Option<u64>| Clocked {
            start: SimTime(1_000 * MS),
            ..clocked(0, 1.0, phase)
        };
        for (phase, expected) in [
            (None, [1_100, 1_200, 1_300]),
            (Some(50), [1_050, 1_150, 1_250]),
        ] {
            let late = starts(phase.map(|ms| ms * MS));
            let mut ticks = Ticks::new(Vec::new()).with_irregular(vec![late]);
            ticks.set_period(0, Some(Period::Rate(10.0)), SimTime(300 * MS));
            assert_eq!(until(&mut ticks, 1_300), expected.map(|ms| (ms * MS, 0)));
        }
        let mut ticks = Ticks::new(Vec::new()).with_irregular(vec![starts(None)]);
        ticks.set_period(0, Some(Period::Rate(10.0)), SimTime(300 * MS));
        ticks.set_period(0, None, SimTime(400 * MS));
        assert_eq!(
            until(&mut ticks, 2_500),
            [(2_000 * MS, 0)],
            "over before it starts"
        );
    }

    #[test]
    fn the_share_of_an_interval_is_exact_for_written_rates() {
        let exact = |rate: f64| Period::Exact(base::exact::Decimal::of(rate).unwrap());
        // A third of 1/1.1 s is left: a third of 1/3.3 s.
        assert_eq!(exact(1.1).share_left(303_030_303, exact(3.3)), 101_010_101);
        assert_eq!(exact(4.0).share_left(175_000_000, exact(7.0)), 100_000_000);
        let huge = exact(1e-20).share_left(u64::MAX, exact(1e9));
        assert_eq!(huge, 0);
    }

    #[test]
    fn a_node_that_starts_again_counts_from_there() {
        let mut ticks =
            Ticks::new(Vec::new()).with_irregular(vec![clocked(0, 4.0, Some(100 * MS))]);
        until(&mut ticks, 1_000);
        ticks.restart(0, SimTime(1_010 * MS));
        let times = [1_110, 1_360].map(|ms| (ms * MS, 0));
        assert_eq!(until(&mut ticks, 1_400), times);
    }
}
