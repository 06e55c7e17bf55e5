//! Connects nodes of different processes: each process listens, and of every linked
//! pair the node with the higher index connects to the other.
//!
//! The node that connects sends the run's token, its own index and the index of the
//! other node, so that no other program on the machine is taken for a node. There is
//! no deadlock: the system completes a connection before the process accepts it, and
//! the first node connects to none.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use crate::links::{LinkConnection, LinkSockets, datagram_socket};
use crate::processes::ProcessAddresses;
use engine::topology::{LinkEnd, NO_RULE, Topology};
use model::roster::Roster;
use model::{LinkRule, LinkTransport};
use os::poller::{Interest, Poller};

/// How long to wait for connections of the other processes, which all listen
/// already.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait for the greeting of a new connection.
const GREETING_PATIENCE: Duration = Duration::from_secs(1);

/// Size of the greeting: token, connecting node, accepting node `[bytes]`.
const GREETING: usize = 16 + 4 + 4;

/// The part of one process in connecting all nodes.
#[derive(Debug)]
pub struct Rendezvous {
    listener: TcpListener,
    address: SocketAddr,
    /// The datagram sockets of the nodes of this process.
    datagrams: BTreeMap<u32, (UdpSocket, SocketAddr)>,
    /// Linked pairs of a node of this process and a node of another.
    pairs: BTreeSet<(u32, u32)>,
    /// The pairs of them whose messages are datagrams.
    datagram_pairs: BTreeSet<(u32, u32)>,
}

impl Rendezvous {
    /// Opens the sockets of the nodes of this process, at an address of this machine.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn open(
        roster: &Roster,
        topology: &Topology,
        rules: &[LinkRule],
        nodes: &[u32],
        host: IpAddr,
    ) -> io::Result<Rendezvous> {
        let listener = TcpListener::bind((host, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let is_program = |node| roster.groups()[roster.group_of(node)].is_outside();
        let link = |from: u32, to: u32| {
            let number = topology.peer_number(from, to);
            let linked = number < topology.peer_count(from);
            topology.peer(from, number).filter(|_| linked)
        };
        let mut pairs = BTreeSet::new();
        let mut datagram_pairs = BTreeSet::new();
        let mut datagrams = BTreeMap::new();
        for &near in nodes {
            for far in (0..roster.len()).filter(|far| !nodes.contains(far)) {
                let ends = [link(near, far), link(far, near)];
                let over_udp = |end: &LinkEnd| {
                    end.rule != NO_RULE
                        && rules[end.rule as usize].link.transport == LinkTransport::Udp
                };
                if ends.iter().all(Option::is_none) {
                    continue;
                }
                pairs.insert((near, far));
                // A program has a connection of its own; the connection to the process
                // that keeps its log only reports lost messages.
                let by_datagram =
                    !is_program(near) && !is_program(far) && ends.iter().flatten().all(over_udp);
                if by_datagram {
                    datagram_pairs.insert((near, far));
                    if let Entry::Vacant(entry) = datagrams.entry(near) {
                        entry.insert(datagram_socket(host)?);
                    }
                }
            }
        }
        Ok(Rendezvous {
            listener,
            address,
            datagrams,
            pairs,
            datagram_pairs,
        })
    }

    /// The address at which connections are accepted.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Another handle of the listener at [`Rendezvous::address`], which is otherwise closed
    /// once the nodes are connected.
    ///
    /// # Errors
    ///
    /// If the system has no descriptor left.
    pub fn listener(&self) -> io::Result<TcpListener> {
        self.listener.try_clone()
    }

    /// The addresses at which the nodes of this process receive datagrams.
    pub fn datagrams(&self) -> Vec<(u32, SocketAddr)> {
        let address = |(node, (_, address)): (&u32, &(UdpSocket, SocketAddr))| (*node, *address);
        self.datagrams.iter().map(address).collect()
    }

    /// Connects to the nodes with lower indices, and waits for the connections of
    /// those with higher ones.
    ///
    /// # Errors
    ///
    /// If a process does not accept, or does not connect in time.
    pub fn connect(self, processes: &[ProcessAddresses], token: u128) -> io::Result<LinkSockets> {
        let mut links = LinkSockets {
            datagrams: self.datagrams,
            datagram_pairs: self.datagram_pairs,
            far_datagrams: processes
                .iter()
                .flat_map(|process| process.datagrams.iter().copied())
                .collect(),
            ..LinkSockets::default()
        };
        links
            .far_datagrams
            .retain(|node, _| !links.datagrams.contains_key(node));
        let mut expected = BTreeSet::new();
        for (near, far) in self.pairs {
            if near < far {
                expected.insert((near, far));
                continue;
            }
            let process = processes.iter().find(|it| it.nodes.contains(&far));
            let address = process.map(|process| process.links).ok_or_else(|| {
                io::Error::other(format!("no process drives node {far} of the scenario"))
            })?;
            let socket = TcpStream::connect_timeout(&address, PATIENCE);
            let mut socket = socket.map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("no connection to the process at {address}: {error}"),
                )
            })?;
            socket.write_all(&greeting(token, near, far))?;
            links
                .connections
                .push(LinkConnection::new(near, far, socket)?);
        }
        accept_all(&self.listener, expected, token, &mut links)?;
        Ok(links)
    }
}

/// Accepts a connection for each pair that is expected.
fn accept_all(
    listener: &TcpListener,
    mut expected: BTreeSet<(u32, u32)>,
    token: u128,
    links: &mut LinkSockets,
) -> io::Result<()> {
    let mut poller = Poller::new()?;
    poller.add(listener, 0, Interest::READ)?;
    let until = Instant::now() + PATIENCE;
    let mut ready = Vec::new();
    while !expected.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let what = format!("{} nodes did not connect in time", expected.len());
            return Err(io::Error::new(io::ErrorKind::TimedOut, what));
        }
        ready.clear();
        poller.wait(Some(left), &mut ready)?;
        // No connection, or closed already: wait for the next.
        let Ok((mut socket, _)) = listener.accept() else {
            continue;
        };
        let Ok((far, near)) = greeted_by(&mut socket, token) else {
            continue;
        };
        if expected.remove(&(near, far)) {
            links
                .connections
                .push(LinkConnection::new(near, far, socket)?);
        }
    }
    Ok(())
}

fn greeting(token: u128, from: u32, to: u32) -> [u8; GREETING] {
    let mut bytes = [0; GREETING];
    bytes[..16].copy_from_slice(&token.to_be_bytes());
    bytes[16..20].copy_from_slice(&from.to_be_bytes());
    bytes[20..].copy_from_slice(&to.to_be_bytes());
    bytes
}

/// The connecting and the accepting node of a new connection.
///
/// # Errors
///
/// If the greeting is not that of a process of this run.
fn greeted_by(socket: &mut TcpStream, token: u128) -> io::Result<(u32, u32)> {
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(GREETING_PATIENCE))?;
    let mut bytes = [0; GREETING];
    socket.read_exact(&mut bytes)?;
    let number = |range: std::ops::Range<usize>| {
        bytes[range]
            .iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte))
    };
    let (from, to) = (number(16..20), number(20..24));
    if bytes != greeting(token, from, to) {
        return Err(io::Error::other("no process of this run"));
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn only_a_greeting_with_the_token_is_accepted() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        for (token, expected) in [(7, Some((4, 2))), (8, None)] {
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            client.write_all(&greeting(token, 4, 2)).unwrap();
            let (mut socket, _) = listener.accept().unwrap();
            assert_eq!(greeted_by(&mut socket, 7).ok(), expected);
        }
    }

    #[test]
    fn a_connection_that_closes_within_its_greeting_is_refused() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client
            .write_all(&greeting(7, 4, 2)[..GREETING - 1])
            .unwrap();
        drop(client);
        let (mut socket, _) = listener.accept().unwrap();
        greeted_by(&mut socket, 7).unwrap_err();
    }
}
