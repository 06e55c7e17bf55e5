//! A plugin's checks at work: an accepted config, the description of the run, and
//! one instance per run that is told its records.

use std::ffi::c_void;
use std::sync::Arc;

use analysis_log::tables::{Evidence, MAX_EVIDENCE, Verdict};
use analysis_log::{Cell, ColumnKind, Columns, EventId, Row, RunSchema};
use runner_abi as abi;

use crate::config::{Problem, accepted};
use crate::plugin::Check;
use crate::vtable::text;
use engine::behaviors::CallError;

/// A check with a config that it has accepted. Freed by the plugin that made it.
#[derive(Debug)]
pub struct CheckConfig {
    check: Arc<Check>,
    handle: *mut c_void,
}

// SAFETY: by the ABI a config is read only, used from several threads at once,
// and freed on any thread after its last use.
#[allow(unsafe_code)]
unsafe impl Send for CheckConfig {}
#[allow(unsafe_code)]
// SAFETY: as above.
unsafe impl Sync for CheckConfig {}

impl CheckConfig {
    /// Has the check parse `toml`: the text of one table.
    ///
    /// # Errors
    ///
    /// Every mistake that it finds.
    #[allow(unsafe_code)]
    pub fn new(check: &Arc<Check>, toml: &str) -> Result<CheckConfig, Vec<Problem>> {
        // SAFETY: checked for null at load.
        let handle = unsafe { accepted(check.table.0.config_new, toml) }?;
        Ok(CheckConfig {
            check: check.clone(),
            handle,
        })
    }
}

impl Drop for CheckConfig {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: made by this check, freed once; instances are gone before it.
        unsafe { (self.check.table.0.config_free)(self.handle) }
    }
}

/// The nodes of a run as the boundary describes them, made once for all runs of
/// a schema.
pub struct Description {
    /// Owns the names that the tables point to.
    schema: Arc<RunSchema>,
    behaviors: Vec<String>,
    columns: Vec<Vec<abi::Column>>,
    events: Vec<Vec<abi::EventWord>>,
    nodes: Vec<abi::CheckedNode>,
}

impl std::fmt::Debug for Description {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Description").finish_non_exhaustive()
    }
}

// SAFETY: the pointers lead into what the description owns and nobody changes.
#[allow(unsafe_code)]
unsafe impl Send for Description {}
#[allow(unsafe_code)]
// SAFETY: as above.
unsafe impl Sync for Description {}

impl Description {
    /// Of a run of this schema; `groups` says for each node group what its nodes
    /// do (empty for programs of somebody else) and how many they are.
    pub fn new(
        schema: &Arc<RunSchema>,
        groups: impl IntoIterator<Item = (String, u32)>,
    ) -> Description {
        let mut description = Description {
            schema: schema.clone(),
            behaviors: Vec::new(),
            columns: Vec::new(),
            events: Vec::new(),
            nodes: Vec::with_capacity(schema.nodes.len()),
        };
        let mut first = 0;
        for (behavior, count) in groups {
            let end = first + count as usize;
            description.group(first..end.min(schema.nodes.len()), behavior);
            first = end;
        }
        description
    }

    fn group(&mut self, nodes: std::ops::Range<usize>, behavior: String) {
        let schema = self.schema.clone();
        let nodes = &schema.nodes[nodes];
        let Some(like) = nodes.first() else { return };
        let columns = like.columns.iter().map(|column| abi::Column {
            name: abi::Text::lend(&column.name),
            docs: abi::Text::lend(&column.docs),
            kind: column_number(column.kind),
            reserved: 0,
        });
        let columns: Vec<_> = columns.collect();
        let events = like.events.iter().map(|word| abi::EventWord {
            name: abi::Text::lend(word),
            docs: abi::Text::lend(""),
        });
        let events: Vec<_> = events.collect();
        self.nodes.extend(nodes.iter().map(|node| {
            abi::CheckedNode {
                name: abi::Text::lend(&node.name),
                // The bytes of a moved `String` or `Vec` stay where they are.
                behavior: abi::Text::lend(&behavior),
                columns: columns.as_ptr(),
                column_count: columns.len() as u64,
                events: events.as_ptr(),
                event_count: events.len() as u64,
            }
        }));
        self.behaviors.push(behavior);
        self.columns.push(columns);
        self.events.push(events);
    }
}

fn column_number(kind: ColumnKind) -> u32 {
    match kind {
        ColumnKind::U64 => abi::COLUMN_U64,
        ColumnKind::I64 => abi::COLUMN_I64,
        ColumnKind::F64 => abi::COLUMN_F64,
        ColumnKind::Bool => abi::COLUMN_BOOL,
        ColumnKind::Text => abi::COLUMN_TEXT,
    }
}

/// One check at one run.
#[derive(Debug)]
pub struct Judging {
    config: Arc<CheckConfig>,
    description: Arc<Description>,
    instance: *mut c_void,
}

// SAFETY: an instance is used by one thread at a time.
#[allow(unsafe_code)]
unsafe impl Send for Judging {}

/// What a check answered at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its verdict.
    pub verdict: Verdict,
    /// What it says beside it; may be empty.
    pub reason: String,
    /// The rows that prove it.
    pub evidence: Vec<Evidence>,
}

/// A record on its way to a check.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The record.
    pub row: &'a Row,
    /// Its number in the node's log, from 1.
    pub number: u64,
    /// The node's columns.
    pub columns: Columns<'a>,
    /// The names of peers from outside, in the order of their indices.
    pub strangers: &'a [String],
}

/// What is behind [`abi::Record::host`].
struct Frame<'a> {
    seen: Seen<'a>,
    schema: &'a RunSchema,
}

impl Judging {
    /// Begins to judge a run, whose files are in `folder` if it keeps any.
    ///
    /// # Errors
    ///
    /// When the check refuses or panics.
    #[allow(unsafe_code)]
    pub fn begin(
        config: &Arc<CheckConfig>,
        description: &Arc<Description>,
        folder: &str,
    ) -> Result<Judging, CallError> {
        let run = abi::CheckedRun {
            nodes: description.nodes.as_ptr(),
            node_count: description.nodes.len() as u64,
            folder: abi::Text::lend(folder),
        };
        let mut told = Told::of(description);
        let sink = told.sink();
        // SAFETY: checked for null at load; the run's description and the sink
        // outlive the call.
        let instance = unsafe {
            (config.check.table.0.create)(config.handle, &raw const run, &raw const sink)
        };
        if instance.is_null() {
            return Err(told.fault(abi::FAILED));
        }
        Ok(Judging {
            config: config.clone(),
            description: description.clone(),
            instance,
        })
    }

    /// Tells it the next record.
    ///
    /// # Errors
    ///
    /// When it refuses or panics.
    #[allow(unsafe_code)]
    pub fn record(&mut self, seen: Seen<'_>) -> Result<(), CallError> {
        let frame = Frame {
            seen,
            schema: &self.description.schema,
        };
        let row = seen.row;
        let record = abi::Record {
            time_ns: row.time_ns,
            step: row.step,
            row: seen.number,
            message: row.message,
            bytes: row.bytes,
            queue: row.queue,
            present: seen.columns.present,
            cells: seen.columns.cells.as_ptr(),
            calls: &CALLS,
            host: (&raw const frame).cast(),
            node: row.node,
            event: u32::from(row.event.0),
            peer: row.peer,
            reserved: 0,
        };
        let mut told = Told::of(&self.description);
        let sink = told.sink();
        // SAFETY: checked for null at load; record and sink outlive the call.
        let status = unsafe {
            (self.config.check.table.0.record)(self.instance, &raw const record, &raw const sink)
        };
        match status {
            abi::OK => Ok(()),
            status => Err(told.fault(status)),
        }
    }

    /// The run is over.
    ///
    /// # Errors
    ///
    /// When it refuses or panics, or says nothing.
    #[allow(unsafe_code)]
    pub fn finish(self, strangers: &[String]) -> Result<Answer, CallError> {
        let mut told = Told::of(&self.description);
        told.strangers = strangers;
        let sink = told.sink();
        // SAFETY: checked for null at load; the sink outlives the call.
        let status = unsafe { (self.config.check.table.0.finish)(self.instance, &raw const sink) };
        let verdict = match (status, told.verdict) {
            (abi::OK, Some(verdict)) => verdict,
            (abi::OK, None) => {
                told.reason = "it told no verdict".to_owned();
                return Err(told.fault(abi::FAILED));
            }
            (status, _) => return Err(told.fault(status)),
        };
        Ok(Answer {
            verdict,
            reason: told.reason,
            evidence: told.evidence,
        })
    }
}

impl Drop for Judging {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: made by `create`; this is its only end.
        unsafe { (self.config.check.table.0.free)(self.instance) }
    }
}

/// What a check tells during a call.
struct Told<'a> {
    schema: &'a RunSchema,
    strangers: &'a [String],
    verdict: Option<Verdict>,
    reason: String,
    evidence: Vec<Evidence>,
}

impl<'a> Told<'a> {
    fn of(description: &'a Description) -> Told<'a> {
        Told {
            schema: &description.schema,
            strangers: &[],
            verdict: None,
            reason: String::new(),
            evidence: Vec::new(),
        }
    }

    fn sink(&mut self) -> abi::VerdictSink {
        abi::VerdictSink {
            host: (&raw mut *self).cast(),
            verdict,
            evidence,
            fail,
        }
    }

    fn fault(self, status: abi::Status) -> CallError {
        CallError {
            panicked: status == abi::PANICKED,
            reason: match self.reason.is_empty() {
                true => "it gave no reason".to_owned(),
                false => self.reason,
            },
        }
    }
}

/// The name of a peer, from outside too.
fn peer_name_of<'a>(schema: &'a RunSchema, strangers: &'a [String], peer: u32) -> &'a str {
    let past = (peer as usize).checked_sub(schema.nodes.len());
    match past {
        Some(stranger) => strangers.get(stranger).map_or("", String::as_str),
        None => schema.peer_name(peer),
    }
}

#[allow(unsafe_code)]
unsafe extern "C" fn verdict(host: *mut c_void, verdict: u32, reason: abi::Text) {
    // SAFETY: `host` is the `Told` behind the sink of the call under way.
    let told = unsafe { &mut *host.cast::<Told<'_>>() };
    told.verdict = match verdict {
        abi::VERDICT_PASSED => Some(Verdict::Passed),
        abi::VERDICT_FAILED => Some(Verdict::Failed),
        abi::VERDICT_UNKNOWN => Some(Verdict::Unknown),
        _ => None,
    };
    told.reason = text(reason).into_owned();
}

#[allow(unsafe_code)]
unsafe extern "C" fn evidence(host: *mut c_void, row: *const abi::Evidence) {
    // SAFETY: `host` is the `Told` behind the sink of the call under way, and the
    // row is lent for it.
    let (told, row) = unsafe { (&mut *host.cast::<Told<'_>>(), &*row) };
    if told.evidence.len() >= MAX_EVIDENCE {
        return;
    }
    let node = told.schema.nodes.get(row.node as usize);
    let event = EventId(row.event.min(u32::from(u16::MAX)) as u16);
    told.evidence.push(Evidence {
        node: node.map(|node| node.name.clone()).unwrap_or_default(),
        row: row.row,
        time_ns: row.time_ns,
        step: row.step,
        event: node.map_or_else(String::new, |node| node.event_name(event).to_owned()),
        peer: peer_name_of(told.schema, told.strangers, row.peer).to_owned(),
        message: row.message,
        note: text(row.note).into_owned(),
    });
}

#[allow(unsafe_code)]
unsafe extern "C" fn fail(host: *mut c_void, reason: abi::Text) {
    // SAFETY: `host` is the `Told` behind the sink of the call under way.
    let told = unsafe { &mut *host.cast::<Told<'_>>() };
    told.reason = text(reason).into_owned();
}

static CALLS: abi::RecordCalls = abi::RecordCalls {
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
    abi::Text::lend(peer_name_of(schema, seen.strangers, seen.row.peer))
}
