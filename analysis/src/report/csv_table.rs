//! `runs.csv` and `summary.csv`, row by row, with errors that name the line.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::Error;

pub(super) const CUT: &str = "the file was cut short or changed; run the scenario again";

/// A CSV file with a header.
pub(super) struct CsvTable {
    path: PathBuf,
    reader: csv::Reader<File>,
    header: csv::StringRecord,
    record: csv::ByteRecord,
}

/// One row of a [`CsvTable`].
pub(super) struct CsvRow<'a> {
    path: &'a Path,
    header: &'a csv::StringRecord,
    record: &'a csv::ByteRecord,
}

impl CsvTable {
    pub fn open(path: &Path) -> Result<CsvTable, Error> {
        let file = File::open(path).map_err(Error::read(path))?;
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let header = reader
            .headers()
            .map_err(|error| Error::Table {
                path: path.to_owned(),
                line: 1,
                found: format!("the header cannot be read: {error}"),
                hint: CUT,
            })?
            .clone();
        Ok(CsvTable {
            path: path.to_owned(),
            reader,
            header,
            record: csv::ByteRecord::new(),
        })
    }

    pub fn header(&self) -> impl Iterator<Item = &str> {
        self.header.iter()
    }

    /// Checks that the header begins with these.
    pub fn expect_columns(&self, columns: &[&str]) -> Result<(), Error> {
        if self
            .header
            .iter()
            .take(columns.len())
            .eq(columns.iter().copied())
        {
            return Ok(());
        }
        let found: Vec<_> = self.header.iter().collect();
        let found = if found.is_empty() {
            "the file is empty".to_owned()
        } else {
            let shown: String = found.join(",").chars().take(120).collect();
            format!("the header is `{shown}`")
        };
        Err(Error::Table {
            path: self.path.clone(),
            line: 1,
            found: format!("{found}, expected `{}`", columns.join(",")),
            hint: CUT,
        })
    }

    /// The next row, as long as the header.
    pub fn next_row(&mut self) -> Result<Option<CsvRow<'_>>, Error> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                return Err(match error.into_kind() {
                    csv::ErrorKind::Io(source) => Error::read(&self.path)(source),
                    _ => Error::Table {
                        path: self.path.clone(),
                        line,
                        found: "this is no CSV".to_owned(),
                        hint: CUT,
                    },
                });
            }
        }
        let row = CsvRow {
            path: &self.path,
            header: &self.header,
            record: &self.record,
        };
        if row.record.len() != row.header.len() {
            return Err(row.error(format!(
                "a row of {} cells, expected {}",
                row.record.len(),
                row.header.len()
            )));
        }
        Ok(Some(row))
    }
}

impl CsvRow<'_> {
    pub fn len(&self) -> usize {
        self.record.len()
    }

    pub fn text(&self, column: usize) -> Result<&str, Error> {
        std::str::from_utf8(self.record.get(column).unwrap_or_default())
            .map_err(|_| self.error(format!("{} is not UTF-8", self.name(column))))
    }

    pub fn number(&self, column: usize) -> Result<u64, Error> {
        let parsed = self.text(column)?.parse();
        parsed.map_err(|_| self.wrong(column, "a whole number"))
    }

    /// A number that is finite and not negative.
    pub fn real(&self, column: usize) -> Result<f64, Error> {
        match self.text(column)?.parse() {
            Ok(number) if f64::is_finite(number) && number >= 0.0 => Ok(number),
            _ => Err(self.wrong(column, "a number of 0 or more")),
        }
    }

    /// The error of a cell that is not what was expected.
    pub fn wrong(&self, column: usize, expected: &str) -> Error {
        let cell = String::from_utf8_lossy(self.record.get(column).unwrap_or_default());
        let cell: String = cell.chars().take(60).collect();
        self.error(format!(
            "{} is `{cell}`, expected {expected}",
            self.name(column)
        ))
    }

    fn name(&self, column: usize) -> String {
        format!("`{}`", self.header.get(column).unwrap_or_default())
    }

    fn error(&self, found: String) -> Error {
        Error::Table {
            path: self.path.to_owned(),
            line: self.record.position().map_or(0, csv::Position::line),
            found,
            hint: CUT,
        }
    }
}
