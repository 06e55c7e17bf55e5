//! How a message gets into a socket without being copied on the way: while the
//! behavior that sends it still lends its bytes.
//!
//! A message that waits must be kept, and so be copied: at 1 MB that copy costs as
//! much as the system takes to move the bytes between two processes. But mostly
//! nothing waits and the socket takes it all at once. So a connection has, beside
//! its [`Stream`](crate::stream::Stream), an outlet, which the engine
//! offers large messages to. It takes one only if nothing that was sent before
//! waits, so that the order is kept; the rest of one that it began goes to the
//! stream before anything else does.

use std::io::{IoSlice, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use engine::transport::{DirectSender, Offer};
use framing::{Envelope, Framing};

/// The outlet of a connection.
#[derive(Debug)]
pub struct SocketOutlet {
    socket: Arc<TcpStream>,
    framing: Framing,
    /// Whether nothing waits to be written and the connection is not closing.
    free: AtomicBool,
    /// What is still to be written of the message that was begun.
    rest: Mutex<Vec<u8>>,
}

/// A frame of up to this is copied into one piece to be written: that costs less
/// than to tell the system of three `[bytes]`.
const SMALL: usize = 2048;

impl SocketOutlet {
    /// The outlet of a connection with this framing.
    pub fn new(socket: Arc<TcpStream>, framing: Framing) -> SocketOutlet {
        SocketOutlet {
            socket,
            framing,
            free: AtomicBool::new(false),
            rest: Mutex::default(),
        }
    }

    /// Says whether the next message may be written at once.
    pub fn set_free(&self, free: bool) {
        self.free.store(free, Ordering::Relaxed);
    }

    /// Takes away what is still to be written of the message that was begun.
    pub fn take_rest(&self) -> Vec<u8> {
        std::mem::take(&mut *self.rest.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl DirectSender for SocketOutlet {
    fn offer(&self, message: &[u8]) -> Offer {
        if !self.free.load(Ordering::Relaxed) {
            return Offer::Declined;
        }
        // What no frame can hold is told of where it is carried.
        let Ok(envelope) = Envelope::new(self.framing, message) else {
            return Offer::Declined;
        };
        let parts = [envelope.head(), message, envelope.tail()];
        let mut done = write_frame(&self.socket, parts);
        if done == 0 {
            return Offer::Declined;
        }
        let size: usize = parts.iter().map(|part| part.len()).sum();
        let mut rest = Vec::with_capacity(size - done);
        for part in parts {
            let written = done.min(part.len());
            done -= written;
            rest.extend_from_slice(&part[written..]);
        }
        if rest.is_empty() {
            return Offer::Sent;
        }
        self.set_free(false);
        *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = rest;
        Offer::Started
    }
}

/// Writes as much of a frame as the socket takes now, with one call; answers how
/// much. A socket that is gone takes nothing: reading tells of it.
pub fn write_frame(mut socket: &TcpStream, parts: [&[u8]; 3]) -> usize {
    let size: usize = parts.iter().map(|part| part.len()).sum();
    if size > SMALL {
        let parts = parts.map(IoSlice::new);
        return socket.write_vectored(&parts).unwrap_or(0);
    }
    let mut whole = [0; SMALL];
    let mut end = 0;
    for part in parts {
        whole[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    }
    socket.write(&whole[..end]).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;

    use super::*;
    use crate::stream::Stream;
    use engine::message::Messages;

    fn connection() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (near, _) = listener.accept().unwrap();
        (Stream::new(near, Framing::Line, 1 << 31).unwrap(), far)
    }

    fn message(number: u8, size: usize) -> Vec<u8> {
        (0..size).map(|at| number ^ (at % 8) as u8 | 64).collect()
    }

    #[test]
    fn offered_messages_keep_their_place_among_those_that_wait() {
        let (mut stream, mut far) = connection();
        let outlet = stream.open_outlet().unwrap();
        assert!(stream.open_outlet().is_none(), "one is enough");
        let reader = std::thread::spawn(move || {
            let mut arrived = Vec::new();
            far.read_to_end(&mut arrived).unwrap();
            arrived
        });
        let mut messages = Messages::new();
        let mut expected = Vec::new();
        let mut seen = [0; 3];
        let sizes = [20_000, 9_000_000, 17, 3_000_000, 100_000];
        for (number, size) in (0..).zip(sizes.into_iter().cycle().take(40)) {
            let bytes = message(number, size);
            let offer = outlet.offer(&bytes);
            seen[offer as usize] += 1;
            match offer {
                Offer::Sent => {}
                Offer::Started => {
                    assert_eq!(outlet.offer(&bytes), Offer::Declined, "a rest waits");
                    stream.take_rest(1, bytes.len() as u64);
                }
                Offer::Declined => {
                    let id = messages.add(0, 1, &bytes);
                    stream.send(1, messages.take(id).payload).unwrap();
                }
            }
            expected.extend_from_slice(&bytes);
            expected.push(b'\n');
            // Some find that all is out, others that something waits.
            while number % 3 == 0 && stream.waiting() > 0 {
                stream.flush();
            }
        }
        stream.close();
        while !stream.is_closed() {
            stream.flush();
        }
        assert!(reader.join().unwrap() == expected);
        assert!(seen[Offer::Sent as usize] > 0 && seen[Offer::Declined as usize] > 0);
        assert_eq!(outlet.offer(b"late"), Offer::Declined, "it has closed");
    }

    #[test]
    fn what_a_socket_does_not_take_whole_is_handed_over_as_a_rest() {
        let (mut stream, mut far) = connection();
        let outlet = stream.open_outlet().unwrap();
        // More than the system keeps for a connection that nobody reads from.
        let bytes = message(1, 64 << 20);
        assert_eq!(outlet.offer(&bytes), Offer::Started);
        assert_eq!(stream.waiting(), 0);
        stream.take_rest(1, bytes.len() as u64);
        assert!((1..bytes.len()).contains(&stream.waiting()));
        let mut arrived = vec![0; bytes.len() + 1];
        let mut count = 0;
        while count < arrived.len() {
            stream.flush();
            count += far.read(&mut arrived[count..]).unwrap();
        }
        assert!(arrived.starts_with(&bytes) && arrived.ends_with(b"\n"));
        assert_eq!(outlet.offer(b"more"), Offer::Sent);
    }

    #[test]
    fn what_no_frame_can_hold_is_left_to_be_told_of() {
        let (mut stream, _far) = connection();
        let outlet = stream.open_outlet().unwrap();
        assert_eq!(outlet.offer(b"one\ntwo"), Offer::Declined);
    }
}
