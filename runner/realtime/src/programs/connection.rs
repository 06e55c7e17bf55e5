//! A node's connection to a program with an address.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use crate::outgoing::Unsent;
use crate::stream::Stream;
use model::{External, Transport};

/// How long a program may take to accept the first connection.
pub const START_PATIENCE: Duration = Duration::from_secs(10);

/// The span between two tries to connect.
const RETRY: Duration = Duration::from_millis(10);

/// A node's connection to a program.
#[derive(Debug)]
pub struct ProgramConnection {
    /// The node.
    pub node: u32,
    /// The node that the program stands for.
    pub program: u32,
    /// Number of messages that have arrived from the program.
    pub received: u64,
    /// The longest message that is accepted from the program `[bytes]`.
    pub max_message: u64,
    /// The socket.
    pub socket: ProgramSocket,
}

/// The socket of a [`ProgramConnection`].
// A run has few of them, and most are TCP.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub enum ProgramSocket {
    /// A TCP connection, or the standard input and output of the program.
    Stream(Stream),
    /// A connected datagram socket.
    Udp(UdpSocket),
}

impl ProgramConnection {
    /// Removes and returns the messages that are not written.
    pub fn take_unsent(&mut self) -> VecDeque<Unsent> {
        match &mut self.socket {
            ProgramSocket::Stream(stream) => stream.take_unsent(),
            ProgramSocket::Udp(_) => VecDeque::new(),
        }
    }
}

impl AsFd for ProgramSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            ProgramSocket::Stream(stream) => stream.as_fd(),
            ProgramSocket::Udp(socket) => socket.as_fd(),
        }
    }
}

/// Connects to a program. Tries again until `patience` is over: the program may
/// still be starting. A datagram socket connects at once. `gives_up` is asked before
/// each further try.
///
/// # Errors
///
/// If the program accepts no connection.
pub fn connect(
    external: &External,
    patience: Duration,
    mut gives_up: impl FnMut() -> bool,
) -> io::Result<ProgramSocket> {
    match external.transport {
        Transport::Udp => {
            let any = match external.address {
                SocketAddr::V4(_) => "127.0.0.1:0",
                SocketAddr::V6(_) => "[::1]:0",
            };
            // A loopback address can only reach loopback addresses.
            let any = match external.address.ip().is_loopback() {
                true => any,
                false if external.address.is_ipv4() => "0.0.0.0:0",
                false => "[::]:0",
            };
            let socket = UdpSocket::bind(any)?;
            socket.connect(external.address)?;
            socket.set_nonblocking(true)?;
            Ok(ProgramSocket::Udp(socket))
        }
        Transport::Tcp => {
            let deadline = Instant::now() + patience;
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                let wait = left.clamp(RETRY, Duration::from_secs(1));
                match TcpStream::connect_timeout(&external.address, wait).and_then(not_itself) {
                    Ok(socket) => {
                        let stream = Stream::new(socket, external.framing, external.max_message)?;
                        return Ok(ProgramSocket::Stream(stream));
                    }
                    Err(error) if left.is_zero() || gives_up() => return Err(error),
                    Err(_) => std::thread::sleep(RETRY.min(left)),
                }
            }
        }
    }
}

/// Refuses a socket that is connected to itself: the system may choose the port
/// that is called as the port to call from.
fn not_itself(socket: TcpStream) -> io::Result<TcpStream> {
    match socket.local_addr()? == socket.peer_addr()? {
        true => Err(io::ErrorKind::ConnectionRefused.into()),
        false => Ok(socket),
    }
}
