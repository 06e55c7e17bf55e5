//! How long messages wait in the inboxes of the nodes.
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

use base::time::SimTime;

/// For each node, the times at which messages were taken, minus those at which they
/// arrived `[ns]`, modulo 2^128: a sum over messages that still wait is negative.
#[derive(Debug, Default)]
pub struct WaitingTimes(Vec<u128>);

impl WaitingTimes {
    /// For this many nodes.
    pub fn new(nodes: u32) -> WaitingTimes {
        WaitingTimes(vec![0; nodes as usize])
    }

    /// A message begins to wait.
    #[inline(always)]
    pub fn begin(&mut self, node: u32, now: SimTime) {
        let sum = &mut self.0[node as usize];
        *sum = sum.wrapping_sub(u128::from(now.0));
    }

    /// This many messages wait no longer.
    #[inline(always)]
    pub fn end(&mut self, node: u32, now: SimTime, count: u32) {
        let sum = &mut self.0[node as usize];
        *sum = sum.wrapping_add(u128::from(now.0) * u128::from(count));
    }

    /// The time for which messages have waited until now, summed over them
    /// [messages x ns]; `waiting` of them still wait.
    pub fn total(&self, node: u32, now: SimTime, waiting: u32) -> u128 {
        let sum = self.0.get(node as usize).copied().unwrap_or_default();
        sum.wrapping_add(u128::from(now.0) * u128::from(waiting))
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
        times.end(1, SimTime(70), 1);
        // 60 of the first; the others still wait.
        assert_eq!(times.total(1, SimTime(100), 2), 60 + 70 + 40);
        times.end(1, SimTime(100), 2);
        assert_eq!(times.total(1, SimTime(900), 0), 170);
        assert_eq!(times.total(0, SimTime(900), 0), 0);
    }
}
