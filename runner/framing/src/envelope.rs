//! The bytes around a message in its frame.

use super::Framing;
use super::error::FramingError;

/// The bytes before and after a message in its frame. With them, one vectored write
/// sends a message without a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The header, at the end of the array.
    head: [u8; Envelope::LONGEST],
    /// Index of the first byte of the header in `head`.
    from: u8,
    tail: &'static [u8],
}

impl Envelope {
    /// Size of the longest header `[bytes]`: the 20 digits of 2^64 and a colon.
    const LONGEST: usize = 21;

    /// The envelope of a message.
    ///
    /// # Errors
    ///
    /// Fails if the framing cannot express the message: [`FramingError::Unwritable`],
    /// [`FramingError::NewlineInLine`], [`FramingError::NoType`],
    /// [`FramingError::OtherSize`].
    pub fn new(framing: Framing, message: &[u8]) -> Result<Envelope, FramingError> {
        if framing == Framing::Line
            && let Some(at) = memchr::memchr(b'\n', message)
        {
            return Err(FramingError::NewlineInLine { at: at as u64 });
        }
        Envelope::of_length(framing, message.len() as u64)
    }

    /// The envelope of a message of this length, whatever its bytes are.
    fn of_length(framing: Framing, length: u64) -> Result<Envelope, FramingError> {
        let at_most = |longest: u64| match length <= longest {
            true => Ok(()),
            false => Err(FramingError::Unwritable {
                framing,
                length,
                longest,
            }),
        };
        let mut envelope = Envelope {
            head: [b' '; Envelope::LONGEST],
            from: Envelope::LONGEST as u8,
            tail: b"",
        };
        match framing {
            Framing::Decimal10 => {
                at_most(9_999_999_999)?;
                envelope.prepend_decimal(length, 10);
            }
            Framing::Decimal12 => {
                at_most(999_999_999_999)?;
                envelope.prepend_decimal(length, 12);
            }
            Framing::U32be => {
                at_most(u64::from(u32::MAX))?;
                envelope.prepend(&(length as u32).to_be_bytes());
            }
            Framing::U64be => envelope.prepend(&length.to_be_bytes()),
            Framing::TypedU32be => {
                at_most(u64::from(u32::MAX) + 1)?;
                let payload = length.checked_sub(1).ok_or(FramingError::NoType)?;
                envelope.prepend(&(payload as u32).to_be_bytes());
            }
            Framing::DigitsColon => {
                envelope.prepend(b":");
                envelope.prepend_decimal(length, 1);
            }
            Framing::Line => envelope.tail = b"\n",
            Framing::Fixed(size) if length != u64::from(size) => {
                return Err(FramingError::OtherSize { framing, length });
            }
            Framing::Fixed(_) | Framing::Resp | Framing::Raw => {}
        }
        Ok(envelope)
    }

    /// The bytes before the message.
    pub fn head(&self) -> &[u8] {
        &self.head[usize::from(self.from)..]
    }

    /// The bytes after the message.
    pub fn tail(&self) -> &'static [u8] {
        self.tail
    }

    fn prepend(&mut self, bytes: &[u8]) {
        let end = usize::from(self.from);
        let from = end - bytes.len();
        self.head[from..end].copy_from_slice(bytes);
        self.from = from as u8;
    }

    /// Prepends the digits of a number, and spaces up to `width` bytes.
    fn prepend_decimal(&mut self, mut number: u64, width: usize) {
        let end = usize::from(self.from);
        loop {
            self.prepend(&[b'0' + (number % 10) as u8]);
            number /= 10;
            if number == 0 {
                break;
            }
        }
        while end - usize::from(self.from) < width {
            self.prepend(b" ");
        }
    }
}

/// Appends a message in its frame to `out`.
///
/// # Errors
///
/// Fails if the framing cannot express the message, as [`Envelope::new`] does. Then
/// nothing is appended.
pub fn encode(framing: Framing, message: &[u8], out: &mut Vec<u8>) -> Result<(), FramingError> {
    let envelope = Envelope::new(framing, message)?;
    out.reserve(envelope.head().len() + message.len() + envelope.tail().len());
    out.extend_from_slice(envelope.head());
    out.extend_from_slice(message);
    out.extend_from_slice(envelope.tail());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(framing: Framing, message: &[u8]) -> String {
        let mut out = b"before ".to_vec();
        encode(framing, message, &mut out).unwrap();
        out.strip_prefix(b"before ")
            .unwrap()
            .escape_ascii()
            .to_string()
    }

    #[test]
    fn a_length_of_gigabytes_is_written_whole_or_refused() {
        use Framing::*;
        let head = |framing, length| {
            let envelope = Envelope::of_length(framing, length);
            envelope.map(|it| it.head().escape_ascii().to_string())
        };
        // The longest that each can express, and what stands before it.
        for (framing, longest, written) in [
            (Decimal10, 9_999_999_999, "9999999999"),
            (Decimal12, 999_999_999_999, "999999999999"),
            (U32be, (1 << 32) - 1, r"\xff\xff\xff\xff"),
            (TypedU32be, 1 << 32, r"\xff\xff\xff\xff"),
        ] {
            assert_eq!(head(framing, longest).unwrap(), written, "{framing}");
            for length in [longest + 1, longest * 2, u64::MAX] {
                let refused = head(framing, length).unwrap_err();
                let expected = FramingError::Unwritable {
                    framing,
                    length,
                    longest,
                };
                assert_eq!(refused.to_string(), expected.to_string());
            }
        }
        for (framing, written) in [
            (U64be, r"\xff\xff\xff\xff\xff\xff\xff\xff"),
            (DigitsColon, "18446744073709551615:"),
        ] {
            assert_eq!(head(framing, u64::MAX).unwrap(), written);
        }
        assert!(head(Fixed(1 << 31), (1 << 32) + (1 << 31)).is_err());
    }

    #[test]
    fn frames_are_these_bytes() {
        use Framing::*;
        for (framing, message, bytes) in [
            (Decimal10, "hello", "         5hello"),
            (Decimal10, "", "         0"),
            (Decimal12, "hello, world", "          12hello, world"),
            (U32be, "abc", r"\x00\x00\x00\x03abc"),
            (U64be, "abc", r"\x00\x00\x00\x00\x00\x00\x00\x03abc"),
            (TypedU32be, "Babc", r"\x00\x00\x00\x03Babc"),
            (TypedU32be, "Q", r"\x00\x00\x00\x00Q"),
            (DigitsColon, "hello world!", "12:hello world!"),
            (DigitsColon, "", "0:"),
            (Line, "hello", r"hello\n"),
            (Line, "hello\r", r"hello\r\n"),
            (Line, "", r"\n"),
            (Resp, "+OK\r\n", r"+OK\r\n"),
            (Fixed(5), "hello", "hello"),
            (Raw, "hello", "hello"),
        ] {
            assert_eq!(framed(framing, message.as_bytes()), bytes, "{framing}");
        }
        let kilo = [7; 1000];
        assert!(framed(U32be, &kilo).starts_with(r"\x00\x00\x03\xe8\x07"));
        assert!(framed(Decimal10, &kilo).starts_with(r"      1000\x07"));
    }

    #[test]
    fn what_a_frame_cannot_hold_is_refused_and_nothing_is_written() {
        let mut out = Vec::new();
        let mut refusal = |framing, message: &[u8]| {
            let error = encode(framing, message, &mut out).unwrap_err();
            assert!(out.is_empty());
            error
        };
        assert_eq!(
            refusal(Framing::Line, b"one\ntwo"),
            FramingError::NewlineInLine { at: 3 }
        );
        assert_eq!(refusal(Framing::TypedU32be, b""), FramingError::NoType);
        for message in [&b"four"[..], b"sixsix", b""] {
            let error = refusal(Framing::Fixed(5), message).to_string();
            let expected = "a `fixed:5` message has exactly that many bytes, this one has";
            assert_eq!(error, format!("{expected} {}", message.len()));
        }
    }

    #[test]
    fn decimal_headers_hold_all_their_digits() {
        let mut envelope = Envelope::new(Framing::Raw, b"").unwrap();
        envelope.prepend(b":");
        envelope.prepend_decimal(u64::MAX, 1);
        assert_eq!(envelope.head(), b"18446744073709551615:");
    }
}
