//! How clients leave, and how reading from them is resumed.
//!
//! A client that closes its direction stays a peer until its node has handled its
//! last message. Then the node gets `disconnect`, and the connection closes once the
//! replies are written.

use std::cmp::Ordering;
use std::collections::VecDeque;

use tracing::debug;

use crate::client::QUEUE_PAUSES;
use crate::real_time::RealTime;
use crate::real_time::sockets::Socket;
use engine::behaviors::{Behaviors, Failure};
use engine::sink::Sink;
use os::poller::Token;

/// How many disconnected clients are printed for a node; the others are counted. A
/// program that sends garbage must not fill the terminal and the disk.
const PRINTED_MAX: u64 = 10;

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// A client has closed its direction: disconnects it once its node has handled
    /// its last message.
    pub(super) fn end_client(&mut self, token: Token) -> Result<(), Failure> {
        let Some(client) = self.sockets.client(token) else {
            return Ok(());
        };
        if !self.run.world.has_waiting(client.node, client.peer) {
            return self.disconnect_client(token);
        }
        client.ended = true;
        client.stream.pause(true);
        let ended = self.clients.ended.entry(client.node).or_default();
        ended.push_back(token);
        self.sockets.settle(token);
        Ok(())
    }

    /// Disconnects the clients that have closed their direction and whose last
    /// messages have been handled. A node handles them in order, and so does this.
    pub(in crate::real_time) fn disconnect_ended_clients(&mut self) -> Result<(), Failure> {
        let nodes: Vec<u32> = self.clients.ended.keys().copied().collect();
        for node in nodes {
            while let Some(&token) = self.clients.ended.get(&node).and_then(VecDeque::front) {
                if let Some(client) = self.sockets.client(token)
                    && self.run.world.has_waiting(node, client.peer)
                {
                    break;
                }
                let ended = self.clients.ended.get_mut(&node);
                ended.map(VecDeque::pop_front);
                self.disconnect_client(token)?;
            }
        }
        self.clients.ended.retain(|_, clients| !clients.is_empty());
        Ok(())
    }

    /// Calls `disconnect` of the node, and closes the connection once the
    /// replies are written.
    pub(super) fn disconnect_client(&mut self, token: Token) -> Result<(), Failure> {
        let Some(client) = self.sockets.client(token) else {
            return Ok(());
        };
        if client.stream.is_closing() {
            // The node has closed the connection, or got `disconnect` before.
            return Ok(());
        }
        let (node, peer) = (client.node, client.peer);
        self.send_outgoing()?;
        self.run.disconnect(node, peer)?;
        self.send_outgoing()?;
        if let Some(client) = self.sockets.client(token) {
            client.ended = true;
            client.stream.pause(true);
            self.close_client(token);
        }
        Ok(())
    }

    /// Closes a connection once its outgoing queue is written.
    pub(super) fn close_client(&mut self, token: Token) {
        if let Some(client) = self.sockets.client(token) {
            client.stream.close();
            // What the client still sends is not read.
            client.stream.pause(true);
            match client.stream.is_closed() {
                true => self.remove_client(token),
                false => self.sockets.settle(token),
            }
        }
    }

    /// Closes a client's connection now; unsent messages are lost.
    pub(in crate::real_time) fn remove_client(&mut self, token: Token) {
        if self.sockets.client(token).is_none() {
            return;
        }
        let Some(Socket::Client(mut client)) = self.sockets.remove(token) else {
            return;
        };
        let (node, peer) = (client.node, client.peer);
        for lost in client.stream.take_unsent() {
            self.run
                .record_external_loss(node, peer, lost.number, lost.bytes);
        }
        self.clients.paused.remove(&token);
        self.clients.unfinished.remove(&token);
        self.clients.connected.remove(&peer);
        self.run.world.transport.remove_direct_sender(node, peer);
        if client.received > 0 {
            self.clients.received.insert((node, peer), client.received);
        }
        if let Some(listener) = self.sockets.listener(client.listener) {
            listener.clients -= 1;
            self.sockets.watch(client.listener, true);
        }
        // Its descriptor is free: others may be waiting for one, at any listener.
        self.resume_listeners();
    }

    /// Reads again from sockets that were paused, if their node and their queue have
    /// caught up, and goes on with messages that were read before.
    pub(in crate::real_time) fn resume_reading(&mut self) -> Result<(), Failure> {
        for token in std::mem::take(&mut self.clients.unfinished) {
            self.receive_from_client(token)?;
            self.sockets.settle(token);
        }
        let paused: Vec<Token> = self.clients.paused.iter().copied().collect();
        for token in paused {
            if self.input == Some(token) {
                self.resume_input(token);
                continue;
            }
            if let Some(listener) = self.sockets.listener(token) {
                let node = listener.node;
                if !self.is_overloaded(node, 2) {
                    self.clients.paused.remove(&token);
                    self.sockets.watch(token, true);
                }
                continue;
            }
            let client = self.sockets.client(token);
            let client = client.filter(|client| !client.ended && !client.stream.is_closing());
            let Some(client) = client else {
                self.clients.paused.remove(&token);
                continue;
            };
            let (node, waiting) = (client.node, client.stream.waiting());
            if self.is_overloaded(node, 2) || waiting >= QUEUE_PAUSES / 2 {
                continue;
            }
            if let Some(client) = self.sockets.client(token) {
                client.stream.pause(false);
            }
            self.clients.paused.remove(&token);
            // Whole messages may wait that no event of the socket tells of.
            self.receive_from_client(token)?;
            self.sockets.settle(token);
        }
        self.keep_budget()
    }

    /// Prints why a client of a node was disconnected, up to [`PRINTED_MAX`] times.
    pub(in crate::real_time) fn print_disconnected(&mut self, node: u32, line: &str) {
        debug!("{line}");
        let count = self.clients.disconnected.entry(node).or_default();
        *count += 1;
        match (*count).cmp(&(PRINTED_MAX + 1)) {
            Ordering::Less => self.run.world.print_for(node, line),
            Ordering::Equal => {
                let line = "disconnected others, too: they are counted until the end";
                self.run.world.print_for(node, line);
            }
            Ordering::Greater => {}
        }
    }

    /// Prints how many clients were disconnected beyond those that were printed.
    pub(in crate::real_time) fn print_disconnected_count(&mut self) {
        for (node, count) in std::mem::take(&mut self.clients.disconnected) {
            if let Some(more @ 1..) = count.checked_sub(PRINTED_MAX) {
                let line = format!("disconnected {more} others, {count} in all");
                self.run.world.print_for(node, &line);
            }
        }
    }
}
