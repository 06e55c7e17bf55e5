//! The bytes that arrived and are not part of a message yet.
//!
//! A buffer is one allocation. Bytes are added at its end and taken at its front. The
//! rest is moved to the front only after at least as many bytes were taken, so that
//! each byte is moved a bounded number of times, however small the pieces are. The
//! allocation doubles when it is full, so it is at most a small multiple of the
//! bytes that arrived. It is freed when messages are small again.

use std::ops::Range;

/// The bytes that arrived and were not taken yet.
#[derive(Debug, Default)]
pub struct Buffer {
    /// The allocation. The waiting bytes are `start..end`; the others have no meaning.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Maximum number of waiting bytes since the buffer was last empty.
    peak: usize,
}

/// Size of the first allocation `[bytes]`. One page, so that thousands of idle
/// connections need little memory. Arbitrary.
pub const FIRST: usize = 4096;

/// An allocation up to this size may double beyond what a frame needs: bytes of the next
/// frame are then read with the same call `[bytes]`. Arbitrary.
const LARGE: usize = 1 << 20;

/// An allocation up to this size is never freed `[bytes]`. Arbitrary.
const KEPT: usize = 64 << 10;

impl Buffer {
    /// The waiting bytes.
    pub fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Number of waiting bytes.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Size of the allocation `[bytes]`.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Frees the allocation if no byte waits.
    pub fn shrink(&mut self) {
        if self.start == self.end {
            *self = Buffer::default();
        }
    }

    /// Space for new bytes, at least `size` long. The caller writes bytes to it, and
    /// then calls [`Buffer::arrived`]. The allocation doubles when it is full, but a large
    /// one gets no more than `most` waiting bytes need: its memory is touched, and that
    /// costs as much time as to receive the bytes.
    pub fn room(&mut self, size: usize, most: usize) -> &mut [u8] {
        if self.start == self.end {
            // A peak of 0 does not tell the size of messages.
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
            let most = self.start.saturating_add(most.max(LARGE));
            let needed = self.end.saturating_add(size).max(doubled.min(most));
            self.bytes.reserve_exact(needed - self.bytes.len());
            self.bytes.resize(needed, 0);
        }
        &mut self.bytes[self.end..]
    }

    /// Adds the first `count` bytes of [`Buffer::room`] to the waiting bytes.
    ///
    /// # Panics
    /// Panics if the room was smaller.
    pub fn arrived(&mut self, count: usize) {
        self.end += count;
        assert!(self.end <= self.bytes.len(), "more arrived than had room");
        self.peak = self.peak.max(self.len());
    }

    /// Takes the first `count` bytes. Returns their range for [`Buffer::taken`], which
    /// is valid until the next call of [`Buffer::room`].
    ///
    /// # Panics
    /// Panics if fewer bytes wait.
    pub fn take(&mut self, count: usize) -> Range<usize> {
        let range = self.start..self.start + count;
        assert!(range.end <= self.end, "more taken than waited");
        self.start = range.end;
        range
    }

    /// The bytes of a range that [`Buffer::take`] returned.
    pub fn taken(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(buffer: &mut Buffer, bytes: &[u8]) {
        buffer.room(bytes.len(), usize::MAX)[..bytes.len()].copy_from_slice(bytes);
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
    fn a_large_allocation_grows_no_further_than_to_what_is_expected() {
        let mut buffer = Buffer::default();
        push(&mut buffer, &vec![1; 3 << 20]);
        let expected = (3 << 20) + 21;
        assert!(buffer.room(FIRST, expected).len() >= FIRST);
        assert!(buffer.capacity() <= expected + FIRST);
    }

    #[test]
    fn a_large_allocation_is_kept_while_messages_are_large_and_then_given_back() {
        let mut buffer = Buffer::default();
        for _ in 0..3 {
            push(&mut buffer, &vec![1; 1 << 20]);
            buffer.take(1 << 20);
            // Room for bytes that do not arrive.
            buffer.room(FIRST, usize::MAX);
            assert!(buffer.capacity() >= 1 << 20);
        }
        for _ in 0..3 {
            push(&mut buffer, b"small");
            buffer.take(5);
        }
        assert_eq!(buffer.capacity(), FIRST);
    }
}
