//! `runner send`: sends messages to a listening node, and prints the replies.
//!
//! It does not use a scenario: any program can listen at the address. All messages use
//! one connection, and a message is sent after the reply to the one before.

mod address;
mod connection;

use std::borrow::Cow;
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;

use crate::cli::Exit;
use crate::cli::arguments::SendOptions;
use crate::reporter::console::Console;
use base::harmless;
use framing::{Framing, FramingError};

pub use address::{Address, Transport};
use connection::Connection;

/// Why a message cannot be sent, or has no reply.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// A datagram has no framing.
    #[error("{0}: a datagram is a message by itself, expected no `--framing`")]
    FramedDatagram(Address),
    /// The name of the host has no address.
    #[error("{address}: the host is not found: {source}")]
    Host {
        /// Where to.
        address: Address,
        /// The error of the system.
        source: io::Error,
    },
    /// No connection.
    #[error(
        "{address}: cannot connect: {source}\n  does anything listen there? `--timeout` waits longer for a slow one"
    )]
    Connect {
        /// Where to.
        address: Address,
        /// The error of the system.
        source: io::Error,
    },
    /// The message cannot be sent.
    #[error("{address}: cannot send: {source}")]
    Send {
        /// Where to.
        address: Address,
        /// The error of the system.
        source: io::Error,
    },
    /// The reply cannot be received.
    #[error("{address}: cannot receive: {source}{}", absent(source))]
    Receive {
        /// Where to.
        address: Address,
        /// The error of the system.
        source: io::Error,
    },
    /// No reply in time.
    #[error("{address}: no reply within {}{}\n  `--timeout` waits longer, `--no-reply` not at all", base::duration::to_text((*.timeout).into()), begun(*.received))]
    Late {
        /// Where to.
        address: Address,
        /// The limit.
        timeout: std::time::Duration,
        /// Size of the part that was received `[bytes]`.
        received: usize,
    },
    /// The other end closed the connection.
    #[error(
        "{0}: the connection was closed without a reply\n  does the other end speak this framing? `--framing` names another one, `--no-reply` waits for none"
    )]
    Closed(Address),
    /// The message cannot be framed.
    #[error("the message cannot be sent: {0}")]
    Message(FramingError),
    /// The reply violates the framing.
    #[error(
        "{address}: the reply is not understood: {source}\n  does the other end speak `{framing}`? `--framing` names another one"
    )]
    Reply {
        /// Where to.
        address: Address,
        /// The framing that was expected.
        framing: Framing,
        /// What is wrong.
        source: FramingError,
    },
    /// Standard input.
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
    /// Standard output.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}

fn begun(received: usize) -> String {
    match received {
        0 => String::new(),
        count => format!(", but {count} bytes of one that is not whole"),
    }
}

/// A hint for a datagram to a port on which no program listens.
fn absent(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::ConnectionRefused => "\n  does anything listen there?",
        _ => "",
    }
}

impl SendError {
    fn exit(&self) -> Exit {
        match self {
            SendError::FramedDatagram(_) | SendError::Message(_) | SendError::Input(_) => {
                Exit::BadInput
            }
            _ => Exit::Failed,
        }
    }
}

/// Sends the messages, and prints the replies.
///
/// # Errors
///
/// None: errors are printed, and the exit code is not 0.
pub fn send(options: &SendOptions) -> anyhow::Result<Exit> {
    match converse(options) {
        Ok(()) => Ok(Exit::Passed),
        // A closed pipe is not an error, as for every command.
        Err(SendError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Exit::Passed)
        }
        Err(error) => {
            Console::new(options.color.color).error(&error.to_string());
            Ok(error.exit())
        }
    }
}

fn converse(options: &SendOptions) -> Result<(), SendError> {
    let mut connection = Connection::open(&options.address, options.framing, options.timeout)?;
    match &options.message {
        Some(message) => exchange(&mut connection, message.as_bytes(), options.no_reply)?,
        None => {
            let mut input = io::stdin().lock();
            let mut line = Vec::new();
            while input
                .read_until(b'\n', &mut line)
                .map_err(SendError::Input)?
                > 0
            {
                let message = line.strip_suffix(b"\n").unwrap_or(&line);
                exchange(&mut connection, message, options.no_reply)?;
                line.clear();
            }
        }
    }
    connection.close();
    Ok(())
}

fn exchange(connection: &mut Connection, message: &[u8], no_reply: bool) -> Result<(), SendError> {
    let message = &*typed(connection.framing(), message);
    if no_reply {
        return connection.send(message);
    }
    let reply = connection.request(message)?;
    let mut out = io::stdout().lock();
    // A terminal obeys some characters; another program wants the bytes.
    let reply = match out.is_terminal() {
        true => Cow::Owned(harmless_reply(&reply)),
        false => Cow::Borrowed(&reply[..]),
    };
    out.write_all(&reply)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(SendError::Output)
}

/// A reply for a terminal.
fn harmless_reply(reply: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(reply);
    harmless::lines(&text).into_owned().into_bytes()
}

/// Adds the end of the line to a Redis command that was typed as a line.
fn typed(framing: Option<Framing>, message: &[u8]) -> Cow<'_, [u8]> {
    match framing {
        Some(Framing::Resp) if !message.ends_with(b"\n") => Cow::Owned([message, b"\r\n"].concat()),
        _ => Cow::Borrowed(message),
    }
}
