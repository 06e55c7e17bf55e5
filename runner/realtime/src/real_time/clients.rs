//! Messages to and from clients, and how clients leave.
//!
//! A client that closes its direction is still a peer until its node has handled its
//! last message; then the node is told, and the connection closes once the replies
//! are written.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use tracing::debug;

use super::RealTime;
use super::outgoing::TOO_MUCH_UNREAD;
use super::sockets::Socket;
use crate::client::{INBOX_PAUSES, QUEUE_MAX, QUEUE_PAUSES};
use crate::listener::ListenerSocket;
use crate::stream::Reading;
use engine::behaviors::{Behaviors, Failure};
use engine::message::Message;
use engine::sink::Sink;
use engine::wires::{LARGE, What};
use os::poller::Token;

/// How many disconnected clients are printed for a node; the others are counted. A
/// program that sends garbage must not fill the terminal and the disk.
const PRINTED_MAX: u64 = 10;

/// The clients of a run, and standard input where a node reads it.
#[derive(Debug)]
pub struct Clients {
    /// The socket of each peer that is connected: a client's connection, the listener
    /// of a datagram source, or standard input. By index among the peers.
    pub connected: BTreeMap<u32, Token>,
    /// Peers by (node, address): a client that connects again is the same peer.
    pub known: BTreeMap<(u32, SocketAddr), u32>,
    /// Number of messages that arrived over connections that are closed, by (node,
    /// peer): a new connection counts on.
    pub received: BTreeMap<(u32, u32), u64>,
    /// Sockets that are not read from, until their node and their queue catch up.
    pub paused: BTreeSet<Token>,
    /// Clients that have closed their direction and whose last messages wait to be
    /// handled, by node, in order.
    pub ended: BTreeMap<u32, VecDeque<Token>>,
    /// Whether small messages are gathered now, to be written with one call.
    pub gathers: bool,
    /// Clients with gathered messages.
    pub gathered: Vec<Token>,
    /// Listeners that wait for free descriptors, until the next flush of the logs.
    pub paused_listeners: BTreeSet<Token>,
    /// Number of open sockets above which no client is accepted.
    pub sockets_max: usize,
    /// Number of clients of each node that were disconnected for an error.
    pub disconnected: BTreeMap<u32, u64>,
}

impl Default for Clients {
    fn default() -> Clients {
        Clients {
            connected: BTreeMap::new(),
            known: BTreeMap::new(),
            received: BTreeMap::new(),
            paused: BTreeSet::new(),
            ended: BTreeMap::new(),
            gathers: false,
            gathered: Vec::new(),
            paused_listeners: BTreeSet::new(),
            sockets_max: usize::MAX,
            disconnected: BTreeMap::new(),
        }
    }
}

/// What happened to a message for a client.
enum Sent {
    /// Sent, or gathered to be sent.
    Sent,
    /// The client is not connected.
    NotConnected,
    /// The client must be disconnected, for this reason.
    Refused(String),
}

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Sends something from a node to a client, or to a source of datagrams.
    pub(super) fn send_to_client(
        &mut self,
        token: Option<Token>,
        from: u32,
        to: u32,
        what: What,
    ) -> Result<(), Failure> {
        match what {
            What::Message(id) => {
                let message = self.run.take_message_out(id);
                return self.send_message_to_client(token, from, to, message);
            }
            What::Rest { number, bytes } => {
                let client = token.and_then(|token| Some((token, self.sockets.client(token)?)));
                match client {
                    Some((token, client)) => {
                        client.stream.take_rest(number, bytes);
                        self.check_queue(token);
                    }
                    None => self.run.lose_outside(from, to, number, bytes),
                }
            }
            What::Close => {
                if let Some(token) = token {
                    self.close_client(token);
                }
            }
            What::Open | What::Lost { .. } => {}
        }
        Ok(())
    }

    fn send_message_to_client(
        &mut self,
        token: Option<Token>,
        from: u32,
        to: u32,
        message: Message,
    ) -> Result<(), Failure> {
        let number = message.number;
        let size = message.payload.as_slice().len() as u64;
        let sent = match token {
            Some(token) => self.write_to_client(token, from, to, message),
            None => Sent::NotConnected,
        };
        match sent {
            Sent::Sent => Ok(()),
            Sent::NotConnected => {
                self.run.lose_outside(from, to, number, size);
                Ok(())
            }
            // Another client may have caused the message: the error costs this
            // connection, not the run.
            Sent::Refused(why) => {
                let name = self.run.world.stranger_name(to).to_owned();
                self.print_disconnected(from, &format!("disconnected {name}: {why}"));
                if let Some(token) = token {
                    self.remove_client(token);
                }
                self.run.lose_outside(from, to, number, size);
                self.run.disconnect(from, to)
            }
        }
    }

    fn write_to_client(&mut self, token: Token, from: u32, to: u32, message: Message) -> Sent {
        let bytes = message.payload.as_slice();
        let large = bytes.len() >= LARGE;
        let gathers = self.clients.gathers && !large;
        let client = match self.sockets.get_mut(token) {
            Some(Socket::Client(client)) => client,
            Some(Socket::Listener(listener)) => {
                let sent = match &listener.socket {
                    ListenerSocket::Udp(socket, sources) => sources
                        .address(to)
                        .is_some_and(|address| socket.send_to(bytes, address).is_ok()),
                    ListenerSocket::Tcp(_) => false,
                };
                return if sent { Sent::Sent } else { Sent::NotConnected };
            }
            _ => return Sent::NotConnected,
        };
        if client.stream.memory() > QUEUE_MAX {
            return Sent::Refused(TOO_MUCH_UNREAD.to_owned());
        }
        let sent = match gathers {
            true => client.stream.send_later(message.number, message.payload),
            false => client.stream.send(message.number, message.payload),
        };
        if let Err(error) = sent {
            return Sent::Refused(error.to_string());
        }
        if gathers {
            if self.clients.gathered.last() != Some(&token) {
                self.clients.gathered.push(token);
            }
            return Sent::Sent;
        }
        if large && let Some(direct) = client.stream.open_direct() {
            self.run.world.wires.open_outlet(from, to, direct);
        }
        self.check_queue(token);
        Sent::Sent
    }

    /// Writes the messages that were gathered.
    pub(super) fn flush_gathered(&mut self) {
        self.clients.gathers = false;
        for token in std::mem::take(&mut self.clients.gathered) {
            if let Some(client) = self.sockets.client(token) {
                client.stream.flush();
            }
            self.check_queue(token);
        }
    }

    /// After something was sent to a client: watches its socket for its queue, and
    /// stops reading from it while the queue is long.
    fn check_queue(&mut self, token: Token) {
        if let Some(client) = self.sockets.client(token) {
            if client.stream.waiting() > QUEUE_PAUSES {
                client.stream.pause(true);
                self.clients.paused.insert(token);
            }
            self.sockets.update_interest(token);
        }
    }

    pub(super) fn receive_from_client(&mut self, token: Token) -> Result<(), Failure> {
        let Some(client) = self.sockets.client(token) else {
            return Ok(());
        };
        if client.ended {
            // Nothing more can arrive: the other direction is closed, too.
            return self.disconnect_client(token);
        }
        let (node, peer) = (client.node, client.peer);
        let run = &mut self.run;
        let received = &mut client.received;
        let mut result = Ok(());
        let reading = client.stream.read(|message| {
            *received += 1;
            if result.is_ok() {
                result = run.deliver(node, peer, *received, message);
            }
        });
        result?;
        if self.run.inbox_len(node) > INBOX_PAUSES {
            client.stream.pause(true);
            self.clients.paused.insert(token);
        }
        match reading {
            Reading::Open => Ok(()),
            Reading::Ended => self.end_client(token),
            Reading::Broken(error) => {
                let name = self.run.world.stranger_name(peer);
                let line = format!("disconnected {name}: {error}");
                self.print_disconnected(node, &line);
                self.disconnect_client(token)
            }
        }
    }

    /// A client has closed its direction: disconnects it once its node has handled
    /// its last message.
    fn end_client(&mut self, token: Token) -> Result<(), Failure> {
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
        self.sockets.update_interest(token);
        Ok(())
    }

    /// Disconnects the clients that have closed their direction and whose last
    /// messages have been handled. A node handles them in order, and so does this.
    pub(super) fn disconnect_ended_clients(&mut self) -> Result<(), Failure> {
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

    /// Tells the node that a client is gone, and closes the connection once the
    /// replies are written.
    fn disconnect_client(&mut self, token: Token) -> Result<(), Failure> {
        let Some(client) = self.sockets.client(token) else {
            return Ok(());
        };
        if client.stream.is_closing() {
            // The node has closed the connection, or was told before.
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
    fn close_client(&mut self, token: Token) {
        if let Some(client) = self.sockets.client(token) {
            client.stream.close();
            match client.stream.is_closed() {
                true => self.remove_client(token),
                false => self.sockets.update_interest(token),
            }
        }
    }

    /// Closes a client's connection now; unsent messages are lost.
    pub(super) fn remove_client(&mut self, token: Token) {
        if self.sockets.client(token).is_none() {
            return;
        }
        let Some(Socket::Client(mut client)) = self.sockets.remove(token) else {
            return;
        };
        let (node, peer) = (client.node, client.peer);
        for lost in client.stream.take_unsent() {
            self.run.lose_outside(node, peer, lost.number, lost.bytes);
        }
        self.clients.paused.remove(&token);
        self.clients.connected.remove(&peer);
        self.run.world.wires.close_outlet(node, peer);
        if client.received > 0 {
            self.clients.received.insert((node, peer), client.received);
        }
        if let Some(listener) = self.sockets.listener(client.listener) {
            listener.clients -= 1;
            self.sockets.watch(client.listener, true);
        }
    }

    /// Reads again from sockets that were paused, if their node and their queue have
    /// caught up.
    pub(super) fn resume_reading(&mut self) {
        let paused: Vec<Token> = self.clients.paused.iter().copied().collect();
        for token in paused {
            if self.input == Some(token) {
                self.resume_input(token);
                continue;
            }
            let client = self.sockets.client(token).filter(|client| !client.ended);
            let Some(client) = client else {
                self.clients.paused.remove(&token);
                continue;
            };
            let busy = self.run.inbox_len(client.node) > INBOX_PAUSES / 2;
            if !busy && client.stream.waiting() < QUEUE_PAUSES / 2 {
                client.stream.pause(false);
                self.clients.paused.remove(&token);
                self.sockets.update_interest(token);
            }
        }
    }

    /// Prints why a client of a node was disconnected, up to [`PRINTED_MAX`] times.
    pub(super) fn print_disconnected(&mut self, node: u32, line: &str) {
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
    pub(super) fn print_disconnected_count(&mut self) {
        for (node, count) in std::mem::take(&mut self.clients.disconnected) {
            if let Some(more @ 1..) = count.checked_sub(PRINTED_MAX) {
                let line = format!("disconnected {more} others, {count} in all");
                self.run.world.print_for(node, &line);
            }
        }
    }
}
