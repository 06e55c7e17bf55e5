//! Reads a table row by row. An error names the file, the line and the column.

use std::fs::File;
use std::io;
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
    reader: csv::Reader<File>,
    header: csv::StringRecord,
    record: csv::ByteRecord,
}

/// One row of a table, as long as the header.
#[derive(Clone, Copy, Debug)]
pub struct TableRow<'a> {
    path: &'a Path,
    header: &'a csv::StringRecord,
    record: &'a csv::ByteRecord,
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
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => {
                let found = format!("the header cannot be read: {error}");
                return Err(TableError::content(path, 1, found));
            }
        };
        if !header
            .iter()
            .take(columns.len())
            .eq(columns.iter().copied())
        {
            let found = match header.is_empty() {
                true => "the file is empty".to_owned(),
                false => {
                    let all: Vec<&str> = header.iter().collect();
                    let shown: String = all.join(",").chars().take(120).collect();
                    format!("the header is `{shown}`")
                }
            };
            let found = format!("{found}, expected `{}`", columns.join(","));
            return Err(TableError::content(path, 1, found));
        }
        Ok(TableReader {
            path: path.to_owned(),
            reader,
            header,
            record: csv::ByteRecord::new(),
        })
    }

    /// The columns.
    pub fn header(&self) -> impl Iterator<Item = &str> {
        self.header.iter()
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read, or the row is shorter or longer than the header.
    pub fn next_row(&mut self) -> Result<Option<TableRow<'_>>, TableError> {
        match self.reader.read_byte_record(&mut self.record) {
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
            record: &self.record,
        };
        let (found, expected) = (row.record.len(), row.header.len());
        if found != expected {
            return Err(row.error(format!("a row of {found} cells, expected {expected}")));
        }
        Ok(Some(row))
    }
}

impl<'a> TableRow<'a> {
    /// The number of cells.
    pub fn cell_count(&self) -> usize {
        self.record.len()
    }

    /// The bytes of its cells.
    pub fn cells(&self) -> impl Iterator<Item = &'a [u8]> {
        self.record.iter()
    }

    fn cell(&self, column: usize) -> &'a [u8] {
        self.record.get(column).unwrap_or_default()
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
        format!("`{}`", self.header.get(column).unwrap_or_default())
    }

    /// The number of its line.
    pub fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    fn error(&self, found: String) -> TableError {
        TableError::content(self.path, self.line(), found)
    }
}
