//! The lines of a file, whatever wrote it: UTF-8 with or without a mark, UTF-16, line
//! ends of any system. A line that is too long is said, and does not fill the memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

/// Maximum length of a line `[bytes]`, if no other is set; the rest of a longer one is
/// not kept.
pub const MAX_LINE: usize = 1 << 20;
/// Maximum size of a file in UTF-16, which is read as a whole `[bytes]`.
const MAX_WIDE: u64 = 256 << 20;
/// Number of bytes at the beginning of a file that say what it is.
const HEAD: usize = 64 << 10;

/// The lines of a file.
pub struct Lines {
    from: Box<dyn BufRead>,
    /// The byte that ends a line.
    end: u8,
    buffer: Vec<u8>,
    /// The number of the last line, from 1.
    pub number: u64,
    /// Lines with bytes that are no UTF-8.
    pub not_utf8: u64,
    /// Whether the last line had an end: if not, it may be cut off.
    pub ended: bool,
    /// Maximum length of a line `[bytes]`.
    pub limit: usize,
}

/// A line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It is in the text.
    Whole,
    /// It is longer than [`MAX_LINE`]; its beginning is in the text.
    TooLong,
}

/// A kind of file that is not read.
const SEALED: [(&[u8], &str); 7] = [
    (
        b"\x1f\x8b",
        "is compressed by gzip: unpack it first (gunzip)",
    ),
    (
        b"PK\x03\x04",
        "is a ZIP archive or an office document: unpack it, or save it as CSV",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "is compressed by zstd: unpack it first (unzstd)",
    ),
    (b"BZh", "is compressed by bzip2: unpack it first (bunzip2)"),
    (b"\xfd7zXZ", "is compressed by xz: unpack it first (unxz)"),
    (b"SQLite format 3", "is a database: export its table as CSV"),
    (b"%PDF", "is a PDF: no log"),
];

impl Lines {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    pub fn open(path: &Path) -> io::Result<Lines> {
        let mut file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::other("is a folder"));
        }
        let mut head = Vec::new();
        Read::by_ref(&mut file)
            .take(HEAD as u64)
            .read_to_end(&mut head)?;
        if let Some((_, what)) = SEALED.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Err(io::Error::other(*what));
        }
        let from: Box<dyn BufRead> = match wide(&head) {
            Some((little, mark)) => {
                let mut bytes = head;
                let read = Read::by_ref(&mut file)
                    .take(MAX_WIDE)
                    .read_to_end(&mut bytes)?;
                if read as u64 == MAX_WIDE {
                    return Err(io::Error::other(
                        "is UTF-16 of more than 256 MiB: save it as UTF-8",
                    ));
                }
                Box::new(Cursor::new(narrow(&bytes[mark..], little).into_bytes()))
            }
            None => {
                let mark = if head.starts_with(b"\xef\xbb\xbf") {
                    3
                } else {
                    0
                };
                let head = Cursor::new(head[mark..].to_vec());
                Box::new(BufReader::with_capacity(HEAD, head.chain(file)))
            }
        };
        let mut lines = Lines {
            from,
            end: b'\n',
            buffer: Vec::new(),
            number: 0,
            not_utf8: 0,
            ended: false,
            limit: MAX_LINE,
        };
        let first = lines.from.fill_buf()?;
        // Line ends of old systems: `\r` alone.
        if first.contains(&b'\r') && !first.contains(&b'\n') {
            lines.end = b'\r';
        }
        Ok(lines)
    }

    /// Whether there is no further line.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.from.fill_buf()?.is_empty())
    }

    /// Puts the next line into `text`, without its end. `None` after the last.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next(&mut self, text: &mut String) -> io::Result<Option<Line>> {
        self.buffer.clear();
        let mut line = Line::Whole;
        let mut any = false;
        loop {
            let available = self.from.fill_buf()?;
            if available.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(self.end, available);
            let part = &available[..end.unwrap_or(available.len())];
            let room = self.limit - self.buffer.len();
            if part.len() > room {
                line = Line::TooLong;
            }
            self.buffer.extend_from_slice(&part[..part.len().min(room)]);
            let used = end.map_or(available.len(), |end| end + 1);
            self.from.consume(used);
            self.ended = end.is_some();
            if self.ended {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        let mut bytes = self.buffer.as_slice();
        bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        // A file that was allocated before it was written ends with zeros.
        let is_zero = |byte: &u8| *byte == 0;
        let start = bytes.iter().take_while(|it| is_zero(it)).count();
        let zeros = bytes[start..]
            .iter()
            .rev()
            .take_while(|it| is_zero(it))
            .count();
        let bytes = &bytes[start..bytes.len() - zeros];
        text.clear();
        match std::str::from_utf8(bytes) {
            Ok(valid) => text.push_str(valid),
            Err(_) => {
                self.not_utf8 += u64::from(line == Line::Whole);
                text.push_str(&String::from_utf8_lossy(bytes));
            }
        }
        Ok(Some(line))
    }
}

/// Whether a file is UTF-16: whether its low byte is first, and the length of its mark.
fn wide(head: &[u8]) -> Option<(bool, usize)> {
    match head {
        [0xff, 0xfe, ..] => return Some((true, 2)),
        [0xfe, 0xff, ..] => return Some((false, 2)),
        _ => {}
    }
    // Without a mark: every second byte of English text is zero.
    let pairs = head.chunks_exact(2).take(64);
    let count = pairs.clone().count();
    let zeros = |at: usize| {
        pairs
            .clone()
            .filter(|pair| pair[at] == 0 && pair[1 - at] != 0)
            .count()
    };
    match (zeros(1), zeros(0)) {
        (high, _) if count >= 4 && high * 10 >= count * 9 => Some((true, 0)),
        (_, high) if count >= 4 && high * 10 >= count * 9 => Some((false, 0)),
        _ => None,
    }
}

fn narrow(bytes: &[u8], little: bool) -> String {
    let units = bytes.chunks_exact(2).map(|pair| match little {
        true => u16::from_le_bytes([pair[0], pair[1]]),
        false => u16::from_be_bytes([pair[0], pair[1]]),
    });
    char::decode_utf16(units)
        .map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, bytes).unwrap();
        let mut lines = Lines::open(&path).unwrap();
        let (mut text, mut all) = (String::new(), Vec::new());
        while let Some(line) = lines.next(&mut text).unwrap() {
            all.push(match line {
                Line::Whole => text.clone(),
                Line::TooLong => format!("too long: {}", text.len()),
            });
        }
        all
    }

    #[test]
    fn text_of_any_system_has_the_same_lines() {
        let wide = |text: &str| {
            text.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<_>>()
        };
        let high = |text: &str| {
            text.encode_utf16()
                .flat_map(u16::to_be_bytes)
                .collect::<Vec<_>>()
        };
        for bytes in [
            b"ab,1\ncd,2\n".to_vec(),
            b"ab,1\r\ncd,2\r\n".to_vec(),
            b"ab,1\rcd,2".to_vec(),
            b"\xef\xbb\xbfab,1\ncd,2".to_vec(),
            wide("\u{feff}ab,1\ncd,2\n"),
            wide("ab,1\ncd,2\n"),
            high("\u{feff}ab,1\r\ncd,2\n"),
            b"ab,1\ncd,2\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
        ] {
            assert_eq!(lines(&bytes), ["ab,1", "cd,2"], "{bytes:?}");
        }
    }

    #[test]
    fn a_long_line_is_said_and_the_next_is_read() {
        let mut bytes = vec![b'x'; 3 * MAX_LINE];
        bytes.extend_from_slice(b"\nnext\n");
        assert_eq!(
            lines(&bytes),
            [format!("too long: {MAX_LINE}"), "next".to_owned()]
        );
        assert_eq!(lines(b"").len(), 0);
    }

    #[test]
    fn what_is_no_text_is_refused_with_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, b"\x1f\x8b\x08\0").unwrap();
        let error = Lines::open(&path).err().unwrap().to_string();
        assert!(error.contains("gunzip"), "{error}");
    }
}
