//! Frames between processes of the runner: a length (u32, big-endian), then a
//! value in bincode's encoding with a limit.
//!
//! The only place of the runner that names bincode. Two things to know:
//!
//! - `bincode::serialize` and `bincode::options()` encode numbers differently, and
//!   only the options have a limit: here are only the options.
//! - bincode has no field names. A type with `skip_serializing_if`, `default` or
//!   `untagged` does not come back; such a value crosses as JSON text in a field.
//!
//! A frame that is cut, too long or no value is an error. Memory grows with the
//! bytes that have arrived, never with a length that a frame claims.

use std::io;

use bincode::Options;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest value in a frame `[bytes]`. The longest are the entries of runs: about
/// 200 bytes for each node, so this is enough for five million nodes.
pub const MAX_BODY: usize = 1 << 30;

/// Size of the length `[bytes]`.
const LENGTH: usize = 4;

/// The length that marks an acknowledgement: how many frames were taken, as a u64. No value
/// is that long.
const ACKNOWLEDGEMENT: u32 = 1 << 31 | 8;

/// Why a frame cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Its length is above the limit.
    #[error("a frame of {found} bytes, expected at most {limit}")]
    TooLong {
        /// The length that the frame claims `[bytes]`.
        found: usize,
        /// The longest that is accepted `[bytes]`.
        limit: usize,
    },
    /// The connection closed in the middle of it.
    #[error("the connection closed after {found} bytes of a frame")]
    Cut {
        /// Bytes that had arrived.
        found: usize,
    },
    /// It does not hold the expected value, or the value has no frame.
    #[error("no value of this type: {0}")]
    Value(#[from] bincode::Error),
}

impl From<FrameError> for io::Error {
    fn from(error: FrameError) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

fn encoding() -> impl Options {
    bincode::options().with_limit(MAX_BODY as u64)
}

/// The frame of a value.
///
/// # Errors
///
/// If the value is longer than [`MAX_BODY`], or holds a path that is no UTF-8.
pub fn encode(value: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let mut frame = vec![0; LENGTH];
    encoding().serialize_into(&mut frame, value)?;
    let length = (frame.len() - LENGTH) as u32;
    frame[..LENGTH].copy_from_slice(&length.to_be_bytes());
    Ok(frame)
}

/// Says that this many frames were taken. It is no frame itself, and is not counted.
pub fn acknowledgement(taken: u64) -> [u8; LENGTH + 8] {
    let mut bytes = [0; LENGTH + 8];
    bytes[..LENGTH].copy_from_slice(&ACKNOWLEDGEMENT.to_be_bytes());
    bytes[LENGTH..].copy_from_slice(&taken.to_be_bytes());
    bytes
}

/// Bytes that have arrived, of frames that are not taken yet.
#[derive(Debug)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
    limit: usize,
    /// Number of frames that were taken.
    pub taken: u64,
    /// Number of frames that come again and were taken before: they are left out.
    pub known: u64,
    /// Number of frames that the other end has taken, as it last said.
    pub acknowledged: u64,
}

impl Default for FrameBuffer {
    fn default() -> FrameBuffer {
        FrameBuffer {
            bytes: Vec::new(),
            limit: MAX_BODY,
            taken: 0,
            known: 0,
            acknowledged: 0,
        }
    }
}

impl FrameBuffer {
    /// Refuses frames with a longer value from now on `[bytes]`.
    pub fn limit(&mut self, limit: usize) {
        self.limit = limit.min(MAX_BODY);
    }

    /// Adds bytes that have arrived.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The value of the next frame; none if the frame has not arrived whole.
    ///
    /// # Errors
    ///
    /// If the frame is too long, or does not hold such a value.
    pub fn next_value<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        loop {
            let Some((length, rest)) = self.bytes.split_first_chunk::<LENGTH>() else {
                return Ok(None);
            };
            let marked = u32::from_be_bytes(*length);
            if marked == ACKNOWLEDGEMENT {
                let Some((taken, _)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                self.acknowledged = self.acknowledged.max(u64::from_be_bytes(*taken));
                self.bytes.drain(..LENGTH + 8);
                continue;
            }
            let length = marked as usize;
            if length > self.limit {
                return Err(FrameError::TooLong {
                    found: length,
                    limit: self.limit,
                });
            }
            let Some(body) = rest.get(..length) else {
                return Ok(None);
            };
            let is_known = self.known > 0;
            let value = match is_known {
                true => None,
                false => Some(encoding().deserialize(body)?),
            };
            self.bytes.drain(..LENGTH + length);
            if is_known {
                self.known -= 1;
                continue;
            }
            self.taken += 1;
            return Ok(value);
        }
    }

    /// Checks that no part of a frame is left, once the connection has closed.
    ///
    /// # Errors
    ///
    /// If the connection closed in the middle of a frame.
    pub fn finish(&self) -> Result<(), FrameError> {
        match self.bytes.len() {
            0 => Ok(()),
            found => Err(FrameError::Cut { found }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Value = (String, Vec<u64>, Option<u128>);

    fn value() -> Value {
        ("text".to_owned(), vec![0, 250, u64::MAX], Some(u128::MAX))
    }

    fn holding(bytes: &[u8]) -> FrameBuffer {
        let mut buffer = FrameBuffer::default();
        buffer.extend(bytes);
        buffer
    }

    #[test]
    fn frames_come_back_whole_and_in_order_however_they_arrive() {
        let mut bytes = encode(&value()).unwrap();
        bytes.extend(encode(&"next").unwrap());
        let mut buffer = FrameBuffer::default();
        let (mut first, mut second) = (None, None);
        for byte in bytes {
            buffer.extend(&[byte]);
            match first {
                None => first = buffer.next_value::<Value>().unwrap(),
                Some(_) => second = buffer.next_value::<String>().unwrap(),
            }
        }
        assert_eq!(first, Some(value()));
        assert_eq!(second.as_deref(), Some("next"));
        buffer.finish().unwrap();
    }

    #[test]
    fn a_cut_frame_is_no_value_and_an_error_at_the_end() {
        let whole = encode(&value()).unwrap();
        for end in 1..whole.len() {
            let mut buffer = holding(&whole[..end]);
            assert!(
                buffer.next_value::<Value>().unwrap().is_none(),
                "{end} bytes"
            );
            let error = buffer.finish().unwrap_err();
            assert!(matches!(error, FrameError::Cut { found } if found == end));
        }
    }

    #[test]
    fn a_frame_above_the_limit_is_refused_before_it_arrives() {
        let mut buffer = holding(&u32::MAX.to_be_bytes());
        let error = buffer.next_value::<Value>().unwrap_err();
        assert!(matches!(error, FrameError::TooLong { found, .. } if found == u32::MAX as usize));
        let mut small = holding(&encode(&"four").unwrap());
        small.limit(4);
        let error = small.next_value::<String>().unwrap_err();
        assert!(matches!(error, FrameError::TooLong { found: 5, limit: 4 }));
    }

    #[test]
    fn acknowledgements_and_known_frames_are_no_values() {
        let mut bytes = encode(&1u8).unwrap();
        bytes.extend(acknowledgement(7));
        bytes.extend(encode(&2u8).unwrap());
        bytes.extend(encode(&3u8).unwrap());
        bytes.extend(acknowledgement(4));
        let mut buffer = FrameBuffer {
            known: 2,
            taken: 5,
            ..FrameBuffer::default()
        };
        let mut values = Vec::new();
        for byte in bytes {
            buffer.extend(&[byte]);
            values.extend(buffer.next_value::<u8>().unwrap());
        }
        assert_eq!((values, buffer.taken, buffer.acknowledged), (vec![3], 6, 7));
        buffer.finish().unwrap();
    }

    #[test]
    fn a_length_within_a_frame_that_exceeds_the_frame_is_an_error() {
        // bincode's mark of a u64, then the length of the string or list: far
        // more than any memory, more than the limit, a little too much.
        for claimed in [u64::MAX, (MAX_BODY as u64) + 1, 9] {
            let mut body = vec![253];
            body.extend(claimed.to_le_bytes());
            body.extend([b'x'; 8]);
            let mut frame = (body.len() as u32).to_be_bytes().to_vec();
            frame.extend(body);
            let as_text = holding(&frame).next_value::<String>();
            assert!(matches!(as_text, Err(FrameError::Value(_))), "{claimed}");
            let as_list = holding(&frame).next_value::<Vec<u8>>();
            assert!(matches!(as_list, Err(FrameError::Value(_))), "{claimed}");
            let as_pairs = holding(&frame).next_value::<Vec<(u64, String)>>();
            assert!(matches!(as_pairs, Err(FrameError::Value(_))), "{claimed}");
        }
    }

    #[test]
    fn damaged_frames_never_panic() {
        let whole = encode(&value()).unwrap();
        for at in LENGTH..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                // A value or an error; a damaged value cannot be told from another.
                let _ = holding(&damaged).next_value::<Value>();
            }
        }
    }

    #[test]
    fn bytes_after_the_value_are_an_error() {
        let mut frame = encode(&7u8).unwrap();
        frame[LENGTH - 1] += 1;
        frame.push(0);
        holding(&frame).next_value::<u8>().unwrap_err();
    }
}
