//! How long messages wait in the inboxes of the nodes, and for how long servers are busy.
//!
//! The number of messages that wait, as a mean over time, is the area under the curve
//! of their number, divided by the time. Each message adds to this area the time from
//! its arrival until it is taken. So the area needs no curve: it is the sum of the times
//! at which messages were taken, minus the sum of those at which they arrived. A message
//! that still waits counts as taken now.
//!
//! A message waits from its arrival until the node takes it: a clocked node at a tick,
//! a server when the service of the message begins, an event-driven node at once, or
//! after a pause. A message that a crash destroys has waited until then.
//!
//! Little's law (Little 1961) says that the mean number of messages that wait is the rate
//! of arrivals times the mean wait of a message: L = lambda W. Over a whole run, with what
//! still waits, it holds exactly. So it is checked: the wait of each message is also
//! measured by the stamp that the message itself carries from its arrival on
//! ([`Messages`](crate::message::Messages)), and the sum of these waits must be the area.
//! If the two differ, a message was counted twice, or not at all, or left out of its turn.

use base::slices::Slices;
use base::time::SimTime;

/// The waits and the services of the nodes of a run.
#[derive(Debug, Default)]
pub struct WaitingTimes {
    nodes: Vec<Waits>,
    /// The areas at the ends of slices, if they are asked for.
    curve: Option<Box<Curve>>,
}

/// The messages that wait, or waited, at one node.
#[derive(Clone, Copy, Debug, Default)]
struct Waits {
    /// The times at which messages were taken, minus those at which they arrived `[ns]`,
    /// modulo 2^128: a sum over messages that still wait is negative.
    area: u128,
    /// The waits of those that were taken, by their own stamps `[ns]`.
    own: u128,
    /// Number of messages that began to wait.
    arrived: u64,
}

impl WaitingTimes {
    /// For this many nodes.
    pub fn new(nodes: u32) -> WaitingTimes {
        WaitingTimes {
            nodes: vec![Waits::default(); nodes as usize],
            curve: None,
        }
    }

    /// Keeps the areas at the ends of these slices, too.
    pub fn keep_slices(&mut self, slices: Slices) {
        self.curve = Some(Box::new(Curve::new(slices, self.nodes.len())));
    }

    /// A message begins to wait.
    #[inline(always)]
    pub fn begin(&mut self, node: u32, now: SimTime) {
        let waits = &mut self.nodes[node as usize];
        waits.area = waits.area.wrapping_sub(u128::from(now.0));
        waits.arrived += 1;
        if let Some(curve) = &mut self.curve {
            curve.change(node, Level::Waiting, 1, now.0);
        }
    }

    /// A message that arrived at `arrived` waits no longer.
    #[inline(always)]
    pub fn end(&mut self, node: u32, now: SimTime, arrived: SimTime) {
        let waits = &mut self.nodes[node as usize];
        waits.area = waits.area.wrapping_add(u128::from(now.0));
        waits.own += u128::from(now.0.saturating_sub(arrived.0));
        if let Some(curve) = &mut self.curve {
            curve.change(node, Level::Waiting, -1, now.0);
        }
    }

    /// A server begins to be busy, or ceases to be.
    #[inline]
    pub fn busy(&mut self, node: u32, now: SimTime, begins: bool) {
        if let Some(curve) = &mut self.curve {
            curve.change(node, Level::Busy, if begins { 1 } else { -1 }, now.0);
        }
    }

    /// The time for which messages have waited until now, summed over them
    /// [messages x ns]; `waiting` of them still wait.
    pub fn total(&self, node: u32, now: SimTime, waiting: u32) -> u128 {
        let sum = self.nodes.get(node as usize).copied().unwrap_or_default();
        sum.area
            .wrapping_add(u128::from(now.0) * u128::from(waiting))
    }

    /// The waits of the messages that were taken, by their own stamps `[ns]`.
    pub fn own(&self, node: u32) -> u128 {
        self.nodes.get(node as usize).map_or(0, |waits| waits.own)
    }

    /// Number of messages that began to wait.
    pub fn arrived(&self, node: u32) -> u64 {
        self.nodes
            .get(node as usize)
            .map_or(0, |waits| waits.arrived)
    }

    /// The areas of each node at the origin and at the end of each whole slice until now,
    /// and the width of the slices `[ns]`; none if no slices are kept.
    pub fn curves(&mut self, now: SimTime) -> (Vec<Vec<(u128, u64)>>, u64) {
        let Some(curve) = &mut self.curve else {
            return (Vec::new(), 0);
        };
        curve.finish(now.0);
        let of = |node: usize| curve.ends.iter().map(move |end| end[node]).collect();
        let curves = (0..self.nodes.len()).map(of).collect();
        (curves, curve.slices.width_ns())
    }
}

/// What a curve counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// Messages that wait.
    Waiting,
    /// 1 while the server is busy.
    Busy,
}

/// Areas under the curves of all nodes, at the ends of slices.
#[derive(Debug)]
struct Curve {
    slices: Slices,
    /// The time up to which the present slice goes `[ns]`.
    next_ns: u64,
    /// By node: messages that wait, and whether the server is busy.
    levels: Vec<[Count; 2]>,
    /// By slice and node: the areas at the origin, and at the end of each slice.
    ends: Vec<Vec<(u128, u64)>>,
}

/// A number over time: it was `count` since its last change.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    count: u64,
    /// Minus the sum of (change times time), modulo 2^128 `[ns]`.
    sum: u128,
}

impl Count {
    /// The area until a time after the last change [count x ns].
    fn area(self, time_ns: u64) -> u128 {
        let rest = u128::from(self.count) * u128::from(time_ns);
        rest.wrapping_add(self.sum)
    }
}

impl Curve {
    fn new(slices: Slices, nodes: usize) -> Curve {
        Curve {
            slices,
            next_ns: slices.origin_ns(),
            levels: vec![Default::default(); nodes],
            ends: Vec::new(),
        }
    }

    #[inline]
    fn change(&mut self, node: u32, level: Level, by: i64, now_ns: u64) {
        if now_ns > self.next_ns {
            self.advance(now_ns);
        }
        let count = &mut self.levels[node as usize][level as usize];
        count.count = count.count.wrapping_add_signed(by);
        let moved = u128::from(now_ns);
        count.sum = match by > 0 {
            true => count.sum.wrapping_sub(moved),
            false => count.sum.wrapping_add(moved),
        };
    }

    /// Keeps the areas at the ends of all slices before `now_ns`, which is after
    /// `next_ns`. Nothing changes in between.
    #[cold]
    fn advance(&mut self, now_ns: u64) {
        if self.ends.is_empty() {
            self.keep(self.slices.origin_ns());
        }
        self.widen(now_ns);
        let present = self.slices.index(now_ns).unwrap_or(0);
        // The first is the origin.
        for index in self.ends.len() as u64 - 1..present {
            self.keep(self.slices.end_ns(index));
        }
        self.next_ns = self.slices.end_ns(present);
    }

    /// Makes the slices wide enough for a time.
    fn widen(&mut self, time_ns: u64) {
        while self.slices.widen(time_ns) {
            let mut place = 0;
            // The origin, and the end of each second slice.
            self.ends.retain(|_| {
                place += 1;
                place % 2 == 1
            });
        }
    }

    /// Keeps the areas at a time.
    fn keep(&mut self, time_ns: u64) {
        let areas = |levels: &[Count; 2]| {
            let [waiting, busy] = levels.map(|level| level.area(time_ns));
            (waiting, busy as u64)
        };
        self.ends.push(self.levels.iter().map(areas).collect());
    }

    /// Keeps the areas at the ends of the slices that are whole at `end_ns`.
    fn finish(&mut self, end_ns: u64) {
        if end_ns > self.next_ns {
            self.advance(end_ns);
        }
        // The run may have ended with its last slice.
        if end_ns == self.next_ns {
            self.keep(end_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_counts_from_its_arrival_until_it_is_taken() {
        let mut times = WaitingTimes::new(2);
        times.begin(1, SimTime(10));
        times.begin(1, SimTime(30));
        times.begin(1, SimTime(60));
        assert_eq!(times.total(1, SimTime(60), 3), 50 + 30);
        times.end(1, SimTime(70), SimTime(10));
        // 60 of the first; the others still wait.
        assert_eq!(times.total(1, SimTime(100), 2), 60 + 70 + 40);
        assert_eq!(times.own(1), 60, "of those that were taken");
        times.end(1, SimTime(100), SimTime(30));
        times.end(1, SimTime(100), SimTime(60));
        assert_eq!(times.total(1, SimTime(900), 0), 170);
        assert_eq!((times.own(1), times.arrived(1)), (170, 3));
        assert_eq!(times.total(0, SimTime(900), 0), 0);
    }

    /// Numbers that grow and shrink at pseudo-random times.
    fn changes() -> Vec<(u64, i64)> {
        let mut changes = Vec::new();
        let (mut time, mut count, mut state) = (0u64, 0i64, 1u64);
        for _ in 0..3000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            time += (state >> 33) % 97 * ((state >> 60) % 5);
            let by = if count > 0 && state >> 63 == 1 { -1 } else { 1 };
            count += by;
            changes.push((time, by));
        }
        changes
    }

    /// The area under the curve until a time, from its definition.
    fn area(changes: &[(u64, i64)], until: u64) -> u128 {
        let before = changes.iter().filter(|(time, _)| *time < until);
        let sum: i128 = before
            .map(|(time, by)| i128::from(until - time) * i128::from(*by))
            .sum();
        sum as u128
    }

    #[test]
    fn the_curve_has_the_area_at_the_end_of_each_slice() {
        let changes = changes();
        for origin in [0, 5_000] {
            let mut times = WaitingTimes::new(1);
            times.keep_slices(Slices::after(origin, None));
            let mut arrivals = std::collections::VecDeque::new();
            for &(time, by) in &changes {
                match by > 0 {
                    true => {
                        arrivals.push_back(SimTime(time));
                        times.begin(0, SimTime(time));
                    }
                    false => times.end(0, SimTime(time), arrivals.pop_front().unwrap()),
                }
            }
            let end = changes.last().unwrap().0 + 1000;
            let mut slices = Slices::after(origin, None);
            while slices.widen(end) {}
            let curve = &times.curves(SimTime(end)).0[0];
            assert!(curve.len() > 200 && curve.len() <= 400, "{}", curve.len());
            assert_eq!(curve[0].0, area(&changes, origin));
            for (index, &(kept, _)) in (0..).zip(&curve[1..]) {
                let until = slices.end_ns(index);
                assert_eq!(kept, area(&changes, until), "slice {index}");
            }
        }
    }

    #[test]
    fn the_end_of_the_run_may_be_the_end_of_a_slice() {
        let mut times = WaitingTimes::new(1);
        times.keep_slices(Slices::after(0, Some(2000)));
        times.begin(0, SimTime(10));
        times.busy(0, SimTime(15), true);
        let curve = &times.curves(SimTime(2000)).0[0];
        assert_eq!(curve.len(), 201);
        assert_eq!(curve[1..3], [(0, 0), (10, 5)]);
        assert_eq!(curve[200], (1990, 1985));
    }
}
