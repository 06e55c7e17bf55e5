//! The listeners of nodes: clients are accepted, datagrams are received.

use std::io;
use std::net::{SocketAddr, TcpStream};

use super::sockets::Socket;
use super::{RealTime, has_arrived};
use crate::client::Client;
use crate::listener::{DATAGRAM_BUFFER, DatagramSource, Listener, ListenerSocket, MAX_SOURCES};
use crate::stream::Stream;
use engine::behaviors::{Behaviors, Failure};
use engine::sink::Sink;
use os::poller::Token;

/// Clients or datagrams that are taken before other sockets are looked at.
const BATCH: usize = 64;

/// A datagram that has arrived.
struct Datagram<'a> {
    address: SocketAddr,
    /// Its source, if that has sent a datagram before.
    source: Option<DatagramSource>,
    bytes: &'a [u8],
    /// Whether it is no longer than the listener's limit.
    fits: bool,
}

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Accepts clients, or receives datagrams.
    pub(super) fn receive_from_listener(&mut self, token: Token) -> Result<(), Failure> {
        for _ in 0..BATCH {
            let more = match self.sockets.listener(token).map(|it| &it.socket) {
                Some(ListenerSocket::Tcp(_)) => self.accept(token)?,
                Some(ListenerSocket::Udp(..)) => self.receive_datagram(token)?,
                None => false,
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    /// Accepts a client. Returns whether another one may wait.
    fn accept(&mut self, token: Token) -> Result<bool, Failure> {
        let full = self.sockets.len() >= self.clients.sockets_max;
        let Some(listener) = self.sockets.listener(token) else {
            return Ok(false);
        };
        if !listener.has_room() {
            self.sockets.watch(token, false);
            return Ok(false);
        }
        let ListenerSocket::Tcp(socket) = &listener.socket else {
            return Ok(false);
        };
        let accepted = match full {
            true => Err(io::ErrorKind::Other.into()),
            false => socket.accept(),
        };
        let (socket, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_none_waiting(&error) => return Ok(false),
            // No descriptor is free: the client stays in the system's queue, and
            // another try at once would fail, too.
            Err(error) => {
                let node = listener.node;
                self.sockets.watch(token, false);
                self.clients.paused_listeners.insert(token);
                self.say_full(node, full, &error);
                return Ok(false);
            }
        };
        has_arrived(&mut self.run, &self.clock);
        self.add_client(token, socket, address)?;
        Ok(true)
    }

    /// Says that no client can be accepted now: once in a run.
    fn say_full(&mut self, node: u32, full: bool, error: &io::Error) {
        if std::mem::replace(&mut self.clients.said_full, true) {
            return;
        }
        let open = self.sockets.len();
        let why = match full {
            true => format!("{open} sockets are open, as many as this process may keep open"),
            false => format!("the system gives none beside {open} open sockets ({error})"),
        };
        let line = format!(
            "clients wait until others leave: {why}; a higher limit on descriptors (ulimit -n) allows more"
        );
        self.run.world.print_for(node, &line);
    }

    fn add_client(
        &mut self,
        token: Token,
        socket: TcpStream,
        address: SocketAddr,
    ) -> Result<(), Failure> {
        let Some(listener) = self.sockets.listener(token) else {
            return Ok(());
        };
        let node = listener.node;
        if self.run.is_crashed(node) {
            // A crashed node accepts no connection: the socket closes here.
            return Ok(());
        }
        let (framing, most) = (listener.listen.framing, listener.listen.max_message);
        let Ok(stream) = Stream::new(socket, framing, most) else {
            return Ok(());
        };
        listener.clients += 1;
        let peer = self.peer(node, address);
        let client = Client {
            node,
            peer,
            received: self.clients.received.remove(&(node, peer)).unwrap_or(0),
            listener: token,
            ended: false,
            stream,
        };
        match self.sockets.add(Socket::Client(client)) {
            Ok(token) => {
                self.clients.connected.insert(peer, token);
                self.run.connect(node, peer)?;
                self.send_outgoing()
            }
            Err(_) => {
                if let Some(listener) = self.sockets.listener(token) {
                    listener.clients -= 1;
                }
                Ok(())
            }
        }
    }

    /// Receives a datagram. Returns whether another one may wait.
    fn receive_datagram(&mut self, token: Token) -> Result<bool, Failure> {
        let Some(listener) = self.sockets.listener(token) else {
            return Ok(false);
        };
        let node = listener.node;
        if self.is_overloaded(node, 1) {
            // The system drops datagrams that find its buffer full.
            self.sockets.watch(token, false);
            self.clients.paused.insert(token);
            return Ok(false);
        }
        let Some(Listener {
            listen,
            socket: ListenerSocket::Udp(socket, sources),
            ..
        }) = self.sockets.listener(token)
        else {
            return Ok(false);
        };
        sources.buffer.resize(DATAGRAM_BUFFER, 0);
        let Ok((count, address)) = socket.recv_from(&mut sources.buffer) else {
            return Ok(false);
        };
        let most = listen.max_peers.map_or(MAX_SOURCES, |most| most as usize);
        let source = sources.get(address);
        if source.is_none() && sources.count() >= most.min(MAX_SOURCES) {
            return Ok(true);
        }
        let fits = count as u64 <= listen.max_message;
        let buffer = std::mem::take(&mut sources.buffer);
        let datagram = Datagram {
            address,
            source,
            bytes: &buffer[..count],
            fits,
        };
        has_arrived(&mut self.run, &self.clock);
        self.take_datagram(node, token, &datagram)?;
        if let Some(Listener {
            socket: ListenerSocket::Udp(_, sources),
            ..
        }) = self.sockets.listener(token)
        {
            sources.buffer = buffer;
        }
        Ok(true)
    }

    fn take_datagram(
        &mut self,
        node: u32,
        token: Token,
        datagram: &Datagram<'_>,
    ) -> Result<(), Failure> {
        let mut source = datagram.source.unwrap_or_else(|| DatagramSource {
            peer: self.peer(node, datagram.address),
            received: 0,
        });
        let is_first = source.received == 0;
        source.received += 1;
        if let Some(Listener {
            socket: ListenerSocket::Udp(_, sources),
            ..
        }) = self.sockets.listener(token)
        {
            sources.set(datagram.address, source);
        }
        if is_first {
            self.clients.connected.insert(source.peer, token);
            self.run.connect(node, source.peer)?;
        }
        let (from, number) = (source.peer, source.received);
        if !datagram.fits {
            let size = datagram.bytes.len() as u64;
            self.run.record_loss(node, from, number, size);
            return Ok(());
        }
        self.run.deliver(node, from, number, datagram.bytes)
    }

    /// The index of a client among the peers: the same for the same address.
    fn peer(&mut self, node: u32, address: SocketAddr) -> u32 {
        let run = &mut self.run;
        *self
            .clients
            .known
            .entry((node, address))
            .or_insert_with(|| run.add_external_peer(&address.to_string()))
    }

    /// Watches listeners again that had no free descriptor.
    pub(super) fn resume_listeners(&mut self) {
        for token in std::mem::take(&mut self.clients.paused_listeners) {
            self.sockets.watch(token, true);
        }
    }
}

/// Whether no client waits any more, rather than that the system lacks something.
fn is_none_waiting(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted
    )
}
