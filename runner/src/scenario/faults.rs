//! `[[faults]]`: what each fault does to which nodes. Faults that cannot be meant
//! are reported: those that lie outside the run (`times`), that overlap (`overlap`),
//! or that name what does not exist.

mod overlap;
mod ranges;
mod targets;
mod times;

use super::links::{self, ReadLink};
use super::names::Names;
use super::reader::{Mistakes, Written};
use super::resolved::{Fault, FaultKind, LinkChange, LinkSettings, NodeRanges};
use super::written::{FaultEntry, KINDS, KindEntry, LinkEntry, ScenarioFile, Selector};

use ranges::{count_common, first_common};
use targets::Targets;

pub use overlap::check_overlaps;
pub use times::check_times;

/// The settings of a link that a fault cannot change.
const FIXED_SETTINGS: [&str; 1] = ["transport"];

/// What the fault of an entry does; `None` if that is wrong, which is reported.
pub fn kind(
    entry: &FaultEntry,
    file: &ScenarioFile,
    names: &Names<'_>,
    mistakes: &Mistakes,
) -> Option<FaultKind> {
    let targets = Targets {
        groups: &file.groups,
        names,
        mistakes,
    };
    kind_of(entry, &targets)
}

/// The fault of an entry that does this; `None` if the entry is wrong.
pub fn fault(entry: &FaultEntry, kind: Option<FaultKind>) -> Option<Fault> {
    Some(Fault {
        at: entry.at.as_ref()?.value?,
        span: optional(&entry.span)?,
        every: optional(&entry.every)?,
        required: optional(&entry.required)?.unwrap_or(false),
        kind: kind?,
    })
}

/// The value of a key that may be absent; `None` if it is wrong.
fn optional<T: Clone>(key: &Option<Written<T>>) -> Option<Option<T>> {
    match key {
        Some(written) => written.value.clone().map(Some),
        None => Some(None),
    }
}

/// What a fault does; `None` if that is missing, ambiguous or wrong, which is
/// reported.
fn kind_of(entry: &FaultEntry, targets: &Targets<'_>) -> Option<FaultKind> {
    // Each kind that is written is looked at, so that the mistakes of all are reported.
    let kinds = entry.kinds.iter();
    let kinds = kinds.map(|(name, written)| one_kind(entry, name, written, targets));
    let mut kinds: Vec<Option<FaultKind>> = kinds.collect();
    let (name, _) = only_kind(entry, targets.mistakes)?;
    if let (Some(cut), true) = (&entry.cut, *name != "partition") {
        let message = format!("`cut` beside `{name}`");
        let help = "`cut` is for a `partition`: it drops what is under way";
        targets.mistakes.add_with_help(cut.key, message, help);
        return None;
    }
    kinds.pop()?
}

/// What one key of a fault does; `None` if that is wrong, which is reported.
fn one_kind(
    entry: &FaultEntry,
    name: &str,
    written: &Written<KindEntry>,
    targets: &Targets<'_>,
) -> Option<FaultKind> {
    let place = written.place;
    match written.value.as_ref()? {
        KindEntry::Partition(lists) => partition(lists, optional(&entry.cut), targets),
        KindEntry::Crash(nodes) => Some(FaultKind::Crash(targets.processes(name, nodes, place)?)),
        KindEntry::Pause(nodes) => Some(FaultKind::Pause(targets.processes(name, nodes, place)?)),
        KindEntry::Link(link) => link_change(link, targets),
        KindEntry::TickRate(change) => {
            let nodes = targets.nodes("fault `tick_rate`", &change.nodes)?;
            targets.all_tick(&nodes, change, place)?;
            let to = change.to.as_ref()?.value.clone()?;
            Some(FaultKind::TickRate { nodes, to })
        }
        KindEntry::Drift(change) => {
            let nodes = targets.nodes("fault `drift`", &change.nodes)?;
            targets.none_is_program("fault `drift`", &nodes, place)?;
            let ppm = change.to.as_ref()?.value.clone()?;
            Some(FaultKind::Drift { nodes, ppm })
        }
    }
}

/// The only kind of an entry; `None` if there is no kind, or several, which is
/// reported.
fn only_kind<'a>(
    entry: &'a FaultEntry,
    mistakes: &Mistakes,
) -> Option<&'a (&'static str, Written<KindEntry>)> {
    match entry.kinds.as_slice() {
        [only] => Some(only),
        [] => {
            let names = KINDS.map(|(name, _)| name).join(", ");
            let help = format!("one of: {names}");
            mistakes.add_with_help(entry.place, "the fault does nothing", help);
            None
        }
        [first, second, ..] => {
            let (first, second) = match first.1.key < second.1.key {
                true => (first, second),
                false => (second, first),
            };
            let message = format!("the fault is both a `{}` and a `{}`", first.0, second.0);
            let help = "write a [[faults]] entry for each";
            mistakes.add_with_help(second.1.key, message, help);
            None
        }
    }
}

/// A partition; `None` if a node is on two sides or unknown, or `cut` is wrong, which is
/// reported.
fn partition(
    lists: &[Vec<Selector>],
    cut: Option<Option<bool>>,
    targets: &Targets<'_>,
) -> Option<FaultKind> {
    let (names, mistakes) = (targets.names, targets.mistakes);
    let mut sides: Vec<NodeRanges> = Vec::new();
    let mut sound = true;
    for list in lists {
        let Some(side) = names.select_all("fault `partition`", list, mistakes) else {
            sound = false;
            continue;
        };
        if let Some(node) = sides.iter().find_map(|other| first_common(other, &side)) {
            let name = names.node_name(node);
            let message = format!("`{name}` is on two sides of the partition");
            mistakes.add(list[0].place, message);
            sound = false;
        }
        sides.push(side);
    }
    let cut = cut?.unwrap_or(false);
    sound.then_some(FaultKind::Partition { sides, cut })
}

/// A change of links; `None` if an end or a setting is wrong, which is reported.
fn link_change(entry: &LinkEntry, targets: &Targets<'_>) -> Option<FaultKind> {
    let mistakes = targets.mistakes;
    let keys = &entry.settings;
    let ends = links::ends("fault link", entry, targets.names, mistakes);
    for name in FIXED_SETTINGS {
        if let Some(place) = keys.place(name) {
            mistakes.add(place, format!("`{name}` cannot change while a run goes on"));
            return None;
        }
    }
    let (from, to) = ends?;
    let settings = keys.settings.clone()?;
    // With an unknown key, it may have been meant to change something.
    if settings.is_empty() && entry.flawed {
        return None;
    }
    if settings.is_empty() {
        let names = LinkSettings::NAMES.iter().copied();
        let names: Vec<&str> = names.filter(|it| !FIXED_SETTINGS.contains(it)).collect();
        let help = format!("keys: {}", names.join(", "));
        mistakes.add_with_help(entry.place, "the fault `link` changes nothing", help);
        return None;
    }
    Some(FaultKind::Link(LinkChange {
        from,
        to,
        both: entry.between.is_some(),
        settings,
    }))
}

/// Reports `link` faults between nodes that no link entry links. If the ends of an
/// entry are wrong, nothing is reported: it may be the one that is meant.
pub fn check_links(
    entries: &[FaultEntry],
    kinds: &[Option<FaultKind>],
    links: &[ReadLink],
    mistakes: &Mistakes,
) {
    let ends: Option<Vec<_>> = links.iter().map(|it| it.ends.as_ref()).collect();
    let Some(ends) = ends.filter(|it| !it.is_empty()) else {
        return;
    };
    for (entry, kind) in entries.iter().zip(kinds) {
        let (Some(FaultKind::Link(change)), [(_, written)]) = (kind, entry.kinds.as_slice()) else {
            continue;
        };
        let linked = |from: &NodeRanges, to: &NodeRanges| {
            ends.iter().any(|((one, other), both)| {
                pairs(from, one, to, other) || *both && pairs(from, other, to, one)
            })
        };
        let any =
            linked(&change.from, &change.to) || change.both && linked(&change.to, &change.from);
        if !any {
            mistakes.add_with_help(
                written.key,
                "the fault `link` is between nodes that have no link",
                "with any [[links]], only the pairs that it names are linked",
            );
        }
    }
}

/// Whether there are two different nodes, one in `a` and `b`, the other in `c` and `d`.
fn pairs(a: &NodeRanges, b: &NodeRanges, c: &NodeRanges, d: &NodeRanges) -> bool {
    let (one, other) = (first_common(a, b), first_common(c, d));
    match (one, other) {
        (Some(one), Some(other)) if one == other => {
            // If the first common nodes are the same, one side needs a second node.
            count_common(a, b) > 1 || count_common(c, d) > 1
        }
        (Some(_), Some(_)) => true,
        _ => false,
    }
}
