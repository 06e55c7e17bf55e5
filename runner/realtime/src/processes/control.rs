//! The connection between the runner and one of its processes: a socket pair,
//! one end of which is the standard input that the process starts with.
//!
//! No other program can connect to it: it has no address, and the process moves
//! it away from its standard input at once, so that programs that the process
//! starts do not inherit it. It closes when either side ends, for whatever reason.
//! Orders and reports cross it in [`frames`].

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frames::{self, FrameBuffer, FrameError};

/// One end.
#[derive(Debug)]
pub struct Control {
    socket: UnixStream,
    received: FrameBuffer,
}

impl Control {
    /// This end, and the other as the standard input of a process to be started.
    ///
    /// # Errors
    ///
    /// If the system has no descriptor left.
    pub fn pair() -> io::Result<(Control, OwnedFd)> {
        let (near, far) = UnixStream::pair()?;
        Ok((Control::new(near), far.into()))
    }

    /// The end that this process was started with. Its standard input is empty from
    /// then on.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn from_stdin() -> io::Result<Control> {
        Ok(Control::new(os::descriptor::take_stdin()?.into()))
    }

    fn new(socket: UnixStream) -> Control {
        Control {
            socket,
            received: FrameBuffer::default(),
        }
    }

    /// Another handle to this end, to send with while this one receives.
    ///
    /// # Errors
    ///
    /// If the system has no descriptor left.
    pub fn sender(&self) -> io::Result<Control> {
        Ok(Control::new(self.socket.try_clone()?))
    }

    /// Closes the connection for every handle of this end.
    pub fn close(&self) {
        // The other end may have closed it already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Sends a value.
    ///
    /// # Errors
    ///
    /// If the other end has closed, or the value is too long.
    pub fn send(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.socket.write_all(&frames::encode(value)?)
    }

    /// Waits for the next value; none once the other end has closed.
    ///
    /// # Errors
    ///
    /// If a frame is cut, too long, or holds no such value.
    pub fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        loop {
            if let Some(value) = self.next_received()? {
                return Ok(Some(value));
            }
            if !self.read_more()? {
                self.received.finish()?;
                return Ok(None);
            }
        }
    }

    /// Reads the bytes that have arrived, and waits if there are none. Returns
    /// whether the other end is still open.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn read_more(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 << 10];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(count) => {
                    self.received.extend(&buffer[..count]);
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The other end closed with bytes unread.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// The next value among the bytes that were read; none if it is not whole.
    ///
    /// # Errors
    ///
    /// If a frame is too long, or holds no such value.
    pub fn next_received<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        self.received.next_value()
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

    fn pair() -> (Control, Control) {
        let (near, far) = Control::pair().unwrap();
        (near, Control::new(far.into()))
    }

    #[test]
    fn values_arrive_whole_and_in_order_and_then_the_end() {
        let (mut near, mut far) = pair();
        near.send(&"one\ntwo").unwrap();
        near.send(&"three").unwrap();
        drop(near);
        assert_eq!(far.receive().unwrap(), Some("one\ntwo".to_owned()));
        assert_eq!(far.receive().unwrap(), Some("three".to_owned()));
        assert_eq!(far.receive::<String>().unwrap(), None);
        far.send(&"nobody").unwrap_err();
    }

    #[test]
    fn a_frame_that_holds_another_value_is_an_error() {
        let (mut near, mut far) = pair();
        near.send(&"no number").unwrap();
        far.receive::<u32>().unwrap_err();
    }

    #[test]
    fn a_frame_that_is_cut_by_the_end_is_an_error() {
        let (mut near, mut far) = pair();
        let frame = frames::encode(&"text").unwrap();
        near.socket.write_all(&frame[..frame.len() - 1]).unwrap();
        drop(near);
        let error = far.receive::<String>().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
