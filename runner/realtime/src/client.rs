//! A client: a program that connects to a listening node. Each client is a peer of
//! the node like any other.

use crate::stream::Stream;
use os::poller::Token;

/// The TCP connection of a client.
#[derive(Debug)]
pub struct Client {
    /// The node that it is connected to.
    pub node: u32,
    /// Its index among the peers.
    pub peer: u32,
    /// Number of messages that have arrived from it.
    pub received: u64,
    /// The listener that accepted it.
    pub listener: Token,
    /// Whether the client has closed its direction. The connection stays until its
    /// messages are handled and the replies are written.
    pub ended: bool,
    /// The connection.
    pub stream: Stream,
}

/// A client whose outgoing queue is longer than this is not read from: it does not
/// read what it asks for `[bytes]`.
pub const QUEUE_PAUSES: usize = 1 << 20;

/// While a node has more messages than this in its inbox, its clients are not read
/// from.
pub const INBOX_PAUSES: u32 = 4096;

/// The most messages that are taken from one client before other sockets, deadlines and
/// signals are looked at: a flood of small messages must not delay them. Arbitrary.
pub const MESSAGES_AT_ONCE: u32 = 256;

/// While a node handles the messages of a client, what it sends is written after this
/// much: small requests may have large replies `[bytes]`.
pub const OUTGOING_AT_ONCE: u64 = 1 << 20;
