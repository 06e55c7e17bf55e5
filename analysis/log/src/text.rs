//! The text of a log that is not written to its file yet.

/// A text that grows at its end. All bytes of its memory have a value, so that a row is
/// written in its place: nobody clears the room before, or copies the row into it.
#[derive(Clone, Debug, Default)]
pub struct LogText {
    bytes: Vec<u8>,
    len: usize,
    /// The length at which the text will be written to its file and cleared, if it is known
    /// `[bytes]`.
    limit: Option<usize>,
}

/// The least size of the memory after it grew `[bytes]`. Arbitrary.
const LEAST: usize = 256;
/// Room for the row that reaches the limit `[bytes]`; longer ones make the memory grow.
const LAST_ROW: usize = 1024;

impl LogText {
    /// This text, which will be written and cleared once it is so long `[bytes]`.
    pub(super) fn with_limit(text: Vec<u8>, limit: usize) -> LogText {
        LogText {
            len: text.len(),
            bytes: text,
            limit: Some(limit),
        }
    }

    /// The text.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Its length `[bytes]`.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Removes the text and keeps the memory.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// The memory behind the text, of at least this size `[bytes]`.
    #[inline]
    pub(super) fn room(&mut self, size: usize) -> &mut [u8] {
        if self.bytes.len() - self.len < size {
            self.grow(size);
        }
        &mut self.bytes[self.len..]
    }

    /// So many bytes behind the text are text, too.
    #[inline]
    pub(super) fn advance(&mut self, size: usize) {
        self.len += size;
    }

    /// Four times the memory, so that little is copied; no more than a text with a limit
    /// needs.
    #[cold]
    fn grow(&mut self, size: usize) {
        let more = (4 * self.bytes.len()).max(LEAST);
        let most = self.limit.map(|limit| limit + LAST_ROW.min(limit / 2));
        let more = most.filter(|&most| more >= most / 2).unwrap_or(more);
        let size = more.max(self.len + size);
        let mut longer = vec![0; size];
        longer[..self.len].copy_from_slice(self.as_slice());
        self.bytes = longer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_when_the_memory_grows_and_goes_when_it_is_cleared() {
        let mut text = LogText::with_limit(b"head,".to_vec(), 405);
        for round in 0..200u8 {
            let room = text.room(100);
            assert!(room.len() >= 100);
            room[..3].copy_from_slice(&[b'0' + round % 10, b',', b'x']);
            text.advance(2);
        }
        let written = text.as_slice();
        assert_eq!((written.len(), text.len()), (405, 405));
        assert!(written.starts_with(b"head,0,1,2,") && written.ends_with(b"8,9,"));
        assert_eq!(
            text.bytes.len(),
            405 + 202,
            "half as much again for the last row"
        );
        text.clear();
        assert!(text.is_empty() && text.as_slice().is_empty());
    }
}
