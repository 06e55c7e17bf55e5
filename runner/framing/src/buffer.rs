//! Bytes that have arrived and wait to become messages.
//!
//! One allocation, filled at the end and emptied at the front. What is left is
//! moved to the front only when at least as much has been taken, so that each
//! byte is moved a bounded number of times however small the pieces are. The
//! allocation grows by doubling, never past a small multiple of what arrived,
//! and is given back once messages have become small again.

use std::ops::Range;

/// Bytes that have arrived and wait to become messages.
#[derive(Debug, Default)]
pub struct Buffer {
    /// All of it is written to; what counts is `start..end`.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// The most that waited since the buffer was last empty `[bytes]`.
    peak: usize,
}

/// Size of the first allocation `[bytes]`; arbitrary: a page, so that thousands
/// of quiet connections cost little.
pub const FIRST: usize = 4096;

/// An allocation of up to this size is kept for good `[bytes]`; arbitrary.
const KEPT: usize = 64 << 10;

impl Buffer {
    /// What waits.
    pub fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Number of bytes that wait.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Size of the allocation `[bytes]`.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// A place to write arriving bytes to, at least `size` long; follow it by
    /// [`Buffer::arrived`].
    pub fn room(&mut self, size: usize) -> &mut [u8] {
        if self.start == self.end {
            // Where nothing arrived, nothing was learned of the size of messages.
            let small = 0 < self.peak && self.peak < self.bytes.len() / 8;
            if self.bytes.len() > KEPT && small {
                self.bytes = Vec::new();
            }
            (self.start, self.end, self.peak) = (0, 0, 0);
        }
        if self.bytes.len() - self.end < size && self.len() <= self.start {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.len());
        }
        if self.bytes.len() - self.end < size {
            let doubled = self.bytes.len().saturating_mul(2).max(FIRST);
            let needed = self.end.saturating_add(size).max(doubled);
            self.bytes.reserve_exact(needed - self.bytes.len());
            self.bytes.resize(needed, 0);
        }
        &mut self.bytes[self.end..]
    }

    /// The first `count` bytes of the room now count.
    pub fn arrived(&mut self, count: usize) {
        self.end += count;
        assert!(self.end <= self.bytes.len(), "more arrived than had room");
        self.peak = self.peak.max(self.len());
    }

    /// Takes the first `count` bytes; they stand in the answered range, which
    /// [`Buffer::taken`] reads until more arrives.
    pub fn take(&mut self, count: usize) -> Range<usize> {
        let range = self.start..self.start + count;
        assert!(range.end <= self.end, "more taken than waited");
        self.start = range.end;
        range
    }

    /// Bytes that were just taken.
    pub fn taken(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(buffer: &mut Buffer, bytes: &[u8]) {
        buffer.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        buffer.arrived(bytes.len());
    }

    #[test]
    fn bytes_leave_in_the_order_of_their_arrival() {
        let mut buffer = Buffer::default();
        let (mut next, mut expected) = (0_u32, 0_u32);
        for round in 0..3000_usize {
            for _ in 0..round % 71 {
                push(&mut buffer, &next.to_be_bytes());
                next += 1;
            }
            for _ in 0..(round % 67).min(buffer.len() / 4) {
                let range = buffer.take(4);
                assert_eq!(buffer.taken(range), expected.to_be_bytes());
                expected += 1;
            }
        }
        assert!(expected > 90_000);
    }

    #[test]
    fn a_steady_stream_of_small_messages_stays_in_one_small_allocation() {
        let mut buffer = Buffer::default();
        for _ in 0..100_000 {
            push(&mut buffer, &[1; 100]);
            if buffer.len() > 300 {
                buffer.take(100);
            }
        }
        assert_eq!(buffer.capacity(), FIRST);
    }

    #[test]
    fn a_large_allocation_is_kept_while_messages_are_large_and_then_given_back() {
        let mut buffer = Buffer::default();
        for _ in 0..3 {
            push(&mut buffer, &vec![1; 1 << 20]);
            buffer.take(1 << 20);
            // Room for more, of which nothing comes for now.
            buffer.room(FIRST);
            assert!(buffer.capacity() >= 1 << 20);
        }
        for _ in 0..3 {
            push(&mut buffer, b"small");
            buffer.take(5);
        }
        assert_eq!(buffer.capacity(), FIRST);
    }
}
