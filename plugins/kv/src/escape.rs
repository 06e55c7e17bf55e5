//! Bytes as readable text, and back.
//!
//! Keys and values may be any bytes; a log's columns are text. Printable text is unchanged, a
//! backslash is doubled, and all other bytes (control characters, bytes that are not UTF-8)
//! are written as `\n`, `\r`, `\t` or `\xNN`. Two different byte strings never have the same
//! text: [`unescaped`] returns the original bytes.

use runner_sdk::fnv;
use std::borrow::Cow;
use std::fmt::{self, Write};

/// Formats bytes as text.
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
    /// Maximum size of a key or value that a cell contains in full `[bytes]`; arbitrary. The
    /// text of a column is repeated in each row of its step, so it must be short.
    const CELL: usize = 256;

    /// The text for a cell. Bytes longer than 256 are shortened to their beginning, their
    /// size and a hash of all bytes (FNV-1a, 64 bit).
    pub fn cell(self) -> Cow<'bytes, str> {
        let Escaped(bytes) = self;
        let plain = |text: &&str| !text.contains(|c: char| c == '\\' || c.is_control());
        match bytes {
            _ if bytes.len() > Escaped::CELL => Cow::Owned(format!(
                "{}\\...({} bytes, {:016x})",
                Escaped(&bytes[..32]),
                bytes.len(),
                fnv::of(bytes),
            )),
            _ => match std::str::from_utf8(bytes).ok().filter(plain) {
                Some(text) => Cow::Borrowed(text),
                None => Cow::Owned(self.to_string()),
            },
        }
    }
}

/// The bytes of an escaped text; `None` if [`Escaped`] cannot have written it.
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
    fn printable_text_is_unchanged_and_other_bytes_are_escaped() {
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
    fn long_bytes_differ_by_size_and_hash() {
        let cell = |byte: u8, size: usize| Escaped(&vec![byte; size]).cell().into_owned();
        assert_eq!(cell(b'a', 256).len(), 256);
        let begin = "a".repeat(32);
        assert!(cell(b'a', 257).starts_with(&format!("{begin}\\...(257 bytes, ")));
        assert_ne!(cell(b'a', 1_000_000), cell(b'a', 1_000_001));
        assert_eq!(unescaped(&cell(b'a', 257)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_restored(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(unescaped(&Escaped(&bytes).to_string()), Some(bytes.clone()));
            prop_assert_eq!(unescaped(&Escaped(&bytes).cell()), Some(bytes));
        }

        #[test]
        fn any_text_is_restored(text in "(?s).{0,40}") {
            prop_assert_eq!(unescaped(&Escaped(text.as_bytes()).to_string()), Some(text.into_bytes()));
        }
    }
}
