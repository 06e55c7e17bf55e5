//! What a connection has still to write: bytes in pieces, and which messages they
//! belong to, so that whoever gives the connection up can account for each.

use std::collections::VecDeque;
use std::io::IoSlice;

/// Bytes that wait to be written, and the messages that they end.
#[derive(Debug, Default)]
pub struct Backlog {
    /// None is empty.
    pieces: VecDeque<Vec<u8>>,
    /// Bytes of the first piece that have been written.
    written: usize,
    /// Bytes of all pieces that have not.
    waiting: usize,
    /// Bytes that ever had to wait.
    kept: u64,
    /// Messages of which something waits, in order, then those that never will be
    /// written.
    unsent: VecDeque<Unsent>,
}

/// A message that is not out yet, or never will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// The sender's number for it.
    pub number: u64,
    /// Its size `[bytes]`.
    pub bytes: u64,
    /// Where it ends among all bytes that had to wait; [`NEVER`].
    end: u64,
}

/// [`Unsent::end`] of a message that is not even kept.
const NEVER: u64 = u64::MAX;

/// What waits is gathered into pieces of up to this; what is larger waits as it
/// is and is not copied `[bytes]`.
pub const GATHERED: usize = 64 << 10;

/// Pieces that are written with one call.
pub const PIECES: usize = 16;

impl Backlog {
    /// Keeps what is to be written of some parts, the first `done` bytes of all
    /// left out.
    pub fn keep(&mut self, parts: [&[u8]; 3], mut done: usize) {
        for part in parts {
            let written = done.min(part.len());
            done -= written;
            let part = &part[written..];
            if part.is_empty() {
                continue;
            }
            self.waiting += part.len();
            self.kept += part.len() as u64;
            match self.pieces.back_mut() {
                Some(last) if last.len() + part.len() <= GATHERED => last.extend_from_slice(part),
                _ => self.pieces.push_back(part.to_vec()),
            }
        }
    }

    /// Keeps bytes as they are, `done` of them written: none unless they are the
    /// first that wait.
    pub fn keep_whole(&mut self, bytes: Vec<u8>, done: usize) {
        self.waiting += bytes.len() - done;
        self.kept += (bytes.len() - done) as u64;
        if done > 0 {
            self.written = done;
        }
        self.pieces.push_back(bytes);
    }

    /// A message, the sender's `number`-th, ends with what is kept by now. It is
    /// out if nothing waits.
    pub fn end_message(&mut self, number: u64, bytes: u64) {
        if self.waiting > 0 {
            let end = self.kept;
            self.unsent.push_back(Unsent { number, bytes, end });
        }
    }

    /// A message will not be written; no other will after it.
    pub fn refuse(&mut self, number: u64, bytes: u64) {
        let end = NEVER;
        self.unsent.push_back(Unsent { number, bytes, end });
    }

    /// The first pieces, as one call writes them, and how many there are.
    pub fn first(&self) -> ([IoSlice<'_>; PIECES], usize) {
        let mut pieces = [IoSlice::new(&[]); PIECES];
        let mut from = self.written;
        for (piece, bytes) in pieces.iter_mut().zip(&self.pieces) {
            *piece = IoSlice::new(&bytes[from..]);
            from = 0;
        }
        (pieces, self.pieces.len().min(PIECES))
    }

    /// So many bytes more are out.
    pub fn written(&mut self, count: usize) {
        self.waiting -= count;
        self.written += count;
        while let Some(first) = self.pieces.front()
            && self.written >= first.len()
        {
            self.written -= first.len();
            self.pieces.pop_front();
        }
        let out = self.kept - self.waiting as u64;
        while self.unsent.front().is_some_and(|first| first.end <= out) {
            self.unsent.pop_front();
        }
    }

    /// Nothing of what waits will be written; its messages stay unsent.
    pub fn give_up(&mut self) {
        self.pieces.clear();
        (self.written, self.waiting) = (0, 0);
    }

    /// Takes away the messages that are not out.
    pub fn take_unsent(&mut self) -> VecDeque<Unsent> {
        std::mem::take(&mut self.unsent)
    }

    /// Bytes that wait to be written.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// What all of it takes in memory, about `[bytes]`.
    pub fn burden(&self) -> usize {
        self.waiting + self.unsent.len() * size_of::<Unsent>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsent(backlog: &mut Backlog) -> Vec<(u64, u64)> {
        let left = backlog.take_unsent().into_iter();
        left.map(|unsent| (unsent.number, unsent.bytes)).collect()
    }

    /// Three messages, of which the first has begun.
    fn three() -> Backlog {
        let mut backlog = Backlog::default();
        backlog.keep([b"4:", b"once", b""], 3);
        backlog.end_message(1, 4);
        backlog.keep_whole(vec![7; 100_000], 0);
        backlog.end_message(2, 100_000);
        backlog.keep([b"0:", b"", b""], 0);
        backlog.end_message(3, 0);
        backlog
    }

    #[test]
    fn a_message_is_unsent_until_its_last_byte_is_out() {
        for (written, left) in [
            (0, vec![(1, 4), (2, 100_000), (3, 0)]),
            (2, vec![(1, 4), (2, 100_000), (3, 0)]),
            (3, vec![(2, 100_000), (3, 0)]),
            (100_002, vec![(2, 100_000), (3, 0)]),
            (100_003, vec![(3, 0)]),
            (100_005, vec![]),
        ] {
            let mut backlog = three();
            assert_eq!(backlog.waiting(), 100_005);
            backlog.written(written);
            assert_eq!(backlog.waiting(), 100_005 - written);
            assert_eq!(unsent(&mut backlog), left, "{written} bytes out");
        }
    }

    #[test]
    fn what_is_refused_never_is_out_though_all_before_it_is() {
        let mut backlog = three();
        backlog.refuse(4, 9);
        backlog.written(100_005);
        assert_eq!(unsent(&mut backlog), [(4, 9)]);
    }

    #[test]
    fn what_is_given_up_stays_unsent_and_takes_no_room() {
        let mut backlog = three();
        backlog.give_up();
        assert_eq!(backlog.waiting(), 0);
        assert_eq!(unsent(&mut backlog), [(1, 4), (2, 100_000), (3, 0)]);
        assert_eq!(backlog.burden(), 0);
    }

    #[test]
    fn a_message_that_waits_for_nothing_is_out() {
        let mut backlog = Backlog::default();
        backlog.keep([b"4:", b"once", b""], 6);
        backlog.end_message(1, 4);
        assert_eq!(unsent(&mut backlog), []);
    }
}
