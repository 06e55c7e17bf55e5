//! One message there, one message back, within a time limit.

use framing::{Decoder, Envelope, Framing, FramingError};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// The longest reply `[bytes]`; arbitrary: larger than what a store is likely to keep.
const LONGEST: u64 = 1 << 30;

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The address is none, or its host is not known.
    #[error("{0}: {1}\n  expected HOST:PORT, such as 127.0.0.1:12345")]
    Address(String, io::Error),
    /// Nobody answers.
    #[error(
        "{0}: {1}\n  does a store listen there? start one, such as `runner scenarios/kv-listen.toml`, or name another place with --address"
    )]
    Connect(String, io::Error),
    /// The connection broke.
    #[error("{0}: the connection is lost: {1}")]
    Lost(String, io::Error),
    /// The store hung up.
    #[error(
        "{0}: the connection was closed without a reply\n  does the store speak this framing there? --framing names another one"
    )]
    Closed(String),
    /// It takes too long.
    #[error(
        "{0}: no reply within {time}\n  does the store speak this framing there? --framing names another one, --timeout waits longer",
        time = base::duration::to_text((*.1).into())
    )]
    Late(String, Duration),
    /// The message cannot be framed.
    #[error("the command cannot be sent: {0}\n  --framing names another framing")]
    Unframed(FramingError),
    /// The reply is no message.
    #[error(
        "{0}: the reply is not understood: {1}\n  does the store speak this framing there? --framing names another one"
    )]
    Garbled(String, FramingError),
}

use ConnectionError::{Address, Closed, Connect, Garbled, Late, Lost, Unframed};

/// Sends a message and answers the reply.
///
/// # Errors
///
/// When there is none.
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
    // A store that refuses what is too long hangs up while it is still being sent, and
    // may have said why.
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

/// Connects to the first of the address's places that answers.
fn connect(address: &str, timeout: Duration) -> Result<TcpStream, ConnectionError> {
    let places: Vec<SocketAddr> = address
        .to_socket_addrs()
        .map_err(|error| Address(address.to_owned(), error))?
        .collect();
    let mut refusal = io::ErrorKind::NotFound.into();
    // No time at all is no time limit to the system.
    let timeout = timeout.max(Duration::from_millis(1));
    for place in places {
        match TcpStream::connect_timeout(&place, timeout) {
            Ok(stream) => {
                // It only makes small messages faster.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => refusal = error,
        }
    }
    Err(Connect(address.to_owned(), refusal))
}
