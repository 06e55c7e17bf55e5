//! `extends`: a group takes the keys of another group, its base, that it does not
//! set itself.
//!
//! - `config` is merged key by key. A key that the group sets replaces the whole
//!   value of the base's key.
//! - Timing keys are taken all together, or not at all if the group sets one of
//!   them. The same holds for the keys of a program.
//! - A group that is a program takes no key of a behavior. A group with a behavior
//!   takes no key of a program.
//! - `rng_id` and `listen` are not taken: two groups cannot share random streams or
//!   addresses.
//!
//! A value that is taken keeps its place, which is in the base.

use std::collections::HashMap;

use super::document::Table;
use super::reader::{Mistakes, Written, listed};
use super::written::{GroupEntry, TimingKeys};

/// Adds to each group the keys that it takes from its base.
pub fn inherit(groups: &mut [GroupEntry], mistakes: &Mistakes) {
    let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
    let index: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
    let mut bases = Vec::with_capacity(groups.len());
    for group in groups.iter_mut() {
        let Some(extends) = group.extends.clone() else {
            bases.push(None);
            continue;
        };
        let name = extends.value.as_deref().unwrap_or_default();
        let base = index.get(name).copied();
        if base.is_none() {
            if extends.value.is_some() {
                let message = format!("`extends` names unknown group `{name}`");
                let known = listed(name, names.iter().map(String::as_str));
                mistakes.add_with_help(extends.place, message, format!("groups here: {known}"));
            }
            group.assume_behavior();
            group.flawed = true;
            group.lacks_base = true;
        }
        bases.push(base);
    }

    let mut done = vec![false; groups.len()];
    let mut on_chain = vec![false; groups.len()];
    for start in 0..groups.len() {
        // The group, its base, the base of that, up to a group that is done or has no
        // base.
        let mut chain = Vec::new();
        let mut next = Some(start);
        while let Some(group) = next.filter(|&group| !done[group] && !on_chain[group]) {
            on_chain[group] = true;
            chain.push(group);
            next = bases[group];
        }
        if let Some(again) = next.filter(|&group| on_chain[group]) {
            let circle: Vec<usize> = chain
                .iter()
                .copied()
                .skip_while(|&group| group != again)
                .collect();
            report_circle(groups, &circle, mistakes);
            for group in circle {
                groups[group].assume_behavior();
                groups[group].flawed = true;
                groups[group].lacks_base = true;
                bases[group] = None;
            }
        }
        for &group in chain.iter().rev() {
            if let Some(base) = bases[group] {
                let base = groups[base].clone();
                take(&mut groups[group], &base);
            }
            done[group] = true;
            on_chain[group] = false;
        }
    }
}

fn report_circle(groups: &[GroupEntry], circle: &[usize], mistakes: &Mistakes) {
    let names = circle.iter().chain(&circle[..1]);
    let names: Vec<&str> = names.map(|&it| groups[it].name.as_str()).collect();
    if let Some(extends) = &groups[circle[0]].extends {
        let message = format!("`extends` goes in a circle: {}", names.join(" -> "));
        mistakes.add(extends.place, message);
    }
}

/// Takes the keys of the base that a group does not set.
fn take(group: &mut GroupEntry, base: &GroupEntry) {
    fn fill<T: Clone>(key: &mut Option<Written<T>>, base: &Option<Written<T>>) {
        if key.is_none() {
            key.clone_from(base);
        }
    }
    group.flawed |= base.flawed;
    group.lacks_base |= base.lacks_base;
    fill(&mut group.count, &base.count);
    fill(&mut group.start_at, &base.start_at);
    if group.program.makes_program().is_some() {
        return;
    }
    if group.behavior.is_none() && !group.program.any() {
        group.program = base.program.clone();
    }
    fill(&mut group.behavior, &base.behavior);
    fill(&mut group.inbox_limit, &base.inbox_limit);
    fill(&mut group.offset, &base.offset);
    fill(&mut group.drift, &base.drift);
    fill(&mut group.state, &base.state);
    if !group.timing.any() {
        group.timing = base.timing.clone();
    }
    group.config = match (group.config.take(), &base.config) {
        (Some(own), Some(base)) => Some(Written {
            value: merged(own.value, &base.value),
            ..own
        }),
        (own, base) => own.or_else(|| base.clone()),
    };
}

fn merged(own: Option<Table>, base: &Option<Table>) -> Option<Table> {
    let (mut table, base) = (own?, base.as_ref()?);
    for entry in &base.0 {
        if table.get(&entry.key).is_none() {
            table.0.push(entry.clone());
        }
    }
    Some(table)
}

impl TimingKeys {
    /// Whether any of the keys is written.
    fn any(&self) -> bool {
        self.tick_rate.is_some()
            || self.tick_interval.is_some()
            || self.tick_phase.is_some()
            || self.service_time.is_some()
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Group, TickRule, Timing, load_text};
    use base::distribution::Distribution;
    use base::time::SimDuration;

    const BASE: &str = "\
duration = \"1s\"
[nodes.base]
behavior = \"a.b\"
count = 2
rng_id = \"old\"
tick_rate = 2
tick_phase = \"1s\"
config = { faces = 10, retry = { after = 1, most = 3 } }
[nodes.derived]
extends = \"base\"
";

    /// The group that extends `BASE` with these keys of its own.
    fn derived(keys: &str) -> Group {
        let loaded = load_text("a.toml", &format!("{BASE}{keys}"), &[]);
        loaded.unwrap().scenario.groups.remove(1)
    }

    /// The group that extends a program with these keys of its own.
    fn program(keys: &str) -> Group {
        let base = "time = \"real\"\n[nodes.base]\nstart_at = \"1s\"\n\
                    command = [\"light\"]\n[nodes.derived]\nextends = \"base\"\n";
        let loaded = load_text("a.toml", &format!("{base}{keys}"), &[]);
        loaded.unwrap().scenario.groups.remove(1)
    }

    fn behavior(group: &Group) -> Option<String> {
        group.behavior.as_ref().map(ToString::to_string)
    }

    #[test]
    fn keys_of_the_base_apply_unless_they_are_set() {
        let group = derived("behavior = \"a.c\"\n");
        assert_eq!(behavior(&group).as_deref(), Some("a.c"));
        assert_eq!((group.count, group.numbered), (2, true));
        assert!(matches!(group.timing, Timing::Clocked { .. }));
    }

    #[test]
    fn the_streams_of_the_base_stay_with_it() {
        assert_eq!(derived("").rng_id, None);
    }

    #[test]
    fn timing_is_replaced_as_a_whole() {
        let every = TickRule::Rate(Distribution::Constant(5.0));
        let phase = None;
        assert_eq!(
            derived("tick_rate = 5\n").timing,
            Timing::Clocked { every, phase }
        );
    }

    #[test]
    fn a_config_key_replaces_the_bases_whole() {
        assert_eq!(
            derived("config = { retry = { after = 2 } }\n").config,
            "faces = 10\n\n[retry]\nafter = 2\n"
        );
    }

    #[test]
    fn a_base_may_stand_behind_the_group_that_extends_it() {
        let text = "[nodes.a]\nextends = \"b\"\n[nodes.b]\nextends = \"c\"\n[nodes.c]\nbehavior = \"a.b\"\n";
        let groups = load_text("a.toml", text, &[]).unwrap().scenario.groups;
        let all = groups.iter().map(behavior);
        assert!(all.into_iter().all(|it| it.as_deref() == Some("a.b")));
    }

    #[test]
    fn listening_stays_with_its_group() {
        let text = "[nodes.a]\nbehavior = \"a.b\"\n[[nodes.a.listen]]\nudp = \"127.0.0.1:7\"\n\
                    [nodes.b]\nextends = \"a\"\n";
        let groups = load_text("a.toml", text, &[]).unwrap().scenario.groups;
        assert_eq!((groups[0].listen.len(), groups[1].listen.len()), (1, 0));
    }

    #[test]
    fn a_program_is_inherited() {
        let group = program("");
        assert_eq!(behavior(&group), None);
        assert_eq!(group.start_at, SimDuration::SECOND);
        let command = group.program.unwrap().command;
        assert_eq!(command, Some(vec!["light".to_owned()]));
    }

    #[test]
    fn a_program_is_replaced_as_a_whole() {
        let group = program("external = \"udp://127.0.0.1:7\"\n");
        assert_eq!(group.program.unwrap().command, None);
    }

    #[test]
    fn a_behavior_takes_no_program_and_a_program_no_behavior() {
        let group = program("behavior = \"a.b\"\ntick_rate = 1\n");
        assert_eq!(behavior(&group).as_deref(), Some("a.b"));
        assert_eq!(group.program, None);
        let text = format!("time = \"real\"\n{BASE}command = [\"light\"]\n");
        let groups = load_text("a.toml", &text, &[]).unwrap().scenario.groups;
        let group = &groups[1];
        assert_eq!((behavior(group), group.count), (None, 2));
        assert_eq!(
            (&group.timing, group.config.as_str()),
            (&Timing::EventDriven, "")
        );
    }
}
