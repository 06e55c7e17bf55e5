//! One TCP connection: bytes in, whole messages out, and back. Never blocks.
//!
//! What cannot be written at once waits in memory; how much that is, is for the
//! owner to look at ([`Stream::waiting`]) before it reads more.

use std::io::{self, IoSlice, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use crate::driver::poller::Interest;
use crate::framing::{Decoder, Envelope, Framing, FramingError};

/// A connection with a framing.
#[derive(Debug)]
pub struct Stream {
    socket: TcpStream,
    framing: Framing,
    decoder: Decoder,
    /// What is still to be written, from `written` on.
    out: Vec<u8>,
    written: usize,
    /// Nothing more will be sent; the socket closes once `out` is empty.
    closing: bool,
    /// Nothing is read for now.
    paused: bool,
    /// What it was last said to be watched for.
    watched: Interest,
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
            socket,
            framing,
            decoder: Decoder::new(framing, max_message),
            out: Vec::new(),
            written: 0,
            closing: false,
            paused: false,
            watched: Interest {
                read: true,
                write: false,
            },
        })
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
            match self.decoder.read_from(&mut self.socket) {
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
                    if count < SHORT {
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

    /// Sends a message: at once as far as the socket takes it.
    ///
    /// # Errors
    ///
    /// When the framing cannot express it; nothing was sent.
    pub fn send(&mut self, message: &[u8]) -> Result<(), FramingError> {
        let envelope = Envelope::new(self.framing, message)?;
        if !self.closing {
            self.send_parts(envelope.head(), message, envelope.tail());
        }
        Ok(())
    }

    /// Sends a frame in three parts, with one call if the socket takes it.
    pub fn send_parts(&mut self, head: &[u8], body: &[u8], tail: &[u8]) {
        let mut done = 0;
        if self.waiting() == 0 {
            let parts = [head, body, tail].map(IoSlice::new);
            done = self.socket.write_vectored(&parts).unwrap_or(0);
        }
        for part in [head, body, tail] {
            let written = done.min(part.len());
            self.out.extend_from_slice(&part[written..]);
            done -= written;
        }
    }

    /// Writes what waits, as far as the socket takes it. A socket that is gone
    /// takes nothing: reading tells of it.
    pub fn flush(&mut self) {
        while self.written < self.out.len() {
            match self.socket.write(&self.out[self.written..]) {
                Ok(0) => break,
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.written = self.out.len();
                    break;
                }
            }
        }
        if self.written == self.out.len() {
            self.out.clear();
            self.written = 0;
            if self.out.capacity() > TURN {
                self.out.shrink_to(TURN);
            }
            if self.closing {
                // Ends our direction; the other end's last bytes may still come.
                let _ = self.socket.shutdown(Shutdown::Write);
            }
        } else if self.written > TURN {
            self.out.drain(..self.written);
            self.written = 0;
        }
    }

    /// Bytes that wait to be written.
    pub fn waiting(&self) -> usize {
        self.out.len() - self.written
    }

    /// Closes our direction once what was sent is out.
    pub fn close(&mut self) {
        self.closing = true;
        self.flush();
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
