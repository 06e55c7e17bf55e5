//! How nodes of different processes come to be connected: each process listens,
//! and of every linked pair the later node calls the earlier one.
//!
//! Who calls says who it is (the run's token, its node, the node that it means),
//! so that nobody else on the machine is taken for a node. No process waits for
//! another in a circle: calls are taken in by the system before they are accepted,
//! and the first node calls nobody.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use crate::links::{Links, Wire, datagram_socket};
use crate::processes::Place;
use engine::topology::{LinkEnd, NO_RULE, Topology};
use model::roster::Roster;
use model::{LinkRule, LinkTransport};
use os::poller::{Interest, Poller};

/// How long the other processes have to call: they have all said that they are
/// there.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a caller has to say who it is.
const INTRODUCTION: Duration = Duration::from_secs(1);

/// Size of token, calling node and called node `[bytes]`.
const HELLO: usize = 16 + 4 + 4;

/// One process's part in connecting all.
#[derive(Debug)]
pub struct Meeting {
    listener: TcpListener,
    address: SocketAddr,
    /// The datagram sockets of our nodes.
    datagrams: BTreeMap<u32, (UdpSocket, SocketAddr)>,
    /// Linked pairs of one of our nodes and one of others.
    wires: BTreeSet<(u32, u32)>,
    /// Those whose messages are datagrams.
    quiet: BTreeSet<(u32, u32)>,
}

impl Meeting {
    /// Opens the sockets of these nodes.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn open(
        roster: &Roster,
        topology: &Topology,
        rules: &[LinkRule],
        nodes: &[u32],
    ) -> io::Result<Meeting> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let is_program = |node| roster.groups()[roster.group_of(node)].program.is_some();
        let link = |from: u32, to: u32| {
            let number = topology.peer_number(from, to);
            let linked = number < topology.peer_count(from);
            topology.peer(from, number).filter(|_| linked)
        };
        let mut wires = BTreeSet::new();
        let mut quiet = BTreeSet::new();
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
                wires.insert((near, far));
                // To a program itself goes a line of its own; the connection to who
                // keeps its log only tells of what was lost.
                let by_datagram =
                    !is_program(near) && !is_program(far) && ends.iter().flatten().all(over_udp);
                if by_datagram {
                    quiet.insert((near, far));
                    if let Entry::Vacant(place) = datagrams.entry(near) {
                        place.insert(datagram_socket()?);
                    }
                }
            }
        }
        Ok(Meeting {
            listener,
            address,
            datagrams,
            wires,
            quiet,
        })
    }

    /// Where connections are taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where our nodes take datagrams.
    pub fn datagrams(&self) -> Vec<(u32, SocketAddr)> {
        let address = |(node, (_, address)): (&u32, &(UdpSocket, SocketAddr))| (*node, *address);
        self.datagrams.iter().map(address).collect()
    }

    /// Calls those that are to be called, and waits for the others' calls.
    ///
    /// # Errors
    ///
    /// When a process does not answer, or does not call in time.
    pub fn connect(self, places: &[Place], token: u128) -> io::Result<Links> {
        let mut links = Links {
            datagrams: self.datagrams,
            quiet: self.quiet,
            far_datagrams: places
                .iter()
                .flat_map(|place| place.datagrams.iter().copied())
                .collect(),
            ..Links::default()
        };
        links
            .far_datagrams
            .retain(|node, _| !links.datagrams.contains_key(node));
        let mut expected = BTreeSet::new();
        for (near, far) in self.wires {
            if near < far {
                expected.insert((near, far));
                continue;
            }
            let place = places.iter().find(|place| place.nodes.contains(&far));
            let address = place.map(|place| place.wires).ok_or_else(|| {
                io::Error::other(format!("nobody drives node {far} of the scenario"))
            })?;
            let mut socket = TcpStream::connect(address)?;
            socket.write_all(&hello(token, near, far))?;
            links.wires.push(Wire::new(near, far, socket)?);
        }
        let mut poller = Poller::new()?;
        let read = Interest {
            read: true,
            write: false,
        };
        poller.add(&self.listener, 0, read)?;
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
            // Would block, or gone already: there will be others.
            let Ok((mut socket, _)) = self.listener.accept() else {
                continue;
            };
            let Ok((far, near)) = introduced(&mut socket, token) else {
                continue;
            };
            if expected.remove(&(near, far)) {
                links.wires.push(Wire::new(near, far, socket)?);
            }
        }
        Ok(links)
    }
}

fn hello(token: u128, from: u32, to: u32) -> [u8; HELLO] {
    let mut bytes = [0; HELLO];
    bytes[..16].copy_from_slice(&token.to_be_bytes());
    bytes[16..20].copy_from_slice(&from.to_be_bytes());
    bytes[20..].copy_from_slice(&to.to_be_bytes());
    bytes
}

/// Who calls whom, if it is one of us.
fn introduced(socket: &mut TcpStream, token: u128) -> io::Result<(u32, u32)> {
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(INTRODUCTION))?;
    let mut bytes = [0; HELLO];
    socket.read_exact(&mut bytes)?;
    let number = |range: std::ops::Range<usize>| {
        bytes[range]
            .iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte))
    };
    let (from, to) = (number(16..20), number(20..24));
    if bytes != hello(token, from, to) {
        return Err(io::Error::other("a stranger"));
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_knows_the_token_is_let_in() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        for (token, expected) in [(7, Some((4, 2))), (8, None)] {
            let mut caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            caller.write_all(&hello(token, 4, 2)).unwrap();
            let (mut socket, _) = listener.accept().unwrap();
            assert_eq!(introduced(&mut socket, 7).ok(), expected);
        }
    }

    #[test]
    fn who_hangs_up_before_it_said_who_it_is_is_a_stranger() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut caller = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        caller.write_all(&hello(7, 4, 2)[..HELLO - 1]).unwrap();
        drop(caller);
        let (mut socket, _) = listener.accept().unwrap();
        introduced(&mut socket, 7).unwrap_err();
    }
}
