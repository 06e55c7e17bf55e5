//! Runs a check over rows that a test writes, through the functions that a host
//! calls.
#![allow(unsafe_code)]

use super::Failure;
use crate::config::{self, Problem};
use crate::export::abi::{self, Text};
use crate::{Behavior, Check, Found, Judged, Verdict};
use std::ffi::c_void;
use std::ptr::null;

/// Begins to judge a run with the check `C`:
/// `check::<C>().node::<Server>("server").begin()`.
pub fn check<C: Check>() -> CheckSetup<C> {
    CheckSetup {
        config: String::new(),
        folder: String::new(),
        nodes: Vec::new(),
        check: std::marker::PhantomData,
    }
}

/// What is wrong with a check's config; empty if it is accepted.
pub fn check_problems<C: Check>(config: &str) -> Vec<Problem> {
    config::read(config, C::check).err().unwrap_or_default()
}

/// A run in the making.
pub struct CheckSetup<C> {
    config: String,
    folder: String,
    nodes: Vec<Node>,
    check: std::marker::PhantomData<fn(C)>,
}

/// A node of the run, with what its behavior declares.
struct Node {
    name: String,
    behavior: String,
    columns: Vec<abi::Column>,
    column_names: Vec<&'static str>,
    events: Vec<abi::EventWord>,
    event_names: Vec<&'static str>,
    rows: u64,
    step: u64,
    sent: u64,
    cells: Vec<u64>,
    texts: Vec<Option<String>>,
    present: u64,
}

impl<C: Check> CheckSetup<C> {
    /// The check's config, as a scenario's `config` table: TOML.
    pub fn config(mut self, toml: &str) -> Self {
        self.config = toml.to_owned();
        self
    }

    /// The folder of the run's files; none if none is given.
    pub fn folder(mut self, folder: &str) -> Self {
        self.folder = folder.to_owned();
        self
    }

    /// Adds a node with behavior `B`; its number is the number of nodes before
    /// it. In the run it does what `behavior`, `PLUGIN.NAME`, says.
    pub fn node<B: Behavior>(mut self, name: &str, plugin: &str) -> Self {
        let columns = B::COLUMNS.iter().map(|column| abi::Column {
            name: Text::new(column.name),
            docs: Text::new(column.docs),
            kind: column.kind,
            reserved: 0,
        });
        let events = B::EVENTS.iter().map(|event| abi::EventWord {
            name: Text::new(event.name),
            docs: Text::new(event.docs),
        });
        self.nodes.push(Node {
            name: name.to_owned(),
            behavior: format!("{plugin}.{}", B::NAME),
            columns: columns.collect(),
            column_names: B::COLUMNS.iter().map(|column| column.name).collect(),
            events: events.collect(),
            event_names: B::EVENTS.iter().map(|event| event.name).collect(),
            rows: 0,
            step: 0,
            sent: 0,
            cells: vec![0; B::COLUMNS.len()],
            texts: vec![None; B::COLUMNS.len()],
            present: 0,
        });
        self
    }

    /// Adds a node that is a program of somebody else: it has no behavior, no columns and
    /// no events.
    pub fn program(mut self, name: &str) -> Self {
        self.nodes.push(Node {
            name: name.to_owned(),
            behavior: String::new(),
            columns: Vec::new(),
            column_names: Vec::new(),
            events: Vec::new(),
            event_names: Vec::new(),
            rows: 0,
            step: 0,
            sent: 0,
            cells: Vec::new(),
            texts: Vec::new(),
            present: 0,
        });
        self
    }

    /// Begins to judge.
    ///
    /// # Panics
    /// When the config has mistakes or the check refuses the run.
    #[track_caller]
    pub fn begin(self) -> Judge<C> {
        let config = match config::read(&self.config, C::check) {
            Ok(config) => Box::new(config),
            Err(problems) => panic!("the config has mistakes: {problems:?}"),
        };
        let table = crate::export::check::<C>();
        let described: Vec<abi::CheckedNode> = self
            .nodes
            .iter()
            .map(|node| abi::CheckedNode {
                name: Text::lend(&node.name),
                behavior: Text::lend(&node.behavior),
                columns: node.columns.as_ptr(),
                column_count: node.columns.len() as u64,
                events: node.events.as_ptr(),
                event_count: node.events.len() as u64,
            })
            .collect();
        let run = abi::CheckedRun {
            nodes: described.as_ptr(),
            node_count: described.len() as u64,
            folder: Text::lend(&self.folder),
        };
        let mut reports = Reports::default();
        let sink = reports.sink();
        // SAFETY: the config is of the check's own type; run and sink outlive
        // the call, and the SDK keeps no part of them.
        let instance =
            unsafe { (table.create)((&raw const *config).cast(), &raw const run, &raw const sink) };
        assert!(!instance.is_null(), "`new` failed: {}", reports.reason);
        Judge {
            table,
            config,
            instance,
            nodes: self.nodes,
            time_ns: 0,
            check: std::marker::PhantomData,
        }
    }
}

/// A row as a test writes it: what happened in which node.
#[derive(Clone, Debug, Default)]
pub struct Seen<'a> {
    /// The node's number.
    pub node: u32,
    /// The word: `receive`, `send`, ..., or one of the behavior's own.
    pub event: &'a str,
    /// The other end.
    pub peer: Option<u32>,
    /// The sender's number for the message.
    pub message: u64,
    /// Columns that change with this row: numbers.
    pub numbers: &'a [(&'a str, u64)],
    /// Columns that change with this row: texts.
    pub texts: &'a [(&'a str, &'a str)],
}

/// A check that judges the rows of a test.
pub struct Judge<C: Check> {
    table: abi::Check,
    /// Lives as long as the instance.
    #[allow(dead_code)]
    config: Box<C::Config>,
    instance: *mut c_void,
    nodes: Vec<Node>,
    time_ns: u64,
    check: std::marker::PhantomData<C>,
}

impl<C: Check> Judge<C> {
    /// Sets true time `[ns]` for what follows.
    pub fn at(&mut self, time_ns: u64) -> &mut Self {
        self.time_ns = time_ns;
        self
    }

    /// A message goes from one node to another: a step of each, with a `send` and
    /// a `receive` row. Columns as in [`Seen::numbers`].
    pub fn message(
        &mut self,
        (from, sent): (u32, &[(&str, u64)]),
        (to, received): (u32, &[(&str, u64)]),
    ) -> &mut Self {
        let message = self.nodes[from as usize].sent + 1;
        self.nodes[from as usize].sent = message;
        let row = |node, event, peer, numbers| Seen {
            node,
            event,
            peer: Some(peer),
            message,
            numbers,
            texts: &[],
        };
        self.step(&row(from, "send", to, sent));
        self.step(&row(to, "receive", from, received))
    }

    /// A row of a new step.
    pub fn step(&mut self, seen: &Seen<'_>) -> &mut Self {
        self.nodes[seen.node as usize].step += 1;
        self.row(seen)
    }

    /// One more row of the node's step under way.
    ///
    /// # Panics
    /// When the node has no such word or column, or the check panics.
    #[track_caller]
    pub fn row(&mut self, seen: &Seen<'_>) -> &mut Self {
        match self.try_row(seen) {
            Ok(()) => self,
            Err(failure) => panic!("`record` failed: {failure}"),
        }
    }

    /// As [`row`](Judge::row), but returns the failure of the check.
    ///
    /// # Errors
    /// When the check panics.
    ///
    /// # Panics
    /// When the node has no such word or column.
    #[track_caller]
    pub fn try_row(&mut self, seen: &Seen<'_>) -> Result<(), Failure> {
        let node = &mut self.nodes[seen.node as usize];
        let place = |name: &str| {
            let found = node.column_names.iter().position(|own| *own == name);
            found.unwrap_or_else(|| panic!("the node has no column `{name}`"))
        };
        let numbers: Vec<_> = seen.numbers.iter().map(|(n, v)| (place(n), *v)).collect();
        let texts: Vec<_> = seen.texts.iter().map(|(n, v)| (place(n), *v)).collect();
        for (index, value) in numbers {
            node.cells[index] = value;
            node.present |= 1 << index;
        }
        for (index, value) in texts {
            node.texts[index] = Some(value.to_owned());
            node.present |= 1 << index;
        }
        node.rows += 1;
        let record = abi::Record {
            time_ns: self.time_ns,
            step: node.step,
            row: node.rows,
            message: seen.message,
            bytes: 0,
            queue: 0,
            present: node.present,
            cells: node.cells.as_ptr(),
            calls: &CALLS,
            host: (&raw const *node).cast(),
            node: seen.node,
            event: event(seen.event, &node.event_names),
            peer: seen.peer.unwrap_or(abi::NO_PEER),
            reserved: 0,
        };
        let mut reports = Reports::default();
        let sink = reports.sink();
        // SAFETY: the instance that `create` made; record and sink outlive the call.
        let status =
            unsafe { (self.table.record)(self.instance, &raw const record, &raw const sink) };
        reports.failure(status)
    }

    /// The run is over: the verdict.
    ///
    /// # Panics
    /// When the check panics.
    #[track_caller]
    pub fn finish(self) -> Verdict {
        let mut reports = Reports::default();
        let sink = reports.sink();
        // SAFETY: the instance that `create` made; the sink outlives the call.
        let status = unsafe { (self.table.finish)(self.instance, &raw const sink) };
        if let Err(failure) = reports.failure(status) {
            panic!("`finish` failed: {failure}");
        }
        Verdict {
            judged: reports.verdict.expect("`finish` reported no verdict"),
            reason: reports.reason,
            rows: reports.rows,
        }
    }
}

impl<C: Check> Drop for Judge<C> {
    fn drop(&mut self) {
        // SAFETY: made by `create`; this is its only end.
        unsafe { (self.table.free)(self.instance) }
    }
}

/// The number of a word.
#[track_caller]
fn event(word: &str, own: &[&str]) -> u32 {
    let standard = crate::check::EVENTS.iter().position(|it| *it == word);
    let own = || {
        let found = own.iter().position(|it| *it == word);
        found.map(|index| index + crate::check::EVENTS.len())
    };
    match standard.or_else(own) {
        Some(index) => index as u32,
        None => panic!("the node has no word `{word}`"),
    }
}

/// What a check has reported.
#[derive(Default)]
struct Reports {
    verdict: Option<Judged>,
    reason: String,
    rows: Vec<Found>,
}

impl Reports {
    fn sink(&mut self) -> abi::VerdictSink {
        abi::VerdictSink {
            host: (&raw mut *self).cast(),
            verdict,
            evidence,
            fail,
        }
    }

    fn failure(&self, status: abi::Status) -> Result<(), Failure> {
        match status {
            abi::OK => Ok(()),
            abi::PANICKED => Err(Failure::Panicked(self.reason.clone())),
            _ => Err(Failure::Refused(self.reason.clone())),
        }
    }
}

unsafe extern "C" fn verdict(host: *mut c_void, verdict: u32, reason: Text) {
    // SAFETY: `host` is the `Reports` behind the sink; the text is lent.
    let (reports, reason) = unsafe { (&mut *host.cast::<Reports>(), crate::export::lent(reason)) };
    reports.verdict = match verdict {
        abi::VERDICT_PASSED => Some(Judged::Passed),
        abi::VERDICT_FAILED => Some(Judged::Failed),
        _ => Some(Judged::Unknown),
    };
    reports.reason = reason.to_owned();
}

unsafe extern "C" fn evidence(host: *mut c_void, row: *const abi::Evidence) {
    // SAFETY: `host` is the `Reports` behind the sink; the row is lent.
    let (reports, row) = unsafe { (&mut *host.cast::<Reports>(), &*row) };
    reports.rows.push(Found {
        time_ns: row.time_ns,
        step: row.step,
        row: row.row,
        message: row.message,
        node: row.node,
        event: row.event,
        peer: row.peer,
        // SAFETY: lent with the row.
        note: unsafe { crate::export::lent(row.note) }.to_owned(),
    });
}

unsafe extern "C" fn fail(host: *mut c_void, reason: Text) {
    // SAFETY: `host` is the `Reports` behind the sink; the text is lent.
    let (reports, reason) = unsafe { (&mut *host.cast::<Reports>(), crate::export::lent(reason)) };
    reports.reason = reason.to_owned();
}

unsafe extern "C" fn text(record: *const abi::Record, column: u32) -> Text {
    // SAFETY: the record is one of `try_row`, whose host is its node.
    let node = unsafe { &*(*record).host.cast::<Node>() };
    let value = node.texts.get(column as usize).and_then(Option::as_deref);
    value.map_or(
        Text {
            ptr: null(),
            len: 0,
        },
        Text::lend,
    )
}

unsafe extern "C" fn peer_name(_: *const abi::Record) -> Text {
    Text::lend("")
}

static CALLS: abi::RecordCalls = abi::RecordCalls {
    size: size_of::<abi::RecordCalls>() as u64,
    text,
    peer_name,
};
