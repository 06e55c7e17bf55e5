//! The supervisor: starts the processes of a run, or takes those that have joined, has
//! them connect to one another, waits for their ends, and sums up their results.
//!
//! A failure of a behavior ends the run in all processes, as in one process. A process
//! that dies is a failed node; the others go on. All processes end with the runner,
//! however it ends: in good order here, by [`Drop`] after an error, and by themselves
//! when their control connection closes. A process that has joined stays for the next run.

mod process;
mod total;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracing::{debug, info};

use self::process::{NodeProcess, Process, start};
use crate::processes::clocks::ClockReply;
use crate::processes::quiescence::{Next, Quiescence};
use crate::processes::{Ending, NodeOrder, NodeReport, ProcessAddresses};
use crate::setup::SetupError;
use os::clock::monotonic_ns;
use os::poller::{Interest, Poller, Ready};

pub use self::process::Part;
pub use self::total::{JoinedEnd, JoinedHow, TotalResult};

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

/// A new random [`NodeJob::token`](crate::processes::NodeJob::token).
pub fn token() -> u128 {
    // Keyed anew each time, by the randomness of the system.
    let half = || u128::from(RandomState::new().build_hasher().finish());
    half() << 64 | half()
}

/// How long a process may take to end after its control connection has closed.
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);

/// The processes of a run.
#[derive(Debug)]
struct Supervisor<'a> {
    processes: Vec<NodeProcess<'a>>,
    poller: Poller,
    readable: Vec<Ready>,
    /// A process that joined and from which nothing comes for this long is lost.
    silence: Duration,
}

/// Executes a run, each part in a process, to its end. `say` prints where nodes listen. A
/// process that joined and from which nothing comes for `silence` is lost.
///
/// # Errors
///
/// If a process cannot be started, or cannot begin. Then nothing was run, and no
/// process is left.
pub fn run(
    parts: Vec<Part<'_>>,
    stop: &AtomicBool,
    say: Option<fn(&str)>,
    silence: Duration,
) -> Result<TotalResult, SetupError> {
    if parts.len() > MAX_PROCESSES {
        return Err(SetupError::TooManyProcesses {
            nodes: parts.len(),
            limit: MAX_PROCESSES,
        });
    }
    let mut supervisor = Supervisor {
        processes: Vec::with_capacity(parts.len()),
        poller: Poller::new()?,
        readable: Vec::new(),
        silence,
    };
    for part in parts {
        supervisor.begin(part)?;
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
    let trips = supervisor.processes.iter().map(|it| it.round_trip_ns);
    let delay_ns = START_DELAY.as_nanos() as u64 + 2 * trips.max().unwrap_or(0);
    let start_ns = monotonic_ns() + delay_ns;
    supervisor.order_all(&NodeOrder::Go { start_ns });
    supervisor.wait_for_end(stop)?;
    let interrupted = stop.load(Ordering::Relaxed);
    Ok(TotalResult::of(&supervisor.processes, interrupted))
}

impl<'a> Supervisor<'a> {
    /// Has a process do its part.
    fn begin(&mut self, part: Part<'a>) -> Result<(), SetupError> {
        let Part { job, who, joined } = part;
        let folder = job.folder.clone();
        let mut process = match joined {
            Some(joined) => Process::Joined(joined),
            None => start(&who)?,
        };
        let index = self.processes.len() as u64;
        let added = self.poller.add(process.control(), index, Interest::READ);
        // If it has ended already, the closed connection is noticed when reading.
        let _ = process.order(&NodeOrder::Job(Box::new(job)));
        self.processes.push(NodeProcess {
            who,
            process,
            folder,
            addresses: None,
            ready: false,
            round_trip_ns: 0,
            result: None,
            unwritten: None,
            ended: None,
            gone: None,
        });
        Ok(added?)
    }

    /// Waits until `is_there` holds for every process. Returns false if the run is
    /// stopped before.
    fn wait_for(
        &mut self,
        stop: &AtomicBool,
        is_there: impl Fn(&NodeProcess<'_>) -> bool,
    ) -> Result<bool, SetupError> {
        while !self.processes.iter().all(&is_there) {
            if stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            for (index, report) in self.receive()? {
                let process = &mut self.processes[index];
                match report {
                    Some(NodeReport::Listening(mut it)) => {
                        process.place(&mut it);
                        process.addresses = Some(it);
                    }
                    Some(NodeReport::Ready { round_trip_ns }) => {
                        process.ready = true;
                        process.round_trip_ns = round_trip_ns;
                    }
                    Some(NodeReport::Refused(why)) => return Err(process.refused(why)),
                    Some(NodeReport::ProgramFailed(why)) => return Err(SetupError::Program(why)),
                    Some(_) => {}
                    None => return Err(process.gone()),
                }
            }
        }
        Ok(true)
    }

    /// Waits until every process has ended its part. If one of them must end, orders all to.
    fn wait_for_end(&mut self, stop: &AtomicBool) -> io::Result<()> {
        let mut ordered = None;
        let mut rest = Quiescence::default();
        while self.processes.iter().any(|process| !process.is_over()) {
            let mut end = stop.load(Ordering::Relaxed);
            for (index, report) in self.receive()? {
                match report {
                    Some(NodeReport::StopAll) => end = true,
                    Some(NodeReport::AtRest(reply)) => rest.note(index, reply),
                    Some(NodeReport::Done(result)) => {
                        // In `stop`, or when it closed its logs.
                        end |= matches!(result.ending, Ending::Failed(_));
                        self.processes[index].result = Some(result);
                    }
                    // It cannot go on.
                    Some(NodeReport::Refused(why)) => {
                        self.processes[index].unwritten.get_or_insert(why);
                    }
                    Some(_) => {}
                    None => {
                        let process = &self.processes[index];
                        let how = process.ended.clone().unwrap_or_default();
                        info!("the process of {} has ended: {how}", process.who);
                    }
                }
            }
            end |= self.processes.iter().any(|it| it.unwritten.is_some());
            let running = self.processes.iter().enumerate();
            let running = running
                .filter(|(_, it)| !it.is_over())
                .map(|(index, _)| index);
            match rest.next(running) {
                Next::Wait => {}
                Next::Ask(round) => {
                    debug!("nothing to do anywhere: round {round} of asking whether that stays so");
                    self.order_all(&NodeOrder::Rest(round));
                }
                Next::Over => self.order_all(&NodeOrder::Finish),
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
    /// place of a report: that process has ended. Files are written and questions for the
    /// time are replied to here.
    fn receive(&mut self) -> io::Result<Vec<(usize, Option<NodeReport>)>> {
        self.readable.clear();
        self.poller.wait(Some(WAIT_MAX), &mut self.readable)?;
        let mut reports = Vec::new();
        for ready in &self.readable {
            let index = ready.token as usize;
            let process = &mut self.processes[index];
            // A process that sends what cannot be read is treated as one that ended.
            let open = match &mut process.process {
                Process::Child(control, ..) => control.read_more().unwrap_or(false),
                Process::Joined(joined) => joined.read_more(),
            };
            let received_ns = monotonic_ns();
            let mut valid = true;
            loop {
                match process.process.control().next_received() {
                    Ok(Some(NodeReport::File(part))) => {
                        if let Err(error) = part.write_into(&process.folder) {
                            let what =
                                format!("{}: {error}", process.folder.join(&part.path).display());
                            process.unwritten.get_or_insert(what);
                        }
                    }
                    Ok(Some(NodeReport::Clock(asked_ns))) => {
                        let reply = ClockReply {
                            asked_ns,
                            received_ns,
                            replied_ns: monotonic_ns(),
                        };
                        // If it has ended, the closed connection is noticed when reading.
                        let _ = process.process.order(&NodeOrder::Clock(reply));
                    }
                    Ok(Some(NodeReport::Beat)) => {}
                    Ok(Some(NodeReport::Leaving)) => {
                        process
                            .ended
                            .get_or_insert_with(|| "a signal ended it".to_owned());
                    }
                    Ok(Some(report)) => reports.push((index, Some(report))),
                    Ok(None) => break,
                    Err(_) => {
                        valid = false;
                        break;
                    }
                }
            }
            process.process.control().acknowledge();
            if !open && valid && process.may_come_again() {
                self.poller.remove(process.process.control())?;
                info!(
                    "the connection of {} is lost; it may connect again",
                    process.who
                );
                continue;
            }
            if !open || !valid {
                self.poller.remove(process.process.control())?;
                process.end(Instant::now() + END_PATIENCE)?;
                reports.push((index, None));
            }
        }
        for index in 0..self.processes.len() {
            let process = &mut self.processes[index];
            process.renew(&mut self.poller, index as u64)?;
            let ended = match (process.is_gone(), process.is_silent(self.silence)) {
                (true, _) => "its connection has closed".to_owned(),
                (false, true) => format!("nothing came from it for {:?}", self.silence),
                (false, false) => continue,
            };
            {
                process.ended = Some(ended);
                if !process.is_away() {
                    self.poller.remove(process.process.control())?;
                }
                // It ends itself, as soon as it hears of it.
                process.process.control().close();
                reports.push((index, None));
            }
        }
        Ok(reports)
    }

    fn order_all(&mut self, order: &NodeOrder) {
        for process in &mut self.processes {
            // If it has ended, the closed connection is noticed when reading.
            let _ = process.process.order(order);
        }
    }
}

impl Drop for Supervisor<'_> {
    /// Ends the processes that still run: first by closing their connections, because
    /// they may have programs to end. Those that have joined end only this run.
    fn drop(&mut self) {
        for process in &self.processes {
            match &process.process {
                Process::Child(control, ..) => control.close(),
                Process::Joined(joined) => match (&process.ended, &process.result) {
                    (None, Some(_)) => {}
                    // It is in the middle of a run that does not take place.
                    _ => {
                        let why = Some("the run did not begin, or ended without this process: the coordinator says why".to_owned());
                        let _ = joined.orders.send_if_free(&NodeOrder::Over(why));
                    }
                },
            }
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
