//! Connections to a server: the frames of the wire protocol in both directions, whatever carries
//! them.

use anyhow::{Context, Result, bail};
use chat_core::wire::MAX_FRAME;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;

/// A way to reach a server.
pub trait Protocol: Clone + Send + 'static {
    /// The open connection.
    type Connection: Connection;

    /// Opens a connection. Calls `incoming` for each frame of the server, from another thread, and
    /// at the end once for the loss of the connection.
    ///
    /// # Errors
    /// If there is no server.
    fn open(&self, incoming: impl FnMut(Incoming) + Send + 'static) -> Result<Self::Connection>;

    /// The address of the server.
    fn address(&self) -> &str;
}

/// An open connection. Dropping it closes it.
pub trait Connection: Send + 'static {
    /// Sends a frame. A lost connection is reported by `incoming` alone.
    fn send(&mut self, frame: &[u8]);
}

/// What a connection reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// The server sent a frame.
    Frame(Vec<u8>),
    /// The connection ended; the reason, if it is known.
    Lost(Option<String>),
}

/// The wire protocol over TCP: each frame follows its length.
#[derive(Clone, Debug)]
pub struct Tcp {
    address: String,
}

impl Tcp {
    /// A server at this address.
    pub fn new(address: &str) -> Tcp {
        Tcp {
            address: address.to_owned(),
        }
    }
}

impl Protocol for Tcp {
    type Connection = TcpStream;

    fn open(&self, mut incoming: impl FnMut(Incoming) + Send + 'static) -> Result<TcpStream> {
        let address = &self.address;
        let stream = TcpStream::connect(address).with_context(|| {
            format!("no chat server at {address} (start one: runner scenarios/chat-listen.toml)")
        })?;
        stream.set_nodelay(true)?;
        let reader = stream.try_clone()?;
        thread::spawn(move || {
            let ended = read(reader, |frame| incoming(Incoming::Frame(frame)));
            incoming(Incoming::Lost(ended.err().map(|error| error.to_string())));
        });
        Ok(stream)
    }

    fn address(&self) -> &str {
        &self.address
    }
}

impl Connection for TcpStream {
    fn send(&mut self, frame: &[u8]) {
        let mut bytes = Vec::with_capacity(4 + frame.len());
        bytes.extend_from_slice(&(frame.len() as u32).to_be_bytes());
        bytes.extend_from_slice(frame);
        // The reading thread reports a lost connection.
        let _ = self.write_all(&bytes);
    }
}

/// Reads frames until the connection ends.
///
/// # Errors
/// If the connection ends within a frame or breaks, or a frame is too long.
fn read(stream: TcpStream, mut handle: impl FnMut(Vec<u8>)) -> Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = [0; 4];
        match reader.read_exact(&mut length) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            other => other?,
        }
        let length = u32::from_be_bytes(length) as usize;
        if length > MAX_FRAME {
            bail!(
                "a frame of {length} bytes, expected at most {MAX_FRAME}: is this a chat server?"
            );
        }
        let mut frame = vec![0; length];
        reader.read_exact(&mut frame)?;
        handle(frame);
    }
}
