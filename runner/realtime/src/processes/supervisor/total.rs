//! The results of all processes of a run together.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use analysis::log::Occupancy;

use super::process::NodeProcess;
use crate::lag::Lag;
use crate::processes::clocks::ClockOffset;
use crate::processes::{Ending, FaultTimes};
use crate::under_way::UnderWay;
use base::time::SimTime;
use engine::conservation::Conservation;
use engine::run::EndReason;

/// The results of all processes together.
#[derive(Debug, Default)]
pub struct TotalResult {
    /// When the last of them ended.
    pub end: SimTime,
    /// Why the run ended, apart from failures; none if it never began.
    pub reason: Option<EndReason>,
    /// Number of events that they handled.
    pub events: u64,
    /// [`ProcessResult::faults`](crate::processes::ProcessResult::faults) of each process.
    pub faults: Vec<Vec<FaultTimes>>,
    /// Content happened to the messages.
    pub conservation: Conservation,
    /// [`ProcessResult::occupancy`](crate::processes::ProcessResult::occupancy) of all processes, in the order of the nodes.
    pub occupancy: Vec<Occupancy>,
    /// Number of messages that their nodes sent.
    pub messages: u64,
    /// How late ticks and timers were.
    pub lag: Lag,
    /// Messages between nodes that were not delivered, in order.
    pub under_way: BTreeSet<UnderWay>,
    /// Content happened and is not in the logs.
    pub remarks: Vec<String>,
    /// The failures.
    pub failures: Vec<String>,
    /// How it went for each process that had joined, in the order of the parts.
    pub joined: Vec<JoinedEnd>,
}

/// How a run went for a process that had joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinedEnd {
    /// Its node.
    pub node: String,
    /// Where it came from; none if that is not known.
    pub from: Option<SocketAddr>,
    /// How it ended.
    pub how: JoinedHow,
    /// When its part of the run ended `[ns]`; none if it was lost.
    pub end_ns: Option<u64>,
    /// Its clock, compared before the run and after it.
    pub clocks: Vec<ClockOffset>,
    /// Whether it can do the next run.
    pub stays: bool,
}

/// How a process that had joined ended its part of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JoinedHow {
    /// With the run.
    #[default]
    Complete,
    /// A signal ended it before; its records are complete up to then.
    Stopped,
    /// It was lost, or its behavior failed.
    Failed,
}

impl TotalResult {
    /// The results of all together; `interrupted`: a signal has ended the run.
    pub(super) fn of(processes: &[NodeProcess<'_>], interrupted: bool) -> TotalResult {
        let mut total = TotalResult::default();
        let mut stopped = None;
        let mut ordered = interrupted;
        for process in processes {
            total.joined.extend(process.joined_end());
            if let Some(why) = &process.unwritten {
                let who = &process.who;
                total.failures.push(format!(
                    "the records of {who} are not complete: {why}\n  what it had handed over is kept"
                ));
            }
            let Some(result) = &process.result else {
                total.failures.push(process.lost());
                continue;
            };
            total.end = total.end.max(SimTime(result.end_ns));
            total.events += result.events;
            total.conservation.add(&result.conservation);
            total.occupancy.extend_from_slice(&result.occupancy);
            total.faults.push(result.faults.clone());
            total.messages += result.messages;
            total.lag.add(&result.lags, &result.node_lags);
            total.under_way.extend(&result.under_way);
            total.remarks.extend_from_slice(&result.remarks);
            match &result.ending {
                Ending::Complete => {}
                Ending::Stopped(reason) => {
                    stopped.get_or_insert_with(|| reason.clone());
                }
                Ending::Ordered => ordered = true,
                Ending::Left => {
                    let who = &process.who;
                    let at = SimTime(result.end_ns);
                    total.remarks.push(format!(
                        "a signal ended the process of {who} at {at}: its records are complete up to then"
                    ));
                }
                Ending::Failed(why) => total.failures.push(why.clone()),
            }
        }
        total.occupancy.sort_unstable_by_key(|it| it.node);
        total.reason = Some(match stopped {
            Some(reason) => EndReason::Stopped(reason),
            None if ordered => EndReason::Interrupted,
            None => EndReason::Duration,
        });
        total
    }
}
