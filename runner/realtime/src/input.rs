//! The runner's standard input as a peer of a node: its lines, or the keys of a
//! terminal.
//!
//! Read only when something is there, and never made non-blocking: that would be
//! so for whoever shares it, the user's shell among them. A file cannot be watched
//! for when something is there; a thread copies it into a socket that can.
//!
//! For keys the terminal hands over each byte at once and shows none of them. It
//! is given back as it was when the run ends, and when this process ends early.

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

/// What its peer is called.
pub const NAME: &str = "stdin";

/// Standard input on its way to a node.
#[derive(Debug)]
pub struct Input {
    /// Whose it is.
    pub node: u32,
    /// Its index among the peers.
    pub stranger: u32,
    /// Messages that came from it.
    pub received: u64,
    /// No more will come; it is there until its node has handled the last.
    pub ended: bool,
    source: Source,
    messages: Messages,
}

#[derive(Debug)]
enum Source {
    Standard,
    Copy(UnixStream),
}

#[derive(Debug)]
enum Messages {
    Lines(Decoder),
    Keys(Keys, Keyboard),
}

/// Who reads standard input, and what is a message in it, if anybody does.
pub fn reader(roster: &Roster) -> Option<(u32, StandardInput)> {
    let groups = roster.groups().iter().enumerate();
    let mut readers = groups.filter_map(|(index, group)| {
        let node = roster.nodes(index).next()?;
        Some((node, group.stdin?))
    });
    readers.next()
}

impl Input {
    /// Takes standard input for a node. A terminal of which this process is not
    /// in the foreground is somebody else's: then there is none.
    pub fn take(node: u32, stranger: u32, kind: StandardInput) -> Option<Input> {
        let messages = match (terminal::stdin_now(), kind) {
            (terminal::Stdin::Background, _) => return None,
            (terminal::Stdin::Foreground, StandardInput::Keys) => Keyboard::open()
                .map(|keyboard| Messages::Keys(Keys::default(), keyboard))
                .ok(),
            _ => None,
        };
        let lines = || Messages::Lines(Decoder::new(Framing::Line, DEFAULT_MAX_MESSAGE));
        Some(Input {
            node,
            stranger,
            received: 0,
            ended: false,
            source: Source::Standard,
            messages: messages.unwrap_or_else(lines),
        })
    }

    /// Goes on with a copy of standard input, which cannot be watched itself.
    ///
    /// # Errors
    ///
    /// When the system has no descriptor or no thread left.
    pub fn copy(&mut self) -> io::Result<()> {
        let (near, mut far) = UnixStream::pair()?;
        thread::Builder::new().spawn(move || {
            // It ends with the input, or when nobody takes the copy any more.
            let _ = io::copy(&mut Stdin, &mut far);
        })?;
        self.source = Source::Copy(near);
        Ok(())
    }

    /// Reads once, when something is there, and hands on each message.
    ///
    /// # Errors
    ///
    /// When a line is too long.
    pub fn read(&mut self, mut message: impl FnMut(&[u8])) -> Result<(), FramingError> {
        let count = match &mut self.messages {
            Messages::Lines(lines) => match &mut self.source {
                Source::Standard => lines.read_from(&mut Stdin),
                Source::Copy(copy) => lines.read_from(copy),
            },
            Messages::Keys(keys, _) => {
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
            // A terminal that is gone is an error, and an end as well.
            Ok(0) | Err(_) => self.ended = true,
        }
        if let Messages::Lines(lines) = &mut self.messages {
            while let Some(line) = match self.ended {
                true => lines.finish()?,
                false => lines.next_message()?,
            } {
                message(line);
            }
        }
        Ok(())
    }

    /// What it is, for people.
    pub fn what(&self) -> &'static str {
        match self.messages {
            Messages::Lines(_) => "standard input: each line is a message",
            Messages::Keys(..) => "the keyboard: each key is a message",
        }
    }
}

impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.source {
            Source::Standard => Stdin.as_fd(),
            Source::Copy(copy) => copy.as_fd(),
        }
    }
}
