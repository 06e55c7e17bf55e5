//! The queue for a link with a bandwidth: one message leaves after another.

use std::collections::VecDeque;

use base::time::{SimDuration, SimTime};
use model::Link;

/// The queue for one direction of a link.
#[derive(Debug, Default)]
pub struct Transmitter {
    /// When the last accepted message has left.
    free_at: SimTime,
    /// When the transmission of each waiting message begins; kept if there is a limit.
    starts: VecDeque<SimTime>,
}

impl Transmitter {
    /// When a message of `size` bytes that is sent now has left; at once without a
    /// bandwidth; none if the queue is full.
    pub fn send(&mut self, link: &Link, size: u64, now: SimTime) -> Option<SimTime> {
        let start = self.free_at.max(now);
        let Some(bandwidth) = link.bandwidth else {
            // Messages that waited before a fault removed the bandwidth still leave first.
            return Some(start);
        };
        while self.starts.front().is_some_and(|&start| start <= now) {
            self.starts.pop_front();
        }
        if let Some(limit) = link.queue_limit {
            if start > now && self.starts.len() >= limit as usize {
                return None;
            }
            if start > now {
                self.starts.push_back(start);
            }
        }
        self.free_at = start + transmission(size, bandwidth);
        Some(self.free_at)
    }
}

/// The span that a message takes to leave, rounded up to a nanosecond: so messages never
/// leave faster than the bandwidth allows.
fn transmission(size: u64, bandwidth: u64) -> SimDuration {
    let ns = (u128::from(size) * 1_000_000_000).div_ceil(u128::from(bandwidth));
    SimDuration(u64::try_from(ns).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(bandwidth: u64, queue_limit: Option<u32>) -> Link {
        Link {
            bandwidth: Some(bandwidth),
            queue_limit,
            ..Link::IDEAL
        }
    }

    #[test]
    fn messages_leave_one_after_another() {
        let mut transmitter = Transmitter::default();
        let link = link(1_000, None);
        let mut send = |size, ms: u64| {
            let left = transmitter.send(&link, size, SimTime(ms * 1_000_000));
            left.map(|it| it.0 / 1_000_000)
        };
        assert_eq!(send(100, 0), Some(100));
        assert_eq!(send(50, 10), Some(150), "waits for the first");
        assert_eq!(
            send(0, 20),
            Some(150),
            "an empty message takes no time, but waits"
        );
        assert_eq!(send(1, 500), Some(501), "the link was free");
    }

    #[test]
    fn a_part_of_a_nanosecond_counts_as_one() {
        assert_eq!(transmission(1, 3), SimDuration(333_333_334));
        assert_eq!(transmission(1, 1 << 40), SimDuration(1));
        assert_eq!(transmission(u64::MAX, 1), SimDuration(u64::MAX));
    }

    #[test]
    fn the_message_on_the_link_does_not_wait() {
        let mut transmitter = Transmitter::default();
        let link = link(1_000, Some(2));
        let mut send = |ms: u64| {
            let left = transmitter.send(&link, 100, SimTime(ms * 1_000_000));
            left.map(|it| it.0 / 1_000_000)
        };
        assert_eq!(
            [send(0), send(0), send(0)],
            [Some(100), Some(200), Some(300)]
        );
        assert_eq!(send(99), None, "two wait");
        assert_eq!(send(100), Some(400), "one of them is on the link");
        let none = Transmitter::default().send(&link, 100, SimTime(0));
        assert_eq!(none, Some(SimTime(100_000_000)));
    }

    #[test]
    fn a_limit_of_none_lets_a_message_onto_a_free_link_alone() {
        let mut transmitter = Transmitter::default();
        let link = link(1_000, Some(0));
        assert!(transmitter.send(&link, 100, SimTime(0)).is_some());
        assert!(transmitter.send(&link, 100, SimTime(1)).is_none());
        assert!(transmitter.send(&link, 100, SimTime(100_000_000)).is_some());
    }
}
