//! The extension `runner.checks.1`: property checkers that a plugin brings.
//!
//! A check takes every record of a run in time order and gives a verdict: passed,
//! failed with the rows that prove it, or unknown with the reason.
//! [`Plugin::extension`](crate::Plugin::extension) returns a static [`Checks`] for
//! [`CHECKS`]. A plugin without checks returns null or has no such function.
//!
//! One instance of a check judges one run, on one thread; several runs are judged
//! at once. Instances are the plugin's own: it makes and frees them.

use core::ffi::c_void;

use crate::{Column, EventWord, ProblemSink, Status, Text};

/// The id of this extension.
pub const CHECKS: &str = "runner.checks.1";

/// The table of a plugin's checks.
#[repr(C)]
pub struct Checks {
    /// Size of this struct in the plugin's build `[bytes]`.
    pub size: u64,
    /// [`CHECKS_LAYOUT`](crate::CHECKS_LAYOUT) of the plugin's build.
    pub layout: u64,
    /// The checks.
    pub checks: *const Check,
    /// How many.
    pub check_count: u64,
}

/// One check: its description and its functions.
#[repr(C)]
pub struct Check {
    /// The name after the dot: `lamport` in `clock.lamport`.
    pub name: Text,
    /// One paragraph of documentation: what must hold.
    pub docs: Text,
    /// As [`Behavior::config_schema`](crate::Behavior::config_schema).
    pub config_schema: unsafe extern "C" fn() -> Text,
    /// As [`Behavior::config_new`](crate::Behavior::config_new).
    pub config_new: unsafe extern "C" fn(toml: Text, problems: *const ProblemSink) -> *mut c_void,
    /// As [`Behavior::config_free`](crate::Behavior::config_free).
    pub config_free: unsafe extern "C" fn(config: *mut c_void),

    /// Makes an instance for one run, whose description is lent for the call.
    /// Returns null after it has passed the reason to [`VerdictSink::fail`].
    pub create: unsafe extern "C" fn(
        config: *const c_void,
        run: *const CheckedRun,
        sink: *const VerdictSink,
    ) -> *mut c_void,
    /// The next record in time order, lent for the call.
    pub record: unsafe extern "C" fn(
        instance: *mut c_void,
        record: *const Record,
        sink: *const VerdictSink,
    ) -> Status,
    /// The run is over: reports evidence and then one verdict to the sink.
    pub finish: unsafe extern "C" fn(instance: *mut c_void, sink: *const VerdictSink) -> Status,
    /// Ends the instance; called once, also after a failure.
    pub free: unsafe extern "C" fn(instance: *mut c_void),
}

/// The run that is judged; lent for one call.
#[repr(C)]
pub struct CheckedRun {
    /// Its nodes, in the order of the scenario.
    pub nodes: *const CheckedNode,
    /// How many.
    pub node_count: u64,
    /// The folder of the run's files; empty when the run keeps none.
    pub folder: Text,
}

/// A node of the run that is judged.
#[repr(C)]
pub struct CheckedNode {
    /// Its name.
    pub name: Text,
    /// `PLUGIN.BEHAVIOR`; empty for an external program.
    pub behavior: Text,
    /// The behavior's columns.
    pub columns: *const Column,
    /// How many.
    pub column_count: u64,
    /// The behavior's own words.
    pub events: *const EventWord,
    /// How many.
    pub event_count: u64,
}

/// One record: a row of a node's log. Lent for the call.
#[repr(C)]
pub struct Record {
    /// True time since the run began `[ns]`.
    pub time_ns: u64,
    /// Number of the node's step, from 1; outside a step the last number.
    pub step: u64,
    /// Number of the row in the node's log, from 1.
    pub row: u64,
    /// The sender's number for the message, from 1; 0 where there is none.
    pub message: u64,
    /// Size of the message `[bytes]`.
    pub bytes: u64,
    /// Inbox length once the step's message was taken off.
    pub queue: u64,
    /// Bit `i` is set when column `i` has a value.
    pub present: u64,
    /// 8 bytes for each column of the behavior, as in [`Slot`](crate::Slot);
    /// those of text are the host's.
    pub cells: *const u64,
    /// The functions of the host.
    pub calls: *const RecordCalls,
    /// The host's own.
    pub host: *const c_void,
    /// The node: an index into [`CheckedRun::nodes`].
    pub node: u32,
    /// What happened: 0 to 10 are the words `start`, `receive`, `send`, `drop`,
    /// `timer`, `tick`, `connect`, `disconnect`, `stop`, `crash`, `restart`; from
    /// [`OWN_EVENTS`] the node's own words.
    pub event: u32,
    /// The other end: an index into [`CheckedRun::nodes`], past them a peer from
    /// outside; or [`NO_PEER`].
    pub peer: u32,
    /// Zero.
    pub reserved: u32,
}

/// The first number in [`Record::event`] that is a word of the behavior's own.
pub const OWN_EVENTS: u32 = 11;

/// [`Record::peer`] of a record without another end.
pub const NO_PEER: u32 = u32::MAX;

/// Functions for a record, while it is lent.
#[repr(C)]
pub struct RecordCalls {
    /// Size of this table in the host's build `[bytes]`.
    pub size: u64,
    /// The value of a column of text; null if it has none.
    pub text: unsafe extern "C" fn(record: *const Record, column: u32) -> Text,
    /// The name behind [`Record::peer`]; empty if there is none.
    pub peer_name: unsafe extern "C" fn(record: *const Record) -> Text,
}

/// One row that proves a verdict.
#[repr(C)]
pub struct Evidence {
    /// [`Record::time_ns`] of the row.
    pub time_ns: u64,
    /// [`Record::step`] of the row.
    pub step: u64,
    /// [`Record::row`] of the row.
    pub row: u64,
    /// [`Record::message`] of the row.
    pub message: u64,
    /// [`Record::node`] of the row.
    pub node: u32,
    /// [`Record::event`] of the row.
    pub event: u32,
    /// [`Record::peer`] of the row.
    pub peer: u32,
    /// Zero.
    pub reserved: u32,
    /// What matters in it: `clock 7`.
    pub note: Text,
}

/// The property held.
pub const VERDICT_PASSED: u32 = 0;
/// It did not; the evidence proves it.
pub const VERDICT_FAILED: u32 = 1;
/// There was nothing to judge, or it could not be judged.
pub const VERDICT_UNKNOWN: u32 = 2;

/// Where a check reports what it found; lent for one call.
#[repr(C)]
pub struct VerdictSink {
    /// Handed back to the functions.
    pub host: *mut c_void,
    /// The verdict, one of [`VERDICT_PASSED`] and so on, with its reason. In
    /// `finish` only; the last one counts.
    pub verdict: unsafe extern "C" fn(host: *mut c_void, verdict: u32, reason: Text),
    /// One row of the proof, in reading order. In `finish` only.
    pub evidence: unsafe extern "C" fn(host: *mut c_void, row: *const Evidence),
    /// Takes the reason, before the call returns null or anything other than
    /// [`OK`](crate::OK).
    pub fail: unsafe extern "C" fn(host: *mut c_void, reason: Text),
}
