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
//! | `fixed:5` | message, always of 5 bytes | `"hello"` |
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
//! - `fixed:N`: messages have no header, since each has N bytes (1 to 2147483648). It is
//!   the framing of programs that send records: numbers, or structs of C.
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
    /// The message alone, of this size `[bytes]`.
    Fixed(u32),
    /// The message alone: the bytes of one read.
    Raw,
}

/// Default size of the longest message that is accepted `[bytes]`. Arbitrary.
pub const DEFAULT_MAX_MESSAGE: u64 = 16 << 20;

/// The greatest N of `fixed:N`: the greatest `max_message` of a scenario `[bytes]`.
pub const MAX_FIXED: u32 = 1 << 31;

/// The framings without a parameter, with their names, and their frames in a few words.
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

/// The name of [`Framing::Fixed`] in lists, with a letter for the size.
const FIXED: (&str, &str) = ("fixed:N", "no header: each message has N bytes");

/// What [`FIXED`] begins with.
const FIXED_PREFIX: &str = "fixed:";

impl Framing {
    /// Every framing without a parameter, in the order of the documentation: all but
    /// [`Framing::Fixed`].
    pub fn without_parameter() -> impl ExactSizeIterator<Item = Framing> {
        TABLE.iter().map(|(framing, _, _)| *framing)
    }

    /// The names of all framings, each with its frame in a few words, for lists of
    /// framings.
    pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
        let named = TABLE.iter().map(|(_, name, summary)| (*name, *summary));
        named.chain([FIXED])
    }

    /// The framing with this name, such as `line` or `fixed:8`; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Framing> {
        if let Some(size) = name.strip_prefix(FIXED_PREFIX) {
            // One spelling each: no sign, and no zero before the digits.
            let digits = size.bytes().all(|byte| byte.is_ascii_digit()) && !size.starts_with('0');
            let size: u32 = size.parse().ok().filter(|_| digits)?;
            return (size <= MAX_FIXED).then_some(Framing::Fixed(size));
        }
        let found = TABLE.iter().find(|(_, own, _)| *own == name);
        found.map(|(framing, _, _)| *framing)
    }

    /// The size of every message, if the framing has only messages of one size
    /// `[bytes]`.
    pub fn fixed_size(self) -> Option<u64> {
        match self {
            Framing::Fixed(size) => Some(size.into()),
            _ => None,
        }
    }
}

impl fmt::Display for Framing {
    /// The name of the framing in scenarios and on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Framing::Fixed(size) = self {
            return write!(f, "{FIXED_PREFIX}{size}");
        }
        let found = TABLE.iter().find(|(framing, _, _)| framing == self);
        f.write_str(found.map_or("", |(_, name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_framing_is_found_by_its_name() {
        let sizes = [1, 8, MAX_FIXED].map(Framing::Fixed);
        for framing in Framing::without_parameter().chain(sizes) {
            assert_eq!(Framing::from_name(&framing.to_string()), Some(framing));
        }
        let others = [
            "decimal11",
            "fixed",
            "fixed:",
            "fixed:0",
            "fixed:08",
            "fixed:+8",
        ];
        for name in others
            .into_iter()
            .chain(["fixed:N", "fixed:8 ", "fixed:2147483649"])
        {
            assert_eq!(Framing::from_name(name), None, "{name}");
        }
    }
}
