//! The functions that the host calls to judge a run, one set per check.
//!
//! As for behaviors: null checks, the author's code under `catch_unwind`, a status
//! out.
#![allow(unsafe_code)]

use super::{abi, funnel, raw::lent};
use crate::check::{NodeKind, RunInfo};
use crate::{Check, Judged, Record, Verdict};
use abi::Status;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null;

/// Returns the table of the extension with this id, or null: the checks, if there are any,
/// the behaviors' files, their destructors, and their shapes.
///
/// # Safety
/// The host lends the id for this call.
pub unsafe fn extension(
    id: abi::Text,
    checks: &'static abi::Checks,
    files: &'static abi::Files,
    destructors: &'static abi::Destructors,
    shapes: &'static abi::Shapes,
) -> *const c_void {
    // SAFETY: the caller's promise.
    match unsafe { lent(id) } {
        abi::FILES => (&raw const *files).cast(),
        abi::DESTRUCTORS => (&raw const *destructors).cast(),
        abi::SHAPES => (&raw const *shapes).cast(),
        abi::CHECKS if checks.check_count > 0 => (&raw const *checks).cast(),
        _ => null(),
    }
}

/// A check and the run that it judges.
pub struct Instance<C> {
    /// None once it has finished, or panicked.
    check: Option<C>,
    run: RunInfo,
}

/// A host's record, lent for one call.
#[derive(Clone, Copy)]
pub struct RawRecord<'a>(&'a abi::Record);

impl std::fmt::Debug for RawRecord<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record")
            .field("node", &self.0.node)
            .field("row", &self.0.row)
            .finish_non_exhaustive()
    }
}

impl<'a> RawRecord<'a> {
    pub(crate) fn data(&self) -> &'a abi::Record {
        self.0
    }

    /// The bits of a column of the record's node that holds no text.
    pub(crate) fn cell(&self, column: u32) -> Option<u64> {
        let present = self.0.present >> column & 1 == 1;
        // SAFETY: the host has a cell for each of the node's columns, and the
        // index comes from their list.
        present.then(|| unsafe { self.0.cells.add(column as usize).read() })
    }

    /// The value of a column of text.
    pub(crate) fn text(&self, column: u32) -> Option<&'a str> {
        // SAFETY: the host's own function and record; the text is lent as long
        // as the record.
        let text = unsafe { ((*self.0.calls).text)(self.0, column) };
        // SAFETY: as above.
        (!text.ptr.is_null()).then(|| unsafe { lent(text) })
    }

    pub(crate) fn peer_name(&self) -> &'a str {
        // SAFETY: as for `text`.
        unsafe { lent(((*self.0.calls).peer_name)(self.0)) }
    }
}

pub(super) unsafe extern "C" fn config_new<C: Check>(
    toml: abi::Text,
    problems: *const abi::ProblemSink,
) -> *mut c_void {
    // SAFETY: the host's promise is the same.
    unsafe { funnel::new_config(toml, C::check, std::convert::identity, problems) }
}

pub(super) unsafe extern "C" fn create<C: Check>(
    config: *const c_void,
    run: *const abi::CheckedRun,
    sink: *const abi::VerdictSink,
) -> *mut c_void {
    // SAFETY: null or lent for this call; the config is what `config_new` made.
    let (config, run) = unsafe { (config.cast::<C::Config>().as_ref(), run.as_ref()) };
    let (Some(config), Some(run)) = (config, run) else {
        return std::ptr::null_mut();
    };
    // SAFETY: the host lends the run's description.
    let run = unsafe { describe(run) };
    let made = catch_unwind(AssertUnwindSafe(|| C::new(config, &run)));
    match made {
        Ok(Ok(check)) => Box::into_raw(Box::new(Instance {
            check: Some(check),
            run,
        }))
        .cast(),
        other => {
            // SAFETY: null or lent for this call.
            unsafe { status_of(sink, other) };
            std::ptr::null_mut()
        }
    }
}

pub(super) unsafe extern "C" fn record<C: Check>(
    instance: *mut c_void,
    record: *const abi::Record,
    sink: *const abi::VerdictSink,
) -> Status {
    // SAFETY: null, or what `create` made and a record lent for this call.
    let (instance, record) = unsafe { (instance.cast::<Instance<C>>().as_mut(), record.as_ref()) };
    let (Some(Instance { check, run }), Some(record)) = (instance, record) else {
        return abi::FAILED;
    };
    let Some(judge) = check else {
        return abi::FAILED;
    };
    let record = Record {
        raw: RawRecord(record),
        run,
    };
    match catch_unwind(AssertUnwindSafe(|| judge.record(&record))) {
        Ok(()) => abi::OK,
        Err(payload) => {
            // A check that panicked is not called again.
            std::mem::forget(check.take());
            // SAFETY: null or lent for this call.
            unsafe { status_of::<()>(sink, Err(payload)) }
        }
    }
}

pub(super) unsafe extern "C" fn finish<C: Check>(
    instance: *mut c_void,
    sink: *const abi::VerdictSink,
) -> Status {
    // SAFETY: null or what `create` made; null or lent for this call.
    let (instance, to) = unsafe { (instance.cast::<Instance<C>>().as_mut(), sink.as_ref()) };
    let (Some(check), Some(to)) = (instance.and_then(|it| it.check.take()), to) else {
        return abi::FAILED;
    };
    match catch_unwind(AssertUnwindSafe(|| check.finish())) {
        Ok(verdict) => {
            report(&verdict, to);
            abi::OK
        }
        // SAFETY: lent for this call.
        Err(payload) => unsafe { status_of::<()>(sink, Err(payload)) },
    }
}

fn report(verdict: &Verdict, sink: &abi::VerdictSink) {
    for found in &verdict.rows {
        let row = abi::Evidence {
            time_ns: found.time_ns,
            step: found.step,
            row: found.row,
            message: found.message,
            node: found.node,
            event: found.event,
            peer: found.peer,
            reserved: 0,
            note: abi::Text::lend(&found.note),
        };
        // SAFETY: the sink's own function and data; the row outlives the call.
        unsafe { (sink.evidence)(sink.host, &raw const row) }
    }
    let judged = match verdict.judged {
        Judged::Passed => abi::VERDICT_PASSED,
        Judged::Failed => abi::VERDICT_FAILED,
        Judged::Unknown => abi::VERDICT_UNKNOWN,
    };
    // SAFETY: as above.
    unsafe { (sink.verdict)(sink.host, judged, abi::Text::lend(&verdict.reason)) }
}

/// Returns the status, and reports the reason of a failure to the host.
///
/// # Safety
/// The sink is null or lent for the call under way.
unsafe fn status_of<T>(
    sink: *const abi::VerdictSink,
    outcome: std::thread::Result<crate::Result<T>>,
) -> Status {
    let (status, reason) = funnel::why(outcome);
    // SAFETY: the caller's promise.
    if let (Some(sink), true) = (unsafe { sink.as_ref() }, status != abi::OK) {
        // SAFETY: the sink's own function and data; the text outlives the call.
        unsafe { (sink.fail)(sink.host, abi::Text::lend(&reason)) }
    }
    status
}

/// A copy of a run's description, once for each kind of node.
///
/// # Safety
/// It is lent by the host, as [`abi::CheckedRun`] says.
unsafe fn describe(run: &abi::CheckedRun) -> RunInfo {
    // SAFETY: the caller's promise, for the table of nodes and all behind it.
    unsafe {
        let mut info = RunInfo {
            folder: lent(run.folder).to_owned(),
            ..RunInfo::default()
        };
        let mut last: Option<&abi::CheckedNode> = None;
        for node in table(run.nodes, run.node_count) {
            let same = last.is_some_and(|last| {
                (last.behavior.ptr, last.columns, last.events)
                    == (node.behavior.ptr, node.columns, node.events)
            });
            if !same {
                info.kinds.push(NodeKind {
                    behavior: lent(node.behavior).to_owned(),
                    columns: table(node.columns, node.column_count)
                        .iter()
                        .map(|column| (lent(column.name).to_owned(), column.kind))
                        .collect(),
                    events: table(node.events, node.event_count)
                        .iter()
                        .map(|event| lent(event.name).to_owned())
                        .collect(),
                });
            }
            info.names.push(lent(node.name).to_owned());
            info.kind_of.push(info.kinds.len() as u32 - 1);
            last = Some(node);
        }
        info
    }
}

/// # Safety
/// A table that is not null has `count` entries, readable for `'a`.
unsafe fn table<'a, T>(first: *const T, count: u64) -> &'a [T] {
    match first.is_null() || count == 0 {
        true => &[],
        // SAFETY: the caller's promise.
        false => unsafe { std::slice::from_raw_parts(first, count as usize) },
    }
}
