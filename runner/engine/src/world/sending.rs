//! How messages travel: from a node over its link into an inbox, or out of the process;
//! and how they are lost.

use super::{NoLink, NodeKind, World};
use crate::follow::Move;
use crate::message::{Message, MessageId};
use crate::network::Verdict;
use crate::queue::Event;
use crate::sink::Sink;
use crate::topology::LinkEnd;
use crate::transport::{Content, Outgoing};
use analysis_log::EventId;
use base::time::SimTime;

impl<S: Sink> World<S> {
    /// Sends bytes over the acting node's link to a peer.
    ///
    /// # Errors
    ///
    /// If it has no link to that peer; nothing was sent.
    #[inline(always)]
    pub fn send(&mut self, peer: u32, bytes: &[u8]) -> Result<(), NoLink> {
        let from = self.node;
        let Some(to) = self.network.topology.peer(from, peer) else {
            return self.send_external(peer, bytes);
        };
        if self.connections.any_closed() {
            self.reopen(from, to);
        }
        let sender = &mut self.nodes[from];
        sender.sent += 1;
        self.counts.messages.sent += 1;
        let number = sender.sent;
        self.push_row(EventId::SEND, to.node, number, bytes.len() as u64);
        match self.network.send(&self.roster, from, to, self.now) {
            Verdict::Lost => self.lose(to.node, from, number, bytes.len() as u64),
            Verdict::Arrives(time) => self.forward(from, to, number, bytes, time),
            Verdict::Elaborate => self.pass(from, to, number, bytes),
        }
        Ok(())
    }

    /// As [`World::send`], to a node by its index. The acting node reaches itself without a
    /// link: the message arrives at once.
    ///
    /// # Errors
    ///
    /// As [`World::send`].
    pub fn send_to(&mut self, to: u32, bytes: &[u8]) -> Result<(), NoLink> {
        let from = self.node;
        if to != from {
            return self.send(self.network.topology.peer_number(from, to), bytes);
        }
        let sender = &mut self.nodes[from];
        sender.sent += 1;
        self.counts.messages.sent += 1;
        let number = sender.sent;
        self.push_row(EventId::SEND, to, number, bytes.len() as u64);
        let message = self.messages.add(from, number, bytes);
        let arrival = Event::Arrival { node: to, message };
        self.events.push(self.now, arrival);
        Ok(())
    }

    /// Schedules a message's arrival, or its departure from the process, at `time`.
    #[inline(always)]
    fn forward(&mut self, from: u32, to: LinkEnd, number: u64, bytes: &[u8], time: SimTime) {
        if self.transport.leaves_process(to) {
            return self.leave(from, to.node, number, bytes, time);
        }
        let message = self.messages.add(from, number, bytes);
        if S::FOLLOWS {
            self.sink.moves(Move::Departs {
                message,
                from,
                to: to.node,
                number,
                bytes,
                arrives: time,
            });
        }
        let target = &mut self.nodes[to.node];
        // An arrival at a clocked node only enqueues the message. If nothing else is
        // due before it, it needs no event.
        let at_once = time == self.now
            && target.kind == NodeKind::Clocked
            && self.events.next_time() > self.now;
        if at_once {
            self.arrive(to.node, message);
        } else {
            let node = to.node;
            self.events.push(time, Event::Arrival { node, message });
        }
    }

    /// Sends a message over a link that does more than delay and lose it.
    #[cold]
    fn pass(&mut self, from: u32, to: LinkEnd, number: u64, bytes: &[u8]) {
        let size = bytes.len() as u64;
        let passage = self.network.pass(&self.roster, from, to, size, self.now);
        let Some(arrival) = passage.arrival else {
            return self.lose(to.node, from, number, size);
        };
        let mut changed;
        let mut bytes = bytes;
        if let Some(change) = passage.change {
            changed = bytes.to_vec();
            change.apply(&mut changed);
            bytes = &changed;
        }
        self.forward(from, to, number, bytes, arrival);
        if let Some(copy) = passage.copy {
            self.counts.messages.duplicated += 1;
            self.forward(from, to, number, bytes, copy);
        }
    }

    /// Sends bytes to an external peer.
    #[cold]
    fn send_external(&mut self, peer: u32, bytes: &[u8]) -> Result<(), NoLink> {
        let from = self.node;
        let to = self.external_peer(peer).ok_or(NoLink)?;
        let sender = &mut self.nodes[from];
        sender.sent += 1;
        self.counts.messages.sent += 1;
        let number = sender.sent;
        self.push_row(EventId::SEND, to, number, bytes.len() as u64);
        self.leave(from, to, number, bytes, self.now);
        Ok(())
    }

    /// Lets a message leave the process at `time`. A large one is written while the behavior
    /// lends its bytes, if its connection takes it.
    #[inline(never)]
    fn leave(&mut self, from: u32, to: u32, number: u64, bytes: &[u8], time: SimTime) {
        if time <= self.now
            && self
                .transport
                .send_directly(from, to, number, self.now, bytes)
        {
            self.counts.messages.left += 1;
            return;
        }
        let message = self.messages.add(from, number, bytes);
        self.depart(time, from, to, Content::Message(message));
    }

    /// Lets something leave the process at `time`.
    pub(crate) fn depart(&mut self, time: SimTime, from: u32, to: u32, what: Content) {
        let outgoing = Outgoing { from, to, what };
        if time <= self.now {
            self.transport.outgoing.push(outgoing);
        } else {
            let delayed = self.transport.delay(outgoing);
            self.events.push(time, Event::Depart { delayed });
        }
    }

    /// A message reaches its destination. Returns whether it is in the inbox; otherwise
    /// it was dropped.
    #[inline(always)]
    pub(crate) fn arrive(&mut self, node: u32, message: MessageId) -> bool {
        self.counts.events += 1;
        let limits = &self.nodes.inbox_limits;
        let limit = match limits[..] {
            [only] => only,
            _ => limits[self.roster.group_of(node)],
        };
        let target = &mut self.nodes[node];
        // An idle server serves it at once.
        let serves = target.kind == NodeKind::Server && target.inbox.is_empty() && !target.paused;
        if target.up && (target.waiting() < limit || serves) {
            target.inbox.push(message, &mut self.messages);
            if S::FOLLOWS {
                self.sink.moves(Move::Waits {
                    message,
                    from: self.messages.sender(message),
                    number: self.messages.number(message),
                    node,
                });
            }
            self.begin_wait(node, message);
            return true;
        }
        self.refuse(node, message);
        false
    }

    /// A message reaches a node that does not take it.
    #[cold]
    fn refuse(&mut self, node: u32, message: MessageId) {
        if S::FOLLOWS {
            self.sink.moves(Move::Lost { message });
        }
        let lost = self.messages.take(message);
        self.drop(node, lost);
    }

    /// Removes what a crash destroys: the node's timers, service and messages.
    pub(crate) fn clear_node(&mut self, node: u32) {
        self.timers.clear_node(node);
        if let Some(service) = self.nodes.services.get_mut(&node) {
            service.event = None;
        }
        while let Some(lost) = self.nodes[node].inbox.pop(&mut self.messages) {
            if S::FOLLOWS {
                self.sink.moves(Move::Taken { node });
            }
            self.drop(node, lost);
        }
    }

    /// Counts and records a message that its destination does not take.
    fn drop(&mut self, node: u32, lost: Message) {
        self.counts.messages.dropped += 1;
        let size = lost.payload.as_slice().len() as u64;
        self.drop_row(node, lost.from, lost.number, size);
    }

    /// Counts and records a message to `node` that is lost on its way.
    pub(crate) fn lose(&mut self, node: u32, from: u32, number: u64, bytes: u64) {
        self.counts.messages.dropped += 1;
        self.record_loss(node, from, number, bytes);
    }

    /// Records a lost message in the log of its destination, in whichever process that
    /// is. The message has been counted before.
    pub(crate) fn record_loss(&mut self, node: u32, from: u32, number: u64, bytes: u64) {
        if self.transport.is_remote(node) {
            self.depart(self.now, from, node, Content::Lost { number, bytes });
        } else {
            self.drop_row(node, from, number, bytes);
        }
    }
}
