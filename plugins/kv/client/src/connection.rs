//! Sends one message and receives its reply, within a time limit.

use framing::{Decoder, Envelope, Framing, FramingError};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Maximum size of a reply `[bytes]`; arbitrary: larger than any expected value.
const LONGEST: u64 = 1 << 30;

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The address is malformed, or its host is unknown.
    #[error("{0}: {1}\n  expected HOST:PORT, such as 127.0.0.1:12345")]
    Address(String, io::Error),
    /// No connection to the address.
    #[error(
        "{0}: {1}\n  does a store listen there? start one, such as `runner scenarios/kv-listen.toml`, or set another address with --address"
    )]
    Connect(String, io::Error),
    /// The connection failed.
    #[error("{0}: the connection is lost: {1}")]
    Lost(String, io::Error),
    /// The store closed the connection.
    #[error(
        "{0}: the connection was closed without a reply\n  does the listener use this framing? set another one with --framing"
    )]
    Closed(String),
    /// No reply within the time limit.
    #[error(
        "{0}: no reply within {time}\n  does the listener use this framing? set another one with --framing, or wait longer with --timeout",
        time = base::duration::to_text((*.1).into())
    )]
    Late(String, Duration),
    /// The message cannot be framed.
    #[error("the command cannot be sent: {0}\n  set another framing with --framing")]
    Unframed(FramingError),
    /// The reply is not a message of the framing.
    #[error(
        "{0}: the reply is malformed: {1}\n  does the listener use this framing? set another one with --framing"
    )]
    Garbled(String, FramingError),
}

use ConnectionError::{Address, Closed, Connect, Garbled, Late, Lost, Unframed};

/// Sends a message and returns the reply.
///
/// # Errors
///
/// If there is no reply.
pub fn exchange(
    address: &str,
    framing: Framing,
    timeout: Duration,
    message: &[u8],
) -> Result<Vec<u8>, ConnectionError> {
    let envelope = Envelope::new(framing, message).map_err(Unframed)?;
    let lost = |error| Lost(address.to_owned(), error);
    let deadline = Instant::now() + timeout;
    let mut stream = connect(address, timeout)?;
    stream.set_write_timeout(Some(timeout)).map_err(lost)?;
    let sent = [envelope.head(), message, envelope.tail()].concat();
    // A store that refuses a long message closes the connection during the sending. It
    // may have sent an error before that, so the reply is read even if the write failed.
    let written = stream.write_all(&sent);
    let mut decoder = Decoder::new(framing, LONGEST);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Late(address.to_owned(), timeout));
        }
        stream.set_read_timeout(Some(left)).map_err(lost)?;
        match decoder.read_from(&mut stream) {
            Ok(0) => {
                let last = decoder.finish();
                let last = last.map_err(|error| Garbled(address.to_owned(), error))?;
                return match (last, written) {
                    (Some(reply), _) => Ok(reply.to_vec()),
                    (None, Err(error)) => Err(lost(error)),
                    (None, Ok(())) => Err(Closed(address.to_owned())),
                };
            }
            Ok(_) => match decoder.next_message() {
                Ok(Some(reply)) => return Ok(reply.to_vec()),
                Ok(None) => {}
                Err(error) => return Err(Garbled(address.to_owned(), error)),
            },
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted
                | io::ErrorKind::WouldBlock
                | io::ErrorKind::TimedOut => {}
                _ => return Err(lost(error)),
            },
        }
    }
}

/// Connects to the first socket address of `address` that accepts a connection.
fn connect(address: &str, timeout: Duration) -> Result<TcpStream, ConnectionError> {
    let candidates: Vec<SocketAddr> = address
        .to_socket_addrs()
        .map_err(|error| Address(address.to_owned(), error))?
        .collect();
    let mut failure = io::ErrorKind::NotFound.into();
    // The system call rejects a timeout of 0.
    let timeout = timeout.max(Duration::from_millis(1));
    for candidate in candidates {
        match TcpStream::connect_timeout(&candidate, timeout) {
            Ok(stream) => {
                // Without it the exchange works, but is slower.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(Connect(address.to_owned(), failure))
}
