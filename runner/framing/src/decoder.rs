//! From a stream of bytes, which arrive in pieces, to whole messages.

use std::io::{self, Read};
use std::ops::Range;

use super::Framing;
use super::buffer::{Buffer, FIRST};
use super::error::{Excerpt, FramingError};
use super::header::{self, Header};
use super::resp;

/// Turns a stream of bytes into messages.
///
/// The caller adds bytes ([`Decoder::push`], [`Decoder::read_from`]), then takes
/// messages ([`Decoder::next_message`]) until it returns `None`, and so on. At the end
/// of the stream, [`Decoder::finish`] returns an error if a frame is incomplete. After
/// an error, every later call returns the same error.
///
/// Each byte takes constant time, amortized, however small the pieces are. Memory is
/// at most a small multiple of the waiting bytes, and a page.
#[derive(Debug)]
pub struct Decoder {
    framing: Framing,
    max_message: u64,
    buffer: Buffer,
    /// Minimum size of the frame that is arriving `[bytes]`.
    at_least: usize,
    /// Whether `at_least` is the exact size of the frame.
    exactly: bool,
    /// For `line`: the first bytes, of this number, have no newline.
    searched: usize,
    /// For `resp`: how far the value is read.
    value: resp::Progress,
    failed: Option<FramingError>,
}

/// The position of a message in its frame. The frame begins at 0.
struct Frame {
    message: Range<usize>,
    end: usize,
}

/// For `raw`: maximum number of bytes of one read, which is a message. The size of a
/// datagram. Arbitrary.
const RAW_READ: usize = 64 << 10;

impl Decoder {
    /// A decoder at the beginning of a stream. `max_message` is the size of the
    /// longest message that is accepted, without its frame `[bytes]`.
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

    /// The framing of the stream.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Number of waiting bytes: whole messages that were not taken yet, and the frame
    /// that is arriving.
    pub fn waiting(&self) -> usize {
        self.buffer.len()
    }

    /// The waiting bytes themselves.
    pub fn waiting_bytes(&self) -> &[u8] {
        self.buffer.waiting()
    }

    /// Size of the allocation of the waiting bytes `[bytes]`.
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Frees the allocation if no byte waits.
    pub fn shrink(&mut self) {
        self.buffer.shrink();
    }

    /// Adds bytes that arrived. After an error, the bytes are dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        self.buffer.room(bytes.len(), usize::MAX)[..bytes.len()].copy_from_slice(bytes);
        self.buffer.arrived(bytes.len());
    }

    /// Reads once from a source into the decoder's buffer. Returns the number of
    /// bytes, 0 at the end of the stream.
    ///
    /// # Errors
    ///
    /// Returns the errors of the source, also [`io::ErrorKind::WouldBlock`].
    pub fn read_from(&mut self, source: &mut impl Read) -> io::Result<usize> {
        let there = self.buffer.len();
        let first = match self.framing {
            Framing::Raw => RAW_READ,
            _ => FIRST,
        };
        // At most as many bytes as have arrived: an announced length alone gets a page.
        let missing = self.at_least.saturating_sub(there);
        let size = missing.clamp(first, there.max(first));
        let most = match self.exactly {
            true => self.at_least,
            false => usize::MAX,
        };
        let count = source.read(self.buffer.room(size, most))?;
        if self.failed.is_none() {
            self.buffer.arrived(count);
        }
        Ok(count)
    }

    /// The next message; `None` if it is not whole yet.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a frame, or if a message is longer than
    /// `max_message`.
    pub fn next_message(&mut self) -> Result<Option<&[u8]>, FramingError> {
        Ok(match self.advance()? {
            Some(range) => Some(self.buffer.taken(range)),
            None => None,
        })
    }

    /// The next message after the end of the stream; `None` if there is none. For
    /// `line`, the last message may lack its newline. Call it until it returns
    /// `None`.
    ///
    /// # Errors
    ///
    /// As [`Decoder::next_message`]. Returns [`FramingError::Unfinished`] if the stream
    /// ended inside a frame.
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

    /// Takes the first frame. Returns the range of its message in the buffer; `None`
    /// if the frame is not whole.
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

    /// The first frame; `None` if it is not whole.
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
            Framing::Fixed(size) => Header::Whole {
                size: 0,
                length: size.into(),
            },
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
