//! The outgoing queue of a connection: bytes that wait to be written, and the
//! messages that they belong to, so that each message that is never written can be
//! counted as lost.

use std::collections::VecDeque;
use std::io::IoSlice;

/// Bytes that wait to be written, and their messages.
#[derive(Debug, Default)]
pub struct OutgoingQueue {
    /// No piece is empty.
    pieces: VecDeque<Vec<u8>>,
    /// Bytes of the first piece that have been written.
    written: usize,
    /// Bytes of all pieces that have not been written.
    waiting: usize,
    /// Bytes that ever had to wait.
    queued: u64,
    /// Messages of which some bytes wait, in order, then those that will never be
    /// written.
    unsent: VecDeque<Unsent>,
}

/// A message that is not written yet, or never will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// The sender's number for it.
    pub number: u64,
    /// Its size `[bytes]`.
    pub bytes: u64,
    /// Where it ends among all bytes that ever had to wait, or [`NEVER`].
    end: u64,
}

/// [`Unsent::end`] of a message that is not even queued.
const NEVER: u64 = u64::MAX;

/// Small parts are gathered into pieces of up to this size; a larger part is a
/// piece by itself and is not copied `[bytes]`.
pub const GATHERED: usize = 64 << 10;

/// The most pieces that are written with one call.
pub const PIECES: usize = 16;

impl OutgoingQueue {
    /// Queues some parts, without the first `done` bytes of them all.
    pub fn push(&mut self, parts: [&[u8]; 3], mut done: usize) {
        for part in parts {
            let written = done.min(part.len());
            done -= written;
            let part = &part[written..];
            if part.is_empty() {
                continue;
            }
            self.waiting += part.len();
            self.queued += part.len() as u64;
            match self.pieces.back_mut() {
                Some(last) if last.len() + part.len() <= GATHERED => last.extend_from_slice(part),
                _ => self.pieces.push_back(part.to_vec()),
            }
        }
    }

    /// Queues bytes without copying them, of which `done` are written already: 0
    /// unless the queue is empty.
    pub fn push_whole(&mut self, bytes: Vec<u8>, done: usize) {
        self.waiting += bytes.len() - done;
        self.queued += (bytes.len() - done) as u64;
        if done > 0 {
            self.written = done;
        }
        self.pieces.push_back(bytes);
    }

    /// The sender's `number`-th message ends with the last byte in the queue. It is
    /// written already if the queue is empty.
    pub fn end_message(&mut self, number: u64, bytes: u64) {
        if self.waiting > 0 {
            let end = self.queued;
            self.unsent.push_back(Unsent { number, bytes, end });
        }
    }

    /// Notes a message that will not be written, nor any message after it.
    pub fn refuse(&mut self, number: u64, bytes: u64) {
        let end = NEVER;
        self.unsent.push_back(Unsent { number, bytes, end });
    }

    /// The first pieces, for one call that writes them, and their number.
    pub fn first(&self) -> ([IoSlice<'_>; PIECES], usize) {
        let mut pieces = [IoSlice::new(&[]); PIECES];
        let mut from = self.written;
        for (piece, bytes) in pieces.iter_mut().zip(&self.pieces) {
            *piece = IoSlice::new(&bytes[from..]);
            from = 0;
        }
        (pieces, self.pieces.len().min(PIECES))
    }

    /// Removes the first `count` bytes: they are written.
    pub fn written(&mut self, count: usize) {
        self.waiting -= count;
        self.written += count;
        while let Some(first) = self.pieces.front()
            && self.written >= first.len()
        {
            self.written -= first.len();
            self.pieces.pop_front();
        }
        let out = self.queued - self.waiting as u64;
        while self.unsent.front().is_some_and(|first| first.end <= out) {
            self.unsent.pop_front();
        }
    }

    /// Drops all bytes; their messages stay unsent.
    pub fn clear(&mut self) {
        self.pieces.clear();
        (self.written, self.waiting) = (0, 0);
    }

    /// Removes and returns the messages that are not written.
    pub fn take_unsent(&mut self) -> VecDeque<Unsent> {
        std::mem::take(&mut self.unsent)
    }

    /// Bytes that wait to be written.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Bytes that ever had to wait, and how many of them do not wait any more.
    pub fn progress(&self) -> (u64, u64) {
        (self.queued, self.queued - self.waiting as u64)
    }

    /// Memory in use, about `[bytes]`. A piece is freed once it is written whole, so the
    /// written bytes of the first one count, too.
    pub fn memory(&self) -> usize {
        self.written + self.waiting + self.unsent.len() * size_of::<Unsent>()
    }

    /// Frees the memory of bytes that are written.
    pub fn shrink(&mut self) {
        if let Some(first) = self.pieces.front_mut()
            && self.written > 0
        {
            *first = first[self.written..].to_vec();
            self.written = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsent(queue: &mut OutgoingQueue) -> Vec<(u64, u64)> {
        let left = queue.take_unsent().into_iter();
        left.map(|unsent| (unsent.number, unsent.bytes)).collect()
    }

    /// Three messages, of which the first has begun.
    fn three() -> OutgoingQueue {
        let mut queue = OutgoingQueue::default();
        queue.push([b"4:", b"once", b""], 3);
        queue.end_message(1, 4);
        queue.push_whole(vec![7; 100_000], 0);
        queue.end_message(2, 100_000);
        queue.push([b"0:", b"", b""], 0);
        queue.end_message(3, 0);
        queue
    }

    #[test]
    fn a_message_is_unsent_until_its_last_byte_is_written() {
        for (written, left) in [
            (0, vec![(1, 4), (2, 100_000), (3, 0)]),
            (2, vec![(1, 4), (2, 100_000), (3, 0)]),
            (3, vec![(2, 100_000), (3, 0)]),
            (100_002, vec![(2, 100_000), (3, 0)]),
            (100_003, vec![(3, 0)]),
            (100_005, vec![]),
        ] {
            let mut queue = three();
            assert_eq!(queue.waiting(), 100_005);
            queue.written(written);
            assert_eq!(queue.waiting(), 100_005 - written);
            assert_eq!(unsent(&mut queue), left, "{written} bytes written");
        }
    }

    #[test]
    fn a_refused_message_stays_unsent_though_all_before_it_is_written() {
        let mut queue = three();
        queue.refuse(4, 9);
        queue.written(100_005);
        assert_eq!(unsent(&mut queue), [(4, 9)]);
    }

    #[test]
    fn messages_of_a_cleared_queue_stay_unsent_and_take_no_memory() {
        let mut queue = three();
        queue.clear();
        assert_eq!(queue.waiting(), 0);
        assert_eq!(unsent(&mut queue), [(1, 4), (2, 100_000), (3, 0)]);
        assert_eq!(queue.memory(), 0);
    }

    #[test]
    fn written_bytes_take_memory_until_their_piece_is_freed() {
        let mut queue = OutgoingQueue::default();
        queue.push_whole(vec![7; 1_000_000], 0);
        queue.end_message(1, 1_000_000);
        queue.written(900_000);
        assert!((1_000_000..1_001_000).contains(&queue.memory()));
        queue.shrink();
        assert!((100_000..101_000).contains(&queue.memory()));
        assert_eq!(queue.waiting(), 100_000);
        let (pieces, count) = queue.first();
        assert_eq!((pieces[0].len(), count), (100_000, 1));
        queue.written(99_999);
        assert_eq!(unsent(&mut queue), [(1, 1_000_000)]);
        queue.written(1);
        queue.shrink();
        assert_eq!(queue.memory(), 0);
    }

    #[test]
    fn a_message_that_was_written_at_once_is_not_unsent() {
        let mut queue = OutgoingQueue::default();
        queue.push([b"4:", b"once", b""], 6);
        queue.end_message(1, 4);
        assert_eq!(unsent(&mut queue), []);
    }
}
