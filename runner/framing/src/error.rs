//! What can be wrong with a frame, or with a message that is to be framed.

use std::fmt;

use super::Framing;

/// What can be wrong with a frame, or with a message that is to be framed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// Received: bytes that begin no frame.
    #[error("`{framing}` header is {found}, expected {expected}")]
    Header {
        /// The framing that was expected.
        framing: Framing,
        /// The first bytes of the frame.
        found: Excerpt,
        /// What a header looks like.
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
    /// Received: a message (or the claim of one) that exceeds the limit.
    #[error("`{framing}` message {}, expected at most {max_message} (`max_message`)", claim(*.length))]
    TooLong {
        /// The framing.
        framing: Framing,
        /// Size of the message, or of what it must take at least `[bytes]`; none:
        /// it goes on past the limit, without an end in sight.
        length: Option<u64>,
        /// The limit `[bytes]`.
        max_message: u64,
    },
    /// Received: a value that breaks the grammar of the Redis protocol.
    #[error("`resp` value has {found} at byte {at}, expected {expected}")]
    Value {
        /// What stands there.
        found: Excerpt,
        /// Where, from the beginning of the value `[bytes]`.
        at: u64,
        /// What would be right.
        expected: &'static str,
    },
    /// Received: the end of the stream within a frame.
    #[error(
        "the stream ended within a `{framing}` frame, after {received} of {} bytes: {found}",
        frame_size(*.expected)
    )]
    Unfinished {
        /// The framing.
        framing: Framing,
        /// Size of what is there of the frame `[bytes]`.
        received: u64,
        /// Size of the whole frame, if that is known yet `[bytes]`.
        expected: Option<u64>,
        /// How the frame begins.
        found: Excerpt,
    },
    /// To be sent: a message whose length the header cannot express.
    #[error("a `{framing}` frame holds at most {longest} bytes, the message has {length}")]
    Unwritable {
        /// The framing.
        framing: Framing,
        /// Size of the message `[bytes]`.
        length: u64,
        /// Size of the longest message `[bytes]`.
        longest: u64,
    },
    /// To be sent: a line with a newline in it.
    #[error("a `line` message holds a newline at byte {at}: it would be read as two")]
    NewlineInLine {
        /// Where `[bytes]`.
        at: u64,
    },
    /// To be sent: a typed message without its type.
    #[error("a `typed-u32be` message is a type byte and a payload, the message is empty")]
    NoType,
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

/// A few bytes, shown so that each can be told: `b"GET / HTTP"...`.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpt {
    bytes: Vec<u8>,
    cut: bool,
}

/// As many bytes as an excerpt shows; arbitrary: enough for every header.
const SHOWN: usize = 24;

impl Excerpt {
    /// The first bytes of these.
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
