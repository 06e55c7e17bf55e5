//! Outgoing frames with their recipients. Their bytes are in one buffer that is reused.

use crate::Session;

/// Outgoing frames in order.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    /// The recipient of each frame, and where the frame ends.
    frames: Vec<(Session, usize)>,
}

impl Outbox {
    /// Adds a frame. `write` must append its bytes to the buffer.
    pub fn add(&mut self, to: Session, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.frames.push((to, self.bytes.len()));
    }

    /// The bytes of the frame that was added last.
    pub fn last(&self) -> &[u8] {
        let begin = match self.frames.len() {
            0 | 1 => 0,
            count => self.frames[count - 2].1,
        };
        &self.bytes[begin..]
    }

    /// The frames.
    pub fn iter(&self) -> impl Iterator<Item = (Session, &[u8])> {
        let mut begin = 0;
        self.frames.iter().map(move |&(to, end)| {
            let frame = &self.bytes[begin..end];
            begin = end;
            (to, frame)
        })
    }

    /// Removes all frames; the memory is kept.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.frames.clear();
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_returned_in_order() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.last(), b"");
        for (to, text) in [(7, "one"), (3, ""), (7, "three")] {
            outbox.add(to, |bytes| bytes.extend_from_slice(text.as_bytes()));
            assert_eq!(outbox.last(), text.as_bytes());
        }
        let frames: Vec<_> = outbox.iter().collect();
        assert_eq!(frames, [(7, &b"one"[..]), (3, b""), (7, b"three")]);
        outbox.clear();
        assert!(outbox.is_empty());
        assert_eq!(outbox.iter().count(), 0);
    }
}
