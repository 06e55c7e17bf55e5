//! `extends`: a group takes the keys of another that it does not set itself.
//!
//! `config` is merged key by key, not deeper: a key that the extending group
//! sets replaces the base's value whole. Timing is taken as a whole, or not at
//! all if the extending group sets any timing key. `rng_id` is who a group is,
//! not what it is like, and stays with the base. Every place stays where the
//! value was written.

use std::collections::HashMap;

use super::document::Table;
use super::reader::{Mistakes, Written, listed};
use super::written::{GroupEntry, TimingKeys};

/// Replaces each `extends` by what it brings in.
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
        }
        bases.push(base);
    }

    let mut done = vec![false; groups.len()];
    let mut on_chain = vec![false; groups.len()];
    for start in 0..groups.len() {
        // From the group to the first ancestor that is done or has no base.
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

/// Fills the keys that a group does not set from its base.
fn take(group: &mut GroupEntry, base: &GroupEntry) {
    fn fill<T: Clone>(key: &mut Option<Written<T>>, base: &Option<Written<T>>) {
        if key.is_none() {
            key.clone_from(base);
        }
    }
    fill(&mut group.behavior, &base.behavior);
    fill(&mut group.count, &base.count);
    fill(&mut group.start_at, &base.start_at);
    fill(&mut group.inbox_limit, &base.inbox_limit);
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
    /// Whether any of the keys was written.
    fn any(&self) -> bool {
        self.tick_rate.is_some()
            || self.tick_interval.is_some()
            || self.tick_phase.is_some()
            || self.service_time.is_some()
    }
}
