//! Logs that a thread of their own formats and writes, behind the run.
//!
//! The run copies each row, without making text of it, and hands over many at once. The
//! thread has the logs meanwhile: it writes the same rows in the same order, so the files
//! have the same bytes. Whoever needs the logs, to know their size or to end them, takes
//! them back, and waits until all rows are in them.

use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use super::folder::{CombinedLog, NodeLogs};
use super::record::{ColumnKind, Columns, Row, RunSchema};
use super::writer::longest_row;

/// Logs that take rows.
pub trait Logs: Send + 'static {
    /// Writes one row.
    fn row(&mut self, row: &Row, columns: Columns<'_>);

    /// The size of the logs with the rows so far `[bytes]`.
    fn size(&self) -> u64;
}

impl Logs for NodeLogs {
    #[inline]
    fn row(&mut self, row: &Row, columns: Columns<'_>) {
        self.row(row, columns);
    }

    fn size(&self) -> u64 {
        self.size()
    }
}

impl Logs for CombinedLog {
    #[inline]
    fn row(&mut self, row: &Row, columns: Columns<'_>) {
        self.row(row, columns);
    }

    fn size(&self) -> u64 {
        self.size()
    }
}

/// Number of rows that are handed over at once: few enough to stay in the cache, many enough
/// that handing over costs little. Arbitrary.
const ROWS: usize = 2048;

/// Number of batches that may wait. If the thread is slower, the run waits for it.
const WAITING: usize = 4;

/// Logs that a thread writes.
#[derive(Debug)]
pub struct LogsBehind<L> {
    batch: Batch,
    filled: SyncSender<Batch>,
    emptied: Receiver<Batch>,
    thread: JoinHandle<L>,
    /// The logs are no longer than this `[bytes]`.
    most: u64,
    longest_row: u64,
}

/// Copied rows.
#[derive(Debug, Default)]
struct Batch {
    /// Rows, each with [`Columns::present`] and the number of its cells.
    rows: Vec<(Row, u64, usize)>,
    cells: Vec<u64>,
}

/// Whether the logs of these nodes can be written behind their run: not if they have columns
/// of text, since to copy texts costs as much as to write them.
pub fn can_be_behind(schema: &RunSchema) -> bool {
    let mut shapes = schema.shapes().first.into_iter();
    shapes.all(|first| {
        let mut columns = schema.nodes[first].columns.iter();
        columns.all(|column| column.kind != ColumnKind::Text)
    })
}

impl<L: Logs> LogsBehind<L> {
    /// Hands the logs of these nodes to a thread; gives them back if there can be none.
    pub fn start(logs: L, schema: &RunSchema) -> Result<LogsBehind<L>, L> {
        let (filled, rows) = sync_channel::<Batch>(WAITING);
        let (back, emptied) = channel();
        let most = logs.size();
        // If no thread can be started, the logs come back this way.
        let (hand_over, handed) = channel();
        let write = move || {
            let mut logs: L = handed.recv().expect("the logs are handed over");
            for mut batch in rows {
                batch.write_to(&mut logs);
                // Nobody takes it at the end.
                let _ = back.send(batch);
            }
            logs
        };
        let Ok(thread) = thread::Builder::new().name("logs".to_owned()).spawn(write) else {
            return Err(logs);
        };
        hand_over.send(logs).expect("the thread waits for the logs");
        Ok(LogsBehind {
            batch: Batch::default(),
            filled,
            emptied,
            thread,
            most,
            longest_row: longest_row(schema),
        })
    }

    /// Copies one row.
    #[inline]
    pub fn row(&mut self, row: &Row, columns: Columns<'_>) {
        let batch = &mut self.batch;
        batch
            .rows
            .push((*row, columns.present, columns.cells.len()));
        batch.cells.extend_from_slice(columns.cells);
        self.most += self.longest_row;
        if batch.rows.len() == ROWS {
            self.hand_over();
        }
    }

    /// The logs are no longer than this with the rows so far `[bytes]`. Their size is known
    /// after [`LogsBehind::take_back`].
    #[inline]
    pub fn size_at_most(&self) -> u64 {
        self.most
    }

    #[cold]
    fn hand_over(&mut self) {
        let next = self.emptied.try_recv().unwrap_or_default();
        let batch = std::mem::replace(&mut self.batch, next);
        // It fails if the thread panicked, which is told when the logs are taken back.
        let _ = self.filled.send(batch);
    }

    /// Waits until all rows are in the logs, and returns them.
    ///
    /// # Panics
    /// If writing a row did.
    pub fn take_back(mut self) -> L {
        self.hand_over();
        drop(self.filled);
        match self.thread.join() {
            Ok(logs) => logs,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Batch {
    fn write_to(&mut self, logs: &mut impl Logs) {
        let mut cells = &self.cells[..];
        for (row, present, count) in self.rows.drain(..) {
            let (own, rest) = cells.split_at(count);
            cells = rest;
            let columns = Columns {
                present,
                cells: own,
                texts: &[],
            };
            logs.row(&row, columns);
        }
        self.cells.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{ColumnSchema, EventId, NO_PEER, NodeSchema};
    use super::*;

    fn schema(kind: ColumnKind) -> RunSchema {
        let columns = ["a", "b"].map(|name| ColumnSchema {
            name: name.to_owned(),
            kind,
            docs: String::new(),
        });
        let node = |index| NodeSchema {
            name: format!("n-{index}"),
            columns: columns.to_vec().into(),
            ..NodeSchema::default()
        };
        RunSchema {
            nodes: (0..3).map(node).collect(),
            external_peers: vec![],
        }
    }

    fn write(count: u64, mut take: impl FnMut(&Row, Columns<'_>)) {
        for step in 1..=count {
            let row = Row {
                time_ns: step * 1_000,
                step,
                node: (step % 3) as u32,
                event: EventId::TICK,
                peer: NO_PEER,
                message: 0,
                bytes: 0,
                queue: u64::MAX - step,
            };
            let columns = Columns {
                present: step % 4,
                cells: &[step, u64::MAX],
                texts: &[],
            };
            take(&row, columns);
        }
    }

    #[test]
    fn logs_behind_a_run_have_the_same_bytes_and_come_back_with_all_rows() {
        let schema = schema(ColumnKind::U64);
        assert!(can_be_behind(&schema));
        for count in [0, 1, ROWS as u64, 9 * ROWS as u64 + 7] {
            let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
            let mut here = NodeLogs::create(folders[0].path(), &schema);
            write(count, |row, columns| here.row(row, columns));
            let logs = NodeLogs::create(folders[1].path(), &schema);
            let mut behind = LogsBehind::start(logs, &schema).ok().unwrap();
            write(count, |row, columns| behind.row(row, columns));
            let most = behind.size_at_most();
            // One more after the thread has gone.
            let mut logs = behind.take_back();
            assert_eq!(logs.size(), here.size());
            assert!(most >= logs.size());
            for logs in [&mut here, &mut logs] {
                write(1, |row, columns| logs.row(row, columns));
            }
            assert_eq!(logs.finish_files().unwrap(), here.finish_files().unwrap());
            for name in ["n-0.csv", "n-1.csv", "n-2.csv"] {
                let [one, other] = folders.each_ref().map(|it| it.path().join(name));
                assert!(std::fs::read(one).unwrap() == std::fs::read(other).unwrap());
            }
        }
    }

    #[test]
    fn an_error_of_the_thread_is_told_by_the_logs() {
        let schema = schema(ColumnKind::U64);
        let logs = CombinedLog::create(std::path::Path::new("no/such/folder"), &schema);
        let mut behind = LogsBehind::start(logs, &schema).ok().unwrap();
        write(50_000, |row, columns| behind.row(row, columns));
        let error = behind.take_back().finish().unwrap_err();
        assert_eq!(error.source.kind(), std::io::ErrorKind::NotFound);
    }

    #[test]
    fn columns_of_text_are_written_by_the_run_itself() {
        assert!(!can_be_behind(&schema(ColumnKind::Text)));
    }
}
