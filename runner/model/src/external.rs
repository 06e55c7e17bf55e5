//! What lies outside of the runner in real time: addresses at which nodes listen
//! for clients, standard input, and programs that take the place of nodes.

use std::net::SocketAddr;
use std::path::PathBuf;

use framing::Framing;

use crate::Protocol;

/// What carries bytes between processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// TCP connections. A framing separates the messages.
    Tcp,
    /// UDP datagrams, each one message.
    Udp,
}

/// One `[[nodes.NAME.listen]]` entry with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Transport of the clients.
    pub transport: Transport,
    /// Address to listen at. Port 0: any free port.
    pub address: SocketAddr,
    /// How messages are separated. [`Framing::Raw`] for datagrams.
    pub framing: Framing,
    /// Maximum number of clients at once, at least 1. `None`: no limit.
    pub max_peers: Option<u32>,
    /// Size of the longest message that is accepted `[bytes]`, 1 to 2^31.
    pub max_message: u64,
}

/// What is a message in the runner's standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandardInput {
    /// A line.
    Lines,
    /// On a terminal: a key that is pressed. Elsewhere: a line.
    Keys,
}

/// A program that takes the place of the nodes of a group. At least one of the
/// two fields is `Some`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where the runner connects to the program; then the group has one node.
    /// `None`: the program connects to a node that listens.
    pub external: Option<External>,
    /// With `external`: the image of a container with the program. Only an export
    /// reads it.
    pub image: Option<String>,
    /// The program that the runner starts, and its arguments; not empty. `None`:
    /// the user starts the program.
    pub command: Option<Vec<String>>,
    /// With `command`: the framing of its standard input and output, if they are its
    /// connection. None: its standard output is text for people, and its input is empty.
    pub stdio: Option<StandardStreams>,
    /// With `command`: the protocol that it speaks over its standard input and output. The
    /// engine treats its nodes as if they had a behavior.
    pub protocol: Option<Protocol>,
    /// The working folder of `command`: that of the scenario file.
    pub folder: PathBuf,
    /// How the program may end by itself. Without `command`, the runner does not see its
    /// end.
    pub exit: ExitRule,
    /// Whether the run ends when this program, and all others with this key, have ended.
    pub ends_run: bool,
}

/// The standard input and output of a program as its connection to the one node that it has
/// a link to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandardStreams {
    /// Where a message ends.
    pub framing: Framing,
    /// The longest message that is accepted from the program `[bytes]`.
    pub max_message: u64,
}

/// How a program may end by itself, which is before the runner ends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExitRule {
    /// With exit code 0.
    #[default]
    Success,
    /// In any way.
    Any,
    /// Not at all.
    Never,
}

/// Where the runner connects to a program, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// Transport that the program uses.
    pub transport: Transport,
    /// Address at which the program listens. The port is not 0, and no other node
    /// has this address.
    pub address: SocketAddr,
    /// How messages are separated. [`Framing::Raw`] for datagrams.
    pub framing: Framing,
    /// Size of the longest message that is accepted from the program `[bytes]`, 1
    /// to 2^31.
    pub max_message: u64,
}
