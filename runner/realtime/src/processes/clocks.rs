//! The clocks of processes on different machines, compared.
//!
//! Each machine has a monotonic clock, which begins somewhere. The time 0 of a run is an
//! instant of the coordinator's clock; a process on another machine has to know what its
//! own clock shows then. It asks the coordinator for the time, and notes when it asked and
//! when the reply came. If both ways took the same time, the coordinator read its clock in
//! the middle. If not, the offset is wrong by at most half of the round trip, which is the
//! uncertainty. Of several exchanges the one with the shortest round trip is the best:
//! it had the least time to be wrong (Mills, RFC 5905, section 8; Cristian 1989).
//!
//! ```text
//! coordinator      t1 ──── t2
//!                 /          \           offset = ((t0 - t1) + (t3 - t2)) / 2
//! process       t0            t3         uncertainty = ((t3 - t0) - (t2 - t1)) / 2
//! ```
//!
//! The comparison is made before the run and after it. The difference is what the clocks
//! drifted apart meanwhile. Times in logs are not changed afterwards.

use std::time::{Duration, Instant};

use crossbeam::channel::Receiver;
use serde::{Deserialize, Serialize};

use os::clock::monotonic_ns;

/// Number of exchanges of a comparison. Arbitrary: enough that one of them meets no
/// other packet.
const EXCHANGES: usize = 8;

/// How long a comparison may take. What has arrived by then counts.
const PATIENCE: Duration = Duration::from_secs(5);

/// The reply of a coordinator that was asked for the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReply {
    /// When the process asked, by its own clock `[ns]`.
    pub asked_ns: u64,
    /// When the coordinator got the question, by its clock `[ns]`.
    pub received_ns: u64,
    /// When the coordinator replied, by its clock `[ns]`.
    pub replied_ns: u64,
}

/// How far two clocks are apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockOffset {
    /// What the clock of the process shows more than that of the coordinator `[ns]`.
    pub offset_ns: i64,
    /// By how much the offset may be wrong `[ns]`.
    pub uncertainty_ns: u64,
    /// The shortest round trip `[ns]`.
    pub round_trip_ns: u64,
}

impl ClockReply {
    /// What it says, if it came at this instant of the own clock `[ns]`.
    fn offset(&self, came_ns: u64) -> ClockOffset {
        let apart = |own: u64, other: u64| i128::from(own) - i128::from(other);
        let sum = apart(self.asked_ns, self.received_ns) + apart(came_ns, self.replied_ns);
        let away = came_ns.saturating_sub(self.asked_ns);
        let round_trip_ns = away.saturating_sub(self.replied_ns.saturating_sub(self.received_ns));
        ClockOffset {
            offset_ns: i64::try_from(sum / 2).unwrap_or(i64::MAX),
            uncertainty_ns: round_trip_ns.div_ceil(2),
            round_trip_ns,
        }
    }
}

impl ClockOffset {
    /// What the own clock shows when the coordinator's shows this `[ns]`.
    pub fn own_ns(&self, coordinator_ns: u64) -> u64 {
        coordinator_ns.saturating_add_signed(self.offset_ns)
    }

    /// The offset if both are said to read the same clock: nothing, unless the exchanges
    /// say that they cannot.
    fn of_same_clock(self) -> ClockOffset {
        match self.offset_ns.unsigned_abs() <= self.uncertainty_ns {
            true => ClockOffset {
                offset_ns: 0,
                uncertainty_ns: 0,
                ..self
            },
            false => self,
        }
    }
}

/// Compares the own clock with the coordinator's: `ask` sends a question with the time of
/// the own clock, and `replies` gets each reply with the time at which it came. None if no
/// reply comes. `same` says that both read the same clock.
///
/// # Errors
///
/// If a question cannot be sent.
pub fn compare(
    mut ask: impl FnMut(u64) -> std::io::Result<()>,
    replies: &Receiver<(ClockReply, u64)>,
    same: bool,
) -> std::io::Result<Option<ClockOffset>> {
    let until = Instant::now() + PATIENCE;
    let mut best: Option<ClockOffset> = None;
    for _ in 0..EXCHANGES {
        let asked_ns = monotonic_ns();
        ask(asked_ns)?;
        // A reply to an earlier question that came too late is not the one to wait for.
        let found = loop {
            match replies.recv_deadline(until) {
                Ok((reply, came_ns)) if reply.asked_ns == asked_ns => {
                    break Some(reply.offset(came_ns));
                }
                Ok(_) => {}
                Err(_) => break None,
            }
        };
        let Some(found) = found else {
            break;
        };
        if best.is_none_or(|best| found.round_trip_ns < best.round_trip_ns) {
            best = Some(found);
        }
    }
    Ok(best.map(|best| match same {
        true => best.of_same_clock(),
        false => best,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam::channel;

    #[test]
    fn the_offset_of_equal_ways_is_exact_and_of_others_within_the_uncertainty() {
        // The own clock is 1000 ahead.
        for (there, back) in [(50, 50), (10, 90), (100, 0)] {
            let asked_ns = 5_000;
            let received_ns = asked_ns - 1_000 + there;
            let reply = ClockReply {
                asked_ns,
                received_ns,
                replied_ns: received_ns + 7,
            };
            let found = reply.offset(asked_ns + there + 7 + back);
            assert_eq!((found.round_trip_ns, found.uncertainty_ns), (100, 50));
            assert!(
                (found.offset_ns - 1_000).unsigned_abs() <= 50,
                "{there}, {back}"
            );
            if there == back {
                assert_eq!(found.offset_ns, 1_000);
                assert_eq!(found.own_ns(4_000), 5_000);
            }
        }
    }

    #[test]
    fn of_several_exchanges_the_shortest_counts() {
        let (sender, replies) = channel::unbounded();
        let mut count = 0;
        let ask = |asked_ns: u64| {
            count += 1;
            // The fourth is the fastest; the coordinator's clock shows 300 less.
            let trip = if count == 4 { 20 } else { 2_000 * count };
            let reply = ClockReply {
                asked_ns,
                received_ns: asked_ns - 300 + trip / 2,
                replied_ns: asked_ns - 300 + trip / 2,
            };
            sender.send((reply, asked_ns + trip)).unwrap();
            Ok(())
        };
        let found = compare(ask, &replies, false).unwrap().unwrap();
        assert_eq!((found.offset_ns, found.uncertainty_ns), (300, 10));
    }

    #[test]
    fn the_same_clock_has_no_offset_unless_the_exchanges_say_otherwise() {
        let offset = |offset_ns: i64| ClockOffset {
            offset_ns,
            uncertainty_ns: 100,
            round_trip_ns: 200,
        };
        assert_eq!(offset(-80).of_same_clock().offset_ns, 0);
        assert_eq!(offset(-80).of_same_clock().uncertainty_ns, 0);
        // A machine that was copied with its memory says that it is the other.
        assert_eq!(offset(-101).of_same_clock(), offset(-101));
    }
}
