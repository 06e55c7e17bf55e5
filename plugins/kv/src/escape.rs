//! Bytes as text that can be read and taken apart again.
//!
//! Keys and values may be any bytes; a log's columns are text. Printable text
//! stands as it is; a backslash is doubled, and what is left (control characters,
//! bytes that are no UTF-8) is written `\n`, `\r`, `\t` or `\xNN`. No two byte strings
//! have the same text: [`unescaped`] gives back the bytes.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// Shows bytes as text.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'bytes>(pub &'bytes [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for letter in chunk.valid().chars() {
                match letter {
                    '\\' => f.write_str("\\\\")?,
                    '\n' => f.write_str("\\n")?,
                    '\r' => f.write_str("\\r")?,
                    '\t' => f.write_str("\\t")?,
                    _ if letter.is_control() => {
                        hex(f, letter.encode_utf8(&mut [0; 4]).as_bytes())?;
                    }
                    _ => f.write_char(letter)?,
                }
            }
            hex(f, chunk.invalid())?;
        }
        Ok(())
    }
}

fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))
}

impl<'bytes> Escaped<'bytes> {
    /// The longest key or value that a cell shows whole `[bytes]`; arbitrary: a
    /// column's text stands in every row of its step.
    const CELL: usize = 256;

    /// The text for a cell: all of it, or of what is longer than 256 bytes the
    /// beginning, the size and a hash of all bytes (FNV-1a, 64 bit).
    pub fn cell(self) -> Cow<'bytes, str> {
        let Escaped(bytes) = self;
        let plain = |text: &&str| !text.contains(|c: char| c == '\\' || c.is_control());
        match bytes {
            _ if bytes.len() > Escaped::CELL => Cow::Owned(format!(
                "{}\\...({} bytes, {:016x})",
                Escaped(&bytes[..32]),
                bytes.len(),
                fnv(bytes),
            )),
            _ => match std::str::from_utf8(bytes).ok().filter(plain) {
                Some(text) => Cow::Borrowed(text),
                None => Cow::Owned(self.to_string()),
            },
        }
    }
}

/// The FNV-1a hash of 64 bit.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The bytes of an escaped text; none if it is not one that [`Escaped`] writes.
pub fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b'\\' => b'\\',
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            _ => return None,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_stays_and_all_else_is_written_out() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"hello, world", "hello, world"),
            ("Gr\u{fc}\u{df}e".as_bytes(), "Gr\u{fc}\u{df}e"),
            (b"a\nb\r\n\t", "a\\nb\\r\\n\\t"),
            (b"\\n", "\\\\n"),
            (b"\x00\xff\xc3", "\\x00\\xff\\xc3"),
            ("\u{85}".as_bytes(), "\\xc2\\x85"),
        ] {
            assert_eq!(Escaped(bytes).to_string(), text);
            assert_eq!(Escaped(bytes).cell(), text);
        }
    }

    #[test]
    fn long_ones_are_told_apart_by_size_and_hash() {
        let cell = |byte: u8, size: usize| Escaped(&vec![byte; size]).cell().into_owned();
        assert_eq!(cell(b'a', 256).len(), 256);
        let begin = "a".repeat(32);
        assert!(cell(b'a', 257).starts_with(&format!("{begin}\\...(257 bytes, ")));
        assert_ne!(cell(b'a', 1_000_000), cell(b'a', 1_000_001));
        assert_eq!(unescaped(&cell(b'a', 257)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(unescaped(&Escaped(&bytes).to_string()), Some(bytes.clone()));
            prop_assert_eq!(unescaped(&Escaped(&bytes).cell()), Some(bytes));
        }

        #[test]
        fn any_text_comes_back(text in "(?s).{0,40}") {
            prop_assert_eq!(unescaped(&Escaped(text.as_bytes()).to_string()), Some(text.into_bytes()));
        }
    }
}
