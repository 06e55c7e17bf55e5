//! The nodes' own clocks: the time that a behavior sees.
//!
//! A clock that is `offset` ahead at the beginning and `drift` parts per million too
//! fast shows offset + t + t * drift / 10^6 at true time t, in whole nanoseconds,
//! rounded down. It never goes back; a reading below 0 is shown as 0. When a fault
//! changes the drift, the clock continues from its current reading.
//!
//! The delay of a timer is measured by its node's clock ([`Clock::when`]). Records,
//! links, ticks and service times use true time: a wrong clock does not make a machine
//! slower.
//!
//! All arithmetic is on integers, so that it is the same on every machine.

use base::random::{Purpose, Streams};
use base::time::{SimDuration, SimTime};
use model::roster::Roster;

/// The clocks of all nodes; empty if every clock shows true time.
#[derive(Clone, Debug, Default)]
pub struct Clocks(Vec<Clock>);

/// One node's clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// When its rate last changed.
    since: SimTime,
    /// Its reading then `[ns]`; may be below 0.
    base: i128,
    /// How much faster it is than true time `[10^-12]`.
    faster: i128,
    /// The value of `faster` without faults.
    own: i128,
}

/// The unit of a clock's rate: parts in 10^12.
const PARTS: i128 = 1_000_000_000_000;

/// The greatest offset, far from overflow `[ns]`: 292 years, which is also the most that a
/// scenario can set. A draw of more is that.
const MOST_OFFSET: i128 = 1 << 63;

impl Clock {
    /// A clock that is `offset` `[ns]` ahead at the beginning, and `ppm` too fast.
    pub fn new(offset: i128, ppm: f64) -> Clock {
        Clock {
            since: SimTime::ZERO,
            base: offset.clamp(-MOST_OFFSET, MOST_OFFSET),
            faster: faster(ppm),
            own: faster(ppm),
        }
    }

    /// Its reading at an instant `[ns]`; may be below 0.
    pub fn at(&self, time: SimTime) -> i128 {
        let gone = i128::from((time - self.since).0);
        self.base + gone + (gone * self.faster).div_euclid(PARTS)
    }

    /// The first instant at which its reading is `reached` `[ns]` or more.
    pub fn when(&self, reached: i128) -> SimTime {
        let need = (reached - self.base).max(0);
        let rate = PARTS + self.faster;
        // Rounded up: the clock rounds down.
        let gone = (need * PARTS + rate - 1) / rate;
        self.since + SimDuration(u64::try_from(gone).unwrap_or(u64::MAX))
    }

    /// Sets its drift from now on; none: its own.
    pub fn set_drift(&mut self, ppm: Option<f64>, now: SimTime) {
        (self.base, self.since) = (self.at(now), now);
        self.faster = ppm.map_or(self.own, faster);
    }
}

/// Parts per million in parts of 10^12, limited so that a clock never goes back.
fn faster(ppm: f64) -> i128 {
    (ppm.clamp(-999_999.0, 1e6) * 1e6).round() as i128
}

impl Clocks {
    /// The clocks of a run; `all` if a fault may change the drift of any clock.
    pub fn new(roster: &Roster, streams: &Streams, all: bool) -> Clocks {
        if !all && roster.groups().iter().all(|group| group.clock.is_none()) {
            return Clocks::default();
        }
        let mut clocks = Vec::with_capacity(roster.len() as usize);
        for (index, group) in roster.groups().iter().enumerate() {
            for node in roster.nodes(index) {
                let Some(rule) = &group.clock else {
                    clocks.push(Clock::new(0, 0.0));
                    continue;
                };
                let name = roster.stream_name(node).unwrap_or_default();
                let mut stream = streams.node(Purpose::Offset, &name);
                let offset = rule.offset.sample_signed_span(&mut stream);
                let mut stream = streams.node(Purpose::Drift, &name);
                clocks.push(Clock::new(offset, rule.drift.sample_signed(&mut stream)));
            }
        }
        Clocks(clocks)
    }

    /// What a node's clock shows.
    #[inline]
    pub fn read(&self, node: u32, now: SimTime) -> SimTime {
        match self.0.get(node as usize) {
            None => now,
            Some(clock) => SimTime(u64::try_from(clock.at(now).max(0)).unwrap_or(u64::MAX)),
        }
    }

    /// A node's clock; none if every clock shows true time.
    #[inline]
    pub fn get(&self, node: u32) -> Option<&Clock> {
        self.0.get(node as usize)
    }

    /// As [`Clocks::get`], mutable.
    pub fn get_mut(&mut self, node: u32) -> Option<&mut Clock> {
        self.0.get_mut(node as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::random::Random;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_clock_has_an_offset_and_a_drift() {
        let clock = Clock::new(20_000_000, 100.0);
        assert_eq!(clock.at(SimTime(0)), 20_000_000);
        assert_eq!(clock.at(SimTime(10 * S)), 10_021_000_000);
        let slow = Clock::new(-5_000_000_000, -500_000.0);
        assert_eq!(slow.at(SimTime(10 * S)), 0);
        assert_eq!(Clocks(vec![slow]).read(0, SimTime(S)), SimTime(0));
    }

    #[test]
    fn a_changed_drift_keeps_the_current_reading() {
        let mut clock = Clock::new(0, 1_000.0);
        clock.set_drift(Some(-1_000.0), SimTime(S));
        assert_eq!(clock.at(SimTime(S)), 1_001_000_000);
        assert_eq!(clock.at(SimTime(2 * S)), 2_000_000_000);
        clock.set_drift(None, SimTime(2 * S));
        assert_eq!(clock.at(SimTime(3 * S)), 3_001_000_000);
    }

    #[test]
    fn when_is_the_first_instant_of_a_reading() {
        let mut random = Random::from_seed(1);
        for _ in 0..10_000 {
            let ppm = (random.unit() - 0.5) * 1.9e6;
            let mut clock = Clock::new(((random.unit() - 0.5) * 1e12).round() as i128, ppm);
            let now = SimTime(random.below(1 << 50));
            if random.below(2) == 0 {
                clock.set_drift(Some((random.unit() - 0.5) * 10.0), now);
            }
            let reached = clock.at(now) + i128::from(random.below(1 << 45));
            let when = clock.when(reached);
            assert!(when >= now && clock.at(when) >= reached, "{clock:?}");
            assert!(
                when == now || clock.at(SimTime(when.0 - 1)) < reached,
                "{clock:?}"
            );
        }
    }

    #[test]
    fn the_slowest_clock_still_advances_and_the_longest_timer_is_never_due() {
        let slow = Clock::new(0, -1e9);
        assert_eq!(slow.at(SimTime(S)), 1_000);
        assert_eq!(slow.when(i128::from(u64::MAX)), SimTime::NEVER);
    }
}
