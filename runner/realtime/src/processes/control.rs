//! The connection between the runner and one of the processes that run nodes.
//!
//! To a process that the runner starts, it is a socket pair, one end of which is the
//! standard input that the process starts with. No other program can connect to it: it
//! has no address, and the process moves it away from its standard input at once, so
//! that programs that the process starts do not inherit it. To a process that joins from
//! elsewhere, it is a TCP connection, over which both have proved who they are
//! ([`join`](super::join)).
//!
//! It closes when either side ends, for whatever reason. Orders and reports cross it in
//! [`frames`].

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frames::{self, FrameBuffer, FrameError};

/// One end.
#[derive(Debug)]
pub struct Control {
    socket: Socket,
    received: FrameBuffer,
}

#[derive(Debug)]
enum Socket {
    Pair(UnixStream),
    Network(TcpStream),
}

impl Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Pair(socket) => socket.read(buffer),
            Socket::Network(socket) => socket.read(buffer),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Socket::Pair(socket) => socket.write_all(bytes),
            Socket::Network(socket) => socket.write_all(bytes),
        }
    }

    fn try_clone(&self) -> io::Result<Socket> {
        Ok(match self {
            Socket::Pair(socket) => Socket::Pair(socket.try_clone()?),
            Socket::Network(socket) => Socket::Network(socket.try_clone()?),
        })
    }

    fn shutdown(&self) -> io::Result<()> {
        match self {
            Socket::Pair(socket) => socket.shutdown(Shutdown::Both),
            Socket::Network(socket) => socket.shutdown(Shutdown::Both),
        }
    }

    fn set_read_timeout(&self, patience: Option<Duration>) -> io::Result<()> {
        match self {
            Socket::Pair(socket) => socket.set_read_timeout(patience),
            Socket::Network(socket) => socket.set_read_timeout(patience),
        }
    }

    fn set_write_timeout(&self, patience: Option<Duration>) -> io::Result<()> {
        match self {
            Socket::Pair(socket) => socket.set_write_timeout(patience),
            Socket::Network(socket) => socket.set_write_timeout(patience),
        }
    }
}

/// The sending side of an end, for several threads: a value is sent whole.
#[derive(Clone, Debug)]
pub struct Sender(Arc<Mutex<Control>>);

impl Sender {
    /// Sends a value, after those that other threads are sending.
    ///
    /// # Errors
    ///
    /// If the other end has closed, or the value is too long.
    pub fn send(&self, value: &impl Serialize) -> io::Result<()> {
        let mut control = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        control.send(value)
    }

    /// Sends a value, unless another thread is sending one.
    ///
    /// # Errors
    ///
    /// If the other end has closed, or the value is too long.
    pub fn send_if_free(&self, value: &impl Serialize) -> io::Result<()> {
        match self.0.try_lock() {
            Ok(mut control) => control.send(value),
            Err(_) => Ok(()),
        }
    }
}

impl Control {
    /// This end, and the other as the standard input of a process to be started.
    ///
    /// # Errors
    ///
    /// If the system has no descriptor left.
    pub fn pair() -> io::Result<(Control, OwnedFd)> {
        let (near, far) = UnixStream::pair()?;
        Ok((Control::new(Socket::Pair(near)), far.into()))
    }

    /// The end of a TCP connection.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn over(socket: TcpStream) -> io::Result<Control> {
        socket.set_nonblocking(false)?;
        socket.set_nodelay(true)?;
        Ok(Control::new(Socket::Network(socket)))
    }

    /// The end that this process was started with. Its standard input is empty from
    /// then on.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn from_stdin() -> io::Result<Control> {
        let socket = os::descriptor::take_stdin()?.into();
        Ok(Control::new(Socket::Pair(socket)))
    }

    fn new(socket: Socket) -> Control {
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
    pub fn sender(&self) -> io::Result<Sender> {
        let control = Control::new(self.socket.try_clone()?);
        Ok(Sender(Arc::new(Mutex::new(control))))
    }

    /// The addresses of this end and of the other; none of a socket pair.
    pub fn addresses(&self) -> Option<(SocketAddr, SocketAddr)> {
        match &self.socket {
            Socket::Pair(_) => None,
            Socket::Network(socket) => Some((socket.local_addr().ok()?, socket.peer_addr().ok()?)),
        }
    }

    /// From now on, receiving fails after this time without a byte, and sending after
    /// this time in which no byte is taken.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn set_patience(&self, read: Option<Duration>, write: Option<Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(read)?;
        self.socket.set_write_timeout(write)
    }

    /// Refuses frames with a longer value from now on `[bytes]`.
    pub fn limit_frames(&mut self, limit: usize) {
        self.received.limit(limit);
    }

    /// Closes the connection for every handle of this end.
    pub fn close(&self) {
        // The other end may have closed it already.
        let _ = self.socket.shutdown();
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

    /// As [`Control::receive`], but fails if the value is not whole at an instant.
    ///
    /// # Errors
    ///
    /// As [`Control::receive`], and if the value is late.
    pub fn receive_by<T: DeserializeOwned>(&mut self, until: Instant) -> io::Result<Option<T>> {
        loop {
            if let Some(value) = self.next_received()? {
                return Ok(Some(value));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.socket.set_read_timeout(Some(left))?;
            match self.read_more() {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                // The system waits a little less than asked for.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
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
        match &self.socket {
            Socket::Pair(socket) => socket.as_fd(),
            Socket::Network(socket) => socket.as_fd(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Control, Control) {
        let (near, far) = Control::pair().unwrap();
        (near, Control::new(Socket::Pair(far.into())))
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
