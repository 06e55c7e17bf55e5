//! A run in real time, watched while it happens: the thread of the run sends what it records
//! to the thread of the view, which keeps it as a recording like any other.
//!
//! The run never waits for the view. If the view is so far behind that 2^20 items wait,
//! the rest of the run is not shown, and the view says so.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use analysis_log::{Columns, Row, RunSchema};
use base::time::SimTime;
use engine::follow::{Happening, Move};
use engine::message::MessageId;
use engine::sink::Sink;

use crate::scene::Scene;
use crate::sweep::Ended;
use crate::tape::{KEPT_BYTES, Recording};

/// Records that may wait for the view: some seconds of a busy run, about 100 MB.
const ROOM: usize = 1 << 20;

/// What a view is told.
pub enum Item {
    /// Runs of a plan begin: its name, and its cases with their numbers of runs.
    Plan {
        /// The name of the scenario.
        name: String,
        /// The id and number of runs of each case.
        cases: Vec<(String, u64)>,
    },
    /// More runs are to be done.
    Scheduled(u64),
    /// A run has ended.
    RunEnded(Ended),
    /// A run in real time begins.
    Begins(Box<Beginning>),
    /// Something that was recorded of it.
    Recorded(Part),
    /// No more comes.
    End,
}

/// A run in real time that begins.
pub struct Beginning {
    /// What the scenario says.
    pub scene: Scene,
    /// The nodes.
    pub schema: Arc<RunSchema>,
    /// What the person does to it.
    pub hand: Box<dyn Hand>,
}

/// What a person does to a run in real time.
pub trait Hand: Send {
    /// Sends a message to a node.
    fn send(&mut self, node: u32, bytes: Vec<u8>);
    /// Presses a key for the node that reads standard input, or else sends it to this one.
    fn press(&mut self, node: u32, bytes: Vec<u8>);
    /// Cuts all links of a node.
    fn cut(&mut self, node: u32);
    /// Ends all cuts.
    fn heal(&mut self);
}

/// A part of a recording, on its way to the view.
pub enum Part {
    /// A record.
    Row {
        /// The record.
        row: Row,
        /// Which columns have values.
        present: u64,
        /// The values; those of texts are indices into `texts`.
        cells: Vec<u64>,
        /// The texts.
        texts: Vec<String>,
    },
    /// A line that a node printed.
    Print(SimTime, u32, String),
    /// A new external peer.
    Peer(String),
    /// An event.
    Happens(SimTime, Happening),
    /// A message changes its place.
    Departs {
        /// Its name in the engine.
        message: MessageId,
        /// Its sender and destination.
        ends: (u32, u32),
        /// Its number.
        number: u64,
        /// Its first bytes.
        bytes: Vec<u8>,
        /// Its size.
        size: u64,
        /// When it arrives.
        arrives: SimTime,
    },
    /// As [`Move::Waits`].
    Waits(MessageId, u32, u64, u32),
    /// As [`Move::Taken`].
    Taken(u32),
    /// As [`Move::Lost`].
    Lost(MessageId),
    /// Some parts are missing.
    Gap,
}

/// The way to a view.
#[derive(Clone, Debug)]
pub struct ToView(SyncSender<Item>);

/// A way to a view, and its end.
pub fn channel() -> (ToView, Receiver<Item>) {
    let (sender, receiver) = sync_channel(ROOM);
    (ToView(sender), receiver)
}

impl ToView {
    /// Tells something that must not be lost. Waits for room; does nothing if the view has
    /// ended.
    pub fn tell(&self, item: Item) {
        let _ = self.0.send(item);
    }
}

/// Passes a run on to another sink, and to a view.
#[derive(Debug)]
pub struct Watched<S> {
    /// The other sink.
    pub inner: S,
    view: ToView,
    is_behind: bool,
}

impl<S> Watched<S> {
    /// Passes on to both.
    pub fn new(inner: S, view: ToView) -> Watched<S> {
        Watched {
            inner,
            view,
            is_behind: false,
        }
    }

    fn tell(&mut self, part: Part) {
        if self.is_behind {
            return;
        }
        if let Err(TrySendError::Full(_)) = self.view.0.try_send(Item::Recorded(part)) {
            self.is_behind = true;
        }
    }
}

impl<S: Sink> Sink for Watched<S> {
    const FOLLOWS: bool = true;

    fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        self.inner.row(row, columns);
        self.tell(Part::Row {
            row: *row,
            present: columns.present,
            cells: columns.cells.to_vec(),
            texts: columns.texts.to_vec(),
        });
    }

    fn print(&mut self, time: SimTime, node: u32, line: &str) {
        self.inner.print(time, node, line);
        self.tell(Part::Print(time, node, line.to_owned()));
    }

    fn external_peer(&mut self, name: &str) {
        self.inner.external_peer(name);
        self.tell(Part::Peer(name.to_owned()));
    }

    fn is_full(&self) -> Option<String> {
        self.inner.is_full()
    }

    fn flush(&mut self) {
        self.inner.flush();
        if self.is_behind {
            // Told once there is room again.
            let gap = Item::Recorded(Part::Gap);
            let _ = self.view.0.try_send(gap);
        }
    }

    fn happens(&mut self, time: SimTime, what: Happening) {
        self.tell(Part::Happens(time, what));
    }

    fn moves(&mut self, what: Move<'_>) {
        self.tell(match what {
            Move::Departs {
                message,
                from,
                to,
                number,
                bytes,
                arrives,
            } => Part::Departs {
                message,
                ends: (from, to),
                number,
                bytes: bytes[..bytes.len().min(KEPT_BYTES)].to_vec(),
                size: bytes.len() as u64,
                arrives,
            },
            Move::Waits {
                message,
                from,
                number,
                node,
            } => Part::Waits(message, from, number, node),
            Move::Taken { node } => Part::Taken(node),
            Move::Lost { message } => Part::Lost(message),
        });
    }
}

impl Recording {
    /// Adds a part that came from the thread of the run.
    pub fn add(&mut self, part: Part) {
        match part {
            Part::Row {
                row,
                present,
                cells,
                texts,
            } => self.row(
                &row,
                &Columns {
                    present,
                    cells: &cells,
                    texts: &texts,
                },
            ),
            Part::Print(_, node, line) => self.print(node, &line),
            Part::Peer(name) => self.external_peer(&name),
            Part::Happens(time, what) => self.happens(time, what),
            Part::Departs {
                message,
                ends: (from, to),
                number,
                bytes,
                size,
                arrives,
            } => self.departs(message, (from, to, number), (&bytes, size), arrives),
            Part::Waits(message, from, number, node) => self.waits(message, from, number, node),
            Part::Taken(node) => self.taken(node),
            Part::Lost(message) => self.lost(message),
            Part::Gap => self.end("the view is too far behind to show the rest"),
        }
    }
}
