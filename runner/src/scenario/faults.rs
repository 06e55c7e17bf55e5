//! `[[faults]]`: what each does to which nodes, and what cannot be meant: faults
//! that lie outside the run, that overlap impossibly, or that name what is not
//! there.

mod overlap;

use std::ops::Range;

use super::diagnostic::Place;
use super::links;
use super::names::Names;
use super::reader::{Mistakes, Written};
use super::resolved::{Fault, FaultKind, LinkChange, LinkRule, NodeRanges, TimeMode};
use super::written::{FaultEntry, GroupEntry, LinkEntry, NodesTo, ScenarioFile, Selector};

pub use overlap::check_overlaps;

/// What a fault entry says; none if it is wrong, which is reported.
pub fn fault(
    entry: &FaultEntry,
    file: &ScenarioFile,
    names: &Names<'_>,
    mistakes: &Mistakes,
) -> Option<Fault> {
    let kind = kind(entry, file, names, mistakes);
    Some(Fault {
        at: entry.at.as_ref()?.value?,
        span: optional(&entry.span)?,
        every: optional(&entry.every)?,
        required: optional(&entry.required)?.unwrap_or(false),
        kind: kind?,
    })
}

/// The value of a key that may be absent; none if it is wrong.
fn optional<T: Clone>(key: &Option<Written<T>>) -> Option<Option<T>> {
    match key {
        Some(written) => written.value.clone().map(Some),
        None => Some(None),
    }
}

fn kind(
    entry: &FaultEntry,
    file: &ScenarioFile,
    names: &Names<'_>,
    mistakes: &Mistakes,
) -> Option<FaultKind> {
    fn written<T>(name: &'static str, key: &Option<Written<T>>) -> Option<(&'static str, Place)> {
        key.as_ref().map(|it| (name, it.key))
    }
    let mut kinds = [
        written("partition", &entry.partition),
        written("crash", &entry.crash),
        written("pause", &entry.pause),
        written("link", &entry.link),
        written("tick_rate", &entry.tick_rate),
        written("drift", &entry.drift),
    ]
    .into_iter()
    .flatten();
    const KINDS: &str = "one of: partition, crash, pause, link, tick_rate, drift";
    let Some(first) = kinds.next() else {
        mistakes.add_with_help(entry.place, "the fault does nothing", KINDS);
        return None;
    };
    if let Some(second) = kinds.next() {
        let (first, second) = match first.1 < second.1 {
            true => (first, second),
            false => (second, first),
        };
        let message = format!("the fault is both a `{}` and a `{}`", first.0, second.0);
        mistakes.add_with_help(second.1, message, "write a [[faults]] entry for each");
        return None;
    }
    let scene = Scene {
        groups: &file.groups,
        names,
        mistakes,
    };
    if let Some(lists) = &entry.partition {
        return scene.partition(lists.value.as_ref()?);
    }
    if let Some(nodes) = &entry.crash {
        return Some(FaultKind::Crash(scene.processes("crash", nodes)?));
    }
    if let Some(nodes) = &entry.pause {
        return Some(FaultKind::Pause(scene.processes("pause", nodes)?));
    }
    if let Some(link) = &entry.link {
        return scene.link(link.value.as_ref()?);
    }
    if let Some(change) = &entry.tick_rate {
        let (change, place) = (change.value.as_ref()?, change.place);
        let nodes = scene.selected("fault `tick_rate`", &change.nodes)?;
        scene.all_tick(&nodes, change, place)?;
        let to = change.to.as_ref()?.value.clone()?;
        return Some(FaultKind::TickRate { nodes, to });
    }
    let (change, place) = (entry.drift.as_ref()?, entry.drift.as_ref()?.place);
    let change = change.value.as_ref()?;
    let nodes = scene.selected("fault `drift`", &change.nodes)?;
    scene.none_is_program("fault `drift`", &nodes, place)?;
    let ppm = change.to.as_ref()?.value.clone()?;
    Some(FaultKind::Drift { nodes, ppm })
}

/// What a fault is held against.
struct Scene<'a> {
    groups: &'a [GroupEntry],
    names: &'a Names<'a>,
    mistakes: &'a Mistakes,
}

impl Scene<'_> {
    fn selected(&self, whose: &str, nodes: &Option<Written<Vec<Selector>>>) -> Option<NodeRanges> {
        let selectors = nodes.as_ref()?.value.as_ref()?;
        self.names.select_all(whose, selectors, self.mistakes)
    }

    /// The groups that any of these nodes are of, with the first such node.
    fn groups_of(&self, nodes: &NodeRanges) -> impl Iterator<Item = (&GroupEntry, u32)> {
        self.groups.iter().enumerate().filter_map(|(index, group)| {
            let own = self.names.nodes_of(index);
            let first = nodes.iter().find(|range| meet(range, &own))?;
            Some((group, first.start.max(own.start)))
        })
    }

    fn partition(&self, lists: &[Vec<Selector>]) -> Option<FaultKind> {
        let mut sides: Vec<NodeRanges> = Vec::new();
        let mut fine = true;
        for list in lists {
            let whose = "fault `partition`";
            let Some(side) = self.names.select_all(whose, list, self.mistakes) else {
                fine = false;
                continue;
            };
            if let Some(node) = sides.iter().find_map(|other| first_common(other, &side)) {
                let name = self.names.node_name(node);
                let message = format!("`{name}` is on two sides of the partition");
                let place = list[0].place;
                self.mistakes.add(place, message);
                fine = false;
            }
            sides.push(side);
        }
        fine.then_some(FaultKind::Partition(sides))
    }

    /// Nodes that the runner could stop.
    fn processes(&self, key: &str, nodes: &Written<Vec<Selector>>) -> Option<NodeRanges> {
        let whose = format!("fault `{key}`");
        let ranges = self
            .names
            .select_all(&whose, nodes.value.as_ref()?, self.mistakes)?;
        let not_ours = |group: &GroupEntry| {
            let program = &group.program;
            program.makes_program().is_some() && program.command.is_none()
        };
        if let Some((_, node)) = self.groups_of(&ranges).find(|(group, _)| not_ours(group)) {
            let name = self.names.node_name(node);
            self.mistakes.add_with_help(
                nodes.place,
                format!("{whose} names `{name}`, a program that nobody here started"),
                "with its `command`, the runner starts it; without, a `partition` can cut it off",
            );
            return None;
        }
        Some(ranges)
    }

    /// Reports a program among the nodes: its inside is not the runner's to change.
    fn none_is_program(&self, whose: &str, nodes: &NodeRanges, place: Place) -> Option<()> {
        let mut groups = self.groups_of(nodes);
        let program = groups.find(|(group, _)| group.program.makes_program().is_some());
        let Some((_, node)) = program else {
            return Some(());
        };
        let name = self.names.node_name(node);
        self.mistakes.add_with_help(
            place,
            format!("{whose} names `{name}`, which is a program of somebody else"),
            "nodes with a behavior have a clock that the runner can set",
        );
        None
    }

    fn all_tick(&self, nodes: &NodeRanges, change: &NodesTo, place: Place) -> Option<()> {
        let mut groups = self.groups_of(nodes);
        let idle = groups.find(|(group, _)| group.timing.tick_place().is_none());
        let Some((_, node)) = idle else {
            return Some(());
        };
        let name = self.names.node_name(node);
        self.mistakes.add_with_help(
            change.nodes.as_ref().map_or(place, |it| it.place),
            format!("fault `tick_rate` names `{name}`, which does not tick"),
            "nodes with `tick_rate` or `tick_interval` do",
        );
        None
    }

    fn link(&self, entry: &LinkEntry) -> Option<FaultKind> {
        let ends = links::ends("fault `link`", entry, self.names, self.mistakes);
        if let Some(transport) = &entry.transport {
            self.mistakes.add(
                transport.key,
                "`transport` cannot change while a run goes on",
            );
            return None;
        }
        let (from, to) = ends?;
        let change = LinkChange {
            from,
            to,
            both: entry.between.is_some(),
            latency: optional(&entry.latency)?,
            loss: optional(&entry.loss)?,
            duplicate: optional(&entry.duplicate)?,
            corrupt: optional(&entry.corrupt)?,
            bandwidth: optional(&entry.bandwidth)?,
            queue_limit: match optional(&entry.queue_limit)? {
                Some(limit) => Some(limit.try_into().ok()?),
                None => None,
            },
            order: optional(&entry.order)?,
        };
        let says_nothing = LinkChange {
            latency: None,
            loss: None,
            duplicate: None,
            corrupt: None,
            bandwidth: None,
            queue_limit: None,
            order: None,
            ..change.clone()
        } == change;
        if says_nothing {
            self.mistakes.add_with_help(
                entry.place,
                "the fault `link` changes nothing",
                "keys: latency, loss, duplicate, corrupt, bandwidth, queue_limit, order",
            );
            return None;
        }
        Some(FaultKind::Link(change))
    }
}

/// Reports faults that lie outside the run, or come again in a way that cannot be.
pub fn check_times(file: &ScenarioFile, time: Option<TimeMode>, mistakes: &Mistakes) {
    let duration = file.duration.as_ref().and_then(|it| it.value);
    for entry in &file.faults {
        if let (Some(at), Some(duration)) = (&entry.at, duration)
            && let Some(begins) = at.value
            && begins > duration
        {
            mistakes.add(
                at.place,
                format!("the fault begins at {begins}, after the run's end at {duration}"),
            );
        }
        let Some(every) = &entry.every else {
            continue;
        };
        match (&entry.span, every.value) {
            (None, _) => mistakes.add_with_help(
                every.key,
                "`every` without `for`: the fault would not end before it comes again",
                "write, for example, `for = \"1s\"`",
            ),
            (Some(span), Some(period)) => {
                if let Some(held) = span.value
                    && held > period
                {
                    let message = format!(
                        "the fault holds for {held} and comes every {period}: it would overlap itself"
                    );
                    mistakes.add(span.place, message);
                }
            }
            _ => {}
        }
        if time == Some(TimeMode::Virtual) && file.duration.is_none() {
            mistakes.add_with_help(
                every.key,
                "a fault with `every` in virtual time, and no `duration`: the run would not end",
                "write, for example, `duration = \"60s\"` at the top of the file",
            );
        }
    }
}

/// Reports `link` faults between nodes that no link rule links.
pub fn check_links(
    entries: &[FaultEntry],
    faults: &[Option<Fault>],
    rules: &[LinkRule],
    mistakes: &Mistakes,
) {
    if rules.is_empty() {
        return;
    }
    for (entry, fault) in entries.iter().zip(faults) {
        let (Some(link), Some(fault)) = (&entry.link, fault) else {
            continue;
        };
        let FaultKind::Link(change) = &fault.kind else {
            continue;
        };
        let linked = |from: &NodeRanges, to: &NodeRanges| {
            rules.iter().any(|rule| {
                pairs(from, &rule.from, to, &rule.to)
                    || rule.both && pairs(from, &rule.to, to, &rule.from)
            })
        };
        let any =
            linked(&change.from, &change.to) || change.both && linked(&change.to, &change.from);
        if !any {
            mistakes.add_with_help(
                link.key,
                "the fault `link` is between nodes that have no link",
                "with any [[links]], only the pairs that it names are linked",
            );
        }
    }
}

/// Whether some node in both `a` and `b` and another one in both `c` and `d`.
fn pairs(a: &NodeRanges, b: &NodeRanges, c: &NodeRanges, d: &NodeRanges) -> bool {
    let (one, other) = (first_common(a, b), first_common(c, d));
    match (one, other) {
        (Some(one), Some(other)) if one == other => {
            // One of the two has a second node, or there is no pair.
            count_common(a, b) > 1 || count_common(c, d) > 1
        }
        (Some(_), Some(_)) => true,
        _ => false,
    }
}

fn meet(a: &Range<u32>, b: &Range<u32>) -> bool {
    a.start < b.end && b.start < a.end
}

/// The first node that is in both.
fn first_common(a: &NodeRanges, b: &NodeRanges) -> Option<u32> {
    a.iter()
        .flat_map(|one| {
            b.iter()
                .filter(|other| meet(one, other))
                .map(|other| one.start.max(other.start))
        })
        .min()
}

/// How many nodes are in both.
fn count_common(a: &NodeRanges, b: &NodeRanges) -> u64 {
    let both = |one: &Range<u32>, other: &Range<u32>| {
        let end = one.end.min(other.end);
        u64::from(end.saturating_sub(one.start.max(other.start)))
    };
    a.iter()
        .flat_map(|one| b.iter().map(move |other| both(one, other)))
        .sum()
}
