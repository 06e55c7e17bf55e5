//! Encodes the value of a clock as the bytes of a message, and decodes it.
//!
//! The only module that uses the crate `bincode`. Its two entry points differ:
//! `bincode::serialize` writes integers of fixed size, `bincode::options()` of variable
//! size. Here the bytes are those of the first (u64, little-endian, 8 bytes), read with the
//! checks of the second: a limit on the size, and no bytes left over.

use bincode::Options;
use runner_sdk::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Write;

/// The bytes of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// As the Rust crate bincode 1 writes a `u64` (`bincode::serialize`): 8
    /// bytes, little-endian.
    #[default]
    Bincode,
    /// 8 bytes, big-endian.
    U64be,
    /// 4 bytes, little-endian, signed: as `struct.pack("<i", clock)` in Python writes them.
    /// A clock above 2147483647 cannot be sent.
    I32le,
    /// Decimal ASCII digits.
    Text,
}

/// The greatest size of a message: the 20 digits of 2^64 - 1 `[bytes]`.
const MAX_BYTES: usize = 20;

/// An encoded clock.
pub(crate) struct Encoded {
    bytes: [u8; MAX_BYTES],
    len: usize,
}

impl Encoded {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The size of a `u64` in bincode `[bytes]`: no message may be longer.
const BINCODE_BYTES: u64 = 8;

fn bincode() -> impl Options {
    bincode::options()
        .with_fixint_encoding()
        .with_limit(BINCODE_BYTES)
}

impl Encoding {
    /// The bytes of a clock.
    ///
    /// # Errors
    /// If the clock does not fit.
    #[inline(always)]
    pub(crate) fn encode(self, clock: u64) -> Result<Encoded> {
        let mut encoded = Encoded {
            bytes: [0; MAX_BYTES],
            len: 8,
        };
        match self {
            Encoding::Bincode => bincode().serialize_into(&mut encoded.bytes[..8], &clock)?,
            other => return other.encode_by_hand(clock, encoded),
        }
        Ok(encoded)
    }

    /// As [`Encoding::encode`], without bincode; `encoded` is empty. Not inlined, so that the
    /// encoding of most scenarios is a store.
    #[inline(never)]
    fn encode_by_hand(self, clock: u64, mut encoded: Encoded) -> Result<Encoded> {
        match self {
            Encoding::Bincode => return self.encode(clock),
            Encoding::U64be => encoded.bytes[..8].copy_from_slice(&clock.to_be_bytes()),
            Encoding::I32le => {
                let clock = i32::try_from(clock).map_err(|_| {
                    format!(
                        "clock {clock} does not fit into encoding \"i32le\", at most 2147483647"
                    )
                })?;
                encoded.bytes[..4].copy_from_slice(&clock.to_le_bytes());
                encoded.len = 4;
            }
            Encoding::Text => {
                let mut rest = &mut encoded.bytes[..];
                write!(rest, "{clock}")?;
                encoded.len = MAX_BYTES - rest.len();
            }
        }
        Ok(encoded)
    }

    /// The clock in the bytes of a message.
    ///
    /// # Errors
    /// If the bytes are no clock.
    #[inline(always)]
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<u64, String> {
        match (self, bytes.try_into()) {
            // What bincode reads of so many bytes, without a call.
            (Encoding::Bincode, Ok(bytes)) => Ok(u64::from_le_bytes(bytes)),
            _ => self.decode_by_hand(bytes),
        }
    }

    /// As [`Encoding::decode`], of any bytes. Not inlined, as
    /// [`Encoding::encode_by_hand`].
    #[inline(never)]
    fn decode_by_hand(self, bytes: &[u8]) -> Result<u64, String> {
        let clock = match self {
            Encoding::Bincode => bincode().deserialize(bytes).ok(),
            Encoding::U64be => bytes.try_into().ok().map(u64::from_be_bytes),
            Encoding::I32le => {
                let clock = bytes.try_into().ok().map(i32::from_le_bytes);
                clock.and_then(|clock| u64::try_from(clock).ok())
            }
            Encoding::Text => std::str::from_utf8(bytes)
                .ok()
                .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|text| text.parse().ok()),
        };
        clock.ok_or_else(|| self.malformed(bytes))
    }

    #[cold]
    fn malformed(self, bytes: &[u8]) -> String {
        /// The greatest number of bytes that an error shows. Arbitrary: one line.
        const SHOWN: usize = 32;
        let shown = bytes[..bytes.len().min(SHOWN)].escape_ascii();
        let more = if bytes.len() > SHOWN { "..." } else { "" };
        let mut text = format!(
            "expected a clock as {self}, found {} bytes: \"{shown}{more}\"",
            bytes.len()
        );
        if let Some(size) = self.size()
            && bytes.len() > size
            && bytes.len().is_multiple_of(size)
        {
            text += &format!(
                "; these may be {} clocks, which `framing = \"fixed:{size}\"` tells apart",
                bytes.len() / size
            );
        }
        text
    }

    /// Size of every message, unless messages have different sizes `[bytes]`.
    fn size(self) -> Option<usize> {
        match self {
            Encoding::Bincode | Encoding::U64be => Some(8),
            Encoding::I32le => Some(4),
            Encoding::Text => None,
        }
    }

    /// The greatest clock that is taken from a program outside of the scenario: half of
    /// the range. A machine that took a clock near the end of the range could not go on.
    pub(crate) fn most_from_outside(self) -> u64 {
        match self {
            Encoding::I32le => 1 << 30,
            _ => 1 << 63,
        }
    }

    /// Why a clock from outside of the scenario is rejected.
    #[cold]
    pub(crate) fn too_far_ahead(self, clock: u64) -> String {
        format!(
            "clock {clock} is near the end of the range of {self}; from outside at most {} is taken",
            self.most_from_outside()
        )
    }
}

impl fmt::Display for Encoding {
    /// The form in errors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encoding::Bincode => "8 bytes, little-endian (encoding \"bincode\")",
            Encoding::U64be => "8 bytes, big-endian (encoding \"u64be\")",
            Encoding::I32le => "4 bytes, little-endian, not negative (encoding \"i32le\")",
            Encoding::Text => "decimal digits (encoding \"text\")",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Encoding; 4] = [
        Encoding::Bincode,
        Encoding::U64be,
        Encoding::I32le,
        Encoding::Text,
    ];

    #[test]
    fn each_encoding_writes_its_bytes() {
        let bytes = |encoding: Encoding| encoding.encode(258).unwrap().as_bytes().to_vec();
        assert_eq!(bytes(Encoding::Bincode), [2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes(Encoding::U64be), [0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(bytes(Encoding::I32le), [2, 1, 0, 0]);
        assert_eq!(bytes(Encoding::Text), b"258");
    }

    #[test]
    fn bincode_is_what_its_serialize_writes() {
        for clock in [0, 1, 250, 251, 65_536, u64::MAX] {
            let ours = Encoding::Bincode.encode(clock).unwrap();
            assert_eq!(ours.as_bytes(), bincode::serialize(&clock).unwrap());
            assert_eq!(Encoding::Bincode.decode(ours.as_bytes()), Ok(clock));
            assert_eq!(
                bincode().deserialize::<u64>(ours.as_bytes()).unwrap(),
                clock
            );
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        for encoding in ALL {
            for clock in [0, 1, 255, 256, i32::MAX as u64] {
                let bytes = encoding.encode(clock).unwrap();
                assert_eq!(encoding.decode(bytes.as_bytes()).unwrap(), clock);
            }
        }
        let bytes = Encoding::Text.encode(u64::MAX).unwrap();
        assert_eq!(Encoding::Text.decode(bytes.as_bytes()).unwrap(), u64::MAX);
    }

    #[test]
    fn malformed_messages_are_refused_with_their_bytes() {
        let messages: [&[u8]; 5] = [b"", b"abc", b"-1", b"+1", b"99999999999999999999999"];
        for encoding in ALL {
            for message in messages {
                let error = encoding.decode(message).unwrap_err();
                let found = format!(
                    "found {} bytes: \"{}",
                    message.len(),
                    message.escape_ascii()
                );
                assert!(error.contains(&found), "{error}");
            }
        }
        let two = Encoding::U64be.decode(&[0; 16]).unwrap_err();
        assert!(
            two.ends_with("; these may be 2 clocks, which `framing = \"fixed:8\"` tells apart")
        );
        let three = Encoding::I32le.decode(&[1; 12]).unwrap_err();
        assert!(
            three.contains("3 clocks, which `framing = \"fixed:4\"`"),
            "{three}"
        );
        assert!(
            !Encoding::Bincode
                .decode(&[0; 9])
                .unwrap_err()
                .contains("fixed")
        );
        assert!(Encoding::I32le.decode(&(-1i32).to_le_bytes()).is_err());
        assert!(Encoding::Bincode.decode(&[0; 9]).is_err());
    }

    #[test]
    fn a_clock_beyond_i32_cannot_be_sent_as_one() {
        let error = Encoding::I32le.encode(1 << 31).err().unwrap().to_string();
        assert_eq!(
            error,
            "clock 2147483648 does not fit into encoding \"i32le\", at most 2147483647"
        );
    }
}
