//! From a terminal's bytes to keys.
//!
//! A key is a character, of one byte or of several, or a sequence that begins with
//! an escape: `ESC [ A` is an arrow. The bytes of one key arrive with one read, so
//! an unfinished sequence at the end of a read is a key by itself; a single escape
//! is the key of that name.

/// Splits bytes into keys.
#[derive(Debug, Default)]
pub struct Keys {
    /// The first bytes of a character whose other bytes have not arrived.
    unfinished: Vec<u8>,
}

/// Ctrl-D: the end of the input.
const END: u8 = 4;

const ESCAPE: u8 = 0x1b;

impl Keys {
    /// Calls `key` for each key. Returns whether the input ends here.
    pub fn take(&mut self, bytes: &[u8], mut key: impl FnMut(&[u8])) -> bool {
        self.unfinished.extend_from_slice(bytes);
        let all = std::mem::take(&mut self.unfinished);
        let mut rest = &all[..];
        while let Some(&first) = rest.first() {
            if first == END {
                return true;
            }
            let length = match first {
                ESCAPE => sequence(rest),
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => 1,
            };
            if length > rest.len() {
                self.unfinished = rest.to_vec();
                break;
            }
            key(&rest[..length]);
            rest = &rest[length..];
        }
        false
    }
}

/// The length of a sequence that begins with an escape: a control sequence ends
/// with a byte from `@` to `~`, any other is an escape and one character.
fn sequence(bytes: &[u8]) -> usize {
    match bytes.get(1) {
        Some(b'[' | b'O') => {
            let end = bytes[2..].iter().position(|it| (b'@'..=b'~').contains(it));
            end.map_or(bytes.len(), |end| end + 3)
        }
        Some(&second) if second != ESCAPE => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys in these reads, `|` between them, and whether that was the end.
    fn keys(reads: &[&[u8]]) -> (String, bool) {
        let mut keys = Keys::default();
        let (mut found, mut end) = (Vec::new(), false);
        for read in reads {
            end = keys.take(read, |key| found.push(key.escape_ascii().to_string()));
        }
        (found.join("|"), end)
    }

    #[test]
    fn each_character_is_a_key_however_many_bytes_it_has() {
        assert_eq!(keys(&[b" "]), (" ".to_owned(), false));
        assert_eq!(keys(&[b"ab\n"]), ("a|b|\\n".to_owned(), false));
        let umlaut = "\\xc3\\xa4|x".to_owned();
        assert_eq!(keys(&["\u{e4}x".as_bytes()]), (umlaut.clone(), false));
        assert_eq!(keys(&[b"\xc3", b"\xa4x"]), (umlaut, false));
        assert_eq!(keys(&[b"\xff\x80"]), ("\\xff|\\x80".to_owned(), false));
    }

    #[test]
    fn an_arrow_is_one_key_and_so_is_escape() {
        let (found, _) = keys(&[b"\x1b[A\x1bOBx\x1b[15~\x1bx\x1b"]);
        assert_eq!(found, "\\x1b[A|\\x1bOB|x|\\x1b[15~|\\x1bx|\\x1b");
        assert_eq!(keys(&[b"\x1b["]).0, "\\x1b[");
        assert_eq!(keys(&[b"\x1b\x1b[A"]).0, "\\x1b|\\x1b[A");
    }

    #[test]
    fn ctrl_d_is_the_end() {
        assert_eq!(keys(&[b"ab\x04c"]), ("a|b".to_owned(), true));
    }
}
