//! The standard streams of a program: pipes that this room fills and empties.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, RawFd};

use crate::kernel;

/// Standard input: what has been fed, of which the pipe holds the beginning.
#[derive(Debug)]
pub struct Input {
    write: PipeWriter,
    /// The program's end: to see what it has not read.
    pub read: PipeReader,
    waiting: VecDeque<u8>,
}

impl Input {
    /// A new pipe.
    ///
    /// # Errors
    ///
    /// If there are no more descriptors.
    pub fn new() -> io::Result<Input> {
        let (read, write) = io::pipe()?;
        kernel::set_nonblocking(write.as_raw_fd())?;
        kernel::enlarge_pipe(write.as_raw_fd());
        Ok(Input {
            write,
            read,
            waiting: VecDeque::new(),
        })
    }

    /// Adds bytes to what the program can read.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.waiting.extend(bytes);
    }

    /// Moves as much as fits into the pipe.
    pub fn fill(&mut self) {
        while !self.waiting.is_empty() {
            let (first, _) = self.waiting.as_slices();
            match self.write.write(first) {
                Ok(count) => drop(self.waiting.drain(..count)),
                // The rest when the program has read; or it has ended.
                Err(_) => return,
            }
        }
    }

    /// Whether a read finds something.
    pub fn has_bytes(&self) -> bool {
        kernel::waiting_bytes(self.read.as_raw_fd()) > 0
    }

    /// Whether the program has asked that reads do not wait.
    pub fn is_nonblocking(&self) -> bool {
        kernel::is_nonblocking(self.read.as_raw_fd())
    }
}

/// Standard output or standard error: what was written since it was last taken.
#[derive(Debug)]
pub struct Output {
    read: PipeReader,
    bytes: Vec<u8>,
    open: bool,
}

impl Output {
    /// A new pipe, and the program's end of it.
    ///
    /// # Errors
    ///
    /// If there are no more descriptors.
    pub fn new() -> io::Result<(Output, PipeWriter)> {
        let (read, write) = io::pipe()?;
        kernel::set_nonblocking(read.as_raw_fd())?;
        let output = Output {
            read,
            bytes: Vec::new(),
            open: true,
        };
        Ok((output, write))
    }

    /// Reads all that is in the pipe.
    pub fn empty(&mut self) {
        let mut chunk = [0; 65536];
        while self.open {
            match self.read.read(&mut chunk) {
                Ok(0) => self.open = false,
                Ok(count) => self.bytes.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// How many bytes were written since they were last taken.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes what was written.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// The pipe, to be waited for; none once it is closed.
    pub fn descriptor(&self) -> RawFd {
        if self.open { self.read.as_raw_fd() } else { -1 }
    }
}
