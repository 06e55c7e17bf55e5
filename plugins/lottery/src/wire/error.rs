//! Why a message is not a frame.

use super::MAX_FRAME;
use crate::bet::shown;
use std::fmt;

/// Why a message is not a frame. Fields are numbered from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The message is empty.
    Empty,
    /// The frame is longer than [`MAX_FRAME`].
    TooLong {
        /// Size of the frame `[bytes]`.
        size: usize,
    },
    /// The type byte is unknown.
    UnknownType(u8),
    /// The message ends before a field.
    Missing {
        /// Index of the field.
        field: usize,
    },
    /// The message ends within the length of a field.
    NoLength {
        /// Index of the field.
        field: usize,
        /// Number of bytes left.
        left: usize,
    },
    /// The message ends within a field.
    Truncated {
        /// Index of the field.
        field: usize,
        /// Length of the field `[bytes]`.
        length: usize,
        /// Number of bytes left.
        left: usize,
    },
    /// A field is not UTF-8.
    NotUtf8 {
        /// Index of the field.
        field: usize,
    },
    /// Bytes follow the last field.
    TooMuch {
        /// Number of these bytes.
        left: usize,
    },
    /// A batch without a bet.
    NoBets,
    /// A count that is not a number.
    Count {
        /// The text, quoted for the error message.
        shown: String,
    },
}

impl Malformed {
    pub(super) fn count(text: &str) -> Malformed {
        Malformed::Count { shown: shown(text) }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::Empty => f.write_str("the message is empty, expected a type byte"),
            Malformed::TooLong { size } => {
                write!(
                    f,
                    "the frame takes {size} bytes, expected at most {MAX_FRAME}"
                )
            }
            Malformed::UnknownType(kind) => write!(
                f,
                "unknown type `{}`, expected one of B, F, Q",
                kind.escape_ascii()
            ),
            Malformed::Missing { field } => write!(f, "field {} is missing", field + 1),
            Malformed::NoLength { field, left } => {
                write!(f, "field {} has {left} bytes of a length of 4", field + 1)
            }
            Malformed::Truncated {
                field,
                length,
                left,
            } => write!(
                f,
                "field {} claims {length} bytes, {left} are there",
                field + 1
            ),
            Malformed::NotUtf8 { field } => write!(f, "field {} is no UTF-8", field + 1),
            Malformed::TooMuch { left } => write!(f, "{left} bytes after the last field"),
            Malformed::NoBets => f.write_str("a batch without bets"),
            Malformed::Count { shown } => write!(f, "count {shown} is no number"),
        }
    }
}

impl std::error::Error for Malformed {}
