//! Content a program writes to its standard output or standard error, line by line.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// One of the two outputs of a program.
#[derive(Debug)]
pub struct Output {
    /// The node that the program stands for.
    pub node: u32,
    pipe: File,
    /// The begin of a line whose end has not arrived.
    line: Vec<u8>,
}

/// Content is left in an output after a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// More can be read now.
    More,
    /// Nothing now; more may arrive.
    Nothing,
    /// The output is closed.
    Closed,
}

/// The longest line that is kept together `[bytes]`.
const LINE_MAX: usize = 64 << 10;

/// The most bytes that one call reads: a program that writes without end must not
/// stop everything else, and each line may be shown on a terminal `[bytes]`.
const TURN: usize = 4 << 10;

impl Output {
    /// The output of a node's program; makes the pipe non-blocking.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn new(node: u32, pipe: OwnedFd) -> io::Result<Output> {
        os::descriptor::set_nonblocking(&pipe)?;
        Ok(Output {
            node,
            pipe: pipe.into(),
            line: Vec::new(),
        })
    }

    /// Reads what has arrived, up to a limit, and calls `line` for each whole line;
    /// once the output is closed also for the last one.
    pub fn read(&mut self, mut line: impl FnMut(&str)) -> Rest {
        let mut buffer = [0; TURN];
        let mut taken = 0;
        while taken < TURN {
            match self.pipe.read(&mut buffer) {
                Ok(0) => {
                    if !self.line.is_empty() {
                        line(&String::from_utf8_lossy(&self.line));
                        self.line.clear();
                    }
                    return Rest::Closed;
                }
                Ok(count) => {
                    taken += count;
                    self.split(&buffer[..count], &mut line);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Rest::Nothing,
                Err(_) => return Rest::Closed,
            }
        }
        Rest::More
    }

    fn split(&mut self, bytes: &[u8], line: &mut impl FnMut(&str)) {
        for &byte in bytes {
            if byte == b'\n' || self.line.len() == LINE_MAX {
                line(&String::from_utf8_lossy(&self.line));
                self.line.clear();
            }
            if byte != b'\n' {
                self.line.push(byte);
            }
        }
    }
}

impl AsFd for Output {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}
