//! The process of a node, or of all nodes that are programs, as the runner starts it. A
//! process that joins a coordinator ([`joined`](super::joined)) does its part of a run by
//! `work`, too.
//!
//! It makes the plan again from the scenario's text, so it has the same nodes and
//! draws the same random numbers. Then it follows the steps of
//! [`processes`](realtime::processes), writes the logs of its own nodes into the
//! folder of the run, and reports its share of the result.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use analysis::results::LogMode;
use crossbeam::channel::{Receiver, RecvTimeoutError};

use super::drive::assemble;
use super::state::StateFolders;
use super::to_override;
use crate::plan::{Plan, RunSpec};
use crate::results::logs::Logs;
use crate::results::record::{LogsAt, Recorder};
use crate::results::run_folder::FolderLock;
use crate::scenario::TimeMode;
use engine::behaviors::Failure;
use engine::faults::Window;
use engine::run::{EndReason, Outcome};
use host::build::GivenBuild;
use host::instance::Instances;
use host::search::SearchPath;
use os::descriptor::fail_if_silent;
use realtime::processes::clocks::ClockOffset;
use realtime::processes::control::{Control, Sender};
use realtime::processes::orders::follow_with;
use realtime::processes::quiescence::RestWatch;
use realtime::processes::rendezvous::Rendezvous;
use realtime::processes::{
    Ending, FaultTime, FaultTimes, NodeJob, NodeOrder, NodeReport, ProcessAddresses, ProcessResult,
    Setting,
};
use realtime::real_time::RealTime;

/// The nodes of this process.
type Nodes = RealTime<Instances, Recorder>;

/// How long this process may take to end after the runner is gone. Arbitrary.
const END_ALONE: Duration = Duration::from_secs(5);

/// The interval between two looks at the programs, before the run begins.
const PROGRAM_CHECK: Duration = Duration::from_millis(100);

/// What a process elsewhere does otherwise than one that the runner has started.
pub(super) trait Elsewhere {
    /// How other nodes reach those of the coordinator.
    fn coordinator(&self) -> IpAddr;
    /// Keeps the listener of this process open for as long as its connection to the
    /// coordinator may be made again: there the coordinator looks whether it has ended.
    fn keep(&self, listener: TcpListener);
    /// A node elsewhere from which nothing comes for this long is disconnected.
    fn silence(&self) -> Duration;
    /// Compares the clock with the coordinator's.
    fn compare(&self) -> Result<ClockOffset, String>;
    /// Whether this process was asked to end.
    fn is_leaving(&self) -> bool;
    /// Hands over the files of the run, once they are written.
    fn hand_over(&self, plan: &Plan, spec: RunSpec) -> Result<(), String>;
}

/// The part of a run that a process does, and how it reaches the runner.
pub(super) struct Work<'a> {
    pub plan: &'a Plan,
    pub job: &'a NodeJob,
    pub orders: &'a Receiver<NodeOrder>,
    pub stop: &'a AtomicBool,
    pub reports: &'a Sender,
    /// Orders about rest.
    pub rest: &'a RestWatch,
    /// Prints what nodes print.
    pub print_line: fn(&str),
    /// Set if the runner is elsewhere.
    pub elsewhere: Option<&'a dyn Elsewhere>,
}

/// Runs the nodes of a job, with the runner at the other end of `control`. Lines that
/// nodes print go to `print_line`.
///
/// # Errors
///
/// Fails if the nodes cannot be run; the reason is sent to the runner, too.
pub fn run(control: Control, job: &NodeJob, print_line: fn(&str)) -> Result<(), String> {
    let reports = control.sender().map_err(|error| error.to_string())?;
    let stop = Arc::new(AtomicBool::new(false));
    let rest = RestWatch::new(reports.clone());
    let (watch, set) = (rest.clone(), stop.clone());
    let take = move |order| match watch.take(order)? {
        NodeOrder::Stop => {
            set.store(true, Ordering::Relaxed);
            None
        }
        other => Some(other),
    };
    let lost = |_: Option<io::Error>| || std::process::exit(3);
    let never = |_: &mut Control, _: &Option<io::Error>| false;
    let orders = follow_with(control, stop.clone(), take, never, lost, END_ALONE);
    let plugins = serde_json::from_str(&job.plugins).map_err(|error| error.to_string());
    let plan = plugins.and_then(|plugins: Vec<GivenBuild>| {
        let search = SearchPath::given(plugins);
        plan(&job.path, &job.text, &job.settings, &search)
    });
    let done = plan.and_then(|plan| {
        let done = work(&Work {
            plan: &plan,
            job,
            orders: &orders,
            stop: &stop,
            reports: &reports,
            rest: &rest,
            print_line,
            elsewhere: None,
        });
        done.map(drop)
    });
    if let Err(why) = &done {
        // Fails if the runner is gone.
        let _ = reports.send(&NodeReport::Refused(why.clone()));
    }
    done
}

/// Does a part of a run. Returns why it ended.
///
/// # Errors
///
/// Fails if the nodes cannot be run, or the runner is gone.
pub(super) fn work(work: &Work<'_>) -> Result<Ending, String> {
    let Work { plan, job, .. } = *work;
    let spec = plan.runs().find(|spec| spec.number == job.run);
    let spec = spec.ok_or_else(|| format!("there is no run {}", job.run))?;
    let name = &*plan.loaded.scenario.name;
    let _plan = tracing::info_span!("plan", scenario = name).entered();
    let _run = tracing::info_span!("run", number = spec.number).entered();
    let roster = &plan.case(spec).roster;
    let states = StateFolders::open(roster, job.nodes.iter().copied());
    let states = states.map_err(|error| error.to_string())?;
    let _lock = FolderLock::shared(&job.folder)
        .map_err(text)?
        .ok_or_else(gone)?;
    let mut real = work.connected(spec, states.of.clone())?;
    let before = work.elsewhere.map(|it| it.compare()).transpose()?;
    let round_trip_ns = before.map_or(0, |clock| clock.round_trip_ns);
    work.report(&NodeReport::Ready { round_trip_ns })?;
    let start_ns = work.wait_for_start(&mut real)?;
    real.watch_rest(work.rest.clone());
    let start_ns = before.map_or(start_ns, |clock| clock.own_ns(start_ns));
    let is_leaving = || work.elsewhere.is_some_and(|it| it.is_leaving());
    let outcome = real.go_from(start_ns, work.stop, |ended| {
        if ends_all(ended) {
            let _ = work.reports.send(&NodeReport::StopAll);
        }
        matches!(ended, Ok(EndReason::Interrupted)) && is_leaving()
    });
    let mut result = result(real, outcome);
    if let Some(elsewhere) = work.elsewhere {
        if result.ending == Ending::Ordered && is_leaving() {
            result.ending = Ending::Left;
        }
        elsewhere.hand_over(plan, spec)?;
        result.clocks = before.into_iter().chain(elsewhere.compare().ok()).collect();
    }
    let ending = result.ending.clone();
    work.report(&NodeReport::Done(result))?;
    Ok(ending)
}

impl Work<'_> {
    fn report(&self, report: &NodeReport) -> Result<(), String> {
        self.reports.send(report).map_err(text)
    }

    /// Waits for the order to begin; returns the instant of time 0.
    fn wait_for_start(&self, real: &mut Nodes) -> Result<u64, String> {
        // Other nodes may wait for a program that has failed.
        let look = || match real.failed_programs() {
            Some(why) => self.report(&NodeReport::ProgramFailed(why)),
            None => Ok(()),
        };
        match self.next_order(look)? {
            NodeOrder::Go { start_ns } => Ok(start_ns),
            _ => Err(gone()),
        }
    }

    /// The next order. `meanwhile` is called from time to time.
    fn next_order(
        &self,
        mut meanwhile: impl FnMut() -> Result<(), String>,
    ) -> Result<NodeOrder, String> {
        loop {
            match self.orders.recv_timeout(PROGRAM_CHECK) {
                Ok(order) => return Ok(order),
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
                Err(RecvTimeoutError::Timeout) => {
                    if self.elsewhere.is_some_and(|it| it.is_leaving()) {
                        return Err("a signal ended it".to_owned());
                    }
                    meanwhile()?;
                }
            }
        }
    }

    /// Opens the sockets of the nodes, and connects them to the other processes.
    fn connected(&self, spec: RunSpec, states: BTreeMap<u32, PathBuf>) -> Result<Nodes, String> {
        let Work { plan, job, .. } = *self;
        let case = plan.case(spec);
        let scenario = &case.scenario;
        let TimeMode::Real { speed } = scenario.time else {
            return Err("a node has a process of its own in real time only".to_owned());
        };
        let nodes = plan.nodes(spec.case);
        let print = job.say.then_some(self.print_line);
        // Each node has an equal share of the limit.
        let share = scenario.max_log / u64::from(case.roster.len()) * job.nodes.len() as u64;
        let logs = Logs::new(&nodes.schema, &job.folder, LogMode::PerNode)
            .only(&job.nodes)
            .limited_to(share);
        let logs = LogsAt::Here(Box::new(logs));
        let recorder = Recorder::new(&nodes.schema, &nodes.shapes, logs, print).unmeasured();
        let drawn = (spec, plan.streams(spec));
        let run = assemble(plan, drawn, Some(&job.folder), states, recorder, None).only(&job.nodes);
        let rendezvous = Rendezvous::open(
            &case.roster,
            run.world.topology(),
            &scenario.links,
            &job.nodes,
            job.host,
        )
        .map_err(text)?;
        let mut real = RealTime::open(run, speed).map_err(|error| error.to_string())?;
        // The processes whose nodes listen share what the whole run may hold.
        let groups = scenario.groups.iter();
        let listening = groups.filter(|group| !group.listen.is_empty());
        let listening: u64 = listening.map(|group| u64::from(group.count)).sum();
        real.set_budget(scenario.max_buffered / listening.max(1));
        let addresses = ProcessAddresses {
            nodes: job.nodes.clone(),
            links: rendezvous.address(),
            datagrams: rendezvous.datagrams(),
            listening: real.listening.clone(),
            remarks: std::mem::take(&mut real.remarks),
        };
        self.report(&NodeReport::Listening(addresses))?;
        let NodeOrder::Connect(mut processes) = self.next_order(|| Ok(()))? else {
            return Err(gone());
        };
        if let Some(elsewhere) = self.elsewhere {
            elsewhere.keep(rendezvous.listener().map_err(text)?);
            // The coordinator's own process, at an address of its machine.
            let host = elsewhere.coordinator();
            processes.iter_mut().for_each(|it| it.reached_at(host));
        }
        let links = rendezvous
            .connect(&processes, job.token)
            .map_err(|error| format!("the nodes cannot be connected: {error}"))?;
        if let Some(elsewhere) = self.elsewhere {
            for link in &links.connections {
                fail_if_silent(&link.stream, elsewhere.silence()).map_err(text)?;
            }
        }
        let listening: Vec<_> = processes.into_iter().flat_map(|it| it.listening).collect();
        real.link(links, &listening, &scenario.links)
            .map_err(|error| error.to_string())?;
        Ok(real)
    }
}

/// This process's part of the result; its logs are written.
fn result(mut real: Nodes, outcome: Outcome) -> ProcessResult {
    let (lags, node_lags) = (real.lag.counts(), real.lag.nodes());
    let mut remarks = std::mem::take(&mut real.remarks);
    let under_way = std::mem::take(&mut real.under_way);
    let held = |it: &Window| FaultTime {
        from_ns: it.from.0,
        until_ns: it.until.0,
        touched: it.touched,
    };
    let faults = outcome.faults.iter();
    let faults = faults.map(|fault| FaultTimes(fault.windows.iter().map(held).collect()));
    let faults = faults.collect();
    let ending = match real.into_sink().finish(outcome.end, &outcome.occupancy) {
        Ok(findings) => {
            remarks.extend(findings.warnings);
            ending(outcome.reason)
        }
        Err(error) => Ending::Failed(error.to_string()),
    };
    ProcessResult {
        end_ns: outcome.end.0,
        ending,
        events: outcome.events,
        messages: outcome.messages,
        lags,
        node_lags,
        under_way,
        remarks,
        faults,
        conservation: outcome.conservation,
        occupancy: outcome.occupancy,
        clocks: Vec::new(),
    }
}

/// Whether the whole run ends as this process's part of it has ended. As in one process, a
/// failure of one node ends the run for all.
fn ends_all(ended: &Result<EndReason, Failure>) -> bool {
    match ended {
        Ok(EndReason::Duration | EndReason::Idle | EndReason::Interrupted) => false,
        Ok(EndReason::Stopped(_) | EndReason::ProgramFailed(_) | EndReason::Limit(_)) => true,
        Ok(EndReason::Failed(_)) | Err(_) => true,
    }
}

fn ending(reason: EndReason) -> Ending {
    match reason {
        EndReason::Duration | EndReason::Idle => Ending::Complete,
        EndReason::Stopped(reason) => Ending::Stopped(reason),
        EndReason::Interrupted => Ending::Ordered,
        EndReason::Failed(failure) => Ending::Failed(failure.to_string()),
        EndReason::Limit(why) | EndReason::ProgramFailed(why) => Ending::Failed(why),
    }
}

fn gone() -> String {
    "the runner is gone".to_owned()
}

fn text(error: io::Error) -> String {
    error.to_string()
}

/// Makes a plan from the text of a scenario.
///
/// # Errors
///
/// Fails if the scenario has mistakes, with the text for people.
pub fn plan(
    path: &str,
    text: &str,
    settings: &[Setting],
    search: &SearchPath,
) -> Result<Plan, String> {
    let overrides: Vec<_> = settings.iter().filter_map(to_override).collect();
    Plan::of_text(path, text, &overrides, search).map_err(|refusal| refusal.to_string())
}
