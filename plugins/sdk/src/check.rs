//! Checks: properties of a run, judged from its records.
//!
//! A check sees every record of all nodes of a run in time order, and returns a
//! [`Verdict`]. A failure names the rows that prove it, so that a reader can look at
//! them. If there was nothing to judge, the verdict is unknown, never passed.
//!
//! ```
//! use runner_sdk::{Check, Found, NoConfig, Record, Result, RunInfo, Verdict};
//!
//! /// No node counts backwards.
//! struct Upwards {
//!     last: Vec<Option<(u64, Found)>>,
//!     broken: Option<Verdict>,
//! }
//!
//! impl Check for Upwards {
//!     type Config = NoConfig;
//!     const NAME: &'static str = "upwards";
//!     const DOCS: &'static str = "The column `count` of a node never goes down.";
//!
//!     fn new(_: &NoConfig, run: &RunInfo) -> Result<Self> {
//!         let last = vec![None; run.node_count()];
//!         Ok(Upwards { last, broken: None })
//!     }
//!
//!     fn record(&mut self, record: &Record) {
//!         let Some(count) = record.number("count") else { return };
//!         let last = &mut self.last[record.node() as usize];
//!         if let Some((before, row)) = last
//!             && count < *before
//!         {
//!             self.broken.get_or_insert_with(|| {
//!                 Verdict::fail(format!("`{}` counts down", record.node_name()))
//!                     .row(row.note(format!("count {before}")))
//!                     .row(record.found(format!("count {count}")))
//!             });
//!         }
//!         *last = Some((count, record.found("")));
//!     }
//!
//!     fn finish(self) -> Verdict {
//!         match self.broken {
//!             Some(verdict) => verdict,
//!             None if self.last.iter().all(Option::is_none) => Verdict::unknown("nothing was counted"),
//!             None => Verdict::pass(),
//!         }
//!     }
//! }
//! ```

use crate::Result;
use crate::config::Problem;
use crate::export::{RawRecord, abi};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

/// A property of runs: one instance judges one run.
pub trait Check: Sized + 'static {
    /// What a scenario may set: the `config` table of its `[[check]]`.
    type Config: DeserializeOwned + JsonSchema + Send + Sync + 'static;

    /// The name after the dot in a scenario's `check = "PLUGIN.NAME"`.
    const NAME: &'static str;

    /// One paragraph of documentation: what must hold.
    const DOCS: &'static str;

    /// What is wrong with a config, beyond its types and ranges: called once
    /// per scenario, before anything runs.
    fn check(config: &Self::Config) -> Vec<Problem> {
        let _ = config;
        Vec::new()
    }

    /// Begins to judge a run.
    ///
    /// # Errors
    /// If this run cannot be judged at all; the run fails.
    fn new(config: &Self::Config, run: &RunInfo) -> Result<Self>;

    /// Takes the next record. Records are in time order, those of one node in the
    /// order of its log.
    fn record(&mut self, record: &Record<'_>);

    /// The run is over: returns the verdict.
    fn finish(self) -> Verdict;
}

/// The run that is judged: its nodes and what their logs hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunInfo {
    pub(crate) names: Vec<String>,
    /// By node: an index into `kinds`.
    pub(crate) kind_of: Vec<u32>,
    pub(crate) kinds: Vec<NodeKind>,
    pub(crate) folder: String,
}

/// What nodes of one group have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodeKind {
    pub behavior: String,
    /// Name and kind of each column.
    pub columns: Vec<(String, u32)>,
    pub events: Vec<String>,
}

impl RunInfo {
    /// Number of nodes; they are numbered from 0 in the order of the scenario.
    pub fn node_count(&self) -> usize {
        self.names.len()
    }

    /// The name of a node; empty for a number that no node has.
    pub fn node_name(&self, node: u32) -> &str {
        self.names.get(node as usize).map_or("", String::as_str)
    }

    /// The number of the node with this name.
    pub fn node_named(&self, name: &str) -> Option<u32> {
        let found = self.names.iter().position(|own| own == name);
        found.map(|node| node as u32)
    }

    /// A node's behavior, `PLUGIN.BEHAVIOR`; empty for an external program.
    pub fn behavior(&self, node: u32) -> &str {
        self.kind(node).map_or("", |kind| &kind.behavior)
    }

    /// The nodes with this behavior, `PLUGIN.BEHAVIOR`.
    pub fn nodes_with(&self, behavior: &str) -> impl Iterator<Item = u32> {
        (0..self.names.len() as u32).filter(move |&node| self.behavior(node) == behavior)
    }

    /// Whether a node's log has a column of this name.
    pub fn has_column(&self, node: u32, name: &str) -> bool {
        self.kind(node)
            .is_some_and(|kind| kind.columns.iter().any(|(own, _)| own == name))
    }

    /// The folder of the run's files, if it keeps any. It has the behaviors' files when
    /// the check finishes.
    pub fn folder(&self) -> Option<&str> {
        (!self.folder.is_empty()).then_some(self.folder.as_str())
    }

    fn kind(&self, node: u32) -> Option<&NodeKind> {
        let kind = *self.kind_of.get(node as usize)?;
        self.kinds.get(kind as usize)
    }
}

/// The words that every log shares, by their numbers.
pub(crate) const EVENTS: [&str; abi::OWN_EVENTS as usize] = [
    "start",
    "receive",
    "send",
    "drop",
    "timer",
    "tick",
    "connect",
    "disconnect",
    "stop",
    "crash",
    "restart",
];

/// One record of the run: a row of a node's log, with the node's columns as they
/// are after its step.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub(crate) raw: RawRecord<'a>,
    pub(crate) run: &'a RunInfo,
}

impl<'a> Record<'a> {
    /// True time since the run began `[ns]`.
    pub fn time_ns(&self) -> u64 {
        self.raw.data().time_ns
    }

    /// The node's number.
    pub fn node(&self) -> u32 {
        self.raw.data().node
    }

    /// The node's name.
    pub fn node_name(&self) -> &'a str {
        self.run.node_name(self.node())
    }

    /// Number of the node's step, from 1; outside a step the last number.
    pub fn step(&self) -> u64 {
        self.raw.data().step
    }

    /// What happened: `receive`, `send`, ..., or a word of the behavior's own.
    pub fn event(&self) -> &'a str {
        let event = self.raw.data().event as usize;
        match EVENTS.get(event) {
            Some(word) => word,
            None => self
                .run
                .kind(self.node())
                .and_then(|kind| kind.events.get(event - EVENTS.len()))
                .map_or("", String::as_str),
        }
    }

    /// The other end: a node's number, or one past them for a peer from outside.
    pub fn peer(&self) -> Option<u32> {
        let peer = self.raw.data().peer;
        (peer != abi::NO_PEER).then_some(peer)
    }

    /// The other end's name; empty if there is none.
    pub fn peer_name(&self) -> &'a str {
        match self.peer() {
            Some(peer) if (peer as usize) < self.run.node_count() => self.run.node_name(peer),
            _ => self.raw.peer_name(),
        }
    }

    /// The sender's number for the message, from 1: (sender, number) names it in
    /// both of its ends' logs.
    pub fn message(&self) -> Option<u64> {
        let message = self.raw.data().message;
        (message != 0).then_some(message)
    }

    /// Size of the message `[bytes]`.
    pub fn bytes(&self) -> u64 {
        self.raw.data().bytes
    }

    /// Inbox length once the step's message was taken off.
    pub fn queue(&self) -> u64 {
        self.raw.data().queue
    }

    /// The value of a column of unsigned whole numbers; none if the node has no
    /// such column, or no value in it.
    pub fn number(&self, column: &str) -> Option<u64> {
        self.cell(column, abi::COLUMN_U64)
    }

    /// The value of a column of signed whole numbers.
    pub fn signed(&self, column: &str) -> Option<i64> {
        self.cell(column, abi::COLUMN_I64).map(u64::cast_signed)
    }

    /// The value of a column of floating-point numbers.
    pub fn float(&self, column: &str) -> Option<f64> {
        self.cell(column, abi::COLUMN_F64).map(f64::from_bits)
    }

    /// The value of a column of truth values.
    pub fn flag(&self, column: &str) -> Option<bool> {
        self.cell(column, abi::COLUMN_BOOL).map(|cell| cell != 0)
    }

    /// The value of a column of text.
    pub fn text(&self, column: &str) -> Option<&'a str> {
        let column = self.column(column, abi::COLUMN_TEXT)?;
        self.raw.text(column)
    }

    /// This row, to be kept as evidence, with what matters in it.
    pub fn found(&self, note: impl Into<String>) -> Found {
        let data = self.raw.data();
        Found {
            time_ns: data.time_ns,
            step: data.step,
            row: data.row,
            message: data.message,
            node: data.node,
            event: data.event,
            peer: data.peer,
            note: note.into(),
        }
    }

    fn cell(&self, name: &str, kind: u32) -> Option<u64> {
        self.raw.cell(self.column(name, kind)?)
    }

    fn column(&self, name: &str, kind: u32) -> Option<u32> {
        let columns = &self.run.kind(self.node())?.columns;
        let found = columns
            .iter()
            .position(|(own, own_kind)| own == name && *own_kind == kind)?;
        Some(found as u32)
    }
}

/// A row that was kept as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// True time since the run began `[ns]`.
    pub time_ns: u64,
    /// Number of the node's step.
    pub step: u64,
    /// Number of the row in the node's log, from 1.
    pub row: u64,
    /// The sender's number for the message; 0 where there is none.
    pub message: u64,
    /// The node's number.
    pub node: u32,
    pub(crate) event: u32,
    pub(crate) peer: u32,
    /// What matters in it: `clock 7`.
    pub note: String,
}

impl Found {
    /// The same row with another note.
    pub fn note(&self, note: impl Into<String>) -> Found {
        Found {
            note: note.into(),
            ..self.clone()
        }
    }
}

/// The result of a check of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it held.
    pub judged: Judged,
    /// What was found: what broke, or why the run cannot be judged.
    pub reason: String,
    /// The rows that prove a failure, in the order in which to read them.
    pub rows: Vec<Found>,
}

/// The three verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// The property held.
    Passed,
    /// It did not.
    Failed,
    /// There was nothing to judge, or it could not be judged.
    Unknown,
}

impl Verdict {
    /// The property held.
    pub fn pass() -> Verdict {
        Verdict::of(Judged::Passed, String::new())
    }

    /// The property held, and this is how much of it was seen.
    pub fn passed(what: impl Into<String>) -> Verdict {
        Verdict::of(Judged::Passed, what.into())
    }

    /// It did not hold; add the rows that prove it with [`row`](Verdict::row).
    pub fn fail(reason: impl Into<String>) -> Verdict {
        Verdict::of(Judged::Failed, reason.into())
    }

    /// The run cannot be judged, for this reason.
    pub fn unknown(reason: impl Into<String>) -> Verdict {
        Verdict::of(Judged::Unknown, reason.into())
    }

    /// Adds a row to the proof.
    pub fn row(mut self, found: Found) -> Verdict {
        self.rows.push(found);
        self
    }

    fn of(judged: Judged, reason: String) -> Verdict {
        Verdict {
            judged,
            reason,
            rows: Vec::new(),
        }
    }
}
