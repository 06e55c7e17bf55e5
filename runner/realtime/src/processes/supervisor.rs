//! The supervisor: starts the processes of a run, has them connect to one another,
//! waits for their ends, and sums up their results.
//!
//! A failure of a behavior ends the run in all processes, as in one process. A process
//! that dies is a failed node; the others go on. All processes end with the runner,
//! however it ends: in good order here, by [`Drop`] after an error, and by themselves
//! when their control connection closes.

use analysis::log::Occupancy;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracing::{debug, info};

use crate::lag::Lag;
use crate::processes::control::Control;
use crate::processes::{
    Ending, FaultTimes, NodeJob, NodeOrder, NodeReport, ProcessAddresses, ProcessResult,
};
use crate::setup::SetupError;
use crate::under_way::UnderWay;
use base::time::SimTime;
use engine::conservation::Conservation;
use engine::run::EndReason;
use os::clock::monotonic_ns;
use os::poller::{Interest, Poller, Ready};
use os::process::wait_until;

/// The subcommand that a process is started with.
pub const SUBCOMMAND: &str = "node-process";

/// The most processes of one run. Arbitrary: each costs some megabytes and the start
/// of a program.
pub const MAX_PROCESSES: usize = 512;

/// From [`NodeOrder::Go`] to time 0: long enough for the order to reach all
/// processes.
const START_DELAY: Duration = Duration::from_millis(50);

/// The longest wait, so that a signal is noticed in time.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// How long a process may take to end after [`NodeOrder::Stop`].
const END_PATIENCE: Duration = Duration::from_secs(10);

/// A new random [`NodeJob::token`].
pub fn token() -> u128 {
    // Keyed anew each time, by the randomness of the system.
    let half = || u128::from(RandomState::new().build_hasher().finish());
    half() << 64 | half()
}

/// How long a process may take to end after its control connection has closed.
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);

/// The results of all processes together.
#[derive(Debug, Default)]
pub struct TotalResult {
    /// When the last of them ended.
    pub end: SimTime,
    /// Why the run ended, apart from failures; none if it never began.
    pub reason: Option<EndReason>,
    /// Number of events that they handled.
    pub events: u64,
    /// [`ProcessResult::faults`] of each process.
    pub faults: Vec<Vec<FaultTimes>>,
    /// Content happened to the messages.
    pub conservation: Conservation,
    /// [`ProcessResult::occupancy`] of all processes, in the order of the nodes.
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
}

/// One process, as the supervisor sees it.
#[derive(Debug)]
struct NodeProcess {
    /// Its nodes, in the words of an error message.
    who: String,
    control: Control,
    child: Child,
    addresses: Option<ProcessAddresses>,
    ready: bool,
    result: Option<ProcessResult>,
    /// How it ended; none while it runs.
    ended: Option<ExitStatus>,
}

/// The processes of a run.
#[derive(Debug)]
struct Supervisor {
    processes: Vec<NodeProcess>,
    poller: Poller,
    readable: Vec<Ready>,
}

/// Executes a run in a process for each job, to its end. Beside each job stand its
/// nodes, in the words of an error message. `say` prints where nodes listen.
///
/// # Errors
///
/// If a process cannot be started, or cannot begin. Then nothing was run, and no
/// process is left.
pub fn run(
    jobs: Vec<(NodeJob, String)>,
    stop: &AtomicBool,
    say: Option<fn(&str)>,
) -> Result<TotalResult, SetupError> {
    if jobs.len() > MAX_PROCESSES {
        return Err(SetupError::TooManyProcesses {
            nodes: jobs.len(),
            limit: MAX_PROCESSES,
        });
    }
    let mut supervisor = Supervisor {
        processes: Vec::with_capacity(jobs.len()),
        poller: Poller::new()?,
        readable: Vec::new(),
    };
    for (job, who) in jobs {
        supervisor.start(job, who)?;
    }
    if !supervisor.wait_for(stop, |process| process.addresses.is_some())? {
        return Ok(TotalResult::default());
    }
    let addresses: Vec<ProcessAddresses> = supervisor
        .processes
        .iter()
        .filter_map(|process| process.addresses.clone())
        .collect();
    let remarks = addresses.iter().flat_map(|it| &it.remarks);
    if let Some(say) = say {
        remarks.for_each(|remark| say(remark));
    }
    supervisor.order_all(&NodeOrder::Connect(addresses));
    if !supervisor.wait_for(stop, |process| process.ready)? {
        return Ok(TotalResult::default());
    }
    let start_ns = monotonic_ns() + START_DELAY.as_nanos() as u64;
    supervisor.order_all(&NodeOrder::Go { start_ns });
    supervisor.wait_for_end(stop)?;
    Ok(supervisor.total())
}

impl Supervisor {
    /// Starts a process in a process group of its own, so that a signal from the
    /// terminal reaches only the runner, which passes it on.
    fn start(&mut self, job: NodeJob, who: String) -> Result<(), SetupError> {
        let (mut control, far) = Control::pair()?;
        let child = os::process::this_program()
            .args([SUBCOMMAND, &who])
            .stdin(Stdio::from(far))
            .process_group(0)
            .spawn()?;
        debug!(pid = child.id(), "started the process of {who}");
        let index = self.processes.len() as u64;
        let added = self.poller.add(&control, index, Interest::READ);
        // If it has ended already, the closed connection is noticed when reading.
        let _ = control.send(&NodeOrder::Job(Box::new(job)));
        self.processes.push(NodeProcess {
            who,
            control,
            child,
            addresses: None,
            ready: false,
            result: None,
            ended: None,
        });
        Ok(added?)
    }

    /// Waits until `is_there` holds for every process. Returns false if the run is
    /// stopped before.
    fn wait_for(
        &mut self,
        stop: &AtomicBool,
        is_there: impl Fn(&NodeProcess) -> bool,
    ) -> Result<bool, SetupError> {
        while !self.processes.iter().all(&is_there) {
            if stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            for (index, report) in self.receive()? {
                let process = &mut self.processes[index];
                match report {
                    Some(NodeReport::Listening(it)) => process.addresses = Some(it),
                    Some(NodeReport::Ready) => process.ready = true,
                    Some(NodeReport::Refused(why)) => return Err(SetupError::Refused(why)),
                    Some(NodeReport::ProgramFailed(why)) => return Err(SetupError::Program(why)),
                    Some(NodeReport::StopAll | NodeReport::Done(_)) => {}
                    None => {
                        let how = process.ended.map_or_else(String::new, |it| it.to_string());
                        let who = process.who.clone();
                        return Err(SetupError::Gone { who, how });
                    }
                }
            }
        }
        Ok(true)
    }

    /// Waits until every process has ended. If one of them must end, orders all to.
    fn wait_for_end(&mut self, stop: &AtomicBool) -> io::Result<()> {
        let mut ordered = None;
        while self.processes.iter().any(|process| process.ended.is_none()) {
            let mut end = stop.load(Ordering::Relaxed);
            for (index, report) in self.receive()? {
                match report {
                    Some(NodeReport::StopAll) => end = true,
                    Some(NodeReport::Done(result)) => {
                        // In `stop`, or when it closed its logs.
                        end |= matches!(result.ending, Ending::Failed(_));
                        self.processes[index].result = Some(result);
                    }
                    Some(_) => {}
                    None => {
                        let process = &self.processes[index];
                        let how = process.ended.map_or_else(String::new, |it| it.to_string());
                        info!("the process of {} has ended: {how}", process.who);
                    }
                }
            }
            if end && ordered.is_none() {
                ordered = Some(Instant::now());
                self.order_all(&NodeOrder::Stop);
            }
            if ordered.is_some_and(|since: Instant| since.elapsed() > END_PATIENCE) {
                for process in &mut self.processes {
                    process.kill();
                }
            }
        }
        Ok(())
    }

    /// The reports that have arrived, each with the index of its process; none in
    /// place of a report: that process has ended.
    fn receive(&mut self) -> io::Result<Vec<(usize, Option<NodeReport>)>> {
        self.readable.clear();
        self.poller.wait(Some(WAIT_MAX), &mut self.readable)?;
        let mut reports = Vec::new();
        for ready in &self.readable {
            let index = ready.token as usize;
            let process = &mut self.processes[index];
            // A process that sends what cannot be read is treated as one that ended.
            let open = process.control.read_more().unwrap_or(false);
            let mut valid = true;
            loop {
                match process.control.next_received() {
                    Ok(Some(report)) => reports.push((index, Some(report))),
                    Ok(None) => break,
                    Err(_) => {
                        valid = false;
                        break;
                    }
                }
            }
            if !open || !valid {
                self.poller.remove(&process.control)?;
                process.end(Instant::now() + END_PATIENCE)?;
                reports.push((index, None));
            }
        }
        Ok(reports)
    }

    fn order_all(&mut self, order: &NodeOrder) {
        for process in &mut self.processes {
            // If it has ended, the closed connection is noticed when reading.
            let _ = process.control.send(order);
        }
    }

    fn total(&self) -> TotalResult {
        let mut total = TotalResult::default();
        let mut stopped = None;
        let mut ordered = false;
        for process in &self.processes {
            let how = process.ended.map_or_else(String::new, |it| it.to_string());
            let Some(result) = &process.result else {
                total.failures.push(format!(
                    "the process of {} ended early: {how}\n  what it had recorded is kept, up to its last flush",
                    process.who
                ));
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

impl NodeProcess {
    /// Waits until `until` for a process whose control connection is closed, then
    /// kills it.
    fn end(&mut self, until: Instant) -> io::Result<()> {
        if self.ended.is_none() {
            self.ended = wait_until(&mut self.child, until)?;
        }
        if self.ended.is_none() {
            self.kill();
            self.ended = Some(self.child.wait()?);
        }
        Ok(())
    }

    fn kill(&mut self) {
        if self.ended.is_none() {
            // It may have ended already.
            let _ = self.child.kill();
        }
    }
}

impl Drop for Supervisor {
    /// Ends the processes that still run: first by closing their connections, because
    /// they may have programs to end.
    fn drop(&mut self) {
        for process in &self.processes {
            process.control.close();
        }
        let until = Instant::now() + CLOSE_PATIENCE;
        for process in &mut self.processes {
            // An error means that the process is gone.
            let _ = process.end(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_another_token() {
        assert_ne!(token(), token());
    }
}
