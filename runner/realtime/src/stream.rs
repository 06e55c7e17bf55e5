//! One connection, over TCP or a pair of sockets: bytes in, whole messages out, and back. Never blocks.
//!
//! Bytes that cannot be written at once wait in the outgoing queue; the owner checks
//! the queue ([`Stream::waiting`]) before it reads more.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use crate::direct::{DirectWriter, Form, write_frame};
use crate::outgoing::{GATHERED, OutgoingQueue, Unsent};
use engine::message::Payload;
use framing::{Decoder, Envelope, Framing, FramingError};
use os::poller::Interest;

/// A connection with a framing.
#[derive(Debug)]
pub struct Stream {
    socket: Arc<TcpStream>,
    framing: Framing,
    decoder: Decoder,
    queue: OutgoingQueue,
    /// Whether the socket is closed for writing.
    broken: bool,
    /// Whether nothing more will be sent; the socket closes once `queue` is empty.
    closing: bool,
    /// Whether reading is suspended.
    paused: bool,
    /// Content the poller watches it for.
    watched: Interest,
    /// Memory that was last noted by [`Stream::note_memory`] `[bytes]`.
    noted_memory: usize,
    /// Set by [`Stream::open_direct`].
    direct: Option<Arc<DirectWriter>>,
}

/// How a read ended.
#[derive(Debug)]
pub enum Reading {
    /// The connection is open; what had arrived is read, or a part of it.
    Open,
    /// The other end has closed, in good order or not.
    Ended,
    /// The caller has interrupted it; whole messages may wait. [`Stream::pass_on`] goes
    /// on with them.
    Interrupted,
    /// The bytes are no frame; the connection cannot be read any more.
    Broken(FramingError),
}

/// The most bytes that are read from one connection before the others are read.
const TURN: usize = 1 << 20;

/// A read of less than this has most likely emptied the socket `[bytes]`.
const SHORT: usize = 2048;

impl Stream {
    /// Wraps a connected socket; makes it non-blocking and without delay.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn new(socket: TcpStream, framing: Framing, max_message: u64) -> io::Result<Stream> {
        // A message is written at once and whole: waiting for more to send with
        // it would only delay it.
        socket.set_nodelay(true)?;
        Stream::over(socket, framing, max_message)
    }

    /// Wraps one end of a pair of sockets; makes it non-blocking.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn local(socket: UnixStream, framing: Framing, max_message: u64) -> io::Result<Stream> {
        // What is called of a socket here is the same for all stream sockets.
        Stream::over(OwnedFd::from(socket).into(), framing, max_message)
    }

    fn over(socket: TcpStream, framing: Framing, max_message: u64) -> io::Result<Stream> {
        socket.set_nonblocking(true)?;
        Ok(Stream {
            socket: Arc::new(socket),
            framing,
            decoder: Decoder::new(framing, max_message),
            queue: OutgoingQueue::default(),
            broken: false,
            closing: false,
            paused: false,
            watched: Interest::READ,
            noted_memory: 0,
            direct: None,
        })
    }

    /// The direct writer of this connection; none if it was returned before. When
    /// it has begun a message, call [`Stream::take_rest`] before anything else is
    /// sent or the stream is closed.
    pub fn open_direct(&mut self, form: Form) -> Option<Arc<DirectWriter>> {
        if self.direct.is_some() {
            return None;
        }
        let direct = DirectWriter::new(self.socket.clone(), form);
        self.direct = Some(Arc::new(direct));
        self.update_direct();
        self.direct.clone()
    }

    /// Where a message ends.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// The address at the other end.
    ///
    /// # Errors
    ///
    /// If the connection is closed.
    pub fn peer(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr()
    }

    /// Reads what has arrived, up to a limit, and calls `message` for each whole
    /// message, until `message` breaks.
    pub fn read(&mut self, mut message: impl FnMut(&[u8]) -> ControlFlow<()>) -> Reading {
        // Whole messages may wait since a reading that was interrupted.
        let mut reading = self.pass_on(&mut message);
        let mut taken = 0;
        while matches!(reading, Reading::Open) && taken < TURN {
            match self.decoder.read_from(&mut &*self.socket) {
                Ok(0) => return self.ended(message),
                Ok(count) => {
                    taken += count;
                    reading = self.pass_on(&mut message);
                    // Most likely that was all; another read costs a call.
                    if count < SHORT || self.decoder.waiting() == 0 {
                        return reading;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Reading::Open,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Reset or timed out: nothing more can arrive.
                Err(_) => return Reading::Ended,
            }
        }
        reading
    }

    /// Calls `message` for each whole message that was read before, until `message`
    /// breaks.
    pub fn pass_on(&mut self, mut message: impl FnMut(&[u8]) -> ControlFlow<()>) -> Reading {
        loop {
            match self.decoder.next_message() {
                Ok(Some(whole)) => {
                    if message(whole).is_break() {
                        return Reading::Interrupted;
                    }
                }
                Ok(None) => return Reading::Open,
                Err(error) => return Reading::Broken(error),
            }
        }
    }

    fn ended(&mut self, mut message: impl FnMut(&[u8]) -> ControlFlow<()>) -> Reading {
        loop {
            match self.decoder.finish() {
                Ok(Some(whole)) => {
                    if message(whole).is_break() {
                        return Reading::Interrupted;
                    }
                }
                Ok(None) => return Reading::Ended,
                Err(error) => return Reading::Broken(error),
            }
        }
    }

    /// Sends the sender's `number`-th message: at once as far as the socket takes
    /// it. [`Stream::take_unsent`] returns it if it never is written.
    ///
    /// # Errors
    ///
    /// If the framing cannot express it; then nothing is sent.
    pub fn send(&mut self, number: u64, message: Payload) -> Result<(), FramingError> {
        self.put(number, message, true)
    }

    /// As [`Stream::send`], but written by the next [`Stream::flush`]: messages that
    /// are sent together are written with one call.
    ///
    /// # Errors
    ///
    /// As [`Stream::send`].
    pub fn send_later(&mut self, number: u64, message: Payload) -> Result<(), FramingError> {
        self.put(number, message, false)
    }

    fn put(&mut self, number: u64, message: Payload, now: bool) -> Result<(), FramingError> {
        let envelope = Envelope::new(self.framing, message.as_slice())?;
        self.put_parts(envelope.head(), number, message, envelope.tail(), now);
        Ok(())
    }

    /// As [`Stream::send`], with a head of the caller's around the message in place of that
    /// of the framing.
    pub fn send_with_head(&mut self, head: &[u8], number: u64, message: Payload) {
        self.put_parts(head, number, message, &[], true);
    }

    fn put_parts(&mut self, head: &[u8], number: u64, message: Payload, tail: &[u8], now: bool) {
        let body = message.as_slice();
        let size = body.len();
        if self.closing || self.broken {
            self.queue.refuse(number, size as u64);
            return;
        }
        let parts = [head, body, tail];
        let done = match now {
            true => self.write_at_once(parts),
            false => 0,
        };
        let end = head.len() + size;
        match message {
            Payload::Block(bytes) if end.saturating_sub(done) > GATHERED => {
                let queue = &mut self.queue;
                queue.push([head, &[], &[]], done.min(head.len()));
                queue.push_whole(bytes.into_vec(), done.saturating_sub(head.len()));
                queue.push([&[], &[], tail], 0);
            }
            _ => self.queue.push(parts, done),
        }
        self.queue.end_message(number, size as u64);
        self.update_direct();
    }

    /// Removes and returns the messages that are not written whole: a caller that
    /// drops the connection counts them as lost.
    pub fn take_unsent(&mut self) -> VecDeque<Unsent> {
        self.queue.take_unsent()
    }

    /// Sends a frame in three parts, with one call if the socket takes it.
    pub fn send_parts(&mut self, head: &[u8], body: &[u8], tail: &[u8]) {
        let parts = [head, body, tail];
        let done = self.write_at_once(parts);
        self.queue.push(parts, done);
        self.update_direct();
    }

    /// Writes as much of a frame as the socket takes now. Returns the number of
    /// bytes.
    fn write_at_once(&mut self, parts: [&[u8]; 3]) -> usize {
        if self.waiting() > 0 {
            return 0;
        }
        write_frame(&self.socket, parts)
    }

    /// Queues the rest of a message that the direct writer has begun.
    pub fn take_rest(&mut self, number: u64, bytes: u64) {
        if let Some(rest) = self.direct.as_ref().map(|direct| direct.take_rest()) {
            if !rest.is_empty() {
                self.queue.push_whole(rest, 0);
            }
            self.queue.end_message(number, bytes);
            self.update_direct();
        }
    }

    /// The direct writer must not overtake the queue, nor write to a connection that
    /// closes.
    fn update_direct(&self) {
        if let Some(direct) = &self.direct {
            direct.set_free(self.waiting() == 0 && !self.closing && !self.broken);
        }
    }

    /// Writes the queue, as far as the socket takes it. A closed socket takes
    /// nothing; that is noticed when reading.
    pub fn flush(&mut self) {
        while self.waiting() > 0 {
            let (pieces, count) = self.queue.first();
            match (&*self.socket).write_vectored(&pieces[..count]) {
                Ok(0) => break,
                Ok(count) => self.queue.written(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.queue.clear();
                    self.broken = true;
                }
            }
        }
        if self.waiting() == 0 && self.closing {
            // Closes our direction; bytes of the other end may still arrive.
            let _ = self.socket.shutdown(Shutdown::Write);
        }
        self.update_direct();
    }

    /// Bytes that wait to be written.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Bytes that ever had to wait to be written, and how many of them do not wait any
    /// more.
    pub fn progress(&self) -> (u64, u64) {
        self.queue.progress()
    }

    /// Bytes that arrived and are not a whole message.
    pub fn arriving(&self) -> &[u8] {
        self.decoder.waiting_bytes()
    }

    /// Memory that the outgoing queue takes, about `[bytes]`.
    pub fn unsent(&self) -> usize {
        self.queue.memory()
    }

    /// Memory for bytes that arrived and are not a whole message `[bytes]`.
    pub fn half_received(&self) -> usize {
        self.decoder.capacity()
    }

    /// Memory that the connection holds, about `[bytes]`.
    pub fn memory(&self) -> usize {
        self.unsent() + self.half_received()
    }

    /// Notes the memory that the connection holds now. Returns what was noted before, and
    /// what is noted now `[bytes]`.
    pub fn note_memory(&mut self) -> (usize, usize) {
        let now = self.memory();
        (std::mem::replace(&mut self.noted_memory, now), now)
    }

    /// Frees memory that holds nothing.
    pub fn shrink(&mut self) {
        self.decoder.shrink();
        self.queue.shrink();
    }

    /// Closes our direction once the queue is empty.
    pub fn close(&mut self) {
        self.closing = true;
        self.flush();
    }

    /// Whether [`Stream::close`] was called.
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// Whether [`Stream::close`] was called and the queue is empty.
    pub fn is_closed(&self) -> bool {
        self.closing && self.waiting() == 0
    }

    /// Whether reading is suspended.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Suspends or resumes reading.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Content the poller must watch it for from now on; none if that is unchanged. A
    /// new stream is watched for reading.
    pub fn changed_interest(&mut self) -> Option<Interest> {
        let interest = Interest {
            read: !self.paused,
            write: self.waiting() > 0,
        };
        let changed = interest != self.watched;
        self.watched = interest;
        changed.then_some(interest)
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::message::Messages;
    use std::io::Read;
    use std::net::TcpListener;

    #[test]
    fn queued_messages_are_written_whole_and_in_order() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (near, _) = listener.accept().unwrap();
        let mut stream = Stream::new(near, Framing::U32be, 1 << 31).unwrap();
        let mut messages = Messages::new();
        let mut expected = Vec::new();
        // More than the system buffers. The large messages find an empty queue, then
        // one with small pieces, then one with large ones.
        let sizes = [9_000_000, 0, 1, 20, 70_000, 3_000, 65_536, 9_000_000, 5];
        for (number, size) in (0..).zip(sizes.iter().cycle().take(36)) {
            let bytes: Vec<u8> = (0..*size).map(|at| (at % 251) as u8 ^ number).collect();
            expected.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
            expected.extend_from_slice(&bytes);
            let id = messages.add(0, 1, &bytes);
            stream.send(1, messages.take(id).payload).unwrap();
        }
        assert!(stream.waiting() > 0);
        stream.close();
        let mut arrived = Vec::new();
        let mut piece = vec![0; 1 << 20];
        while arrived.len() < expected.len() {
            stream.flush();
            let count = far.read(&mut piece).unwrap();
            assert!(count > 0, "closed before all was written");
            arrived.extend_from_slice(&piece[..count]);
            assert!(stream.waiting() <= expected.len() - arrived.len());
        }
        assert!(arrived == expected);
        assert!(stream.is_closed());
        assert_eq!(far.read(&mut piece).unwrap(), 0);
    }
}
