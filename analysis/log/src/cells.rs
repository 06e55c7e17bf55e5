//! Splits a CSV file into records and cells, with quotes, line ends within quotes
//! and CRLF. The slow path of [`super::cursor`] uses it; the fast path, for rows of
//! our own writer, does not.

use super::error::{LogError, Problem, shown};
use super::source::{ROW_LIMIT, Source};

/// The cells of one record; reused for the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    bytes: Vec<u8>,
    /// Where each cell ends in `bytes`, and whether it was quoted.
    ends: Vec<(usize, bool)>,
}

impl Cells {
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Cell `index`, unquoted, and whether it was quoted.
    pub(super) fn get(&self, index: usize) -> (&[u8], bool) {
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1].0,
        };
        let (end, quoted) = self.ends[index];
        (&self.bytes[start..end], quoted)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.count()).map(|index| self.get(index).0)
    }

    /// Reads one record. Returns its length with the line end `[bytes]`; `None` if
    /// the record does not end within `bytes`.
    fn take(&mut self, bytes: &[u8], at_eof: bool) -> Option<usize> {
        self.bytes.clear();
        self.ends.clear();
        let mut at = 0;
        loop {
            let quoted = bytes.get(at) == Some(&b'"');
            if quoted {
                at += 1;
                loop {
                    let quote = at + memchr::memchr(b'"', &bytes[at..])?;
                    self.bytes.extend_from_slice(&bytes[at..quote]);
                    at = quote + 1;
                    match bytes.get(at) {
                        Some(b'"') => {
                            self.bytes.push(b'"');
                            at += 1;
                        }
                        // Whether the quote ends the cell depends on the next byte.
                        None if !at_eof => return None,
                        _ => break,
                    }
                }
            }
            // Text after a closing quote is kept as it is.
            let length = memchr::memchr2(b',', b'\n', &bytes[at..]);
            let (end, last) = match length {
                Some(length) => (at + length, bytes[at + length] == b'\n'),
                None if at_eof => (bytes.len(), true),
                None => return None,
            };
            let mut cell = &bytes[at..end];
            if last && cell.last() == Some(&b'\r') {
                cell = &cell[..cell.len() - 1];
            }
            self.bytes.extend_from_slice(cell);
            self.ends.push((self.bytes.len(), quoted));
            at = (end + 1).min(bytes.len());
            if last {
                return Some(at);
            }
        }
    }
}

/// The records of a file.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) source: Source,
    /// The line that the next record begins on, from 1.
    pub(super) line: u64,
    /// Whether a last line without a line end is complete. In our own logs it was
    /// cut off.
    pub(super) open_end: bool,
    /// Whether a last line that was cut off is ignored.
    pub(super) cut_end: bool,
}

impl Records {
    pub(super) fn error(&self, problem: Problem) -> LogError {
        LogError {
            path: self.source.path().to_owned(),
            line: self.line,
            problem,
        }
    }

    /// Reads the next record into `cells`. Returns its length `[bytes]`; `None` at the
    /// end of the file. The file stays at this record until [`Records::pass`].
    pub(super) fn read(&mut self, cells: &mut Cells) -> Result<Option<usize>, LogError> {
        loop {
            let rest = self.source.rest();
            if !rest.is_empty() {
                if let Some(length) = cells.take(rest, self.source.at_eof) {
                    if rest[length - 1] != b'\n' && !self.open_end {
                        if self.cut_end {
                            return Ok(None);
                        }
                        let found = shown(rest);
                        return Err(self.error(Problem::CutOff { found }));
                    }
                    return Ok(Some(length));
                }
                if self.source.at_eof {
                    return Err(self.error(Problem::OpenQuote));
                }
                if rest.len() > ROW_LIMIT {
                    return Err(self.error(Problem::EndlessRow { limit: ROW_LIMIT }));
                }
            } else if self.source.at_eof {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    /// Moves to the next record; the present one has this length `[bytes]`.
    pub(super) fn pass(&mut self, length: usize) {
        let record = &self.source.rest()[..length];
        self.line += memchr::memchr_iter(b'\n', record).count() as u64;
        self.source.at += length;
    }

    /// Reads more bytes.
    pub(super) fn fill(&mut self) -> Result<(), LogError> {
        let filled = self.source.fill();
        filled.map_err(|error| LogError::of(self.source.path(), Problem::Io(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn taken(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let mut cells = Cells::default();
        let mut records = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let Some(length) = cells.take(&bytes[at..], true) else {
                break;
            };
            at += length;
            records.push(cells.iter().map(<[u8]>::to_vec).collect());
        }
        records
    }

    #[test]
    fn quotes_commas_and_line_ends_within_quotes_are_text() {
        let records = taken(b"a,\"b,\"\"c\"\"\n\",d\r\n,\n\"\"");
        let expected: [&[&[u8]]; 3] = [&[b"a", b"b,\"c\"\n", b"d"], &[b"", b""], &[b""]];
        assert_eq!(records, expected);
    }

    #[test]
    fn a_record_that_does_not_end_yet_is_not_taken() {
        let mut cells = Cells::default();
        for part in ["", "a,b", "a,\"b\n", "a,\"b\"", "a,\"b\"\""] {
            assert_eq!(cells.take(part.as_bytes(), false), None, "{part}");
        }
        assert_eq!(cells.take(b"a,\"b\"\n", false), Some(6));
    }

    proptest! {
        #[test]
        fn reads_what_the_csv_crate_reads(text in "[a\",\n ]{0,40}") {
            // Parsers differ on quotes within a cell; our writer makes none.
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            let rows: Vec<Vec<&str>> = text.split(' ').map(|row| row.split('a').collect()).collect();
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let records = taken(&writer.into_inner().unwrap());
            let rows: Vec<Vec<Vec<u8>>> = rows
                .into_iter()
                .map(|row| row.into_iter().map(|cell| cell.as_bytes().to_vec()).collect())
                .collect();
            prop_assert_eq!(records, rows);
        }
    }
}
