//! Where a line ends in what a program writes. A line ends with `\n` or `\r\n`, and has a
//! longest length: a program that never ends its line must not fill the memory.

use std::collections::VecDeque;

/// Bytes that a program has written, line by line.
#[derive(Debug)]
pub struct Lines {
    /// The longest line `[bytes]`.
    longest: usize,
    /// Bytes of whole lines and the beginning of the next one.
    bytes: VecDeque<u8>,
    /// How many bytes are known to have no end of a line.
    looked_at: usize,
    /// Number of lines that were taken.
    taken: u64,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes, without its end.
    pub bytes: Vec<u8>,
}

/// A line is longer than allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Its number, from 1.
    pub number: u64,
    /// Its beginning.
    pub beginning: Vec<u8>,
}

/// How much of a line that is too long is kept for its error `[bytes]`.
const BEGINNING: usize = 400;

impl Lines {
    /// No bytes yet. No line may be longer than `longest` bytes.
    pub fn new(longest: usize) -> Lines {
        Lines {
            longest,
            bytes: VecDeque::new(),
            looked_at: 0,
            taken: 0,
        }
    }

    /// Adds bytes as they were written.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Number of bytes that wait.
    pub fn waiting(&self) -> usize {
        self.bytes.len()
    }

    /// Takes the next whole line.
    ///
    /// # Errors
    ///
    /// If the line is longer than allowed, whether or not its end has arrived.
    pub fn take(&mut self) -> Result<Option<Line>, TooLong> {
        let end = self.find_end();
        let length = end.unwrap_or(self.bytes.len());
        if length > self.longest {
            return Err(TooLong {
                number: self.taken + 1,
                beginning: self.bytes.iter().take(BEGINNING).copied().collect(),
            });
        }
        let Some(end) = end else {
            self.looked_at = self.bytes.len();
            return Ok(None);
        };
        let mut bytes: Vec<u8> = self.bytes.drain(..=end).collect();
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        self.looked_at = 0;
        self.taken += 1;
        Ok(Some(Line {
            number: self.taken,
            bytes,
        }))
    }

    /// The beginning of a line whose end has not arrived, if there is one.
    pub fn unfinished(&self) -> Option<Line> {
        (!self.bytes.is_empty()).then(|| Line {
            number: self.taken + 1,
            bytes: self.bytes.iter().take(BEGINNING).copied().collect(),
        })
    }

    fn find_end(&self) -> Option<usize> {
        let (front, back) = self.bytes.as_slices();
        if let Some(unseen) = front.get(self.looked_at..)
            && let Some(end) = memchr::memchr(b'\n', unseen)
        {
            return Some(self.looked_at + end);
        }
        let skipped = self.looked_at.saturating_sub(front.len());
        let end = memchr::memchr(b'\n', back.get(skipped..)?)?;
        Some(front.len() + skipped + end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(lines: &mut Lines) -> Vec<(u64, String)> {
        let mut all = Vec::new();
        while let Some(line) = lines.take().unwrap() {
            all.push((line.number, String::from_utf8(line.bytes).unwrap()));
        }
        all
    }

    #[test]
    fn a_line_ends_with_one_or_two_bytes() {
        let mut lines = Lines::new(100);
        lines.feed(b"a\nb\r\n\nc\rd\n\r\ne");
        let expected = ["a", "b", "", "c\rd", ""].map(str::to_owned);
        assert_eq!(all(&mut lines), (1..).zip(expected).collect::<Vec<_>>());
        assert_eq!(lines.unfinished().unwrap().bytes, b"e");
        assert_eq!(lines.unfinished().unwrap().number, 6);
    }

    #[test]
    fn a_line_that_is_too_long_is_found_before_its_end() {
        let mut lines = Lines::new(10);
        lines.feed(b"0123456789\n0123456789");
        assert_eq!(all(&mut lines).len(), 1);
        lines.feed(b"x");
        let error = lines.take().unwrap_err();
        assert_eq!(
            (error.number, &error.beginning[..]),
            (2, &b"0123456789x"[..])
        );
        let mut whole = Lines::new(10);
        whole.feed(b"0123456789x\n");
        assert_eq!(whole.take().unwrap_err().number, 1);
    }

    proptest! {
        #[test]
        fn how_the_bytes_arrive_changes_nothing(
            text in "[ab\n]{0,60}",
            cuts in prop::collection::vec(1usize..9, 0..40),
        ) {
            let mut at_once = Lines::new(1000);
            at_once.feed(text.as_bytes());
            let mut piecewise = Lines::new(1000);
            let (mut rest, mut taken) = (text.as_bytes(), Vec::new());
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                piecewise.feed(piece);
                taken.extend(all(&mut piecewise));
                rest = after;
            }
            piecewise.feed(rest);
            taken.extend(all(&mut piecewise));
            prop_assert_eq!(taken, all(&mut at_once));
            prop_assert_eq!(piecewise.unfinished(), at_once.unfinished());
        }
    }
}
