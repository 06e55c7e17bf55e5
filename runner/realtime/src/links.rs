//! The connections between the nodes of a run: one TCP connection per linked
//! pair, or a datagram socket per node. All are up before the run begins.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};

use crate::link_frame::{FrameHead, FrameKind, HEAD, LENGTH};
use crate::setup::SetupError;
use crate::stream::Stream;
use crate::under_way::UnderWay;
use engine::topology::{NO_RULE, Topology};
use framing::Framing;
use model::roster::Roster;
use model::{LinkRule, LinkTransport};
use os::limits;

/// The longest message on a link over TCP `[bytes]`. Its frame has a length of 32 bits.
pub const MAX_MESSAGE: u64 = 1 << 31;

/// The longest message that a datagram takes beside its head `[bytes]`.
pub const MAX_DATAGRAM: usize = 65_507 - HEAD;

/// Why a message of this size cannot be sent over a link; `None` if it can.
pub fn too_long(bytes: usize, transport: LinkTransport) -> Option<String> {
    let (word, most) = match transport {
        LinkTransport::Tcp => ("tcp", MAX_MESSAGE),
        LinkTransport::Udp => ("udp", MAX_DATAGRAM as u64),
        LinkTransport::Channel => return None,
    };
    (bytes as u64 > most).then(|| {
        format!("sent {bytes} bytes over a link with transport = \"{word}\", where {most} fit")
    })
}

/// Descriptors that are kept free for logs, listeners and clients.
const RESERVE: u64 = 256;

/// One end of the connection between two nodes.
#[derive(Debug)]
pub struct LinkConnection {
    /// The node at this end.
    pub near: u32,
    /// The node at the other.
    pub far: u32,
    /// This end.
    pub stream: Stream,
    /// Number of frames that were sent at this end.
    pub frames_sent: u64,
    /// Number of frames that were received at this end.
    pub frames_received: u64,
}

/// The sockets between the nodes of a run.
#[derive(Debug, Default)]
pub struct LinkSockets {
    /// Two ends per linked pair.
    pub connections: Vec<LinkConnection>,
    /// The datagram sockets, by node, with their addresses.
    pub datagrams: BTreeMap<u32, (UdpSocket, SocketAddr)>,
    /// Pairs whose messages are datagrams: their connection only carries the end.
    pub datagram_pairs: BTreeSet<(u32, u32)>,
    /// The addresses of the datagram sockets of nodes in other processes.
    pub far_datagrams: BTreeMap<u32, SocketAddr>,
}

/// Connects the nodes that are linked over TCP, and gives those that are linked
/// over UDP a socket.
///
/// # Errors
///
/// If that needs more sockets than the process may open, or the system refuses.
pub fn connect(
    roster: &Roster,
    topology: &Topology,
    rules: &[LinkRule],
    is_program: impl Fn(u32) -> bool,
) -> Result<LinkSockets, SetupError> {
    let transport = |rule: u32| match rule {
        NO_RULE => LinkTransport::Tcp,
        rule => rules[rule as usize].link.transport,
    };
    check_limit(roster, topology, &transport)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut links = LinkSockets::default();
    let mut pairs = BTreeSet::new();
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
                    pairs.insert((near.min(end.node), near.max(end.node)));
                }
                LinkTransport::Udp => {
                    for node in [near, end.node] {
                        if let Entry::Vacant(vacant) = links.datagrams.entry(node) {
                            vacant.insert(datagram_socket(Ipv4Addr::LOCALHOST.into())?);
                        }
                    }
                }
                LinkTransport::Channel => {}
            }
        }
    }
    for (a, b) in pairs {
        let (one, other) = connected(&listener)?;
        links.connections.push(LinkConnection::new(a, b, one)?);
        links.connections.push(LinkConnection::new(b, a, other)?);
    }
    Ok(links)
}

impl LinkConnection {
    /// The end of a connection at `near`.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn new(near: u32, far: u32, socket: TcpStream) -> io::Result<LinkConnection> {
        let stream = Stream::new(socket, Framing::U32be, MAX_MESSAGE + HEAD as u64)?;
        Ok(LinkConnection {
            near,
            far,
            stream,
            frames_sent: 0,
            frames_received: 0,
        })
    }

    /// The messages from `near` that are not written whole, and the one to `near` of which
    /// a part has arrived.
    pub fn take_under_way(&mut self) -> Vec<UnderWay> {
        let unsent = self.stream.take_unsent().into_iter();
        let unsent = unsent.map(|message| UnderWay {
            from: self.near,
            to: self.far,
            number: message.number,
            bytes: message.bytes,
        });
        unsent.chain(self.arriving()).collect()
    }

    fn arriving(&self) -> Option<UnderWay> {
        let (length, rest) = self.stream.arriving().split_first_chunk::<LENGTH>()?;
        let (head, _) = FrameHead::decode(rest)?;
        (head.kind == FrameKind::Message).then(|| UnderWay {
            from: head.from,
            to: head.to,
            number: head.number,
            bytes: u64::from(u32::from_be_bytes(*length)).saturating_sub(HEAD as u64),
        })
    }
}

pub(super) fn datagram_socket(host: IpAddr) -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = UdpSocket::bind((host, 0))?;
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// Both ends of a new connection within this process. A connection of any other
/// program is closed: it comes from another address.
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

/// Number of open sockets above which no client is accepted, so that descriptors
/// are left for logs and all else: half of them where there are few.
pub fn max_sockets() -> usize {
    let most = limits::raise_descriptors().unwrap_or(u64::MAX);
    usize::try_from(most.saturating_sub(RESERVE).max(most / 2)).unwrap_or(usize::MAX)
}

/// Raises the limit on descriptors if the links need more, and fails if that is not
/// enough.
fn check_limit(
    roster: &Roster,
    topology: &Topology,
    transport: &impl Fn(u32) -> LinkTransport,
) -> Result<(), SetupError> {
    let needed = needed_sockets(roster, topology, transport);
    let enough = |limit: Option<u64>| match limit {
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

/// Number of sockets of all links. The pairs of a mesh are counted, not listed: they
/// may be too many.
fn needed_sockets(
    roster: &Roster,
    topology: &Topology,
    transport: &impl Fn(u32) -> LinkTransport,
) -> u64 {
    // Each direction of a TCP link counts one end. A node with UDP links has one
    // socket for all of them.
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
    needed + datagrams.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_does_not_fit_is_refused_with_its_size() {
        assert_eq!(too_long(1 << 31, LinkTransport::Tcp), None);
        assert_eq!(too_long(usize::MAX, LinkTransport::Channel), None);
        assert_eq!(too_long(MAX_DATAGRAM, LinkTransport::Udp), None);
        for (bytes, transport, words) in [
            (
                (1 << 31) + 1,
                LinkTransport::Tcp,
                "\"tcp\", where 2147483648 fit",
            ),
            (1 << 32, LinkTransport::Tcp, "sent 4294967296 bytes"),
            (65_483, LinkTransport::Udp, "\"udp\", where 65482 fit"),
        ] {
            let why = too_long(bytes, transport).unwrap();
            assert!(why.contains(words), "{why}");
        }
    }
}
