//! The events of a run in virtual time, and what ends a run that would not end: time that
//! stands still, logs that fill the disk, events beyond the end of time.
//!
//! Time stands still if each event causes another one at its own instant: nodes that
//! answer each other over links without latency, or a timer without delay that sets
//! itself again. The event queue measures such chains of causes
//! ([`Chains`](crate::queue::Chains)). A chain that also branches, as
//! when nodes forward each message to all others, needs few links to fill the memory; it
//! is bounded by the number of events at one instant.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{EndReason, Run};
use crate::behaviors::{Behaviors, Failure};
use crate::queue::{Event, MAX_DEPTH, Sequence};
use crate::sink::Sink;
use base::time::SimTime;

/// Limits for a run that would not end.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most events in a run without a duration.
    pub events: u64,
    /// The most events in any run.
    pub in_all: u64,
    /// The longest chain of causes within one instant; none: [`Limits::CHAIN`], or four
    /// events for each node if that is more.
    pub chain: Option<u32>,
    /// The most events that are caused at one instant for that instant, whatever the
    /// length of their chains; twenty for each node if that is more.
    pub at_once: u64,
}

impl Limits {
    /// The longest chain of causes in a run of few nodes. Requests and replies of a batch
    /// fit; what a closed chain writes in the meantime is about a megabyte.
    pub const CHAIN: u32 = 10_000;

    /// The longest chain of causes in a run of so many nodes. A message that passes by all
    /// nodes and back is within it.
    pub(super) fn depth(&self, nodes: u32) -> u32 {
        let most = || nodes.saturating_mul(4).max(Limits::CHAIN);
        self.chain.unwrap_or_else(most).min(MAX_DEPTH)
    }
}

impl Default for Limits {
    /// 10^9 events without a duration, about half a minute; 2 * 10^7 at one instant, about
    /// a gigabyte of memory.
    fn default() -> Limits {
        Limits {
            events: 1_000_000_000,
            in_all: u64::MAX,
            chain: None,
            at_once: 20_000_000,
        }
    }
}

/// Number of events between two checks of the limits that are not checked each time.
const LIMIT_CHECK: u64 = 4096;

/// The most events for each node that are caused at one instant for that instant, if that
/// is more than [`Limits::at_once`]. Arbitrary.
const AT_ONCE_PER_NODE: u64 = 20;

/// Most nodes that a failure names.
const NAMED: usize = 8;

impl<B: Behaviors, S: Sink> Run<B, S> {
    pub(super) fn events(&mut self, stop: &AtomicBool) -> Result<EndReason, Failure> {
        let mut instant = (SimTime::ZERO, 0);
        let mut next_check = 0;
        loop {
            if self.world.requests.stop.is_some() {
                let reason = self.world.requests.stop.take().unwrap_or_default();
                return Ok(EndReason::Stopped(reason));
            }
            if S::FOLLOWS
                && let Some(intervention) = self.world.sink.intervention()
            {
                self.intervene(intervention)?;
                continue;
            }
            let queued = self.world.events.next_time();
            let tick = self.ticks.next_time();
            let next = queued.min(tick);
            if next == SimTime::NEVER {
                return Ok(self.nothing_due());
            }
            if next > self.end {
                self.world.now = self.end;
                return Ok(EndReason::Duration);
            }
            // Checked at each event: one callback may take seconds.
            if stop.load(Ordering::Relaxed) {
                return Ok(EndReason::Interrupted);
            }
            if self.world.counts.events >= next_check {
                if instant.0 != next {
                    instant = (next, self.world.events.scheduled_at_once());
                }
                if let Some(why) = self.exceeded(instant.1) {
                    return Ok(EndReason::Limit(why));
                }
                let next = self.world.counts.events + LIMIT_CHECK;
                next_check = next
                    .min(self.limits.in_all.saturating_add(1))
                    .max(next_check + 1);
            }
            self.world.now = next;
            if queued <= tick {
                self.next_event()?;
                if self.world.events.chains.is_too_deep() {
                    return Ok(EndReason::Limit(self.stands_still()));
                }
            } else {
                self.ticks_of_instant(next_check, stop)?;
            }
        }
    }

    /// The limit that the run exceeds, if it does. `before` is the number of events that
    /// were scheduled for their own instant when a check first saw the current instant.
    fn exceeded(&self, before: u64) -> Option<String> {
        let handled = self.world.counts.events;
        if let Some(why) = self.world.sink.is_full() {
            return Some(why);
        }
        let nodes = u64::from(self.world.nodes.len());
        let most = self.limits.at_once.max(AT_ONCE_PER_NODE * nodes);
        if self.world.events.scheduled_at_once() - before > most {
            let node = self.name(self.world.node);
            return Some(format!(
                "time stands still at {}: more than {most} events at one instant, and each \
                 causes others; the last was for `{node}`; give the links a `latency`, or \
                 the timers a delay",
                self.world.now
            ));
        }
        if self.world.events.is_exhausted() {
            return Some("more events than there are numbers for".to_owned());
        }
        if handled > self.limits.in_all {
            return Some(format!("more than {} events", self.limits.in_all));
        }
        (self.end == SimTime::NEVER && handled > self.limits.events).then(|| {
            format!(
                "more than {} events in a scenario without `duration`",
                self.limits.events
            )
        })
    }

    /// Says that a chain of causes within one instant is too long, and for which nodes its
    /// events are.
    #[cold]
    fn stands_still(&self) -> String {
        let chain = self.world.events.chains.nodes();
        let nodes = match cycle(&chain) {
            Some(cycle) => format!("in a cycle, {}", self.names(&cycle, true)),
            None => format!("through {}", self.names(&distinct(&chain), false)),
        };
        format!(
            "time stands still at {}: more than {} events, each caused by the one before \
             it, {nodes}; give a link of these nodes a `latency`, or a timer a delay; if the \
             chain ends, set `max_events_at_once` to more than its length",
            self.world.now,
            self.world.events.chains.limit(),
        )
    }

    /// ``from `a` to `b` to `a` ``; the first few.
    fn names(&self, nodes: &[u32], closed: bool) -> String {
        let mut names: Vec<String> = nodes
            .iter()
            .take(NAMED)
            .map(|&node| format!("`{}`", self.name(node)))
            .collect();
        match (nodes.len() - names.len(), closed, nodes) {
            (0, true, &[_]) => return format!("of {} alone", names[0]),
            (0, true, _) => names.push(names[0].clone()),
            (0, false, _) => {}
            (more, ..) => names.push(format!("{more} more")),
        }
        names.join(" -> ")
    }

    fn name(&self, node: u32) -> String {
        self.world.roster.name(node).unwrap_or_default()
    }

    /// Why a run ends in which nothing is due any more: unless something would be due
    /// beyond the end of time.
    pub fn nothing_due(&mut self) -> EndReason {
        if self.end != SimTime::NEVER {
            return EndReason::Idle;
        }
        while let Some((_, sequence, event)) = self.world.events.pop() {
            if let Some(what) = self.beyond_time(sequence, event) {
                return EndReason::Limit(format!(
                    "the run goes beyond the end of time, 2^64 ns (584 years): {what} after \
                     it; shorten the times, or set a `duration` before it"
                ));
            }
        }
        EndReason::Idle
    }

    /// What an event is that is due beyond the end of time; none if it is obsolete.
    fn beyond_time(&self, sequence: Sequence, event: Event) -> Option<String> {
        let name = |node| self.name(node);
        match event {
            Event::Timer { node, tag } if self.world.is_current_timer(node, tag, sequence) => {
                Some(format!("a timer of `{}` is due", name(node)))
            }
            Event::Served { node } if self.world.is_current_service(node, sequence) => {
                Some(format!("`{}` has served a message", name(node)))
            }
            Event::Timer { .. } | Event::Served { .. } => None,
            Event::Arrival { node, .. } => Some(format!("a message to `{}` arrives", name(node))),
            Event::Start { node } => Some(format!("`{}` starts", name(node))),
            Event::Connect { node, other } | Event::Disconnect { node, other } => Some(format!(
                "the connection of `{}` to `{}` changes",
                name(node),
                name(other)
            )),
            Event::Depart { .. } => Some("a message leaves".to_owned()),
            Event::Fault { fault, .. } => Some(format!("fault {} changes", fault + 1)),
        }
    }
}

/// Most events at the end of a chain that need not be in its cycle: a message to a node
/// that does not answer.
const MOST_BEHIND: usize = 4;

/// The nodes that the end of a chain of causes goes through again and again, in the order
/// of the causes; none if it does not. `chain` has the latest first.
fn cycle(chain: &[u32]) -> Option<Vec<u32>> {
    (0..=MOST_BEHIND).find_map(|behind| repeated(chain.get(behind..)?))
}

fn repeated(chain: &[u32]) -> Option<Vec<u32>> {
    // A node may take several events: an arrival, the end of its service.
    let mut visits = chain.to_vec();
    visits.dedup();
    if visits.len() == 1 && chain.len() > 1 {
        return Some(visits);
    }
    let repeats = |period: &usize| {
        visits[*period..]
            .iter()
            .eq(&visits[..visits.len() - period])
    };
    let period = (1..=visits.len() / 2).find(repeats)?;
    visits.truncate(period);
    visits.reverse();
    // The same cycle has the same text wherever the limit cut it.
    let first = (0..period).min_by_key(|&at| visits[at]).unwrap_or(0);
    visits.rotate_left(first);
    Some(visits)
}

/// The nodes of a chain, each once, the latest first.
fn distinct(chain: &[u32]) -> Vec<u32> {
    let mut seen = std::collections::BTreeSet::new();
    let mut nodes = chain.to_vec();
    nodes.retain(|&node| seen.insert(node));
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_that_repeats_is_a_cycle_from_its_first_node_on() {
        assert_eq!(cycle(&[3, 2, 2, 1, 3, 2, 1, 3, 3]), Some(vec![1, 2, 3]));
        assert_eq!(cycle(&[7, 7, 7]), Some(vec![7]));
        assert_eq!(cycle(&[9, 8, 7, 7, 7]), Some(vec![7]));
        assert_eq!(cycle(&[9, 7]), None);
        assert_eq!(cycle(&[1, 2, 3, 4, 1, 3]), None);
        assert_eq!(distinct(&[1, 2, 1, 3, 1]), [1, 2, 3]);
    }
}
