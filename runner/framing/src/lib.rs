//! Framing: where one message ends and the next begins, in a stream of bytes.
//!
//! TCP delivers bytes, not messages. Bytes that were sent together may arrive in
//! pieces, and bytes that were sent apart may arrive together. So two programs need
//! a framing: a length before each message, a character after it, or a grammar.
//! This crate has the framings with which nodes talk to programs outside of the
//! runner. It has no sockets and no clocks.
//!
//! A [`Decoder`] turns bytes into messages. [`encode`] writes a message in its frame;
//! an [`Envelope`] has the bytes around a message, so that the message need not be
//! copied.
//!
//! # The bytes
//!
//! | name | frame | example |
//! |---|---|---|
//! | `decimal10` | length: 10 bytes, ASCII digits and spaces; message | `"         5hello"` |
//! | `decimal12` | length: 12 bytes, ASCII digits and spaces; message | `"           5hello"` |
//! | `u32be` | length: 4 bytes, most significant first; message | `00 00 00 05 "hello"` |
//! | `u64be` | length: 8 bytes, most significant first; message | `00 00 00 00 00 00 00 05 "hello"` |
//! | `typed-u32be` | length of the payload: 4 bytes, most significant first; message: a type byte, then the payload | `00 00 00 05 "Bhello"` |
//! | `digits-colon` | length: ASCII digits; `:`; message (a netstring without its comma) | `"5:hello"` |
//! | `line` | message; `\n` | `"hello\n"` |
//! | `resp` | message: one value of the Redis protocol, version 2 | `"$5\r\nhello\r\n"` |
//! | `raw` | message | `"hello"` |
//!
//! The length is that of the message in bytes, without the header. Details:
//!
//! - `decimal10`, `decimal12`: an encoder writes the spaces before the digits, as
//!   `"%10d"` does. A decoder accepts spaces before and after the digits, and leading
//!   zeros.
//! - `typed-u32be`: a message is at least one byte long, the type.
//! - `digits-colon`: 1 to 20 digits. A decoder accepts leading zeros.
//! - `line`: a message has no `\n`. A `\r` before the `\n` belongs to the message. The
//!   last line of a stream needs no `\n`.
//! - `resp`: a decoder accepts requests (arrays of bulk strings, or one plain line)
//!   and replies. An encoder does not check a message.
//! - `raw`: the bytes of one read are a message. A read that is longer than
//!   `max_message` is cut into several messages.
//!
//! # Limits
//!
//! A length above `max_message` is an error as soon as the header is read. Memory
//! grows with the bytes that arrived, never with a length that was only announced.

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

/// How messages are separated in a stream of bytes. The crate's documentation has
/// the exact bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Length in ASCII digits, padded with spaces to 10 bytes; then the message.
    Decimal10,
    /// Length in ASCII digits, padded with spaces to 12 bytes; then the message.
    Decimal12,
    /// Length in 4 bytes, big-endian; then the message.
    U32be,
    /// Length in 8 bytes, big-endian; then the message.
    U64be,
    /// Length of the payload in 4 bytes, big-endian; then the message, which is a
    /// type byte and the payload.
    TypedU32be,
    /// Length in ASCII digits; a colon; then the message.
    DigitsColon,
    /// The message; then a newline.
    Line,
    /// One value of the Redis protocol.
    Resp,
    /// The message alone: the bytes of one read.
    Raw,
}

/// Default size of the longest message that is accepted `[bytes]`. Arbitrary.
pub const DEFAULT_MAX_MESSAGE: u64 = 16 << 20;

/// Each framing, its name, and its frame in a few words.
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
        "no frame: the bytes of one read are a message",
    ),
];

impl Framing {
    /// Every framing, in the order of the documentation.
    pub fn all() -> impl ExactSizeIterator<Item = Framing> {
        TABLE.iter().map(|(framing, _, _)| *framing)
    }

    /// The name of the framing in scenarios and on the command line.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// The frame in a few words, for lists of framings.
    pub fn summary(self) -> &'static str {
        self.entry().2
    }

    /// The framing with this name; `None` if there is none.
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
