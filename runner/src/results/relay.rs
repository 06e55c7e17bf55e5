//! What takes the records of a run, on a thread of its own: the engine goes on meanwhile.
//!
//! The [`Relay`] is a sink. It copies rows and printed lines into batches; the [`Taker`], on the
//! other thread, hands them on in the same order. So files, metrics and verdicts are those of a
//! run on one thread. Without logs, all of the
//! [`Recorder`](super::record::Recorder) is on the other thread; with logs, these alone
//! ([`LogsApart`]), as text takes as long as the events and metrics together.
//!
//! One thing the engine asks of its sink: whether the logs exceed their limit, now and then, and
//! the answer ends the run. It must be the answer after all rows so far. Mostly there is room for
//! whatever is on its way; only if that is not sure does the engine wait for the other thread.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use analysis::log::{ColumnKind, Columns, Row, RunSchema, WriteError};
use analysis::metrics::GROUP;
use analysis::results::FileSum;
use base::time::SimTime;
use crossbeam::channel::{Receiver, Sender, bounded, unbounded};
use engine::sink::Sink;

use super::logs::Logs;

/// Rows of a batch: they fit into a near cache. Chosen, not tuned.
const ROWS: usize = 2048;

/// Most bytes of texts in a batch, more or less.
const TEXT_MAX: u64 = 1 << 20;

/// Batches that wait at most: with more, the engine waits.
const WAITING: usize = 4;

/// What takes records on the other thread.
pub trait Takes: Sink {
    /// What the logs may still take, if there are logs `[bytes]`.
    fn room(&self) -> u64 {
        u64::MAX
    }

    /// Prepares for the next rows.
    fn expect<'a>(&self, _rows: impl Iterator<Item = &'a Row> + Clone) {}
}

/// The sink whose records are taken on another thread. With the last of them comes an `E`.
#[derive(Debug)]
pub struct Relay<E> {
    schema: Arc<RunSchema>,
    /// In a cell, because the engine asks for the limit of a sink that it does not change.
    batch: RefCell<Batch>,
    items: Sender<Item<E>>,
    /// Batches that were taken, to be filled again.
    used: Receiver<Batch>,
    room: Arc<AtomicU64>,
    /// The most bytes that a row can take in a log, without its texts.
    row_max: u64,
    /// The most bytes that all batches before this one can take.
    given: Cell<u64>,
    /// Whether there are logs, which have a limit.
    logs: bool,
}

/// The other end of a [`Relay`].
#[derive(Debug)]
pub struct Taker<E> {
    items: Receiver<Item<E>>,
    used: Sender<Batch>,
    room: Arc<AtomicU64>,
}

/// What the other thread is to do.
#[derive(Debug)]
enum Item<E> {
    Batch(Batch),
    ExternalPeer(String),
    Flush,
    /// Say whether the logs exceed their limit.
    IsFull(Sender<Option<String>>),
    End(E),
}

/// Rows and printed lines in their order.
#[derive(Debug, Default)]
struct Batch {
    rows: Vec<KeptRow>,
    /// The cells of all rows, one row after the other.
    cells: Vec<u64>,
    /// The texts of all rows; the cells of columns of texts are indices into it.
    texts: Vec<String>,
    printed: Vec<Line>,
    /// Size of the texts and lines `[bytes]`.
    text_bytes: u64,
    /// The most bytes that it can take in the logs.
    bytes_max: u64,
}

#[derive(Clone, Copy, Debug)]
struct KeptRow {
    row: Row,
    present: u64,
    /// Number of its cells.
    cells: u32,
}

/// A line that a node printed.
#[derive(Debug)]
struct Line {
    /// Number of rows of the batch before it.
    after: usize,
    time: SimTime,
    node: u32,
    text: String,
}

/// Both ends. `logs` says whether logs are written on the other thread.
pub fn relay<E>(schema: &Arc<RunSchema>, logs: bool) -> (Relay<E>, Taker<E>) {
    let (to_take, items) = bounded(WAITING);
    let (back, used) = unbounded();
    // The logs are empty; what they may hold is known after the first batch.
    let room = Arc::new(AtomicU64::new(0));
    let relay = Relay {
        batch: RefCell::default(),
        items: to_take,
        used,
        room: room.clone(),
        row_max: row_max(schema),
        given: Cell::new(0),
        logs,
        schema: schema.clone(),
    };
    let taker = Taker {
        items,
        used: back,
        room,
    };
    (relay, taker)
}

/// The most bytes that a row can take in a log without its texts, a header included. Far more
/// than it takes.
fn row_max(schema: &RunSchema) -> u64 {
    let of_node = |node: &analysis::log::NodeSchema| {
        let columns: usize = node.columns.iter().map(|it| it.name.len() + 64).sum();
        let word = node.events.iter().map(String::len).max().unwrap_or(0);
        2 * node.name.len() + columns + 2 * word
    };
    let most = schema.nodes.iter().map(of_node).max().unwrap_or(0);
    2 * most as u64 + 1024
}

impl<E> Relay<E> {
    /// Hands over what is left, and that this is the end.
    pub fn end(self, end: E) {
        let batch = self.batch.take();
        self.give(batch);
        let _ = self.items.send(Item::End(end));
    }

    /// Hands the batch over, and begins another one.
    #[inline(never)]
    fn next_batch(&mut self) {
        let next = self.used.try_recv().unwrap_or_default();
        self.give(self.batch.replace(next));
    }

    fn give(&self, batch: Batch) {
        if os::fork_mark::is_copy() {
            // A callback has forked, and returned in both processes: here is no other thread.
            os::exit::at_once(3);
        }
        let given = self.given.get();
        self.given.set(given.saturating_add(batch.bytes_max));
        // If the other thread has ended, it has failed; that is seen when it is joined.
        let _ = self.items.send(Item::Batch(batch));
    }

    /// Whether the logs have room for all that is on its way.
    fn has_room(&self) -> bool {
        // What was taken is not on its way any more: `room` has it on both sides.
        let batch = self.batch.borrow().bytes_max;
        let on_its_way = self.given.get().saturating_add(batch);
        self.room.load(Ordering::Acquire) > on_its_way
    }
}

impl<E: 'static> Sink for Relay<E> {
    #[inline]
    fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        let batch = self.batch.get_mut();
        batch.bytes_max += self.row_max;
        batch.rows.push(KeptRow {
            row: *row,
            present: columns.present,
            cells: columns.cells.len() as u32,
        });
        batch.cells.extend_from_slice(columns.cells);
        if !columns.texts.is_empty() {
            batch.keep_texts(&self.schema, row.node, columns);
        }
        if batch.rows.len() >= ROWS || batch.text_bytes >= TEXT_MAX {
            self.next_batch();
        }
    }

    fn print(&mut self, time: SimTime, node: u32, line: &str) {
        let batch = self.batch.get_mut();
        let bytes = line.len() as u64 + 64;
        batch.text_bytes += bytes;
        // A control character is written out in a few.
        batch.bytes_max += 16 * bytes;
        batch.printed.push(Line {
            after: batch.rows.len(),
            time,
            node,
            text: line.to_owned(),
        });
        if batch.text_bytes >= TEXT_MAX {
            self.next_batch();
        }
    }

    fn external_peer(&mut self, name: &str) {
        self.next_batch();
        let _ = self.items.send(Item::ExternalPeer(name.to_owned()));
    }

    fn is_full(&self) -> Option<String> {
        if !self.logs || self.has_room() {
            return None;
        }
        let batch = self.batch.take();
        self.give(batch);
        let (answer, answered) = bounded(1);
        let _ = self.items.send(Item::IsFull(answer));
        answered.recv().ok().flatten()
    }

    fn flush(&mut self) {
        self.next_batch();
        let _ = self.items.send(Item::Flush);
    }
}

impl Batch {
    /// Keeps the texts of the last row: its cells become indices into the texts of the batch.
    #[cold]
    fn keep_texts(&mut self, schema: &RunSchema, node: u32, columns: &Columns<'_>) {
        let first = self.cells.len() - columns.cells.len();
        let kinds = schema.nodes[node as usize].columns.iter();
        for (cell, column) in self.cells[first..].iter_mut().zip(kinds) {
            if column.kind != ColumnKind::Text {
                continue;
            }
            let Some(text) = columns.texts.get(*cell as usize) else {
                *cell = u64::MAX;
                continue;
            };
            *cell = self.texts.len() as u64;
            self.text_bytes += text.len() as u64;
            // Quoted: each quote is doubled.
            self.bytes_max += 2 * text.len() as u64 + 2;
            self.texts.push(text.clone());
        }
    }

    /// Hands all on, and is empty then.
    fn hand_to(&mut self, taker: &mut impl Takes) {
        let mut lines = self.printed.drain(..).peekable();
        let mut cells = &self.cells[..];
        for (index, kept) in self.rows.iter().enumerate() {
            if index % GROUP == 0 {
                let group = self.rows[index..].iter().take(GROUP);
                taker.expect(group.map(|kept| &kept.row));
            }
            while let Some(line) = lines.next_if(|line| line.after <= index) {
                taker.print(line.time, line.node, &line.text);
            }
            let (of_row, others) = cells.split_at(kept.cells as usize);
            cells = others;
            let columns = Columns {
                present: kept.present,
                cells: of_row,
                texts: &self.texts,
            };
            taker.row(&kept.row, &columns);
        }
        for line in lines {
            taker.print(line.time, line.node, &line.text);
        }
        self.rows.clear();
        self.cells.clear();
        self.texts.clear();
        (self.text_bytes, self.bytes_max) = (0, 0);
    }
}

impl<E> Taker<E> {
    /// Hands everything on until the end, and returns what came with it; none if the other end
    /// is gone without it.
    pub fn take(self, to: &mut impl Takes) -> Option<E> {
        let mut taken = 0_u64;
        for item in &self.items {
            match item {
                Item::Batch(mut batch) => {
                    taken = taken.saturating_add(batch.bytes_max);
                    batch.hand_to(to);
                    let room = taken.saturating_add(to.room());
                    self.room.store(room, Ordering::Release);
                    // The engine may have ended.
                    let _ = self.used.send(batch);
                }
                Item::ExternalPeer(name) => to.external_peer(&name),
                Item::Flush => to.flush(),
                Item::IsFull(answer) => {
                    let _ = answer.send(to.is_full());
                }
                Item::End(end) => return Some(end),
            }
        }
        None
    }
}

/// Logs that are written on another thread.
#[derive(Debug)]
pub struct LogsApart {
    /// Takes the rows and lines.
    pub relay: Relay<()>,
    /// Gets what [`Logs::finish`] returns.
    written: Receiver<Result<Vec<FileSum>, WriteError>>,
}

/// The work of that thread.
#[derive(Debug)]
pub struct LogWork {
    taker: Taker<()>,
    written: Sender<Result<Vec<FileSum>, WriteError>>,
}

impl LogsApart {
    /// For a run of these nodes, and the work of the other thread.
    pub fn new(schema: &Arc<RunSchema>) -> (LogsApart, LogWork) {
        let (relay, taker) = relay(schema, true);
        let (sender, written) = bounded(1);
        let work = LogWork {
            taker,
            written: sender,
        };
        (LogsApart { relay, written }, work)
    }

    /// Has what is left written, does `meanwhile`, and waits. Returns the sums of the logs.
    ///
    /// # Errors
    ///
    /// Fails if a file could not be written, now or before.
    pub fn finish<T>(self, meanwhile: impl FnOnce() -> T) -> Result<(Vec<FileSum>, T), WriteError> {
        self.relay.end(());
        let done = meanwhile();
        // If the other thread has panicked, so does whoever joins it.
        let written = self.written.recv().unwrap_or(Ok(Vec::new()));
        Ok((written?, done))
    }
}

impl LogWork {
    /// Writes the logs until the run ends.
    pub fn go(self, mut logs: Logs) {
        if self.taker.take(&mut logs).is_some() {
            // The run may have failed.
            let _ = self.written.send(logs.finish());
        }
    }
}
