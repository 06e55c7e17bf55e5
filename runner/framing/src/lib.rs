//! Framing: where one message ends and the next begins, in a stream of bytes.
//!
//! TCP delivers bytes, not messages: what was written at once may arrive in
//! pieces, and what was written in pieces at once. So programs agree on a way to
//! tell where a message ends: a length before it, a character behind it, or a
//! grammar. Here are the ways that the runner speaks, so that its nodes can talk
//! to programs that were never meant for it.
//!
//! | name | on the wire |
//! |---|---|
//! | `decimal10`, `decimal12` | length in ASCII digits, padded with spaces to 10 or 12 bytes, then the message |
//! | `u32be`, `u64be` | length as a big-endian number of 4 or 8 bytes, then the message |
//! | `typed-u32be` | length of the payload alone as 4 bytes, big-endian; then the message: a type byte and the payload |
//! | `digits-colon` | length in ASCII digits, `:`, then the message (a netstring without its comma) |
//! | `line` | the message, then `\n` |
//! | `resp` | a value of the Redis protocol; the message is the value as it stands on the wire |
//! | `raw` | the message alone; what arrives in one read is a message |
//!
//! A [`Decoder`] takes bytes as they come and gives messages; [`encode`] (or
//! [`Envelope`], which copies nothing) puts a message into its frame. Both are
//! plain data: no sockets, no clocks. A length that a stranger claims is held
//! against `max_message` at once, and memory grows with the bytes that arrived,
//! never with those that were promised.
//!
//! Decided here, where the names leave room:
//!
//! - Decimal lengths are written with the spaces in front, as `"%10d"` does, and
//!   read with spaces on either side. Leading zeros are read, too.
//! - A line is what stands before the `\n`: a `\r` in front of it is the
//!   message's own. The last line of a stream needs no `\n`.
//! - `resp` reads what clients send (arrays of bulk strings, and commands typed
//!   as a plain line) and what servers answer (version 2 of the protocol).
//!   What is sent is not checked.
//! - `raw` cuts what exceeds `max_message` into pieces.

use std::fmt;

mod buffer;
mod decoder;
mod envelope;
mod error;
mod header;
mod resp;

pub use decoder::Decoder;
pub use envelope::{Envelope, encode};
pub use error::{Excerpt, FramingError};

/// How messages are told apart in a stream of bytes; see the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Length in ASCII digits, padded with spaces to 10 bytes.
    Decimal10,
    /// Length in ASCII digits, padded with spaces to 12 bytes.
    Decimal12,
    /// Length in 4 bytes, big-endian.
    U32be,
    /// Length in 8 bytes, big-endian.
    U64be,
    /// Length of the payload in 4 bytes, big-endian; a type byte; the payload.
    TypedU32be,
    /// Length in ASCII digits, then a colon.
    DigitsColon,
    /// Up to a newline.
    Line,
    /// The Redis protocol.
    Resp,
    /// Whatever arrives in one read.
    Raw,
}

/// The longest message that is accepted where nothing else is said `[bytes]`.
pub const DEFAULT_MAX_MESSAGE: u64 = 16 << 20;

/// Each framing, its name, and its frame in words.
const TABLE: [(Framing, &str, &str); 9] = [
    (
        Framing::Decimal10,
        "decimal10",
        "length in ASCII digits, padded with spaces to 10 bytes",
    ),
    (
        Framing::Decimal12,
        "decimal12",
        "length in ASCII digits, padded with spaces to 12 bytes",
    ),
    (
        Framing::U32be,
        "u32be",
        "length as 4 bytes, most significant first",
    ),
    (
        Framing::U64be,
        "u64be",
        "length as 8 bytes, most significant first",
    ),
    (
        Framing::TypedU32be,
        "typed-u32be",
        "length of the payload as 4 bytes, one type byte, payload",
    ),
    (
        Framing::DigitsColon,
        "digits-colon",
        "length in ASCII digits and a colon",
    ),
    (Framing::Line, "line", "a newline ends each message"),
    (Framing::Resp, "resp", "values of the Redis protocol"),
    (
        Framing::Raw,
        "raw",
        "no frame: whatever arrives at once is a message",
    ),
];

impl Framing {
    /// Every framing, in the order of the documentation.
    pub fn all() -> impl ExactSizeIterator<Item = Framing> {
        TABLE.iter().map(|(framing, _, _)| *framing)
    }

    /// Its name in scenarios and on the command line.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// Its frame in a few words.
    pub fn summary(self) -> &'static str {
        self.entry().2
    }

    /// The framing of this name.
    pub fn from_name(name: &str) -> Option<Framing> {
        let found = TABLE.iter().find(|(_, own, _)| *own == name);
        found.map(|(framing, _, _)| *framing)
    }

    fn entry(self) -> &'static (Framing, &'static str, &'static str) {
        &TABLE[self as usize]
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_framing_is_found_by_its_name() {
        for (index, framing) in Framing::all().enumerate() {
            assert_eq!(framing as usize, index);
            assert_eq!(Framing::from_name(framing.name()), Some(framing));
        }
        assert_eq!(Framing::from_name("decimal11"), None);
    }
}
