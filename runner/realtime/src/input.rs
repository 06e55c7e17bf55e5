//! The runner's standard input as a peer of a node: its lines, or the keys of a
//! terminal.
//!
//! It is read only when something has arrived, and is never made non-blocking: that
//! would also affect other programs that share it, such as the user's shell. The
//! poller cannot watch a file; a thread copies a file into a socket, which it can.
//!
//! For keys the terminal passes on each byte at once and shows none of them. It is
//! restored when the run ends, and when this process ends early.

mod keys;

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::thread;

use framing::{DEFAULT_MAX_MESSAGE, Decoder, Framing, FramingError};
use model::StandardInput;
use model::roster::Roster;

use keys::Keys;
use os::descriptor::Stdin;
use os::terminal::{self, Keyboard};

/// The name of the peer.
pub const NAME: &str = "stdin";

/// Standard input as a peer.
#[derive(Debug)]
pub struct Input {
    /// The node that reads it.
    pub node: u32,
    /// Its index among the peers.
    pub peer: u32,
    /// Number of messages that have arrived from it.
    pub received: u64,
    /// Whether it is at its end. It stays a peer until its node has handled the last
    /// message.
    pub ended: bool,
    origin: Origin,
    splitter: Splitter,
}

/// Where the bytes come from.
#[derive(Debug)]
enum Origin {
    Stdin,
    Copy(UnixStream),
}

/// Content splits the bytes into messages.
#[derive(Debug)]
enum Splitter {
    Lines(Decoder),
    Keys(Keys, Keyboard),
}

/// The node that reads standard input, and what a message in it is; none if no node
/// does.
pub fn reader(roster: &Roster) -> Option<(u32, StandardInput)> {
    let groups = roster.groups().iter().enumerate();
    let mut readers = groups.filter_map(|(index, group)| {
        let node = roster.nodes(index).next()?;
        Some((node, group.stdin?))
    });
    readers.next()
}

impl Input {
    /// Standard input for a node; none if it is a terminal and another process is in
    /// its foreground.
    pub fn take(node: u32, peer: u32, kind: StandardInput) -> Option<Input> {
        let splitter = match (terminal::stdin_now(), kind) {
            (terminal::Stdin::Background, _) => return None,
            (terminal::Stdin::Foreground, StandardInput::Keys) => Keyboard::open()
                .map(|keyboard| Splitter::Keys(Keys::default(), keyboard))
                .ok(),
            _ => None,
        };
        let lines = || Splitter::Lines(Decoder::new(Framing::Line, DEFAULT_MAX_MESSAGE));
        Some(Input {
            node,
            peer,
            received: 0,
            ended: false,
            origin: Origin::Stdin,
            splitter: splitter.unwrap_or_else(lines),
        })
    }

    /// Reads from a copy of standard input from now on, because a file cannot be
    /// watched.
    ///
    /// # Errors
    ///
    /// If the system has no descriptor or no thread left.
    pub fn copy(&mut self) -> io::Result<()> {
        let (near, mut far) = UnixStream::pair()?;
        thread::Builder::new().spawn(move || {
            // Ends at the end of the input, or once the copy is closed.
            let _ = io::copy(&mut Stdin, &mut far);
        })?;
        self.origin = Origin::Copy(near);
        Ok(())
    }

    /// Reads once, and calls `message` for each message.
    ///
    /// # Errors
    ///
    /// If a line is too long.
    pub fn read(&mut self, mut message: impl FnMut(&[u8])) -> Result<(), FramingError> {
        let count = match &mut self.splitter {
            Splitter::Lines(lines) => match &mut self.origin {
                Origin::Stdin => lines.read_from(&mut Stdin),
                Origin::Copy(copy) => lines.read_from(copy),
            },
            Splitter::Keys(keys, _) => {
                let mut bytes = [0; 1024];
                let count = Stdin.read(&mut bytes);
                let bytes = &bytes[..*count.as_ref().unwrap_or(&0)];
                self.ended |= keys.take(bytes, &mut message);
                count
            }
        };
        match count {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            // Reading a closed terminal is an error, and the end as well.
            Ok(0) | Err(_) => self.ended = true,
        }
        if let Splitter::Lines(lines) = &mut self.splitter {
            while let Some(line) = match self.ended {
                true => lines.finish()?,
                false => lines.next_message()?,
            } {
                message(line);
            }
        }
        Ok(())
    }

    /// A description for the terminal.
    pub fn describe(&self) -> &'static str {
        match self.splitter {
            Splitter::Lines(_) => "standard input: each line is a message",
            Splitter::Keys(..) => "the keyboard: each key is a message",
        }
    }
}

impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.origin {
            Origin::Stdin => Stdin.as_fd(),
            Origin::Copy(copy) => copy.as_fd(),
        }
    }
}
