//! Headers with a length.

use super::Framing;
use super::error::{Excerpt, FramingError};

/// A header, as far as it has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// The header is not whole.
    Partial,
    /// The header is whole.
    Whole {
        /// Size of the header `[bytes]`.
        size: usize,
        /// Size of the message after it `[bytes]`.
        length: u64,
    },
}

/// Maximum number of digits of a length before a colon: those of 2^64.
const MOST_DIGITS: usize = 20;

/// Reads a number of `width` bytes, big-endian.
pub fn big_endian(bytes: &[u8], width: usize) -> Header {
    match bytes.get(..width) {
        Some(digits) => Header::Whole {
            size: width,
            length: digits
                .iter()
                .fold(0, |length, byte| length << 8 | u64::from(*byte)),
        },
        None => Header::Partial,
    }
}

/// Reads ASCII digits with spaces before and after them, `width` bytes in all.
///
/// # Errors
///
/// Fails if the bytes are not such a number. It fails before all bytes have arrived
/// if the bytes so far cannot begin such a number.
pub fn padded(framing: Framing, bytes: &[u8], width: usize) -> Result<Header, FramingError> {
    let there = &bytes[..bytes.len().min(width)];
    let whole = there.len() == width;
    let number = there.trim_ascii_start();
    // Only spaces are padding: a tab or a newline is an error.
    let spaces = there[..there.len() - number.len()].iter();
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit());
    let digits = &number[..digits.count()];
    let rest = &number[digits.len()..];
    let sound = spaces.chain(rest).all(|byte| *byte == b' ');
    if !sound && whole && is_negative(number) {
        return Err(FramingError::Negative {
            framing,
            found: Excerpt::new(there),
        });
    }
    // After a minus, more bytes are needed to choose the error.
    let minus = !whole && is_negative_so_far(number);
    if (!sound && !minus) || (whole && digits.is_empty()) {
        return Err(FramingError::Header {
            framing,
            found: Excerpt::new(there),
            expected: match framing {
                Framing::Decimal12 => "a length in digits, padded with spaces to 12 bytes",
                _ => "a length in digits, padded with spaces to 10 bytes",
            },
        });
    }
    if !whole {
        return Ok(Header::Partial);
    }
    Ok(Header::Whole {
        size: width,
        // At most 12 digits.
        length: number_of(digits).unwrap_or(u64::MAX),
    })
}

/// Reads ASCII digits and a colon.
///
/// # Errors
///
/// Fails if the bytes are not such a number, or if it has more than 20 digits.
pub fn before_colon(bytes: &[u8]) -> Result<Header, FramingError> {
    let framing = Framing::DigitsColon;
    let there = &bytes[..bytes.len().min(MOST_DIGITS + 1)];
    let digits = there.iter().take_while(|byte| byte.is_ascii_digit());
    let digits = &there[..digits.count()];
    match there.get(digits.len()) {
        None if digits.len() <= MOST_DIGITS => Ok(Header::Partial),
        Some(b':') if !digits.is_empty() => Ok(Header::Whole {
            size: digits.len() + 1,
            length: number_of(digits).unwrap_or(u64::MAX),
        }),
        Some(b'-') if digits.is_empty() => match there.get(1) {
            None => Ok(Header::Partial),
            Some(byte) if byte.is_ascii_digit() => Err(FramingError::Negative {
                framing,
                found: Excerpt::new(there),
            }),
            Some(_) => Err(not_before_colon(there)),
        },
        _ => Err(not_before_colon(there)),
    }
}

fn not_before_colon(there: &[u8]) -> FramingError {
    FramingError::Header {
        framing: Framing::DigitsColon,
        found: Excerpt::new(there),
        expected: "a length of at most 20 digits, then `:`",
    }
}

/// The number of ASCII digits; `None` beyond 2^64.
pub fn number_of(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        number
            .checked_mul(10)?
            .checked_add(u64::from(digit.wrapping_sub(b'0')))
    })
}

/// Whether the bytes are a minus, digits, and spaces.
fn is_negative(number: &[u8]) -> bool {
    number
        .trim_ascii_end()
        .strip_prefix(b"-")
        .is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
}

/// Whether the bytes are a negative number, or the beginning of one.
fn is_negative_so_far(number: &[u8]) -> bool {
    number == b"-" || is_negative(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(header: Result<Header, FramingError>) -> Result<u64, String> {
        match header {
            Ok(Header::Whole { length, .. }) => Ok(length),
            Ok(Header::Partial) => Err("partial".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn padding_may_stand_on_either_side() {
        for header in ["        17", "17        ", "   17     ", "0000000017"] {
            let read = padded(Framing::Decimal10, header.as_bytes(), 10);
            assert_eq!(length(read), Ok(17), "{header}");
        }
    }

    #[test]
    fn what_is_not_a_padded_length_is_an_error_at_once() {
        let expected = "expected a length in digits, padded with spaces to 10 bytes";
        for (header, found) in [
            ("hello", "b\"hello\""),
            ("GET / HTTP/1.1", "b\"GET / HTTP\""),
            ("          ", "b\"          \""),
            ("  1 2     ", "b\"  1 2     \""),
            ("1_000     ", "b\"1_000     \""),
            ("\t5", "b\"\\t5\""),
            ("5\n", "b\"5\\n\""),
            ("+5", "b\"+5\""),
            ("-x", "b\"-x\""),
        ] {
            let read = length(padded(Framing::Decimal10, header.as_bytes(), 10));
            let message = format!("`decimal10` header is {found}, {expected}");
            assert_eq!(read, Err(message), "{header}");
        }
    }

    #[test]
    fn a_negative_length_has_its_own_error() {
        let read = length(padded(Framing::Decimal10, b"        -5rest", 10));
        let message = "`decimal10` length is negative: b\"        -5\", expected 0 or more";
        assert_eq!(read, Err(message.to_owned()));
        let read = length(before_colon(b"-5:hello"));
        assert!(read.unwrap_err().contains("length is negative"));
    }

    #[test]
    fn a_length_before_a_colon_has_1_to_20_digits() {
        assert_eq!(length(before_colon(b"0:")), Ok(0));
        assert_eq!(length(before_colon(b"007:x")), Ok(7));
        let largest = b"18446744073709551615:";
        assert_eq!(length(before_colon(largest)), Ok(u64::MAX));
        for partial in [&b""[..], b"1", b"-", b"12345678901234567890"] {
            assert_eq!(before_colon(partial), Ok(Header::Partial));
        }
        for garbage in [&b":"[..], b"5 :", b"five:", b"123456789012345678901", b"-:"] {
            let error = before_colon(garbage).unwrap_err();
            assert!(matches!(error, FramingError::Header { .. }), "{error}");
        }
    }
}
