//! Timers, which are due by their nodes' own clocks, and the services of servers.

use std::collections::{BTreeMap, HashMap};

use super::World;
use crate::queue::{Event, Sequence};
use crate::sink::Sink;
use base::time::SimDuration;

/// The pending timers, by (node, tag).
#[derive(Debug, Default)]
pub struct Timers {
    /// The event of each. A pending event that is not here is obsolete.
    events: HashMap<(u32, u64), Sequence>,
    /// The reading of the node's clock at which each is due `[ns]`; empty if clocks show
    /// true time.
    readings: BTreeMap<(u32, u64), i128>,
}

impl Timers {
    fn remove(&mut self, node: u32, tag: u64) {
        self.events.remove(&(node, tag));
        self.readings.remove(&(node, tag));
    }

    /// The tags and readings of a node's timers, in the order of their tags.
    fn readings_of(&self, node: u32) -> Vec<(u64, i128)> {
        let own = self.readings.range((node, 0)..=(node, u64::MAX));
        own.map(|(&(_, tag), &reading)| (tag, reading)).collect()
    }

    /// Removes all timers of a node.
    pub fn clear_node(&mut self, node: u32) {
        self.events.retain(|&(owner, _), _| owner != node);
        for (tag, _) in self.readings_of(node) {
            self.readings.remove(&(node, tag));
        }
    }
}

impl<S: Sink> World<S> {
    /// Schedules a call of the acting node's `timer` with `tag` after `delay`. Replaces a
    /// pending timer of that tag.
    pub fn set_timer(&mut self, tag: u64, delay: SimDuration) {
        let node = self.node;
        let time = match self.clocks.get(node) {
            None => self.now + delay,
            Some(clock) => {
                let reading = clock.at(self.now) + i128::from(delay.0);
                self.timers.readings.insert((node, tag), reading);
                clock.when(reading)
            }
        };
        let due = self.events.push(time, Event::Timer { node, tag });
        self.timers.events.insert((node, tag), due);
    }

    /// Sets the drift of a node's clock; none: its own. Its timers are scheduled anew
    /// for when the clock now reaches their readings.
    pub(crate) fn set_drift(&mut self, node: u32, ppm: Option<f64>) {
        let Some(clock) = self.clocks.get_mut(node) else {
            return;
        };
        clock.set_drift(ppm, self.now);
        let clock = *clock;
        for (tag, reading) in self.timers.readings_of(node) {
            if let Some(due) = self.timers.events.get_mut(&(node, tag)) {
                let time = clock.when(reading);
                *due = self.events.push(time, Event::Timer { node, tag });
            }
        }
    }

    /// Cancels the acting node's timer with this tag.
    pub fn cancel_timer(&mut self, tag: u64) {
        self.timers.remove(self.node, tag);
    }

    /// Whether this event is the current one of a timer, not an obsolete one.
    pub(crate) fn is_current_timer(&self, node: u32, tag: u64, event: Sequence) -> bool {
        self.timers.events.get(&(node, tag)) == Some(&event)
    }

    /// Whether this event is the current one of a timer; if so, removes the timer.
    pub(crate) fn take_timer(&mut self, node: u32, tag: u64, event: Sequence) -> bool {
        let current = self.is_current_timer(node, tag, event);
        if current {
            self.timers.remove(node, tag);
        }
        current
    }

    /// Whether this event is the current one of a server, not an obsolete one.
    pub(crate) fn is_current_service(&self, node: u32, event: Sequence) -> bool {
        let service = self.nodes.services.get(&node);
        service.is_some_and(|service| service.event == Some(event))
    }

    /// A server continues a service of which this span is left.
    pub(crate) fn continue_service(&mut self, node: u32, left: SimDuration) {
        if let Some(service) = self.nodes.services.get_mut(&node) {
            service.due = self.now + left;
            let event = self.events.push(service.due, Event::Served { node });
            service.event = Some(event);
        }
    }

    /// Schedules for now what was due while its node was paused.
    pub(crate) fn push_postponed(&mut self, sequence: Sequence, event: Event) {
        if let Event::Timer { node, tag } = event {
            let pending = self.timers.events.get_mut(&(node, tag));
            if let Some(due) = pending.filter(|due| **due == sequence) {
                *due = self.events.push(self.now, event);
            }
            return;
        }
        self.events.push(self.now, event);
    }
}
