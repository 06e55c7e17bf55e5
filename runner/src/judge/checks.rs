//! The checks of one run, which see each record when it is written.

use std::path::Path;
use std::sync::Arc;

use analysis::log::{Columns, Row, RunSchema};
use analysis::results::{Judge, Judgement, Verdict};

use crate::plan::BoundCheck;
use base::time::SimTime;
use engine::behaviors::CallError;
use host::check::{Answer, Description, Judging, Seen};

/// All checks of one run.
#[derive(Debug)]
pub struct Checks {
    judging: Vec<(String, Judging)>,
    /// Number of rows so far, by node.
    rows: Vec<u64>,
    external_peers: Vec<String>,
    /// Why a check failed. The other checks see no more records then.
    broken: Option<String>,
}

impl Checks {
    /// Creates the checks of a run. `folder` holds its files, if it keeps any.
    pub fn begin(
        checks: &[BoundCheck],
        description: &Arc<Description>,
        schema: &RunSchema,
        folder: Option<&Path>,
    ) -> Checks {
        let folder = folder.map_or_else(String::new, |path| path.to_string_lossy().into_owned());
        let mut begun = Checks {
            judging: Vec::with_capacity(checks.len()),
            rows: vec![0; schema.nodes.len()],
            external_peers: Vec::new(),
            broken: None,
        };
        for check in checks {
            match Judging::begin(&check.config, description, &folder) {
                Ok(judging) => begun.judging.push((check.name.clone(), judging)),
                Err(fault) => {
                    begun.broken = Some(broke(&check.name, "new", None, &fault));
                    break;
                }
            }
        }
        begun
    }

    /// Passes on the next record.
    pub fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        let number = &mut self.rows[row.node as usize];
        *number += 1;
        if self.broken.is_some() {
            return;
        }
        let seen = Seen {
            row,
            number: *number,
            columns,
            external_peers: &self.external_peers,
        };
        for (name, judging) in &mut self.judging {
            if let Err(fault) = judging.record(&seen) {
                self.broken = Some(broke(name, "record", Some(SimTime(row.time_ns)), &fault));
                return;
            }
        }
    }

    /// Adds an external peer.
    pub fn external_peer(&mut self, name: &str) {
        self.external_peers.push(name.to_owned());
    }

    /// Returns the judgements, after the files of the run are written.
    ///
    /// # Errors
    ///
    /// Fails if a check failed, which is a failure of its plugin.
    pub fn finish(self) -> Result<Vec<Judgement>, String> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let mut judgements = Vec::with_capacity(self.judging.len());
        for (name, judging) in self.judging {
            let answer = judging
                .finish(&self.external_peers)
                .map_err(|fault| broke(&name, "finish", None, &fault))?;
            judgements.push(judgement(name, answer));
        }
        Ok(judgements)
    }
}

/// The text of a check is what it measured if it passed, and the reason otherwise.
fn judgement(name: String, answer: Answer) -> Judgement {
    let (measured, reason) = match answer.verdict {
        Verdict::Passed => (answer.reason, String::new()),
        _ => (String::new(), answer.reason),
    };
    Judgement {
        judge: Judge::Check,
        name,
        verdict: answer.verdict,
        measured,
        reason,
        evidence: answer.evidence,
    }
}

fn broke(name: &str, callback: &str, time: Option<SimTime>, fault: &CallError) -> String {
    let verb = match fault.panicked {
        true => "panicked",
        false => "failed",
    };
    let at = time.map_or_else(String::new, |time| format!(" at {time}"));
    format!(
        "check `{name}` {verb} in `{callback}`{at}: {}",
        fault.reason
    )
}

/// Returns the judgements of a run that did not reach its end: failed stays failed,
/// passed becomes unknown, because the check could have failed later. What has happened
/// has happened.
pub fn of_a_part(mut judgements: Vec<Judgement>) -> Vec<Judgement> {
    for it in &mut judgements {
        if it.verdict == Verdict::Passed && it.judge != Judge::Happened {
            it.verdict = Verdict::Unknown;
            it.reason = "the run did not come to its end".to_owned();
        }
    }
    judgements
}
