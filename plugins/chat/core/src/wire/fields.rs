//! Reads and writes the fields of a frame.

use super::{MAX_FRAME, VERSION};
use crate::Refusal;

/// Why bytes are not a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Number of the request; 0 if it could not be read.
    pub request: u32,
    /// The refusal to reply with.
    pub refusal: Refusal,
    /// What was found, and what was expected.
    pub what: String,
}

/// Reads the fields of a frame, one after the other.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    /// Number of the request; 0 before it is read.
    request: u32,
}

impl<'a> Fields<'a> {
    /// Reads the version and the type of a frame.
    pub(super) fn of(frame: &'a [u8]) -> Result<(u8, Fields<'a>), DecodeError> {
        let mut fields = Fields {
            rest: frame,
            request: 0,
        };
        if frame.len() > MAX_FRAME {
            let what = format!("{} bytes, expected at most {MAX_FRAME}", frame.len());
            return Err(fields.malformed(what));
        }
        let version = fields.u8("version")?;
        if version != VERSION {
            return Err(DecodeError {
                request: 0,
                refusal: Refusal::UnsupportedVersion,
                what: format!("version {version}, expected {VERSION}"),
            });
        }
        Ok((fields.u8("type")?, fields))
    }

    /// The error for malformed bytes.
    pub(super) fn malformed(&self, what: String) -> DecodeError {
        DecodeError {
            request: self.request,
            refusal: Refusal::Malformed,
            what,
        }
    }

    /// The error for an unknown type, with the request's number if there is one.
    pub(super) fn unknown(&mut self, kind: u8) -> DecodeError {
        if kind < 0x40 {
            let _ = self.request();
        }
        DecodeError {
            request: self.request,
            refusal: Refusal::UnknownType,
            what: format!("type {kind:#04x}"),
        }
    }

    fn take(&mut self, count: usize, name: &str) -> Result<&'a [u8], DecodeError> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.malformed(format!(
                "{name}: {count} bytes, expected at most the {} that are left",
                self.rest.len()
            ))),
        }
    }

    fn array<const N: usize>(&mut self, name: &str) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, name)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self, name: &str) -> Result<u8, DecodeError> {
        Ok(self.array::<1>(name)?[0])
    }

    pub(super) fn u16(&mut self, name: &str) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.array(name)?))
    }

    pub(super) fn u32(&mut self, name: &str) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.array(name)?))
    }

    pub(super) fn u64(&mut self, name: &str) -> Result<u64, DecodeError> {
        Ok(u64::from_be_bytes(self.array(name)?))
    }

    /// A byte that is 0 or 1.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, DecodeError> {
        match self.u8(name)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.malformed(format!("{name}: {other}, expected 0 or 1"))),
        }
    }

    /// A text after its length in one byte.
    pub(super) fn short(&mut self, name: &str) -> Result<&'a str, DecodeError> {
        let length = self.u8(name)?;
        self.text(length.into(), name)
    }

    /// A text after its length in two bytes.
    pub(super) fn long(&mut self, name: &str) -> Result<&'a str, DecodeError> {
        let length = self.u16(name)?;
        self.text(length.into(), name)
    }

    fn text(&mut self, length: usize, name: &str) -> Result<&'a str, DecodeError> {
        let bytes = self.take(length, name)?;
        std::str::from_utf8(bytes)
            .map_err(|error| self.malformed(format!("{name}: no UTF-8 ({error})")))
    }

    /// The number of a request; 0 is an error.
    pub(super) fn request(&mut self) -> Result<u32, DecodeError> {
        let request = self.u32("request")?;
        if request == 0 {
            return Err(self.malformed("request: 0, expected a number from 1".to_owned()));
        }
        self.request = request;
        Ok(request)
    }

    /// Checks that no bytes are left.
    pub(super) fn end(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(self.malformed(format!("{left} bytes behind the last field"))),
        }
    }
}

/// Writes version and type.
pub(super) fn head(kind: u8, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&[VERSION, kind]);
}

/// Writes a text of at most 255 bytes after its length. A longer text is cut at a character;
/// the callers check the lengths of names and patterns.
pub(super) fn put_short(text: &str, bytes: &mut Vec<u8>) {
    let text = cut(text, u8::MAX.into());
    bytes.push(text.len() as u8);
    bytes.extend_from_slice(text.as_bytes());
}

/// Like [`put_short`], with a length of two bytes.
pub(super) fn put_long(text: &str, bytes: &mut Vec<u8>) {
    let text = cut(text, u16::MAX.into());
    bytes.extend_from_slice(&(text.len() as u16).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// The beginning of a text that fits in `most` bytes.
fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}
