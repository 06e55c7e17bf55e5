//! Programs that speak a protocol over their standard input and output, in real time: the
//! two pipes, the conversation, and the edge to the engine.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use engine::behaviors::CallError;
use engine::foreign::{Effect, Foreign, ForeignCall, Handed, Moment};
use model::roster::Roster;
use os::poller::{Interest, Token};
use runner_maelstrom::{Dialogue, Sent, Speaker, envelope};

/// The most bytes that are read from a program before others have their turn.
pub const TURN: usize = 64 << 10;

/// The nodes that speak a protocol, as the engine calls them: what they get is handed to
/// the driver, which writes it to their programs.
#[derive(Debug)]
pub struct Mailbox {
    /// For each node, whether it is one of them.
    speaks: Vec<bool>,
}

impl Mailbox {
    /// The nodes of a roster that speak a protocol; none if no node does.
    pub fn of(roster: &Roster) -> Option<Box<dyn Foreign>> {
        let speaks = (0..roster.len()).map(|node| roster.protocol(node).is_some());
        let speaks: Vec<bool> = speaks.collect();
        let any = speaks.contains(&true);
        any.then(|| Box::new(Mailbox { speaks }) as Box<dyn Foreign>)
    }
}

impl Foreign for Mailbox {
    fn holds(&self, node: u32) -> bool {
        self.speaks.get(node as usize).copied().unwrap_or(false)
    }

    fn call(
        &mut self,
        node: u32,
        call: ForeignCall<'_>,
        _at: Moment,
        effects: &mut Vec<Effect>,
    ) -> Result<(), CallError> {
        // Start, stop and timers are the program's own.
        if let ForeignCall::Message { from, bytes, .. } = call {
            effects.push(match envelope::check(bytes) {
                Err(error) => Effect::Refuse(error.to_string()),
                Ok(_) => Effect::Hand(Handed {
                    node,
                    from,
                    bytes: bytes.to_vec(),
                }),
            });
        }
        Ok(())
    }
}

/// A node whose program runs.
#[derive(Debug)]
pub struct Speaking {
    /// What it says and is told.
    pub dialogue: Dialogue,
    /// Its standard input.
    pub input: Token,
    /// Its standard output; none once it is closed.
    pub output: Option<Token>,
    /// Whether its output is read now.
    pub is_read: bool,
    /// When the handshake must have gone on; none once it is over.
    pub deadline: Option<Instant>,
    /// What it sent before the run began.
    pub early: Vec<Sent>,
    /// The size of that `[bytes]`.
    pub early_bytes: usize,
    /// Messages for it that came after it had closed its input or had ended.
    pub unread: u64,
}

impl Speaking {
    /// A program at the beginning of the handshake, and what is to be written to it first.
    pub fn new(
        speaker: Speaker,
        longest_line: u64,
        (input, output): (Token, Token),
        deadline: Instant,
    ) -> (Speaking, Vec<u8>) {
        let longest = usize::try_from(longest_line).unwrap_or(usize::MAX);
        let mut dialogue = Dialogue::new(Arc::new(speaker)).with_longest_line(longest);
        let init = dialogue.begin();
        let speaking = Speaking {
            dialogue,
            input,
            output: Some(output),
            is_read: true,
            deadline: Some(deadline),
            early: Vec::new(),
            early_bytes: 0,
            unread: 0,
        };
        (speaking, init)
    }
}

/// The standard input of a program: what waits to be written is kept.
#[derive(Debug)]
pub struct Input {
    /// The node of the program.
    pub node: u32,
    pipe: File,
    queue: VecDeque<u8>,
    is_watched: bool,
}

impl Input {
    /// The standard input of a node's program; makes the pipe non-blocking.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn new(node: u32, pipe: OwnedFd) -> io::Result<Input> {
        os::descriptor::set_nonblocking(&pipe)?;
        Ok(Input {
            node,
            pipe: pipe.into(),
            queue: VecDeque::new(),
            // A new socket is watched for reading; an input is ready for that only if it
            // is closed.
            is_watched: false,
        })
    }

    /// Adds bytes to be written.
    pub fn push(&mut self, bytes: &[u8]) {
        self.queue.extend(bytes);
    }

    /// Number of bytes that wait `[bytes]`.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Writes what the pipe takes now.
    ///
    /// # Errors
    ///
    /// If the program has closed it.
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.queue.is_empty() {
            let (front, _) = self.queue.as_slices();
            match self.pipe.write(front) {
                Ok(count) => drop(self.queue.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What it has to be watched for, if that has changed since the last call.
    pub fn changed_interest(&mut self) -> Option<Interest> {
        let write = !self.queue.is_empty();
        let changed = write != self.is_watched;
        self.is_watched = write;
        changed.then_some(Interest { read: false, write })
    }
}

impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

/// The standard output of a program.
#[derive(Debug)]
pub struct SpokenOutput {
    /// The node of the program.
    pub node: u32,
    pipe: File,
}

impl SpokenOutput {
    /// The standard output of a node's program; makes the pipe non-blocking.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn new(node: u32, pipe: OwnedFd) -> io::Result<SpokenOutput> {
        os::descriptor::set_nonblocking(&pipe)?;
        let pipe = pipe.into();
        Ok(SpokenOutput { node, pipe })
    }

    /// Reads what has arrived, up to [`TURN`] bytes, into `bytes`. Returns whether more may
    /// arrive.
    pub fn read(&mut self, bytes: &mut Vec<u8>) -> bool {
        let mut buffer = [0; TURN];
        loop {
            match self.pipe.read(&mut buffer) {
                Ok(0) => return false,
                Ok(count) => {
                    bytes.extend_from_slice(&buffer[..count]);
                    return true;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }
}

impl AsFd for SpokenOutput {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}
