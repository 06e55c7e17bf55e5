//! The listeners of nodes: sockets that accept connections, or that receive
//! datagrams.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use crate::setup::SetupError;
use model::roster::Roster;
use model::{Listen, Transport};

/// A socket on which a node listens.
#[derive(Debug)]
pub struct Listener {
    /// The node that listens.
    pub node: u32,
    /// Content the scenario configures.
    pub listen: Listen,
    /// The address, with the port that the system chose for port 0.
    pub address: SocketAddr,
    /// The socket.
    pub socket: ListenerSocket,
    /// Clients that it accepted and that are still connected.
    pub clients: u32,
}

/// The socket of a [`Listener`].
#[derive(Debug)]
pub enum ListenerSocket {
    /// For connections.
    Tcp(TcpListener),
    /// For datagrams, with their sources.
    Udp(UdpSocket, DatagramSources),
}

/// The sources of the datagrams that a listener has received.
#[derive(Debug, Default)]
pub struct DatagramSources {
    by_address: HashMap<SocketAddr, DatagramSource>,
    /// The address of each source, by its index among the peers.
    addresses: HashMap<u32, SocketAddr>,
    /// Space for one datagram; empty while a datagram is handled.
    pub buffer: Vec<u8>,
}

impl DatagramSources {
    /// The source at an address, if it has sent a datagram before.
    pub fn get(&self, address: SocketAddr) -> Option<DatagramSource> {
        self.by_address.get(&address).copied()
    }

    /// The address of a source, by its index among the peers.
    pub fn address(&self, peer: u32) -> Option<SocketAddr> {
        self.addresses.get(&peer).copied()
    }

    /// Adds or updates a source.
    pub fn set(&mut self, address: SocketAddr, source: DatagramSource) {
        if self.by_address.insert(address, source).is_none() {
            self.addresses.insert(source.peer, address);
        }
    }

    /// Number of sources.
    pub fn count(&self) -> usize {
        self.by_address.len()
    }
}

/// A source of datagrams.
#[derive(Clone, Copy, Debug)]
pub struct DatagramSource {
    /// Its index among the peers.
    pub peer: u32,
    /// Number of datagrams that have arrived from it.
    pub received: u64,
}

/// Size of a buffer for any datagram: the longest one, and a byte `[bytes]`.
pub const DATAGRAM_BUFFER: usize = 1 << 16;

/// The most sources of one listener; datagrams of others are dropped. A program
/// can invent addresses, and each takes some memory.
pub const MAX_SOURCES: usize = 65_536;

/// Connections that may wait to be accepted; the system may lower it.
const ACCEPT_QUEUE: i32 = 4096;

/// Opens every listener of the nodes that this process drives.
///
/// # Errors
///
/// If an address is in use, or not of this machine.
pub fn open_all(
    roster: &Roster,
    is_here: impl Fn(u32) -> bool,
) -> Result<Vec<Listener>, SetupError> {
    let mut listeners = Vec::new();
    for (index, group) in roster.groups().iter().enumerate() {
        for node in roster.nodes(index).filter(|&node| is_here(node)) {
            for listen in &group.listen {
                let listener = open(node, listen).map_err(|source| SetupError::Listen {
                    node: roster.name(node).unwrap_or_default(),
                    address: listen.address,
                    source,
                })?;
                listeners.push(listener);
            }
        }
    }
    Ok(listeners)
}

fn open(node: u32, listen: &Listen) -> io::Result<Listener> {
    let (socket, address) = match listen.transport {
        Transport::Tcp => {
            let listener = TcpListener::bind(listen.address)?;
            // The standard library asks for 128. Of more clients that connect at
            // once, the others would try again after a second.
            os::descriptor::set_accept_queue(&listener, ACCEPT_QUEUE)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            (ListenerSocket::Tcp(listener), address)
        }
        Transport::Udp => {
            let socket = UdpSocket::bind(listen.address)?;
            socket.set_nonblocking(true)?;
            let address = socket.local_addr()?;
            (
                ListenerSocket::Udp(socket, DatagramSources::default()),
                address,
            )
        }
    };
    Ok(Listener {
        node,
        listen: listen.clone(),
        address,
        socket,
        clients: 0,
    })
}

impl Listener {
    /// How a client reaches it: `tcp 127.0.0.1:15000 (decimal10)`, or
    /// `udp 127.0.0.1:15000`, where each datagram is a message.
    pub fn describe(&self) -> String {
        match self.listen.transport {
            Transport::Tcp => format!("tcp {} ({})", self.address, self.listen.framing),
            Transport::Udp => format!("udp {}", self.address),
        }
    }

    /// Whether one more client may connect.
    pub fn has_room(&self) -> bool {
        self.listen.max_peers.is_none_or(|most| self.clients < most)
    }
}
