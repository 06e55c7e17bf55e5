//! The checks of plugins: an accepted config, and one instance per run, which gets the
//! run's records one by one and returns a verdict.
//!
//! `description` describes the run's nodes to the plugin, `calls` holds the functions that
//! the plugin calls.

mod calls;
mod description;

use std::ffi::c_void;
use std::sync::Arc;

use analysis_log::tables::{Evidence, Verdict};
use analysis_log::{Columns, Row};
use runner_abi as abi;

use crate::activity::{self, Activity, during};
use crate::config::{Problem, accepted};
use crate::plugin::Check;
use calls::{CALLS, Frame, Reply};
pub use description::Description;
use engine::behaviors::CallError;

/// A check with a config that it has accepted. Freed by the plugin that made it.
#[derive(Debug)]
pub struct CheckConfig {
    check: Arc<Check>,
    /// Null: it was accepted in another process.
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
    /// Parses `toml`, the text of one table, with the check's own parser.
    ///
    /// # Errors
    ///
    /// Every mistake that the check finds.
    #[allow(unsafe_code)]
    pub fn new(check: &Arc<Check>, toml: &str) -> Result<CheckConfig, Vec<Problem>> {
        // SAFETY: checked for null at load.
        let checking = || format!("the config of check `{}`", check.name);
        let config_new = check.table().config_new;
        let handle = during(checking, || unsafe { accepted(config_new, toml) })?;
        Ok(CheckConfig {
            check: check.clone(),
            handle,
        })
    }

    /// Calls a function of the check for a run.
    fn during<T>(&self, function: &str, work: impl FnOnce() -> T) -> T {
        during(
            || format!("`{function}` of check `{}`", self.check.name),
            work,
        )
    }

    /// A config that the check has accepted in another process.
    pub fn described(check: &Arc<Check>) -> CheckConfig {
        CheckConfig {
            check: check.clone(),
            handle: std::ptr::null_mut(),
        }
    }
}

impl Drop for CheckConfig {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        if self.handle.is_null() {
            return;
        }
        // SAFETY: made by this check, freed once; instances are gone before it.
        unsafe { (self.check.table().config_free)(self.handle) }
    }
}

/// A check that judges one run.
#[derive(Debug)]
pub struct Judging {
    config: Arc<CheckConfig>,
    activity: Arc<Activity>,
    /// Its number for [`Activity::recording`].
    number: u32,
    description: Arc<Description>,
    instance: *mut c_void,
}

// SAFETY: an instance is used by one thread at a time.
#[allow(unsafe_code)]
unsafe impl Send for Judging {}

/// The result of a check at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its verdict.
    pub verdict: Verdict,
    /// Its reason; may be empty.
    pub reason: String,
    /// The rows that support it: all of them, or none if there are too many.
    pub evidence: Vec<Evidence>,
}

/// A record for a check.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The record.
    pub row: &'a Row,
    /// Its number in the node's log, from 1.
    pub number: u64,
    /// The node's columns.
    pub columns: &'a Columns<'a>,
    /// The names of the external peers, in the order of their indices.
    pub external_peers: &'a [String],
}

impl Judging {
    /// Begins to judge a run. Its files are in `folder`; empty: it keeps none.
    ///
    /// # Errors
    ///
    /// If the check refuses or panics.
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
        let mut reply = Reply::new(description);
        let sink = reply.sink();
        // SAFETY: checked for null at load; the run's description and the sink
        // outlive the call.
        let create = config.check.table().create;
        let instance = config.during("new", || unsafe {
            create(config.handle, &raw const run, &raw const sink)
        });
        let activity = activity::here();
        if instance.is_null() {
            return Err(reply.into_error(abi::FAILED));
        }
        Ok(Judging {
            config: config.clone(),
            number: activity.add_check(&config.check.name),
            activity,
            description: description.clone(),
            instance,
        })
    }

    /// Hands the next record to the check.
    ///
    /// # Errors
    ///
    /// If the check refuses or panics.
    #[allow(unsafe_code)]
    pub fn record(&mut self, seen: &Seen<'_>) -> Result<(), CallError> {
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
        let mut reply = Reply::new(&self.description);
        let sink = reply.sink();
        // SAFETY: checked for null at load; record and sink outlive the call.
        let call = self.config.check.table().record;
        let status = self.activity.recording(self.number, || unsafe {
            call(self.instance, &raw const record, &raw const sink)
        });
        match status {
            abi::OK => Ok(()),
            status => Err(reply.into_error(status)),
        }
    }

    /// Ends the check and returns its result.
    ///
    /// # Errors
    ///
    /// If the check refuses or panics, or returns no verdict.
    #[allow(unsafe_code)]
    pub fn finish(self, external_peers: &[String]) -> Result<Answer, CallError> {
        let mut reply = Reply::new(&self.description);
        reply.external_peers = external_peers;
        let sink = reply.sink();
        // SAFETY: checked for null at load; the sink outlives the call.
        let finish = self.config.check.table().finish;
        let status = self.config.during("finish", || unsafe {
            finish(self.instance, &raw const sink)
        });
        let verdict = match (status, reply.verdict) {
            (abi::OK, Some(verdict)) => verdict,
            (abi::OK, None) => {
                reply.reason = "it told no verdict".to_owned();
                return Err(reply.into_error(abi::FAILED));
            }
            (status, _) => return Err(reply.into_error(status)),
        };
        let (reason, evidence) = reply.into_proof();
        Ok(Answer {
            verdict,
            reason,
            evidence,
        })
    }
}

impl Drop for Judging {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: made by `create`; this is its only end.
        unsafe { (self.config.check.table().free)(self.instance) }
    }
}
