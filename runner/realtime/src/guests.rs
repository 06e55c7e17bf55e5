//! Listening nodes and who comes to them: each connection, and each source of
//! datagrams, is a peer of the node like any other.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use crate::setup::SetupError;
use crate::stream::Stream;
use model::roster::Roster;
use model::{Listen, Transport};
use os::poller::Token;

/// A socket on which a node listens.
#[derive(Debug)]
pub struct Door {
    /// Whose it is.
    pub node: u32,
    /// As the scenario says.
    pub listen: Listen,
    /// Where it is: with the port that was taken.
    pub address: SocketAddr,
    /// The socket.
    pub socket: DoorSocket,
    /// Guests that came through it and are still there.
    pub guests: u32,
}

/// What a door is made of.
#[derive(Debug)]
pub enum DoorSocket {
    /// For connections.
    Tcp(TcpListener),
    /// For datagrams, with what is known of each source.
    Udp(UdpSocket, Sources),
}

/// The sources of the datagrams of a door.
#[derive(Debug, Default)]
pub struct Sources {
    by_address: HashMap<SocketAddr, Source>,
    /// Where each of them is, by its index among the peers.
    addresses: HashMap<u32, SocketAddr>,
    /// A place for a datagram, while none is handled.
    pub buffer: Vec<u8>,
}

impl Sources {
    /// What is known of a source.
    pub fn get(&self, address: SocketAddr) -> Option<Source> {
        self.by_address.get(&address).copied()
    }

    /// Where a source is.
    pub fn address(&self, stranger: u32) -> Option<SocketAddr> {
        self.addresses.get(&stranger).copied()
    }

    /// Keeps what is known of a source now.
    pub fn keep(&mut self, address: SocketAddr, source: Source) {
        if self.by_address.insert(address, source).is_none() {
            self.addresses.insert(source.stranger, address);
        }
    }

    /// Number of sources.
    pub fn count(&self) -> usize {
        self.by_address.len()
    }
}

/// A source of datagrams.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Its index among the peers.
    pub stranger: u32,
    /// Datagrams that came from it.
    pub received: u64,
}

/// The longest datagram, and a byte `[bytes]`.
pub const DATAGRAM: usize = 1 << 16;

/// The most sources of datagrams of one door; what others send is dropped.
/// Anybody can invent addresses, and each takes some memory.
pub const MAX_SOURCES: usize = 65_536;

/// A connection from outside.
#[derive(Debug)]
pub struct Guest {
    /// The node that it came to.
    pub node: u32,
    /// Its index among the peers.
    pub stranger: u32,
    /// Messages that came from it.
    pub received: u64,
    /// The door that it came through.
    pub door: Token,
    /// It has said its last; it is there until that was handled and the answers
    /// are out.
    pub leaving: bool,
    /// The connection.
    pub stream: Stream,
}

/// Guests with more than this to be written to them are not read from: who does
/// not listen is not listened to `[bytes]`.
pub const PATIENCE: usize = 1 << 20;

/// Who lets more than this wait to be written is let go: a node that sends
/// without end to somebody who never reads must not take all memory `[bytes]`.
pub const MOST_WAITING: usize = 256 << 20;

/// Nodes with more messages than this in their inbox are sent no more by guests.
pub const CROWDED: u32 = 4096;

/// Connections that may wait to be let in; the system may lower it.
const BACKLOG: i32 = 4096;

/// Opens every door of the nodes that are driven here.
///
/// # Errors
///
/// When an address is taken, or not ours.
pub fn open_doors(roster: &Roster, is_here: impl Fn(u32) -> bool) -> Result<Vec<Door>, SetupError> {
    let mut doors = Vec::new();
    for (index, group) in roster.groups().iter().enumerate() {
        for node in roster.nodes(index).filter(|&node| is_here(node)) {
            for listen in &group.listen {
                let door = open(node, listen).map_err(|source| SetupError::Listen {
                    node: roster.name(node).unwrap_or_default(),
                    address: listen.address,
                    source,
                })?;
                doors.push(door);
            }
        }
    }
    Ok(doors)
}

fn open(node: u32, listen: &Listen) -> io::Result<Door> {
    let (socket, address) = match listen.transport {
        Transport::Tcp => {
            let listener = TcpListener::bind(listen.address)?;
            // Of those who come at once, 128 would find room to wait to be let in,
            // and the others try again after a second.
            os::descriptor::set_accept_queue(&listener, BACKLOG)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            (DoorSocket::Tcp(listener), address)
        }
        Transport::Udp => {
            let socket = UdpSocket::bind(listen.address)?;
            socket.set_nonblocking(true)?;
            let address = socket.local_addr()?;
            (DoorSocket::Udp(socket, Sources::default()), address)
        }
    };
    Ok(Door {
        node,
        listen: listen.clone(),
        address,
        socket,
        guests: 0,
    })
}

impl Door {
    /// Where and how it is to be called: `tcp 127.0.0.1:15000 (decimal10)`, or
    /// `udp 127.0.0.1:15000`, where a datagram is a message by itself.
    pub fn place(&self) -> String {
        match self.listen.transport {
            Transport::Tcp => format!("tcp {} ({})", self.address, self.listen.framing),
            Transport::Udp => format!("udp {}", self.address),
        }
    }

    /// Whether one more guest may come in.
    pub fn has_room(&self) -> bool {
        self.listen.max_peers.is_none_or(|most| self.guests < most)
    }
}
