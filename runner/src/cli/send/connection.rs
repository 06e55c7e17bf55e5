//! The connection of `runner send`: a TCP connection with its framing, or a UDP socket.
//! Every operation has a timeout.

use std::io::{self, IoSlice, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{self, Receiver};

use super::SendError;
use super::address::{Address, Transport};
use framing::{Decoder, Envelope, Framing};

/// Maximum size of a reply `[bytes]`. Arbitrary; memory grows with the bytes received,
/// not with the announced length.
const LONGEST_REPLY: u64 = 1 << 30;

/// Maximum size of a datagram `[bytes]`.
const LONGEST_DATAGRAM: usize = 65_535;

/// How long the peer may take to close the connection after the last message without
/// a reply. Arbitrary.
const GRACE: Duration = Duration::from_secs(1);

/// A connection to a listening node.
pub struct Connection {
    address: Address,
    timeout: Duration,
    socket: Socket,
}

enum Socket {
    Tcp {
        stream: TcpStream,
        decoder: Decoder,
        /// With `--no-reply`: closed when the thread that discards replies has ended.
        drain: Option<Receiver<()>>,
    },
    Udp(UdpSocket),
}

impl Connection {
    /// Connects within `timeout`. The default framing of TCP is `line`.
    ///
    /// # Errors
    ///
    /// Fails without a connection, or if datagrams have a framing.
    pub fn open(
        address: &Address,
        framing: Option<Framing>,
        timeout: Duration,
    ) -> Result<Connection, SendError> {
        if address.transport == Transport::Udp && framing.is_some() {
            return Err(SendError::FramedDatagram(address.clone()));
        }
        let candidates = address.resolve().map_err(|source| SendError::Host {
            address: address.clone(),
            source,
        })?;
        let framing = framing.unwrap_or(Framing::Line);
        let mut refusal = io::Error::from(io::ErrorKind::NotFound);
        for candidate in candidates {
            let socket = match address.transport {
                Transport::Tcp => tcp(candidate, framing, timeout),
                Transport::Udp => udp(candidate),
            };
            match socket {
                Ok(socket) => {
                    return Ok(Connection {
                        address: address.clone(),
                        timeout,
                        socket,
                    });
                }
                Err(error) => refusal = error,
            }
        }
        Err(SendError::Connect {
            address: address.clone(),
            source: refusal,
        })
    }

    /// The framing; datagrams have none.
    pub fn framing(&self) -> Option<Framing> {
        match &self.socket {
            Socket::Tcp { decoder, .. } => Some(decoder.framing()),
            Socket::Udp(_) => None,
        }
    }

    /// Sends a message without waiting for a reply. Replies are discarded.
    ///
    /// # Errors
    ///
    /// Fails if the message cannot be framed or sent.
    pub fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
        match &mut self.socket {
            Socket::Tcp {
                stream,
                decoder,
                drain,
            } => {
                let framing = decoder.framing();
                let envelope = Envelope::new(framing, message).map_err(SendError::Message)?;
                if drain.is_none() {
                    // A peer whose replies are not read stops reading.
                    *drain = stream.try_clone().map(discard).ok();
                }
                write(stream, &envelope, message)
            }
            Socket::Udp(socket) => socket.send(message).map(|_| ()),
        }
        .map_err(|source| self.send_error(source))
    }

    /// Sends a message, and waits for the reply.
    ///
    /// # Errors
    ///
    /// Fails if the message cannot be framed or sent, or if there is no valid reply in
    /// time.
    pub fn request(&mut self, message: &[u8]) -> Result<Vec<u8>, SendError> {
        let deadline = Instant::now() + self.timeout;
        let Socket::Tcp {
            stream, decoder, ..
        } = &mut self.socket
        else {
            self.send(message)?;
            return self.datagram(deadline);
        };
        let framing = decoder.framing();
        let envelope = Envelope::new(framing, message).map_err(SendError::Message)?;
        let address = &self.address;
        // A thread writes while this one reads: a peer that replies before it has read
        // the whole message stops reading if its reply is not read.
        thread::scope(|scope| {
            let writing = &*stream;
            let writer = scope.spawn(move || write(writing, &envelope, message));
            let reply = receive(stream, decoder, deadline, address, self.timeout);
            if reply.is_err() {
                // Ends a write that still waits.
                let _ = stream.shutdown(Shutdown::Both);
            }
            let sent = writer
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            match (reply, sent) {
                // A reply may come before the message was read to its end.
                (Ok(reply), _) => Ok(reply),
                // The connection was lost while sending, which explains more.
                (Err(SendError::Closed(_) | SendError::Receive { .. }), Err(source)) => {
                    Err(SendError::Send {
                        address: address.clone(),
                        source,
                    })
                }
                (Err(error), _) => Err(error),
            }
        })
    }

    /// Closes the connection so that the peer can read everything that was sent: closing
    /// with unread replies would reset it.
    pub fn close(self) {
        if let Socket::Tcp {
            stream,
            drain: Some(drain),
            ..
        } = self.socket
            && stream.shutdown(Shutdown::Write).is_ok()
        {
            // After the timeout nothing else can be done.
            let _ = drain.recv_timeout(GRACE.min(self.timeout));
        }
    }

    fn datagram(&self, deadline: Instant) -> Result<Vec<u8>, SendError> {
        let Socket::Udp(socket) = &self.socket else {
            return Err(SendError::Closed(self.address.clone()));
        };
        let mut reply = vec![0; LONGEST_DATAGRAM];
        loop {
            let Some(left) = left_until(deadline) else {
                return Err(late(&self.address, self.timeout, 0));
            };
            let received = socket
                .set_read_timeout(Some(left))
                .and_then(|()| socket.recv(&mut reply));
            match received {
                Ok(size) => {
                    reply.truncate(size);
                    return Ok(reply);
                }
                Err(error) if is_pause(&error) => {}
                Err(source) => {
                    return Err(SendError::Receive {
                        address: self.address.clone(),
                        source,
                    });
                }
            }
        }
    }

    fn send_error(&self, source: io::Error) -> SendError {
        SendError::Send {
            address: self.address.clone(),
            source,
        }
    }
}

fn tcp(address: SocketAddr, framing: Framing, timeout: Duration) -> io::Result<Socket> {
    let stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(timeout))?;
    let decoder = Decoder::new(framing, LONGEST_REPLY);
    Ok(Socket::Tcp {
        stream,
        decoder,
        drain: None,
    })
}

/// Discards the replies of a stream in a thread. The channel is closed at the end.
fn discard(mut stream: TcpStream) -> Receiver<()> {
    let (done, drain) = channel::bounded(1);
    thread::spawn(move || {
        let _ = io::copy(&mut stream, &mut io::sink());
        drop(done);
    });
    drain
}

fn udp(address: SocketAddr) -> io::Result<Socket> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    Ok(Socket::Udp(socket))
}

/// Writes a message in its envelope, with one call if possible.
fn write(mut stream: &TcpStream, envelope: &Envelope, message: &[u8]) -> io::Result<()> {
    let mut parts = [envelope.head(), message, envelope.tail()].map(IoSlice::new);
    let mut parts = &mut parts[..];
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        match stream.write_vectored(parts) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => IoSlice::advance_slices(&mut parts, count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The error of a socket after its timeout.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Returns the next message of a connection.
fn receive(
    mut stream: &TcpStream,
    decoder: &mut Decoder,
    deadline: Instant,
    address: &Address,
    timeout: Duration,
) -> Result<Vec<u8>, SendError> {
    let framing = decoder.framing();
    let unclear = |source| SendError::Reply {
        address: address.clone(),
        framing,
        source,
    };
    loop {
        if let Some(message) = decoder.next_message().map_err(unclear)? {
            return Ok(message.to_vec());
        }
        let Some(left) = left_until(deadline) else {
            return Err(late(address, timeout, decoder.waiting()));
        };
        let read = stream
            .set_read_timeout(Some(left))
            .and_then(|()| decoder.read_from(&mut stream));
        match read {
            Ok(0) => {
                return match decoder.finish().map_err(unclear)? {
                    Some(message) => Ok(message.to_vec()),
                    None => Err(SendError::Closed(address.clone())),
                };
            }
            Ok(_) => {}
            Err(error) if is_pause(&error) => {}
            Err(source) => {
                return Err(SendError::Receive {
                    address: address.clone(),
                    source,
                });
            }
        }
    }
}

fn late(address: &Address, timeout: Duration, received: usize) -> SendError {
    SendError::Late {
        address: address.clone(),
        timeout,
        received,
    }
}

/// Returns the remaining time, if any.
fn left_until(deadline: Instant) -> Option<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

/// Whether the error means that no data has arrived yet.
fn is_pause(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
