//! The ticks of clocked nodes.
//!
//! A tick is not queue traffic: it is its node's next deadline, and there is one
//! of them per node at any time. Nodes of one period follow one another in the
//! same order round after round, so they share a *lane*: a sorted list with a
//! cursor. The lanes stand in a heap by the time of their next tick: a few lanes
//! of many nodes cost next to nothing, many lanes of one node cost what a heap
//! costs.
//!
//! Ticks are taken instant by instant. All that falls at one instant is written
//! into one list, nodes in order, which is then read off: whoever wants to know
//! who ticks soon can look ahead in it ([`Ticks::upcoming`]). Where several lanes
//! meet at an instant, their nodes have to be merged. Whole lanes that met once
//! meet again (rates of 2 and 3 do each second), so a merged list is kept.
//!
//! Nodes whose ticks a fault may change are *irregular*: each by itself in a heap.
//!
//! Tick `k` of a node, from 1, falls at start + floor(k * 10^9 / rate) ns, or
//! with a phase at start + phase + floor((k - 1) * 10^9 / rate) ns.

mod irregular;

use base::time::{SimDuration, SimTime};
use irregular::IrregularTicks;

/// From tick to tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Period {
    /// So many ticks per second; above 0, at most 10^9.
    Rate(f64),
    /// So long from each tick to the next; above 0.
    Interval(SimDuration),
}

impl Period {
    /// What tells lanes apart: equal exactly for equal periods.
    fn key(self) -> (u8, u64) {
        match self {
            Period::Rate(rate) => (0, rate.to_bits()),
            Period::Interval(span) => (1, span.0),
        }
    }

    /// The mean span between two ticks `[ns]`.
    fn mean_ns(self) -> f64 {
        match self {
            Period::Rate(rate) => 1e9 / rate,
            Period::Interval(span) => span.0 as f64,
        }
    }

    /// The least span between two ticks `[ns]`, floor rounding included.
    fn least_ns(self) -> u64 {
        match self {
            Period::Rate(rate) => (1e9 / rate) as u64,
            Period::Interval(span) => span.0,
        }
    }
}

/// A clocked node at its start.
#[derive(Clone, Copy, Debug)]
pub struct Clocked {
    /// Which node.
    pub node: u32,
    /// How often it ticks.
    pub period: Period,
    /// When it starts.
    pub start: SimTime,
    /// From the start to the first tick; none: one period.
    pub phase: Option<SimDuration>,
}

/// The next tick of every clocked node.
#[derive(Debug, Default)]
pub struct Ticks {
    lanes: Vec<Lane>,
    /// A binary heap: the lane of the next instant first.
    heap: Vec<Head>,
    /// The instant whose ticks are being taken `[ns]`.
    time: u64,
    /// The nodes that tick at it, in the order of the scenario.
    due: Vec<u32>,
    /// How many of them were taken.
    taken: usize,
    /// The lanes that meet at it.
    meeting: Vec<Part>,
    merged: Vec<Merged>,
    /// How many nodes may yet be kept in merged lists.
    room: usize,
    /// Nodes whose ticks may change.
    irregular: IrregularTicks,
}

/// A lane's next instant after the one under way. Lanes of one instant stand in
/// any order: their nodes are merged.
#[derive(Clone, Copy, Debug)]
struct Head {
    time: u64,
    lane: u32,
}

/// Those of a lane that tick at one instant: `nodes[start..end]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    lane: u32,
    start: u32,
    end: u32,
}

/// The nodes of several lanes, in the order of the scenario.
#[derive(Debug)]
struct Merged {
    parts: Vec<Part>,
    nodes: Vec<u32>,
}

/// Up to so many nodes are sorted anew each time: faster than to look for a list
/// that was kept.
const SORT_AT_ONCE: usize = 16;
/// The most merged lists that are kept, and the most nodes in all of them, in
/// multiples of all clocked nodes. Rates of 1 to 6 need 3 lists and 1.9 times
/// the nodes, 4 bytes each.
const KEPT_LISTS: usize = 32;
const KEPT_NODES: usize = 2;

/// Nodes of one period in the order of their ticks; from the first to the last
/// is less than one period.
#[derive(Debug)]
struct Lane {
    steps: Steps,
    nodes: Vec<u32>,
    /// What the offsets count from, per node `[ns]`; empty: `base` for all.
    bases: Vec<u64>,
    base: u64,
    cursor: usize,
}

/// The offsets of a period's successive ticks, without a division for each.
#[derive(Debug)]
struct Steps {
    offset: u64,
    rule: Rule,
}

#[derive(Debug)]
enum Rule {
    /// A whole number of ticks per second: exact at any count.
    Whole {
        rate: u64,
        quotient: u64,
        remainder: u64,
        carried: u64,
    },
    /// Any other rate, from the number of the tick; exact to the nanosecond as
    /// long as count * 10^9 fits in 53 bits, and deterministic beyond.
    Fraction {
        rate: f64,
        count: u64,
    },
    Interval {
        span: u64,
    },
}

impl Steps {
    fn new(period: Period) -> Steps {
        let rule = match period {
            Period::Interval(span) => Rule::Interval { span: span.0 },
            Period::Rate(rate) if rate.fract() == 0.0 => {
                let rate = rate as u64;
                Rule::Whole {
                    rate,
                    quotient: 1_000_000_000 / rate,
                    remainder: 1_000_000_000 % rate,
                    carried: 0,
                }
            }
            Period::Rate(rate) => Rule::Fraction { rate, count: 0 },
        };
        Steps { offset: 0, rule }
    }

    fn advance(&mut self) {
        match &mut self.rule {
            Rule::Whole {
                rate,
                quotient,
                remainder,
                carried,
            } => {
                *carried += *remainder;
                self.offset = self.offset.saturating_add(*quotient);
                if *carried >= *rate {
                    *carried -= *rate;
                    self.offset += 1;
                }
            }
            Rule::Fraction { rate, count } => {
                *count += 1;
                self.offset = (*count as f64 * 1e9 / *rate) as u64;
            }
            Rule::Interval { span } => self.offset = self.offset.saturating_add(*span),
        }
    }
}

impl Ticks {
    /// The lanes of these nodes.
    pub fn new(mut nodes: Vec<Clocked>) -> Ticks {
        // With a phase the first offset is 0, without one it is one period; such
        // nodes cannot share a lane, since they count differently.
        let base = |c: &Clocked| (c.start + c.phase.unwrap_or_default()).0;
        nodes.sort_unstable_by_key(|c| (c.period.key(), c.phase.is_some(), base(c), c.node));

        let mut ticks = Ticks {
            room: nodes.len() * KEPT_NODES,
            ..Ticks::default()
        };
        let mut rest = &nodes[..];
        while let Some(first) = rest.first() {
            let reach = first.period.least_ns();
            let together = rest
                .iter()
                .take_while(|c| {
                    c.period.key() == first.period.key()
                        && c.phase.is_some() == first.phase.is_some()
                        && (base(c) == base(first) || base(c) - base(first) < reach)
                })
                .count();
            let (members, others) = rest.split_at(together);
            ticks.lanes.push(Lane::new(members, base));
            rest = others;
        }
        ticks.heap = (0..)
            .zip(&ticks.lanes)
            .map(|(lane, members)| Head {
                time: members.next_time(),
                lane,
            })
            .collect();
        // A sorted list is a heap.
        ticks.heap.sort_unstable_by_key(|head| head.time);
        ticks.next_instant();
        ticks
    }

    /// When the next tick is due; [`SimTime::NEVER`] without clocked nodes.
    #[inline]
    pub fn next_time(&self) -> SimTime {
        SimTime(self.time.min(self.irregular.time))
    }

    /// With these nodes, too, whose ticks may change.
    pub fn with_irregular(mut self, nodes: Vec<Clocked>) -> Ticks {
        self.irregular = IrregularTicks::new(nodes);
        self
    }

    /// An irregular node ticks at another rate from `now` on: what is left to its next
    /// tick becomes shorter or longer in the same ratio. None: its own.
    pub fn set_period(&mut self, node: u32, period: Option<Period>, now: SimTime) {
        self.irregular.set_period(node, period, now);
    }

    /// An irregular node starts anew: its ticks count from `now`.
    pub fn restart(&mut self, node: u32, now: SimTime) {
        self.irregular.restart(node, now);
    }

    /// How many ticks of an irregular node were taken, but for those that went by.
    pub fn taken(&self, node: u32) -> u64 {
        self.irregular.taken(node)
    }

    /// The tick that was taken last, this node's, went by.
    pub fn skip(&mut self, node: u32) {
        self.irregular.skip(node);
    }

    /// Takes the next tick: the earliest, and at one instant the node that comes
    /// first in the scenario. Its node's following tick takes its place.
    ///
    /// # Panics
    ///
    /// Without clocked nodes.
    #[inline]
    pub fn take(&mut self) -> u32 {
        if self.irregular.time <= self.time
            && let Some(node) = self.take_irregular()
        {
            return node;
        }
        let node = self.due[self.taken];
        self.taken += 1;
        if self.taken == self.due.len() {
            self.next_instant();
        }
        node
    }

    /// The node whose tick comes `ahead` after the next one, if at this instant.
    #[inline]
    pub fn upcoming(&self, ahead: usize) -> Option<u32> {
        self.due.get(self.taken + ahead).copied()
    }

    /// The next tick, if it is of an irregular node.
    #[cold]
    fn take_irregular(&mut self) -> Option<u32> {
        let first = match self.due.get(self.taken) {
            Some(&node) if self.irregular.time == self.time => node,
            _ => u32::MAX,
        };
        self.irregular.take_before(first)
    }

    /// Writes down who ticks at the next instant, and moves their lanes on.
    fn next_instant(&mut self) {
        self.due.clear();
        self.taken = 0;
        self.time = self.heap.first().map_or(u64::MAX, |head| head.time);
        if self.time == u64::MAX {
            return;
        }
        let first = self.take_part();
        if self.heap[0].time != self.time {
            match first.nodes(&self.lanes) {
                // A call to copy memory would cost more than the tick.
                &[node] => self.due.push(node),
                nodes => self.due.extend_from_slice(nodes),
            }
            return;
        }
        self.meeting.clear();
        self.meeting.push(first);
        while self.heap[0].time == self.time {
            let part = self.take_part();
            self.meeting.push(part);
        }
        self.merge();
    }

    /// Takes those of the first lane that tick next, and moves the lane on.
    #[inline]
    fn take_part(&mut self) -> Part {
        let head = &mut self.heap[0];
        let lane = &mut self.lanes[head.lane as usize];
        let part = lane.take_part(head.lane);
        head.time = lane.next_time();
        self.sift_down();
        part
    }

    /// Writes down the nodes of all parts that meet, in order.
    fn merge(&mut self) {
        let count: usize = self.meeting.iter().map(Part::len).sum();
        if count > SORT_AT_ONCE {
            self.meeting.sort_unstable_by_key(|part| part.lane);
            let known = self.merged.iter().find(|m| m.parts == self.meeting);
            if let Some(known) = known {
                self.due.extend_from_slice(&known.nodes);
                return;
            }
        }
        for part in &self.meeting {
            self.due.extend(part.nodes(&self.lanes));
        }
        if count <= SORT_AT_ONCE {
            self.due.sort_unstable();
            return;
        }
        // The stable sort knows runs that are sorted already, and merges them.
        self.due.sort();
        if self.merged.len() < KEPT_LISTS && count <= self.room {
            self.room -= count;
            self.merged.push(Merged {
                parts: self.meeting.clone(),
                nodes: self.due.clone(),
            });
        }
    }

    #[inline]
    fn sift_down(&mut self) {
        let heap = &mut self.heap[..];
        let moving = heap[0];
        let mut at = 0;
        loop {
            let mut child = 2 * at + 1;
            if child >= heap.len() {
                break;
            }
            if child + 1 < heap.len() && heap[child + 1].time < heap[child].time {
                child += 1;
            }
            if moving.time <= heap[child].time {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = moving;
    }
}

impl Part {
    fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    #[inline]
    fn nodes<'a>(&self, lanes: &'a [Lane]) -> &'a [u32] {
        &lanes[self.lane as usize].nodes[self.start as usize..self.end as usize]
    }
}

impl Lane {
    fn new(members: &[Clocked], base: impl Fn(&Clocked) -> u64) -> Lane {
        let first = &members[0];
        let mut steps = Steps::new(first.period);
        if first.phase.is_none() {
            steps.advance();
        }
        let alike = base(&members[members.len() - 1]) == base(first);
        Lane {
            steps,
            nodes: members.iter().map(|c| c.node).collect(),
            bases: if alike {
                Vec::new()
            } else {
                members.iter().map(&base).collect()
            },
            base: base(first),
            cursor: 0,
        }
    }

    /// When the node at the cursor ticks `[ns]`.
    #[inline]
    fn next_time(&self) -> u64 {
        let base = if self.bases.is_empty() {
            self.base
        } else {
            self.bases[self.cursor]
        };
        base.saturating_add(self.steps.offset)
    }

    /// Takes those that tick next: all from the cursor on at the same time.
    #[inline]
    fn take_part(&mut self, lane: u32) -> Part {
        let start = self.cursor;
        let end = match self.bases.get(start) {
            None => self.nodes.len(),
            Some(base) => {
                let alike = self.bases[start..].iter().take_while(|b| *b == base);
                start + alike.count()
            }
        };
        self.cursor = end;
        if end == self.nodes.len() {
            self.cursor = 0;
            self.steps.advance();
        }
        Part {
            lane,
            start: start as u32,
            end: end as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::random::Random;

    fn clocked(node: u32, period: Period) -> Clocked {
        Clocked {
            node,
            period,
            start: SimTime::ZERO,
            phase: None,
        }
    }

    #[test]
    fn tick_k_falls_at_the_floor_of_k_over_the_rate() {
        for rate in [1u64, 3, 6, 7, 1000, 999_999_937, 1_000_000_000] {
            let mut ticks = Ticks::new(vec![clocked(0, Period::Rate(rate as f64))]);
            for k in 1..=2000u128 {
                let expected = (k * 1_000_000_000 / u128::from(rate)) as u64;
                assert_eq!(
                    ticks.next_time(),
                    SimTime(expected),
                    "tick {k} at {rate} Hz"
                );
                ticks.take();
            }
        }
    }

    #[test]
    fn fractional_rates_and_intervals_count_from_the_start() {
        let mut half = Ticks::new(vec![clocked(0, Period::Rate(0.4))]);
        let mut span = Ticks::new(vec![clocked(
            0,
            Period::Interval(SimDuration(2_500_000_000)),
        )]);
        for k in 1..=100 {
            assert_eq!(half.next_time(), SimTime(k * 2_500_000_000));
            assert_eq!(span.next_time(), SimTime(k * 2_500_000_000));
            half.take();
            span.take();
        }
    }

    #[test]
    fn a_phase_is_the_time_of_the_first_tick() {
        let mut ticks = Ticks::new(vec![Clocked {
            node: 0,
            period: Period::Rate(3.0),
            start: SimTime(100),
            phase: Some(SimDuration(50)),
        }]);
        let times: Vec<u64> = (0..4)
            .map(|_| {
                let time = ticks.next_time().0;
                ticks.take();
                time
            })
            .collect();
        assert_eq!(times, [150, 333_333_483, 666_666_816, 1_000_000_150]);
    }

    #[test]
    fn lanes_give_the_order_that_sorting_all_ticks_gives() {
        let mut random = Random::from_seed(11);
        for round in 0..50 {
            let nodes: Vec<Clocked> = (0..40)
                .map(|node| Clocked {
                    node,
                    period: if random.below(4) == 0 {
                        Period::Interval(SimDuration(1 + random.below(300_000_000)))
                    } else {
                        Period::Rate(
                            (1 + random.below(6)) as f64 / if round % 2 == 0 { 1.0 } else { 4.0 },
                        )
                    },
                    start: SimTime(random.below(3) * 700_000_000),
                    phase: (random.below(2) == 0).then(|| SimDuration(random.below(5_000_000_000))),
                })
                .collect();
            const END: u64 = 20_000_000_000;
            let mut expected = Vec::new();
            for c in &nodes {
                let mut one = Ticks::new(vec![*c]);
                while one.next_time().0 <= END {
                    expected.push((one.next_time().0, c.node));
                    one.take();
                }
            }
            expected.sort();
            let mut ticks = Ticks::new(nodes);
            for (time, node) in expected {
                assert_eq!(ticks.next_time(), SimTime(time));
                assert_eq!(ticks.take(), node);
            }
            assert!(ticks.next_time().0 > END);
        }
    }

    #[test]
    fn nodes_of_one_period_share_a_lane() {
        let nodes = (0..1000)
            .map(|n| clocked(n, Period::Rate(f64::from(1 + n % 6))))
            .collect();
        assert_eq!(Ticks::new(nodes).lanes.len(), 6);
    }
}
