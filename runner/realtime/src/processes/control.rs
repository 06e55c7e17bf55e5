//! The connection between the runner and one of the processes that run nodes.
//!
//! To a process that the runner starts, it is a socket pair, one end of which is the
//! standard input that the process starts with. No other program can connect to it: it
//! has no address, and the process moves it away from its standard input at once, so
//! that programs that the process starts do not inherit it. To a process that joins from
//! elsewhere, it is a TCP connection, over which both have proved who they are
//! ([`join`](super::join)), and which outlives its sockets (`network.rs`).
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
use super::network::Network;

/// One end.
#[derive(Debug)]
pub struct Control {
    socket: Socket,
    received: FrameBuffer,
    /// Whether the other end has said that it closes, as the system does for a process that
    /// has ended. A reset may come from anybody who has its address now.
    is_ended: bool,
}

#[derive(Debug)]
enum Socket {
    Pair(UnixStream),
    /// What is read from, and what all handles share.
    Network(TcpStream, Arc<Network>),
}

impl Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Pair(socket) => socket.read(buffer),
            Socket::Network(socket, _) => socket.read(buffer),
        }
    }

    fn send(&mut self, frame: Vec<u8>) -> io::Result<()> {
        match self {
            Socket::Pair(socket) => socket.write_all(&frame),
            Socket::Network(_, network) => network.send(frame),
        }
    }

    fn try_clone(&self) -> io::Result<Socket> {
        Ok(match self {
            Socket::Pair(socket) => Socket::Pair(socket.try_clone()?),
            Socket::Network(socket, network) => {
                Socket::Network(socket.try_clone()?, network.clone())
            }
        })
    }

    fn set_read_timeout(&self, patience: Option<Duration>) -> io::Result<()> {
        match self {
            Socket::Pair(socket) => socket.set_read_timeout(patience),
            Socket::Network(socket, _) => socket.set_read_timeout(patience),
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

    /// Waits until the other end has taken everything that was sent before, if it is a
    /// process elsewhere.
    pub fn drain(&self, longest: Duration) {
        if let Some(network) = self.network() {
            network.drain(longest);
        }
    }

    /// Number of values that were sent to a process elsewhere; otherwise 0.
    pub fn sent(&self) -> u64 {
        self.network().map_or(0, |network| network.sent())
    }

    /// How many of them it has acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.network().map_or(0, |network| network.acknowledged())
    }

    fn network(&self) -> Option<Arc<Network>> {
        let control = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &control.socket {
            Socket::Pair(_) => None,
            Socket::Network(_, network) => Some(network.clone()),
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
        let network = Arc::new(Network::new(socket.try_clone()?));
        Ok(Control::new(Socket::Network(socket, network)))
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
            is_ended: false,
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
            Socket::Network(socket, _) => {
                Some((socket.local_addr().ok()?, socket.peer_addr().ok()?))
            }
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
        match &self.socket {
            Socket::Pair(socket) => socket.set_write_timeout(write),
            Socket::Network(socket, network) => {
                network.set_patience(write);
                socket.set_write_timeout(write)
            }
        }
    }

    /// How long receiving waits for a byte; none: for as long as it takes.
    pub fn patience(&self) -> Option<Duration> {
        let patience = match &self.socket {
            Socket::Pair(socket) => socket.read_timeout(),
            Socket::Network(socket, _) => socket.read_timeout(),
        };
        patience.unwrap_or(None)
    }

    /// From now on the connection outlives its sockets; frames are counted from here. Both
    /// ends must do this after the same frame. `waits`: sending waits if the other end has
    /// not taken much of what was sent; then another thread must receive.
    pub fn outlast(&mut self, waits: bool) {
        self.received.taken = 0;
        if let Socket::Network(_, network) = &self.socket {
            network.outlast(waits);
        }
    }

    /// What goes on with this connection over another socket.
    pub fn line(&self) -> Option<Line> {
        match &self.socket {
            Socket::Pair(_) => None,
            Socket::Network(_, network) => Some(Line(network.clone())),
        }
    }

    /// The socket of this handle is closed. Returns whether another may follow.
    pub fn lose(&self) -> bool {
        let Socket::Network(_, network) = &self.socket else {
            return false;
        };
        network.lose();
        network.outlasts()
    }

    /// Whether the connection was lost because the other end closed it, and not by a reset or
    /// because the network failed.
    pub fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Whether another socket has come; [`Control::renew`] takes it.
    pub fn is_renewed(&self) -> bool {
        match &self.socket {
            Socket::Pair(_) => false,
            Socket::Network(_, network) => network.has_successor(),
        }
    }

    /// Goes on with another socket, if one has come. Returns where it comes from.
    pub fn renew(&mut self) -> Option<SocketAddr> {
        let Socket::Network(socket, network) = &mut self.socket else {
            return None;
        };
        let successor = network.take_successor()?;
        *socket = successor.reader;
        self.is_ended = false;
        let taken = self.received.taken;
        let acknowledged = self.received.acknowledged;
        self.received = successor.received;
        self.received.limit(frames::MAX_BODY);
        self.received.known = taken - successor.before.min(taken);
        self.received.taken = taken;
        self.received.acknowledged = acknowledged;
        Some(successor.from)
    }

    /// Tells the other end what was taken.
    pub fn acknowledge(&self) {
        if let Socket::Network(_, network) = &self.socket {
            network.acknowledge();
        }
    }

    /// Refuses frames with a longer value from now on `[bytes]`.
    pub fn limit_frames(&mut self, limit: usize) {
        self.received.limit(limit);
    }

    /// Closes the connection for every handle of this end.
    pub fn close(&self) {
        match &self.socket {
            // The other end may have closed it already.
            Socket::Pair(socket) => drop(socket.shutdown(Shutdown::Both)),
            Socket::Network(_, network) => network.close(),
        }
    }

    /// Sends a value.
    ///
    /// # Errors
    ///
    /// If the other end has closed, or the value is too long.
    pub fn send(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.socket.send(frames::encode(value)?)
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
                    self.is_ended = count == 0;
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
        let value = self.received.next_value();
        if let Socket::Network(_, network) = &self.socket {
            network.note(&self.received);
        }
        value
    }
}

/// A connection, for whoever finds another socket for it.
#[derive(Clone, Debug)]
pub struct Line(Arc<Network>);

impl Line {
    /// Number of frames that were taken here.
    pub fn taken(&self) -> u64 {
        self.0.taken()
    }

    /// Whether another socket may follow.
    pub fn is_open(&self) -> bool {
        self.0.outlasts()
    }

    /// Goes on over the socket of `other`, over which both ends have proved again who they
    /// are. `theirs` is how many frames the other end has taken, `told` how many it was told
    /// that were taken here. Returns false if the connection was closed meanwhile.
    pub fn go_on(&self, other: Control, theirs: u64, told: u64) -> bool {
        match other.socket {
            Socket::Pair(_) => false,
            Socket::Network(socket, _) => self.0.go_on(socket, other.received, theirs, told),
        }
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Pair(socket) => socket.as_fd(),
            Socket::Network(socket, _) => socket.as_fd(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest wait of a test.
    const LONG: Duration = Duration::from_secs(60);

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

    /// Both ends of a connection over TCP that outlives its sockets.
    fn lasting() -> (Control, Control) {
        let (mut near, mut far) = connected();
        near.outlast(true);
        far.outlast(false);
        (near, far)
    }

    fn connected() -> (Control, Control) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let far = listener.accept().unwrap().0;
        (Control::over(near).unwrap(), Control::over(far).unwrap())
    }

    #[test]
    fn frames_come_once_and_in_order_over_however_many_sockets() {
        let (mut near, mut far) = lasting();
        let (mut sent, mut taken) = (0u32, Vec::new());
        for round in 0..20u32 {
            for _ in 0..round {
                near.send(&sent).unwrap();
                sent += 1;
            }
            // A part of them arrives, and is taken in part before the socket is lost.
            if round % 3 > 0 {
                far.read_more().unwrap();
            }
            for _ in 0..round % 4 {
                taken.extend(far.next_received::<u32>().unwrap());
            }
            if round % 2 == 0 {
                far.acknowledge();
            }
            // What `far` says that it has taken is old by the time at which it goes on.
            let (told, theirs) = (far.line().unwrap().taken(), near.line().unwrap().taken());
            taken.extend(far.next_received::<u32>().unwrap());
            assert!(near.lose());
            near.send(&sent).unwrap();
            sent += 1;
            let (new_near, new_far) = connected();
            assert!(far.line().unwrap().go_on(new_far, theirs, told));
            assert!(near.line().unwrap().go_on(new_near, told, theirs));
            assert!(near.renew().is_some() && far.renew().is_some());
        }
        while taken.len() < sent as usize {
            taken.extend(far.receive_by::<u32>(Instant::now() + LONG).unwrap());
        }
        assert_eq!(taken, (0..sent).collect::<Vec<u32>>());
        far.acknowledge();
        near.set_patience(Some(Duration::from_millis(20)), None)
            .unwrap();
        near.receive::<u32>().unwrap_err();
        near.sender().unwrap().drain(LONG);
        far.close();
        assert!(!far.line().unwrap().is_open());
        far.send(&1u32).unwrap_err();
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
        near.socket.send(frame[..frame.len() - 1].to_vec()).unwrap();
        drop(near);
        let error = far.receive::<String>().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
