//! Reads a table row by row. An error names the file, the line and the column.
//!
//! The csv crate reads what has quotes. Most tables have none: their lines are split at the
//! commas here, in a fraction of the instructions. From the first quote on, or line end that is
//! not `\n` alone, all is read by the crate.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};

/// A table could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The content is not what the runner writes.
    #[error("{}:{line}: {found}\n  {hint}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What was found, and what was expected.
        found: String,
        /// What to do.
        hint: &'static str,
    },
}

/// Size of a read `[bytes]`. Arbitrary.
const READ: usize = 64 << 10;

/// The hint of most errors.
const DAMAGED: &str = "the file was cut short or changed; run the scenario again";

impl TableError {
    /// The content of a file is wrong in this line.
    pub fn content(path: &Path, line: u64, found: impl Into<String>) -> TableError {
        TableError::Content {
            path: path.to_owned(),
            line,
            found: found.into(),
            hint: DAMAGED,
        }
    }

    /// An error of the csv crate.
    pub fn csv(path: &Path, line: u64, error: csv::Error) -> TableError {
        match error.into_kind() {
            csv::ErrorKind::Io(source) => TableError::Read {
                path: path.to_owned(),
                source,
            },
            _ => TableError::content(path, line, "this is no CSV"),
        }
    }
}

/// A table that is read row by row.
#[derive(Debug)]
pub struct TableReader {
    path: PathBuf,
    rows: Rows<BufReader<File>>,
    header: Vec<String>,
    cells: Cells,
}

/// The rows that are not read yet.
#[derive(Debug)]
enum Rows<R> {
    /// So far, no line has a quote.
    Plain {
        reader: Option<R>,
        /// The number of lines that were read.
        lines: u64,
    },
    /// From the first line on that may have quotes.
    Quoted {
        reader: Box<csv::Reader<Chain<Cursor<Vec<u8>>, R>>>,
        record: csv::ByteRecord,
        /// The number of lines before.
        lines: u64,
    },
}

/// The cells of a row.
#[derive(Debug, Default)]
struct Cells {
    /// The cells, each with a byte behind it, except perhaps the last.
    text: Vec<u8>,
    /// Where each cell ends.
    ends: Vec<usize>,
    /// The number of its line.
    line: u64,
}

/// One row of a table, as long as the header.
#[derive(Clone, Copy, Debug)]
pub struct TableRow<'a> {
    path: &'a Path,
    header: &'a [String],
    cells: &'a Cells,
}

impl<R: BufRead> Rows<R> {
    fn new(reader: R) -> Rows<R> {
        Rows::Plain {
            reader: Some(reader),
            lines: 0,
        }
    }

    /// Reads the next row. Returns whether there is one.
    fn next(&mut self, cells: &mut Cells) -> Result<bool, csv::Error> {
        cells.ends.clear();
        loop {
            cells.text.clear();
            match self {
                Rows::Quoted {
                    reader,
                    record,
                    lines,
                } => {
                    let is_there = reader.read_byte_record(record)?;
                    cells.line = *lines + record.position().map_or(0, csv::Position::line);
                    for cell in record.iter() {
                        cells.text.extend_from_slice(cell);
                        cells.ends.push(cells.text.len());
                        cells.text.push(b',');
                    }
                    return Ok(is_there);
                }
                Rows::Plain { reader, lines } => {
                    let Some(plain) = reader else {
                        return Ok(false);
                    };
                    if plain.read_until(b'\n', &mut cells.text)? == 0 {
                        return Ok(false);
                    }
                    // The crate skips a mark of the byte order before the first cell.
                    let is_marked = *lines == 0 && cells.text.starts_with(b"\xef\xbb\xbf");
                    if is_marked || memchr::memchr2(b'"', b'\r', &cells.text).is_some() {
                        let lines = *lines;
                        let text = Cursor::new(std::mem::take(&mut cells.text));
                        if let Some(rest) = reader.take() {
                            *self = Rows::quoted(text.chain(rest), lines);
                        }
                        continue;
                    }
                    *lines += 1;
                    if cells.split() {
                        cells.line = *lines;
                        return Ok(true);
                    }
                }
            }
        }
    }

    fn quoted(reader: Chain<Cursor<Vec<u8>>, R>, lines: u64) -> Rows<R> {
        let mut builder = csv::ReaderBuilder::new();
        builder.has_headers(false).flexible(true);
        Rows::Quoted {
            reader: Box::new(builder.from_reader(reader)),
            record: csv::ByteRecord::new(),
            lines,
        }
    }
}

impl Cells {
    /// Finds the cells of a line without quotes. Returns whether it has any: an empty line is
    /// no row.
    fn split(&mut self) -> bool {
        if self.text.last() == Some(&b'\n') {
            self.text.pop();
        }
        if self.text.is_empty() {
            return false;
        }
        for (place, byte) in self.text.iter().enumerate() {
            if *byte == b',' {
                self.ends.push(place);
            }
        }
        self.ends.push(self.text.len());
        true
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let cell = &self.text[start..end];
            start = end + 1;
            cell
        })
    }

    fn get(&self, column: usize) -> Option<&[u8]> {
        let end = *self.ends.get(column)?;
        let start = match column {
            0 => 0,
            _ => self.ends[column - 1] + 1,
        };
        Some(&self.text[start..end])
    }
}

impl TableReader {
    /// Opens a table whose header begins with these columns.
    ///
    /// # Errors
    /// The file cannot be read, or its header begins otherwise.
    pub fn open(path: &Path, columns: &[&str]) -> Result<TableReader, TableError> {
        let file = File::open(path).map_err(|source| TableError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut rows = Rows::new(BufReader::with_capacity(READ, file));
        let mut cells = Cells::default();
        let is_read = rows.next(&mut cells);
        is_read.map_err(|error| TableError::csv(path, 1, error))?;
        let texts = cells.iter().map(|cell| String::from_utf8(cell.to_vec()));
        let header: Result<Vec<String>, _> = texts.collect();
        let header = header.map_err(|error| {
            let found = format!("the header cannot be read: {error}");
            TableError::content(path, 1, found)
        })?;
        let first = header.iter().map(String::as_str).take(columns.len());
        if !first.eq(columns.iter().copied()) {
            let found = match header.is_empty() {
                true => "the file is empty".to_owned(),
                false => {
                    let shown: String = header.join(",").chars().take(120).collect();
                    format!("the header is `{shown}`")
                }
            };
            let found = format!("{found}, expected `{}`", columns.join(","));
            return Err(TableError::content(path, 1, found));
        }
        Ok(TableReader {
            path: path.to_owned(),
            rows,
            header,
            cells,
        })
    }

    /// The columns.
    pub fn header(&self) -> impl Iterator<Item = &str> {
        self.header.iter().map(String::as_str)
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read, or the row is shorter or longer than the header.
    pub fn next_row(&mut self) -> Result<Option<TableRow<'_>>, TableError> {
        match self.rows.next(&mut self.cells) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                return Err(TableError::csv(&self.path, line, error));
            }
        }
        let row = TableRow {
            path: &self.path,
            header: &self.header,
            cells: &self.cells,
        };
        let (found, expected) = (row.cell_count(), row.header.len());
        if found != expected {
            return Err(row.error(format!("a row of {found} cells, expected {expected}")));
        }
        Ok(Some(row))
    }
}

impl<'a> TableRow<'a> {
    /// The number of cells.
    pub fn cell_count(&self) -> usize {
        self.cells.ends.len()
    }

    /// The bytes of its cells.
    pub fn cells(&self) -> impl Iterator<Item = &'a [u8]> {
        self.cells.iter()
    }

    fn cell(&self, column: usize) -> &'a [u8] {
        self.cells.get(column).unwrap_or_default()
    }

    /// The text of a cell.
    ///
    /// # Errors
    /// The cell is not UTF-8.
    pub fn text(&self, column: usize) -> Result<&'a str, TableError> {
        std::str::from_utf8(self.cell(column))
            .map_err(|_| self.error(format!("{} is not UTF-8", self.name(column))))
    }

    /// A whole number of 0 or more.
    ///
    /// # Errors
    /// The cell holds something else.
    pub fn number(&self, column: usize) -> Result<u64, TableError> {
        let parsed = self.text(column)?.parse();
        parsed.map_err(|_| self.wrong(column, "a whole number"))
    }

    /// As [`TableRow::number`]; `None` if the cell is empty.
    ///
    /// # Errors
    /// The cell holds something else.
    pub fn optional_number(&self, column: usize) -> Result<Option<u64>, TableError> {
        match self.cell(column) {
            b"" => Ok(None),
            _ => self.number(column).map(Some),
        }
    }

    /// A number that is finite and not negative.
    ///
    /// # Errors
    /// The cell holds something else.
    pub fn real(&self, column: usize) -> Result<f64, TableError> {
        match self.text(column)?.parse() {
            Ok(number) if f64::is_finite(number) && number >= 0.0 => Ok(number),
            _ => Err(self.wrong(column, "a number of 0 or more")),
        }
    }

    /// The error of a cell that does not hold what was expected.
    pub fn wrong(&self, column: usize, expected: &str) -> TableError {
        let cell = String::from_utf8_lossy(self.cell(column));
        let cell: String = cell.chars().take(60).collect();
        self.error(format!(
            "{} is `{cell}`, expected {expected}",
            self.name(column)
        ))
    }

    fn name(&self, column: usize) -> String {
        format!("`{}`", self.header.get(column).map_or("", String::as_str))
    }

    /// The number of its line.
    pub fn line(&self) -> u64 {
        self.cells.line
    }

    fn error(&self, found: String) -> TableError {
        TableError::content(self.path, self.line(), found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The line and the cells of each row.
    fn rows(text: &[u8]) -> Vec<(u64, Vec<Vec<u8>>)> {
        let mut rows = Rows::new(text);
        let mut cells = Cells::default();
        let mut found = Vec::new();
        while rows.next(&mut cells).unwrap() {
            let own = cells.iter().map(<[u8]>::to_vec).collect::<Vec<_>>();
            let got = (0..own.len()).map(|column| cells.get(column).unwrap().to_vec());
            assert_eq!(own, got.collect::<Vec<_>>());
            assert_eq!(cells.get(own.len()), None);
            found.push((cells.line, own));
        }
        found
    }

    #[test]
    fn a_row_knows_its_line_before_and_after_the_first_quote() {
        let lines = |text: &[u8]| -> Vec<u64> { rows(text).iter().map(|it| it.0).collect() };
        assert_eq!(lines(b"a,b\n1,2\n\n3,4\n\"5\",6\n7,8"), [1, 2, 4, 5, 6]);
        assert_eq!(rows(b"a,\n,b\n").len(), 2);
        assert_eq!(rows(b"\xef\xbb\xbfa\n")[0].1, [b"a"]);
        assert!(rows(b"").is_empty());
    }

    proptest! {
        #[test]
        fn the_csv_crate_reads_the_same_cells(text in "[a1,,\n\n\"\r ]{0,12}[a,\n]{0,20}[a1,,\n\n\"\r ]{0,20}") {
            let mut builder = csv::ReaderBuilder::new();
            let mut reader = builder.has_headers(false).flexible(true).from_reader(text.as_bytes());
            let records = reader.byte_records().map(|it| it.unwrap());
            let expected: Vec<Vec<Vec<u8>>> =
                records.map(|it| it.iter().map(<[u8]>::to_vec).collect()).collect();
            let found: Vec<_> = rows(text.as_bytes()).into_iter().map(|it| it.1).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
