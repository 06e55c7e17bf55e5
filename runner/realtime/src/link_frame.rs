//! Frames between the nodes of a run over sockets. Beside the bytes of a message a
//! frame carries the sender's number for it, and the sender's time.
//!
//! A frame is a u32 length of what follows, then kind (1 byte), sender and
//! receiver (u32 each), the message's number and the time (u64 each), all big-endian, and the
//! message's bytes. A datagram is a frame without the length.
//!
//! The clocks of two machines differ a little. The receiver's time becomes at least a
//! nanosecond more than the sender's, so that in the logs nothing is received before it was
//! sent (Kulkarni et al., "Logical Physical Clocks", 2014; without the counter, since no two
//! messages of a node need to differ).

use base::time::SimTime;

/// Content a frame reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A message.
    Message,
    /// The connection between the two nodes closes.
    Close,
    /// The connection opens again.
    Open,
    /// A message was lost; the frame holds its size (u64) in place of its bytes.
    Lost,
    /// The sender's run is over: no more frames follow on this connection.
    End,
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Content the frame reports.
    pub kind: FrameKind,
    /// The node that sends.
    pub from: u32,
    /// The node that receives.
    pub to: u32,
    /// The sender's number for the message; 0 if the frame holds no message.
    pub number: u64,
    /// True time by the sender's clock when it was sent.
    pub sent: SimTime,
}

/// Size of a head without the length before it `[bytes]`.
pub const HEAD: usize = 25;

/// Size of the length `[bytes]`.
pub const LENGTH: usize = 4;

impl FrameHead {
    /// Length and head of a frame with a message of `body` bytes.
    pub fn with_length(&self, body: usize) -> [u8; LENGTH + HEAD] {
        let mut bytes = [0; LENGTH + HEAD];
        bytes[..LENGTH].copy_from_slice(&((HEAD + body) as u32).to_be_bytes());
        bytes[LENGTH..].copy_from_slice(&self.encode());
        bytes
    }

    /// The head without a length, for a datagram.
    pub fn encode(&self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        bytes[0] = match self.kind {
            FrameKind::Message => 0,
            FrameKind::Close => 1,
            FrameKind::Open => 2,
            FrameKind::Lost => 3,
            FrameKind::End => 4,
        };
        bytes[1..5].copy_from_slice(&self.from.to_be_bytes());
        bytes[5..9].copy_from_slice(&self.to.to_be_bytes());
        bytes[9..17].copy_from_slice(&self.number.to_be_bytes());
        bytes[17..25].copy_from_slice(&self.sent.0.to_be_bytes());
        bytes
    }

    /// Head and message of a frame; none if the bytes are no frame.
    pub fn decode(frame: &[u8]) -> Option<(FrameHead, &[u8])> {
        let (head, body) = frame.split_at_checked(HEAD)?;
        let number = |range: std::ops::Range<usize>| {
            head[range]
                .iter()
                .fold(0u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let kind = match head[0] {
            0 => FrameKind::Message,
            1 => FrameKind::Close,
            2 => FrameKind::Open,
            3 => FrameKind::Lost,
            4 => FrameKind::End,
            _ => return None,
        };
        let head = FrameHead {
            kind,
            from: number(1..5) as u32,
            to: number(5..9) as u32,
            number: number(9..17),
            sent: SimTime(number(17..25)),
        };
        Some((head, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_decodes_to_what_was_encoded() {
        for kind in [
            FrameKind::Message,
            FrameKind::Close,
            FrameKind::Open,
            FrameKind::Lost,
            FrameKind::End,
        ] {
            let head = FrameHead {
                kind,
                from: 1,
                to: u32::MAX,
                number: 1 << 40,
                sent: SimTime(3 << 50),
            };
            let mut frame = head.encode().to_vec();
            frame.extend_from_slice(b"bytes");
            assert_eq!(FrameHead::decode(&frame), Some((head, &b"bytes"[..])));
            let framed = head.with_length(5);
            assert_eq!(framed[..LENGTH], 30u32.to_be_bytes());
            assert_eq!(framed[LENGTH..], head.encode());
        }
    }

    #[test]
    fn bytes_that_are_no_frame_are_refused() {
        assert_eq!(FrameHead::decode(b""), None);
        assert_eq!(FrameHead::decode(&[0; HEAD - 1]), None);
        assert_eq!(FrameHead::decode(&[9; HEAD]), None);
    }
}
