//! The way between the runner and a process that drives a node: a socket pair,
//! one end of which the process is born with as its standard input.
//!
//! It has no name that anybody else could call, it is passed on to nobody (the
//! process takes it away from its standard input at once), and it closes when
//! either side is gone, however that came about. Orders and reports are JSON, one
//! to a line.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// One end.
#[derive(Debug)]
pub struct Control {
    socket: UnixStream,
    /// What has come of lines that are not taken yet.
    held: Vec<u8>,
}

impl Control {
    /// This end, and the other as the standard input of a process to be.
    ///
    /// # Errors
    ///
    /// When the system has no descriptor left.
    pub fn pair() -> io::Result<(Control, OwnedFd)> {
        let (near, far) = UnixStream::pair()?;
        Ok((Control::of(near), far.into()))
    }

    /// The end that this process was born with; its standard input is empty from
    /// then on.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn from_stdin() -> io::Result<Control> {
        Ok(Control::of(os::descriptor::take_stdin()?.into()))
    }

    fn of(socket: UnixStream) -> Control {
        Control {
            socket,
            held: Vec::new(),
        }
    }

    /// Another handle to this end, to send with while this one receives.
    ///
    /// # Errors
    ///
    /// When the system has no descriptor left.
    pub fn sender(&self) -> io::Result<Control> {
        Ok(Control::of(self.socket.try_clone()?))
    }

    /// Hangs up: the other end learns that nobody is left here.
    pub fn close(&self) {
        // It may be gone already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Sends a line.
    ///
    /// # Errors
    ///
    /// When the other end is gone.
    pub fn send(&mut self, what: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(what)?;
        line.push(b'\n');
        self.socket.write_all(&line)
    }

    /// Waits for the next line; none once the other end is gone.
    ///
    /// # Errors
    ///
    /// When what came is nothing that was expected.
    pub fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        loop {
            if let Some(line) = self.next_line()? {
                return Ok(Some(line));
            }
            if !self.read_on()? {
                return Ok(None);
            }
        }
    }

    /// Reads what is there, and waits if nothing is. Answers whether the other
    /// end is still there.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn read_on(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 << 10];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(count) => {
                    self.held.extend_from_slice(&buffer[..count]);
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // It went without having read all that it was sent.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// The next line of those that have come.
    ///
    /// # Errors
    ///
    /// When it is nothing that was expected.
    pub fn next_line<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let Some(end) = memchr::memchr(b'\n', &self.held) else {
            return Ok(None);
        };
        let line = serde_json::from_slice(&self.held[..end])?;
        self.held.drain(..=end);
        Ok(Some(line))
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_and_in_order_and_then_the_end() {
        let (mut near, far) = Control::pair().unwrap();
        let mut far = Control::of(far.into());
        near.send(&"one\ntwo").unwrap();
        near.send(&"three").unwrap();
        drop(near);
        assert_eq!(far.receive().unwrap(), Some("one\ntwo".to_owned()));
        assert_eq!(far.receive().unwrap(), Some("three".to_owned()));
        assert_eq!(far.receive::<String>().unwrap(), None);
        far.send(&"nobody").unwrap_err();
    }

    #[test]
    fn what_was_not_expected_is_an_error() {
        let (mut near, far) = Control::pair().unwrap();
        let mut far = Control::of(far.into());
        near.send(&"no number").unwrap();
        far.receive::<u32>().unwrap_err();
    }
}
