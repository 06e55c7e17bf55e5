//! A run that goes on with other random numbers.
//!
//! Up to a time it is the run that it was, to the last draw. From then on, every stream is
//! another one of the same name: of behaviors, service times, links, and faults. What was drawn
//! before stays as it is: tick rates, clocks, the messages under way. So many such runs show
//! what was decided at that time, and what was left to chance.

use std::sync::atomic::AtomicBool;

use super::{EndReason, Run};
use crate::behaviors::{Behaviors, Failure};
use crate::sink::Sink;
use base::random::{Purpose, Streams};
use base::time::SimTime;

impl<B: Behaviors, S: Sink> Run<B, S> {
    /// Everything after this time draws from these streams. In virtual time.
    pub fn with_reseed(mut self, after: SimTime, streams: Streams) -> Self {
        self.reseed = Some((after, streams));
        self
    }

    /// Handles all events.
    pub(super) fn all_events(&mut self, stop: &AtomicBool) -> Result<EndReason, Failure> {
        let Some((after, streams)) = self.reseed.take().filter(|it| it.0 < self.end) else {
            return self.events(stop);
        };
        let end = std::mem::replace(&mut self.end, after);
        let reason = self.events(stop);
        self.end = end;
        if reason != Ok(EndReason::Duration) {
            return reason;
        }
        self.reseed(streams);
        self.events(stop)
    }

    fn reseed(&mut self, streams: Streams) {
        for node in 0..self.world.nodes.len() {
            let name = self.stream_name(node);
            self.behaviors
                .reseed(node, streams.node(Purpose::Behavior, &name));
            if let Some(service) = self.world.nodes.services.get_mut(&node) {
                let name = self.world.roster.stream_name(node).unwrap_or_default();
                service.stream = streams.node(Purpose::Service, &name);
            }
        }
        self.world.network.reseed(&streams, &self.world.roster);
        self.streams = streams;
    }
}
