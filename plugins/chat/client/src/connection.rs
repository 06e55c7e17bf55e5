//! The connection to the server: frames after their lengths, over TCP.

use anyhow::{Context, Result, bail};
use chat_core::wire::MAX_FRAME;
use std::io::{BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;

/// Connects to the server.
///
/// # Errors
/// If the connection fails.
pub fn open(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).with_context(|| {
        format!("no chat server at {address} (start one: runner scenarios/chat-listen.toml)")
    })?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Writes a frame.
///
/// # Errors
/// If the connection is lost.
pub fn write(stream: &mut TcpStream, frame: &[u8]) -> Result<()> {
    let mut bytes = Vec::with_capacity(4 + frame.len());
    bytes.extend_from_slice(&(frame.len() as u32).to_be_bytes());
    bytes.extend_from_slice(frame);
    Ok(stream.write_all(&bytes)?)
}

/// Reads frames until the connection ends, and calls `handle` for each.
///
/// # Errors
/// If the connection ends within a frame or breaks, or a frame is too long.
pub fn read(stream: TcpStream, mut handle: impl FnMut(Vec<u8>)) -> Result<()> {
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
