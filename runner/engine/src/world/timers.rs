//! What nodes wait for: timers, due by their own clocks, and the services of servers.

use super::World;
use crate::queue::{Event, Sequence};
use crate::sink::Sink;
use base::time::SimDuration;

impl<S: Sink> World<S> {
    /// Calls the acting node's `timer` with `tag` after `delay`, in place of a
    /// pending one with that tag.
    pub fn set_timer(&mut self, tag: u64, delay: SimDuration) {
        let node = self.node;
        let time = match self.clocks.get(node) {
            None => self.now + delay,
            Some(clock) => {
                let reached = clock.at(self.now) + i128::from(delay.0);
                self.readings.insert((node, tag), reached);
                clock.when(reached)
            }
        };
        let due = self.events.push(time, Event::Timer { node, tag });
        self.timers.insert((node, tag), due);
    }

    /// A node's clock goes at another rate from now on, or at its own: its timers
    /// are due when it has come to where they are.
    pub(crate) fn set_drift(&mut self, node: u32, ppm: Option<f64>) {
        let Some(clock) = self.clocks.get_mut(node) else {
            return;
        };
        clock.set_drift(ppm, self.now);
        let clock = *clock;
        for (&(_, tag), &reached) in self.readings.range((node, 0)..=(node, u64::MAX)) {
            if let Some(due) = self.timers.get_mut(&(node, tag)) {
                *due = self
                    .events
                    .push(clock.when(reached), Event::Timer { node, tag });
            }
        }
    }

    /// Forgets the acting node's timer with this tag.
    pub fn cancel_timer(&mut self, tag: u64) {
        self.timers.remove(&(self.node, tag));
        self.readings.remove(&(self.node, tag));
    }

    /// Whether a timer's event is the one that is waited for.
    pub(crate) fn timer_waits_for(&self, node: u32, tag: u64, event: Sequence) -> bool {
        self.timers.get(&(node, tag)) == Some(&event)
    }

    /// Whether a timer's event is the one that is waited for; then it is over.
    pub(crate) fn timer_is_due(&mut self, node: u32, tag: u64, event: Sequence) -> bool {
        let due = self.timer_waits_for(node, tag, event);
        if due {
            self.timers.remove(&(node, tag));
            self.readings.remove(&(node, tag));
        }
        due
    }

    /// Whether a server's event is the one that is waited for.
    pub(crate) fn service_is_due(&self, node: u32, event: Sequence) -> bool {
        let service = self.service.get(&node);
        service.is_some_and(|service| service.event == Some(event))
    }

    /// A server goes on with a service of which so much is left.
    pub(crate) fn finish_service(&mut self, node: u32, left: SimDuration) {
        if let Some(service) = self.service.get_mut(&node) {
            service.due = self.now + left;
            let event = self.events.push(service.due, Event::Served { node });
            service.event = Some(event);
        }
    }

    /// Schedules now what was due while its node was paused.
    pub(crate) fn push_postponed(&mut self, sequence: Sequence, event: Event) {
        if let Event::Timer { node, tag } = event {
            let waiting = self.timers.get_mut(&(node, tag));
            if let Some(due) = waiting.filter(|due| **due == sequence) {
                *due = self.events.push(self.now, event);
            }
            return;
        }
        self.events.push(self.now, event);
    }
}
