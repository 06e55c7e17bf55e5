//! Writes a message to a socket without copying it: while the behavior that sends
//! the message still lends its bytes.
//!
//! A message that waits in the outgoing queue has been copied: at 1 MB the copy
//! costs as much as the system takes to move the bytes between two processes. But
//! mostly the queue is empty and the socket takes the whole message at once. So a
//! connection has, beside its [`Stream`](crate::stream::Stream), a direct writer,
//! to which the engine offers large messages. It takes a message only if the queue
//! is empty, so that messages keep their order. If the socket takes only a part,
//! the rest goes to the queue before anything else does.

use std::io::{IoSlice, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::link_frame::{FrameHead, FrameKind};
use crate::links::MAX_MESSAGE;
use base::time::SimTime;
use engine::transport::{DirectSender, Offer};
use framing::{Envelope, Framing};

/// What is written around a message.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// What the framing of a client asks for.
    Framing(Framing),
    /// The head of a frame between two nodes.
    Link {
        /// The node that sends.
        from: u32,
        /// The node that receives.
        to: u32,
    },
}

/// The direct writer of a connection.
#[derive(Debug)]
pub struct DirectWriter {
    socket: Arc<TcpStream>,
    form: Form,
    /// Whether the outgoing queue is empty and the connection is not closing.
    free: AtomicBool,
    /// The unwritten rest of the last message.
    rest: Mutex<Vec<u8>>,
}

/// A frame of up to this size is copied into one piece: that costs less than to
/// pass three pieces to the system `[bytes]`.
const SMALL: usize = 2048;

impl DirectWriter {
    /// The direct writer of a connection.
    pub fn new(socket: Arc<TcpStream>, form: Form) -> DirectWriter {
        DirectWriter {
            socket,
            form,
            free: AtomicBool::new(false),
            rest: Mutex::default(),
        }
    }

    /// Sets whether the next message may be written at once.
    pub fn set_free(&self, free: bool) {
        self.free.store(free, Ordering::Relaxed);
    }

    /// Removes and returns the unwritten rest of the last message.
    pub fn take_rest(&self) -> Vec<u8> {
        std::mem::take(&mut *self.rest.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl DirectSender for DirectWriter {
    fn offer(&self, number: u64, now: SimTime, message: &[u8]) -> Offer {
        if !self.free.load(Ordering::Relaxed) {
            return Offer::Declined;
        }
        let (of_client, of_link);
        let (head, tail) = match self.form {
            Form::Framing(framing) => {
                // A message that the framing cannot express is reported by the stream.
                let Ok(envelope) = Envelope::new(framing, message) else {
                    return Offer::Declined;
                };
                of_client = envelope;
                (of_client.head(), of_client.tail())
            }
            Form::Link { from, to } => {
                if message.len() as u64 > MAX_MESSAGE {
                    return Offer::Declined;
                }
                let kind = FrameKind::Message;
                let head = FrameHead {
                    kind,
                    from,
                    to,
                    number,
                    sent: now,
                };
                of_link = head.with_length(message.len());
                (&of_link[..], &[][..])
            }
        };
        let parts = [head, message, tail];
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
        // The run counts the frames between nodes, also those without a rest.
        if rest.is_empty() && matches!(self.form, Form::Framing(_)) {
            return Offer::Sent;
        }
        self.set_free(false);
        *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = rest;
        Offer::Started
    }
}

/// Writes as much of a frame as the socket takes now, with one call. Returns the
/// number of bytes written: 0 for a closed socket, which is noticed when reading.
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
        connection_with(Framing::Line)
    }

    fn connection_with(framing: Framing) -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (near, _) = listener.accept().unwrap();
        (Stream::new(near, framing, 1 << 31).unwrap(), far)
    }

    fn message(number: u8, size: usize) -> Vec<u8> {
        (0..size).map(|at| number ^ (at % 8) as u8 | 64).collect()
    }

    #[test]
    fn offered_messages_keep_their_order_among_those_that_wait() {
        let (mut stream, mut far) = connection();
        let writer = stream.open_direct(Form::Framing(Framing::Line)).unwrap();
        assert!(
            stream.open_direct(Form::Framing(Framing::Line)).is_none(),
            "one is enough"
        );
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
            let offer = writer.offer(1, SimTime(5), &bytes);
            seen[offer as usize] += 1;
            match offer {
                Offer::Sent => {}
                Offer::Started => {
                    assert_eq!(
                        writer.offer(1, SimTime(5), &bytes),
                        Offer::Declined,
                        "a rest waits"
                    );
                    stream.take_rest(1, bytes.len() as u64);
                }
                Offer::Declined => {
                    let id = messages.add(0, 1, &bytes);
                    stream.send(1, messages.take(id).payload).unwrap();
                }
            }
            expected.extend_from_slice(&bytes);
            expected.push(b'\n');
            // Some messages find the queue empty, others do not.
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
        assert_eq!(
            writer.offer(1, SimTime(5), b"late"),
            Offer::Declined,
            "it has closed"
        );
    }

    #[test]
    fn the_part_that_a_socket_does_not_take_goes_to_the_queue() {
        let (mut stream, mut far) = connection();
        let writer = stream.open_direct(Form::Framing(Framing::Line)).unwrap();
        // More than the system keeps for a connection that nobody reads from.
        let bytes = message(1, 64 << 20);
        assert_eq!(writer.offer(1, SimTime(5), &bytes), Offer::Started);
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
        assert_eq!(writer.offer(1, SimTime(5), b"more"), Offer::Sent);
    }

    #[test]
    fn frames_between_nodes_arrive_whole_with_their_numbers() {
        let (mut near, far) = connection_with(Framing::U32be);
        let mut far = Stream::new(far, Framing::U32be, 1 << 31).unwrap();
        let writer = near.open_direct(Form::Link { from: 3, to: 4 }).unwrap();
        let sizes = [20_000, 9_000_000, 100_000];
        for (number, size) in (1..).zip(sizes) {
            let bytes = message(number, size);
            let number = u64::from(number);
            // Counted by the run, which also passes on an empty rest.
            assert_eq!(writer.offer(number, SimTime(5), &bytes), Offer::Started);
            near.take_rest(number, size as u64);
            let mut arrived = Vec::new();
            while arrived.is_empty() {
                near.flush();
                far.read(|frame| {
                    arrived.push(frame.to_vec());
                    std::ops::ControlFlow::Continue(())
                });
            }
            let (head, body) = FrameHead::decode(&arrived[0]).unwrap();
            assert_eq!((head.from, head.to, head.number), (3, 4, number));
            assert_eq!(head.sent, SimTime(5));
            assert!(head.kind == FrameKind::Message && body == bytes);
            assert!(near.take_unsent().is_empty());
        }
    }

    #[test]
    fn a_message_that_the_framing_cannot_express_is_not_taken() {
        let (mut stream, _far) = connection();
        let writer = stream.open_direct(Form::Framing(Framing::Line)).unwrap();
        assert_eq!(writer.offer(1, SimTime(5), b"one\ntwo"), Offer::Declined);
    }
}
