//! The process of a node (`--processes`), or of all nodes that are programs. Only the
//! runner starts it.
//!
//! It makes the plan again from the scenario's text, so it has the same nodes and
//! draws the same random numbers. Then it follows the steps of
//! [`processes`](realtime::processes), writes the logs of its own nodes into the
//! folder of the run, and reports its share of the result.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use analysis::results::LogMode;
use crossbeam::channel::{Receiver, RecvTimeoutError};

use super::drive::assemble;
use super::state::StateFolders;
use super::to_override;
use crate::plan::{Plan, RunSpec};
use crate::results::record::Recorder;
use crate::results::run_folder::FolderLock;
use crate::scenario::TimeMode;
use engine::behaviors::Failure;
use engine::faults::Window;
use engine::run::{EndReason, Outcome};
use host::build::GivenBuild;
use host::instance::Instances;
use host::search::SearchPath;
use os::clock::instant_at;
use realtime::processes::control::Control;
use realtime::processes::orders::follow;
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

/// Runs the nodes of a job, with the runner at the other end of `control`. Lines that
/// nodes print go to `print_line`.
///
/// # Errors
///
/// Fails if the nodes cannot be run; the reason is sent to the runner, too.
pub fn run(control: Control, job: &NodeJob, print_line: fn(&str)) -> Result<(), String> {
    let mut reports = control.sender().map_err(|error| error.to_string())?;
    let stop = Arc::new(AtomicBool::new(false));
    let is_stop = |order: &NodeOrder| matches!(order, NodeOrder::Stop);
    let orders = follow(control, stop.clone(), is_stop, END_ALONE);
    let done = work(job, &orders, &stop, &mut reports, print_line);
    if let Err(why) = &done {
        // Fails if the runner is gone.
        let _ = reports.send(&NodeReport::Refused(why.clone()));
    }
    done
}

fn work(
    job: &NodeJob,
    orders: &Receiver<NodeOrder>,
    stop: &AtomicBool,
    reports: &mut Control,
    print_line: fn(&str),
) -> Result<(), String> {
    let plugins: Vec<GivenBuild> =
        serde_json::from_str(&job.plugins).map_err(|error| error.to_string())?;
    let plan = plan(&job.path, &job.text, &job.settings, &plugins)?;
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
    let mut real = connected(
        &plan,
        spec,
        job,
        states.of.clone(),
        orders,
        reports,
        print_line,
    )?;
    reports.send(&NodeReport::Ready).map_err(text)?;
    let start_ns = loop {
        match orders.recv_timeout(PROGRAM_CHECK) {
            Ok(NodeOrder::Go { start_ns }) => break start_ns,
            Err(RecvTimeoutError::Timeout) => {
                // Other nodes may wait for a program that has failed.
                if let Some(why) = real.failed_programs() {
                    reports
                        .send(&NodeReport::ProgramFailed(why))
                        .map_err(text)?;
                }
            }
            Ok(_) | Err(RecvTimeoutError::Disconnected) => return Err(gone()),
        }
    };
    let outcome = real.go_from(instant_at(start_ns), stop, |ended| {
        if ends_all(ended) {
            let _ = reports.send(&NodeReport::StopAll);
        }
    });
    reports
        .send(&NodeReport::Done(result(real, outcome)))
        .map_err(text)
}

/// Opens the sockets of the nodes, and connects them to the other processes.
fn connected(
    plan: &Plan,
    spec: RunSpec,
    job: &NodeJob,
    states: BTreeMap<u32, PathBuf>,
    orders: &Receiver<NodeOrder>,
    reports: &mut Control,
    print_line: fn(&str),
) -> Result<Nodes, String> {
    let case = plan.case(spec);
    let scenario = &case.scenario;
    let TimeMode::Real { speed } = scenario.time else {
        return Err("a node has a process of its own in real time only".to_owned());
    };
    let schema = &plan.nodes(spec.case).schema;
    let print = job.say.then_some(print_line);
    // Each node has an equal share of the limit.
    let share = scenario.max_log / u64::from(case.roster.len()) * job.nodes.len() as u64;
    let recorder = Recorder::new(schema, &job.folder, LogMode::PerNode, print)
        .only(&job.nodes)
        .limited_to(share);
    let run = assemble(plan, spec, Some(&job.folder), states, recorder, None).only(&job.nodes);
    let rendezvous = Rendezvous::open(
        &case.roster,
        run.world.topology(),
        &scenario.links,
        &job.nodes,
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
    reports
        .send(&NodeReport::Listening(addresses))
        .map_err(text)?;
    let Ok(NodeOrder::Connect(processes)) = orders.recv() else {
        return Err(gone());
    };
    let links = rendezvous
        .connect(&processes, job.token)
        .map_err(|error| format!("the nodes cannot be connected: {error}"))?;
    let listening: Vec<_> = processes.into_iter().flat_map(|it| it.listening).collect();
    real.link(links, &listening, &scenario.links)
        .map_err(|error| error.to_string())?;
    Ok(real)
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
    plugins: &[GivenBuild],
) -> Result<Plan, String> {
    let overrides: Vec<_> = settings.iter().filter_map(to_override).collect();
    let search = SearchPath::given(plugins.to_vec());
    Plan::of_text(path, text, &overrides, &search).map_err(|refusal| refusal.to_string())
}
