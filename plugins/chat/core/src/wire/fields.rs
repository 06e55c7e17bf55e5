//! The fields of a frame, read from its bytes and written to them.

use super::{MAX_FRAME, VERSION};
use crate::Refusal;

/// Why bytes are no frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The request's number, as far as it could be read; else 0.
    pub request: u32,
    /// The error's code.
    pub refusal: Refusal,
    /// What was found, and what was expected.
    pub what: String,
}

/// Reads fields from the front of what is left.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    /// The number of the request that is read, once it is known.
    request: u32,
}

impl<'a> Fields<'a> {
    /// Takes version and type off a frame.
    pub(super) fn of(frame: &'a [u8]) -> Result<(u8, Fields<'a>), Mistake> {
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
            return Err(Mistake {
                request: 0,
                refusal: Refusal::UnsupportedVersion,
                what: format!("version {version}, expected {VERSION}"),
            });
        }
        Ok((fields.u8("type")?, fields))
    }

    /// A mistake in what is read.
    pub(super) fn malformed(&self, what: String) -> Mistake {
        Mistake {
            request: self.request,
            refusal: Refusal::Malformed,
            what,
        }
    }

    /// That there is no such type. A request's number is told where there is one.
    pub(super) fn unknown(&mut self, kind: u8) -> Mistake {
        if kind < 0x40 {
            let _ = self.request();
        }
        Mistake {
            request: self.request,
            refusal: Refusal::UnknownType,
            what: format!("type {kind:#04x}"),
        }
    }

    fn take(&mut self, count: usize, name: &str) -> Result<&'a [u8], Mistake> {
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

    fn array<const N: usize>(&mut self, name: &str) -> Result<[u8; N], Mistake> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, name)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self, name: &str) -> Result<u8, Mistake> {
        Ok(self.array::<1>(name)?[0])
    }

    pub(super) fn u16(&mut self, name: &str) -> Result<u16, Mistake> {
        Ok(u16::from_be_bytes(self.array(name)?))
    }

    pub(super) fn u32(&mut self, name: &str) -> Result<u32, Mistake> {
        Ok(u32::from_be_bytes(self.array(name)?))
    }

    pub(super) fn u64(&mut self, name: &str) -> Result<u64, Mistake> {
        Ok(u64::from_be_bytes(self.array(name)?))
    }

    /// 0 or 1.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Mistake> {
        match self.u8(name)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.malformed(format!("{name}: {other}, expected 0 or 1"))),
        }
    }

    /// A text behind its length in one byte.
    pub(super) fn short(&mut self, name: &str) -> Result<&'a str, Mistake> {
        let length = self.u8(name)?;
        self.text(length.into(), name)
    }

    /// A text behind its length in two bytes.
    pub(super) fn long(&mut self, name: &str) -> Result<&'a str, Mistake> {
        let length = self.u16(name)?;
        self.text(length.into(), name)
    }

    fn text(&mut self, length: usize, name: &str) -> Result<&'a str, Mistake> {
        let bytes = self.take(length, name)?;
        std::str::from_utf8(bytes)
            .map_err(|error| self.malformed(format!("{name}: no UTF-8 ({error})")))
    }

    /// The number of a request; 0 is none.
    pub(super) fn request(&mut self) -> Result<u32, Mistake> {
        let request = self.u32("request")?;
        if request == 0 {
            return Err(self.malformed("request: 0, expected a number from 1".to_owned()));
        }
        self.request = request;
        Ok(request)
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), Mistake> {
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

/// Writes a text of at most 255 bytes behind its length; of a longer one what fits,
/// whole characters. Names and patterns are checked where they come from.
pub(super) fn put_short(text: &str, bytes: &mut Vec<u8>) {
    let text = cut(text, u8::MAX.into());
    bytes.push(text.len() as u8);
    bytes.extend_from_slice(text.as_bytes());
}

/// As [`put_short`], with two bytes of length.
pub(super) fn put_long(text: &str, bytes: &mut Vec<u8>) {
    let text = cut(text, u16::MAX.into());
    bytes.extend_from_slice(&(text.len() as u16).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// What fits of a text into `most` bytes.
fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}
