//! Messages to and from clients. How clients leave is in [`disconnect`], how much memory
//! their connections hold in [`budget`].

mod budget;
mod disconnect;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::ops::ControlFlow;

use super::sockets::Socket;
use super::{RealTime, has_arrived};
use crate::client::{INBOX_PAUSES, MESSAGES_AT_ONCE, OUTGOING_AT_ONCE, QUEUE_PAUSES};
use crate::direct::Form;
use crate::listener::ListenerSocket;
use crate::stream::Reading;
use engine::behaviors::{Behaviors, Failure};
use engine::message::Message;
use engine::sink::Sink;
use engine::transport::{Content, LARGE};
use os::poller::Token;

pub use budget::DEFAULT as DEFAULT_BUDGET;

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
    /// Clients of which whole messages wait that were read and not passed on.
    pub unfinished: BTreeSet<Token>,
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
    /// Whether it was said that no descriptor is free.
    pub said_full: bool,
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
            unfinished: BTreeSet::new(),
            ended: BTreeMap::new(),
            gathers: false,
            gathered: Vec::new(),
            paused_listeners: BTreeSet::new(),
            sockets_max: usize::MAX,
            said_full: false,
            disconnected: BTreeMap::new(),
        }
    }
}

/// Content happened to a message for a client.
enum ClientSend {
    /// Sent, or gathered to be sent.
    Done,
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
        what: Content,
    ) -> Result<(), Failure> {
        match what {
            Content::Message(id) => {
                let message = self.run.take_message_out(id);
                return self.send_message_to_client(token, from, to, message);
            }
            Content::Rest { number, bytes } => {
                let client = token.and_then(|token| Some((token, self.sockets.client(token)?)));
                match client {
                    Some((token, client)) => {
                        client.stream.take_rest(number, bytes);
                        self.check_queue(token);
                    }
                    None => self.run.record_external_loss(from, to, number, bytes),
                }
            }
            Content::Close => {
                if let Some(token) = token {
                    self.close_client(token);
                }
            }
            Content::Open | Content::Lost { .. } => {}
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
            None => ClientSend::NotConnected,
        };
        match sent {
            ClientSend::Done => Ok(()),
            ClientSend::NotConnected => {
                self.run.record_external_loss(from, to, number, size);
                Ok(())
            }
            // Another client may have caused the message: the error costs this
            // connection, not the run.
            ClientSend::Refused(why) => {
                let name = self.run.world.external_peer_name(to).to_owned();
                self.print_disconnected(from, &format!("disconnected {name}: {why}"));
                if let Some(token) = token {
                    self.remove_client(token);
                }
                self.run.record_external_loss(from, to, number, size);
                self.run.disconnect(from, to)
            }
        }
    }

    fn write_to_client(
        &mut self,
        token: Token,
        from: u32,
        to: u32,
        message: Message,
    ) -> ClientSend {
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
                return if sent {
                    ClientSend::Done
                } else {
                    ClientSend::NotConnected
                };
            }
            _ => return ClientSend::NotConnected,
        };
        if client.stream.unsent() > self.budget {
            return ClientSend::Refused(self.too_much_unread());
        }
        let sent = match gathers {
            true => client.stream.send_later(message.number, message.payload),
            false => client.stream.send(message.number, message.payload),
        };
        if let Err(error) = sent {
            return ClientSend::Refused(error.to_string());
        }
        if gathers {
            if self.clients.gathered.last() != Some(&token) {
                self.clients.gathered.push(token);
            }
            self.sockets.count_memory(token);
            return ClientSend::Done;
        }
        let form = Form::Framing(client.stream.framing());
        if large && let Some(direct) = client.stream.open_direct(form) {
            self.run.world.transport.set_direct_sender(from, to, direct);
        }
        self.check_queue(token);
        ClientSend::Done
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
            self.sockets.settle(token);
        }
    }

    pub(super) fn receive_from_client(&mut self, token: Token) -> Result<(), Failure> {
        let Some(client) = self.sockets.client(token) else {
            return Ok(());
        };
        if client.stream.is_closing() {
            // The node has closed the connection: what the client still sends is not read.
            return Ok(());
        }
        if client.ended {
            // Nothing more can arrive: the other direction is closed, too.
            return self.disconnect_client(token);
        }
        let mut left = MESSAGES_AT_ONCE;
        let mut reading = self.read_client(token, &mut left, true)?;
        while matches!(reading, Reading::Interrupted) {
            self.send_outgoing()?;
            let Some(client) = self.sockets.client(token) else {
                return Ok(());
            };
            if client.stream.is_closing() || client.stream.is_paused() {
                return Ok(());
            }
            if left == 0 {
                self.clients.unfinished.insert(token);
                return Ok(());
            }
            reading = self.read_client(token, &mut left, false)?;
        }
        match reading {
            Reading::Open | Reading::Interrupted => Ok(()),
            Reading::Ended => {
                has_arrived(&mut self.run, &self.clock);
                self.end_client(token)
            }
            Reading::Broken(error) => {
                has_arrived(&mut self.run, &self.clock);
                let Some(client) = self.sockets.client(token) else {
                    return Ok(());
                };
                let (node, peer) = (client.node, client.peer);
                let name = self.run.world.external_peer_name(peer);
                let line = format!("disconnected {name}: {error}");
                self.print_disconnected(node, &line);
                self.disconnect_client(token)
            }
        }
    }

    /// Passes the engine messages of a client: `left` at most, and until the node closes
    /// the connection, has sent much, or has many messages to handle. Reads from the
    /// socket, or takes only what was read before.
    fn read_client(
        &mut self,
        token: Token,
        left: &mut u32,
        from_socket: bool,
    ) -> Result<Reading, Failure> {
        let Some(client) = self.sockets.client(token) else {
            return Ok(Reading::Open);
        };
        let (node, peer) = (client.node, client.peer);
        let (run, budget) = (&mut self.run, self.budget as u64);
        let enough = run.world.message_bytes() + OUTGOING_AT_ONCE;
        let received = &mut client.received;
        let clock = self.clock;
        let mut result = Ok(());
        let take = |message: &[u8]| {
            *received += 1;
            *left = left.saturating_sub(1);
            has_arrived(run, &clock);
            result = run.deliver(node, peer, *received, message);
            let world = &run.world;
            let goes_on = *left > 0
                && result.is_ok()
                && run.inbox_len(node) <= INBOX_PAUSES
                && world.message_bytes() <= budget.min(enough)
                && !world.is_closing(node, peer);
            match goes_on {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        };
        let reading = match from_socket {
            true => client.stream.read(take),
            false => client.stream.pass_on(take),
        };
        result?;
        if self.is_overloaded(node, 1) {
            if let Some(client) = self.sockets.client(token) {
                client.stream.pause(true);
            }
            self.clients.paused.insert(token);
        }
        Ok(reading)
    }

    /// Whether a node has so many messages to handle, or the run so many bytes of them,
    /// that its clients are not read from. They are read again at half of these limits:
    /// then `share` is 2.
    pub(super) fn is_overloaded(&self, node: u32, share: u32) -> bool {
        let bytes = self.run.world.message_bytes();
        self.run.inbox_len(node) > INBOX_PAUSES / share
            || bytes > self.budget as u64 / u64::from(share)
    }
}
