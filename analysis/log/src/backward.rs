//! The logs of one run, read from the end: what led to a record is found by going back.
//!
//! Each file is read block by block, the last block first. A block is parsed forward, as
//! [`RunLog`](super::RunLog) parses a file, and its rows are handed out in the other
//! direction. So each row is parsed once, and memory is that of one block per file that is
//! being read. Files are independent: whoever reads decides which one goes back, and files
//! that nobody asks for are never opened.
//!
//! A line end within quotes does not end a row. Whether a block begins within quotes is
//! only known from the beginning of the file, so a file that may have quotes is looked
//! through for them once, before its first row.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::cursor::{Cursor, Names};
use super::error::{LogError, Problem};
use super::record::{ColumnKind, Columns, Row, RunSchema};
use super::source::ROW_LIMIT;
use super::writer::Layout;

/// Maximum size of the blocks of all files together `[bytes]`.
const BUDGET: usize = 32 << 20;
/// Maximum size of a block `[bytes]`.
const BLOCK_MAX: usize = 128 << 10;
/// Minimum size of a block `[bytes]`.
const BLOCK_MIN: usize = 4 << 10;

/// The rows of one run, from the last to the first.
#[derive(Debug)]
pub struct BackwardLog {
    names: Names,
    files: Vec<Tail>,
    combined: bool,
    block: usize,
}

/// A file, read from the end.
#[derive(Debug)]
struct Tail {
    /// Parses a block.
    cursor: Cursor,
    /// Where the first row begins.
    begin: u64,
    /// The rows before this place were not read; none before the first read.
    end: Option<u64>,
    /// Whether a cell may have a line end within quotes.
    may_have_quotes: bool,
    /// Of a file with quotes: places where rows begin, about one for each block.
    starts: Option<Vec<u64>>,
    /// Where the block begins.
    block_begin: u64,
    /// The rows of the block that were not handed out, each with its place in the block.
    rows: Vec<(Row, u32)>,
}

impl BackwardLog {
    /// Takes over files of which only the headers were read.
    pub(super) fn new(names: Names, cursors: Vec<Cursor>) -> BackwardLog {
        let layout = cursors.first().and_then(Cursor::layout);
        let block = (BUDGET / cursors.len().max(1)).clamp(BLOCK_MIN, BLOCK_MAX);
        let has_texts = has_texts(&names.schema);
        let tail = |mut cursor: Cursor| {
            let begin = cursor.records.source.place();
            cursor.records.source.release();
            Tail {
                may_have_quotes: has_texts || cursor.layout().is_none(),
                cursor,
                begin,
                end: None,
                starts: None,
                block_begin: begin,
                rows: Vec::new(),
            }
        };
        BackwardLog {
            names,
            files: cursors.into_iter().map(tail).collect(),
            combined: layout == Some(Layout::Combined),
            block,
        }
    }

    /// The names behind the rows. External peers are added when a row names them.
    pub fn schema(&self) -> &RunSchema {
        &self.names.schema
    }

    /// Number of files.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// The file with the rows of a node.
    pub fn file_of(&self, node: u32) -> usize {
        match self.combined {
            true => 0,
            false => node as usize,
        }
    }

    /// Goes to the row of a file before the last one that was asked for, and returns it with
    /// its place in the file `[bytes]`; `None` before the first row.
    ///
    /// # Errors
    /// The file cannot be read, or holds something that is no row.
    #[inline]
    pub fn previous(&mut self, file: usize) -> Result<Option<(Row, u64)>, LogError> {
        let tail = &mut self.files[file];
        loop {
            if let Some((row, at)) = tail.rows.pop() {
                return Ok(Some((row, tail.block_begin + u64::from(at))));
            }
            if !tail.load(self.block, &mut self.names)? {
                return Ok(None);
            }
        }
    }

    /// Goes back to a place, which a row of the file has or follows, or to the end of the file:
    /// [`BackwardLog::previous`] is then the row before it.
    pub fn go_to(&mut self, file: usize, place: Option<u64>) {
        let tail = &mut self.files[file];
        tail.rows.clear();
        tail.end = place;
    }

    /// The columns of a row that [`BackwardLog::previous`] has just returned, with this place.
    ///
    /// # Errors
    /// As [`BackwardLog::previous`].
    pub fn columns(&mut self, file: usize, place: u64) -> Result<Columns<'_>, LogError> {
        let tail = &mut self.files[file];
        tail.cursor.records.source.at = (place - tail.block_begin) as usize;
        tail.cursor.advance(&mut self.names)?;
        Ok(tail.cursor.columns())
    }
}

impl Tail {
    /// Reads and parses the block before. False if there is none.
    fn load(&mut self, block: usize, names: &mut Names) -> Result<bool, LogError> {
        let path = self.cursor.records.source.path().to_owned();
        let io_error = |error| LogError::of(&path, Problem::Io(error));
        let end = match self.end {
            Some(end) => end,
            None => {
                let end = path.metadata().map_err(io_error)?.len();
                if self.starts.is_none() && self.may_have_quotes {
                    self.starts = row_starts(&path, self.begin, block).map_err(io_error)?;
                }
                end
            }
        };
        if end <= self.begin {
            self.end = Some(self.begin);
            self.cursor.records.source.release();
            return Ok(false);
        }
        let begin = self.block_before(end, block, &path).map_err(io_error)?;
        let source = &mut self.cursor.records.source;
        source.load(begin..end).map_err(io_error)?;
        (self.block_begin, self.end) = (begin, Some(begin));
        loop {
            let at = self.cursor.records.source.at as u32;
            if !self.cursor.advance(names)? {
                return Ok(true);
            }
            self.rows.push((self.cursor.row, at));
        }
    }

    /// Where a block begins that ends here: at the beginning of a row.
    fn block_before(&self, end: u64, block: usize, path: &Path) -> io::Result<u64> {
        if let Some(starts) = &self.starts {
            let at = starts.partition_point(|&start| start < end);
            return Ok(at.checked_sub(1).map_or(self.begin, |at| starts[at]));
        }
        let mut size = block as u64;
        loop {
            let from = end.saturating_sub(size).max(self.begin);
            if from == self.begin {
                return Ok(from);
            }
            // The end of the row before is looked for in the front of the block alone.
            if let Some(at) = first_line_end(path, from - 1, end - 1)? {
                return Ok(at + 1);
            }
            if size > ROW_LIMIT as u64 {
                return Ok(self.begin);
            }
            size *= 2;
        }
    }
}

/// The place of the first line end in a part of a file; `None` if there is none.
fn first_line_end(path: &Path, from: u64, until: u64) -> io::Result<Option<u64>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut piece = [0; 512];
    let mut at = from;
    while at < until {
        let most = (until - at).min(piece.len() as u64) as usize;
        let count = file.read(&mut piece[..most])?;
        if count == 0 {
            return Ok(None);
        }
        if let Some(found) = memchr::memchr(b'\n', &piece[..count]) {
            return Ok(Some(at + found as u64));
        }
        at += count as u64;
    }
    Ok(None)
}

/// The places where rows begin, one for each block, of a file that has quotes; `None` if it
/// has none, for then each line is a row.
fn row_starts(path: &Path, begin: u64, block: usize) -> io::Result<Option<Vec<u64>>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(begin))?;
    let mut piece = vec![0; BLOCK_MAX];
    let (mut at, mut starts, mut next) = (begin, vec![begin], begin + block as u64);
    let (mut quoted, mut any) = (false, false);
    loop {
        let count = match file.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if count == 0 {
            return Ok(any.then_some(starts));
        }
        for found in memchr::memchr2_iter(b'"', b'\n', &piece[..count]) {
            let place = at + found as u64;
            match piece[found] {
                // Two quotes within quotes are one of the text: the number stays odd or even.
                b'"' => (quoted, any) = (!quoted, true),
                _ if !quoted && place + 1 >= next => {
                    starts.push(place + 1);
                    next = place + 1 + block as u64;
                }
                _ => {}
            }
        }
        at += count as u64;
    }
}

/// Whether a node has a column of texts.
fn has_texts(schema: &RunSchema) -> bool {
    let first = schema.shapes().first.into_iter();
    let mut columns = first.flat_map(|node| schema.nodes[node].columns.iter());
    columns.any(|it| it.kind == ColumnKind::Text)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::record::{ColumnSchema, EventId, NO_PEER, NodeSchema};
    use super::super::{CombinedLog, NodeLogs, RunLog};
    use super::*;

    fn schema(kind: ColumnKind) -> RunSchema {
        let column = ColumnSchema {
            name: "note".to_owned(),
            kind,
            docs: String::new(),
        };
        let columns: Arc<[ColumnSchema]> = vec![column].into();
        let node = |index| NodeSchema {
            name: format!("n-{index}"),
            columns: Arc::clone(&columns),
            ..NodeSchema::default()
        };
        RunSchema {
            nodes: (0..3).map(node).collect(),
            external_peers: vec![],
        }
    }

    /// Rows of three nodes, some of them long, and what each cell holds.
    fn rows() -> Vec<(Row, String)> {
        let row = |number: u64| Row {
            time_ns: number * 7,
            step: number,
            node: (number % 3) as u32,
            event: EventId::TICK,
            peer: NO_PEER,
            message: 0,
            bytes: 0,
            queue: 0,
        };
        let note = |number: u64| match number % 7 {
            0 => "two\nlines, \"and\" quotes\n".to_owned(),
            1 => "\n".repeat(number as usize * 3 % 20_000),
            2 => "x".repeat(number as usize * 3 % 20_000),
            _ => number.to_string(),
        };
        (1..4_000)
            .map(|number| (row(number), note(number)))
            .collect()
    }

    /// Reads all files from the end. Returns the rows of each with their texts, the first
    /// one first.
    fn read(mut log: BackwardLog, kind: ColumnKind) -> Vec<Vec<(Row, String)>> {
        (0..log.file_count())
            .map(|file| {
                let mut rows = Vec::new();
                while let Some((row, place)) = log.previous(file).unwrap() {
                    let cell = match log.columns(file, place).unwrap().cell(0, kind) {
                        super::super::Cell::Text(text) => text.to_owned(),
                        super::super::Cell::U64(number) => number.to_string(),
                        _ => String::new(),
                    };
                    rows.push((row, cell));
                }
                assert!(log.previous(file).unwrap().is_none());
                rows.reverse();
                rows
            })
            .collect()
    }

    #[test]
    fn rows_come_from_the_end_whatever_their_texts_hold() {
        let folder = tempfile::tempdir().unwrap();
        let schema = schema(ColumnKind::Text);
        let mut logs = NodeLogs::create(folder.path(), &schema);
        for (row, note) in rows() {
            let columns = Columns {
                present: u64::from(!note.is_empty()),
                cells: &[0],
                texts: std::slice::from_ref(&note),
            };
            logs.row(&row, &columns);
        }
        logs.finish().unwrap();
        let log = RunLog::open(folder.path(), Some(&schema)).unwrap();
        let found = read(log.backward(), ColumnKind::Text);
        for (node, found) in (0..).zip(found) {
            let expected: Vec<_> = rows().into_iter().filter(|it| it.0.node == node).collect();
            assert!(found == expected, "node {node}");
        }
    }

    #[test]
    fn a_combined_log_is_one_file_and_a_place_can_be_gone_back_to() {
        let folder = tempfile::tempdir().unwrap();
        let schema = schema(ColumnKind::U64);
        let mut log = CombinedLog::create(folder.path(), &schema);
        for (row, _) in rows() {
            let columns = Columns {
                present: 1,
                cells: &[row.time_ns],
                texts: &[],
            };
            log.row(&row, &columns);
        }
        log.finish().unwrap();
        let open = || RunLog::open(folder.path(), Some(&schema)).unwrap();
        let expected: Vec<_> = rows()
            .into_iter()
            .map(|(row, _)| (row, row.time_ns.to_string()))
            .collect();
        let found = read(open().backward(), ColumnKind::U64);
        assert!(found == [expected.clone()]);
        let mut log = open().backward();
        assert_eq!((log.file_of(0), log.file_of(2)), (0, 0));
        let mut last = None;
        for _ in 0..1_000 {
            last = log.previous(0).unwrap();
        }
        let next = log.previous(0).unwrap();
        log.go_to(0, last.map(|(_, place)| place));
        assert_eq!(log.previous(0).unwrap(), next);
        log.go_to(0, None);
        assert_eq!(log.previous(0).unwrap().unwrap().0.step, 3_999);
    }
}
