//! The line to a listening node: a TCP connection with its framing, or a UDP
//! socket, with a time limit on all that could last.

use std::io::{self, IoSlice, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel;

use super::SendError;
use super::address::{Address, Transport};
use framing::{Decoder, Envelope, Framing};

/// The longest reply `[bytes]`; arbitrary: a person reads it, and memory grows
/// with what arrives, not with what is promised.
const LONGEST_REPLY: u64 = 1 << 30;

/// The longest datagram `[bytes]`.
const LONGEST_DATAGRAM: usize = 65_535;

/// How long the other end may take to hang up after the last message that wants
/// no reply; arbitrary.
const GRACE: Duration = Duration::from_secs(1);

/// The line to a listening node.
pub struct Connection {
    address: Address,
    timeout: Duration,
    line: Line,
}

enum Line {
    Tcp {
        stream: TcpStream,
        decoder: Decoder,
        /// Where no reply is wanted: reports when whoever throws them away is done.
        drain: Option<channel::Receiver<()>>,
    },
    Udp(UdpSocket),
}

impl Connection {
    /// Connects, within `timeout`. The framing is of TCP, `line` unless named.
    ///
    /// # Errors
    ///
    /// When nobody answers, or a framing is named for datagrams.
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
            let line = match address.transport {
                Transport::Tcp => tcp(candidate, framing, timeout),
                Transport::Udp => udp(candidate),
            };
            match line {
                Ok(line) => {
                    return Ok(Connection {
                        address: address.clone(),
                        timeout,
                        line,
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
        match &self.line {
            Line::Tcp { decoder, .. } => Some(decoder.framing()),
            Line::Udp(_) => None,
        }
    }

    /// Sends a message, and waits for no reply: what comes is thrown away.
    ///
    /// # Errors
    ///
    /// When it cannot be framed or sent.
    pub fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
        match &mut self.line {
            Line::Tcp {
                stream,
                decoder,
                drain,
            } => {
                let framing = decoder.framing();
                let envelope = Envelope::new(framing, message).map_err(SendError::Message)?;
                if drain.is_none() {
                    // One who answers does not listen any more once its answers
                    // are left lying.
                    *drain = stream.try_clone().map(throw_away).ok();
                }
                write(stream, &envelope, message)
            }
            Line::Udp(socket) => socket.send(message).map(|_| ()),
        }
        .map_err(|source| self.send_error(source))
    }

    /// Sends a message, and waits for the reply.
    ///
    /// # Errors
    ///
    /// When it cannot be framed or sent, or no reply comes in time, or none that
    /// can be read.
    pub fn request(&mut self, message: &[u8]) -> Result<Vec<u8>, SendError> {
        let deadline = Instant::now() + self.timeout;
        let Line::Tcp {
            stream, decoder, ..
        } = &mut self.line
        else {
            self.send(message)?;
            return self.datagram(deadline);
        };
        let framing = decoder.framing();
        let envelope = Envelope::new(framing, message).map_err(SendError::Message)?;
        let address = &self.address;
        // Sent beside, since one who answers while it is still being told does
        // not listen any more once nobody reads its answer.
        thread::scope(|scope| {
            let writing = &*stream;
            let writer = scope.spawn(move || write(writing, &envelope, message));
            let reply = receive(stream, decoder, deadline, address, self.timeout);
            if reply.is_err() {
                // Whatever the writer still waits for, it is over.
                let _ = stream.shutdown(Shutdown::Both);
            }
            let sent = writer
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            match (reply, sent) {
                // A reply may come before the message was read to its end.
                (Ok(reply), _) => Ok(reply),
                // The connection was lost while sending: the better reason.
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

    /// Hangs up so that what was sent is still read: a connection that is closed
    /// with unread replies takes back what has not arrived.
    pub fn close(self) {
        if let Line::Tcp {
            stream,
            drain: Some(drain),
            ..
        } = self.line
            && stream.shutdown(Shutdown::Write).is_ok()
        {
            // Late or done, nothing is left to do.
            let _ = drain.recv_timeout(GRACE.min(self.timeout));
        }
    }

    fn datagram(&self, deadline: Instant) -> Result<Vec<u8>, SendError> {
        let Line::Udp(socket) = &self.line else {
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

fn tcp(address: SocketAddr, framing: Framing, timeout: Duration) -> io::Result<Line> {
    let stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(timeout))?;
    let decoder = Decoder::new(framing, LONGEST_REPLY);
    Ok(Line::Tcp {
        stream,
        decoder,
        drain: None,
    })
}

/// Reads a stream to its end, beside; the end is reported by hanging up.
fn throw_away(mut stream: TcpStream) -> channel::Receiver<()> {
    let (done, drain) = channel::bounded(1);
    thread::spawn(move || {
        let _ = io::copy(&mut stream, &mut io::sink());
        drop(done);
    });
    drain
}

fn udp(address: SocketAddr) -> io::Result<Line> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    Ok(Line::Udp(socket))
}

/// Writes a message in its envelope, as one write where the system takes it.
fn write(mut stream: &TcpStream, envelope: &Envelope, message: &[u8]) -> io::Result<()> {
    let mut parts = [envelope.head(), message, envelope.tail()].map(IoSlice::new);
    let mut parts = &mut parts[..];
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        match stream.write_vectored(parts) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => IoSlice::advance_slices(&mut parts, count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // What a socket says when its time is over.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The next message of a connection.
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

/// The time that is left, if any.
fn left_until(deadline: Instant) -> Option<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    (!left.is_zero()).then_some(left)
}

/// Nothing has come yet.
fn is_pause(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
