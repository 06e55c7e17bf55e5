//! The frames between agency and central.
//!
//! A frame is the length of its payload (4 bytes, most significant first), a type
//! byte and the payload. Where it ends is the runner's business (`typed-u32be`),
//! so a message here is type byte and payload. A payload is a list of fields, each
//! its length (4 bytes, most significant first) and as many bytes of UTF-8.
//!
//! | type | from | fields |
//! |---|---|---|
//! | `B` | agency | the agency, then of each bet first name, last name, document, birthdate, number |
//! | `F` | agency | the agency: it has no more bets |
//! | `Q` | agency | the agency: who has won? |
//! | `0` | central | number of bets that are stored; for a single bet, document and number |
//! | `E` | central | what was wrong |
//! | `Q` | central | none: not drawn yet |
//! | `W` | central | the documents of the agency's winners |
//!
//! A whole frame takes at most [`MAX_FRAME`] bytes.
//!
//! What comes from outside is held against its own size before anything is done
//! with it: a length is compared with the bytes that are there, and nothing is
//! allocated by what it claims.

mod error;
#[cfg(test)]
mod tests;

pub use error::Malformed;

use crate::bet::{Bet, FIELDS};

/// The most that a frame may take, its length and type included `[bytes]`.
pub const MAX_FRAME: usize = 8192;

/// The most bets of one frame.
pub const MAX_BETS: usize = 130;

/// What a frame's length takes, before the message `[bytes]`.
pub const LENGTH: usize = 4;

/// What is said, by agency or central.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Bets to be stored.
    Bets {
        /// Whose.
        agency: &'a str,
        /// At least one.
        bets: Vec<Bet<'a>>,
    },
    /// The agency has no more bets.
    End {
        /// Which.
        agency: &'a str,
    },
    /// The agency wants to know its winners.
    Ask {
        /// Which.
        agency: &'a str,
    },
    /// So many bets are stored.
    Stored(u64),
    /// A single bet is stored.
    StoredOne {
        /// Its document.
        document: &'a str,
        /// Its number.
        number: &'a str,
    },
    /// What was asked cannot be done.
    Error(&'a str),
    /// The draw has not happened.
    NotYet,
    /// The documents of an agency's winners.
    Winners(Vec<&'a str>),
}

impl<'a> Frame<'a> {
    /// Reads a message: type byte and payload.
    ///
    /// # Errors
    /// When it is none of the frames.
    pub fn decode(message: &'a [u8]) -> Result<Frame<'a>, Malformed> {
        let (&kind, payload) = message.split_first().ok_or(Malformed::Empty)?;
        let size = LENGTH + message.len();
        if size > MAX_FRAME {
            return Err(Malformed::TooLong { size });
        }
        if !b"BFQ0EW".contains(&kind) {
            return Err(Malformed::UnknownType(kind));
        }
        let mut fields = Fields {
            rest: payload,
            read: 0,
        };
        let frame = match kind {
            b'B' => Frame::Bets {
                agency: fields.one()?,
                bets: fields.bets()?,
            },
            b'F' => Frame::End {
                agency: fields.one()?,
            },
            b'Q' if payload.is_empty() => Frame::NotYet,
            b'Q' => Frame::Ask {
                agency: fields.one()?,
            },
            b'E' => Frame::Error(fields.one()?),
            b'0' => {
                let first = fields.one()?;
                match fields.rest.is_empty() {
                    true => {
                        let count = crate::bet::number(first);
                        Frame::Stored(count.ok_or_else(|| Malformed::count(first))?)
                    }
                    false => Frame::StoredOne {
                        document: first,
                        number: fields.one()?,
                    },
                }
            }
            _ => {
                let mut documents = Vec::new();
                while !fields.rest.is_empty() {
                    documents.push(fields.one()?);
                }
                Frame::Winners(documents)
            }
        };
        match fields.rest.len() {
            0 => Ok(frame),
            left => Err(Malformed::TooMuch { left }),
        }
    }

    /// The message of it.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Frame::Bets { agency, bets } => {
                let fields = bets.iter().flat_map(|bet| bet.fields());
                message(b'B', [*agency].into_iter().chain(fields))
            }
            Frame::End { agency } => message(b'F', [*agency]),
            Frame::Ask { agency } => message(b'Q', [*agency]),
            Frame::Stored(count) => message(b'0', [&*count.to_string()]),
            Frame::StoredOne { document, number } => message(b'0', [*document, *number]),
            Frame::Error(text) => message(b'E', [*text]),
            Frame::NotYet => message(b'Q', []),
            Frame::Winners(documents) => message(b'W', documents.iter().copied()),
        }
    }
}

/// Type and fields as a message.
fn message<'a>(kind: u8, fields: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut message = vec![kind];
    fields
        .into_iter()
        .for_each(|field| push_field(&mut message, field));
    message
}

/// Adds a field. A text of 4 GiB and more is no field; none comes near, since
/// what is sent fits a frame.
pub(crate) fn push_field(message: &mut Vec<u8>, field: &str) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(field.as_bytes());
}

/// What a field takes `[bytes]`.
pub(crate) fn field_size(field: &str) -> usize {
    LENGTH + field.len()
}

/// The messages that tell these winners: as many as it takes for each to fit
/// its frame, at least one.
pub fn winners<'a>(documents: impl IntoIterator<Item = &'a str>) -> Vec<Vec<u8>> {
    let mut messages = vec![vec![b'W']];
    for document in documents {
        let last = messages.last().map_or(0, Vec::len);
        if last > 1 && LENGTH + last + field_size(document) > MAX_FRAME {
            messages.push(vec![b'W']);
        }
        if let Some(message) = messages.last_mut() {
            push_field(message, document);
        }
    }
    messages
}

/// A message that is read field by field.
struct Fields<'a> {
    rest: &'a [u8],
    /// Fields read so far.
    read: usize,
}

impl<'a> Fields<'a> {
    fn one(&mut self) -> Result<&'a str, Malformed> {
        let field = self.read;
        let Some((length, rest)) = self.rest.split_first_chunk::<LENGTH>() else {
            return Err(match self.rest.len() {
                0 => Malformed::Missing { field },
                left => Malformed::NoLength { field, left },
            });
        };
        let claims = u32::from_be_bytes(*length) as usize;
        let Some((bytes, rest)) = rest.split_at_checked(claims) else {
            let left = rest.len();
            return Err(Malformed::Lies {
                field,
                claims,
                left,
            });
        };
        let text = std::str::from_utf8(bytes).map_err(|_| Malformed::NotUtf8 { field })?;
        self.rest = rest;
        self.read += 1;
        Ok(text)
    }

    fn bets(&mut self) -> Result<Vec<Bet<'a>>, Malformed> {
        let mut bets = Vec::new();
        while !self.rest.is_empty() {
            if bets.len() == MAX_BETS {
                return Err(Malformed::TooManyBets);
            }
            let mut fields = [""; FIELDS];
            for field in &mut fields {
                *field = self.one()?;
            }
            bets.push(Bet::from_fields(fields));
        }
        match bets.len() {
            0 => Err(Malformed::NoBets),
            _ => Ok(bets),
        }
    }
}
