//! The functions that a plugin's check calls: its verdict and evidence, and the texts of a
//! record.

use std::ffi::c_void;

use analysis_log::tables::{EVIDENCE_FILE, Evidence, MAX_EVIDENCE, Verdict};
use analysis_log::{Cell, ColumnKind, EventId, RunSchema};
use runner_abi as abi;

use super::{Description, Seen};
use crate::vtable::text;
use engine::behaviors::CallError;

/// The target of [`abi::Record::host`] during a call.
pub(super) struct Frame<'a> {
    pub seen: &'a Seen<'a>,
    pub schema: &'a RunSchema,
}

/// What a check passes to the host during a call.
pub(super) struct Reply<'a> {
    schema: &'a RunSchema,
    pub external_peers: &'a [String],
    pub verdict: Option<Verdict>,
    pub reason: String,
    evidence: Vec<Evidence>,
    /// Number of rows of evidence; more than [`MAX_EVIDENCE`] are not kept.
    rows: u64,
}

impl<'a> Reply<'a> {
    /// An empty reply.
    pub fn new(description: &'a Description) -> Reply<'a> {
        Reply {
            schema: &description.schema,
            external_peers: &[],
            verdict: None,
            reason: String::new(),
            evidence: Vec::new(),
            rows: 0,
        }
    }

    /// The reason and the rows that support it: all of them, or none and a reason that says
    /// so.
    pub fn into_proof(self) -> (String, Vec<Evidence>) {
        if self.rows <= MAX_EVIDENCE as u64 {
            return (self.reason, self.evidence);
        }
        let lead = match self.reason.is_empty() {
            true => String::new(),
            false => format!("{}; ", self.reason),
        };
        let reason = format!(
            "{lead}the check named {} rows as its proof, and at most {MAX_EVIDENCE} are kept: \
             none is in `{EVIDENCE_FILE}`",
            self.rows
        );
        (reason, Vec::new())
    }

    /// The functions by which the check fills it.
    pub fn sink(&mut self) -> abi::VerdictSink {
        abi::VerdictSink {
            host: (&raw mut *self).cast(),
            verdict,
            evidence,
            fail,
        }
    }

    /// The error of a call with this status.
    pub fn into_error(self, status: abi::Status) -> CallError {
        CallError {
            panicked: status == abi::PANICKED,
            reason: match self.reason.is_empty() {
                true => "it gave no reason".to_owned(),
                false => self.reason,
            },
        }
    }
}

/// The name of a peer: a node or an external peer.
fn peer_name_of<'a>(schema: &'a RunSchema, external_peers: &'a [String], peer: u32) -> &'a str {
    let external = (peer as usize).checked_sub(schema.nodes.len());
    match external {
        Some(index) => external_peers.get(index).map_or("", String::as_str),
        None => schema.peer_name(peer),
    }
}

#[allow(unsafe_code)]
unsafe extern "C" fn verdict(host: *mut c_void, verdict: u32, reason: abi::Text) {
    // SAFETY: `host` is the `Reply` behind the sink of the call under way.
    let reply = unsafe { &mut *host.cast::<Reply<'_>>() };
    reply.verdict = match verdict {
        abi::VERDICT_PASSED => Some(Verdict::Passed),
        abi::VERDICT_FAILED => Some(Verdict::Failed),
        abi::VERDICT_UNKNOWN => Some(Verdict::Unknown),
        _ => None,
    };
    reply.reason = text(reason).into_owned();
}

#[allow(unsafe_code)]
unsafe extern "C" fn evidence(host: *mut c_void, row: *const abi::Evidence) {
    if row.is_null() {
        return;
    }
    // SAFETY: `host` is the `Reply` behind the sink of the call under way, and the
    // row is lent for it.
    let (reply, row) = unsafe { (&mut *host.cast::<Reply<'_>>(), &*row) };
    reply.rows += 1;
    if reply.rows > MAX_EVIDENCE as u64 {
        return;
    }
    let node = reply.schema.nodes.get(row.node as usize);
    let event = EventId(row.event.min(u32::from(u16::MAX)) as u16);
    reply.evidence.push(Evidence {
        node: node.map(|node| node.name.clone()).unwrap_or_default(),
        row: row.row,
        time_ns: row.time_ns,
        step: row.step,
        event: node.map_or_else(String::new, |node| node.event_name(event).to_owned()),
        peer: peer_name_of(reply.schema, reply.external_peers, row.peer).to_owned(),
        message: row.message,
        note: text(row.note).into_owned(),
    });
}

#[allow(unsafe_code)]
unsafe extern "C" fn fail(host: *mut c_void, reason: abi::Text) {
    // SAFETY: `host` is the `Reply` behind the sink of the call under way.
    let reply = unsafe { &mut *host.cast::<Reply<'_>>() };
    reply.reason = text(reason).into_owned();
}

pub(super) static CALLS: abi::RecordCalls = abi::RecordCalls {
    size: size_of::<abi::RecordCalls>() as u64,
    text: record_text,
    peer_name: record_peer,
};

#[allow(unsafe_code)]
unsafe extern "C" fn record_text(record: *const abi::Record, column: u32) -> abi::Text {
    // SAFETY: a record that `Judging::record` lends, with its frame behind it.
    let frame = unsafe { &*(*record).host.cast::<Frame<'_>>() };
    let cell = frame.seen.columns.cell(column as usize, ColumnKind::Text);
    let columns = frame.schema.nodes[frame.seen.row.node as usize]
        .columns
        .get(column as usize);
    match (cell, columns.map(|column| column.kind)) {
        (Cell::Text(text), Some(ColumnKind::Text)) => abi::Text::lend(text),
        _ => abi::Text {
            ptr: std::ptr::null(),
            len: 0,
        },
    }
}

#[allow(unsafe_code)]
unsafe extern "C" fn record_peer(record: *const abi::Record) -> abi::Text {
    // SAFETY: as in `record_text`.
    let frame = unsafe { &*(*record).host.cast::<Frame<'_>>() };
    let Frame { seen, schema } = frame;
    abi::Text::lend(peer_name_of(schema, seen.external_peers, seen.row.peer))
}
