//! A run with a process for each node, on the runner's side: it assigns the nodes
//! to processes that it starts or that have joined, and reads the logs back for metrics and checks. The other side is
//! [`node`](super::node).

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use analysis::log::{Occupancy, RunLog, RunSchema};
use analysis::metrics::RunMetrics;
use analysis::results::RunStatus;

use super::RunError;
use super::drive::Drive;
use super::ended::{Ended, lateness, status, stop_reason};
use crate::judge::checks::Checks;
use crate::results::faults;
use crate::results::record::Findings;
use crate::scenario::{Override, Scenario};
use base::time::SimTime;
use engine::faults::{FaultEffect, Window};
use engine::run::EndReason;
use model::roster::Roster;
use realtime::processes::coordinator::{Coordinator, Joined};
use realtime::processes::supervisor::{JoinedHow, Part, TotalResult};
use realtime::processes::{FaultTime, FaultTimes, NodeJob, Setting, supervisor};
use realtime::setup::SetupError;
use realtime::under_way;

/// What a child process needs, beside the scenario's text, to make the same plan.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    /// The overrides of the scenario.
    pub settings: Vec<Setting>,
    /// The verbosity of their logs, as the number of `-v`.
    pub verbosity: u8,
    /// Whether lines that nodes print keep their colors.
    pub color: bool,
    /// Who lets in the processes of nodes; none if the runner starts them.
    pub coordinator: Option<Arc<Coordinator>>,
}

/// Returns the override of a setting; none if its text is not `PATH=VALUE`.
pub fn to_override(setting: &Setting) -> Option<Override> {
    match setting {
        Setting::Set(text) => Override::parse(text).ok(),
        Setting::Option { flag, key, value } => Some(Override::option(flag, key, value)),
    }
}

/// Runs a run with a process for each node.
///
/// # Errors
///
/// Fails if the run cannot begin, or if its logs cannot be read back.
pub(super) fn run(drive: &Drive<'_>) -> Result<Ended, RunError> {
    let sum = match drive.coordinator() {
        None => supervise(drive, &mut [])?,
        Some(coordinator) => with_joined(drive, coordinator)?,
    };
    let begun = sum.reason.is_some();
    let reason = sum.reason.unwrap_or(EndReason::Interrupted);
    let stopped = stop_reason(&reason);
    let (mut status, mut failure) = status(reason);
    if !sum.failures.is_empty() {
        status = RunStatus::Failed;
        failure = Some(sum.failures.join("\n"));
    }
    let faults = effects(&drive.case().scenario, &sum.faults);
    let mut warnings = sum.remarks;
    warnings.extend(faults::warnings(&faults));
    warnings.extend(lateness(&sum.lag, &drive.case().roster));
    let under_way: Vec<_> = sum.under_way.into_iter().collect();
    let under_way = under_way::warning(&under_way, &drive.case().roster);
    warnings.extend(under_way.clone());
    let schema = &drive.plan.nodes(drive.spec.case).schema;
    let mut findings = match status {
        RunStatus::Failed => Findings::default(),
        _ if !begun => Findings {
            measured: metrics(drive, schema).finish_window(0),
            ..Findings::default()
        },
        _ => {
            // A process elsewhere has copied those of its nodes.
            if drive.coordinator().is_none() {
                drive.copy_states()?;
            }
            measure(drive, schema, sum.end, &sum.occupancy)?
        }
    };
    if let Some(broken) = findings.broken_check.take() {
        status = RunStatus::Failed;
        failure.get_or_insert(broken);
    }
    Ok(Ended {
        end: sum.end,
        status,
        stopped,
        idle: findings.idle,
        failure,
        events: sum.events,
        messages: sum.messages,
        metrics: findings.measured.nodes,
        cut: findings.measured.cut,
        occupancy: sum.occupancy,
        judgements: findings.judgements,
        warnings,
        lag: Some(sum.lag),
        last: None,
        timed_out: false,
        faults,
        conservation: begun.then_some(sum.conservation),
        under_way,
        joined: sum.joined,
        // Their processes wrote the logs.
        sums: Vec::new(),
    })
}

/// Runs a run with the processes that have joined, and waits for those that have not.
fn with_joined(drive: &Drive<'_>, coordinator: &Coordinator) -> Result<TotalResult, SetupError> {
    let roster = &drive.case().roster;
    let own = (0..roster.len()).filter(|&node| !is_program(roster, node));
    let nodes: Vec<String> = own.filter_map(|node| roster.name(node)).collect();
    let Some(mut joined) = coordinator.gather(&nodes, drive.stop)? else {
        return Ok(TotalResult::default());
    };
    let sum = supervise(drive, &mut joined);
    let ends = sum.as_ref().map_or(&[][..], |sum| &sum.joined);
    let end = |it: &Joined| ends.iter().find(|end| end.node == it.node);
    let stays = |it: &Joined| end(it).is_some_and(|end| end.stays);
    let (stay, gone): (Vec<Joined>, Vec<Joined>) = joined.into_iter().partition(stays);
    coordinator.keep(stay);
    for it in &gone {
        coordinator.free(it, end(it).is_some_and(|end| end.how == JoinedHow::Stopped));
    }
    sum
}

fn supervise(drive: &Drive<'_>, joined: &mut [Joined]) -> Result<TotalResult, SetupError> {
    let silence = drive
        .coordinator()
        .map_or(Duration::MAX, Coordinator::silence);
    let parts = parts(drive, joined);
    supervisor::run(parts, drive.stop, drive.options.print_line, silence)
}

/// The part of each process.
fn parts<'a>(drive: &Drive<'_>, joined: &'a mut [Joined]) -> Vec<Part<'a>> {
    let Some(processes) = &drive.options.processes else {
        return Vec::new();
    };
    let token = supervisor::token();
    let source = &drive.plan.loaded.source;
    let plugins = serde_json::to_string(&drive.plan.builds()).unwrap_or_default();
    let roster = &drive.case().roster;
    let mut joined: BTreeMap<String, &mut Joined> =
        joined.iter_mut().map(|it| (it.node.clone(), it)).collect();
    let part = |(nodes, who): (Vec<u32>, String)| {
        let name = nodes.first().and_then(|node| roster.name(*node));
        let joined = name.and_then(|name| joined.remove(&name));
        let path = match &joined {
            None => source.path.clone(),
            // It is looked up from another folder.
            Some(_) => std::path::absolute(&source.path).map_or_else(
                |_| source.path.clone(),
                |path| path.to_string_lossy().into_owned(),
            ),
        };
        let job = NodeJob {
            path,
            text: source.text.clone(),
            settings: processes.settings.clone(),
            plugins: plugins.clone(),
            run: drive.spec.number,
            nodes,
            token,
            folder: drive.folder.to_owned(),
            host: drive
                .coordinator()
                .map_or(Ipv4Addr::LOCALHOST.into(), |it| it.address().ip()),
            say: drive.options.print_line.is_some(),
            color: processes.color,
            verbosity: processes.verbosity,
        };
        Part { job, who, joined }
    };
    shares(roster).into_iter().map(part).collect()
}

/// The effect of each fault, summed over all processes.
fn effects(scenario: &Scenario, shares: &[Vec<FaultTimes>]) -> Vec<FaultEffect> {
    let rules = scenario.faults.iter().enumerate();
    rules
        .map(|(index, rule)| {
            let mut effect = FaultEffect::new(index, rule, Vec::new());
            for windows in shares.iter().filter_map(|share| share.get(index)) {
                let window = |held: &FaultTime| Window {
                    from: SimTime(held.from_ns),
                    until: SimTime(held.until_ns),
                    touched: held.touched,
                };
                let windows: Vec<Window> = windows.0.iter().map(window).collect();
                effect.add(&windows);
            }
            effect
        })
        .collect()
}

/// The nodes of each process, and its name for people: a process for each node
/// with a behavior, and one for all nodes that are programs.
fn shares(roster: &Roster) -> Vec<(Vec<u32>, String)> {
    let nodes = 0..roster.len();
    let (programs, own): (Vec<u32>, Vec<u32>) = nodes.partition(|&node| is_program(roster, node));
    let mut shares = Vec::with_capacity(own.len() + 1);
    for node in own {
        let name = roster.name(node).unwrap_or_default();
        shares.push((vec![node], format!("node `{name}`")));
    }
    if !programs.is_empty() {
        shares.push((programs, "the programs".to_owned()));
    }
    shares
}

fn is_program(roster: &Roster, node: u32) -> bool {
    roster.groups()[roster.group_of(node)].is_outside()
}

/// The metrics of a run before its first row.
fn metrics(drive: &Drive<'_>, schema: &RunSchema) -> RunMetrics {
    let metrics = RunMetrics::new(schema);
    match drive.case().scenario.window() {
        Some(window) => metrics.within(&window, schema),
        None => metrics,
    }
}

/// Computes metrics and judgements from the logs of a run, up to its end.
fn measure(
    drive: &Drive<'_>,
    schema: &RunSchema,
    end: SimTime,
    occupancy: &[Occupancy],
) -> Result<Findings, RunError> {
    let mut checks = drive.checks();
    let mut properties = drive.properties();
    let mut metrics = metrics(drive, schema);
    metrics.occupied(occupancy);
    let mut log = RunLog::open(drive.folder, Some(schema))?;
    let mut known = 0;
    while let Some((row, columns, names)) = log.next_named()? {
        metrics.row(&row, &columns);
        for name in &names.external_peers[known..] {
            checks.iter_mut().for_each(|it| it.external_peer(name));
            properties.iter_mut().for_each(|it| it.external_peer(name));
        }
        known = names.external_peers.len();
        checks.iter_mut().for_each(|it| it.row(&row, &columns));
        properties.iter_mut().for_each(|it| it.row(&row, &columns));
    }
    let judged = checks.map(Checks::finish).transpose();
    let (mut judgements, broken_check) = match judged {
        Ok(judgements) => (judgements.unwrap_or_default(), None),
        Err(broken) => (Vec::new(), Some(broken)),
    };
    judgements.extend(properties.into_iter().flat_map(|it| it.finish(end)));
    Ok(Findings {
        idle: metrics.is_idle(),
        measured: metrics.finish_window(end.0),
        judgements,
        broken_check,
        warnings: Vec::new(),
        sums: Vec::new(),
    })
}
