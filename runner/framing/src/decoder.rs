//! From a stream of bytes, in whatever pieces they arrive, to whole messages.

use std::io::{self, Read};
use std::ops::Range;

use super::Framing;
use super::buffer::{Buffer, FIRST};
use super::error::{Excerpt, FramingError};
use super::header::{self, Header};
use super::resp;

/// Turns a stream of bytes into messages.
///
/// Bytes are given to it ([`Decoder::push`], [`Decoder::read_from`]), then all
/// messages that are whole are taken ([`Decoder::next_message`] until it has
/// none), and so on. At the end of the stream, [`Decoder::finish`] tells whether
/// it ended between messages. After an error the stream has no meaning any more:
/// every later call answers the same error.
///
/// Each byte costs constant time, amortized, however small the pieces are. Memory
/// is at most a small multiple of the bytes that wait, and a page.
#[derive(Debug)]
pub struct Decoder {
    framing: Framing,
    max_message: u64,
    buffer: Buffer,
    /// Size of the frame that is arriving, at least `[bytes]`.
    at_least: usize,
    /// Whether it is exactly that.
    exactly: bool,
    /// No newline lies before here: `line` `[bytes]`.
    searched: usize,
    /// How far the value has been read: `resp`.
    value: resp::Progress,
    failed: Option<FramingError>,
}

/// Where a message stands in its frame, the frame beginning at 0.
struct Frame {
    message: Range<usize>,
    end: usize,
}

/// What one read may bring in `raw`, where it is a message `[bytes]`; arbitrary:
/// as much as a datagram.
const RAW_READ: usize = 64 << 10;

impl Decoder {
    /// A decoder at the beginning of a stream. `max_message` is the size of the
    /// longest message that is accepted, as it is given to a behavior `[bytes]`.
    pub fn new(framing: Framing, max_message: u64) -> Decoder {
        Decoder {
            framing,
            max_message,
            buffer: Buffer::default(),
            at_least: 1,
            exactly: false,
            searched: 0,
            value: resp::Progress::default(),
            failed: None,
        }
    }

    /// The framing that is read.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Number of bytes that wait: whole messages that were not taken yet, and the
    /// frame that is arriving.
    pub fn waiting(&self) -> usize {
        self.buffer.len()
    }

    /// Size of the allocation that holds them `[bytes]`.
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Adds bytes that have arrived. After an error they are dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        self.buffer.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.buffer.arrived(bytes.len());
    }

    /// Reads once from a source, straight into the place where the message is
    /// put together; answers the number of bytes, 0 at the end of the stream.
    ///
    /// # Errors
    ///
    /// Those of the source, [`io::ErrorKind::WouldBlock`] included.
    pub fn read_from(&mut self, source: &mut impl Read) -> io::Result<usize> {
        let there = self.buffer.len();
        let first = match self.framing {
            Framing::Raw => RAW_READ,
            _ => FIRST,
        };
        // As much again as has arrived, at most: a promise alone gets a page.
        let missing = self.at_least.saturating_sub(there);
        let count = source.read(self.buffer.room(missing.clamp(first, there.max(first))))?;
        if self.failed.is_none() {
            self.buffer.arrived(count);
        }
        Ok(count)
    }

    /// The next message, if it is whole.
    ///
    /// # Errors
    ///
    /// When what arrived is no frame, or a message exceeds `max_message`.
    pub fn next_message(&mut self) -> Result<Option<&[u8]>, FramingError> {
        Ok(match self.advance()? {
            Some(range) => Some(self.buffer.taken(range)),
            None => None,
        })
    }

    /// To be called when the stream has ended, until it has no message: those
    /// that are whole; in `line`, also the last one without its newline.
    ///
    /// # Errors
    ///
    /// As [`Decoder::next_message`], and [`FramingError::Unfinished`] when the
    /// stream ended within a frame.
    pub fn finish(&mut self) -> Result<Option<&[u8]>, FramingError> {
        if let Some(range) = self.advance()? {
            return Ok(Some(self.buffer.taken(range)));
        }
        let left = self.buffer.len();
        if left == 0 {
            return Ok(None);
        }
        if self.framing == Framing::Line {
            self.searched = 0;
            let range = self.buffer.take(left);
            return Ok(Some(self.buffer.taken(range)));
        }
        Err(self.fail(FramingError::Unfinished {
            framing: self.framing,
            received: left as u64,
            expected: self.exactly.then_some(self.at_least as u64),
            found: Excerpt::new(self.buffer.waiting()),
        }))
    }

    fn fail(&mut self, error: FramingError) -> FramingError {
        self.failed = Some(error.clone());
        error
    }

    /// Takes the first frame, if it is whole; answers where its message stands.
    fn advance(&mut self) -> Result<Option<Range<usize>>, FramingError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let Some(frame) = self.frame().map_err(|error| self.fail(error))? else {
            return Ok(None);
        };
        (self.at_least, self.exactly, self.searched) = (1, false, 0);
        self.value = resp::Progress::default();
        let taken = self.buffer.take(frame.end);
        let from = taken.start + frame.message.start;
        Ok(Some(from..from + frame.message.len()))
    }

    /// The first frame, if it is whole.
    fn frame(&mut self) -> Result<Option<Frame>, FramingError> {
        let bytes = self.buffer.waiting();
        if bytes.len() < self.at_least {
            return Ok(None);
        }
        let header = match self.framing {
            Framing::Decimal10 => header::padded(self.framing, bytes, 10)?,
            Framing::Decimal12 => header::padded(self.framing, bytes, 12)?,
            Framing::U32be => header::big_endian(bytes, 4),
            Framing::U64be => header::big_endian(bytes, 8),
            Framing::TypedU32be => match header::big_endian(bytes, 4) {
                Header::Whole { size, length } => Header::Whole {
                    size,
                    length: length + 1,
                },
                Header::Partial => Header::Partial,
            },
            Framing::DigitsColon => header::before_colon(bytes)?,
            Framing::Line => return self.line(),
            Framing::Resp => return self.resp(),
            Framing::Raw => {
                let longest = usize::try_from(self.max_message).unwrap_or(usize::MAX);
                let end = bytes.len().min(longest.max(1));
                return Ok(Some(Frame {
                    message: 0..end,
                    end,
                }));
            }
        };
        let Header::Whole { size, length } = header else {
            self.at_least = bytes.len() + 1;
            return Ok(None);
        };
        let end = usize::try_from(length)
            .ok()
            .filter(|_| length <= self.max_message)
            .and_then(|length| length.checked_add(size))
            .ok_or_else(|| self.too_long(Some(length)))?;
        if bytes.len() < end {
            (self.at_least, self.exactly) = (end, true);
            return Ok(None);
        }
        Ok(Some(Frame {
            message: size..end,
            end,
        }))
    }

    fn line(&mut self) -> Result<Option<Frame>, FramingError> {
        let bytes = self.buffer.waiting();
        let found = memchr::memchr(b'\n', &bytes[self.searched..]);
        let length = found.map_or(bytes.len(), |index| self.searched + index);
        if length as u64 > self.max_message {
            return Err(self.too_long(None));
        }
        self.searched = length;
        Ok(found.map(|_| Frame {
            message: 0..length,
            end: length + 1,
        }))
    }

    fn resp(&mut self) -> Result<Option<Frame>, FramingError> {
        match self.value.read(self.buffer.waiting(), self.max_message)? {
            resp::Extent::Whole(end) => Ok(Some(Frame {
                message: 0..end,
                end,
            })),
            resp::Extent::AtLeast(size) => {
                self.at_least = size;
                Ok(None)
            }
        }
    }

    fn too_long(&self, length: Option<u64>) -> FramingError {
        FramingError::TooLong {
            framing: self.framing,
            length,
            max_message: self.max_message,
        }
    }
}
