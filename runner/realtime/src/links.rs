//! The connections between the nodes of a run: one TCP connection per linked
//! pair, or a datagram socket per node. All are up before the run begins.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};

use crate::setup::SetupError;
use crate::stream::Stream;
use crate::wire::HEAD;
use engine::topology::{NO_RULE, Topology};
use framing::Framing;
use model::roster::Roster;
use model::{LinkRule, LinkTransport};
use os::limits;

/// The longest message on a link `[bytes]`.
const MAX_MESSAGE: u64 = 1 << 31;

/// The longest message that a datagram takes beside its head `[bytes]`.
pub const MAX_DATAGRAM: usize = 65_507 - HEAD;

/// Descriptors that are left for logs, listeners and guests.
const RESERVE: u64 = 256;

/// Both ends of the connection between two nodes.
#[derive(Debug)]
pub struct Wire {
    /// The node at this end.
    pub near: u32,
    /// The node at the other.
    pub far: u32,
    /// This end.
    pub stream: Stream,
}

/// What the nodes of a run are linked with.
#[derive(Debug, Default)]
pub struct Links {
    /// Two per linked pair.
    pub wires: Vec<Wire>,
    /// The datagram sockets, by node, with their addresses.
    pub datagrams: BTreeMap<u32, (UdpSocket, SocketAddr)>,
    /// Pairs whose wire only tells of the end: their messages are datagrams.
    pub quiet: BTreeSet<(u32, u32)>,
    /// Where the datagram sockets of nodes in other processes are.
    pub far_datagrams: BTreeMap<u32, SocketAddr>,
}

/// Connects the nodes that are linked over TCP, and gives those that are linked
/// over UDP a socket.
///
/// # Errors
///
/// When that would take more sockets than the process may open, or the system
/// refuses.
pub fn connect(
    roster: &Roster,
    topology: &Topology,
    rules: &[LinkRule],
    is_program: impl Fn(u32) -> bool,
) -> Result<Links, SetupError> {
    let transport = |rule: u32| match rule {
        NO_RULE => LinkTransport::Tcp,
        rule => rules[rule as usize].link.transport,
    };
    enough_sockets(roster, topology, &transport)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut links = Links::default();
    let mut pairs = BTreeMap::new();
    for near in 0..roster.len() {
        for peer in 0..topology.peer_count(near) {
            let Some(end) = topology.peer(near, peer) else {
                continue;
            };
            if is_program(near) || is_program(end.node) {
                continue;
            }
            match transport(end.rule) {
                LinkTransport::Tcp => {
                    pairs.insert((near.min(end.node), near.max(end.node)), ());
                }
                LinkTransport::Udp => {
                    for node in [near, end.node] {
                        if let Entry::Vacant(vacant) = links.datagrams.entry(node) {
                            vacant.insert(datagram_socket()?);
                        }
                    }
                }
                LinkTransport::Channel => {}
            }
        }
    }
    for (a, b) in pairs.into_keys() {
        let (one, other) = connected(&listener)?;
        links.wires.push(Wire::new(a, b, one)?);
        links.wires.push(Wire::new(b, a, other)?);
    }
    Ok(links)
}

impl Wire {
    /// The end of a connection at `near`.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn new(near: u32, far: u32, socket: TcpStream) -> io::Result<Wire> {
        let stream = Stream::new(socket, Framing::U32be, MAX_MESSAGE + HEAD as u64)?;
        Ok(Wire { near, far, stream })
    }
}

pub(super) fn datagram_socket() -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// Both ends of a new connection to ourselves. Whoever else calls the listener
/// is turned away: its address is not the one that we called from.
fn connected(listener: &TcpListener) -> io::Result<(TcpStream, TcpStream)> {
    let near = TcpStream::connect(listener.local_addr()?)?;
    let own = near.local_addr()?;
    loop {
        let (far, from) = listener.accept()?;
        if from == own {
            return Ok((near, far));
        }
    }
}

/// How many sockets there may be when a guest comes, so that descriptors are left
/// for all else, the logs above all: half of them where there are few.
pub fn most_sockets() -> usize {
    let most = limits::raise_descriptors().unwrap_or(u64::MAX);
    usize::try_from(most.saturating_sub(RESERVE).max(most / 2)).unwrap_or(usize::MAX)
}

/// Raises the limit on descriptors if there are links that need more, and refuses
/// those that need more still.
fn enough_sockets(
    roster: &Roster,
    topology: &Topology,
    transport: &impl Fn(u32) -> LinkTransport,
) -> Result<(), SetupError> {
    // Each direction of a TCP link counts one end. A mesh's pairs are not listed
    // before it is known that they are few enough to be. A node with UDP links
    // has one socket for all of them.
    let mut needed = 0u64;
    let mut datagrams = BTreeSet::new();
    for node in 0..roster.len() {
        let peers = topology.peer_count(node);
        let all_tcp = topology
            .peer(node, 0)
            .is_some_and(|end| end.rule == NO_RULE);
        if all_tcp {
            needed += u64::from(peers);
            continue;
        }
        for end in (0..peers).filter_map(|peer| topology.peer(node, peer)) {
            match transport(end.rule) {
                LinkTransport::Tcp => needed += 1,
                LinkTransport::Udp => datagrams.extend([node, end.node]),
                LinkTransport::Channel => {}
            }
        }
    }
    needed += datagrams.len() as u64;
    let enough = |current: Option<u64>| match current {
        Some(most) => needed == 0 || needed + RESERVE <= most,
        None => true,
    };
    let mut limit = limits::descriptors();
    if !enough(limit) {
        limit = limits::raise_descriptors();
    }
    match limit {
        Some(most) if !enough(Some(most)) => Err(SetupError::TooManySockets {
            nodes: roster.len(),
            needed,
            limit: most.saturating_sub(RESERVE),
        }),
        _ => Ok(()),
    }
}
