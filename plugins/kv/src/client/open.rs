//! The open loop: commands are sent at times of their own, whatever the server does.
//!
//! Replies have no number. Over one connection they come in the order of the commands, so each
//! one belongs to the oldest command without a reply. This needs links that lose nothing and keep
//! the order; the check `kv.linearizable` is unknown where a message was lost.
//!
//! A step describes one operation in its columns. So if several are due at once, since the node
//! was paused, each has a step of its own at the same time.

use super::operation::Operation;
use super::record::{LATENCY, STRAY};
use super::workload::Workload;
use super::{Client, NEXT};
use runner_sdk::{Arrivals, Context, Peer, Result};
use std::collections::VecDeque;
use std::time::Duration;

/// What an open-loop client keeps.
pub(super) struct Open {
    arrivals: Arrivals,
    /// The operations without a reply, the oldest first.
    waiting: VecDeque<Operation>,
}

impl Open {
    pub(super) fn new(arrivals: Arrivals) -> Open {
        Open {
            arrivals,
            waiting: VecDeque::new(),
        }
    }

    /// Sets the timer of the next command.
    pub(super) fn schedule(&self, node: &mut Context<Client>) {
        let after = self.arrivals.next_ns().saturating_sub(node.now_ns());
        node.set_timer(NEXT, Duration::from_nanos(after));
    }
}

impl Client {
    /// The next command is due.
    pub(super) fn send_next(&mut self, node: &mut Context<Client>) -> Result {
        node.clear(LATENCY);
        let Some(Open { arrivals, .. }) = &self.open else {
            return Ok(());
        };
        let Some(operation) = self.begin(node, arrivals.next_ns())? else {
            return Ok(());
        };
        node.send(self.server, &operation.request.message)?;
        let is_last = self.begun == Workload::total(node.config());
        if let Some(open) = &mut self.open {
            open.waiting.push_back(operation);
            open.arrivals.advance(node.random());
            if !is_last {
                open.schedule(node);
            }
        }
        Ok(())
    }

    /// A message arrived: the reply to the oldest command.
    pub(super) fn take_reply(
        &mut self,
        node: &mut Context<Client>,
        from: Peer,
        bytes: &[u8],
    ) -> Result {
        node.clear(LATENCY);
        let server = self.server;
        let waiting = self.open.as_mut().map(|open| &mut open.waiting);
        let oldest = waiting
            .filter(|_| from == server)
            .and_then(VecDeque::pop_front);
        let Some(operation) = oldest else {
            node.record(STRAY);
            return Ok(());
        };
        operation.show(node);
        self.returned(node, &operation, bytes)?;
        if self.answered == Workload::total(node.config()) {
            self.finish(node);
        }
        Ok(())
    }
}
