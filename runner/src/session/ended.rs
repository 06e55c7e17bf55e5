//! A run that has ended, before it is judged: the same value for every driver.

use std::time::Duration;

use analysis::log::Occupancy;
use analysis::metrics::{Cut, NodeMetrics};
use analysis::results::{FileSum, Judgement, RunStatus};

use super::RunError;
use super::timeout;
use crate::plan::Case;
use crate::results::faults;
use crate::results::record::Recorder;
use base::time::{SimDuration, SimTime};
use engine::conservation::Conservation;
use engine::faults::FaultEffect;
use engine::run::{EndReason, Outcome};
use model::roster::Roster;
use realtime::lag::{LATE, Lag};
use realtime::processes::supervisor::JoinedEnd;

/// A run that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// The virtual time of its end.
    pub end: SimTime,
    /// Whether it is complete.
    pub status: RunStatus,
    /// Why it was stopped before its own end; `None` if it was not.
    pub stopped: Option<String>,
    /// Whether nothing happened: no node did a step, and no program exchanged a message.
    pub idle: bool,
    /// Why it failed.
    pub failure: Option<String>,
    /// Number of events.
    pub events: u64,
    /// Number of messages sent.
    pub messages: u64,
    /// The metrics of each node.
    pub metrics: Vec<NodeMetrics>,
    /// Where the measured part of the run begins; none if all of it is measured.
    pub cut: Option<Cut>,
    /// What inboxes and servers held.
    pub occupancy: Vec<Occupancy>,
    /// The judgements of the plugins' checks.
    pub judgements: Vec<Judgement>,
    /// What makes the result doubtful.
    pub warnings: Vec<String>,
    /// The lags of ticks and timers, in real time.
    pub lag: Option<Lag>,
    /// The node of the last callback, and its step.
    pub last: Option<(u32, u64)>,
    /// Whether the run was ended by `--timeout`.
    pub timed_out: bool,
    /// The effect of each fault.
    pub faults: Vec<FaultEffect>,
    /// The account of all messages; none if it is not known.
    pub conservation: Option<Conservation>,
    /// In real time, the messages between nodes that were not delivered, for people.
    pub under_way: Option<String>,
    /// How it went for the processes of nodes that had joined.
    pub joined: Vec<JoinedEnd>,
    /// The sums of files in its folder, as far as they were taken while they were written.
    pub sums: Vec<FileSum>,
}

impl Ended {
    /// A run that the engine drove in this process.
    pub fn new(outcome: Outcome, recorder: Recorder) -> Result<Ended, RunError> {
        let findings = recorder.finish(outcome.end, &outcome.occupancy)?;
        let stopped = stop_reason(&outcome.reason);
        let (mut status, mut failure) = status(outcome.reason);
        if let Some(broken) = findings.broken_check {
            status = RunStatus::Failed;
            failure.get_or_insert(broken);
        }
        Ok(Ended {
            end: outcome.end,
            status,
            stopped,
            idle: findings.idle,
            failure,
            events: outcome.events,
            messages: outcome.messages,
            metrics: findings.measured.nodes,
            cut: findings.measured.cut,
            occupancy: outcome.occupancy,
            judgements: findings.judgements,
            warnings: [findings.warnings, faults::warnings(&outcome.faults)].concat(),
            lag: None,
            last: Some(outcome.last),
            timed_out: false,
            faults: outcome.faults,
            conservation: Some(outcome.conservation),
            under_way: None,
            joined: Vec::new(),
            sums: findings.sums,
        })
    }

    /// Makes an interrupted run one that failed because it exceeded `limit`.
    pub fn time_out(&mut self, case: &Case, limit: Duration) {
        self.timed_out = true;
        self.status = RunStatus::Failed;
        let last = match self.last {
            Some((node, step)) => format!(
                "; last was node `{}` at {} (step {step})",
                case.roster.name(node).unwrap_or_default(),
                self.end
            ),
            None => format!("; it was stopped at {}", self.end),
        };
        self.failure = Some(timeout::text(limit) + &last);
    }
}

/// Returns the status of a run that ended for this reason, and its failure if any.
pub(super) fn status(reason: EndReason) -> (RunStatus, Option<String>) {
    match reason {
        EndReason::Duration | EndReason::Idle | EndReason::Stopped(_) => {
            (RunStatus::Complete, None)
        }
        EndReason::Interrupted => (RunStatus::Interrupted, None),
        EndReason::Failed(failure) => (RunStatus::Failed, Some(failure.to_string())),
        EndReason::Limit(why) | EndReason::ProgramFailed(why) => (RunStatus::Failed, Some(why)),
    }
}

/// Returns why a run was stopped before its own end; `None` if it was not.
pub(super) fn stop_reason(reason: &EndReason) -> Option<String> {
    match reason {
        EndReason::Stopped(reason) => Some(reason.clone()),
        EndReason::Interrupted => Some("a signal ended it".to_owned()),
        _ => None,
    }
}

/// Number of late nodes that a warning names.
const NAMED: usize = 3;

/// Returns the warning for a run whose ticks or timers were late, with the late nodes. Messages
/// that waited on links may have been late where no node was. (Of a node with few deadlines, a
/// single late one is more than one in a hundred: the report tells of single nodes.)
pub(super) fn lateness(lag: &Lag, roster: &Roster) -> Option<String> {
    let p99 = lag.percentile(99).filter(|_| lag.is_late())?;
    let nodes: Vec<u32> = lag.late_nodes().collect();
    let names = nodes.iter().take(NAMED);
    let mut names: Vec<String> = names.filter_map(|&node| roster.name(node)).collect();
    if nodes.len() > NAMED {
        names.push(format!("{} more", nodes.len() - NAMED));
    }
    Some(late(p99, &names))
}

fn late(p99: SimDuration, names: &[String]) -> String {
    let (what, whose) = match names.join(", ") {
        none if none.is_empty() => ("messages on links or faults", "no node was".to_owned()),
        names => ("ticks and timers", format!("late nodes: {names}")),
    };
    format!("{what} were late: one in a hundred by {p99} or more, the bound is {LATE}; {whose}")
}

pub(super) fn seconds(time: SimTime) -> f64 {
    (time - SimTime::ZERO).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_of_lateness_names_late_nodes_or_says_that_no_node_was() {
        let p99 = SimDuration(32_000_000);
        assert_eq!(
            late(p99, &["a-1".to_owned(), "4 more".to_owned()]),
            "ticks and timers were late: one in a hundred by 32 ms or more, the bound is 10 ms; late nodes: a-1, 4 more"
        );
        assert_eq!(
            late(p99, &[]),
            "messages on links or faults were late: one in a hundred by 32 ms or more, the bound is 10 ms; no node was"
        );
    }
}
