//! The logs of one run as files: one per node, or one for all.
//!
//! Writing a row never fails. The first error (a full disk, a folder that cannot be
//! written) is kept with its path, nothing is written after it, and `finish`
//! returns it. A file that somebody else has made shorter, replaced or removed
//! meanwhile is such an error: a log is whole, or it is none.
//!
//! The sum of a file is taken from the bytes as they are written, so that nobody has to
//! read the file again for it.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::record::{Columns, Row, RunSchema};
use super::tables::files::{COMBINED_FILE, log_file};
use super::text::LogText;
use super::writer::{Layout, LogFormat};

/// A log could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot write the log: {source}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// The error of the system.
    pub source: io::Error,
}

/// Maximum number of open files. A process may open 1024 by default, and several
/// runs execute at the same time.
const OPEN_LIMIT: usize = 128;
/// Size of the buffers of a run together `[bytes]`.
const BUDGET: usize = 64 << 20;
/// Maximum size of a node's buffer `[bytes]`; larger writes are not faster.
const BUFFER_MAX: usize = 256 << 10;
/// Minimum size of a node's buffer `[bytes]`: about ten rows.
const BUFFER_MIN: usize = 512;

/// Maximum number of nodes of which sums are taken: a sum that is not finished takes 576
/// bytes. If there are more, whoever wants the sums reads the files.
const SUMMED_LIMIT: usize = 20_000;

/// A log that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The name of the file in its folder.
    pub name: String,
    /// Its size `[bytes]`.
    pub bytes: u64,
    /// XXH3-64 of its bytes; none if it was not taken.
    pub xxh3: Option<u64>,
}

/// A log per node: `NODE.csv` in one folder.
///
/// Nodes share the budget for buffers. Up to 128 nodes keep their files open; if
/// there are more, each write opens its file, so that 100,000 nodes need few
/// descriptors.
#[derive(Debug)]
pub struct NodeLogs {
    format: LogFormat,
    folder: PathBuf,
    nodes: Vec<NodeFile>,
    buffer_limit: usize,
    size: u64,
    error: Option<WriteError>,
}

#[derive(Debug)]
struct NodeFile {
    name: Box<str>,
    buffer: LogText,
    /// `None` before the first write, and if there are too many files.
    file: Option<File>,
    /// Size of what was written `[bytes]`; none before the first write.
    written: Option<u64>,
    sum: Sum,
}

/// The sum of what was written to a file.
#[derive(Clone)]
enum Sum {
    /// Nothing was written.
    Nothing,
    /// All of it was written at once.
    Whole(u64),
    /// It was written in pieces.
    Pieces(Box<Xxh3>),
    /// It is not taken.
    Unknown,
}

impl Sum {
    /// Adds bytes that were written. `is_last`: none will follow.
    fn add(&mut self, bytes: &[u8], is_last: bool) {
        *self = match std::mem::replace(self, Sum::Unknown) {
            Sum::Nothing if is_last => Sum::Whole(xxh3_64(bytes)),
            Sum::Nothing => {
                let mut pieces = Box::new(Xxh3::new());
                pieces.update(bytes);
                Sum::Pieces(pieces)
            }
            Sum::Pieces(mut pieces) => {
                pieces.update(bytes);
                Sum::Pieces(pieces)
            }
            Sum::Whole(_) | Sum::Unknown => Sum::Unknown,
        };
    }

    fn digest(&self) -> Option<u64> {
        match self {
            Sum::Nothing | Sum::Unknown => None,
            Sum::Whole(sum) => Some(*sum),
            Sum::Pieces(pieces) => Some(pieces.digest()),
        }
    }
}

impl std::fmt::Debug for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.digest())
    }
}

impl NodeLogs {
    /// Logs for the nodes of a run, in a folder that exists. The first write creates
    /// a file. A file that somebody else wrote, or writes into, is an error.
    pub fn create(folder: &Path, schema: &RunSchema) -> NodeLogs {
        NodeLogs::with_budget(folder, schema, BUDGET)
    }

    fn with_budget(folder: &Path, schema: &RunSchema, budget: usize) -> NodeLogs {
        let format = LogFormat::new(schema, Layout::PerNode);
        let is_summed = schema.nodes.len() <= SUMMED_LIMIT;
        let buffer_limit = (budget / schema.nodes.len().max(1)).clamp(BUFFER_MIN, BUFFER_MAX);
        let nodes = schema.nodes.iter().map(|node| {
            let mut buffer = Vec::new();
            format.header(&node.columns, &mut buffer);
            NodeFile {
                name: node.name.as_str().into(),
                buffer: LogText::with_limit(buffer, buffer_limit),
                file: None,
                written: None,
                sum: match is_summed {
                    true => Sum::Nothing,
                    false => Sum::Unknown,
                },
            }
        });
        let nodes: Vec<_> = nodes.collect();
        NodeLogs {
            format,
            folder: folder.to_owned(),
            buffer_limit,
            size: nodes.iter().map(|node| node.buffer.len() as u64).sum(),
            nodes,
            error: None,
        }
    }

    /// Writes the files of these nodes only; other processes write the others.
    pub fn keep_only(&mut self, nodes: &[u32]) {
        for (index, node) in (0..).zip(&mut self.nodes) {
            if !nodes.contains(&index) {
                // An empty buffer is never written.
                self.size -= node.buffer.len() as u64;
                node.buffer.clear();
            }
        }
    }

    /// Adds the name of an external peer; see [`LogFormat::push_external_peer`].
    pub fn push_external_peer(&mut self, name: &str) {
        self.format.push_external_peer(name);
    }

    /// Writes one row. The rows of a node must come in time order.
    ///
    /// # Panics
    /// If `row.node` is not in the schema.
    #[inline]
    pub fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        let buffer = &mut self.nodes[row.node as usize].buffer;
        let before = buffer.len();
        self.format.row(row, columns, buffer);
        self.size += (buffer.len() - before) as u64;
        if buffer.len() >= self.buffer_limit {
            self.write(row.node as usize, false);
        }
    }

    /// The size of all logs with the rows so far, whether or not they are in the files
    /// `[bytes]`.
    #[inline]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes every buffered row to its file.
    pub fn flush(&mut self) {
        self.write_all(false);
    }

    fn write_all(&mut self, is_last: bool) {
        for node in 0..self.nodes.len() {
            if !self.nodes[node].buffer.is_empty() {
                self.write(node, is_last);
            }
        }
    }

    /// Writes the buffered rows. Returns the size of all logs `[bytes]`.
    ///
    /// # Errors
    /// The first error of any write.
    pub fn finish(self) -> Result<u64, WriteError> {
        let files = self.finish_files()?;
        Ok(files.iter().map(|file| file.bytes).sum())
    }

    /// Writes the buffered rows. Returns all logs, in the order of the nodes.
    ///
    /// # Errors
    /// The first error of any write.
    pub fn finish_files(mut self) -> Result<Vec<Written>, WriteError> {
        self.write_all(true);
        if let Some(error) = self.error {
            return Err(error);
        }
        let written = |node: &NodeFile| {
            let bytes = node.written?;
            let is_whole = verify(&node.path(&self.folder), bytes);
            Some(is_whole.map(|()| Written {
                name: log_file(&node.name),
                bytes,
                xxh3: node.sum.digest(),
            }))
        };
        self.nodes.iter().filter_map(written).collect()
    }

    #[cold]
    fn write(&mut self, index: usize, is_last: bool) {
        let keep_open = self.nodes.len() <= OPEN_LIMIT && !is_last;
        let node = &mut self.nodes[index];
        if self.error.is_none() {
            match node.write(&self.folder, keep_open) {
                Ok(()) => node.sum.add(node.buffer.as_slice(), is_last),
                Err(source) => {
                    let path = node.path(&self.folder);
                    self.error = Some(WriteError { path, source });
                }
            }
        }
        node.buffer.clear();
    }
}

impl NodeFile {
    fn path(&self, folder: &Path) -> PathBuf {
        folder.join(log_file(&self.name))
    }

    fn write(&mut self, folder: &Path, keep_open: bool) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None if self.written.is_some() => {
                File::options().append(true).open(self.path(folder))?
            }
            None => create(&self.path(folder))?,
        };
        let written = self.written.unwrap_or(0);
        unchanged(&file, written)?;
        self.written = Some(written + self.buffer.len() as u64);
        file.write_all(self.buffer.as_slice())?;
        if keep_open {
            self.file = Some(file);
        }
        Ok(())
    }
}

/// Creates a file of the runner's in the folder of a run. An empty file is taken.
///
/// # Errors
/// The system refuses, or somebody else has written a file of this name.
pub fn create(path: &Path) -> io::Result<File> {
    match File::create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        created => return created,
    }
    if path.metadata().is_ok_and(|it| it.len() > 0 || it.is_dir()) {
        return Err(somebody_elses());
    }
    File::create(path)
}

fn somebody_elses() -> io::Error {
    io::Error::other(
        "something else writes into it, perhaps a behavior: no two files of a run may have one \
         name; rename the node or the behavior's file",
    )
}

/// One log for all nodes: `events.csv`.
#[derive(Debug)]
pub struct CombinedLog {
    format: LogFormat,
    path: PathBuf,
    file: Option<File>,
    buffer: LogText,
    written: u64,
    sum: Sum,
    error: Option<WriteError>,
}

impl CombinedLog {
    /// A log in a folder that exists. The first write creates the file. A file that
    /// somebody else wrote, or writes into, is an error.
    pub fn create(folder: &Path, schema: &RunSchema) -> CombinedLog {
        let format = LogFormat::new(schema, Layout::Combined);
        let mut buffer = Vec::new();
        format.header(&[], &mut buffer);
        CombinedLog {
            format,
            path: folder.join(COMBINED_FILE),
            file: None,
            buffer: LogText::with_limit(buffer, BUFFER_MAX),
            written: 0,
            sum: Sum::Nothing,
            error: None,
        }
    }

    /// Adds the name of an external peer; see [`LogFormat::push_external_peer`].
    pub fn push_external_peer(&mut self, name: &str) {
        self.format.push_external_peer(name);
    }

    /// Writes one row.
    ///
    /// # Panics
    /// If `row.node` is not in the schema.
    #[inline]
    pub fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        self.format.row(row, columns, &mut self.buffer);
        if self.buffer.len() >= BUFFER_MAX {
            self.flush();
        }
    }

    /// The size of the log with the rows so far, whether or not they are in the file
    /// `[bytes]`.
    #[inline]
    pub fn size(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Writes every buffered row to its file.
    pub fn flush(&mut self) {
        self.write_all(false);
    }

    fn write_all(&mut self, is_last: bool) {
        if self.error.is_none() && !self.buffer.is_empty() {
            match self.write() {
                Ok(()) => {
                    self.written += self.buffer.len() as u64;
                    self.sum.add(self.buffer.as_slice(), is_last);
                }
                Err(source) => {
                    let path = self.path.clone();
                    self.error = Some(WriteError { path, source });
                }
            }
        }
        self.buffer.clear();
    }

    fn write(&mut self) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => create(&self.path)?,
        };
        unchanged(&file, self.written)?;
        file.write_all(self.buffer.as_slice())?;
        self.file = Some(file);
        Ok(())
    }

    /// Writes the buffered rows. Returns the size of the log `[bytes]`.
    ///
    /// # Errors
    /// The first error of any write.
    pub fn finish(self) -> Result<u64, WriteError> {
        Ok(self.finish_file()?.bytes)
    }

    /// Writes the buffered rows. Returns the log.
    ///
    /// # Errors
    /// The first error of any write.
    pub fn finish_file(mut self) -> Result<Written, WriteError> {
        self.write_all(true);
        if let Some(error) = self.error {
            return Err(error);
        }
        verify(&self.path, self.written)?;
        Ok(Written {
            name: COMBINED_FILE.to_owned(),
            bytes: self.written,
            xxh3: self.sum.digest(),
        })
    }
}

/// Checks that a log that is open has as many bytes as were written.
fn unchanged(file: &File, written: u64) -> io::Result<()> {
    match written == 0 || file.metadata()?.len() == written {
        true => Ok(()),
        false => Err(somebody_elses()),
    }
}

/// Checks that the file at this path has as many bytes as were written.
fn verify(path: &Path, written: u64) -> Result<(), WriteError> {
    let at = |source| WriteError {
        path: path.to_owned(),
        source,
    };
    let found = path.metadata().map_err(at)?;
    match !found.is_file() || found.len() == written {
        true => Ok(()),
        false => Err(at(somebody_elses())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{EventId, NO_PEER, NodeSchema};
    use super::*;

    fn schema(count: usize) -> RunSchema {
        let node = |index| NodeSchema {
            name: format!("n-{index}"),
            ..NodeSchema::default()
        };
        RunSchema {
            nodes: (0..count).map(node).collect(),
            external_peers: vec![],
        }
    }

    fn tick(node: u32, step: u64) -> Row {
        Row {
            time_ns: step * 1000,
            step,
            node,
            event: EventId::TICK,
            peer: NO_PEER,
            message: 0,
            bytes: 0,
            queue: 0,
        }
    }

    #[test]
    fn more_nodes_than_descriptors_have_whole_logs() {
        let folder = tempfile::tempdir().unwrap();
        let count = 3 * OPEN_LIMIT as u32;
        let mut logs = NodeLogs::with_budget(folder.path(), &schema(count as usize), 0);
        let mut expected =
            vec![String::from("time_ns,step,event,peer,message,bytes,queue\n"); count as usize];
        for step in 1..60 {
            for node in 0..count {
                logs.row(&tick(node, step), &Columns::default());
                expected[node as usize] += &format!("{},{step},tick,,,,0\n", step * 1000);
            }
        }
        assert!(logs.nodes.iter().all(|node| node.file.is_none()));
        let size = logs.size();
        let files = logs.finish_files().unwrap();
        assert_eq!(files.iter().map(|file| file.bytes).sum::<u64>(), size);
        assert_eq!(files.len(), expected.len());
        for (node, (file, expected)) in files.iter().zip(&expected).enumerate() {
            assert_eq!(file.name, format!("n-{node}.csv"));
            let log = std::fs::read_to_string(folder.path().join(&file.name)).unwrap();
            assert_eq!(&log, expected);
            assert_eq!(file.bytes, log.len() as u64);
        }
    }

    #[test]
    fn sums_are_those_of_the_files_however_they_were_written() {
        let many = SUMMED_LIMIT + 1;
        for (nodes, flushes, budget) in [(1, 0, BUDGET), (1, 3, BUDGET), (2, 0, 0), (many, 0, 0)] {
            let folder = tempfile::tempdir().unwrap();
            let schema = schema(nodes);
            // Of many nodes, one is enough.
            let written = [0];
            let mut logs = NodeLogs::with_budget(folder.path(), &schema, budget);
            logs.keep_only(&written);
            let mut combined = CombinedLog::create(folder.path(), &schema);
            let mut expected = String::from("time_ns,step,event,peer,message,bytes,queue\n");
            for step in 1..100 {
                logs.row(&tick(0, step), &Columns::default());
                combined.row(&tick(0, step), &Columns::default());
                expected += &format!("{},{step},tick,,,,0\n", step * 1000);
                if step <= flushes {
                    logs.flush();
                    combined.flush();
                }
            }
            let mut files = logs.finish_files().unwrap();
            files.push(combined.finish_file().unwrap());
            assert_eq!(files.len(), 2);
            for file in files {
                let bytes = std::fs::read(folder.path().join(&file.name)).unwrap();
                if file.name != COMBINED_FILE {
                    assert!(bytes == expected.as_bytes(), "{nodes} {flushes}");
                }
                let is_taken = nodes < many || file.name == COMBINED_FILE;
                assert_eq!(
                    file.xxh3,
                    is_taken.then(|| xxh3_64(&bytes)),
                    "{nodes} {flushes}"
                );
                assert_eq!(file.bytes, bytes.len() as u64);
            }
        }
    }

    #[test]
    fn a_node_that_did_nothing_has_a_log_with_a_header() {
        let folder = tempfile::tempdir().unwrap();
        NodeLogs::create(folder.path(), &schema(1))
            .finish()
            .unwrap();
        let log = std::fs::read_to_string(folder.path().join("n-0.csv")).unwrap();
        assert_eq!(log, "time_ns,step,event,peer,message,bytes,queue\n");
    }

    #[test]
    fn what_was_flushed_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = CombinedLog::create(folder.path(), &schema(2));
        log.row(&tick(1, 1), &Columns::default());
        log.flush();
        let path = folder.path().join(COMBINED_FILE);
        let expected = "time_ns,node,step,event,peer,message,bytes,queue\n1000,n-1,1,tick,,,,0\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        log.row(&tick(0, 1), &Columns::default());
        assert_eq!(log.size(), 2 * expected.len() as u64 - 49);
        assert_eq!(
            log.finish().unwrap(),
            std::fs::metadata(&path).unwrap().len()
        );
    }

    #[test]
    fn the_first_error_is_kept_with_its_path() {
        let missing = Path::new("no/such/folder");
        let mut logs = NodeLogs::with_budget(missing, &schema(2), 0);
        for step in 1..200 {
            logs.row(&tick(1, step), &Columns::default());
        }
        let error = logs.finish().unwrap_err();
        assert_eq!(error.path, missing.join("n-1.csv"));
        assert_eq!(error.source.kind(), io::ErrorKind::NotFound);
        let log = CombinedLog::create(missing, &schema(1));
        let error = log.finish().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("no/such/folder/events.csv: cannot write")
        );
    }

    #[test]
    fn a_log_that_somebody_else_changes_is_an_error() {
        let changes: [fn(&Path); 3] = [
            |log| std::fs::write(log, "").unwrap(),
            |log| std::fs::remove_file(log).unwrap(),
            |log| std::fs::write(log, "x".repeat(10_000)).unwrap(),
        ];
        for change in changes {
            for rows_after in [0, 1] {
                let folder = tempfile::tempdir().unwrap();
                let mut logs = NodeLogs::create(folder.path(), &schema(1));
                let mut log = CombinedLog::create(folder.path(), &schema(1));
                logs.row(&tick(0, 1), &Columns::default());
                log.row(&tick(0, 1), &Columns::default());
                logs.flush();
                log.flush();
                change(&folder.path().join("n-0.csv"));
                change(&folder.path().join(COMBINED_FILE));
                for step in 0..rows_after {
                    logs.row(&tick(0, 2 + step), &Columns::default());
                    log.row(&tick(0, 2 + step), &Columns::default());
                }
                logs.finish().unwrap_err();
                log.finish().unwrap_err();
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/full", folder.path().join("n-0.csv")).unwrap();
        let mut logs = NodeLogs::create(folder.path(), &schema(1));
        for step in 1..100_000 {
            logs.row(&tick(0, step), &Columns::default());
        }
        assert_eq!(
            logs.finish().unwrap_err().source.kind(),
            io::ErrorKind::StorageFull
        );
    }
}
