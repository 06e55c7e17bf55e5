//! Where the parts of a scenario were written, for what is found wrong with
//! it after the file was read: by the loader of plugins, and by the plugin.

use std::sync::Arc;

use super::diagnostic::Diagnostic;
use super::document::{Kind, Table, Value};
use super::judges::{CheckOrigin, ExpectOrigin};
use super::source::{Place, Source};
use super::written::GroupEntry;

/// Where groups, checks and expectations were written, by their index.
#[derive(Clone, Debug)]
pub struct Origins {
    pub(super) source: Arc<Source>,
    pub(super) groups: Vec<GroupOrigin>,
    pub(super) checks: Vec<CheckOrigin>,
    pub(super) expectations: Vec<ExpectOrigin>,
}

impl Origins {
    /// A mistake in what a behavior was told: `path` is the key path inside the
    /// config of the group with this index (`faces`, `script[2]`; empty: the
    /// whole). Its place is where the value was written, in the group, in the
    /// group that it extends, or in an override; for a key that is absent, the
    /// group's `config`, or the group.
    ///
    /// # Panics
    /// As its siblings: if there is no group with this index.
    pub fn config_problem(&self, group: usize, path: &str, message: &str) -> Diagnostic {
        Diagnostic::new(&self.source, self.groups[group].config(path), message)
    }

    /// A mistake in the `behavior` of the group with this index: no such plugin,
    /// no such behavior.
    pub fn behavior_problem(&self, group: usize, message: &str) -> Diagnostic {
        Diagnostic::new(&self.source, self.groups[group].behavior(), message)
    }

    /// A mistake in the timing of the group with this index: a behavior that
    /// cannot tick, or must. Its place is the tick key, else the behavior.
    pub fn timing_problem(&self, group: usize, message: &str) -> Diagnostic {
        Diagnostic::new(&self.source, self.groups[group].timing(), message)
    }

    /// A mistake in the name of the check with this index: no such plugin, no
    /// such check.
    pub fn check_problem(&self, check: usize, message: &str) -> Diagnostic {
        Diagnostic::new(&self.source, self.checks[check].check, message)
    }

    /// As [`Origins::config_problem`], for the config of a check.
    pub fn check_config_problem(&self, check: usize, path: &str, message: &str) -> Diagnostic {
        let place = self.checks[check].config.place(path);
        Diagnostic::new(&self.source, place, message)
    }

    /// A mistake in the metric of the expectation with this index.
    pub fn metric_problem(&self, expectation: usize, message: &str) -> Diagnostic {
        Diagnostic::new(&self.source, self.expectations[expectation].metric, message)
    }

    /// A mistake of the group with this index as a whole.
    pub fn group_problem(&self, group: usize, message: &str) -> Diagnostic {
        Diagnostic::new(&self.source, self.groups[group].group(), message)
    }
}

/// The places of one group.
#[derive(Clone, Debug)]
pub struct GroupOrigin {
    group: Place,
    behavior: Place,
    tick: Option<Place>,
    config: ConfigOrigin,
}

/// The places of a config.
#[derive(Clone, Debug)]
pub struct ConfigOrigin {
    /// The key, or what lacks it.
    key: Place,
    table: Table,
}

impl GroupOrigin {
    /// The places of a group into which its base was merged.
    pub fn new(group: &GroupEntry) -> GroupOrigin {
        let config = group.config.as_ref();
        let behavior = group.behavior.as_ref().map(|it| it.place);
        let behavior = behavior.or_else(|| Some(group.program.makes_program()?.1));
        GroupOrigin {
            group: group.place,
            behavior: behavior.unwrap_or(group.place),
            tick: group.timing.tick_place(),
            config: ConfigOrigin::new(
                config.map(|it| it.key),
                group.place,
                config.and_then(|it| it.value.clone()).unwrap_or_default(),
            ),
        }
    }

    /// The group's name.
    pub fn group(&self) -> Place {
        self.group
    }

    /// The value of `behavior`, or the key that makes the nodes programs.
    pub fn behavior(&self) -> Place {
        self.behavior
    }

    /// The key that makes the nodes clocked, else the behavior.
    pub fn timing(&self) -> Place {
        self.tick.unwrap_or(self.behavior)
    }

    /// See [`ConfigOrigin::place`].
    pub fn config(&self, path: &str) -> Place {
        self.config.place(path)
    }
}

impl ConfigOrigin {
    /// The places of this table, written at this key of something at `of`.
    pub fn new(key: Option<Place>, of: Place, table: Table) -> ConfigOrigin {
        ConfigOrigin {
            key: key.unwrap_or(of),
            table,
        }
    }

    /// What a key path inside the config leads to (`faces`, `script[2]`,
    /// `retry.after`); as far as it leads, then the key that it ends in.
    pub fn place(&self, path: &str) -> Place {
        let mut place = self.key;
        let mut table = Some(&self.table);
        let mut value: Option<&Value> = None;
        for step in steps(path) {
            let next = match (&step, table, value.map(|it| &it.kind)) {
                (Step::Key(key), Some(table), _) => table.get(key).map(|entry| {
                    place = entry.place;
                    &entry.value
                }),
                (Step::Index(index), _, Some(Kind::Array(values))) => values.get(*index),
                _ => None,
            };
            let Some(next) = next else {
                return place;
            };
            value = Some(next);
            table = match &next.kind {
                Kind::Table(table) => Some(table),
                _ => None,
            };
        }
        value.map_or(place, |value| value.place)
    }
}

enum Step {
    Key(String),
    Index(usize),
}

/// The steps of a key path: keys apart by dots, indices in brackets, keys with
/// other characters in double quotes.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
        } else if let Some((index, after)) = rest
            .strip_prefix('[')
            .and_then(|after| after.split_once(']'))
        {
            match index.parse() {
                Ok(index) => steps.push(Step::Index(index)),
                Err(_) => steps.push(Step::Key(index.to_owned())),
            }
            rest = after;
        } else if let Some((key, after)) = rest
            .strip_prefix('"')
            .and_then(|after| after.split_once('"'))
        {
            steps.push(Step::Key(key.to_owned()));
            rest = after;
        } else {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let end = rest[first..]
                .find(['.', '['])
                .map_or(rest.len(), |at| first + at);
            steps.push(Step::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        }
    }
    steps
}
