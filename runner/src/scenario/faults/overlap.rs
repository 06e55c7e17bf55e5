//! Faults of one kind that affect a node at the same time: a node that is down cannot
//! crash again.

use super::super::Place;
use super::super::names::Names;
use super::super::reader::Mistakes;
use super::super::resolved::{Fault, FaultKind, NodeRanges};
use super::super::written::ScenarioFile;
use super::ranges::first_common;
use base::time::{SimDuration, SimTime};

/// Maximum number of windows of two faults that are compared. An overlap after that
/// many windows is not found.
const WINDOWS: usize = 100_000;

/// Reports faults of one kind that hold for the same node at the same time.
pub fn check_overlaps(
    file: &ScenarioFile,
    faults: &[Option<Fault>],
    names: &Names<'_>,
    mistakes: &Mistakes,
) {
    let duration = file.duration.as_ref().and_then(|it| it.value);
    let end = duration.map_or(SimTime::NEVER, |span| SimTime::ZERO + span);
    for (index, fault) in faults.iter().enumerate() {
        let Some(fault) = fault else {
            continue;
        };
        let found = faults[..index].iter().enumerate().find_map(|(other, it)| {
            let it = it.as_ref()?;
            let node = common(&it.kind, &fault.kind)?;
            let time = first_overlap(it, fault).filter(|&time| time <= end)?;
            Some((other, node, time))
        });
        let Some((other, node, time)) = found else {
            continue;
        };
        let message = format!(
            "a second `{}` of `{}` at {time}, while the first one holds",
            fault.kind.name(),
            names.node_name(node)
        );
        let help = match file.faults[other].place {
            Place::File { start, .. } => {
                let line = mistakes.source.line(start);
                format!("the first is on line {line}; let it end before, or name other nodes")
            }
            _ => "let it end before, or name other nodes".to_owned(),
        };
        mistakes.add_with_help(file.faults[index].place, message, help);
    }
}

/// A node that both faults affect, if they are of one kind.
fn common(one: &FaultKind, other: &FaultKind) -> Option<u32> {
    fn nodes(kind: &FaultKind) -> Option<&NodeRanges> {
        match kind {
            FaultKind::Crash(nodes)
            | FaultKind::Pause(nodes)
            | FaultKind::TickRate { nodes, .. }
            | FaultKind::Drift { nodes, .. } => Some(nodes),
            FaultKind::Partition { .. } | FaultKind::Link(_) => None,
        }
    }
    if one.name() != other.name() {
        return None;
    }
    first_common(nodes(one)?, nodes(other)?)
}

/// The first time at which both faults hold.
fn first_overlap(one: &Fault, other: &Fault) -> Option<SimTime> {
    let (mut a, mut b) = (windows(one), windows(other));
    let (mut first, mut second) = (a.next()?, b.next()?);
    for _ in 0..WINDOWS {
        let start = first.0.max(second.0);
        if start < first.1.min(second.1) {
            return Some(start);
        }
        if first.1 <= second.1 {
            first = a.next()?;
        } else {
            second = b.next()?;
        }
    }
    None
}

/// The beginnings and ends of a fault.
fn windows(fault: &Fault) -> impl Iterator<Item = (SimTime, SimTime)> {
    let end = |start: SimTime| fault.span.map_or(SimTime::NEVER, |span| start + span);
    let mut next = Some(SimTime::ZERO + fault.at);
    let every: Option<SimDuration> = fault.every;
    std::iter::from_fn(move || {
        let start = next?;
        let after = every.map(|every| start + every);
        next = after.filter(|&after| after != SimTime::NEVER && after > start);
        Some((start, end(start)))
    })
}
