//! Why a message is no frame.

use super::{MAX_BETS, MAX_FRAME};
use crate::bet::shown;
use std::fmt;

/// Why a message is no frame. Fields are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Not even a type.
    Empty,
    /// More than a frame may take.
    TooLong {
        /// What it takes `[bytes]`.
        size: usize,
    },
    /// A type that there is not.
    UnknownType(u8),
    /// A field should come, and nothing does.
    Missing {
        /// Which.
        field: usize,
    },
    /// Too few bytes for a field's length.
    NoLength {
        /// Of which.
        field: usize,
        /// How many there are.
        left: usize,
    },
    /// A field claims more bytes than there are.
    Lies {
        /// Which.
        field: usize,
        /// How many it claims.
        claims: usize,
        /// How many there are.
        left: usize,
    },
    /// A field is no UTF-8.
    NotUtf8 {
        /// Which.
        field: usize,
    },
    /// More bytes than the frame has fields for.
    TooMuch {
        /// How many.
        left: usize,
    },
    /// A batch without a bet.
    NoBets,
    /// A batch with more bets than one may have.
    TooManyBets,
    /// A count that is no number.
    Count {
        /// As an error shows it.
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
            Malformed::Lies {
                field,
                claims,
                left,
            } => write!(
                f,
                "field {} claims {claims} bytes, {left} are there",
                field + 1
            ),
            Malformed::NotUtf8 { field } => write!(f, "field {} is no UTF-8", field + 1),
            Malformed::TooMuch { left } => write!(f, "{left} bytes after the last field"),
            Malformed::NoBets => f.write_str("a batch without bets"),
            Malformed::TooManyBets => write!(f, "a batch of more than {MAX_BETS} bets"),
            Malformed::Count { shown } => write!(f, "count {shown} is no number"),
        }
    }
}

impl std::error::Error for Malformed {}
