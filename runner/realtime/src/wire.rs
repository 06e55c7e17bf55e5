//! What nodes of a run say to one another over sockets of their own: frames of
//! ours, which carry the sender's number for the message beside its bytes.
//!
//! A frame is a u32 length of what follows, then kind (1 byte), sender and
//! receiver (u32 each), the message's number (u64), all big-endian, and the
//! message's bytes. A datagram is a frame without the length.

/// What a frame tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message.
    Message,
    /// The sender closes the connection between the two nodes.
    Close,
    /// It opens it again.
    Open,
    /// A message was lost on its way; the frame holds its size in its place.
    Lost,
    /// The sender's run is over: nothing more comes over this connection.
    End,
}

/// A frame's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it tells.
    pub kind: Kind,
    /// The node that sends.
    pub from: u32,
    /// The node that it is for.
    pub to: u32,
    /// The sender's number for the message; 0 if it is none.
    pub number: u64,
}

/// Size of a head, the length before it left out `[bytes]`.
pub const HEAD: usize = 17;

/// Size of the length `[bytes]`.
pub const LENGTH: usize = 4;

impl Head {
    /// Length and head of a frame with so many bytes of message.
    pub fn with_length(&self, body: usize) -> [u8; LENGTH + HEAD] {
        let mut bytes = [0; LENGTH + HEAD];
        bytes[..LENGTH].copy_from_slice(&((HEAD + body) as u32).to_be_bytes());
        bytes[LENGTH..].copy_from_slice(&self.encode());
        bytes
    }

    /// The head alone, as a datagram begins.
    pub fn encode(&self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        bytes[0] = match self.kind {
            Kind::Message => 0,
            Kind::Close => 1,
            Kind::Open => 2,
            Kind::Lost => 3,
            Kind::End => 4,
        };
        bytes[1..5].copy_from_slice(&self.from.to_be_bytes());
        bytes[5..9].copy_from_slice(&self.to.to_be_bytes());
        bytes[9..17].copy_from_slice(&self.number.to_be_bytes());
        bytes
    }

    /// Head and message of a frame; none if it is not one of ours.
    pub fn decode(frame: &[u8]) -> Option<(Head, &[u8])> {
        let (head, body) = frame.split_at_checked(HEAD)?;
        let number = |range: std::ops::Range<usize>| {
            head[range]
                .iter()
                .fold(0u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let kind = match head[0] {
            0 => Kind::Message,
            1 => Kind::Close,
            2 => Kind::Open,
            3 => Kind::Lost,
            4 => Kind::End,
            _ => return None,
        };
        let head = Head {
            kind,
            from: number(1..5) as u32,
            to: number(5..9) as u32,
            number: number(9..17),
        };
        Some((head, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_went() {
        for kind in [
            Kind::Message,
            Kind::Close,
            Kind::Open,
            Kind::Lost,
            Kind::End,
        ] {
            let head = Head {
                kind,
                from: 1,
                to: u32::MAX,
                number: 1 << 40,
            };
            let mut frame = head.encode().to_vec();
            frame.extend_from_slice(b"bytes");
            assert_eq!(Head::decode(&frame), Some((head, &b"bytes"[..])));
            let framed = head.with_length(5);
            assert_eq!(framed[..LENGTH], 22u32.to_be_bytes());
            assert_eq!(framed[LENGTH..], head.encode());
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        assert_eq!(Head::decode(b""), None);
        assert_eq!(Head::decode(&[0; HEAD - 1]), None);
        assert_eq!(Head::decode(&[9; HEAD]), None);
    }
}
