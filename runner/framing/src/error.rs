//! Errors of decoding and encoding.

use std::fmt;

use super::Framing;

/// An error in a frame that was received, or in a message that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// Received: bytes that are not a header.
    #[error("`{framing}` header is {found}, expected {expected}")]
    Header {
        /// The framing that was expected.
        framing: Framing,
        /// The first bytes of the frame.
        found: Excerpt,
        /// The header that was expected.
        expected: &'static str,
    },
    /// Received: a length below zero.
    #[error("`{framing}` length is negative: {found}, expected 0 or more")]
    Negative {
        /// The framing.
        framing: Framing,
        /// The header.
        found: Excerpt,
    },
    /// Received: a message, or the length of a message, above the limit.
    #[error("`{framing}` message {}, expected at most {max_message} (`max_message`)", claim(*.length))]
    TooLong {
        /// The framing.
        framing: Framing,
        /// Size of the message, or its minimum size `[bytes]`. `None`: the end of the
        /// message has not arrived, and the limit is exceeded.
        length: Option<u64>,
        /// The limit `[bytes]`.
        max_message: u64,
    },
    /// Received: a value that breaks the grammar of the Redis protocol.
    #[error("`resp` value has {found} at byte {at}, expected {expected}")]
    Value {
        /// The bytes that are wrong.
        found: Excerpt,
        /// Their position in the value `[bytes]`.
        at: u64,
        /// What was expected there.
        expected: &'static str,
    },
    /// Received: the end of the stream inside a frame.
    #[error(
        "the stream ended within a `{framing}` frame, after {received} of {} bytes: {found}",
        frame_size(*.expected)
    )]
    Unfinished {
        /// The framing.
        framing: Framing,
        /// Number of bytes of the frame that arrived.
        received: u64,
        /// Size of the whole frame `[bytes]`. `None`: not known yet.
        expected: Option<u64>,
        /// The first bytes of the frame.
        found: Excerpt,
    },
    /// To be sent: a message whose length the header cannot express.
    #[error("a `{framing}` frame holds at most {longest} bytes, the message has {length}")]
    Unwritable {
        /// The framing.
        framing: Framing,
        /// Size of the message `[bytes]`.
        length: u64,
        /// Size of the longest message that a frame can hold `[bytes]`.
        longest: u64,
    },
    /// To be sent: a line that has a newline.
    #[error("a `line` message holds a newline at byte {at}: it would be read as two")]
    NewlineInLine {
        /// Position of the newline `[bytes]`.
        at: u64,
    },
    /// To be sent: a typed message without a type byte.
    #[error("a `typed-u32be` message is a type byte and a payload, the message is empty")]
    NoType,
    /// To be sent: a message of another size than that of the framing.
    #[error("a `{framing}` message has exactly that many bytes, this one has {length}")]
    OtherSize {
        /// The framing.
        framing: Framing,
        /// Size of the message `[bytes]`.
        length: u64,
    },
}

fn frame_size(size: Option<u64>) -> String {
    size.map_or_else(
        || "an unknown number of".to_owned(),
        |size| size.to_string(),
    )
}

fn claim(length: Option<u64>) -> String {
    match length {
        Some(length) => format!("takes {length} bytes"),
        None => "goes on past the limit".to_owned(),
    }
}

/// The first bytes of some data, for messages: `b"GET / HTTP"...`. Bytes that cannot
/// be printed are escaped.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt {
    bytes: Vec<u8>,
    cut: bool,
}

/// Maximum number of bytes of an excerpt: longer than every header. Arbitrary.
const SHOWN: usize = 24;

impl Excerpt {
    /// An excerpt of these bytes.
    pub fn new(bytes: &[u8]) -> Excerpt {
        let shown = &bytes[..bytes.len().min(SHOWN)];
        Excerpt {
            bytes: shown.to_vec(),
            cut: shown.len() < bytes.len(),
        }
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.cut { "..." } else { "" };
        write!(f, "b\"{}\"{more}", self.bytes.escape_ascii())
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
