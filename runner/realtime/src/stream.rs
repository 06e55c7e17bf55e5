//! One TCP connection: bytes in, whole messages out, and back. Never blocks.
//!
//! What cannot be written at once waits in memory; how much that is, is for the
//! owner to look at ([`Stream::waiting`]) before it reads more.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use crate::backlog::{Backlog, GATHERED, Unsent};
use crate::outlet::{SocketOutlet, write_frame};
use engine::message::Payload;
use framing::{Decoder, Envelope, Framing, FramingError};
use os::poller::Interest;

/// A connection with a framing.
#[derive(Debug)]
pub struct Stream {
    socket: Arc<TcpStream>,
    framing: Framing,
    decoder: Decoder,
    /// What is still to be written.
    backlog: Backlog,
    /// The socket takes nothing any more.
    broken: bool,
    /// Nothing more will be sent; the socket closes once `backlog` is empty.
    closing: bool,
    /// Nothing is read for now.
    paused: bool,
    /// What it was last said to be watched for.
    watched: Interest,
    /// Where messages may leave without being copied, once somebody asked for it.
    outlet: Option<Arc<SocketOutlet>>,
}

/// How a read ended.
#[derive(Debug)]
pub enum Reading {
    /// All that was there has been read.
    Open,
    /// The other end has closed, in good order or not; no more will come.
    Ended,
    /// What came is no frame; nothing more can be understood.
    Broken(FramingError),
}

/// Bytes read from one connection before the others have their turn.
const TURN: usize = 1 << 20;

/// A read of less than this has most likely emptied the socket `[bytes]`.
const SHORT: usize = 2048;

impl Stream {
    /// A connected socket, made non-blocking and prompt.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn new(socket: TcpStream, framing: Framing, max_message: u64) -> io::Result<Stream> {
        socket.set_nonblocking(true)?;
        // A message is written at once and whole: waiting for more to send with
        // it would only delay it.
        socket.set_nodelay(true)?;
        Ok(Stream {
            socket: Arc::new(socket),
            framing,
            decoder: Decoder::new(framing, max_message),
            backlog: Backlog::default(),
            broken: false,
            closing: false,
            paused: false,
            watched: Interest {
                read: true,
                write: false,
            },
            outlet: None,
        })
    }

    /// Where messages may leave without being copied, if it is asked for first.
    /// What it does not take whole is for [`Stream::take_rest`], before anything
    /// else is sent or the stream closed.
    pub fn open_outlet(&mut self) -> Option<Arc<SocketOutlet>> {
        if self.outlet.is_some() {
            return None;
        }
        let outlet = SocketOutlet::new(self.socket.clone(), self.framing);
        self.outlet = Some(Arc::new(outlet));
        self.tell_outlet();
        self.outlet.clone()
    }

    /// The address at the other end.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn peer(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr()
    }

    /// Reads what is there, up to a turn's worth, and hands each whole message
    /// to `message`.
    pub fn read(&mut self, mut message: impl FnMut(&[u8])) -> Reading {
        let mut taken = 0;
        while taken < TURN {
            match self.decoder.read_from(&mut &*self.socket) {
                Ok(0) => return self.ended(message),
                Ok(count) => {
                    taken += count;
                    loop {
                        match self.decoder.next_message() {
                            Ok(Some(whole)) => message(whole),
                            Ok(None) => break,
                            Err(error) => return Reading::Broken(error),
                        }
                    }
                    // Most likely all that was there; asking costs a call.
                    if count < SHORT || self.decoder.waiting() == 0 {
                        return Reading::Open;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Reading::Open,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Reset, timed out: whatever it is, nothing more comes.
                Err(_) => return Reading::Ended,
            }
        }
        Reading::Open
    }

    fn ended(&mut self, mut message: impl FnMut(&[u8])) -> Reading {
        loop {
            match self.decoder.finish() {
                Ok(Some(whole)) => message(whole),
                Ok(None) => return Reading::Ended,
                Err(error) => return Reading::Broken(error),
            }
        }
    }

    /// Sends a message, the sender's `number`-th: at once as far as the socket
    /// takes it. What never gets out is told by [`Stream::take_unsent`].
    ///
    /// # Errors
    ///
    /// When the framing cannot express it; nothing was sent.
    pub fn send(&mut self, number: u64, message: Payload) -> Result<(), FramingError> {
        self.put(number, message, true)
    }

    /// As [`Stream::send`], but with the next [`Stream::flush`]: messages that are
    /// sent together leave with one call.
    ///
    /// # Errors
    ///
    /// As [`Stream::send`].
    pub fn send_later(&mut self, number: u64, message: Payload) -> Result<(), FramingError> {
        self.put(number, message, false)
    }

    fn put(&mut self, number: u64, message: Payload, now: bool) -> Result<(), FramingError> {
        let body = message.as_slice();
        let envelope = Envelope::new(self.framing, body)?;
        let size = body.len();
        if self.closing || self.broken {
            self.backlog.refuse(number, size as u64);
            return Ok(());
        }
        let parts = [envelope.head(), body, envelope.tail()];
        let done = match now {
            true => self.write_at_once(parts),
            false => 0,
        };
        let head = envelope.head().len();
        let end = head + body.len();
        match message {
            Payload::Block(bytes) if end.saturating_sub(done) > GATHERED => {
                let backlog = &mut self.backlog;
                backlog.keep([envelope.head(), &[], &[]], done.min(head));
                backlog.keep_whole(bytes.into_vec(), done.saturating_sub(head));
                backlog.keep([&[], &[], envelope.tail()], 0);
            }
            _ => self.backlog.keep(parts, done),
        }
        self.backlog.end_message(number, size as u64);
        self.tell_outlet();
        Ok(())
    }

    /// Takes away the messages of which something waits: who gives the connection
    /// up accounts for them.
    pub fn take_unsent(&mut self) -> VecDeque<Unsent> {
        self.backlog.take_unsent()
    }

    /// Sends a frame in three parts, with one call if the socket takes it.
    pub fn send_parts(&mut self, head: &[u8], body: &[u8], tail: &[u8]) {
        let parts = [head, body, tail];
        let done = self.write_at_once(parts);
        self.backlog.keep(parts, done);
        self.tell_outlet();
    }

    /// Writes as much of a frame as the socket takes now; answers how much.
    fn write_at_once(&mut self, parts: [&[u8]; 3]) -> usize {
        if self.waiting() > 0 {
            return 0;
        }
        write_frame(&self.socket, parts)
    }

    /// Takes over what the outlet has begun with: a message of this number and
    /// size.
    pub fn take_rest(&mut self, number: u64, bytes: u64) {
        if let Some(rest) = self.outlet.as_ref().map(|outlet| outlet.take_rest()) {
            self.backlog.keep_whole(rest, 0);
            self.backlog.end_message(number, bytes);
            self.tell_outlet();
        }
    }

    /// The outlet must not overtake what waits, nor write where nothing may follow.
    fn tell_outlet(&self) {
        if let Some(outlet) = &self.outlet {
            outlet.set_free(self.waiting() == 0 && !self.closing && !self.broken);
        }
    }

    /// Writes what waits, as far as the socket takes it. A socket that is gone
    /// takes nothing: reading tells of it.
    pub fn flush(&mut self) {
        while self.waiting() > 0 {
            let (pieces, count) = self.backlog.first();
            match (&*self.socket).write_vectored(&pieces[..count]) {
                Ok(0) => break,
                Ok(count) => self.backlog.written(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.backlog.give_up();
                    self.broken = true;
                }
            }
        }
        if self.waiting() == 0 && self.closing {
            // Ends our direction; the other end's last bytes may still come.
            let _ = self.socket.shutdown(Shutdown::Write);
        }
        self.tell_outlet();
    }

    /// Bytes that wait to be written.
    pub fn waiting(&self) -> usize {
        self.backlog.waiting()
    }

    /// What all that waits takes in memory, about `[bytes]`.
    pub fn burden(&self) -> usize {
        self.backlog.burden()
    }

    /// Closes our direction once what was sent is out.
    pub fn close(&mut self) {
        self.closing = true;
        self.flush();
    }

    /// Whether [`Stream::close`] was called.
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// Whether [`Stream::close`] was called and everything is out.
    pub fn is_closed(&self) -> bool {
        self.closing && self.waiting() == 0
    }

    /// Stops or resumes reading.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// What it is to be watched for from now on, if that has changed. It begins
    /// with being watched for something to read.
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
    fn what_waits_goes_out_whole_and_in_order() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (near, _) = listener.accept().unwrap();
        let mut stream = Stream::new(near, Framing::U32be, 1 << 31).unwrap();
        let mut messages = Messages::new();
        let mut expected = Vec::new();
        // More than the system keeps for a connection; the large ones first meet
        // an empty queue, then one of small pieces, then one another.
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
            assert!(count > 0, "closed before all was out");
            arrived.extend_from_slice(&piece[..count]);
            assert!(stream.waiting() <= expected.len() - arrived.len());
        }
        assert!(arrived == expected);
        assert!(stream.is_closed());
        assert_eq!(far.read(&mut piece).unwrap(), 0);
    }
}
