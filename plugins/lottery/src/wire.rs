//! The frames between agency and central.
//!
//! A frame is the length of its payload (4 bytes, most significant first), a type byte and the
//! payload. The runner reads and writes the length (framing `typed-u32be`), so a message here is
//! the type byte and the payload. A payload is a list of fields. Each field is its length
//! (4 bytes, most significant first) and that number of bytes of UTF-8.
//!
//! | type | from | fields |
//! |---|---|---|
//! | `B` | agency | the agency, then for each bet first name, last name, document, birthdate, number |
//! | `F` | agency | the agency: it has no more bets |
//! | `Q` | agency | the agency: a query for its winners |
//! | `0` | central | the number of stored bets; for a single bet, its document and number |
//! | `E` | central | the reason of a refusal |
//! | `Q` | central | none: not drawn yet |
//! | `W` | central | the documents of the agency's winners |
//!
//! A whole frame takes at most [`MAX_FRAME`] bytes. Nothing else limits the number of bets.
//!
//! A message may be malformed or hostile. Each length is compared with the bytes that
//! are left before it is used, and no memory is allocated by a length in the message.

mod error;
#[cfg(test)]
mod tests;

pub use error::Malformed;

use crate::bet::{Bet, FIELDS};

/// Maximum size of a frame, with its length and type `[bytes]`.
pub const MAX_FRAME: usize = 8192;

/// Size of a frame's or field's length `[bytes]`.
pub const LENGTH: usize = 4;

/// A message between agency and central.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Bets to be stored.
    Bets {
        /// The agency that hands in the bets.
        agency: &'a str,
        /// At least one bet.
        bets: Vec<Bet<'a>>,
    },
    /// The agency has no more bets.
    End {
        /// The agency.
        agency: &'a str,
    },
    /// The agency asks for its winners.
    Ask {
        /// The agency.
        agency: &'a str,
    },
    /// This number of bets is stored.
    Stored(u64),
    /// A single bet is stored.
    StoredOne {
        /// The document of the bet.
        document: &'a str,
        /// The number of the bet.
        number: &'a str,
    },
    /// A refusal; the reason.
    Error(&'a str),
    /// The draw has not happened.
    NotYet,
    /// The documents of an agency's winners.
    Winners(Vec<&'a str>),
}

impl<'a> Frame<'a> {
    /// Decodes a message: type byte and payload.
    ///
    /// # Errors
    /// If the message is not one of the frames.
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

    /// Encodes the frame as a message: type byte and payload.
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

/// A message of a type byte and fields.
fn message<'a>(kind: u8, fields: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut message = vec![kind];
    fields
        .into_iter()
        .for_each(|field| push_field(&mut message, field));
    message
}

/// Appends a field. A text of 4 GiB or more cannot be a field, but every message that is
/// sent fits in a frame.
pub(crate) fn push_field(message: &mut Vec<u8>, field: &str) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(field.as_bytes());
}

/// Size of a field in a message `[bytes]`.
pub(crate) fn field_size(field: &str) -> usize {
    LENGTH + field.len()
}

/// The messages with these winners: as many as necessary to fit in frames, at least one.
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

/// Reads the fields of a message.
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
        let length = u32::from_be_bytes(*length) as usize;
        let Some((bytes, rest)) = rest.split_at_checked(length) else {
            let left = rest.len();
            return Err(Malformed::Truncated {
                field,
                length,
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
