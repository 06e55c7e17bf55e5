//! Merges a table of the parts run by run; the bytes of each row stay the same. All
//! parts are read side by side, so memory does not grow with their size.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::super::Error;
use super::super::folder::Folder;
use super::conflict;
use crate::log::quoting::push_line;
use crate::log::tables::{RUNS_FILE, TableError};

/// For each run, the parts that have it; it is taken from the first.
#[derive(Debug)]
pub struct Picks(pub BTreeMap<u64, Vec<usize>>);

/// Merges the tables of this name into a new file. A part without the table has no
/// rows; if no part has it, no file is written. Rows without a run, which are about
/// all runs, are left out.
pub fn merge(parts: &[Folder], picks: &Picks, name: &str, out: &Path) -> Result<(), Error> {
    let mut readers: Vec<Option<Groups>> = Vec::with_capacity(parts.len());
    let mut header: Option<(Vec<u8>, PathBuf)> = None;
    for part in parts {
        let path = part.path.join(name);
        if !path.exists() {
            readers.push(None);
            continue;
        }
        let (reader, own) = Groups::open(&path)?;
        match &header {
            Some((header, _)) if *header != own => {
                let found = "the header differs from that of the other parts";
                return Err(TableError::content(&path, 1, found).into());
            }
            Some(_) => {}
            None => header = Some((own, path)),
        }
        readers.push(Some(reader));
    }
    let Some((header, _)) = header else {
        return Ok(());
    };
    let file = File::create_new(out).map_err(Error::write(out))?;
    let mut file = BufWriter::with_capacity(1 << 16, file);
    let mut put = |bytes: &[u8]| file.write_all(bytes).map_err(Error::write(out));
    put(&header)?;
    for (&run, from) in &picks.0 {
        let mut taken: Option<Vec<u8>> = None;
        for &index in from {
            let Some(reader) = &mut readers[index] else {
                continue;
            };
            let rows = reader.of_run(run)?;
            match &taken {
                None => {
                    put(&rows)?;
                    taken = Some(rows);
                }
                // `runs.csv` was compared without the wall time.
                Some(taken) if *taken != rows && name != RUNS_FILE => {
                    return Err(conflict(run, &parts[from[0]], &parts[index], name));
                }
                Some(_) => {}
            }
        }
    }
    file.flush().map_err(Error::write(out))
}

/// The rows of a table by run, in order.
struct Groups {
    path: PathBuf,
    bytes: csv::Reader<File>,
    /// The row that was read last, and its run.
    next: Option<(u64, Vec<u8>)>,
    /// The run whose rows were read last.
    last: u64,
    record: csv::ByteRecord,
}

impl Groups {
    /// Opens a table. Also returns its header line.
    fn open(path: &Path) -> Result<(Groups, Vec<u8>), Error> {
        let file = File::open(path).map_err(Error::read(path))?;
        let bytes = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(file);
        let mut groups = Groups {
            path: path.to_owned(),
            bytes,
            next: None,
            last: 0,
            record: csv::ByteRecord::new(),
        };
        if !groups.read()? {
            return Err(groups.wrong("the file is empty"));
        }
        let header = written(&groups.record);
        groups.advance()?;
        Ok((groups, header))
    }

    /// The rows of a run. Must be called in the order of the runs; rows of other runs
    /// are skipped.
    fn of_run(&mut self, run: u64) -> Result<Vec<u8>, Error> {
        let mut rows = Vec::new();
        while let Some((number, row)) = &self.next {
            if *number > run {
                break;
            }
            if *number == run {
                rows.extend_from_slice(row);
            }
            self.advance()?;
        }
        Ok(rows)
    }

    fn advance(&mut self) -> Result<(), Error> {
        self.next = None;
        while self.read()? {
            let cell = self.record.get(0).unwrap_or_default();
            if cell.is_empty() {
                continue;
            }
            let number = std::str::from_utf8(cell)
                .ok()
                .and_then(|it| it.parse().ok());
            let Some(number) = number.filter(|&number| number >= self.last) else {
                return Err(self.wrong("`run` is no number that follows the one before it"));
            };
            self.last = number;
            self.next = Some((number, written(&self.record)));
            break;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<bool, Error> {
        match self.bytes.read_byte_record(&mut self.record) {
            Ok(more) => Ok(more),
            Err(error) => Err(TableError::csv(&self.path, self.line(), error).into()),
        }
    }

    fn wrong(&self, found: &str) -> Error {
        TableError::content(&self.path, self.line(), found).into()
    }

    fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }
}

/// A row as the runner writes it: quoted only where it must be.
fn written(record: &csv::ByteRecord) -> Vec<u8> {
    let mut line = Vec::with_capacity(record.as_slice().len() + record.len() + 1);
    push_line(&mut line, record);
    line
}
