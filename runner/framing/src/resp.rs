//! Finds the end of a value of the Redis protocol (RESP, version 2 of the
//! specification at redis.io, "Redis serialization protocol").
//!
//! A value begins with a line that ends in `\r\n`. The first byte is the type: `+`
//! simple string, `-` error, `:` integer, `$` bulk string (a length; after the line
//! come that many bytes and `\r\n`), `*` array (a count; after the line come that many
//! values). A length or count of -1 is null. Any other first byte begins a command
//! that a person typed, which is one line that ends in `\n`.
//!
//! Arrays nest, but their end is found without a stack: the reader counts the values
//! that are still to come. An array of n replaces one value by n. A value has at least
//! 3 bytes, so a count that does not fit into `max_message` is an error at once.

use super::Framing;
use super::error::{Excerpt, FramingError};
use super::header::number_of;

/// How far a value is read.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Number of bytes of whole values and headers at the beginning.
    at: usize,
    /// There is no newline from `at` to this position `[bytes]`.
    searched: usize,
    /// Number of values that are still to come.
    pending: u64,
}

/// Where a value ends, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The value has at least this size `[bytes]`.
    AtLeast(usize),
    /// The value is whole, and has this size `[bytes]`.
    Whole(usize),
}

/// Size of the shortest value `[bytes]`: `+\r\n`.
const SHORTEST: u64 = 3;

/// Size of the longest line with a number `[bytes]`: a type, a sign, 20 digits.
const LONGEST_NUMBER: usize = 22;

impl Default for Progress {
    fn default() -> Progress {
        Progress {
            at: 0,
            searched: 0,
            pending: 1,
        }
    }
}

impl Progress {
    /// Continues to read. `value` has all bytes since the beginning of the value.
    ///
    /// # Errors
    ///
    /// Fails if the bytes break the grammar, or if the value is longer than
    /// `max_message`.
    pub fn read(&mut self, value: &[u8], max_message: u64) -> Result<Extent, FramingError> {
        while self.pending > 0 {
            let Some(kind) = value.get(self.at) else {
                return Ok(Extent::AtLeast(self.at + 1));
            };
            let number = matches!(kind, b':' | b'$' | b'*');
            let Some(end) = self.line(value, number, max_message)? else {
                return Ok(Extent::AtLeast(value.len() + 1));
            };
            match kind {
                b'+' | b'-' => self.step(end, 0),
                b':' => {
                    self.integer(value, end)?;
                    self.step(end, 0);
                }
                b'*' => {
                    let count = self.count(value, end)?.unwrap_or(0);
                    self.fits(end as u64, count, max_message)?;
                    self.step(end, count);
                }
                b'$' => {
                    let body = match self.count(value, end)? {
                        Some(length) => length.saturating_add(2),
                        None => 0,
                    };
                    self.fits((end as u64).saturating_add(body), 0, max_message)?;
                    // At most `max_message`, which may not fit into a usize.
                    let after = end.saturating_add(usize::try_from(body).unwrap_or(usize::MAX));
                    if value.len() < after {
                        return Ok(Extent::AtLeast(after));
                    }
                    if body > 0 && !value[..after].ends_with(b"\r\n") {
                        return Err(wrong(value, after - 2, "`\\r\\n` after the string"));
                    }
                    self.step(after, 0);
                }
                _ => self.step(end, 0),
            }
        }
        Ok(Extent::Whole(self.at))
    }

    /// A value or a header up to `at` is read. `more` values follow it.
    fn step(&mut self, at: usize, more: u64) {
        (self.at, self.searched) = (at, at);
        self.pending = (self.pending - 1).saturating_add(more);
    }

    /// Fails if the value must be longer than `max_message`: the bytes up to `end`,
    /// `more` values of the array that is read, and the other pending values.
    fn fits(&self, end: u64, more: u64, max_message: u64) -> Result<(), FramingError> {
        let values = (self.pending - 1).saturating_add(more);
        let length = end.saturating_add(values.saturating_mul(SHORTEST));
        if length > max_message {
            return Err(FramingError::TooLong {
                framing: Framing::Resp,
                length: Some(length),
                max_message,
            });
        }
        Ok(())
    }

    /// The end of the line that begins at `at`, after its newline; `None` if the line
    /// is not whole.
    fn line(
        &mut self,
        value: &[u8],
        number: bool,
        max_message: u64,
    ) -> Result<Option<usize>, FramingError> {
        let typed = matches!(value[self.at], b'+' | b'-') || number;
        if !typed {
            let printable =
                !value[self.at].is_ascii_control() || b"\r\n\t".contains(&value[self.at]);
            if self.at > 0 || !printable {
                return Err(wrong(value, self.at, "a type: one of `+-:$*`"));
            }
        }
        self.searched = self.searched.max(self.at);
        let found = memchr::memchr(b'\n', &value[self.searched..]);
        let end = found.map(|index| self.searched + index + 1);
        let so_far = end.unwrap_or(value.len());
        if number && so_far - self.at > LONGEST_NUMBER + 2 {
            return Err(wrong(value, self.at, "a number, then `\\r\\n`"));
        }
        if so_far as u64 > max_message {
            return Err(FramingError::TooLong {
                framing: Framing::Resp,
                length: None,
                max_message,
            });
        }
        let Some(end) = end else {
            self.searched = value.len();
            return Ok(None);
        };
        if typed {
            self.fits(end as u64, 0, max_message)?;
            let text = &value[self.at..end - 1];
            if memchr::memchr(b'\r', text) != Some(text.len() - 1) {
                return Err(wrong(value, self.at, "a line that ends in `\\r\\n`"));
            }
        }
        Ok(Some(end))
    }

    /// A length or a count; `None` for -1, which is null.
    fn count(&self, value: &[u8], end: usize) -> Result<Option<u64>, FramingError> {
        let text = &value[self.at + 1..end - 2];
        if text == b"-1" {
            return Ok(None);
        }
        let negative = text
            .strip_prefix(b"-")
            .is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit));
        if negative {
            return Err(FramingError::Negative {
                framing: Framing::Resp,
                found: Excerpt::new(&value[self.at..end]),
            });
        }
        digits(text)
            .map(Some)
            .ok_or_else(|| wrong(value, self.at, "a length of -1 or more in digits"))
    }

    fn integer(&self, value: &[u8], end: usize) -> Result<(), FramingError> {
        let text = &value[self.at + 1..end - 2];
        let sound = std::str::from_utf8(text).is_ok_and(|text| text.parse::<i64>().is_ok());
        match sound {
            true => Ok(()),
            false => Err(wrong(value, self.at, "an integer of 64 bits")),
        }
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    let all = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if all { number_of(text) } else { None }
}

fn wrong(value: &[u8], at: usize, expected: &'static str) -> FramingError {
    FramingError::Value {
        found: Excerpt::new(&value[at..]),
        at: at as u64,
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a value byte by byte, and at once: both results must be equal.
    fn extent(value: &[u8]) -> Result<Extent, FramingError> {
        let at_once = Progress::default().read(value, 1000);
        let mut progress = Progress::default();
        for end in 0..=value.len() {
            let extent = progress.read(&value[..end], 1000);
            if matches!(extent, Ok(Extent::AtLeast(_))) && end < value.len() {
                continue;
            }
            match (&extent, &at_once) {
                (Ok(extent), Ok(at_once)) => assert_eq!(extent, at_once),
                (Err(_), Err(_)) => {}
                _ => panic!("{extent:?}, at once {at_once:?}"),
            }
            break;
        }
        at_once
    }

    #[test]
    fn values_end_where_their_grammar_says() {
        for value in [
            "+OK\r\n",
            "+\r\n",
            "-ERR unknown command\r\n",
            ":0\r\n",
            ":-9223372036854775808\r\n",
            "$5\r\nhello\r\n",
            "$0\r\n\r\n",
            "$-1\r\n",
            "$4\r\n\r\n\r\n\r\n",
            "*0\r\n",
            "*-1\r\n",
            "*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
            "*3\r\n:1\r\n*2\r\n+a\r\n*1\r\n$-1\r\n-e\r\n",
            "PING\r\n",
            "set a b\n",
            "\r\n",
        ] {
            let whole = Ok(Extent::Whole(value.len()));
            assert_eq!(extent(value.as_bytes()), whole, "{value:?}");
            let more = format!("{value}+NEXT\r\n");
            assert_eq!(extent(more.as_bytes()), whole, "{value:?}");
            for end in 0..value.len() {
                let part = extent(&value.as_bytes()[..end]);
                assert!(
                    matches!(part, Ok(Extent::AtLeast(n)) if n > end),
                    "{value:?} {end}"
                );
            }
        }
    }

    #[test]
    fn a_bulk_string_tells_how_far_it_goes() {
        assert_eq!(extent(b"$100\r\nabc"), Ok(Extent::AtLeast(108)));
    }

    #[test]
    fn what_breaks_the_grammar_says_where() {
        for (value, message) in [
            (
                "+OK\n",
                "`resp` value has b\"+OK\\n\" at byte 0, expected a line that ends in `\\r\\n`",
            ),
            ("+O\rK\r\n", "expected a line that ends in"),
            (":12a\r\n", "expected an integer of 64 bits"),
            (":\r\n", "expected an integer of 64 bits"),
            (":9223372036854775808\r\n", "expected an integer of 64 bits"),
            ("$x\r\n", "expected a length of -1 or more in digits"),
            ("$\r\n", "expected a length of -1 or more in digits"),
            ("$+5\r\n", "expected a length of -1 or more in digits"),
            ("$-2\r\n", "`resp` length is negative: b\"$-2\\r\\n\""),
            ("*-7\r\n", "`resp` length is negative"),
            (
                "$2\r\nabc\r\n",
                "has b\"c\\r\\n\" at byte 6, expected `\\r\\n` after the string",
            ),
            (
                "*1\r\nPING\r\n",
                "has b\"PING\\r\\n\" at byte 4, expected a type: one of `+-:$*`",
            ),
            (
                "$0000000000000000000000000000005\r\n",
                "expected a number, then",
            ),
            ("\x16\x03\x01", "expected a type: one of `+-:$*`"),
            (
                "$99999999999999999999\r\n",
                "expected a length of -1 or more in digits",
            ),
        ] {
            let error = extent(value.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(message), "{value:?}: {error}");
        }
    }

    #[test]
    fn what_cannot_fit_is_refused_at_its_header() {
        for value in [
            "$18446744073709551615\r\n",
            "$994\r\n",
            "*18446744073709551615\r\n",
            "*332\r\n",
            "*2\r\n*18446744073709551615\r\n",
            "*100\r\n*300\r\n",
        ] {
            let error = extent(value.as_bytes()).unwrap_err();
            assert!(
                matches!(error, FramingError::TooLong { .. }),
                "{value}: {error}"
            );
        }
        // One byte less fits: 6 + 992 + 2, and 6 + 3 * 331.
        assert!(extent(b"$992\r\n").is_ok());
        assert!(extent(b"*331\r\n").is_ok());
    }
}
