//! One step: the next event or tick, handled by its node.

use std::sync::atomic::{AtomicBool, Ordering};

use analysis_log::{EventId, NO_PEER};

use super::{ExternalFault, Run};
use crate::behaviors::{Behaviors, Call, CallError, Failure};
use crate::follow::{Happening, Move};
use crate::message::{MessageId, Taken};
use crate::queue::Event;
use crate::sink::Sink;
use crate::world::NodeKind;
use model::Timing;

/// How many ticks ahead a node is prefetched, and then its first message: enough for
/// the memory's latency. Chosen, not tuned.
const FAR: usize = 16;
const NEAR: usize = 6;

impl<B: Behaviors, S: Sink> Run<B, S> {
    pub(super) fn next_event(&mut self) -> Result<(), Failure> {
        let Some((due, sequence, event)) = self.world.events.pop() else {
            return Ok(());
        };
        if S::FOLLOWS {
            self.world
                .sink
                .happens(self.world.now, Happening::Event(event));
        }
        match event {
            Event::Start { node } => {
                self.start_late(node, EventId::START)?;
                if self.world.nodes[node].up && self.world.has_process(node) {
                    // The driver starts its process now.
                    self.external_faults.push((node, ExternalFault::Restart));
                }
                Ok(())
            }
            Event::Arrival { node, message } => self.arrival(node, message),
            Event::Connect { node, other } => self.connect(node, other),
            Event::Disconnect { node, other } => self.disconnect(node, other),
            Event::Depart { delayed } => {
                self.world.transport.release(delayed);
                Ok(())
            }
            Event::Timer { node, tag } => {
                if self.world.nodes[node].paused {
                    if self.world.is_current_timer(node, tag, sequence) {
                        self.postpone(node, sequence, event);
                    }
                    return Ok(());
                }
                if !self.world.take_timer(node, tag, sequence) {
                    return Ok(());
                }
                self.world.counts.events += 1;
                self.begin_step(node);
                self.world.push_row(EventId::TIMER, NO_PEER, 0, 0);
                self.call(node, Call::Timer { tag })
            }
            Event::Fault { fault, begins } => self.fault(fault, begins, due),
            Event::Served { node } => {
                // A fault may have postponed or ended the service.
                if !self.faults.is_empty() && !self.world.is_current_service(node, sequence) {
                    return Ok(());
                }
                self.world.counts.events += 1;
                self.world.end_service(node);
                self.take_message(node)?;
                self.serve_first(node, true);
                Ok(())
            }
        }
    }

    /// A message reaches a node.
    #[inline]
    pub(crate) fn arrival(&mut self, node: u32, message: MessageId) -> Result<(), Failure> {
        if !self.world.arrive(node, message) {
            self.world.end_step(&self.behaviors);
            return Ok(());
        }
        let state = &self.world.nodes[node];
        let (kind, paused) = (state.kind, state.paused);
        match kind {
            NodeKind::Clocked => Ok(()),
            _ if paused => Ok(()),
            NodeKind::Server => {
                if let Some(arrival) = self.world.events.traced()
                    && let Some(service) = self.world.nodes.services.get_mut(&node)
                {
                    service.arrived = Some(arrival);
                }
                self.serve(node);
                Ok(())
            }
            NodeKind::EventDriven => self.take_message(node),
        }
    }

    /// The ticks of this instant, as long as nothing else is due. `check` is the number of
    /// events at which limits are checked next.
    #[inline(always)]
    pub(super) fn ticks_of_instant(
        &mut self,
        check: u64,
        stop: &AtomicBool,
    ) -> Result<(), Failure> {
        let now = self.world.now;
        loop {
            self.world.events.begin_tick();
            self.look_ahead();
            let node = self.ticks.take();
            self.tick_of(node)?;
            let world = &self.world;
            if !self.ticks.are_due(now)
                || world.events.is_due(now)
                || world.requests.stop.is_some()
                || world.counts.events >= check
                || stop.load(Ordering::Relaxed)
                || S::FOLLOWS
            {
                return Ok(());
            }
        }
    }

    /// A node ticks.
    #[inline]
    pub(super) fn tick_of(&mut self, node: u32) -> Result<(), Failure> {
        if S::FOLLOWS {
            self.world
                .sink
                .happens(self.world.now, Happening::Tick { node });
        }
        self.world.counts.events += 1;
        let state = &mut self.world.nodes[node];
        if !state.up || state.paused {
            self.skip_tick(node);
            return Ok(());
        }
        if state.inbox.is_empty() {
            state.step += 1;
            self.world.node = node;
            return self.call(node, Call::Tick);
        }
        // A message that is rejected is dropped: the tick takes the next one.
        while !self.world.nodes[node].inbox.is_empty() {
            let before = self.world.nodes[node].step;
            self.world.end_wait(node);
            self.take_first(node)?;
            if self.world.nodes[node].step != before {
                return Ok(());
            }
        }
        self.begin_step(node);
        self.call(node, Call::Tick)
    }

    /// Prefetches the state of nodes that tick soon: with many nodes it is in no cache,
    /// and earlier ticks can be handled while the memory is read.
    #[inline]
    fn look_ahead(&self) {
        let nodes = &self.world.nodes;
        if let Some(node) = self.ticks.upcoming(FAR) {
            B::prefetch(&nodes[node]);
            self.behaviors.expect(node);
        }
        if let Some(node) = self.ticks.upcoming(NEAR) {
            let inbox = &nodes[node].inbox;
            B::prefetch(self.world.messages.first_message(inbox));
        }
    }

    #[inline]
    fn begin_step(&mut self, node: u32) {
        self.world.node = node;
        self.world.nodes[node].step += 1;
    }

    /// The node handles the first message of its inbox.
    #[inline(never)]
    pub(super) fn take_message(&mut self, node: u32) -> Result<(), Failure> {
        self.take_first(node)
    }

    /// As [`Run::take_message`], for ticks.
    #[inline(always)]
    fn take_first(&mut self, node: u32) -> Result<(), Failure> {
        let world = &mut self.world;
        let inbox = &mut world.nodes[node].inbox;
        let Some(taken) = inbox.take_first(&mut world.messages) else {
            return Ok(());
        };
        if S::FOLLOWS {
            world.sink.moves(Move::Taken { node });
        }
        match taken.bytes() {
            Some(bytes) => self.handle_inline(node, taken.from, taken.number, bytes),
            None => self.handle_long(node, taken),
        }
    }

    /// The node handles a message whose payload is long.
    #[cold]
    #[inline(never)]
    fn handle_long(&mut self, node: u32, taken: Taken) -> Result<(), Failure> {
        let message = self.world.messages.message(taken);
        let bytes = message.payload.as_slice();
        self.handle(node, message.from, message.number, bytes)
    }

    /// The node handles a message.
    #[inline(never)]
    pub(super) fn handle(
        &mut self,
        node: u32,
        from: u32,
        number: u64,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        self.handle_inline(node, from, number, bytes)
    }

    /// As [`Run::handle`], for messages from inboxes.
    #[inline(always)]
    fn handle_inline(
        &mut self,
        node: u32,
        from: u32,
        number: u64,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        self.begin_step(node);
        self.world.counts.messages.delivered += 1;
        self.world
            .push_row(EventId::RECEIVE, from, number, bytes.len() as u64);
        let peer = self.world.network.topology.peer_number(node, from);
        let handled = self.call(node, Call::Message { peer, bytes });
        match handled {
            Err(failure) if self.world.requests.rejects => {
                self.reject(failure, from, number, bytes.len() as u64)
            }
            handled => handled,
        }
    }

    /// An idle server begins to serve the first message of its inbox, if any.
    pub(super) fn serve(&mut self, node: u32) {
        self.serve_first(node, false);
    }

    /// As [`Run::serve`]; `after_another` if it has just handled a message.
    fn serve_first(&mut self, node: u32, after_another: bool) {
        let world = &mut self.world;
        if world.nodes[node].busy || world.nodes[node].inbox.is_empty() {
            return;
        }
        let behind = world.nodes[node].inbox.len() - 1;
        let group = &world.roster.groups()[world.roster.group_of(node)];
        let (Timing::Server { service_time }, Some(service)) =
            (&group.timing, world.nodes.services.get_mut(&node))
        else {
            return;
        };
        service.due = world.now + service_time.next_span(&mut service.stream, &mut service.drawn);
        let served = Event::Served { node };
        let known = service.known.checked_sub(1).filter(|_| after_another);
        let event = match known {
            Some(known) => {
                service.known = known;
                world.events.push_waiting(service.due, served)
            }
            None => {
                service.known = behind;
                world
                    .events
                    .push_after(service.arrived, service.due, served)
            }
        };
        service.event = Some(event);
        world.begin_service(node);
        world.end_wait(node);
    }

    #[inline(always)]
    pub(super) fn call(&mut self, node: u32, call: Call<'_>) -> Result<(), Failure> {
        if let Err(error) = self.behaviors.call(node, call, &mut self.world) {
            return Err(self.failure(call.callback().name(), error));
        }
        if S::WANTS_ROWS {
            if self.world.wrote_nothing() {
                self.world.push_row(EventId::TICK, NO_PEER, 0, 0);
            }
            self.world.end_callback(&self.behaviors);
        }
        Ok(())
    }

    /// A failure of the acting node that its behavior did not report itself.
    pub fn fail_now(&self, error: CallError) -> Failure {
        self.failure("send", error)
    }

    /// A failure of a node because of what it sent, perhaps some time ago: another node may
    /// be acting now.
    pub fn fail_sender(&self, node: u32, error: CallError) -> Failure {
        self.failure_of(node, "send", error)
    }

    #[cold]
    pub(super) fn failure(&self, callback: &'static str, error: CallError) -> Failure {
        self.failure_of(self.world.node, callback, error)
    }

    pub(super) fn failure_of(
        &self,
        node: u32,
        callback: &'static str,
        error: CallError,
    ) -> Failure {
        Failure {
            node: self.world.roster.name(node).unwrap_or_default(),
            callback,
            time: self.world.now,
            step: self.world.nodes[node].step,
            error,
        }
    }
}
