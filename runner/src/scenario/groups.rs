//! `[nodes.NAME]`: what overrides decide, keys that contradict one another, keys
//! that are taken from another group, and the group that results.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use analysis::log::Driving;

use super::document::Table;
use super::inherit::inherit;
use super::parts::{ConfigPart, GroupPart, NodeKind};
use super::reader::Mistakes;
use super::resolve::or;
use super::resolved::{Group, LocalClock};
use super::written::{GroupEntry, ListenEntry, ScenarioFile};
use base::distribution::Distribution;
use base::time::SimDuration;

/// Settles which keys of each group count: those of overrides, its own, and those
/// of the group that it extends.
pub fn settle(groups: &mut [GroupEntry], mistakes: &Mistakes) {
    for group in &mut *groups {
        let before = mistakes.count();
        group.settle_overridden_program();
        group.timing.settle_overrides();
        // Before `extends` adds keys, so that a mistake is reported once.
        group.timing.check(mistakes);
        group.program.check(mistakes);
        for entry in group.listen.iter_mut().filter_map(|it| it.value.as_mut()) {
            for entry in entry {
                entry.settle_overrides();
                entry.check(mistakes);
            }
        }
        group.flawed |= mistakes.count() > before;
    }
    inherit(groups, mistakes);
    for group in groups {
        check_inbox_limit(group, mistakes);
        if group.behavior.is_none() && group.program.makes_program().is_none() {
            mistakes.add_with_help(
                group.place,
                format!("node group `{}` has no `behavior`", group.name),
                "write `behavior = \"PLUGIN.BEHAVIOR\"`; `runner plugins` lists them",
            );
        }
    }
}

/// What the plugins check of a group whose nodes have these indices.
pub fn part(entry: &GroupEntry, nodes: Range<u32>) -> GroupPart {
    let program = entry.program.makes_program().is_some();
    let behavior = entry.behavior.as_ref();
    let kind = match (behavior.map(|it| it.value.clone()), program) {
        (Some(Some(name)), false) => NodeKind::Behavior(name),
        (None, true) if entry.program.protocol.is_some() => NodeKind::Speaker,
        (None, true) => NodeKind::Program,
        _ => NodeKind::Unknown,
    };
    let table = or(&entry.config, Table::default);
    let text = table.and_then(|it| toml::to_string(&it.to_toml()).ok());
    let timing = &entry.timing;
    GroupPart {
        name: entry.name.clone(),
        numbered: entry.count.is_some(),
        kind,
        config: text.map(|text| ConfigPart {
            text,
            may_lack_keys: entry.lacks_base || entry.flawed && entry.config.is_none(),
        }),
        driving: match (timing.service_time.is_some(), timing.tick_place().is_some()) {
            (true, _) => Driving::Services,
            (false, true) => Driving::Ticks,
            (false, false) => Driving::Arrivals,
        },
        ticks: timing.tick_place().is_some() && timing.service_time.is_none(),
        nodes,
    }
}

/// Reports an inbox in which nothing may wait, unless the node is a server, which
/// serves a message without a wait.
fn check_inbox_limit(group: &GroupEntry, mistakes: &Mistakes) {
    if let Some(limit) = &group.inbox_limit
        && limit.value == Some(0)
        && group.timing.service_time.is_none()
    {
        let help = "0 is for servers (`service_time`): what finds the server busy is lost";
        let message = format!("`inbox_limit` is 0, expected 1 to {}", u32::MAX);
        mistakes.add_with_help(limit.place, message, help);
    }
}

/// Reports groups that start after the run's end.
pub fn check_starts(file: &ScenarioFile, mistakes: &Mistakes) {
    let Some(duration) = file.duration.as_ref().and_then(|it| it.value) else {
        return;
    };
    // A mistake in a group that others extend is reported once.
    let mut reported = BTreeSet::new();
    for start_at in file.groups.iter().filter_map(|it| it.start_at.as_ref()) {
        if let Some(start) = start_at.value
            && start > duration
            && reported.insert(start_at.place)
        {
            mistakes.add_with_help(
                start_at.place,
                format!("the nodes start at {start}, after the run's end at {duration}"),
                "start them before, or set a longer `duration`",
            );
        }
    }
}

/// The clocks of a group's nodes; `Some(None)`: they show true time. `None` if a
/// value is wrong.
fn clock(entry: &GroupEntry) -> Option<Option<LocalClock>> {
    if entry.offset.is_none() && entry.drift.is_none() {
        return Some(None);
    }
    Some(Some(LocalClock {
        offset: or(&entry.offset, || Distribution::Constant(0.0))?,
        drift: or(&entry.drift, || Distribution::Constant(0.0))?,
    }))
}

/// The group of an entry; `None` if a value of the entry is wrong.
/// `folder` is the folder of the scenario.
pub fn group(entry: &GroupEntry, folder: &Path) -> Option<Group> {
    let program = match entry.program.makes_program() {
        Some(_) => Some(entry.program.program(folder)?),
        None => None,
    };
    let listen = match &entry.listen {
        Some(written) => written.value.as_ref()?.as_slice(),
        None => &[],
    };
    Some(Group {
        name: entry.name.clone(),
        count: or(&entry.count, || 1)?.try_into().ok()?,
        numbered: entry.count.is_some(),
        behavior: match (&entry.behavior, &program) {
            (Some(written), None) => Some(written.value.clone()?),
            (None, Some(_)) => None,
            _ => return None,
        },
        config: toml::to_string(&or(&entry.config, Table::default)?.to_toml()).ok()?,
        timing: entry.timing.timing()?,
        start_at: or(&entry.start_at, || SimDuration::ZERO)?,
        rng_id: match &entry.rng_id {
            Some(written) => Some(written.value.clone()?),
            None => None,
        },
        inbox_limit: match &entry.inbox_limit {
            Some(written) => Some(written.value?.try_into().ok()?),
            None => None,
        },
        clock: clock(entry)?,
        state: match &entry.state {
            Some(written) => Some(written.value.clone()?),
            None => None,
        },
        listen: listen
            .iter()
            .filter(|entry| entry.stdin.is_none())
            .map(ListenEntry::listen)
            .collect::<Option<_>>()?,
        stdin: match listen.iter().find_map(|entry| entry.stdin.as_ref()) {
            Some(written) => Some(written.value?),
            None => None,
        },
        program,
        ids: match &entry.ids {
            Some(written) => Some(written.value.clone()?),
            None => None,
        },
    })
}
