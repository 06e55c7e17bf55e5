//! The queue for a link with a bandwidth: one message leaves after another.
//!
//! With a `burst` it is a token bucket, in the form of the virtual scheduling algorithm
//! (ITU-T I.371, annex A; RFC 2697 has the same bucket with counters). `free_at` is when
//! the link would have sent everything without a burst. A message may leave so much
//! earlier as the bucket takes to fill: bursts at most, after idling.

use std::collections::VecDeque;

use base::time::{SimDuration, SimTime};
use model::Link;

/// The queue for one direction of a link.
#[derive(Debug, Default)]
pub struct Transmitter {
    /// When the last accepted message would have left without a burst.
    free_at: SimTime,
    /// When the last accepted message has left.
    left: SimTime,
    /// When the transmission of each waiting message begins; kept if there is a limit.
    starts: VecDeque<SimTime>,
}

impl Transmitter {
    /// When a message of `size` bytes that is sent now has left; at once without a
    /// bandwidth; none if the queue is full.
    pub fn send(&mut self, link: &Link, size: u64, now: SimTime) -> Option<SimTime> {
        let Some(bandwidth) = link.bandwidth else {
            // Messages that waited before a fault removed the bandwidth still leave first.
            return Some(self.left.max(now));
        };
        let ahead = transmission(link.burst, bandwidth);
        let begin = self.free_at.max(now);
        let start = before(begin, ahead).max(self.left).max(now);
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
        self.free_at = begin + transmission(size, bandwidth);
        self.left = before(self.free_at, ahead).max(start);
        Some(self.left)
    }
}

/// The time a span before another; 0 if there is none.
fn before(time: SimTime, span: SimDuration) -> SimTime {
    SimTime(time.0.saturating_sub(span.0))
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

    /// Sends messages of these sizes at these times [ms], and returns when each has left.
    fn sent(link: &Link, messages: &[(u64, u64)]) -> Vec<u64> {
        let mut transmitter = Transmitter::default();
        let send = messages.iter().map(|&(ms, size)| {
            let left = transmitter.send(link, size, SimTime(ms * 1_000_000));
            left.unwrap().0 / 1_000_000
        });
        send.collect()
    }

    #[test]
    fn a_burst_leaves_at_once_and_fills_up_again_with_the_bandwidth() {
        let link = Link {
            burst: 300,
            ..link(1_000, None)
        };
        let full = [(0, 100), (0, 200), (0, 100), (0, 100)];
        assert_eq!(sent(&link, &full), [0, 0, 100, 200]);
        // After the burst, 150 ms fill 150 bytes.
        assert_eq!(
            sent(&link, &[(0, 300), (150, 150), (150, 10)]),
            [0, 150, 160]
        );
        // Idling for hours fills the bucket and no more.
        let later = [(9_000_000, 300), (9_000_000, 100)];
        assert_eq!(sent(&link, &later), [9_000_000, 9_000_100]);
        // What is larger than the bucket waits for the rest.
        assert_eq!(sent(&link, &[(0, 500), (0, 0)]), [200, 200]);
    }

    #[test]
    fn no_window_has_more_than_the_burst_and_what_the_bandwidth_gives() {
        let (rate, burst) = (10_000, 2_000);
        let link = Link {
            burst,
            ..link(rate, None)
        };
        let mut random = base::random::Random::from_seed(3);
        let mut transmitter = Transmitter::default();
        let mut now = 0;
        let mut left = Vec::new();
        for _ in 0..400 {
            now += random.below(150_000_000);
            let size = random.below(burst + 1);
            let at = transmitter.send(&link, size, SimTime(now)).unwrap().0;
            left.push((at, size));
        }
        assert!(
            left.is_sorted_by(|a, b| a.0 <= b.0),
            "in the order of sending"
        );
        let mut fullest: f64 = 0.0;
        for first in 0..left.len() {
            let mut bytes = 0;
            for &(at, size) in &left[first..] {
                bytes += size;
                let span = (at - left[first].0) as f64 / 1e9;
                let allowed = burst as f64 + rate as f64 * span;
                assert!(bytes as f64 <= allowed + 1e-3, "{bytes} in {span} s");
                fullest = fullest.max(bytes as f64 / allowed);
            }
        }
        assert!(fullest > 0.99, "the burst is used: {fullest}");
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
